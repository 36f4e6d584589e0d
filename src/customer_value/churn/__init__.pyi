# What __init__.py loads on first use, spelled out for type checkers; a test holds the two equal.
from customer_value.churn.classifier import ChurnClassifier as ChurnClassifier
from customer_value.churn.cox import CoxModel as CoxModel
from customer_value.churn.drift import drift_report as drift_report
from customer_value.churn.early_warning import early_warnings as early_warnings
from customer_value.churn.empc import empc_fraction as empc_fraction
from customer_value.churn.empc import empc_score as empc_score
from customer_value.churn.empc import mpc_fraction as mpc_fraction
from customer_value.churn.empc import mpc_score as mpc_score
from customer_value.churn.evaluation import ChurnReport as ChurnReport
from customer_value.churn.evaluation import evaluate_churn as evaluate_churn
from customer_value.churn.event_risks import event_risk as event_risk
from customer_value.churn.features import churn_features as churn_features
from customer_value.churn.hazard import DiscreteTimeHazard as DiscreteTimeHazard
from customer_value.churn.inactivity import choose_inactivity_window as choose_inactivity_window
from customer_value.churn.labels import churn_labels as churn_labels
from customer_value.churn.leakage import leakage_report as leakage_report
from customer_value.churn.life_tables import life_table as life_table
from customer_value.churn.lift import gains_curve as gains_curve
from customer_value.churn.lift import lift_table as lift_table
from customer_value.churn.profit import contact_threshold as contact_threshold
from customer_value.churn.profit import profit_curve as profit_curve
from customer_value.churn.purchase_churn import PurchaseChurn as PurchaseChurn
from customer_value.churn.qini import qini_curve as qini_curve
from customer_value.churn.ranking import gini_score as gini_score
from customer_value.churn.ranking import score_interval as score_interval
from customer_value.churn.ranking import top_decile_lift as top_decile_lift
from customer_value.churn.reason_rules import REASON_RULES as REASON_RULES
from customer_value.churn.reason_rules import ReasonRule as ReasonRule
from customer_value.churn.reasons import reason_codes as reason_codes
from customer_value.churn.reasons_table import churn_reasons as churn_reasons
from customer_value.churn.recency_rule import RecencyRule as RecencyRule
from customer_value.churn.scoring import score_churn as score_churn
from customer_value.churn.snapshots import churn_snapshots as churn_snapshots
from customer_value.churn.snapshots import split_xy as split_xy
from customer_value.churn.splits import GroupPurgedTimeSplit as GroupPurgedTimeSplit
from customer_value.churn.splits import PurgedTimeSplit as PurgedTimeSplit
from customer_value.churn.subscription_labels import subscription_churn_labels as subscription_churn_labels
from customer_value.churn.survival_churn import SurvivalChurn as SurvivalChurn
from customer_value.churn.survival_comparison import compare_survival as compare_survival
from customer_value.churn.survival_curves import kaplan_meier as kaplan_meier
from customer_value.churn.survival_curves import survival_table as survival_table
from customer_value.churn.targets import assign_targets as assign_targets
from customer_value.churn.uplift import SLearner as SLearner
from customer_value.churn.uplift import TLearner as TLearner
from customer_value.churn.winning_back import win_back as win_back

__all__: list[str]

def __dir__() -> list[str]: ...
