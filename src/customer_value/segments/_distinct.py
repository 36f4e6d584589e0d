"""Rows of a fit in an order of their own values, equal ones once with their weight, and statistics of such rows.

A fit on them does not depend on how a file was sorted, and a weight of 2 is the same as the row twice, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Places = np.ndarray[Any, np.dtype[np.intp]]


@dataclass(frozen=True)
class DistinctRows:
    """Each distinct row once, sorted by value."""

    matrix: Floats
    weights: Floats  # summed over the rows that are equal
    place: Places  # of each given row among the distinct ones


def distinct_rows(matrix: Floats, weights: Floats) -> DistinctRows:
    """Sort the rows by their columns from the last to the first and take equal ones together."""
    order = np.lexsort(tuple(matrix.T))
    columns = [column[order] for column in matrix.T]
    first = np.ones(order.size, dtype=np.bool_)
    first[1:] = False
    for column in columns:
        first[1:] |= column[1:] != column[:-1]
    starts = np.flatnonzero(first)
    place = np.empty(order.size, dtype=np.intp)
    place[order] = np.cumsum(first) - 1
    # Within a set of equal rows the weights are sorted too, so that their sum has one order.
    if starts.size < order.size and not (weights == weights[0]).all():
        order = order[np.lexsort((weights[order], place[order]))]
    summed = np.add.reduceat(weights[order], starts)
    rows = np.empty((starts.size, matrix.shape[1]), order="F")
    for j, column in enumerate(columns):
        rows[:, j] = column[starts]
    return DistinctRows(rows, summed, place)


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
