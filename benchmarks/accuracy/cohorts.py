"""The published cohort table of Online Retail, cell by cell, and what cancellations change.

The counts are those that public notebooks print (tests/golden/lifecycle_cohorts.json). With cancellations counted as
activity the table is held against one of pandas. Fails where a cell differs.

    python benchmarks/accuracy/cohorts.py [online_retail.parquet]

The file is UCI 352, *Online Retail* (CC BY 4.0), as Parquet; ONLINE_RETAIL may name its path. Without it, the months in
which its customers were active (tests/data/online_retail_months.csv) stand for its rows.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path

import pandas as pd

import customer_value as cv

ROOT = Path(__file__).parents[2]
GOLDEN = json.loads((ROOT / "tests" / "golden" / "lifecycle_cohorts.json").read_text())
COLUMNS = {"customer_id": "CustomerID", "date": "InvoiceDate", "observation_end": "2011-12-09"}


def counts_of(log: pd.DataFrame, refunds: str) -> dict[str, list[int]]:
    table = cv.cohort_table(log, refunds=refunds, **COLUMNS)
    return table.groupby("cohort")["customers"].apply(list).to_dict()


def counts_by_pandas(log: pd.DataFrame) -> dict[str, list[int]]:
    month = log["InvoiceDate"].dt.to_period("M")
    first = month.groupby(log["CustomerID"]).transform("min")
    age = (month - first).map(lambda gap: gap.n)
    table = log.pivot_table(index=first, columns=age, values="CustomerID", aggfunc="nunique")
    return {str(cohort): row.dropna().astype(int).tolist() for cohort, row in table.iterrows()}


def compare(name: str, found: dict[str, list[int]], expected: dict[str, list[int]]) -> bool:
    cells = [(a, b) for c in expected for a, b in zip(found.get(c, []), expected[c], strict=True)]
    equal = sum(a == b for a, b in cells)
    print(f"{name:<45} {equal} of {len(cells)} cells; first cohort {found['2010-12'][0]}")
    return equal == len(cells) and list(found) == list(expected)


def rows_of_file(path: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """All rows of customers, those with a price, and those that are purchases."""
    rows = pd.read_parquet(path).dropna(subset="CustomerID")
    rows["amount"] = rows["Quantity"] * rows["UnitPrice"]
    priced = rows["UnitPrice"] > 0
    return rows, rows[priced], rows[priced & (rows["Quantity"] > 0)]


def rows_of_months() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """As `rows_of_file`, with one row per customer and month."""
    active = pd.read_csv(ROOT / "tests" / "data" / "online_retail_months.csv")
    letters = active["months"].str.split("", expand=True).iloc[:, 1:-1]
    letters.columns = pd.date_range("2010-12-01", periods=13, freq="MS")
    rows = letters.assign(CustomerID=active["customer_id"]).melt("CustomerID", var_name="InvoiceDate", value_name="is")
    rows = rows[rows["is"] != "."].astype({"InvoiceDate": "datetime64[us]"})
    rows["amount"] = rows["is"].map({"P": 1.0, "c": -1.0})
    return rows, rows, rows[rows["amount"] > 0]


def main() -> int:
    path = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ONLINE_RETAIL")
    rows, priced, bought = rows_of_months() if path is None else rows_of_file(path)
    print(f"{len(rows):,} rows of {rows['CustomerID'].nunique():,} customers")
    published = GOLDEN["online_retail_cohort_counts_clean"]["counts"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cv.DataWarning)  # 33 customers have refunds only
        passed = [
            compare("published: without cancellations", counts_of(bought, "error"), published),
            compare("cancellations in the log, refunds='net'", counts_of(priced, "net"), published),
            compare("cancellations counted, refunds='count'", counts_of(rows, "count"), counts_by_pandas(rows)),
        ]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
