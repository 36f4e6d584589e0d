"""The customers that labels are asked for: those who had bought by the cutoff, or those of a roster."""

from __future__ import annotations

from typing import Any

import numpy as np

from customer_value._frames import AnyFrame, nw, open_frame
from customer_value._validation import require_columns, require_ids, require_lazy, require_rows, require_some
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import require_one_library, require_present
from customer_value.transactions._row_order import dense_codes

_NULL_KEY = "A roster names its customers: leave such rows out."
_ONCE = "the roster must have one row per customer"
_ONE_ROW = "Keep one row of each."


def open_roster(roster: object, log: AnyFrame, key: str) -> AnyFrame:
    """Check a roster: of the log's library, with a key in each row, each customer once."""
    opened = open_frame(roster, "roster")
    require_one_library({"log": log, "roster": opened})
    require_columns(opened, [key], what="roster", maker="It names the customers in a column as the log does")
    require_ids(key, {"log": log, "roster": opened})
    if isinstance(opened, nw.LazyFrame):
        customers = opened.group_by(key).agg(nw.len().alias("_rows"))
        rules = {
            f"{key} must not be null": (~nw.col(key).is_null(), _NULL_KEY),
            _ONCE: (nw.col("_rows") == 1, _ONE_ROW),
        }
        require_some(require_lazy(customers, rules)["n"], "roster")
    else:
        require_some(len(opened), "roster")
        keys = opened.get_column(key)
        require_present(keys, _NULL_KEY)
        codes = dense_codes(id_labels(keys))[0]
        further = np.ones(codes.size, dtype=np.bool_)
        further[np.unique(codes, return_index=True)[1]] = False
        require_rows(~further, _ONCE, _ONE_ROW)
    return opened.select(key)


def choose_customers(seen: AnyFrame, roster: AnyFrame | None, key: str) -> AnyFrame:
    """Keep the customers who had bought before the cutoff, or exactly those of the roster, seen or not."""
    if roster is None:
        return seen.filter(~nw.col("_last").is_null())
    joined: Any = roster  # type checkers do not see that both are eager or both lazy
    within = nw.col("_within").fill_null(0).cast(nw.Int64)
    found: AnyFrame = joined.join(seen, on=key, how="left").with_columns(within)
    return found
