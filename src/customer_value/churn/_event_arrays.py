"""Features of eager frames: rows are sorted once, then every cutoff is a position in each customer's rows.

What lies before a position is a difference of running sums of whole numbers, which is exact: neither the order of rows
nor what comes after the position leaves a trace. Customers are taken in chunks whose running sums stay in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from customer_value._frames import Column, EagerFrame, engine_of, make_frame, nw, whole_numbers
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
    log_features,
    of,
)
from customer_value.churn._event_plan import FeaturePlan, Moment
from customer_value.churn._event_reading import (
    Bools,
    Customers,
    Events,
    Holdings,
    ReadLog,
    ReadRoster,
    Whole,
    pair_starts,
    read_frames,
)
from customer_value.churn._event_rules import check_history, no_customers
from customer_value.transactions._blocks import in_threads
from customer_value.transactions._periods import Days, date_literal

_CHUNK = 1 << 16  # rows of a chunk, or customers where they have fewer

Numbers = dict[str, Any]
Made = dict[str, tuple[Any, Any, bool]]  # feature -> values, where they are known (True: everywhere), whether whole


def features_eagerly(logs: Mapping[str, EagerFrame], roster: EagerFrame | None, plan: FeaturePlan) -> EagerFrame:
    """Make the features at each cutoff, stacked, in order of cutoff and customer."""
    customers, read, people = read_frames(logs, roster, plan)
    for number, (log, one) in enumerate(zip(plan.logs, read, strict=True)):
        check_history(one.history, log, plan, defines=number == 0 and roster is None)
    since = None if people is None else [_started(people, customers.row.size, m.cutoff) for m in plan.moments]
    size = max(1, _CHUNK * customers.row.size // max(1, *(one.events.day.size for one in read)))
    cuts = np.append(np.arange(0, customers.row.size, min(size, _CHUNK)), customers.row.size)
    chunks = [slice(int(a), int(b)) for a, b in pairwise(cuts)]
    done = in_threads(lambda chunk: _of_chunk(chunk, read, since, plan), chunks, fewest=4)
    like = next(iter(logs.values()))
    return _stack(done, customers, plan, like)


def _of_chunk(
    chunk: slice, read: Sequence[ReadLog], since: list[Whole] | None, plan: FeaturePlan
) -> list[tuple[Whole, Made]]:
    """Return the customers of a chunk at each cutoff, and their features."""
    numbers = [list(_numbers(one, chunk, plan)) for one in read]
    found = []
    for number, moment in enumerate(plan.moments):
        if since is None:
            members = np.flatnonzero(numbers[0][number][EVENTS])
        else:
            members = np.flatnonzero(since[number][chunk] < moment.cutoff)
        made: Made = {}
        if since is not None and plan.roster is not None and plan.roster.start is not None:
            made["days_since_start"] = moment.cutoff - since[number][chunk][members], True, True
        for log, one, of_log in zip(plan.logs, read, numbers, strict=True):
            base = {name: values[members] for name, values in of_log[number].items()}
            observed = one.history.observed(number, moment)
            with np.errstate(divide="ignore", invalid="ignore"):  # where a quotient is not known
                for feature in log_features(base, log, moment, plan.labels, observed, ARRAYS):
                    made[f"{log.prefix}{feature.name}"] = feature.value, feature.known, feature.whole
        found.append((members + chunk.start, made))
    return found


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
    return Events(
        starts - starts[0],
        events.day[rows],
        *(None if x is None else x[rows] for x in (events.known, events.event, events.wholes, events.billionths)),
        {name: flags[rows] for name, flags in events.kinds.items()},
    )


def _cut_holdings(held: Holdings, chunk: slice) -> Holdings:
    starts = held.starts[chunk.start : chunk.stop + 1]
    rows = slice(int(starts[0]), int(starts[-1]))
    known = None if held.known is None else held.known[rows]
    return Holdings(starts - starts[0], held.value[rows], held.day[rows], known)


def _kept(starts: Whole, keep: Bools) -> Whole:
    return np.append(0, np.cumsum(keep))[starts]


def _keep(events: Events, keep: Bools) -> Events:
    columns = {name: getattr(events, name) for name in ("known", "event", "wholes", "billionths")}
    return replace(
        events,
        starts=_kept(events.starts, keep),
        day=events.day[keep],
        kinds={name: flags[keep] for name, flags in events.kinds.items()},
        **{name: None if values is None else values[keep] for name, values in columns.items()},
    )


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


def _started(people: ReadRoster, n: int, cutoff: int) -> Whole:
    """Return the first day of each customer of the roster who is one at a cutoff; the cutoff itself for all others."""
    known = np.ones(people.customer.size, dtype=np.bool_) if people.known is None else people.known < cutoff
    start = np.full(known.size, cutoff - 1) if people.start is None else people.start
    since, there = np.full(n, cutoff, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    np.minimum.at(since, people.customer[known], start[known])
    runs = known if people.end is None else known & (people.end >= cutoff)
    there[people.customer[runs & (start < cutoff)]] = True
    return np.where(there, since, cutoff)


def _stack(
    done: list[list[tuple[Whole, Made]]], customers: Customers, plan: FeaturePlan, like: EagerFrame
) -> EagerFrame:
    """Put the chunks of each cutoff under each other, column by column, letting go of each."""
    parts = [found for number in range(len(plan.moments)) for found in (chunk[number] for chunk in done)]
    sizes = np.array([members.size for members, _ in parts])
    per_cutoff = sizes.reshape(len(plan.moments), -1).sum(axis=1)
    if not per_cutoff.all():
        raise no_customers(plan.moments[int(np.argmin(per_cutoff))].cutoff, "roster")
    del done
    cutoffs = np.repeat(np.array([m.cutoff for m in plan.moments]), per_cutoff)
    columns: dict[str, Column] = {
        plan.logs[0].customer_id: customers.named(np.concatenate([members for members, _ in parts])),
        "cutoff": cutoffs.astype("datetime64[D]"),
    }
    for name in list(parts[0][1]):
        columns[name] = _column([made.pop(name) for _, made in parts], sizes, like)
    made = make_frame(columns, like=like)
    return made if len(plan.moments) > 1 else made.with_columns(_one_cutoff(plan, made))


def _one_cutoff(plan: FeaturePlan, like: EagerFrame) -> nw.Expr:
    return date_literal(plan.moments[0].cutoff, engine_of(like)).alias("cutoff")


def _column(parts: list[tuple[Any, Any, bool]], sizes: Any, like: EagerFrame) -> Column:
    whole = parts[0][2]
    values = np.concatenate([np.asarray(v) for v, _, _ in parts])
    if all(known is True for _, known, _ in parts):
        return values
    known = np.concatenate([np.broadcast_to(np.asarray(k), n) for (_, k, _), n in zip(parts, sizes, strict=True)])
    if whole:
        return whole_numbers(values, ~known, like)
    return np.where(known, values, np.nan)
