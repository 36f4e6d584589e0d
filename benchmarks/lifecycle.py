"""Cohorts, histories and the revenue bridge of 1.47 million rows, against pandas code that does the same.

The log is Complete Journey: 2,469 households over 2017. Four pieces of work. Cohorts: customers, rate and revenue by
month of the first purchase. Snapshots: the customer summary at twelve cutoffs; pandas merges the log into days of
customers once, as one who thinks of it does. Stages: `lifecycle_history` at the same cutoffs, with rhythms, tests of
falling rates and a reason each; pandas only compares each silence with the customer's own mean gap, so it does less.
Bridge: three months against the three before, at the end of each month. Where both do the same their figures are held
equal first.

    python benchmarks/lifecycle.py [--smoke] [--rounds N] [--only "revenue bridge"]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from _compare import added_memory, interleaved

import customer_value as cv

ROUNDS = 3
DAY = pd.Timedelta("1D")
PARTS = ["start", "new", "resurrected", "expansion", "contraction", "churned", "end"]
MONTHS = 3  # of a window


def last_day(log: Any) -> str:
    """Observation ends with the month of the last row."""
    return str((pd.Timestamp(log["date"].max()) + pd.offsets.MonthEnd(0)).date())


def cutoffs(log: Any) -> pd.DatetimeIndex:
    end = pd.Timestamp(last_day(log)) + DAY
    return pd.date_range(end - pd.DateOffset(months=11), end, freq="MS")


# ---- ours -------------------------------------------------------------------------------------------------------


def ours_cohorts(log: Any) -> Any:
    return cv.cohort_table(log, observation_end=last_day(log), values=("customers", "rate", "revenue"))


def ours_snapshots(log: Any) -> Any:
    return cv.snapshot_customers(log, cutoffs=cutoffs(log), observation_end=last_day(log))


def ours_stages(log: Any) -> Any:
    return cv.lifecycle_history(log, cutoffs=cutoffs(log), observation_end=last_day(log))


def ours_bridge(log: Any) -> Any:
    return cv.revenue_bridge(log, observation_end=last_day(log), window=f"{MONTHS} months")


# ---- pandas -----------------------------------------------------------------------------------------------------


def month_of(days: pd.Series) -> pd.Series:
    return days.dt.year * 12 + days.dt.month - 1  # as numbers: periods are slow to group by


def pandas_cohorts(log: pd.DataFrame) -> pd.DataFrame:
    month = month_of(log["date"]).rename("month")
    cells = log.groupby(["customer_id", month])["amount"].sum().rename("revenue").reset_index()
    cells["cohort"] = cells.groupby("customer_id")["month"].transform("min")
    cells["period"] = cells["month"] - cells["cohort"]
    table = cells.groupby(["cohort", "period"]).agg(customers=("customer_id", "size"), revenue=("revenue", "sum"))
    last = month.max()
    whole = [(cohort, period) for cohort in cells["cohort"].unique() for period in range(last - cohort + 1)]
    table = table.reindex(pd.MultiIndex.from_tuples(sorted(whole), names=["cohort", "period"]), fill_value=0)
    table = table.reset_index()
    table["rate"] = table["customers"] / table.groupby("cohort")["customers"].transform("first")
    return table


def pandas_snapshots(log: pd.DataFrame) -> pd.DataFrame:
    days = log.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    days["first"] = days.groupby("customer_id")["date"].transform("min")
    return pd.concat([pandas_snapshot(days[days["date"] < cutoff], cutoff) for cutoff in cutoffs(log)])


def pandas_snapshot(days: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    repeats = days["amount"].where(days["date"] > days["first"], 0.0)
    made = days.assign(repeats=repeats).groupby("customer_id", as_index=False).agg(
        purchases=("date", "size"),
        first_date=("first", "min"),
        last_date=("date", "max"),
        total_value=("amount", "sum"),
        repeats=("repeats", "sum"),
    )  # fmt: skip
    frequency = made["purchases"] - 1
    return made.assign(
        cutoff=cutoff,
        frequency=frequency,
        recency=(made["last_date"] - made["first_date"]).dt.days / 7,
        T=((cutoff - DAY) - made["first_date"]).dt.days / 7,
        monetary_value=(made["repeats"] / frequency).where(frequency > 0),
    ).drop(columns="repeats")


def pandas_stages(log: pd.DataFrame) -> pd.DataFrame:
    made = pandas_snapshots(log)
    gap = made["recency"] / made["frequency"].where(made["frequency"] > 0)
    overdue = (made["T"] - made["recency"]) / gap.fillna(gap.median())
    few = made["purchases"]
    names = ["Lost", "Decline", "Exploration", "Formation"]
    stage = np.select([overdue > 4, overdue > 2, few == 1, few < 4], names, "Stability")
    return made.assign(lifecycle_stage=pd.Categorical(stage))


def pandas_bridge(log: pd.DataFrame) -> pd.DataFrame:
    month = month_of(log["date"]).rename("month")
    table = log.groupby(["customer_id", month])["amount"].sum().unstack()  # noqa: PD010 (a pivot_table sums twice)
    bought, money, months = table.notna().to_numpy(), table.fillna(0.0).to_numpy(), table.columns
    first = bought.argmax(axis=1)
    rows = []
    for stop in range(2 * MONTHS, months.size + 1):
        middle, begin = stop - MONTHS, stop - 2 * MONTHS
        before, after = money[:, begin:middle].sum(axis=1), money[:, middle:stop].sum(axis=1)
        was, came = bought[:, begin:middle].any(axis=1), bought[:, middle:stop].any(axis=1)
        new = came & (first >= middle)
        change, stayed = after - before, was & came
        rows.append(
            {
                "start": before.sum(),
                "new": after[new].sum(),
                "resurrected": after[came & ~was & ~new].sum(),
                "expansion": change[stayed & (change > 0)].sum(),
                "contraction": -change[stayed & (change < 0)].sum(),
                "churned": before[was & ~came].sum(),
                "end": after.sum(),
            }
        )
    return pd.DataFrame(rows)


# ---- the comparison ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Work:
    """One piece of work, and the columns in which both must agree."""

    what: str
    ours: Callable[[Any], Any]
    pandas: Callable[[pd.DataFrame], pd.DataFrame]
    equal: tuple[str, ...]


WORK = [
    Work("cohort table", ours_cohorts, pandas_cohorts, ("period", "customers", "rate", "revenue")),
    Work(
        "12 snapshots", ours_snapshots, pandas_snapshots,
        ("customer_id", "frequency", "recency", "T", "monetary_value", "total_value"),
    ),
    Work("stages at 12 dates", ours_stages, pandas_stages, ("customer_id", "T")),
    Work("revenue bridge", ours_bridge, pandas_bridge, tuple(PARTS)),
]  # fmt: skip
HEADER = """| what | rows | ours on pandas, s | pandas, s | ratio | ours on polars, s | MB ours / pandas | on polars |
|---|---|---|---|---|---|---|---|"""


def require_agreement(work: Work, log: pd.DataFrame, other: pl.DataFrame) -> None:
    names = list(work.equal)
    expected = work.pandas(log)[names].to_numpy(dtype=float)
    for found in (
        work.ours(log)[names].to_numpy(dtype=float),
        work.ours(other)[names].to_pandas().to_numpy(dtype=float),
    ):
        if not np.allclose(found, expected, rtol=1e-9, atol=1e-6, equal_nan=True):
            raise SystemExit(f"{work.what}: figures differ")


def compare(work: Work, log: pd.DataFrame, other: pl.DataFrame, rounds: int) -> None:
    contenders = {"ours": (work.ours, log, None), "pandas": (work.pandas, log, None)}
    contenders["polars"] = (work.ours, other, pl.from_pandas)
    seconds = interleaved({name: partial(run, frame) for name, (run, frame, _) in contenders.items()}, rounds)
    shuffled = log.sample(frac=1, random_state=0)  # memory is measured after a warm-up on the first rows: of all dates
    memory = {
        name: added_memory(run, shuffled, prepare) if rounds else math.nan
        for name, (run, _, prepare) in contenders.items()
    }
    print(
        f"| {work.what} | {len(log):,} | {seconds['ours']:.3f} | {seconds['pandas']:.3f} | "
        f"{seconds['pandas'] / seconds['ours']:.2f} | {seconds['polars']:.3f} | "
        f"{memory['ours']:.0f} / {memory['pandas']:.0f} | {memory['polars']:.0f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="once, on the CDNOW sample, to see that it runs")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", choices=[work.what for work in WORK], help="one piece of work")
    options = parser.parse_args()
    load = partial(cv.datasets.load_cdnow, sample=True) if options.smoke else cv.datasets.load_complete_journey
    log = load()[["customer_id", "date", "amount"]]
    other = pl.from_pandas(log)
    print(HEADER)
    for work in [work for work in WORK if options.only in (None, work.what)]:
        require_agreement(work, log, other)
        compare(work, log, other, 0 if options.smoke else options.rounds)


if __name__ == "__main__":
    main()
