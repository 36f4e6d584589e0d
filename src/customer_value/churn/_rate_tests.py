"""Is a count out of line with the rate before it: tests, intervals and control limits for two counts.

Given the total n of a recent count x and a baseline count y, under one constant rate x is binomial with the share s of
the time (times the common trend, if there is one) that the recent window takes (J. Przyborowski and H. Wilenski (1940),
*Biometrika* 31, 313-323). P-values count what was observed by half (mid-p, H. O. Lancaster (1961), *JASA* 56, 223-234),
since the tests of small counts waste most of their level otherwise. Whether a test can reject at all depends on n and s
alone, so leaving out those that cannot does not touch the level of the others (R. E. Tarone (1990), *Biometrics* 46,
515-522).

Counts whose variance is a multiple of their mean are divided by that multiple first: the tails are incomplete beta
functions, which take counts that are not whole.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy.special import betainc, betaincinv

Floats = np.ndarray[Any, np.dtype[np.float64]]
Direction = Literal["fewer", "more", "either"]

DIRECTIONS: tuple[str, ...] = ("fewer", "more", "either")
_FEWEST_PAIRS = 30  # neighbouring windows from which a dispersion can be told


def rate_p_values(x: Floats, y: Floats, share: Floats, direction: str) -> Floats:
    """Return mid-p-values of one constant rate; for "either" twice the smaller tail, at most 1."""
    up_to = np.where(y > 0, betainc(np.where(y > 0, y, 1), x + 1, 1 - share), 1.0)  # P(X <= x)
    from_ = np.where(x > 0, betainc(np.where(x > 0, x, 1), y + 1, share), 1.0)  # P(X >= x)
    fewer: Floats = (up_to + 1 - from_) / 2  # P(X < x) + P(X = x) / 2
    return _in_direction(fewer, 1 - fewer, direction)


def least_p_values(n: Floats, share: Floats, direction: str) -> Floats:
    """Return the smallest p-value that a total of n can give."""
    return _in_direction((1 - share) ** n / 2, share**n / 2, direction)


def _in_direction(fewer: Floats, more: Floats, direction: str) -> Floats:
    if direction == "either":
        twice: Floats = np.minimum(1.0, 2 * np.minimum(fewer, more))
        return twice
    return fewer if direction == "fewer" else more


def rate_ratio(x: Floats, y: Floats, share: Floats, interval: float) -> tuple[Floats, Floats, Floats]:
    """Return the ratio of the recent rate to the baseline's, with its exact interval (Clopper & Pearson 1934).

    The ratio is infinite where the baseline is empty; NaN where both are.
    """
    odds, alpha = share / (1 - share), (1 - interval) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = x / y / odds
        p = np.where(x > 0, betaincinv(np.where(x > 0, x, 1), y + 1, alpha), 0.0)
        q = np.where(y > 0, betaincinv(x + 1, np.where(y > 0, y, 1), 1 - alpha), 1.0)
        lower, upper = p / (1 - p) / odds, q / (1 - q) / odds
    none = x + y == 0
    return ratio, np.where(none, np.nan, lower), np.where(none, np.nan, upper)


def control_limits(y: Floats, share: Floats, interval: float, dispersion: float = 1.0) -> tuple[Floats, Floats]:
    """Return the least and the largest recent count that the baseline count alone does not make surprising.

    Those whole x for which the two-sided test on (x, y) does not reject (W. Nelson (1970), *Technometrics* 12,
    165-178), found by halving: the p-value rises with x up to the expected count and falls beyond it.
    """
    alpha = (1 - interval) / 2

    def tail(x: Floats, direction: str) -> Floats:
        return rate_p_values(x / dispersion, y / dispersion, share, direction)

    top = np.ceil(20 * (y + 10 * dispersion) * share / (1 - share)) + 20 * dispersion
    low, high = np.full(y.size, -1.0), top.copy()
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        enough = (middle >= 0) & (tail(np.maximum(middle, 0), "fewer") > alpha)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    least = high
    low, high = np.zeros(y.size), top
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        enough = tail(middle, "more") > alpha
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return least, low


def dispersion_of(counts: Floats) -> float:
    """Return variance over mean of counts (customers x windows of equal length), pooled; 1 for events at random.

    From differences of neighbouring windows, which customers whose rate drifts, or who have left, touch less than they
    would a plain variance: given his total, the expected square of each is twice his mean count if events are at
    random. 1 where too few are seen.
    """
    known = counts.sum(axis=1) > 1
    pairs = counts.shape[1] - 1
    if pairs < 1 or known.sum() * pairs < _FEWEST_PAIRS:
        return 1.0
    seen = counts[known]
    return float((np.diff(seen, axis=1) ** 2).sum() / (2 * seen.mean(axis=1).sum() * pairs))
