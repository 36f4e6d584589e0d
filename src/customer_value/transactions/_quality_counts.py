"""What is wrong with a log, counted by a few aggregate queries that any engine answers.

Everything about time comes from a table by day, small enough to hold in memory whatever the size of the log.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import reduce
from operator import mul
from typing import Any

import numpy as np

from customer_value._frames import AnyFrame, collect, distinct_rows, nw, with_arrays
from customer_value._units import date_of
from customer_value.transactions._entries import is_absent
from customer_value.transactions._periods import day_expression, day_numbers
from customer_value.transactions._reading import Read, missing_id

_SHOWN = 3  # entries of an example
_BAD_DATE, _BAD_AMOUNT = "__bad_date", "__bad_amount"
Counts = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Found:
    """How many there are, and the first few as text."""

    count: int
    example: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """The log's rows under plain names: id, date, amount, and order and currency where there are."""

    frame: AnyFrame
    flags: Mapping[str, nw.Expr]  # what can be wrong with a row, by the name of the check
    usable: nw.Expr  # with a customer and a finite amount
    unreadable: Mapping[str, list[str]]  # texts that could not be read


@dataclass(frozen=True, slots=True)
class Days:
    """A table by day, in order of time. All but `rows` is about rows with a customer and an amount."""

    day: Counts
    rows: Counts
    customer_days: Counts
    same_day: Counts  # customer-days with more than one order
    unmatched: Counts  # refund rows that no purchase of the customer precedes
    new: Counts  # customers whose first purchase this is
    once: Counts  # new customers who never bought on another day

    @property
    def span(self) -> int:
        """Days from the first to the last."""
        return int(self.day[-1] - self.day[0]) + 1 if self.day.size else 0

    def until(self, end: int | None) -> Days:
        """Return the days up to `end`."""
        kept = slice(None) if end is None else slice(0, int(np.searchsorted(self.day, end, side="right")))
        return Days(*(getattr(self, field.name)[kept] for field in fields(self)))


def plain_rows(read: Read) -> Rows:
    """Bring the log's columns under plain names, and say how each flaw of a row shows."""
    roles, frame = read.roles, read.frame
    unreadable: dict[str, list[str]] = {}
    bad = {_BAD_DATE: nw.lit(False), _BAD_AMOUNT: nw.lit(False)}
    if read.dates is not None:
        unreadable["unreadable dates"] = read.unread(roles.date, read.dates.unreadable)
        frame = with_arrays(collect(frame), {_BAD_DATE: read.dates.unreadable})
        bad[_BAD_DATE] = nw.col(_BAD_DATE)
    if read.amounts:
        flags = reduce(np.logical_or, (a.unreadable for a in read.amounts.values()))
        texts = (read.unread(c, a.unreadable) for c, a in read.amounts.items())
        unreadable["unreadable amounts"] = sorted({text for several in texts for text in several})
        frame = with_arrays(collect(frame), {_BAD_AMOUNT: flags})
        bad[_BAD_AMOUNT] = nw.col(_BAD_AMOUNT)

    dtype = frame.collect_schema()[roles.date]
    date = nw.col(roles.date)
    columns = {
        "id": nw.col(roles.customer_id),
        "date": date.dt.replace_time_zone(None) if getattr(dtype, "time_zone", None) is not None else date,
        "amount": reduce(mul, (nw.col(c).cast(nw.Float64) for c in roles.amount)),
        **{name: nw.col(c) for name, c in (("order", roles.order_id), ("currency", roles.currency)) if c is not None},
        **bad,
    }
    plain = frame.select(**columns)
    schema = plain.collect_schema()
    nameless = missing_id("id", schema["id"])
    amount = nw.col("amount")
    no_amount = amount.is_null() | amount.is_nan()
    infinite = ~amount.is_finite() & ~no_amount
    flags_by_check = {
        "missing customer ids": nameless,
        "missing dates": nw.col("date").is_null() & ~nw.col(_BAD_DATE),
        "missing amounts": no_amount & ~nw.col(_BAD_AMOUNT),
        **({"missing order ids": missing_id("order", schema["order"])} if "order" in schema else {}),
        "unreadable dates": nw.col(_BAD_DATE),
        "unreadable amounts": nw.col(_BAD_AMOUNT) | infinite,
        "negative amounts": (amount < 0) & ~no_amount & ~infinite,
        "zero amounts": (amount == 0) & ~no_amount,
    }
    return Rows(plain, flags_by_check, ~nameless & ~no_amount & ~infinite, unreadable)


def count_flags(rows: Rows) -> tuple[int, dict[str, Found]]:
    """Count the rows, and those with each flag, in one query; a small one more for each flag's example."""
    sums = [flag.cast(nw.Int64).sum().alias(f"count {i}") for i, flag in enumerate(rows.flags.values())]
    firsts = [
        nw.when(flag).then(nw.col("date")).min().alias(f"first {i}") for i, flag in enumerate(rows.flags.values())
    ]
    n, *facts = collect(rows.frame.select(nw.len().cast(nw.Int64).alias("rows"), *sums, *firsts)).row(0)
    counts, first_dates = [int(c or 0) for c in facts[: len(sums)]], facts[len(sums) :]
    found = {}
    for (check, flag), count, first in zip(rows.flags.items(), counts, first_dates, strict=True):
        texts = rows.unreadable.get(check) or (_row_texts(rows.frame.filter(flag), first) if count else [])
        found[check] = Found(count, _example(texts, count))
    return int(n), found


def count_repeats(read: Read, columns: Sequence[str], n: int) -> Found | None:
    """Count rows that equal an earlier one in every column; None where a column cannot be compared."""
    log = read.frame
    try:
        count = n - int(collect(distinct_rows(log, columns).select(nw.len().cast(nw.Int64))).item())
    except (TypeError, NotImplementedError):  # pandas and pyarrow on lists
        return None
    if count == 0:
        return Found(0)
    if isinstance(log, nw.DataFrame):
        repeated = distinct_rows(log.filter(log.select(columns).is_duplicated()), columns)
    else:
        repeated = log.group_by(columns).agg(nw.len().alias("__copies")).filter(nw.col("__copies") > 1)
    return Found(count, _example(_row_texts(plain_rows(Read(repeated, read.roles)).frame), count))


def by_day(rows: Rows, end: int | None) -> tuple[Days, AnyFrame]:
    """Return the table by day, and the customer-days that it adds up; those after `end` count as rows only."""
    dated = _with_day(rows.frame.filter(~nw.col("date").is_null()))
    per_day = collect(dated.group_by("day").agg(nw.len().alias("rows")))
    usable = dated.filter(rows.usable if end is None else rows.usable & (nw.col("day") <= end))
    visits = _customer_days(usable)
    names = ("customer_days", "same_day", "unmatched", "new", "once")
    sums = collect(visits.group_by("day").agg(*(nw.col(name).sum() for name in names)))

    day = np.sort(per_day.get_column("day").to_numpy()).astype(np.int64)
    columns = {"rows": _aligned(day, per_day, "rows"), **{name: _aligned(day, sums, name) for name in names}}
    return Days(day, **columns), visits


def show_customers(visits: AnyFrame, flag: str, day: int, count: int) -> str:
    """Return the first few customers with a flag on a day, as text."""
    chosen = visits.filter((nw.col("day") == day) & (nw.col(flag) > 0)).select(id=_sortable(visits))
    ids = collect(chosen.sort("id").head(_SHOWN)).get_column("id").to_list()
    return f"{date_of(day)}: {', '.join(map(_id_text, ids))}{', ...' if count > len(ids) else ''}"


def _with_day(frame: AnyFrame) -> AnyFrame:
    if isinstance(frame, nw.LazyFrame):
        return frame.with_columns(day=day_expression("date"))
    return with_arrays(frame, {"day": day_numbers(frame.get_column("date"))})


def _customer_days(usable: AnyFrame) -> AnyFrame:
    """Return one row per customer and day, with what the customer's first purchase makes of it."""
    purchase = nw.col("amount") >= 0
    marks = {"purchases": purchase.cast(nw.Int64), "refunds": (~purchase).cast(nw.Int64)}
    if "order" in usable.collect_schema():  # refunds have order numbers of their own and are no orders
        marked = usable.with_columns(**marks, order=nw.when(purchase).then(nw.col("order")))
        parts = marked.group_by("id", "day", "order").agg(nw.col("purchases", "refunds").sum())
        parts = parts.with_columns(orders=(~nw.col("order").is_null()).cast(nw.Int64))
    else:
        parts = usable.with_columns(**marks).with_columns(orders=nw.col("purchases"))
    visits = parts.group_by("id", "day").agg(nw.col("purchases", "refunds", "orders").sum())
    bought = visits.filter(nw.col("purchases") > 0)
    firsts: Any = bought.group_by("id").agg(nw.col("day").min().alias("first"), nw.len().alias("days"))
    day, first = nw.col("day"), nw.col("first")
    return visits.join(firsts, on="id", how="left").select(
        nw.col("id"),
        nw.col("day"),
        customer_days=(nw.col("purchases") > 0).cast(nw.Int64),
        same_day=(nw.col("orders") > 1).cast(nw.Int64),
        unmatched=nw.when(first.is_null() | (first > day)).then(nw.col("refunds")).otherwise(0),
        new=(first == day).cast(nw.Int64),
        once=((first == day) & (nw.col("days") == 1)).cast(nw.Int64),
    )


def _aligned(day: Counts, table: nw.DataFrame[Any], column: str) -> Counts:
    """Return a column of a table by day at these days, 0 where the table has none."""
    aligned = np.zeros(day.size, dtype=np.int64)
    places = np.searchsorted(day, table.get_column("day").to_numpy().astype(np.int64))
    aligned[places] = np.nan_to_num(table.get_column(column).cast(nw.Float64).to_numpy()).astype(np.int64)
    return aligned


def _row_texts(flagged: AnyFrame, first: Any = None) -> list[str]:
    """Return the first rows in order of date, customer and amount, as text."""
    if not is_absent(first):
        try:
            midnight = dt.datetime(first.year, first.month, first.day) + dt.timedelta(days=1)
        except OverflowError:
            pass
        else:  # a day's rows are sorted faster than all
            is_date = isinstance(flagged.collect_schema()["date"], nw.Date)
            flagged = flagged.filter(nw.col("date") < nw.lit(midnight.date() if is_date else midnight))
    keys = ("date", "id", "amount")
    chosen = flagged.select(nw.col("date"), _sortable(flagged).alias("id"), nw.col("amount"))
    return [_row_text(*row) for row in collect(chosen.sort(*keys, nulls_last=True).head(_SHOWN)).rows()]


def _row_text(date: Any, key: Any, amount: Any) -> str:
    who = "no customer" if is_absent(key) else _id_text(key)
    when = "no date" if is_absent(date) else f"{date:%Y-%m-%d}"
    return f"{who} on {when}: {'no amount' if is_absent(amount) else format(amount + 0.0, ',.2f')}"


def _sortable(frame: AnyFrame) -> nw.Expr:
    """Return the ids so that they sort alike everywhere: categories have an order of their own."""
    key, dtype = nw.col("id"), frame.collect_schema()["id"]
    return key.cast(nw.String) if isinstance(dtype, (nw.Categorical, nw.Enum)) else key


def _id_text(key: Any) -> str:
    return str(int(key)) if isinstance(key, (float, np.floating)) and key == np.floor(key) else str(key)


def _example(texts: Sequence[str], count: int) -> str:
    return "; ".join(texts[:_SHOWN]) + ("; ..." if count > len(texts[:_SHOWN]) else "")
