"""Tests of two counts against scipy's binomial, their duality with intervals and limits, and their size."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from customer_value._stats.multiple import benjamini_hochberg
from customer_value.churn._rate_tests import (
    control_limits,
    dispersion_of,
    least_p_values,
    rate_p_values,
    rate_ratio,
)

GRID = np.array([(x, y) for x in range(15) for y in range(40)], dtype=float).T
SHARE = 90 / (90 + 365)


def shares(of=SHARE):
    return np.full(GRID.shape[1], of)


@pytest.mark.parametrize("share", [SHARE, 0.5, 0.9])
def test_p_values_are_binomial_tails_that_count_the_observed_by_half(share):
    x, y = GRID
    half = binom.pmf(x, x + y, share) / 2
    fewer, more = binom.cdf(x, x + y, share) - half, binom.sf(x - 1, x + y, share) - half
    expected = {"fewer": fewer, "more": more, "either": np.minimum(1, 2 * np.minimum(fewer, more))}
    for direction, values in expected.items():
        # Both subtract from one: what is below 1e-14 is rounding.
        np.testing.assert_allclose(rate_p_values(x, y, shares(share), direction), values, rtol=1e-10, atol=1e-14)


def test_the_least_p_value_is_that_of_all_on_one_side():
    n = np.arange(1.0, 40)
    share = np.full(n.size, SHARE)
    zero = np.zeros(n.size)
    for direction in ("fewer", "more", "either"):
        ends = [rate_p_values(x, n - x, share, direction) for x in (zero, n)]
        np.testing.assert_allclose(least_p_values(n, share, direction), np.minimum(*ends), rtol=1e-10, atol=1e-14)


def test_the_interval_of_the_ratio_is_clopper_and_pearsons():
    for x, y in ((0, 9), (3, 20), (12, 4), (5, 0)):
        ratio, lower, upper = (float(v[0]) for v in rate_ratio(*(np.array([float(v)]) for v in (x, y, SHARE)), 0.95))
        ends = binomtest(x, x + y).proportion_ci(0.95, method="exact")
        odds = SHARE / (1 - SHARE)
        assert lower == pytest.approx(ends.low / (1 - ends.low) / odds, rel=1e-8)
        assert upper == (np.inf if y == 0 else pytest.approx(ends.high / (1 - ends.high) / odds, rel=1e-8))
        assert ratio == (np.inf if y == 0 else pytest.approx((x / 90) / (y / 365)))
    assert np.isnan([float(v[0]) for v in rate_ratio(np.zeros(1), np.zeros(1), np.array([SHARE]), 0.95)]).all()


@pytest.mark.parametrize("interval", [0.8, 0.95, 0.997])
@pytest.mark.parametrize("dispersion", [1.0, 0.4, 3.7])
def test_counts_outside_the_limits_are_those_whose_test_rejects(interval, dispersion):
    x, y = GRID
    lower, upper = control_limits(y, shares(), interval, dispersion)
    rejected = rate_p_values(x / dispersion, y / dispersion, shares(), "either") <= 1 - interval
    np.testing.assert_array_equal((x < lower) | (x > upper), rejected)


def test_limits_of_large_counts_are_found():
    # The bound of the search lies beyond: with a baseline of y, x up to 2,500 may be surprising or not.
    y, share = np.array([0.0, 3.0, 900.0]), np.full(3, 0.7)
    lower, upper = control_limits(y, share, 0.99)
    for at in range(3):
        x = np.arange(2600.0)
        inside = rate_p_values(x, np.full(x.size, y[at]), np.full(x.size, 0.7), "either") > 0.01
        assert (lower[at], upper[at]) == (x[inside].min(), x[inside].max())


def test_dispersion_is_variance_over_mean_and_drift_touches_it_less():
    # 20,000 customers: the estimate has a standard error of about .01 at dispersion 1 and .03 at 3.
    rng = np.random.default_rng(2)
    means = rng.gamma(3, 2, (20_000, 1)) * np.ones(4)
    assert dispersion_of(rng.poisson(means).astype(float)) == pytest.approx(1, abs=0.04)
    # Counts with variance 3 x mean: negative binomial with success probability 1/3.
    assert dispersion_of(rng.negative_binomial(means / 2, 1 / 3).astype(float)) == pytest.approx(3, abs=0.15)
    falling = rng.poisson(means * np.array([1.6, 1.2, 0.8, 0.4])).astype(float)
    plain = falling.var(axis=1, ddof=1).mean() / falling.mean()
    assert dispersion_of(falling) - 1 < 0.4 * (plain - 1)
    assert dispersion_of(np.zeros((50, 4))) == 1.0
    assert dispersion_of(np.array([[9.0, 0.0, 9.0, 0.0]])) == 1.0  # one customer tells nothing
    assert dispersion_of(rng.poisson(means[:, :1]).astype(float)) == 1.0


def test_under_constant_rates_false_discoveries_stay_below_q():
    # 800 worlds of 60 customers with rates of their own: a share of .1 is known within .011, the bound is 3 of that.
    rng = np.random.default_rng(0)
    rates = rng.gamma(2, 6, (800, 60))  # a year
    x, y = rng.poisson(rates * 90 / 365), rng.poisson(rates)
    share = np.full(60, SHARE)
    for direction in ("fewer", "more", "either"):
        false = 0
        for recent, before in zip(x.astype(float), y.astype(float), strict=True):
            p = rate_p_values(recent, before, share, direction)
            p[least_p_values(recent + before, share, direction) > 0.1] = np.nan
            false += bool((benjamini_hochberg(p) <= 0.1).any())
        assert false / 800 <= 0.1 + 0.033
        assert false / 800 > 0.02  # tests of counts waste some of the level, not all of it


def test_with_some_customers_gone_they_are_found_and_few_others():
    rng = np.random.default_rng(1)
    rates, gone = rng.gamma(4, 8, (300, 60)), np.arange(60) < 15
    x, y = rng.poisson(rates * 90 / 365 * ~gone), rng.poisson(rates)
    share = np.full(60, SHARE)
    wrong, found = [], []
    for recent, before in zip(x.astype(float), y.astype(float), strict=True):
        p = rate_p_values(recent, before, share, "fewer")
        warned = benjamini_hochberg(p) <= 0.1
        wrong.append((warned & ~gone).sum() / max(warned.sum(), 1))
        found.append((warned & gone).sum() / 15)
    assert np.mean(wrong) <= 0.1
    assert np.mean(found) > 0.6
