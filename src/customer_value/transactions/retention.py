"""Retention: which share of customers and of their revenue stayed, by period and group, against targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from customer_value._frames import Column, FrameT, truth_values
from customer_value._stats.intervals import normal_quantile, wilson_interval
from customer_value._units import Day, Grain
from customer_value._validation import interval_level, number
from customer_value.errors import InputError
from customer_value.transactions._period_frames import PeriodRefunds
from customer_value.transactions._retention_windows import Kept, compare_windows, ratio_errors
from customer_value.transactions._window_log import WindowLog, WindowRequest, read_window_log
from customer_value.transactions._window_pairs import Floats

_COLUMNS = frozenset(
    {"period", "period_end", "customers_before", "retained", "logo_retention", "revenue_before", "revenue_retained"}
    | {"revenue_retention", "logo_target", "logo_gap", "attained", "observation_end", "time_unit", "window"}
)


def retention_rates(
    log: FrameT,
    *,
    observation_end: Day,
    observation_start: Day | None = None,
    period: Grain = "month",
    window: str = "12 months",
    by: str | None = None,
    customers: FrameT | None = None,
    targets: float | Mapping[Any, float] | None = None,
    interval: float | None = 0.9,
    refunds: PeriodRefunds = "net",
    year_start: str = "01-01",
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
) -> FrameT:
    """Say at the end of each period which share of the customers before is still there, and of their revenue.

    Two windows of the same length stand side by side: of the customers who bought in the earlier one, those who bought
    in the later one are retained.

    Parameters
    ----------
    log
        One row per transaction.
    observation_end
        Last day observed, inclusive and whole; ``"last"`` is the log's own last date. Later rows are an error.
    period
        How often the rates are taken: at the end of each whole period. One that is cut off is left out.
    window
        Length of both windows, whole periods, such as ``"12 months"`` or ``"4 quarters"``; ``"period"`` compares each
        period with the one before. Trailing twelve months by default, because buying is sporadic and has seasons: from
        one three months to the next a gift wholesaler (Online Retail) keeps .57 to .68 of its customers and .75 to
        1.19 of their revenue, as the season has it. For contracts billed each month ``"period"`` is right.
    observation_start
        First day observed; by default the log's own first date. A period that it cuts off is in no window: name it
        where the log begins with days on which nobody bought.
    by
        Name of an attribute such as a tier or a segment: a column of the log that is the same in all rows of a
        customer, or of `customers`.
    customers
        A frame of the same library with one row per customer that holds `by`. A tier of today knows who has stayed:
        take the one that customers had when the earlier window ended, and read the last row.
    targets
        Least share of customers to keep: a number, or one for each value of `by`.
    interval
        Coverage of the intervals; None for none.
    refunds
        As in `cohort_table`: ``"net"``, ``"match"``, ``"drop"``, ``"error"`` or ``"count"``.
    year_start
        Month and day on which fiscal years begin, for quarters and years.
    customer_id, date, amount
        Names of the log's columns.

    Returns
    -------
    FrameT
        A frame of the same library (of pyarrow for an engine), sorted, with one row per period (and group) whose two
        windows both lie inside the log:

        - `period`, its name; the `by` column; `period_end`, the last day of the later window;
        - `customers_before`: customers of the earlier window; `retained`: those of them who bought in the later one;
        - `logo_retention`: the share retained, with `logo_retention_lower`, `logo_retention_upper`;
        - `revenue_before`: revenue of the earlier window; `revenue_retained`: that of the same customers in the later
          one; `revenue_retention`: the ratio, with `revenue_retention_lower`, `revenue_retention_upper`. It can exceed
          1, for those who stay may buy more: it is the net revenue retention of `revenue_bridge`, which also counts
          refunds of customers who bought in neither window;
        - with targets `logo_target`, `logo_gap` (`logo_retention` less it) and `attained`;
        - `window`, `observation_end`, `time_unit`.

        Shares of no customers, and of a revenue of 0 or below, are null.

    Raises
    ------
    InputError
        For what `cohort_table` refuses, a window that is no number of whole periods, a log that is shorter than two
        windows, and targets that do not fit the groups.

    Warns
    -----
    DataWarning
        Where customers with refunds only, or amounts before a customer's first purchase, are left out.

    Notes
    -----
    Relational up to sums by customer and period, which are collected once. A lazy polars frame goes back lazy.

    Intervals of customers are Wilson's (1927), those of revenue are linear approximations for a ratio over customers
    (Cochran 1977, *Sampling Techniques*, eq. 6.13): where a few customers bring most of the revenue they cover less
    than they say. Both ask what would have been kept of other customers like these.

    Examples
    --------
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow()
    >>> rates = cv.retention_rates(log, observation_end="1998-06-30", period="quarter", window="6 months")
    >>> rates[["period", "customers_before", "retained", "logo_retention", "revenue_retention"]].round(3)
       period  customers_before  retained  logo_retention  revenue_retention
    0  1997Q4             23570      6421           0.272              0.415
    1  1998Q1              7350      3908           0.532              0.672
    2  1998Q2              6421      3463           0.539              0.628
    """
    level = interval_level(interval)
    if not (targets is None or isinstance(targets, Mapping)):
        number(targets, "targets", low=0, high=1)
    request = WindowRequest(
        *(observation_end, observation_start, period, window, by, customers, refunds, year_start),
        *(customer_id, date, amount),
    )
    read = read_window_log(log, request, caller="retention", taken=_COLUMNS)
    kept = compare_windows(read.rows, read.ends)
    return cast("FrameT", read.frame(_rates(kept, level) | _target_columns(targets, kept, read)))


def _rates(kept: Kept, level: float | None) -> dict[str, Column]:
    logo = _ratio(kept.retained, kept.customers)
    revenue = _ratio(kept.revenue_after, kept.revenue)
    columns: dict[str, Column] = {
        "customers_before": kept.customers,
        "retained": kept.retained,
        "logo_retention": logo,
    }
    if level is not None:
        bounds = wilson_interval(kept.retained, kept.customers, interval=level)
        columns |= dict(zip(("logo_retention_lower", "logo_retention_upper"), bounds, strict=True))
    columns |= {
        "revenue_before": kept.revenue,
        "revenue_retained": kept.revenue_after,
        "revenue_retention": revenue,
    }
    if level is not None:
        half = normal_quantile(level) * ratio_errors(kept)
        columns |= {"revenue_retention_lower": revenue - half, "revenue_retention_upper": revenue + half}
    return columns


def _ratio(part: Any, whole: Any) -> Floats:
    """Share of a whole, NaN of a whole of 0 or below."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def _target_columns(targets: Any, kept: Kept, read: WindowLog) -> dict[str, Column]:
    if targets is None:
        return {}
    if isinstance(targets, Mapping):
        if read.request.by is None:
            raise InputError("targets by group go with by=, the name of the column that makes groups.")
        groups = read.groups.to_list()
        lacking, unknown = [g for g in groups if g not in targets], [t for t in targets if t not in groups]
        if lacking or unknown:
            raise InputError(f"targets must name the groups {groups}; they lack {lacking}, and {unknown} are none.")
        each = np.array([number(targets[group], f"target of {group!r}", low=0, high=1) for group in groups])
    else:
        each = np.full(read.n_groups, float(targets))
    target = np.tile(each, read.ends.end.size)
    # Shares and targets are compared as they are: 4 of 5 attain 0.8.
    gap = _ratio(kept.retained, kept.customers) - target
    attained = truth_values(gap >= 0, np.isnan(gap), read.groups.to_frame())
    return {"logo_target": target, "logo_gap": gap, "attained": attained}
