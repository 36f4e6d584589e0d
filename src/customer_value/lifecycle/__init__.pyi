# What __init__.py loads on first use, spelled out for type checkers; a test holds the two equal.
from customer_value.lifecycle.history import lifecycle_history as lifecycle_history
from customer_value.lifecycle.history import snapshot_customers as snapshot_customers
from customer_value.lifecycle.lifecycle_schemes import LifecycleScheme as LifecycleScheme
from customer_value.lifecycle.lifecycle_schemes import PopulationRhythm as PopulationRhythm
from customer_value.lifecycle.lifecycle_schemes import SchemeCheck as SchemeCheck
from customer_value.lifecycle.markov import expected_path as expected_path
from customer_value.lifecycle.markov import markov_value as markov_value
from customer_value.lifecycle.markov import steady_state as steady_state
from customer_value.lifecycle.migration import segment_migration as segment_migration
from customer_value.lifecycle.scheme_presets import FIVE_STAGE as FIVE_STAGE
from customer_value.lifecycle.scheme_presets import FOUR_TYPE as FOUR_TYPE
from customer_value.lifecycle.scheme_presets import NEW_RETAINED as NEW_RETAINED
from customer_value.lifecycle.spells import stage_durations as stage_durations
from customer_value.lifecycle.spells import stage_spells as stage_spells
from customer_value.lifecycle.stage_map import lifecycle_map as lifecycle_map
from customer_value.lifecycle.stages import assign_lifecycle as assign_lifecycle
from customer_value.lifecycle.stages import fit_lifecycle_scheme as fit_lifecycle_scheme
from customer_value.lifecycle.transitions import check_stationarity as check_stationarity
from customer_value.lifecycle.transitions import transition_matrix as transition_matrix

__all__: list[str]

def __dir__() -> list[str]: ...
