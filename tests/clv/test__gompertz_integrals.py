"""Panels of quadrature under a gamma/Gompertz lifetime: its functions, and that finer panels change nothing."""

import mpmath as mp
import numpy as np
import pytest

from customer_value.clv import _gompertz_integrals
from customer_value.clv._gompertz_integrals import Path, aged, ageing, count_integrals, fading, march, mean_lifetime

rng = np.random.default_rng(4)
ROWS = 1500
R, ALPHA, B, S, BETA = 10 ** rng.uniform(-4, 4, (5, ROWS))
T = 10 ** rng.uniform(-3, 5, ROWS)
N = np.floor((np.minimum(3 * R * T / ALPHA + 5, 20000)) ** rng.random(ROWS)) * (rng.random(ROWS) < 0.8)


@pytest.mark.parametrize("b", [1e-8, 0.3, 1e4])
@pytest.mark.parametrize("beta", [1e-8, 0.9, 1.0, 1e4, 1e8])
@pytest.mark.parametrize("t", [1e-9, 2.0, 90.0, 110.0, 1e5])
def test_the_lifetime_is_exact_however_large_b_t_is(b, beta, t):
    with mp.workdps(40):
        z, exact_beta = mp.mpf(b) * t, mp.mpf(beta)
        log_ratio = mp.log((exact_beta + mp.expm1(z)) / exact_beta)
        older = 1 + (exact_beta - 1) * mp.exp(-z)
        late = mp.exp(-z) / older
    np.testing.assert_allclose(fading(b, beta, t), float(log_ratio), rtol=1e-14)
    np.testing.assert_allclose(aged(b, beta, t), float(older), rtol=1e-13)
    faded, share, end = ageing(b, beta, np.array([t, 1e-3]))  # one row may be near and another far
    np.testing.assert_allclose(
        [faded[0], share[0], end[0]], [float(v) for v in (log_ratio, 1 / older, late)], rtol=1e-13
    )
    np.testing.assert_allclose(faded[1], fading(b, beta, 1e-3), rtol=1e-14)


@pytest.fixture
def fine(monkeypatch):
    def switch():
        for name, value in (("_CHANGE", 5.0), ("_NEAR", 1.5), ("_TURN", 2.0), ("_SHARES", np.zeros(6))):
            monkeypatch.setattr(_gompertz_integrals, name, value)

    return switch


def test_finer_panels_leave_expected_lifetimes(fine):
    usual = mean_lifetime(B, S, BETA, T)
    fine()
    np.testing.assert_allclose(usual, mean_lifetime(B, S, BETA, T), rtol=2e-12)


@pytest.mark.parametrize("leaving", [True, False])
def test_finer_panels_leave_counts(fine, leaving):
    usual = count_integrals(N[None, :], R, ALPHA, B, S, BETA, T, leaving)
    fine()
    np.testing.assert_allclose(usual, count_integrals(N[None, :], R, ALPHA, B, S, BETA, T, leaving), atol=2e-11)


def test_no_single_rule_sees_two_peaks():
    # Silent since the first purchase: gone at once, or when all are of that age. Panels find both.
    x, w = np.polynomial.legendre.leggauss(24)
    path = Path(*(np.array([v]) for v in (0.0, 2.0, 0.1, 1.0, 1.0, 1e4)))

    def density(tau):
        faded, share, _ = ageing(path.b, path.beta, tau)
        return np.exp(-path.r * np.log1p(tau / path.alpha) - path.s * faded) * share

    def laid(end):
        def never(rows, tau):
            return np.zeros(rows.size, dtype=bool)

        panels = march(path, np.zeros(1), np.zeros(1), np.array([end]), never)
        return sum((density(p.tau) * p.weights).sum() for p in panels)

    with mp.workdps(30):
        exact = mp.quad(
            lambda u: (1 + 10 * u) ** -2 * mp.mpf(10) ** 4 * mp.exp(u) / (10**4 + mp.expm1(u)) ** 2,
            [0, 0.1, 0.3, 1, 2, *range(3, 61)],
        )
    np.testing.assert_allclose(laid(60.0), float(exact), rtol=1e-12)
    single = 30 * (density(30 * (1 + x[:, None])) * w[:, None]).sum()
    assert abs(single / float(exact) - 1) > 1e-6
    slope = [float(path.slope(np.array([tau]))[0]) for tau in (0.01, 1.0, 9.0, 12.0)]
    assert slope == sorted(slope, reverse=True)
