"""How far two samples are apart: stability index, Kolmogorov-Smirnov distance, and calibration against outcomes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import chdtrc, expit, ndtr
from scipy.special import logit as log_odds

from customer_value.churn._feature_columns import Floats

_EMPTY = 0.5  # rows that an empty bin counts for, so that the index stays finite
_SURE = 1e-12  # probabilities are kept this far from 0 and 1
_STEPS = 50
_NEAR_ENOUGH = 1e-10


class Stability(NamedTuple):
    """A population stability index, what chance alone gives, and how likely chance gives as much."""

    psi: float
    by_chance: float
    p_value: float


class Calibration(NamedTuple):
    """Observed over expected leavers, and the slope of the outcome on the score's log odds, with standard errors."""

    ratio: float
    ratio_error: float  # of the logarithm
    slope: float
    slope_error: float


def stability(before: Floats, after: Floats) -> Stability:
    """Compare counts per bin: sum (q - p) log(q / p) over the bins' shares p before and q after.

    The symmetric divergence of H. Jeffreys (1946). Without drift it is about (1/n + 1/m) times a chi-square of bins - 1
    degrees of freedom (B. Yurdakul and J. Naranjo (2020), *Journal of Risk Model Validation* 14), whence the size that
    chance gives. A bin empty in one sample counts as half a row there.
    """
    used = (before + after) > 0
    n, m = before.sum(), after.sum()
    p, q = (np.maximum(counts[used], _EMPTY) / counts.sum() for counts in (before, after))
    psi = float(((q - p) * np.log(q / p)).sum())
    freedom, scale = int(used.sum()) - 1, 1 / n + 1 / m
    p_value = float(chdtrc(freedom, max(psi, 0.0) / scale)) if freedom > 0 else 1.0
    return Stability(psi, float(freedom * scale), p_value)


def ks_distance(before: Floats, after: Floats) -> float:
    """Return the largest distance of two distribution functions (Kolmogorov-Smirnov); NaN where a side is empty."""
    if not before.size or not after.size:
        return np.nan
    values = np.concatenate([before, after])
    shares = [np.searchsorted(np.sort(part), values, side="right") / part.size for part in (before, after)]
    return float(np.abs(shares[0] - shares[1]).max())


def calibration(y: Floats, probability: Floats) -> Calibration:
    """Judge probabilities by outcomes: by their sum, and by logistic regression on their log odds (D. R. Cox, 1958).

    A slope below 1 says that the probabilities are too extreme. NaN where one outcome is lacking, or where the
    regression has no end because the score separates the outcomes.
    """
    order = np.lexsort((y, probability))  # sums then never depend on the order of the rows
    y, probability = y[order], probability[order]
    observed, expected = float(y.sum()), float(probability.sum())
    if observed == 0 or expected == 0 or observed == y.size:
        return Calibration(observed / expected if expected else np.nan, np.nan, np.nan, np.nan)
    error = np.sqrt((1 - observed / y.size) / observed)
    slope, slope_error = _slope(y, log_odds(np.clip(probability, _SURE, 1 - _SURE)))
    return Calibration(observed / expected, float(error), slope, slope_error)


def difference_p_value(one: float, one_error: float, other: float, other_error: float) -> float:
    """Return the two-sided p-value of two independent estimates being the same."""
    error = np.hypot(one_error, other_error)
    return float(2 * ndtr(-abs(one - other) / error)) if error > 0 else np.nan


def _slope(y: Floats, x: Floats) -> tuple[float, float]:
    """Return the slope of a logistic regression with its standard error, by Newton's steps."""
    if np.ptp(x) == 0:
        return np.nan, np.nan
    centred = (x - x.mean()) / x.std()
    design = np.column_stack([np.ones_like(x), centred])
    beta = np.array([log_odds(y.mean()), 0.0])
    for _ in range(_STEPS):
        p = expit(design @ beta)
        information: np.ndarray[Any, Any] = (design * (p * (1 - p))[:, None]).T @ design
        if np.linalg.cond(information) > 1 / _SURE:
            break
        step = np.linalg.solve(information, design.T @ (y - p))
        beta = beta + step
        if np.abs(step).max() < _NEAR_ENOUGH:
            error = np.sqrt(np.linalg.inv(information)[1, 1])
            return float(beta[1] / x.std()), float(error / x.std())
    return np.nan, np.nan
