"""The customer summary as one expression body: lazy, and the same on polars, DuckDB, Dask and PySpark.

Rows merge into grain periods and periods into customers: two aggregations, with a customer's first purchase period
written beside each of his periods in between. At the day grain a period is its date, and days are counted only where
customers are, not where rows are. Nothing but the times between purchases needs rows in order: what "match" sets
against purchase periods from p on is what happened from the customer's first purchase period at or after p on.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from customer_value._frames import engine_of, nw
from customer_value.errors import InputError
from customer_value.transactions._log import LogColumns, LogFacts
from customer_value.transactions._periods import (
    CALENDAR_YEAR,
    YearStart,
    date_literal,
    day_expression,
    midnight_expression,
    period_expression,
)
from customer_value.transactions._plan import SummaryPlan
from customer_value.transactions._refunds import nothing_bought, warn_left_out

Lazy = nw.LazyFrame[Any]

_WITHOUT_ORDER = {"dask": "frame.compute()"}  # engines without windows over ordered rows, and the way out of them
_PERIOD, _VALUE, _BOUGHT, _FIRST = nw.col("_period"), nw.col("_value"), nw.col("_bought"), nw.col("_first")


def summarize_relational(log: Lazy, plan: SummaryPlan, facts: LogFacts) -> Lazy:
    """Summarise each customer's purchase periods, lazily; the rules of `check_log` are taken as kept."""
    engine, key = engine_of(log), plan.columns.customer_id
    if plan.regularity and engine in _WITHOUT_ORDER:
        raise InputError(
            f"regularity=True needs rows in order within each customer, which {engine} does not offer: "
            f"call {_WITHOUT_ORDER[engine]} first and summarize the result."
        )
    rows = log_rows(log, plan.columns, plan.grain, plan.year_start)
    if plan.refunds == "drop":
        rows = rows.filter(_VALUE >= 0)
    has_refunds = facts.refunds > 0 and plan.refunds != "drop"
    periods = merge_periods(rows, key, plan.grain, has_refunds=has_refunds)
    parts = [merge_customers(periods, plan, engine, has_refunds=has_refunds)]
    if plan.columns.order_id is not None:
        # Dask's n_unique adds up partitions, and so counts an order in two of them twice.
        orders = rows.filter(_VALUE >= 0).select(key, "_order").unique()
        parts.append(orders.group_by(key).agg(nw.len().alias("orders")))
    if plan.regularity:
        parts.append(_log_intervals(periods, plan))
    joined = reduce(lambda left, right: left.join(right, on=key, how="inner"), parts)
    return _on_ruler(joined, plan, engine).select(plan.output_columns).sort(key)


def log_rows(log: Lazy, columns: LogColumns, grain: str, year_start: YearStart = CALENDAR_YEAR) -> Lazy:
    """Give each row of the log its grain period (at the day grain its date), its date and its amount as a float."""
    date = columns.date
    midnight = midnight_expression(date, log.collect_schema()[date], engine_of(log))
    period = midnight if grain == "day" else period_expression(date, day_expression(date), grain, year_start)
    return log.select(
        columns.customer_id,
        period.alias("_period"),
        nw.col(columns.amount).cast(nw.Float64).alias("_value"),
        *([] if grain == "day" else [midnight.alias("_date")]),
        *([] if columns.order_id is None else [nw.col(columns.order_id).alias("_order")]),
    )


def merge_periods(rows: Lazy, key: str, grain: str, *, has_refunds: bool) -> Lazy:
    """Merge the rows of a customer's grain period; `_bought` is the period, null where it has refunds only.

    At coarser grains the days of its first and last purchase come with it.
    """
    sums = [_VALUE.sum()]
    if grain != "day":
        sums += [nw.col("_date").min().alias("_from"), nw.col("_date").max().alias("_to")]
    if not has_refunds:
        return rows.group_by(key, "_period").agg(*sums).with_columns(_PERIOD.alias("_bought"))
    sale = _VALUE >= 0
    marked = rows.with_columns(_flag(sale, "_sales"))
    if grain != "day":
        marked = marked.with_columns(nw.when(sale).then(nw.col("_date")).alias("_date"))
    merged = marked.group_by(key, "_period").agg(*sums, nw.col("_sales").sum())
    return merged.with_columns(nw.when(nw.col("_sales") > 0).then(_PERIOD).alias("_bought"))


def merge_customers(periods: Lazy, plan: SummaryPlan, engine: str, *, has_refunds: bool) -> Lazy:
    """Count each customer's purchase periods and sum their amounts, in all, repeated and per window."""
    key, suffixes = plan.columns.customer_id, [window.suffix for window in plan.windows]
    starts = {
        w.suffix: date_literal(w.first_day, engine) if plan.grain == "day" else w.first_period for w in plan.windows
    }
    marked = periods.with_columns(
        _BOUGHT.min().over(key).alias("_first"),
        *(nw.when(start <= _BOUGHT).then(_BOUGHT).alias(f"_bought_{s}") for s, start in starts.items()),
    )
    if has_refunds and plan.refunds == "match":
        marked = marked.with_columns(nw.when(_BOUGHT > _FIRST).then(_BOUGHT).alias("_later")).with_columns(
            nw.col("_later").min().over(key).alias("_second"),
            *(nw.col(f"_bought_{s}").min().over(key).alias(f"_start_{s}") for s in suffixes),
        )
        counted = {"total_value": _PERIOD >= _FIRST, "_repeat_value": nw.col("_second") <= _PERIOD}
        counted |= {f"value_{s}": nw.col(f"_start_{s}") <= _PERIOD for s in suffixes}
    else:
        marked = marked.with_columns(_VALUE.alias("total_value"))
        counted = {"_repeat_value": _BOUGHT > _FIRST}
        counted |= {f"value_{s}": start <= _PERIOD for s, start in starts.items()}
    summed = marked.with_columns(
        nw.when(inside).then(_VALUE).otherwise(nw.lit(0.0)).alias(name) for name, inside in counted.items()
    )
    days = [] if plan.grain == "day" else [nw.col("_from").min(), nw.col("_to").max()]
    customers = summed.group_by(key).agg(
        _BOUGHT.count().alias("purchases"),
        _BOUGHT.min().alias("_first"),
        _BOUGHT.max().alias("_last"),
        *days,
        *(nw.col(name).sum() for name in dict.fromkeys(["total_value", *counted])),
        *(nw.col(f"_bought_{s}").count().alias(f"purchases_{s}") for s in suffixes),
    )
    return customers.filter(nw.col("purchases") > 0) if has_refunds else customers


def _flag(condition: nw.Expr, name: str) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).alias(name)


def _number(column: str, plan: SummaryPlan) -> nw.Expr:
    """Number of a period, counted from 1970."""
    return day_expression(column) if plan.grain == "day" else nw.col(column)


def _log_intervals(periods: Lazy, plan: SummaryPlan) -> Lazy:
    """Sum the logarithms of the times between each customer's consecutive purchase periods."""
    key, number = plan.columns.customer_id, nw.col("_number")
    bought = periods.filter(~_BOUGHT.is_null()).select(key, _number("_bought", plan).alias("_number"))
    before = number.shift(1).over(key, order_by="_number")
    waited = bought.select(key, plan.in_ruler(number - before).log().alias("log_intervals"))
    return waited.group_by(key).agg(nw.col("log_intervals").sum())


def _on_ruler(customers: Lazy, plan: SummaryPlan, engine: str) -> Lazy:
    """Turn whole periods into times on the ruler, and keep the customers of the cohort asked for."""
    counts = ["purchases", *(f"purchases_{window.suffix}" for window in plan.windows)]
    counts += [] if plan.columns.order_id is None else ["orders"]
    first_day, last_day = ("_first", "_last") if plan.grain == "day" else ("_from", "_to")
    first, last, repeats = nw.col("_first_number"), nw.col("_last_number"), nw.col("frequency")
    numbered = customers.with_columns(
        *(nw.col(count).cast(nw.Int64) for count in counts),
        (nw.col("purchases").cast(nw.Int64) - 1).alias("frequency"),
        _number("_first", plan).cast(nw.Int64).alias("_first_number"),
        _number("_last", plan).cast(nw.Int64).alias("_last_number"),
        *([nw.col("log_intervals").fill_null(0.0)] if plan.regularity else []),
    )
    made = numbered.with_columns(
        nw.col(first_day).alias("first_date"),
        nw.col(last_day).alias("last_date"),
        plan.in_ruler(last - first).alias("recency"),
        plan.in_ruler(plan.end_period - first).alias("T"),
        plan.in_ruler(plan.end_period - last).alias("time_since_last"),
        nw.when(repeats > 0).then(nw.col("_repeat_value") / repeats).alias("monetary_value"),
        date_literal(plan.end, engine).alias("observation_end"),
        nw.lit(plan.time_unit).alias("time_unit"),
    )
    earliest, latest = plan.first_bought
    if earliest is not None:
        made = made.filter(nw.col("first_date") >= date_literal(earliest, engine))
    if latest is not None:
        made = made.filter(nw.col("first_date") <= date_literal(latest, engine))
    return made


def warn_lazy_refunds(rows: Lazy, plan: SummaryPlan, facts: LogFacts) -> None:
    """Tell which refunds, of rows as `log_rows` gives them, have no purchase to go with; without refunds at no cost."""
    if facts.refunds == facts.rows:
        raise nothing_bought(facts.rows)
    if facts.refunds == 0 or plan.refunds not in ("net", "match"):
        return
    key = plan.columns.customer_id
    if plan.refunds == "net":
        best = rows.group_by(key).agg(_VALUE.max()).filter(_VALUE < 0)
        warn_left_out(customers=int(best.select(nw.len()).collect().item()), refunds=0)
        return
    bought = rows.with_columns(nw.when(_VALUE >= 0).then(_PERIOD).alias("_bought"))
    refunds = bought.with_columns(_BOUGHT.min().over(key).alias("_first")).filter(_VALUE < 0)
    never = _FIRST.is_null()
    unmatched = refunds.with_columns(_flag(never, "_never"), _flag(never | (_PERIOD < _FIRST), "_unmatched"))
    per_customer = unmatched.group_by(key).agg(nw.col("_never").max(), nw.col("_unmatched").sum())
    counts = per_customer.select(nw.col("_never").sum(), nw.col("_unmatched").sum()).collect().row(0)
    warn_left_out(customers=int(counts[0]), refunds=int(counts[1]))
