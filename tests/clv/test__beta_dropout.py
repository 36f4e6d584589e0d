"""Expected purchases and survival against integration, at the points that break the closed forms with 2F1."""

import mpmath as mp
import numpy as np
import pytest

from customer_value.clv import _beta_dropout
from customer_value.clv._beta_dropout import mean_purchases, survival

# r, a, b, z = t / alpha
POINTS = [
    pytest.param(0.243, 0.793, 2.426, 8.84, id="cdnow"),
    pytest.param(2.243, 1.0, 4.426, 0.9, id="a is 1"),
    pytest.param(2.243, 1 + 1e-12, 4.426, 0.9, id="a near 1"),
    pytest.param(0.2, 0.3, 0.4, 0.28, id="a + b below 1"),
    pytest.param(0.5, 0.3, 0.7, 3.0, id="a + b is 1"),
    pytest.param(0.243, 0.793, 2.426, 1e-9, id="tiny t"),
    pytest.param(20000.2, 0.8, 20002.4, 2.0, id="20,000 purchases"),
    pytest.param(20000.2, 0.8, 20002.4, 1e5, id="20,000 purchases, long"),
    pytest.param(50.0, 0.5, 0.5, 4.0, id="r far above a + b"),
    pytest.param(1e-4, 2.0, 1e4, 0.5, id="r far below a + b"),
    pytest.param(1e4, 1e4, 1e4, 10.0, id="narrow peak"),
    pytest.param(1.0, 1e-4, 1e-4, 1e9, id="all or nothing, 1e9 alphas"),
    pytest.param(4668.7, 1.506, 2854.0, 9.455e6, id="slow tail to the left"),
]


def reference(r, a, b, z):
    """Integrate (1 - (1 + p z)^-r) / p over the beta density, in logit p, cut at the peak and where it may bend."""
    with mp.workdps(24):
        r, a, b, z = map(mp.mpf, (r, a, b, z))
        log_beta = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)

        def integrand(y):
            log_p, log_q = -mp.log1p(mp.exp(-y)), -mp.log1p(mp.exp(y))
            p = mp.exp(log_p)
            return -mp.expm1(-r * mp.log1p(p * z)) / p * mp.exp(a * log_p + b * log_q - log_beta)

        peak, width = mp.log(a / b), mp.sqrt(1 / a + 1 / b)
        near = [peak + width * k for k in (-12, -6, -3, 0, 3, 6, 12)] if width < 1 else [peak]
        cuts = sorted({-mp.inf, mp.inf, *near, *(mp.mpf(k) for k in range(-40, 21, 6))})
        return float(mp.quad(integrand, cuts))


@pytest.mark.parametrize(("r", "a", "b", "z"), POINTS)
def test_either_evaluation_meets_the_integral(r, a, b, z):
    exact = reference(r, a, b, z)
    assert abs(mean_purchases(r, a, b, z) / exact - 1) < 2e-11
    point = tuple(np.array([v]) for v in (r, a, b, z))
    assert abs(_beta_dropout._quadrature(*point)[0] / exact - 1) < 2e-11
    value, bound = _beta_dropout._series(*point)
    if z < 49 and bound[0] <= _beta_dropout._SERIES_BOUND:
        assert abs(value[0] / exact - 1) <= bound[0] + 1e-15


def test_ordinary_points_need_no_quadrature(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("the series should have sufficed")

    monkeypatch.setattr(_beta_dropout, "_quadrature", refuse)
    x, t = np.meshgrid([0.0, 1, 10, 100, 20000], [1e-6, 1.0, 52.0])
    assert np.all(np.isfinite(mean_purchases(0.243 + x, 0.793, 2.426 + x, t / 43.4)))


def test_series_and_quadrature_agree_where_no_formula_is_at_hand():
    # Two unrelated evaluations on a thousand points; the series is used only where it bounds its own error by 1e-11.
    rng = np.random.default_rng(1)
    r, a, b = 10 ** rng.uniform(-4, 4, (3, 1000))
    z = np.sort(10 ** rng.uniform(-6, 1.6, 1000))
    blocks = [tuple(v[i : i + 50] for v in (r, a, b, z)) for i in range(0, 1000, 50)]
    value, bound = (np.concatenate(v) for v in zip(*(_beta_dropout._series(*block) for block in blocks), strict=True))
    other = np.concatenate([_beta_dropout._quadrature(*block) for block in blocks])
    good = bound <= _beta_dropout._SERIES_BOUND
    assert good.mean() > 0.4
    assert np.max(np.abs(value / other - 1)[good]) < 2e-11


def test_shapes_and_nothing_in_no_time():
    assert mean_purchases(1.0, 2.0, 3.0, 0.5).shape == ()
    grid = mean_purchases(np.array([[1.0], [2.0]]), 2.0, 3.0, np.array([0.0, 0.5, 100.0]))
    assert grid.shape == (2, 3)
    np.testing.assert_array_equal(grid[:, 0], 0)
    assert grid[1, 1] == mean_purchases(2.0, 2.0, 3.0, 0.5)


# Where the Beta density, the fall of (1 + p z)^-r, or both are narrow, or neither is.
SURVIVAL = [
    *(point for point in POINTS if point.id != "narrow peak"),
    pytest.param(1e4, 1e4, 1e4, 0.02, id="narrow peak"),
    pytest.param(0.0015, 0.0177, 70.0, 2e7, id="hardly buying"),
    pytest.param(1228.6, 1145.8, 2.5, 0.47, id="hardly anyone is left"),
    pytest.param(150.0, 100.0, 1e-4, 10.0, id="narrow peak, then a long shelf"),
    pytest.param(20000.5, 2.0, 4.0, 1e9, id="20,000 purchases, 1e9 alphas"),
    pytest.param(0.5, 1e-8, 1e-8, 5.0, id="parameters at their bounds"),
]


def survives(r, a, b, z):
    """2F1(r, a; a+b; -z), the integral of (1 + p z)^-r over the beta density."""
    with mp.workdps(50):
        r, a, b, z = map(mp.mpf, (r, a, b, z))
        return mp.hyp2f1(r, a, a + b, -z, maxterms=10**6)


@pytest.mark.parametrize(("r", "a", "b", "z"), SURVIVAL)
def test_survival_is_exact(r, a, b, z):
    exact = survives(r, a, b, z)
    assert abs(survival(r, a, b, z) / exact - 1) < 1e-12
    point = tuple(np.array([v]) for v in (r, a, b, z))
    assert abs(_beta_dropout._survival_quadrature(*point)[0] / exact - 1) < 1e-12
    value, bound = _beta_dropout._survival_series(*point)
    if z < 49 and bound[0] <= _beta_dropout._SURVIVAL_BOUND:
        assert abs(value[0] / exact - 1) <= bound[0] + 1e-15


def test_survivals_two_evaluations_agree_where_no_formula_is_at_hand():
    rng = np.random.default_rng(2)
    r, a, b = 10 ** rng.uniform(-4, 4, (3, 1000))
    z = 10 ** rng.uniform(-6, 1.6, 1000)
    value, bound = _beta_dropout._survival_series(r, a, b, z)
    other = _beta_dropout._survival_quadrature(r, a, b, z)
    good = (bound <= _beta_dropout._SURVIVAL_BOUND) & (other > 1e-290)
    assert good.mean() > 0.5
    np.testing.assert_allclose(value[good], other[good], rtol=1e-12)


def test_who_left_did_so_after_a_purchase():
    # Each purchase is the last with probability p: 1 - S = E[p X(t)], and p Beta(p; a, b) is a/(a+b) Beta(p; a+1, b).
    rng = np.random.default_rng(3)
    r, a, b = 10 ** rng.uniform(-2, 2, (3, 300))
    z = 10 ** rng.uniform(-3, 6, 300)
    gone = a / (a + b) * mean_purchases(r, a + 1, b, z)
    np.testing.assert_allclose(survival(r, a, b, z), 1 - gone, atol=3e-11)


def test_survival_starts_at_one_and_underflows_to_nothing():
    assert survival(1.0, 2.0, 3.0, 0.0) == 1
    assert survival(2e4, 1e4, 1e-4, 1e9) == 0
    grid = survival(np.array([[1.0], [2.0]]), 2.0, 3.0, np.array([0.0, 0.5, 100.0]))
    assert grid.shape == (2, 3)
    assert np.all(np.diff(grid) < 0)
