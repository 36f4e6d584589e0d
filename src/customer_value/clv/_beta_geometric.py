"""A customer who leaves before each opportunity with a probability of his own that is Beta(gamma, delta) distributed.

He is alive at the j-th opportunity with probability S(j) = B(gamma, delta + j) / B(gamma, delta), whose logarithm is
`log_beta_ratio`. Here are its sum and its discounted sum (Fader, Hardie & Shang 2010, eqs. 8 and 14).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from customer_value.clv._special import Floats

_SHIFT = np.arange(10.0)
# B_2j / (2j (2j - 1)), j = 2..8: Stirling's series of ln Gamma after its first term, 1/12 (A&S 6.1.40).
_STIRLING = (-1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400)

_PANELS = 32
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_CUT = 45.0  # the beta density is left out where it has fallen by exp(-45)
_END = 1e-6  # relative change of the integrand over an end piece that is integrated by its midpoint


def opportunities_alive(gamma: ArrayLike, delta: ArrayLike, t: ArrayLike) -> Floats:
    """Return the expected number of opportunities alive among the first t, the sum of S(1), ..., S(t).

    It is the second factor of eq. (8), delta / (gamma - 1) (1 - Gamma(gamma+delta) Gamma(1+delta+t) / (Gamma(1+delta)
    Gamma(gamma+delta+t))). With the ratio's logarithm written as (1 - gamma) K nothing divides by gamma - 1.
    """
    gamma, delta = np.asarray(gamma, dtype=np.float64), np.asarray(delta, dtype=np.float64)
    growth = cross_growth(1 + delta, gamma - 1, gamma + delta, t)
    fall = (gamma - 1) * growth
    mean = np.divide(-np.expm1(-fall), fall, out=np.ones_like(fall), where=fall != 0)
    return np.asarray(delta * growth * mean)


def cross_growth(c: ArrayLike, e: ArrayLike, moved: ArrayLike, n: ArrayLike) -> Floats:
    """Return [ln Gamma(c+e+n) - ln Gamma(c+n) - ln Gamma(c+e) + ln Gamma(c)] / e, at e = 0 psi(c+n) - psi(c).

    Every difference is taken analytically, so that neither a small e nor a small n costs digits.

    Parameters
    ----------
    c, moved
        Positive; `moved` is c + e, given apart because the caller knows it without rounding.
    e, n
        The two steps; n is 0 or above.

    Notes
    -----
    Gamma(c) = Gamma(C) / (c (c+1) ... (c+9)) with C = c + 10, and Stirling's series (A&S 6.1.40) at the four corners
    C, C+e, C+n and C+e+n, differenced power by power.
    """
    c, e, moved, n = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (c, e, moved, n)))
    total = np.zeros(c.shape)
    for i in _SHIFT:
        total += _log1p_over(
            n / ((c + i) * (moved + n + i)), e, (moved + i) * (c + n + i) / ((c + i) * (moved + n + i))
        )
    a, b = c + _SHIFT.size, moved + _SHIFT.size
    p, q, r, s = 1 / a, 1 / b, 1 / (a + n), 1 / (b + n)
    total += (a - 0.5) * _log1p_over(-n * r * q, e) + np.log1p(n * q) + n * _log1p_over(r, e)
    total += n * (a + n + b) * p * q * r * s / 12
    # (1/C^k - 1/(C+e)^k) / e is the sum of p^(k-m) q^(m+1), m = 0..k-1.
    near, far = p * q, r * s
    for k, coefficient in enumerate(_STIRLING):
        order = 2 * k + 3
        total += coefficient * (near * _power_sum(p, q, order) - far * _power_sum(r, s, order))
    return total


def _log1p_over(y: Floats, e: Floats, ratio: Floats | None = None) -> Floats:
    """ln(1 + e y) / e, and y at e = 0; `ratio` is 1 + e y where that may be near 0."""
    step = e * y
    log = np.log1p(step)
    if ratio is not None:
        log = np.where(step < -0.5, np.log(ratio), log)
    return np.where(np.abs(step) > 1e-300, log / np.where(e == 0, 1.0, e), y)


def _power_sum(p: Floats, q: Floats, order: int) -> Floats:
    """Sum of p^(order-1-m) q^m, m = 0..order-1: (p^order - q^order) / (p - q) without the difference."""
    total = np.ones_like(p)
    power = np.ones_like(p)
    for _ in range(order - 1):
        power = power * q
        total = total * p + power
    return total


def discounted_opportunities(gamma: ArrayLike, delta: ArrayLike, t: ArrayLike, rate: ArrayLike) -> Floats:
    """Return the sum of exp(-rate j) S(j), j = 1..t; t may be infinite where the rate is above 0.

    Given the dropout probability this is a geometric sum, so what is left is one integral over a beta distribution: a
    composite Gauss-Legendre rule in the log odds of leaving, where the integrand is smooth on a scale of 1 or of its
    peak. For an infinite t it is eq. (14)'s 2F1, which needs ever more terms as the rate falls.
    """
    gamma, delta, t, rate = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (gamma, delta, t, rate)))
    longest = np.minimum(t, 1 / np.maximum(rate, 1e-300))
    low = np.log(_END) - np.log(longest + delta + 1)
    low = np.maximum(low, _log_odds_where_negligible(gamma, delta, -1))
    high = np.log(gamma + 1) - np.log(_END)
    high = np.maximum(np.minimum(high, _log_odds_where_negligible(gamma, delta, 1)), low)
    width = (high - low) / _PANELS
    panels = low[..., None] + width[..., None] * np.arange(_PANELS)
    y = (panels[..., None] + width[..., None, None] * ((_NODES + 1) / 2)).reshape(*low.shape, -1)
    log_stay = -np.maximum(y, 0) - np.log1p(np.exp(-np.abs(y)))
    constant = special.betaln(gamma, delta)[..., None]
    density = np.exp(gamma[..., None] * (y + log_stay) + delta[..., None] * log_stay - constant)
    density *= np.tile(_WEIGHTS, _PANELS) * (width[..., None] / 2)
    values = _geometric_sum(log_stay, t[..., None], rate[..., None])
    below = special.betainc(gamma, delta, special.expit(low))
    above = special.betainc(delta, gamma, special.expit(-high))
    # The nodes' own mass normalises: rounding of the density's constant cancels.
    middle = (1 - below - above) * (density * values).sum(axis=-1) / density.sum(axis=-1)
    at_low = _geometric_sum(np.log1p(-special.expit(low) * gamma / (gamma + 1)), t, rate)
    at_high = _geometric_sum(np.log(special.expit(-high) * delta / (delta + 1)), t, rate)
    return np.asarray(middle + below * at_low + above * at_high)


def _geometric_sum(log_stay: Floats, t: Floats, rate: Floats) -> Floats:
    """Sum of exp(j (log_stay - rate)), j = 1..t."""
    fall = rate - log_stay
    return np.asarray(-np.expm1(-t * fall) / np.expm1(fall))


def _log_odds_where_negligible(a: Floats, b: Floats, side: int) -> Floats:
    """Log odds, to one side of the peak, where the density of Beta(a, b) over them has fallen by exp(-_CUT).

    With curvature h = ab/(a+b) at the peak it falls by at least h (d - 1 + exp(-d)) within d.
    """
    fall = _CUT * (1 / a + 1 / b)
    return np.asarray(np.log(a) - np.log(b) + side * (fall + np.sqrt(2 * fall)))
