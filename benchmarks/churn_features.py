"""Features of customers at twelve cutoffs: ours against the same columns written by hand in polars.

Contenders take turns in one process, each on the frame of its own library; medians count. Peak memory is what one run
adds in a fresh process that has its input in memory; the result itself is part of it. Before anything is timed, all
must agree on every column.

    python benchmarks/churn_features.py [--rows 10000000] [--rounds 3] [--smoke]
"""

from __future__ import annotations

import argparse
import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from _compare import interleaved

from customer_value.churn.features import make_features

FIRST_DAY, DAYS = np.datetime64("2024-01-01"), 1096
CUTOFFS = [dt.date(2026, month, 1) for month in range(1, 13)]
LOOKBACKS = {"30d": 30, "90d": 90, "365d": 365}
CUSTOMERS_PER_ROW = 0.03
WARM_UP_ROWS = 2000
LONG = 5_000_000  # rows from which the limit below holds
LIMIT = 0.6  # the share of the time of polars by hand that ours may take


def simulate(rows: int) -> pd.DataFrame:
    """Make three years of sales in order of time; few customers buy often."""
    rng = np.random.default_rng(0)
    n = int(rows * CUSTOMERS_PER_ROW)
    loyalty = np.cumsum(rng.gamma(0.6, size=n))
    customer = np.concatenate([np.arange(n), np.searchsorted(loyalty, rng.uniform(0, loyalty[-1], rows - n))])
    rng.shuffle(customer)
    return pd.DataFrame(
        {
            "customer_id": rng.permutation(n)[customer] * 641,
            "date": (FIRST_DAY + np.sort(rng.integers(0, DAYS, rows))).astype("datetime64[us]"),
            "amount": rng.gamma(2.0, 20.0, rows).round(2),
        }
    )


def to_polars(log: pd.DataFrame) -> pl.DataFrame:
    return pl.from_pandas(log).with_columns(pl.col("date").cast(pl.Date))


def ours(log: Any) -> Any:
    options: dict[str, Any] = dict.fromkeys(("available_at", "counted", "start", "end"))
    options |= {"lookbacks": tuple(LOOKBACKS.values()), "distinct": (), "observation_start": "first"}
    days = [(cutoff - dt.date(1970, 1, 1)).days for cutoff in CUTOFFS]
    made = make_features(log, None, days, customer_id="customer_id", date="date", amount="amount", **options)
    return made.to_native()


def ours_lazily(log: pl.DataFrame) -> pl.DataFrame:
    return ours(log.lazy()).collect()


def by_hand(log: pl.DataFrame, engine: Any = "auto") -> pl.DataFrame:
    """Merge rows into days and find gaps once; then one aggregation per cutoff, all in one query."""
    day, gap, events, value = pl.col("date"), pl.col("gap"), pl.col("events"), pl.col("value")
    days = (
        log.lazy()
        .group_by("customer_id", "date")
        .agg(pl.len().cast(pl.Int64).alias("events"), pl.col("amount").sum().alias("value"))
        .sort("customer_id", "date")
        .with_columns(
            pl.when(pl.col("customer_id") == pl.col("customer_id").shift())
            .then((day - day.shift()).dt.total_days())
            .alias("gap")
        )
    )
    found = []
    for cutoff in CUTOFFS:
        starts = {label: cutoff - dt.timedelta(days=span) for label, span in LOOKBACKS.items()}
        customers = (
            days.filter(day < cutoff)
            .group_by("customer_id")
            .agg(
                day.min().alias("first"),
                day.max().alias("last"),
                events.sum(),
                *(events.filter(day >= start).sum().alias(f"events_{label}") for label, start in starts.items()),
                pl.len().cast(pl.Int64).alias("active_days"),
                *((day >= start).sum().cast(pl.Int64).alias(f"active_days_{s}") for s, start in starts.items()),
                value.sum().alias("total_value"),
                *(value.filter(day >= start).sum().alias(f"value_{label}") for label, start in starts.items()),
                gap.mean().alias("mean_gap"),
                (gap.std() / gap.mean()).alias("gap_cv"),
                gap.max().alias("longest_gap"),
            )
        )
        found.append(finished(customers, cutoff))
    return pl.concat(found).sort("cutoff", "customer_id").collect(engine=engine)


def finished(customers: pl.LazyFrame, cutoff: dt.date) -> pl.LazyFrame:
    since, age, silence = pl.col("first"), pl.col("days_since_first"), pl.col("days_since_last")
    dated = customers.with_columns(
        pl.lit(cutoff).alias("cutoff"),
        (cutoff - since).dt.total_days().alias("days_since_first"),
        (cutoff - pl.col("last")).dt.total_days().alias("days_since_last"),
        (pl.col("total_value") / pl.col("events")).alias("value_per_event"),
    )
    trends, labels = [], list(LOOKBACKS)
    for short, long in pairwise(labels):
        share = LOOKBACKS[short] / pl.min_horizontal(age, LOOKBACKS[long])
        known = (age > LOOKBACKS[short]) & (pl.col(f"events_{long}") > 0)
        trend = (pl.col(f"events_{short}") + 1) / (pl.col(f"events_{long}") * share + 1)
        mean = pl.col("value_per_event")
        of_value = (pl.col(f"value_{short}") + mean) / (pl.col(f"value_{long}") * share + mean)
        trends.append(pl.when(known).then(trend).alias(f"trend_{short}_{long}"))
        trends.append(pl.when(known & (pl.col("total_value") > 0)).then(of_value).alias(f"value_trend_{short}_{long}"))
    overdue = (silence / pl.col("mean_gap")).alias("overdue_ratio")
    of_longest = (silence / pl.col("longest_gap")).alias("silence_to_longest_gap")
    return dated.with_columns(*trends, overdue, of_longest).drop("first", "last")


def by_hand_streaming(log: pl.DataFrame) -> pl.DataFrame:
    return by_hand(log, engine="streaming")


@dataclass(frozen=True)
class Contender:
    """A piece of work, and how its input is made from the log."""

    run: Callable[[Any], Any]
    prepare: Callable[[pd.DataFrame], Any]


CONTENDERS = {
    "ours on pandas": Contender(ours, lambda log: log),
    "ours on polars": Contender(ours, to_polars),
    "ours on a LazyFrame": Contender(ours_lazily, to_polars),
    "polars by hand": Contender(by_hand, to_polars),
    "polars by hand, streaming": Contender(by_hand_streaming, to_polars),
}


def require_agreement(results: dict[str, Any]) -> None:
    """Raise unless all have the columns and, within rounding, the values of the one written by hand."""
    expected = results["polars by hand"]
    for name, found in results.items():
        if len(found) != len(expected) or set(found.columns) != set(expected.columns):
            raise SystemExit(f"{name}: {len(found)} rows of {sorted(found.columns)}")
        for column in set(expected.columns) - {"customer_id", "cutoff"}:
            a, b = (np.asarray(frame[column].to_numpy(), dtype=np.float64) for frame in (found, expected))
            # Variances of equal gaps are 0 in whole numbers and next to it in floats.
            if not np.allclose(a, b, rtol=1e-6, atol=1e-6, equal_nan=True):
                raise SystemExit(f"{name} disagrees on {column}")


def measure(name: str, rows: int) -> None:
    """Print the megabytes that one run adds at its peak to a process that has the input (Linux only; else NaN)."""
    contender, status = CONTENDERS[name], Path("/proc/self/status")
    log = contender.prepare(simulate(rows))
    contender.run(log[:: max(1, rows // WARM_UP_ROWS)])  # what is imported on first use does not count
    if not status.exists():
        print("nan")
        return

    def kilobytes(entry: str) -> float:
        return float(next(line for line in status.read_text().splitlines() if line.startswith(entry)).split()[1])

    Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is in use now
    before = kilobytes("VmRSS")
    contender.run(log)
    print((kilobytes("VmHWM") - before) / 1024)


def added_memory(name: str, rows: int) -> float:
    command = [sys.executable, "-W", "ignore", __file__, "--measure", name, "--rows", str(rows)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=list(CONTENDERS), help="with polars by hand")
    parser.add_argument("--smoke", action="store_true", help="once, on 100,000 rows, to see that it runs")
    parser.add_argument("--measure", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.rows)
        return
    if options.smoke:
        options.rows, options.rounds = 100_000, 1
    log = simulate(options.rows)
    on_polars = to_polars(log)
    chosen = {name: c for name, c in CONTENDERS.items() if name in {*options.only, "polars by hand"}}
    runs = {name: (c.run, on_polars if c.prepare is to_polars else log) for name, c in chosen.items()}
    results = {name: run(frame) for name, (run, frame) in runs.items()}
    require_agreement(results)
    made = results["polars by hand"]
    size = f"{len(made):,} rows of {len(made.columns)} columns, {made.estimated_size('mb'):.0f} MB"
    del results, made
    seconds = interleaved(
        {name: lambda run=run, frame=frame: run(frame) for name, (run, frame) in runs.items()}, options.rounds
    )
    del log, on_polars, runs
    memory = {name: added_memory(name, options.rows) for name in chosen}
    fastest = min(time for name, time in seconds.items() if name.startswith("polars"))
    print(f"\n{options.rows:,} rows, {len(CUTOFFS)} cutoffs; the result has {size}\n")
    print("| contender | seconds | of polars by hand | MB added |\n|---|---|---|---|")
    for name in chosen:
        print(f"| {name} | {seconds[name]:.2f} | {seconds[name] / fastest:.2f} | {memory[name]:.0f} |", flush=True)
    share = seconds.get("ours on polars", 0.0) / fastest
    if options.rows >= LONG and share > LIMIT:
        raise SystemExit(f"limit missed: ours on polars takes {share:.2f} of polars by hand, more than {LIMIT}")


if __name__ == "__main__":
    main()
