"""Tiers of customers: every library and engine, any order of rows, kept thresholds, reasons, overrides, bad input."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value import assign_tiers, fit_tier_scheme, score_contribution
from customer_value.errors import InputError
from customer_value.segments import TierScheme, tiers

TESTS = Path(__file__).parents[1]
SCORECARD = tiers.scorecard(
    {"total_value": 0.5, "loyalty": 0.3, "recency_of_visit": 0.2},
    cuts=(0.2, 0.5),
    trim=0.1,
    lower_is_better=["recency_of_visit"],
)
SCHEMES = {name: tiers.preset(name) for name in tiers.preset_names()} | {
    "thresholds": tiers.thresholds((90.25, 30), tiers="strategic_key_ordinary"),
    "scorecard": SCORECARD,
    "lower": tiers.quantiles(3, lower_is_better=True),
}


def customers(n=40, seed=0):
    """Customers with ties, refunds and unknown potentials."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "customer_id": np.arange(n),
        "clv": np.round(rng.normal(60, 60, n), rng.integers(0, 3)),
        "total_value": np.round(rng.gamma(0.7, 100, n)),
        "purchases": rng.geometric(0.5, n),
        "T": rng.integers(1, 9, n) * 1.0,
        "potential": np.where(rng.random(n) < 0.2, np.nan, np.round(rng.normal(5, 10, n))),
        "loyalty": np.round(rng.random(n), 1),
        "recency_of_visit": rng.integers(0, 30, n),
    })  # fmt: skip
    return score_contribution(frame)


def added(frame):
    """New columns of a result, as text: categories differ between libraries."""
    new = [column for column in frame.columns if column.startswith("tier")]
    return {column: [str(value) for value in frame[column]] for column in new}


# ---- one answer ---------------------------------------------------------------------------------------------------


@settings(max_examples=10)
@given(st.sampled_from(sorted(SCHEMES)), st.integers(0, 99), st.randoms(use_true_random=False))
def test_neither_rows_nor_libraries_nor_chunks_decide(name, seed, random):
    frame, scheme = customers(seed=seed), SCHEMES[name]
    expected = assign_tiers(frame, scheme=scheme)
    order = random.sample(range(len(frame)), len(frame))
    pd.testing.assert_frame_equal(assign_tiers(frame.iloc[order], scheme=scheme).sort_index(), expected)
    halves = frame.iloc[:7], frame.iloc[7:]
    chunked = pl.concat([pl.from_pandas(half) for half in halves], rechunk=False)
    assert added(assign_tiers(chunked, scheme=scheme)) == added(expected)
    assert added(assign_tiers(chunked.lazy(), scheme=scheme).collect()) == added(expected)
    table = pa.concat_tables([pa.Table.from_pandas(half, preserve_index=False) for half in halves])
    assert added(assign_tiers(table, scheme=scheme).to_pandas()) == added(expected)


@settings(max_examples=10)
@given(st.sampled_from(sorted(SCHEMES)), st.integers(0, 99))
def test_kept_thresholds_give_the_same_tiers_on_any_engine(name, seed):
    frame = customers(seed=seed)
    expected = assign_tiers(frame, scheme=SCHEMES[name])
    kept = TierScheme.from_json(fit_tier_scheme(frame, scheme=SCHEMES[name]).to_json())
    assert kept.fitted
    pd.testing.assert_frame_equal(assign_tiers(frame, scheme=kept), expected)
    lazy = assign_tiers(pl.from_pandas(frame).lazy(), scheme=kept)
    assert isinstance(lazy, pl.LazyFrame)
    assert added(lazy.collect()) == added(expected)


@pytest.mark.parametrize("name", ["pyramid", "scorecard", "strategic_key_ordinary"])
def test_duckdb_gives_the_same_tiers_and_keeps_its_rows(name):
    frame, labels = customers(seed=5), "zh" if "pyramid" in name else "en"
    expected = added(assign_tiers(frame, scheme=SCHEMES[name], labels=labels))
    kept = fit_tier_scheme(duckdb.from_df(frame), scheme=SCHEMES[name])
    assert kept == fit_tier_scheme(frame, scheme=SCHEMES[name])
    for scheme in (kept, SCHEMES[name]):
        relation = assign_tiers(duckdb.from_df(frame), scheme=scheme, labels=labels)
        assert isinstance(relation, duckdb.DuckDBPyRelation)
        found = relation.df()
        assert {column: [str(v) for v in found[column]] for column in expected} == expected


def test_overrides_need_the_rows_in_memory():
    with pytest.raises(InputError, match="duckdb frame keeps them elsewhere"):
        assign_tiers(duckdb.from_df(customers()), scheme="abc", overrides={"a": "A"})


def test_every_library_gets_its_own_kind_back(make_frame, read):
    data = {"customer_id": ["a", "b", "c"], "clv": [5.0, 100.0, 20.0]}
    frame = make_frame(data)
    result = assign_tiers(frame)
    assert type(result) is type(frame)
    assert read(result) == data | {
        "tier": ["C", "A", "B"],
        "tier_reason": [
            "clv 5 < 20 (last 5 % of the total)",
            "clv 100 >= 100 (first 80 % of the total)",
            "clv 20 >= 20, < 100 (80 to 95 % of the total)",
        ],
    }
    assert read(frame) == data


def test_tiers_are_ordered_best_first_and_are_replaced_by_the_same_call():
    frame = pd.DataFrame({"clv": [5.0, 100.0, 20.0]})
    once = assign_tiers(frame)
    assert once["tier"].cat.ordered
    assert list(once["tier"].cat.categories) == ["A", "B", "C"]
    pd.testing.assert_frame_equal(assign_tiers(once), once)
    assert assign_tiers(pl.from_pandas(frame))["tier"].dtype == pl.Enum(["A", "B", "C"])
    lazy = assign_tiers(pl.from_pandas(frame).lazy(), scheme=tiers.thresholds((50,)))
    assert lazy.collect_schema()["tier"] == pl.Enum(["A", "B"])


# ---- what the tiers are -------------------------------------------------------------------------------------------


def test_the_customers_who_bring_four_fifths_of_online_retail():
    golden = json.loads((TESTS / "golden" / "segments_concentration.json").read_text(encoding="utf-8"))
    frame = pd.read_csv(TESTS / "data" / "online_retail_customers.csv")
    graded = assign_tiers(frame, score="total_value")
    assert (graded["tier"] == "A").sum() == golden["online_retail"]["customers_for_80_percent"]
    shares = graded.groupby("tier", observed=True)["total_value"].sum() / frame["total_value"].sum()
    assert shares["A"] == pytest.approx(0.8, abs=1e-3)
    bands = assign_tiers(frame, score="total_value", scheme="pyramid")["tier"].value_counts(sort=False)
    assert bands.tolist() == [44, 173, 651, 3470, 0]  # .01, .05 and .2 of 4,338 are 43.38, 216.9 and 867.6, rounded up


def test_the_customer_who_crosses_the_cut_is_in():
    assert assign_tiers(pd.DataFrame({"clv": [90.0, 5.0, 5.0]}))["tier"].tolist() == ["A", "B", "B"]
    assert assign_tiers(pd.DataFrame({"clv": [7.0]}))["tier"].tolist() == ["A"]
    assert assign_tiers(pd.DataFrame({"clv": [7.0, 6.0]}), scheme=tiers.quantiles(4))["tier"].tolist() == ["A", "C"]


def test_equal_scores_go_where_the_larger_part_of_them_would_be():
    equal = pd.DataFrame({"clv": [3.0] * 6})
    assert set(assign_tiers(equal)["tier"]) == {"A"}
    assert set(assign_tiers(equal, scheme=tiers.quantiles((0.2, 0.5)))["tier"]) == {"B"}
    assert set(assign_tiers(equal, scheme="pyramid")["tier"]) == {"Ordinary"}
    assert set(assign_tiers(equal, scheme=tiers.quantiles((0.2, 0.3)))["tier"]) == {"C"}


def test_nothing_and_refunds_are_in_the_last_tier():
    frame = pd.DataFrame({"clv": [50.0, 0.0, -20.0, -1000.0]})
    assert assign_tiers(frame)["tier"].tolist() == ["A", "C", "C", "C"]
    assert assign_tiers(frame, scheme="pyramid")["tier"].tolist() == ["Project", *["Floating"] * 3]
    nobody = assign_tiers(frame.iloc[1:])
    assert nobody["tier"].tolist() == ["C"] * 3
    assert nobody["tier_reason"][2] == "clv -20.00, and nobody reaches a better tier"


def test_a_matrix_shows_levels_and_what_is_unknown():
    frame = pd.DataFrame({"contribution_share": [0.7, 0.2, 0.1], "potential": [None, 9.0, -1.0]})
    made = assign_tiers(frame, scheme="vip_ordinary", labels="zh", name="grade")
    assert made["grade"].tolist() == ["普通客户", "VIP客户", "普通客户"]
    assert made["grade_contribution"].tolist() == ["高", "高", "低"]
    assert made["grade_reason"].tolist() == ["贡献度高，潜力低（未知）", "贡献度高，潜力高", "贡献度低，潜力低"]
    decided = tiers.matrix("vip_ordinary", cells={("high", "low"): "vip"})
    assert assign_tiers(frame, scheme=decided)["tier"].tolist() == ["VIP", "VIP", "Ordinary"]


def test_points_and_weights_are_broken_down_and_add_up():
    frame = pd.DataFrame({"total_value": [6000.0, 10.0], "purchases": [3, 12]})
    points = tiers.points(
        {"amount": {"column": "total_value", "thresholds": [5000], "points": [50, 10]},
         "orders": {"column": "purchases", "thresholds": [10], "points": [40, 20]}},
        thresholds=[60],
    )  # fmt: skip
    made = assign_tiers(frame, scheme=points)
    assert made[["tier_amount", "tier_orders", "tier_score"]].to_numpy().tolist() == [[50, 20, 70], [10, 40, 50]]
    assert made["tier_reason"].tolist() == ["amount 50 + orders 20 = 70 >= 60", "amount 10 + orders 40 = 50 < 60"]
    weighed = tiers.scorecard(
        {"total_value": 0.75, "purchases": 0.25}, cuts=[0.5], by="threshold",
        limits={"total_value": (0, 5000), "purchases": (12, 2)},
    )  # fmt: skip
    made = assign_tiers(frame, scheme=weighed)
    assert made["tier_total_value"].tolist() == [0.75, pytest.approx(0.0015)]
    assert made["tier_purchases"].tolist() == [pytest.approx(0.25 * 0.9), 0.0]
    assert made["tier_score"].tolist() == [pytest.approx(0.975), pytest.approx(0.0015)]
    assert made["tier_reason"].tolist() == ["weighted sum 0.975 >= 0.5", "weighted sum 0.001 < 0.5"]


def test_a_column_that_is_the_same_for_all_counts_nothing():
    scheme = tiers.scorecard({"a": 0.5, "b": 0.5}, cuts=[0.5])
    made = assign_tiers(pd.DataFrame({"a": [4.0, 4.0], "b": [1.0, 2.0]}), scheme=scheme)
    assert made["tier_a"].tolist() == [0.0, 0.0]
    assert made["tier"].tolist() == ["B", "A"]


@settings(max_examples=20)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20),
    st.lists(st.integers(-(10**5), 10**5), min_size=1, max_size=3, unique=True),
    st.integers(0, 5),
    st.booleans(),
)
def test_the_number_in_a_reason_is_on_its_side_of_the_threshold(scores, at, decimals, lower):
    thresholds = sorted((each / 10**decimals for each in at), reverse=not lower)
    scheme = tiers.thresholds(thresholds, lower_is_better=lower)
    frame = pd.DataFrame({"clv": [*scores, *thresholds]})
    eager = assign_tiers(frame, scheme=scheme)
    assert added(assign_tiers(pl.from_pandas(frame).lazy(), scheme=scheme).collect()) == added(eager)
    for score, reason in zip(frame["clv"], eager["tier_reason"], strict=True):
        words = reason.replace(",", "").split()
        shown = float(words[1])
        assert abs(shown - score) <= 1.0
        holds = {">=": shown >= float(words[3]), "<": shown < float(words[3]), "<=": shown <= float(words[3])}
        assert holds.get(words[2], shown > float(words[3])), reason


def test_reasons_can_be_left_out():
    frame = customers()
    made = assign_tiers(frame, scheme="strategic_key_ordinary", reasons=False)
    assert list(made.columns[-4:]) == ["tier", "tier_contribution", "tier_potential", "tier_loyalty"]
    kept = tiers.thresholds((50,))
    assert list(assign_tiers(frame, scheme=kept, reasons=False).columns[-1:]) == ["tier"]
    assert assign_tiers(pl.from_pandas(frame).lazy(), scheme=kept, reasons=False).collect_schema().names()[-1] == "tier"


# ---- kept thresholds ----------------------------------------------------------------------------------------------


def test_a_kept_scheme_remembers_its_column():
    frame = pd.DataFrame({"clv": [1.0, 2.0], "total_value": [30.0, 4.0]})
    kept = fit_tier_scheme(frame, score="total_value")
    assert assign_tiers(frame, scheme=kept)["tier_reason"][0].startswith("total_value 30.0 >= 30 (first 80 %")
    with pytest.raises(InputError, match="found on 'total_value', not on score='clv'"):
        assign_tiers(frame, scheme=kept, score="clv")
    assert fit_tier_scheme(frame, scheme=tiers.thresholds((2,))).score == "clv"


def test_next_month_is_judged_by_this_month_s_thresholds():
    kept = fit_tier_scheme(pd.DataFrame({"clv": [100.0, 20.0, 5.0]}))
    assert assign_tiers(pd.DataFrame({"clv": [120.0, 110.0, 99.0]}), scheme=kept)["tier"].tolist() == ["A", "A", "B"]


# ---- by hand ------------------------------------------------------------------------------------------------------


def test_overrides_are_shown_as_such():
    frame = pd.DataFrame({"customer_id": ["a", "b", "c"], "clv": [5.0, 100.0, 20.0]})
    made = assign_tiers(frame, overrides={"a": "A", "b": "A"})
    assert made["tier"].tolist() == ["A", "A", "B"]
    assert made["tier_reason"].tolist()[:2] == [
        "set by hand: A instead of C: clv 5 < 20 (last 5 % of the total)",
        "set by hand: A, as by rule: clv 100 >= 100 (first 80 % of the total)",
    ]
    noted = pl.DataFrame({"customer_id": ["c"], "tier": ["A级"], "reason": ["董事会"]})
    made = assign_tiers(pl.from_pandas(frame).lazy(), overrides=noted, labels="zh").collect()
    assert made["tier_reason"][2] == "人工设定：A级（董事会），原为B级：clv 20 >= 20, < 100（累计80%至95%）"
    assert assign_tiers(frame, overrides={"a": "A"}, reasons=False)["tier"].tolist() == ["A", "A", "B"]


def test_overrides_go_by_the_column_of_customers():
    frame = pd.DataFrame({"account": [7, 8], "clv": [10.0, 100.0], "branch": [1, 1]})
    assert assign_tiers(frame, overrides={7: "A"})["tier"].tolist() == ["A", "A"]  # the first column
    everyone = assign_tiers(frame, overrides={1: "B"}, customer_id="branch")
    assert everyone["tier"].tolist() == ["B", "B"]
    grades = pd.DataFrame({"account": [8], "grade": ["C"]})
    assert assign_tiers(frame, overrides=grades, name="grade")["grade"].tolist() == ["B", "C"]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"z": "A", "y": "B"}, r"2 of 2 are not in customer_id \('z', 'y'\)"),
        ({"a": "D"}, r"overrides name the tiers \['D'\]; tiers are \['A', 'B', 'C'\]"),
        ({"a": None}, r"name the tiers \['None'\]"),
        (pd.DataFrame({"customer_id": ["a", "a"], "tier": ["A", "B"]}), r"each customer once; \['a'\]"),
        (pd.DataFrame({"customer": ["a"], "tier": ["A"]}), r"overrides lacks \['customer_id'\]"),
        (pd.DataFrame({"customer_id": ["a"], "grade": ["A"]}), r"overrides lacks \['tier'\]"),
        ("A", "overrides must be a DataFrame"),
    ],
)
def test_overrides_that_name_what_is_not_there(overrides, said):
    with pytest.raises(InputError, match=said):
        assign_tiers(pd.DataFrame({"customer_id": ["a", "b"], "clv": [1.0, 2.0]}), overrides=overrides)


# ---- bad input ----------------------------------------------------------------------------------------------------

BAD = {
    "NaN": ([1.0, float("nan")], "clv must not be null or NaN; 1 of 2"),
    "inf": ([float("inf"), 1.0], "clv must be finite; 1 of 2"),
    "text": (["a", "b"], "clv must be numeric"),
    "no rows": ([], "frame is empty"),
}


@pytest.mark.parametrize(("values", "said"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("lazy", [False, True])
def test_scores_that_are_none(values, said, lazy):
    frame = pl.DataFrame({"clv": pl.Series(values, dtype=pl.Float64 if not values else None)})
    scheme = tiers.thresholds((10,))
    with pytest.raises(InputError, match=said):
        assign_tiers(frame.lazy() if lazy else frame, scheme=scheme)
    if not lazy:
        with pytest.raises(InputError, match=said):
            fit_tier_scheme(frame, scheme="abc")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"score": "clvv"}, r"lacks \['clvv'\].*Did you mean 'clv'"),
        ({"scheme": "vip_ordinary"}, "score_contribution makes contribution_share; score_potential makes potential"),
        ({"scheme": "vip_ordinary", "score": "clv"}, "score is for a scheme of one score"),
        ({"scheme": "gold"}, "a preset of tiers must be one of"),
        ({"scheme": {"A": 3}}, "scheme must be a TierScheme"),
        ({"name": "clv"}, r"would write over \['clv'\]"),
        ({"name": "customer_id", "customer_id": "customer_id"}, r"would write over \['customer_id'\]"),
        ({"name": ""}, "name must be"),
        ({"labels": "de"}, "labels must be one of"),
        ({"labels": {"A": "B"}}, "labels must differ"),
        ({"labels": {"Z": "B"}}, "no names of the tiers"),
        ({"reasons": "no"}, "True or False"),
        ({"overrides": {1: "A"}, "customer_id": "customer"}, r"lacks \['customer'\]"),
        ({"scheme": tiers.thresholds((3,), tiers=("x", "y")), "labels": "zh"}, "have no labels='zh'"),
    ],
)
def test_arguments_that_do_not_fit(settings, said):
    with pytest.raises(InputError, match=said):
        assign_tiers(pd.DataFrame({"customer_id": [1], "clv": [1.0]}), **settings)


def test_an_undecided_cell_is_an_error():
    whole = tiers.preset("vip_ordinary")
    cells = {cell: tier for cell, tier in whole.cells.items() if cell != ("high", "low")}
    with pytest.raises(InputError, match=r"undecided are \[\('high', 'low'\)\]"):
        assign_tiers(customers(), scheme=TierScheme(whole.tiers, criteria=whole.criteria, cells=cells))


def test_what_is_unknown_without_a_level_for_it_is_refused():
    frame = customers().assign(contribution_share=np.nan)
    kept = fit_tier_scheme(customers(), scheme="vip_ordinary")
    for given_frame in (frame, pl.from_pandas(frame).lazy()):
        with pytest.raises(InputError, match="contribution_share must not be null or NaN; 40 of 40"):
            assign_tiers(given_frame, scheme=kept)
