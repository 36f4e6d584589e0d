"""Who belongs together: RFM scores, named segments, clusters and tiers, and what each of them amounts to.

Names load their file on first use (PEP 562): scores and tiers need no scikit-learn, and importing the room loads none.
"""

from customer_value._lazy import lazy_names as _lazy_names

_HOMES = {
    "ClusterMatch": "cluster_matching",
    "DONOR_SCHEME": "presets",
    "DONOR_SEGMENTS": "presets",
    "EIGHT_SEGMENTS": "presets",
    "KMeansSegmenter": "kmeans",
    "RFMScheme": "scheme",
    "R_VIGNETTE": "presets",
    "RulesCheck": "rules",
    "SegmentRules": "rules",
    "TEN_SEGMENTS": "presets",
    "TierCheck": "tier_scheme",
    "TierCriterion": "tier_parts",
    "TierCut": "tier_parts",
    "TierScheme": "tier_scheme",
    "assign_clusters": "cluster_assignment",
    "assign_quadrants": "quadrants",
    "assign_segments": "named",
    "assign_tiers": "tier_assignment",
    "choose_n_clusters": "cluster_choice",
    "concentration": "concentrations",
    "cost_to_serve": "service_costs",
    "fit_rfm_scheme": "rfm",
    "fit_tier_scheme": "tier_assignment",
    "gini": "concentrations",
    "lorenz_curve": "concentrations",
    "match_clusters": "cluster_matching",
    "review_tiers": "tier_review",
    "score_contribution": "contributions",
    "score_loyalty": "loyalties",
    "score_potential": "potentials",
    "score_rfm": "rfm",
    "score_similarity": "look_alikes",
    "screen_key_accounts": "key_accounts",
    "segment_profile": "profile",
    "tiers": "tiers",
    "weight_sensitivity": "weight_sensitivities",
}

__all__ = sorted(_HOMES)

__getattr__, __dir__ = _lazy_names(__name__, _HOMES, globals())
