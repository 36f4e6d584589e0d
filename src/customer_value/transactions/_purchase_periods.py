"""From sorted rows to purchase periods to customers: sums over runs of equal keys, with the rules on refunds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from customer_value.transactions._row_order import Integers, Positions, RowOrder, Words, run_starts, shifted, span

Refunds = Literal["net", "match", "drop"]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Counts = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Log:
    """The columns of a log that a summary reads."""

    labels: Integers
    period: Integers
    amount: Floats | None
    order: Integers | None

    def take(self, rows: Positions, labels: Integers | None = None) -> Log:
        """Return some of the rows, under other labels if these are given."""
        return Log(
            self.labels.take(rows) if labels is None else labels,
            self.period.take(rows),
            None if self.amount is None else self.amount.take(rows),
            None if self.order is None else self.order.take(rows),
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a summary."""

    refunds: Refunds | None  # None where no row is negative
    windows: Sequence[int]
    regularity: bool


@dataclass(frozen=True, slots=True)
class CustomerArrays:
    """One entry per customer with a purchase, in ascending order of label; times in whole grain periods.

    No sum depends on the order of the rows: periods are added in order of time, the rows of a period in order of
    amount.
    """

    row: Positions  # a row of the log that is this customer's: taking it from the id column gives the key
    purchases: Counts
    first_period: Counts
    last_period: Counts
    total_value: Floats | None  # None without amounts, as is repeat_value
    repeat_value: Floats | None  # sum over the repeat purchase periods
    window_purchases: tuple[Counts, ...]
    window_values: tuple[Floats, ...]  # empty without amounts
    orders: Counts | None  # distinct orders with a row that is no refund
    log_intervals: Floats | None  # sum of ln(grains between consecutive purchase periods)
    customers_without_purchase: int = 0  # left out: they have refunds only
    refunds_without_purchase: int = 0  # rows that refunds="match" left out: no purchase precedes them
    rows_after_end: int = 0  # rows left out

    @property
    def frequency(self) -> Counts:
        """Repeat purchase periods."""
        return self.purchases - 1

    @property
    def recency(self) -> Counts:
        """First to last purchase period, in grains."""
        return self.last_period - self.first_period

    @property
    def monetary_value(self) -> Floats | None:
        """Mean amount of the repeat purchase periods, NaN where there is none."""
        if self.repeat_value is None:
            return None
        with np.errstate(invalid="ignore"):  # 0 / 0 gives the NaN that is meant
            return self.repeat_value / self.frequency


def summarize_chunk(keys: Words, layout: RowOrder, log: Log, asked: Asked) -> CustomerArrays:
    """Summarise the customers of a slice of sorted keys."""
    key, row = layout.without_row(keys)
    start = run_starts(key)
    customer, period = layout.customer_and_period(key[start])
    first = run_starts(customer)
    n_seen, lost_rows = first.size, 0

    value = totals = sale = None
    if log.amount is not None:
        amount = log.amount.take(row)
        if asked.refunds is not None:
            sale = amount >= 0
            if asked.refunds == "drop":
                amount[~sale] = 0.0
        value = _sum_periods(amount, start)
    if value is not None and sale is not None:
        purchase = _any_in_runs(sale, start)
        if asked.refunds == "match":
            value, lost = _match_refunds(value, purchase, customer)
            lost_rows = int(np.diff(start, append=row.size)[lost].sum())
        else:
            # Refund-only periods count in the totals, so these come before such periods are left out.
            buyer = _any_in_runs(purchase, first)
            totals = [total[buyer] for total in _totals(value, period, first, asked.windows)]
            value = value[purchase]
        customer, period, start = customer[purchase], period[purchase], start[purchase]
        first = run_starts(customer)
    if value is not None and totals is None:
        totals = _totals(value, period, first, asked.windows)

    purchases = np.diff(first, append=period.size)
    orders = None
    if log.order is not None:
        sold, of = (row, key) if sale is None else (row[sale], key[sale])
        orders = _count_distinct(log.order.take(sold), layout.customer_and_period(of)[0])
    return CustomerArrays(
        row=row[start[first]],
        purchases=purchases,
        first_period=period[first],
        last_period=period[first + purchases - 1],
        total_value=None if totals is None else totals[0],
        repeat_value=None if value is None else _sum_repeats(value, first),
        window_purchases=tuple(np.add.reduceat((period >= w).astype(np.int64), first) for w in asked.windows),
        window_values=() if totals is None else tuple(totals[1:]),
        orders=orders,
        log_intervals=_sum_log_intervals(period, first) if asked.regularity else None,
        customers_without_purchase=n_seen - first.size,
        refunds_without_purchase=lost_rows,
    )


def _sum_periods(amount: Floats, start: Positions) -> Floats:
    """Sum each period's rows; three or more in order of amount, for only a sum of two is the same in any order."""
    rows = np.diff(start, append=amount.size)
    sums: Floats = amount[start]
    two = np.flatnonzero(rows == 2)
    sums[two] += amount[start[two] + 1]
    more = np.flatnonzero(rows > 2)
    if more.size:
        rows = rows[more]
        offset = np.cumsum(rows) - rows
        run = np.repeat(np.arange(more.size, dtype=np.uint64), rows)
        values = amount[np.repeat(start[more] - offset, rows) + np.arange(run.size)]
        by_amount = np.argsort(values)
        rank_bits = np.uint64(run.size.bit_length())
        key = (run[by_amount] << rank_bits) | np.arange(run.size, dtype=np.uint64)
        key.sort()
        rank = key & ((np.uint64(1) << rank_bits) - np.uint64(1))
        sums[more] = np.add.reduceat(values[by_amount[rank]], offset)
    return sums


def _any_in_runs(flags: Flags, start: Positions) -> Flags:
    """Tell for each run whether any of its flags is set (counting up is faster than a reduction of short runs)."""
    counted = np.append(0, np.cumsum(flags))
    any_: Flags = np.diff(counted[np.append(start, flags.size)]) > 0
    return any_


def _match_refunds(value: Floats, purchase: Flags, customer: Words) -> tuple[Floats, Positions]:
    """Add refund-only periods to the customer's latest purchase period; return its sums and which found none."""
    refund, bought = np.flatnonzero(~purchase), np.flatnonzero(purchase)
    latest = np.cumsum(purchase)[refund] - 1  # -1: no purchase at all before it
    matched = latest >= 0
    matched[matched] = customer[bought[latest[matched]]] == customer[refund[matched]]
    sums = value[bought]
    np.add.at(sums, latest[matched], value[refund[matched]])
    return sums, refund[~matched]


def _totals(value: Floats, period: Counts, first: Positions, windows: Sequence[int]) -> list[Floats]:
    """Sum each customer's periods: all of them, then those of each window."""
    inside = (np.where(period >= window, value, 0.0) for window in windows)
    return [np.add.reduceat(part, first) for part in (value, *inside)]


def _sum_repeats(value: Floats, first: Positions) -> Floats:
    """Sum each customer's purchase periods but the first (adding up avoids the cancellation of a subtraction)."""
    later = value.copy()
    later[first] = 0.0
    return np.add.reduceat(later, first)


def _sum_log_intervals(period: Counts, first: Positions) -> Floats:
    """Sum ln(time between consecutive purchase periods) of each customer."""
    interval = np.diff(period, prepend=period[:1])
    interval[first] = 1  # no interval ends at a first purchase
    return np.add.reduceat(np.log(interval), first)


def _count_distinct(order: Integers, customer: Words) -> Counts:
    """Count the distinct orders of each customer, customers in ascending order."""
    if order.size == 0:
        return np.zeros(0, dtype=np.int64)
    first = run_starts(customer)
    low, bits = span(order)
    local = np.repeat(np.arange(first.size, dtype=np.uint64), np.diff(first, append=customer.size))
    key = (local << np.uint64(bits)) | shifted(order, low)
    key.sort()
    return np.bincount((key[run_starts(key)] >> np.uint64(bits)).view(np.int64), minlength=first.size)
