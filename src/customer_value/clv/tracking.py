"""Repeat purchases of a cohort over time: expected against actual."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from customer_value._frames import AnyFrame, FrameT, as_given, make_frame, nw, open_frame
from customer_value._units import DAYS, GRAINS, date_of, day_number
from customer_value._validation import whole_number
from customer_value.clv._base import PurchaseModel, require_purchase_model
from customer_value.clv._rows import Floats
from customer_value.errors import InputError
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import LogColumns, LogRules, check_log, log_columns, read_log
from customer_value.transactions._periods import (
    CALENDAR_YEAR,
    YearStart,
    day_expression,
    number_of,
    period_expression,
    read_year_start,
    start_of,
)

_LONGEST_PERIOD = 3653  # ten years, in days
_WEEK = 7


def tracking_table(
    log: FrameT,
    *,
    purchase_model: PurchaseModel,
    calibration_end: Any,
    observation_end: Any,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
    period_days: int | None = None,
    year_start: str = "01-01",
) -> FrameT:
    """Track repeat purchases of a cohort over time: expected by the model against actual.

    Relational: three aggregate queries, then one row per period. Lazy frames and engines keep their rows until then.

    Parameters
    ----------
    log
        Transactions of calibration and holdout together: customer, date, amount.
    purchase_model
        Fitted purchase model with a time unit.
    calibration_end
        Last day of the data that the model was fitted on. The cohort is every customer who first bought by then.
    observation_end
        Last day observed, inclusive. Later rows are left out.
    customer_id, date, amount
        Column names.
    period_days
        Length of a period, in days, at most ten years; by default a week. Periods count from the cohort's first day,
        which is the first day of the first; one that is cut off by observation_end is left out. A model of
        opportunities (`clv.BGBB`) has periods of its own: leave it out.
    year_start
        With a model of yearly opportunities: month and day on which a year begins, as in `summarize_opportunities`.

    Returns
    -------
    One row per period: period (1, 2, ...), period_end (its last day), expected and actual repeat purchases in it,
    expected_cumulative, actual_cumulative, in_calibration (whether the period ends within calibration).

    Raises
    ------
    InputError
        Columns are missing or hold nulls, the model has no time unit, the dates are out of order or leave no whole
        period, or period_days or year_start does not go with the model.

    Notes
    -----
    Customers start at different times, so the expectation at time t is the sum over customers of E[X(t - start)]
    (Fader, Hardie and Lee 2005, p. 281). A repeat purchase is a day with a purchase after the customer's first. Days
    count whole here, from the start of a customer's first to the end of the period's last, as in the papers' figures.

    For a model of opportunities a period is one of them, a calendar period on the model's ruler, and the first is the
    one after the cohort's first purchases: E[X(n)] with n the whole periods since the customer's own first (Fader,
    Hardie and Shang 2010, figure 5). Only whole periods count, in calibration too: who first bought in one that
    calibration_end or observation_end cuts off is not of the cohort, as in `summarize_opportunities`.

    Examples
    --------
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow(sample=True)
    >>> model = cv.clv.BGNBD.from_params(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259, time_unit="week")
    >>> table = cv.tracking_table(log, purchase_model=model, calibration_end="1997-09-30", observation_end="1998-06-30")
    >>> table[["period", "expected_cumulative", "actual_cumulative"]].iloc[[38, 77]].round(1)
        period  expected_cumulative  actual_cumulative
    38      39               2501.6               2457
    77      78               4165.8               4339
    """
    opened = open_frame(log, "log")
    columns = log_columns(opened, customer_id, date, amount)
    require_purchase_model(purchase_model)
    clock = _clock_of(purchase_model, period_days, year_start)
    calibrated, last = day_number(calibration_end, "calibration_end"), day_number(observation_end, "observation_end")
    if calibrated > last:
        raise InputError(
            f"calibration_end must not be after observation_end; got {date_of(calibrated)} and {date_of(last)}."
        )
    until = clock.last_whole(calibrated)
    starts, bought = _cohort(_log_times(opened, columns, clock), until, clock.last_whole(last))
    if not starts[0].size:
        raise InputError(f"no customer bought on or before calibration_end={calibration_end}: no cohort to track.")
    ends = clock.ends(int(starts[0].min()), last)
    if not ends.size:
        raise InputError(f"observation_end={observation_end} leaves no whole period of {clock.length} to track.")
    expected = np.array([_expected_by(purchase_model, *starts, clock, end) for end in ends.tolist()])
    actual = _total_by(*bought, ends) - _total_by(*starts, ends)
    table = make_frame(
        {
            "period": np.arange(1, ends.size + 1),
            "period_end": clock.last_day(ends).astype("datetime64[D]"),
            "expected": np.diff(expected, prepend=0.0),
            "actual": np.diff(actual, prepend=0),
            "expected_cumulative": expected,
            "actual_cumulative": actual,
            "in_calibration": ends <= until,
        },
        opened,
    )
    result: FrameT = as_given(table, opened)
    return result


class _Clock(Protocol):
    """How a model counts time: what a purchase's day becomes, which times end a period, how long a time is."""

    @property
    def length(self) -> str: ...

    def number(self, days: Any) -> Any: ...

    def expression(self, column: str) -> nw.Expr: ...

    def last_whole(self, day: int) -> int: ...

    def ends(self, origin: int, last: int) -> Any: ...

    def last_day(self, ends: Any) -> Any: ...

    def elapsed(self, starts: Any, end: int) -> Floats: ...


class _Days(NamedTuple):
    """Time by the day, tracked in periods of so many days from the cohort's first."""

    period_days: int
    unit_days: float

    @property
    def length(self) -> str:
        return f"{self.period_days} days"

    def number(self, days: Any) -> Any:
        return days

    def expression(self, column: str) -> nw.Expr:
        return day_expression(column)

    def last_whole(self, day: int) -> int:
        return day

    def ends(self, origin: int, last: int) -> Any:
        return origin - 1 + self.period_days * np.arange(1, (last + 1 - origin) // self.period_days + 1)

    def last_day(self, ends: Any) -> Any:
        return ends

    def elapsed(self, starts: Any, end: int) -> Floats:
        return np.asarray(np.maximum(end + 1 - starts, 0) / self.unit_days)


class _Opportunities(NamedTuple):
    """Time by the calendar period, each an opportunity."""

    grain: str
    year_start: YearStart

    @property
    def length(self) -> str:
        return f"a {self.grain} after the cohort's first"

    def number(self, days: Any) -> Any:
        return number_of(days, self.grain, self.year_start)

    def expression(self, column: str) -> nw.Expr:
        return period_expression(column, day_expression(column), self.grain, self.year_start)

    def last_whole(self, day: int) -> int:
        return int(self.number(day + 1)) - 1

    def ends(self, origin: int, last: int) -> Any:
        return np.arange(origin + 1, self.last_whole(last) + 1)

    def last_day(self, ends: Any) -> Any:
        return start_of(ends + 1, self.grain, self.year_start) - 1

    def elapsed(self, starts: Any, end: int) -> Floats:
        return np.asarray(np.maximum(end - starts, 0), dtype=np.float64)


def _clock_of(model: PurchaseModel, period_days: int | None, year_start: str) -> _Clock:
    """Return how the model counts time, with its periods."""
    unit = model.time_unit_
    if unit is None:
        raise InputError(f"tracking_table needs the model's time unit; fit on a summary: {model._maker}.")
    counted = "opportunities" in model._columns
    start = read_year_start(year_start, unit)
    if not counted:
        if start != CALENDAR_YEAR:
            raise InputError(f"year_start={year_start!r} goes with a model of yearly opportunities such as clv.BGBB.")
        length = _WEEK if period_days is None else whole_number(period_days, "period_days", low=1, high=_LONGEST_PERIOD)
        return _Days(length, DAYS[unit])
    if unit not in GRAINS:
        raise InputError(f"{type(model).__name__} needs calendar periods, {list(GRAINS)}; its time unit is {unit!r}.")
    if period_days is not None:
        raise InputError(f"{type(model).__name__} is tracked by the {unit}, its opportunity: leave period_days out.")
    return _Opportunities(unit, start)


def _log_times(log: AnyFrame, columns: LogColumns, clock: _Clock) -> nw.LazyFrame[Any]:
    """Customer, time as the clock counts it, and amount of each row of a log, checked."""
    if isinstance(log, nw.LazyFrame):
        check_log(log, columns, LogRules())
        key, amount = nw.col(columns.customer_id), nw.col(columns.amount)
        return log.select(_key=key, _time=clock.expression(columns.date), _amount=amount)
    rows = read_log(log, columns, LogRules())
    times = {"_key": id_labels(rows.keys), "_time": clock.number(rows.days), "_amount": rows.amounts}
    return make_frame(times, log).lazy()


def _cohort(log: nw.LazyFrame[Any], calibrated: int, last: int) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Times and counts of the cohort's first purchases, and of all its purchases."""
    times = (
        log.filter((nw.col("_amount") >= 0) & (nw.col("_time") <= last))
        .group_by("_key", "_time")
        .agg(nw.len().alias("_rows"))
    )
    first = times.group_by("_key").agg(nw.col("_time").min().alias("_first")).filter(nw.col("_first") <= calibrated)
    of_cohort = times.join(first, on="_key", how="inner")

    def tally(frame: nw.LazyFrame[Any], column: str) -> tuple[Any, Any]:
        counted = frame.group_by(column).agg(nw.len().alias("_n")).collect()
        return counted.get_column(column).to_numpy(), counted.get_column("_n").cast(nw.Int64).to_numpy()

    return tally(first, "_first"), tally(of_cohort, "_time")


def _expected_by(model: PurchaseModel, starts: Any, customers: Any, clock: _Clock, end: int) -> float:
    """Repeat purchases expected by the end of a time: each customer counts from his own start."""
    return float(customers @ model._expected_purchases_new(model._theta, clock.elapsed(starts, end)))


def _total_by(times: Any, counts: Any, ends: Any) -> Any:
    """Running total of counts up to and including each end."""
    order = np.argsort(times)
    running = np.append(0, np.cumsum(counts[order]))
    return running[np.searchsorted(times[order], ends, side="right")]
