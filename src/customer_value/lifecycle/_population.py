"""The population's rhythm from a customer summary, which knows of each customer only how many gaps make up which time.

The model of `purchase_rhythm` (transactions/_rhythm_population.py, equations 1, 2 and 4) with shape k = 1: purchases
come by chance, since sums of gaps do not tell how regular they are. Rates differ between customers as a gamma
distribution with shape r (the weight) and mean 1 / m (m: the population's gap), a share leaves after each purchase, and
a customer of n gaps with sum S has

    usual gap = (r m + S) / (r + n)                                    (equation 1: one over the mean rate)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from customer_value._units import DAYS
from customer_value.errors import InputError
from customer_value.lifecycle.lifecycle_schemes import PopulationRhythm
from customer_value.transactions._rhythm_gaps import GapArrays
from customer_value.transactions._rhythm_population import LOG2_SHAPES, by_value, gap_prior

Floats = np.ndarray[Any, np.dtype[np.float64]]

_BY_CHANCE: Floats = (LOG2_SHAPES == 0).astype(np.float64)  # all customers have shape 1


def estimate_population(purchases: Floats, recency: Floats, silence: Floats, time_unit: str) -> PopulationRhythm:
    """Estimate gap and weight of the population from customers with a purchase; times are in `time_unit`."""
    if not (purchases > 1).any():
        raise InputError(
            "nobody in this summary bought twice, so that there is no rhythm: give a scheme that was fitted elsewhere "
            "(fit_lifecycle_scheme), or fixed days (dataclasses.replace(lifecycle.FIVE_STAGE, fixed_days=(30, 90)))."
        )
    count = purchases.astype(np.int64) - 1
    waited, quiet = (np.rint(times * DAYS[time_unit]).astype(np.int64) for times in (recency, silence))
    waited = np.maximum(waited, count)  # a gap lasts a day at least
    unused: Any = np.zeros(count.size)
    gaps = GapArrays(
        row=unused,
        count=count,
        first_period=-quiet - waited,
        last_period=-quiet,
        last_gap=unused,
        squares=unused,
        logs=unused,
        median=unused,
        covariation=unused,
        variation=unused,
        roots=unused,
    )
    gap, weight, _ = gap_prior(gaps, _BY_CHANCE, by_value(gaps, 0), 0)
    return PopulationRhythm(gap / DAYS[time_unit], weight, time_unit, count.size)
