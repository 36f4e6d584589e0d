"""Churn risk that can be acted on: labels, features without a leak, calibrated models, decisions and their reasons.

Names load their file on first use (PEP 562): labels and tables need no scikit-learn, and importing the room loads none.
"""

from customer_value._lazy import lazy_names as _lazy_names

_HOMES = {
    "ChurnClassifier": "classifier",
    "ChurnReport": "evaluation",
    "CoxModel": "cox",
    "DiscreteTimeHazard": "hazard",
    "GroupPurgedTimeSplit": "splits",
    "PurchaseChurn": "purchase_churn",
    "PurgedTimeSplit": "splits",
    "REASON_RULES": "reason_rules",
    "ReasonRule": "reason_rules",
    "RecencyRule": "recency_rule",
    "SLearner": "uplift",
    "SurvivalChurn": "survival_churn",
    "TLearner": "uplift",
    "assign_targets": "targets",
    "choose_inactivity_window": "inactivity",
    "churn_features": "features",
    "churn_labels": "labels",
    "churn_reasons": "reasons_table",
    "churn_snapshots": "snapshots",
    "compare_survival": "survival_comparison",
    "contact_threshold": "profit",
    "drift_report": "drift",
    "early_warnings": "early_warning",
    "empc_fraction": "empc",
    "empc_score": "empc",
    "evaluate_churn": "evaluation",
    "event_risk": "event_risks",
    "gains_curve": "lift",
    "gini_score": "ranking",
    "kaplan_meier": "survival_curves",
    "leakage_report": "leakage",
    "life_table": "life_tables",
    "lift_table": "lift",
    "mpc_fraction": "empc",
    "mpc_score": "empc",
    "profit_curve": "profit",
    "qini_curve": "qini",
    "reason_codes": "reasons",
    "score_churn": "scoring",
    "score_interval": "ranking",
    "split_xy": "snapshots",
    "subscription_churn_labels": "subscription_labels",
    "survival_table": "survival_curves",
    "top_decile_lift": "ranking",
    "win_back": "winning_back",
}

__all__ = sorted(_HOMES)

__getattr__, __dir__ = _lazy_names(__name__, _HOMES, globals())
