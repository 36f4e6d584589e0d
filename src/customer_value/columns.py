"""What every column that this library writes means: one dictionary, for people who open a result later."""

from __future__ import annotations

import re
from typing import cast

import numpy as np

from customer_value._frames import FrameT, as_given, make_frame, open_frame

__all__ = ["DICTIONARY", "describe_columns"]

_RULER = "the frame's time_unit"
_PROBABILITY = "probability, 0 to 1"
_SHARE = "share, 0 to 1"

_LOG = {
    "customer_id": ("the customer", "key"),
    "date": ("when the transaction took place; in a history, the day at whose end it was known", "date"),
    "amount": ("what the transaction brought in; a refund is negative", "currency"),
    "order_id": ("the order that the row belongs to", "key"),
}
_SUMMARY = {
    "frequency": ("repeat purchase periods: periods with a purchase after the first one", "count"),
    "recency": ("time from the first to the last purchase period; not the R of RFM", _RULER),
    "T": ("time from the first purchase period to observation_end", _RULER),
    "monetary_value": ("mean amount of a repeat purchase period; null without one", "currency"),
    "purchases": ("purchase periods, frequency + 1", "count"),
    "orders": ("distinct orders, apart from refunds", "count"),
    "time_since_last": ("time from the last purchase period to observation_end; the R of RFM", _RULER),
    "total_value": ("sum of amounts, refunds taken off; the M of RFM", "currency"),
    "first_date": ("day of the first purchase", "date"),
    "last_date": ("day of the last purchase", "date"),
    "log_intervals": ("sum of the logarithms of the times between consecutive purchase periods", "logarithm of time"),
    "observation_end": ("last day observed, inclusive", "date"),
    "time_unit": ("the ruler of every time in the frame", "text"),
}
_RHYTHM = {
    "mean_gap": ("mean time between the customer's purchases; null without a repeat", _RULER),
    "median_gap": ("median time between the customer's purchases; null without a repeat", _RULER),
    "last_gap": ("time between the customer's last two purchases; null without a repeat", _RULER),
    "gap_cv": ("standard deviation of the customer's gaps divided by their mean; null below two gaps", "ratio"),
    "gap_trend": ("factor from a gap to the next, above 1 where they get longer; null below three gaps", "ratio"),
    "trend_p_value": ("p-value of gaps that get longer: small where the rate of purchases falls", _PROBABILITY),
    "usual_gap": ("usual time between purchases: own gaps and the population's, weighted", _RULER),
    "own_weight": ("weight of the customer's own gaps in usual_gap", _SHARE),
    "rhythm_basis": ("what usual_gap rests on: own gaps, both (shrunk), or the population's", "text"),
    "regularity": ("1 / (1 + CV) of the gaps, shrunk: .5 for purchases by chance, 1 for clockwork", "0 to 1"),
    "overdue_ratio": ("time_since_last divided by usual_gap", "ratio"),
    "silence_probability": ("chance that one of the customer's gaps outlasts the silence so far", _PROBABILITY),
    "due_date": ("last purchase plus usual_gap; in the past where overdue", "date"),
    "next_purchase": ("date by which the next purchase is as likely as not, if still a customer", "date"),
}
_HOLDOUT = {
    "holdout_purchases": ("purchase periods seen in the holdout; 0 where observed without one", "count"),
    "holdout_value": ("sum of amounts seen in the holdout, refunds taken off", "currency"),
    "holdout_duration": ("length of the holdout", _RULER),
}
_OPPORTUNITIES = {
    "opportunities": (
        "occasions after the first purchase on which the customer could have bought; frequency and recency beside it "
        "count occasions",
        "count",
    ),
}
_CONTRACTS = {
    "cohort": ("first day on which a contract of the cohort can start, after the value of by= if there is one", "text"),
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
    "time_to_renewal": ("share of a period that is left until the next renewal; 0 where not active", _SHARE),
    "tenure": ("time from the start of the latest contract to its end, or to observation_end", _RULER),
    "contracts": ("contracts that the customer has had, a gap between each two", "count"),
    "first_start": ("first day of the customer's first contract", "date"),
    "contract_start": ("first day of the customer's latest contract", "date"),
    "survival": (
        "probability that a new customer makes at least that many renewals, or is still there at the period's end, or "
        "just after the time",
        _PROBABILITY,
    ),
    "retention": ("share that renews, of those whose contract has run until then; null before the first", _SHARE),
}
_VALUE = {
    "p_alive": (
        "probability of still being a customer at observation_end, or at the end of date; null where the data cannot "
        "support it",
        _PROBABILITY,
    ),
    "p_active": ("probability of at least one purchase within the horizon", _PROBABILITY),
    "expected_purchases": ("expected number of purchases within the horizon", "count"),
    "expected_spend": ("expected amount of one future purchase", "currency"),
    "clv": ("future value: discounted margin of the purchases expected within the horizon", "currency"),
    "clv_if_alive": ("clv of a customer known to be alive at observation_end", "currency"),
    "horizon": ("how far ahead the forecast looks", _RULER),
}
# What an interval's ends are ends of: means carry their column's name, outcomes a name of their own.
_INTERVALS = {
    "share": ("the interval of share", _SHARE),
    "relative_risk": ("the interval of relative_risk", "ratio"),
    "adjusted_relative_risk": ("the interval of adjusted_relative_risk", "ratio"),
    "risk_difference": ("the interval of risk_difference", "-1 to 1"),
    "purchases_rate_ratio": ("the interval of purchases_rate_ratio", "ratio"),
    "contacts_rate_ratio": ("the interval of contacts_rate_ratio", "ratio"),
    "purchases_limit": ("the control limits of purchases_recent", "count"),
    "contacts_limit": ("the control limits of contacts_recent", "count"),
    "churn_rate": ("the interval of churn_rate", _SHARE),
    "auc": ("the interval of auc, over customers", _PROBABILITY),
    "gini": ("the interval of gini, over customers", "-1 to 1"),
    "top_decile_lift": ("the interval of top_decile_lift, over customers", "ratio"),
    "average_precision": ("the interval of average_precision, over customers", _SHARE),
    "brier": ("the interval of brier, over customers", "number"),
    "observed_expected": ("the interval of observed_expected, over customers", "ratio"),
    "empc": ("the interval of empc, over customers", "currency"),
    "mpc": ("the interval of mpc, over customers", "currency"),
    "difference": ("the interval of difference, over customers", "of the measure"),
    "qini": ("the interval of qini, over customers", _SHARE),
    "next_purchase": ("the interval of the date of the next purchase, if still a customer", "date"),
    "observed": ("the interval of the observed mean", "count"),
    "expected_purchases": ("the interval of the mean expected_purchases", "count"),
    "clv": ("the interval of the mean clv", "currency"),
    "equity": ("the interval of equity, from how well the parameters are known", "currency"),
    "purchases": ("the interval of the number of purchases that the customer will make within the horizon", "count"),
    "value": ("the interval of the value that the customer will really bring within the horizon", "currency"),
    "survival": ("the interval of survival, from how well it is known", _PROBABILITY),
    "retention": ("the interval of retention, from how well the model is known", _SHARE),
    "hazard": ("the interval of hazard", _SHARE),
    "churn_probability": ("the interval of churn_probability, from how well the model is known", _PROBABILITY),
    "odds_ratio": ("the interval of odds_ratio", "ratio"),
    "hazard_ratio": ("the interval of hazard_ratio", "ratio"),
    "return_rate": ("the interval of return_rate, the silences of a customer being alike", _SHARE),
    "false_alarm_rate": ("the interval of false_alarm_rate", _SHARE),
    "late_alarm_rate": ("the interval of late_alarm_rate", _SHARE),
}
_WINDOWS = {
    "events": ("events in the {window} before the cutoff, refunds apart", "count"),
    "active_days": ("days with an event in the {window} before the cutoff", "count"),
    "purchases": ("purchase periods in the {window} up to observation_end", "count"),
    "value": ("sum of amounts in the {window} up to observation_end, refunds taken off", "currency"),
}
_SEGMENTS = {
    "r_score": ("score of time_since_last: the highest bought last", "score, 1 is lowest"),
    "f_score": ("score of purchases: the highest bought most often", "score, 1 is lowest"),
    "m_score": ("score of total_value: the highest brought most", "score, 1 is lowest"),
    "rfm_score": ("the three scores as digits: 100 R + 10 F + M", "number"),
    "segment": ("named segment of the customer's scores, best first", "label"),
    "customers": ("number of customers in the row's group", "count"),
    "share_of_customers": ("the group's share of all customers", _SHARE),
    "share_of_value": ("the group's share of total_value, or of the value column that was named", _SHARE),
    "mean_value": ("mean of the value column over the group's customers", "currency"),
    "median_value": ("median of the value column over the group's customers", "currency"),
    "share_of_clv": ("the group's share of the future value of all customers", _SHARE),
    "mean_clv": ("mean future value of the group's customers", "currency"),
}
_EVALUATION = {
    "predicted": ("mean of expected_purchases over the customers of the row", "count"),
    "observed": ("mean of holdout_purchases over the customers of the row", "count"),
    "period": ("number of the period, 1 is the first", "number"),
    "period_end": ("last day of the period", "date"),
    "expected": ("repeat purchases of the cohort that the model expects in the period", "count"),
    "actual": ("repeat purchases of the cohort in the period", "count"),
    "expected_cumulative": ("expected, from the first period to the end of this one", "count"),
    "actual_cumulative": ("actual, from the first period to the end of this one", "count"),
    "purchase": ("whether the customer bought in the period that ends with date", "true or false"),
    "in_calibration": ("whether the period ends within the data that the model was fitted on", "true or false"),
}
_COMPARISON = {
    "model": ("name of the model", "text"),
    "parameters": ("how many parameters the model has", "count"),
    "log_likelihood": ("log-likelihood of the model on the calibration data; larger is better", "log probability"),
    "aic": ("2 x parameters - 2 x log_likelihood; smaller is better", "log probability"),
    "bic": ("parameters x ln(customers) - 2 x log_likelihood; smaller is better", "log probability"),
    "nested": ("the simpler model of the table that is a special case of this one", "text"),
    "lr_statistic": ("likelihood ratio statistic against the nested model", "number"),
    "lr_p_value": ("its p-value; an upper bound where the simpler model lies on the boundary", _PROBABILITY),
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
    "verdict": ("fine, look, or not checked; of drift: stable, some drift, drift, within chance, and so on", "text"),
}
_EQUITY = {
    "group": ("the group of customers that is summed; all where none was named", "text"),
    "equity": ("future value of the group's customers together", "currency"),
    "equity_per_customer": ("equity divided by the number of customers", "currency"),
}
_HETEROGENEITY = {
    "rate": ("name of the rate that differs between customers", "text"),
    "rate_value": ("size of the rate: per time unit, or a probability", "of the rate"),
    "density": ("density of customers at this size of the rate; null where it is infinite", "per unit of the rate"),
    "cumulative_share": (
        "share of the customers up to and with this row: with a rate of at most this, or with this reason or one above",
        _SHARE,
    ),
    "rate_mean": ("mean of the rate over all customers", "of the rate"),
}
_CHURN_LABELS = {
    "window_start": ("first day of the outcome window", "date"),
    "window_end": ("the day after the last one of the outcome window", "date"),
    "churned": ("whether the customer was lost in the outcome window; null where that is not known", "true or false"),
    "label_basis": ("how churned was decided: silence, own rhythm, p_alive, the end of a contract", "text"),
}
# In front of a log's name where there are several logs; behind a window (events_30d, trend_30d_90d).
_CHURN_FEATURES = {
    "days_since_last": ("days from the customer's last event to the cutoff; null without one", "days"),
    "days_since_first": ("days from the customer's first event to the cutoff; null without one", "days"),
    "events": ("events known before the cutoff, refunds apart", "count"),
    "active_days": ("days with an event", "count"),
    "value_per_event": ("total_value divided by events; null without one", "currency"),
    "longest_gap": ("longest time between two active days that follow each other; null below two", "days"),
    "silence_to_longest_gap": ("days_since_last divided by longest_gap", "ratio"),
}
_SILENCES = {
    "silent_days": ("days since the last purchase without another one", "count"),
    "silences": ("silences that were seen to last so long", "count"),
    "return_rate": ("share of such silences that end within the follow-up", _SHARE),
    "called": ("customers whom a rule of so many silent days calls lost", "count"),
    "false_alarms": ("customers called lost who returned", "count"),
    "false_alarm_rate": ("false_alarms as a share of called", _SHARE),
    "late_alarms": ("customers who did not return and were not called lost yet", "count"),
    "late_alarm_rate": ("late_alarms as a share of all who did not return", _SHARE),
    "recommended": ("the first number of silent days with so low a return_rate as was asked for", "true or false"),
}
_TIME_TO_CHURN = {
    "time": ("time since the customer's start at which someone left or was last seen", "that of the durations"),
    "time_from": ("time since the customer's start after which the period begins", "that of the durations"),
    "time_to": ("time since the customer's start with which the period ends", "that of the durations"),
    "censored": ("customers last seen in the period, or at the time, without having left", "count"),
    "hazard": ("share that leaves in the period, of those who are there at its start", _SHARE),
    "expected_lost": ("customers of the group who would have left if all groups left at one rate", "count"),
    "median_time": ("time by which half of the group has left; null if it never was", "that of the durations"),
    "log_rank": ("chi-squared of the log-rank test that all groups leave at one rate", "number"),
    "degrees_of_freedom": ("degrees of freedom of the test", "count"),
    "churn_probability": ("probability of leaving within the horizon", _PROBABILITY),
    "expected_time": ("time within the horizon that the customer is expected to stay", "that of the durations"),
    "odds_ratio": ("factor by which a unit of the covariate multiplies the odds to leave in a period", "ratio"),
    "hazard_ratio": ("factor by which a unit of the covariate multiplies the rate of leaving", "ratio"),
    "correlation": ("correlation of the covariate's effect with time; above 0 the effect rises", "-1 to 1"),
    "chi2": ("chi-squared of the test that the covariate's effect does not change over time", "number"),
    "p_value": ("probability of so large a statistic if what is tested held", _PROBABILITY),
}
_CHURN_DECISIONS = {
    "target": ("whether to contact the customer", "true or false"),
    "target_rank": ("place in the order of contacts, 1 first; null where a contact is not worth it", "number"),
    "expected_profit": ("profit that contacting the customer is expected to bring", "currency"),
    "target_reason": ("why the customer is to be contacted or not", "text"),
    "bin": ("number of the part of the customers, 1 has the highest scores", "number"),
    "score_min": ("lowest score in the bin, or reached", "of the score"),
    "score_max": ("highest score in the bin", "of the score"),
    "mean_score": ("mean score in the bin", "of the score"),
    "churners": ("customers in the bin, or reached, who churned; ties count in proportion", "count"),
    "churn_rate": ("churners as a share of customers", _SHARE),
    "lift": ("churn rate divided by that of all customers", "ratio"),
    "cumulative_lift": ("lift of this bin and those before it together", "ratio"),
    "gain": ("share of all churners that is reached", _SHARE),
    "gain_perfect": ("gain of the best list that there could be", _SHARE),
    "value_held": ("what the bin's customers are worth", "currency"),
    "value_lost": ("what the bin's churners were worth", "currency"),
    "value_gain": ("share of all value lost that is reached", _SHARE),
    "profit": ("profit of contacting the customers reached", "currency"),
    "profit_per_customer": ("profit divided by all customers, contacted or not", "currency"),
    "profit_random": ("profit of contacting as many customers picked by chance", "currency"),
    "best": ("whether this is the most profitable cut", "true or false"),
    "uplift_min": ("lowest predicted uplift reached", "difference of probabilities"),
    "incremental": ("outcomes gained by contacts among those reached, per customer of the campaign", _SHARE),
    "incremental_random": ("incremental of as many customers picked by chance", _SHARE),
    "qini": ("area between incremental and incremental_random", _SHARE),
    "auuc": ("area under the uplift curve", _SHARE),
}
_CHURN_QUALITY = {
    "auc": ("probability that a churner has a higher score than another customer", _PROBABILITY),
    "gini": ("2 x auc - 1", "-1 to 1"),
    "top_decile_lift": ("lift of the tenth with the highest scores", "ratio"),
    "average_precision": ("share of churners among those with as high a score, averaged over churners", _SHARE),
    "mean_probability": ("mean churn probability", _PROBABILITY),
    "observed_expected": ("churners divided by the sum of their probabilities", "ratio"),
    "calibration_slope": ("slope of the outcome on the log odds; below 1 probabilities are too extreme", "number"),
    "calibration_intercept": ("shift of the log odds with which they add up to the churners", "log odds"),
    "calibration_error": ("mean distance of probability and churn rate over ten bins", _PROBABILITY),
    "brier": ("mean squared error of the probabilities; smaller is better", "number"),
    "empc": ("expected maximum profit of a campaign, per customer of the base", "currency"),
    "empc_fraction": ("share of the customers that the campaign of empc contacts", _SHARE),
    "mpc": ("maximum profit of a campaign at one acceptance rate, per customer of the base", "currency"),
    "mpc_fraction": ("share of the customers that the campaign of mpc contacts", _SHARE),
    "profit_everyone": ("profit of contacting everyone, per customer of the base", "currency"),
    "measure": ("name of the measure", "text"),
    "of_model": ("the measure of the model", "of the measure"),
    "of_baseline": ("the measure of the baseline", "of the measure"),
    "difference": ("of_model less of_baseline", "of the measure"),
    "segment_by": ("name of the column that tells the segment", "text"),
    "segment_value": ("value of that column", "text"),
    "baseline_probability": ("churn probability by the baseline", _PROBABILITY),
}
_QUALITY = {
    "check": ("what was looked for", "text"),
    "rows": ("how often it was found; null where the check could not be made", "count"),
    "unit": ("what is counted or measured", "text"),
    "share": ("rows as a share of all there are of that unit", _SHARE),
    "example": ("the first cases", "text"),
    "what_to_do": ("the remedy, or why none is needed", "text"),
    "column": ("name of a column", "text"),
    "meaning": ("what the column holds", "text"),
}
_MODELS = {
    "parameter": ("letter of the parameter, as in the model's paper", "text"),
    "estimate": ("maximum-likelihood estimate of the parameter", "of the parameter"),
    "standard_error": ("standard error of the estimate", "of the parameter"),
    "lower": ("lower end of the interval", "of the estimate"),
    "upper": ("upper end of the interval", "of the estimate"),
}
_WATCHING = {
    "rank": ("place among the customer's reasons, 1 is the strongest", "number"),
    "reason": ("why the customer may leave, or left, in words", "text"),
    "feature": ("column that the reason is read from", "text"),
    "own_value": ("the customer's own number in that column; null for categories and dates", "of the column"),
    "typical_value": ("what his number is set against: his own usual one, or that of other customers", "of the column"),
    "direction": ("whether the reason raises or lowers the risk", "text"),
    "contribution": ("strength of the reason: by a rule's weight, or in log-odds of a model", "number"),
    "lost_value": ("sum of the value of the customers lost for the reason", "currency"),
    "cumulative_share_of_value": ("share_of_value of all reasons up to this one", _SHARE),
    "event": ("kind of event", "text"),
    "exposed": ("rows with such an event in the lookback before their cutoff", "count"),
    "unexposed": ("rows without one", "count"),
    "share_exposed": ("exposed as a share of all rows", _SHARE),
    "risk_exposed": ("share of the exposed that left", _SHARE),
    "risk_unexposed": ("share of the others that left", _SHARE),
    "relative_risk": ("risk_exposed over risk_unexposed", "ratio"),
    "risk_difference": ("risk_exposed less risk_unexposed", "-1 to 1"),
    "excess_losses": ("exposed rows that left beyond what the risk of the others would give", "count"),
    "p_adjusted": ("p_value, adjusted for the share of false discoveries among all tests of the frame", _PROBABILITY),
    "adjusted_relative_risk": ("relative_risk within strata, pooled over them (Mantel-Haenszel)", "ratio"),
    "note": ("what to know of the row; empty if nothing", "text"),
    "finding": ("what was found", "text"),
    "severity": ("high, medium, low, fine, or not checked", "text"),
    "psi": ("population stability index of the column between two snapshots", "number"),
    "psi_by_chance": ("what the index is expected to be from chance alone", "number"),
    "before": ("mean, rate or calibration measure of the column in the first snapshot", "of the column"),
    "after": ("the same in the second snapshot", "of the column"),
    "missing_before": ("share of nulls in the first snapshot", _SHARE),
    "missing_after": ("share of nulls in the second snapshot", _SHARE),
    "ks": ("largest distance of the two distribution functions (Kolmogorov-Smirnov)", _SHARE),
    "warning": (
        "whether the customer has left his own control limits, beyond what chance does to so many",
        "true or false",
    ),
    "warning_reason": ("what has changed, or why there is no warning", "text"),
} | {
    f"{signal}_{name}": (meaning.format(signal), unit)
    for signal in ("purchases", "contacts")
    for name, (meaning, unit) in {
        "recent": ("days with {} in the recent window", "count"),
        "expected": ("days with {} that the customer's own baseline leads to expect in the recent window", "count"),
        "rate_ratio": ("recent rate of days with {} over that of the baseline", "ratio"),
        "p_value": ("probability of so unusual a count of {} at a constant rate; null where not tested", _PROBABILITY),
        "p_adjusted": ("the p-value of {}, adjusted for false discoveries among all tests", _PROBABILITY),
    }.items()
}
# By the place where a reader meets them: column -> (meaning, unit).
DICTIONARY: dict[str, dict[str, tuple[str, str]]] = {
    "Transaction log": _LOG,
    "Customer summary": _SUMMARY,
    "Purchase rhythm": _RHYTHM,
    "Holdout": _HOLDOUT,
    "Opportunities": _OPPORTUNITIES,
    "Contracts and renewals": _CONTRACTS,
    "Forecast and value": _VALUE,
    "Scores and segments": _SEGMENTS,
    "Forecast against what happened": _EVALUATION,
    "Models compared, assumptions checked": _COMPARISON,
    "Customer equity": _EQUITY,
    "Customers' rates": _HETEROGENEITY,
    "Churn labels": _CHURN_LABELS,
    "Churn features": _CHURN_FEATURES,
    "Silent days": _SILENCES,
    "Time to churn": _TIME_TO_CHURN,
    "Churn decisions": _CHURN_DECISIONS,
    "Quality of churn models": _CHURN_QUALITY,
    "Reasons, warnings and reports on features": _WATCHING,
    "Data quality and this dictionary": _QUALITY,
    "Table of a model's estimates": _MODELS,
}
_COLUMNS = {name: entry for group in DICTIONARY.values() for name, entry in group.items()}

_END = re.compile(r"(?P<of>\w+)_(?P<end>lower|upper)")
_WINDOW = re.compile(r"(?P<of>\w+)_(?P<length>[1-9]\d*)(?P<unit>[dwmqy])")
_SUFFIX = re.compile(r"(?P<of>\w+)(?P<suffix>_\d+[a-z]*)")
_TREND = re.compile(r"(?P<value>value_)?trend_(?P<short>[1-9]\d*[dwmqy])_(?P<long>[1-9]\d*[dwmqy])")
_UNITS = {"d": "day", "w": "week", "m": "month", "q": "quarter", "y": "year"}


def describe_columns(frame: FrameT) -> FrameT:
    """Say what each column of a frame means and in which unit it is.

    Reads the column names only. A lazy frame of polars gives a lazy frame, an engine's frame a pyarrow table.

    Parameters
    ----------
    frame
        Any frame, such as `summarize_customers`, `score_clv` or `segment_profile` give.

    Returns
    -------
    FrameT
        One row per column, in the frame's order: `column`, `meaning`, `unit`. The last two are null for a column that
        this library does not write. Ends of intervals (`clv_lower`), reasons of labels (`segment_reason`), windows
        (`value_12m`) and columns kept apart by a suffix such as ``_3m`` or ``_2026`` (`clv_3m`) are known too.

    Raises
    ------
    InputError
        `frame` is not a DataFrame.

    Notes
    -----
    The meaning goes by the name alone: a column of yours that happens to be named `segment` or `rows` is described as
    this library's.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> frame = pd.DataFrame({"frequency": [2], "value_12m": [30.0], "shoe_size": [38]})
    >>> told = cv.describe_columns(frame)
    >>> print(told.to_string(index=False))
       column                                                                       meaning     unit
    frequency         repeat purchase periods: periods with a purchase after the first one    count
    value_12m sum of amounts in the 12 months up to observation_end, refunds taken off currency
    shoe_size                                                                           NaN      NaN
    """
    opened = open_frame(frame)
    names = [str(name) for name in opened.collect_schema().names()]
    described = [_describe(name) or (None, None) for name in names]
    columns = {
        "column": names,
        "meaning": [meaning for meaning, _ in described],
        "unit": [unit for _, unit in described],
    }
    arrays = {name: np.array(values, dtype=object) for name, values in columns.items()}
    return cast(FrameT, as_given(make_frame(arrays, like=opened), opened))


def _describe(name: str) -> tuple[str, str] | None:
    """Meaning and unit of a column: by its name, then as an interval's end, a reason, a window, a suffixed name."""
    if name in _COLUMNS:
        return _COLUMNS[name]
    if (match := _END.fullmatch(name)) and match["of"] in _INTERVALS:
        meaning, unit = _INTERVALS[match["of"]]
        return f"{match['end']} end of {meaning}", unit
    label = name.removesuffix("_reason")
    if label != name and (of := _describe(label)) is not None and of[1] == "label":
        return f"why {label} was given", "text"
    if (match := _WINDOW.fullmatch(name)) and match["of"] in _WINDOWS:
        meaning, unit = _WINDOWS[match["of"]]
        plural = "" if match["length"] == "1" else "s"
        return meaning.format(window=f"{match['length']} {_UNITS[match['unit']]}{plural}"), unit
    if match := _TREND.fullmatch(name):
        what = "value" if match["value"] else "events"
        own = f"what the customer's rate in {match['long']} expects"
        return f"{what} of {match['short']} as a multiple of {own}", "ratio"
    if (match := _SUFFIX.fullmatch(name)) and (of := _describe(match["of"])) is not None:
        return f"{of[0]} (suffix {match['suffix']})", of[1]
    return None
