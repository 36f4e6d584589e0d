"""Customer lifetime value: purchase models, spend models, and what follows from them."""

from customer_value.clv.backtesting import backtest
from customer_value.clv.bg_bb import BGBB
from customer_value.clv.bg_nbd import BGNBD
from customer_value.clv.comparison import compare_models
from customer_value.clv.evaluation import calibration_by_frequency, tracking_table
from customer_value.clv.gamma_gamma import GammaGamma
from customer_value.clv.mbg_nbd import MBGNBD
from customer_value.clv.pareto_nbd import ParetoNBD
from customer_value.clv.value import score_clv

__all__ = [
    "BGBB",
    "BGNBD",
    "MBGNBD",
    "GammaGamma",
    "ParetoNBD",
    "backtest",
    "calibration_by_frequency",
    "compare_models",
    "score_clv",
    "tracking_table",
]
