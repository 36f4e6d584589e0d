import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from customer_value.transactions import _row_order
from customer_value.transactions._row_order import dense_codes, order_rows, run_starts, sort, span

INT64 = st.integers(-(2**63), 2**63 - 1)


@settings(deadline=None)
@given(values=st.lists(INT64 | st.integers(-3, 3), min_size=1, max_size=60))
@example(values=[-(2**63), 2**63 - 1])
@example(values=[5])
def test_dense_codes_are_the_inverse_of_unique(values):
    array = np.array(values, dtype=np.int64)
    distinct, inverse = np.unique(array, return_inverse=True)
    codes, count = dense_codes(array)
    assert count == distinct.size
    assert np.array_equal(codes, inverse)


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(1).integers(0, 2**63, 300_000, dtype=np.uint64) * np.uint64(2),
        np.random.default_rng(2).integers(0, 40_000, 300_000) * 2**40,
        np.arange(300_000)[::-1].astype(np.int32),
        # Multiples of the first multiplier's inverse: they all hash to the first slots of the first table.
        np.arange(100_000, dtype=np.uint64) * np.uint64(pow(_row_order._MULTIPLIERS[0], -1, 2**64)),
    ],
    ids=["random", "multiples", "falling", "colliding"],
)
def test_dense_codes_of_many(values):
    distinct, inverse = np.unique(values, return_inverse=True)
    codes, count = dense_codes(values)
    assert count == distinct.size
    assert np.array_equal(codes, inverse)


def test_dense_codes_when_no_table_helps(monkeypatch):
    # A multiplier of 1 leaves small numbers in slot 0: all but one of them are found by binary search.
    monkeypatch.setattr(_row_order, "_MULTIPLIERS", (1,))
    values = np.array([9, 4, 4, 7, 1, 9], dtype=np.uint64)
    codes, count = dense_codes(values)
    assert (codes.tolist(), count) == ([3, 1, 1, 2, 0, 3], 4)


def test_dense_codes_of_nothing():
    codes, count = dense_codes(np.zeros(0, dtype=np.int64))
    assert (codes.size, count) == (0, 0)


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_sorting_in_threads(workers, monkeypatch):
    monkeypatch.setattr(_row_order, "_SHORT_SORT", 100)
    words = np.random.default_rng(3).integers(0, 500, 5_001).astype(np.uint64)
    expected = np.sort(words)
    sort(words, workers)
    assert np.array_equal(words, expected)


def test_span_counts_bits_between_least_and_greatest():
    assert span(np.array([5, 5])) == (5, 0)
    assert span(np.array([-1, 6])) == (-1, 3)
    assert span(np.array([-1, 7])) == (-1, 4)
    assert span(np.array([-(2**63), 2**63 - 1])) == (-(2**63), 64)
    assert span(np.array([], dtype=np.int64)) == (0, 0)


def test_run_starts():
    assert run_starts(np.array([2, 2, 5, 2])).tolist() == [0, 2, 3]
    assert run_starts(np.array([], dtype=np.int64)).tolist() == []


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(INT64 | st.integers(-2, 2), st.integers(-5, 5)), max_size=30),
    size=st.integers(1, 8),
)
@example(rows=[(1, 0)] * 9 + [(2, 0)], size=5)  # a customer with most of the rows, and another after it
@example(rows=[(1, 0)] + [(2**63 - 1, 0)] * 9, size=5)
def test_order_rows(rows, size):
    labels = np.array([label for label, _ in rows], dtype=np.int64)
    period = np.array([p for _, p in rows], dtype=np.int32)
    ordered = order_rows(labels, period)
    needed = span(labels)[1] + span(period)[1] + max(len(rows) - 1, 0).bit_length()
    assert (ordered is None) == (needed > 64)
    if ordered is None:
        return
    row = (ordered.keys & np.uint64((1 << ordered.row_bits) - 1)).astype(np.int64)
    assert row.tolist() == sorted(range(len(rows)), key=lambda i: (rows[i], i))
    customer, of_row = ordered.customer_and_period(ordered.keys >> np.uint64(ordered.row_bits))
    assert of_row.tolist() == period[row].tolist()
    # Chunks follow each other, no customer is in two of them, and only one with many rows makes them long.
    chunks = ordered.chunks(size)
    assert [i for chunk in chunks for i in range(chunk.start, chunk.stop)] == list(range(len(rows)))
    customers = [set(customer[chunk].tolist()) for chunk in chunks]
    assert sum(map(len, customers)) == len(set().union(*customers))
    assert all(
        chunk.stop - chunk.start <= 2 * size or len(own) == 1 for chunk, own in zip(chunks, customers, strict=True)
    )
