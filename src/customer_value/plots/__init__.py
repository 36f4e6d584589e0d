"""Pictures of result frames: each function takes a frame and gives back the Axes. Needs matplotlib (extra `plots`)."""

from customer_value.plots.alive_history import alive_history
from customer_value.plots.backtest import backtest
from customer_value.plots.bridge_waterfall import bridge_waterfall
from customer_value.plots.calibration import calibration_by_frequency
from customer_value.plots.cluster_choice import cluster_choice
from customer_value.plots.cluster_profiles import cluster_profiles
from customer_value.plots.cohort_heatmap import cohort_heatmap
from customer_value.plots.drift import drift
from customer_value.plots.frequency_recency import frequency_recency
from customer_value.plots.gains import gains
from customer_value.plots.heterogeneity import heterogeneity
from customer_value.plots.inactivity import inactivity
from customer_value.plots.lorenz import lorenz
from customer_value.plots.migration_flow import migration_flow
from customer_value.plots.pareto import pareto
from customer_value.plots.profit import profit
from customer_value.plots.qini import qini
from customer_value.plots.reliability import reliability
from customer_value.plots.retention_curves import retention_curves
from customer_value.plots.rfm import rfm_heatmap
from customer_value.plots.segment_share import segment_share
from customer_value.plots.stage_mix import stage_mix
from customer_value.plots.survival import retention, survival
from customer_value.plots.survival_steps import survival_steps
from customer_value.plots.top_customers import top_customers
from customer_value.plots.tracking import tracking

__all__ = [
    "alive_history",
    "backtest",
    "bridge_waterfall",
    "calibration_by_frequency",
    "cluster_choice",
    "cluster_profiles",
    "cohort_heatmap",
    "drift",
    "frequency_recency",
    "gains",
    "heterogeneity",
    "inactivity",
    "lorenz",
    "migration_flow",
    "pareto",
    "profit",
    "qini",
    "reliability",
    "retention",
    "retention_curves",
    "rfm_heatmap",
    "segment_share",
    "stage_mix",
    "survival",
    "survival_steps",
    "top_customers",
    "tracking",
]
