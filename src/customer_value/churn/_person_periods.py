"""Person-periods: a spell cut into periods of one width, in each of which its customer may leave.

Period j runs from (j - 1) w to j w, its end included. A customer is counted in the periods under observation only, so
that late entry is right: entry within a period, or a last look at a customer within one, counts as the share of the
period that was seen. That is exact for the likelihood of a customer who stays, (1 - h) ** share, where the rate is
constant within the period.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from customer_value._validation import (
    LARGEST,
    number,
)
from customer_value.churn._spells import Floats, Rows, Spells
from customer_value.errors import InputError

MOST_PERIODS = 20_000
_CELLS = 4_000_000  # of a table of profiles by periods that is held at a time


@dataclass(frozen=True)
class Cells:
    """Person-periods of equal customers, added up: those with the event, and what was seen of the others."""

    profile: Rows
    period: Rows
    events: Floats
    stayed: Floats


def in_periods(times: Floats, width: float) -> Floats:
    """Return times on the ruler of periods. What misses a whole number by rounding (1.1 / 0.1) is that number."""
    periods = times / width
    whole = np.rint(periods)
    return np.where(np.abs(periods - whole) <= 1e-9 * np.maximum(whole, 1.0), whole, periods)


def period_width(width: float) -> float:
    """Return the width of a period, checked."""
    length = number(width, "width", low=0, open_ends=True)
    if length >= LARGEST:
        raise InputError(f"width must be below {LARGEST:.0e}, in the unit of the durations; got {width!r}.")
    return length


def spell_periods(spells: Spells, width: float) -> tuple[Floats, Floats, Rows, Rows]:
    """Return entry and duration in periods, and the first and the last period of each spell."""
    start, end = in_periods(spells.entry, width), in_periods(spells.duration, width)
    if end.max() > MOST_PERIODS:
        raise InputError(
            f"the longest duration is {end.max():,.0f} periods of width {width:g}; at most {MOST_PERIODS:,} are "
            f"counted. Take a greater width, such as {spells.duration.max() / 100:.3g}."
        )
    return start, end, np.floor(start).astype(np.intp) + 1, np.ceil(end).astype(np.intp)


def person_periods(spells: Spells, profile: Rows, width: float) -> Cells:
    """Add up the person-periods of customers of the same profile (0, 1, ...), without a row for each of them."""
    start, end, first, last = spell_periods(spells, width)
    order = np.argsort(profile, kind="stable")
    span = int(last.max()) + 2
    many = min(max(_CELLS // span, 1), int(profile.max()) + 1)
    pieces = []
    for low, rows in _runs(profile, order, many):
        # A customer who leaves stays for the periods before the last one; he begins to stay at `first`, and no longer
        # after `until`. What was not seen of these two periods is taken off.
        event, weight = spells.event[rows], spells.weight[rows]
        until = last[rows] - event
        stays = until >= first[rows]
        base = (profile[rows] - low) * span
        size = many * span

        def count(at: Rows, values: Floats, size: int = size) -> Floats:
            return np.asarray(np.bincount(at, values, minlength=size), dtype=np.float64)

        begins, ends = (base + first[rows])[stays], (base + until + 1)[stays]
        there = _running(count(begins, np.ones(begins.size)) - count(ends, np.ones(ends.size)), span)
        stayed = _running(count(begins, weight[stays]) - count(ends, weight[stays]), span)
        late = start[rows] - (first[rows] - 1)
        stayed -= count(begins, (weight * late)[stays])
        early = np.where(event, 0.0, last[rows] - end[rows])
        stayed -= count((base + last[rows])[stays & ~event], (weight * early)[stays & ~event])
        left = count((base + last[rows])[event], weight[event])
        cell = np.flatnonzero((there > 0) | (left > 0))
        pieces.append((cell // span + low, cell % span, left[cell], np.where(there[cell] > 0, stayed[cell], 0.0)))
    return Cells(*(np.concatenate(parts) for parts in zip(*pieces, strict=True)))


def _running(change: Floats, span: int) -> Floats:
    return np.cumsum(change.reshape(-1, span), axis=1).ravel()


def _runs(profile: Rows, order: Rows, many: int) -> Iterator[tuple[int, Rows]]:
    """Give rows in runs of so many profiles, with the first profile of each."""
    sorted_profile = profile[order]
    for low in range(0, int(sorted_profile[-1]) + 1, many):
        begin, end = np.searchsorted(sorted_profile, (low, low + many))
        if end > begin:
            yield low, order[begin:end]
