import numpy as np
import pytest


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
