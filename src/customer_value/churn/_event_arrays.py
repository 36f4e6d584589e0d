"""Features of eager frames: rows are sorted once, then every cutoff is a position in each customer's rows.

What lies before a position is a difference of running sums of whole numbers, which is exact: neither the order of rows
nor what comes after the position leaves a trace. Customers are taken in chunks whose running sums stay in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame
from customer_value.churn._event_formulas import (
    ACTIVE_DAYS,
    ARRAYS,
    BILLIONTHS,
    COUNT,
    DISTINCT,
    EVENTS,
    FIRST,
    GAP_SQUARES,
    LAST,
    LAST_OF,
    LONGEST_GAP,
    WHOLES,
    Feature,
    log_features,
    of,
)
from customer_value.churn._event_plan import FeaturePlan, Moment
from customer_value.churn._event_reading import (
    Bools,
    Events,
    Holdings,
    ReadLog,
    Whole,
    pair_starts,
    read_frames,
)
from customer_value.churn._event_rules import check_history
from customer_value.churn._event_table import FeatureTable, first_days
from customer_value.transactions._blocks import in_threads
from customer_value.transactions._periods import Days

_CHUNK = 1 << 16  # rows of a chunk, or customers where they have fewer

Numbers = dict[str, Any]


def features_eagerly(logs: Mapping[str, EagerFrame], roster: EagerFrame | None, plan: FeaturePlan) -> EagerFrame:
    """Make the features at each cutoff, stacked, in order of cutoff and customer."""
    customers, read, people = read_frames(logs, roster, plan)
    for number, (log, one) in enumerate(zip(plan.logs, read, strict=True)):
        check_history(one.history, log, plan, defines=number == 0 and roster is None)
    n = customers.row.size
    since = first_days(read[0].events, people, plan, n)
    size = max(1, _CHUNK * n // max(1, *(one.events.day.size for one in read)))
    cuts = np.append(np.arange(0, n, min(size, _CHUNK)), n)
    table = FeatureTable.empty(since, cuts, plan)

    def fill(number: int) -> None:
        _fill(table, number, slice(int(cuts[number]), int(cuts[number + 1])), read, since)

    in_threads(fill, range(cuts.size - 1), fewest=4)
    return table.frame(customers, next(iter(logs.values())))


def _fill(table: FeatureTable, number: int, chunk: slice, read: Sequence[ReadLog], since: Sequence[Whole]) -> None:
    """Write the features of a chunk's customers at each cutoff."""
    plan = table.plan
    numbers = [list(_numbers(one, chunk, plan)) for one in read]
    for at, moment in enumerate(plan.moments):
        members = np.flatnonzero(since[at][chunk] < moment.cutoff)
        found: list[tuple[str, Feature]] = []
        if "days_since_start" in table.whole:
            found.append(("", Feature("days_since_start", moment.cutoff - since[at][chunk][members], whole=True)))
        with np.errstate(divide="ignore", invalid="ignore"):  # where a quotient is not known
            for log, one, of_log in zip(plan.logs, read, numbers, strict=True):
                base = {name: values[members] for name, values in of_log[at].items()}
                observed = one.history.observed(at, moment)
                found += [(log.prefix, f) for f in log_features(base, log, moment, plan.labels, observed, ARRAYS)]
        named = ((f"{prefix}{feature.name}", feature) for prefix, feature in found)
        table.write(at, number, members + chunk.start, named)


def _numbers(read: ReadLog, chunk: slice, plan: FeaturePlan) -> Iterator[Numbers]:
    """Count what a log had told of a chunk's customers before each cutoff."""
    events = _cut(read.events, chunk)
    holdings = {column: _cut_holdings(held, chunk) for column, held in read.holdings.items()}
    if events.known is None:
        yield from _counted(events, holdings, plan.moments, plan.labels)
        return
    for moment in plan.moments:  # what is known is another log at each cutoff
        known = _keep(events, events.known < moment.cutoff)
        held = {c: _keep_holdings(h, h.known < moment.cutoff) for c, h in holdings.items() if h.known is not None}
        yield from _counted(known, held, [moment], plan.labels)


def _cut(events: Events, chunk: slice) -> Events:
    starts = events.starts[chunk.start : chunk.stop + 1]
    rows = slice(int(starts[0]), int(starts[-1]))
    return replace(_of_rows(events, rows), starts=starts - starts[0])


def _cut_holdings(held: Holdings, chunk: slice) -> Holdings:
    starts = held.starts[chunk.start : chunk.stop + 1]
    rows = slice(int(starts[0]), int(starts[-1]))
    known = None if held.known is None else held.known[rows]
    return Holdings(starts - starts[0], held.value[rows], held.day[rows], known)


def _kept(starts: Whole, keep: Bools) -> Whole:
    return np.append(0, np.cumsum(keep))[starts]


def _keep(events: Events, keep: Bools) -> Events:
    return replace(_of_rows(events, keep), starts=_kept(events.starts, keep))


def _of_rows(events: Events, rows: slice | Bools) -> Events:
    """Take some rows of every column; where customers start among them is the caller's to say."""
    columns: dict[str, Any] = {name: getattr(events, name) for name in ("known", "event", "wholes", "billionths")}
    taken: dict[str, Any] = {name: None if values is None else values[rows] for name, values in columns.items()}
    kinds = {name: flags[rows] for name, flags in events.kinds.items()}
    return replace(events, day=events.day[rows], kinds=kinds, **taken)


def _keep_holdings(held: Holdings, keep: Bools) -> Holdings:
    return Holdings(_kept(held.starts, keep), held.value[keep], held.day[keep], None)


@dataclass(frozen=True, slots=True)
class _Positions:
    """Where each group's rows before a day end, for the cutoffs and the starts of their lookbacks."""

    of_day: Mapping[int, Whole]

    @classmethod
    def find(cls, group: Whole, n: int, begins: Whole, day: Days, moments: Sequence[Moment]) -> _Positions:
        """Count rows by group and by the cutoffs or starts that their day lies between; running sums do the rest."""
        days = sorted({day for moment in moments for day in (moment.cutoff, *moment.starts)})
        stretch = np.searchsorted(days, day, side="right")
        counts = np.bincount(stretch * n + group, minlength=n * (len(days) + 1)).reshape(len(days) + 1, n)
        ends = begins + np.cumsum(counts, axis=0)
        return cls(dict(zip(days, ends, strict=False)))


def _counted(
    events: Events, holdings: Mapping[str, Holdings], moments: Sequence[Moment], labels: tuple[str, ...]
) -> Iterator[Numbers]:
    n = events.starts.size - 1
    begins = events.starts[:-1]
    customer = np.repeat(np.arange(n), np.diff(events.starts))
    at = _Positions.find(customer, n, begins, events.day, moments).of_day
    days = _active_days(events, customer)
    sums = {EVENTS: _running(events.event, events.day.size), ACTIVE_DAYS: _running(days.new)}
    if events.wholes is not None and events.billionths is not None:
        sums |= {WHOLES: _running(events.wholes), BILLIONTHS: _running(events.billionths)}
    sums |= {of(COUNT, name): _running(flags) for name, flags in events.kinds.items()}
    squares = _running(days.gap * days.gap)
    last_of = {of(LAST_OF, name): _latest(customer, days.number, flags) for name, flags in events.kinds.items()}
    held = {column: _Held.of(h, n, moments) for column, h in holdings.items()}
    for moment in moments:
        end = at[moment.cutoff]
        numbers = {name: running[end] - running[begins] for name, running in sums.items()}
        for label, start in zip(labels, moment.starts, strict=True):
            numbers |= {of(name, label): running[end] - running[at[start]] for name, running in sums.items()}
        some = end > begins
        numbers[FIRST] = days.first
        numbers[LAST] = _at(days.last, end, some) + days.low
        numbers[GAP_SQUARES] = squares[end] - squares[begins]
        numbers[LONGEST_GAP] = _at(days.longest, end, some)
        numbers |= {name: _at(latest, end, some) + days.low for name, latest in last_of.items()}
        for column, one in held.items():
            numbers[of(DISTINCT, column)] = one.had(moment.cutoff, None)
            for label, start in zip(labels, moment.starts, strict=True):
                numbers[of(DISTINCT, column, label)] = one.had(moment.cutoff, start)
        yield numbers


def _running(values: Any, size: int = 0) -> Whole:
    """Sums of the values before each position, and of all; None counts every row."""
    if values is None:
        return np.arange(size + 1)
    sums = np.zeros(values.size + 1, dtype=np.int64)
    np.cumsum(values, out=sums[1:])
    return sums


def _at(values: Whole, end: Whole, some: Bools) -> Whole:
    """Take the entry of the last row before each position; 0 where a customer has none."""
    if not values.size:
        return np.zeros(end.size, dtype=np.int64)
    return np.where(some, values[np.maximum(end - 1, 0)], 0)


def _latest(customer: Whole, value: Whole, counts: Bools | None) -> Whole:
    """Running greatest of each customer's values (0 or above), over the rows that count."""
    if not value.size:
        return value
    width = int(value.max()) + 1
    offset = customer * width
    greatest: Whole = np.maximum.accumulate(offset + (value if counts is None else np.where(counts, value, 0))) - offset
    return greatest


@dataclass(frozen=True, slots=True)
class _ActiveDays:
    """Days with an event, as a mark on their first row; the gap to the one before, and running extremes."""

    low: int  # the day whose number is 0; events have numbers from 1 on
    number: Whole
    new: Bools
    gap: Whole
    last: Whole
    longest: Whole
    first: Whole


def _active_days(events: Events, customer: Whole) -> _ActiveDays:
    low = int(events.day.min()) - 1 if events.day.size else 0
    number = events.day.astype(np.int64) - low
    last = number if events.event is None else _latest(customer, number, events.event)
    before = np.zeros(last.size, dtype=np.int64)  # the latest event in an earlier row of the same customer
    before[1:] = np.where(customer[1:] == customer[:-1], last[:-1], 0)
    new = last > before
    gap = np.where(new & (before > 0), number - before, 0)
    first = np.zeros(events.starts.size - 1, dtype=np.int64)
    opens = new & (before == 0)
    first[customer[opens]] = events.day[opens]
    return _ActiveDays(low, number, new, gap, last, _latest(customer, gap, None), first)


@dataclass(frozen=True, slots=True)
class _Held:
    """Rows of each customer and value: one of a customer's values was had in a window where rows of it lie there."""

    customer: Whole  # of each pair
    begins: Whole
    at: Mapping[int, Whole]
    n: int

    @classmethod
    def of(cls, held: Holdings, n: int, moments: Sequence[Moment]) -> _Held:
        customer = np.repeat(np.arange(n), np.diff(held.starts))
        begins = pair_starts(customer, held.value)
        sizes = np.diff(np.append(begins, customer.size))
        pair = np.repeat(np.arange(begins.size), sizes)
        at = _Positions.find(pair, begins.size, begins, held.day, moments).of_day
        return cls(customer[begins], begins, at, n)

    def had(self, cutoff: int, start: int | None) -> Whole:
        """Count each customer's values in a window."""
        from_ = self.begins if start is None else self.at[start]
        return np.bincount(self.customer[self.at[cutoff] > from_], minlength=self.n)
