"""Do groups of customers leave at different rates? The log-rank test, and who left against who was expected to."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from scipy.special import gammaincc

from customer_value._frames import Column, FrameT, make_frame, to_eager
from customer_value._stats.survival import kaplan_meier, weight_from
from customer_value.churn._spells import Floats, Spells, by_group, read_spells, require_event
from customer_value.errors import InputError

_MADE = ("customers", "lost", "expected_lost", "median_time", "log_rank", "degrees_of_freedom", "p_value")


def compare_survival(
    frame: FrameT, *, duration: str, event: str, by: str, entry: str | None = None, weights: str | None = None
) -> FrameT:
    """Compare how fast groups of customers leave, by the log-rank test.

    Parameters
    ----------
    frame
        One row per customer.
    duration
        Column with the time from the customer's start to the event, or to the end of the observation.
    event
        Column that is true, or 1, where the customer left at `duration`.
    by
        Column with the groups, two or more.
    entry
        Column with the time from the customer's start to the begin of the observation (left truncation).
    weights
        Column with the number of customers that a row stands for.

    Returns
    -------
    FrameT
        A frame of the same library, one row per group: the `by` column, `customers`, `lost`, `expected_lost` (if
        all groups left at one rate), `median_time` by which half of the group has left (null if it never was), and in
        every row the test: `log_rank` (chi-squared), `degrees_of_freedom`, `p_value`.

    Raises
    ------
    InputError
        A column is missing, null, negative or of the wrong kind, there is one group only, or nobody left.

    Notes
    -----
    Klein and Moeschberger (2003), section 7.3, with weight 1: at each time of an event the groups' events are compared
    with what their shares of those at risk would bring (eq. 7.3.3), with a hypergeometric variance (eq. 7.3.4). The
    test asks about the whole curve and has little power where curves cross.
    Eager; a polars LazyFrame is collected once and comes back lazy.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> contracts = pd.DataFrame({
    ...     "plan": ["basic"] * 4 + ["plus"] * 4,
    ...     "tenure": [1, 2, 2, 6, 3, 8, 9, 9],
    ...     "churned": [True, True, True, False, True, False, True, False],
    ... })
    >>> groups = cv.compare_survival(contracts, duration="tenure", event="churned", by="plan")
    >>> groups[["plan", "lost", "expected_lost", "median_time", "p_value"]].round(3)
        plan  lost  expected_lost  median_time  p_value
    0  basic   3.0          1.557          2.0    0.111
    1   plus   2.0          3.443          9.0    0.111
    """
    opened, back = to_eager(frame, "frame", "compare_survival")
    spells = read_spells(opened, duration=duration, event=event, entry=entry, weights=weights, at_zero=True)
    require_event(spells, event)
    rows, groups = zip(*by_group(opened, by, spells, set(_MADE)), strict=True)
    if len(groups) < 2:
        raise InputError(f"{by} has one group only: there is nothing to compare.")
    events, expected, chi2, freedom = log_rank(groups)
    columns: dict[str, Column] = {
        by: opened.get_column(by)[np.array(rows)],
        "customers": np.array([group.weight.sum() for group in groups]),
        "lost": events,
        "expected_lost": expected,
        "median_time": np.array([_median(group) for group in groups]),
        "log_rank": np.full(len(groups), chi2),
        "degrees_of_freedom": np.full(len(groups), freedom),
        "p_value": np.full(len(groups), gammaincc(freedom / 2, chi2 / 2) if freedom else np.nan),
    }
    return cast("FrameT", back(make_frame(columns, opened)))


def log_rank(groups: tuple[Spells, ...]) -> tuple[Floats, Floats, float, int]:
    """Return each group's events and expected events, the statistic and its degrees of freedom."""
    time = np.unique(np.concatenate([group.duration[group.event] for group in groups]))
    at_risk = np.array([weight_from(g.duration, g.weight, time) - weight_from(g.entry, g.weight, time) for g in groups])
    left = np.array([_events_at(group, time) for group in groups])
    n, d = at_risk.sum(axis=0), left.sum(axis=0)
    expected = at_risk * (d / n)  # eq. 7.3.3
    share = at_risk / n
    spread = np.where(n > 1, d * (n - d) / np.maximum(n - 1, 1.0), 0.0)
    covariance = np.diag(share @ spread) - (share * spread) @ share.T  # eq. 7.3.4
    off = (left - expected).sum(axis=1)
    freedom = int(np.linalg.matrix_rank(covariance, hermitian=True)) if spread.any() else 0
    statistic = float(off @ np.linalg.pinv(covariance, hermitian=True) @ off) if freedom else np.nan
    return left.sum(axis=1), expected.sum(axis=1), statistic, freedom


def _events_at(group: Spells, time: Floats) -> Floats:
    at = np.searchsorted(time, group.duration[group.event])
    counted: np.ndarray[Any, Any] = np.bincount(at, group.weight[group.event], minlength=time.size)
    return counted.astype(np.float64)


def _median(group: Spells) -> float:
    if not group.event.any():
        return np.nan
    return kaplan_meier(group.duration, group.event, entry=group.entry, weights=group.weight).quantile(0.5)
