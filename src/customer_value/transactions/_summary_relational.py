"""The customer summary as one expression body: lazy, and the same on polars, DuckDB, Dask and PySpark.

Only the times between purchases need rows in order. A refund's latest earlier purchase does not: what is matched to a
customer's purchase periods from p on is what happened from his first purchase period at or after p on.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from customer_value._frames import engine_of, nw
from customer_value.errors import InputError
from customer_value.transactions._log import LogColumns, LogFacts
from customer_value.transactions._periods import (
    date_literal,
    day_expression,
    midnight_expression,
    period_expression,
)
from customer_value.transactions._plan import SummaryPlan
from customer_value.transactions._refunds import nothing_bought, warn_left_out

Lazy = nw.LazyFrame[Any]

_WITHOUT_ORDER = {"dask": "frame.compute()"}  # engines without windows over ordered rows, and the way out of them


def summarize_relational(log: Lazy, plan: SummaryPlan) -> Lazy:
    """Summarise each customer's purchase periods, lazily; the checks of `check_log` are taken as passed."""
    engine = engine_of(log)
    if plan.regularity and engine in _WITHOUT_ORDER:
        raise InputError(
            f"regularity=True needs rows in order within each customer, which {engine} does not offer: "
            f"call {_WITHOUT_ORDER[engine]} first and summarize the result."
        )
    key = plan.columns.customer_id
    rows = log_rows(log, plan.columns, plan.grain)
    if plan.refunds == "drop":
        rows = rows.filter(nw.col("_value") >= 0)
    periods = merge_periods(rows, key)
    purchases = periods.filter(nw.col("_sales") > 0)
    customers = _purchase_counts(purchases, plan)
    parts = [customers, _values(periods, purchases, customers, plan)]
    if plan.columns.order_id is not None:
        # Dask's n_unique adds up partitions, and so counts an order in two of them twice.
        orders = rows.filter(nw.col("_value") >= 0).select(key, "_order").unique()
        parts.append(orders.group_by(key).agg(nw.len().alias("orders")))
    if plan.regularity:
        parts.append(_log_intervals(purchases, plan))
    joined = reduce(lambda left, right: left.join(right, on=key, how="inner"), parts)
    return _on_ruler(joined, plan, engine).select(plan.output_columns).sort(key)


def log_rows(log: Lazy, columns: LogColumns, grain: str) -> Lazy:
    """Give each row of the log its grain period, its date and its amount as a float."""
    date = columns.date
    midnight = midnight_expression(date, log.collect_schema()[date], engine_of(log))
    order = [] if columns.order_id is None else [nw.col(columns.order_id).alias("_order")]
    return log.select(
        columns.customer_id,
        period_expression(date, day_expression(date), grain).cast(nw.Int64).alias("_period"),
        midnight.alias("_date"),
        nw.col(columns.amount).cast(nw.Float64).alias("_value"),
        *order,
    )


def merge_periods(rows: Lazy, key: str) -> Lazy:
    """Merge the rows of a customer's grain period: how many are sales, on which days, and what all amount to."""
    sale = nw.col("_value") >= 0
    marked = rows.with_columns(
        nw.when(sale).then(nw.lit(1)).otherwise(nw.lit(0)).alias("_sale"),
        nw.when(sale).then(nw.col("_date")).alias("_bought"),
    )
    return marked.group_by(key, "_period").agg(
        nw.col("_sale").sum().alias("_sales"),
        nw.col("_value").sum(),
        nw.col("_bought").min().alias("_first_bought"),
        nw.col("_bought").max().alias("_last_bought"),
    )


def _purchase_counts(purchases: Lazy, plan: SummaryPlan) -> Lazy:
    """Count each customer's purchase periods, in all and per window, and find where they begin and end."""
    period = nw.col("_period")
    inside = {w.suffix: period >= w.first_period for w in plan.windows}
    marked = purchases.select(
        *(plan.columns.customer_id, "_period", "_first_bought", "_last_bought"),
        *(nw.when(i).then(nw.lit(1)).otherwise(nw.lit(0)).alias(f"purchases_{s}") for s, i in inside.items()),
        *(nw.when(i).then(period).alias(f"_start_{s}") for s, i in inside.items()),
    )
    return marked.group_by(plan.columns.customer_id).agg(
        nw.len().alias("purchases"),
        period.min().alias("_first"),
        period.max().alias("_last"),
        nw.col("_first_bought").min().alias("first_date"),
        nw.col("_last_bought").max().alias("last_date"),
        *(nw.col(f"purchases_{s}").sum() for s in inside),
        *(nw.col(f"_start_{s}").min() for s in inside),
    )


def _values(periods: Lazy, purchases: Lazy, customers: Lazy, plan: SummaryPlan) -> Lazy:
    """Sum each customer's amounts: in all, over repeat purchase periods, and per window."""
    key, period, value = plan.columns.customer_id, nw.col("_period"), nw.col("_value")
    starts = customers.select(key, "_first", *(f"_start_{w.suffix}" for w in plan.windows))
    if plan.refunds == "match":
        repeats = purchases.join(starts, on=key, how="inner").filter(period > nw.col("_first"))
        starts = starts.join(repeats.group_by(key).agg(period.min().alias("_second")), on=key, how="left")
        counted = {
            "total_value": period >= nw.col("_first"),
            "_repeat_value": period >= nw.col("_second"),
            **{f"value_{w.suffix}": period >= nw.col(f"_start_{w.suffix}") for w in plan.windows},
        }
    else:
        counted = {
            "total_value": ~period.is_null(),
            "_repeat_value": (period > nw.col("_first")) & (nw.col("_sales") > 0),
            **{f"value_{w.suffix}": period >= w.first_period for w in plan.windows},
        }
    marked = periods.join(starts, on=key, how="inner").with_columns(
        nw.when(inside).then(value).otherwise(nw.lit(0.0)).alias(name) for name, inside in counted.items()
    )
    return marked.group_by(key).agg(nw.col(name).sum() for name in counted)


def _log_intervals(purchases: Lazy, plan: SummaryPlan) -> Lazy:
    """Sum the logarithms of the times between each customer's consecutive purchase periods."""
    key, period = plan.columns.customer_id, nw.col("_period")
    before = period.shift(1).over(key, order_by="_period")
    waited = purchases.select(key, plan.in_ruler(period - before).log().alias("log_intervals"))
    return waited.group_by(key).agg(nw.col("log_intervals").sum())


def _on_ruler(customers: Lazy, plan: SummaryPlan, engine: str) -> Lazy:
    """Turn whole periods into times on the ruler, and keep the customers of the cohort asked for."""
    first, last, purchases = nw.col("_first"), nw.col("_last"), nw.col("purchases").cast(nw.Int64)
    counts = ["purchases", *(f"purchases_{w.suffix}" for w in plan.windows)]
    counts += [] if plan.columns.order_id is None else ["orders"]
    made = customers.with_columns(
        *(nw.col(count).cast(nw.Int64) for count in counts),
        *([nw.col("log_intervals").fill_null(0.0)] if plan.regularity else []),
        (purchases - 1).alias("frequency"),
        plan.in_ruler(last - first).alias("recency"),
        plan.in_ruler(plan.end_period - first).alias("T"),
        plan.in_ruler(plan.end_period - last).alias("time_since_last"),
        nw.when(purchases > 1).then(nw.col("_repeat_value") / (purchases - 1)).alias("monetary_value"),
        date_literal(plan.end, engine).alias("observation_end"),
        nw.lit(plan.time_unit).alias("time_unit"),
    )
    earliest, latest = plan.first_bought
    if earliest is not None:
        made = made.filter(nw.col("first_date") >= date_literal(earliest, engine))
    if latest is not None:
        made = made.filter(nw.col("first_date") <= date_literal(latest, engine))
    return made


def warn_lazy_refunds(log: Lazy, plan: SummaryPlan, facts: LogFacts) -> None:
    """Tell which refunds have no purchase to go with; a log without refunds costs nothing here."""
    if facts.refunds == facts.rows:
        raise nothing_bought(facts.rows)
    if facts.refunds == 0 or plan.refunds not in ("net", "match"):
        return
    key, rows = plan.columns.customer_id, log_rows(log, plan.columns, plan.grain)
    if plan.refunds == "net":
        best = rows.group_by(key).agg(nw.col("_value").max()).filter(nw.col("_value") < 0)
        warn_left_out(customers=int(best.select(nw.len()).collect().item()), refunds=0)
        return
    first = rows.filter(nw.col("_value") >= 0).group_by(key).agg(nw.col("_period").min().alias("_first"))
    refunds = rows.filter(nw.col("_value") < 0).join(first, on=key, how="left")
    early = nw.col("_period") < nw.col("_first")
    never = nw.col("_first").is_null()
    per_customer = (
        refunds.with_columns(
            nw.when(never).then(nw.lit(1)).otherwise(nw.lit(0)).alias("_never"),
            nw.when(never | early).then(nw.lit(1)).otherwise(nw.lit(0)).alias("_unmatched"),
        )
        .group_by(key)
        .agg(nw.col("_never").max(), nw.col("_unmatched").sum())
    )
    counts = per_customer.select(nw.col("_never").sum(), nw.col("_unmatched").sum()).collect().row(0)
    warn_left_out(customers=int(counts[0]), refunds=int(counts[1]))
