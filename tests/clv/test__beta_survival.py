"""Ratios of beta functions and their slopes, against 60-digit arithmetic where plain differences lose everything."""

import mpmath as mp
import numpy as np
import pytest

from customer_value.clv._beta_survival import beta_ratio_slopes, log_beta_ratio

SIZES = (1e-4, 0.6, 3.0, 250.0, 1e4)


def second_difference(function, a, b, k):
    with mp.workdps(60):
        a, b, k = map(mp.mpf, (a, b, k))
        return function(b + k) - function(b) - function(a + b + k) + function(a + b)


@pytest.mark.parametrize("a", SIZES)
@pytest.mark.parametrize("b", SIZES)
def test_value_and_slopes_are_exact(a, b):
    k = np.array([0.01, 1.0, 7.5, 20_000.0, 1e30])
    value = log_beta_ratio(a, b, k)
    first, second = beta_ratio_slopes(np.full(5, a), np.full(5, b), k)
    for i in range(5):
        for got, function, limit in (
            (value[i], mp.loggamma, 1e-14),
            (first[i], mp.digamma, 1e-13),
            (second[i], lambda z: mp.psi(1, z), 1e-10),
        ):
            exact = second_difference(function, a, b, k[i])
            assert abs(mp.mpf(float(got)) / exact - 1) < limit, k[i]


def test_no_stays_are_certain():
    assert log_beta_ratio(0.7, 1.2, 0.0) == 0


def test_time_without_end_stays_finite():
    # ln B(a, b + k) / B(a, b) tends to ln Gamma(a + b) / Gamma(b) - a ln k.
    with mp.workdps(30):
        limit = float(mp.loggamma(4.2) - mp.loggamma(3) - mp.mpf("1.2") * mp.log(mp.mpf(10) ** 300))
    assert log_beta_ratio(1.2, 3.0, 1e300) == pytest.approx(limit, rel=1e-14)
