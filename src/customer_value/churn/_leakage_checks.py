"""Signs that a feature knows the outcome: one function per sign, each giving its findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.special import gammaln
from scipy.stats import rankdata

from customer_value._stats.intervals import wilson_interval
from customer_value._units import date_of
from customer_value.churn._feature_columns import Bools, Codes, FeatureColumn, Floats

_FEWEST_CUSTOMERS = 20  # below, nearly distinct values are no sign of an id
_NEARLY_ALL = 0.9
_ROWS_PER_VALUE = 5  # a value with fewer rows has one outcome by chance
_ROWS_PER_RATE = 10
_BY_CHANCE = 1e-3


class Finding(NamedTuple):
    """One row of the report."""

    check: str
    column: str | None
    finding: str
    severity: str
    what_to_do: str


def auc_with_interval(y: Bools, score: Floats, interval: float) -> tuple[float, float, float]:
    """Return the area under the ROC curve of a score, ties counting half, with an interval that stays within 0 and 1.

    The variance is that of DeLong, DeLong & Clarke-Pearson (1988), *Biometrics* 44, eq. 3, from mid-ranks. It is 0
    where the score separates the classes, so the bounds are Wilson's for a share of as many trials as would have this
    variance, or as the smaller class has rows.
    """
    left, stayed = score[y], score[~y]
    m, n = left.size, stayed.size
    both = rankdata(np.concatenate([left, stayed]))
    wins = (both[:m] - rankdata(left)) / n  # of each leaver over those who stayed
    losses = 1 - (both[m:] - rankdata(stayed)) / m
    area = float(wins.mean())
    variance = sum(float(part.var(ddof=1)) / part.size for part in (wins, losses) if part.size > 1)
    trials = area * (1 - area) / variance if variance > 0 else float(min(m, n))
    trials = max(min(trials, float(m + n)), 1.0)
    lower, upper = wilson_interval(min(area * trials, trials), trials, interval=interval)
    return area, float(lower), float(upper)


def after_cutoff(feature: FeatureColumn, cutoff: Floats) -> Iterator[Finding]:
    """Find dates on or after the row's own cutoff."""
    late = feature.numbers >= cutoff  # a missing date is not late
    if feature.kind == "date" and late.any():
        last = date_of(int(feature.numbers[late].max()))
        found = f"{int(late.sum()):,} of {late.size:,} rows hold a day at or after their cutoff, the last {last}"
        yield Finding(
            "dates at or after the cutoff", feature.name, found, "high",
            "it was not known then: make features with churn_features(log, cutoff=...), or leave the column out",
        )  # fmt: skip


def is_outcome(feature: FeatureColumn, y: Bools) -> Iterator[Finding]:
    """Find columns of which each value has one outcome only."""
    codes, distinct = feature.codes()
    if not 2 <= distinct <= y.size / _ROWS_PER_VALUE:
        return
    share = np.bincount(codes, y, distinct) / np.bincount(codes, minlength=distinct)
    if not np.isin(share, (0.0, 1.0)).all():
        return
    one_to_one = "its two values are the outcome, one to one"
    found = one_to_one if distinct == 2 else f"each of its {distinct} values has one outcome"
    yield Finding("duplicate of the outcome", feature.name, found, "high", "leave it out: it is the outcome itself")


def predicts_too_well(feature: FeatureColumn, y: Bools, bound: float, interval: float) -> Iterator[Finding]:
    """Find single columns that separate the classes better than an honest one would."""
    known = ~feature.missing
    left, score = y[known], feature.numbers[known]
    if left.all() or not left.any():
        return
    if feature.kind == "category":
        codes, distinct = np.unique(score, return_inverse=True)[1], np.unique(score).size
        if distinct > left.size / _ROWS_PER_RATE:
            return
        score = (np.bincount(codes, left, distinct) / np.bincount(codes, minlength=distinct))[codes]
    area, lower, upper = auc_with_interval(left, score, interval)
    if area < 0.5:
        area, lower, upper = 1 - area, 1 - upper, 1 - lower
    if area <= bound:
        return
    yield Finding(
        "predicts too well", feature.name,
        f"AUC {area:.3f} ({lower:.3f} to {upper:.3f}) by itself", "high" if lower > bound else "medium",
        "find out on which day it was known: a value written after the outcome is no feature",
    )  # fmt: skip


def missing_for_one(feature: FeatureColumn, y: Bools) -> Iterator[Finding]:
    """Find columns that are filled, or empty, for one class only, and not by chance."""
    for empty, said in ((feature.missing, "missing"), (~feature.missing, "filled")):
        m, of_leavers = int(empty.sum()), int((empty & y).sum())
        if not 0 < m < y.size or 0 < of_leavers < m:
            continue
        left = of_leavers == m
        available = int(y.sum()) if left else int((~y).sum())
        # All of m rows drawn without replacement fall into the class.
        chance = np.exp(_log_choose(available, m) - _log_choose(y.size, m))
        if chance < _BY_CHANCE:
            who = "who left" if left else "who stayed"
            yield Finding(
                "missing for one class only", feature.name,
                f"{said} in {m:,} rows, all of customers {who} ({m / available:.0%} of them)", "high",
                "it is written when customers leave, or because they stayed: leave it out",
            )  # fmt: skip
            return


def is_id(feature: FeatureColumn, customers: Codes) -> Iterator[Finding]:
    """Find columns with nearly as many values as customers, each customer having one."""
    known = ~feature.missing
    whole = feature.kind == "number" and bool((feature.numbers[known] % 1 == 0).all())
    present = np.unique(customers[known]).size
    if feature.kind == "date" or not (whole or feature.kind == "category") or present < _FEWEST_CUSTOMERS:
        return
    values = np.unique(feature.numbers[known]).size
    pairs = np.unique(np.column_stack([customers[known].astype(np.float64), feature.numbers[known]]), axis=0).shape[0]
    if values < _NEARLY_ALL * present or pairs > present:
        return
    what = "leave it out: a model learns customers by heart from it"
    found = f"{values:,} values for {present:,} customers"
    number = "; a measured amount that happens to differ may stay" if whole else ""
    yield Finding("id as a feature", feature.name, found, "medium" if whole else "high", what + number)


def is_constant(feature: FeatureColumn) -> Iterator[Finding]:
    """Find columns that say the same of everyone."""
    if feature.codes()[1] == 1:
        said = "it is missing in every row" if feature.missing.all() else "it has one value in every row"
        yield Finding("constant", feature.name, said, "low", "leave it out: it says nothing")


def repeated_keys(customers: Codes, cutoff: Floats, name: str) -> Iterator[Finding]:
    """Find customers with several rows at one cutoff."""
    keys = np.column_stack([customers.astype(np.float64), cutoff])
    extra = keys.shape[0] - np.unique(keys, axis=0).shape[0]
    if extra:
        yield Finding(
            "customer twice at one cutoff", name, f"{extra:,} rows repeat a customer and cutoff", "high",
            "keep one row each: a split by rows would put the customer on both sides",
        )  # fmt: skip


def _log_choose(n: int, k: int) -> Any:
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
