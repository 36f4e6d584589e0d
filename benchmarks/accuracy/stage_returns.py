"""What became of customers of each stage: how many bought within 30 and within 90 days of it.

CDNOW, Complete Journey and, where its file is given, UCI Online Retail, at cutoffs after which 90 days were observed;
each stage against others of as many purchases, and "lost" against schemes with later thresholds. Fails where, of
customers with 4 purchases or more, those in decline do not come back less often than those in stability, or the lost
than those in decline.

    python benchmarks/accuracy/stage_returns.py [--smoke] [online_retail.parquet]

The file is UCI 352, *Online Retail* (CC BY 4.0), as Parquet; ONLINE_RETAIL may name its path.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd

import customer_value as cv
from customer_value.lifecycle import FIVE_STAGE

DAYS = (30, 90)
BANDS = ["1", "2 to 3", "4 or more"]
SCHEMES = {
    "4 usual gaps or P < .001 (default)": FIVE_STAGE,
    "6 usual gaps or P < .0001": replace(FIVE_STAGE, overdue_ratios=(2, 6), silence_levels=(0.05, 0.0001)),
    "8 usual gaps or P < .0001": replace(FIVE_STAGE, overdue_ratios=(2, 8), silence_levels=(0.05, 0.0001)),
}


def logs(smoke, path):
    """Name, log and cutoffs of each data set."""
    yield "CDNOW", cv.datasets.load_cdnow(sample=smoke), ["1997-09-01", "1997-12-01", "1998-02-01", "1998-04-01"]
    journey = cv.datasets.load_complete_journey()[["customer_id", "date", "amount"]]
    journey = journey[journey["customer_id"] <= 800] if smoke else journey
    yield "Complete Journey", journey, ["2017-07-01", "2017-08-01", "2017-09-01", "2017-10-01"]
    if path:
        lines = pd.read_parquet(path).dropna(subset="CustomerID")
        lines = lines.assign(amount=lines["Quantity"] * lines["UnitPrice"])
        names = {"CustomerID": "customer_id", "InvoiceDate": "date"}
        log = lines.rename(columns=names)[["customer_id", "date", "amount"]]
        yield "Online Retail", log, ["2011-06-01", "2011-07-01", "2011-08-01", "2011-09-01"]


def outcomes(log, cutoffs):
    """Customers at each cutoff, with how many purchases they had and whether they bought in the days that followed."""
    history = cv.lifecycle_history(log, cutoffs=cutoffs)
    day = log["date"].dt.normalize()
    bought = pd.DataFrame({"customer_id": log["customer_id"], "next": day})[log["amount"] >= 0].drop_duplicates()
    # merge_asof finds the first purchase on or after the cutoff.
    history = history.assign(cutoff=pd.to_datetime(history["cutoff"]).astype(bought["next"].dtype))
    found = pd.merge_asof(
        history.sort_values("cutoff", kind="stable"), bought.sort_values("next", kind="stable"), left_on="cutoff",
        right_on="next", by="customer_id", direction="forward",
    )  # fmt: skip
    wait = (found["next"] - found["cutoff"]).dt.days
    for days in DAYS:
        found[f"in {days} days"] = wait < days
    found["had bought"] = pd.cut(found["purchases"], [0, 1, 3, np.inf], labels=BANDS)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("path", nargs="?", default=os.environ.get("ONLINE_RETAIL"))
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore", cv.DataWarning)
    came_back = [f"in {days} days" for days in DAYS]
    wrong = []
    for name, log, cutoffs in logs(options.smoke, options.path):
        found = outcomes(log, cutoffs)
        by_stage = found.groupby(["had bought", "lifecycle_stage"], observed=True)[came_back]
        table = by_stage.mean().assign(customers=by_stage.size())
        print(f"\n{name}: share that bought again, at {len(cutoffs)} cutoffs\n{table.round(3).to_string()}")
        lost = {
            told: cv.assign_lifecycle(found, scheme=scheme)["lifecycle_stage"] == "Lost"
            for told, scheme in SCHEMES.items()
        }
        lost["4 usual gaps and P < .05"] = (found["overdue_ratio"] >= 4) & (found["silence_probability"] < 0.05)
        rows = {told: {"lost": mask.mean(), **found.loc[mask, came_back].mean()} for told, mask in lost.items()}
        print(f"\nlost by\n{pd.DataFrame(rows).T.round(3).to_string()}")
        often = table.loc[BANDS[-1], came_back[-1]]
        if not often["Stability"] > often["Decline"] > often["Lost"]:
            wrong.append(name)
    if wrong:
        sys.exit(f"the stages do not tell who comes back: {wrong}")


if __name__ == "__main__":
    main()
