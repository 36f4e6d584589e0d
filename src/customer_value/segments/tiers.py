"""Small functions that make tier schemes: by shares, ranks and thresholds, by several criteria, by points, ready-made.

Each gives a `TierScheme` for `assign_tiers`. Tiers are named best first; `tiers=` takes names, or names with their
labels, ``{"gold": ("Gold", "金牌客户"), ...}``, or the name of a preset, whose names and labels are then used.
"""

from customer_value.segments.tiers_of_criteria import matrix, points, preset, preset_names, scorecard
from customer_value.segments.tiers_of_scores import abc, pyramid, quantiles, thresholds

__all__ = ["abc", "matrix", "points", "preset", "preset_names", "pyramid", "quantiles", "scorecard", "thresholds"]
