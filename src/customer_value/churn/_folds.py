"""Folds and an order of rows that depend on the rows' values, never on their positions.

Equal rows then share a fold, a fit does not depend on how a file was sorted, and a row of weight 2 is the same as the
row twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Hashes = np.ndarray[Any, np.dtype[np.uint64]]
Codes = np.ndarray[Any, np.dtype[np.intp]]


def row_hashes(matrix: Floats) -> Hashes:
    """Return a 64-bit hash of each row's values, equal for equal rows (missing values count as equal)."""
    hashes = np.zeros(matrix.shape[0], dtype=np.uint64)
    for column in matrix.T:
        values = np.where(np.isnan(column), np.nan, column + 0.0)  # one NaN, one zero
        hashes = _mix(hashes ^ _mix(np.ascontiguousarray(values).view(np.uint64)))
    return hashes


def group_codes(groups: Any) -> Codes:
    """Number groups in the order of their ids."""
    codes: Codes = np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)
    return codes


def value_folds(hashes: Hashes, events: Floats, weights: Floats, folds: int, groups: Codes | None = None) -> Codes:
    """Deal the distinct rows, or the groups, into folds with like shares of events.

    They are laid out by their own share of events, those with the same share by their hash, and dealt in turn.
    """
    keys = hashes if groups is None else _mix(groups.astype(np.uint64) + np.uint64(1))
    units, unit = np.unique(keys, return_inverse=True)
    total = np.bincount(unit, weights=weights, minlength=units.size)
    share = np.bincount(unit, weights=weights * events, minlength=units.size) / total
    place = np.empty(units.size, dtype=np.intp)
    place[np.lexsort((units, share))] = np.arange(units.size)
    dealt: Codes = place[unit] % folds
    return dealt


def _mix(bits: Hashes) -> Hashes:
    """Scatter 64 bits: the finalizer of SplitMix64 (Steele, Lea & Flood 2014)."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Hashes = bits ^ (bits >> np.uint64(31))
    return mixed
