"""How long customers stay in a stage: spells of a history, and their durations with the unfinished ones counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from customer_value._frames import Column, FrameT, categorical, make_frame, nw, to_eager, without_zone
from customer_value._stats.survival import kaplan_meier
from customer_value._units import DAYS, TimeUnit, day_number
from customer_value._validation import interval_level, require_choice, text_value
from customer_value.errors import InputError
from customer_value.lifecycle._states import Codes, Floats, States, read_history
from customer_value.transactions._periods import day_numbers, require_dates

Truths = np.ndarray[Any, np.dtype[np.bool_]]

_HALF = 0.5
_SPELL_COLUMNS = ("state", "spell_start", "spell_end", "duration", "ended", "start_known")


def stage_spells(
    history: FrameT,
    *,
    label: str = "lifecycle_stage",
    time_unit: TimeUnit = "month",
    order: Sequence[str] | None = None,
    customer_id: str = "customer_id",
    cutoff: str = "cutoff",
) -> FrameT:
    """List the spells of each customer: stretches of cutoffs that follow each other in one state. Collects once.

    Parameters
    ----------
    history
        One row per customer and cutoff, such as `lifecycle_history` gives.
    label
        Column with the state: lifecycle stage, tier, segment.
    time_unit
        Unit of `duration`: "day", "week", "month", "quarter" or "year".
    order
        The states in order, where the column itself has none.
    customer_id, cutoff
        Names of the columns.

    Returns
    -------
    FrameT
        One row per spell, sorted by customer and time: the customer; `state`; `spell_start`, the first cutoff in the
        state; `spell_end`, the first cutoff in another one, or the last in this one if it is not over; `duration`, the
        time between them; `ended`; `start_known`, false for spells that were under way at the history's first cutoff.

    Raises
    ------
    InputError
        If a column is missing or null, a customer has two rows at a cutoff, the history has one cutoff only, or
        cutoffs are no dates.

    Notes
    -----
    Changes are seen at cutoffs only: a spell may have begun, and ended, up to one step earlier than told, and one
    that fits between two cutoffs is not seen. A customer who is missing at a cutoff ends his spell there.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> history = pd.DataFrame({
    ...     "customer_id": [1, 1, 1, 1],
    ...     "cutoff": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]),
    ...     "lifecycle_stage": ["formation", "stability", "stability", "decline"],
    ... })
    >>> cv.stage_spells(history, time_unit="day").drop(columns="customer_id")
           state spell_start  spell_end  duration  ended  start_known
    0  formation  2026-01-01 2026-02-01      31.0   True        False
    1  stability  2026-02-01 2026-04-01      59.0   True         True
    2    decline  2026-04-01 2026-04-01       0.0  False         True
    """
    if text_value(customer_id, "customer_id") in _SPELL_COLUMNS:
        raise InputError(f"the spells would have {customer_id!r} twice: give the customer's column another name.")
    opened, back = to_eager(history, "history", "stage_spells")
    states = read_history(opened, text_value(label, "label"), None, customer_id, cutoff, order)
    spells = _spells(states, time_unit)
    days = _days(states).astype("datetime64[D]")
    columns: dict[str, Column] = {
        customer_id: opened.get_column(customer_id)[states.row[spells.first]],
        "state": categorical(spells.state, states.names, opened),
        "spell_start": days[states.time[spells.first]],
        "spell_end": days[spells.end],
        "duration": spells.duration,
        "ended": spells.ended,
        "start_known": spells.start_known,
    }
    return cast(FrameT, back(make_frame(columns, opened)))


def stage_durations(
    history: FrameT,
    *,
    label: str = "lifecycle_stage",
    interval: float = 0.9,
    time_unit: TimeUnit = "month",
    order: Sequence[str] | None = None,
    customer_id: str = "customer_id",
    cutoff: str = "cutoff",
) -> FrameT:
    """Tell how long customers stay in each stage, those who are still in it counted for what they are. Collects once.

    The mean of the spells that are over would be too short: the long ones are not over yet. Spells that are not enter
    as censored, in the estimate of Kaplan and Meier.

    Parameters
    ----------
    history, label, time_unit, order, customer_id, cutoff
        As in `stage_spells`.
    interval
        Coverage of the interval of the median.

    Returns
    -------
    FrameT
        One row per state: `state`; `spells`, those whose start was seen; `ended` and `unfinished`, how many of them
        are over or not; `unknown_start`, spells that were under way at the first cutoff and are left out, since how
        long they had lasted is not known; `median_duration`, the time within which half of the spells end, with
        `median_duration_lower` and `median_duration_upper`, in `time_unit`. Null where the history is too short to see
        half of them end, or the end of the interval.

    Raises
    ------
    InputError
        As in `stage_spells`.

    Notes
    -----
    E. L. Kaplan and P. Meier (1958), *JASA* 53; the interval holds the times at which the pointwise interval of the
    curve, on the scale of log(-log S), covers one half: R. Brookmeyer and J. Crowley (1982), *Biometrics* 38, 29-41.
    Spells count as independent; those of one customer are not quite, which makes the interval a little too narrow.
    Durations are known to one step of the history.

    Examples
    --------
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow(sample=True)
    >>> grade = {1: "once", 2: "twice"}
    >>> history = cv.snapshot_customers(
    ...     log, cutoffs=[f"1997-{month:02}-01" for month in range(2, 13)],
    ...     apply=lambda summary: summary.assign(buyer=summary["purchases"].map(grade).fillna("often")),
    ... )
    >>> durations = cv.stage_durations(history, label="buyer", order=["once", "twice", "often"])
    >>> durations[["state", "spells", "ended", "median_duration", "median_duration_lower"]].round(1)
       state  spells  ended  median_duration  median_duration_lower
    0   once    1399    497              NaN                    NaN
    1  twice     802    377              6.0                    5.0
    2  often     558      0              NaN                    NaN
    """
    level = interval_level(interval)
    if level is None:
        raise InputError("interval must be a number between 0 and 1, such as 0.9; got None.")
    opened, back = to_eager(history, "history", "stage_durations")
    states = read_history(opened, text_value(label, "label"), None, customer_id, cutoff, order)
    spells = _spells(states, time_unit)
    of = [spells.state == i for i in range(len(states.names))]
    seen = [mask & spells.start_known for mask in of]
    medians = np.array([_median(spells.duration[mask], spells.ended[mask], level) for mask in seen])
    columns: dict[str, Column] = {
        "state": categorical(np.arange(len(of)), states.names, opened),
        "spells": np.array([mask.sum() for mask in seen]),
        "ended": np.array([(mask & spells.ended).sum() for mask in seen]),
        "unfinished": np.array([(mask & ~spells.ended).sum() for mask in seen]),
        "unknown_start": np.array([(mask & ~spells.start_known).sum() for mask in of]),
        "median_duration": medians[:, 0],
        "median_duration_lower": medians[:, 1],
        "median_duration_upper": medians[:, 2],
    }
    return cast(FrameT, back(make_frame(columns, opened)))


@dataclass(frozen=True)
class _Spells:
    """Spells by customer and time: `first` row of each, `end` as a position among the cutoffs."""

    first: Codes
    end: Codes
    state: Codes
    duration: Floats
    ended: Truths
    start_known: Truths


def _spells(states: States, time_unit: str) -> _Spells:
    require_choice("time_unit", time_unit, tuple(DAYS))
    goes_on = (
        (states.customer[1:] == states.customer[:-1])
        & (states.state[1:] == states.state[:-1])
        & (states.time[1:] == states.time[:-1] + 1)
    )
    first = np.flatnonzero(np.append(True, ~goes_on))
    last = np.append(first[1:], states.time.size) - 1
    ended = states.time[last] < states.times - 1
    end = states.time[last] + ended  # the cutoff at which the customer was seen elsewhere, or missed
    start = states.time[first]
    days = _days(states)
    duration = (days[end] - days[start]) / DAYS[time_unit]
    return _Spells(first, end, states.state[first], duration, ended, start > 0)


def _days(states: States) -> Codes:
    """Day number of each cutoff."""
    cutoffs = without_zone(cast("nw.Series[Any]", states.cutoffs))
    if isinstance(cutoffs.dtype, nw.String):
        return np.array([day_number(text, cutoffs.name) for text in cutoffs.to_list()])
    require_dates(cutoffs.dtype, cutoffs.name, objects=True)
    return np.asarray(day_numbers(cutoffs), dtype=np.int64)


def _median(duration: Floats, ended: Truths, interval: float) -> tuple[float, float, float]:
    if not ended.any():
        return np.nan, np.nan, np.nan
    curve = kaplan_meier(duration, ended, interval=interval)
    # Where the curve has come to 0 its bounds are not defined; the lower one has come down before.
    lower = curve.time[(curve.lower <= _HALF) | (curve.survival == 0)]
    upper = curve.time[curve.upper <= _HALF]
    ends = [float(times[0]) if times.size else np.nan for times in (lower, upper)]
    return curve.quantile(_HALF), ends[0], ends[1]
