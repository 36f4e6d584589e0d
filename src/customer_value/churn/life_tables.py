"""The life table: of those who were there in a period of their life as customers, how many left in it."""

from __future__ import annotations

from typing import cast

import numpy as np

from customer_value._frames import Column, FrameT, make_frame, to_eager
from customer_value._stats.intervals import normal_quantile, wilson_interval
from customer_value._stats.survival import product_limit
from customer_value.churn._person_periods import period_width, person_periods, spell_periods
from customer_value.churn._spells import Floats, Spells, by_group, read_spells

_MADE = (
    *("period", "time_from", "time_to", "at_risk", "lost", "censored", "hazard", "hazard_lower"),
    *("hazard_upper", "survival", "survival_lower", "survival_upper"),
)


def life_table(
    frame: FrameT,
    *,
    duration: str,
    event: str,
    entry: str | None = None,
    weights: str | None = None,
    width: float = 1.0,
    interval: float = 0.9,
    by: str | None = None,
) -> FrameT:
    """Count by period of customers' lives who was there, who left, and which share is still there.

    Parameters
    ----------
    frame
        One row per customer (or per observed stretch of a customer's life).
    duration
        Column with the time from the customer's start to the event, or to the end of the observation.
    event
        Column that is true, or 1, where the customer left at `duration`, and false where he was last seen as one.
    entry
        Column with the time from the customer's start to the begin of the observation, for customers who are in the
        data only because they had lasted until then (left truncation). Without it everyone is observed from the start.
    weights
        Column with the number of customers that a row stands for.
    width
        Length of a period, in the unit of `duration`. Period j runs from (j - 1) x width, not included, to j x width.
    interval
        Coverage of the bounds, strictly between 0 and 1.
    by
        Column whose groups get tables of their own.

    Returns
    -------
    FrameT
        A frame of the same library, one row per group and period, from the first period in which someone was observed
        to the last:

        - the `by` column, under its own name; `period`, `time_from`, `time_to`;
        - `at_risk`: customers that were seen in the period; `lost`: those who left in it; `censored`: those last
          seen in it without having left;
        - `hazard`: share that leaves, of those who are there at the period's start, with Wilson's bounds;
        - `survival`: share still there at its end, of those there at the start of the table's first period, with
          bounds at each period alone.

        Where nobody is under observation in a period the hazard is null, and so is survival from there on.

    Raises
    ------
    InputError
        A column is missing, null, negative or of the wrong kind, an entry lies after its duration, an event has no
        time before it, or there are more than 20,000 periods.

    Notes
    -----
    With whole numbers of periods the hazard is lost / at_risk and survival is the Kaplan-Meier curve. A customer who
    entered or was last seen within a period counts in its hazard as the share of the period that he was seen for,
    which is the maximum-likelihood answer for a constant rate up to terms of second order in the hazard.
    A row whose time has no length tells nothing and is not counted. Eager; a polars LazyFrame is collected once and
    comes back lazy. The bounds of survival are those of `survival_table`.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> contracts = pd.DataFrame({"tenure": [1, 1, 2, 3, 3], "churned": [True, False, True, True, False]})
    >>> table = cv.life_table(contracts, duration="tenure", event="churned")
    >>> table[["period", "at_risk", "lost", "censored", "hazard", "survival"]].round(3)
       period  at_risk  lost  censored  hazard  survival
    0       1      5.0   1.0       1.0   0.200     0.800
    1       2      3.0   1.0       0.0   0.333     0.533
    2       3      2.0   1.0       1.0   0.500     0.267
    """
    opened, back = to_eager(frame, "frame", "life_table")
    w, z = period_width(width), normal_quantile(interval)
    spells = read_spells(opened, duration=duration, event=event, entry=entry, weights=weights)
    rows, tables = [], []
    for row, group in by_group(opened, by, spells, set(_MADE)):
        table = _table(group, w, z, interval)
        tables.append(table)
        rows += [row] * table["period"].size
    columns: dict[str, Column] = {} if by is None else {by: opened.get_column(by)[np.array(rows)]}
    columns |= {name: np.concatenate([table[name] for table in tables]) for name in _MADE}
    return cast("FrameT", back(make_frame(columns, opened)))


def _table(spells: Spells, width: float, z: float, interval: float) -> dict[str, Floats]:
    _, _, first, last = spell_periods(spells, width)
    cells = person_periods(spells, np.zeros(first.size, dtype=np.intp), width)
    period = np.arange(first.min(), last.max() + 1)

    def total(at: np.ndarray[tuple[int], np.dtype[np.intp]], values: Floats) -> Floats:
        return np.bincount(at, values, minlength=period[-1] + 2).astype(np.float64)

    there = np.cumsum(total(first, spells.weight) - total(last + 1, spells.weight))[period]
    events, stayed = total(cells.period, cells.events)[period], total(cells.period, cells.stayed)[period]
    exposed = events + stayed
    steps = product_limit(events, exposed, z)
    with np.errstate(invalid="ignore"):
        hazard = events / exposed
    lower, upper = wilson_interval(events, exposed, interval=interval)
    return {
        "period": period,
        "time_from": (period - 1) * width,
        "time_to": period * width,
        "at_risk": there,
        "lost": events,
        "censored": total(last[~spells.event], spells.weight[~spells.event])[period],
        "hazard": hazard,
        "hazard_lower": lower,
        "hazard_upper": upper,
        "survival": steps["survival"],
        "survival_lower": steps["lower"],
        "survival_upper": steps["upper"],
    }
