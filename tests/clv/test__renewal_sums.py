"""Sums over renewals to come, against sums of every term, 2F1 and closed forms."""

import mpmath as mp
import numpy as np
import pytest

from customer_value.clv import BetaDiscreteWeibull, ShiftedBetaGeometric
from customer_value.clv._renewal_sums import _DIRECT, total_renewals


def total(model, params, made, most, delta):
    return total_renewals(
        lambda t, u: model._log_kept(params, t, u), np.array([float(made)]), np.array([float(most)]), delta
    )[0]


@pytest.mark.parametrize(
    ("model", "params"),
    [
        (ShiftedBetaGeometric, (0.668, 3.806)),
        (ShiftedBetaGeometric, (1.0, 900.0)),
        (BetaDiscreteWeibull, (0.214, 1.427, 1.724)),
        (BetaDiscreteWeibull, (7.0, 1e4, 1.2)),
        (BetaDiscreteWeibull, (0.5, 2.0, 0.3)),
    ],
)
@pytest.mark.parametrize("made", [0, 300])
@pytest.mark.parametrize("delta", [0.0, 1e-3])
def test_sums_agree_with_all_their_terms(model, params, made, delta):
    j = np.arange(1.0, 20_001)
    terms = np.exp(model._log_kept(params, np.float64(made), j) - delta * (j - 1))
    sums = np.cumsum(terms)
    for most in (1, _DIRECT, _DIRECT + 1, 3 * _DIRECT, 20_000):
        assert total(model, params, made, most, delta) == pytest.approx(sums[most - 1], rel=1e-12)


def gauss(alpha, beta, rate):
    """beta / (alpha+beta) 2F1(1, beta+1; alpha+beta+1; 1/(1+rate)) by its series, where that ends soon."""
    v = 1 / (1 + mp.mpf(rate))
    if rate < 1e-3:
        return beta / (alpha + beta) * mp.hyp2f1(1, beta + 1, alpha + beta + 1, v)
    term, whole, j = beta / (alpha + beta), mp.mpf(0), 0
    while term > whole * mp.mpf(10) ** -20:
        whole, j = whole + term, j + 1
        term *= (beta + j) / (alpha + beta + j) * v
    return whole


@pytest.mark.parametrize("params", [(0.0001, 3.0), (0.764, 1.296), (1.0, 0.5), (4.0, 1e4), (1e4, 1e4)])
@pytest.mark.parametrize("made", [0, 20_000])
@pytest.mark.parametrize("rate", [1.0, 0.05, 1e-6])
def test_no_end_is_gausss_function(params, made, rate):
    # Fader & Hardie (2010): (beta+n-1) / (alpha+beta+n-1) 2F1(1, beta+n; alpha+beta+n; 1/(1+d)), n - 1 renewals made.
    with mp.workdps(30):
        exact = float(gauss(mp.mpf(params[0]), mp.mpf(params[1]) + made, rate))
    assert total(ShiftedBetaGeometric, params, made, np.inf, np.log1p(rate)) == pytest.approx(exact, rel=1e-11)


@pytest.mark.parametrize("alpha", [1.01, 1.281, 30.0])
def test_undiscounted_sums_without_end_have_a_closed_form(alpha):
    # E[(1 - theta) / theta] of Beta(alpha, beta + renewals).
    for made in (0, 20_000):
        value = total(ShiftedBetaGeometric, (alpha, 7.79), made, np.inf, 0.0)
        assert value == pytest.approx((7.79 + made) / (alpha - 1), rel=1e-9)


def test_rows_have_horizons_of_their_own():
    most, made = np.array([0.0, 1, 700, np.inf]), np.array([5.0, 5, 0, 2])
    together = total_renewals(lambda t, u: ShiftedBetaGeometric._log_kept((2.0, 3.0), t, u), made, most, 0.01)
    alone = [total(ShiftedBetaGeometric, (2.0, 3.0), t, n, 0.01) for t, n in zip(made, most, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=1e-14)
    assert together[0] == 0
