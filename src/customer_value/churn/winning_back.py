"""Whom of the lost customers to win back: those whose return is worth what it costs to ask."""

from __future__ import annotations

from typing import cast

import numpy as np

from customer_value._frames import FrameT, to_eager
from customer_value._validation import require_columns, require_some
from customer_value.churn._reading import outcome_column, per_customer, probability_column
from customer_value.churn._target_columns import add_targets, warn_of_missing

_PROBABILITY_MAKER = (
    "A past campaign tells it: fit any classifier on who came back (churn.ChurnClassifier too), or use a share by group"
)


def win_back(
    frame: FrameT,
    *,
    value: float | str,
    probability: str,
    cost: float | str,
    incentive: float | str = 0.0,
    baseline: float | str = 0.0,
    lost: str | None = None,
    budget: float | None = None,
    capacity: int | None = None,
    customer_id: str = "customer_id",
) -> FrameT:
    """Choose which lost customers to win back: the list with the highest expected profit within budget and capacity.

    Eager; a polars LazyFrame is collected once and comes back lazy.

    Parameters
    ----------
    frame
        One row per lost customer.
    value
        What a customer is worth after coming back: a column, or one number. A null one is not chosen.
    probability
        Column with the probability that the customer comes back if asked; a null one is not chosen.
    cost
        Cost of asking, 0 or above: a number or a column.
    incentive
        Cost of the offer to whoever comes back, 0 or above: a number or a column.
    baseline
        Probability of coming back unasked, such as `p_active` of a purchase model: a number or a column. What these
        bring is no merit of the campaign.
    lost
        Column that is true, or 1, for lost customers, where the frame holds others too; these are not chosen.
    budget
        Most that the campaign may be expected to spend on contacts and incentives.
    capacity
        Most customers who can be asked.
    customer_id
        Column that decides between equals. Without a column ``"customer_id"`` the order of rows does.

    Returns
    -------
    FrameT
        The same rows in the same order with target, target_rank, expected_profit and target_reason, as
        `assign_targets` gives them.

    Raises
    ------
    InputError
        A column is missing or breaks a rule, a cost is negative, nobody has a value, or the budget does not pay for
        one contact.

    Warns
    -----
    DataWarning
        Customers without value or probability are left out, or nobody is worth a contact.

    See Also
    --------
    assign_targets : the same for customers who are still there.

    Notes
    -----
    The expected profit is q (V - d) - b V - f, with the probability q of coming back if asked and b unasked, the value
    V, incentive d and cost f; the expected spend is f + q d. The list is chosen as in `assign_targets`. Probability
    times value ranks differently from probability alone, which favours those who would have come back anyway and spend
    little (J. S. Thomas, R. C. Blattberg and E. J. Fox (2004), "Recapturing lost customers", *Journal of Marketing
    Research* 41, 31-45).

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> gone = pd.DataFrame({"customer_id": [1, 2, 3], "p_return": [0.3, 0.1, 0.05], "value": [60.0, 400.0, 90.0]})
    >>> asked = cv.churn.win_back(gone, value="value", probability="p_return", cost=5, incentive=10)
    >>> asked[["customer_id", "target", "target_rank", "expected_profit"]]
       customer_id  target  target_rank  expected_profit
    0            1    True            2             10.0
    1            2    True            1             34.0
    2            3   False         <NA>             -1.0
    """
    opened, back = to_eager(frame, "frame", "win_back")
    require_columns(opened, [probability], what="frame", maker=_PROBABILITY_MAKER)
    require_some(len(opened), "frame")
    worth = per_customer(opened, value, "value", nulls=True)
    f, d = (per_customer(opened, g, n, low=0) for n, g in (("cost", cost), ("incentive", incentive)))
    q = probability_column(opened, probability, nulls=True, maker=_PROBABILITY_MAKER)
    unasked = per_customer(opened, baseline, "baseline", low=0, high=1)
    out = {f"no {value}": np.isnan(worth), f"no {probability}": np.isnan(q)}
    warn_of_missing(out)
    if lost is not None:
        out["not lost"] = outcome_column(opened, lost, both=False) == 0
    made = add_targets(
        opened,
        q * (worth - d) - unasked * worth - f,
        f + q * d,
        value=worth,
        out=out,
        budget=budget,
        capacity=capacity,
        customer_id=customer_id,
    )
    return cast(FrameT, back(made))
