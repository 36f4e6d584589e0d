"""The bootstrap of statistics that depend on customers only through how many of each score churned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from customer_value._validation import number, whole_number

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
    rng = np.random.default_rng(whole_number(random_state, "random_state"))
    counts = np.concatenate((churners, others))
    customers = max(1, round(counts.sum()))
    chances = counts / counts.sum()
    drawn = {name: np.empty(whole_number(n_resamples, "n_resamples", low=1)) for name in statistics}
    for i in range(n_resamples):
        again = np.zeros((2, churners.size))
        while not again.any(axis=1).all():
            again = rng.multinomial(customers, chances).astype(np.float64).reshape(2, -1)
        for name, statistic in statistics.items():
            drawn[name][i] = statistic(again[0], again[1])
    return drawn


def percentiles(draws: Floats, interval: float) -> tuple[float, float]:
    """Return the ends of the percentile interval of draws; NaN where a draw has no value."""
    share = number(interval, "interval", low=0, high=1, open_ends=True)
    lower, upper = np.quantile(draws, [(1 - share) / 2, (1 + share) / 2])
    return float(lower), float(upper)
