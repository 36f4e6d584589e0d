"""A log that can be cut in two at any day: its rows up to then, and those after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import AnyFrame, EagerFrame, engine_of, nw, schema_of
from customer_value._units import day_number
from customer_value._validation import require_columns, require_lazy, require_some
from customer_value.transactions._log import LogColumns, LogRules, check_log, read_log, require_present
from customer_value.transactions._periods import date_literal, day_numbers, midnight_expression, require_dates

_RULE, _REMEDY = "{date} must not be null", "A row without a date belongs to neither side: leave it out."


@dataclass(frozen=True)
class DatedLog:
    """A log with the day of each row: an array of day numbers, or an expression where the rows are elsewhere."""

    log: AnyFrame
    days: Any
    first: int
    last: int

    def cut(self, end: int) -> tuple[AnyFrame, AnyFrame]:
        """Return the rows up to a day, that day included, and the rows after it."""
        if isinstance(self.log, nw.LazyFrame):
            until = self.days <= date_literal(end, engine_of(self.log))
            return self.log.filter(until), self.log.filter(~until)
        return _cut(self.log, self.days <= end)


def open_dated(log: AnyFrame, date: str) -> DatedLog:
    """Read the days of a log's rows; a lazy one costs one aggregate query."""
    require_columns(log, [date], what="log", maker="Name it with date=")
    dtype = schema_of(log)[date]
    require_dates(dtype, date, objects=isinstance(log, nw.DataFrame))
    if isinstance(log, nw.LazyFrame):
        day = midnight_expression(date, dtype, engine_of(log))
        rules = {_RULE.format(date=date): (~nw.col(date).is_null(), _REMEDY)}
        facts = require_lazy(log, rules, facts={"first": day.min(), "last": day.max()})
        require_some(facts["n"], "log")
        return DatedLog(log, day, day_number(facts["first"], date), day_number(facts["last"], date))
    require_some(len(log), "log")
    column = log.get_column(date)
    require_present(column, _REMEDY)
    days = day_numbers(column)
    return DatedLog(log, days, int(days.min()), int(days.max()))


def open_checked(log: AnyFrame, columns: LogColumns, rules: LogRules) -> DatedLog:
    """Check a log as a whole, before it is cut, so that rows are told by their place in it; one query if it is lazy."""
    if isinstance(log, nw.LazyFrame):
        facts = check_log(log, columns, rules)
        day = midnight_expression(columns.date, schema_of(log)[columns.date], engine_of(log))
        return DatedLog(log, day, facts.first_day, facts.last_day)
    days = read_log(log, columns, rules).days
    return DatedLog(log, days, int(days.min()), int(days.max()))


def _cut(log: EagerFrame, early: np.ndarray[Any, np.dtype[np.bool_]]) -> tuple[EagerFrame, EagerFrame]:
    """Give the early and the late rows; a log in order of time is cut in two pieces, which is faster by far."""
    n_early = int(np.count_nonzero(early))
    if early[:n_early].all():
        # Cloned, because before pandas 3 a piece that is written to would write to the log.
        sides = log[:n_early], log[n_early:]
        return sides if engine_of(log) != "pandas" else (sides[0].clone(), sides[1].clone())
    return log[np.flatnonzero(early)], log[np.flatnonzero(~early)]
