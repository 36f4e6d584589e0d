"""How many to contact: profit by share contacted, and the risk from which a contact pays."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from customer_value._frames import FrameT, make_frame, to_eager
from customer_value._validation import (
    MOST_POINTS,
    require_rows,
    whole_number,
)
from customer_value.churn._contact import gain_if_leaving, loss_if_staying
from customer_value.churn._ranked import Floats, Ranking, running
from customer_value.churn._reading import outcome_column, per_customer, probability_column, score_column
from customer_value.errors import InputError


def contact_threshold(
    clv: ArrayLike,
    *,
    incentive: ArrayLike = 10.0,
    contact_cost: ArrayLike = 1.0,
    acceptance: ArrayLike = 0.3,
) -> float | Floats:
    """Return the churn probability from which contacting a customer pays.

    Parameters
    ----------
    clv : array_like
        Value of the customer if kept (`clv_if_alive`); a number or one per customer, which may be missing.
    incentive : array_like
        Cost of the offer to whoever takes it, 0 or above.
    contact_cost : array_like
        Cost of the contact, 0 or above.
    acceptance : array_like
        Probability that someone who would leave takes the offer and stays, 0 to 1.

    Returns
    -------
    float or ndarray
        The threshold of each customer; a float where all arguments are numbers. Above 1, or infinite, it never pays.
        NaN where the value is missing.

    Raises
    ------
    InputError
        A cost is negative, an acceptance is not from 0 to 1, something is no number, or lengths differ.

    Notes
    -----
    The expected profit of a contact, p gamma (V - d) - (1 - p) d - f, is above 0 for p above
    (d + f) / (gamma (V - d) + d). Whoever meant to stay takes the incentive too. It holds for calibrated
    probabilities only. Equation (6) of T. Verbraken, W. Verbeke and B. Baesens (2013), *IEEE TKDE* 25, 961-973,
    taken for one customer; C. Elkan (2001), *IJCAI*, 973-978, is the general rule.

    Examples
    --------
    >>> import numpy as np
    >>> from customer_value.churn import contact_threshold
    >>> round(contact_threshold(200), 4)
    0.1642
    >>> np.round(contact_threshold([30, 200, 1000]), 3)
    array([0.688, 0.164, 0.036])
    """
    given = {"clv": clv, "incentive": incentive, "contact_cost": contact_cost, "acceptance": acceptance}
    try:
        arrays = [np.asarray(values, dtype=np.float64) for values in given.values()]
        value, d, f, gamma = np.broadcast_arrays(*arrays)
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            f"clv, incentive, contact_cost and acceptance must be numbers, or arrays of one length; got {given!r}."
        ) from None
    require_rows(np.atleast_1d(~np.isinf(value)).ravel(), "clv must be finite")
    for name, cost in (("incentive", d), ("contact_cost", f)):
        require_rows(np.atleast_1d(np.isfinite(cost) & (cost >= 0)).ravel(), f"{name} must be finite, 0 or above")
    require_rows(np.atleast_1d((gamma >= 0) & (gamma <= 1)).ravel(), "acceptance must be from 0 to 1")
    # How much more a contact brings with someone who would leave than with someone who would stay.
    difference = gain_if_leaving(value, gamma, d, f) + loss_if_staying(d, f)
    with np.errstate(divide="ignore", invalid="ignore"):
        threshold = np.where(difference > 0, loss_if_staying(d, f) / difference, np.inf)
    threshold = np.where(np.isnan(value), np.nan, threshold)
    return float(threshold) if threshold.ndim == 0 else threshold


def profit_curve(
    frame: FrameT,
    *,
    score: str = "churn_probability",
    outcome: str | None = "churned",
    clv: float | str = 200.0,
    incentive: float | str = 10.0,
    contact_cost: float | str = 1.0,
    acceptance: float | str = 0.3,
    points: int = 100,
) -> FrameT:
    """Tell what a campaign brings, by the share of customers that it contacts, the highest scores first.

    Eager; a polars LazyFrame is collected once and comes back lazy.

    Parameters
    ----------
    frame
        One row per customer.
    score
        Column by which customers are contacted, the highest first: a churn probability, or the `expected_profit` of
        `assign_targets`.
    outcome
        Column that is true, or 1, for customers who churned. None takes the score as the probability and gives the
        profit that is expected, for a campaign still to come.
    clv
        Value of a customer who is kept: a number, or the name of a column such as ``"clv_if_alive"``.
    incentive
        Cost of the offer to whoever takes it: a number or a column.
    contact_cost
        Cost of each contact: a number or a column.
    acceptance
        Probability that someone who would leave takes the offer and stays: a number or a column.
    points
        Number of steps from nobody to everybody.

    Returns
    -------
    FrameT
        One row for each share of the customers from 0 (no one) to 1 (everyone), and one at the best cut:
        share_of_customers, customers, score_min (lowest score contacted), churners (reached), profit,
        profit_per_customer (of the base, contacted or not), profit_random (of as many customers picked by chance), and
        best, which is true in one row, the smallest share with the highest profit.

    Raises
    ------
    InputError
        A column is missing or breaks a rule, a cost is negative, or all outcomes are the same.

    Notes
    -----
    Profit is that of `mpc_score`: a churner who is contacted brings acceptance x (clv - incentive) - contact_cost,
    anybody else costs incentive + contact_cost. With one value for all, the best profit per customer is the
    `mpc_score`. Customers with the same score are contacted in proportion. A best cut chosen on the same customers on
    which its profit is measured flatters a little; choose it on others.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"churn_probability": [0.9, 0.7, 0.6, 0.4, 0.2, 0.1],
    ...                           "churned": [True, False, True, False, False, False]})
    >>> curve = cv.churn.profit_curve(customers, clv=100, points=3)
    >>> curve[["share_of_customers", "churners", "profit", "best"]].round(3)
       share_of_customers  churners  profit   best
    0               0.000       0.0     0.0  False
    1               0.333       1.0    15.0  False
    2               0.500       2.0    41.0   True
    3               0.667       2.0    30.0  False
    4               1.000       2.0     8.0  False
    """
    steps = whole_number(points, "points", low=1, high=MOST_POINTS)
    opened, back = to_eager(frame, "frame", "profit_curve")
    if outcome is None:
        scores = churned = probability_column(opened, score)
    else:
        scores, churned = score_column(opened, score), outcome_column(opened, outcome)
    value = per_customer(opened, clv, "clv")
    d, f = (per_customer(opened, g, n, low=0) for n, g in (("incentive", incentive), ("contact_cost", contact_cost)))
    gamma = per_customer(opened, acceptance, "acceptance", low=0, high=1)

    brought = churned * gain_if_leaving(value, gamma, d, f) - (1 - churned) * loss_if_staying(d, f)
    ranking = Ranking(scores)
    by_group = ranking.sums(brought)
    best = ranking.ends[running(by_group).argmax()]
    sizes = np.union1d(np.arange(steps + 1) * scores.size / steps, best)
    profit = ranking.reached(by_group, sizes)
    share = sizes / scores.size
    table: dict[str, Any] = {
        "share_of_customers": share,
        "customers": sizes,
        "score_min": ranking.lowest_score(sizes),
        "churners": ranking.reached(ranking.sums(churned), sizes),
        "profit": profit,
        "profit_per_customer": profit / scores.size,
        "profit_random": share * profit[-1],
        "best": sizes == best,
    }
    return cast(FrameT, back(make_frame(table, opened)))
