"""Customer lifetime value: purchase models, spend models, and what follows from them."""

from customer_value.clv.alive_history import alive_history
from customer_value.clv.assumptions import check_assumptions
from customer_value.clv.backtesting import backtest
from customer_value.clv.beta_discrete_weibull import BetaDiscreteWeibull
from customer_value.clv.bg_bb import BGBB
from customer_value.clv.bg_cnbd import BGCNBD
from customer_value.clv.bg_nbd import BGNBD
from customer_value.clv.bridge import from_lifetimes
from customer_value.clv.comparison import compare_models
from customer_value.clv.equity import acquisition_value, customer_equity
from customer_value.clv.evaluation import calibration_by_frequency
from customer_value.clv.frequency_recency import frequency_recency_table
from customer_value.clv.gamma_gamma import GammaGamma
from customer_value.clv.ggompertz_nbd import GGompertzNBD
from customer_value.clv.heterogeneity import heterogeneity_table
from customer_value.clv.mbg_cnbd import MBGCNBD
from customer_value.clv.mbg_nbd import MBGNBD
from customer_value.clv.nbd import NBD
from customer_value.clv.pareto_nbd import ParetoNBD
from customer_value.clv.shifted_beta_geometric import ShiftedBetaGeometric
from customer_value.clv.tracking import tracking_table
from customer_value.clv.valuation import ValueReport, value_customers
from customer_value.clv.value import score_clv

__all__ = [
    "BGBB",
    "BGCNBD",
    "BGNBD",
    "MBGCNBD",
    "MBGNBD",
    "NBD",
    "BetaDiscreteWeibull",
    "GGompertzNBD",
    "GammaGamma",
    "ParetoNBD",
    "ShiftedBetaGeometric",
    "ValueReport",
    "acquisition_value",
    "alive_history",
    "backtest",
    "calibration_by_frequency",
    "check_assumptions",
    "compare_models",
    "customer_equity",
    "frequency_recency_table",
    "from_lifetimes",
    "heterogeneity_table",
    "score_clv",
    "tracking_table",
    "value_customers",
]
