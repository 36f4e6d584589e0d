"""Two windows of the same length side by side, by period: where they lie, and what each customer brought in both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._units import date_of, day_number
from customer_value.errors import InputError
from customer_value.transactions._period_calendars import Calendar
from customer_value.transactions._plan import add_length, read_length

Floats = np.ndarray[Any, np.dtype[np.float64]]
Counts = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

_DIGITS = 13  # that sums of floats hold for sure, whatever the order of what they add
_EXACT = 15  # digits of the largest whole number up to which floats are exact
_CENTS = 2


@dataclass(frozen=True, slots=True)
class WindowEnds:
    """Periods that close two windows inside the log, with the number of periods of the later and the earlier one."""

    end: Counts
    later: Counts
    earlier: Counts


@dataclass(frozen=True, slots=True)
class CustomerPeriods:
    """Customers by period since their first purchase, one entry each: revenue in ticks, purchases and orders."""

    customer: Counts
    period: Counts
    ticks: Counts
    bought: Flags
    orders: Counts
    group: Counts  # of each customer
    first: Counts  # period of each customer's first purchase
    decimals: int  # of a tick: revenue is ticks / 10**decimals

    def money(self, ticks: Any) -> Floats:
        """Revenue of so many ticks."""
        counted = np.asarray(ticks, dtype=np.float64)
        return counted / 10.0**self.decimals if self.decimals >= 0 else counted * 10.0**-self.decimals


@dataclass(frozen=True, slots=True)
class WindowPair:
    """What each customer brought in two windows: revenue in ticks, purchase periods, orders."""

    begin: int  # first period of the later window
    end: int
    before: Counts
    after: Counts
    bought_before: Flags
    bought_after: Flags
    orders_before: Counts
    orders_after: Counts


def observed_from(observation_start: Any, first_day: int) -> int:
    """First day observed, which no transaction may precede."""
    start = first_day if observation_start is None else day_number(observation_start, "observation_start")
    if start > first_day:
        raise InputError(
            f"observation_start={date_of(start)} must not be after the log's first date, {date_of(first_day)}: leave "
            "earlier rows out first."
        )
    return start


def window_ends(calendar: Calendar, window: Any, first_day: int, last_day: int, caller: str) -> WindowEnds:
    """Find the whole periods at whose end two windows of a length such as ``"12 months"`` lie inside the log."""
    count, unit = read_length(window, "window")
    first = int(calendar.numbers(first_day - 1)) + 1
    whole = int(calendar.numbers(last_day + 1)) - 1
    found = []
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
            found.append((last, last + 1 - numbers[0], numbers[0] - numbers[1]))
    if not found:
        raise InputError(
            f"{caller} needs two windows of {window!r} that lie inside the log, in whole {calendar.grain}s; it runs "
            f"from {date_of(first_day)} to {date_of(last_day)}. Take a shorter window or a longer log; where it was "
            "observed before its first transaction, name the day with observation_start=."
        )
    return WindowEnds(*np.array(found, dtype=np.int64).T)


def decimals_of(values: Floats) -> int:
    """Decimals to which sums of these values do not depend on the order in which they were added.

    At least the cents, as long as floats hold them, so that whole numbers of ticks add up exactly in any order.
    """
    sizes = np.abs(values)
    largest = float(sizes.max(initial=0.0))
    if largest == 0:
        return _CENTS
    length = int(np.ceil(np.log10(largest) + np.log10((sizes / largest).sum())))
    return max(_DIGITS - length, min(_CENTS, _EXACT - length))


def in_ticks(values: Floats, decimals: int) -> Counts:
    """Revenue as whole numbers of ticks."""
    scaled = values * 10.0**decimals if decimals >= 0 else values / 10.0**-decimals
    return np.rint(scaled).astype(np.int64)


def window_pairs(rows: CustomerPeriods, ends: WindowEnds) -> Iterator[WindowPair]:
    """Give both windows of each end in turn; sums move along with them, so that each period is added and taken once."""
    order = np.argsort(rows.period, kind="stable")
    edges = rows.period[order]
    n = rows.group.size
    measures = [rows.ticks[order], rows.bought[order].astype(np.int64), rows.orders[order]]
    customer = rows.customer[order]

    def sums(begin: int, end: int) -> list[Counts]:
        low, high = np.searchsorted(edges, [begin, end])
        of = customer[low:high]
        return [np.bincount(of, measure[low:high], n).astype(np.int64) for measure in measures]

    def moved(at: list[Counts], was: tuple[int, int], now: tuple[int, int]) -> list[Counts]:
        plus, minus = sums(was[1], now[1]), sums(was[0], now[0])
        return [total + gained - lost for total, gained, lost in zip(at, plus, minus, strict=True)]

    before = after = [np.zeros(n, dtype=np.int64)] * len(measures)
    early = late = (int(ends.end[0]) - int(ends.later[0]) - int(ends.earlier[0]) + 1,) * 2
    for end, later, earlier in zip(ends.end.tolist(), ends.later.tolist(), ends.earlier.tolist(), strict=True):
        begin = end - later + 1
        before, early = moved(before, early, (begin - earlier, begin)), (begin - earlier, begin)
        after, late = moved(after, late, (begin, end + 1)), (begin, end + 1)
        yield WindowPair(begin, end, before[0], after[0], before[1] > 0, after[1] > 0, before[2], after[2])
