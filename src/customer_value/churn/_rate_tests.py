"""Is a count out of line with the rate before it: exact tests, intervals and control limits for two Poisson counts.

Given the total n of a recent count x and a baseline count y, under one constant rate x is binomial with the share s of
the time (times the common trend, if there is one) that the recent window takes (J. Przyborowski and H. Wilenski (1940),
*Biometrika* 31, 313-323). Whether a test can reject at all depends on n and s alone, so leaving out the tests that
cannot does not touch the level of the others (R. E. Tarone (1990), *Biometrics* 46, 515-522).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy.special import betainc, betaincinv
from scipy.stats import nbinom

Floats = np.ndarray[Any, np.dtype[np.float64]]
Direction = Literal["fewer", "more", "either"]

DIRECTIONS: tuple[str, ...] = ("fewer", "more", "either")


def rate_p_values(x: Floats, y: Floats, share: Floats, direction: str) -> Floats:
    """Return exact p-values of one constant rate; for "either" twice the smaller tail, at most 1."""
    n = x + y
    fewer: Floats = np.where(x < n, betainc(np.maximum(n - x, 1), x + 1, 1 - share), 1.0)  # P(X <= x)
    more: Floats = np.where(x > 0, betainc(np.maximum(x, 1), n - x + 1, share), 1.0)  # P(X >= x)
    return _in_direction(fewer, more, direction)


def least_p_values(n: Floats, share: Floats, direction: str) -> Floats:
    """Return the smallest p-value that a total of n can give."""
    return _in_direction((1 - share) ** n, share**n, direction)


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
        p = np.where(x > 0, betaincinv(np.maximum(x, 1), y + 1, alpha), 0.0)
        q = np.where(y > 0, betaincinv(x + 1, np.maximum(y, 1), 1 - alpha), 1.0)
        lower, upper = p / (1 - p) / odds, q / (1 - q) / odds
    none = x + y == 0
    return ratio, np.where(none, np.nan, lower), np.where(none, np.nan, upper)


def control_limits(y: Floats, share: Floats, interval: float) -> tuple[Floats, Floats]:
    """Return the least and the largest recent count that the baseline count alone does not make surprising.

    Those x for which the two-sided test on (x, y) does not reject (W. Nelson (1970), *Technometrics* 12, 165-178): its
    tails are those of a negative binomial, P(X <= x | x + y) = P(NB(y, 1 - s) <= x) and P(X >= x | x + y) =
    P(NB(y + 1, 1 - s) >= x).
    """
    alpha = (1 - interval) / 2
    lower = np.where(y > 0, nbinom.ppf(alpha, np.maximum(y, 1), 1 - share), 0.0)
    upper = np.asarray(nbinom.ppf(1 - alpha, y + 1, 1 - share), dtype=np.float64)
    return lower, upper
