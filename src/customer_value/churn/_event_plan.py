"""What `churn_features` was asked for, checked once and read by both of its implementations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from customer_value._frames import AnyFrame, column_names, nw, open_frame, schema_of
from customer_value._units import date_of, day_number
from customer_value._validation import (
    optional_text,
    require_columns,
    require_ids,
    require_numeric,
    text_value,
)
from customer_value.churn._windows import lookback_start, span_label
from customer_value.errors import InputError
from customer_value.transactions._log import require_one_library
from customer_value.transactions._periods import require_dates
from customer_value.transactions._subscriptions import common_name

Value = str | int | float | bool
Counted = Mapping[str, tuple[str, Value | Sequence[Value]]]

DATE_MAKER = "Name the columns with customer_id= and date=; all logs share these names"
_SHAPE = 'counted must look like {"complaints": ("category", "complaint")}, in a mapping of logs under the log\'s name'


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows that are counted by themselves: those whose column holds one of the values."""

    name: str
    column: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class EventLog:
    """One log: the name that its features begin with, its columns, and since when it is kept (None: its first day)."""

    name: str
    customer_id: str
    date: str
    amount: str | None
    available_at: str | None
    distinct: tuple[str, ...]
    kinds: tuple[Kind, ...]
    observed_from: int | None

    @property
    def what(self) -> str:
        """What messages call the log."""
        return f"log {self.name!r}" if self.name else "log"

    @property
    def prefix(self) -> str:
        """What its features' names begin with."""
        return f"{self.name}_" if self.name else ""


@dataclass(frozen=True, slots=True)
class RosterColumns:
    """Columns of the list of customers; None where it does not tell."""

    customer_id: str
    start: str | None
    end: str | None
    available_at: str | None


@dataclass(frozen=True, slots=True)
class Moment:
    """A cutoff and the first day of each lookback that ends before it."""

    cutoff: int
    starts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FeaturePlan:
    """Everything that shapes the features apart from the rows; the first log names the customers without a roster."""

    logs: tuple[EventLog, ...]
    roster: RosterColumns | None
    moments: tuple[Moment, ...]
    labels: tuple[str, ...]  # of the lookbacks, short to long


def open_logs(logs: Any, roster: Any) -> tuple[dict[str, AnyFrame], AnyFrame | None]:
    """Open one frame (under an empty name) or a mapping of them, and the roster; all lazy where one is."""
    if isinstance(logs, Mapping):
        if not logs:
            raise InputError("logs is an empty mapping: give at least one log.")
        named = {text_value(name, "the name of a log"): frame for name, frame in logs.items()}
    else:
        named = {"": logs}
    opened = {name: open_frame(frame, f"log {name!r}" if name else "log") for name, frame in named.items()}
    people = None if roster is None else open_frame(roster, "roster")
    frames = {f"log {name!r}" if name else "log": frame for name, frame in opened.items()}
    if people is not None:
        frames["roster"] = people
    require_one_library(frames)
    if any(isinstance(frame, nw.LazyFrame) for frame in frames.values()):
        opened = {name: frame.lazy() for name, frame in opened.items()}
        people = None if people is None else people.lazy()
    return opened, people


def make_feature_plan(
    logs: Mapping[str, AnyFrame],
    roster: AnyFrame | None,
    cutoffs: Sequence[int],
    *,
    lookbacks: Any,
    customer_id: str,
    date: str,
    amount: str | None,
    available_at: str | None,
    distinct: Any,
    counted: Any,
    observation_start: Any,
    start: str | None,
    end: str | None,
) -> FeaturePlan:
    """Check the arguments against the frames' columns."""
    columns = {name: set(frame.collect_schema().names()) for name, frame in logs.items()}
    amount = _optional(amount, "amount", [*logs.values()])
    available_at = _optional(available_at, "available_at", [*logs.values(), *([] if roster is None else [roster])])
    for name, column in (("start", start), ("end", end)):
        optional_text(column, name)
    distinct_of, counted_of = _by_log(distinct, logs, "distinct"), _by_log(counted, logs, "counted")
    starts = _by_log(observation_start, logs, "observation_start", shared=True)
    planned = [
        EventLog(
            name,
            customer_id,
            date,
            amount if amount in columns[name] else None,
            available_at if available_at in columns[name] else None,
            _names(distinct_of.get(name)),
            _kinds(counted_of.get(name)),
            _first_observed(starts.get(name, "first")),
        )
        for name in logs
    ]
    for log in planned:
        _check_columns(logs[log.name], log)
    who = None if roster is None else _roster_columns(roster, customer_id, available_at, start, end)
    frames = {log.what: logs[log.name] for log in planned} | ({} if roster is None else {"roster": roster})
    require_ids(customer_id, frames)
    spans = read_lookbacks(lookbacks)
    moments = tuple(Moment(cutoff, _starts(cutoff, spans)) for cutoff in cutoffs)
    return FeaturePlan(tuple(planned), who, moments, tuple(span_label(span) for span in spans))


def read_lookbacks(lookbacks: Any) -> tuple[Any, ...]:
    """Return lookbacks as a sequence of spans; each is checked where its window is made."""
    given = (lookbacks,) if isinstance(lookbacks, (str, int)) else lookbacks
    if not isinstance(given, Sequence) or isinstance(given, bytes) or not given:
        raise InputError(f"lookbacks must be one or more spans such as ('30 days', '12 months'); got {lookbacks!r}.")
    return tuple(given)


def _starts(cutoff: int, spans: tuple[Any, ...]) -> tuple[int, ...]:
    starts = tuple(lookback_start(cutoff, span) for span in spans)
    for (short, earlier), (long, later) in pairwise(zip(spans, starts, strict=True)):
        if later >= earlier:
            raise InputError(
                f"lookbacks must run from short to long; at {date_of(cutoff)} {long!r} is not longer than {short!r}."
            )
    return starts


def _optional(name: str | None, argument: str, frames: list[AnyFrame]) -> str | None:
    """Return a column that logs may have; one that the caller named must be in some frame."""
    if optional_text(name, argument) is None or any(name in column_names(frame) for frame in frames):
        return name
    if name != argument:
        if len(frames) == 1:
            require_columns(frames[0], [str(name)], what="log", maker=f"{argument}=None means there is none")
        raise InputError(f"{argument}={name!r} names a column that no frame has; {argument}=None means there is none.")
    return None


def _by_log(given: Any, logs: Mapping[str, AnyFrame], argument: str, *, shared: bool = False) -> dict[str, Any]:
    """Return what was asked of each log: of the only one as it is, of several under their names (or one for all)."""
    if given is None:
        return {}
    if "" in logs:
        return {"": given}
    if shared and not isinstance(given, Mapping):
        return dict.fromkeys(logs, given)
    if isinstance(given, Sequence) and not given:
        return {}
    if not isinstance(given, Mapping) or not set(given) <= set(logs):
        raise InputError(f"{argument} must be a mapping with names of logs ({list(logs)}) as keys; got {given!r}.")
    return dict(given)


def _names(given: Any) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else () if given is None else given
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise InputError(f"distinct must be names of columns; got {given!r}.")
    return tuple(names)


def _kinds(given: Any) -> tuple[Kind, ...]:
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise InputError(f"{_SHAPE}; got {given!r}.")
    kinds = []
    for name, rule in given.items():
        if (
            not isinstance(name, str)
            or isinstance(rule, (str, Mapping))
            or not isinstance(rule, Sequence)
            or len(rule) != 2
        ):
            raise InputError(f"{_SHAPE}; got {name!r}: {rule!r}.")
        column, values = rule
        several = isinstance(values, (Sequence, set, frozenset)) and not isinstance(values, str)
        held = tuple(sorted(values, key=str)) if several else (values,)
        if (
            not isinstance(column, str)
            or not held
            or not all(isinstance(v, (str, bool, int, float, np.generic)) for v in held)
        ):
            raise InputError(f"{_SHAPE}; got {name!r}: {rule!r}.")
        kinds.append(Kind(name, column, held))
    return tuple(kinds)


def _first_observed(given: Any) -> int | None:
    if given is None or (isinstance(given, str) and given == "first"):
        return None
    if not isinstance(given, (str, dt.date, np.datetime64)):
        raise InputError(f"observation_start must be 'first', a day, or a mapping of logs to days; got {given!r}.")
    return day_number(given, "observation_start")


def _check_columns(frame: AnyFrame, log: EventLog) -> None:
    require_columns(frame, [log.customer_id, log.date], what=log.what, maker=DATE_MAKER)
    require_columns(frame, [*log.distinct, *(kind.column for kind in log.kinds)], what=log.what)
    roles = [c for c in (log.customer_id, log.date, log.amount, log.available_at) if c is not None]
    if len(set(roles)) < len(roles):
        raise InputError(f"customer, date, amount and available_at must be different columns; got {roles}.")
    schema, objects = schema_of(frame), isinstance(frame, nw.DataFrame)
    for column in (log.date, log.available_at):
        if column is not None:
            require_dates(schema[column], column, objects=objects)
    if log.amount is not None:
        require_numeric(schema[log.amount], log.amount)


def _roster_columns(
    roster: AnyFrame, customer_id: str, available_at: str | None, start: str | None, end: str | None
) -> RosterColumns:
    """Return the roster's columns; the usual names are used where there are such columns, any other must be there."""
    schema = schema_of(roster)
    start, end = (name if name is None else common_name(roster, name) for name in (start, end))
    named = [name for name in (start, end) if name not in (None, "start", "end")]
    require_columns(roster, [customer_id, *named], what="roster")
    since, until, known = (name if name in schema else None for name in (start, end, available_at))
    for column in (since, until, known):
        if column is not None:
            require_dates(schema[column], column, objects=isinstance(roster, nw.DataFrame))
    return RosterColumns(customer_id, since, until, known)
