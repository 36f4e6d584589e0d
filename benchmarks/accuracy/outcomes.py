"""Intervals of outcomes against what happened: simulated cohorts of known stories, and CDNOW's 39-week holdout.

A count is whole, so its interval covers more than was asked, most of all where most customers buy nothing. What it
should cover is what the model implies for discrete counts: each customer's probability between the interval's ends.
The randomised PIT (a count's place in its own predictive distribution, drawn within its step) is uniform where the
whole distribution is right, not only its tails.

The simulated logs come from no model of this library. They are written down by day, so their stories run ten times
slower than CDNOW's, over ten times its weeks: two purchases then hardly ever share a day. Fails where the coverage of
a model fitted to them is off by more than .01, or where the PIT under the story's own parameters is not uniform; under
fitted ones it carries their error too, and is printed. What CDNOW did is printed.

    python benchmarks/accuracy/outcomes.py [--smoke]
"""

from __future__ import annotations

import sys
import time
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

import customer_value as cv

LEVELS = (0.5, 0.8, 0.9, 0.99)
SLOWER = 10
STORIES = {
    "pareto_nbd": cv.clv.ParetoNBD.from_params(
        r=0.553, alpha=10.578 * SLOWER, s=0.606, beta=11.669 * SLOWER, time_unit="week"
    ),
    "bg_nbd": cv.clv.BGNBD.from_params(r=0.243, alpha=4.414 * SLOWER, a=0.793, b=2.426, time_unit="week"),
}
WEEKS = 39
CHUNK = 10_000  # customers whose distributions are in memory at a time


@dataclass(frozen=True)
class Cohort:
    """Customers acquired in the first 12 weeks of 39, seen for 39 weeks and held against 39 more, or a multiple."""

    summary: pd.DataFrame
    seen: np.ndarray
    value: np.ndarray
    weeks: int


def cohort(log: pd.DataFrame, slower: int = 1) -> Cohort:
    first = log["date"].min()
    middle, last = (first + pd.Timedelta(days=days * slower - 1) for days in (273, 546))
    calibration, later = cv.split_holdout(log, observation_end=middle)
    summary = cv.summarize_customers(calibration, observation_end=middle, time_unit="week")
    holdout = cv.summarize_holdout(later, customers=summary, observation_end=last)
    return Cohort(summary, holdout["holdout_purchases"].to_numpy(), holdout["holdout_value"].to_numpy(), WEEKS * slower)


def simulated(process: str, customers: int) -> Cohort:
    start = pd.Timestamp("1950-01-01")
    weeks_12, end = (start + pd.Timedelta(days=days * SLOWER - 1) for days in (84, 546))
    log = cv.datasets.simulate_transactions(
        customers,
        process=process,
        start=start.date(),
        end=end.date(),
        acquired=(start.date(), weeks_12.date()),
        **STORIES[process].params_,
    )
    return cohort(log, SLOWER)


def reached(model, data: Cohort, counts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """P(X < count) and P(X <= count) of each customer, for several counts of his; two rows each."""
    longest = int(max(c.max() for c in counts.values()))
    parts = {name: [] for name in counts}
    for start in range(0, len(data.summary), CHUNK):
        rows = slice(start, start + CHUNK)
        chances = model.purchase_distribution(data.summary.iloc[rows], data.weeks, range(longest + 1))
        below = np.column_stack([np.zeros(len(chances)), np.cumsum(chances, axis=1)])
        for name, count in counts.items():
            steps = [np.take_along_axis(below, count[rows, None] + step, axis=1)[:, 0] for step in (0, 1)]
            parts[name].append(np.array(steps))
    return {name: np.hstack(found) for name, found in parts.items()}


def tell_pit(what: str, model, data: Cohort) -> float:
    """Print how uniform the randomised PIT is; return the p-value."""
    before, through = reached(model, data, {"seen": data.seen})["seen"]
    pit = before + np.random.default_rng(0).random(data.seen.size) * (through - before)
    test = stats.kstest(pit, "uniform")
    tenths = " ".join(f"{share:.4f}" for share in np.histogram(pit, 10, (0, 1))[0] / data.seen.size)
    print(f"  PIT, {what}: Kolmogorov-Smirnov distance {test.statistic:.4f}, p = {test.pvalue:.2g}; tenths {tenths}")
    return float(test.pvalue)


def report(what: str, model, data: Cohort) -> float:
    """Fit, score, hold against the holdout; print everything, return the largest error of a coverage of counts."""
    purchases, spend = model().fit(data.summary), cv.clv.GammaGamma().fit(data.summary)
    expected = purchases.expected_purchases(data.summary, data.weeks).sum()
    print(f"\n{what}, {model.__name__}: {len(data.summary):,} customers, {data.weeks} weeks ahead")
    print(f"  {data.seen.sum():,} purchases, {expected:,.1f} expected")
    print("  level   purchases covered  implied    value covered  implied   scored in")
    nothing = purchases.purchase_distribution(data.summary, data.weeks, [0])[:, 0]
    worst = 0.0
    for level in LEVELS:
        start = time.perf_counter()
        scored = cv.score_clv(
            data.summary,
            purchase_model=purchases,
            spend_model=spend,
            horizon=data.weeks,
            margin=1.0,
            interval=level,
            interval_for="outcome",
        )
        seconds = time.perf_counter() - start
        low, high = (scored[f"purchases_{end}"].to_numpy() for end in ("lower", "upper"))
        least, most = (scored[f"value_{end}"].to_numpy() for end in ("lower", "upper"))
        at = reached(purchases, data, {"low": low, "high": high})
        implied = (at["high"][1] - at["low"][0]).mean()
        covered = ((data.seen >= low) & (data.seen <= high)).mean()
        # Value is continuous above 0: an end above 0 leaves out its tail, an upper end of 0 all who buy at all.
        implied_value = (np.where(most > 0, (1 + level) / 2, nothing) - np.where(least > 0, (1 - level) / 2, 0)).mean()
        covered_value = ((data.value >= least) & (data.value <= most)).mean()
        print(
            f"  {level:5.2f} {covered:19.4f} {implied:8.4f} {covered_value:16.4f} {implied_value:8.4f} {seconds:9.2f} s"
        )
        worst = max(worst, abs(covered - implied))
    tell_pit("fitted", purchases, data)
    return worst


def main() -> None:
    warnings.simplefilter("ignore", cv.DataWarning)  # one customer of the full cohort paid nothing for his repeats
    smoke = "--smoke" in sys.argv
    good = True
    for process, story in STORIES.items():
        data = simulated(process, 3000 if smoke else 100_000)
        good &= report(f"simulated {process}", type(story), data) < 0.01
        good &= tell_pit("true parameters", story, data) > 1e-4
    for sample in (True,) if smoke else (True, False):
        data = cohort(cv.datasets.load_cdnow(sample=sample))
        for model in (cv.clv.BGNBD, cv.clv.ParetoNBD):
            report("CDNOW 1/10" if sample else "CDNOW, full cohort", model, data)
    sys.exit(not good and not smoke)  # a share of few customers is too uncertain to fail on


if __name__ == "__main__":
    main()
