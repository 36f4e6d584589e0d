"""How many clusters of customers, by raw features and by prepared ones, and whether the labels hold.

The 4,338 customers of UCI Online Retail (recency in days, invoices, total value, from the tests' data). For each way to
prepare the features: every criterion by k with its verdict, then 20 refits on resamples of the customers, preparation
included, each of which labels all customers.

    python benchmarks/clusters.py [--smoke]
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

import customer_value as cv

CUSTOMERS = Path(__file__).parents[1] / "tests" / "data" / "online_retail_customers.csv"
FEATURES = ["time_since_last", "purchases", "total_value"]
WAYS = {
    "raw": {"unskew": None, "scale": None},
    "z-scores": {"unskew": None},
    "log1p and z-scores (the default)": {},
    "Yeo-Johnson and z-scores": {"unskew": "yeo-johnson"},
}
COLUMNS = {
    "silhouette": ".3f", "davies_bouldin": ".2f", "calinski_harabasz": ",.0f", "gap": ".3f", "gap_error": ".3f",
    "jaccard_min": ".2f", "jaccard_mean": ".2f", "adjusted_rand": ".2f", "smallest_customers": ",.0f",
    "largest_share": ".3f",
}  # fmt: skip


def criteria(customers: pd.DataFrame, way: dict[str, str | None], ks: range, again: int) -> pd.DataFrame:
    start = time.perf_counter()
    table = cv.choose_n_clusters(
        customers, features=FEATURES, k=ks, model=cv.segments.KMeansSegmenter(**way), n_references=again, n_boot=again
    )
    chosen = table.loc[table["recommended"], "k"].tolist()
    gap_k = table["gap_k"][0]
    print(f"recommended: {chosen or 'none'}; the gap names {'none' if pd.isna(gap_k) else gap_k}; "
          f"{time.perf_counter() - start:.1f} s\n")  # fmt: skip
    print(f"| k | {' | '.join(COLUMNS)} | verdict |")
    print("|" + "---|" * (len(COLUMNS) + 2))
    for _, row in table.iterrows():
        print(f"| {row['k']} | {' | '.join(f'{row[c]:{f}}' for c, f in COLUMNS.items())} | {row['verdict']} |")
    print()
    for _, row in table.iterrows():
        print(f"k = {row['k']}, {row['verdict']}: {row['verdict_reason']}")
    return table


def held(customers: pd.DataFrame, way: dict[str, str | None], k: int, again: int) -> str:
    """Refit on resamples and label everybody: how many keep the number that the fit on all gave them."""
    features = customers[FEATURES]
    model = cv.segments.KMeansSegmenter(k, **way).fit(features)
    rng = np.random.default_rng(0)
    rand, same, matched = [], [], []
    for _ in range(again):
        drawn = features.iloc[rng.integers(len(features), size=len(features))]
        refit = cv.segments.KMeansSegmenter(k, **way).fit(drawn)
        labels = refit.predict(features)
        rand.append(adjusted_rand_score(model.labels_, labels))
        same.append(labels == model.labels_)
        matched.append(cv.segments.match_clusters(model, refit).relabelled.predict(features) == model.labels_)
    return " | ".join(
        [f"{np.mean(rand):.3f}", f"{np.min(rand):.3f}"]
        + [f"{kept:.1%}" for each in (same, matched) for kept in (np.mean(each), np.mean(each, axis=1).min())]
        + [f"{np.all(matched, axis=0).mean():.1%}"]
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke", action="store_true")
    smoke = parser.parse_args().smoke
    warnings.simplefilter("ignore", cv.CustomerValueWarning)
    customers = pd.read_csv(CUSTOMERS)
    customers = customers.head(300) if smoke else customers
    ks, again = (range(2, 4), 2) if smoke else (range(2, 9), 20)
    for name, way in WAYS.items():
        print(f"\n{name}: {len(customers):,} customers; ", end="")
        criteria(customers, way, ks, again)
    print(f"\nLabels of all customers by {again} refits, against those of the fit on all:\n")
    print("| features | k | adjusted Rand index, mean | least | keep their number, mean | least | "
          "after match_clusters, mean | least | in every refit |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for name, way in WAYS.items():
        for k in (2, 4, 6)[: 1 if smoke else 3]:
            print(f"| {name} | {k} | {held(customers, way, k, again)} |", flush=True)


if __name__ == "__main__":
    main()
