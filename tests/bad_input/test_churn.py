"""What goes wrong with churn: one outcome only, times that do not fit, leaks, costs and budgets that make no sense."""

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from churn_calls import CUSTOMERS, GROUPS, LOGISTIC, PANEL, SPELLS, TIMES, X_MADE, X, Y  # see conftest.py
from sklearn.model_selection import KFold

import customer_value as cv
from customer_value import churn

# ---- one outcome only ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lift_table", "gains_curve", "profit_curve", "qini_curve", "evaluate_churn"])
@pytest.mark.parametrize("left", [True, False])
def test_tables_of_one_outcome(name, left, calls, refuse):
    for call in calls[name].everywhere():
        one = call.frame.assign(churned=left)
        refuse(call, one, rf"churned must hold both outcomes, churned and not; it holds only {left:d}\. Take more")


@pytest.mark.parametrize("name", ["gini_score", "top_decile_lift", "empc_score", "mpc_score", "score_interval"])
def test_scores_of_one_outcome(name, calls, refuse):
    refuse(calls[name], None, "y_true must hold both outcomes, .* it holds only 1", y_true=np.ones(40))


@pytest.mark.parametrize("make", [lambda: churn.ChurnClassifier(LOGISTIC), churn.RecencyRule], ids=["model", "rule"])
@pytest.mark.parametrize("outcome", [0, 1])
def test_models_of_one_outcome(make, outcome):
    with pytest.raises(cv.InputError, match=r"churn needs two classes.*; y has 1 class\(es\).*Look at the horizon"):
        make().fit(X, np.full(len(X), outcome))


def test_campaigns_of_one_outcome_or_one_group(calls, refuse):
    for name in ("SLearner.fit", "TLearner.fit"):
        refuse(calls[name], None, "y of the contacted group must hold both outcomes", y=np.zeros(len(X_MADE)))
        refuse(calls[name], None, "nobody is in the control group", treatment=np.ones(len(X_MADE)))
    call = calls["qini_curve"]
    refuse(call, call.frame.assign(treatment=True), "treatment must hold both groups; there is no control group")


@pytest.mark.parametrize("name", ["DiscreteTimeHazard.fit", "CoxModel.fit"])
def test_nobody_left(name, calls, refuse):
    for call in calls[name].everywhere():
        refuse(call, call.frame.assign(left=False), "left is true in no row: a model of churn needs customers who left")


def test_a_report_of_leaks_needs_both_outcomes(calls, refuse):
    for call in calls["leakage_report"].everywhere():
        refuse(call, call.frame.assign(churned=True), "churned must have both outcomes; 180 .* have 180 true")


# ---- times that do not fit -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes", "match"),
    [
        ("churn_labels", {"cutoff": "1997-01-01"}, "cutoff must be after the log's first day, 1997-01-01"),
        ("churn_labels", {"cutoff": "1996-01-01"}, "cutoff must be after the log's first day, 1997-01-01"),
        ("churn_labels", {"cutoff": "1999-01-01"}, "cutoff must be .* or earlier, for observation ends on 1998-06-"),
        ("churn_labels", {"cutoff": "1998-06-01"}, r"\d+ days short\. The last possible cutoff is 1998-0.*='flag'"),
        ("churn_labels", {"cutoff": "1998-01-01 12:00"}, "cutoff must be a whole day, the first of the future"),
        ("churn_labels", {"horizon": 0}, "horizon must be .* a whole number of days, 1 or above; got 0"),
        ("churn_labels", {"gap": -1}, "gap must be .* 0 or above; got -1"),
        ("churn_labels", {"horizon": "9000 years"}, "horizon reaches beyond the calendar's years"),
        ("churn_snapshots", {"cutoffs": ["1996-06-01"]}, "nobody is a customer before the cutoff 1996-06-01"),
        ("churn_snapshots", {"cutoffs": ["1998-06-01"]}, "end after the last day observed, .*: 1998-06-01. The last p"),
        ("churn_snapshots", {"cutoffs": ["1998-01-01", "1997-01-01"]}, "cutoffs must come in order of time, each once"),
        ("churn_snapshots", {"cutoffs": []}, "cutoffs must be one or more days"),
        ("churn_features", {"cutoff": "1996-06-01"}, "nobody is a customer before the cutoff 1996-06-01"),
        ("early_warnings", {"cutoff": "1996-06-01"}, "the log has no purchase before the cutoff, 1996-06-01"),
        ("early_warnings", {"cutoff": "1999-01-01"}, "cutoff must be 1998-06-21 or earlier: .* name its end"),
        ("subscription_churn_labels", {"cutoff": "1990-01-01"}, "no subscription runs at the cutoff, 1990-01-01"),
        ("subscription_churn_labels", {"cutoff": "1998-06-01"}, r"days short\. The last possible cutoff is"),
        ("choose_inactivity_window", {"max_days": 400}, "must not exceed the time observed; 400 and 400 days"),
        ("purchase_rhythm", {"observation_end": "1997-06-30"}, "date must not be after observation_end, 1997-06-30"),
    ],
)  # fmt: skip
def test_times_outside_the_log(name, changes, match, calls, refuse):
    for call in calls[name].everywhere():
        refuse(call, call.frame, match, **changes)


def test_overlapping_snapshots_in_a_plain_split_are_told_of():
    model, known = churn.ChurnClassifier(LOGISTIC, calibration=None), {"horizon": "13 weeks", "n_resamples": 5}
    with pytest.warns(cv.DataWarning, match="90 test rows meet a training row of the same customer .* PurgedTimeSplit"):
        cv.evaluate_churn(model, PANEL[["customer_id", "cutoff", *X.columns, "churned"]], cv=KFold(2), **known)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"horizon": "2 years"}, "the outcome windows leave 0 training rows .* or a shorter horizon"),
        ({"n_splits": 9}, "n_splits=9 needs at least 10 distinct cutoffs; there are 3"),
        ({"gap": "2 years"}, "the outcome windows leave 0 training rows"),
        ({"times": PANEL["cutoff"].iloc[::40]}, "times have 5 rows and the data 180"),
    ],
)
def test_splits_that_leave_nothing(changes, match, calls, refuse):
    for name in ("PurgedTimeSplit", "GroupPurgedTimeSplit"):
        refuse(calls[name], None, match, **changes)


def test_groups_are_needed_to_keep_customers_on_one_side(calls, refuse):
    refuse(calls["GroupPurgedTimeSplit"], None, "needs the customer of each row: pass groups=customer ids", groups=None)
    assert len(GROUPS) == len(PANEL)


# ---- columns that a model cannot take, or should not ---------------------------------------------------------------


def test_categories_that_the_fit_has_not_seen():
    plan = np.where(np.arange(len(X)) % 2 == 0, "basic", "pro")
    model = churn.ChurnClassifier(LOGISTIC, calibration=None).fit(X.assign(plan=plan), Y)
    with pytest.warns(cv.DataWarning, match=r"plan has values that the fit did not see \(.*gold.*\); its 1 rows"):
        told = model.predict_proba(X.assign(plan=["gold", *plan[1:]]))
    assert np.isfinite(told).all()


@pytest.mark.parametrize("empty", [np.nan, None, pd.NaT], ids=str)
def test_columns_of_which_nothing_is_known(empty):
    model = churn.ChurnClassifier(LOGISTIC, calibration=None)
    with pytest.warns(cv.DataWarning, match="nothing"):
        told = model.fit(X.assign(nothing=empty), Y).predict_proba(X.assign(nothing=empty))
    np.testing.assert_array_equal(told, churn.ChurnClassifier(LOGISTIC, calibration=None).fit(X, Y).predict_proba(X))


def test_a_rule_without_any_recency(calls):
    missing = pytest.warns(cv.DataWarning, match=r"days_since_last \(all of it is missing\)")
    with missing, pytest.raises(cv.InputError, match="days_since_last"):
        churn.RecencyRule().fit(X.assign(days_since_last=np.nan), Y)


def test_a_model_of_times_knows_its_levels_only(refuse):
    model = churn.DiscreteTimeHazard(width=3.0, baseline="linear").fit(SPELLS, **TIMES, features=["plan"])
    for frame in (SPELLS.assign(plan="gold"), pl.from_pandas(SPELLS.assign(plan="gold"))):
        with pytest.raises(cv.InputError, match=r"plan must hold a level that the model knows \(basic, pro\); 40 of"):
            model.survival(frame, 6.0)


def test_names_of_customers_explain_nothing():
    named = SPELLS.assign(who=[f"customer {i}" for i in range(len(SPELLS))])
    for model in (churn.DiscreteTimeHazard(baseline="linear"), churn.CoxModel()):
        with pytest.raises(cv.InputError, match="who has 40 levels in 40 rows: it names customers"):
            model.fit(named, **TIMES, features=["who"])


@pytest.mark.parametrize(
    ("leak", "check", "severity"),
    [
        (lambda p: p["churned"].astype(int), "duplicate of the outcome", "high"),
        (lambda p: p["churned"].map({True: "left", False: "stayed"}), "duplicate of the outcome", "high"),
        (lambda p: p["churned"] * 10.0 + np.arange(len(p)) % 7, "duplicate of the outcome|predicts too well", "high"),
        (lambda p: [f"c{i}" for i in p["customer_id"]], "id as a feature", "high"),
        (lambda p: pd.Timestamp("1998-05-01"), "dates at or after the cutoff", "high"),
        (lambda p: 1.0, "constant", "low"),
    ],
)
def test_leaks_are_found(leak, check, severity, calls):
    for call in calls["leakage_report"].everywhere():
        found = call(call.frame.assign(leak=leak(call.frame)))
        found = found.collect() if hasattr(found, "collect") else found
        found = found if isinstance(found, pd.DataFrame) else found.to_pandas()
        of_leak = found[(found["column"] == "leak") & found["check"].str.fullmatch(check)]
        assert of_leak["severity"].tolist() == [severity], found
        assert (of_leak["what_to_do"].str.len() > 0).all()


def test_the_outcome_among_the_covariates():
    with pytest.raises(cv.InputError, match=r"features must not hold \['left'\]: they are what the model explains"):
        churn.DiscreteTimeHazard().fit(SPELLS, **TIMES, features=["left", "fee"])


# ---- money ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes", "match"),
    [
        ("assign_targets", {"cost": -1.0}, "cost must be 0 or above; got -1"),
        ("assign_targets", {"incentive": -1.0}, "incentive must be 0 or above; got -1"),
        ("assign_targets", {"acceptance": 30}, "acceptance must be from 0 to 1; got 30"),
        ("assign_targets", {"acceptance": None}, "acceptance is needed: .* such as acceptance=0.3"),
        ("assign_targets", {"budget": 0.5}, "budget must be enough for one contact: the cheapest .*; got 0.5"),
        ("assign_targets", {"budget": -5.0}, "budget must be 0 or above; got -5"),
        ("assign_targets", {"capacity": 0}, "capacity must be a whole number, 1 or above; got 0"),
        ("assign_targets", {"uplift": "clv_if_alive"}, "must be a difference of two probabilities, from -1 to 1"),
        ("win_back", {"cost": -1.0}, "cost must be 0 or above; got -1"),
        ("win_back", {"baseline": 1.5}, "baseline must be from 0 to 1; got 1.5"),
        ("win_back", {"budget": 0.5}, "budget must be enough for one contact"),
        ("profit_curve", {"incentive": -1.0}, "incentive must be 0 or above; got -1"),
        ("profit_curve", {"contact_cost": "clv"}, r"lacks \['clv'\]"),
        ("profit_curve", {"acceptance": 1.5}, "acceptance must be from 0 to 1; got 1.5"),
        ("evaluate_churn", {"contact_cost": -1.0}, "contact_cost must be 0 or above; got -1"),
    ],
)
def test_costs_and_budgets(name, changes, match, calls, refuse):
    for call in calls[name].everywhere():
        refuse(call, call.frame, match, **changes)


@pytest.mark.parametrize("name", ["contact_threshold", "empc_score", "mpc_score"])
@pytest.mark.parametrize("cost", ["incentive", "contact_cost"])
def test_negative_costs_of_scores(name, cost, calls, refuse):
    refuse(calls[name], None, rf"{cost} must be ", **{cost: -1.0})


def test_negative_costs_of_some_customers(calls, refuse):
    for name in ("assign_targets", "win_back"):
        for call in calls[name].everywhere():
            broken = call.frame.assign(cost=call.frame["cost"].where(call.frame.index != 1, -1.0))
            refuse(call, broken, r"cost must be 0 or above; 1 of 40 rows is not \(rows 1\)")


def test_a_value_that_counts_churn_already_is_told_of(calls):
    call = calls["assign_targets"]
    with pytest.warns(cv.DataWarning, match="counts churn already"):
        call(CUSTOMERS.rename(columns={"clv_if_alive": "clv"}), value="clv")


# ---- time zones ----------------------------------------------------------------------------------------------------


def in_new_york(frame):
    """Put the dates of a frame on the clock of a zone whose name narwhals cannot read in pandas."""
    dates = [name for name in frame.columns if str(frame[name].dtype).startswith("datetime64")]
    return frame.assign(**{name: frame[name].dt.tz_localize("America/New_York") for name in dates})


@pytest.mark.parametrize(
    "name",
    [
        "purchase_rhythm", "churn_labels", "churn_labels(rhythm)", "churn_features", "churn_snapshots",
        "churn_snapshots(roster)", "subscription_churn_labels", "expand_subscriptions", "choose_inactivity_window",
        "early_warnings", "event_risk", "event_risk(events)", "leakage_report",
    ],
)  # fmt: skip
def test_a_clock_elsewhere_changes_nothing(name, calls):
    call = calls[name]
    there = replace(call, other={key: in_new_york(frame) for key, frame in call.other.items()})
    pd.testing.assert_frame_equal(there(in_new_york(call.frame)), call(call.frame))


@pytest.mark.filterwarnings("ignore:since holds dates")
def test_a_model_takes_dates_of_any_zone():
    since = pd.Timestamp("1997-01-01") + pd.to_timedelta(np.arange(len(X)) % 90, "D")
    zoned = X.assign(since=since.tz_localize("America/New_York"))
    plain = churn.ChurnClassifier(LOGISTIC, calibration=None).fit(X.assign(since=since), Y)
    told = churn.ChurnClassifier(LOGISTIC, calibration=None).fit(zoned, Y).predict_proba(zoned)
    np.testing.assert_array_equal(told, plain.predict_proba(X.assign(since=since)))
