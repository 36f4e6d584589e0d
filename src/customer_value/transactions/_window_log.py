"""A log as customers by period, with the windows that are compared, the groups, and the frame that results go into."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import (
    AnyFrame,
    Column,
    EagerFrame,
    as_given,
    engine_of,
    float_column,
    make_frame,
    nw,
    open_frame,
)
from customer_value._units import Day, Grain
from customer_value._validation import optional_text, text_value
from customer_value.errors import DataWarning, InputError, warn
from customer_value.transactions._customer_attributes import customer_attribute
from customer_value.transactions._log import log_columns
from customer_value.transactions._period_calendars import Calendar, read_calendar
from customer_value.transactions._period_frames import (
    ORDERS,
    PERIOD,
    SALES,
    VALUE,
    CalendarSlot,
    merge_periods,
    merge_slots,
    open_rows,
)
from customer_value.transactions._periods import date_literal
from customer_value.transactions._plan import end_day
from customer_value.transactions._window_pairs import (
    Counts,
    CustomerPeriods,
    Flags,
    WindowEnds,
    decimals_of,
    in_ticks,
    observed_from,
    window_ends,
)

_GROUP, _AT = "_group", "_at"


@dataclass(frozen=True, slots=True)
class WindowRequest:
    """Which windows of which customers are compared, as a public function was asked."""

    observation_end: Day
    observation_start: Day | None
    period: Grain
    window: str
    by: str | None
    customers: Any
    refunds: str
    year_start: str
    customer_id: str
    date: str
    amount: str
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class WindowLog:
    """Customers by period, read from a log; `frame` lays out one row per end and group."""

    rows: CustomerPeriods
    ends: WindowEnds
    given: AnyFrame
    groups: nw.Series[Any]  # their values, in order
    calendar: Calendar
    request: WindowRequest
    window: str
    last_day: int

    @property
    def n_groups(self) -> int:
        """Number of groups, 1 without `by`."""
        return len(self.groups)

    def frame(self, columns: Mapping[str, Column]) -> Any:
        """Lay columns with one entry per end and group out with what they are of, as the kind of frame given."""
        ends = np.repeat(self.ends.end, self.n_groups)
        made: dict[str, Column] = {"period": self.calendar.labels(ends)}
        if self.request.by is not None:
            made[self.request.by] = self.groups[np.tile(np.arange(self.n_groups), self.ends.end.size)]
        made["period_end"] = (np.asarray(self.calendar.starts(ends + 1)) - 1).astype("datetime64[D]")
        frame = make_frame({**made, **columns}, like=self.groups.to_frame())
        frame = frame.with_columns(
            nw.lit(self.window).alias("window"),
            date_literal(self.last_day, engine_of(frame)).alias("observation_end"),
            nw.lit(self.request.period).alias("time_unit"),
        )
        return as_given(frame, self.given)


def read_window_log(log: Any, request: WindowRequest, *, caller: str, taken: Collection[str]) -> WindowLog:
    """Check a log and what is asked of it, and sum it by customer and period: one query, and a few for an attribute."""
    opened = open_frame(log, "log")
    calendar = read_calendar(request.period, request.year_start)
    columns = log_columns(opened, request.customer_id, request.date, request.amount, request.order_id)
    text_value(request.window, "window")
    if optional_text(request.by, "by") in taken:
        raise InputError(f"the table would have {request.by!r} twice: give the column named by= a name of its own.")
    if request.customers is not None and request.by is None:
        raise InputError("customers= goes with by=, the name of its column that makes groups.")
    end = end_day(request.observation_end)
    laid = open_rows(opened, columns, slots={_AT: CalendarSlot(calendar)}, last_day=end, refunds=request.refunds)
    end = laid.last_day if end is None else end
    window = f"1 {request.period}" if request.window == "period" else request.window
    ends = window_ends(calendar, window, observed_from(request.observation_start, laid.first_day), end, caller)
    periods = merge_periods(merge_slots(laid), laid, nw.col(_AT))
    if request.by is None:
        periods = periods.with_columns(nw.lit(0).alias(_GROUP))
    else:
        people = None if request.customers is None else open_frame(request.customers, "customers frame")
        attribute = customer_attribute(
            opened, people, column=request.by, key=request.customer_id, name=_GROUP, argument="by"
        )
        periods = periods.join(attribute, on=request.customer_id, how="inner")
    sums = periods.collect().sort(_GROUP, request.customer_id, PERIOD)
    rows = _customer_periods(sums, request.customer_id, ORDERS if laid.has_orders else SALES)
    groups = sums.get_column(_GROUP)
    return WindowLog(rows, ends, opened, groups[np.flatnonzero(_begins(groups))], calendar, request, window, end)


def _customer_periods(sums: EagerFrame, key: str, orders: str) -> CustomerPeriods:
    """Number customers and groups of sorted sums; amounts from before a customer's first purchase are left out."""
    is_first = _begins(sums.get_column(key))
    customer = np.cumsum(is_first) - 1
    group = (np.cumsum(_begins(sums.get_column(_GROUP))) - 1)[is_first]
    period = _whole(sums, PERIOD)
    bought = _whole(sums, SALES) > 0
    # Rows of a customer are in order of time: his first purchase is the first row of his with one.
    buyers, at = np.unique(customer[bought], return_index=True)
    first = np.zeros(group.size, dtype=np.int64)
    first[buyers] = period[bought][at]
    value = float_column(sums.get_column(VALUE))
    known = period >= first[customer]
    if not known.all():
        warn(
            f"left out amounts of {value[~known].sum():,.2f} from before their customer's first purchase: refunds of "
            "purchases that the log does not hold. refunds='drop' leaves all refunds out.",
            DataWarning,
        )
    decimals = decimals_of(value)
    return CustomerPeriods(
        customer=customer[known],
        period=period[known],
        ticks=in_ticks(value, decimals)[known],
        bought=bought[known],
        orders=_whole(sums, orders)[known],
        group=group,
        first=first,
        decimals=decimals,
    )


def _whole(frame: EagerFrame, column: str) -> Counts:
    return np.asarray(frame.get_column(column).to_numpy(), dtype=np.int64)


def _begins(sorted_values: nw.Series[Any]) -> Flags:
    """Whether each entry differs from the one before."""
    values = sorted_values.to_numpy()
    return np.append(True, values[1:] != values[:-1])
