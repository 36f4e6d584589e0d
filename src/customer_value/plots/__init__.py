"""Pictures of result frames: each function takes a frame and gives back the Axes. Needs matplotlib (extra `plots`)."""

from customer_value.plots.alive_history import alive_history
from customer_value.plots.backtest import backtest
from customer_value.plots.calibration import calibration_by_frequency
from customer_value.plots.frequency_recency import frequency_recency
from customer_value.plots.heterogeneity import heterogeneity
from customer_value.plots.rfm import rfm_heatmap
from customer_value.plots.survival import retention, survival
from customer_value.plots.top_customers import top_customers
from customer_value.plots.tracking import tracking

__all__ = [
    "alive_history",
    "backtest",
    "calibration_by_frequency",
    "frequency_recency",
    "heterogeneity",
    "retention",
    "rfm_heatmap",
    "survival",
    "top_customers",
    "tracking",
]
