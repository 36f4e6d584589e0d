"""Churn models side by side on two public sets: ranking, calibration and profit, out of fold.

The sets are not part of this library: IBM's telco churn (7,043 customers, Apache-2.0) and the operator's set of R's
modeldata (5,000, MIT), as `telco_ibm_7043.csv` and `mlc_churn_5000.csv` in a folder of yours. Each model is fitted in
StratifiedKFold(5, shuffle=True, random_state=0) and judged on the rows that it has not seen. `--smoke` takes a small
simulated set instead.

    python benchmarks/churn_models.py FOLDER
    python benchmarks/churn_models.py --smoke
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold

import customer_value as cv
from customer_value.churn.empc import empc_score

Set = tuple[pd.DataFrame, np.ndarray[Any, Any]]

MODELS = {
    "blend (default)": {},
    "blend, isotonic": {"calibration": "isotonic"},
    "blend, uncalibrated": {"calibration": None},
    "hist_gradient_boosting": {"estimator": "hist_gradient_boosting"},
    "logistic": {"estimator": "logistic"},
    "random_forest": {"estimator": "random_forest"},
    "logistic, balanced, uncalibrated": {"estimator": "logistic", "class_weight": "balanced", "calibration": None},
}


def telco(folder: Path) -> Set:
    table = pd.read_csv(folder / "telco_ibm_7043.csv")
    table["TotalCharges"] = pd.to_numeric(table["TotalCharges"], errors="coerce")  # 11 blanks, of new customers
    return table.drop(columns=["customerID", "Churn"]), (table["Churn"] == "Yes").to_numpy(dtype=int)


def mlc(folder: Path) -> Set:
    table = pd.read_csv(folder / "mlc_churn_5000.csv")
    return table.drop(columns=["rownames", "churn"]), (table["churn"] == "yes").to_numpy(dtype=int)


def simulated(rows: int = 300) -> Set:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "silent_days": rng.exponential(40, rows),
            "calls": rng.poisson(1.5, rows),
            "plan": rng.choice(["basic", "plus", "pro"], rows),
        }
    )
    odds = table["silent_days"] / 30 + 0.5 * (table["calls"] > 3) - (table["plan"] == "pro") - 2
    return table, (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)


def calibration_error(y: np.ndarray[Any, Any], p: np.ndarray[Any, Any]) -> float:
    """Mean distance of forecast and share in tenths of equal size (ECE10)."""
    tenths = np.array_split(np.argsort(p, kind="stable"), 10)
    return float(sum(abs(p[rows].mean() - y[rows].mean()) * rows.size for rows in tenths) / y.size)


def judge(X: pd.DataFrame, y: np.ndarray[Any, Any], options: dict[str, Any]) -> dict[str, float]:
    p, aucs, seconds = np.empty(y.size), [], []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
        start = time.perf_counter()
        model = cv.churn.ChurnClassifier(**options).fit(X.iloc[train], y[train])
        seconds.append(time.perf_counter() - start)
        p[test] = model.predict_proba(X.iloc[test])[:, 1]
        aucs.append(roc_auc_score(y[test], p[test]))
    return {
        "AUC (folds)": float(np.mean(aucs)),
        "AUC": roc_auc_score(y, p),
        "lift": cv.churn.top_decile_lift(y, p),
        "Brier": brier_score_loss(y, p),
        "log loss": log_loss(y, p),
        "ECE10": calibration_error(y, p),
        "EMPC": empc_score(y, p),
        "fit, s": float(np.median(seconds)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="where the two files are")
    parser.add_argument("--smoke", action="store_true", help="a simulated set of 300 customers, in seconds")
    given = parser.parse_args()
    if given.folder is None and not given.smoke:
        parser.error("give the folder of the two files, or --smoke")
    sets = {"simulated": simulated()} if given.smoke else {"telco": telco(given.folder), "mlc": mlc(given.folder)}
    warnings.simplefilter("ignore", cv.FitWarning)  # class weights without calibration are here to be compared
    models = {name: MODELS[name] for name in ("blend (default)", "logistic")} if given.smoke else MODELS
    for name, (X, y) in sets.items():
        rows = {model: judge(X, y, options) for model, options in models.items()}
        print(f"\n{name}: {y.size} customers, {y.mean():.1%} churned\n")
        print(pd.DataFrame(rows).T.round(5).to_string())


if __name__ == "__main__":
    main()
