"""Data that many tests read: the papers' own, loaded once. Nothing changes its input, so sharing is safe."""

import pytest
from hypothesis import settings

import customer_value as cv

settings.register_profile("untimed", deadline=None)  # a busy machine is no error
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def cdnow_log():
    """The 1/10 sample of CDNOW on which the papers fit their models."""
    return cv.datasets.load_cdnow(sample=True)


@pytest.fixture(scope="session")
def cdnow_summary(cdnow_log):
    """Its customers as the papers saw them: observed to 1997-09-30, days merged, time in weeks."""
    calibration, _ = cv.split_holdout(cdnow_log, observation_end="1997-09-30")
    return cv.summarize_customers(calibration, observation_end="1997-09-30", time_unit="week")
