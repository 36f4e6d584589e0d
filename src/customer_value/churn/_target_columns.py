"""The columns of a list of customers to contact, from each one's expected profit and spend."""

from __future__ import annotations

from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, texts, whole_numbers, with_arrays
from customer_value._validation import (
    number,
    require_columns,
    text_value,
    whole_number,
)
from customer_value.churn._selection import Flags, Floats, Places, Selection, select
from customer_value.errors import DataWarning, InputError, warn
from customer_value.transactions._ids import id_labels

CHOSEN, NOT_WORTH = "chosen", "not worth it: expected profit is not above 0"
OVER_BUDGET, OVER_CAPACITY, OVER_BOTH = "over budget", "over capacity", "over budget and capacity"


def add_targets(
    frame: EagerFrame,
    profit: Floats,
    spend: Floats,
    *,
    value: Floats,
    out: dict[str, Flags],
    budget: Any,
    capacity: Any,
    customer_id: str,
) -> EagerFrame:
    """Add target, target_rank, expected_profit and target_reason.

    `profit` and `spend` are NaN for customers who cannot be judged; `out` tells why (reason -> rows), as it does for
    customers who are no candidates.
    """
    money = None if budget is None else number(budget, "budget", low=0)
    hands = None if capacity is None else whole_number(capacity, "capacity", low=1)
    candidates = ~np.logical_or.reduce(list(out.values()))
    gain = np.where(candidates, profit, -np.inf)
    _check_money(gain, spend, money)
    order = _settled_order(frame, gain, spend, value, customer_id)
    found = select(gain[order], spend[order], money, hands)
    chosen = np.zeros(order.size, dtype=bool)
    chosen[order] = found.chosen
    rank = np.zeros(order.size)
    rank[order[found.order]] = np.arange(1, found.order.size + 1)
    reasons = [CHOSEN, NOT_WORTH, OVER_BUDGET, OVER_CAPACITY, OVER_BOTH, *out]
    codes = np.empty(order.size, dtype=np.int64)
    codes[order] = _codes(found, gain[order])
    for code, rows in enumerate(out.values(), start=5):
        codes[rows] = code
    return with_arrays(
        frame,
        {
            "target": chosen,
            "target_rank": whole_numbers(rank, rank == 0, frame),
            "expected_profit": profit,
            "target_reason": texts(codes, reasons, frame),
        },
    )


def warn_of_missing(out: dict[str, Flags]) -> None:
    """Warn of customers who cannot be judged; raise where that is everybody."""
    for reason, rows in out.items():
        column = reason.removeprefix("no ")
        if rows.all():
            raise InputError(f"{column} must not be null in every row: nobody could be chosen.")
        if rows.any():
            warn(f"{column} is null in {rows.sum():,} of {rows.size:,} rows, which are not chosen.", DataWarning)


def _check_money(gain: Floats, spend: Floats, budget: float | None) -> None:
    worth = gain > 0
    if not worth.any():
        warn(
            "nobody is worth a contact: no expected profit is above 0, so target is false in every row. Check the "
            "costs and the value; they must be in one currency.",
            DataWarning,
        )
    elif budget is not None and budget * (1 + 1e-9) < (cheapest := float(spend[worth].min())):
        raise InputError(
            f"budget must be enough for one contact: the cheapest that is worth it takes {cheapest:,.6g} (contact and "
            f"expected incentive); got {budget:g}. Is it in another unit?"
        )


def _settled_order(frame: EagerFrame, gain: Floats, spend: Floats, value: Floats, customer_id: str) -> Places:
    """Rows from the highest profit to the lowest; equals by spend, value and customer, never by where they stand."""
    keys = [gain, -spend, value]
    ids: list[Any] = []
    if text_value(customer_id, "customer_id") in frame.columns:
        ids = [id_labels(frame.get_column(customer_id))]
    elif customer_id != "customer_id":
        require_columns(frame, [customer_id], what="frame")
    return np.lexsort([*ids, *(-key for key in reversed(keys))])


def _codes(found: Selection, gain: Floats) -> Places:
    """Return which of the first five reasons each row has."""
    full = np.where(found.affordable, 3, 4) if not found.room else np.full(gain.size, 2)
    return np.where(found.chosen, 0, np.where(gain > 0, full, 1)).astype(np.intp)
