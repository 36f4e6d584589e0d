"""What became of the customers of the earlier of two windows, and of their revenue: counts, sums and errors.

Arrays in, arrays out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from customer_value.transactions._window_pairs import Counts, CustomerPeriods, Floats, WindowEnds, window_pairs


@dataclass(frozen=True, slots=True)
class Kept:
    """Customers of the earlier windows and their revenue then and later, one entry per end and group."""

    customers: Counts
    retained: Counts
    revenue: Floats
    revenue_after: Floats  # of the same customers
    residual: Floats  # sum of squares of (revenue after - rate x revenue), over customers


def compare_windows(rows: CustomerPeriods, ends: WindowEnds) -> Kept:
    """Compare, at each end, the window that ends there with the one of the same length before it."""
    group, n_groups = rows.group, int(rows.group.max()) + 1
    parts = []
    for pair in window_pairs(rows, ends):
        was = pair.bought_before
        counts = [np.bincount(group[who], minlength=n_groups) for who in (was, was & pair.bought_after)]
        ticks = [np.where(was, ticks, 0) for ticks in (pair.before, pair.after)]
        # Sums of whole numbers, which no order of the customers changes.
        sums = [rows.money(np.bincount(group, each, n_groups)) for each in ticks]
        with np.errstate(invalid="ignore", divide="ignore"):
            rate = np.where(sums[0] > 0, sums[1] / sums[0], np.nan)
        before, after = map(rows.money, ticks)
        residual = np.bincount(group, (after - rate[group] * before) ** 2, n_groups)
        parts.append((*counts, *sums, residual))
    customers, retained, revenue, revenue_after, residual = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Kept(customers.astype(np.int64), retained.astype(np.int64), revenue, revenue_after, residual.astype(float))


def ratio_errors(kept: Kept) -> Floats:
    """Standard error of revenue_after / revenue over customers drawn at random, NaN below two customers.

    Cochran, *Sampling Techniques* (1977), eq. (6.13) without the correction for finite populations: the ratio is
    linear in the means, near its value.
    """
    n = kept.customers
    with np.errstate(invalid="ignore", divide="ignore"):
        error: Floats = np.sqrt(kept.residual * n / (n - 1)) / kept.revenue
    return np.where((n > 1) & (kept.revenue > 0), error, np.nan)
