"""The times between a customer's purchases as one expression body: lazy, and the same on polars, DuckDB and PySpark.

    bought = purchase_periods(log, columns, grain)      one row per customer and purchase period
    waited = with_gaps(bought, keys)                    beside each the time since the one before
    table = gap_statistics(waited, keys)                one row per customer

A gap looks back only, so rows with gaps may be filtered by a cutoff, or crossed with several, before they are summed:
what lies after a cutoff has changed nothing in the rows before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from customer_value._frames import AnyFrame, nw
from customer_value.transactions._log import LogColumns
from customer_value.transactions._periods import day_expression, period_expression

PERIOD, GAP = "_period", "_gap"
STATISTICS = ("gaps", "gap_sum", "gap_squares", "gap_logs", "last_gap", "first_period", "last_period")

_SQUARE, _LOG, _MARK = "_gap_square", "_gap_log", "_gap_mark"
_BASE = 1 << 23  # above any number of days in the calendar: a period and its gap fit one whole number, period first


def purchase_periods(log: AnyFrame, columns: LogColumns, grain: str, keys: Sequence[str] = ()) -> AnyFrame:
    """Keep one row per customer (or per `keys`) and grain period with a purchase: a row with an amount of 0 or above.

    `PERIOD` is the period's number, counted from 1970 as `number_of` does.
    """
    names = list(keys) or [columns.customer_id]
    period = period_expression(columns.date, day_expression(columns.date), grain).cast(nw.Int64)
    bought = log.filter(nw.col(columns.amount) >= 0).select(*names, period.alias(PERIOD))
    return bought.unique([*names, PERIOD])


def with_gaps(periods: AnyFrame, keys: Sequence[str]) -> AnyFrame:
    """Add `GAP`, the periods since the purchase period before of the same keys; null at the first one."""
    period = nw.col(PERIOD)
    if isinstance(periods, nw.LazyFrame):
        return periods.with_columns((period - period.shift(1).over(*keys, order_by=PERIOD)).alias(GAP))
    ordered = periods.sort(*keys, PERIOD)  # pyarrow has no windows over ordered rows
    same = [nw.col(key) == nw.col(key).shift(1) for key in keys]
    return ordered.with_columns(nw.when(*same).then(period - period.shift(1)).alias(GAP))


def gap_statistics(rows: AnyFrame, keys: Sequence[str]) -> AnyFrame:
    """Sum the gaps of each customer, or of each of any keys, from rows that `with_gaps` has gone through.

    Returns
    -------
    frame
        The keys and `STATISTICS`: how many `gaps` (0 for one purchase), their sum, sum of squares and sum of
        logarithms (0 without a gap), the `last_gap` (null without one), the first and the last purchase period. All
        in grain periods.
    """
    gap, period = nw.col(GAP), nw.col(PERIOD)
    known = gap.fill_null(0)
    # The log of the first row's null stays null on every engine, where the log of 0 would be infinite on some.
    marked = rows.with_columns(
        (known * known).alias(_SQUARE), gap.cast(nw.Float64).log().alias(_LOG), (period * _BASE + known).alias(_MARK)
    )
    summed = marked.group_by(*keys).agg(
        gap.count().alias("gaps"),
        gap.sum().alias("gap_sum"),
        nw.col(_SQUARE).sum().alias("gap_squares"),
        nw.col(_LOG).sum().alias("gap_logs"),
        period.min().alias("first_period"),
        period.max().alias("last_period"),
        nw.col(_MARK).max().alias(_MARK),
    )
    last = nw.col(_MARK) - nw.col("last_period") * _BASE
    return summed.with_columns(
        nw.col("gaps").cast(nw.Int64),
        nw.col("gap_sum").fill_null(0).cast(nw.Int64),
        nw.col("gap_squares").cast(nw.Int64),
        nw.col("gap_logs").fill_null(0.0),
        nw.when(nw.col("gaps") > 0).then(last).alias("last_gap"),
    ).select(*keys, *STATISTICS)
