"""The state of each customer at each cutoff, read from a history or from two frames into arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, nw, to_eager
from customer_value._units import day_number
from customer_value._validation import (
    few,
    name_list,
    numeric_column,
    require_columns,
    require_ids,
    require_rows,
    require_some,
)
from customer_value.errors import InputError
from customer_value.transactions._ids import id_labels

Floats = np.ndarray[Any, np.dtype[np.float64]]
Codes = np.ndarray[Any, np.dtype[np.int64]]

MAKER = "snapshot_customers(log, cutoffs=..., apply=...) makes histories"


@dataclass(frozen=True)
class States:
    """Rows by customer and time 0, 1, ...; `state` counts within `names`, `row` is the position in the frames."""

    names: list[str]
    customer: Codes
    time: Codes
    state: Codes
    values: Floats | None
    cutoffs: nw.Series[Any] | None  # of each time; None for two frames
    times: int
    row: Codes


def read_history(frame: EagerFrame, label: str, value: str | None, customer_id: str, cutoff: str, order: Any) -> States:
    """Read a long frame of one row per customer and cutoff."""
    wanted = [customer_id, cutoff, label, *([] if value is None else [value])]
    require_columns(frame, wanted, what="history", maker=MAKER)
    require_some(len(frame), "history")
    for column in (customer_id, cutoff, label):
        require_no_nulls(frame, column)
    require_ids(customer_id, {"history": frame})
    cutoffs = in_order(frame.get_column(cutoff))
    if len(cutoffs) < 2:
        raise InputError(
            f"{cutoff} must hold two dates or more to tell who moved; it holds one. For two frames, give the later "
            "one as after=."
        )
    positions = list(range(len(cutoffs)))
    time = frame.get_column(cutoff).replace_strict(cutoffs.to_list(), positions, return_dtype=nw.Int64).to_numpy()
    names, state = _codes([frame.get_column(label)], label, order)
    return _sound(
        States(
            names,
            np.asarray(id_labels(frame.get_column(customer_id)), dtype=np.int64),
            np.asarray(time, dtype=np.int64),
            state,
            None if value is None else numeric_column(frame, value, what="history"),
            cutoffs,
            len(cutoffs),
            np.arange(len(frame)),
        ),
        f"{customer_id} and {cutoff}",
    )


def read_pair(
    before: EagerFrame, after: object, label: str, value: str | None, customer_id: str, order: Any, caller: str
) -> States:
    """Read two frames of one row per customer."""
    later, _ = to_eager(after, "frame after", caller)
    frames = {"frame before": before, "frame after": later}
    if later.implementation is not before.implementation:
        raise InputError(
            f"both frames must be of one library; got {before.implementation.value} and {later.implementation.value}."
        )
    wanted = [customer_id, label, *([] if value is None else [value])]
    for what, frame in frames.items():
        require_columns(frame, wanted, what=what)
        require_some(len(frame), what)
        for column in (customer_id, label):
            require_no_nulls(frame, column)
    require_ids(customer_id, frames)
    ids = nw.concat([frame.select(customer_id) for frame in frames.values()]).get_column(customer_id)
    names, state = _codes([frame.get_column(label) for frame in frames.values()], label, order)
    values = [] if value is None else [numeric_column(frame, value, what=what) for what, frame in frames.items()]
    return _sound(
        States(
            names,
            np.asarray(id_labels(ids), dtype=np.int64),
            np.repeat([0, 1], [len(before), len(later)]),
            state,
            np.concatenate(values) if values else None,
            None,
            2,
            np.arange(len(ids)),
        ),
        customer_id,
    )


def in_order(cutoffs: nw.Series[Any]) -> nw.Series[Any]:
    """Return the distinct cutoffs, the earliest first; raise where it does not go without saying which that is."""
    name, dtype = cutoffs.name, cutoffs.dtype
    if dtype.is_nested() or dtype.is_float() or isinstance(dtype, nw.Boolean):
        raise InputError(f"{name} must hold dates, or whole numbers that count them; its type is {dtype}.")
    try:
        distinct = cutoffs.unique().sort()
    except TypeError:
        raise InputError(
            f"{name} must hold dates of one kind; it mixes some, such as timestamps with and without a time zone."
        ) from None
    if isinstance(dtype, nw.String):
        days = [day_number(text, name) for text in distinct.to_list()]
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise InputError(f"{name} must write its dates in one way, such as 2026-01-31, or hold dates.")
    return distinct


def require_no_nulls(frame: EagerFrame, column: str) -> None:
    """Raise where a state, a date or a customer is null."""
    missing = np.asarray(frame.get_column(column).is_null().to_numpy(), dtype=bool)
    require_rows(~missing, f"{column} must not be null", "Leave these rows out, or give them a state of their own.")


def _sound(states: States, key: str) -> States:
    """Sort by customer and time; raise where a customer has two states at once."""
    rows = np.lexsort((states.time, states.customer))
    customer, time = states.customer[rows], states.time[rows]
    twice = np.append(False, (customer[1:] == customer[:-1]) & (time[1:] == time[:-1]))
    if twice.any():
        ok = np.ones(twice.size, dtype=bool)
        ok[rows[twice]] = False
        require_rows(ok, f"{key} must name one row each", "Keep one row per customer and date.")
    values = None if states.values is None else states.values[rows]
    return States(states.names, customer, time, states.state[rows], values, states.cutoffs, states.times, rows)


def _codes(columns: Sequence[nw.Series[Any]], label: str, order: Any) -> tuple[list[str], Codes]:
    """Return the states in order, as texts, and the position of each row's state among them."""
    for column in columns:
        if column.dtype.is_nested():
            raise InputError(f"{label} must hold texts, whole numbers or truth values; its type is {column.dtype}.")
    known = [_own_order(column) for column in columns]
    if len(known) == 2 and not set(known[0]) & set(known[1]):
        raise InputError(
            f"the two frames have no {label} in common ({few(known[0], 4)} before, {few(known[1], 4)} after): "
            "label both by one scheme and in one language."
        )
    found = list(dict.fromkeys(key for keys in known for key in keys))
    ordered = all(isinstance(column.dtype, nw.Enum) for column in columns)
    keys = found if ordered else sorted(found, key=_by_kind)
    if order is not None:
        wanted = name_list(order, "order", of="state")
        lacking = [str(key) for key in keys if str(key) not in wanted]
        if lacking:
            raise InputError(f"order must name every {label}; it lacks {lacking}.")
        keys = sorted(keys, key=lambda key: wanted.index(str(key)))
    names = [str(key) for key in keys]
    if len(set(names)) < len(names):
        raise InputError(f"{label} must hold one type; as texts some of its states coincide: {few(names, 4)}.")
    position = list(range(len(keys)))
    codes = [column.replace_strict(keys, position, return_dtype=nw.Int64).to_numpy() for column in columns]
    return names, np.concatenate(codes).astype(np.int64)


def _own_order(column: nw.Series[Any]) -> list[Any]:
    if isinstance(column.dtype, nw.Enum):
        return list(column.dtype.categories)
    return sorted(column.unique().to_list(), key=_by_kind)


def _by_kind(key: Any) -> tuple[str, Any]:
    return type(key).__name__, key
