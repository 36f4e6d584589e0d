"""Features as one expression body: lazy, and the same on polars, DuckDB and PySpark.

Rows that were known before the cutoff merge into days, days into customers. Nothing else is ever read, so a cutoff's
features cannot depend on what came after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from customer_value._frames import engine_of, nw
from customer_value._units import day_number
from customer_value._validation import require_lazy, require_some
from customer_value.churn._event_formulas import (
    ACTIVE_DAYS,
    BILLION,
    BILLIONTHS,
    COUNT,
    DISTINCT,
    EVENTS,
    EXPRESSIONS,
    FIRST,
    GAP_SQUARES,
    LARGEST_AMOUNT,
    LAST,
    LAST_OF,
    LONGEST_GAP,
    WHOLES,
    log_features,
    of,
)
from customer_value.churn._event_plan import EventLog, FeaturePlan, Moment, RosterColumns
from customer_value.churn._event_rules import (
    AMOUNT_SIZE,
    START,
    LogHistory,
    check_history,
    null_rules,
    warn_never_known,
)
from customer_value.errors import InputError
from customer_value.transactions._periods import date_literal, day_expression, midnight_expression
from customer_value.transactions._rhythm_relational import GAP, PERIOD, with_gaps

Lazy = nw.LazyFrame[Any]
Asked = tuple[str, nw.Expr, str]  # a number's name, what is merged into it, and how

_WITHOUT_ORDER = {"dask": "frame.compute()"}  # engines without windows over ordered rows, and the way out of them
_DAY, _KNOWN = nw.col(PERIOD), nw.col("_known")


def features_lazily(logs: Mapping[str, Lazy], roster: Lazy | None, plan: FeaturePlan) -> Lazy:
    """Make the features at each cutoff, stacked, in order of cutoff and customer."""
    key, engine = plan.logs[0].customer_id, engine_of(next(iter(logs.values())))
    if engine in _WITHOUT_ORDER:
        raise InputError(
            f"churn_features needs rows in order within each customer, which {engine} does not offer: "
            f"call {_WITHOUT_ORDER[engine]} on the logs first."
        )
    histories = [check_rows(logs[log.name], log, plan.moments) for log in plan.logs]
    for number, log in enumerate(plan.logs):
        check_history(histories[number], log, plan, defines=number == 0 and roster is None)
    told = [
        _Told(log_rows(logs[log.name], log, key), log, key, refunds=history.refunds > 0)
        for log, history in zip(plan.logs, histories, strict=True)
    ]
    people = None if roster is None or plan.roster is None else _roster_rows(roster, plan.roster)
    found = []
    for number, moment in enumerate(plan.moments):
        tables = [log.before(moment, plan.labels) for log in told]
        if people is None:
            tables[0] = tables[0].filter(nw.col(of(plan.logs[0].prefix, EVENTS)) > 0)
        else:
            tables.insert(0, _members(people, moment.cutoff, key))
        joined = reduce(lambda left, right: left.join(right, on=key, how="left"), tables)
        observed = [history.observed(number, moment) for history in histories]
        found.append(_finish(joined, plan, moment, observed, key, engine))
    stacked = found[0] if len(found) == 1 else nw.concat(found)
    return stacked.sort("cutoff", key)


def log_rows(frame: Lazy, log: EventLog, key: str) -> Lazy:
    """Give each row its day, the day on which it was known, its amount in whole numbers, and what it counts as."""
    day = day_expression(log.date).cast(nw.Int64)
    columns = [day.alias(PERIOD)]
    if log.available_at is not None:
        columns.append(day_expression(log.available_at).cast(nw.Int64).alias("_known"))
    columns += [nw.col(column).alias(f"_of_{column}") for column in log.distinct]
    columns += [_flag(_is_kind(kind.column, kind.values)).alias(f"_is_{kind.name}") for kind in log.kinds]
    if log.amount is None:
        return frame.select(key, *columns, nw.lit(1).cast(nw.Int64).alias("_event"))
    amount = nw.col(log.amount).cast(nw.Float64)
    split = frame.select(key, *columns, amount.alias("_amount"), amount.floor().alias("_floor"))
    billionths = ((nw.col("_amount") - nw.col("_floor")) * float(BILLION) + 0.5).floor()
    return split.with_columns(
        _flag(nw.col("_amount") >= 0).alias("_event"),
        nw.col("_floor").cast(nw.Int64).alias("_wholes"),
        billionths.cast(nw.Int64).alias("_billionths"),
    )


def _is_kind(column: str, values: tuple[Any, ...]) -> nw.Expr:
    return nw.col(column) == values[0] if len(values) == 1 else nw.col(column).is_in(values)


class _Told:
    """What one log tells; without a day on which rows were known, days and gaps are the same for every cutoff."""

    def __init__(self, rows: Lazy, log: EventLog, key: str, *, refunds: bool) -> None:
        self._rows, self._log, self._key, self._refunds = rows, log, key, refunds
        self._of_all_cutoffs = self._days(rows) if log.available_at is None else None

    def _days(self, rows: Lazy) -> tuple[Lazy, Lazy]:
        """Merge rows into each customer's days, and give active days the gap to the one before.

        A day of refunds only has a value, and is not one on which the customer was active.
        """
        sums = ["_event", *(["_wholes", "_billionths"] if self._log.amount is not None else [])]
        sums += [f"_is_{kind.name}" for kind in self._log.kinds]
        days = rows.group_by(self._key, PERIOD).agg(*(nw.col(name).sum().cast(nw.Int64) for name in sums))
        active = days.filter(nw.col("_event") > 0) if self._refunds else days
        with_gap: Any = with_gaps(active, [self._key])
        return (days if self._refunds else with_gap), with_gap

    def before(self, moment: Moment, labels: tuple[str, ...]) -> Lazy:
        """Count and sum what the log had told of each customer before a cutoff."""
        log, key, before = self._log, self._key, moment.cutoff > _DAY
        spans = dict(zip(labels, moment.starts, strict=True))
        if self._of_all_cutoffs is None:
            known = self._rows.filter(before & (moment.cutoff > _KNOWN))
            days, active = self._days(known)
        else:
            known = self._rows.filter(before)
            days, active = (frame.filter(before) for frame in self._of_all_cutoffs)
        sums, extremes = _of_days(log, spans), _of_active_days(spans)
        if self._refunds:
            tables = [_merge(days, sums, log, key), _merge(active, extremes, log, key)]
        else:
            tables = [_merge(active, [*sums, *extremes], log, key)]
        tables += [_distinct(known, column, spans, log, key) for column in log.distinct]
        return reduce(lambda left, right: left.join(right, on=key, how="left"), tables)


def _of_days(log: EventLog, spans: Mapping[str, int]) -> list[Asked]:
    """List what is asked of all days: sums in all and per lookback, and the last day of each kind."""
    numbers = {EVENTS: nw.col("_event")}
    if log.amount is not None:
        numbers |= {WHOLES: nw.col("_wholes"), BILLIONTHS: nw.col("_billionths")}
    numbers |= {of(COUNT, kind.name): nw.col(f"_is_{kind.name}") for kind in log.kinds}
    asked: list[Asked] = [(name, column, "sum") for name, column in numbers.items()]
    asked += [(of(n, s), _since(start, column), "sum") for n, column in numbers.items() for s, start in spans.items()]
    for kind in log.kinds:
        asked.append((of(LAST_OF, kind.name), nw.when(numbers[of(COUNT, kind.name)] > 0).then(_DAY), "max"))
    return asked


def _of_active_days(spans: Mapping[str, int]) -> list[Asked]:
    gap, one = nw.col(GAP).fill_null(0), nw.lit(1).cast(nw.Int64)
    return [
        (FIRST, _DAY, "min"),
        (LAST, _DAY, "max"),
        (ACTIVE_DAYS, one, "sum"),
        *((of(ACTIVE_DAYS, s), _since(start, one), "sum") for s, start in spans.items()),
        (GAP_SQUARES, gap * gap, "sum"),
        (LONGEST_GAP, gap, "max"),
    ]


def _merge(days: Any, asked: list[Asked], log: EventLog, key: str) -> Lazy:
    """Merge each customer's days: sums, least and greatest, under the log's prefix."""
    made = days.select(key, *(expression.alias(of(log.prefix, name)) for name, expression, _ in asked))
    merged: Lazy = made.group_by(key).agg(
        *(getattr(nw.col(of(log.prefix, name)), how)().cast(nw.Int64) for name, _, how in asked)
    )
    return merged


def _distinct(known: Lazy, column: str, spans: Mapping[str, int], log: EventLog, key: str) -> Lazy:
    """Count the values of a column that a customer had: one was had in a lookback where its last day falls there."""
    value = f"_of_{column}"
    had = known.filter((nw.col("_event") > 0) & ~nw.col(value).is_null())
    last = had.group_by(key, value).agg(_DAY.max())
    asked = [(of(DISTINCT, column), nw.lit(1).cast(nw.Int64), "sum")]
    asked += [(of(DISTINCT, column, s), _since(start, nw.lit(1)), "sum") for s, start in spans.items()]
    return _merge(last, asked, log, key)


def _since(start: int, number: nw.Expr) -> nw.Expr:
    return nw.when(start <= _DAY).then(number).otherwise(nw.lit(0)).cast(nw.Int64)


def _flag(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)


def _finish(
    joined: Lazy, plan: FeaturePlan, moment: Moment, observed: list[tuple[bool, ...]], key: str, engine: str
) -> Lazy:
    """Turn counts into features; a customer of whom a log tells nothing has counts of 0 there."""
    names = [name for name in joined.collect_schema().names() if name != key]
    counts = joined.with_columns(nw.col(name).fill_null(0) for name in names)
    made: list[nw.Expr] = [nw.col(key), date_literal(moment.cutoff, engine).alias("cutoff")]
    if plan.roster is not None and plan.roster.start is not None:
        made.append((moment.cutoff - nw.col(START)).alias("days_since_start"))
    for log, seen in zip(plan.logs, observed, strict=True):
        base = {
            name.removeprefix(of(log.prefix, "")): nw.col(name) for name in names if name.startswith(of(log.prefix, ""))
        }
        for feature in log_features(base, log, moment, plan.labels, seen, EXPRESSIONS):
            value = feature.value.cast(nw.Int64 if feature.whole else nw.Float64)
            if feature.known is False:
                value = nw.lit(None).cast(nw.Int64 if feature.whole else nw.Float64)
            elif feature.known is not True:
                value = nw.when(feature.known).then(value)
            made.append(value.alias(f"{log.prefix}{feature.name}"))
    return counts.select(*made)


def _roster_rows(roster: Lazy, columns: RosterColumns) -> Lazy:
    key = columns.customer_id
    rules = null_rules(key, roster.collect_schema()[key].is_float(), columns.start)
    require_some(int(require_lazy(roster, rules)["n"]), "roster")
    made = {"_start": columns.start, "_end": columns.end, "_known": columns.available_at}
    days = (day_expression(c).cast(nw.Int64).alias(name) for name, c in made.items() if c is not None)
    return roster.select(key, *days)


def _members(people: Lazy, cutoff: int, key: str) -> Lazy:
    """Return the customers of the roster who are customers at the cutoff, as far as known then, and their first day."""
    there = set(people.collect_schema().names())
    for column in ("_start", "_known"):
        if column in there:
            people = people.filter(nw.col(column) < cutoff)
    runs = people.filter(nw.col("_end").is_null() | (nw.col("_end") >= cutoff)) if "_end" in there else people
    members = runs.select(key).unique()
    if "_start" not in there:
        return members
    return members.join(people.group_by(key).agg(nw.col("_start").min().alias(START)), on=key, how="left")


def check_rows(frame: Lazy, log: EventLog, moments: tuple[Moment, ...]) -> LogHistory:
    """Check every rule on a lazy log's rows, and learn from when to when it runs, with one aggregate query."""
    schema, engine = frame.collect_schema(), engine_of(frame)
    key = log.customer_id
    rules = null_rules(key, schema[key].is_float(), log.date)
    facts: dict[str, nw.Expr] = {}
    if log.amount is not None:
        amount = nw.col(log.amount).cast(nw.Float64)
        rules[f"{log.amount} must not be null or NaN"] = (~(amount.is_null() | amount.is_nan()), "")
        rules[AMOUNT_SIZE.format(log.amount)] = (amount.abs() < LARGEST_AMOUNT, "")
        facts["refunds"] = _flag(amount < 0).sum()
    # Dates are compared, not counted, so that a null one is told of by its rule.
    date = midnight_expression(log.date, schema[log.date], engine)
    last = date_literal(max(moment.cutoff for moment in moments), engine)
    if log.available_at is not None:
        facts["unknown"] = _flag((date < last) & nw.col(log.available_at).is_null()).sum()
        known = midnight_expression(log.available_at, schema[log.available_at], engine)
    for number, moment in enumerate(moments):
        cutoff = date_literal(moment.cutoff, engine)
        before = date < cutoff if log.available_at is None else (date < cutoff) & (known < cutoff)
        facts[f"first{number}"] = nw.when(before).then(date).min()
        facts[f"last{number}"] = nw.when(before).then(date).max()
    try:
        told = require_lazy(frame, rules, facts=facts)
    except InputError as error:
        raise InputError(f"{log.what}: {error}" if log.name else str(error)) from None
    warn_never_known(int(told.get("unknown") or 0), log)
    days = tuple((_day(told[f"first{n}"]), _day(told[f"last{n}"])) for n in range(len(moments)))
    return LogHistory(int(told["n"]), int(told.get("refunds") or 0), days, log.observed_from)


def _day(date: Any) -> int | None:
    """Return the number of a day that a query found; none, where it found no row (null, or NaT in pandas' kin)."""
    return None if date is None or date != date else day_number(date, "date")
