"""Expected purchases and survival under a beta-distributed dropout probability: BG/NBD and its relatives.

A customer buys at rate lambda ~ Gamma(r, alpha) and leaves after each purchase with probability p ~ Beta(a, b). Given
both, he is there at t with probability exp(-lambda p t), and makes (1 - exp(-lambda p t)) / p purchases in (0, t] on
average. Over the rates, with z = t / alpha, these are (1 + p z)^-r and (1 - (1 + p z)^-r) / p, and what is left is one
integral over p:

    E = int_0^1 (1 - (1 + p z)^-r) / p * Beta(p; a, b) dp,    S = int_0^1 (1 + p z)^-r * Beta(p; a, b) dp.

Fader, Hardie & Lee (2005, eq. 9) write E with 2F1 and a factor 1/(a - 1). Two evaluations of each stand here: a series
with no singularity at a = 1 or at a + b = 1, which carries its own error bound, and a quadrature of the integral for
the few rows whose bound is not small.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from customer_value.clv._special import Floats, stirling_error

_EPS = float(np.finfo(np.float64).eps)
_SERIES_BOUND = 1e-11  # relative error that the series may have
_SURVIVAL_BOUND = 1e-12
_SERIES_LARGEST = 0.98  # z / (1 + z) up to which the series is quicker than the quadrature
_SERIES_TERMS = 2000
_SERIES_BLOCK = 4096  # rows at a time: the series' arrays stay in the cache
_STRIDE = 8  # terms between two looks at the remainder
_QUADRATURE_BLOCK = 64
_PANELS = 32
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_CUT = 45.0  # the beta density is left out where it has fallen by exp(-45)
_END = 1e-6  # relative change of the integrand over an end piece that is integrated in closed form
# Of survival: an integrand is followed to where it has fallen by each of these factors, in logs, on panels in between.
_DROPS = np.array([2.0, 7.0, 16.0, 29.0, _CUT])
_HALVINGS = 40
_FEW_PANELS = 8
_FEW_NODES, _FEW_WEIGHTS = np.polynomial.legendre.leggauss(16)
_UNIT_NODES = ((np.arange(_FEW_PANELS)[:, None] + (_FEW_NODES + 1) / 2) / _FEW_PANELS).ravel()
_UNIT_WEIGHTS = np.tile(_FEW_WEIGHTS / 2 / _FEW_PANELS, _FEW_PANELS)


def mean_purchases(r: ArrayLike, a: ArrayLike, b: ArrayLike, z: ArrayLike) -> Floats:
    """Return the expected number of purchases of a new customer, z = t / alpha.

    Parameters
    ----------
    r, a, b
        Parameters of the gamma and the beta distribution; numbers or arrays that broadcast.
    z
        Duration over alpha, 0 or above.

    Returns
    -------
    Array of the broadcast shape.
    """
    return _evaluate((r, a, b, z), _series, _SERIES_BOUND, _quadrature, 0.0)


def survival(r: ArrayLike, a: ArrayLike, b: ArrayLike, z: ArrayLike) -> Floats:
    """Return the probability that a new customer is still alive, z = t / alpha.

    Parameters
    ----------
    r, a, b
        Parameters of the gamma and the beta distribution; numbers or arrays that broadcast.
    z
        Duration over alpha, 0 or above.

    Returns
    -------
    Array of the broadcast shape; relative precision 1e-12, however small the probability.
    """
    return _evaluate((r, a, b, z), _survival_series, _SURVIVAL_BOUND, _survival_quadrature, 1.0)


def _evaluate(
    point: tuple[ArrayLike, ...],
    series: Callable[..., tuple[Floats, Floats]],
    tolerance: float,
    quadrature: Callable[..., Floats],
    at_once: float,
) -> Floats:
    """Evaluate at (r, a, b, z) by the series, and by quadrature where the series is slow or its bound is large."""
    r, a, b, z = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in point))
    shape = z.shape
    r, a, b, z = r.ravel(), a.ravel(), b.ravel(), z.ravel()
    result = np.full(z.size, at_once)
    order = np.argsort(z)
    order = order[z[order] > 0]
    short = np.searchsorted(z[order], _SERIES_LARGEST / (1 - _SERIES_LARGEST))
    pending = [order[short:]]
    for start in range(0, short, _SERIES_BLOCK):
        rows = order[start : min(start + _SERIES_BLOCK, short)]
        result[rows], bound = series(r[rows], a[rows], b[rows], z[rows])
        pending.append(rows[~(bound <= tolerance)])
    hard = np.concatenate(pending)
    for start in range(0, hard.size, _QUADRATURE_BLOCK):
        rows = hard[start : start + _QUADRATURE_BLOCK]
        result[rows] = quadrature(r[rows], a[rows], b[rows], z[rows])
    return result.reshape(shape)


def _series(r: Floats, a: Floats, b: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Euler's transformation of 2F1(r, b; a+b-1; u), with the pole at a = 1 divided out; and a bound of its error.

    With u = z/(1+z), c = a+b-1 and k = c - r, (1-u)^r 2F1(r, b; c; u) = (1-u)^(a-1) 2F1(k, a-1; c; u), so that

        E = c (1 - (1+z)^(1-a)) / (a-1)  -  (1+z)^(1-a) k u S,   S = sum_n (k+1)_n (a)_n / ((c+1)_n (2)_n) u^n.

    Neither c nor a - 1 divides anything. An update by x purchases leaves k as it is and makes c larger by x: the more
    purchases, the fewer terms.
    """
    u, c, log_growth = z / (1 + z), a + b - 1, np.log1p(z)
    k = c - r
    exponent = (1 - a) * log_growth
    ratio = np.divide(np.expm1(exponent), exponent, out=np.ones_like(u), where=exponent != 0)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # such rows go to the quadrature
        total, size, remainder, terms = _sum_terms(k + 1, a, c + 1, 2, u)
        leading, following = c * log_growth * ratio, np.exp(exponent) * k * u
        mean = leading - following * total
        rounding = _EPS * (16 + terms + np.abs(exponent)) * (np.abs(leading) + np.abs(following) * size)
        error = rounding + np.abs(following) * remainder
        return mean, error / np.abs(mean)


def _sum_terms(k: Floats, a: Floats, c: Floats, d: int, u: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Sum of (k)_n (a)_n / ((c)_n (d)_n) u^n, of its terms' sizes, a bound of what is left out, terms that mattered."""
    term, total, size = np.ones_like(u), np.ones_like(u), np.ones_like(u)
    remainder, terms = np.full_like(u, np.inf), np.full_like(u, _STRIDE)
    factor, work = np.empty_like(u), np.empty_like(u)
    for n in range(_SERIES_TERMS):
        np.add(k, n, out=factor)
        np.add(a, n, out=work)
        factor *= work
        np.add(c, n, out=work)
        work *= n + d
        factor /= work
        factor *= u
        term *= factor
        total += term
        np.abs(term, out=work)
        size += work
        if n % _STRIDE == _STRIDE - 1:
            # From here on the ratio of two terms lies between this one and its limit u.
            steepest = np.maximum(np.abs(factor), u)
            remainder = np.where((steepest < 1) & (k + n > 0), work * steepest / (1 - steepest), np.inf)
            going = remainder > _EPS * size
            if not np.any(going):
                break
            terms[going] = n + _STRIDE
    return total, size, remainder, terms


def _quadrature(r: Floats, a: Floats, b: Floats, z: Floats) -> Floats:
    """Composite Gauss-Legendre rule in y = logit p, where the integrand is smooth on a scale of 1 or of its peak.

    The ends, where p or 1 - p no longer matter to the integrand, are taken by the incomplete beta function.
    """
    # p times the integrand's other factor grows with p and that factor falls: to the left the integrand falls at least
    # as the density of Beta(a - 1, b) does, to the right as that of Beta(a, b).
    low = np.log(_END) - np.log((r + 1) * z + b + 1)
    low = np.maximum(low, _log_odds_where_negligible(np.maximum(a - 1, _END), b, -1))
    high = np.log(a + 1) - np.log(_END)
    high = np.maximum(np.minimum(high, _log_odds_where_negligible(a, b, 1)), low)
    width = (high - low) / _PANELS
    panels = low[:, None] + width[:, None] * np.arange(_PANELS)
    y = (panels[:, :, None] + width[:, None, None] * ((_NODES + 1) / 2)).reshape(r.size, -1)
    log_p = np.minimum(y, 0) - np.log1p(np.exp(-np.abs(y)))
    density = np.exp(a[:, None] * log_p + b[:, None] * (log_p - y) - special.betaln(a, b)[:, None])
    density *= np.tile(_WEIGHTS, _PANELS) * (width[:, None] / 2)
    given_p = _given_dropout(r[:, None], np.exp(log_p), z[:, None])
    below, above = special.betainc(a, b, special.expit(low)), special.betainc(b, a, special.expit(-high))
    # The nodes' own mass normalises: rounding of the density's constant cancels.
    middle = (1 - below - above) * (density * given_p).sum(axis=1) / density.sum(axis=1)
    at_low = _given_dropout(r, special.expit(low) * a / (a + 1), z)
    at_high = _given_dropout(r, 1 - special.expit(-high) * b / (b + 1), z)
    return np.asarray(middle + below * at_low + above * at_high)


def _log_odds_where_negligible(a: Floats, b: Floats, side: int) -> Floats:
    """Log odds of p, to one side of the peak, where the density of Beta(a, b) over them has fallen by exp(-_CUT).

    With curvature h = ab/(a+b) at the peak it falls by at least h (d - 1 + exp(-d)) within d.
    """
    fall = _CUT * (1 / a + 1 / b)
    return np.asarray(np.log(a) - np.log(b) + side * (fall + np.sqrt(2 * fall)))


def _given_dropout(r: Floats, p: Floats, z: Floats) -> Floats:
    """Expected purchases given the dropout probability."""
    return np.asarray(-np.expm1(-r * np.log1p(p * z)) / p)


def _survival_series(r: Floats, a: Floats, b: Floats, z: Floats) -> tuple[Floats, Floats]:
    """S = 2F1(r, a; a+b; -z) after Pfaff's transformation (A&S 15.3.4), and a bound of its error.

    With u = z/(1+z) it is (1+z)^-a 2F1(a+b-r, a; a+b; u). Where r > a+b the first terms alternate; the sum of their
    sizes tells what that costs.
    """
    log_growth = np.log1p(z)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # such rows go to the quadrature
        total, size, remainder, terms = _sum_terms(a + b - r, a, a + b, 1, z / (1 + z))
        rounding = _EPS * (16 + terms + a * log_growth) * size
        return np.exp(-a * log_growth) * total, (rounding + remainder) / np.abs(total)


def _survival_quadrature(r: Floats, a: Floats, b: Floats, z: Floats) -> Floats:
    """Gauss-Legendre rule in the log odds of p, on panels that follow the integrand down from its peak.

    Log odds are measured from ln(a/b), where the density of Beta(a, b) over them has its peak: with d the distance,
    p0 = a/(a+b) and q0 = b/(a+b),

        ln (p/p0) = -ln(1 + q0 (exp(-d) - 1)),    ln (q/q0) = -ln(1 + p0 (exp(d) - 1)),

    so that large parameters multiply small numbers. The integrand p^a q^b (1 + p z)^-r rises to one peak and falls.
    """
    r, a, b, z = (v[:, None] for v in (r, a, b, z))
    p0, q0 = a / (a + b), b / (a + b)

    def log_integrand(d: Floats) -> Floats:
        to_p, to_q = np.log1p(q0 * np.expm1(-d)), np.log1p(p0 * np.expm1(d))
        return np.asarray(-a * to_p - b * to_q - r * np.log1p(p0 * z * np.exp(-to_p)))

    # Up to p = near and from 1 - p = far on, the integrand is a power of p or 1 - p but for a factor 1 + O(_END).
    rise, fall = a + b + r * z, a + b - r * z / (1 + z)
    near, far = _END / (1 + rise + z), _END / (1 + a + b + r)
    low, high = np.log(near) - np.log(a) + np.log(b), -np.log(far) - np.log(a) + np.log(b)
    peak = np.clip(_peak(r, a, b, z), low, high)
    top = log_integrand(peak)

    def falls(end: Floats) -> Floats:
        """Where the integrand has fallen by each of _DROPS on the way from its peak to the end, or that end."""
        inside, outside = (np.broadcast_to(v, (r.size, _DROPS.size)) for v in (peak, end))
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            fallen = log_integrand(middle) < top - _DROPS
            inside, outside = np.where(fallen, inside, middle), np.where(fallen, middle, outside)
        return outside

    edges = np.concatenate([falls(low)[:, ::-1], peak, falls(high)], axis=1)
    widths = np.diff(edges, axis=1)
    d = (edges[:, :-1, None] + widths[:, :, None] * _UNIT_NODES).reshape(r.size, -1)
    values = np.exp(log_integrand(d) - top).reshape(*widths.shape, -1)
    total = (widths * (values @ _UNIT_WEIGHTS)).sum(axis=1, keepdims=True)
    total += np.exp(log_integrand(low) - top + rise * near / (a + 1)) / a
    total += np.exp(log_integrand(high) - top + fall * far / (b + 1)) / b
    # Of the density at its peak, a^a b^b / ((a+b)^(a+b) B(a, b)), only what Stirling's formula leaves.
    left = stirling_error(a) + stirling_error(b) - stirling_error(a + b) + np.log(2 * np.pi * (a + b) / (a * b)) / 2
    return np.asarray(np.exp(top + np.log(total) - left)[:, 0])


def _peak(r: Floats, a: Floats, b: Floats, z: Floats) -> Floats:
    """Log of the odds of p, over a/b, at which p^a (1-p)^b (1 + p z)^-r is largest: a root of a quadratic equation."""
    tilt = a * (1 + z) - b - r * z
    root = np.sqrt(tilt**2 + 4 * a * b * (1 + z))
    return np.asarray(np.log(np.where(tilt > 0, (tilt + root) / (2 * a * (1 + z)), 2 * b / (root - tilt))))
