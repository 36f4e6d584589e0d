"""The makers of tier schemes: what each says, and what each refuses."""

import pytest

from customer_value.errors import InputError
from customer_value.segments import TierCut, TierScheme, tiers

CELLS = {("high", "high"): "A", ("high", "low"): "A", ("low", "high"): "B", ("low", "low"): "B"}
AMOUNT = {"amount": {"column": "total_value", "thresholds": [5000, 1000], "points": [50, 30, 10]}}


def test_the_namespace_is_the_room_s():
    assert tiers.__name__ == "customer_value.segments.tiers"
    assert set(tiers.__all__) <= set(dir(tiers))


def test_schemes_of_one_score():
    assert tiers.abc().cut == TierCut("cumulative_share", (0.8, 0.95))
    assert tiers.pyramid().cut == TierCut("customers", (0.01, 0.05, 0.2, 1.0), above_zero=True)
    assert tiers.pyramid() == TierScheme(
        tiers.preset("pyramid").tiers, cut=tiers.pyramid().cut, labels=tiers.preset("pyramid").labels
    )
    assert tiers.pyramid((0.1, 0.9)).tiers == ("A", "B", "C")
    assert tiers.thresholds([30, 90], lower_is_better=True).cut == TierCut("threshold", (30, 90), lower_is_better=True)
    assert tiers.quantiles(2, above_zero=True).cut == TierCut("customers", (0.5,), above_zero=True)


def test_names_are_letters_names_with_labels_or_those_of_a_preset():
    assert tiers.quantiles(3).labels == {
        "en": {"A": "A", "B": "B", "C": "C"},
        "zh": {"A": "A级", "B": "B级", "C": "C级"},
    }
    assert tiers.quantiles(2, tiers=["top", "rest"]).labels == {}
    both = {"top": ("Top", "头部"), "rest": ("Rest", "其余")}
    assert tiers.quantiles(2, tiers=both).labels["zh"] == {"top": "头部", "rest": "其余"}
    metals = tiers.thresholds([9, 5], tiers="diamond_gold_ordinary")
    assert metals.labels == tiers.preset("diamond_gold_ordinary").labels


def test_a_preset_s_cells_and_names_can_be_changed():
    changed = tiers.matrix("vip_ordinary", cells={("high", "low"): "vip"})
    assert [changed.tier_of(cell) for cell in changed.combinations()] == ["vip", "vip", "ordinary", "ordinary"]
    assert tiers.preset("vip_ordinary").tier_of(("high", "low")) == "ordinary"  # the preset itself stays
    assert tiers.preset("abc", tiers=("x", "y", "z"), source="ours").source == "ours"


def test_a_criterion_may_be_a_scheme_of_one_score():
    scheme = tiers.matrix(
        {"contribution_share": tiers.abc((0.8,), tiers=("high", "low")), "potential": {"thresholds": [10]}},
        cells=CELLS,
        tiers=("A", "B"),
    )
    assert [criterion.cut.by for criterion in scheme.criteria] == ["cumulative_share", "threshold"]
    assert scheme.check().ok


def test_points_add_up_and_are_cut_by_their_total():
    scheme = tiers.points(
        {**AMOUNT, "orders": {"column": "purchases", "thresholds": [10], "points": [50.5, 20]}}, thresholds=[80, 50]
    )
    totals = {cell: scheme.points_of(cell) for cell in scheme.combinations()}
    assert list(totals.values()) == [100.5, 70, 80.5, 50, 60.5, 30]
    assert [scheme.tier_of(cell) for cell in totals] == ["A", "B", "A", "B", "B", "C"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: tiers.abc((0.95, 0.8)), "must rise"),
        (lambda: tiers.abc("0.8"), "sequence of numbers"),
        (lambda: tiers.abc(None), "sequence of numbers; got None"),
        (lambda: tiers.thresholds(900), "sequence of numbers; got 900"),
        (lambda: tiers.thresholds(["x"]), "must be numbers in one dimension"),
        (lambda: tiers.abc(tiers=("A", "B")), "2 tiers need 1 cuts; there are 2"),
        (lambda: tiers.abc(tiers="metals"), "tiers must be one of"),
        (lambda: tiers.abc(tiers={"A": "a", "B": "b", "C": "c"}), r"\(English, Chinese\)"),
        (lambda: tiers.abc(tiers=7), "must be a list of tier names"),
        (lambda: tiers.pyramid((0.1, 0.2)), "add up to 1; .* add up to 0.3"),
        (lambda: tiers.pyramid((1.1, -0.1)), "above 0"),
        (lambda: tiers.pyramid(()), "above 0"),
        (lambda: tiers.thresholds((1, 5)), "must fall"),
        (lambda: tiers.quantiles(1), "whole number from 2 to 26"),
        (lambda: tiers.quantiles([i / 50 for i in range(1, 40)]), "need names"),
        (lambda: tiers.preset("gold"), "a preset of tiers must be one of"),
        (lambda: tiers.preset("abc", cells={}), "'abc' has None"),
        (lambda: tiers.preset("vip_ordinary", tiers=("x", "y")), "named in its cells"),
        (lambda: tiers.matrix("abc"), "no matrix; those that are"),
        (lambda: tiers.matrix("strategic_key_ordinaryy"), "Did you mean 'strategic_key_ordinary'"),
        (lambda: tiers.matrix({"a": {"thresholds": [1]}}), "needs the tier of each combination"),
        (lambda: tiers.matrix({"a": {}}, cells={("high",): "A"}, tiers=("A", "B")), "its settings"),
        (lambda: tiers.matrix({"a": {"at": [1]}}, cells=CELLS, tiers=("A", "B")), "a setting of 'a' must be one of"),
        (lambda: tiers.matrix({"a": {"column": "b"}}, cells=CELLS, tiers=("A", "B")), "one of .*it has none"),
        (
            lambda: tiers.matrix({"a": {"thresholds": [1]}}, cells={("high",): "A"}, tiers=("A", "B")),
            r"every combination of levels must have a tier; undecided are \[\('low',\)\]",
        ),
        (lambda: tiers.scorecard({"a": 0.5}, cuts=[0.5]), "add up to 0.5"),
        (lambda: tiers.scorecard({"a": 50, "b": 50}, cuts=[0.5]), "add up to 100"),
        (lambda: tiers.scorecard({"a": -1, "b": 2}, cuts=[0.5]), "the weight of 'a' must be 0 or above"),
        (lambda: tiers.scorecard({}, cuts=[0.5]), "weights must map"),
        (lambda: tiers.scorecard({"a": 1}, cuts=[0.5], limits={"b": (0, 1)}), r"\['b'\], which have no weight"),
        (lambda: tiers.scorecard({"a": 1}, cuts=[0.5], by="share"), "by must be one of"),
        (lambda: tiers.points({"a": {"thresholds": [1]}}, thresholds=[1]), r"\['a'\] have none"),
        (lambda: tiers.points({"a": {"thresholds": [1], "points": [1]}}, thresholds=[1]), "points for 1"),
        (lambda: tiers.points(AMOUNT, thresholds=[10, 20]), "must fall"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(make, said):
    with pytest.raises(InputError, match=said):
        make()
