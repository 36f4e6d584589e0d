import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

MAKERS = {
    "pandas": pd.DataFrame,
    "pandas[nullable]": lambda data: pd.DataFrame(data).convert_dtypes(),
    "polars": pl.DataFrame,
    "polars[lazy]": pl.LazyFrame,
    "pyarrow": pa.table,
}


@pytest.fixture(params=MAKERS)
def make_frame(request):
    """Make a frame of each library from a dict of columns."""
    return MAKERS[request.param]


@pytest.fixture
def read():
    """Columns of any frame as lists."""

    def columns(frame):
        if isinstance(frame, pl.LazyFrame):
            frame = frame.collect()
        if isinstance(frame, pd.DataFrame):
            return {name: frame[name].tolist() for name in frame.columns}
        return frame.to_pydict() if isinstance(frame, pa.Table) else frame.to_dict(as_series=False)

    return columns
