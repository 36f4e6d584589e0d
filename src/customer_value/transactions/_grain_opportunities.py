"""Opportunities that are calendar periods: a customer summary whose ruler is its grain, up to the last whole period."""

from __future__ import annotations

import numpy as np

from customer_value._frames import AnyFrame, engine_of, nw
from customer_value._units import Grain, date_of
from customer_value.errors import DataWarning, InputError, warn
from customer_value.transactions._log import LogArrays, LogColumns, LogRules, check_log, read_log
from customer_value.transactions._periods import (
    YearStart,
    date_literal,
    last_of_period,
    midnight_expression,
    number_of,
    start_of,
)
from customer_value.transactions._plan import RefundPolicy, SummaryPlan
from customer_value.transactions._summary_eager import summarize_eager
from customer_value.transactions._summary_relational import log_rows, summarize_relational, warn_lazy_refunds

COUNTS = ("frequency", "recency", "opportunities", "purchases", "time_since_last")
OUTPUT = (
    *("frequency", "recency", "opportunities", "monetary_value", "purchases", "time_since_last", "total_value"),
    *("first_date", "last_date", "observation_end"),
)


def summarize_periods(
    log: AnyFrame, columns: LogColumns, rules: LogRules, *, grain: Grain, year_start: YearStart, refunds: RefundPolicy
) -> AnyFrame:
    """Summarise a log by calendar periods; the last one counts where the last day observed is its last day."""

    def plan_for(first_day: int, last_day: int) -> SummaryPlan:
        observed = last_day if rules.last_day is None else rules.last_day
        end = _end_of_whole_periods(first_day, observed, grain, year_start)
        return SummaryPlan(columns, end, grain, grain, refunds, (None, None), (), False, year_start)

    if isinstance(log, nw.LazyFrame):
        facts = check_log(log, columns, rules)
        plan = plan_for(facts.first_day, facts.last_day)
        if facts.last_day > plan.end:
            day = midnight_expression(columns.date, log.collect_schema()[columns.date], engine_of(log))
            log = log.filter(day <= date_literal(plan.end, engine_of(log)))
            facts = check_log(log, columns, rules)
        summary: AnyFrame = summarize_relational(log, plan, facts)
        warn_lazy_refunds(log_rows(log, columns, grain, year_start), plan, facts)
    else:
        rows = read_log(log, columns, rules)
        plan = plan_for(int(rows.days.min()), int(rows.days.max()))
        summary = summarize_eager(log, _rows_until(rows, plan.end), plan)
    counted = summary.rename({"T": "opportunities"}).with_columns(nw.col(name).cast(nw.Int64) for name in COUNTS)
    return counted.select(columns.customer_id, *OUTPUT, "time_unit")


def _end_of_whole_periods(first_day: int, observed: int, grain: str, year_start: YearStart) -> int:
    """Last day of the last period that is observed whole; warn where that leaves days out."""
    last = last_of_period(observed, grain, year_start)
    if last == observed:
        return observed
    begin = int(start_of(number_of(observed, grain, year_start), grain, year_start))
    if first_day >= begin:
        raise InputError(
            f"the log must reach back beyond the {grain} that holds observation_end={date_of(observed)}; its first row "
            f"is of {date_of(first_day)}, and no {grain} is observed whole. Take a finer grain."
        )
    warn(
        f"observation_end={date_of(observed)} is not the last day of its {grain}, {date_of(begin)} to {date_of(last)}: "
        f"that {grain} is left out with all its rows, for it is neither taken nor missed before it is over. The "
        f"summary ends with {date_of(begin - 1)}.",
        DataWarning,
    )
    return begin - 1


def _rows_until(rows: LogArrays, end: int) -> LogArrays:
    kept = rows.days <= end
    if kept.all():
        return rows
    at = np.flatnonzero(kept)
    return LogArrays(rows.keys[at], rows.days[at], rows.amounts[at], None)
