"""Special functions as two or more models need them: ratios in logs, differences without cancellation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]

# From this argument on, eight terms of Stirling's series are exact in double precision.
_SHIFT = np.arange(10.0)
# B_2j / (2j (2j - 1)), j = 2..8: Stirling's series of ln Gamma after its first term, 1/12 (A&S 6.1.40).
_STIRLING = np.array([-1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400])
_POWERS = np.arange(1.0, 8.0)
_ORDER = 2 * _POWERS + 2
_TAILS = np.array([_STIRLING, _STIRLING * (_ORDER - 1), _STIRLING * (_ORDER - 1) * _ORDER])
_LARGE_ODDS = 1e3  # from here on the complement of odds / (1 + odds) has more digits
LARGEST_TABLE = 100_000  # whole numbers up to here are looked up in a table


def gamma_ratio(c: ArrayLike, k: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return ln Gamma(c + k) - ln Gamma(c) and its first two derivatives with respect to c.

    Differences of the library functions lose their digits where c is large and k is not, or where k is small; here
    every difference is taken analytically, so all three keep their relative precision.

    Parameters
    ----------
    c, k
        Positive numbers that broadcast; k may be 0.

    Returns
    -------
    The log ratio, psi(c + k) - psi(c), and psi'(c + k) - psi'(c).

    Notes
    -----
    Gamma(c + k) / Gamma(c) = Gamma(C + k) / Gamma(C) * prod_i (c + i) / (c + k + i) with C = c + 10, and Stirling's
    series (A&S 6.1.40, 6.3.18, 6.4.12) at C and C + k, subtracted power by power.
    """
    c, k = np.broadcast_arrays(np.asarray(c, dtype=np.float64), np.asarray(k, dtype=np.float64))
    steps = c[..., None] + _SHIFT
    above = steps + k[..., None]
    gaps = k[..., None] / (steps * above)  # 1/(c + i) - 1/(c + k + i)
    low = c + _SHIFT.size
    high = low + k
    p, q = 1 / low, 1 / high
    gap = k * p * q
    p_gap = gap * (p + q)  # 1/C^2 - 1/(C + k)^2
    growth = np.log1p(k * p)
    tail, tail_1, tail_2 = _stirling_tails(p, q)
    log_ratio = (low - 0.5) * growth + k * np.log(high) - k - np.log1p(gaps * above).sum(axis=-1) - gap / 12 - tail
    first = growth + gap / 2 + p_gap / 12 + tail_1 + gaps.sum(axis=-1)
    second = -gap - p_gap / 2 - gap * (p * (p + q) + q * q) / 6 - tail_2 - (gaps * (1 / steps + 1 / above)).sum(axis=-1)
    return log_ratio, first, second


def _stirling_tails(p: Floats, q: Floats) -> Floats:
    """Stirling's series of ln Gamma from its second term on and of its derivatives (sizes): at 1/p less at 1/q."""
    ends = np.stack([p, q])
    z = ends * ends
    powers = z.reshape(1, -1) ** _POWERS[:, None]
    tails = (_TAILS @ powers).reshape(3, *z.shape) * np.stack([ends, z, ends * z])
    return np.asarray(tails[:, 0] - tails[:, 1])


def stirling_error(x: ArrayLike) -> Floats:
    """Return ln Gamma(x) less Stirling's formula (x - 1/2) ln x - x + ln(2 pi) / 2, of small absolute error."""
    x = np.asarray(x, dtype=np.float64)
    large = np.maximum(x, _SHIFT.size)
    powers = large[..., None] ** -(2 * _POWERS + 1)
    series = 1 / (12 * large) + powers @ _STIRLING
    difference = special.gammaln(x) - (x - 0.5) * np.log(x) + x - np.log(2 * np.pi) / 2
    return np.asarray(np.where(x < _SHIFT.size, difference, series))


def beta_cdf_at_odds(a: ArrayLike, b: ArrayLike, odds: ArrayLike) -> Floats:
    """Return P(Y <= odds / (1 + odds)) for Y ~ Beta(a, b), whose odds may be so large that Y is rounded to 1."""
    a, b, odds = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (a, b, odds)))
    chance: Floats = np.asarray(special.betainc(a, b, odds / (1 + odds)), dtype=np.float64)
    large = odds > _LARGE_ODDS
    if np.any(large):
        chance = np.asarray(np.where(large, special.betaincc(b, a, 1 / (1 + odds)), chance), dtype=np.float64)
    return chance


def distinct_whole(x: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Return the distinct values of whole numbers, sorted, and the place of each row's value among them.

    Special functions of counts are evaluated once for each count that occurs; no sort is needed to find them.
    """
    if x.size and x.max() > LARGEST_TABLE:
        values, places = np.unique(x, return_inverse=True)
        return values, places
    whole = x.astype(np.intp)
    present = np.bincount(whole) > 0
    return np.flatnonzero(present).astype(np.float64), (np.cumsum(present) - 1)[whole]


def count_totals(x: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the distinct values of whole numbers, sorted, and the weight of each; values of no weight are left out."""
    if x.size and x.max() > LARGEST_TABLE:
        values, places = np.unique(x, return_inverse=True)
        return values, np.asarray(np.bincount(places, weights, values.size), dtype=np.float64)
    totals = np.asarray(np.bincount(x.astype(np.intp), weights), dtype=np.float64)
    present = np.flatnonzero(totals)
    return present.astype(np.float64), totals[present]


def weighted_sums(rows: Floats, weights: Floats) -> Floats:
    """Return each row's sum over customers, each with a weight.

    Not a matrix product: that one is split over threads, and its rounding would depend on how many there are.
    """
    return np.asarray(np.einsum("ij,j->i", rows, weights))
