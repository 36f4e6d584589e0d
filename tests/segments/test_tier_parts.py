"""Cuts and criteria: what they refuse, what they find on data, and that they come back from plain data."""

import json

import numpy as np
import pytest

from customer_value.errors import InputError
from customer_value.segments import TierCriterion, TierCut


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"by": "thresholds", "at": (1,)}, "by of a cut must be one of"),
        ({"by": "threshold", "at": ()}, "at least one"),
        ({"by": "threshold", "at": "12"}, "sequence of numbers"),
        ({"by": "threshold", "at": (1, 2)}, r"must fall .*got \[1, 2\]"),
        ({"by": "threshold", "at": (2, 2)}, "must fall"),
        ({"by": "threshold", "at": (2, 1), "lower_is_better": True}, "must rise"),
        ({"by": "threshold", "at": (2, np.nan)}, "a threshold must be a finite number"),
        ({"by": "threshold", "at": (2, None)}, "must fall"),
        ({"by": "customers", "at": (0.5, 0.2)}, "must rise and lie between 0 and 1"),
        ({"by": "customers", "at": (0.5, 1.0)}, "between 0 and 1"),
        ({"by": "cumulative_share", "at": (0.0, 0.5)}, "between 0 and 1"),
        ({"by": "cumulative_share", "at": (80, 95)}, "between 0 and 1"),
        ({"by": "cumulative_share", "at": (0.5,), "lower_is_better": True}, "of which more is better"),
        ({"by": "threshold", "at": (1,), "fitted_from": "shares"}, "fitted_from"),
        ({"by": "threshold", "at": (1,), "fitted_from": TierCut("customers", (0.1, 0.2))}, "are none of"),
        ({"by": "threshold", "at": (1,), "lower_is_better": 1}, "True or False"),
    ],
)
def test_cuts_that_do_not_fit(settings, said):
    with pytest.raises(InputError, match=said):
        TierCut(**settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"name": "reason", "weight": 1.0}, "columns of any tier"),
        ({"name": "", "weight": 1.0}, "name of a criterion"),
        ({"name": "a"}, "either a cut or a weight"),
        ({"name": "a", "weight": -1.0}, "weight of 'a'"),
        ({"name": "a", "weight": 1.0, "levels": ("high", "low")}, "weighed, so it has no levels"),
        ({"name": "a", "weight": 1.0, "limits": (0.0,)}, "two numbers"),
        ({"name": "a", "weight": 1.0, "trim": 0.5}, "trim"),
        ({"name": "a", "column": None, "weight": 1.0}, "the column of 'a'"),
        ({"name": "a", "cut": TierCut("threshold", (1,)), "levels": ("b", "c"), "trim": 0.1}, "are for a weight"),
        ({"name": "a", "cut": TierCut("threshold", (1,)), "levels": ("b", "c"), "points": 1}, "sequence of numbers"),
        ({"name": "a", "cut": "half", "levels": ("high", "low")}, "must be a TierCut"),
        ({"name": "a", "cut": TierCut("threshold", (1,)), "levels": ("high",)}, "1 cuts of 'a' make 2 levels"),
        ({"name": "a", "cut": TierCut("threshold", (1,)), "levels": ("low", "low")}, "different names"),
        ({"name": "a", "cut": TierCut("threshold", (1,)), "levels": ("b", "c"), "unknown": "d"}, "unknown of 'a'"),
        ({"name": "a", "cut": TierCut("threshold", (1,)), "levels": ("b", "c"), "points": (1,)}, "points for 1"),
    ],
)
def test_criteria_that_do_not_fit(settings, said):
    with pytest.raises(InputError, match=said):
        TierCriterion(**settings)


def test_where_lower_is_better_the_best_share_is_the_lowest():
    cut = TierCut("customers", (0.25, 0.5), lower_is_better=True).fit(np.array([9.0, 1.0, 5.0, 30.0]))
    assert cut.at == (1.0, 5.0)
    assert cut.fitted_from == TierCut("customers", (0.25, 0.5), lower_is_better=True)


def test_limits_are_the_ends_or_what_trimming_leaves_and_turn_round_where_lower_is_better():
    values = np.array([0.0, 10.0, 20.0, 30.0, 1000.0])
    assert TierCriterion("a", weight=1.0).fit(values).limits == (0.0, 1000.0)
    assert TierCriterion("a", weight=1.0, trim=0.25).fit(values).limits == (10.0, 30.0)
    assert TierCriterion("a", weight=1.0, lower_is_better=True).fit(values).limits == (1000.0, 0.0)
    assert TierCriterion("a", weight=1.0, limits=(0, 5)).fit(values).limits == (0.0, 5.0)


def test_the_unknown_take_no_part_in_a_criterion_s_shares():
    criterion = TierCriterion("a", cut=TierCut("customers", (0.5,)), levels=("high", "low"), unknown="low")
    assert criterion.fit(np.array([4.0, np.nan, 2.0, np.nan, np.nan])).cut.at == (4.0,)
    assert criterion.fit(np.array([np.nan])).cut.at == (None,)


@pytest.mark.parametrize(
    "part",
    [
        TierCut("threshold", (900, 200)),
        TierCut("customers", (0.01, 1.0), above_zero=True).fit(np.array([3.0, 4.0, -1.0])),
        TierCriterion("a", "b", weight=0.5, limits=(0, 1), trim=0.1),
        TierCriterion("a", cut=TierCut("cumulative_share", (0.8,)), levels=("x", "y"), points=(2, 1), unknown="y"),
    ],
)
def test_parts_come_back_from_json(part):
    assert type(part).from_data(json.loads(json.dumps(part.as_data()))) == part


@pytest.mark.parametrize("data", [None, [], {"by": "threshold"}, {"by": "threshold", "at": [1], "code": "x"}])
def test_data_of_something_else_are_refused(data):
    with pytest.raises(InputError, match="a cut must be a mapping with"):
        TierCut.from_data(data)


def test_cuts_say_what_they_are():
    assert str(TierCut("threshold", (30,), lower_is_better=True)) == "<= 30"
    assert str(TierCut("customers", (0.05, 1), above_zero=True)) == "5 %, 100 % of customers above 0"
