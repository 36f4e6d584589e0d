"""Who moved where: customers and money between the states of any label, from one date to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from customer_value._frames import Column, EagerFrame, FrameT, categorical, make_frame, to_eager
from customer_value._stats.intervals import wilson_interval
from customer_value._validation import interval_level, text_value
from customer_value.errors import InputError
from customer_value.lifecycle._states import Codes, Floats, States, read_history, read_pair


def segment_migration(
    before: FrameT,
    after: FrameT | None = None,
    *,
    label: str,
    value: str | None = None,
    interval: float | None = None,
    order: Sequence[str] | None = None,
    entered: str = "entered",
    left: str = "left",
    customer_id: str = "customer_id",
    cutoff: str = "cutoff",
) -> FrameT:
    """Count the customers, and their money, that moved between the states of a label. Collects once.

    Parameters
    ----------
    before
        A history: one row per customer and `cutoff`, such as `snapshot_customers` gives. Or, with `after`, one row per
        customer at the earlier date.
    after
        One row per customer at the later date, of the same library.
    label
        Column with the state: segment, tier, lifecycle stage, cluster; texts, whole numbers or truth values.
    value
        Column with each customer's value at the date of the row, such as `total_value` or `value_12m`.
    interval
        Coverage of Wilson's interval of each rate, such as 0.9.
    order
        The states in order, where the column itself has none (plain text is sorted by the alphabet).
    entered, left
        What to call the states of customers that are in the later, or in the earlier frame only.
    customer_id, cutoff
        Names of the columns.

    Returns
    -------
    FrameT
        A row for every pair of states, between any two dates that follow each other, zero where nobody moved so:

        - of a history: `cutoff` and `next_cutoff`;
        - `from_state`, `to_state`: ordered labels; `entered` and `left` among them if anybody entered or left;
        - `customers`: how many moved so; `rate`: their share of the customers of `from_state` (of those who entered,
          for `entered`), null without customers; `rate_lower`, `rate_upper`;
        - with `value`: `value_before` and `value_after`, the sums at either date, null for those who were not there;
          `value_change`, the second less the first, what is not there counting as nothing.

        Customers add up: those of a `to_state` here are those of the same `from_state` one date later, less those who
        left. The frame is ready for an alluvial picture, and for `transition_matrix`.

    Raises
    ------
    InputError
        If a column is missing, null or (the value) not numeric; if a customer has two rows at a date; if the history
        has one date only; if two frames have no state in common, or are of two libraries; if a state has the name of
        `entered` or `left`.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> june = pd.DataFrame({"customer_id": [1, 2, 3], "tier": ["A", "B", "B"], "spend": [90.0, 20.0, 30.0]})
    >>> july = pd.DataFrame({"customer_id": [1, 3, 4], "tier": ["A", "A", "B"], "spend": [80.0, 70.0, 10.0]})
    >>> moved = cv.segment_migration(june, july, label="tier", value="spend")
    >>> moved[moved["customers"] > 0].drop(columns=["value_before", "value_after"])
      from_state to_state  customers  rate  value_change
    0          A        A          1   1.0         -10.0
    3          B        A          1   0.5          40.0
    5          B     left          1   0.5         -20.0
    7    entered        B          1   1.0          10.0
    """
    interval = interval_level(interval)
    named = {"label": label, "customer_id": customer_id, "cutoff": cutoff, "entered": entered, "left": left}
    for name, given in named.items():
        text_value(given, name)
    opened, back = to_eager(before, "history" if after is None else "frame before", "segment_migration")
    if after is None:
        states = read_history(opened, label, value, customer_id, cutoff, order)
    else:
        states = read_pair(opened, after, label, value, customer_id, order, "segment_migration")
    for name, told in (("entered", entered), ("left", left)):
        if told in states.names or entered == left:
            raise InputError(f"{name}={told!r} is also the name of a state: choose another one.")
    return cast(FrameT, back(_as_frame(states, entered, left, interval, opened)))


def _as_frame(states: States, entered: str, left: str, interval: float | None, like: EagerFrame) -> EagerFrame:
    n = len(states.names)
    names = [*states.names, entered, left]
    came, went, time, worth = _moves(states)
    cell = (time * (n + 2) + came) * (n + 2) + went
    shape = (states.times - 1, n + 2, n + 2)
    moved = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape)
    shown = np.zeros((n + 2, n + 2), dtype=bool)
    shown[:n, :n] = True
    shown[:n, n + 1] = moved[:, :n, n + 1].any()
    shown[n, :n] = moved[:, n, :n].any()
    at, from_, to = np.nonzero(np.broadcast_to(shown, shape))
    start = moved.sum(axis=2)[at, from_]
    count = moved[at, from_, to]

    columns: dict[str, Column] = {}
    if states.cutoffs is not None:
        columns |= {"cutoff": states.cutoffs[at], "next_cutoff": states.cutoffs[at + 1]}
    kept = [name for i, name in enumerate(names) if shown[i].any() or shown[:, i].any()]
    position = np.cumsum([name in kept for name in names]) - 1
    columns |= {
        "from_state": categorical(position[from_], kept, like),
        "to_state": categorical(position[to], kept, like),
        "customers": count,
        "rate": np.divide(count, start, out=np.full(count.size, np.nan), where=start > 0),
    }
    if interval is not None:
        columns["rate_lower"], columns["rate_upper"] = wilson_interval(count, start, interval=interval)
    if worth is not None:
        # Moves are in the order of customers and time, whatever that of the rows was, and so are their sums.
        sums = [np.bincount(cell, values, minlength=moved.size).reshape(shape)[at, from_, to] for values in worth]
        columns |= {
            "value_before": np.where(from_ == n, np.nan, sums[0]),
            "value_after": np.where(to == n + 1, np.nan, sums[1]),
            "value_change": sums[1] - sums[0],
        }
    return make_frame(columns, like)


def _moves(states: States) -> tuple[Codes, Codes, Codes, tuple[Floats, Floats] | None]:
    """Return each move: state before, state after, the time before, and the values at both."""
    n, last = len(states.names), states.times - 1
    same = np.append(states.customer[1:] == states.customer[:-1], False)
    follows = same & np.append(states.time[1:] == states.time[:-1] + 1, False)
    stay = np.flatnonzero(follows)
    go = np.flatnonzero(~follows & (states.time < last))
    come = np.flatnonzero(~np.append(False, follows[:-1]) & (states.time > 0))
    before = np.concatenate([states.state[stay], states.state[go], np.full(come.size, n)])
    after = np.concatenate([states.state[stay + 1], np.full(go.size, n + 1), states.state[come]])
    time = np.concatenate([states.time[stay], states.time[go], states.time[come] - 1])
    if states.values is None:
        return before, after, time, None
    nothing = np.zeros(come.size), np.zeros(go.size)
    values = states.values
    worth = (
        np.concatenate([values[stay], values[go], nothing[0]]),
        np.concatenate([values[stay + 1], nothing[1], values[come]]),
    )
    return before, after, time, worth
