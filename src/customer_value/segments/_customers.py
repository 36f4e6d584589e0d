"""Which column names the customer, and that each row has one of its own."""

from __future__ import annotations

import numpy as np

from customer_value._frames import EagerFrame
from customer_value._validation import optional_text, require_columns, require_rows
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import require_present


def id_column(frame: EagerFrame, customer_id: str | None, what: str = "frame") -> str:
    """Return the column that names customers: the one given, `customer_id`, or the first, as summaries have it."""
    first = "customer_id" if "customer_id" in frame.columns else frame.columns[0]
    column = optional_text(customer_id, "customer_id") or first
    require_columns(frame, [column], what=what, maker="customer_id= names the column with the customer")
    return column


def require_customers(frame: EagerFrame, column: str, what: str) -> None:
    """Raise unless each row has a customer of its own."""
    require_present(frame.get_column(column), f"Leave such rows out of {what}.")
    _, which, times = np.unique(id_labels(frame.get_column(column)), return_inverse=True, return_counts=True)
    remedy = "There is one row per customer: keep one of each, or name another customer_id=."
    require_rows(times[which] == 1, f"{column} must be unique in {what}", remedy)
