"""The next gap against quadrature and simulation, and the trend's level under every order of the gaps."""

from itertools import permutations

import mpmath
import numpy as np
import pytest
from scipy import stats

from customer_value.transactions._rhythm_forecast import Rhythm, gap_trend
from customer_value.transactions._rhythm_gaps import gap_arrays
from customer_value.transactions._rhythm_population import HALF


def rhythm(weight, shape, rate, silence):
    return Rhythm(*(np.atleast_1d(np.asarray(v, dtype=float)) for v in (weight, shape, rate, silence)))


def trend(gaps):
    """Trend of several customers, a row of gaps each."""
    gaps = np.asarray(gaps)
    times = np.concatenate([np.zeros((len(gaps), 1), dtype=int), np.cumsum(gaps, axis=1)], axis=1)
    labels = np.repeat(np.arange(len(gaps)), times.shape[1])
    return gap_trend(gap_arrays(labels, times.ravel(), None))


@pytest.mark.parametrize(
    ("weight", "shape", "rate", "silence"), [(0.4, 1.0, 9.0, 30), (5.5, 4.0, 80.0, 12), (40, 0.5, 300.0, 3)]
)
def test_a_gap_outlasts_the_silence_as_the_mixture_says(weight, shape, rate, silence):
    """P(G > c) = integral of the gamma survival over the posterior of theta, by quadrature."""
    c = silence + HALF

    def integrand(theta):
        survives = mpmath.gammainc(shape, shape * theta * c, regularized=True)
        return survives * theta ** (weight - 1) * mpmath.exp(-rate * theta)

    ends = [0, *(weight / rate * times for times in (0.1, 0.5, 0.8, 1, 1.2, 1.6, 3, 10)), mpmath.inf]
    right = mpmath.quad(integrand, ends) * mpmath.mpf(rate) ** weight / mpmath.gamma(weight)
    # Quadrature of the singular integrand at weight .4 is good to eight digits.
    assert rhythm(weight, shape, rate, silence).outlasts()[0] == pytest.approx(float(right), rel=1e-6)


def test_the_next_gap_is_the_least_one_with_that_probability():
    one = rhythm(3.2, 2.0, 50.0, 7)
    gone = one.outlasts()[0]
    for share in (0.05, 0.5, 0.95):
        gap = one.next_gap(share)[0]
        reached, short = (1 - rhythm(3.2, 2.0, 50.0, g).outlasts()[0] / gone for g in (gap, gap - 1))
        assert short < share <= reached


def test_the_next_purchase_follows_the_silence():
    gaps = rhythm([500.0] * 3, [30.0] * 3, [5_000.0] * 3, [0, 9, 15]).next_gap(1e-9)
    assert gaps.tolist() == [np.ceil(gaps[0]), 10, 16]


def test_a_silence_that_no_gap_outlasts_still_has_a_next_gap():
    """Far in the tail the gap grows as x^(-1/a): no overflow, and larger shares later."""
    far = rhythm(4000.0, 250.0, 40_000.0, 5_000)
    assert far.outlasts()[0] < 1e-290
    early, late = far.next_gap(0.05)[0], far.next_gap(0.95)[0]
    assert 5_000 < early < late < 5_100


def test_the_usual_gap_is_a_weighted_mean():
    one = rhythm(2.0 + 3 * 1.5, 1.5, 2.0 * 30.0 + 1.5 * 36.0, 0)  # r = 2, m = 30; three gaps of 12, k = 1.5
    assert one.usual_gap[0] == pytest.approx((2.0 * 30 + 4.5 * 12) / 6.5, rel=1e-14)


def test_the_trend_is_the_correlation_of_cube_roots_with_time():
    gaps = np.array([5, 9, 7, 20, 16, 40])
    ratio, p = trend([gaps])
    roots, number = np.cbrt(gaps), np.arange(1, 7)
    right = stats.linregress(number, roots, alternative="greater")
    assert p[0] == pytest.approx(right.pvalue, rel=1e-10)
    assert ratio[0] == pytest.approx(np.exp(3 * right.slope / roots.mean()), rel=1e-12)


@pytest.mark.parametrize("gaps", [[3, 8, 20, 21, 60], [1, 2, 3, 50, 90], [28, 30, 30, 31, 35]])
def test_the_level_holds_over_all_orders_of_the_gaps(gaps):
    """Given the gaps each of 120 orders is as likely in a renewal process: the exact distribution of p."""
    p = np.sort(trend(np.array(list(permutations(gaps))))[1])
    # One order more or less moves the share by 1/120, and ties by a few of them.
    for level in (0.05, 0.1, 0.25, 0.5, 0.75):
        assert np.mean(p <= level) == pytest.approx(level, abs=0.035)
    assert p[0] >= 1 / 120 - 1e-15


def poisson(rng, customers):
    return rng.exponential(30, (customers, 12))


def regular(rng, customers):
    return rng.gamma(8, 30 / 8, (customers, 12))


def bursts(rng, customers):
    return rng.gamma(0.5, 60, (customers, 12))


@pytest.mark.parametrize("process", [poisson, regular, bursts])
@pytest.mark.parametrize("n", [4, 6, 12])
def test_without_a_trend_the_p_value_is_uniform(process, n):
    gaps = np.ceil(process(np.random.default_rng(5), 4_000)[:, :n]).astype(int)
    _, p = trend(gaps)
    # Two-sided binomial limits at four standard errors.
    for level in (0.05, 0.1, 0.5, 0.9):
        assert np.mean(p <= level) == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / 4_000))


def test_a_window_that_cuts_the_last_gap_off_keeps_the_level():
    """Poisson purchases of 100 days each: how many there are, and where the end falls, is left to chance."""
    rng = np.random.default_rng(6)
    times = np.cumsum(rng.exponential(12, (4_000, 40)), axis=1)
    labels = np.repeat(np.arange(4_000), 40)
    inside = times.ravel() < 100
    _, p = gap_trend(gap_arrays(labels[inside], (times.ravel()[inside] * 24).astype(int), None))
    p = p[~np.isnan(p)]
    for level in (0.2, 0.5, 0.8):  # with few gaps nothing is rarer than 1 / n!
        assert np.mean(p <= level) == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / p.size))


def test_a_falling_rate_is_found_and_a_rising_one_is_not():
    rng = np.random.default_rng(7)
    growth = 1.2 ** np.arange(10)
    slowing, quickening = (np.ceil(20 * g * rng.gamma(4, 0.25, (500, 10))).astype(int) for g in (growth, 10 / growth))
    ratio, p = trend(slowing)
    assert np.mean(p < 0.05) > 0.8
    assert np.median(ratio) == pytest.approx(1.2, abs=0.03)
    assert np.mean(trend(quickening)[1] < 0.05) < 0.002


def test_equal_gaps_have_no_trend_and_two_gaps_none_to_test():
    assert [v.tolist() for v in trend([[7, 7, 7, 7], [12, 12, 12, 12]])] == [[1.0, 1.0], [0.5, 0.5]]
    assert np.isnan(trend([[7, 9]])).all()
