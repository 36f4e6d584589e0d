"""What many tests share: frames of every library, and the papers' own data. Nothing changes its input."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import settings

import customer_value as cv

settings.register_profile("untimed", deadline=None)  # a busy machine is no error
settings.load_profile("untimed")

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
def cdnow_log():
    """The 1/10 sample of CDNOW on which the papers fit their models."""
    return cv.datasets.load_cdnow(sample=True)


@pytest.fixture(scope="session")
def cdnow_summary(cdnow_log):
    """Its customers as the papers saw them: observed to 1997-09-30, days merged, time in weeks."""
    calibration, _ = cv.split_holdout(cdnow_log, observation_end="1997-09-30")
    return cv.summarize_customers(calibration, observation_end="1997-09-30", time_unit="week")
