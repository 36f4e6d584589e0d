"""The bootstrap of counts: as a bootstrap of rows, with both outcomes in each resample."""

import numpy as np
import pytest

from customer_value.churn._resampling import bootstrap_draws, percentiles, resamples
from customer_value.errors import InputError


def test_resamples_have_the_size_and_the_shares_of_the_customers():
    kinds = np.array([[3.0, 0.0, 7.0], [40.0, 25.0, 25.0]])
    drawn = np.array(list(resamples(kinds, n_resamples=400, random_state=0)))
    assert (drawn.sum(axis=(1, 2)) == 100).all()
    assert (drawn[:, 0, 1] == 0).all()
    np.testing.assert_allclose(drawn.mean(axis=0), kinds, atol=0.8)  # sd of a mean is at most 5 / 20
    assert drawn[:, 1, 0].std() == pytest.approx(np.sqrt(100 * 0.4 * 0.6), rel=0.12)  # as a binomial count has it


def test_each_resample_has_both_outcomes():
    kinds = np.array([[1.0, 0.0], [0.0, 5.0]])
    assert all(drawn.any(axis=1).all() for drawn in resamples(kinds, n_resamples=200, random_state=0))


def test_statistics_share_their_resamples():
    draws = bootstrap_draws(
        np.array([2.0, 1.0]), np.array([1.0, 4.0]),
        {"churners": lambda y, n: y.sum(), "others": lambda y, n: n.sum()}, n_resamples=50, random_state=3,
    )  # fmt: skip
    assert (draws["churners"] + draws["others"] == 8).all()
    assert np.ptp(draws["churners"]) > 0


def test_percentiles():
    assert percentiles(np.arange(101.0), 0.9) == pytest.approx((5, 95))
    with pytest.raises(InputError, match="interval must be between 0 and 1"):
        percentiles(np.arange(3.0), 1)
