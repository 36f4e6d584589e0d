# What __init__.py loads on first use, spelled out for type checkers; a test holds the two equal.
from customer_value.segments import tiers as tiers
from customer_value.segments.cluster_assignment import assign_clusters as assign_clusters
from customer_value.segments.cluster_choice import choose_n_clusters as choose_n_clusters
from customer_value.segments.cluster_matching import ClusterMatch as ClusterMatch
from customer_value.segments.cluster_matching import match_clusters as match_clusters
from customer_value.segments.concentrations import concentration as concentration
from customer_value.segments.concentrations import gini as gini
from customer_value.segments.concentrations import lorenz_curve as lorenz_curve
from customer_value.segments.contributions import score_contribution as score_contribution
from customer_value.segments.key_accounts import screen_key_accounts as screen_key_accounts
from customer_value.segments.kmeans import KMeansSegmenter as KMeansSegmenter
from customer_value.segments.look_alikes import score_similarity as score_similarity
from customer_value.segments.loyalties import score_loyalty as score_loyalty
from customer_value.segments.named import assign_segments as assign_segments
from customer_value.segments.potentials import score_potential as score_potential
from customer_value.segments.presets import DONOR_SCHEME as DONOR_SCHEME
from customer_value.segments.presets import DONOR_SEGMENTS as DONOR_SEGMENTS
from customer_value.segments.presets import EIGHT_SEGMENTS as EIGHT_SEGMENTS
from customer_value.segments.presets import R_VIGNETTE as R_VIGNETTE
from customer_value.segments.presets import TEN_SEGMENTS as TEN_SEGMENTS
from customer_value.segments.profile import segment_profile as segment_profile
from customer_value.segments.quadrants import assign_quadrants as assign_quadrants
from customer_value.segments.rfm import fit_rfm_scheme as fit_rfm_scheme
from customer_value.segments.rfm import score_rfm as score_rfm
from customer_value.segments.rules import RulesCheck as RulesCheck
from customer_value.segments.rules import SegmentRules as SegmentRules
from customer_value.segments.scheme import RFMScheme as RFMScheme
from customer_value.segments.service_costs import cost_to_serve as cost_to_serve
from customer_value.segments.tier_assignment import assign_tiers as assign_tiers
from customer_value.segments.tier_assignment import fit_tier_scheme as fit_tier_scheme
from customer_value.segments.tier_parts import TierCriterion as TierCriterion
from customer_value.segments.tier_parts import TierCut as TierCut
from customer_value.segments.tier_review import review_tiers as review_tiers
from customer_value.segments.tier_scheme import TierCheck as TierCheck
from customer_value.segments.tier_scheme import TierScheme as TierScheme
from customer_value.segments.weight_sensitivities import weight_sensitivity as weight_sensitivity

__all__: list[str]

def __dir__() -> list[str]: ...
