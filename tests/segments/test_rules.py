"""Rule sets: what they cover, counted by brute force; bins that differ; to JSON and back."""

import json
from itertools import product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value.errors import InputError
from customer_value.segments import SegmentRules

BINS = {"r": 4, "f": 3, "m": 2}


def limits(dimension):
    score = st.integers(1, BINS[dimension])
    return st.tuples(score, score).map(lambda pair: tuple(sorted(pair)))


boxes = st.fixed_dictionaries({}, optional={dimension: limits(dimension) for dimension in "rfm"})
rule_sets = st.dictionaries(st.sampled_from("abcd"), st.lists(boxes, min_size=1, max_size=2), min_size=1).filter(
    lambda rules: any(box for given in rules.values() for box in given)
)


@settings(max_examples=40)
@given(rule_sets, st.sampled_from([4, BINS]))
def test_the_check_finds_what_going_through_every_cell_finds(given_rules, bins):
    check = SegmentRules(given_rules, bins=bins).check()
    used = [d for d in "rfm" if any(d in box for given in given_rules.values() for box in given)]
    gaps, overlaps, first = [], {}, set()
    sizes = [bins if isinstance(bins, int) else bins[d] for d in used]
    for cell in product(*(range(1, size + 1) for size in sizes)):
        scores = dict(zip(used, cell, strict=True))
        claimed = [
            name
            for name, given in given_rules.items()
            if any(all(low <= scores[d] <= high for d, (low, high) in box.items()) for box in given)
        ]
        if not claimed:
            gaps.append(cell)
        else:
            first.add(claimed[0])
        if len(claimed) > 1:
            overlaps[cell] = tuple(claimed)
    assert check.dimensions == tuple(used)
    assert check.n_cells == prod(sizes)
    assert list(check.gaps) == gaps
    assert check.overlaps == overlaps
    assert set(check.unreachable) == set(given_rules) - first
    assert check.ok == (not gaps and not overlaps and first == set(given_rules))


def test_the_check_says_what_it_found():
    rules = SegmentRules({"a": {"r": (1, 2)}, "b": {"r": 2, "f": 1}, "c": {"r": 3, "f": (2, 3)}}, bins=3)
    assert str(rules.check()) == (
        "of 9 cells, 1 by no rule (R3 F1), 1 by the rules of two or more names (R2 F1: a and b); never given: b."
    )
    assert str(SegmentRules({"a": {"r": 1}, "b": {"r": 2}}, bins=2).check()) == "2 cells: each is covered exactly once."
    never = SegmentRules({"a": [{"r": (1, 2)}], "b": []}, bins=2)
    assert str(never.check()) == "2 cells are covered; never given: b."


def test_two_boxes_of_one_name_may_share_a_cell():
    rules = SegmentRules({"low": {"r": 1}, "high": [{"r": (2, 3)}, {"r": (3, 5)}]})
    assert rules.check().ok


def test_names_are_in_order_with_the_default_last():
    rules = {"a": {"r": 1}, "b": {"r": 2}}
    assert SegmentRules(rules).names == ("a", "b")
    assert SegmentRules(rules, default="rest").names == ("a", "b", "rest")
    assert SegmentRules(rules, default="a").names == ("a", "b")


@settings(max_examples=20)
@given(rule_sets, st.sampled_from([4, BINS]), st.sampled_from([None, "a", "rest"]))
def test_rules_go_to_json_and_back(given_rules, bins, default):
    rules = SegmentRules(given_rules, bins=bins, default=default, source="以手")
    again = SegmentRules.from_json(rules.to_json())
    assert again == rules
    assert again.names == rules.names
    assert again.check() == rules.check()


def test_json_has_a_schema_and_a_class_name():
    saved = json.loads(SegmentRules({"vip": {"r": 2, "f": (1, 2)}, "rest": {"r": 1}}, bins={"r": 2, "f": 2}).to_json())
    assert (saved["schema"], saved["model"]) == (1, "SegmentRules")
    assert saved["rules"] == [
        {"name": "vip", "boxes": [{"r": [2, 2], "f": [1, 2]}]},
        {"name": "rest", "boxes": [{"r": [1, 1]}]},
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "schema 1"),
        ({"model": "RFMScheme"}, "of its own class"),
        ({"rules": [{"name": "a", "boxes": [{"r": 9}]}]}, "no SegmentRules that to_json wrote: r in the rule of 'a'"),
        ({"rules": [{"name": "a", "boxes": [{"r": 1}]}] * 2}, "named twice"),
        ({"rules": [{"name": "a"}]}, "no SegmentRules that to_json wrote"),
        ({"rules": 5}, "no SegmentRules that to_json wrote"),
        ({"bins": "five"}, "bins of the rules must be a whole number"),
        ({"labels": None}, "labels must map languages"),
    ],
)
def test_json_of_something_else_is_refused(change, message):
    saved = json.loads(SegmentRules({"a": {"r": (1, 5)}}).to_json())
    with pytest.raises(InputError, match=message):
        SegmentRules.from_json(json.dumps({**saved, **change}))
    with pytest.raises(InputError, match="reads the text that to_json wrote"):
        SegmentRules.from_json("{")


def test_rules_that_say_the_same_are_equal_and_stay_as_they_were():
    given_rules = {"a": {"r": 1}, "b": [{"r": (2, 2)}]}
    rules = SegmentRules(given_rules, bins=2)
    assert rules == SegmentRules({"a": [{"r": [1, 1]}], "b": {"r": 2}}, bins=2)
    given_rules["a"]["r"] = 2
    assert rules.check().ok


def test_the_repr_tells_names_scores_and_faults():
    rules = SegmentRules({"a": {"r": (2, 3)}, "b": {"r": 1, "m": 2}}, bins={"r": 3, "m": 2})
    assert repr(rules) == "<SegmentRules(a, b): 3 R x 2 M; of 6 cells, 1 by no rule (R1 M1).>"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rules": {}}, "at least one"),
        ({"rules": [("a", {"r": 1})]}, "rules must map names"),
        ({"rules": {"": {"r": 1}}}, "name of a segment must be a non-empty text"),
        ({"rules": {3: {"r": 1}}}, "name of a segment must be a non-empty text"),
        ({"rules": {"a": 5}}, "rule of 'a' must be a mapping"),
        ({"rules": {"a": {"x": 1}}}, "names the score 'x'"),
        ({"rules": {"a": {"r": 6}}}, "from a lower to a higher score, 1 to 5; got 6 to 6"),
        ({"rules": {"a": {"r": 0}}}, "must be a whole number, 1 or above"),
        ({"rules": {"a": {"r": 2.0}}}, "must be a whole number"),
        ({"rules": {"a": {"r": (4, 2)}}}, "got 4 to 2"),
        ({"rules": {"a": {"r": (1, 2, 3)}}}, "a score or a pair"),
        ({"rules": {"a": {}}}, "limit at least one"),
        ({"rules": {"a": {"r": 1}}, "bins": 1}, "bins of the rules must be a whole number from 2 to 100; got 1"),
        ({"rules": {"a": {"r": 1}}, "bins": {"f": 3}}, r"bins of the rules must name each score.*\['r'\]"),
        ({"rules": {"a": {"r": 1}}, "bins": {"r": 3, "x": 3}}, r"bins of the rules name \['x'\]"),
        ({"rules": {"a": {"r": 1}}, "bins": {"r": 1}}, r"bins\['r'\] of the rules must be a whole number from 2"),
        ({"rules": {"a": {"r": 4}}, "bins": {"r": 3}}, "1 to 3; got 4 to 4"),
        ({"rules": {"a": {"r": 1}}, "default": ""}, "name of a segment must be a non-empty text"),
        ({"rules": {"a": {"r": 1}}, "labels": {"zh": {}}}, r"labels\['zh'\] of the rules lack \['a'\]"),
    ],
)
def test_rules_that_are_none_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        SegmentRules(**arguments)
