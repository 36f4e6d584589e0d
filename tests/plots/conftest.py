import inspect

import matplotlib
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import customer_value as cv
from customer_value.clv._base import PurchaseModel

matplotlib.use("Agg")  # the test machine has no screen

MAKERS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "polars[lazy]": pl.LazyFrame, "pyarrow": pa.table}


@pytest.fixture(params=MAKERS)
def make_frame(request):
    """Make a frame of each library from a dict of columns."""
    return MAKERS[request.param]


def purchase_models():
    models = [getattr(cv.clv, name) for name in cv.clv.__all__]
    return [model for model in models if inspect.isclass(model) and issubclass(model, PurchaseModel)]


@pytest.fixture(params=purchase_models())
def any_model(request):
    """Each purchase model, with parameters of 1 and a ruler."""
    kind = request.param
    arguments = {"k": 2} if "k" in kind._arguments() else {}
    return kind.from_params(**dict.fromkeys(kind._parameters, 1.0), **arguments, time_unit="year")
