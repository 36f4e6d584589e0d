"""Valid calls of the segments room and of its pictures, each on few rows."""

import numpy as np
import pandas as pd
from calling import Call

import customer_value as cv
from customer_value import plots, segments
from customer_value.segments import tiers

_random = np.random.default_rng(7)
N = 40
FIRST = np.arange(N) % 2 == 0  # two kinds of customers, so that clusters are found again
CUSTOMERS = pd.DataFrame({
    "customer_id": np.arange(N) + 1,
    "time_since_last": np.where(FIRST, 3.0, 60.0) + _random.integers(0, 20, N),
    "purchases": np.where(FIRST, 12, 1) + _random.integers(0, 6, N),
    "total_value": np.where(FIRST, 900.0, 60.0) + _random.gamma(2, 20, N).round(2),
    "value_12m": _random.gamma(2, 100, N).round(2),
    "wallet": _random.gamma(2, 200, N).round(2),
    "cost": _random.gamma(2, 5, N).round(2),
    "frequency": _random.integers(0, 9, N),
    "tenure": _random.uniform(5, 90, N).round(1),
    "active": _random.uniform(0, 1, N).round(2),
    "clv": _random.gamma(2, 150, N).round(2),
    "churn_probability": _random.uniform(0.02, 0.9, N).round(3),
    "leads": np.arange(N) % 4 == 0,
    "region": np.array(["north", "south", "east"])[np.arange(N) % 3],
})  # fmt: skip
SCHEME = cv.fit_rfm_scheme(CUSTOMERS)
SEGMENTED = cv.assign_segments(cv.score_rfm(CUSTOMERS, scheme=SCHEME))
MAKER = "summarize_customers(log, observation_end=...) makes them"

FEATURES = ["time_since_last", "total_value"]
X = CUSTOMERS[FEATURES]
MODEL = segments.KMeansSegmenter(2, n_init=1).fit(X)
ON_ARRAYS = segments.KMeansSegmenter(2, n_init=1).fit(X.to_numpy())  # which a matrix without names goes with
CLUSTERED = cv.assign_clusters(CUSTOMERS, model=MODEL)
CLUSTERS = {"frame": CLUSTERED, "columns": {"customer_id": "label", "cluster": "feature"}}
CLUSTERS |= {"arguments": {"customer_id": "customer_id"}}
FEATURE_COLUMNS = dict.fromkeys(FEATURES, "feature")
CHOICE = {"features": FEATURES, "k": [2, 3], "model": segments.KMeansSegmenter(n_init=1)}
CHOICE |= {"n_references": 2, "n_boot": 2, "sample_size": 100}

SCORECARD = tiers.scorecard({"clv": 0.6, "active": 0.4}, cuts=(0.2, 0.5))
LEVELS = {"worth": {"column": "clv", "quantiles": [0.5]}, "loyal": {"column": "active", "thresholds": [0.5]}}
CELLS = {("high", "high"): "A", ("high", "low"): "A", ("low", "high"): "B", ("low", "low"): "B"}
MATRIX = tiers.matrix(LEVELS, cells=CELLS, tiers=("A", "B"))
BANDS = {"worth": {"column": "clv", "thresholds": [300, 100], "points": [50, 30, 10]}}
POINTS = tiers.points(BANDS, thresholds=[40, 20])
FROZEN = cv.fit_tier_scheme(CUSTOMERS, scheme=tiers.abc())
TIERED = cv.assign_tiers(CUSTOMERS, scheme=FROZEN)[["customer_id", "clv", "tier"]]
BEFORE = cv.assign_tiers(CUSTOMERS.assign(clv=CUSTOMERS["clv"][::-1].to_numpy()))[["customer_id", "clv", "tier"]]
TIERS = ["A", "B", "C"]
REVIEW = {"order": TIERS, "customer_id": "customer_id"}  # pyarrow has no order of labels


def frame_first(function, argument):
    """Make an argument that is a frame too the first one."""
    return lambda frame, **arguments: function(**{argument: frame}, **arguments)


def segmenter(
    n_clusters=2, unskew="log1p", scale="standard", winsorize=None, category_weight=1.0, n_init=1, minibatch_above=None,
    value=None, lower_is_better=("time_since_last",), clusterer=None, random_state=0,
):  # fmt: skip
    made = segments.KMeansSegmenter(
        n_clusters, unskew=unskew, scale=scale, winsorize=winsorize, category_weight=category_weight, n_init=n_init,
        minibatch_above=minibatch_above, value=value, lower_is_better=lower_is_better, clusterer=clusterer,
        random_state=random_state,
    )  # fmt: skip
    return made.fit(X)


SEGMENT_CALLS = {
    "score_rfm(scheme)": Call(
        cv.score_rfm, lambda frame, scheme, suffix="": cv.score_rfm(frame, scheme=scheme, suffix=suffix), CUSTOMERS,
        dict.fromkeys(SCHEME.columns.values(), "number"), {}, {"scheme": SCHEME}, MAKER,
    ),
    "RFMScheme": Call(
        segments.RFMScheme, segments.RFMScheme, arguments={"edges": {"r": (180, 30), "f": (2, 5), "m": (50, 200)}}
    ),
    "RFMScheme.edge_table": Call(segments.RFMScheme.edge_table, SCHEME.edge_table),
    "RFMScheme.from_json": Call(
        segments.RFMScheme.from_json, segments.RFMScheme.from_json, arguments={"text": SCHEME.to_json()}
    ),
    "SegmentRules.from_json": Call(
        segments.SegmentRules.from_json, segments.SegmentRules.from_json,
        arguments={"text": segments.TEN_SEGMENTS.to_json()},
    ),
    "SegmentRules.boxes": Call(segments.SegmentRules.boxes, lambda: list(segments.TEN_SEGMENTS.boxes())),
    "SegmentRules.check": Call(segments.SegmentRules.check, segments.TEN_SEGMENTS.check),
    "SegmentRules.covers": Call(segments.SegmentRules.covers, segments.TEN_SEGMENTS.covers),
    "segment_profile(history)": Call(
        cv.segment_profile, cv.segment_profile, SEGMENTED,
        {"segment": "label", "region": "label", "total_value": "number"}, {},
        {"by": "region", "attributes": ["time_since_last"], "value": "total_value"},
    ),
    "concentration": Call(
        cv.concentration, cv.concentration, CUSTOMERS, {"total_value": "number", "region": "label"}, {},
        {"by": "region", "interval": 0.9, "n_resamples": 3},
    ),
    "lorenz_curve": Call(
        cv.lorenz_curve, cv.lorenz_curve, CUSTOMERS, {"total_value": "number", "region": "label"}, {},
        {"by": "region", "points": 3},
    ),
    "gini": Call(segments.gini, segments.gini, arguments={"values": CUSTOMERS["total_value"].to_numpy()}),
    # Clusters.
    "KMeansSegmenter": Call(segments.KMeansSegmenter, segmenter),
    "KMeansSegmenter.fit": Call(
        segments.KMeansSegmenter.fit, segments.KMeansSegmenter(2, n_init=1).fit, arguments={"X": X.to_numpy()}
    ),
    "KMeansSegmenter.cluster_names": Call(segments.KMeansSegmenter.cluster_names, MODEL.cluster_names),
    "KMeansSegmenter.profile": Call(segments.KMeansSegmenter.profile, MODEL.profile, CUSTOMERS, FEATURE_COLUMNS),
    "KMeansSegmenter.from_json": Call(
        segments.KMeansSegmenter.from_json, segments.KMeansSegmenter.from_json, arguments={"text": MODEL.to_json()}
    ),
    "assign_clusters": Call(
        cv.assign_clusters, cv.assign_clusters, CUSTOMERS, FEATURE_COLUMNS, {}, {"model": MODEL},
        "These are the columns that the model was fitted on",
    ),
    "match_clusters": Call(
        segments.match_clusters, segments.match_clusters, **CLUSTERS, other={"after": CLUSTERED.iloc[5:]},
        maker="assign_clusters adds clusters",
    ),
    "match_clusters(after)": Call(
        segments.match_clusters, frame_first(segments.match_clusters, "after"), **CLUSTERS,
        other={"before": CLUSTERED.iloc[5:]},
    ),
    "match_clusters(customers)": Call(
        segments.match_clusters, frame_first(segments.match_clusters, "customers"), CUSTOMERS, FEATURE_COLUMNS, {},
        {"before": MODEL, "after": MODEL}, "These are the columns that the model was fitted on",
    ),
    "choose_n_clusters": Call(
        cv.choose_n_clusters, cv.choose_n_clusters, CUSTOMERS, FEATURE_COLUMNS, {}, CHOICE, MAKER
    ),
    # Tiers.
    "tiers.abc": Call(tiers.abc, tiers.abc),
    "tiers.pyramid": Call(tiers.pyramid, tiers.pyramid),
    "tiers.thresholds": Call(tiers.thresholds, tiers.thresholds, arguments={"at": (900, 200)}),
    "tiers.quantiles": Call(tiers.quantiles, tiers.quantiles, arguments={"at": (0.2, 0.5)}),
    "tiers.matrix": Call(
        tiers.matrix, tiers.matrix, arguments={"criteria": LEVELS, "cells": CELLS, "tiers": ("A", "B")}
    ),
    "tiers.scorecard": Call(
        tiers.scorecard, tiers.scorecard, arguments={"weights": {"clv": 0.6, "active": 0.4}, "cuts": (0.2, 0.5)}
    ),
    "tiers.points": Call(tiers.points, tiers.points, arguments={"criteria": BANDS, "thresholds": [40, 20]}),
    "tiers.preset": Call(tiers.preset, tiers.preset, arguments={"name": "vip_ordinary"}),
    "tiers.preset_names": Call(tiers.preset_names, tiers.preset_names),
    "TierCut": Call(segments.TierCut, segments.TierCut, arguments={"by": "threshold", "at": (900, 200)}),
    "TierCut.fit": Call(
        segments.TierCut.fit, segments.TierCut("customers", (0.2, 0.5)).fit,
        arguments={"values": CUSTOMERS["clv"].to_numpy()},
    ),
    "TierCut.from_data": Call(
        segments.TierCut.from_data, segments.TierCut.from_data, arguments={"data": FROZEN.cut.as_data()}
    ),
    "TierCut.as_data": Call(segments.TierCut.as_data, FROZEN.cut.as_data),
    "TierCriterion": Call(
        segments.TierCriterion, segments.TierCriterion,
        arguments={"name": "worth", "cut": segments.TierCut("threshold", [9]), "levels": ("high", "low")},
    ),
    "TierCriterion.fit": Call(
        segments.TierCriterion.fit, SCORECARD.criteria[0].fit, arguments={"values": CUSTOMERS["clv"].to_numpy()}
    ),
    "TierCriterion.from_data": Call(
        segments.TierCriterion.from_data, segments.TierCriterion.from_data,
        arguments={"data": MATRIX.criteria[0].as_data()},
    ),
    "TierCriterion.as_data": Call(segments.TierCriterion.as_data, MATRIX.criteria[0].as_data),
    "TierScheme": Call(segments.TierScheme, segments.TierScheme, arguments={"tiers": TIERS, "cut": FROZEN.cut}),
    "TierScheme.from_json": Call(
        segments.TierScheme.from_json, segments.TierScheme.from_json, arguments={"text": MATRIX.to_json()}
    ),
    "TierScheme.check": Call(segments.TierScheme.check, MATRIX.check),
    "TierScheme.combinations": Call(segments.TierScheme.combinations, lambda: list(MATRIX.combinations())),
    "TierScheme.points_of": Call(segments.TierScheme.points_of, POINTS.points_of, arguments={"cell": ("high",)}),
    "TierScheme.tier_of": Call(segments.TierScheme.tier_of, MATRIX.tier_of, arguments={"cell": ("high", "low")}),
    "assign_tiers": Call(
        cv.assign_tiers, cv.assign_tiers, CUSTOMERS, {"clv": "number"}, {}, {"scheme": FROZEN}, "score_clv makes clv"
    ),
    "assign_tiers(matrix)": Call(
        cv.assign_tiers, cv.assign_tiers, CUSTOMERS, {"clv": "number", "active": "number", "customer_id": "feature"},
        {}, {"scheme": MATRIX, "overrides": {1: "A"}, "customer_id": "customer_id"},
    ),
    "fit_tier_scheme": Call(
        cv.fit_tier_scheme, cv.fit_tier_scheme, CUSTOMERS, {"clv": "number"}, maker="score_clv makes clv"
    ),
    "weight_sensitivity": Call(
        cv.weight_sensitivity, cv.weight_sensitivity, CUSTOMERS, {"clv": "number", "active": "number"}, {},
        {"scheme": SCORECARD, "draws": 5},
    ),
    "review_tiers": Call(
        cv.review_tiers, cv.review_tiers, TIERED, {"customer_id": "id", "tier": "feature"},
        {"previous": BEFORE}, REVIEW,
    ),
    "review_tiers(previous)": Call(
        cv.review_tiers, frame_first(cv.review_tiers, "previous"), BEFORE, {"customer_id": "id", "tier": "feature"},
        {"current": TIERED}, REVIEW,
    ),
    # Scores and screens.
    "score_contribution": Call(
        cv.score_contribution, cv.score_contribution, CUSTOMERS, {"total_value": "gappy", "region": "label"}, {},
        {"by": "region"}, MAKER,
    ),
    "score_potential": Call(
        cv.score_potential, cv.score_potential, CUSTOMERS, {"wallet": "gappy", "value_12m": "gappy", "clv": "gappy"},
        {}, {"wallet": "wallet", "value": "value_12m", "forecast": "clv"},
    ),
    "score_loyalty": Call(
        cv.score_loyalty, cv.score_loyalty, CUSTOMERS, {"tenure": "gappy", "active": "gappy"}, {},
        {"tenure": "tenure", "active_share": "active"},
    ),
    "score_similarity": Call(
        cv.score_similarity, cv.score_similarity, CUSTOMERS,
        {"total_value": "feature", "region": "label", "leads": "label"}, {},
        {"to": "leads", "features": ["total_value", "region"]},
    ),
    "screen_key_accounts": Call(
        cv.screen_key_accounts, cv.screen_key_accounts, CUSTOMERS,
        {"total_value": "gappy", "clv": "gappy", "leads": "feature"}, {},
        {"top": {"total_value": 3}, "growth": {"clv": 400}, "leader": "leads"},
    ),
    "cost_to_serve": Call(
        cv.cost_to_serve, cv.cost_to_serve, CUSTOMERS, {"cost": "gappy", "total_value": "gappy"}, {},
        {"cost": "cost", "value": "total_value"},
    ),
    "assign_quadrants": Call(
        cv.assign_quadrants, cv.assign_quadrants, CUSTOMERS, {"clv": "gappy", "churn_probability": "gappy"}, {},
        {"value": "clv"},
    ),
    "assign_quadrants(cuts)": Call(
        cv.assign_quadrants, cv.assign_quadrants, CUSTOMERS, {"clv": "gappy", "churn_probability": "gappy"}, {},
        {"value": "clv", "cuts": {"clv": 300, "churn_probability": 0.4}},
    ),
    # Pictures.
    "plots.segment_share": Call(
        plots.segment_share, plots.segment_share, cv.segment_profile(SEGMENTED),
        {"segment": "label", "share_of_customers": "number", "share_of_value": "number"},
        maker="cv.segment_profile(frame) makes it",
    ),
    "plots.lorenz": Call(
        plots.lorenz, plots.lorenz, cv.lorenz_curve(CUSTOMERS, points=5),
        {"lorenz_customers": "number", "lorenz_value": "number"}, maker="cv.lorenz_curve(frame) makes it",
    ),
    "plots.cluster_profiles": Call(
        plots.cluster_profiles, plots.cluster_profiles, MODEL.profile(CUSTOMERS),
        {"cluster": "label", "cluster_name": "label", "feature": "label", "customers": "number", "mean": "gappy",
         "apart": "gappy"},
        maker="KMeansSegmenter.profile makes the table",
    ),
    "plots.cluster_choice": Call(
        plots.cluster_choice, plots.cluster_choice, cv.choose_n_clusters(CUSTOMERS, **CHOICE),
        {"k": "number", "silhouette": "gappy", "jaccard_min": "gappy", "largest_share": "gappy",
         "recommended": "flag", "verdict": "label"},
        maker="cv.choose_n_clusters(customers) makes it",
    ),
}  # fmt: skip
for method in ("predict", "transform", "prepare"):
    SEGMENT_CALLS[f"KMeansSegmenter.{method}"] = Call(
        getattr(segments.KMeansSegmenter, method), getattr(ON_ARRAYS, method), arguments={"X": X.to_numpy()}
    )
