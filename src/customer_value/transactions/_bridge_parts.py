"""From the revenue of one window to that of the next: what came, what went, and the customers behind it.

Arrays in, arrays out. Revenue is counted in ticks, whole numbers, so that the parts add up exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from customer_value.transactions._window_pairs import (
    Counts,
    CustomerPeriods,
    Floats,
    WindowEnds,
    WindowPair,
    window_pairs,
)

PARTS = ("new", "resurrected", "expansion", "contraction", "churned")
LOSSES = ("contraction", "churned")


@dataclass(frozen=True, slots=True)
class Bridge:
    """One entry per end and group: ticks of start, parts and end; customers of both windows and behind each part."""

    ticks: dict[str, Counts]
    customers: dict[str, Counts]


@dataclass(frozen=True, slots=True)
class Starters:
    """Customers who make up the start of one end and group: revenue in ticks, and what the rates keep of it."""

    start: Counts
    net: Counts
    gross: Counts


def customer_parts(pair: WindowPair, first: Counts) -> Counts:
    """Place of each customer's part in `PARTS`, one beyond it for those whose revenue did not change.

    Who bought in both windows expands or contracts, and so does who has refunds only in them.
    """
    was, came = pair.bought_before, pair.bought_after
    since = first >= pair.begin
    kinds = [came & since, came & ~was, pair.after > pair.before, pair.after < pair.before]
    others: Counts = np.select(kinds, [0, 1, 2, 3], len(PARTS))
    return np.where(was & ~came, PARTS.index("churned"), others)


def make_bridge(rows: CustomerPeriods, ends: WindowEnds) -> Bridge:
    """Sum the parts by end and group; start and end come from the log's periods, whoever bought in them."""
    n_groups = int(rows.group.max()) + 1
    before, after = _totals(rows, ends, n_groups)
    sums, counts = [], []
    for pair in window_pairs(rows, ends):
        cell = customer_parts(pair, rows.first) * n_groups + rows.group
        sums.append(_by_part(cell, pair.after - pair.before, n_groups))
        was, came = (np.bincount(rows.group, who, n_groups) for who in (pair.bought_before, pair.bought_after))
        counts.append([was, *_by_part(cell, None, n_groups), came])
    changes, customers = (np.concatenate(cells, axis=1).astype(np.int64) for cells in (sums, counts))
    ticks = {"start": before}
    ticks |= {name: -change if name in LOSSES else change for name, change in zip(PARTS, changes, strict=True)}
    ticks["end"] = after
    require_identity(ticks)
    names = ["customers_before", *(f"n_{name}" for name in PARTS), "customers_after"]
    return Bridge(ticks, dict(zip(names, customers, strict=True)))


def require_identity(ticks: dict[str, Counts]) -> None:
    """Raise unless start + new + resurrected + expansion - contraction - churned is the end, to the tick."""
    gains = ticks["start"] + ticks["new"] + ticks["resurrected"] + ticks["expansion"]
    off = gains - ticks["contraction"] - ticks["churned"] - ticks["end"]
    if np.any(off):
        raise RuntimeError(f"the parts of the revenue bridge do not add up in {np.count_nonzero(off)} rows.")


def starters(rows: CustomerPeriods, ends: WindowEnds) -> Iterator[Starters]:
    """Give, by end and group, the customers of the earlier window: what retention rates are ratios of.

    Net is start + expansion - contraction - churned, gross is without expansion, both of each customer.
    """
    for pair in window_pairs(rows, ends):
        part = customer_parts(pair, rows.first)
        net = np.where(part <= PARTS.index("resurrected"), pair.before, pair.after)
        gross = np.where(part == PARTS.index("expansion"), pair.before, net)
        inside = pair.bought_before | (pair.before != 0) | (net != 0)
        for group in range(int(rows.group.max()) + 1):
            who = inside & (rows.group == group)
            yield Starters(pair.before[who], net[who], gross[who])


def _totals(rows: CustomerPeriods, ends: WindowEnds, n_groups: int) -> tuple[Counts, Counts]:
    """Ticks of the earlier and the later window of each end, by group, from sums by period."""
    low = int(rows.period.min())
    span = max(int(rows.period.max()), int(ends.end.max())) - low + 1
    cell = (rows.period - low) * n_groups + rows.group[rows.customer]
    by_period = np.bincount(cell, rows.ticks, span * n_groups).reshape(span, n_groups)
    until = np.vstack([np.zeros(n_groups), np.cumsum(by_period, axis=0)]).astype(np.int64)
    edges = (ends.end - ends.later - ends.earlier, ends.end - ends.later, ends.end)
    first, middle, last = (until[np.clip(edge + 1 - low, 0, span)] for edge in edges)
    return (middle - first).ravel(), (last - middle).ravel()


def _by_part(cell: Counts, values: Counts | None, n_groups: int) -> Floats:
    """Sums (or counts) by part and group; floats, which hold these whole numbers exactly."""
    sums = np.bincount(cell, values, (len(PARTS) + 1) * n_groups).astype(np.float64)
    return sums.reshape(-1, n_groups)[:-1]
