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

    Rows are sorted by a hash that shares its 64 bits with the row number, so that one sort of integers does it.
    Rows of equal hash and unequal values merely stay apart: counts and values are exact whatever the hash does.
    """
    n = columns[0].size
    if n == 0:
        return DistinctRows(tuple(columns), np.empty(0), np.empty(0, dtype=np.intp))
    index_bits = max(int(n - 1).bit_length(), 1)
    low = np.uint64((1 << index_bits) - 1)
    keys = np.arange(n, dtype=np.uint64)
    for start in range(0, n, _CHUNK):
        piece = slice(start, start + _CHUNK)
        keys[piece] |= _hash([column[piece] for column in columns]) & ~low
    keys.sort()
    keys &= low
    order = keys.view(np.int64)
    starts = np.zeros(n, dtype=bool)
    starts[0] = True
    for column in columns:
        arranged = column[order]
        starts[1:] |= arranged[1:] != arranged[:-1]
    first = np.flatnonzero(starts)
    inverse = np.empty(n, dtype=np.intp)
    inverse[order] = np.cumsum(starts) - 1
    if weights is None:
        counts = np.diff(np.append(first, n)).astype(np.float64)
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
