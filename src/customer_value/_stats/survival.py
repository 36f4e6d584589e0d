"""The Kaplan-Meier curve: how long customers stay, when many have not left yet and some came into view late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from customer_value._stats.intervals import normal_quantile
from customer_value._validation import (
    float_array,
    number,
    require_rows,
    require_some,
)
from customer_value.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class SurvivalCurve:
    """A step function that starts at 1 and falls at each time of an event.

    Attributes
    ----------
    time : ndarray
        Times at which an event happened, in order.
    at_risk, events : ndarray
        Customers under observation just before each time, and those with the event at it.
    survival : ndarray
        Estimated share that is still there just after each time.
    standard_error : ndarray
        Greenwood's; NaN where the curve has reached 0.
    lower, upper : ndarray
        Bounds at each time alone, on the scale of log(-log S); NaN where the curve has reached 0.
    last : float
        The greatest duration observed. Nothing is known beyond it, unless the curve has reached 0.
    """

    time: Floats
    at_risk: Floats
    events: Floats
    survival: Floats
    standard_error: Floats
    lower: Floats
    upper: Floats
    last: float

    def at(self, times: ArrayLike) -> Floats:
        """Return the estimated share still there just after each of some times; NaN beyond the last observed."""
        wanted = np.asarray(times, dtype=np.float64)
        steps = np.concatenate([[1.0], self.survival])
        found = steps[np.searchsorted(self.time, wanted, side="right")]
        return np.where((wanted <= self.last) | (found == 0.0), found, np.nan)

    def quantile(self, share: float = 0.5) -> float:
        """Return the first time at which at least this share has left (0.5: the median); NaN if it never was."""
        share = number(share, "share", low=0, high=1, open_ends=True)
        # A product of fractions may miss a round share by its rounding.
        reached = np.flatnonzero(self.survival <= (1 - share) * (1 + 1e-12))
        return float(self.time[reached[0]]) if reached.size else np.nan


def kaplan_meier(
    duration: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    interval: float = 0.95,
) -> SurvivalCurve:
    """Estimate the share of customers still there as a function of time.

    Parameters
    ----------
    duration : array_like
        Time from the customer's start to the event, or to the end of the observation.
    event : array_like of bool
        Whether the event happened at `duration`; otherwise the customer was last seen without it (censored).
    entry : array_like, optional
        Time from the customer's start to the begin of the observation, for customers who are known only because
        they had lasted until then (left truncation). Leaving it out makes such data look more loyal than it is.
        By default everyone is observed from the start.
    weights : array_like, optional
        Number of customers that each row stands for. By default 1.
    interval : float
        Coverage of the bounds, strictly between 0 and 1.

    Returns
    -------
    SurvivalCurve

    Raises
    ------
    InputError
        No rows, arrays of different lengths, a negative or missing duration or weight, an event that is not true
        or false, or an entry that is not before its duration.

    Notes
    -----
    E. L. Kaplan and P. Meier (1958), *JASA* 53, 457-481. J. P. Klein and M. L. Moeschberger (2003), *Survival
    Analysis*: at each time t of an event the curve is multiplied by 1 - d / n (eq. 4.2.1), where n customers have
    entry < t <= duration (section 4.6). One who is censored at t is still at risk at t. The standard error is
    Greenwood's, S sqrt(sum d / (n (n - d))) (eq. 4.2.2); the bounds are S ** exp(-+ z se / (S log S)) (eq. 4.3.2),
    which stay within 0 and 1. With late entry few may be at risk at small times; if all of them leave, the curve
    is 0 from there on.

    Examples
    --------
    >>> curve = kaplan_meier([2, 3, 3, 5, 8], [True, True, False, True, False])
    >>> curve.time, curve.survival.round(2)
    (array([2., 3., 5.]), array([0.8, 0.6, 0.3]))
    >>> curve.quantile(0.5)
    5.0
    """
    z = normal_quantile(interval)
    t, left, start, weight = _checked(duration, event, entry, weights)
    time = np.unique(t[left])
    events = np.bincount(np.searchsorted(time, t[left]), weight[left], minlength=time.size).astype(np.float64)
    at_risk = weight_from(t, weight, time) - weight_from(start, weight, time)
    steps = product_limit(events, at_risk, z)
    return SurvivalCurve(time, at_risk, events, last=float(t.max()), **steps)


def product_limit(events: Floats, at_risk: Floats, z: float) -> dict[str, Floats]:
    """Return the survival curve of events among those at risk, step by step, with its error and bounds.

    Klein and Moeschberger (2003), eq. 4.2.1, 4.2.2 and 4.3.2; z is the normal quantile of the bounds. A step where
    nobody is at risk makes the curve NaN from there on.
    """
    # Sums of weights that are no whole numbers may miss each other by their rounding where all leave.
    all_leave = (events > 0) & np.isclose(events, at_risk, rtol=1e-12, atol=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        stays: Floats = np.where(all_leave, 0.0, 1 - events / at_risk)
        survival = np.multiply.accumulate(stays)
        relative_error = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events))))
        spread = z * relative_error / np.log(survival)
        of_step = {
            "standard_error": survival * relative_error,
            "lower": survival ** np.exp(-spread),
            "upper": survival ** np.exp(spread),
        }
    # Before the first event the curve is 1 for sure: 0 / log(1) is no number, the limit of its power is.
    known = {
        name: np.where(survival == 1, name != "standard_error", np.where(survival > 0, values, np.nan)).astype(float)
        for name, values in of_step.items()
    }
    return {"survival": survival, **known}


def weight_from(values: Floats, weight: Floats, time: Floats) -> Floats:
    """Return the weight of the values at or after each time."""
    order = np.argsort(values, kind="stable")
    # Summed from the end, so that the few who are left late do not drown in the rounding of all the others.
    from_here = np.concatenate([np.cumsum(weight[order][::-1])[::-1], [0.0]])
    found: Floats = from_here[np.searchsorted(values[order], time, side="left")]
    return found


def _checked(
    duration: ArrayLike, event: ArrayLike, entry: ArrayLike | None, weights: ArrayLike | None
) -> tuple[Floats, np.ndarray[Any, np.dtype[np.bool_]], Floats, Floats]:
    t = float_array(duration, "duration")
    require_some(t.size, "sample")
    happened = np.asarray(event)
    start = np.full(t.size, -1.0) if entry is None else float_array(entry, "entry")
    weight = np.ones(t.size) if weights is None else float_array(weights, "weights")
    for name, array in (("event", happened), ("entry", start), ("weights", weight)):
        if array.shape != t.shape:
            raise InputError(f"{name} must be as long as duration; got {array.shape} and {t.shape}.")
    require_rows(np.isfinite(t) & (t >= 0), "duration must be 0 or above and finite")
    require_rows(np.isin(happened, (0, 1)), "event must be true or false, or 1 or 0")
    require_rows(np.isfinite(weight) & (weight >= 0), "weights must be 0 or above and finite")
    require_rows(start < t, "entry must be before duration", "Leave out those whose observation has no length.")
    counted = weight > 0
    require_some(int(counted.sum()), "sample of rows with a weight above 0")
    return t[counted], happened[counted].astype(bool), start[counted], weight[counted]
