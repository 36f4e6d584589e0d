"""How much of a weighted sum hangs on its weights: ranks and tiers when they move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np

from customer_value._frames import FrameT, make_frame, to_eager
from customer_value._validation import number, numeric_column, require_columns, require_some, whole_number
from customer_value.errors import InputError
from customer_value.segments._tier_expressions import scaled
from customer_value.segments.tier_parts import TierCut
from customer_value.segments.tier_scheme import TierScheme

Floats = np.ndarray[Any, np.dtype[np.float64]]

_MOST_DRAWS = 100_000
_FAR = 0.95  # share of the draws that are nearer than the one shown


def weight_sensitivity(
    frame: FrameT,
    *,
    scheme: TierScheme,
    change: float = 0.1,
    draws: int = 100,
    concentration: float = 100.0,
    random_state: int = 0,
) -> FrameT:
    """Show how ranks and tiers of a weighted sum change when its weights do. Collects once.

    Parameters
    ----------
    frame
        One row per customer, with the columns that are weighed.
    scheme
        A scheme of weights, as `tiers.scorecard` makes it.
    change
        By which part of itself each weight is raised and lowered, between 0 and 1; the others are scaled so that all
        add up to 1.
    draws
        Number of random sets of weights.
    concentration
        How near random weights stay to the given ones: a weight w has standard deviation
        sqrt(w (1 - w) / (concentration + 1)), 0.05 for a weight of one half and the default.
    random_state
        Seed of the draws.

    Returns
    -------
    frame
        One row per set of weights: `scenario` ("loyalty +10 %", ..., "random, middle", "random, far"),
        `rank_agreement` (Spearman's correlation with the ranks of the given weights; null where all customers have the
        same sum) and `share_changed` (share of the customers in another tier). Of the random sets the middle is the
        median, far the value that 95 % of them keep to.

    Raises
    ------
    InputError
        If the scheme has no weights, or a column is missing, null or not numeric.

    Notes
    -----
    Cuts by shares of the customers are found anew for each set of weights, thresholds stay where they are. Random
    weights are Dirichlet distributed with the given weights as their mean.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"value": [9.0, 7.0, 6.0, 2.0, 1.0], "loyalty": [0.1, 0.9, 0.5, 0.6, 0.2]})
    >>> scheme = cv.segments.tiers.scorecard({"value": 0.5, "loyalty": 0.5}, cuts=[0.4])
    >>> cv.weight_sensitivity(customers, scheme=scheme, change=0.3, draws=0).round(2)
            scenario  rank_agreement  share_changed
    0    value +30 %             1.0            0.0
    1    value -30 %             0.9            0.0
    2  loyalty +30 %             1.0            0.0
    3  loyalty -30 %             0.9            0.4
    """
    if not isinstance(scheme, TierScheme) or scheme.kind != "scorecard" or scheme.cut is None:
        raise InputError(f"scheme must weigh columns, as tiers.scorecard makes it; got {scheme!r}.")
    number(change, "change", low=0, high=1, open_ends=True)
    whole_number(draws, "draws", high=_MOST_DRAWS)
    number(concentration, "concentration", low=0, open_ends=True)
    whole_number(random_state, "random_state")
    opened, back = to_eager(frame, "frame", "weight_sensitivity")
    require_columns(opened, scheme.columns, what="frame")
    require_some(len(opened), "frame")

    units = []
    for criterion in scheme.criteria:
        values = numeric_column(opened, criterion.column, what="frame")
        units.append(scaled(values, replace(criterion.fit(values), weight=1.0)))
    weights = np.array([cast(float, criterion.weight) for criterion in scheme.criteria])
    given = _Outcome(units, weights, scheme.cut)

    shifted = list(_shifted(weights, change))
    names = [f"{c.name} {sign}{100 * change:g} %" for c in scheme.criteria for sign in "+-"]
    found = [given.against(_Outcome(units, each, scheme.cut)) for each in shifted]
    if draws:
        at_random = _drawn(weights, draws, concentration, random_state)
        drawn = [given.against(_Outcome(units, each, scheme.cut)) for each in at_random]
        correlations, changed = (np.array(column) for column in zip(*drawn, strict=True))
        names += ["random, middle", "random, far"]
        found += [
            (float(np.median(correlations)), float(np.median(changed))),
            (float(np.quantile(correlations, 1 - _FAR)), float(np.quantile(changed, _FAR))),
        ]
    columns = {
        "scenario": np.array(names, dtype=object),
        "rank_agreement": np.array([correlation for correlation, _ in found]),
        "share_changed": np.array([changed for _, changed in found]),
    }
    return cast(FrameT, back(make_frame(columns, opened)))


class _Outcome:
    """Ranks and tiers under one set of weights."""

    def __init__(self, units: list[Floats], weights: Floats, cut: TierCut) -> None:
        total = np.zeros(units[0].size)
        for unit, weight in zip(units, weights, strict=True):
            total += unit * weight
        self.ranks = _mid_ranks(total)
        at = cut.fit(total).at
        self.tiers = np.zeros(total.size, dtype=np.int64)
        for threshold in at:
            self.tiers += total < (np.inf if threshold is None else threshold)

    def against(self, other: _Outcome) -> tuple[float, float]:
        """Return the rank correlation with another outcome, and the share of customers in another tier."""
        return _correlation(self.ranks, other.ranks), float(np.mean(self.tiers != other.tiers))


def _mid_ranks(values: Floats) -> Floats:
    """Rank values from 0, equal ones at the mean of their places."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    middles = np.cumsum(counts) - (counts + 1) / 2
    return np.asarray(middles[inverse], dtype=np.float64)


def _correlation(one: Floats, other: Floats) -> float:
    middle = (one.size - 1) / 2
    a, b = one - middle, other - middle
    size = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / size) if size > 0 else float("nan")


def _shifted(weights: Floats, change: float) -> Iterator[Floats]:
    """Give the weights with each one raised and lowered in turn."""
    for i in range(weights.size):
        for sign in (1, -1):
            moved = weights.copy()
            moved[i] *= 1 + sign * change
            yield moved / moved.sum()


def _drawn(weights: Floats, draws: int, concentration: float, random_state: int) -> Iterator[Floats]:
    """Give random weights around the given ones; a weight of 0 stays 0."""
    rng = np.random.default_rng(random_state)
    some = weights > 0
    for each in rng.dirichlet(concentration * weights[some], size=draws):
        drawn = np.zeros(weights.size)
        drawn[some] = each
        yield drawn
