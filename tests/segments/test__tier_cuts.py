"""Thresholds of shares: against a customer-by-customer count in whole numbers, and at the edges of floats."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value.segments._tier_cuts import (
    ABOVE_ZERO,
    decimals_of,
    said_number,
    shortest_between,
    thresholds_by_customers,
    thresholds_by_share,
)

cents = st.lists(st.integers(-30, 60), min_size=1, max_size=12)
shares = st.lists(st.integers(1, 19), min_size=1, max_size=3, unique=True).map(sorted)  # twentieths


def reached(values, thresholds):
    """Whether each value reaches each threshold."""
    return [[t is not None and value >= t for t in thresholds] for value in values]


def inside_one_by_one(amounts, share, weight):
    """Go through the row from the best to the worst; equal amounts follow the larger part of themselves."""
    row = sorted((amount for amount in amounts if weight(amount) > 0), reverse=True)
    total, before, inside = sum(map(weight, row)), Fraction(0), []
    for amount in row:
        inside.append(before < share * total)
        before += weight(amount)
    kept = {a for a in row if 2 * sum(i for i, b in zip(inside, row, strict=True) if b == a) >= row.count(a)}
    return [amount in kept for amount in amounts]


@settings(max_examples=60)
@given(cents, shares)
def test_shares_of_the_total_are_those_counted_in_cents(amounts, twentieths):
    found = thresholds_by_share(np.array(amounts) / 100, tuple(each / 20 for each in twentieths))
    for i, each in enumerate(twentieths):
        expected = inside_one_by_one(amounts, Fraction(each, 20), lambda amount: Fraction(max(amount, 0)))
        assert [row[i] for row in reached(np.array(amounts) / 100, found)] == expected


@settings(max_examples=60)
@given(cents, shares, st.booleans())
def test_shares_of_customers_are_those_counted_one_by_one(amounts, twentieths, above_zero):
    values = np.array(amounts) / 100
    found = thresholds_by_customers(values, tuple(each / 20 for each in twentieths), above_zero=above_zero)
    for i, each in enumerate(twentieths):
        expected = inside_one_by_one(amounts, Fraction(each, 20), lambda a: Fraction(a > 0 or not above_zero))
        assert [row[i] for row in reached(values, found)] == expected


def test_a_cut_that_is_met_exactly_is_met_however_the_decimals_round():
    # .3 + .2 is .5 and .1 + .2 is .30000000000000004: the customers before the third hold .8 in cents, not less.
    assert thresholds_by_share(np.array([0.2, 0.5, 0.3]), (0.8,)) == (0.3,)
    ten = np.full(10, 0.1) + np.arange(10) * 1e-9  # all but equal, so no tie helps: the eighth is the last of 80 %
    assert np.sum(ten >= thresholds_by_share(ten, (0.8,))[0]) == 8
    assert thresholds_by_customers(np.arange(1.0, 101.0), (0.07,), above_zero=False) == (94.0,)  # .07 * 100 > 7


@pytest.mark.parametrize("n", range(2, 27))
def test_as_many_equal_tiers_as_customers_take_one_each(n):
    # 5 / 6 and 6 / 11 are floats above the fractions that are meant, by which a customer more would be in.
    found = thresholds_by_customers(np.arange(1.0, n + 1), tuple(i / n for i in range(1, n)), above_zero=False)
    assert list(found) == list(range(n, 1, -1))
    assert thresholds_by_customers(np.arange(1.0, n + 1), (1e-12,), above_zero=False) == (n,)


def test_sums_over_many_blocks_neither_overflow_nor_depend_on_the_order():
    rng = np.random.default_rng(1)
    values = np.round(rng.gamma(0.5, 1000, 150_000), 2)  # three blocks
    falling = np.sort(values)[::-1]
    ahead = np.array([0, *np.cumsum(np.round(falling * 100).astype(np.int64))[:-1]])
    expected = [falling[ahead * 100 < share * np.round(falling * 100).sum()][-1] for share in (80, 95)]
    found = thresholds_by_share(values, (0.8, 0.95))
    assert [np.sum(values >= t) for t in found] == [np.sum(values >= t) for t in expected]
    assert thresholds_by_share(rng.permutation(values), (0.8, 0.95)) == found
    huge = np.array([6e307, 5e307, 4e307, 3e307])  # their sum is no float
    assert thresholds_by_share(huge, (0.5,)) == (5e307,)


def test_nobody_above_zero_leaves_no_threshold():
    assert thresholds_by_share(np.array([0.0, -3.0]), (0.8, 0.95)) == (None, None)
    assert thresholds_by_customers(np.array([0.0, -3.0]), (0.5, 1.0), above_zero=True) == (None, None)
    assert thresholds_by_customers(np.array([1e-9, 0.0]), (0.5, 1.0), above_zero=True)[1] == ABOVE_ZERO


@pytest.mark.parametrize(
    ("below", "upto", "short"),
    [
        (897.2, 903.1, 900.0),
        (175.87, 175.88, 175.88),
        (0.0, 0.0123, 0.01),
        (-5.0, 3.0, 0.0),
        (-5.0, -0.4, -1.0),
        (7.0, 7.0, 7.0),
        (1e-9, 1e9, 1e9),
    ],
)
def test_a_threshold_is_short(below, upto, short):
    assert shortest_between(below, upto) == short


finite = st.floats(-1e12, 1e12)


@settings(max_examples=60)
@given(finite, finite)
def test_a_short_threshold_splits_what_the_long_one_splits(one, other):
    below, upto = sorted([one, other])
    found = shortest_between(below, upto)
    assert below < found <= upto or below == found == upto
    neighbour = math.nextafter(upto, -math.inf)
    assert neighbour < shortest_between(neighbour, upto) <= upto


def test_scores_are_shown_with_the_decimals_of_thresholds():
    assert [decimals_of(at) for at in [(900.0, 12.5), (0.6,), (12.0,), (None, None), (1e13, 0.001)]] == [1, 3, 1, 2, 1]
    assert (said_number(900.0), said_number(1e-7), said_number(1e20)) == ("900", "0.0000001", "1" + "0" * 20)
