"""The cells of a cohort table from sums by group of customers: arrays in, arrays out.

Customers of a cohort who are observed equally long are a group. A cell counts the groups that are observed in its
period, so that whatever is divided is divided by those who could have bought.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]
Counts = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

_MOST_CELLS = 50_000_000


@dataclass(frozen=True, slots=True)
class Groups:
    """Customers by cohort and time observed, cohorts in order, and what each group did in each of its periods."""

    cohort: Counts  # number of each group's cohort
    begun: Counts
    full: Counts
    size: Floats
    sums: Mapping[str, Floats]  # group x period


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of a cohort table, by cohort and period."""

    cohort: Counts
    period: Counts
    cohort_size: Floats
    at_risk: Floats
    complete: Flags
    sums: Mapping[str, Floats]
    running: Mapping[str, Floats]  # sums from period 0 on, of those who are observed in the cell's period


def make_groups(cohort: Counts, begun: Counts, full: Counts, period: Counts, sums: Mapping[str, Floats]) -> Groups:
    """Lay out sums by group and period; rows come sorted by cohort, begun, full and period."""
    changed = (np.diff(cohort) != 0) | (np.diff(begun) != 0) | (np.diff(full) != 0)
    first = np.flatnonzero(np.append(True, changed))
    group = np.cumsum(np.append(0, changed))
    width = int(begun.max()) + 1
    if first.size * width > _MOST_CELLS:
        raise InputError(f"the table would have {first.size:,} x {width:,} cells: take a coarser period.")
    inside = period >= 0

    def laid_out(values: Floats) -> Floats:
        table = np.zeros((first.size, width))
        table[group[inside], period[inside]] = values[inside]
        return table

    tables = {name: laid_out(values) for name, values in sums.items()}
    # Everybody buys in period 0, which the first purchase begins.
    return Groups(cohort[first], begun[first], full[first], tables["customers"][:, 0], tables)


def make_cells(groups: Groups, *, whole_only: bool, pooled: bool = False) -> Cells:
    """Add groups up to cohorts, or to one where `pooled`; `whole_only` leaves periods out that are cut off."""
    number = np.zeros_like(groups.cohort) if pooled else groups.cohort
    start = np.flatnonzero(np.append(True, np.diff(number) != 0))
    column = np.arange(groups.begun.max() + 1)
    seen = column <= (groups.full if whole_only else groups.begun)[:, None]
    cut_off = seen & (column > groups.full[:, None])

    def add(values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(np.where(seen, values, 0.0), start, axis=0))

    at_risk = add(np.broadcast_to(groups.size[:, None], seen.shape))
    there = at_risk > 0
    size = np.broadcast_to(np.add.reduceat(groups.size, start)[:, None], there.shape)
    cohort, period = np.nonzero(there)
    return Cells(
        cohort=number[start][cohort],
        period=period.astype(np.int64),
        cohort_size=size[there],
        at_risk=at_risk[there],
        complete=~np.logical_or.reduceat(cut_off, start, axis=0)[there],
        sums={name: add(values)[there] for name, values in groups.sums.items()},
        running={name: add(np.cumsum(values, axis=1))[there] for name, values in groups.sums.items()},
    )
