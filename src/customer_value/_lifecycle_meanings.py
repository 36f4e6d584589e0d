"""What the columns of stages, histories, migration, cohorts and revenue mean: column -> (meaning, unit)."""

from customer_value._meanings import SHARE

STAGES: dict[str, tuple[str, str]] = {
    "lifecycle_stage": ("where the customer stands in the relationship, against his own purchase rhythm", "label"),
    "lifecycle_stage_behaviour": ("how customers of this stage behave", "text"),
    "lifecycle_stage_role": ("what customers of this stage are to the company", "text"),
    "lifecycle_stage_action": ("what the company does for customers of this stage", "text"),
    "stage": ("stage of the relationship", "label"),
    "behaviour": ("how customers of this stage behave", "text"),
    "role": ("what customers of this stage are to the company", "text"),
    "action": ("what the company does for customers of this stage", "text"),
}
MIGRATION = {
    "next_cutoff": ("the date that follows cutoff, at which customers are looked at again", "date"),
    "from_state": ("state at the earlier date; entered: not there yet", "label"),
    "to_state": ("state at the later date; left: no longer there", "label"),
    "value_before": ("value of these customers at the earlier date; null where they were not there", "currency"),
    "value_after": ("value of these customers at the later date; null where they were not there", "currency"),
    "value_change": (
        "value at the later date less that at the earlier one, nothing where they were not there",
        "currency",
    ),
    "statistic": ("chi-squared statistic of moves by period", "number"),
    "smallest_expected": ("moves expected in the rarest cell if all periods were alike", "count"),
    "state": ("state of the chain", "label"),
    "reward": ("what a customer in the state brings in a period", "currency"),
    "state_value": ("reward of now and the discounted rewards expected of the periods ahead", "currency"),
    "future_value": ("state_value without the reward of now", "currency"),
    "expected_customers": ("customers expected in the state after so many periods", "count"),
    "expected_reward": ("what they are expected to bring in the period, not discounted", "currency"),
    "steady_share": ("share of time spent in the state in the long run", SHARE),
    "steady_customers": ("customers in the state once inflow and outflow settle; null where it grows on", "count"),
}
COHORTS: dict[str, tuple[str, str]] = {
    "pooled": ("whether the row holds all cohorts together", "true or false"),
    "calendar_period": ("the calendar's name of the cohort's period, such as 2026-01 or 2026Q1", "text"),
    "cohort_size": ("customers of the cohort", "count"),
    "revenue": ("sum of amounts, refunds taken off, in the row's period", "currency"),
    "cumulative_revenue": ("revenue of those at_risk, from their first purchase to the end of the period", "currency"),
    "margin": ("sum of each amount's share that is margin, in the row's period", "currency"),
    "projected": ("whether a model expects the row's customers, who were not observed yet", "true or false"),
    "complete": ("whether the period was observed in whole for all of at_risk", "true or false"),
}
REVENUE: dict[str, tuple[str, str]] = {
    "customers_before": ("customers who bought in the earlier one of two windows", "count"),
    "retained": ("those of customers_before who bought in the later window too", "count"),
    "logo_retention": ("retained, as a share of customers_before", SHARE),
    "revenue_before": ("revenue of the earlier window, refunds taken off", "currency"),
    "revenue_retained": ("revenue of the same customers in the later window", "currency"),
    "revenue_retention": ("revenue_retained as a share of revenue_before; above 1 where they buy more", "share"),
    "logo_target": ("least share of customers to keep", SHARE),
    "logo_gap": ("logo_retention less logo_target", "share"),
    "attained": ("whether logo_retention is at logo_target or above", "true or false"),
    "window": ("length of each of the two windows", "text"),
}
