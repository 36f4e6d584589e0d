"""What leaks are worth on CDNOW, and that the library's own functions have none.

Silence over 120 days is the label. Honest set-ups go through `churn_snapshots`, `split_xy` and `PurgedTimeSplit` with
plain scikit-learn models; every leak has to be made by hand, past these functions. Beside each figure stands that of an
independent experiment with half a dozen hand-made features (its boosting had other settings). Fails where an honest AUC
leaves its limits, where a leak is not worth what it should, or where a feature depends on the future.

    python benchmarks/accuracy/leakage.py [--smoke]
"""

from __future__ import annotations

import sys
import time

import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import customer_value as cv
from customer_value.churn.features import churn_features
from customer_value.churn.snapshots import churn_snapshots, split_xy
from customer_value.churn.splits import PurgedTimeSplit

SMOKE = "--smoke" in sys.argv
HORIZON, CUTOFF, DATA_END = "120 days", "1997-09-01", "1998-07-01"
LOOKBACKS = ("30 days", "90 days")
CUTOFFS = pd.date_range("1997-04-01", periods=12, freq="MS")
FOLDS = StratifiedKFold(5, shuffle=True, random_state=0)

# Honest AUCs must lie within; where there is a pair of names, the first must exceed the second by as much.
LIMITS = {
    "one snapshot, logistic": (0.73, 0.79),
    "one snapshot, boosting": (0.72, 0.79),
    "panel, grouped folds, forest": (0.69, 0.73),
    "last cutoff, purged, logistic": (0.80, 0.83),
    "last cutoff, purged, boosting": (0.79, 0.83),
    "last cutoff, recency rule": (0.8102, 0.8103),
}
WORTH = {
    ("LEAK features at the end of the data", "one snapshot, boosting"): 0.2,
    ("LEAK recency at the end of the data", "one snapshot, boosting"): 0.18,
    ("LEAK features 28 days into the window", "one snapshot, boosting"): 0.05,
    ("LEAK panel, random folds, forest", "panel, grouped folds, forest"): 0.04,
}
ELSEWHERE = {
    "one snapshot, boosting": 0.743,
    "LEAK features at the end of the data": 0.986,
    "LEAK recency at the end of the data": 0.972,
    "LEAK features 28 days into the window": 0.815,
    "LEAK panel, random folds, forest": 0.779,
    "panel, grouped folds, forest": 0.712,
    "last cutoff, purged, logistic": 0.815,
    "last cutoff, purged, boosting": 0.809,
    "LEAK last cutoff, not purged, boosting": 0.829,
    "last cutoff, recency rule": 0.810,
}


def boosting():
    return HistGradientBoostingClassifier(learning_rate=0.05, max_leaf_nodes=7, random_state=0)


def logistic():
    impute = SimpleImputer(strategy="median", add_indicator=True)
    return make_pipeline(impute, StandardScaler(), LogisticRegression(max_iter=2000))


def forest():
    trees = RandomForestClassifier(20 if SMOKE else 100, random_state=0, n_jobs=1)
    return make_pipeline(SimpleImputer(strategy="constant", fill_value=-1), trees)


def out_of_fold(model, X, y, folds, groups=None):
    risk = cross_val_predict(model, X, y, cv=folds, groups=groups, method="predict_proba")[:, 1]
    return roc_auc_score(y, risk)


def ahead(model, X, y, train, test):
    return roc_auc_score(y[test], model.fit(X.iloc[train], y[train]).predict_proba(X.iloc[test])[:, 1])


def require(condition, what):
    if not condition:
        raise SystemExit(f"there must be {what}")


def one_snapshot(log):
    panel = churn_snapshots(log, cutoffs=[CUTOFF], horizon=HORIZON, lookbacks=LOOKBACKS)
    X, y, customers = split_xy(panel)
    require(len(panel) == 2357 and round(y.mean(), 4) == 0.8027, "2357 customers, .8027 of them silent, as elsewhere")
    yield "one snapshot, logistic", out_of_fold(logistic(), X, y, FOLDS)
    yield "one snapshot, boosting", out_of_fold(boosting(), X, y, FOLDS)

    def at(day):
        """Features of another day than the labels': what no argument of `churn_snapshots` can ask for."""
        late = churn_features(log, cutoff=day, lookbacks=LOOKBACKS).set_index("customer_id").loc[customers]
        return late[list(X)].reset_index(drop=True)

    late = at(DATA_END)
    yield "LEAK features at the end of the data", out_of_fold(boosting(), late, y, FOLDS)
    recency = late[["days_since_last"]]
    yield "LEAK recency at the end of the data", out_of_fold(boosting(), recency, y, FOLDS)
    overlap = at(pd.Timestamp(CUTOFF) + pd.Timedelta(days=28))
    yield "LEAK features 28 days into the window", out_of_fold(boosting(), overlap, y, FOLDS)


def many_snapshots(log):
    panel = churn_snapshots(log, cutoffs=CUTOFFS, horizon=HORIZON, lookbacks=LOOKBACKS)
    X, y, customers = split_xy(panel)
    require(len(panel) == 28284, "28284 rows of the panel, as elsewhere")
    yield "panel, grouped folds, forest", out_of_fold(forest(), X, y, GroupKFold(5), customers)
    yield "LEAK panel, random folds, forest", out_of_fold(forest(), X, y, KFold(5, shuffle=True, random_state=0))
    *_, (train, test) = PurgedTimeSplit(panel["cutoff"], horizon=HORIZON, n_splits=7).split(X)
    yield "last cutoff, purged, logistic", ahead(logistic(), X, y, train, test)
    yield "last cutoff, purged, boosting", ahead(boosting(), X, y, train, test)
    yield "last cutoff, recency rule", roc_auc_score(y[test], X["days_since_last"].iloc[test])
    before = (panel["cutoff"] < panel["cutoff"].max()).to_numpy().nonzero()[0]
    yield "LEAK last cutoff, not purged, boosting", ahead(boosting(), X, y, before, test)


def require_blindness(log):
    """Raise unless the features of the panel stay as they are when all that follows each cutoff is taken away."""
    for cutoff in CUTOFFS[:: 6 if SMOKE else 1]:
        whole = churn_features(log, cutoff=cutoff, lookbacks=LOOKBACKS)
        past = churn_features(log[log["date"] < cutoff], cutoff=cutoff, lookbacks=LOOKBACKS)
        pd.testing.assert_frame_equal(whole, past, check_exact=True)


def main():
    start, log = time.perf_counter(), cv.datasets.load_cdnow(sample=True)
    require_blindness(log)
    found = {}
    print("| set-up | AUC | elsewhere |\n|---|---|---|")
    for part in (one_snapshot, many_snapshots):
        for name, auc in part(log):
            found[name] = auc
            print(f"| {name} | {auc:.4f} | {ELSEWHERE.get(name, '')} |", flush=True)
    print(f"{time.perf_counter() - start:.0f} s")
    wrong = [f"{name}: {found[name]:.4f}" for name, (low, high) in LIMITS.items() if not low <= found[name] <= high]
    wrong += [f"{leak}: {found[leak]:.4f}" for (leak, own), by in WORTH.items() if found[leak] < found[own] + by]
    if wrong:
        raise SystemExit("outside its limits: " + "; ".join(wrong))


if __name__ == "__main__":
    main()
