"""A log with one row per customer, day and order, refunds apart: less to go through, where that is done often."""

from __future__ import annotations

import numpy as np

from customer_value._frames import float_column, nw, with_arrays
from customer_value.transactions._dated import DatedLog
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import LogColumns
from customer_value.transactions._row_order import dense_codes


def merge_days(dated: DatedLog, columns: LogColumns) -> DatedLog:
    """Add up the rows of a customer's day and order, and sort by day; a lazy log is left as it is.

    Summaries of the result are those of the log, for none of them looks into a day: purchases are days with an amount
    of 0 or above, orders are distinct ones, values are sums. Only rows are no longer counted.
    """
    if isinstance(dated.log, nw.LazyFrame):
        return dated
    log = dated.log
    amount = float_column(log.get_column(columns.amount))
    customer, _ = dense_codes(id_labels(log.get_column(columns.customer_id)))
    day = dated.days.astype(np.int64) - dated.first
    key = (customer.astype(np.int64) * (dated.last - dated.first + 1) + day) * 2 + (amount < 0)
    keys = [key] if columns.order_id is None else [key, id_labels(log.get_column(columns.order_id))]
    # By amount within a day, so that no sum depends on the order of the rows.
    rows = np.lexsort((amount, *reversed(keys)))
    new = np.any([np.diff(of[rows], prepend=of[rows[0]] - 1) != 0 for of in keys], axis=0)
    starts = np.flatnonzero(new)
    sums = np.add.reduceat(amount[rows], starts)
    by_day = np.argsort(day[rows[starts]], kind="stable")
    kept = rows[starts][by_day]
    merged = with_arrays(log[kept], {columns.amount: sums[by_day]})
    return DatedLog(merged, dated.days[kept], dated.first, dated.last)
