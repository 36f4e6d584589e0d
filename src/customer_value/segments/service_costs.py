"""Cost to serve: who brings little and is dear to serve, and may be moved to a cheaper channel."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from customer_value._frames import EagerFrame, FrameT, texts, to_eager, truth_values, whole_numbers, with_arrays
from customer_value._labels import LANGUAGES
from customer_value._validation import (
    number,
    require_choice,
    require_columns,
    require_rows,
    require_some,
    text_value,
)
from customer_value.errors import InputError
from customer_value.segments._values import value_column

Floats = np.ndarray[Any, np.dtype[np.float64]]

_REASONS = {
    "en": (
        "low value ({value} <= {low:.6g}) at a high cost ({cost} >= {high:.6g})",
        "low value, but cost below {high:.6g}",
        "high cost, but value above {low:.6g}",
        "neither low value nor high cost",
        "{value} or {cost} is unknown",
    ),
    "zh": (
        "价值低（{value} <= {low:.6g}）且服务成本高（{cost} >= {high:.6g}）：可转电子商务",
        "价值低，但服务成本低于 {high:.6g}",
        "服务成本高，但价值高于 {low:.6g}",
        "价值不低，服务成本不高",
        "{value} 或 {cost} 未知",
    ),
}
_CANDIDATE, _LOW, _DEAR, _NEITHER, _UNKNOWN = range(5)


def cost_to_serve(
    frame: FrameT,
    *,
    cost: str,
    value: str,
    low_value: float | None = None,
    high_cost: float | None = None,
    labels: str = "en",
) -> FrameT:
    """Find customers of low value and high service cost: candidates for a cheaper channel. Collects once.

    Parameters
    ----------
    frame
        One row per customer.
    cost
        Column with what serving the customer costs (calls, visits, deliveries, returns), 0 or above.
    value
        Column with what the customer brings before that cost, over the same time: gross margin. With revenue the
        margin after cost is none.
    low_value
        Value up to which a customer is of low value; default the median.
    high_cost
        Cost from which serving is dear; default the median.
    labels
        Language of the reasons, "en" or "zh".

    Returns
    -------
    FrameT
        The same rows in the same order with

        - `cost_ratio`: cost / value; null where the value is not above 0;
        - `margin_after_cost`: value less cost;
        - `cost_rank`: 1 is the dearest, by cost ratio; who costs something and brings nothing comes first. Equal
          ratios share a rank;
        - `serve_cheaper`: true for a candidate, of low value and high cost;
        - `serve_cheaper_reason`.

        All of them are null, the reason apart, where value or cost is. Columns of these names that are there already
        are replaced.

    Raises
    ------
    InputError
        If a column is missing, not numeric or infinite; if a cost is negative; if nobody has both and a limit is not
        given; if the frame is empty.

    Notes
    -----
    What can be saved is a cost, so the cost itself is set against a limit. Its ratio to the value would make
    candidates of nearly all customers of low value, those among them who cost next to nothing.

    A candidate is a question and no verdict: a new customer of great potential is dear at first too. Set it against
    `score_potential` before anyone is moved. R. Cooper and R. S. Kaplan (1991), "Profit priorities from activity-based
    costing", *Harvard Business Review* 69(3), 130-135, on what it takes to know the cost of a customer.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"margin": [900.0, 60.0, 50.0, -5.0], "support_cost": [90.0, 3.0, 40.0, 2.0]})
    >>> served = cv.cost_to_serve(customers, cost="support_cost", value="margin")
    >>> served["serve_cheaper"].tolist(), served["cost_rank"].tolist()
    ([False, False, True, False], [3, 4, 2, 1])
    >>> served["serve_cheaper_reason"][2]
    'low value (margin <= 55) at a high cost (support_cost >= 21.5)'
    """
    require_choice("labels", labels, LANGUAGES)
    opened, back = to_eager(frame, "frame", "cost_to_serve")
    require_columns(opened, [text_value(cost, "cost"), text_value(value, "value")], what="frame")
    require_some(len(opened), "frame")
    costs, worth = _known_both(opened, cost, value)
    unknown = np.isnan(worth)
    low, high = _limit(worth, low_value, "low_value"), _limit(costs, high_cost, "high_cost")

    ratio = np.divide(costs, worth, out=np.full(worth.size, np.nan), where=worth > 0)
    dearness = np.where((worth <= 0) & (costs > 0), np.inf, np.where(worth <= 0, 0.0, ratio))
    is_low, is_dear = worth <= low, costs >= high
    kind = np.select([unknown, is_low & is_dear, is_low, is_dear], [_UNKNOWN, _CANDIDATE, _LOW, _DEAR], _NEITHER)
    rank = 1 + np.searchsorted(np.sort(-dearness), -dearness, side="left")
    reasons = [reason.format(value=value, cost=cost, low=low, high=high) for reason in _REASONS[labels]]
    columns = {
        "cost_ratio": ratio,
        "margin_after_cost": worth - costs,
        "cost_rank": whole_numbers(rank, unknown, opened),
        "serve_cheaper": truth_values(kind == _CANDIDATE, unknown, opened),
        "serve_cheaper_reason": texts(kind, reasons, opened),
    }
    return cast(FrameT, back(with_arrays(opened, columns)))


def _known_both(frame: EagerFrame, cost: str, value: str) -> tuple[Floats, Floats]:
    """Cost and value of each customer, both NaN where either is."""
    costs, worth = (value_column(frame, column, nulls=True) for column in (cost, value))
    require_rows(~(costs < 0), f"{cost} must be 0 or above", "A cost is a positive amount.")
    unknown = np.isnan(costs) | np.isnan(worth)
    return np.where(unknown, np.nan, costs), np.where(unknown, np.nan, worth)


def _limit(values: Floats, given: float | None, name: str) -> float:
    if given is not None:
        return number(given, name)
    known = values[~np.isnan(values)]
    if not known.size:
        raise InputError(f"value or cost is null for everyone, so there is no median of them: give {name}=.")
    return float(np.median(known))
