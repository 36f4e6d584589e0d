"""The Kaplan-Meier curve as a frame, by group; the array function beside it serves other rooms too."""

from __future__ import annotations

from typing import cast

import numpy as np

from customer_value._frames import Column, FrameT, make_frame, to_eager
from customer_value._stats.intervals import normal_quantile
from customer_value._stats.survival import kaplan_meier, product_limit, weight_from
from customer_value.churn._spells import Floats, Spells, by_group, read_spells

__all__ = ["kaplan_meier", "survival_table"]

_MADE = ("time", "at_risk", "lost", "censored", "survival", "survival_lower", "survival_upper")


def survival_table(
    frame: FrameT,
    *,
    duration: str,
    event: str,
    entry: str | None = None,
    weights: str | None = None,
    interval: float = 0.9,
    by: str | None = None,
) -> FrameT:
    """Estimate the share of customers still there at every time at which one left or was last seen (Kaplan-Meier).

    Parameters
    ----------
    frame
        One row per customer.
    duration
        Column with the time from the customer's start to the event, or to the end of the observation.
    event
        Column that is true, or 1, where the customer left at `duration`, and false where he was last seen as one.
    entry
        Column with the time from the customer's start to the begin of the observation, for customers who are in the
        data only because they had lasted until then (left truncation).
    weights
        Column with the number of customers that a row stands for.
    interval
        Coverage of the bounds, strictly between 0 and 1.
    by
        Column whose groups get curves of their own; `compare_survival` tests whether they differ.

    Returns
    -------
    FrameT
        A frame of the same library, one row per group and time: the `by` column, `time`, `at_risk` just before it,
        `lost` and `censored` at it, `survival` just after it, and `survival_lower`, `survival_upper`, null where
        the curve has reached 0.

    Raises
    ------
    InputError
        A column is missing, null, negative or of the wrong kind, or an entry does not lie before its event.

    Notes
    -----
    The estimate, its error and its bounds are those of the array function `churn.kaplan_meier`: Klein and Moeschberger
    (2003), eq. 4.2.1, 4.2.2 and 4.3.2. Eager; a polars LazyFrame is collected once and comes back lazy.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> contracts = pd.DataFrame({"tenure": [2, 3, 3, 5, 8], "churned": [True, True, False, True, False]})
    >>> table = cv.survival_table(contracts, duration="tenure", event="churned")
    >>> table[["time", "at_risk", "lost", "censored", "survival"]].round(3)
       time  at_risk  lost  censored  survival
    0   2.0      5.0   1.0       0.0       0.8
    1   3.0      4.0   1.0       1.0       0.6
    2   5.0      2.0   1.0       0.0       0.3
    3   8.0      1.0   0.0       1.0       0.3
    """
    opened, back = to_eager(frame, "frame", "survival_table")
    z = normal_quantile(interval)
    spells = read_spells(opened, duration=duration, event=event, entry=entry, weights=weights, at_zero=True)
    rows, tables = [], []
    for row, group in by_group(opened, by, spells, set(_MADE)):
        table = _curve(group, z)
        tables.append(table)
        rows += [row] * table["time"].size
    columns: dict[str, Column] = {} if by is None else {by: opened.get_column(by)[np.array(rows)]}
    columns |= {name: np.concatenate([table[name] for table in tables]) for name in _MADE}
    return cast("FrameT", back(make_frame(columns, opened)))


def _curve(spells: Spells, z: float) -> dict[str, Floats]:
    time, at = np.unique(spells.duration, return_inverse=True)
    events, censored = (
        np.asarray(np.bincount(at, spells.weight * ended, minlength=time.size), dtype=np.float64)
        for ended in (spells.event, ~spells.event)
    )
    at_risk = weight_from(spells.duration, spells.weight, time) - weight_from(spells.entry, spells.weight, time)
    steps = product_limit(events, at_risk, z)
    return {
        "time": time,
        "at_risk": at_risk,
        "lost": events,
        "censored": censored,
        "survival": steps["survival"],
        "survival_lower": steps["lower"],
        "survival_upper": steps["upper"],
    }
