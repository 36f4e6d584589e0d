"""From a log to sums by cohort and period: one aggregation that any engine runs, its small result in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from customer_value._frames import EagerFrame, nw
from customer_value.transactions._period_calendars import Calendar, OwnClock
from customer_value.transactions._period_frames import (
    ORDERS,
    PERIOD,
    SALES,
    CalendarSlot,
    ClockSlot,
    LogRows,
    Slot,
    first_of,
    merge_periods,
    merge_slots,
)

Lazy = nw.LazyFrame[Any]

COHORT, BEGUN, FULL, CUSTOMERS = "_cohort", "_begun", "_full", "_customers"
_AT, _REACHED, _COHORT_AT = "_at", "_reached", "_cohort_at"


@dataclass(frozen=True, slots=True)
class CohortPlan:
    """Everything that shapes a cohort table apart from the rows."""

    calendar: Calendar  # of periods
    cohorts: Calendar | None  # of the first purchases that make cohorts; None where an attribute does
    own_clock: bool

    @property
    def slots(self) -> dict[str, Slot]:
        """What is to be known of each row's time."""
        slots: dict[str, Slot] = {_AT: CalendarSlot(self.calendar)}
        if self.own_clock:
            clock = OwnClock(self.calendar.grain)
            slots = {_AT: ClockSlot(clock, 0), _REACHED: ClockSlot(clock, 1)}
        return slots if self.cohorts is None else slots | {_COHORT_AT: CalendarSlot(self.cohorts)}

    @property
    def period(self) -> nw.Expr:
        """Number of the customer's period that holds a row: 0 is the period of the first purchase."""
        first = nw.col(first_of(_AT))
        if self.own_clock:
            return OwnClock(self.calendar.grain).whole(first, nw.col(_REACHED))
        return nw.col(_AT) - first

    def reach(self, end: int) -> tuple[nw.Expr, nw.Expr]:
        """Customer's last period that has begun by the last day observed, and the last that is whole, -1 for none."""
        first = nw.col(first_of(_AT))
        if self.own_clock:
            clock = OwnClock(self.calendar.grain)
            begun, after = (clock.whole(first, first * 0 + int(clock.codes_of(day)[1])) for day in (end, end + 1))
            return begun, after - 1
        last, following = (int(self.calendar.numbers(day)) for day in (end, end + 1))
        return first * -1 + last, first * -1 + (following - 1)


def cohort_cells(rows: LogRows, plan: CohortPlan, end: int, attribute: Lazy | None) -> EagerFrame:
    """Sum the log by cohort, by how long customers are observed and by period, in order; one query.

    Amounts from before a customer's first purchase (refunds of what the log does not hold) come as negative periods.
    """
    firsts = [first_of(_AT), *([] if plan.cohorts is None else [first_of(_COHORT_AT)])]
    periods = merge_periods(merge_slots(rows), rows, plan.period, keep=firsts)
    bought = nw.when(nw.col(SALES) > 0).then(1).otherwise(0).cast(nw.Int64)
    begun, full = plan.reach(end)
    marked = periods.with_columns(bought.alias(CUSTOMERS), begun.alias(BEGUN), full.alias(FULL))
    if attribute is None:
        marked = marked.with_columns(nw.col(first_of(_COHORT_AT)).alias(COHORT))
    else:
        marked = marked.join(attribute, on=rows.key, how="inner")
    keys = [COHORT, BEGUN, FULL, PERIOD]
    sums = [CUSTOMERS, *(name for name in rows.sums if name != SALES), *([ORDERS] if rows.has_orders else [])]
    return marked.group_by(keys).agg(*(nw.col(name).sum() for name in sums)).collect().sort(keys)
