"""Two windows side by side at the end of each period: who bought in the earlier one, and what came of it in the later.

Arrays in, arrays out: sums by customer and period, period numbers without gaps counted from the log's first one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Counts = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of the customers of the earlier windows, one row per period end and group."""

    end: Counts  # period with which the later window ends
    group: Counts
    customers: Counts
    retained: Counts
    revenue: Floats
    revenue_after: Floats  # of the same customers
    residual: Floats  # sum of squares of (revenue after - rate x revenue), over customers


def compare_windows(
    customer: Counts, period: Counts, value: Floats, bought: Flags, group: Counts, *, ends: Counts, width: Counts
) -> Kept:
    """Compare, at each end, the window that ends there with the one of the same length before it.

    `customer` numbers each row's customer, `group` each customer's group. `width` holds, for each end, the number of
    periods of the later window and of the earlier one.
    """
    n_groups = int(group.max()) + 1
    parts = []
    for end, (later, earlier) in zip(ends.tolist(), width.tolist(), strict=True):
        is_after = (period > end - later) & (period <= end)
        is_before = (period > end - later - earlier) & (period <= end - later)
        was = np.bincount(customer[is_before & bought], minlength=group.size) > 0
        came = np.bincount(customer[is_after & bought], minlength=group.size) > 0
        before, after = (
            np.where(was, np.bincount(customer[rows], value[rows], group.size), 0.0) for rows in (is_before, is_after)
        )

        def add(values: Floats | Flags, group: Counts = group) -> Floats:
            return np.bincount(group, values, n_groups).astype(np.float64)

        revenue, revenue_after = add(before), add(after)
        with np.errstate(invalid="ignore", divide="ignore"):
            rate = np.where(revenue > 0, revenue_after / revenue, np.nan)
        parts.append((add(was), add(was & came), revenue, revenue_after, add((after - rate[group] * before) ** 2)))
    counts, retained, revenue, revenue_after, residual = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Kept(
        np.repeat(ends, n_groups),
        np.tile(np.arange(n_groups), ends.size),
        counts.astype(np.int64),
        retained.astype(np.int64),
        revenue,
        revenue_after,
        residual,
    )


def ratio_errors(kept: Kept) -> Floats:
    """Standard error of revenue_after / revenue over customers drawn at random, NaN below two customers.

    Cochran, *Sampling Techniques* (1977), eq. (6.13) without the correction for finite populations: the ratio is
    linear in the means, near its value.
    """
    n = kept.customers
    with np.errstate(invalid="ignore", divide="ignore"):
        error: Floats = np.sqrt(kept.residual * n / (n - 1)) / kept.revenue
    return np.where((n > 1) & (kept.revenue > 0), error, np.nan)
