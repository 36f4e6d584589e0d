"""A transaction log's columns, and the rules that its rows must keep before anything is made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import AnyFrame, EagerFrame, engine_of, float_column, nw, schema_of
from customer_value._units import date_of, day_number
from customer_value._validation import require_columns, require_ids, require_lazy, require_rows, require_some
from customer_value.errors import InputError
from customer_value.transactions._periods import (
    Days,
    date_literal,
    day_numbers,
    midnight_expression,
    require_dates,
)

Floats = np.ndarray[Any, np.dtype[np.float64]]

_MAKER = "Name the columns with customer_id=, date= and amount=; clean_log(log, ...) brings an export into this form"
_NULL_ID = "clean_log(log, anonymous='drop') leaves rows without a customer out."
_NULL_DATE = "Leave such rows out, or find their dates: clean_log(log, ...) tells which text is no date."
_NULL_AMOUNT = "Leave such rows out, or set them to 0 where a purchase without a price is meant."
_NULL_ORDER = "order_id=None leaves the count of orders out."
_REFUNDS = "Negative amounts are refunds: refunds='net', 'match' or 'drop' says what becomes of them."


@dataclass(frozen=True, slots=True)
class LogColumns:
    """Names of the log's columns."""

    customer_id: str
    date: str
    amount: str
    order_id: str | None = None

    @property
    def names(self) -> list[str]:
        """Columns that are read."""
        return [c for c in (self.customer_id, self.date, self.amount, self.order_id) if c is not None]


@dataclass(frozen=True, slots=True)
class LogRules:
    """Bounds that a log's dates and amounts must keep; days are numbers from 1970-01-01, None is no bound."""

    first_day: int | None = None
    last_day: int | None = None
    early: str = ""  # what to do about rows before the first day
    late: str = ""
    refunds: bool = True


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What the checks learn on their way."""

    rows: int
    refunds: int
    first_day: int
    last_day: int


@dataclass(frozen=True, slots=True)
class LogArrays:
    """The rows of a log: keys as they were given, days as numbers, amounts as floats."""

    keys: nw.Series[Any]
    days: Days
    amounts: Floats
    orders: nw.Series[Any] | None


def log_columns(log: AnyFrame, customer_id: str, date: str, amount: str, order_id: str | None = None) -> LogColumns:
    """Check that the log has the columns named, that dates are dates and that amounts are numbers.

    The default name of `order_id` is used where there is such a column; any other name must be there.
    """
    schema = schema_of(log)
    if isinstance(order_id, str) and order_id == "order_id" and order_id not in schema:
        order_id = None
    columns = LogColumns(customer_id, date, amount, order_id)
    require_columns(log, [customer_id, date, amount, *columns.names[3:]], what="log", maker=_MAKER)
    if len(set(columns.names)) < len(columns.names):
        raise InputError(f"customer, date, amount and order must be different columns; got {columns.names}.")
    require_ids(customer_id, {"log": log})
    require_dates(schema[date], date, objects=isinstance(log, nw.DataFrame))
    if not schema[amount].is_numeric():
        raise InputError(f"{amount} must be numeric; its type is {schema[amount]}. clean_log(log, ...) converts it.")
    return columns


def read_log(log: EagerFrame, columns: LogColumns, rules: LogRules) -> LogArrays:
    """Return an eager log's columns, with every rule on its rows checked."""
    require_some(len(log), "log")
    keys, dates = log.get_column(columns.customer_id), log.get_column(columns.date)
    require_present(keys, _NULL_ID)
    require_present(dates, _NULL_DATE)
    days = day_numbers(dates)
    amounts = float_column(log.get_column(columns.amount))
    _check_amounts(amounts, columns.amount, rules)
    _check_days(days, columns.date, rules)
    orders = None if columns.order_id is None else log.get_column(columns.order_id)
    if orders is not None:
        require_present(orders, _NULL_ORDER)
    return LogArrays(keys, days, amounts, orders)


def _check_amounts(amounts: Floats, name: str, rules: LogRules) -> None:
    lowest, highest = float(amounts.min()), float(amounts.max())  # NaN, both of them, where one amount is
    if not (math.isfinite(lowest) and math.isfinite(highest)):
        require_rows(~np.isnan(amounts), f"{name} must not be null or NaN", _NULL_AMOUNT)
        require_rows(~np.isinf(amounts), f"{name} must be finite")
    if lowest < 0 and not rules.refunds:
        require_rows(amounts >= 0, f"{name} must be 0 or above with refunds='error'", _REFUNDS)


def _check_days(days: Days, name: str, rules: LogRules) -> None:
    if rules.last_day is not None and days.max() > rules.last_day:
        require_rows(days <= rules.last_day, *_late(name, rules.last_day, rules))
    if rules.first_day is not None and days.min() < rules.first_day:
        require_rows(days >= rules.first_day, *_early(name, rules.first_day, rules))


def check_log(log: nw.LazyFrame[Any], columns: LogColumns, rules: LogRules) -> LogFacts:
    """Check every rule on a lazy log's rows with one aggregate query."""
    engine, schema = engine_of(log), log.collect_schema()
    key, amount = nw.col(columns.customer_id), nw.col(columns.amount).cast(nw.Float64)
    # Dates are compared, not counted: a null date would stop Dask's arithmetic before its rule is told.
    date = midnight_expression(columns.date, schema[columns.date], engine)
    no_key = key.is_null() | key.is_nan() if schema[columns.customer_id].is_float() else key.is_null()
    checks: dict[str, tuple[nw.Expr, str]] = {
        f"{columns.customer_id} must not be null": (~no_key, _NULL_ID),
        f"{columns.date} must not be null": (~nw.col(columns.date).is_null(), _NULL_DATE),
        f"{columns.amount} must not be null or NaN": (~(amount.is_null() | amount.is_nan()), _NULL_AMOUNT),
        f"{columns.amount} must be finite": (amount.is_finite(), ""),
    }
    if columns.order_id is not None:
        checks[f"{columns.order_id} must not be null"] = (~nw.col(columns.order_id).is_null(), _NULL_ORDER)
    if not rules.refunds:
        checks[f"{columns.amount} must be 0 or above with refunds='error'"] = (amount >= 0, _REFUNDS)
    if rules.last_day is not None:
        rule, remedy = _late(columns.date, rules.last_day, rules)
        checks[rule] = (~(date > date_literal(rules.last_day, engine)), remedy)
    if rules.first_day is not None:
        rule, remedy = _early(columns.date, rules.first_day, rules)
        checks[rule] = (~(date < date_literal(rules.first_day, engine)), remedy)
    asked = {"refunds": (amount < 0).cast(nw.Int64).sum(), "first_day": date.min(), "last_day": date.max()}
    facts = require_lazy(log, checks, facts=asked)
    require_some(facts["n"], "log")
    first, last = (day_number(facts[name], columns.date) for name in ("first_day", "last_day"))
    return LogFacts(int(facts["n"]), int(facts["refunds"]), first, last)


def _late(name: str, day: int, rules: LogRules) -> tuple[str, str]:
    return f"{name} must not be after observation_end, {date_of(day)}", rules.late


def _early(name: str, day: int, rules: LogRules) -> tuple[str, str]:
    return f"{name} must be {date_of(day)} or later", rules.early


def require_one_library(frames: Mapping[str, AnyFrame]) -> None:
    """Raise unless the frames (argument -> frame) are of one library."""
    engines = [engine_of(frame) for frame in frames.values()]
    if len(set(engines)) > 1:
        raise InputError(f"{' and '.join(frames)} must be frames of one library; they are of {' and '.join(engines)}.")


def require_present(column: nw.Series[Any], remedy: str) -> None:
    """Raise where an eager column is null, or NaN; for a column without either this costs next to nothing."""
    if column.null_count() or (column.dtype.is_float() and column.is_nan().any()):
        missing = column.is_null() | column.is_nan() if column.dtype.is_float() else column.is_null()
        require_rows(np.asarray((~missing).to_numpy(), dtype=np.bool_), f"{column.name} must not be null", remedy)
