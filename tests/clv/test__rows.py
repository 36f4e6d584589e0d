"""Collapsing equal rows loses nothing, whatever the values and their order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_value.clv._rows import distinct_rows

VALUES = st.sampled_from([0.0, -0.0, 1.0, 1 / 7, 2 / 7, 3.0, 1e-300, 1e300])


@given(st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=60), st.randoms())
def test_rows_counts_and_the_way_back(rows, random):
    columns = tuple(np.array(c) for c in zip(*rows, strict=True))
    found = distinct_rows(columns)
    assert found.counts.size == len(set(rows))  # -0.0 equals 0.0 as a number, and hashes like it
    for column, distinct in zip(columns, found.columns, strict=True):
        np.testing.assert_array_equal(found.spread(distinct), column)
    assert found.counts.sum() == len(rows)
    np.testing.assert_array_equal(np.bincount(found.inverse), found.counts)
    order = np.array(random.sample(range(len(rows)), len(rows)))
    shuffled = distinct_rows([c[order] for c in columns])
    for one, other in zip(found.columns, shuffled.columns, strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_are_added_up():
    found = distinct_rows([np.array([2.0, 1.0, 2.0])], np.array([0.5, 3.0, 0.25]))
    assert dict(zip(found.columns[0], found.counts, strict=True)) == {1.0: 3.0, 2.0: 0.75}


@pytest.mark.parametrize("n", [1, 2, 3, 1000])
def test_every_size(n):
    x = np.arange(n) % 7.0
    found = distinct_rows([x, x / 7])
    assert found.counts.size == min(n, 7)
    np.testing.assert_array_equal(found.spread(found.columns[0]), x)


def test_no_rows():
    found = distinct_rows([np.empty(0), np.empty(0)])
    assert found.counts.size == 0
    assert found.spread(np.empty(0)).size == 0
