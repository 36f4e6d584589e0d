"""The rows of a log in order of customer and period: one sort of whole numbers that carry their row with them.

A sort of records, or an indirect one, moves through memory at random. With customer, period and row packed into one
64-bit number it becomes numpy's vectorised sort of plain integers, and the row comes back out of the low bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from customer_value.transactions._blocks import blocks, in_threads, threads

Integers = np.ndarray[Any, np.dtype[np.integer[Any]]]
Words = np.ndarray[Any, np.dtype[np.uint64]]
Positions = np.ndarray[Any, np.dtype[np.int64]]

_WORD = 64
_SHORT_SORT = 1 << 20  # a sort this short is over before a second thread has started
# Odd numbers without pattern (fractional parts of the golden ratio and of square roots), for multiplicative hashing.
_MULTIPLIERS = (0x9E3779B97F4A7C15, 0x6A09E667F3BCC909, 0xBB67AE8584CAA73B)


@dataclass(frozen=True, slots=True)
class RowOrder:
    """Sorted keys ``label | period | row``, and how to take them apart."""

    keys: Words
    period_bits: int
    row_bits: int
    first_period: int

    def without_row(self, keys: Words) -> tuple[Words, Positions]:
        """Take keys apart into what stands above the row, and the row."""
        return keys >> np.uint64(self.row_bits), (keys & np.uint64((1 << self.row_bits) - 1)).view(np.int64)

    def customer_and_period(self, key: Words) -> tuple[Words, Positions]:
        """Take apart what stands above the row."""
        period = (key & np.uint64((1 << self.period_bits) - 1)).view(np.int64)
        return key >> np.uint64(self.period_bits), period + self.first_period

    def chunks(self, size: int) -> list[slice]:
        """Cut the keys into slices of about `size` rows; a customer is never cut, one with more rows stands alone."""
        shift = np.uint64(self.period_bits + self.row_bits)
        customer = self.keys[np.arange(size, self.keys.size, size)] >> shift
        start = np.searchsorted(self.keys, customer << shift)
        end = np.searchsorted(self.keys, (customer + np.uint64(1)) << shift)
        cuts = np.unique(np.concatenate(([0], start, end[end - start > size]))).tolist()
        return [slice(a, b) for a, b in pairwise([*cuts, self.keys.size])]


def order_rows(labels: Integers, period: Integers | None = None) -> RowOrder | None:
    """Sort the rows by customer label and period (if given); None where these and the row do not fit one word."""
    n = labels.size
    low, label_bits = span(labels)
    first_period, period_bits = (0, 0) if period is None else span(period)
    row_bits = max(n - 1, 0).bit_length()
    if label_bits + period_bits + row_bits > _WORD:
        return None
    customer_shift, period_shift = np.uint64(period_bits + row_bits), np.uint64(row_bits)
    # Modulo 2^64 one subtraction takes both least values off, and negative numbers need no care.
    origin = (low << (period_bits + row_bits)) + (first_period << row_bits)
    keys = np.empty(n, dtype=np.uint64)

    def pack(rows: slice) -> None:
        key = labels[rows].astype(np.uint64)
        key <<= customer_shift
        if period is not None:
            part = period[rows].astype(np.uint64)
            part <<= period_shift
            key += part
        key += np.arange(rows.stop - rows.start, dtype=np.uint64)
        np.add(key, np.uint64((rows.start - origin) % (1 << _WORD)), out=keys[rows])

    in_threads(pack, blocks(n))
    sort(keys)
    return RowOrder(keys, period_bits, row_bits, first_period)


def span(values: Integers) -> tuple[int, int]:
    """Return the least value and the number of bits that hold the distance of every value from it."""
    if values.size == 0:
        return 0, 0
    low, high = int(values.min()), int(values.max())
    return low, (high - low).bit_length()


def shifted(values: Integers, low: int) -> Words:
    """Return distances from `low` as unsigned words (modulo 2^64, which is exact for every integer type)."""
    words: Words = values.astype(np.uint64)
    words -= np.uint64(low % (1 << _WORD))
    return words


def sort(words: Words, workers: int | None = None) -> None:
    """Sort in place: each half of a quick-select split is sorted by a thread of its own."""
    workers = threads() if workers is None else workers
    if workers < 2 or words.size < _SHORT_SORT:
        words.sort()
        return
    half = words.size // 2
    words.partition(half)
    in_threads(lambda part: sort(part, workers // 2), [words[:half], words[half:]], fewest=2)


def run_starts(values: Integers) -> Positions:
    """Return where runs of equal values start."""
    new = np.ones(values.size, dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return np.flatnonzero(new)


def dense_codes(values: Integers) -> tuple[Integers, int]:
    """Return codes 0..m-1 in ascending order of value, and m (the inverse that np.unique gives, many times faster)."""
    low, _ = span(values)
    ordered = shifted(values, low)
    sort(ordered)
    distinct = ordered[run_starts(ordered)]
    del ordered
    position = _finder(distinct)
    codes: Integers = np.empty(values.size, dtype=np.int32 if distinct.size < 1 << 31 else np.int64)

    def find(rows: slice) -> None:
        codes[rows] = position(shifted(values[rows], low))

    in_threads(find, blocks(values.size))
    return codes, distinct.size


def _finder(distinct: Words) -> Callable[[Words], Integers]:
    """Return a function that tells where each value stands in the sorted `distinct`.

    Binary search misses the cache at most of its steps. A hash table of one candidate per slot, checked against the
    value itself, settles nine values in ten at once; those that find another in their slot go to a second and a third.
    """
    tables: list[tuple[np.uint64, np.uint64, Positions]] = []
    homeless = np.arange(distinct.size)
    for multiplier in map(np.uint64, _MULTIPLIERS):
        bits = (2 * homeless.size).bit_length()
        shift = np.uint64(_WORD - bits)
        slot = (distinct[homeless] * multiplier) >> shift
        table = np.zeros(1 << bits, dtype=np.int64)
        table[slot] = homeless
        tables.append((multiplier, shift, table))
        homeless = homeless[table[slot] != homeless]

    def look_up(sought: Words, level: int) -> Positions:
        if level == len(tables):
            return np.searchsorted(distinct, sought)
        multiplier, shift, table = tables[level]
        found = table.take(((sought * multiplier) >> shift).view(np.int64))
        wrong = np.flatnonzero(distinct.take(found) != sought)
        if wrong.size:
            found[wrong] = look_up(sought[wrong], level + 1)
        return found

    return lambda values: look_up(values, 0)
