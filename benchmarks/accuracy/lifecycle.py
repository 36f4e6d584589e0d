"""Stages of simulated customers whose true state is known: own rhythm against fixed days.

Customers buy with gamma distributed gaps around means of their own, some by chance, some regularly. Of each four, one
goes on as before (alive), one left at a random time (dead), one buys three times more rarely since a random time
(slowed), and one was silent for 5 to 15 of his gaps and has just come back (resumed). The table says which share of
each is given which stage, by the columns of `purchase_rhythm`, by the customer summary alone, by P(alive) of a purchase
model, and by fixed days, and how many are told rightly: alive neither declining nor lost, dead lost, slowed declining,
resumed reactivated. Fails where the own rhythm is not better than every choice of fixed days. `--smoke` takes a tenth
of the customers, and fails where it is worse by three standard errors.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas as pd

import customer_value as cv
from customer_value.lifecycle import FIVE_STAGE, assign_lifecycle

END = np.datetime64("2026-01-01")  # first day of the future
DAYS = 1000
TRUTHS = ("alive", "dead", "slowed", "resumed")
RIGHT = {
    "alive": ("Exploration", "Formation", "Stability", "Reactivated"),
    "dead": ("Lost",),
    "slowed": ("Decline",),
    "resumed": ("Reactivated",),
}
SLOWER = 3.0
PAUSE = (5.0, 15.0)  # own gaps
FIXED = (30, 90, 180)  # days
LATER = (6, 8)  # usual gaps


def steady(rng, begin, end, gap, shape):
    """Times of purchases in [begin, end), the first of them at `begin`."""
    times = begin + np.append(0.0, np.cumsum(rng.gamma(shape, gap / shape, int(3 * (end - begin) / gap) + 40)))
    return times[times < end]


def purchase_days(rng, truth, gap, shape):
    """Days of purchases; the first one lies within the first quarter."""
    first = rng.uniform(0, DAYS / 4)
    if truth == "alive":
        times = steady(rng, first, DAYS, gap, shape)
    elif truth == "resumed":
        back = DAYS - min(rng.uniform(0, 1) * gap, DAYS / 4)
        left = max(back - rng.uniform(*PAUSE) * gap, first)
        # He left with a purchase, and each of his gaps before it was of the usual kind.
        before = steady(rng, 0.0, left - first, gap, shape)
        times = np.concatenate([left - before, steady(rng, back, DAYS, gap, shape)])
    else:
        turn = rng.uniform(first, DAYS)
        before = steady(rng, first, turn, gap, shape)
        slow = before[-1] + np.cumsum(rng.gamma(shape, SLOWER * gap / shape, int(DAYS / gap) + 40))
        times = before if truth == "dead" else np.append(before, slow[slow < DAYS])
    return np.unique(np.floor(times).astype(int))


def world(customers, seed, median_gap=30.0, spread=1.0):
    """Make a log, and each customer's true state and gap."""
    rng = np.random.default_rng(seed)
    rows, truths, gaps = [], [], []
    for customer in range(customers):
        truth = TRUTHS[customer % len(TRUTHS)]
        gap = np.clip(median_gap * np.exp(spread * rng.standard_normal()), 3.0, DAYS / 4)
        days = purchase_days(rng, truth, gap, rng.choice([1.0, 4.0, 16.0]))
        rows.append(pd.DataFrame({"customer_id": customer, "date": END - DAYS + days}))
        truths.append(truth)
        gaps.append(gap)
    log = pd.concat(rows, ignore_index=True).assign(amount=1.0)
    return log, pd.DataFrame({"truth": truths, "gap": gaps})


def contenders(log):
    """Stages by each way, for the same customers; the second part of the name is what it is told."""
    end = END - 1
    summary = cv.summarize_customers(log, observation_end=end, time_unit="day")
    rhythm = cv.purchase_rhythm(log, observation_end=end, time_unit="day")
    model = cv.clv.MBGNBD().fit(summary)
    alive = summary.assign(p_alive=model.probability_alive(summary))
    stages = {("P(alive) of MBG/NBD", "summary"): assign_lifecycle(alive, evidence="p_alive")}
    for gaps in LATER:
        later = replace(FIVE_STAGE, overdue_ratios=(2, gaps), silence_levels=(0.05, 0.0001))
        stages[f"own rhythm, lost from {gaps} usual gaps", "rhythm"] = assign_lifecycle(rhythm, scheme=later)
    for told, frame in (("rhythm", rhythm), ("summary", summary)):
        stages["own rhythm", told] = assign_lifecycle(frame)
        for days in FIXED:
            fixed = replace(FIVE_STAGE, fixed_days=(days / 2, days))
            stages[f"{days} days", told] = assign_lifecycle(frame, scheme=fixed)
    return {name: frame["lifecycle_stage"] for name, frame in stages.items()}


def confusion(stage, truth):
    """Give the share of each true state by stage."""
    table = pd.crosstab(truth, stage, normalize="index").reindex(index=TRUTHS)
    return table.reindex(columns=list(stage.cat.categories[1:]), fill_value=0.0)


def told_rightly(stage, truth):
    """Tell whether each customer's stage fits his true state."""
    return pd.Series([name in RIGHT[state] for name, state in zip(stage, truth, strict=True)])


def main():
    customers = 800 if "--smoke" in sys.argv else 8000
    log, known = world(customers, seed=0)
    print(f"{customers} customers over {DAYS} days, {len(log)} purchases")
    third = pd.qcut(known["gap"], 3, labels=["frequent", "medium", "rare"])
    rows = {}
    for name, stage in sorted(contenders(log).items()):
        print(f"\n{name[0]}, told the {name[1]}: share of each true state by stage")
        print(confusion(stage, known["truth"]).round(3).to_string())
        right = told_rightly(stage, known["truth"])
        by_truth = right.groupby(known["truth"]).mean()
        rows[name] = {**by_truth[list(TRUTHS)], "mean": by_truth.mean(), **right.groupby(third, observed=True).mean()}
    print("\nshare told rightly, by true state and by thirds of the usual gap")
    table = pd.DataFrame(rows).T.sort_index(level=1)
    print(table.round(3).to_string())
    mean = table["mean"]
    told = {told for _, told in mean.index}
    slack = 1.5 / np.sqrt(customers) if "--smoke" in sys.argv else 0.0
    fixed = {each: max(mean[f"{days} days", each] for days in FIXED) for each in told}
    return int(any(mean["own rhythm", each] <= fixed[each] - slack for each in told))


if __name__ == "__main__":
    sys.exit(main())
