"""How good probabilities are, in every respect at once, with intervals over customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from scipy.special import expit, logit

from customer_value.churn._ranked import Floats, dot, running
from customer_value.churn._resampling import percentiles
from customer_value.churn._roc_hull import hull_corners
from customer_value.churn._stability import calibration
from customer_value.churn.empc import expected_maximum, maximum
from customer_value.churn.ranking import average_precision, gini, lift_of_top

Whole = np.ndarray[Any, np.dtype[np.int64]]
# Takes the churners and the others by distinct probability, highest first, and these probabilities.
Measures = Callable[[Floats, Floats, Floats], dict[str, float]]

_TOP = 0.1
_BINS = 10
_SURE = 1e-12  # probabilities are kept this far from 0 and 1
_STEPS = 100
_FEWEST = 0.5  # of the resamples that must hold both outcomes for an interval


def ranking_measures(y: Floats, n: Floats, p: Floats) -> dict[str, float]:
    """Return how well probabilities rank customers, and how near they are to what happened."""
    ranked = gini(y, n)
    return {
        "auc": (ranked + 1) / 2,
        "gini": ranked,
        "top_decile_lift": lift_of_top(y, n, _TOP),
        "average_precision": average_precision(y, n),
        "brier": float((dot(y, (1 - p) ** 2) + dot(n, p**2)) / (y.sum() + n.sum())),
        "observed_expected": float(y.sum() / dot(y + n, p)),
    }


def every_measure(costs: Mapping[str, float], alpha: float, beta: float, acceptance: float) -> Measures:
    """Return a function that gives these and the profit."""

    def of(y: Floats, n: Floats, p: Floats) -> dict[str, float]:
        corners = hull_corners(y, n)
        return ranking_measures(y, n, p) | {
            "empc": expected_maximum(corners, **costs, alpha=alpha, beta=beta)[0],
            "mpc": maximum(corners, **costs, acceptance=acceptance)[0],
        }

    return of


def quality(
    y: Floats,
    probabilities: Mapping[str, Floats],
    customers: Whole,
    wanted: Sequence[str],
    measure: Measures,
    *,
    interval: float,
    n_resamples: int,
    random_state: int,
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, Floats]]]:
    """Return each model's measures with their intervals, and the resampled values, which all models share.

    Customers are drawn with replacement, each with all of his rows: snapshots of one customer are not independent.
    """
    ranked = {name: _Ranked(y, p) for name, p in probabilities.items()}
    found = {name: dict.fromkeys(wanted, np.nan) for name in probabilities}
    draws = {name: {each: np.full(n_resamples, np.nan) for each in wanted} for name in probabilities}
    for i, weight in enumerate(chain([np.ones(y.size)], _resampled(customers, n_resamples, random_state))):
        if not 0 < dot(weight, y) < weight.sum():
            continue
        for name, ranking in ranked.items():
            said = measure(*ranking.counts(weight), ranking.probabilities)
            for each in wanted:
                if i:
                    draws[name][each][i - 1] = said[each]
                else:
                    found[name][each] = said[each]
    for name in probabilities:
        for each in wanted:
            lower, upper = interval_of(draws[name][each], interval)
            found[name] |= {f"{each}_lower": lower, f"{each}_upper": upper}
    return found, draws


class _Ranked:
    """Customers in the order of their probabilities, highest first, so that counts run through memory once."""

    def __init__(self, y: Floats, p: Floats) -> None:
        self._order = np.argsort(-p, kind="stable")
        descending = p[self._order]
        self._starts = np.flatnonzero(np.append(True, descending[1:] != descending[:-1]))
        self._y = y[self._order]
        self.probabilities: Floats = descending[self._starts]

    def counts(self, weight: Floats) -> tuple[Floats, Floats]:
        """Return the churners and the others by distinct probability."""
        w = weight[self._order]
        churners = np.add.reduceat(w * self._y, self._starts)
        return churners, np.add.reduceat(w, self._starts) - churners


def _by_group(group: np.ndarray[Any, Any], counts: Floats, groups: int) -> Floats:
    return np.asarray(np.bincount(group, counts, minlength=groups), dtype=np.float64)


def interval_of(draws: Floats, interval: float) -> tuple[float, float]:
    """Return the percentile interval, NaN where too few resamples have the measure at all."""
    there = draws[~np.isnan(draws)]
    return percentiles(there, interval) if there.size > _FEWEST * draws.size else (np.nan, np.nan)


def _resampled(customers: Whole, n_resamples: int, random_state: int) -> Iterator[Floats]:
    # Codes follow the order of the ids, so neither the order of rows nor their number moves a draw.
    distinct, code = np.unique(customers, return_inverse=True)
    rng = np.random.default_rng(random_state)
    for _ in range(n_resamples):
        times = np.bincount(rng.integers(distinct.size, size=distinct.size), minlength=distinct.size)
        yield times[code].astype(np.float64)


def calibration_measures(y: Floats, p: Floats) -> dict[str, float]:
    """Return mean probability, slope and intercept of the recalibration, and the calibration error over ten bins."""
    return {
        "mean_probability": float(np.sort(p).mean()),
        "churn_rate": float(y.mean()),
        "calibration_slope": calibration(y, p).slope,
        "calibration_intercept": _intercept(y, p),
        "calibration_error": _calibration_error(y, p),
    }


def _intercept(y: Floats, p: Floats) -> float:
    """Shift of the log odds that makes the probabilities add up to the churners, by Newton's steps (Cox 1958)."""
    if y.min() == y.max():
        return np.nan
    odds = logit(np.clip(np.sort(p), _SURE, 1 - _SURE))
    shift = 0.0
    for _ in range(_STEPS):
        now = expit(odds + shift)
        step = float((y.sum() - now.sum()) / dot(now, 1 - now))
        shift += float(np.clip(step, -1, 1))
        if abs(step) < _SURE:
            return shift
    return np.nan


def _calibration_error(y: Floats, p: Floats) -> float:
    """Mean distance of probability and churn rate over ten bins of equal size, ties shared."""
    negative, group = np.unique(-p, return_inverse=True)
    customers = _by_group(group, np.ones(y.size), negative.size)
    borders = y.size * np.arange(_BINS + 1) / _BINS
    ends = running(customers)
    claimed, seen = (
        np.diff(np.interp(borders, ends, running(sums)))
        for sums in (-negative * customers, _by_group(group, y, negative.size))
    )
    return float(np.abs(claimed - seen).sum() / y.size)


def differences(
    found: Mapping[str, Mapping[str, float]],
    draws: Mapping[str, Mapping[str, Floats]],
    wanted: Sequence[str],
    interval: float,
) -> list[dict[str, Any]]:
    """Compare the first model with the second, on the same resamples: what one has more than the other."""
    model, baseline = found
    rows = []
    for measure in wanted:
        lower, upper = interval_of(draws[model][measure] - draws[baseline][measure], interval)
        rows.append(
            {
                "measure": measure,
                "of_model": found[model][measure],
                "of_baseline": found[baseline][measure],
                "difference": found[model][measure] - found[baseline][measure],
                "difference_lower": lower,
                "difference_upper": upper,
            }
        )
    return rows
