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
    Flags,
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


def customer_parts(pair: WindowPair, first: Counts) -> dict[str, Flags]:
    """Each part's customers; every customer whose revenue changed is in exactly one."""
    was, came = pair.bought_before, pair.bought_after
    new = came & (first >= pair.begin)
    churned, resurrected = was & ~came, came & ~was & ~new
    others = ~(new | churned | resurrected)  # bought in both windows, or have refunds only in them
    return {
        "new": new,
        "resurrected": resurrected,
        "expansion": others & (pair.after > pair.before),
        "contraction": others & (pair.after < pair.before),
        "churned": churned,
    }


def make_bridge(rows: CustomerPeriods, ends: WindowEnds) -> Bridge:
    """Sum the parts by end and group; start and end come from the log's periods, whoever bought in them."""
    n_groups = int(rows.group.max()) + 1
    before, after = _totals(rows, ends, n_groups)
    found: list[dict[str, Counts]] = []
    counts: list[dict[str, Counts]] = []
    for pair in window_pairs(rows, ends):
        parts = customer_parts(pair, rows.first)
        change = pair.after - pair.before
        signs = {name: -1 if name in LOSSES else 1 for name in parts}
        found.append({name: _add(rows.group, n_groups, signs[name] * change, who) for name, who in parts.items()})
        behind = {f"n_{name}": who for name, who in parts.items()}
        everybody = {"customers_before": pair.bought_before, **behind, "customers_after": pair.bought_after}
        counts.append({name: _add(rows.group, n_groups, np.ones_like(change), who) for name, who in everybody.items()})
    ticks = {"start": before} | {name: np.concatenate([cell[name] for cell in found]) for name in PARTS}
    ticks["end"] = after
    require_identity(ticks)
    return Bridge(ticks, {name: np.concatenate([cell[name] for cell in counts]) for name in counts[0]})


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
        parts = customer_parts(pair, rows.first)
        came = parts["new"] | parts["resurrected"]
        net = np.where(came, pair.before, pair.after)
        gross = np.where(parts["expansion"], pair.before, net)
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


def _add(group: Counts, n_groups: int, values: Counts, who: Flags) -> Counts:
    return np.bincount(group[who], values[who], n_groups).astype(np.int64)
