"""What is a value after all, of arguments in segments: by argument, or by call and argument. The rest is refused."""

NUMBER, OPTIONAL, TEXT, FLAG = {"2.5", "1e300"}, {"None"}, {"text", "empty"}, {"True"}
OR_EMPTY, OR_NO_NAME, ANY_NUMBER = {"None", "{}"}, {"None", "[]", "{}"}, {"None", "-1", *NUMBER}
ANY = {
    "None", "text", "empty", "-1", "2.5", "nan", "inf", "True", "[]", "{}", "object", "NaT", "NA", "array", "bytes",
    "complex", "pair", "1e300", "10**400",
}  # fmt: skip

SEGMENT_TAKEN = {
    **dict.fromkeys(["active_share", "ax", "by", "customer_id", "fitted_from", "forecast", "interval"], OPTIONAL),
    **dict.fromkeys(["limits", "model", "order", "part", "references", "scheme", "score", "tiers"], OPTIONAL),
    **dict.fromkeys(["time_unit", "unknown", "wallet", "weights"], OPTIONAL),
    **dict.fromkeys(["above_zero", "corrected", "distance", "reasons"], FLAG),
    **dict.fromkeys(["source", "suffix"], TEXT),
    **dict.fromkeys(["at_least", "growth", "overrides", "top"], OR_EMPTY),
    **dict.fromkeys(["high_cost", "low_value"], ANY_NUMBER),
    "attributes": {"[]", "{}"},
    "concentration": NUMBER,
    "labels": {"{}"},
    "leader": OR_NO_NAME,
    "name": {"text"},
    "random_state": {"10**400"},
    "reach": {"[]"},
    "tops": {"[]"},
    "values": {"-1", "2.5", "[]", "array", "pair", "1e300"},
    # Clusters: the constructor takes everything, and fit tells what is wrong with it.
    "KMeansSegmenter-category_weight": {"2.5"},
    "KMeansSegmenter-clusterer": OPTIONAL,
    "KMeansSegmenter-lower_is_better": {"[]", "{}"},
    "KMeansSegmenter-minibatch_above": {"None", "10**400"},
    "KMeansSegmenter-random_state": {"None", "True"},  # as scikit-learn has it
    "KMeansSegmenter-scale": OPTIONAL,
    "KMeansSegmenter-unskew": OPTIONAL,
    "KMeansSegmenter-value": OPTIONAL,
    "KMeansSegmenter-winsorize": OPTIONAL,
    "KMeansSegmenter.cluster_names-labels": set(),
    "KMeansSegmenter.fit-sample_weight": {"2.5", "None", "True"},
    "KMeansSegmenter.fit-y": ANY,  # ignored, as scikit-learn has it
    "KMeansSegmenter.profile-labels": set(),
    "choose_n_clusters-random_state": set(),
    "choose_n_clusters-sample_size": {"10**400"},
    "assign_clusters-model": set(),
    "match_clusters-customers": OPTIONAL,
    # Tiers.
    "TierCut-by": set(),
    "TierCriterion.fit-values": {"-1", "2.5", "array", "pair"},
    "TierCriterion-column": TEXT,
    "TierCriterion-points": {"[]", "array", "pair"},
    "TierCriterion-weight": OPTIONAL,
    "TierScheme-cells": {"{}"},
    "TierScheme-criteria": {"[]"},
    "TierScheme-score": {"None", "text"},
    "TierScheme-tiers": set(),
    "assign_tiers-customer_id": {"None", "text"},  # is not read where no tier is set by hand
    "tiers.matrix-tiers": set(),
    "tiers.preset-cells": {"None", "{}"},
    "tiers.preset-name": set(),
    "tiers.quantiles-lower_is_better": FLAG,
    "tiers.scorecard-by": set(),
    "tiers.scorecard-limits": {"None", "{}"},
    "tiers.scorecard-lower_is_better": {"[]", "{}"},
    "tiers.scorecard-weights": set(),
    **{f"review_tiers{frame}-score": set() for frame in ("", "(previous)")},
    "weight_sensitivity-scheme": set(),
    # Scores and screens.
    **{f"assign_quadrants{cuts}-cuts": {"-1", *NUMBER} for cuts in ("", "(cuts)")},  # one for both columns
    "cost_to_serve-labels": set(),
    "gini-values": {"2.5", "array", "pair"},
    "plots.lorenz-value": {"text"},
    "score_contribution-by": OR_NO_NAME,
    "score_potential-value": OPTIONAL,
    "screen_key_accounts-labels": set(),
}
