"""Sums over a beta-geometric survival: against 50-digit arithmetic where closed forms cancel or have a gap."""

import mpmath as mp
import numpy as np
import pytest

from customer_value.clv._beta_geometric import cross_growth, discounted_opportunities, opportunities_alive

GAMMAS = [1e-4, 0.657, 1 - 1e-9, 1.0, 1 + 1e-13, 1.5, 2.0, 1e4]


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("delta", [1e-4, 2.783, 2e4])
def test_opportunities_alive_are_exact_and_have_no_gap_at_one(gamma, delta):
    times = [1, 6, 20_000, 10**7]
    with mp.workdps(60):
        c, d = mp.mpf(gamma), mp.mpf(delta)
        if gamma == 1:
            exact = [d * (mp.psi(0, 1 + d + t) - mp.psi(0, 1 + d)) for t in times]
        else:
            logs = [
                mp.loggamma(c + d) + mp.loggamma(1 + d + t) - mp.loggamma(1 + d) - mp.loggamma(c + d + t) for t in times
            ]
            exact = [d / (c - 1) * (1 - mp.exp(log)) for log in logs]
    found = opportunities_alive(gamma, delta, np.array(times, dtype=float))
    np.testing.assert_allclose(found, np.array(exact, dtype=float), rtol=1e-13)
    assert opportunities_alive(gamma, delta, 0.0) == 0


@pytest.mark.parametrize("e", [-0.9999, -1e-8, 0.0, 1e-12, 0.3, 9.0, 1e4])
@pytest.mark.parametrize("c", [1.0, 37.5, 2e4])
def test_growth_is_exact_for_small_steps_and_large_ones(c, e):
    with mp.workdps(60):
        a, step = mp.mpf(c), mp.mpf(e)

        def exact(n):
            if e == 0:
                return mp.psi(0, a + n) - mp.psi(0, a)
            corners = mp.loggamma(a + step + n) - mp.loggamma(a + n) - mp.loggamma(a + step) + mp.loggamma(a)
            return corners / step

        reference = [float(exact(mp.mpf(n))) for n in (0.001, 1, 50, 10**6)]
    np.testing.assert_allclose(cross_growth(c, e, c + e, np.array([0.001, 1.0, 50.0, 1e6])), reference, rtol=2e-12)


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("delta", [1e-4, 8.783, 2e4])
@pytest.mark.parametrize("rate", [1e-2, 0.0953, 2.0])
def test_discounted_sums_are_the_sums_of_their_terms(gamma, delta, rate):
    # The quadrature's nodes err by 1e-12 at worst, where nearly everyone leaves at once.
    j = np.arange(6000.0)
    terms = np.cumprod((delta + j) / (gamma + delta + j) * np.exp(-rate))
    times = np.array([1, 5, 400, np.inf])
    by_hand = [terms[:1].sum(), terms[:5].sum(), terms[:400].sum(), terms.sum()]
    np.testing.assert_allclose(discounted_opportunities(gamma, delta, times, rate), by_hand, rtol=1e-11)


def test_no_discount_is_the_plain_sum():
    gamma, delta, t = np.meshgrid([0.3, 1.0, 5.0], [0.4, 9.0, 700.0], [1.0, 12.0, 5000.0])
    found = discounted_opportunities(gamma, delta, t, 0.0)
    np.testing.assert_allclose(found, opportunities_alive(gamma, delta, t), rtol=1e-11)
