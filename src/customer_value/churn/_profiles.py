"""Distinct rows of a matrix: customers with equal covariates are worked on once."""

from __future__ import annotations

import numpy as np

from customer_value.churn._spells import Floats, Rows

# An odd multiplier of a multiplicative hash: 2^64 over the golden ratio.
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def distinct_profiles(matrix: Floats) -> tuple[Floats, Rows]:
    """Return the distinct rows, in an order that does not depend on the input's, and each row's place among them.

    One sort of hashes finds them. Where two different rows share a hash, their values part them.
    """
    _, first, place = np.unique(_hashes(matrix), return_index=True, return_inverse=True)
    if np.array_equal(matrix[first][place], matrix, equal_nan=True):
        return matrix[first], place
    place = np.zeros(len(matrix), dtype=np.intp)
    for column in matrix.T:
        values, code = np.unique(column, return_inverse=True)
        place = np.unique(place * values.size + code, return_inverse=True)[1]
    first = np.unique(place, return_index=True)[1]
    return matrix[first], place


def _hashes(matrix: Floats) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Mix the bits of each row's values into 64 bits."""
    hashed = np.zeros(len(matrix), dtype=np.uint64)
    for column in matrix.T:
        bits = np.ascontiguousarray(column + 0.0).view(np.uint64)  # -0.0 + 0.0 is 0.0: equal values, equal bits
        hashed = (hashed ^ bits ^ (bits >> np.uint64(32))) * _MULTIPLIER
        hashed ^= hashed >> np.uint64(29)
    return hashed
