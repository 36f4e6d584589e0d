import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

MAKERS = {
    "pandas": pd.DataFrame,
    "pandas[pyarrow]": lambda data: pd.DataFrame(data).convert_dtypes(dtype_backend="pyarrow"),
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


@pytest.fixture(scope="session")
def rfm_data():
    """Columns of a customer summary for RFM, with ties in each: a function of the number of rows and a seed."""

    def columns(n, seed=0):
        rng = np.random.default_rng(seed)
        return {
            "customer_id": np.arange(n),
            "time_since_last": rng.integers(0, 40, n) / 7,
            "purchases": rng.geometric(0.4, n),
            "total_value": np.round(rng.normal(50, 40, n), 1),
        }

    return columns
