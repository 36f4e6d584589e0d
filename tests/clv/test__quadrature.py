"""Discounting against closed forms and against integration over the rates themselves."""

import math

import mpmath as mp
import numpy as np
import pytest
from scipy import special

from customer_value.clv import BGNBD, ParetoNBD
from customer_value.clv._quadrature import discounted_total

BG, PARETO = BGNBD(), ParetoNBD()


def of_new(model, params, delta, t=math.inf):
    state = tuple(np.atleast_1d(p) for p in params)

    def expected(u, rows):
        return model._expected_purchases_new(tuple(p[rows] for p in state), u)

    return discounted_total(expected, t, delta, model._time_scale(state))[0]


def pareto_forever(r, alpha, s, beta, delta):
    """int e^(-delta u) r/alpha (beta / (beta + u))^s du, an incomplete gamma function."""
    with mp.workdps(40):
        z = mp.mpf(delta) * beta
        return float(mp.mpf(r) / alpha * beta * mp.e**z * z ** (mp.mpf(s) - 1) * mp.gammainc(1 - mp.mpf(s), z))


@pytest.mark.parametrize("seed", range(12))
def test_paretos_dert_is_an_incomplete_gamma_function(seed):
    # Parameters over six decades, discount rates per time unit from 1e-6 to 1. The largest error seen is 5e-12.
    rng = np.random.default_rng(seed)
    params, delta = tuple(10 ** rng.uniform(-3, 3, 4)), 10 ** rng.uniform(-6, 0)
    assert of_new(PARETO, params, delta) == pytest.approx(pareto_forever(*params, delta), rel=2e-11)


@pytest.mark.parametrize(("s", "z", "u"), [(12, 0.3, 49828.3670561), (30, 5.0, 1.57209111021e-22)])
def test_where_scipys_hyperu_is_nan(s, z, u):
    # E[rate] beta U(1, 2 - s, z) is the same function by Kummer's transformation, z^(s - 1) U(s, s, z) beta r/alpha.
    delta, beta = 0.1, z / 0.1
    assert of_new(PARETO, (1.0, 1.0, s, beta), delta) == pytest.approx(beta * z ** (s - 1) * u, rel=1e-9)


@pytest.mark.parametrize("delta", [0.02, 0.1, 1.0])  # smaller ones put a pole next to this rule's nodes
def test_bgs_dert_by_integration_over_both_rates(delta):
    # Given the rate and the dropout probability, purchases come at rate l e^(-l p u): discounted, l / (delta + l p).
    r, alpha, a, b = 2.5, 3.0, 1.7, 9.0
    rates, rate_weights = special.roots_genlaguerre(120, r - 1)
    chances, chance_weights = special.roots_jacobi(120, b - 1, a - 1)
    lam, p = rates[:, None] / alpha, (1 + chances) / 2
    weights = rate_weights[:, None] / rate_weights.sum() * chance_weights / chance_weights.sum()
    assert of_new(BG, (r, alpha, a, b), delta) == pytest.approx((weights * lam / (delta + lam * p)).sum(), rel=1e-9)


@pytest.mark.parametrize("t", [0.5, 20.0, 500.0])
def test_a_finite_horizon_by_integration_over_both_rates(t):
    r, alpha, a, b, delta = 2.5, 3.0, 1.7, 9.0, 0.02
    rates, rate_weights = special.roots_genlaguerre(120, r - 1)
    chances, chance_weights = special.roots_jacobi(120, b - 1, a - 1)
    lam, p = rates[:, None] / alpha, (1 + chances) / 2
    weights = rate_weights[:, None] / rate_weights.sum() * chance_weights / chance_weights.sum()
    ends = delta + lam * p
    exact = (weights * lam / ends * -np.expm1(-ends * t)).sum()
    assert of_new(BG, (r, alpha, a, b), delta, t) == pytest.approx(exact, rel=1e-9)
