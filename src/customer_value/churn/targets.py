"""Whom to contact so that they stay: the customers at risk who are worth it, within budget and capacity."""

from __future__ import annotations

import re
from typing import Any, cast

import numpy as np

from customer_value._frames import EagerFrame, FrameT, to_eager
from customer_value._validation import (
    numeric_column,
    optional_text,
    require_columns,
    require_rows,
    require_some,
)
from customer_value.churn._contact import expected_gain, expected_spend
from customer_value.churn._ranked import Floats
from customer_value.churn._reading import SCORE_MAKER, per_customer, probability_column
from customer_value.churn._target_columns import add_targets, warn_of_missing
from customer_value.errors import DataWarning, InputError, warn

_COUNTS_CHURN = re.compile(r"clv(_\d+[a-z]*)?")  # `clv`, and `clv_12m` beside other horizons
_VALUE_MAKER = "score_clv(summary, ...) adds clv_if_alive"


def assign_targets(
    frame: FrameT,
    *,
    value: float | str = "clv_if_alive",
    risk: str = "churn_probability",
    cost: float | str,
    incentive: float | str = 0.0,
    acceptance: float | str | None = None,
    budget: float | None = None,
    capacity: int | None = None,
    uplift: str | None = None,
    customer_id: str = "customer_id",
) -> FrameT:
    """Choose whom to contact so that they stay: the list with the highest expected profit within budget and capacity.

    Eager; a polars LazyFrame is collected once and comes back lazy.

    Parameters
    ----------
    frame
        One row per customer.
    value
        What a customer is worth if kept: a column such as ``"clv_if_alive"``, or one number. Not ``"clv"``, which
        counts churn already, so that risk x `clv` would count it twice. A customer whose value is null is not chosen.
    risk
        Column with the calibrated probability of churn; a null one is not chosen. Not read with `uplift`.
    cost
        Cost of a contact, 0 or above: a number or a column.
    incentive
        Cost of the offer to whoever takes it, 0 or above: a number or a column.
    acceptance
        Probability that someone who would leave takes the offer and stays: a number or a column. Needed without
        `uplift`, not read with it.
    budget
        Most that the campaign may be expected to spend on contacts and incentives.
    capacity
        Most customers who can be contacted.
    uplift
        Column with how much a contact lowers each one's probability of churn, such as a learner of `churn.TLearner`
        predicts from a past campaign with a control group. It takes the place of risk x acceptance.
    customer_id
        Column that decides between equals. Without a column ``"customer_id"`` the order of rows does.

    Returns
    -------
    FrameT
        The same rows in the same order with target (whether to contact), target_rank (1 is contacted first; ranks go
        on behind the chosen ones, for those next in line; null where a contact is not worth it), expected_profit (of
        contacting the customer) and target_reason: chosen, not worth it, over budget, over capacity, or what is
        missing. Columns of these names that are there already are replaced.

    Raises
    ------
    InputError
        A column is missing or breaks a rule, a cost is negative, `acceptance` and `uplift` are both missing, nobody
        has a value, or the budget does not pay for one contact.

    Warns
    -----
    DataWarning
        The value counts churn already, the list is one by risk alone, customers without value or risk are left out, or
        nobody is worth a contact.

    See Also
    --------
    contact_threshold : the risk from which a contact pays.

    Notes
    -----
    The expected profit of a contact is p gamma (V - d) - (1 - p) d - f, with risk p, acceptance gamma, value V,
    incentive d and cost f: of those who would leave, the ones who accept are kept at the price of the incentive, and
    everyone who would stay takes the incentive as well. (T. Verbraken, W. Verbeke and B. Baesens (2013), *IEEE TKDE*
    25, 961-973, equation (6), for one customer.) Its expected spend is f + d (p gamma + 1 - p). With uplift u the
    profit is u V - d - f and the spend d + f: everyone who is contacted gets the incentive.

    Only customers with a profit above 0 are chosen. Where the budget does not bind, they are ranked by profit, and the
    best are taken up to capacity. Where it binds they are ranked by profit less spend times the price of a unit of
    budget, the price at which the budget is just enough; without a capacity this chooses those with the highest
    profit per unit of spend. That is the exact optimum if customers could be contacted in part. They cannot: the last
    ones that the budget does not pay in full give way to the next who fit, which costs less than the profit of two
    contacts. Equals are ordered by spend, value and customer.

    A list by risk alone is a poor one: the riskiest customers are often those whom no contact keeps (E. Ascarza
    (2018), *Journal of Marketing Research* 55, 80-98; A. Lemmens and S. Gupta (2020), *Marketing Science* 39,
    956-973). Measure the uplift where a past campaign left a random group in peace.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "churn_probability": [0.9, 0.4, 0.3, 0.1],
    ...                           "clv_if_alive": [40.0, 900.0, 800.0, 200.0]})
    >>> targets = cv.churn.assign_targets(customers, cost=5, incentive=20, acceptance=0.3, capacity=1)
    >>> targets[["customer_id", "target", "target_rank", "expected_profit"]].round(2)
      customer_id  target  target_rank  expected_profit
    0           a   False         <NA>             -1.6
    1           b    True            1             88.6
    2           c   False            2             51.2
    3           d   False         <NA>            -17.6
    >>> targets["target_reason"][2]
    'over capacity'
    """
    opened, back = to_eager(frame, "frame", "assign_targets")
    require_columns(opened, [risk] if optional_text(uplift, "uplift") is None else [], what="frame", maker=SCORE_MAKER)
    require_some(len(opened), "frame")
    worth = per_customer(opened, value, "value", nulls=True, maker=_VALUE_MAKER)
    f, d = (per_customer(opened, g, n, low=0) for n, g in (("cost", cost), ("incentive", incentive)))
    out = {f"no {value}": np.isnan(worth)}
    if uplift is None:
        if acceptance is None:
            raise InputError(
                "acceptance is needed: the probability that someone who would leave takes the offer and stays, such "
                "as acceptance=0.3. With a past campaign that had a control group, give uplift= instead."
            )
        gamma = per_customer(opened, acceptance, "acceptance", low=0, high=1)
        p = probability_column(opened, risk, nulls=True)
        out[f"no {risk}"] = np.isnan(p)
        profit, spend = expected_gain(p, worth, gamma, d, f), expected_spend(p, gamma, d, f)
        _warn_of_ranking(value, worth, (f, d, gamma))
    else:
        effect = _uplift(opened, uplift)
        out[f"no {uplift}"] = np.isnan(effect)
        profit, spend = effect * worth - d - f, d + f
    warn_of_missing(out)
    made = add_targets(
        opened, profit, spend, value=worth, out=out, budget=budget, capacity=capacity, customer_id=customer_id
    )
    return cast(FrameT, back(made))


def _uplift(frame: EagerFrame, column: str) -> Floats:
    require_columns(frame, [column], what="frame", maker="churn.TLearner().fit(X, y, treatment=...) predicts it")
    effect = numeric_column(frame, column, what="frame", nulls=True)
    rule = f"{column} must be a difference of two probabilities, from -1 to 1"
    require_rows(np.isnan(effect) | (np.abs(effect) <= 1), rule)
    return effect


def _warn_of_ranking(value: Any, worth: Floats, others: tuple[Floats, ...]) -> None:
    """Warn where the value counts churn already, or where risk alone ranks."""
    if isinstance(value, str) and _COUNTS_CHURN.fullmatch(value):
        warn(
            f"value={value!r} counts churn already, so risk times it counts churn twice and passes over the customers "
            "most at risk. Use clv_if_alive, which score_clv adds beside it.",
            DataWarning,
        )
    known = worth[~np.isnan(worth)]
    if known.size > 1 and all(np.ptp(each) == 0 for each in (known, *others)):
        warn(
            "value is the same for everyone, so the list is ranked by risk alone: the riskiest customers are often "
            "those whom no contact keeps, and not those worth keeping. Give value= a column such as clv_if_alive, or "
            "uplift= from a past campaign with a control group.",
            DataWarning,
        )
