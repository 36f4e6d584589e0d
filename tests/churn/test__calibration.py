"""The small logistic regressions that calibrate, against the equations that their optimum solves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from customer_value.churn._calibration import logistic_fit


def test_the_optimum_solves_the_score_equations_to_rounding() -> None:
    """Halving steps by a loss that only rounds ends where they are off by 8e-8, after thousands of passes."""
    rng = np.random.default_rng(0)
    scores = rng.normal(-1.3, 1.5, 500)
    events = (rng.random(500) < expit(0.8 * scores)).astype(np.float64)
    weights = np.ones(500)
    design = np.column_stack([scores, np.ones(500)])

    found = logistic_fit(design, events, weights)

    ridge = 1e-9 * weights.sum() * found
    assert design.T @ (expit(design @ found) - events) + ridge == pytest.approx(0, abs=5e-9)
