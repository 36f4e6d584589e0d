"""The transaction log: cleaned, checked, summarized per customer, and split into what is known and what followed."""

from customer_value.transactions.cleaning import clean_log
from customer_value.transactions.cohorts import cohort_renewals, cohort_table
from customer_value.transactions.growth import growth_decomposition
from customer_value.transactions.holdout import split_holdout, summarize_holdout
from customer_value.transactions.opportunities import summarize_opportunities
from customer_value.transactions.quality import data_quality
from customer_value.transactions.renewals import summarize_contracts, summarize_renewals
from customer_value.transactions.retention import retention_rates
from customer_value.transactions.revenue import revenue_bridge
from customer_value.transactions.revenue_ratios import gross_revenue_retention, net_revenue_retention, quick_ratio
from customer_value.transactions.rhythm import fit_rhythm_population, purchase_rhythm
from customer_value.transactions.rhythm_population import RhythmPopulation
from customer_value.transactions.subscription_log import expand_subscriptions
from customer_value.transactions.summary import summarize_customers

__all__ = [
    "RhythmPopulation",
    "clean_log",
    "cohort_renewals",
    "cohort_table",
    "data_quality",
    "expand_subscriptions",
    "fit_rhythm_population",
    "gross_revenue_retention",
    "growth_decomposition",
    "net_revenue_retention",
    "purchase_rhythm",
    "quick_ratio",
    "retention_rates",
    "revenue_bridge",
    "split_holdout",
    "summarize_contracts",
    "summarize_customers",
    "summarize_holdout",
    "summarize_opportunities",
    "summarize_renewals",
]
