import matplotlib
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

matplotlib.use("Agg")  # the test machine has no screen

MAKERS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "polars[lazy]": pl.LazyFrame, "pyarrow": pa.table}


@pytest.fixture(params=MAKERS)
def make_frame(request):
    """Make a frame of each library from a dict of columns."""
    return MAKERS[request.param]


@pytest.fixture(autouse=True)
def _close_figures():
    from matplotlib import pyplot

    yield
    pyplot.close("all")
