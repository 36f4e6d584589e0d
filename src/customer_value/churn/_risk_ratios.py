"""Risks of two groups compared: ratios with score intervals, and ratios pooled over strata."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import chdtrc

from customer_value._stats.intervals import normal_quantile

Floats = np.ndarray[Any, np.dtype[np.float64]]

_STEPS = 200  # of halving: the bracket of logarithms ends below rounding
_WIDEST = 50.0  # logarithm of the largest ratio looked for


def score_statistic(x: float, n: float, y: float, m: float, ratio: float) -> float:
    """Return Koopman's statistic for risks x / n and y / m at a hypothetical ratio of the two.

    P. A. R. Koopman (1984), *Biometrics* 40, 513-517: Pearson's chi-square, (x - n p)^2 / (n p (1 - p)) +
    (y - m q)^2 / (m q (1 - q)), where q = p / ratio and p is the most likely risk under that ratio, the smaller root of
    (n + m) p^2 - (ratio (n + y) + x + m) p + ratio (x + y) = 0.
    """
    if x + y == 0:  # nobody left: any ratio fits
        return 0.0
    total, linear = n + m, ratio * (n + y) + x + m
    # The root as a quotient: the difference of two large numbers would lose it for large ratios.
    p = 2 * ratio * (x + y) / (linear + np.sqrt(max(linear**2 - 4 * ratio * total * (x + y), 0.0)))
    parts = ((x, n, p), (y, m, p / ratio))
    return sum((k - of * r) ** 2 / (of * r * (1 - r)) if 0 < r < 1 else 0.0 for k, of, r in parts)


def ratio_interval(x: float, n: float, y: float, m: float, interval: float) -> tuple[float, float]:
    """Return Koopman's interval: the ratios of two risks whose statistic is below the bound; NaN if nobody left.

    It is 0 or infinite at one end where one group has no leaver.
    """
    if x + y == 0 or n <= 0 or m <= 0:
        return np.nan, np.nan
    bound = normal_quantile(interval) ** 2
    centre = np.log((x / n) / (y / m)) if x > 0 and y > 0 else 0.0
    if x == 0:
        centre = -_WIDEST
    if y == 0:
        centre = _WIDEST
    ends = []
    for end in (-_WIDEST, _WIDEST):
        inside, outside = centre, end
        for _ in range(_STEPS):
            middle = (inside + outside) / 2
            if score_statistic(x, n, y, m, float(np.exp(middle))) <= bound:
                inside = middle
            else:
                outside = middle
        ends.append(float(np.exp(inside)))
    return (0.0 if x == 0 else ends[0]), (np.inf if y == 0 else ends[1])


def equal_risks_p_value(x: float, n: float, y: float, m: float) -> float:
    """Return the p-value of equal risks, by the statistic that the interval inverts (Pearson's chi-square)."""
    if min(n, m) <= 0 or x + y in (0, n + m):
        return np.nan
    return float(chdtrc(1, score_statistic(x, n, y, m, 1.0)))


def pooled_ratio(x: Floats, n: Floats, y: Floats, m: Floats) -> tuple[float, float]:
    """Return the Mantel-Haenszel risk ratio over strata and the variance of its logarithm.

    S. Greenland and J. M. Robins (1985), *Biometrics* 41, 55-68, eqs. 4 and 13: with N = n + m in each stratum, the
    ratio of sum x m / N to sum y n / N, and sum ((x + y) n m - x y N) / N^2 divided by the product of the two sums.
    NaN where either sum is 0.
    """
    both = (n > 0) & (m > 0)  # a stratum of one group compares nothing
    x, n, y, m = (part[both] for part in (x, n, y, m))
    N = n + m
    with_event, without = float((x * m / N).sum()), float((y * n / N).sum())
    if with_event == 0 or without == 0:
        return np.nan, np.nan
    spread = float((((x + y) * n * m - x * y * N) / N**2).sum())
    return with_event / without, spread / (with_event * without)
