"""The customer over time: where each stands in the relationship, where he came from, where he goes next.

Names load their file on first use (PEP 562).
"""

from customer_value._lazy import lazy_names as _lazy_names

_HOMES = {
    "FIVE_STAGE": "scheme_presets",
    "FOUR_TYPE": "scheme_presets",
    "LifecycleScheme": "lifecycle_schemes",
    "NEW_RETAINED": "scheme_presets",
    "PopulationRhythm": "lifecycle_schemes",
    "SchemeCheck": "lifecycle_schemes",
    "assign_lifecycle": "stages",
    "check_stationarity": "transitions",
    "expected_path": "markov",
    "fit_lifecycle_scheme": "stages",
    "lifecycle_history": "history",
    "lifecycle_map": "stage_map",
    "markov_value": "markov",
    "segment_migration": "migration",
    "snapshot_customers": "history",
    "stage_durations": "spells",
    "stage_spells": "spells",
    "steady_state": "markov",
    "transition_matrix": "transitions",
}

__all__ = sorted(_HOMES)

__getattr__, __dir__ = _lazy_names(__name__, _HOMES, globals())
