"""Distinct rows: likelihoods and predictions depend on the data only through them, so all work is done once per row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Odd multipliers of a multiplicative hash (2^64 over the golden ratio and its relatives).
_MULTIPLIERS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)

_CHUNK = 32_768  # rows hashed at a time: their temporaries stay in the cache


@dataclass(frozen=True)
class DistinctRows:
    """Distinct rows of several columns, how often each comes, and the way back to the original rows."""

    columns: tuple[Floats, ...]
    counts: Floats
    inverse: NDArray[np.intp]

    def spread(self, values: Floats) -> Floats:
        """Give every original row its distinct row's value (last axis)."""
        return np.take(values, self.inverse, axis=-1)


def distinct_rows(columns: Sequence[Floats], weights: Floats | None = None) -> DistinctRows:
    """Collapse equal rows into counts (sums of weights), in an order that does not depend on the input's.

    Rows are sorted by a hash that shares its 64 bits with the row number, so that one sort of integers does it, and
    rows of equal hash are taken for one. Where the values tell that they are not, the values part them.
    """
    n = columns[0].size
    if n == 0:
        return DistinctRows(tuple(columns), np.empty(0), np.empty(0, dtype=np.intp))
    low = np.uint64((1 << max(int(n - 1).bit_length(), 1)) - 1)
    keys = np.arange(n, dtype=np.uint64)
    for start in range(0, n, _CHUNK):
        piece = slice(start, start + _CHUNK)
        keys[piece] |= _hash([column[piece] for column in columns]) & ~low
    keys.sort()
    starts = np.ones(n, dtype=bool)
    np.greater(keys[1:] ^ keys[:-1], low, out=starts[1:])
    keys &= low
    order = keys.view(np.int64)
    rows = _collapse(columns, order, starts, weights)
    if all(np.array_equal(values[rows.inverse], column) for values, column in zip(rows.columns, columns, strict=True)):
        return rows
    for column in columns:
        arranged = column[order]
        starts[1:] |= arranged[1:] != arranged[:-1]
    return _collapse(columns, order, starts, weights)


def _collapse(
    columns: Sequence[Floats], order: NDArray[np.int64], starts: NDArray[np.bool_], weights: Floats | None
) -> DistinctRows:
    """Take each run of rows in this order for one row; `starts` tells where runs begin."""
    first = np.flatnonzero(starts)
    inverse = np.empty(order.size, dtype=np.intp)
    inverse[order] = np.repeat(np.arange(first.size), np.diff(first, append=order.size))
    if weights is None:
        counts = np.diff(first, append=order.size).astype(np.float64)
    else:
        counts = np.add.reduceat(weights[order], first)
    return DistinctRows(tuple(column[order[first]] for column in columns), counts, inverse)


def _hash(columns: Sequence[Floats]) -> NDArray[np.uint64]:
    """Mix the bits of each row's values into 64 bits."""
    hashed = np.zeros(columns[0].size, dtype=np.uint64)
    for column, multiplier in zip(columns, np.resize(_MULTIPLIERS, len(columns)), strict=True):
        bits = (column + 0.0).view(np.uint64)  # -0.0 + 0.0 is 0.0: equal values, equal bits
        hashed = (hashed ^ bits ^ (bits >> np.uint64(32))) * multiplier
        hashed ^= hashed >> np.uint64(29)
    return hashed
