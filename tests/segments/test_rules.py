"""Rule sets: what they cover, counted by brute force and against a published rule set with known faults."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_value.errors import InputError
from customer_value.segments import SegmentRules

# The rules of the vignette of the R package rfm 0.3.0 (docs/articles/rfm-introduction.html): lowest and highest
# score of R, F and M for each name, in the order in which they are tried.
R_VIGNETTE = {
    "Champions": {"r": (5, 5), "f": (5, 5), "m": (5, 5)},
    "Potential Loyalist": {"r": (3, 5), "f": (3, 5), "m": (2, 5)},
    "Loyal Customers": {"r": (2, 4), "f": (2, 4), "m": (2, 4)},
    "Promising": {"r": (3, 4), "f": (1, 3), "m": (3, 5)},
    "New Customers": {"r": (4, 5), "f": (1, 3), "m": (1, 5)},
    "Can't Lose Them": {"r": (1, 2), "f": (3, 4), "m": (4, 5)},
    "At Risk": {"r": (1, 2), "f": (2, 5), "m": (4, 5)},
    "Need Attention": {"r": (1, 3), "f": (3, 5), "m": (3, 5)},
    "About To Sleep": {"r": (2, 3), "f": (1, 3), "m": (1, 4)},
    "Lost": {"r": (1, 1), "f": (1, 5), "m": (1, 5)},
}

limits = st.tuples(st.integers(1, 4), st.integers(1, 4)).map(lambda pair: tuple(sorted(pair)))
boxes = st.dictionaries(st.sampled_from("rfm"), limits, max_size=3)
rule_sets = st.dictionaries(st.sampled_from("abcd"), st.lists(boxes, min_size=1, max_size=2), min_size=1).filter(
    lambda rules: any(box for given in rules.values() for box in given)
)


@given(rule_sets)
def test_the_check_finds_what_going_through_every_cell_finds(given_rules):
    check = SegmentRules(given_rules, bins=4).check()
    used = [d for d in "rfm" if any(d in box for given in given_rules.values() for box in given)]
    gaps, overlaps, first = [], {}, set()
    for cell in product(range(1, 5), repeat=len(used)):
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
    assert check.n_cells == 4 ** len(used)
    assert list(check.gaps) == gaps
    assert check.overlaps == overlaps
    assert set(check.unreachable) == set(given_rules) - first
    assert check.ok == (not gaps and not overlaps and first == set(given_rules))


def test_the_rules_of_the_r_vignette_overlap_and_leave_gaps():
    check = SegmentRules(R_VIGNETTE).check()
    assert (check.n_cells, len(check.overlaps), len(check.gaps)) == (125, 58, 10)
    assert check.overlaps[5, 5, 5] == ("Champions", "Potential Loyalist")
    assert not check.ok


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
        ({"rules": {"a": {"r": 1}}, "default": ""}, "name of a segment must be a non-empty text"),
        ({"rules": {"a": {"r": 1}}, "labels": {"zh": {}}}, r"labels\['zh'\] of the rules lack \['a'\]"),
    ],
)
def test_rules_that_are_none_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        SegmentRules(**arguments)
