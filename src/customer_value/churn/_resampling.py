"""The bootstrap of statistics that depend on customers only through how many of each score churned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from customer_value._validation import (
    MOST_RESAMPLES,
    number,
    whole_number,
)

Floats = np.ndarray[Any, np.dtype[np.float64]]
# Takes the churners and the others by distinct score, highest first.
Statistic = Callable[[Floats, Floats], float]


def bootstrap_draws(
    churners: Floats, others: Floats, statistics: Mapping[str, Statistic], *, n_resamples: int, random_state: int
) -> dict[str, Floats]:
    """Return each statistic on resamples of the customers, the same resamples for all.

    Customers with the same score and outcome are alike, so drawing customers with replacement is one multinomial draw
    of how often each kind comes; the order of rows plays no part. A resample without a churner, or of churners only,
    has no rank statistic and is drawn again.
    """
    drawn = {
        name: np.empty(whole_number(n_resamples, "n_resamples", low=1, high=MOST_RESAMPLES)) for name in statistics
    }
    kinds = np.array([churners, others])
    for i, (again, rest) in enumerate(resamples(kinds, n_resamples=n_resamples, random_state=random_state)):
        for name, statistic in statistics.items():
            drawn[name][i] = statistic(again, rest)
    return drawn


def resamples(kinds: Floats, *, n_resamples: int, random_state: int) -> Iterator[Floats]:
    """Draw as many customers as there are, with replacement; each row of kinds comes at least once."""
    rng = np.random.default_rng(whole_number(random_state, "random_state"))
    customers, chances = max(1, round(kinds.sum())), kinds.ravel() / kinds.sum()
    for _ in range(whole_number(n_resamples, "n_resamples", low=1, high=MOST_RESAMPLES)):
        drawn = np.zeros(kinds.shape)
        while not drawn.any(axis=1).all():
            drawn = rng.multinomial(customers, chances).astype(np.float64).reshape(kinds.shape)
        yield drawn


def percentiles(draws: Floats, interval: float) -> tuple[float, float]:
    """Return the ends of the percentile interval of draws; NaN where a draw has no value."""
    share = number(interval, "interval", low=0, high=1, open_ends=True)
    lower, upper = np.quantile(draws, [(1 - share) / 2, (1 + share) / 2])
    return float(lower), float(upper)
