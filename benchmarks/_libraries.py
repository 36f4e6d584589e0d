"""One piece of work by four contenders: ours on pandas against pandas code, ours on polars against polars code."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import polars as pl
from _compare import added_memory, interleaved

HEADER = """| what | customers | ours on pandas, s | pandas, s | ratio | ours on polars, s | polars, s | ratio | \
MB ours / pandas | MB ours / polars |
|---|---|---|---|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class Work:
    """One piece of work by each library; the floor holds for ours on pandas against pandas."""

    what: str
    ours: Callable[[Any], Any]
    pandas: Callable[[Any], Any]
    polars: Callable[[Any], Any]
    floor: float | None = None


def run_all(work: Iterable[tuple[Work, pd.DataFrame]], rounds: int) -> None:
    """Print the table, each piece of work on its frame, and end with an error if a floor was missed."""
    print(HEADER)
    missed = []
    for each, frame in work:
        ratio = _compare(each, frame, rounds)
        if rounds and each.floor and ratio < each.floor:
            missed.append(f"{each.what}: {ratio:.1f} < {each.floor:g}")
    if missed:
        raise SystemExit("floor missed: " + "; ".join(missed))


def _compare(work: Work, frame: pd.DataFrame, rounds: int) -> float:
    """Time the four, measure the memory that they add, print a row; return the ratio against pandas."""
    other = pl.from_pandas(frame)
    contenders = {
        "ours on pandas": (work.ours, frame, None),
        "pandas": (work.pandas, frame, None),
        "ours on polars": (work.ours, other, pl.from_pandas),
        "polars": (work.polars, other, pl.from_pandas),
    }
    seconds = interleaved({name: partial(run, given) for name, (run, given, _) in contenders.items()}, rounds)
    del other
    memory = {
        name: added_memory(run, frame, prepare) if rounds else math.nan
        for name, (run, _, prepare) in contenders.items()
    }
    times, sizes = list(seconds.values()), list(memory.values())
    ratios = times[1] / times[0], times[3] / times[2]
    print(
        f"| {work.what} | {len(frame):,} | {times[0]:.3f} | {times[1]:.3f} | {ratios[0]:.1f} | {times[2]:.3f} | "
        f"{times[3]:.3f} | {ratios[1]:.1f} | {sizes[0]:.0f} / {sizes[1]:.0f} | {sizes[2]:.0f} / {sizes[3]:.0f} |",
        flush=True,
    )
    return ratios[0]


def read_options(doc: str | None, customers: int, rounds: int) -> tuple[int, int]:
    """Return how many customers and how many rounds are asked for; a smoke run has few and none."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="once, on small data, to see that it runs")
    parser.add_argument("--customers", type=int, default=customers)
    parser.add_argument("--rounds", type=int, default=rounds)
    options = parser.parse_args()
    return (5000, 0) if options.smoke else (options.customers, options.rounds)
