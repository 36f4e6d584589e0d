"""How many customers change segment or tier from one month to the next, and what hysteresis makes of it.

Every month of 2011 from March on, each customer of UCI Online Retail (where its file is given; else of CDNOW, 1997) is
scored by all that was known before the cutoff: on edges made anew each month, on the edges of the first month, and on
edges of the first month with purchases and value of the last three months only. The ten segments and A/B/C tiers by
value follow, and `review_tiers` holds back moves that are not confirmed (or, for tiers, lie within a buffer).

    python benchmarks/segment_stability.py [--smoke] [--retail online_retail.parquet]
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

import customer_value as cv

START = 2  # months that are left out of the figures
WINDOW = {"frequency": "purchases_3m", "monetary": "value_3m"}
RULES = [
    ("as proposed", {"confirmations": 1}),
    ("2 confirmations", {"confirmations": 2}),
    ("3 confirmations", {"confirmations": 3}),
]
BUFFERED = [
    *RULES[:2],
    ("buffer .05", {"confirmations": 1, "buffer": 0.05}),
    ("buffer .20", {"confirmations": 1, "buffer": 0.2}),
    ("buffer .05, 2 confirmations", {"confirmations": 2, "buffer": 0.05}),
    ("buffer .20, 2 confirmations", {"confirmations": 2, "buffer": 0.2}),
]

Label = Callable[[pd.DataFrame], pd.DataFrame]


def read(smoke: bool, retail: str | None) -> tuple[str, pd.DataFrame, pd.DatetimeIndex]:
    if retail is None:
        cutoffs = pd.date_range("1997-07-01", "1998-07-01", freq="MS")
        return "CDNOW", cv.datasets.load_cdnow(sample=smoke), cutoffs[:5] if smoke else cutoffs
    names = {"customer_id": "CustomerID", "date": "InvoiceDate", "order_id": "InvoiceNo"}
    log = cv.clean_log(pd.read_parquet(retail), **names, amount=("Quantity", "UnitPrice"), anonymous="drop")
    return "Online Retail", log, pd.date_range("2011-03-01", "2011-12-01", freq="MS")


def summaries(log: pd.DataFrame, cutoffs: pd.DatetimeIndex) -> list[pd.DataFrame]:
    made = []
    for cutoff in cutoffs:
        end = (cutoff - pd.Timedelta(days=1)).date()
        known = log[log["date"] < cutoff]
        made.append(cv.summarize_customers(known, observation_end=end, time_unit="day", windows=("3 months",)))
    return made


def reviewed(months: list[pd.DataFrame], tier: str, rule: dict[str, float], score: str) -> list[pd.DataFrame]:
    final: list[pd.DataFrame] = []
    for month in months:
        previous = final[-1] if final else month.head(0)
        final.append(cv.review_tiers(month, previous=previous, tier=tier, score=score, **{"buffer": 0.0, **rule}))
    return final


def told(final: list[pd.DataFrame], tier: str) -> str:
    """Share that changes from month to month, that is back a month later, that waits behind its proposal."""
    labels = pd.concat([month.set_index("customer_id")[tier].astype(str) for month in final], axis=1).to_numpy()
    known = pd.notna(labels) & (labels != "nan")
    both = known[:, 1:] & known[:, :-1]
    labels, both = labels[:, START:], both[:, START:]  # no rule can move anybody before it has seen enough reviews
    moved = both & (labels[:, 1:] != labels[:, :-1])
    by_month = moved.sum(axis=0) / both.sum(axis=0)
    back = moved[:, 1:] & moved[:, :-1] & (labels[:, 2:] == labels[:, :-2])
    held_back = [month[tier].astype(str) != month[f"{tier}_proposed"].astype(str) for month in final[START + 1 :]]
    waits = np.mean([month.mean() for month in held_back])
    per_customer = moved.sum() / both.sum() * 12
    return (
        f"{by_month.mean():.1%} | {by_month.min():.1%} to {by_month.max():.1%} | {per_customer:.1f} | "
        f"{back.sum() / max(1, moved[:, :-1].sum()):.1%} | {waits:.1%}"
    )


def show(title: str, tier: str, score: str, ways: dict[str, list[pd.DataFrame]], rules: list) -> None:
    print(f"\n{title}\n")
    print("| scored | review | change per month, mean | range | moves per customer and year | undone a month later | "
          "differ from their proposal |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for way, months in ways.items():
        for name, rule in rules:
            print(f"| {way} | {name} | {told(reviewed(months, tier, rule, score), tier)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--retail")
    asked = parser.parse_args()
    warnings.simplefilter("ignore", cv.CustomerValueWarning)
    name, log, cutoffs = read(asked.smoke, asked.retail)
    months = summaries(log, cutoffs)
    print(f"{name}: {len(cutoffs)} cutoffs from {cutoffs[0]:%Y-%m-%d} to {cutoffs[-1]:%Y-%m-%d}; "
          f"{len(months[0]):,} customers at the first, {len(months[-1]):,} at the last")  # fmt: skip

    first, recent = cv.fit_rfm_scheme(months[0]), cv.fit_rfm_scheme(months[0], **WINDOW)
    segments = {
        "edges of each month": [cv.assign_segments(cv.score_rfm(month)) for month in months],
        "edges of the first month": [cv.assign_segments(cv.score_rfm(month, scheme=first)) for month in months],
        "the same, last 3 months": [cv.assign_segments(cv.score_rfm(month, scheme=recent)) for month in months],
    }
    show("Ten segments", "segment", "rfm_score", segments, RULES)

    shares = cv.segments.tiers.abc()
    tiers = {}
    for way, value, frozen in (
        ("thresholds of each month", "total_value", False),
        ("thresholds of the first month", "total_value", True),
        ("the same, last 3 months", "value_3m", True),
    ):
        scheme = cv.fit_tier_scheme(months[0], scheme=shares, score=value) if frozen else shares
        tiers[way] = [cv.assign_tiers(month.assign(worth=month[value]), scheme=scheme, score=value) for month in months]
    show("A/B/C tiers by value", "tier", "worth", tiers, BUFFERED)


if __name__ == "__main__":
    main()
