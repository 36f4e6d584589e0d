"""Shares, ranks and cumulative shares against definitions written out, in every library and any order."""

from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value.errors import InputError
from customer_value.segments import score_contribution

NAMES = ["contribution_share", "contribution_rank", "contribution_cumulative_share"]


def test_shares_ranks_and_cumulative_shares_of_a_small_frame(make_frame, read):
    frame = make_frame({"customer_id": ["a", "b", "c", "d", "e"], "total_value": [20.0, 50.0, 20.0, 10.0, 0.0]})
    got = read(score_contribution(frame))
    assert got["customer_id"] == ["a", "b", "c", "d", "e"]
    assert got["contribution_share"] == [0.2, 0.5, 0.2, 0.1, 0.0]
    assert got["contribution_rank"] == [2, 1, 2, 4, 5]
    # Equal customers share what they and all better ones hold together.
    assert got["contribution_cumulative_share"] == [0.9, 0.5, 0.9, 1.0, 1.0]


@settings(max_examples=20)
@given(st.lists(st.integers(-300, 1000), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_definitions_hold_exactly_in_any_order(cents, random):
    order = list(range(len(cents)))
    random.shuffle(order)
    values = pd.DataFrame({"total_value": [cents[i] / 100 for i in order]})
    got = score_contribution(values)
    total = sum(cents)
    for row, i in enumerate(order):
        assert got["contribution_rank"][row] == 1 + sum(other > cents[i] for other in cents)
        if total > 0:
            reached = Fraction(sum(other for other in cents if other >= cents[i]), total)
            # cents / 100 are rounded by at most 6e-17 of themselves, here against a total of 0.01 at least
            assert got["contribution_cumulative_share"][row] == pytest.approx(float(reached), rel=1e-11, abs=1e-11)
            assert got["contribution_share"][row] == pytest.approx(float(Fraction(cents[i], total)), rel=1e-12)
        else:
            assert got[["contribution_share", "contribution_cumulative_share"]].iloc[row].isna().all()


def test_a_share_of_exactly_eight_tenths_is_no_more_and_no_less():
    values = np.full(1000, 0.1) + np.arange(1000) * 1e-13  # summed plainly, errors of 1e-13 add up
    reached = np.sort(score_contribution(pd.DataFrame({"total_value": values}))["contribution_cumulative_share"])
    exact = [float(Fraction(*f)) for f in _exact_shares(np.sort(values)[::-1])]
    np.testing.assert_array_max_ulp(reached, np.array(exact), maxulp=1)


def _exact_shares(values):
    sums = np.cumsum([Fraction(float(v)) for v in values])
    return [(s / sums[-1]).as_integer_ratio() for s in sums]


def test_the_largest_numbers_there_are_have_shares_too():
    got = score_contribution(pd.DataFrame({"total_value": [1e308, 1e308, 1e308, 1e308]}))
    assert got["contribution_share"].tolist() == [0.25] * 4
    assert got["contribution_cumulative_share"].tolist() == [1.0] * 4


def test_negative_values_stay_in_and_the_curve_rises_above_one():
    got = score_contribution(pd.DataFrame({"margin": [80.0, 40.0, -20.0]}), value="margin")
    assert got["contribution_cumulative_share"].tolist() == [0.8, 1.2, 1.0]
    assert got["contribution_share"].tolist() == [0.8, 0.4, -0.2]


def test_unknown_values_are_null_and_take_no_part(make_frame, read):
    got = read(score_contribution(make_frame({"total_value": [30.0, None, 10.0]})))
    assert [got[name][::2] for name in NAMES] == [[0.75, 0.25], [1, 2], [0.75, 1.0]]
    assert all(pd.isna(got[name][1]) for name in NAMES)


def test_groups_have_shares_of_their_own():
    frame = pd.DataFrame({"region": ["n", "s", "n", "s"], "kind": [1, 1, 1, 2], "total_value": [30.0, 5.0, 10.0, 7.0]})
    assert score_contribution(frame, by="region")["contribution_share"].tolist() == [0.75, 5 / 12, 0.25, 7 / 12]
    assert score_contribution(frame, by=["region", "kind"])["contribution_rank"].tolist() == [1, 1, 2, 1]


def test_chunks_and_a_lazy_frame_change_nothing():
    rng = np.random.default_rng(0)
    whole = pl.DataFrame({"total_value": rng.integers(0, 50, 200) / 7, "region": rng.choice(["a", "b"], 200)})
    parts = pl.concat([whole[:30], whole[30:31], whole[31:]], rechunk=False)
    expected = score_contribution(whole, by="region")
    assert score_contribution(parts, by="region").equals(expected)
    lazy = score_contribution(parts.lazy(), by="region")
    assert isinstance(lazy, pl.LazyFrame)
    assert lazy.collect().equals(expected)
    assert score_contribution(parts.to_arrow(), by="region").to_pydict() == expected.to_dict(as_series=False)


def test_a_second_scoring_stands_beside_the_first_and_the_input_is_left_alone():
    frame = pd.DataFrame({"total_value": [1.0, 3.0], "clv": [3.0, 1.0]})
    both = score_contribution(score_contribution(frame), value="clv", suffix="_clv")
    assert both["contribution_rank"].tolist() == [2, 1]
    assert both["contribution_rank_clv"].tolist() == [1, 2]
    assert frame.columns.tolist() == ["total_value", "clv"]
    assert score_contribution(both).equals(both)


@pytest.mark.parametrize(
    ("frame", "arguments", "message"),
    [
        ({"total_value": [1.0, np.inf]}, {}, r"total_value must be finite; 1 of 2 rows is not \(rows 1\)"),
        ({"total_value": ["1"]}, {}, "total_value must be numeric"),
        ({"total_value": np.array([])}, {}, "the frame is empty"),
        ({"value": [1.0]}, {}, r"lacks \['total_value'\].*summarize_customers"),
        ({"total_value": [1.0]}, {"by": "region"}, r"lacks \['region'\]"),
        ({"total_value": [1.0, 2.0], "region": ["a", None]}, {"by": "region"}, "region must not be null"),
        ({"total_value": [1.0]}, {"by": 3}, "by must be a list of column names"),
    ],
)
def test_bad_input_is_refused_in_words(frame, arguments, message):
    with pytest.raises(InputError, match=message):
        score_contribution(pd.DataFrame(frame), **arguments)
