"""Retention: which share of customers and of their revenue stayed, by period and group, against targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from customer_value._frames import (
    AnyFrame,
    Column,
    EagerFrame,
    FrameT,
    as_given,
    engine_of,
    float_column,
    make_frame,
    nw,
    open_frame,
    truth_values,
)
from customer_value._stats.intervals import normal_quantile, wilson_interval
from customer_value._units import Day, Grain, date_of, day_number
from customer_value._validation import interval_level, number
from customer_value.errors import InputError
from customer_value.transactions._customer_attributes import customer_attribute
from customer_value.transactions._log import log_columns
from customer_value.transactions._period_calendars import Calendar, read_calendar
from customer_value.transactions._period_frames import (
    PERIOD,
    SALES,
    VALUE,
    CalendarSlot,
    PeriodRefunds,
    merge_periods,
    merge_slots,
    open_rows,
)
from customer_value.transactions._periods import date_literal
from customer_value.transactions._plan import add_length, end_day, read_length
from customer_value.transactions._retention_windows import Kept, compare_windows, ratio_errors

Counts = np.ndarray[Any, np.dtype[np.int64]]

_GROUP, _AT = "_group", "_at"
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
        Length of both windows, whole periods, such as ``"12 months"`` or ``"4 quarters"``. Trailing twelve months by
        default, because buying is sporadic and has seasons: from one three months to the next a gift wholesaler
        (Online Retail) keeps .57 to .68 of its customers and .74 to 1.17 of their revenue, as the season has it. For
        contracts billed each month ``"1 month"`` is right.
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
          1, for those who stay may buy more;
        - with targets `logo_target`, `logo_gap` (`logo_retention` less it) and `attained`;
        - `window`, `observation_end`, `time_unit`.

        Shares of no customers, and of a revenue of 0 or below, are null.

    Raises
    ------
    InputError
        For what `cohort_table` refuses, a window that is no number of whole periods, a log that is shorter than two
        windows, and targets that do not fit the groups.

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
    opened = open_frame(log, "log")
    calendar = read_calendar(period, year_start)
    level = interval_level(interval)
    columns = log_columns(opened, customer_id, date, amount)
    if by in _COLUMNS:
        raise InputError(f"the table would have {by!r} twice: give the column named by= a name of its own.")
    if customers is not None and by is None:
        raise InputError("customers= goes with by=, the name of its column that makes groups.")
    end = end_day(observation_end)
    rows = open_rows(opened, columns, slots={_AT: CalendarSlot(calendar)}, last_day=end, refunds=refunds)
    end = rows.last_day if end is None else end
    ends, width = _ends(calendar, window, _start(observation_start, rows.first_day), end)
    periods = merge_periods(merge_slots(rows), rows, nw.col(_AT))
    if by is not None:
        people = None if customers is None else open_frame(customers, "customers frame")
        attribute = customer_attribute(opened, people, column=by, key=customer_id, name=_GROUP, argument="by")
        periods = periods.join(attribute, on=customer_id, how="inner")
    else:
        periods = periods.with_columns(nw.lit(0).alias(_GROUP))
    sums = periods.collect().sort(_GROUP, customer_id, PERIOD)
    kept, groups = _compare(sums, customer_id, ends, width)
    made = _frame_columns(kept, calendar, level)
    if by is not None:
        made = {"period": made.pop("period"), by: sums.get_column(_GROUP)[groups[kept.group]]} | made
    made |= _target_columns(targets, kept, sums.get_column(_GROUP)[groups].to_list() if by else [None], sums)
    frame = make_frame(made, like=sums)
    frame = frame.with_columns(
        nw.lit(window).alias("window"),
        date_literal(end, engine_of(frame)).alias("observation_end"),
        nw.lit(period).alias("time_unit"),
    )
    return cast("FrameT", as_given(frame, opened))


def _start(observation_start: Any, first_day: int) -> int:
    """First day observed, which no transaction may precede."""
    start = first_day if observation_start is None else day_number(observation_start, "observation_start")
    if start > first_day:
        raise InputError(
            f"observation_start={date_of(start)} must not be after the log's first date, {date_of(first_day)}: leave "
            "earlier rows out first."
        )
    return start


def _ends(calendar: Calendar, window: Any, first_day: int, last_day: int) -> tuple[Counts, Counts]:
    """Periods whose end closes two windows inside the log, and the number of periods of both windows."""
    count, unit = read_length(window, "window")
    first = int(calendar.numbers(first_day - 1)) + 1
    whole = int(calendar.numbers(last_day + 1)) - 1
    ends, widths = [], []
    for last in range(first, whole + 1):
        after = int(calendar.starts(last + 1))
        starts = [int(add_length(after, -count * k, unit)) for k in (1, 2)]
        numbers = [int(calendar.numbers(day)) for day in starts]
        if [int(calendar.starts(n)) for n in numbers] != starts:
            raise InputError(
                f"window={window!r} is no number of whole {calendar.grain}s: the one that ends on {date_of(after - 1)} "
                f"would begin on {date_of(starts[0])}. Take another window, or a finer period."
            )
        if numbers[1] >= first:
            ends.append(last)
            widths.append((last + 1 - numbers[0], numbers[0] - numbers[1]))
    if not ends:
        raise InputError(
            f"retention needs two windows of {window!r} that lie inside the log, in whole {calendar.grain}s; it runs "
            f"from {date_of(first_day)} to {date_of(last_day)}. Take a shorter window or a longer log; where it was "
            "observed before its first transaction, name the day with observation_start=."
        )
    return np.array(ends), np.array(widths)


def _compare(sums: EagerFrame, key: str, ends: Counts, width: Counts) -> tuple[Kept, Counts]:
    """Compare windows of sorted sums; also return a row of each group."""
    first = _begins(sums.get_column(key))
    customer = np.cumsum(first) - 1
    groups = _begins(sums.get_column(_GROUP)) & first
    group = (np.cumsum(groups) - 1)[np.flatnonzero(first)]
    period = np.asarray(sums.get_column(PERIOD).to_numpy(), dtype=np.int64)
    value = float_column(sums.get_column(VALUE))
    bought = np.asarray(sums.get_column(SALES).to_numpy()) > 0
    kept = compare_windows(customer, period, value, bought, group, ends=ends, width=width)
    return kept, np.flatnonzero(groups)


def _begins(sorted_values: nw.Series[Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Whether each entry differs from the one before."""
    values = np.array(sorted_values.to_list(), dtype=object)
    return np.append(True, values[1:] != values[:-1])


def _frame_columns(kept: Kept, calendar: Calendar, level: float | None) -> dict[str, Column]:
    with np.errstate(invalid="ignore", divide="ignore"):
        logo = np.where(kept.customers > 0, kept.retained / kept.customers, np.nan)
        revenue = np.where(kept.revenue > 0, kept.revenue_after / kept.revenue, np.nan)
    days = np.asarray(calendar.starts(kept.end + 1)) - 1
    columns: dict[str, Column] = {
        "period": calendar.labels(kept.end),
        "period_end": days.astype("datetime64[D]"),
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


def _target_columns(targets: Any, kept: Kept, groups: list[Any], like: AnyFrame) -> dict[str, Column]:
    if targets is None:
        return {}
    if isinstance(targets, Mapping):
        if groups == [None]:
            raise InputError("targets by group go with by=, the name of the column that makes groups.")
        lacking, unknown = [g for g in groups if g not in targets], [t for t in targets if t not in groups]
        if lacking or unknown:
            raise InputError(f"targets must name the groups {groups}; they lack {lacking}, and {unknown} are none.")
        each = np.array([number(targets[group], f"target of {group!r}", low=0, high=1) for group in groups])
    else:
        each = np.full(len(groups), number(targets, "targets", low=0, high=1))
    target = each[kept.group]
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = np.where(kept.customers > 0, kept.retained / kept.customers - target, np.nan)
    # Shares and targets are compared as they are: 4 of 5 attain 0.8.
    return {"logo_target": target, "logo_gap": gap, "attained": truth_values(gap >= 0, np.isnan(gap), like)}
