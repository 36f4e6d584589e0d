"""Intervals of means of skewed values, which customers' values are."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import stdtrit

Floats = np.ndarray[Any, np.dtype[np.float64]]


def mean_interval(values: Floats, interval: float) -> tuple[float, float]:
    """Return the skewness-corrected interval of a mean; NaN for fewer than two values.

    Hall, P. (1992), "On the removal of skewness by transformation", *JRSS B* 54, 221-228: with the sample's standard
    deviation s and skewness g, the studentised mean W = (mean - mu) / s is carried by the monotone cubic

        W + g W^2 / 3 + g^2 W^3 / 27 + g / (6 n)

    to where the normal, here Student's t, is right to the next order. Without skewness it is Student's interval.
    """
    n = values.size
    if n < 2:
        return np.nan, np.nan
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    if spread == 0:
        return mean, mean
    skewness = float(np.mean(((values - mean) / values.std()) ** 3))
    quantile = stdtrit(n - 1, (1 + interval) / 2) / np.sqrt(n)
    lower, upper = (mean - spread * _inverse(y, skewness, n) for y in (quantile, -quantile))
    return lower, upper


def _inverse(y: float, skewness: float, n: int) -> float:
    """Return the W that the cubic carries to y.

    The cubic is ((1 + g W / 3)^3 - 1) / g + g / (6 n). With c the cube root, (c - 1) / u = 1 / (c^2 + c + 1), which
    loses no digits where the skewness is small.
    """
    rest = y - skewness / (6 * n)
    c = np.cbrt(1 + skewness * rest)
    return float(3 * rest / (c * c + c + 1))
