"""What a holdout saw of each customer, in the order of another frame's rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from customer_value._frames import engine_of, nw
from customer_value._validation import LARGEST, numeric_column, require_columns, require_ids, require_rows, require_some
from customer_value.clv._rows import Floats
from customer_value.errors import InputError
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import require_present


def require_counts(values: Floats, column: str) -> Floats:
    """Return counts, checked to be such."""
    whole = (values >= 0) & (values == np.floor(values)) & (values < LARGEST)
    require_rows(whole, f"{column} must be a whole number from 0 to below {LARGEST:.0e}")
    return values


def join_holdout(
    customers: nw.DataFrame[Any], holdout: nw.DataFrame[Any], key: str, columns: Sequence[str], what: str
) -> dict[str, Floats]:
    """Return the holdout's columns in the customers' row order, each customer found exactly once; purchases are counts.

    `what` names the customers' frame in messages.
    """
    require_columns(holdout, [key, *columns], what="holdout", maker="summarize_holdout makes it")
    if engine_of(customers) != engine_of(holdout):
        raise InputError(
            f"{what} and holdout must be frames of one library; got {engine_of(customers)} and {engine_of(holdout)}."
        )
    frames = {what: customers, "holdout": holdout}
    for name, frame in frames.items():
        require_some(len(frame), name)
    require_ids(key, frames)
    for name, frame in frames.items():
        require_present(frame.get_column(key), f"Leave such rows out of the {name}.")
        if np.unique(id_labels(frame.get_column(key))).size != len(frame):
            raise InputError(f"{key} must be unique in the {name}; some customers come more than once.")
    for column in columns:
        values = numeric_column(holdout, column, what="holdout")
        if column == "holdout_purchases":
            require_counts(values, column)
    left = customers.select(key).with_row_index("_row")
    joined = left.join(holdout.select(key, *columns), on=key, how="left").sort("_row")
    found = {column: numeric_column(joined, column, what="holdout", nulls=True) for column in columns}
    require_rows(
        ~np.isnan(found[columns[0]]),
        f"every customer of the {what} must be in the holdout",
        "summarize_holdout(holdout, customers=summary, ...) gives each one a row, with 0 where nothing was bought.",
    )
    return found
