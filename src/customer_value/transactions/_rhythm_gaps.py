"""Each customer's gaps between purchase periods from a log in arrays: one sort, then sums over runs of equal keys."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np

from customer_value.transactions._blocks import blocks, in_threads
from customer_value.transactions._row_order import (
    Integers,
    Positions,
    Words,
    dense_codes,
    run_starts,
    shifted,
    sort,
    span,
)

Floats = np.ndarray[Any, np.dtype[np.float64]]
Counts = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

_CHUNK = 1 << 17  # purchase periods whose temporaries stay in the cache
_FEWEST = 4  # chunks that are worth threads


@dataclass(frozen=True, slots=True)
class GapArrays:
    """One entry per customer with a purchase, in ascending order of label; times in whole grain periods."""

    row: Positions  # a row of the log that is this customer's
    count: Counts  # gaps: purchase periods - 1
    first_period: Counts
    last_period: Counts
    last_gap: Counts  # 0 without a gap, as in all sums below
    squares: Counts  # sum of squared gaps
    logs: Floats  # sum of ln(gap)
    median: Floats
    covariation: Floats  # sum of (number of the gap - its mean) x (cube root of the gap - its mean)
    variation: Floats  # sum of (cube root of the gap - its mean)^2
    roots: Floats  # sum of the cube roots
    customers_without_purchase: int = 0

    @property
    def total(self) -> Counts:
        """Sum of the gaps."""
        return self.last_period - self.first_period


def gap_arrays(labels: Integers, period: Integers, bought: Flags | None) -> GapArrays:
    """Find each customer's gaps; `bought` marks the rows that are purchases, None where all are.

    `labels` are integers ordered like the key, `period` the number of each row's grain period.
    """
    codes, seen = dense_codes(labels)
    row = np.zeros(seen, dtype=np.int64)
    row[codes] = np.arange(codes.size)
    if bought is not None:
        codes, period = codes[bought], period[bought]
    low, bits = span(period)
    keys = np.empty(codes.size, dtype=np.uint64)

    def pack(rows: slice) -> None:
        keys[rows] = (codes[rows].astype(np.uint64) << np.uint64(bits)) | shifted(period[rows], low)

    in_threads(pack, blocks(codes.size))
    sort(keys)
    keys = keys[run_starts(keys)]
    found = _joined(in_threads(lambda part: _chunk(keys[part], bits, low, row), _parts(keys, bits), fewest=_FEWEST))
    return GapArrays(**found, customers_without_purchase=seen - found["row"].size)


def _parts(keys: Words, bits: int) -> list[slice]:
    """Cut sorted keys into slices that hold whole customers."""
    customer = keys[np.arange(_CHUNK, keys.size, _CHUNK)] >> np.uint64(bits)
    cuts = np.unique(np.searchsorted(keys, customer << np.uint64(bits))).tolist()
    return [slice(a, b) for a, b in pairwise([*dict.fromkeys([0, *cuts]), keys.size])]


def _joined(parts: list[GapArrays]) -> dict[str, Any]:
    names = [field.name for field in fields(GapArrays) if field.name != "customers_without_purchase"]
    return {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}


def _chunk(keys: Words, bits: int, low: int, row: Positions) -> GapArrays:
    """Sum the gaps of the customers of a slice of sorted distinct keys."""
    customer = (keys >> np.uint64(bits)).view(np.int64)
    period = (keys & np.uint64((1 << bits) - 1)).view(np.int64) + low
    first = run_starts(customer)
    purchases = np.diff(first, append=period.size)
    count = purchases - 1
    gap = np.diff(period, prepend=period[:1])
    gap[first] = 0  # no gap ends at a first purchase

    def summed(values: Any) -> Any:
        return np.add.reduceat(values, first) if first.size else values[:0]

    logs = np.log(np.maximum(gap, 1))
    root = np.cbrt(gap)
    roots = summed(root)
    number = np.arange(period.size) - np.repeat(first, purchases)  # 1 is the first gap
    from_mean = root - np.repeat(roots / np.maximum(count, 1), purchases)
    from_mean[first] = 0.0
    from_middle = number - np.repeat((count + 1) / 2, purchases)
    last = first + count
    return GapArrays(
        row=row[customer[first]],
        count=count,
        first_period=period[first],
        last_period=period[last],
        last_gap=gap[last],
        squares=summed(gap * gap),
        logs=summed(logs),
        median=_medians(gap, first, count),
        covariation=summed(from_middle * from_mean),
        variation=summed(from_mean * from_mean),
        roots=roots,
    )


def _medians(gap: Counts, first: Positions, count: Counts) -> Floats:
    """Return the middle gap of each customer, the mean of the two middle ones of an even number; 0 without a gap."""
    bits = np.uint64(int(gap.max(initial=0)).bit_length())
    local = np.repeat(np.arange(first.size, dtype=np.uint64), count + 1)
    key = (local << bits) | gap.view(np.uint64)
    key.sort()
    ordered = (key & ((np.uint64(1) << bits) - np.uint64(1))).view(np.int64)
    # The 0 of the first purchase comes before the gaps.
    lower, upper = first + (count + 1) // 2, first + count // 2 + (count > 0)
    middle: Floats = (ordered[lower] + ordered[upper]) / 2
    return middle
