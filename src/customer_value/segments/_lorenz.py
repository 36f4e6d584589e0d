"""The Lorenz curve and what is read off it, over distinct values and how many customers have each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Counts = np.ndarray[Any, np.dtype[np.int64]]

_ROUNDING = 1e-12  # of all customers, or of all value: more than sums are off by, far less than a customer


@dataclass(frozen=True)
class Lorenz:
    """Cumulative customers and value, the least valuable first; both begin with 0."""

    customers: Floats
    value: Floats

    @property
    def total(self) -> float:
        """Value of all customers."""
        return float(self.value[-1])

    @property
    def n(self) -> float:
        """Number of customers."""
        return float(self.customers[-1])

    def gini(self) -> float:
        """Give the share of the area under the diagonal that lies above the curve (Gini 1914).

        The curve is straight between its points, so trapezoids measure what is below it without error.
        """
        p, share = self.customers / self.n, self.value / self.total
        return float(1 - np.sum(np.diff(p) * (share[1:] + share[:-1])))

    def top_share(self, top: float) -> float:
        """Give the share of the value that the best customers bring: as few as make up at least this share of all."""
        rest = self.n - np.ceil((top - _ROUNDING) * self.n)
        return float(1 - np.interp(rest, self.customers, self.value) / self.total)

    def customers_needed(self, share: float) -> float:
        """Give the smallest number of best customers who bring at least this share of the value."""
        best, brought = self.n - self.customers[::-1], self.total - self.value[::-1]
        # With negative values the curve of the best rises above the whole and falls again: the first crossing counts.
        at = int(np.argmax(brought >= (share - _ROUNDING) * self.total))
        each = (brought[at] - brought[at - 1]) / (best[at] - best[at - 1])
        missing = share * self.total - brought[at - 1]
        return float(best[at - 1] + max(np.ceil(missing / each - _ROUNDING * self.n), 1.0))


def tally(values: Floats) -> tuple[Floats, Counts]:
    """Return the distinct values, rising, and how many customers have each."""
    distinct, counts = np.unique(values, return_counts=True)
    return distinct, counts.astype(np.int64)


def lorenz(distinct: Floats, counts: Counts) -> Lorenz:
    """Make the curve of what `tally` gives."""
    customers = np.concatenate([[0.0], np.cumsum(counts)])
    return Lorenz(customers, np.concatenate([[0.0], np.cumsum(distinct * counts)]))


def measures(curve: Lorenz, tops: Sequence[float], reach: Sequence[float], corrected: bool) -> Floats:
    """Give Gini, the shares of the top customers, the customers needed and their share, in this order."""
    gini = curve.gini() * (curve.n / (curve.n - 1) if corrected else 1.0)
    needed = [curve.customers_needed(share) for share in reach]
    return np.array([gini, *(curve.top_share(top) for top in tops), *needed, *(of / curve.n for of in needed)])


def resampled_measures(
    distinct: Floats,
    counts: Counts,
    tops: Sequence[float],
    reach: Sequence[float],
    corrected: bool,
    n_resamples: int,
    random_state: int,
) -> Floats:
    """Give the measures of bootstrap samples, one row for each; samples whose value is not above 0 are NaN.

    How often each distinct value is drawn is multinomial, so that nothing is sorted again and no order of rows counts.
    """
    rng = np.random.default_rng(random_state)
    n = int(counts.sum())
    rows = np.full((n_resamples, 1 + len(tops) + 2 * len(reach)), np.nan)
    for row in rows:
        drawn = rng.multinomial(n, counts / n)
        there = drawn > 0
        curve = lorenz(distinct[there], drawn[there])
        if curve.total > 0:
            row[:] = measures(curve, tops, reach, corrected)
    return rows
