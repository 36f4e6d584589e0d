"""Opportunities that are asks as one expression body: lazy, and the same on polars, DuckDB and PySpark.

Asks and rows are put under each other and walked through in order of time: so each row learns how many asks its
customer had, and until when the last of them is open.
"""

from __future__ import annotations

from customer_value._frames import engine_of, nw
from customer_value._validation import broken_rule, require_lazy, require_some
from customer_value.errors import InputError
from customer_value.transactions._ask_rules import NULL_DATE, NULL_KEY, one_list_rule, warn_not_counted
from customer_value.transactions._grain_opportunities import OUTPUT
from customer_value.transactions._log import LogColumns, LogRules, check_log
from customer_value.transactions._periods import (
    date_literal,
    day_expression,
    midnight_expression,
    month_start_expression,
)
from customer_value.transactions._plan import DAYS_PER, MONTHS_PER, RefundPolicy, SummaryPlan
from customer_value.transactions._refunds import nothing_bought
from customer_value.transactions._summary_relational import (
    Lazy,
    merge_customers,
    merge_periods,
    warn_lazy_refunds,
)

Length = tuple[int, str]

_WITHOUT_ORDER = {"dask": "frame.compute()"}  # engines without windows over ordered rows, and the way out of them
_BEFORE_ALL_DAYS = -(10**7)
_DAY, _UNTIL, _ASK, _VALUE = nw.col("_day"), nw.col("_until"), nw.col("_ask"), nw.col("_value")
_ASKED, _OPEN, _OCCASION, _OVER = nw.col("_asked"), nw.col("_open"), nw.col("_occasion"), nw.col("_over")


def summarize_asks_lazily(
    log: Lazy,
    asks: Lazy,
    columns: LogColumns,
    rules: LogRules,
    window: Length,
    refunds: RefundPolicy,
    *,
    of_customers: bool,
) -> Lazy:
    """Summarise a lazy log by the asks that its purchases answer."""
    engine, key = engine_of(log), columns.customer_id
    if engine in _WITHOUT_ORDER:
        raise InputError(
            f"opportunities= needs rows in order within each customer, which {engine} does not offer: call "
            f"{_WITHOUT_ORDER[engine]} on both frames first and summarize the result."
        )
    facts = check_log(log, columns, rules)
    if facts.refunds == facts.rows:
        raise nothing_bought(facts.rows)
    _check_asks(asks, columns, of_customers=of_customers)
    end = facts.last_day if rules.last_day is None else rules.last_day
    group = [key] if of_customers else []  # whose asks they are: each customer's own, or everyone's
    calendar = _order_asks(asks, group, columns.date, window)
    over = _count_over(calendar, group, end)

    rows = _counted(_place(_rows(log, columns, engine), calendar, group, end), calendar, key, end)
    if refunds == "drop":
        rows = rows.filter(_VALUE >= 0)
    # Like periods that are coarser than a day, asks take the days of their first and last purchase along.
    plan = SummaryPlan(columns, end, "year", "year", refunds, (None, None), (), regularity=False)
    has_refunds = facts.refunds > 0 and refunds != "drop"
    merged = merge_periods(rows, key, plan.grain, has_refunds=has_refunds)
    customers = _with_over(merge_customers(merged, plan, engine, has_refunds=has_refunds), over, group)
    warn_lazy_refunds(rows, plan, facts)
    return _finish(customers, plan, engine).select(key, *OUTPUT).sort(key)


def _check_asks(asks: Lazy, columns: LogColumns, *, of_customers: bool) -> None:
    key, date = nw.col(columns.customer_id), columns.date
    rules = {f"{date} must not be null": (~nw.col(date).is_null(), NULL_DATE)}
    if of_customers:
        is_float = asks.collect_schema()[columns.customer_id].is_float()
        missing = key.is_null() | key.is_nan() if is_float else key.is_null()
        rules[f"{columns.customer_id} must not be null"] = (~missing, NULL_KEY)
    day = midnight_expression(date, asks.collect_schema()[date], engine_of(asks))
    facts = require_lazy(asks, rules, facts={"days": day.n_unique()})
    require_some(facts["n"], "opportunities frame")
    if not of_customers and facts["days"] < facts["n"]:
        rule, remedy = one_list_rule(columns)
        raise InputError(broken_rule(rule, int(facts["n"] - facts["days"]), int(facts["n"]), (), remedy))


def _rows(log: Lazy, columns: LogColumns, engine: str) -> Lazy:
    date = columns.date
    return log.select(
        columns.customer_id,
        day_expression(date).alias("_day"),
        nw.col(columns.amount).cast(nw.Float64).alias("_value"),
        midnight_expression(date, log.collect_schema()[date], engine).alias("_date"),
    )


def _order_asks(asks: Lazy, group: list[str], date: str, window: Length) -> Lazy:
    """Give each ask its day, and the first day on which it cannot be answered any more."""
    count, unit = window
    day = day_expression(date)
    if unit in DAYS_PER:
        asked = asks.select(*group, day.alias("_day"), (day + count * DAYS_PER[unit]).alias("_until")).unique()
    else:
        # One step at a time, as in `add_months`: expressions within expressions would fill pages of SQL.
        of_date = nw.col(date).dt
        month = of_date.year().cast(nw.Int64) * 12 + of_date.month().cast(nw.Int64) - 1 + count * MONTHS_PER[unit]
        day_of_month = of_date.day().cast(nw.Int64)
        later = asks.select(
            *group, day.alias("_day"), month.alias("_month"), day_of_month.alias("_day_of_month")
        ).unique()
        bounds = later.with_columns(
            month_start_expression(nw.col("_month")).alias("_from"),
            month_start_expression(nw.col("_month") + 1).alias("_to"),
        )
        same_day = nw.col("_from") + nw.col("_day_of_month") - 1
        asked = bounds.select(*group, "_day", nw.min_horizontal(same_day, nw.col("_to") - 1).alias("_until"))
    again = _DAY.shift(-1).over(*group, order_by="_day")
    return asked.with_columns(nw.min_horizontal(_UNTIL, again).alias("_until"))


def _count_over(calendar: Lazy, group: list[str], end: int) -> Lazy:
    """Count the asks whose window is over by the end of a day."""
    over = _flag(end + 1 >= _UNTIL).sum().cast(nw.Int64).alias("_over")
    return calendar.group_by(*group).agg(over) if group else calendar.select(over)


def _with_over(frame: Lazy, over: Lazy, group: list[str]) -> Lazy:
    if not group:
        return frame.join(over, how="cross")
    return frame.join(over, on=group, how="left").with_columns(_OVER.fill_null(0))


def _place(rows: Lazy, calendar: Lazy, group: list[str], end: int) -> Lazy:
    """Count the asks up to the day of each row, and tell whether the last is open then, and over by the end of all."""
    points = rows.select(*group, "_day").unique()  # all rows of a day have the same answer
    asks = calendar.select(*group, "_day", "_until", nw.lit(1).cast(nw.Int64).alias("_ask"))
    no_ask = (nw.lit(n).cast(nw.Int64).alias(name) for n, name in ((_BEFORE_ALL_DAYS, "_until"), (0, "_ask")))
    events = nw.concat([asks, points.select(*group, "_day", *no_ask)])
    timed = events.with_columns((_DAY * 2 + 1 - _ASK).alias("_at"))  # an ask comes before the purchases of its day
    walked = timed.with_columns(
        _ASK.cum_sum().over(*group, order_by="_at").cast(nw.Int64).alias("_asked"),
        _UNTIL.cum_max().over(*group, order_by="_at").alias("_until"),
    )
    told = "_asked", (_DAY < _UNTIL).alias("_open"), (nw.lit(end + 1) >= _UNTIL).alias("_ended")
    placed = walked.filter(_ASK == 0).select(*group, "_day", *told)
    return rows.join(placed, on=[*group, "_day"], how="inner")


def _counted(placed: Lazy, calendar: Lazy, key: str, end: int) -> Lazy:
    """Keep the rows that count, each with the number by which they merge, and tell of the others."""
    numbered = placed.with_columns(
        (_ASKED * 2 + 1 - _flag(_OPEN)).alias("_occasion"),
        nw.when(_VALUE >= 0).then(_DAY).alias("_bought"),
    ).with_columns(nw.col("_bought").min().over(key).alias("_first_day"))
    first = numbered.with_columns(nw.when(nw.col("_first_day") == _DAY).then(_OCCASION).alias("_first_occasion"))
    first = first.with_columns(nw.col("_first_occasion").min().over(key))
    with_the_first = (nw.col("_first_day") == _DAY) | (_OPEN & (nw.col("_first_occasion") == _OCCASION))
    marked = first.with_columns(((_OPEN & nw.col("_ended")) | with_the_first | (_VALUE < 0)).alias("_kept"))
    kept = nw.col("_kept")
    late, outside = _flag(~kept & _OPEN).sum().alias("late"), _flag(~kept & ~_OPEN).sum().alias("outside")
    asks = calendar.select(nw.len().alias("asks"), _flag(end + 1 < _UNTIL).sum().alias("not_over")).collect().row(0)
    rows = marked.select(late, outside).collect().row(0)
    warn_not_counted(end, asks=int(asks[0]), not_over=int(asks[1]), late=int(rows[0]), outside=int(rows[1]))
    return marked.filter(kept).select(key, _OCCASION.alias("_period"), "_value", "_date")


def _finish(customers: Lazy, plan: SummaryPlan, engine: str) -> Lazy:
    """Turn numbers of occasions into counts of asks."""
    before, last = nw.col("_first").cast(nw.Int64) // 2, nw.col("_last").cast(nw.Int64) // 2
    left = _OVER - before
    counted = customers.with_columns(
        nw.col("purchases").cast(nw.Int64),
        (nw.col("purchases").cast(nw.Int64) - 1).alias("frequency"),
        (last - before).alias("recency"),
        nw.when(left > 0).then(left).otherwise(nw.lit(0)).cast(nw.Int64).alias("opportunities"),
    )
    repeats = nw.col("frequency")
    return counted.with_columns(
        nw.when(repeats > 0).then(nw.col("_repeat_value") / repeats).alias("monetary_value"),
        (nw.col("opportunities") - nw.col("recency")).alias("time_since_last"),
        nw.col("_from").alias("first_date"),
        nw.col("_to").alias("last_date"),
        date_literal(plan.end, engine).alias("observation_end"),
    )


def _flag(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)
