"""Customer records into decisions: lifetime value, churn risk, segments and lifecycle stages over DataFrames.

Importing this package imports nothing else: every name is loaded when it is first used (PEP 562).
"""

from importlib import import_module as _import_module
from typing import Any as _Any

__version__ = "0.1.0"

_ROOMS = ("churn", "clv", "datasets", "lifecycle", "plots", "segments", "transactions")
_FUNCTIONS = {
    "alive_history": "clv",
    "assign_clusters": "segments",
    "assign_lifecycle": "lifecycle",
    "assign_quadrants": "segments",
    "assign_segments": "segments",
    "assign_targets": "churn",
    "assign_tiers": "segments",
    "calibration_by_frequency": "clv",
    "check_assumptions": "clv",
    "check_stationarity": "lifecycle",
    "choose_inactivity_window": "churn",
    "choose_n_clusters": "segments",
    "churn_features": "churn",
    "churn_labels": "churn",
    "churn_reasons": "churn",
    "churn_snapshots": "churn",
    "clean_log": "transactions",
    "cohort_renewals": "transactions",
    "cohort_table": "transactions",
    "compare_survival": "churn",
    "concentration": "segments",
    "cost_to_serve": "segments",
    "customer_equity": "clv",
    "data_quality": "transactions",
    "describe_columns": "columns",
    "drift_report": "churn",
    "early_warnings": "churn",
    "evaluate_churn": "churn",
    "event_risk": "churn",
    "expand_subscriptions": "transactions",
    "expected_path": "lifecycle",
    "fit_lifecycle_scheme": "lifecycle",
    "fit_rfm_scheme": "segments",
    "fit_rhythm_population": "transactions",
    "fit_tier_scheme": "segments",
    "gains_curve": "churn",
    "gross_revenue_retention": "transactions",
    "growth_decomposition": "transactions",
    "leakage_report": "churn",
    "life_table": "churn",
    "lifecycle_history": "lifecycle",
    "lifecycle_map": "lifecycle",
    "lift_table": "churn",
    "load_models": "saving",
    "lorenz_curve": "segments",
    "markov_value": "lifecycle",
    "net_revenue_retention": "transactions",
    "profit_curve": "churn",
    "purchase_rhythm": "transactions",
    "qini_curve": "churn",
    "quick_ratio": "transactions",
    "reason_codes": "churn",
    "retention_rates": "transactions",
    "revenue_bridge": "transactions",
    "review_tiers": "segments",
    "save_models": "saving",
    "score_churn": "churn",
    "score_clv": "clv",
    "score_contribution": "segments",
    "score_loyalty": "segments",
    "score_potential": "segments",
    "score_rfm": "segments",
    "score_similarity": "segments",
    "screen_key_accounts": "segments",
    "segment_migration": "lifecycle",
    "segment_profile": "segments",
    "snapshot_customers": "lifecycle",
    "split_holdout": "transactions",
    "stage_durations": "lifecycle",
    "stage_spells": "lifecycle",
    "steady_state": "lifecycle",
    "subscription_churn_labels": "churn",
    "summarize_contracts": "transactions",
    "summarize_customers": "transactions",
    "summarize_holdout": "transactions",
    "summarize_opportunities": "transactions",
    "summarize_renewals": "transactions",
    "survival_table": "churn",
    "tracking_table": "clv",
    "transition_matrix": "lifecycle",
    "value_customers": "clv",
    "weight_sensitivity": "segments",
    "win_back": "churn",
}
_ERRORS = (
    "ConvergenceError",
    "CustomerValueError",
    "CustomerValueWarning",
    "DataWarning",
    "FitWarning",
    "InputError",
    "MissingDependencyError",
    "NotFittedError",
)
_HOMES = {
    **{room: f"customer_value.{room}" for room in _ROOMS},
    **{name: f"customer_value.{home}" for name, home in _FUNCTIONS.items()},
    **dict.fromkeys(_ERRORS, "customer_value.errors"),
}

__all__ = sorted([*_HOMES, "__version__"])  # derived from the tables above, so that no name is written twice


def __getattr__(name: str) -> _Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _import_module(_HOMES[name])
    found = home if name in _ROOMS else getattr(home, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
