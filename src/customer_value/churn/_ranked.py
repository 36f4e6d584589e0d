"""Customers ranked by a score, those with the same score as one group: what every rank statistic is made from.

Within a group any order is as good as another. A statistic of a border that cuts a group is its expectation over all
orders, so the group's customers count in proportion; this is what makes results independent of the order of rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from customer_value._validation import float_array, require_rows, require_some
from customer_value.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]


class Ranking:
    """Groups of customers with the same score, the highest score first.

    Parameters
    ----------
    score : ndarray
        One finite score per row.
    weight : ndarray, optional
        How many customers each row stands for.
    """

    def __init__(self, score: Floats, weight: Floats | None = None) -> None:
        lowest_first, self._group = np.unique(-score, return_inverse=True)
        self.score: Floats = -lowest_first
        self._weight = np.ones(score.size) if weight is None else weight
        self.customers = self.sums(np.ones(score.size))
        self.ends = running(self.customers)

    def sums(self, values: Floats) -> Floats:
        """Return the sum of a value over the customers of each group."""
        weighted = values * self._weight
        order = np.lexsort((weighted, self._group))  # rounding must not depend on the order of rows either
        sums = np.bincount(self._group[order], weighted[order], minlength=self.score.size)
        return np.asarray(sums, dtype=np.float64)

    def reached(self, sums: Floats, sizes: Floats) -> Floats:
        """Return what the first so many customers hold of something whose sums by group are given."""
        return np.asarray(np.interp(sizes, self.ends, running(sums)))

    def lowest_score(self, sizes: Floats) -> Floats:
        """Return the lowest score among the first so many customers; NaN among none."""
        last = np.searchsorted(self.ends, sizes * (1 - 1e-12), side="left") - 1
        return np.where(sizes > 0, self.score[np.clip(last, 0, self.score.size - 1)], np.nan)


def running(sums: Floats) -> Floats:
    """Return the running total, from 0 on."""
    return np.concatenate(([0.0], np.cumsum(sums)))


def dot(one: Floats, other: Floats) -> float:
    """Return the sum of products, on one thread: threads would cost more than they bring, and may add in any order."""
    return float(np.einsum("i,i->", one, other))


def read_scores(
    y_true: ArrayLike, y_score: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[Floats, Floats, Floats | None]:
    """Return outcome, score and weight of each row as float64, rows of weight 0 left out."""
    y, score = outcome_array(y_true), float_array(y_score, "y_score")
    require_some(y.size, "outcome")
    weight = None if sample_weight is None else float_array(sample_weight, "sample_weight")
    for name, given in (("y_score", score), ("sample_weight", weight)):
        if given is not None and given.size != y.size:
            raise InputError(f"{name} must have one value for each of y_true; it has {given.size} for {y.size}.")
    require_rows(np.isfinite(score), "y_score must be finite")
    if weight is not None:
        require_rows(np.isfinite(weight) & (weight >= 0), "sample_weight must be finite, 0 or above")
        there = weight > 0
        y, score, weight = y[there], score[there], weight[there]
    require_both(y, "y_true")
    return y, score, weight


def outcome_array(y_true: ArrayLike, name: str = "y_true", meaning: str = "1 is the customer who churned.") -> Floats:
    """Return outcomes, 1 or True for the event, as zeros and ones."""
    given = np.asarray(y_true)
    y = given.astype(np.float64) if given.dtype.kind == "b" else float_array(given, name)
    require_rows(np.isin(y, (0, 1)), f"{name} must be 0 or 1, False or True", meaning)
    return y


def require_both(y: Floats, name: str) -> None:
    """Raise unless both outcomes are there."""
    if y.size == 0 or y.min() == y.max():
        held = f"only {y[0]:.0f}" if y.size else "nothing"
        raise InputError(
            f"{name} must hold both outcomes, churned and not; it holds {held}. Take more customers, a longer horizon "
            "or another cutoff."
        )


def ranked_counts(
    y_true: ArrayLike, y_score: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    """Return the distinct scores, highest first, with the churners and the others that have each."""
    y, score, weight = read_scores(y_true, y_score, sample_weight)
    ranking = Ranking(score, weight)
    return ranking.score, ranking.sums(y), ranking.sums(1 - y)
