"""From scores on the log-odds scale to probabilities that mean what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import expit
from sklearn.isotonic import isotonic_regression

Floats = np.ndarray[Any, np.dtype[np.float64]]
Method = Literal["isotonic", "beta", "sigmoid", "temperature"]

FEW_EVENTS = 30  # of the rarer class: below, two parameters are noise
SOME_EVENTS = 200  # from here on a third parameter is known, for tails that bend apart
MANY_EVENTS = 5000  # from here on a free monotone curve is known better than three parameters are right
_WIDEST = 9.0  # log-odds of 1 in 8,000
_MOST_STEPS = 100


def method_by_size(rarer: float) -> Method:
    """Choose a calibration by the number of rows of the rarer class, at least `FEW_EVENTS`."""
    if rarer < SOME_EVENTS:
        return "sigmoid"
    return "beta" if rarer < MANY_EVENTS else "isotonic"


def log_odds(probability: Floats) -> Floats:
    """Log-odds of probabilities, finite at 0 and 1."""
    p = np.clip(probability, 1e-12, 1 - 1e-12)
    odds: Floats = np.log(p) - np.log1p(-p)
    return odds


def within(scores: Floats) -> Floats:
    """Scores held to where probabilities are still told apart."""
    held: Floats = np.clip(scores, -_WIDEST, _WIDEST)
    return held


@dataclass(frozen=True)
class Line:
    """Log-odds as a straight line of the score."""

    slope: float
    intercept: float

    def __call__(self, scores: Floats) -> Floats:
        odds: Floats = self.slope * scores + self.intercept
        return odds


@dataclass(frozen=True)
class TwoSlopes:
    """Log-odds as ``a ln p - b ln(1 - p) + c`` of the score's own probability p: one slope in each tail."""

    low: float
    high: float
    intercept: float

    def __call__(self, scores: Floats) -> Floats:
        odds: Floats = _tails(scores) @ np.array([self.low, self.high, self.intercept])
        return odds


@dataclass(frozen=True)
class Curve:
    """Log-odds as a strictly increasing curve through points; beyond the outer ones it goes on straight."""

    scores: Floats
    values: Floats

    def __call__(self, scores: Floats) -> Floats:
        x, v = self.scores, self.values
        if x.size == 1:
            return np.full(scores.shape, v[0])
        # A steeper end would make the few rows beyond it certain on the word of two blocks.
        first, last = (min(1.0, (v[i + 1] - v[i]) / (x[i + 1] - x[i])) for i in (0, x.size - 2))
        inside = np.interp(scores, x, v)
        odds: Floats = inside + first * np.minimum(scores - x[0], 0.0) + last * np.maximum(scores - x[-1], 0.0)
        return odds


Calibrator = Line | TwoSlopes | Curve


def fit_calibrator(method: Method, scores: Floats, events: Floats, weights: Floats) -> Calibrator:
    """Fit a calibration to scores of rows that their model has not seen."""
    fits: dict[Method, Callable[[Floats, Floats, Floats], Calibrator]] = {
        "sigmoid": _sigmoid,
        "beta": _beta,
        "temperature": _temperature,
        "isotonic": _isotonic,
    }
    return fits[method](scores, events, weights)


def _smoothed(events: Floats, weights: Floats) -> Floats:
    """Platt (1999): targets a little inside 0 and 1, as if each class had one more row, so that slopes stay finite."""
    positive, negative = weights @ events, weights @ (1 - events)
    return np.where(events > 0, (positive + 1) / (positive + 2), 1 / (negative + 2))


def _sigmoid(scores: Floats, events: Floats, weights: Floats) -> Line:
    """Platt (1999): log-odds = a score + b."""
    design = np.column_stack([scores, np.ones_like(scores)])
    slope, intercept = logistic_fit(design, _smoothed(events, weights), weights)
    if slope > 0:
        return Line(float(slope), float(intercept))
    return Line(0.0, float(log_odds(np.asarray(weights @ events / weights.sum()))))


def _tails(scores: Floats) -> Floats:
    return np.column_stack([-np.logaddexp(0, -scores), np.logaddexp(0, scores), np.ones_like(scores)])


def _beta(scores: Floats, events: Floats, weights: Floats) -> Line | TwoSlopes:
    """Beta calibration (Kull, Silva Filho & Flach 2017); a line where it would not increase."""
    low, high, intercept = logistic_fit(_tails(scores), _smoothed(events, weights), weights)
    if low > 0 and high > 0:
        return TwoSlopes(float(low), float(high), float(intercept))
    return _sigmoid(scores, events, weights)


def _temperature(scores: Floats, events: Floats, weights: Floats) -> Line:
    """Guo et al. (2017): log-odds = score / temperature."""
    slope = logistic_fit(scores[:, None], _smoothed(events, weights), weights)[0]
    return Line(max(float(slope), 0.0), 0.0)


def _isotonic(scores: Floats, events: Floats, weights: Floats) -> Curve:
    """Isotonic regression (Zadrozny & Elkan 2002), with a strictly increasing curve through its blocks.

    The regression is a staircase, and on a stair the ranking of the scores is lost. As Oron & Flournoy (2017) propose,
    each stair is taken as one point at its centre. Small stairs at the ends stand at 0 or 1; a row's worth of the
    overall rate is added to each, and what is no longer increasing is pooled again.
    """
    x, level = np.unique(scores, return_inverse=True)
    n: Floats = np.bincount(level, weights=weights).astype(np.float64)
    y: Floats = np.bincount(level, weights=weights * events) / n
    x, y, n = _blocks(x, y, n)
    rate = weights @ events / weights.sum()
    x, y, n = _blocks(x, (y * n + rate) / (n + 1), n)
    return Curve(x, log_odds(y))


def _blocks(x: Floats, y: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Pool adjacent violators; return centre, level and weight of each block."""
    fitted = isotonic_regression(y, sample_weight=n)
    block = np.r_[0, np.cumsum(np.diff(fitted) > 1e-12)]
    total: Floats = np.bincount(block, weights=n).astype(np.float64)
    return np.bincount(block, weights=n * x) / total, np.bincount(block, weights=n * fitted) / total, total


def logistic_fit(design: Floats, targets: Floats, weights: Floats) -> Floats:
    """Maximum likelihood of a logistic regression on a few columns, by Newton's method with halved steps.

    Targets may lie between 0 and 1. The small ridge keeps columns that say the same thing apart.
    """
    ridge = 1e-9 * weights.sum()
    beta = np.zeros(design.shape[1])

    def loss(at: Floats) -> float:
        eta = design @ at
        return float(weights @ (np.logaddexp(0.0, eta) - targets * eta) + 0.5 * ridge * at @ at)

    now = loss(beta)
    for _ in range(_MOST_STEPS):
        p = expit(design @ beta)
        gradient = design.T @ (weights * (p - targets)) + ridge * beta
        hessian = (design.T * (weights * p * (1 - p))) @ design + ridge * np.eye(beta.size)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        # Next to the optimum the loss falls by less than its rounding, which says nothing of a step.
        rounding = 1e-12 * (1.0 + abs(now))
        while (then := loss(beta - size * step)) > now and gradient @ step > rounding and size > 1e-9:
            size /= 2
        beta, now = beta - size * step, min(then, now)
        if np.abs(step).max() < 1e-10 * (1 + np.abs(beta).max()):
            break
    return beta


def stacking_weights(scores: Floats, events: Floats, weights: Floats) -> Floats:
    """Weights of members' scores (columns), half of the way from equal ones to those of highest likelihood.

    The likelihood is that of a logistic regression of the outcome on the members' scores of unseen rows, with weights
    of 0 or above (stacking: Wolpert 1992; Breiman 1996 for the sign), divided by their sum. It cares for the few rows
    whose probability is far off; the half step back to equal weights keeps what a weaker member knows about the order
    of the rest.
    """
    equal = np.full(scores.shape[1], 1 / scores.shape[1])
    active = list(range(scores.shape[1]))
    while active:
        design = np.column_stack([within(scores[:, active]), np.ones(events.size)])
        found = logistic_fit(design, events, weights)[:-1]
        if (found >= 0).all() and found.any():
            best = np.zeros(equal.size)
            best[active] = found / found.sum()
            return (equal + best) / 2
        del active[int(np.argmin(found))]
    return equal
