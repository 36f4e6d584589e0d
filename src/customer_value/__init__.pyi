# What __init__.py loads on first use, spelled out for type checkers and completion; a test holds the two equal.
from customer_value import churn as churn
from customer_value import clv as clv
from customer_value import datasets as datasets
from customer_value import plots as plots
from customer_value import segments as segments
from customer_value import transactions as transactions
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
from customer_value.transactions import split_holdout as split_holdout
from customer_value.transactions import summarize_contracts as summarize_contracts
from customer_value.transactions import summarize_customers as summarize_customers
from customer_value.transactions import summarize_holdout as summarize_holdout
from customer_value.transactions import summarize_opportunities as summarize_opportunities
from customer_value.transactions import summarize_renewals as summarize_renewals

__version__: str
__all__: list[str]

def __dir__() -> list[str]: ...
