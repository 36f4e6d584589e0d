"""Arguments of a wrong type or out of range: every argument of every public function meets what is no value for it."""

import warnings

import numpy as np
import pandas as pd
import pytest
from churn_calls import CHURN_CALLS  # conftest.py makes this folder importable
from churn_taken import CHURN_TAKEN
from lifecycle_calls import LIFECYCLE_CALLS
from lifecycle_taken import LIFECYCLE_TAKEN
from segment_calls import SEGMENT_CALLS
from segment_taken import SEGMENT_TAKEN

import customer_value as cv

JUNK = {
    "None": None, "text": "nonsense", "empty": "", "-1": -1, "2.5": 2.5, "nan": float("nan"), "inf": float("inf"),
    "True": True, "[]": [], "{}": {}, "object": object(), "NaT": pd.NaT, "NA": pd.NA, "array": np.array([1.0, 2.0]),
    "bytes": b"x", "complex": 1j, "pair": (1, 2), "1e300": 1e300, "10**400": 10**400,
}  # fmt: skip
ANY = set(JUNK)
NUMBER, OPTIONAL, TEXT, FLAG = {"2.5", "1e300"}, {"None"}, {"text", "empty"}, {"True"}
CONTRACTS = ("ShiftedBetaGeometric", "BetaDiscreteWeibull")
ANY_TIME = ("BGNBD", "MBGNBD", "ParetoNBD", "NBD", "GGompertzNBD", "BGCNBD", "MBGCNBD")  # purchases at any time
# What is a value after all: by argument, or by call and argument. What is not here is always refused.
TAKEN = {
    **dict.fromkeys(["r", "alpha", "s", "beta", "a", "b", "p", "q", "v", "gamma", "delta", "c", "spend"], NUMBER),
    **dict.fromkeys(["acquired", "annual_discount_rate", "ax", "currency", "decimal", "discount_rate"], OPTIONAL),
    **dict.fromkeys(["interval", "order_id", "rules", "time_unit", "time_zone", "weights"], OPTIONAL),
    **dict.fromkeys(["regularity", "return_truth", "sample"], FLAG),
    **dict.fromkeys(["source", "suffix", "unit"], TEXT),
    **dict.fromkeys(["deep", "y"], ANY),  # ignored, as scikit-learn has it
    "counts": {"array", "pair"},
    "random_state": {"10**400"},
    "top": {"10**400"},
    "date_format": {"None", "text"},  # is not needed where dates are dates
    "default": {"None", "text"},
    "duration": {"2.5"},
    "horizon": {"2.5"},
    "start": {"2.5"},
    **{f"{model}.probability_alive-horizon": {"2.5", "None"} for model in ANY_TIME},
    "keep": {"None", "[]", "{}"},
    "acquired_until": OPTIONAL,
    "labels": {"{}"},
    "max_frequency": OPTIONAL,
    "max_recency": {"None", "2.5"},
    "renewals": OPTIONAL,
    "T": {"2.5"},
    "name": {"text"},
    "path": {"text"},
    "windows": {"[]"},
    "assign_segments-rules": set(),
    "segment_profile-attributes": {"[]", "{}"},
    "assign_segments-suffix": {"empty"},  # there are no scores of another suffix
    "data_quality-observation_end": OPTIONAL,
    "plots.heterogeneity-customers": OPTIONAL,
    "alive_history-customers": {"array", "pair"},
    "plots.top_customers-suffix": {"empty"},  # there are no intervals of another suffix
    "plots.rfm_heatmap-suffix": {"empty"},
    "plots.rfm_heatmap-bins": OPTIONAL,
    "plots.rfm_heatmap-value": OPTIONAL,
    "SegmentRules-rules": set(),
    "score_rfm-scheme": OPTIONAL,
    "score_rfm-breaks": {"None", "{}"},
    "fit_rfm_scheme-breaks": {"None", "{}"},
    # opportunities are whole
    **{f"BGBB.{m}-horizon": set() for m in ("probability_active", "expected_purchases", "purchase_distribution")},
    **{f"BGBB.{m}-horizon": set() for m in ("discounted_expected_purchases", "predict", "purchase_distribution_new")},
    **{f"BGBB.{m}-start": set() for m in ("purchase_distribution", "purchase_distribution_new")},
    "BGBB.probability_alive-horizon": OPTIONAL,
    "BGBB.expected_purchases_new-horizon": {"array", "pair", "[]"},
    "BGBB.simulate-duration": set(),
    **{f"{m}.{f}-periods": {"array", "pair"} for m in CONTRACTS for f in ("survival", "retention", "curve")},
    **{f"{m}.churn_probabilities-periods": {"array", "pair"} for m in CONTRACTS},
    **{
        f"{m}.{f}-renewals": {"array", "pair"}
        for m in CONTRACTS
        for f in ("clv_existing", "expected_residual_lifetime")
    },
    **{f"{m}.discounted_residual_lifetime-renewals": {"array", "pair"} for m in CONTRACTS},
    "tracking_table-period_days": OPTIONAL,
    "acquisition_cost": {*NUMBER, "None"},
    "acquisition_value-spend_model": NUMBER,
    "by": OPTIONAL,
    "compare_models-holdout": OPTIONAL,
    "compare_models-spend_model": OPTIONAL,
    "compare_models(holdout)-spend_model": OPTIONAL,
    "backtest-spend_model": OPTIONAL,
    "prior": {"None", "{}"},
    "BGNBD.with_uncertainty-source": set(),
    **{f"{model}.expected_purchases_new-horizon": {"2.5", "array", "pair", "[]"} for model in ANY_TIME},
    **{f"simulate_transactions-{p}": {*NUMBER, "None"} for p in ("alpha", "s", "beta")},
    "simulate_transactions-r": {"2.5", "None"},  # 1e300 would make too many rows
    "simulate_transactions-a": OPTIONAL,  # of another process
    "simulate_transactions-b": OPTIONAL,
    # where there is no default of None
    "calibration_by_frequency-interval": set(),
    "check_assumptions-interval": set(),
    "value_customers-interval": set(),
    "value_customers-time_unit": set(),
    "backtest-time_unit": set(),
    "calibration_by_frequency(holdout)-interval": set(),
    **{f"{model}.summary_table-interval": set() for model in ("BGBB", *ANY_TIME, *CONTRACTS, "GammaGamma")},
    **{f"{model}.simulate_log-start": set() for model in ("BGBB", *ANY_TIME)},
    **{f"{model}.simulate_log-spend_model": OPTIONAL for model in ("BGBB", *ANY_TIME)},
    "simulate_transactions-start": set(),
    "simulate_transactions-time_unit": set(),
    "summarize_customers-time_unit": set(),
    "summarize_contracts-start": set(),  # here the name of a column
    "summarize_renewals-start": set(),
    "summarize_renewals-by": OPTIONAL,
    "summarize_opportunities-opportunities": OPTIONAL,
    "summarize_opportunities-response_window": OPTIONAL,
}

ROOMS = (CHURN_CALLS, CHURN_TAKEN), (SEGMENT_CALLS, SEGMENT_TAKEN), (LIFECYCLE_CALLS, LIFECYCLE_TAKEN)


def test_no_value(name, argument, calls):
    call = calls[name]
    table = next((taken for calls_of, taken in ROOMS if name in calls_of), TAKEN)
    allowed = table.get(f"{name}-{argument}", table.get(argument, set()))
    for kind, value in JUNK.items():
        error = what_is_said(call, **{argument: value})
        assert (error is None) == (kind in allowed), f"{argument}={kind}: {error}"
        if isinstance(error, cv.CustomerValueError):
            assert error.__suppress_context__ or error.__context__ is None, kind


def what_is_said(call, **changes):
    """Return our error or warning, if there is one; any other error goes through."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            call(call.frame, **changes)
    except (cv.CustomerValueError, cv.CustomerValueWarning) as error:
        return error
    return None


# ---- values out of range, and values that do not go together -------------------------------------------------------

PERIODS = (
    r"must be a number of time units or a text such as '12 months' \(units: hour, day, week, month, quarter, year\)"
)
WITH_HORIZON = [
    "score_clv", *(f"{m}.{f}" for m in ANY_TIME for f in ("predict", "probability_active")),
    *(f"{m}.{f}" for m in ANY_TIME for f in ("expected_purchases", "purchase_distribution")),
]  # fmt: skip


@pytest.mark.parametrize("use", WITH_HORIZON)
@pytest.mark.parametrize(
    ("horizon", "match"),
    [
        (0, "horizon must be positive and finite; got 0"),
        (-3.0, "horizon must be positive and finite"),
        (float("inf"), "horizon must be positive and finite; got inf"),
        ("0 weeks", "horizon must be positive and finite; got '0 weeks'"),
        ("-3 weeks", PERIODS),
        ("12 fortnights", PERIODS),
        ("12", PERIODS),
        (True, "horizon must be a number or a text such as '12 months'; got True"),
        ([12], r"horizon must be a number or a text such as '12 months'; got \[12\]"),
    ],
)
def test_horizons(use, horizon, match, calls, refuse):
    refuse(calls[use], calls[use].frame, match, horizon=horizon)


def test_a_horizon_in_words_needs_a_ruler(calls, refuse):
    model = cv.clv.BGNBD.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426)
    call = calls["score_clv"]
    needs = "needs to know the model's time unit, and the model has none"
    refuse(call, call.frame, f"horizon='12 months' {needs}", purchase_model=model, horizon="12 months")
    refuse(call, call.frame, f"annual_discount_rate {needs}", purchase_model=model, horizon=9, annual_discount_rate=0.1)
    refuse(calls["tracking_table"], calls["tracking_table"].frame, "needs the model's time unit", purchase_model=model)


@pytest.mark.parametrize(
    ("use", "changes", "match"),
    [
        ("score_clv", {"margin": 30}, r"margin must be a share of revenue from 0 to 1, so 30 % is 0\.3; got 30"),
        ("score_clv", {"margin": -0.1}, "margin must be from 0 to 1; got -0.1"),
        ("score_clv", {"margin": "total_value"}, r"total_value must be a share of revenue .*; .* rows .* 30 % is 0\.3"),
        ("score_clv", {"margin": "margins"}, r"the summary lacks \['margins'\]"),
        ("score_clv", {"annual_discount_rate": 0.1, "discount_rate": 0.002}, "annual_discount_rate or .*, not both"),
        ("score_clv", {"annual_discount_rate": -0.1}, "annual_discount_rate must be 0 or above and finite; got -0.1"),
        ("score_clv", {"discount_rate": float("nan")}, "discount_rate must be 0 or above and finite; got nan"),
        ("score_clv", {"interval": 1.0}, "interval must be between 0 and 1; got 1.0"),
        ("score_clv", {"interval": 0}, "interval must be between 0 and 1; got 0"),
        ("score_clv", {"interval": 90}, "interval must be between 0 and 1; got 90"),
        ("score_clv", {"interval": 0.9, "interval_for": "means"}, r"one of \['mean', .* Did you mean 'mean'\?"),
        ("score_clv", {"spend_model": "monetary"}, r"lacks \['monetary'\]; .* Did you mean 'monetary_value'\?"),
        ("score_clv", {"spend_model": cv.clv.BGNBD()}, "spend_model must be a model such as clv.GammaGamma.*got BGNBD"),
        ("score_clv", {"purchase_model": cv.clv.GammaGamma()}, "purchase_model must be a purchase model.*got GammaG"),
        ("score_clv", {"purchase_model": cv.clv.BGNBD}, "purchase_model must be a purchase model .*; got type"),
        ("BGNBD.predict", {"interval": -0.5}, "interval must be between 0 and 1; got -0.5"),
        ("summarize_customers", {"grain": "weeks"}, r"grain must be one of .*; got 'weeks'\. Did you mean 'week'"),
        ("summarize_customers", {"time_unit": "minute"}, r"time_unit must be one of \['hour', 'day', .*; got 'minute'"),
        ("summarize_customers", {"refunds": "ignore"}, r"refunds must be one of \['net', 'match', 'drop', 'error'\]"),
        ("summarize_customers", {"windows": ("12 moons",)}, "a window must be a text such as .*; got '12 moons'"),
        ("summarize_customers", {"windows": 12}, r"windows must be texts such as \('12 months',\); got 12"),
        ("summarize_customers", {"windows": ("9999 years",)}, "'9999 years' reaches back beyond the calendar"),
        ("summarize_customers", {"acquired": "1997-01-01"}, r"acquired must be a pair \(from, to\)"),
        ("summarize_customers", {"acquired": ("1997-03-01", "1997-02-01")}, "acquired must run from an earlier"),
        ("summarize_customers", {"observation_end": "30/06/1998"}, "observation_end must be a date such as '"),
        ("summarize_customers", {"regularity": "False"}, "regularity must be True or False; got 'False'"),
        ("summarize_customers", {"amount": "Amount"}, r"lacks \['Amount'\]; .* Did you mean 'amount'\?"),
        ("summarize_customers", {"amount": "customer_id"}, "customer, date, amount and order must be different"),
        ("clean_log", {"decimal": ";"}, r"decimal must be one of \['\.', ','\]"),
        ("clean_log", {"time_zone": "Europe/Berlin"}, "needs timestamps that carry a zone, and those of date"),
        ("score_rfm", {"bins": 1}, "bins must be a whole number from 2 to 99; got 1"),
        ("score_rfm", {"bins": 5.0}, "bins must be a whole number from 2 to 99; got 5.0"),
        ("score_rfm", {"recency": "recency"}, "RFM scores the time since the last one: use recency='time_since_last'"),
        ("assign_segments", {"labels": "de"}, r"labels must be one of \['en', 'zh'\]; got 'de'"),
        ("assign_segments", {"labels": {"vip": "VIP"}}, r"labels has \['vip'\], which are no names of the rules"),
        ("assign_segments", {"rules": cv.segments.SegmentRules({"a": {"r": 5}})}, "must cover every cell exactly once"),
        ("segment_profile", {"value": "segment"}, "must be two columns"),
        ("segment_profile", {"value": "clv"}, r"lacks \['clv'\]"),
        ("calibration_by_frequency", {"top": 0}, "top must be a whole number, 1 or above; got 0"),
        ("calibration_by_frequency", {"interval": 95}, "interval must be between 0 and 1; got 95"),
        ("tracking_table", {"period_days": 0}, "period_days must be a whole number from 1 to 3,653; got 0"),
        ("plots.tracking", {"kind": "total"}, r"kind must be one of \['cumulative', 'incremental'\]"),
        ("plots.rfm_heatmap", {"ax": "left"}, r"ax must be a matplotlib Axes, such as plt.subplots\(\)\[1\]; got str"),
        ("BGNBD.purchase_distribution", {"counts": [0.5]}, "counts must be whole numbers from 0 to .*; 1 of 1"),
        ("BGNBD.purchase_distribution", {"counts": []}, "counts must hold at least one number; got none"),
        ("BGNBD.expected_purchases_new", {"horizon": [1, -1]}, r"horizon must be 0 or above .*; 1 of 2 .*\(rows 1\)"),
        ("BGNBD.simulate", {"duration": 1e300}, "may make up to .* purchases; at most 1e.09 fit. Take fewer"),
        ("BGNBD.simulate", {"n_customers": 0}, "n_customers must be a whole number, 1 or above; got 0"),
        ("load_cdnow", {"backend": "spark"}, r"backend must be one of \['pandas', 'polars', 'pyarrow'\]; got 'spark'"),
        ("load_complete_journey", {"table": "transaction"}, "Did you mean 'transactions'"),
        ("simulate_transactions", {"q": 1.0}, "q must be above 1; got 1.0"),
        ("simulate_transactions", {"a": 1.0}, r"process='pareto_nbd' has .*; \['a'\] are not among them"),
        ("simulate_transactions", {"end": "2022-01-01"}, "end must not lie before start; got 2023-01-01 to 2022-01-01"),
        ("simulate_transactions", {"n_customers": 10**12}, "rows; at most 1e.09 fit. Take fewer customers"),
        ("SegmentRules", {"rules": {"a": {"q": 5}}}, r"the rule of 'a' names the score 'q'; scores are \['r', 'f'"),
        ("SegmentRules", {"rules": {"a": {"r": (5, 4)}}}, "r in the rule of 'a' must run from a lower to a higher"),
        ("SegmentRules", {"labels": {"en": "all"}}, "labels must map languages to texts by name"),
        ("SegmentRules", {"labels": {"en": {}}}, r"labels\['en'\] of the rules lack \['all'\]"),
        ("SegmentRules", {"default": ["rest"]}, r"the name of a segment must be a non-empty text; got \['rest'\]"),
    ],
)  # fmt: skip
def test_values(use, changes, match, calls, refuse):
    refuse(calls[use], calls[use].frame, match, **changes)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        (
            {"discount_rate": 0.1},
            "discount_rate per week amounts to 14,348% a year.* 10 % a year is annual_discount_rate=0.10",
        ),
        ({"discount_rate": 1e9}, "discount_rate per week amounts to more than 1,000,000% a year"),
        ({"annual_discount_rate": 10}, "annual_discount_rate amounts to 1,000% a year"),
        ({"spend_model": "monetary_value"}, r"clv is null for \d+ of 200 customers: monetary_value is null there"),
    ],
)
def test_values_that_deserve_a_warning(changes, match, calls):
    for call in calls["score_clv"].everywhere():
        with pytest.warns(cv.DataWarning, match=match):
            call(call.frame, **changes)


def test_a_picture_that_fails_leaves_no_figure(calls, refuse):
    from matplotlib import pyplot

    for name in (name for name in calls if name.startswith("plots.")):
        refuse(calls[name], calls[name].frame.head(0), "is empty")
    assert pyplot.get_fignums() == []
