"""Who belongs together: RFM scores, named segments and their profiles."""

from customer_value.segments.named import assign_segments
from customer_value.segments.presets import TEN_SEGMENTS
from customer_value.segments.profile import segment_profile
from customer_value.segments.rfm import score_rfm
from customer_value.segments.rules import RulesCheck, SegmentRules

__all__ = [
    "TEN_SEGMENTS",
    "RulesCheck",
    "SegmentRules",
    "assign_segments",
    "score_rfm",
    "segment_profile",
]
