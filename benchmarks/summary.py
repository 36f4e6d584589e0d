"""Customer summary of a large log: summarize_customers against lifetimes, polars and DuckDB.

Contenders take turns in one process, each on the frame of its own library; medians count. Peak memory is what one run
adds in a fresh process that has its input in memory. Before anything is timed, all must agree on the result.

    python benchmarks/summary.py [--rows 10000000] [--rounds 3] [--ids sparse dense text] [--smoke]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from _compare import interleaved

import customer_value as cv

FIRST_DAY, DAYS = np.datetime64("2024-01-01"), 730
END = (FIRST_DAY + (DAYS - 1)).item()
CUSTOMERS_PER_ROW = 0.155
IDS = ("sparse", "dense", "text")
WARM_UP_ROWS = 2000
LONG = 5_000_000  # rows from which the limits below hold

# The contender, the one it is held against, and the share of that one's time that it may take, by kind of ids. These
# hold for long logs; on short ones, what a call costs in itself counts.
TIME_LIMITS = [
    ("ours on pandas", "lifetimes", {"sparse": 1 / 15, "dense": 1 / 15, "text": 1 / 5}),
    ("ours on polars", "polars", {"sparse": 0.6, "text": 1.25}),
]
MEMORY_LIMIT = ("ours on pandas", "lifetimes", 0.4)


def simulate(rows: int, ids: str) -> pd.DataFrame:
    """Make two years of days in order of time: every customer bought at least once, few bought often."""
    rng = np.random.default_rng(0)
    n = int(rows * CUSTOMERS_PER_ROW)
    loyalty = np.cumsum(rng.gamma(0.6, size=n))
    customer = np.concatenate([np.arange(n), np.searchsorted(loyalty, rng.uniform(0, loyalty[-1], rows - n))])
    rng.shuffle(customer)
    keys: Any = np.arange(n)
    if ids == "sparse":
        keys = rng.permutation(np.unique(rng.integers(0, 10**9, n + n // 100 + 100))[:n])
    elif ids == "text":
        keys = pd.array([f"C{key:09d}" for key in rng.permutation(n) * 641], dtype="str")
    return pd.DataFrame(
        {
            "customer_id": keys[customer],
            "date": (FIRST_DAY + np.sort(rng.integers(0, DAYS, rows))).astype("datetime64[us]"),
            "amount": rng.gamma(2.0, 20.0, rows).round(2),
        }
    )


def to_polars(log: pd.DataFrame) -> pl.DataFrame:
    return pl.from_pandas(log).with_columns(pl.col("date").cast(pl.Date))


def ours(log: Any) -> Any:
    return cv.summarize_customers(log, observation_end=END)


def lifetimes(log: pd.DataFrame) -> pd.DataFrame:
    from lifetimes.utils import summary_data_from_transaction_data as summarize

    return summarize(log, "customer_id", "date", monetary_value_col="amount", observation_period_end=str(END))


def polars(log: pl.DataFrame, engine: Any = "auto") -> pl.DataFrame:
    """Two aggregations; of the ways tried to leave the first period out, arg_min was fastest."""
    date, amount, frequency = pl.col("date"), pl.col("amount"), pl.col("frequency")
    query = (
        log.lazy()
        .group_by("customer_id", "date")
        .agg(amount.sum())
        .group_by("customer_id")
        .agg(
            (pl.len().cast(pl.Int64) - 1).alias("frequency"),
            date.min().alias("first_date"),
            date.max().alias("last_date"),
            amount.sum().alias("total_value"),
            (amount.sum() - amount.get(date.arg_min())).alias("repeat_value"),
        )
        .with_columns(
            ((pl.col("last_date") - pl.col("first_date")).dt.total_days() / 7).alias("recency"),
            ((pl.lit(END) - pl.col("first_date")).dt.total_days() / 7).alias("T"),
            pl.when(frequency > 0).then(pl.col("repeat_value") / frequency).alias("monetary_value"),
        )
        .sort("customer_id")
    )
    return query.collect(engine=engine)


def polars_streaming(log: pl.DataFrame) -> pl.DataFrame:
    return polars(log, engine="streaming")


def duckdb(log: pl.DataFrame) -> pl.DataFrame:
    import duckdb as engine

    return engine.sql(
        f"""
        with periods as (select customer_id, date, sum(amount) as amount from log group by all)
        select customer_id, count(*) - 1 as frequency, sum(amount) as total_value,
            min(date) as first_date, max(date) as last_date,
            (max(date) - min(date)) / 7 as recency, (date '{END}' - min(date)) / 7 as T,
            case when count(*) > 1 then (sum(amount) - arg_min(amount, date)) / (count(*) - 1) end as monetary_value
        from periods group by customer_id order by customer_id
        """
    ).pl()


@dataclass(frozen=True)
class Contender:
    """A piece of work, and how its input is made from the log."""

    run: Callable[[Any], Any]
    prepare: Callable[[pd.DataFrame], Any]


CONTENDERS = {
    "ours on pandas": Contender(ours, lambda log: log),
    "ours on polars": Contender(ours, to_polars),
    "lifetimes": Contender(lifetimes, lambda log: log),
    "polars lazy": Contender(polars, to_polars),
    "polars streaming": Contender(polars_streaming, to_polars),
    "duckdb": Contender(duckdb, to_polars),
}


def require_agreement(results: dict[str, Any]) -> None:
    """Raise unless all found the same customers with the same repeats and, within rounding, the same amounts."""
    facts = {
        name: (len(found), int(found["frequency"].sum()), float(np.nansum(found["monetary_value"].to_numpy())))
        for name, found in results.items()
    }
    customers, repeats, amount = facts["lifetimes"]
    for other in facts.values():
        if other[:2] != (customers, repeats) or not np.isclose(other[2], amount, rtol=1e-9):
            raise SystemExit(f"the contenders disagree: {facts}")


def measure(name: str, rows: int, ids: str) -> None:
    """Print the megabytes that one run adds at its peak to a process that has the input (Linux only; else NaN)."""
    contender, status = CONTENDERS[name], Path("/proc/self/status")
    log = contender.prepare(simulate(rows, ids))
    contender.run(log.head(WARM_UP_ROWS))  # what is imported on first use does not count
    if not status.exists():
        print("nan")
        return

    def kilobytes(entry: str) -> float:
        return float(next(line for line in status.read_text().splitlines() if line.startswith(entry)).split()[1])

    Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is in use now
    before = kilobytes("VmRSS")
    contender.run(log)
    print((kilobytes("VmHWM") - before) / 1024)


def added_memory(name: str, rows: int, ids: str) -> float:
    command = [sys.executable, "-W", "ignore", __file__, "--measure", name, "--rows", str(rows), "--ids", ids]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare(rows: int, rounds: int, ids: str) -> list[str]:
    """Print the table of one kind of ids; return what missed its limit."""
    log = simulate(rows, ids)
    on_polars = to_polars(log)
    runs = {name: (c.run, on_polars if c.prepare is to_polars else log) for name, c in CONTENDERS.items()}
    require_agreement({name: run(frame) for name, (run, frame) in runs.items()})
    seconds = interleaved(
        {name: lambda run=run, frame=frame: run(frame) for name, (run, frame) in runs.items()}, rounds
    )
    del log, on_polars, runs
    memory = {name: added_memory(name, rows, ids) for name in CONTENDERS}
    print(f"\n{rows:,} rows, {int(rows * CUSTOMERS_PER_ROW):,} customers, {ids} ids\n")
    print("| contender | seconds | of ours on its frame | MB added |\n|---|---|---|---|")
    for name in CONTENDERS:
        base = "ours on pandas" if name == "lifetimes" else "ours on polars"
        print(
            f"| {name} | {seconds[name]:.3f} | {seconds[name] / seconds[base]:.2f} | {memory[name]:.0f} |", flush=True
        )

    seconds["polars"] = min(seconds["polars lazy"], seconds["polars streaming"])
    shares = [(a, b, seconds[a] / seconds[b], limit[ids], "time") for a, b, limit in TIME_LIMITS if ids in limit]
    a, b, limit = MEMORY_LIMIT
    shares.append((a, b, memory[a] / memory[b], limit, "memory"))
    for a, b, share, limit, what in shares:
        bound = f" (limit {limit:.3f})" if rows >= LONG else ""
        print(f"{a} takes {share:.3f} of the {what} of {b}{bound}", flush=True)
    return [f"{ids} ids, {what} against {b}: {share:.3f}" for _, b, share, limit, what in shares if share > limit]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ids", nargs="+", choices=IDS, default=IDS)
    parser.add_argument("--smoke", action="store_true", help="once, on 100,000 rows, to see that it runs")
    parser.add_argument("--measure", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # lifetimes uses what pandas has deprecated
    if options.measure:
        measure(options.measure, options.rows, options.ids[0])
        return
    if options.smoke:
        options.rows, options.rounds = 100_000, 1
    missed = [line for ids in options.ids for line in compare(options.rows, options.rounds, ids)]
    if missed and options.rows >= LONG:
        raise SystemExit("limit missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
