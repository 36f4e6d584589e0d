"""Customers by period: revenue, purchases and margin of each, as lazy frames that every engine runs.

The rows of a log merge into periods of customers: calendar ones, or those since the customer's own first purchase.
Cohorts, retention and revenue are sums of these. Each period is a whole number, which `Calendar` and `OwnClock` write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from customer_value._frames import AnyFrame, Column, EagerFrame, engine_of, float_column, make_frame, nw, schema_of
from customer_value._validation import number, require_choice, require_columns, require_lazy, require_rows
from customer_value.errors import InputError
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import LogColumns, LogRules, check_log, read_log
from customer_value.transactions._period_calendars import Calendar, OwnClock
from customer_value.transactions._refunds import nothing_bought, warn_left_out

Lazy = nw.LazyFrame[Any]
PeriodRefunds = Literal["net", "match", "drop", "error", "count"]
PERIOD_REFUNDS: tuple[str, ...] = ("net", "match", "drop", "error", "count")

PERIOD, VALUE, SALES, MARGIN, ORDER, ORDERS = "_period", "_value", "_sales", "_margin", "_order", "_orders"

_WITHOUT_MATCHES = {"dask": "frame.compute()"}  # its joins of a frame with itself lose columns, and the way out
_LATE = "Take the first frame of split_holdout(log, observation_end=...), or choose a later observation_end."


class Slot(Protocol):
    """Where in time a row lies, as whole numbers: for a lazy log's date column, and for arrays of days."""

    def expression(self, date: str) -> nw.Expr:
        """Number of a date or timestamp column."""

    def of_days(self, days: Any) -> Any:
        """Number of day numbers."""


@dataclass(frozen=True, slots=True)
class CalendarSlot:
    """Number of the calendar period."""

    calendar: Calendar

    def expression(self, date: str) -> nw.Expr:
        """Number of a date or timestamp column."""
        return self.calendar.number(date)

    def of_days(self, days: Any) -> Any:
        """Number of day numbers."""
        return self.calendar.numbers(days)


@dataclass(frozen=True, slots=True)
class ClockSlot:
    """One of the two codes that `OwnClock` counts with."""

    clock: OwnClock
    which: int

    def expression(self, date: str) -> nw.Expr:
        """Code of a date or timestamp column."""
        return self.clock.codes(date)[self.which]

    def of_days(self, days: Any) -> Any:
        """Code of day numbers."""
        return self.clock.codes_of(days)[self.which]


@dataclass(frozen=True, slots=True)
class LogRows:
    """A log whose rows have been checked: customer, slots, amount, whether it is a sale, and what else was asked."""

    frame: Lazy
    key: str
    slots: tuple[str, ...]  # the first one tells earlier rows from later ones
    refunds: str
    first_day: int
    last_day: int
    sums: tuple[str, ...]
    has_orders: bool


def open_rows(
    log: AnyFrame,
    columns: LogColumns,
    *,
    slots: Mapping[str, Slot],
    last_day: int | None,
    refunds: str,
    margin: float | str | None = None,
) -> LogRows:
    """Check a log and lay its rows out for merging; a lazy log costs one aggregate query."""
    require_choice("refunds", refunds, PERIOD_REFUNDS)
    if refunds == "match" and engine_of(log) in _WITHOUT_MATCHES:
        engine = engine_of(log)
        raise InputError(
            f"refunds='match' joins purchases to refunds, which fails on {engine}: call {_WITHOUT_MATCHES[engine]} "
            "first, or take refunds='net'."
        )
    rules = LogRules(last_day=last_day, late=_LATE, refunds=refunds != "error")
    read = _read_lazy if isinstance(log, nw.LazyFrame) else _read_eager
    rows, n, n_refunds, first_day, last = read(log, columns, rules, slots, margin if isinstance(margin, str) else None)
    if n_refunds == n and refunds != "count":
        raise nothing_bought(n)
    if margin is not None:
        share = nw.col(MARGIN) if isinstance(margin, str) else nw.lit(float(margin))
        rows = rows.with_columns((nw.col(VALUE) * share).alias(MARGIN))
    if refunds == "drop":
        rows = rows.filter(nw.col(VALUE) >= 0)
    is_sale = nw.col(VALUE) >= (0 if n_refunds and refunds != "count" else -np.inf)
    rows = rows.with_columns(nw.when(is_sale).then(1).otherwise(0).cast(nw.Int64).alias(SALES))
    sums = (VALUE, SALES) if margin is None else (VALUE, SALES, MARGIN)
    has_orders = columns.order_id is not None
    opened = LogRows(rows, columns.customer_id, tuple(slots), refunds, first_day, last, sums, has_orders)
    if n_refunds and refunds in ("net", "match"):
        warn_left_out(customers=_count_without_purchase(opened), refunds=0)
    return opened


def _read_lazy(
    log: Any, columns: LogColumns, rules: LogRules, slots: Mapping[str, Slot], margin: str | None
) -> tuple[Lazy, int, int, int, int]:
    facts = check_log(log, columns, rules)
    if margin is not None:
        share = nw.col(margin).cast(nw.Float64)
        rule = f"{margin} must not be null, NaN or infinite"
        require_lazy(log, {rule: (~(share.is_null() | share.is_nan()) & share.is_finite(), "")})
    rows = log.select(
        columns.customer_id,
        *(slot.expression(columns.date).cast(nw.Int64).alias(name) for name, slot in slots.items()),
        nw.col(columns.amount).cast(nw.Float64).alias(VALUE),
        *([] if columns.order_id is None else [nw.col(columns.order_id).alias(ORDER)]),
        *([] if margin is None else [nw.col(margin).cast(nw.Float64).alias(MARGIN)]),
    )
    return rows, facts.rows, facts.refunds, facts.first_day, facts.last_day


def _read_eager(
    log: Any, columns: LogColumns, rules: LogRules, slots: Mapping[str, Slot], margin: str | None
) -> tuple[Lazy, int, int, int, int]:
    read = read_log(log, columns, rules)
    if isinstance(read.keys.dtype, nw.Object):
        id_labels(read.keys)  # refuses what cannot be sorted
    first, last = int(read.days.min()), int(read.days.max())
    made: dict[str, Column] = {columns.customer_id: read.keys}
    all_days = np.arange(first, last + 1)
    for name, slot in slots.items():  # looked up, for the days of a log repeat
        made[name] = np.asarray(slot.of_days(all_days), dtype=np.int64)[read.days - first]
    made[VALUE] = read.amounts
    if read.orders is not None:
        made[ORDER] = read.orders
    if margin is not None:
        made[MARGIN] = shares = float_column(log.get_column(margin))
        require_rows(np.isfinite(shares), f"{margin} must not be null, NaN or infinite")
    return make_frame(made, like=log).lazy(), len(log), int((read.amounts < 0).sum()), first, last


def read_margin(log: AnyFrame, margin: Any) -> float | str:
    """Check a margin: a share of the amount, or the name of a column with each row's share."""
    if not isinstance(margin, str):
        return number(margin, "margin", low=0, high=1)
    require_columns(log, [margin], what="log")
    dtype = schema_of(log)[margin]
    if not dtype.is_numeric():
        raise InputError(f"{margin} must be numeric, the share of each amount that is margin; its type is {dtype}.")
    return margin


def merge_slots(rows: LogRows) -> Lazy:
    """One row per customer and slot (and order, where orders are counted): sums, and the slots of the first purchase.

    Customers who never bought are left out. `_first` and the slot's own name make the name of its first value.
    """
    orders = [ORDER] if rows.has_orders else []
    merged = rows.frame.group_by(rows.key, *rows.slots, *orders).agg(*(nw.col(name).sum() for name in rows.sums))
    sold = {name: nw.when(nw.col(SALES) > 0).then(nw.col(name)) for name in rows.slots}
    merged = merged.with_columns(bought.alias(first_of(name)) for name, bought in sold.items())
    firsts = [nw.col(first_of(name)).min().over(rows.key).alias(first_of(name)) for name in rows.slots]
    known = merged.with_columns(*firsts).filter(~nw.col(first_of(rows.slots[0])).is_null())
    return known.with_columns(nw.col(first_of(name)).cast(nw.Int64) for name in rows.slots)


def first_of(slot: str) -> str:
    """Name of the column with a slot of the customer's first purchase."""
    return f"_first{slot}"


def merge_periods(merged: Lazy, rows: LogRows, period: nw.Expr, keep: Sequence[str] = ()) -> Lazy:
    """One row per customer and period, of what `merge_slots` gives; `_sales` above 0 makes a purchase period.

    `period` is an expression of the slots. Columns to `keep` are constant for a customer. With refunds="match" the
    refunds of a period without a purchase move to the customer's latest purchase period before it. `_orders` counts
    distinct orders, refunds apart.
    """
    keys, sums = [rows.key, PERIOD, *keep], list(rows.sums)
    periods = merged.with_columns(period.alias(PERIOD))
    if rows.has_orders:
        orders = periods.group_by(*keys, ORDER).agg(*(nw.col(name).sum() for name in sums))
        is_order = nw.when(nw.col(SALES) > 0).then(1).otherwise(0)
        periods, sums = orders.with_columns(is_order.cast(nw.Int64).alias(ORDERS)), [*sums, ORDERS]
    periods = periods.group_by(*keys).agg(*(nw.col(name).sum() for name in sums))
    return _match(periods, keys, sums) if rows.refunds == "match" else periods


def _match(periods: Lazy, keys: Sequence[str], sums: Sequence[str]) -> Lazy:
    """Move refund-only periods to the latest purchase period before; those that none precedes stay where they are."""
    key, bought = keys[0], nw.col(SALES) > 0
    marked = periods.with_columns(nw.when(bought).then(nw.col(PERIOD)).alias("_sold"))
    marked = marked.with_columns(nw.col("_sold").min().over(key).alias("_since"))
    early = nw.col(PERIOD) < nw.col("_since")
    kept = marked.filter(bought | early).select(*keys, *sums)
    refunds = marked.filter(~(bought | early)).with_columns(nw.col(PERIOD).alias("_refunded"))
    sold = periods.filter(bought).select(key, PERIOD)
    pairs = refunds.drop(PERIOD).join(sold, on=key, how="inner").filter(nw.col(PERIOD) < nw.col("_refunded"))
    latest = pairs.with_columns(nw.col(PERIOD).max().over(key, "_refunded").alias("_latest"))
    matched = latest.filter(nw.col(PERIOD) == nw.col("_latest")).select(*keys, *sums)
    return nw.concat([kept, matched]).group_by(*keys).agg(*(nw.col(name).sum() for name in sums))


def _count_without_purchase(rows: LogRows) -> int:
    best = rows.frame.group_by(rows.key).agg(nw.col(SALES).max()).filter(nw.col(SALES) == 0)
    counted: EagerFrame = best.select(nw.len().alias("n")).collect()
    return int(counted.item())
