"""A scheme covers everybody once, keeps its numbers in JSON, and refuses what makes no sense."""

import json
from dataclasses import replace
from itertools import product

import pytest

import customer_value as cv
from customer_value.lifecycle import FIVE_STAGE, FOUR_TYPE, NEW_RETAINED, LifecycleScheme, PopulationRhythm

PRESETS = (FIVE_STAGE, FOUR_TYPE, NEW_RETAINED)
KNOWN = PopulationRhythm(gap=30.5, weight=1.25, time_unit="day", customers=400)


@pytest.mark.parametrize("scheme", PRESETS, ids=lambda scheme: scheme.name)
def test_every_preset_gives_each_stage_and_covers_every_situation(scheme):
    check = scheme.check()
    assert check.ok
    assert sum(check.by_stage.values()) == check.situations
    assert all(count > 0 for count in check.by_stage.values())
    assert set(scheme.labels["en"]) == set(scheme.labels["zh"]) == set(scheme.stages)


def test_situations_are_those_that_can_be():
    """Counted by hand: silence 3 ways, trend 2, return 2, purchases 3 (1, repeated, established), and prospects."""
    assert FIVE_STAGE.check().situations == 3 * 2 * 2 * 3 + 1
    lost = sum(1 for silence, *_ in product(range(3), range(2), range(2), range(3)) if silence == 2)
    assert FIVE_STAGE.check().by_stage["lost"] == lost


def test_a_stage_behind_a_wider_one_is_never_given():
    scheme = LifecycleScheme("odd", {"late": "overdue", "gone": "long_overdue", "here": "otherwise"})
    assert scheme.check().unreachable == ("gone",)
    assert not scheme.check().ok
    assert "never given: gone" in str(scheme.check())


@pytest.mark.parametrize(
    "scheme",
    [*PRESETS, replace(FIVE_STAGE, population=KNOWN), replace(FOUR_TYPE, fixed_days=(30, 90))],
    ids=lambda scheme: repr(scheme)[:40],
)
def test_json_keeps_everything(scheme, tmp_path):
    assert LifecycleScheme.from_json(scheme.to_json()) == scheme
    cv.save_models(tmp_path / "m.json", lifecycle=scheme)
    assert cv.load_models(tmp_path / "m.json")["lifecycle"] == scheme


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": 2}, "schema 1"),
        ({"model": "RFMScheme"}, "LifecycleScheme"),
        ({"colour": 1}, "entries"),
        ({"population": {"gap": 1}}, "population must hold"),
        ({"population": {"gap": -1, "weight": 1, "time_unit": "day", "customers": 1}}, "gap of the population"),
        ({"overdue_ratios": [4, 2]}, "above the first"),
    ],
)
def test_json_of_another_kind_is_refused(change, told):
    with pytest.raises(cv.InputError, match=told):
        LifecycleScheme.from_json(json.dumps({**json.loads(FIVE_STAGE.to_json()), **change}))


@pytest.mark.parametrize("text", ["not json", "[]", "3", None])
def test_text_that_is_no_scheme_is_refused(text):
    with pytest.raises(cv.InputError, match="not the JSON"):
        LifecycleScheme.from_json(text)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rules": {}}, "must map stages"),
        ({"rules": {"a": "overdue"}}, "the last rule"),
        ({"rules": {"a": "otherwise", "b": "otherwise"}}, "the last rule"),
        ({"rules": {"a": "overdo", "b": "otherwise"}}, "overdue"),
        ({"rules": {"a": "overdue or", "b": "otherwise"}}, "each fact"),
        ({"stages": ("prospect",)}, "stages must be those"),
        ({"stages": (*FIVE_STAGE.stages, "lost")}, "stages must be those"),
        ({"labels": {"en": {"lost": "Lost"}}}, "lack"),
        ({"overdue_ratios": (4, 2)}, "above the first"),
        ({"overdue_ratios": 2}, "pair"),
        ({"silence_levels": (0.01, 0.05)}, "below the first"),
        ({"alive_levels": (1.5, 0.1)}, "between 0 and 1"),
        ({"fixed_days": (30,)}, "pair"),
        ({"fixed_days": (0, 90)}, "above 0"),
        ({"trend_level": 0}, "trend_level"),
        ({"repeated_from": 1}, "repeated_from"),
        ({"established_from": 1}, "established_from"),
        ({"tenure_days": -1}, "tenure_days"),
        ({"window_months": 0}, "window_months"),
        ({"population": 30}, "population"),
        ({"name": ""}, "name of the scheme"),
    ],
)
def test_schemes_that_make_no_sense_are_refused(change, told):
    with pytest.raises(cv.InputError, match=told):
        replace(FIVE_STAGE, **change)


def test_the_repr_tells_thresholds_and_fit():
    assert "not fitted" in repr(FIVE_STAGE)
    assert "30.5 days of 400 customers" in repr(replace(FIVE_STAGE, population=KNOWN))
    assert "30 days" in repr(replace(FIVE_STAGE, fixed_days=(30, 90)))
    assert "windows of 12 months" in repr(NEW_RETAINED)
