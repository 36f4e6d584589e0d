"""Opportunities that are asks: each purchase is put to the ask that it answers, and customers are summed up by asks.

A customer's rows are merged by a number that grows with time: twice the number of his asks so far, and one more where
the last of them is not open any more. So even numbers are asks that were answered, and odd ones hold what no ask
brought: the first purchase, which starts the clock wherever it falls, and refunds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from customer_value._frames import AnyFrame, EagerFrame, column_names, engine_of, make_frame, nw, schema_of
from customer_value._validation import require_columns, require_ids, require_rows, require_some
from customer_value.transactions._ask_relational import summarize_asks_lazily
from customer_value.transactions._ask_rules import NULL_DATE, NULL_KEY, one_list_rule, read_window, warn_not_counted
from customer_value.transactions._asks import Asks, Counts, order_asks
from customer_value.transactions._grain_opportunities import OUTPUT
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import (
    LogArrays,
    LogColumns,
    LogRules,
    read_log,
    require_one_library,
    require_present,
)
from customer_value.transactions._periods import date_literal, day_numbers, require_dates
from customer_value.transactions._plan import RefundPolicy
from customer_value.transactions._refunds import nothing_bought, warn_left_out
from customer_value.transactions._row_order import dense_codes
from customer_value.transactions._summary_arrays import summarize_arrays


def summarize_asks(
    log: AnyFrame,
    asks: AnyFrame,
    columns: LogColumns,
    rules: LogRules,
    *,
    window: str | None,
    refunds: RefundPolicy,
) -> AnyFrame:
    """Summarise a log by the asks that its purchases answer."""
    length = read_window(window)
    require_one_library({"log": log, "opportunities": asks})
    require_columns(asks, [columns.date], what="opportunities frame", maker="Name it with date=, as in the log")
    require_dates(schema_of(asks)[columns.date], columns.date, objects=isinstance(asks, nw.DataFrame))
    of_customers = columns.customer_id in column_names(asks)
    if of_customers:
        require_ids(columns.customer_id, {"log": log, "opportunities frame": asks})
    if isinstance(log, nw.DataFrame) and isinstance(asks, nw.DataFrame):
        return _summarize_eager(log, asks, columns, rules, length, refunds, of_customers=of_customers)
    return summarize_asks_lazily(log.lazy(), asks.lazy(), columns, rules, length, refunds, of_customers=of_customers)


def _summarize_eager(
    log: EagerFrame,
    asks: EagerFrame,
    columns: LogColumns,
    rules: LogRules,
    window: tuple[int, str],
    refunds: RefundPolicy,
    *,
    of_customers: bool,
) -> EagerFrame:
    rows = read_log(log, columns, rules)
    end = int(rows.days.max()) if rules.last_day is None else rules.last_day
    customer, calendar = _read_asks(asks, rows, columns, window, of_customers=of_customers)
    # "error" is "drop" of nothing: the rules on rows have seen that there is no refund.
    policy = "drop" if refunds == "error" else refunds
    at, occasion = _counted_rows(rows, customer, calendar, end)
    customer, amounts = customer[at], rows.amounts[at]
    found = summarize_arrays(customer, occasion, amounts, end_period=int(occasion.max()), refunds=policy)
    by_day = summarize_arrays(customer, rows.days[at], amounts, end_period=end, refunds="drop")
    if policy != "drop":
        warn_left_out(customers=found.customers_without_purchase, refunds=found.refunds_without_purchase)

    before, buyer = found.first_period // 2, customer[found.row]
    opportunities = np.maximum(calendar.over(end)[0 if calendar.everyone else buyer] - before, 0)
    recency = found.last_period // 2 - before
    made = {
        columns.customer_id: rows.keys[at[found.row]],
        "frequency": found.frequency,
        "recency": recency,
        "opportunities": opportunities,
        "monetary_value": np.asarray(found.monetary_value),
        "purchases": found.purchases,
        "time_since_last": opportunities - recency,
        "total_value": np.asarray(found.total_value),
        "first_date": by_day.first_period.astype("datetime64[D]"),
        "last_date": by_day.last_period.astype("datetime64[D]"),
    }
    return (
        make_frame(made, like=log)
        .with_columns(date_literal(end, engine_of(log)).alias("observation_end"))
        .select(columns.customer_id, *OUTPUT)
    )


def _read_asks(
    asks: EagerFrame, rows: LogArrays, columns: LogColumns, window: tuple[int, str], *, of_customers: bool
) -> tuple[Counts, Asks]:
    """Number the customers of the rows, and sort the asks by these numbers."""
    key = columns.customer_id
    require_some(len(asks), "opportunities frame")
    dates = asks.get_column(columns.date)
    require_present(dates, NULL_DATE)
    days = day_numbers(dates)
    if not of_customers:
        codes, n_customers = dense_codes(id_labels(rows.keys))
        first = np.zeros(days.size, dtype=np.bool_)
        first[np.unique(days, return_index=True)[1]] = True
        require_rows(first, *one_list_rule(columns))
        return codes.astype(np.int64), order_asks(None, days, n_customers, window)
    asked = asks.get_column(key)
    require_present(asked, NULL_KEY)
    keys = nw.concat([rows.keys.alias(key).to_frame(), asked.to_frame()]).get_column(key)
    codes, n_customers = dense_codes(id_labels(keys))
    customer: Counts = codes.astype(np.int64)
    n = rows.days.size
    return customer[:n], order_asks(customer[n:], days, n_customers, window)


def _counted_rows(rows: LogArrays, customer: Counts, asks: Asks, end: int) -> tuple[Counts, Counts]:
    """Return which rows count, and the number by which they merge: see above."""
    by_day = summarize_arrays(customer, rows.days, rows.amounts, end_period=end, refunds="drop")
    if by_day.row.size == 0:
        raise nothing_bought(rows.days.size)
    buyer = customer[by_day.row]
    n_customers = int(customer.max()) + 1
    first_day, first_occasion = (np.full(n_customers, -1, dtype=np.int64) for _ in range(2))
    first_day[buyer] = by_day.first_period
    first_occasion[buyer] = _occasion(*asks.up_to(buyer, by_day.first_period))

    asked, is_open = asks.up_to(customer, rows.days)
    occasion = _occasion(asked, is_open)
    over = asks.over(end)
    counts = is_open & (asked <= (over[0] if asks.everyone else over[customer]))
    with_the_first = (rows.days == first_day[customer]) | (is_open & (occasion == first_occasion[customer]))
    kept = counts | with_the_first | (rows.amounts < 0)
    not_over = int(asks.day.size - over.sum())
    late = int(np.count_nonzero(is_open & ~kept))
    warn_not_counted(
        end, asks=int(asks.day.size), not_over=not_over, late=late, outside=int(np.count_nonzero(~kept)) - late
    )
    at = np.flatnonzero(kept)
    return at, occasion[at]


def _occasion(asked: Counts, is_open: Any) -> Counts:
    occasion: Counts = 2 * asked + ~is_open
    return occasion
