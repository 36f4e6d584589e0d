"""How long each customer was observed, and how it ended: the columns that all of time-to-churn reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from customer_value._frames import EagerFrame, nw
from customer_value._validation import LARGEST, broken_rule, numeric_column, require_columns, require_rows, require_some
from customer_value.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
Rows = np.ndarray[Any, np.dtype[np.intp]]

_ALL_HERE = "summarize_contracts(...) makes tenure, and active, the reverse of an event"


@dataclass(frozen=True)
class Spells:
    """Observed stretches of customers' lives: from `entry` to `duration`, both counted from the customer's start.

    `row` is the position in the frame; spells without length told nothing and were left out.
    """

    duration: Floats
    event: Flags
    entry: Floats
    weight: Floats
    row: Rows
    left_out: int

    def take(self, chosen: Rows | Flags) -> Self:
        """Return some of the spells."""
        names = ("duration", "event", "entry", "weight", "row")
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})


def read_spells(
    frame: EagerFrame,
    *,
    duration: str,
    event: str,
    entry: str | None = None,
    weights: str | None = None,
    at_zero: bool = False,
) -> Spells:
    """Read and check the columns. With `at_zero` a spell from 0 to 0 stays, as the Kaplan-Meier curve can count it."""
    named = [duration, event, *([] if entry is None else [entry]), *([] if weights is None else [weights])]
    require_columns(frame, named, what="frame", maker=_ALL_HERE)
    if len(set(named)) < len(named):
        raise InputError(f"duration, event, entry and weights must be different columns; got {named}.")
    require_some(len(frame), "frame")
    t, happened = numeric_column(frame, duration, what="frame"), _flags(frame, event)
    require_rows((t >= 0) & (t < LARGEST), f"{duration} must be from 0 to below {LARGEST:.0e}")
    start = np.zeros(t.size) if entry is None else numeric_column(frame, entry, what="frame")
    require_rows(start >= 0, f"{entry} must be 0 or above")
    require_rows(start <= t, f"{entry} must be at most {duration}", "Both are counted from the customer's start.")
    weight = np.ones(t.size) if weights is None else numeric_column(frame, weights, what="frame")
    require_rows(weight >= 0, f"{weights} must be 0 or above")
    seen = (start < t) | (at_zero and entry is None)
    require_rows(
        seen | ~happened | (weight == 0),
        f"{duration} must be above {entry or '0'} where {event} is true",
        "An event falls within the time observed: count the day (or month) in which it fell as a whole one.",
    )
    kept = np.flatnonzero(seen & (weight > 0))
    require_some(kept.size, f"set of rows with a {duration} above {entry or '0'}")
    # Before every start, so that the risk set of time 0 has all whose spell begins there.
    start = np.where(at_zero & (start == 0), -1.0, start)
    return Spells(t[kept], happened[kept], start[kept], weight[kept], kept, t.size - kept.size)


def require_event(spells: Spells, event: str) -> None:
    """Raise where nobody left: there is nothing to learn from."""
    if not spells.event.any():
        raise InputError(f"{event} is true in no row: a model of churn needs customers who left.")


def by_group(frame: EagerFrame, by: str | None, spells: Spells, taken: set[str]) -> Iterator[tuple[int, Spells]]:
    """Give the spells of each group, in the groups' order, with the row of one member to tell its name from."""
    if by is None:
        yield 0, spells
        return
    require_columns(frame, [by], what="frame")
    if by in taken:
        raise InputError(f"the table would have {by!r} twice: give the column named by= a name of its own.")
    series = frame.get_column(by)
    missing = np.asarray(series.is_null().to_numpy(), dtype=bool)
    require_rows(~missing, f"{by} must not be null", "Give these rows a group of their own, or leave them out.")
    known = list(series.dtype.categories) if isinstance(series.dtype, nw.Enum) else sorted(series.unique().to_list())
    codes = series.replace_strict(known, list(range(len(known))), return_dtype=nw.Int64).to_numpy()
    group = np.asarray(codes, dtype=np.int64)[spells.row]
    for code in np.unique(group):
        members = spells.take(group == code)
        yield int(members.row[0]), members


def _flags(frame: EagerFrame, column: str) -> Flags:
    """Return a column of true and false, or of 1 and 0."""
    series = frame.get_column(column)
    if series.null_count():
        missing = np.asarray(series.is_null().to_numpy(), dtype=bool)
        raise InputError(
            broken_rule(
                f"{column} must not be null", int(missing.sum()), missing.size, np.flatnonzero(missing)[:3].tolist(),
                "A customer who was last seen without the event has the value false.",
            )
        )  # fmt: skip
    if series.dtype == nw.Boolean:
        return np.asarray(series.to_numpy(), dtype=bool)
    if not series.dtype.is_numeric():
        raise InputError(
            f"{column} must be true or false, or 1 or 0; its type is {series.dtype}. A comparison makes it, "
            f'such as frame["{column}"] == "Yes".'
        )
    values = numeric_column(frame, column, what="frame")
    require_rows(np.isin(values, (0.0, 1.0)), f"{column} must be true or false, or 1 or 0")
    return np.asarray(values == 1.0)
