"""A valid call of every public function and model method; the tests of this folder break one thing of it at a time."""

import inspect
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import matplotlib
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

import customer_value as cv

matplotlib.use("Agg")  # the test machine has no screen

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported by their paths, and the table is in several files
from calling import Call
from churn_calls import CHURN_CALLS
from lifecycle_calls import LIFECYCLE_CALLS
from segment_calls import SEGMENT_CALLS

END, LAST = "1997-09-30", "1998-06-30"
LOG = cv.datasets.load_cdnow(sample=True).query("customer_id <= 200")
LOG = LOG[["customer_id", "date", "amount"]].reset_index(drop=True)
CALIBRATION, HOLDOUT = (side.reset_index(drop=True) for side in cv.split_holdout(LOG, observation_end=END))
SUMMARY = cv.summarize_customers(CALIBRATION, observation_end=END)
SEEN = cv.summarize_holdout(HOLDOUT, customers=SUMMARY, observation_end=LAST)


class BetaGeoFitter:
    """What a fitter of lifetimes is to us, its name and parameters; importing lifetimes changes warnings filters."""

    params_: Mapping[str, float] = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}


FITTER = BetaGeoFitter()
BUYING = {
    "BGNBD": cv.clv.BGNBD.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, time_unit="week"),
    "MBGNBD": cv.clv.MBGNBD.from_params(r=0.525, alpha=6.183, a=0.891, b=1.614, time_unit="week"),
    "ParetoNBD": cv.clv.ParetoNBD.from_params(r=0.553, alpha=10.58, s=0.606, beta=11.67, time_unit="week"),
    "NBD": cv.clv.NBD.from_params(r=0.385, alpha=12.07, time_unit="week"),
    "GGompertzNBD": cv.clv.GGompertzNBD.from_params(r=0.9, alpha=4.0, b=0.2, s=1.5, beta=60.0, time_unit="week"),
    "BGCNBD": cv.clv.BGCNBD.from_params(k=2, r=0.5, alpha=2.2, a=0.8, b=2.4, time_unit="week"),
    "MBGCNBD": cv.clv.MBGCNBD.from_params(k=2, r=0.5, alpha=2.2, a=0.8, b=2.4, time_unit="week"),
    "BGBB": cv.clv.BGBB.from_params(alpha=1.204, beta=0.75, gamma=0.657, delta=2.783, time_unit="month"),
}
THOROUGH = ("BGNBD", "BGCNBD", "BGBB")  # one model of each kind of columns
SPEND = cv.clv.GammaGamma.from_params(p=6.25, q=3.74, v=15.44)
VALUE = {"purchase_model": BUYING["BGNBD"], "spend_model": SPEND, "horizon": "39 weeks", "margin": 0.3}
VALUED = cv.score_clv(SUMMARY, **VALUE)
SEGMENTED = cv.assign_segments(cv.score_rfm(SUMMARY))
SUBSCRIPTIONS = pd.DataFrame({
    "customer_id": [1, 2, 2, 3],
    "start": pd.to_datetime(["1997-01-31", "1997-01-05", "1997-06-01", "1997-03-01"]),
    "end": pd.to_datetime([None, "1997-04-04", None, "1997-08-31"]),
})  # fmt: skip
SUBSCRIPTION_COLUMNS = {"customer_id": "id", "start": "date"}
SUBSCRIPTION_NAMES = "Name the columns with customer_id=, start= and end="
ASKS = pd.DataFrame({"customer_id": [1, 1, 2], "date": pd.to_datetime(["1997-01-01", "1997-03-01", "1997-01-01"])})
ASKED_LOG = LOG[LOG["date"] < "1997-06-01"].query("customer_id <= 2").reset_index(drop=True)
ASKED = {"observation_end": "1998-06-30", "response_window": "12 months"}
TRACKING = {"purchase_model": BUYING["BGNBD"], "calibration_end": END, "observation_end": LAST, "period_days": 28}

LOG_COLUMNS = {"customer_id": "id", "date": "date", "amount": "number"}
RAW_COLUMNS = {"customer_id": "raw", "date": "raw", "amount": "raw"}  # text is read, dirt is counted or left out
MODEL_COLUMNS = {"frequency": "count", "recency": "number", "T": "number"}
SPEND_COLUMNS = {"frequency": "count", "monetary_value": "number"}
RFM_COLUMNS = {"time_since_last": "number", "purchases": "number", "total_value": "number"}
NAMES = "Name the columns with customer_id=, date= and amount="
MAKER = "summarize_customers(log, observation_end=...) makes them"
AGEING = cv.summarize_customers(
    BUYING["GGompertzNBD"].simulate_log(200, start="1997-01-01", observation_end=END, random_state=1),
    observation_end=END,
)
REGULAR = cv.summarize_customers(CALIBRATION, observation_end=END, regularity=True)
REGULAR_MAKER = "summarize_customers(log, observation_end=..., regularity=True) makes them"
# What a model is fitted on, and a horizon on its ruler; other models take SUMMARY.
DATA = {
    "NBD": (SUMMARY, {"frequency": "count", "T": "number"}, MAKER, {"horizon": "26 weeks"}),
    "BGCNBD": (REGULAR, MODEL_COLUMNS, REGULAR_MAKER, {"horizon": "26 weeks"}),
    "MBGCNBD": (REGULAR, MODEL_COLUMNS, REGULAR_MAKER, {"horizon": "26 weeks"}),
    "GGompertzNBD": (AGEING, MODEL_COLUMNS, MAKER, {"horizon": "26 weeks"}),  # CDNOW's customers show no ageing
    "BGBB": (
        cv.summarize_opportunities(CALIBRATION, grain="month", observation_end=END),
        {"frequency": "count", "recency": "count", "opportunities": "count"},
        'summarize_opportunities(log, grain="year", observation_end=...) makes them',
        {"horizon": "6 months"},
    ),
}


def on_holdout(customers, holdout, **arguments):
    return cv.summarize_holdout(holdout, customers=customers, **arguments)


def on_asks(asks, log, **arguments):
    return cv.summarize_opportunities(log, opportunities=asks, **arguments)


def on_seen(holdout, predicted, **arguments):
    return cv.calibration_by_frequency(predicted, holdout, **arguments)


def on_board(holdout, summary, **arguments):
    return cv.clv.compare_models(summary, holdout=holdout, **arguments)


GRID = {"T": 39.0, "horizon": "39 weeks", "max_frequency": 3, "steps": 3}
CURVE = pd.DataFrame({"period": [0, 1, 2], "survival": [1.0, 0.6, 0.4], "retention": [None, 0.6, 0.67]})
RATES = cv.clv.heterogeneity_table(BUYING["BGNBD"], points=5)

CALLS = {
    "clean_log": Call(cv.clean_log, cv.clean_log, LOG, RAW_COLUMNS, maker=NAMES),
    "data_quality": Call(cv.data_quality, cv.data_quality, LOG, RAW_COLUMNS, maker=NAMES),
    "split_holdout": Call(
        cv.split_holdout, cv.split_holdout, LOG, {"date": "date"}, {}, {"observation_end": END}, "Name it with date="
    ),
    "summarize_customers": Call(
        cv.summarize_customers, cv.summarize_customers, LOG, LOG_COLUMNS, {}, {"observation_end": LAST}, NAMES
    ),
    "summarize_holdout": Call(
        cv.summarize_holdout, cv.summarize_holdout, HOLDOUT, LOG_COLUMNS, {"customers": SUMMARY},
        {"observation_end": LAST}, NAMES,
    ),
    "summarize_holdout(customers)": Call(
        cv.summarize_holdout, on_holdout, SUMMARY,
        {"customer_id": "id", "observation_end": "ruler", "time_unit": "ruler"}, {"holdout": HOLDOUT},
        {"observation_end": LAST}, MAKER,
    ),
    "summarize_renewals": Call(
        cv.summarize_renewals, cv.summarize_renewals, SUBSCRIPTIONS, SUBSCRIPTION_COLUMNS, {},
        {"observation_end": END}, SUBSCRIPTION_NAMES,
    ),
    "summarize_contracts": Call(
        cv.summarize_contracts, cv.summarize_contracts, SUBSCRIPTIONS, SUBSCRIPTION_COLUMNS, {},
        {"observation_end": END}, SUBSCRIPTION_NAMES,
    ),
    "summarize_opportunities": Call(
        cv.summarize_opportunities, cv.summarize_opportunities, LOG, LOG_COLUMNS, {},
        {"observation_end": LAST, "grain": "quarter"}, NAMES,
    ),
    "summarize_opportunities(asks)": Call(
        cv.summarize_opportunities, on_asks, ASKS, {"date": "date"}, {"log": ASKED_LOG}, ASKED, "Name it with date=",
    ),
    "tracking_table": Call(cv.tracking_table, cv.tracking_table, LOG, LOG_COLUMNS, {}, TRACKING, NAMES),
    "score_clv": Call(
        cv.score_clv, cv.score_clv, SUMMARY, {**MODEL_COLUMNS, **SPEND_COLUMNS}, {}, VALUE, MAKER
    ),
    "score_rfm": Call(cv.score_rfm, cv.score_rfm, SUMMARY, RFM_COLUMNS, maker=MAKER),
    "fit_rfm_scheme": Call(cv.fit_rfm_scheme, cv.fit_rfm_scheme, SUMMARY, RFM_COLUMNS, maker=MAKER),
    "assign_segments": Call(
        cv.assign_segments, cv.assign_segments, SEGMENTED, {"r_score": "score", "f_score": "score"},
        maker="score_rfm(summary) makes them",
    ),
    "segment_profile": Call(
        cv.segment_profile, cv.segment_profile, SEGMENTED, {"segment": "label", "total_value": "number"}
    ),
    "describe_columns": Call(cv.describe_columns, cv.describe_columns, SUMMARY),
    "calibration_by_frequency": Call(
        cv.calibration_by_frequency, cv.calibration_by_frequency, VALUED,
        {"customer_id": "id", "frequency": "count", "expected_purchases": "number"}, {"holdout": SEEN},
        maker="score_clv makes it",
    ),
    "calibration_by_frequency(holdout)": Call(
        cv.calibration_by_frequency, on_seen, SEEN, {"customer_id": "id", "holdout_purchases": "count"},
        {"predicted": VALUED}, maker="summarize_holdout makes it",
    ),
    "plots.calibration_by_frequency": Call(
        cv.plots.calibration_by_frequency, cv.plots.calibration_by_frequency,
        cv.calibration_by_frequency(VALUED, SEEN),
        {"frequency": "label", "customers": "number", "predicted": "number", "observed": "number"},
        maker="cv.calibration_by_frequency(predicted, holdout) makes it",
    ),
    "plots.rfm_heatmap": Call(
        cv.plots.rfm_heatmap, cv.plots.rfm_heatmap, SEGMENTED,
        {"r_score": "score", "f_score": "score", "total_value": "number"},
    ),
    "plots.tracking": Call(
        cv.plots.tracking, cv.plots.tracking, cv.tracking_table(LOG, **TRACKING),
        {
            "period_end": "moment", "in_calibration": "flag",
            "expected_cumulative": "number", "actual_cumulative": "number",
        },
        maker="cv.tracking_table(log, ...) makes it",
    ),
    "check_assumptions": Call(cv.check_assumptions, cv.check_assumptions, SUMMARY, MODEL_COLUMNS, maker=MAKER),
    "compare_models": Call(
        cv.clv.compare_models, cv.clv.compare_models, SUMMARY, {"customer_id": "id", **MODEL_COLUMNS},
        {"holdout": SEEN}, {"models": {"BG": BUYING["BGNBD"]}, "spend_model": SPEND}, MAKER,
    ),
    "compare_models(holdout)": Call(
        cv.clv.compare_models, on_board, SEEN,
        {"customer_id": "id", "holdout_purchases": "count", "holdout_duration": "number"}, {"summary": SUMMARY},
        {"models": {"BG": BUYING["BGNBD"]}}, "summarize_holdout makes it",
    ),
    "backtest": Call(
        cv.clv.backtest, cv.clv.backtest, LOG, LOG_COLUMNS, {},
        {"models": {"BG": cv.clv.BGNBD()}, "cutoffs": [END], "horizon": "13 weeks"}, NAMES,
    ),
    "customer_equity": Call(
        cv.customer_equity, cv.customer_equity, SUMMARY, {**MODEL_COLUMNS, **SPEND_COLUMNS}, {},
        {**VALUE, "interval": None}, MAKER,
    ),
    "acquisition_value": Call(
        cv.clv.acquisition_value, cv.clv.acquisition_value, arguments={**VALUE, "acquisition_cost": 5.0}
    ),
    "value_customers": Call(
        cv.value_customers, cv.value_customers, LOG, RAW_COLUMNS, {},
        {"observation_end": LAST, "horizon": "13 weeks", "margin": 0.3}, NAMES,
    ),
    "from_lifetimes": Call(cv.clv.from_lifetimes, cv.clv.from_lifetimes, arguments={"fitter": FITTER}),
    "alive_history": Call(
        cv.alive_history, cv.alive_history, LOG, LOG_COLUMNS, {},
        {"purchase_model": BUYING["BGNBD"], "customers": [1, 2], "until": LAST}, NAMES,
    ),
    "plots.alive_history": Call(
        cv.plots.alive_history, cv.plots.alive_history,
        cv.alive_history(LOG, BUYING["BGNBD"], customers=[1], until=END),
        {"customer_id": "label", "date": "moment", "purchase": "flag"},
        maker="cv.alive_history(log, purchase_model, ...) makes it",
    ),
    "plots.backtest": Call(
        cv.plots.backtest, cv.plots.backtest,
        cv.clv.backtest(LOG, {"BG": cv.clv.BGNBD()}, cutoffs=[END], horizon="13 weeks"),
        {"cutoff": "moment", "model": "label"}, maker="cv.clv.backtest(log, ...) makes it",
    ),
    "plots.top_customers": Call(
        cv.plots.top_customers, cv.plots.top_customers,
        cv.score_clv(SUMMARY, **VALUE, interval=0.9, interval_for="outcome"), {"customer_id": "label"},
        maker="score_clv(summary, ..., interval=0.9) makes it",
    ),
    "frequency_recency_table": Call(
        cv.clv.frequency_recency_table, cv.clv.frequency_recency_table,
        arguments={"purchase_model": BUYING["BGNBD"], **GRID},
    ),
    "heterogeneity_table": Call(
        cv.clv.heterogeneity_table, cv.clv.heterogeneity_table, arguments={"purchase_model": BUYING["BGNBD"]}
    ),
    "plots.frequency_recency": Call(
        cv.plots.frequency_recency, cv.plots.frequency_recency,
        cv.clv.frequency_recency_table(BUYING["BGNBD"], **GRID),
        {"frequency": "count", "recency": "number", "T": "number"},
        maker="cv.clv.frequency_recency_table(purchase_model, T=..., horizon=...) makes it",
    ),
    "plots.heterogeneity": Call(
        cv.plots.heterogeneity, cv.plots.heterogeneity, RATES,
        {"rate": "label", "rate_value": "number", "cumulative_share": "number", "rate_mean": "number"},
        maker="cv.clv.heterogeneity_table(purchase_model) makes it",
    ),
    "plots.survival": Call(
        cv.plots.survival, cv.plots.survival, CURVE, {"period": "number"},
        maker="a contractual model's curve(periods) makes it",
    ),
    "plots.retention": Call(
        cv.plots.retention, cv.plots.retention, CURVE, {"period": "number"},
        maker="a contractual model's curve(periods) makes it",
    ),
    "save_models": Call(cv.save_models, cv.save_models, arguments={"path": "m.json", "model": SPEND}),
    "load_models": Call(cv.load_models, cv.load_models, arguments={"path": "given.json"}),
    "load_cdnow": Call(cv.datasets.load_cdnow, cv.datasets.load_cdnow, arguments={"sample": True}),
    "load_donations": Call(cv.datasets.load_donations, cv.datasets.load_donations),
    "load_complete_journey": Call(
        cv.datasets.load_complete_journey, cv.datasets.load_complete_journey, arguments={"table": "demographics"}
    ),
    "simulate_transactions": Call(
        cv.datasets.simulate_transactions, cv.datasets.simulate_transactions, arguments={"n_customers": 5}
    ),
    "SegmentRules": Call(
        cv.segments.SegmentRules, cv.segments.SegmentRules, arguments={"rules": {"all": {"r": (1, 5)}}}
    ),
    "GammaGamma.fit": Call(
        cv.clv.GammaGamma.fit, cv.clv.GammaGamma().fit, SUMMARY, SPEND_COLUMNS, maker=MAKER
    ),
    "GammaGamma.expected_spend": Call(
        cv.clv.GammaGamma.expected_spend, SPEND.expected_spend, SUMMARY, SPEND_COLUMNS, maker=MAKER
    ),
}  # fmt: skip
CALLS["GammaGamma"] = Call(
    cv.clv.GammaGamma, lambda first_purchase="exclude": cv.clv.GammaGamma(first_purchase).fit(SUMMARY)
)
CALLS["BGCNBD"] = Call(cv.clv.BGCNBD, lambda k="auto": cv.clv.BGCNBD(k).fit(REGULAR))
CALLS["MBGCNBD"] = Call(cv.clv.MBGCNBD, lambda k="auto": cv.clv.MBGCNBD(k).fit(REGULAR))
for name, model in BUYING.items():
    data, columns, maker, ahead = DATA.get(name, (SUMMARY, MODEL_COLUMNS, MAKER, {"horizon": "26 weeks"}))
    CALLS[f"{name}.fit"] = Call(type(model).fit, type(model)().fit, data, columns, maker=maker)
    for method, arguments in {
        "probability_alive": {},
        "probability_active": ahead,
        "expected_purchases": ahead,
        "purchase_distribution": {**ahead, "counts": [0, 1, 2]},
        "discounted_expected_purchases": {**ahead, "annual_discount_rate": 0.1},
        "posterior_rates": {},
        "predict": ahead,
    }.items():
        of, run = getattr(type(model), method), getattr(model, method)
        CALLS[f"{name}.{method}"] = Call(of, run, data, columns, {}, arguments, maker)
    CALLS |= {
        f"{name}.expected_purchases_new": Call(
            type(model).expected_purchases_new, model.expected_purchases_new, arguments=ahead
        ),
        f"{name}.purchase_distribution_new": Call(
            type(model).purchase_distribution_new,
            model.purchase_distribution_new,
            arguments={**ahead, "counts": [0, 1, 2]},
        ),
        f"{name}.simulate_log": Call(
            type(model).simulate_log,
            model.simulate_log,
            arguments={"n_customers": 5, "start": "2026-01-01", "observation_end": "2026-06-30", "spend_model": SPEND},
        ),
        f"{name}.simulate": Call(type(model).simulate, model.simulate, arguments={"n_customers": 5, "duration": 10.0}),
    }
for model in (*BUYING.values(), SPEND):
    name, kind = type(model).__name__, type(model)
    fitted = kind().fit(DATA.get(name, (SUMMARY,))[0])
    CALLS |= {
        f"{name}.summary_table": Call(kind.summary_table, fitted.summary_table),
        f"{name}.set_params": Call(kind.set_params, model.set_params, arguments={}),
        f"{name}.from_params": Call(kind.from_params, kind.from_params, arguments=model.params_),
        f"{name}.from_json": Call(kind.from_json, kind.from_json, arguments={"text": model.to_json()}),
    }
FITTED = cv.clv.BGNBD().fit(SUMMARY)
REGULAR = cv.summarize_customers(CALIBRATION, observation_end=END, regularity=True)
CALLS |= {  # what all models have from their base, of one of them
    "BGNBD.with_uncertainty": Call(
        cv.clv.BGNBD.with_uncertainty, FITTED.with_uncertainty, arguments={"source": "robust"}
    ),
    "BGNBD.posterior_draws": Call(cv.clv.BGNBD.posterior_draws, FITTED.posterior_draws, arguments={"n": 100}),
    "BGNBD.bootstrap": Call(cv.clv.BGNBD.bootstrap, FITTED.bootstrap, arguments={"n": 2}),
}  # fmt: skip

for name in ("BGCNBD", "MBGCNBD"):
    call = CALLS[f"{name}.fit"]
    CALLS[f"{name}.fit"] = replace(call, columns={**MODEL_COLUMNS, "log_intervals": "number"})

RENEWALS = pd.DataFrame({"period": [1, 2, 3, 4], "at_risk": [1000, 869, 743, 653], "lost": [131, 126, 90, 60]})
RENEWAL_COLUMNS = {"period": "count", "at_risk": "count", "lost": "count"}
RENEWAL_MAKER = "summarize_renewals(subscriptions, observation_end=...) makes them"
CONTRACTS = {
    "ShiftedBetaGeometric": cv.clv.ShiftedBetaGeometric.from_params(alpha=1.281, beta=7.79, time_unit="year"),
    "BetaDiscreteWeibull": cv.clv.BetaDiscreteWeibull.from_params(gamma=1.5, delta=9.0, c=1.1, time_unit="year"),
}
for name, model in CONTRACTS.items():
    kind, fitted = type(model), type(model)().fit(RENEWALS)
    ahead = {"horizon": 5, "annual_discount_rate": 0.1}
    CALLS[f"{name}.fit"] = Call(kind.fit, kind().fit, RENEWALS, RENEWAL_COLUMNS, maker=RENEWAL_MAKER)
    for method, arguments in {
        "survival": {"periods": 3},
        "retention": {"periods": 3},
        "churn_probabilities": {"periods": 3},
        "curve": {"periods": 3},
        "expected_residual_lifetime": {"renewals": 2},
        "discounted_residual_lifetime": {"renewals": 2, **ahead},
        "clv_new": {"spend": 10.0, "margin": 0.8, **ahead},
        "clv_existing": {"renewals": 2, "spend": 10.0, "margin": 0.8, **ahead},
        "simulate": {"n_customers": 5, "periods": 3},
        "summary_table": {},
        "set_params": {},
        "from_params": model.params_,
        "from_json": {"text": model.to_json()},
    }.items():
        of = fitted if method in {"curve", "summary_table"} else model  # their intervals need a fit
        CALLS[f"{name}.{method}"] = Call(getattr(kind, method), getattr(of, method), arguments=arguments)
UNDER_CONTRACT = pd.DataFrame({"renewals": [0, 3, 20], "active": [True, False, True], "fee": [10.0, 20.0, 5.0]})
CALLS["score_clv(renewals)"] = Call(
    cv.score_clv, cv.score_clv, UNDER_CONTRACT, {"renewals": "count"}, {},
    {"purchase_model": CONTRACTS["ShiftedBetaGeometric"], "spend_model": "fee", "horizon": 5, "margin": 0.8},
    "summarize_contracts(subscriptions, observation_end=...) makes them",
)  # fmt: skip


CALLS |= CHURN_CALLS | SEGMENT_CALLS | LIFECYCLE_CALLS


def check_refusal(call, frame, match, error=cv.InputError, **changes):
    """Check that a call ends in one of our errors, with nothing of a dependency behind it, and changes no frame."""
    before = frame.copy() if isinstance(frame, pd.DataFrame) and call.library == "pandas" else None
    with pytest.raises(error) as caught:
        call(frame, **changes)
    said = str(caught.value)
    # `raise ... from None` hides what was caught: a user sees our sentence and no other library's trace.
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert re.search(match, said), f"{call.library}: {match!r} is not in {said!r}"
    assert before is None or before.equals(frame)
    return said


@pytest.fixture
def refuse():
    return check_refusal


@pytest.fixture(scope="session")
def calls():
    return CALLS


@pytest.fixture(scope="session", autouse=True)
def _away(tmp_path_factory):
    """Write files into a folder of these tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("bad_input"))
        cv.save_models("given.json", model=SPEND)
        yield


@pytest.fixture(autouse=True, scope="package")
def _one_thread():
    """Models this small lose time to threads, and much of it where other programs run."""
    with threadpool_limits(limits=1):
        yield


def parameters(call):
    """Return the arguments that a call can be given besides its first frame; `**params` by the names it takes."""
    named = inspect.signature(call.run).parameters
    found = [name for name, p in named.items() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    return list(dict.fromkeys([*found[call.frame is not None :], *call.arguments]))


def _repeats(name, call):
    """Tell whether a method is the one that a thorough model has, so that its code meets all that is bad already."""
    model, _, method = name.partition(".")
    return (
        model in BUYING
        and model not in THOROUGH
        and method != "fit"
        and any(call.of is getattr(CALLS.get(f"{other}.{method}"), "of", None) for other in THOROUGH)
    )


def pytest_generate_tests(metafunc):
    """Parametrize by the table: `name` of every call, of those with a frame, with a column, or with an argument."""
    wanted = set(metafunc.fixturenames)
    told = {name: call for name, call in CALLS.items() if not _repeats(name, call)}
    with_frame = {name: call for name, call in told.items() if call.frame is not None}
    if {"name", "column"} <= wanted:
        cases = [(n, c) for n, call in with_frame.items() for c, kind in call.columns.items() if kind != "raw"]
        metafunc.parametrize(("name", "column"), cases, ids=map("-".join, cases))
    elif {"name", "argument"} <= wanted:
        # Every fit ignores y in the same line of the protocol, and each of the junk would cost a fit.
        cases = [
            (n, a)
            for n, call in told.items()
            for a in parameters(call)
            if a != "y" or n.partition(".")[0] in (*THOROUGH, *(m for m in CONTRACTS if m != "BetaDiscreteWeibull"))
        ]
        metafunc.parametrize(("name", "argument"), cases, ids=map("-".join, cases))
    elif "framed" in wanted:
        metafunc.parametrize("framed", with_frame)
