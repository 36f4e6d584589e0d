"""Valid calls of the churn room, of what it needs of transactions, and of its pictures, each on few rows."""

import numpy as np
import pandas as pd
from calling import Call
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

import customer_value as cv
from customer_value import churn, plots

LOG = cv.datasets.load_cdnow(sample=True).query("customer_id <= 60")[["customer_id", "date", "amount"]]
LOG = LOG.reset_index(drop=True)
LOG_COLUMNS = {"customer_id": "id", "date": "date", "amount": "number"}
NAMES = "Name the columns with customer_id=, date= and amount="
LAST, CUTOFF = "1998-06-30", "1998-01-01"
MODEL = cv.clv.BGNBD.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, time_unit="week")
SUMMARY = cv.summarize_customers(LOG, observation_end=LAST)
SUMMARY_COLUMNS = {"frequency": "count", "recency": "number", "T": "number"}
SUMMARY_MAKER = "summarize_customers(log, observation_end=...) makes them"

SUBSCRIPTIONS = pd.DataFrame({
    "customer_id": [1, 2, 2, 3, 4],
    "start": pd.to_datetime(["1997-01-31", "1997-01-05", "1997-06-01", "1997-03-01", "1997-02-01"]),
    "end": pd.to_datetime([None, "1997-04-04", None, "1997-08-31", "1997-12-15"]),
    "amount": [10.0, 20.0, 20.0, 5.0, 8.0],
})  # fmt: skip
SUBSCRIBED = {"customer_id": "id", "start": "date"}
CONTACTS = pd.DataFrame({
    "customer_id": [1, 4, 4, 21, 33], "kind": ["call", "complaint", "call", "complaint", "complaint"],
    "date": pd.to_datetime(["1997-11-01", "1997-12-20", "1997-12-28", "1997-12-03", "1997-10-09"]),
})  # fmt: skip
SALES = LOG.rename(columns={"amount": "sales"})  # a column of the default name need not be there
SALES_COLUMNS = {"customer_id": "id", "date": "date", "sales": "number"}

SNAPSHOTS = {"cutoffs": ["1997-07-01", "1997-10-01", "1998-01-01"], "horizon": "13 weeks", "lookbacks": ["90 days"]}
PANEL = cv.churn_snapshots(LOG, **SNAPSHOTS)
LABELS = cv.churn_labels(LOG, cutoff=CUTOFF, horizon="13 weeks")
FEATURES = cv.churn_features(LOG, cutoff=CUTOFF, lookbacks=["90 days"])
X, Y, GROUPS = churn.split_xy(PANEL)
X = X[["days_since_last", "active_days", "events_90d"]]
LOGISTIC = LogisticRegression()

_random = np.random.default_rng(5)
N = 40
CUSTOMERS = pd.DataFrame({
    "customer_id": np.arange(N) + 1,
    "churn_probability": _random.uniform(0.02, 0.9, N).round(3),
    "clv_if_alive": _random.gamma(2, 100, N).round(2),
    "cost": 1.0 + np.arange(N) % 3,
    "uplift": _random.uniform(-0.1, 0.4, N).round(3),
    "treatment": np.arange(N) % 2 == 0,
    "reason": np.array(["price", "service", "moved"])[np.arange(N) % 3],
})  # fmt: skip
CUSTOMERS["churned"] = _random.uniform(size=N) < CUSTOMERS["churn_probability"]
SPELLS = pd.DataFrame({
    "tenure": _random.integers(2, 24, N).astype(float), "left": _random.uniform(size=N) < 0.5,
    "joined": _random.uniform(0, 1.5, N).round(2), "size": np.arange(N) % 4 + 1.0,
    "plan": np.where(np.arange(N) % 5 < 2, "basic", "pro"), "fee": _random.uniform(5, 20, N).round(2),
})  # fmt: skip
TIMES = {"duration": "tenure", "event": "left", "entry": "joined"}
SPELL_COLUMNS = {"tenure": "number", "left": "outcome", "joined": "number"}
TENURE_MAKER = "summarize_contracts(...) makes tenure"
WEIGHED = {**TIMES, "weights": "size"}
WEIGHED_COLUMNS = {**SPELL_COLUMNS, "size": "number"}
PREDICTED = {"frame": CUSTOMERS, "columns": {"churn_probability": "number", "churned": "outcome"}}
Y_TRUE, Y_SCORE = CUSTOMERS["churned"].to_numpy(), CUSTOMERS["churn_probability"].to_numpy()
SCORED = {"y_true": Y_TRUE, "y_score": Y_SCORE}
COSTS = {"clv": 200.0, "incentive": 10.0, "contact_cost": 1.0}


def on_events(events, labels, **arguments):
    return cv.event_risk(labels, events=events, **arguments)


def on_contacts(contacts, log, **arguments):
    return cv.early_warnings(log, contacts=contacts, **arguments)


def on_roster(roster, log, **arguments):
    return cv.churn_features(log, roster=roster, **arguments)


def on_contracts(roster, log, **arguments):
    return cv.churn_snapshots(log, roster=roster, definition="contractual", **arguments)


def after(after, before, **arguments):
    return cv.drift_report(before, after, **arguments)


def on_logs(contacts, log, **arguments):
    return cv.churn_features({"orders": log, "contacts": contacts}, **arguments)


def judge(panel, model=None, **arguments):
    return cv.evaluate_churn(model, panel, **arguments)


def classifier(
    estimator=LOGISTIC, calibration=None, calibration_folds=2, class_weight=None, encoding="auto", random_state=0
):
    made = churn.ChurnClassifier(
        estimator, calibration=calibration, calibration_folds=calibration_folds, class_weight=class_weight,
        encoding=encoding, random_state=random_state,
    )  # fmt: skip
    return made.fit(X, Y)


def hazard(estimator=None, width=3.0, baseline="linear"):
    return churn.DiscreteTimeHazard(estimator, width=width, baseline=baseline).fit(SPELLS, **WEIGHED, features=["fee"])


def cox(ties="efron"):
    return churn.CoxModel(ties=ties).fit(SPELLS, **TIMES, features=["fee"])


def learner(kind):
    def fitted(estimator=LOGISTIC, outcome_is="churn"):
        return kind(estimator, outcome_is=outcome_is).fit(X_MADE, Y_TRUE, treatment=CUSTOMERS["treatment"])

    return fitted


X_MADE = CUSTOMERS[["clv_if_alive", "cost"]]
CLASSIFIER, RULE = churn.ChurnClassifier(LOGISTIC, calibration=None).fit(X, Y), churn.RecencyRule().fit(X, Y)
HAZARD, COX = hazard(), cox()
PREDICTS = {"fee": "feature", "joined": "number"}
CAMPAIGN = {"X": X_MADE.to_numpy(), "y": Y_TRUE, "treatment": CUSTOMERS["treatment"]}
X_COLUMNS = dict.fromkeys(X.columns, "feature")

CHURN_CALLS = {
    "purchase_rhythm": Call(
        cv.purchase_rhythm, cv.purchase_rhythm, LOG, LOG_COLUMNS, {}, {"observation_end": LAST}, NAMES
    ),
    "fit_rhythm_population": Call(
        cv.fit_rhythm_population, cv.fit_rhythm_population, LOG, LOG_COLUMNS, {}, {"observation_end": LAST}, NAMES
    ),
    "RhythmPopulation.from_dict": Call(
        cv.transactions.RhythmPopulation, cv.transactions.RhythmPopulation.from_dict,
        arguments={"values": cv.fit_rhythm_population(LOG, observation_end=LAST).to_dict()},
    ),
    "expand_subscriptions": Call(
        cv.expand_subscriptions, cv.expand_subscriptions, SUBSCRIPTIONS, {**SUBSCRIBED, "amount": "number"}, {},
        {"observation_end": LAST},
    ),
    "churn_labels": Call(
        cv.churn_labels, cv.churn_labels, LOG, LOG_COLUMNS, {}, {"cutoff": CUTOFF, "horizon": "13 weeks"}, NAMES
    ),
    "churn_labels(rhythm)": Call(
        cv.churn_labels, cv.churn_labels, LOG, LOG_COLUMNS, {},
        {"cutoff": CUTOFF, "horizon": "13 weeks", "definition": "rhythm"}, NAMES,
    ),
    "churn_labels(p_alive)": Call(
        cv.churn_labels, cv.churn_labels, LOG, LOG_COLUMNS, {},
        {"cutoff": CUTOFF, "horizon": "13 weeks", "definition": "p_alive", "purchase_model": MODEL}, NAMES,
    ),
    "subscription_churn_labels": Call(
        cv.subscription_churn_labels, cv.subscription_churn_labels, SUBSCRIPTIONS, SUBSCRIBED, {},
        {"cutoff": "1997-07-01", "horizon": "3 months", "observation_end": LAST},
    ),
    "choose_inactivity_window": Call(
        cv.choose_inactivity_window, cv.choose_inactivity_window, LOG, LOG_COLUMNS, {},
        {"observation_end": LAST, "step_days": 30, "max_return_rate": 0.6}, NAMES,
    ),
    "churn_features": Call(
        cv.churn_features, cv.churn_features, SALES, SALES_COLUMNS, {},
        {"cutoff": CUTOFF, "lookbacks": ["90 days"], "amount": "sales"},
    ),
    "churn_features(log)": Call(
        cv.churn_features, on_logs, CONTACTS, {"customer_id": "id", "date": "date"}, {"log": LOG}, {"cutoff": CUTOFF}
    ),
    "churn_features(roster)": Call(
        cv.churn_features, on_roster, FEATURES[["customer_id", "active_days"]], {"customer_id": "id"}, {"log": LOG},
        {"cutoff": CUTOFF, "lookbacks": ["90 days"]},
    ),
    "churn_snapshots": Call(
        cv.churn_snapshots, cv.churn_snapshots, SALES, SALES_COLUMNS, {}, {**SNAPSHOTS, "amount": "sales"}
    ),
    "churn_snapshots(roster)": Call(
        cv.churn_snapshots, on_contracts, SUBSCRIPTIONS, SUBSCRIBED, {"log": LOG},
        {"cutoffs": ["1997-07-01"], "horizon": "3 months", "observation_end": LAST, "lookbacks": ["90 days"]},
    ),
    "split_xy": Call(
        churn.split_xy, churn.split_xy, PANEL, {"customer_id": "label", "churned": "outcome"}, maker="churn_snapshots"
    ),
    "score_churn": Call(cv.score_churn, cv.score_churn, PANEL, X_COLUMNS, {}, {"model": CLASSIFIER}, "churn_features"),
    "score_churn(purchase model)": Call(
        cv.score_churn, cv.score_churn, SUMMARY, SUMMARY_COLUMNS, {},
        {"model": MODEL, "horizon": "13 weeks"}, SUMMARY_MAKER,
    ),
    "lift_table": Call(cv.lift_table, cv.lift_table, **PREDICTED),
    "gains_curve": Call(cv.gains_curve, cv.gains_curve, **PREDICTED),
    "profit_curve": Call(cv.profit_curve, cv.profit_curve, **PREDICTED),
    "assign_targets": Call(
        cv.assign_targets, cv.assign_targets, CUSTOMERS,
        {"churn_probability": "gappy", "clv_if_alive": "gappy", "cost": "number"}, {},
        {"cost": "cost", "incentive": 5.0, "acceptance": 0.3},
    ),
    "assign_targets(uplift)": Call(
        cv.assign_targets, cv.assign_targets, CUSTOMERS, {"uplift": "gappy"}, {}, {"cost": 1.0, "uplift": "uplift"},
        "churn.TLearner()",
    ),
    "win_back": Call(
        cv.win_back, cv.win_back, CUSTOMERS,
        {"churn_probability": "gappy", "clv_if_alive": "gappy", "cost": "number", "churned": "outcome"}, {},
        {"value": "clv_if_alive", "probability": "churn_probability", "cost": "cost", "lost": "churned"},
    ),
    "qini_curve": Call(
        cv.qini_curve, cv.qini_curve, CUSTOMERS, {"uplift": "number", "treatment": "outcome", "churned": "outcome"},
        {}, {"interval": 0.9, "n_resamples": 5},
    ),
    "churn_reasons": Call(
        cv.churn_reasons, cv.churn_reasons, CUSTOMERS, {"clv_if_alive": "number"}, {}, {"value": "clv_if_alive"}
    ),
    "leakage_report": Call(
        cv.leakage_report, cv.leakage_report, PANEL, maker="churn_snapshots(logs, ...) makes one"
    ),
    "drift_report": Call(
        cv.drift_report, cv.drift_report, CUSTOMERS, {"churn_probability": "gappy", "churned": "gappy outcome"},
        {"after": CUSTOMERS.iloc[5:]}, {"score": "churn_probability", "outcome": "churned", "bins": 4},
    ),
    "drift_report(after)": Call(
        cv.drift_report, after, CUSTOMERS, {"churn_probability": "gappy", "churned": "gappy outcome"},
        {"before": CUSTOMERS.iloc[5:]}, {"score": "churn_probability", "outcome": "churned", "bins": 4},
    ),
    "event_risk": Call(
        cv.event_risk, cv.event_risk, LABELS, {"customer_id": "id", "cutoff": "date", "churned": "outcome"},
        {"events": CONTACTS}, {"event": "kind"}, "churn_labels(log, cutoff=..., horizon=...) makes labels",
    ),
    "event_risk(events)": Call(
        cv.event_risk, on_events, CONTACTS, {"customer_id": "id", "date": "date", "kind": "feature"},
        {"labels": LABELS}, {"event": "kind"},
    ),
    "early_warnings": Call(
        cv.early_warnings, cv.early_warnings, LOG, LOG_COLUMNS, {"contacts": CONTACTS}, {"cutoff": CUTOFF}, NAMES
    ),
    "early_warnings(contacts)": Call(
        cv.early_warnings, on_contacts, CONTACTS, {"customer_id": "id", "date": "date"}, {"log": LOG},
        {"cutoff": CUTOFF},
    ),
    "reason_codes": Call(cv.reason_codes, cv.reason_codes, FEATURES, {"customer_id": "id"}),
    "evaluate_churn": Call(
        cv.evaluate_churn, judge, CUSTOMERS, {"churn_probability": "number", "churned": "outcome"}, {},
        {"score": "churn_probability", "baseline": None, "n_resamples": 5},
    ),
    "survival_table": Call(
        cv.survival_table, cv.survival_table, SPELLS, {**WEIGHED_COLUMNS, "plan": "label"}, {},
        {**WEIGHED, "by": "plan"},
    ),
    "life_table": Call(
        cv.life_table, cv.life_table, SPELLS, {**WEIGHED_COLUMNS, "plan": "label"}, {}, {**WEIGHED, "by": "plan"},
    ),
    "compare_survival": Call(
        cv.compare_survival, cv.compare_survival, SPELLS, {**WEIGHED_COLUMNS, "plan": "label"}, {},
        {**WEIGHED, "by": "plan"},
    ),
    "plots.drift": Call(
        plots.drift, plots.drift, cv.drift_report(CUSTOMERS, CUSTOMERS.iloc[5:], bins=4), {"column": "label"},
    ),
    "plots.gains": Call(
        plots.gains, plots.gains, cv.gains_curve(CUSTOMERS, points=5),
        {"gain": "number"},
    ),
    "plots.inactivity": Call(
        plots.inactivity, plots.inactivity,
        cv.choose_inactivity_window(LOG, observation_end=LAST, step_days=30, max_return_rate=0.6),
        {"silent_days": "number", "recommended": "flag"}, maker="cv.choose_inactivity_window(log, ...) makes it",
    ),
    "plots.pareto": Call(
        plots.pareto, plots.pareto, cv.churn_reasons(CUSTOMERS),
        {"reason": "label", "share": "number", "cumulative_share": "number"},
    ),
    "plots.profit": Call(
        plots.profit, plots.profit, cv.profit_curve(CUSTOMERS, points=5),
        {"share_of_customers": "number", "profit": "number", "profit_random": "number", "best": "flag"},
        maker="cv.profit_curve(frame) makes it",
    ),
    "plots.qini": Call(
        plots.qini, plots.qini, cv.qini_curve(CUSTOMERS, points=5),
        {"share_of_customers": "number", "incremental": "number"}, maker="cv.qini_curve(frame) makes it",
    ),
    "plots.reliability": Call(
        plots.reliability, plots.reliability, cv.lift_table(CUSTOMERS, bins=5),
        {"mean_score": "number", "churn_rate": "number"}, maker="cv.lift_table(frame) makes it",
    ),
    "plots.survival_steps": Call(
        plots.survival_steps, plots.survival_steps, cv.survival_table(SPELLS, **TIMES),
        {"time": "number"}, maker="survival_table(frame, ...) makes it",
    ),
    # Arrays in, numbers out.
    "contact_threshold": Call(
        churn.contact_threshold, churn.contact_threshold, arguments={**COSTS, "acceptance": 0.3}
    ),
    "gini_score": Call(churn.gini_score, churn.gini_score, arguments=SCORED),
    "top_decile_lift": Call(churn.top_decile_lift, churn.top_decile_lift, arguments=SCORED),
    "empc_score": Call(churn.empc_score, churn.empc_score, arguments=SCORED),
    "empc_fraction": Call(churn.empc_fraction, churn.empc_fraction, arguments=SCORED),
    "mpc_score": Call(churn.mpc_score, churn.mpc_score, arguments=SCORED),
    "mpc_fraction": Call(churn.mpc_fraction, churn.mpc_fraction, arguments=SCORED),
    "score_interval": Call(
        churn.score_interval, churn.score_interval, arguments={**SCORED, "n_resamples": 5}
    ),
    "kaplan_meier": Call(
        churn.kaplan_meier, churn.kaplan_meier,
        arguments={"duration": SPELLS["tenure"].to_numpy(), "event": SPELLS["left"].to_numpy()},
    ),
    "ReasonRule": Call(
        churn.ReasonRule, churn.ReasonRule,
        arguments={"name": "lapsed", "feature": "days_since_last", "text": "silent {value}", "at_least": 100.0},
    ),
    # Classes: scikit-learn's constructors take everything, and fit tells what is wrong with it.
    "ChurnClassifier": Call(churn.ChurnClassifier, classifier),
    "ChurnClassifier.fit": Call(
        churn.ChurnClassifier.fit, churn.ChurnClassifier(LOGISTIC, calibration=None).fit, arguments={"X": X, "y": Y}
    ),
    "RecencyRule": Call(churn.RecencyRule, lambda column=None: churn.RecencyRule(column).fit(X, Y)),
    "RecencyRule.fit": Call(churn.RecencyRule.fit, churn.RecencyRule().fit, arguments={"X": X, "y": Y}),
    "DiscreteTimeHazard": Call(churn.DiscreteTimeHazard, hazard),
    "DiscreteTimeHazard.fit": Call(
        churn.DiscreteTimeHazard.fit, churn.DiscreteTimeHazard(width=3.0, baseline="linear").fit, SPELLS,
        WEIGHED_COLUMNS, {}, {**WEIGHED, "features": ["fee"]}, TENURE_MAKER,
    ),
    "DiscreteTimeHazard.hazard": Call(
        churn.DiscreteTimeHazard.hazard, HAZARD.hazard, SPELLS, {"fee": "feature"}, {}, {"periods": [1, 2]}
    ),
    "CoxModel": Call(churn.CoxModel, cox),
    "CoxModel.fit": Call(
        churn.CoxModel.fit, churn.CoxModel().fit, SPELLS, {**SPELL_COLUMNS, "fee": "feature"}, {},
        {**TIMES, "features": ["fee"]},
    ),
    "CoxModel.check_proportional_hazards": Call(
        churn.CoxModel.check_proportional_hazards, COX.check_proportional_hazards
    ),
    "SurvivalChurn": Call(
        churn.SurvivalChurn,
        lambda model, horizon, given=None: churn.SurvivalChurn(model, horizon=horizon, given=given).predict(SPELLS),
        arguments={"model": HAZARD, "horizon": 6.0},
    ),
    "SurvivalChurn.predict_proba": Call(
        churn.SurvivalChurn.predict_proba, churn.SurvivalChurn(HAZARD, horizon=6.0).predict_proba, SPELLS,
        {"fee": "feature"},
    ),
    "SurvivalChurn.predict": Call(
        churn.SurvivalChurn.predict, churn.SurvivalChurn(HAZARD, horizon=6.0).predict, SPELLS, {"fee": "feature"}
    ),
    "PurchaseChurn": Call(
        churn.PurchaseChurn,
        lambda purchase_model, horizon, definition="silence": churn.PurchaseChurn(
            purchase_model, horizon=horizon, definition=definition
        ).predict(SUMMARY),
        arguments={"purchase_model": MODEL, "horizon": "13 weeks"},
    ),
    "PurchaseChurn.predict_proba": Call(
        churn.PurchaseChurn.predict_proba, churn.PurchaseChurn(MODEL, horizon="13 weeks").predict_proba, SUMMARY,
        SUMMARY_COLUMNS, maker=SUMMARY_MAKER,
    ),
    "PurchaseChurn.predict": Call(
        churn.PurchaseChurn.predict, churn.PurchaseChurn(MODEL, horizon="13 weeks").predict, SUMMARY,
        SUMMARY_COLUMNS, maker=SUMMARY_MAKER,
    ),
    "PurgedTimeSplit": Call(
        churn.PurgedTimeSplit, lambda times, horizon, gap=0, n_splits=1, min_train=1: list(
            churn.PurgedTimeSplit(times, horizon=horizon, gap=gap, n_splits=n_splits, min_train=min_train).split(X)
        ), arguments={"times": PANEL["cutoff"], "horizon": "90 days"},
    ),
    "GroupPurgedTimeSplit": Call(
        churn.GroupPurgedTimeSplit,
        lambda times, horizon, gap=0, n_splits=1, min_train=1, customer_folds=2, random_state=0, groups=GROUPS: list(
            churn.GroupPurgedTimeSplit(
                times, horizon=horizon, gap=gap, n_splits=n_splits, min_train=min_train,
                customer_folds=customer_folds, random_state=random_state,
            ).split(X, groups=groups)
        ), arguments={"times": PANEL["cutoff"], "horizon": "90 days"},
    ),
}  # fmt: skip
for name, kind in (("SLearner", churn.SLearner), ("TLearner", churn.TLearner)):
    fitted = kind(LOGISTIC).fit(**CAMPAIGN)
    CHURN_CALLS |= {
        name: Call(kind, learner(kind)),
        f"{name}.fit": Call(kind.fit, kind(LOGISTIC).fit, arguments=CAMPAIGN),
        f"{name}.predict": Call(kind.predict, fitted.predict, arguments={"X": X_MADE.to_numpy()}),
    }
# Fitted on an array: scikit-learn warns of arrays where a model has seen names, before anything else is said of them.
for name, fitted in (("ChurnClassifier", clone(CLASSIFIER)), ("RecencyRule", clone(RULE))):
    fitted.fit(X.to_numpy(), Y)
    for method in ("predict", "predict_proba", "decision_function"):
        CHURN_CALLS[f"{name}.{method}"] = Call(
            getattr(type(fitted), method), getattr(fitted, method), arguments={"X": X.to_numpy()}
        )
ON_ARRAYS = clone(CLASSIFIER).fit(X.to_numpy(), Y)
CHURN_CALLS |= {
    "ChurnClassifier.encode": Call(
        churn.ChurnClassifier.encode, ON_ARRAYS.encode, arguments={"X": X.to_numpy()}
    ),
    "ChurnClassifier.log_odds": Call(
        churn.ChurnClassifier.log_odds, ON_ARRAYS.log_odds, arguments={"encoded": ON_ARRAYS.encode(X.to_numpy())}
    ),
}  # fmt: skip
for name, fitted in (("DiscreteTimeHazard", HAZARD), ("CoxModel", COX)):
    kind = type(fitted)
    for method, arguments in {
        "survival": {"horizon": 6.0, "given": "joined"},
        "churn_probability": {"horizon": 6.0, "given": "joined"},
        "curve": {"periods": 3, "given": "joined"},
        "expected_time": {"horizon": 6.0, "given": "joined"},
        "predict": {"horizon": 6.0, "given": "joined"},
        "score": {},
    }.items():
        CHURN_CALLS[f"{name}.{method}"] = Call(
            getattr(kind, method), getattr(fitted, method), SPELLS,
            PREDICTS if arguments else SPELL_COLUMNS, {}, arguments,
        )  # fmt: skip
    CHURN_CALLS[f"{name}.summary_table"] = Call(kind.summary_table, fitted.summary_table)
    CHURN_CALLS[f"{name}.set_params"] = Call(kind.set_params, fitted.set_params)
