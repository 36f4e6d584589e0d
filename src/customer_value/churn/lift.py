"""Lift and gains: what share of those who churned a list reaches, the riskiest customers first."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from customer_value._frames import EagerFrame, FrameT, make_frame, to_eager
from customer_value._stats.intervals import wilson_interval
from customer_value._validation import (
    MOST_POINTS,
    number,
    numeric_column,
    require_columns,
    whole_number,
)
from customer_value.churn._ranked import Floats, Ranking
from customer_value.churn._reading import outcome_column, score_column
from customer_value.errors import InputError


def lift_table(
    frame: FrameT,
    *,
    score: str = "churn_probability",
    outcome: str = "churned",
    bins: int = 10,
    value: str | None = None,
    interval: float = 0.9,
) -> FrameT:
    """Tell how many customers churned in each tenth of the customers, the highest scores first.

    Eager; a polars LazyFrame is collected once and comes back lazy.

    Parameters
    ----------
    frame
        One row per customer with a score and what then happened.
    score
        Column with the score, higher for those who are more likely to churn.
    outcome
        Column that is true, or 1, for customers who churned. Nobody's may be missing.
    bins
        Number of parts of equal size, 2 or more.
    value
        Column with what each customer is worth; adds what the churners took with them.
    interval
        Coverage of the interval of the churn rate.

    Returns
    -------
    FrameT
        One row per bin, 1 with the highest scores: bin, customers, score_min, score_max, mean_score, churners,
        churn_rate with churn_rate_lower and churn_rate_upper, lift (churn rate over that of all), gain (share of all
        churners in this bin and those before), cumulative_lift. With `value` also value_held (by the bin's
        customers), value_lost (of the churners) and value_gain (share of all value lost in this bin and those before).

    Raises
    ------
    InputError
        A column is missing or breaks a rule, all outcomes are the same, there are fewer customers than bins, or an
        argument is out of its range.

    Notes
    -----
    Bins are of equal size to the fraction of a customer. Customers with the same score at a border belong to both
    sides in proportion, as their mean over all orders would have it; so counts may have decimals, and the table does
    not depend on the order of rows. Intervals of churn rates are Wilson's.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"churn_probability": [0.9, 0.7, 0.6, 0.4, 0.2, 0.1],
    ...                           "churned": [True, True, False, True, False, False]})
    >>> table = cv.churn.lift_table(customers, bins=3)
    >>> table[["bin", "customers", "churners", "churn_rate", "lift", "gain"]].round(3)
       bin  customers  churners  churn_rate  lift   gain
    0    1        2.0       2.0         1.0   2.0  0.667
    1    2        2.0       1.0         0.5   1.0  1.000
    2    3        2.0       0.0         0.0   0.0  1.000
    """
    parts = whole_number(bins, "bins", low=2)
    level = number(interval, "interval", low=0, high=1, open_ends=True)
    opened, back = to_eager(frame, "frame", "lift_table")
    scores, churned, worth = _columns(opened, score, outcome, value)
    if parts > scores.size:
        raise InputError(f"bins must be at most the number of customers, {scores.size}; got {parts}.")
    ranking = Ranking(scores)
    borders = scores.size * np.arange(parts + 1) / parts
    churners = ranking.reached(ranking.sums(churned), borders)
    customers = np.diff(borders)
    found = np.clip(np.diff(churners), 0, customers)
    lower, upper = wilson_interval(found, customers, interval=level)
    rate = churned.mean()
    table: dict[str, Any] = {
        "bin": np.arange(1, parts + 1),
        "customers": customers,
        "score_min": ranking.lowest_score(borders[1:]),
        "score_max": _highest_score(ranking, borders[:-1]),
        "mean_score": np.diff(ranking.reached(ranking.sums(scores), borders)) / customers,
        "churners": found,
        "churn_rate": found / customers,
        "churn_rate_lower": lower,
        "churn_rate_upper": upper,
        "lift": found / customers / rate,
        "gain": churners[1:] / churned.sum(),
        "cumulative_lift": churners[1:] / borders[1:] / rate,
    }
    if worth is not None:
        lost = ranking.reached(ranking.sums(worth * churned), borders)
        table["value_held"] = np.diff(ranking.reached(ranking.sums(worth), borders))
        table["value_lost"] = np.diff(lost)
        table["value_gain"] = lost[1:] / lost[-1] if lost[-1] else np.full(parts, np.nan)
    return cast(FrameT, back(make_frame(table, opened)))


def gains_curve(
    frame: FrameT,
    *,
    score: str = "churn_probability",
    outcome: str = "churned",
    value: str | None = None,
    points: int = 100,
) -> FrameT:
    """Tell which share of the churners is among the first so many customers, the highest scores first.

    Eager; a polars LazyFrame is collected once and comes back lazy.

    Parameters
    ----------
    frame, score, outcome, value
        As in `lift_table`.
    points
        Number of steps from nobody to everybody.

    Returns
    -------
    FrameT
        One row for each share of the customers, from 0 to 1: share_of_customers, customers, score_min (the lowest
        score reached), gain (share of the churners reached), gain_perfect (of the best ranking there could be), lift
        (gain over share_of_customers; null at 0), and with `value` value_gain. A ranking that knows nothing has a gain
        of share_of_customers.

    Raises
    ------
    InputError
        As in `lift_table`.

    Notes
    -----
    Customers with the same score are reached in proportion: the curve is straight across them.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"churn_probability": [0.9, 0.7, 0.6, 0.4, 0.2, 0.1],
    ...                           "churned": [True, True, False, True, False, False]})
    >>> curve = cv.churn.gains_curve(customers, points=3)
    >>> curve[["share_of_customers", "gain", "gain_perfect", "lift"]].round(3)
       share_of_customers   gain  gain_perfect  lift
    0               0.000  0.000         0.000   NaN
    1               0.333  0.667         0.667   2.0
    2               0.667  1.000         1.000   1.5
    3               1.000  1.000         1.000   1.0
    """
    steps = whole_number(points, "points", low=1, high=MOST_POINTS)
    opened, back = to_eager(frame, "frame", "gains_curve")
    scores, churned, worth = _columns(opened, score, outcome, value)
    ranking = Ranking(scores)
    share = np.arange(steps + 1) / steps
    sizes = np.arange(steps + 1) * scores.size / steps
    gain = ranking.reached(ranking.sums(churned), sizes) / churned.sum()
    with np.errstate(invalid="ignore"):
        lift = gain / share
    table: dict[str, Any] = {
        "share_of_customers": share,
        "customers": sizes,
        "score_min": ranking.lowest_score(sizes),
        "gain": gain,
        "gain_perfect": np.minimum(share / churned.mean(), 1),
        "lift": lift,
    }
    if worth is not None:
        lost = ranking.reached(ranking.sums(worth * churned), sizes)
        table["value_gain"] = lost / lost[-1] if lost[-1] else np.full(share.size, np.nan)
    return cast(FrameT, back(make_frame(table, opened)))


def _columns(frame: EagerFrame, score: str, outcome: str, value: str | None) -> tuple[Floats, Floats, Floats | None]:
    require_columns(frame, [score, outcome, *([] if value is None else [value])], what="frame")
    scores, churned = score_column(frame, score), outcome_column(frame, outcome)
    return scores, churned, None if value is None else numeric_column(frame, value, what="frame")


def _highest_score(ranking: Ranking, sizes: Floats) -> Floats:
    """Highest score behind the first so many customers."""
    first = np.searchsorted(ranking.ends, sizes * (1 + 1e-12), side="right") - 1
    return ranking.score[np.clip(first, 0, ranking.score.size - 1)]
