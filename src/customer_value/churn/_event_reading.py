"""Eager logs as arrays: customers of all logs numbered in one order, rows sorted by customer and day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, float_column, nw
from customer_value._validation import require_rows, require_some
from customer_value.churn._event_formulas import BILLION, LARGEST_AMOUNT
from customer_value.churn._event_plan import EventLog, FeaturePlan, Kind, RosterColumns
from customer_value.churn._event_rules import AMOUNT_SIZE, NULL_DATE, NULL_ID, LogHistory, warn_never_known
from customer_value.errors import InputError
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import require_present
from customer_value.transactions._periods import Days, day_numbers
from customer_value.transactions._row_order import dense_codes, order_rows, run_starts

Whole = np.ndarray[Any, np.dtype[np.int64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
Floats = np.ndarray[Any, np.dtype[np.float64]]

NEVER = np.iinfo(np.int32).max  # the day on which a row without one becomes known


@dataclass(frozen=True, slots=True)
class Events:
    """Rows in order of customer and day; customer c's are those from `starts[c]` up to `starts[c + 1]`."""

    starts: Whole
    day: Days
    known: Days | None  # day on which the row was known
    event: Bools | None  # not a refund; None where no row is one
    wholes: Whole | None
    billionths: Whole | None
    kinds: Mapping[str, Bools]


@dataclass(frozen=True, slots=True)
class Holdings:
    """Rows with a value of one column, in order of customer, value and day."""

    starts: Whole
    value: Whole
    day: Days
    known: Days | None


@dataclass(frozen=True, slots=True)
class ReadLog:
    """One log, read: its events, what they hold of each column whose distinct values count, and its history."""

    events: Events
    holdings: Mapping[str, Holdings]
    history: LogHistory


@dataclass(frozen=True, slots=True)
class ReadRoster:
    """The roster's rows: customer, first day (None: always there), last day (None: open), the day it was known."""

    customer: Whole
    start: Days | None
    end: Days | None
    known: Days | None


@dataclass(frozen=True, slots=True)
class Customers:
    """Everybody in the frames, numbered in the library's order, and where in the keys of all frames he stands first."""

    keys: nw.Series[Any]
    row: Whole

    def named(self, customers: Whole) -> nw.Series[Any]:
        """Return the keys of customers, given by number."""
        return self.keys[self.row[customers]]


def read_frames(
    logs: Mapping[str, EagerFrame], roster: EagerFrame | None, plan: FeaturePlan
) -> tuple[Customers, list[ReadLog], ReadRoster | None]:
    """Check all frames' rows and read them."""
    key = plan.logs[0].customer_id
    frames = [logs[log.name] for log in plan.logs] + ([] if roster is None else [roster])
    for frame, what in zip(frames, [*(log.what for log in plan.logs), "roster"], strict=False):
        try:
            require_present(frame.get_column(key), NULL_ID)
        except InputError as error:
            raise InputError(f"{what}: {error}") from None
    keys = _joined_keys([frame.get_column(key) for frame in frames])
    codes, n = dense_codes(id_labels(keys))
    row = np.empty(n, dtype=np.int64)
    row[codes[::-1]] = np.arange(codes.size - 1, -1, -1)
    cuts = np.cumsum([len(frame) for frame in frames])[:-1]
    parts = np.split(codes, cuts)
    read = [_read_log(frame, part, n, log, plan) for frame, part, log in zip(frames, parts, plan.logs, strict=False)]
    people = None if roster is None or plan.roster is None else _read_roster(roster, parts[-1], plan.roster)
    return Customers(keys, row), read, people


def _joined_keys(keys: list[nw.Series[Any]]) -> nw.Series[Any]:
    if len(keys) == 1:
        return keys[0]
    if isinstance(keys[0].dtype, (nw.Categorical, nw.Enum)):  # each frame may have categories of its own
        keys = [key.cast(nw.String) for key in keys]
    return nw.concat([key.to_frame() for key in keys]).get_column(keys[0].name)


def _read_roster(roster: EagerFrame, codes: Any, columns: RosterColumns) -> ReadRoster:
    require_some(len(roster), "roster")
    if columns.start is not None:
        require_present(roster.get_column(columns.start), NULL_DATE)
    start = None if columns.start is None else day_numbers(roster.get_column(columns.start))
    end, known = (
        None if column is None else days_or_never(roster.get_column(column))
        for column in (columns.end, columns.available_at)
    )
    return ReadRoster(codes, start, end, known)


def days_or_never(dates: nw.Series[Any]) -> Days:
    """Day numbers of a date column, nulls as a day that never comes."""
    missing = np.asarray(dates.is_null().to_numpy(), dtype=np.bool_)
    days = np.full(len(dates), NEVER, dtype=np.int64)
    days[~missing] = day_numbers(dates.drop_nulls() if missing.any() else dates)
    return days


def _read_log(frame: EagerFrame, codes: Any, n: int, log: EventLog, plan: FeaturePlan) -> ReadLog:
    try:
        require_present(frame.get_column(log.date), NULL_DATE)
        amounts = None if log.amount is None else _amounts(frame, log.amount)
    except InputError as error:
        raise InputError(f"{log.what}: {error}" if log.name else str(error)) from None
    day = day_numbers(frame.get_column(log.date))
    known = None if log.available_at is None else days_or_never(frame.get_column(log.available_at))
    event = amounts >= 0 if amounts is not None and amounts.size and amounts.min() < 0 else None
    last = max(moment.cutoff for moment in plan.moments)
    if known is not None:
        warn_never_known(int(np.count_nonzero((known == NEVER) & (day < last))), log)
    history = LogHistory(len(frame), 0 if event is None else 1, _first_and_last(day, known, plan), log.observed_from)
    order, starts = _in_order(codes, day, n)
    wholes = billionths = None
    if amounts is not None:
        floor = np.floor(amounts)
        billionths = np.floor((amounts - floor) * float(BILLION) + 0.5).astype(np.int64)[order]
        wholes = floor.astype(np.int64)[order]
    kinds = {kind.name: _is_kind(frame, kind)[order] for kind in log.kinds}
    events = Events(
        starts,
        day[order],
        None if known is None else known[order],
        None if event is None else event[order],
        wholes,
        billionths,
        kinds,
    )
    holdings = {column: _holdings(frame, column, codes, day, known, event, n) for column in log.distinct}
    return ReadLog(events, holdings, history)


def _amounts(frame: EagerFrame, column: str) -> Floats:
    amounts = float_column(frame.get_column(column))
    require_rows(~np.isnan(amounts), f"{column} must not be null or NaN")
    require_rows(np.abs(amounts) < LARGEST_AMOUNT, AMOUNT_SIZE.format(column))
    return amounts


def _is_kind(frame: EagerFrame, kind: Kind) -> Bools:
    column = frame.get_column(kind.column)
    try:
        found = (column == kind.values[0]) if len(kind.values) == 1 else column.is_in(kind.values)
        return np.asarray(found.fill_null(False).to_numpy(), dtype=np.bool_)
    except Exception as error:  # each library has errors of its own for values of another type
        raise InputError(f"{kind.column} cannot be compared with {list(kind.values)}: {error}") from None


def _first_and_last(day: Days, known: Days | None, plan: FeaturePlan) -> tuple[tuple[int | None, int | None], ...]:
    found: list[tuple[int | None, int | None]] = []
    for moment in plan.moments:
        before = day[day < moment.cutoff if known is None else (day < moment.cutoff) & (known < moment.cutoff)]
        found.append((int(before.min()), int(before.max())) if before.size else (None, None))
    return tuple(found)


def _in_order(groups: Any, day: Days, n: int) -> tuple[Whole, Whole]:
    """Return the rows in order of group and day, and where each of n groups starts."""
    ordered = order_rows(groups, day)
    rows = np.lexsort((day, groups)) if ordered is None else ordered.without_row(ordered.keys)[1]
    starts = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(groups, minlength=n), out=starts[1:])
    return rows, starts


def _holdings(
    frame: EagerFrame, column: str, codes: Any, day: Days, known: Days | None, event: Bools | None, n: int
) -> Holdings:
    values = frame.get_column(column)
    there = ~np.asarray(values.is_null().to_numpy(), dtype=np.bool_)
    rows = np.flatnonzero(there if event is None else there & event)
    customer, days = codes[rows].astype(np.int64), day[rows]
    value, distinct = dense_codes(id_labels(values[rows])) if rows.size else (rows, 1)
    order, _ = _in_order(_dense(customer * distinct + value), days, 0)
    starts = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(customer, minlength=n), out=starts[1:])
    return Holdings(starts, value[order].astype(np.int64), days[order], None if known is None else known[rows][order])


def _dense(labels: Whole) -> Any:
    return dense_codes(labels)[0] if labels.size else labels


def pair_starts(customer: Whole, value: Whole) -> Whole:
    """Return where a customer's next value begins, in rows that are in order of both."""
    new = np.zeros(customer.size, dtype=np.bool_)
    new[run_starts(customer)] = True
    new[run_starts(value)] = True
    return np.flatnonzero(new)
