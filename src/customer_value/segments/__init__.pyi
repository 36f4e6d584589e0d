# What __init__.py loads on first use, spelled out for type checkers; a test holds the two equal.
from customer_value.segments.named import assign_segments as assign_segments
from customer_value.segments.presets import TEN_SEGMENTS as TEN_SEGMENTS
from customer_value.segments.profile import segment_profile as segment_profile
from customer_value.segments.rfm import score_rfm as score_rfm
from customer_value.segments.rules import RulesCheck as RulesCheck
from customer_value.segments.rules import SegmentRules as SegmentRules

__all__: list[str]

def __dir__() -> list[str]: ...
