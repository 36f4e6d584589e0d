"""Edges against the definition of scores in exact fractions, and against pandas' qcut where that gives an answer."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value.segments._edges import REACHES, count_reached, edges_of, mid_rank_edges

# Few distinct values, so that ties abound; the large and small ones test that no arithmetic is done on values.
tied = st.lists(st.sampled_from([-1e300, -3.5, -0.0, 0.0, 1e-300, 1.0, 2.0, 7.0, 1e300]), min_size=1, max_size=60)
anything = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60)
bin_counts = st.integers(2, 9)


def by_definition(values, bins):
    """1 + floor(bins x u), u = (customers below + half of those at the value) / n, in exact fractions."""
    n = len(values)
    shares = [Fraction(2 * sum(v < x for v in values) + sum(v == x for v in values), 2 * n) for x in values]
    return [int(bins * share) + 1 for share in shares]


def score(values, bins, ties="mid"):
    """Scores of values of which more is better."""
    values = np.asarray(values, dtype=np.float64)
    edges = edges_of(np.sort(values), "f", bins, ties)
    return (1 + count_reached(values, edges[np.newaxis], REACHES[ties]["f"], None)).tolist()


@settings(max_examples=20)
@given(st.one_of(tied, anything), bin_counts)
def test_a_score_is_the_mid_rank_cut_into_equal_parts(values, bins):
    assert score(values, bins) == by_definition(values, bins)


@settings(max_examples=20)
@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=12, unique=True), bin_counts, st.randoms())
def test_without_ties_each_score_holds_equally_many_as_in_qcut(values, bins, random):
    values = [value + offset * 5000 for offset in range(bins) for value in values]  # n a multiple of bins, distinct
    random.shuffle(values)
    assert score(values, bins) == (pd.qcut(values, bins, labels=False) + 1).tolist()


@settings(max_examples=20)
@given(st.one_of(tied, anything), bin_counts)
def test_more_is_never_scored_lower_and_equals_are_scored_alike(values, bins):
    ranked = sorted(zip(values, score(values, bins), strict=True))
    for (low, low_score), (high, high_score) in pairwise(ranked):
        assert low_score <= high_score
        assert low != high or low_score == high_score
    assert 1 <= ranked[0][1] <= ranked[-1][1] <= bins


@settings(max_examples=20)
@given(tied, bin_counts)
def test_edges_never_fall_and_are_observed_values_or_infinite(values, bins):
    edges = mid_rank_edges(np.sort(values), bins)
    assert edges.shape == (bins - 1,)
    assert (edges[1:] >= edges[:-1]).all()
    assert {edge for edge in edges if np.isfinite(edge)} <= set(values)


@pytest.mark.parametrize(("bins", "middle"), [(2, 2), (3, 2), (4, 3), (5, 3), (9, 5)])
def test_a_value_that_all_share_is_in_the_middle(bins, middle):
    assert score([7.0] * 11, bins) == [middle] * 11
    assert score([7.0], bins) == [middle]


@settings(max_examples=20)
@given(st.lists(st.integers(-50, 50), min_size=2, max_size=40), bin_counts)
def test_edge_is_qcut_wherever_qcut_gives_an_answer(values, bins):
    try:
        expected = pd.qcut(values, bins, labels=False) + 1
    except ValueError:  # edges coincide
        assert set(score(values, bins, "edge")) <= set(range(1, bins + 1))
        return
    quantiles = np.quantile(values, np.arange(1, bins) / bins)
    at_rounding = [(np.abs(quantiles - v) < 1e-9).any() and v not in quantiles for v in values]
    ours = score(values, bins, "edge")
    # Where numpy's quantile misses a customer's value by its rounding, ours is exact.
    assert [o for o, odd in zip(ours, at_rounding, strict=True) if not odd] == [
        e for e, odd in zip(expected.tolist(), at_rounding, strict=True) if not odd
    ]


def test_fewer_customers_than_bins_never_fail():
    # mid: shares of 1/4 and 3/4; edge: quantiles between the two; r-rfm: 1.2 + 1 and more, above both.
    assert score([1, 2], 5) == [2, 4]
    assert score([1, 2], 5, "edge") == [1, 5]
    assert score([1, 2], 5, "r-rfm") == [1, 1]
