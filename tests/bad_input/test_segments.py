"""What goes wrong with segments: nobody differs, too few customers, refunds beyond purchases, rules that do not fit."""

import numpy as np
import pandas as pd
import pytest
from segment_calls import CUSTOMERS, FEATURES, FROZEN, MATRIX, POINTS, SCORECARD, N, X  # see conftest.py

import customer_value as cv
from customer_value import segments
from customer_value.segments import tiers

M_ONLY = segments.SegmentRules({"all": {"m": (1, 5)}})
LIBRARIES = ["pandas", "polars", "polars[lazy]", "pyarrow"]
ALIKE = CUSTOMERS.assign(**dict.fromkeys([*X, "purchases", "clv", "churn_probability", "cost", "active"], 7.0))


def told(frame, *columns):
    """Return columns of a frame of any library as lists, null as None, numbers to nine digits."""
    frame = frame.collect() if hasattr(frame, "collect") else frame
    frame = frame if isinstance(frame, pd.DataFrame) else frame.to_pandas()
    columns = [[None if pd.isna(v) else round(v, 9) if isinstance(v, float) else v for v in frame[c]] for c in columns]
    return columns[0] if len(columns) == 1 else columns


def kmeans(n_clusters=2, **arguments):
    return segments.KMeansSegmenter(n_clusters, n_init=1, **arguments)


# ---- nobody differs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ties", "bins", "score"), [
    ("mid", 5, 333), ("mid", 4, 333), ("edge", 5, 511), ("edge", 4, 411), ("r-rfm", 5, 511), ("r-rfm", 4, 411),
])  # fmt: skip
@pytest.mark.parametrize("binning", ["independent", "nested"])
def test_scores_where_all_values_are_tied(ties, bins, score, binning, calls):
    for call in calls["score_rfm"].everywhere():
        assert set(told(call(ALIKE, ties=ties, bins=bins, binning=binning), "rfm_score")) == {score}


def test_clusters_of_customers_who_do_not_differ(calls, refuse):
    same = rf"X has 1 \(n_samples={N}\)\. Ask .* features in which customers differ: a constant column tells nobody"
    refuse(calls["KMeansSegmenter.fit"], None, same, X=ALIKE[FEATURES])
    for call in calls["choose_n_clusters"].everywhere():
        refuse(call, ALIKE, same)


@pytest.mark.parametrize("unskew", ["log1p", "yeo-johnson", None])
@pytest.mark.parametrize("scale", ["standard", "robust", None])
def test_a_constant_column_tells_nobody_apart(unskew, scale):
    one, two = (kmeans(unskew=unskew, scale=scale).fit(frame) for frame in (X[["total_value"]], X.assign(constant=7.0)))
    without = kmeans(unskew=unskew, scale=scale).fit(X)
    np.testing.assert_array_equal(two.labels_, without.labels_)
    assert two.inertia_ == pytest.approx(without.inertia_, rel=1e-9)  # powers are searched for
    assert one.n_clusters_ == 2


def test_one_value_for_everyone_is_told_as_such(calls):
    assert segments.gini([7, 7, 7]) == 0
    for library in LIBRARIES:

        def of(name, library=library, **arguments):
            return calls[name].within(library)(ALIKE, **arguments)

        table = of("concentration", by=None, interval=None, tops=[0.2], reach=[0.5])
        assert told(table, "result") == [0, 0.2, N / 2, 0.5]
        assert told(of("lorenz_curve", by=None), "lorenz_value") == [0, 0.5, 1]
        assert told(of("score_contribution", by=None), "contribution_rank", "contribution_cumulative_share") == [
            [1] * N, [1] * N,
        ]  # fmt: skip
        assert set(told(of("assign_tiers", scheme=tiers.abc()), "tier")) == {"A"}
        assert set(told(of("assign_tiers", scheme=tiers.quantiles(3)), "tier")) == {"B"}  # the middle of them
        assert set(told(of("assign_tiers", scheme=SCORECARD), "tier_score")) == {0}
        assert told(of("weight_sensitivity"), "rank_agreement", "share_changed") == [[None] * 6, [0] * 6]
        assert set(told(of("assign_quadrants"), "quadrant")) == {"At risk"}  # who is at a cut is above it
        assert set(told(of("cost_to_serve"), "cost_rank")) == {1}
        ranks = told(of("score_similarity", features=["total_value"]), "similarity_rank")
        assert ranks == [None if leads else 1 for leads in ALIKE["leads"]]


# ---- few customers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "scores"), [(1, [333]), (2, [444, 222]), (3, [555, 333, 111])])
def test_fewer_customers_than_bins(n, scores, calls):
    few = pd.DataFrame({"time_since_last": range(n), "purchases": range(n, 0, -1), "total_value": range(n, 0, -1)})
    for call in calls["score_rfm"].everywhere():
        assert told(call(few), "rfm_score") == scores


def test_fewer_customers_than_clusters(calls, refuse):
    few = X.head(3)
    rule = r"n_clusters=4 needs at least as many different customers.*; X has 3 \(n_samples={}\)\. Ask for fewer"
    for frame, n in ((few, 3), (pd.concat([few] * 4), 12)):
        with pytest.raises(cv.InputError, match=rule.format(n)):
            kmeans(4).fit(frame)
    for call in calls["choose_n_clusters"].everywhere():
        refuse(
            call, CUSTOMERS.head(3), "k goes up to 3 and the customers have 3 distinct values .*: give fewer clusters"
        )


def test_one_customer(calls):
    one = CUSTOMERS.head(1)
    for library in LIBRARIES:
        assert told(calls["assign_tiers"].within(library)(one, scheme=tiers.abc()), "tier") == ["A"]
        assert told(calls["assign_clusters"].within(library)(one), "cluster") == [1]
        assert told(calls["score_loyalty"].within(library)(one), "loyalty_tenure") == [0.5]


# ---- features that are not known, or without end -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["assign_clusters", "KMeansSegmenter.profile", "match_clusters(customers)",
                                  "choose_n_clusters", "score_similarity"])  # fmt: skip
@pytest.mark.parametrize(("value", "rule"), [
    (None, "not be null"), (np.nan, "not be null"), (np.inf, "be finite"), (-np.inf, "be finite"),
])  # fmt: skip
def test_features_that_are_no_numbers(name, value, rule, calls, refuse):
    broken = CUSTOMERS.assign(total_value=CUSTOMERS["total_value"].astype(float).where(CUSTOMERS.index != 3, value))
    for call in calls[name].everywhere():
        refuse(call, broken, rf"total_value must {rule}.*; 1 of {N} rows is( not)? \(rows 3\)")
    if name == "choose_n_clusters":
        with pytest.raises(cv.InputError, match=rf"total_value must {rule}.*; 1 of {N} rows is( not)? \(rows 3\)"):
            kmeans().fit(broken[FEATURES])


def test_features_of_another_kind_than_in_the_fit(calls, refuse):
    for call in calls["assign_clusters"].everywhere():
        refuse(call, CUSTOMERS.assign(total_value="much"), "total_value held numbers when the model was fitted and hol")
        refuse(call, CUSTOMERS.assign(total_value=pd.Timestamp("2025-03-01")), "total_value must hold numbers, texts")


@pytest.mark.parametrize("name", ["segment_profile", "concentration", "lorenz_curve", "score_loyalty", "cost_to_serve",
                                  "weight_sensitivity", "choose_n_clusters"])  # fmt: skip
def test_numbers_whose_squares_have_no_end(name, calls, refuse):
    columns = calls[name].columns
    column = next(c for c in ("total_value", "tenure", "clv") if c in columns)
    for call in calls[name].everywhere():
        giant = call.frame[column].astype(float).where(call.frame.index != 3, 1.7e308)
        rule = rf"{column} must be below 1e\+100 in size; 1 of {len(giant)} rows is not \(rows 3\)"
        refuse(call, call.frame.assign(**{column: giant}), rule)


# ---- refunds beyond purchases --------------------------------------------------------------------------------------

REFUNDS = CUSTOMERS.assign(total_value=[100.0, -20.0, *[0.0] * (N - 2)], segment=["a"] * 2 + ["b"] * (N - 2))
LOSSES = REFUNDS.assign(total_value=-REFUNDS["total_value"])


def test_shares_of_values_below_zero(calls, refuse):
    remedy = rf"total_value must be 0 or above; 1 of {N} rows is not \(rows 1\)\. Refunds beyond purchases\? negative="
    nothing = "total_value must add up to more than 0: of nothing there are no shares"
    for name in ("concentration", "lorenz_curve"):
        for call in calls[name].everywhere():
            refuse(call, REFUNDS, remedy, by=None)
            refuse(call, LOSSES, nothing, by=None, negative="keep")
            refuse(call, REFUNDS, "total_value of region east must add up to more", by="region", negative="clip")
    only = {"by": None, "tops": [0.5], "reach": [], "interval": None}
    for call in calls["concentration"].everywhere():
        assert told(call(REFUNDS, **only, negative="clip"), "result") == [1 - 1 / N, 1]
        # 100 - 20 = 80, so that the best hold 1.25 of the net total
        assert told(call(REFUNDS, **only, negative="keep"), "result")[1] == 1.25


def test_a_net_total_has_shares_while_it_is_above_zero(calls, refuse):
    for library in LIBRARIES:
        scored = calls["score_contribution"].within(library)
        shares, cumulative = told(scored(REFUNDS, by=None), "contribution_share", "contribution_cumulative_share")
        assert (shares[:3], cumulative[:3]) == ([1.25, -0.25, 0], [1.25, 1, 1.25])
        shares, ranks = told(scored(LOSSES, by=None), "contribution_share", "contribution_rank")
        assert (set(shares), ranks[:3]) == ({None}, [N, 1, 2])
        profile = calls["segment_profile"].within(library)
        assert told(profile(REFUNDS), "total_value", "share_of_value") == [[80, 0], [1, 0]]
        assert told(profile(LOSSES), "total_value", "share_of_value") == [[-80, 0], [None, None]]
    refuse(
        calls["plots.segment_share"], cv.segment_profile(LOSSES),
        r"share_of_value must not be null or NaN; 2 of 2 rows are .* has no shares: profile another value",
    )  # fmt: skip


def test_negative_values_are_scored_and_tiered_by_their_order(calls):
    assert told(cv.score_rfm(CUSTOMERS.assign(total_value=-CUSTOMERS["total_value"])), "m_score") == [
        6 - score for score in told(cv.score_rfm(CUSTOMERS), "m_score")
    ]
    labels = told(calls["assign_tiers"](REFUNDS, scheme=tiers.abc(), score="total_value"), "tier")
    assert labels == ["A"] + ["C"] * (N - 1)
    losses = calls["assign_tiers"](LOSSES.assign(total_value=-1.0), scheme=tiers.pyramid(), score="total_value")
    assert set(told(losses, "tier")) == {"Floating"}


# ---- weights, breaks and rules that do not fit ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes", "match"),
    [
        ("score_rfm", {"weights": {"r": 1, "f": 1}}, r"weights must be a mapping with the keys \['r', 'f', 'm'\]; got"),
        ("score_rfm", {"weights": {"r": 0, "f": 0, "m": 0}}, "weights must not all be 0"),
        ("score_rfm", {"weights": {"r": -1, "f": 1, "m": 1}}, "the weight of 'r' must be 0 or above; got -1"),
        ("tiers.scorecard", {"weights": {"a": 0.5, "b": 0.4}}, r"weights must add up to 1; \[0.5, 0.4\] add up to 0.9"),
        ("tiers.scorecard", {"weights": {"a": 1.5, "b": -0.5}}, "the weight of 'b' must be 0 or above; got -0.5"),
        ("tiers.scorecard", {"limits": {"c": (0, 1)}}, r"limits or lower_is_better name \['c'\], which have no weight"),
        ("score_loyalty", {"weights": {"tenur": 1}}, "a part of weights must be one of .* Did you mean 'tenure'"),
        ("weight_sensitivity", {"scheme": MATRIX}, "scheme must weigh columns, as tiers.scorecard makes it; got"),
        ("KMeansSegmenter.fit", {"sample_weight": [1, 2]}, rf"X has {N} rows and sample_weight 2; give one per row"),
        ("KMeansSegmenter.fit", {"sample_weight": np.arange(N) - 1.0}, r"0 or above, and finite; 1 of 40 .*rows 0"),
        ("KMeansSegmenter.fit", {"sample_weight": np.zeros(N)}, "every sample_weight is zero: no row is left"),
        ("KMeansSegmenter", {"value": "margin"}, "value must name a column of X; got 'margin', and X has"),
        ("KMeansSegmenter", {"lower_is_better": ("age",)}, r"lower_is_better names \['age'\], which X does not have"),
        ("score_rfm", {"breaks": {"f": [5, 2]}}, r"breaks of 'f' must be .* numbers that increase; got \[5, 2\]"),
        ("score_rfm", {"breaks": {"m": [2, 2]}}, r"breaks of 'm' must be .* numbers that increase; got \[2, 2\]"),
        ("score_rfm", {"breaks": {"f": [2], "q": [1]}}, r"breaks must map 'r', 'f' or 'm' to numbers.*; got \['f', 'q"),
        ("score_rfm", {"bins": {"r": 3, "f": 3, "m": 3}, "breaks": {"f": [2]}}, "1 breaks of 'f' make 2 bins; bins"),
        ("RFMScheme", {"edges": {"r": (30, 180), "f": (2,), "m": (5,)}}, "edges of 'r' must fall from score 2 to"),
        ("RFMScheme", {"edges": {"r": (30,), "f": (5, 2), "m": (5,)}}, "edges of 'f' must rise from score 2 to"),
        ("tiers.thresholds", {"at": (200, 900)}, r"thresholds must fall from the best tier's .*; got \[200.0, 900.0\]"),
        ("tiers.thresholds", {"at": (9, 5), "lower_is_better": True}, r"thresholds must rise \(less is better\) from"),
        ("tiers.abc", {"cuts": (0.95, 0.8)}, "cuts by cumulative_share must rise and lie between 0 and 1"),
        ("tiers.abc", {"cuts": (0.8, 1.5)}, "cuts by cumulative_share must rise and lie between 0 and 1"),
        ("tiers.abc", {"tiers": ("A", "B")}, "2 tiers need 1 cuts; there are 2"),
        ("tiers.abc", {"tiers": ("A", "B", "A")}, "tiers must be two different names or more"),
        ("tiers.quantiles", {"at": (0.5, 0.5)}, "cuts by customers must rise and lie between 0 and 1"),
        ("tiers.pyramid", {"shares": (0.5, 0.4)}, r"add up to 1; \[0.5, 0.4\] add up to 0.9"),
        ("tiers.points", {"thresholds": [20, 40]}, "thresholds must fall"),
        ("tiers.matrix", {"cells": {("high", "high"): "A"}}, "every combination of levels must have a tier; undecided"),
        ("tiers.matrix", {"cells": {("high", "odd"): "A"}}, r"cells \[\('high', 'odd'\)\] are no combinations of"),
        ("tiers.matrix", {"tiers": ("A", "C")}, r"cells name the tiers \['B'\]; tiers are \['A', 'C'\]"),
        ("TierScheme.tier_of", {"cell": ("high", "odd")}, "a combination must be a tuple of one level of each of"),
        ("assign_tiers", {"score": "total_value"}, "the thresholds of this scheme were found on 'clv', not on score="),
        ("assign_tiers", {"overrides": {99: "A"}}, r"must name customers of the frame; 1 of 1 are not .* \(99\)"),
        ("assign_tiers", {"overrides": {1: "Z"}}, r"overrides name the tiers \['Z'\]; tiers are \['A', 'B', 'C'\]"),
        ("review_tiers", {"order": ["A", "B"]}, r"tier in current must be one of \['A', 'B'\], not \['C'\]; "),
        ("SegmentRules", {"rules": {"a": {"r": 6}}}, "r in the rule of 'a' must run from .*, 1 to 5; got 6 to 6"),
        ("assign_segments", {"rules": M_ONLY, "suffix": "_2"}, r"lacks \['m_score_2'\]; it has"),
        ("assign_segments", {"rules": "ten_segment"}, "rules must be one of .* Did you mean 'ten_segments'"),
        ("assign_tiers", {"scheme": "vip"}, r"a preset of tiers must be one of .*'vip_ordinary'\]; got 'vip'"),
        ("tiers.preset", {"name": "pyramids"}, "a preset of tiers must be one of .* Did you mean 'pyramid'"),
        ("tiers.abc", {"tiers": "pyramids"}, "tiers must be one of .* Did you mean 'pyramid'"),
        ("tiers.preset", {"name": "abc", "cells": {}}, "cells changes the table of a preset.*; 'abc' has None"),
        ("tiers.matrix", {"criteria": "abc", "cells": None, "tiers": None}, "the preset 'abc' is no matrix; those"),
    ],
)  # fmt: skip
def test_what_does_not_fit(name, changes, match, calls, refuse):
    for call in calls[name].everywhere() if calls[name].frame is not None else [calls[name]]:
        refuse(call, call.frame, match, **changes)


def test_scores_beyond_the_rules(calls, refuse):
    for call in calls["assign_segments"].everywhere():
        broken = call.frame.assign(r_score=call.frame["r_score"].where(call.frame.index != 1, 6))
        refuse(
            call, broken, r"r_score must be a whole number from 1 to 5; 1 of .* are for score_rfm\(summary, bins=5\)"
        )


@pytest.mark.parametrize("scheme", [tiers.abc(), FROZEN, SCORECARD])
def test_schemes_without_levels_have_no_cells(scheme):
    with pytest.raises(cv.InputError, match="tier_of is for combinations of levels; this scheme has none"):
        scheme.tier_of(())
    with pytest.raises(cv.InputError, match="points_of is for a scheme of points; this one is a"):
        scheme.points_of(())
    with pytest.raises(cv.InputError, match="a combination must be a tuple of one level"):
        POINTS.points_of(())


# ---- segments that nobody is in ------------------------------------------------------------------------------------


def test_segments_clusters_and_tiers_without_customers(calls):
    labels = pd.Categorical(["b", "a"], categories=["a", "b", "c"], ordered=True)
    two = pd.DataFrame({"segment": labels, "total_value": [1.0, 3.0]})
    profile = cv.segment_profile(two)
    assert told(profile, "segment", "customers", "total_value", "mean_value") == [
        ["a", "b", "c"], [1, 1, 0], [3, 1, 0], [3, 1, None],
    ]  # fmt: skip
    assert len(cv.plots.segment_share(profile).get_yticklabels()) == 3
    for library in LIBRARIES:
        one = calls["KMeansSegmenter.profile"].within(library)(CUSTOMERS.head(1))
        assert told(one, "customers", "mean")[0] == [1, 1, 0, 0]
        assert told(one, "mean")[2:] == [None, None]
    empty = calls["assign_tiers"](CUSTOMERS.assign(clv=1.0), scheme=tiers.thresholds((9, 5)))
    assert empty["tier"].cat.categories.tolist() == ["A", "B", "C"]
    assert set(empty["tier"]) == {"C"}


@pytest.mark.parametrize("frame", ["", "(after)"])
def test_labels_and_ids_that_match_nobody(frame, calls, refuse):
    for call in calls[f"match_clusters{frame}"].everywhere():
        given = call.frame
        refuse(
            call, given.assign(customer_id=given["customer_id"] + 1000), "before and after have no customer in common"
        )
        for labels in (np.linspace(0, 1, N), np.where(given.index == 1, np.inf, 1.0), pd.Timestamp("2025-01-01")):
            refuse(call, given.assign(cluster=labels), "cluster must hold labels, texts or whole numbers; its type is")
        refuse(call, given.assign(cluster=[[1]] * N), "cluster must hold labels, texts or whole numbers; its type is")
        refuse(
            call, given.assign(customer_id=[[1]] * N), "customer_id must hold (text or whole numbers|ids of one type)"
        )
