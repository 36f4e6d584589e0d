"""What the columns of logs, summaries, models and segments mean: group by group, column -> (meaning, unit)."""

RULER = "the frame's time_unit"
PROBABILITY = "probability, 0 to 1"
SHARE = "share, 0 to 1"

LOG = {
    "customer_id": ("the customer", "key"),
    "date": ("when the transaction took place; in a history, the day at whose end it was known", "date"),
    "amount": ("what the transaction brought in; a refund is negative", "currency"),
    "order_id": ("the order that the row belongs to", "key"),
}
SUMMARY = {
    "frequency": ("repeat purchase periods: periods with a purchase after the first one", "count"),
    "recency": ("time from the first to the last purchase period; not the R of RFM", RULER),
    "T": ("time from the first purchase period to observation_end", RULER),
    "monetary_value": ("mean amount of a repeat purchase period; null without one", "currency"),
    "purchases": ("purchase periods, frequency + 1", "count"),
    "orders": ("distinct orders, apart from refunds", "count"),
    "time_since_last": ("time from the last purchase period to observation_end; the R of RFM", RULER),
    "total_value": ("sum of amounts, refunds taken off; the M of RFM", "currency"),
    "first_date": ("day of the first purchase", "date"),
    "last_date": ("day of the last purchase", "date"),
    "log_intervals": ("sum of the logarithms of the times between consecutive purchase periods", "logarithm of time"),
    "observation_end": ("last day observed, inclusive", "date"),
    "time_unit": ("the ruler of every time in the frame", "text"),
}
RHYTHM = {
    "mean_gap": ("mean time between the customer's purchases; null without a repeat", RULER),
    "median_gap": ("median time between the customer's purchases; null without a repeat", RULER),
    "last_gap": ("time between the customer's last two purchases; null without a repeat", RULER),
    "gap_cv": ("standard deviation of the customer's gaps divided by their mean; null below two gaps", "ratio"),
    "gap_trend": ("factor from a gap to the next, above 1 where they get longer; null below three gaps", "ratio"),
    "trend_p_value": ("p-value of gaps that get longer: small where the rate of purchases falls", PROBABILITY),
    "usual_gap": ("usual time between purchases: own gaps and the population's, weighted", RULER),
    "own_weight": ("weight of the customer's own gaps in usual_gap", SHARE),
    "rhythm_basis": ("what usual_gap rests on: own gaps, both (shrunk), or the population's", "text"),
    "regularity": ("1 / (1 + CV) of the gaps, shrunk: .5 for purchases by chance, 1 for clockwork", "0 to 1"),
    "overdue_ratio": ("time_since_last divided by usual_gap", "ratio"),
    "silence_probability": ("chance that one of the customer's gaps outlasts the silence so far", PROBABILITY),
    "due_date": ("last purchase plus usual_gap; in the past where overdue", "date"),
    "next_purchase": ("date by which the next purchase is as likely as not, if still a customer", "date"),
}
HOLDOUT = {
    "holdout_purchases": ("purchase periods seen in the holdout; 0 where observed without one", "count"),
    "holdout_value": ("sum of amounts seen in the holdout, refunds taken off", "currency"),
    "holdout_duration": ("length of the holdout", RULER),
}
OPPORTUNITIES = {
    "opportunities": (
        "occasions after the first purchase on which the customer could have bought; frequency and recency beside it "
        "count occasions",
        "count",
    ),
}
CONTRACTS = {
    "cohort": (
        "what a cohort's customers share: period of the first purchase, or an attribute; of contracts, the first day "
        "on which one can start, after the value of by= if there is one; all where cohorts are pooled",
        "text",
    ),
    "at_risk": (
        "those who could leave: contracts of the cohort whose renewal fell due in the period; customers under "
        "observation in it, or just before the time",
        "count",
    ),
    "lost": (
        "contracts of the cohort that were not renewed in the period; customers who left in it, at the time, or from "
        "the group",
        "count",
    ),
    "renewals": ("renewals made of the customer's latest contract", "count"),
    "active": (
        "whether the customer's latest contract runs on after observation_end; beside a cutoff: whether he was active "
        "at it, with a contract or a purchase of late",
        "true or false",
    ),
    "time_to_renewal": ("share of a period that is left until the next renewal; 0 where not active", SHARE),
    "tenure": ("time from the start of the latest contract to its end, or to observation_end", RULER),
    "contracts": ("contracts that the customer has had, a gap between each two", "count"),
    "first_start": ("first day of the customer's first contract", "date"),
    "contract_start": ("first day of the customer's latest contract", "date"),
    "survival": (
        "probability that a new customer makes at least that many renewals, or is still there at the period's end, or "
        "just after the time",
        PROBABILITY,
    ),
    "retention": ("share that renews, of those whose contract has run until then; null before the first", SHARE),
}
VALUE = {
    "p_alive": (
        "probability of still being a customer at observation_end, or at the end of date; null where the data cannot "
        "support it",
        PROBABILITY,
    ),
    "p_active": ("probability of at least one purchase within the horizon", PROBABILITY),
    "expected_purchases": ("expected number of purchases within the horizon", "count"),
    "expected_spend": ("expected amount of one future purchase", "currency"),
    "clv": ("future value: discounted margin of the purchases expected within the horizon", "currency"),
    "clv_if_alive": ("clv of a customer known to be alive at observation_end", "currency"),
    "horizon": ("how far ahead the forecast looks", RULER),
}
# What an interval's ends are ends of: means carry their column's name, outcomes a name of their own.
INTERVALS = {
    "rate": ("the interval of rate", SHARE),
    "logo_retention": ("the interval of logo_retention", SHARE),
    "revenue_retention": ("the interval of revenue_retention, over customers", "share"),
    "net_revenue_retention": ("the interval of net_revenue_retention, over customers", "share"),
    "gross_revenue_retention": ("the interval of gross_revenue_retention, over customers", SHARE),
    "state_value": ("the interval of state_value, over the moves seen", "currency"),
    "median_duration": ("the interval of median_duration", "the time_unit asked"),
    "share_of_customers": ("the interval of share_of_customers, over customers", SHARE),
    "share_one_time": ("the interval of share_one_time, over customers", SHARE),
    "mean_value": ("the interval of mean_value, over customers", "currency"),
    "mean_clv": ("the interval of mean_clv, over customers", "currency"),
    "result": ("the interval of result, over customers", "of the measure"),
    "share": ("the interval of share", SHARE),
    "relative_risk": ("the interval of relative_risk", "ratio"),
    "adjusted_relative_risk": ("the interval of adjusted_relative_risk", "ratio"),
    "risk_difference": ("the interval of risk_difference", "-1 to 1"),
    "purchases_rate_ratio": ("the interval of purchases_rate_ratio", "ratio"),
    "contacts_rate_ratio": ("the interval of contacts_rate_ratio", "ratio"),
    "purchases_limit": ("the control limits of purchases_recent", "count"),
    "contacts_limit": ("the control limits of contacts_recent", "count"),
    "churn_rate": ("the interval of churn_rate", SHARE),
    "auc": ("the interval of auc, over customers", PROBABILITY),
    "gini": ("the interval of gini, over customers", "-1 to 1"),
    "top_decile_lift": ("the interval of top_decile_lift, over customers", "ratio"),
    "average_precision": ("the interval of average_precision, over customers", SHARE),
    "brier": ("the interval of brier, over customers", "number"),
    "observed_expected": ("the interval of observed_expected, over customers", "ratio"),
    "empc": ("the interval of empc, over customers", "currency"),
    "mpc": ("the interval of mpc, over customers", "currency"),
    "difference": ("the interval of difference, over customers", "of the measure"),
    "qini": ("the interval of qini, over customers", SHARE),
    "next_purchase": ("the interval of the date of the next purchase, if still a customer", "date"),
    "observed": ("the interval of the observed mean", "count"),
    "expected_purchases": ("the interval of the mean expected_purchases", "count"),
    "clv": ("the interval of the mean clv", "currency"),
    "equity": ("the interval of equity, from how well the parameters are known", "currency"),
    "purchases": ("the interval of the number of purchases that the customer will make within the horizon", "count"),
    "value": ("the interval of the value that the customer will really bring within the horizon", "currency"),
    "survival": ("the interval of survival, from how well it is known", PROBABILITY),
    "retention": ("the interval of retention, from how well the model is known", SHARE),
    "hazard": ("the interval of hazard", SHARE),
    "churn_probability": ("the interval of churn_probability, from how well the model is known", PROBABILITY),
    "odds_ratio": ("the interval of odds_ratio", "ratio"),
    "hazard_ratio": ("the interval of hazard_ratio", "ratio"),
    "return_rate": ("the interval of return_rate, the silences of a customer being alike", SHARE),
    "false_alarm_rate": ("the interval of false_alarm_rate", SHARE),
    "late_alarm_rate": ("the interval of late_alarm_rate", SHARE),
}
WINDOWS = {
    "events": ("events in the {window} before the cutoff, refunds apart", "count"),
    "active_days": ("days with an event in the {window} before the cutoff", "count"),
    "purchases": ("purchase periods in the {window} up to observation_end", "count"),
    "value": ("sum of amounts in the {window} up to observation_end, refunds taken off", "currency"),
}
EVALUATION = {
    "predicted": ("mean of expected_purchases over the customers of the row", "count"),
    "observed": ("mean of holdout_purchases over the customers of the row", "count"),
    "period": (
        "number of the period, 1 is the first; of cohorts, 0 is that of the first purchase; of windows, the name of "
        "the period that the later one ends with",
        "number, or text",
    ),
    "period_end": ("last day of the period", "date"),
    "expected": ("repeat purchases of the cohort that the model expects in the period", "count"),
    "actual": ("repeat purchases of the cohort in the period", "count"),
    "expected_cumulative": ("expected, from the first period to the end of this one", "count"),
    "actual_cumulative": ("actual, from the first period to the end of this one", "count"),
    "purchase": ("whether the customer bought in the period that ends with date", "true or false"),
    "in_calibration": ("whether the period ends within the data that the model was fitted on", "true or false"),
}
COMPARISON = {
    "model": ("name of the model", "text"),
    "parameters": ("how many parameters the model has", "count"),
    "log_likelihood": ("log-likelihood of the model on the calibration data; larger is better", "log probability"),
    "aic": ("2 x parameters - 2 x log_likelihood; smaller is better", "log probability"),
    "bic": ("parameters x ln(customers) - 2 x log_likelihood; smaller is better", "log probability"),
    "nested": ("the simpler model of the table that is a special case of this one", "text"),
    "lr_statistic": ("likelihood ratio statistic against the nested model", "number"),
    "lr_p_value": ("its p-value; an upper bound where the simpler model lies on the boundary", PROBABILITY),
    "observed_purchases": ("purchases that the holdout saw", "count"),
    "mae": ("mean absolute error of a customer's purchases", "count"),
    "rmse": ("root mean squared error of a customer's purchases", "count"),
    "rank_correlation": ("Spearman's correlation of expected and observed purchases", "-1 to 1"),
    "log_score": (
        "mean log probability that the model had given to what each customer then did; larger is better",
        "log probability",
    ),
    "mae_value": ("mean absolute error of a customer's value", "currency"),
    "rmse_value": ("root mean squared error of a customer's value", "currency"),
    "cutoff": ("first day of the future: the model knew what lies before", "date"),
    "verdict": (
        "fine, look, or not checked; of drift: stable, drift, and so on; of clusters: recommended, candidate, rejected",
        "text",
    ),
}
EQUITY = {
    "group": ("the group of customers that is summed; all where none was named", "text"),
    "equity": ("future value of the group's customers together", "currency"),
    "equity_per_customer": ("equity divided by the number of customers", "currency"),
}
HETEROGENEITY = {
    "rate": (
        "share: of the customers of from_state that moved so, of a cohort that bought; in heterogeneity_table, the "
        "name of the rate that differs between customers",
        "share of 1, or text",
    ),
    "rate_value": ("size of the rate: per time unit, or a probability", "of the rate"),
    "density": ("density of customers at this size of the rate; null where it is infinite", "per unit of the rate"),
    "cumulative_share": (
        "share of the customers up to and with this row: with a rate of at most this, or with this reason or one above",
        SHARE,
    ),
    "rate_mean": ("mean of the rate over all customers", "of the rate"),
}
