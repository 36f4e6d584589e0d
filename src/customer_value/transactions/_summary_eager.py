"""The customer summary of an eager frame: columns to arrays, one pass of the array core, arrays to columns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from customer_value._frames import Column, EagerFrame, engine_of, make_frame, nw
from customer_value._units import units_per_grain
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import LogArrays
from customer_value.transactions._periods import CALENDAR_YEAR, Days, YearStart, date_literal, number_of
from customer_value.transactions._plan import SummaryPlan
from customer_value.transactions._purchase_periods import CustomerArrays
from customer_value.transactions._refunds import nothing_bought, warn_left_out
from customer_value.transactions._summary_arrays import summarize_arrays


def summarize_eager(log: EagerFrame, rows: LogArrays, plan: SummaryPlan) -> EagerFrame:
    """Summarise each customer's purchase periods from checked columns."""
    labels = id_labels(rows.keys)
    # "error" is "drop" of nothing: the rules on rows have seen that there is no refund.
    refunds = "drop" if plan.refunds == "error" else plan.refunds
    found = summarize_arrays(
        labels,
        periods_of(rows.days, plan.grain, plan.year_start),
        rows.amounts,
        order=None if rows.orders is None else id_labels(rows.orders),
        end_period=plan.end_period,
        refunds=refunds,
        windows=[window.first_period for window in plan.windows],
        regularity=plan.regularity,
    )
    if found.row.size == 0:
        raise nothing_bought(len(log))
    if plan.grain == "day":
        bought = found.first_period, found.last_period
    else:
        by_day = summarize_arrays(labels, rows.days, rows.amounts, end_period=plan.end, refunds="drop")
        bought = by_day.first_period, by_day.last_period
    if plan.refunds != "drop":
        warn_left_out(customers=found.customers_without_purchase, refunds=found.refunds_without_purchase)
    return _to_frame(log, rows, plan, found, *bought)


def periods_of(days: Days, grain: str, year_start: YearStart = CALENDAR_YEAR) -> Days:
    """Number of each day's grain period: looked up, for the days of a log repeat."""
    if grain == "day":
        return days
    first = days.min()
    periods: Days = np.asarray(number_of(np.arange(first, days.max() + 1), grain, year_start))
    of_days: Days = periods[days - first]
    return of_days


def _to_frame(
    log: EagerFrame, rows: LogArrays, plan: SummaryPlan, found: CustomerArrays, first_bought: Days, last_bought: Days
) -> EagerFrame:
    columns: dict[str, Any] = {
        "frequency": found.frequency,
        "recency": plan.in_ruler(found.recency),
        "T": plan.in_ruler(plan.end_period - found.first_period),
        "monetary_value": found.monetary_value,
        "purchases": found.purchases,
        "orders": found.orders,
        "time_since_last": plan.in_ruler(plan.end_period - found.last_period),
        "total_value": found.total_value,
        "first_date": first_bought.astype("datetime64[D]"),
        "last_date": last_bought.astype("datetime64[D]"),
    }
    for window, purchases, value in zip(plan.windows, found.window_purchases, found.window_values, strict=True):
        columns |= {f"purchases_{window.suffix}": purchases, f"value_{window.suffix}": value}
    if found.log_intervals is not None:
        grain = math.log(units_per_grain(plan.grain, plan.time_unit))
        columns["log_intervals"] = found.log_intervals + found.frequency * grain
    cohort = _cohort(first_bought, plan)
    made: dict[str, Column] = {plan.columns.customer_id: rows.keys[found.row[cohort]]}
    made |= {name: values[cohort] for name, values in columns.items() if values is not None}
    return make_frame(made, like=log).with_columns(
        date_literal(plan.end, engine_of(log)).alias("observation_end"), nw.lit(plan.time_unit).alias("time_unit")
    )


def _cohort(first_bought: Days, plan: SummaryPlan) -> Any:
    """Return which customers first bought between the days asked for, as an index."""
    earliest, latest = plan.first_bought
    if earliest is None and latest is None:
        return slice(None)
    after = first_bought >= (first_bought.min() if earliest is None else earliest)
    return after & (first_bought <= (first_bought.max() if latest is None else latest))
