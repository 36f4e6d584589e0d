"""Ratios of gamma functions against 50-digit arithmetic, where library functions lose their digits."""

import mpmath as mp
import numpy as np
import pytest

from customer_value.clv._special import (
    LARGEST_TABLE,
    beta_cdf_at_odds,
    count_totals,
    distinct_whole,
    gamma_ratio,
    stirling_error,
    weighted_sums,
)


@pytest.mark.parametrize(
    ("c", "k"),
    [
        (1e-8, 1e-8),
        (1e-4, 1.0),
        (0.24, 20000.0),
        (5.0, 1e-6),
        (9.99, 3.0),
        (1e4, 1e-4),
        (2e8, 1.0),
        (1e8, 1e8),
        (3.0, 0.0),
    ],
)
def test_gamma_ratio_keeps_its_digits(c, k):
    with mp.workdps(50):
        low, high = mp.mpf(c), mp.mpf(c) + mp.mpf(k)
        exact = (
            mp.loggamma(high) - mp.loggamma(low),
            mp.digamma(high) - mp.digamma(low),
            mp.psi(1, high) - mp.psi(1, low),
        )
    for value, reference in zip(gamma_ratio(c, k), exact, strict=True):
        assert abs(float(value) - float(reference)) <= 1e-13 * abs(float(reference))


def test_gamma_ratio_broadcasts():
    together = gamma_ratio(np.array([[0.5], [2.0]]), np.array([1.0, 4.0, 9.0]))
    assert [values.shape for values in together] == [(2, 3)] * 3
    assert together[0][1, 2] == gamma_ratio(2.0, 9.0)[0]


@pytest.mark.parametrize("largest", [7, LARGEST_TABLE + 1])  # by table, and by sorting
def test_counts_are_found_with_their_places_and_weights(largest):
    x = np.array([3.0, 0, largest, 3, 1, 0])
    values, places = distinct_whole(x)
    np.testing.assert_array_equal(values, [0, 1, 3, largest])
    np.testing.assert_array_equal(values[places], x)
    values, totals = count_totals(x, np.array([1.0, 2, 3, 4, 5, 6]))
    np.testing.assert_array_equal(values, [0, 1, 3, largest])
    np.testing.assert_array_equal(totals, [8, 5, 5, 3])


def test_weighted_sums_are_row_sums():
    np.testing.assert_array_equal(weighted_sums(np.array([[1.0, 2], [3, 4]]), np.array([10.0, 1])), [12, 34])


@pytest.mark.parametrize(("a", "b", "odds"), [(3.0, 0.25, 0.4), (3.0, 0.25, 1e3), (40.0, 0.01, 1e12), (0.5, 6.0, 1e-9)])
def test_beta_at_odds_keeps_its_digits(a, b, odds):
    with mp.workdps(50):
        exact = float(mp.betainc(a, b, 0, mp.mpf(odds) / (1 + mp.mpf(odds)), regularized=True))
    np.testing.assert_allclose(beta_cdf_at_odds(a, b, odds), exact, rtol=1e-12)


def test_what_stirlings_formula_leaves():
    x = np.array([1e-8, 1e-3, 0.5, 1, 3, 9.99, 10, 10.01, 37, 1e4, 1e8])
    with mp.workdps(40):
        formula = [(v - mp.mpf(1) / 2) * mp.log(v) - v + mp.log(2 * mp.pi) / 2 for v in map(mp.mpf, x)]
        exact = [float(mp.loggamma(v) - f) for v, f in zip(map(mp.mpf, x), formula, strict=True)]
    np.testing.assert_allclose(stirling_error(x), exact, rtol=1e-15, atol=4e-15)
