import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from threadpoolctl import threadpool_limits

MAKERS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "polars[lazy]": pl.LazyFrame, "pyarrow": pa.table}


@pytest.fixture(params=MAKERS)
def make_frame(request):
    """Make a frame of each library from a dict of columns."""
    return MAKERS[request.param]


@pytest.fixture(autouse=True, scope="package")
def _one_thread():
    """Models this small lose time to threads, and much of it where other programs run."""
    with threadpool_limits(limits=1):
        yield
