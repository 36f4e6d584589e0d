"""Rows of a fit in an order of their own values, equal ones once with their weight, and statistics of such rows.

A fit on them does not depend on how a file was sorted, and a weight of 2 is the same as the row twice, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Places = np.ndarray[Any, np.dtype[np.intp]]

# The mixing steps of MurmurHash3 (Appleby 2011), variant 13 of Stafford (2011).
_SCATTER = (
    (np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
    (np.uint64(27), np.uint64(0x94D049BB133111EB)),
)


@dataclass(frozen=True)
class DistinctRows:
    """Each distinct row once, sorted by value."""

    matrix: Floats
    weights: Floats  # summed over the rows that are equal
    place: Places  # of each given row among the distinct ones


def distinct_rows(matrix: Floats, weights: Floats) -> DistinctRows:
    """Sort the rows by their values and take equal ones together."""
    keys = _row_keys(matrix)
    order = np.argsort(keys)
    first = _changes(matrix, order)
    if first.sum() > _changes(keys[:, None], order).sum():  # two different rows of one key: not seen in a lifetime
        order = np.lexsort((*matrix.T, keys))
        first = _changes(matrix, order)
    starts = np.flatnonzero(first)
    place = np.empty(order.size, dtype=np.intp)
    place[order] = np.cumsum(first) - 1
    # Within a set of equal rows the weights are sorted too, so that their sum has one order.
    if starts.size < order.size and not (weights == weights[0]).all():
        order = order[np.lexsort((weights[order], place[order]))]
    distinct = np.asfortranarray(matrix[order[starts]])
    return DistinctRows(distinct, np.add.reduceat(weights[order], starts), place)


def _row_keys(matrix: Floats) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return 64 bits scattered from each row's values: one sort by them is several times faster than one per column."""
    keys = np.zeros(len(matrix), dtype=np.uint64)
    for column in matrix.T:
        keys ^= np.ascontiguousarray(column).view(np.uint64)
        for shift, factor in _SCATTER:
            keys ^= keys >> shift
            keys *= factor
        keys ^= keys >> _SCATTER[0][0]
    return keys


def _changes(matrix: np.ndarray[Any, Any], order: Places) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Mark the rows, in this order, that differ from the one before."""
    first = np.ones(order.size, dtype=np.bool_)
    first[1:] = False
    for column in matrix.T:
        ordered = column[order]
        first[1:] |= ordered[1:] != ordered[:-1]
    return first


def weighted_mean(values: Floats, weights: Floats) -> float:
    """Mean of values, each counted as often as its weight."""
    return float((values * weights).sum() / weights.sum())


def weighted_deviation(values: Floats, weights: Floats) -> float:
    """Standard deviation (of the population); exactly 0 for values that are all equal."""
    if values.min() == values.max():
        return 0.0
    return float(np.sqrt(weighted_mean((values - weighted_mean(values, weights)) ** 2, weights)))


def weighted_quantiles(values: Floats, weights: Floats, shares: tuple[float, ...]) -> list[float]:
    """Quantiles as those of the repeated values: the inverse of their distribution, averaged where it is flat."""
    order = np.argsort(values, kind="stable")
    ordered, reached = values[order], np.cumsum(weights[order])
    found = []
    for share in shares:
        target = share * reached[-1]
        low = min(int(np.searchsorted(reached, target * (1 - 1e-12), side="left")), values.size - 1)
        high = min(int(np.searchsorted(reached, target * (1 + 1e-12), side="right")), values.size - 1)
        found.append(float((ordered[low] + ordered[high]) / 2))
    return found
