"""The revenue bridge of a wholesaler and of a grocer, every period and every group, against sums in whole numbers.

Complete Journey by each of its demographics, and, where its file is given, UCI Online Retail by country, with each
treatment of refunds. For every period and window: the identity to the cent, customers before + new + resurrected -
churned = after, each part against a table of customers by period in whole thousandths (pandas), groups that add up to
all, the same figures from shuffled rows in polars, and growth that is the sum of its three effects. Quick ratios as two
pages publish them. Ends with an error where a figure is off.

    python benchmarks/accuracy/revenue.py [--smoke] [online_retail.parquet]

The file is UCI 352, *Online Retail* (CC BY 4.0), as Parquet; ONLINE_RETAIL may name its path.
"""

from __future__ import annotations

import argparse
import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

import customer_value as cv

GOLDEN = Path(__file__).parents[2] / "tests" / "golden" / "lifecycle_revenue.json"
PARTS = ["start", "new", "resurrected", "expansion", "contraction", "churned", "end"]
COUNTS = ["customers_before", "n_new", "n_resurrected", "n_expansion", "n_contraction", "n_churned", "customers_after"]
EFFECTS = ["customers_effect", "frequency_effect", "value_effect"]
UNIT = 1000  # thousandths of a currency: prices times quantities have three decimals at most
WINDOWS = [("month", 1), ("month", 3), ("month", 6), ("quarter", 1), ("week", 4), ("day", 28)]
CODES = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q-DEC"}


def complete_journey(smoke: bool) -> tuple[pd.DataFrame, pd.DataFrame, str, str]:
    log = cv.datasets.load_complete_journey()[["customer_id", "date", "amount", "order_id"]]
    log = log[log["customer_id"] <= 200] if smoke else log
    people = cv.datasets.load_complete_journey("demographics").set_index("customer_id").astype(str)
    people = people.reindex(log["customer_id"].drop_duplicates()).fillna("unknown").reset_index()
    return log, people, "2017-01-01", "2017-12-31"


def online_retail(path: str, smoke: bool) -> tuple[pd.DataFrame, pd.DataFrame, str, str]:
    lines = pd.read_parquet(path).dropna(subset="CustomerID")
    lines = lines[lines["CustomerID"] < 13000] if smoke else lines
    log = pd.DataFrame(
        {
            "customer_id": lines["CustomerID"].astype("int64"),
            "date": lines["InvoiceDate"],
            "amount": (lines["Quantity"] * lines["UnitPrice"]).round(3),
            "order_id": lines["InvoiceNo"].str.lstrip("C"),
            "country": lines["Country"],
        }
    ).reset_index(drop=True)
    people = log.sort_values("date", kind="stable").drop_duplicates("customer_id")[["customer_id", "country"]]
    return log.drop(columns="country"), people, "2010-12-01", "2011-12-09"


def by_hand(
    log: pd.DataFrame, period: str, length: int, start: str, end: str, refunds: str
) -> Iterator[dict[str, Any]]:
    """Parts of each end by customer, from tables of customers by period: all in whole numbers."""
    log = log[log["amount"] >= 0] if refunds == "drop" else log
    number = log["date"].dt.to_period(CODES[period])
    whole = pd.period_range(start, pd.Timestamp(end) + pd.Timedelta("1D"), freq=CODES[period])[:-1]
    first_whole = whole[0].start_time == pd.Timestamp(start)
    whole = whole if first_whole else whole[1:]
    cells = pd.DataFrame({"customer": log["customer_id"], "period": number, "sale": log["amount"] >= 0})
    cells["money"] = (log["amount"] * UNIT).round().astype("int64")
    place = {"index": "customer", "columns": "period"}
    table = cells.pivot_table(**place, values="money", aggfunc="sum", fill_value=0)
    sales = cells.pivot_table(**place, values="sale", aggfunc="any", fill_value=False)
    sales = sales[sales.any(axis=1)]
    periods = pd.period_range(table.columns.min(), table.columns.max(), freq=CODES[period])
    sales = sales.reindex(columns=periods, fill_value=False)
    money = table.loc[sales.index].reindex(columns=periods, fill_value=0).to_numpy()
    bought = sales.to_numpy()
    if refunds == "match":
        money = matched(money, bought)
    first = bought.argmax(axis=1)
    money = np.where(np.arange(len(periods)) >= first[:, None], money, 0)
    at = {p: i for i, p in enumerate(periods)}
    for last in whole[2 * length - 1 :]:
        stop = at[last] + 1
        middle, begin = stop - length, stop - 2 * length
        before, after = money[:, begin:middle].sum(axis=1), money[:, middle:stop].sum(axis=1)
        was, came = bought[:, begin:middle].any(axis=1), bought[:, middle:stop].any(axis=1)
        new = came & (first >= middle)
        kinds = {"new": new, "resurrected": came & ~was & ~new, "churned": was & ~came}
        rest = ~(kinds["new"] | kinds["resurrected"] | kinds["churned"])
        kinds |= {"expansion": rest & (after > before), "contraction": rest & (after < before)}
        change = {name: (before - after if name in ("churned", "contraction") else after - before) for name in kinds}
        yield {
            "customers": sales.index,
            "start": before,
            "end": after,
            "customers_before": was,
            "customers_after": came,
            **{name: np.where(who, change[name], 0) for name, who in kinds.items()},
            **{f"n_{name}": who for name, who in kinds.items()},
        }


def matched(money: np.ndarray, bought: np.ndarray) -> np.ndarray:
    """Refunds of periods without a purchase, moved to the customer's latest purchase period before."""
    money, latest = money.copy(), np.where(bought[:, 0], 0, -1)
    for i in range(1, money.shape[1]):
        moves = ~bought[:, i] & (latest >= 0)
        np.add.at(money, (np.flatnonzero(moves), latest[moves]), money[moves, i])
        money[moves, i] = 0
        latest = np.where(bought[:, i], i, latest)
    return money


def check(what: str, ok: bool) -> None:
    if not ok:
        raise SystemExit(f"off: {what}")


def prove(name: str, log: pd.DataFrame, people: pd.DataFrame, start: str, end: str, refunds: list[str]) -> None:
    shuffled = pl.from_pandas(log.sample(frac=1, random_state=1)).lazy()
    attributes = [None, *people.columns.drop("customer_id")]
    for period, length in WINDOWS:
        for policy in refunds:
            options = {"observation_start": start, "observation_end": end, "period": period, "refunds": policy}
            options["window"] = f"{length} {period}s"
            if period == "day" and policy != refunds[0]:
                continue  # some 300 ends
            expected = list(by_hand(log, period, length, start, end, policy))
            rows, worst, groups_seen = 0, 0.0, 0
            for by in attributes:
                of = {} if by is None else {"by": by, "customers": people[["customer_id", by]]}
                bridge = cv.revenue_bridge(log, **options, **of)
                gains = bridge["start"] + bridge["new"] + bridge["resurrected"] + bridge["expansion"]
                off = (gains - bridge["contraction"] - bridge["churned"] - bridge["end"]).abs().max()
                check(f"identity, {name} by {by}", off < 0.005)
                counted = bridge["customers_before"] + bridge["n_new"] + bridge["n_resurrected"] - bridge["n_churned"]
                check(f"customers, {name} by {by}", (counted == bridge["customers_after"]).all())
                compare_by_hand(f"{name} by {by}", bridge, expected, people, by)
                growth = cv.growth_decomposition(log, **options, **of)
                rest = (growth[EFFECTS].sum(axis=1, skipna=False) - growth["revenue_change"]).abs().max()
                check(f"growth, {name} by {by}", not rest >= 0.005)
                rows, worst = rows + len(bridge), max(worst, off)
                groups_seen += 0 if by is None else bridge[by].nunique()
            other = cv.revenue_bridge(shuffled, **options).collect().to_pandas()
            whole = cv.revenue_bridge(log, **options)
            check(f"shuffled rows, {name}", other[PARTS + COUNTS].equals(whole[PARTS + COUNTS]))
            print(
                f"| {name} | {options['window']} | {policy} | {len(whole)} | {groups_seen} | {rows} | {worst:.1e} |",
                flush=True,
            )


def compare_by_hand(
    what: str, bridge: pd.DataFrame, expected: list[dict[str, Any]], people: pd.DataFrame, by: str | None
) -> None:
    sums = []
    group = None if by is None else people.set_index("customer_id")[by]
    for cells in expected:
        frame = pd.DataFrame({column: np.asarray(cells[column], dtype="int64") for column in PARTS + COUNTS})
        of = pd.Series("all", index=cells["customers"]) if group is None else group.reindex(cells["customers"])
        sums.append(frame.groupby(of.to_numpy()).sum())
    found = bridge[PARTS + COUNTS].to_numpy(dtype=float)
    found[:, : len(PARTS)] *= UNIT
    check(f"parts, {what}", np.array_equal(np.rint(found), pd.concat(sums).to_numpy(dtype=float)))
    check(f"rounding, {what}", bool(np.abs(found - np.rint(found)).max() < 1e-3))


def prove_quick_ratios() -> None:
    cases = json.loads(GOLDEN.read_text())["revenue_quick_ratio_examples"]["cases"]
    found = cv.quick_ratio(pd.DataFrame(cases).drop(columns="quick_ratio"))["quick_ratio"]
    published = [case["quick_ratio"] for case in cases]
    check("quick ratios", bool(np.allclose(found, published, rtol=0, atol=0.005 + 1e-12)))
    print(f"quick ratios: {found.tolist()}, published {published}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="some of the customers, to see that it runs")
    parser.add_argument("retail", nargs="?", default=os.environ.get("ONLINE_RETAIL"), help="UCI Online Retail, Parquet")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # customers with refunds only, and refunds of purchases before the log
    prove_quick_ratios()
    print("| log | window | refunds | periods | groups | rows | worst rest |\n|---|---|---|---|---|---|---|")
    prove("Complete Journey", *complete_journey(options.smoke), ["net"])
    if options.retail:
        prove("Online Retail", *online_retail(options.retail, options.smoke), ["net", "match", "drop"])


if __name__ == "__main__":
    main()
