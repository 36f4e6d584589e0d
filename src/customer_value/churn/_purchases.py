"""The purchases of a log: its columns checked, with amounts or without, and what was seen of each customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import AnyFrame, EagerFrame, column_names, engine_of, nw, schema_of, with_arrays
from customer_value.churn._windows import Window
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import LogColumns, LogRules, check_log, log_columns, read_log
from customer_value.transactions._periods import date_literal, day_numbers, midnight_expression
from customer_value.transactions._plan import end_day
from customer_value.transactions._row_order import dense_codes, run_starts

Counts = np.ndarray[Any, np.dtype[np.int64]]

_LATE = "Leave later rows out, or choose a later observation_end."


@dataclass(frozen=True, slots=True)
class Observed:
    """The first and the last day that the log was observed on."""

    first: int
    last: int


def open_log(log: AnyFrame, *, customer_id: str, date: str, amount: str | None) -> tuple[AnyFrame, LogColumns]:
    """Check the columns of a log; without amounts every row is a purchase, which an amount of 0 says as well."""
    if amount is None:
        amount = "amount"
        while amount in column_names(log):
            amount = f"_{amount}"
        log = log.with_columns(nw.lit(0.0).alias(amount))
    columns = log_columns(log, customer_id, date, amount)
    if isinstance(log, nw.DataFrame) and not isinstance(log.schema[date], (nw.Date, nw.Datetime)) and len(log):
        # pandas holds plain dates as objects, which expressions cannot compare.
        log = with_arrays(log, {date: day_numbers(log.get_column(date)).astype("datetime64[D]")})
    return log, columns


def check_rows(log: AnyFrame, columns: LogColumns, observation_end: Any) -> Observed:
    """Check the rules on the rows; ``observation_end="last"`` is the log's own last date."""
    end = end_day(observation_end)
    rules = LogRules(last_day=end, late=_LATE)
    if isinstance(log, nw.LazyFrame):
        facts = check_log(log, columns, rules)
        first, last = facts.first_day, facts.last_day
    else:
        read = read_log(log, columns, rules)
        if isinstance(read.keys.dtype, nw.Object):
            id_labels(read.keys)  # raises where ids are of several types, which pandas allows and cannot sort
        first, last = int(read.days.min()), int(read.days.max())
    return Observed(first, last if end is None else end)


def purchase_days(log: EagerFrame, columns: LogColumns) -> tuple[Counts, Counts]:
    """Return customers as codes and the days of their purchases, in order, a day once; of a log that was checked."""
    bought = log.filter(nw.col(columns.amount) >= 0)
    if not len(bought):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    customer = dense_codes(id_labels(bought.get_column(columns.customer_id)))[0].astype(np.int64)
    day = day_numbers(bought.get_column(columns.date)).astype(np.int64)
    low = int(day.min())
    span = int(day.max()) - low + 1
    pairs = np.sort(customer * span + (day - low))
    pairs = pairs[run_starts(pairs)]
    return pairs // span, pairs % span + low


def seen_of_customers(
    log: AnyFrame, columns: LogColumns, *, cutoff: int, window: Window, latest: bool = False
) -> AnyFrame:
    """Tell what was seen of each customer, as one expression body for every engine.

    Beside the key: `_last`, the last purchase day before the cutoff, and `_within`, purchases in the outcome window.
    With `latest` also `_latest`, the last purchase day before the window's end.
    """
    key, day, engine = columns.customer_id, nw.col("_day"), engine_of(log)
    midnight = midnight_expression(columns.date, schema_of(log)[columns.date], engine)
    bought = log.filter(nw.col(columns.amount) >= 0).select(key, midnight.alias("_day"))
    future, start, end = (date_literal(number, engine) for number in (cutoff, window.start, window.end))
    marks = {"_past": day < future, "_within": (day >= start) & (day < end)}
    found = [nw.col("_past").max().alias("_last"), nw.col("_within").count()]
    if latest:
        marks["_latest"] = day < end
        found.append(nw.col("_latest").max())
    marked = bought.with_columns(*(nw.when(inside).then(day).alias(name) for name, inside in marks.items()))
    return marked.group_by(key).agg(*found).with_columns(nw.col("_within").cast(nw.Int64))
