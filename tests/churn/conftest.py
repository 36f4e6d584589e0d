import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

MAKERS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "polars[lazy]": pl.LazyFrame, "pyarrow": pa.table}


@pytest.fixture(params=MAKERS)
def make_frame(request):
    """Make a frame of each library from a dict of columns."""
    return MAKERS[request.param]
