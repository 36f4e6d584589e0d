"""Schemes as data: names, cells and weights that fit, the check against going through every cell, JSON and back."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value import load_models, save_models
from customer_value.errors import InputError
from customer_value.segments import TierCriterion, TierCut, TierScheme, tiers

HALF = TierCut("threshold", (0.5,))


def criterion(name, **settings):
    return TierCriterion(name, cut=HALF, levels=("high", "low"), **settings)


TWO = (criterion("a"), criterion("b"))
CELLS = dict.fromkeys(itertools.product(("high", "low"), repeat=2), "x")
WEIGHED = TierCriterion("a", weight=0.6), TierCriterion("b", weight=0.3)


@pytest.mark.parametrize(
    ("given_settings", "said"),
    [
        ({"tiers": ("x",), "cut": HALF}, "two different names or more"),
        ({"tiers": ("x", "x"), "cut": HALF}, "two different names or more"),
        ({"tiers": "xy", "cut": HALF}, "must be a list"),
        ({"tiers": ("x", "y", "z"), "cut": HALF}, "3 tiers need 2 cuts; there are 1"),
        ({"tiers": ("x", "y")}, "either a cut, or criteria"),
        ({"tiers": ("x", "y"), "cut": HALF, "cells": CELLS}, "either a cut, or criteria"),
        ({"tiers": ("x", "y"), "cut": HALF, "labels": {"zh": {"x": "甲"}}}, r"lack \['y'\]"),
        ({"tiers": ("x", "y"), "criteria": TWO, "cut": HALF, "cells": CELLS}, "and no cut"),
        ({"tiers": ("x", "y"), "criteria": (TWO[0], TWO[0]), "cells": CELLS}, "different names"),
        ({"tiers": ("x", "y"), "criteria": ("a", "b"), "cells": CELLS}, "must be TierCriterion"),
        ({"tiers": ("x", "y"), "criteria": "ab", "cells": CELLS}, "sequence of TierCriterion"),
        ({"tiers": ("x", "y"), "cut": (0.5,)}, "cut must be a TierCut"),
        ({"tiers": ("x", "y"), "criteria": TWO, "cells": {("high",): "x"}}, "no combinations of the levels"),
        ({"tiers": ("x", "y"), "criteria": TWO, "cells": CELLS | {("low", "low"): "z"}}, r"name the tiers \['z'\]"),
        ({"tiers": ("x", "y"), "criteria": TWO, "cells": CELLS, "score": "clv"}, "score is for a scheme of one score"),
        ({"tiers": ("x", "y"), "criteria": WEIGHED, "cut": HALF}, r"add up to 1; \[0.6, 0.3\] add up to 0.9"),
        ({"tiers": ("x", "y"), "criteria": (WEIGHED[0], TWO[1]), "cut": HALF}, "all criteria are weighed"),
        ({"tiers": ("x", "y"), "criteria": (criterion("a", points=(2, 1)), TWO[1]), "cut": HALF}, r"only \['a'\] do"),
        ({"tiers": ("x", "y"), "criteria": tuple(criterion(f"c{i}") for i in range(10)), "cells": {}}, "1,024 comb"),
    ],
)  # fmt: skip
def test_schemes_that_do_not_fit(given_settings, said):
    with pytest.raises(InputError, match=said):
        TierScheme(**given_settings)


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["best", "middle", "worst", None]), min_size=6, max_size=6))
def test_the_check_finds_what_going_through_every_pair_finds(given_tiers):
    order = {"best": 0, "middle": 1, "worst": 2}
    levels = {"high": 0, "medium": 1, "low": 2, "yes": 0, "no": 1}
    three = TierCriterion("a", cut=TierCut("threshold", (2, 1)), levels=("high", "medium", "low"))
    two = TierCriterion("b", cut=HALF, levels=("yes", "no"))
    cells = dict(zip(itertools.product(three.levels, two.levels), given_tiers, strict=True))
    decided = {cell: tier for cell, tier in cells.items() if tier is not None}
    check = TierScheme(tuple(order), criteria=(three, two), cells=decided).check()
    steps = [
        (one, other)
        for one, other in itertools.permutations(decided, 2)
        if sum(levels[b] - levels[a] for a, b in zip(one, other, strict=True)) == 1
        and all(levels[a] <= levels[b] for a, b in zip(one, other, strict=True))
    ]
    assert set(check.undecided) == {cell for cell, tier in cells.items() if tier is None}
    assert set(check.unreachable) == set(order) - set(given_tiers)
    assert set(check.inversions) == {pair for pair in steps if order[decided[pair[0]]] > order[decided[pair[1]]]}
    assert check.ok == (not check.undecided and not check.unreachable and not check.inversions)


def test_the_check_says_what_it_found():
    scheme = TierScheme(("x", "y", "z"), criteria=TWO, cells={("high", "high"): "y", ("high", "low"): "x"})
    assert str(scheme.check()) == (
        "of 4 cases, undecided: low x high, low x low; never given: z; better but in a worse tier: "
        "high x high below high x low."
    )
    points = TierScheme(("x", "y"), criteria=(criterion("a", points=(2, 1)),), cut=TierCut("threshold", (3,)))
    assert points.check().unreachable == ("x",)
    assert TierScheme(("x", "y"), cut=TierCut("customers", (0.1,))).check().n_cells == 2


@pytest.mark.parametrize("name", tiers.preset_names())
def test_every_preset_is_sound_has_a_source_and_comes_back_from_json(name):
    scheme = tiers.preset(name)
    assert scheme.check().ok
    assert scheme.source
    assert {len(set(texts.values())) for texts in scheme.labels.values()} == {len(scheme.tiers)}
    assert set(scheme.labels) == {"en", "zh"}
    assert TierScheme.from_json(scheme.to_json()) == scheme


def test_schemes_are_saved_with_models(tmp_path):
    scheme = tiers.matrix("strategic_key_ordinary")
    save_models(tmp_path / "models.json", tiers=scheme)
    assert load_models(tmp_path / "models.json")["tiers"] == scheme


@pytest.mark.parametrize(
    "change",
    [
        lambda data: None,
        lambda data: [],
        lambda data: data | {"schema": 2},
        lambda data: data | {"model": "SegmentRules"},
        lambda data: {name: data[name] for name in data if name != "tiers"},
        lambda data: data | {"tiers": None},
        lambda data: data | {"cells": [["high"]]},
        lambda data: data | {"cells": [[]]},
        lambda data: data | {"cells": 3},
        lambda data: data | {"cells": [[["high"], "high", "vip"]]},
        lambda data: data | {"labels": "en"},
        lambda data: data | {"criteria": [{"name": "a"}]},
        lambda data: data | {"criteria": [{"name": "a", "cut": {"by": "threshold", "at": "x"}}]},
    ],
)
def test_json_of_something_else_is_refused(change):
    data = json.loads(tiers.preset("vip_ordinary").to_json())
    with pytest.raises(InputError):
        TierScheme.from_json(json.dumps(change(data)))


@pytest.mark.parametrize("text", ["", "{", None, b"\xff", "NaN"])
def test_text_that_is_no_json_is_refused(text):
    with pytest.raises(InputError):
        TierScheme.from_json(text)


def test_schemes_say_what_they_are():
    weights = tiers.scorecard({"value": 0.6, "loyalty": 0.4}, cuts=(0.5,), by="threshold")
    assert repr(weights) == "<TierScheme: A, B; weighted sum of 0.6 value, 0.4 loyalty >= 0.5>"
    assert (weights.kind, weights.fitted, weights.columns) == ("scorecard", False, ("value", "loyalty"))
    assert repr(tiers.preset("diamond_gold_ordinary")).endswith("points of amount, frequency, tenure >= 8, 6>")
