"""Who was at risk when someone left: the sums over risk sets that a Cox model's curve and its residuals are made of.

Notation of Klein and Moeschberger (2003), chapter 8: at a time with d events, S0 is the sum of exp(x b) over those at
risk and S1 that of x exp(x b). With Efron's way with ties the l-th of them, l = 0 ... d - 1, is taken off its share
l / d of those who leave at that time (eq. 8.4.3); with Breslow's none is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from customer_value.churn._spells import Floats, Rows, Spells


@dataclass(frozen=True)
class RiskSets:
    """Sums over those at risk, one row for each event, in order of time; `row` tells whose event it is."""

    time: Floats
    row: Rows
    total: Floats  # S0
    mean: Floats  # S1 / S0
    tied: Floats  # how many events fall on the same time


def risk_sets(spells: Spells, matrix: Floats, slopes: Floats, ties: str) -> RiskSets:
    """Return the risk sets of all events."""
    score = np.exp(matrix @ slopes)
    terms = np.column_stack([score, matrix * score[:, None]])
    row = np.flatnonzero(spells.event)
    row = row[np.argsort(spells.duration[row], kind="stable")]
    time = spells.duration[row]
    sums = _from(spells.duration, terms, time) - _from(spells.entry, terms, time)
    first = np.flatnonzero(np.append(True, np.diff(time) > 0))
    tied = np.diff(first, append=time.size)
    if ties == "efron":
        leaving = np.repeat(np.add.reduceat(terms[row], first, axis=0), tied, axis=0)
        place = np.arange(time.size) - np.repeat(first, tied)
        sums = sums - leaving * (place / np.repeat(tied, tied))[:, None]
    return RiskSets(time, row, sums[:, 0], sums[:, 1:] / sums[:, :1], np.repeat(tied, tied).astype(np.float64))


def _from(values: Floats, terms: Floats, time: Floats) -> Floats:
    """Sum of the terms whose value is at or after each time."""
    order = np.argsort(values, kind="stable")
    # Summed from the end, so that the few who are left late do not drown in the rounding of all the others.
    sums = np.vstack([np.cumsum(terms[order][::-1], axis=0)[::-1], np.zeros((1, terms.shape[1]))])
    return np.asarray(sums[np.searchsorted(values[order], time, side="left")])


@dataclass(frozen=True)
class CumulativeHazard:
    """Baseline cumulative hazard of a Cox model, with what its variance needs; steps at the times of events.

    `square` is the sum of 1 / S0^2, `pull` that of S1 / S0^2, both up to each time, from a row of zeros on.
    """

    time: Floats
    hazard: Floats
    square: Floats
    pull: Floats

    def at(self, times: Floats) -> Rows:
        """Return the step that holds just after each time."""
        return np.searchsorted(self.time, times, side="right")


def cumulative_hazard(sets: RiskSets) -> CumulativeHazard:
    """Add up 1 / S0 over events (Klein and Moeschberger 2003, eq. 8.8.2), as far as each distinct time."""
    step = 1 / sets.total
    last = np.flatnonzero(np.append(np.diff(sets.time) > 0, True))

    def running(values: Floats) -> Floats:
        return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)[last]])

    return CumulativeHazard(
        sets.time[last], running(step), running(step**2), running(sets.mean * step[:, None])
    )  # fmt: skip
