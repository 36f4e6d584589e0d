# What __init__.py loads on first use, spelled out for type checkers and completion; a test holds the two equal.
from customer_value import churn as churn
from customer_value import clv as clv
from customer_value import datasets as datasets
from customer_value import plots as plots
from customer_value import segments as segments
from customer_value import transactions as transactions
from customer_value.churn import assign_targets as assign_targets
from customer_value.churn import choose_inactivity_window as choose_inactivity_window
from customer_value.churn import churn_features as churn_features
from customer_value.churn import churn_labels as churn_labels
from customer_value.churn import churn_reasons as churn_reasons
from customer_value.churn import churn_snapshots as churn_snapshots
from customer_value.churn import compare_survival as compare_survival
from customer_value.churn import drift_report as drift_report
from customer_value.churn import early_warnings as early_warnings
from customer_value.churn import evaluate_churn as evaluate_churn
from customer_value.churn import event_risk as event_risk
from customer_value.churn import gains_curve as gains_curve
from customer_value.churn import leakage_report as leakage_report
from customer_value.churn import life_table as life_table
from customer_value.churn import lift_table as lift_table
from customer_value.churn import profit_curve as profit_curve
from customer_value.churn import qini_curve as qini_curve
from customer_value.churn import reason_codes as reason_codes
from customer_value.churn import score_churn as score_churn
from customer_value.churn import subscription_churn_labels as subscription_churn_labels
from customer_value.churn import survival_table as survival_table
from customer_value.churn import win_back as win_back
from customer_value.clv import alive_history as alive_history
from customer_value.clv import calibration_by_frequency as calibration_by_frequency
from customer_value.clv import check_assumptions as check_assumptions
from customer_value.clv import customer_equity as customer_equity
from customer_value.clv import score_clv as score_clv
from customer_value.clv import tracking_table as tracking_table
from customer_value.clv import value_customers as value_customers
from customer_value.columns import describe_columns as describe_columns
from customer_value.errors import ConvergenceError as ConvergenceError
from customer_value.errors import CustomerValueError as CustomerValueError
from customer_value.errors import CustomerValueWarning as CustomerValueWarning
from customer_value.errors import DataWarning as DataWarning
from customer_value.errors import FitWarning as FitWarning
from customer_value.errors import InputError as InputError
from customer_value.errors import MissingDependencyError as MissingDependencyError
from customer_value.errors import NotFittedError as NotFittedError
from customer_value.saving import load_models as load_models
from customer_value.saving import save_models as save_models
from customer_value.segments import assign_segments as assign_segments
from customer_value.segments import score_rfm as score_rfm
from customer_value.segments import segment_profile as segment_profile
from customer_value.transactions import clean_log as clean_log
from customer_value.transactions import data_quality as data_quality
from customer_value.transactions import expand_subscriptions as expand_subscriptions
from customer_value.transactions import fit_rhythm_population as fit_rhythm_population
from customer_value.transactions import purchase_rhythm as purchase_rhythm
from customer_value.transactions import split_holdout as split_holdout
from customer_value.transactions import summarize_contracts as summarize_contracts
from customer_value.transactions import summarize_customers as summarize_customers
from customer_value.transactions import summarize_holdout as summarize_holdout
from customer_value.transactions import summarize_opportunities as summarize_opportunities
from customer_value.transactions import summarize_renewals as summarize_renewals

__version__: str
__all__: list[str]

def __dir__() -> list[str]: ...
