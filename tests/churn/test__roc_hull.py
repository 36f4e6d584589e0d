"""Hull corners against the definition: any linear profit is best at a corner, and no corner is one too many."""

import numpy as np
import pytest

from customer_value.churn._ranked import running
from customer_value.churn._roc_hull import hull_corners


@pytest.mark.parametrize("seed", range(20))
def test_any_linear_profit_is_best_at_a_corner(seed):
    rng = np.random.default_rng(seed)
    churners, others = rng.integers(0, 4, (2, 30)).astype(float)
    left, stayed = hull_corners(churners, others)
    y, x = running(churners), running(others)
    for angle in np.linspace(0, np.pi / 2, 50):
        gain, loss = np.cos(angle), np.sin(angle)
        assert (gain * left - loss * stayed).max() == pytest.approx((gain * y - loss * x).max(), abs=1e-12)
    slopes = np.diff(left) / np.maximum(np.diff(stayed), 1e-300)
    assert (np.diff(slopes) < 0).all()  # strictly concave: no corner that is none


def test_it_runs_from_nobody_to_everybody():
    left, stayed = hull_corners(np.array([0.0, 2.0, 1.0]), np.array([3.0, 1.0, 0.0]))
    assert (left[0], stayed[0], left[-1], stayed[-1]) == (0, 0, 3, 4)
    assert left.size == 2  # a ranking worse than chance has no corner between


def test_a_straight_curve_has_no_corner_between():
    left, _ = hull_corners(np.full(5, 2.0), np.full(5, 3.0))
    assert left.tolist() == [0, 10]
