"""Every rule on data and arguments, in one place. Rules raise `InputError`: rule, how many rows, which, what to do."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from customer_value._frames import (
    BACKENDS,
    AnyFrame,
    EagerFrame,
    column_names,
    float_column,
    index_names,
    nw,
)
from customer_value._optional import import_optional
from customer_value._units import TIME_UNITS, as_float
from customer_value.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]

MOST_POINTS = 100_000  # of a curve: more than any picture shows
MOST_RESAMPLES = 1_000_000
LARGEST = 1e9  # of a count or a time: more periods than any history has, and far from where rounding begins
MOST_OPPORTUNITIES = 100_000  # a likelihood looks at each one
SUMMARY_MAKER = "summarize_customers(log, observation_end=...) makes them"
OPPORTUNITIES_MAKER = 'summarize_opportunities(log, grain="year", observation_end=...) makes them'
_COUNTING = f"{OPPORTUNITIES_MAKER.removesuffix(' makes them')} counts them."


def require_columns(frame: AnyFrame, columns: Iterable[str], *, what: str, maker: str = "") -> None:
    """Raise unless the frame has the columns; list those there are and name the function that makes them."""
    there = column_names(frame)
    for column in columns:
        if not isinstance(column, str):
            raise InputError(f"a column of the {what} is named by text; got {column!r}.")
    missing = [column for column in columns if column not in there]
    if missing:
        near = difflib.get_close_matches(missing[0], [name for name in there if isinstance(name, str)], n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        if missing[0] in index_names(frame):
            hint = f" {missing[0]!r} is its index: frame.reset_index() makes a column of it."
        remedy = f" {maker}." if maker else ""
        raise InputError(f"the {what} lacks {missing}; it has {there}.{hint}{remedy}")


def require_text_names(frame: AnyFrame, what: str) -> None:
    """Raise where columns have names that are no texts, as pandas allows: expressions cannot speak of them."""
    odd = [name for name in column_names(frame) if not isinstance(name, str)]
    if odd:
        raise InputError(f"columns of the {what} must be named by text; it has {odd}. Rename them, or leave them out.")


def require_choice(name: str, value: Any, options: Sequence[str]) -> None:
    """Raise unless the value is one of the options; suggest the nearest."""
    if isinstance(value, str) and value in options:
        return
    near = difflib.get_close_matches(str(value), options, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise InputError(f"{name} must be one of {list(options)}; got {value!r}.{hint}")


def require_rows(
    ok: np.ndarray[Any, np.dtype[np.bool_]], rule: str, remedy: str = "", counts: Floats | None = None
) -> None:
    """Raise unless the rule holds in every row; say how many and which rows break it.

    With `counts` each row stands for that many of the caller's rows, whose positions are not known.
    """
    if ok.all():
        return
    if counts is not None:
        raise InputError(broken_rule(rule, round(counts[~ok].sum()), round(counts.sum()), (), remedy))
    bad = np.flatnonzero(~ok)
    raise InputError(broken_rule(rule, bad.size, ok.size, bad[:3].tolist(), remedy))


def broken_rule(rule: str, bad: int, n: int, rows: Sequence[int] = (), remedy: str = "") -> str:
    """Build the sentence that tells of a broken rule; `rows` are the first row positions that break it."""
    where = f" (rows {', '.join(map(str, rows))}{', ...' if bad > len(rows) else ''})" if rows else ""
    verb = "is" if bad == 1 else "are"
    kept = "" if " must not " in rule else " not"  # "must not be null; 2 of 4 rows are"
    return f"{rule}; {bad} of {n} rows {verb}{kept}{where}." + (f" {remedy}" if remedy else "")


def few(items: Sequence[object], most: int = 3) -> str:
    """List the first of some items in words."""
    return ", ".join([*map(str, items[:most]), *(["..."] if len(items) > most else [])])


def require_lazy(
    frame: nw.LazyFrame[Any],
    rules: Mapping[str, tuple[nw.Expr, str]],
    facts: Mapping[str, nw.Expr] | None = None,
) -> dict[str, Any]:
    """Check rules (text -> expression that must be true, remedy) on a lazy frame at the cost of one aggregate query.

    Returns the number of rows as ``"n"`` and whatever aggregates `facts` asks for in the same query.
    """
    facts = facts or {}
    row = frame.select(
        nw.len().cast(nw.Int64).alias("n"),
        *((~ok).cast(nw.Int64).sum().alias(f"rule{i}") for i, (ok, _) in enumerate(rules.values())),
        *(fact.alias(name) for name, fact in facts.items()),
    ).collect()
    counts = dict(zip(row.columns, row.row(0), strict=True))
    for i, (rule, (_, remedy)) in enumerate(rules.items()):
        if bad := counts[f"rule{i}"]:
            raise InputError(broken_rule(rule, int(bad), int(counts["n"]), (), remedy))
    return {name: counts[name] for name in ("n", *facts)}


def require_some(n: int, what: str) -> None:
    """Raise on a frame without rows."""
    if n == 0:
        raise InputError(f"the {what} is empty: no rows to work on.")


def number(value: Any, name: str, *, low: float = -math.inf, high: float = math.inf, open_ends: bool = False) -> float:
    """Return a finite number within bounds, or raise."""
    numeric = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    inside = numeric and math.isfinite(as_float(value)) and (low < value < high if open_ends else low <= value <= high)
    if not inside:
        bounds = {(-math.inf, math.inf): "a finite number"}.get(
            (low, high),
            f"above {low:g}"
            if high == math.inf and open_ends
            else f"{low:g} or above"
            if high == math.inf
            else f"{'between' if open_ends else 'from'} {low:g} {'and' if open_ends else 'to'} {high:g}",
        )
        raise InputError(f"{name} must be {bounds}; got {value!r}.")
    return float(value)


def whole_number(value: Any, name: str, *, low: int = 0, high: float = math.inf) -> int:
    """Return a whole number within bounds, or raise."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
        bounds = f", {low} or above" if high == math.inf else f" from {low} to {high:,}"
        raise InputError(f"{name} must be a whole number{bounds}; got {value!r}.")
    return int(value)


def text_value(value: Any, name: str, *, empty: bool = False) -> str:
    """Return a text, not empty unless that is allowed, or raise."""
    if not isinstance(value, str) or not (value or empty):
        raise InputError(f"{name} must be a {'' if empty else 'non-empty '}text; got {value!r}.")
    return value


def optional_text(value: Any, name: str) -> str | None:
    """Return a text, or None where none is given, or raise."""
    return None if value is None else text_value(value, name)


def name_list(values: Any, name: str, of: str = "column") -> list[str]:
    """Return a list of names; raise on one text, whose letters would be taken for names, and on what is no list."""
    try:
        names = None if isinstance(values, (str, bytes)) else list(values)
    except TypeError:
        names = None
    if names is None or not all(isinstance(each, str) for each in names):
        hint = f": write [{values!r}]" if isinstance(values, str) else ""
        what = "the text " if isinstance(values, str) else ""
        raise InputError(f"{name} must be a list of {of} names; got {what}{values!r}{hint}.")
    return names


def truth_value(value: Any, name: str) -> bool:
    """Return True or False, or raise: the text "False" would be true."""
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(f"{name} must be True or False; got {value!r}.")
    return bool(value)


def float_array(values: Any, name: str) -> Floats:
    """Return a sequence of numbers as float64 in one dimension, missing ones as NaN, or raise."""
    try:
        array = np.asarray(values)
        numbers = np.atleast_1d(array.astype(np.float64)) if array.dtype.kind in "iufO" else None
    except (TypeError, ValueError, OverflowError):
        numbers = None
    if numbers is None or numbers.ndim != 1:
        raise InputError(f"{name} must be numbers in one dimension; got {values!r}.")
    return numbers


def whole_counts(values: Any, name: str) -> Floats:
    """Return whole numbers from 0 on as an array with at least one of them."""
    counts = float_array(values, name)
    whole = (counts >= 0) & (counts == np.floor(counts)) & (counts < LARGEST)
    require_rows(whole, f"{name} must be whole numbers from 0 to below {LARGEST:.0e}")
    if not counts.size:
        raise InputError(f"{name} must hold at least one number; got none.")
    return counts


def interval_level(interval: Any) -> float | None:
    """Return the coverage of an interval, strictly between 0 and 1, or None."""
    return None if interval is None else number(interval, "interval", low=0, high=1, open_ends=True)


def require_numeric(dtype: Any, column: str) -> None:
    """Raise unless a column's type is one of numbers (decimals count, truth values do not)."""
    if not dtype.is_numeric():
        raise InputError(
            f"{column} must be numeric; its type is {dtype}. Convert it first (clean_log does, for a log)."
        )


def require_ids(column: str, frames: Mapping[str, AnyFrame]) -> None:
    """Raise unless a column can name customers and has one type in all frames (what each is -> the frame)."""
    types = {what: frame.collect_schema()[column] for what, frame in frames.items()}
    if any(dtype.is_nested() for dtype in types.values()):
        raise InputError(f"{column} must hold text or whole numbers; its type is {next(iter(types.values()))}.")
    if len(set(types.values())) > 1:
        each = " and ".join(f"{dtype} in the {what}" for what, dtype in types.items())
        raise InputError(
            f"{column} must have one type in both frames; it is {each}. Cast one of them. (In pandas, whole numbers "
            "beside a missing one are floats.)"
        )


def numeric_column(
    frame: EagerFrame, column: str, *, what: str, nulls: bool = False, counts: Floats | None = None
) -> Floats:
    """Return a column as float64; raise unless it is numeric and finite (nulls become NaN where allowed)."""
    require_columns(frame, [column], what=what)
    return _numbers(frame.get_column(column), nulls=nulls, counts=counts)


def _numbers(series: nw.Series[Any], *, nulls: bool, counts: Floats | None) -> Floats:
    if nulls and not series.dtype.is_numeric() and series.null_count() == len(series):
        return np.full(len(series), np.nan)  # a column of which nothing is known has no type, or that of objects
    require_numeric(series.dtype, series.name)
    values = float_column(series)
    if not np.isfinite(values).all():
        require_rows(~np.isinf(values), f"{series.name} must be finite", counts=counts)
        require_rows(~np.isnan(values) | nulls, f"{series.name} must not be null or NaN", counts=counts)
    return values


def truth_column(frame: EagerFrame, column: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return a column of truth values; raise where one is missing, or where it holds something else."""
    series = frame.get_column(column)
    if not isinstance(series.dtype, nw.Boolean) or series.null_count():
        raise InputError(f"{column} must be true or false in every row; its type is {series.dtype}.")
    return np.array(series.to_list(), dtype=np.bool_)


def summary_arrays(
    frame: EagerFrame, columns: Sequence[str], *, counts: Floats | None = None, maker: str = SUMMARY_MAKER
) -> dict[str, Floats]:
    """Return a customer summary's columns as float64, with every rule that a model relies on checked.

    `monetary_value` may be null (a customer without a repeat); nothing else may. `counts` are those of `require_rows`.
    """
    require_columns(frame, columns, what="summary", maker=maker)
    require_some(len(frame), "summary")
    arrays = {c: _numbers(frame.get_column(c), nulls=c == "monetary_value", counts=counts) for c in columns}

    def check(ok: np.ndarray[Any, np.dtype[np.bool_]], rule: str, remedy: str = "") -> None:
        require_rows(ok, rule, remedy, counts)

    for name in ("frequency", "purchases", "recency", "T"):
        if name in arrays:
            check(arrays[name] < LARGEST, f"{name} must be below {LARGEST:.0e}", "Count periods, not nanoseconds.")
    for name, counted in (("frequency", "repeat purchase periods"), ("purchases", "purchase periods")):
        if name in arrays:
            check(arrays[name] >= 0, f"{name} must be 0 or above")
            check(arrays[name] == np.floor(arrays[name]), f"{name} must be a whole number: it counts {counted}")
    if {"frequency", "monetary_value"} <= set(arrays):
        check(
            (arrays["frequency"] == 0) | ~np.isnan(arrays["monetary_value"]),
            "monetary_value must not be null where frequency is above 0",
            "It is the mean amount of the repeat purchases.",
        )
    if "T" in arrays:
        check(arrays["T"] >= 0, "T must be 0 or above", "It runs from the first purchase to observation_end.")
    if "recency" in arrays:
        t_x = arrays["recency"]
        check(t_x >= 0, "recency must be 0 or above")
        if "opportunities" in arrays:
            counted = "recency must be a whole number: the number of the last opportunity with a purchase"
            check(t_x == np.floor(t_x), counted, f"{_COUNTING} Times are for models such as clv.BGNBD.")
        if "T" in arrays:
            # Other tools' division by the ruler can round recency just past T; more than rounding is an error.
            T = arrays["T"]
            check(
                t_x <= T * (1 + 1e-9),
                "recency must be <= T",
                "recency runs from the first to the last purchase; time since the last one is time_since_last.",
            )
            arrays["recency"] = np.minimum(t_x, T)
        if "frequency" in arrays:
            check(
                (arrays["frequency"] > 0) | (t_x == 0),
                "recency must be 0 where frequency is 0",
                "Without a repeat purchase the last purchase is the first.",
            )
    if "opportunities" in arrays:
        _check_opportunities(arrays, check)
    return arrays


def _check_opportunities(arrays: Mapping[str, Floats], check: Callable[..., None]) -> None:
    """Check the rules of counted time: opportunities, and the number of the one that was used last."""
    n = arrays["opportunities"]
    within = (n >= 0) & (n <= MOST_OPPORTUNITIES)
    check(within, f"opportunities must be from 0 to {MOST_OPPORTUNITIES:,}", "Take a coarser grain.")
    check(n == np.floor(n), "opportunities must be a whole number: it counts occasions to buy", _COUNTING)
    if "recency" in arrays:
        check(
            arrays["recency"] <= n,
            "recency must be <= opportunities",
            "It is the number of the last one with a purchase.",
        )
    for name in ("recency", "opportunities"):
        if "frequency" in arrays and name in arrays:
            check(arrays["frequency"] <= arrays[name], f"frequency must be <= {name}", "One purchase per opportunity.")


def time_unit_of(frame: EagerFrame) -> str | None:
    """Return the ruler that travels with a summary, None if the frame carries none; raise if there are several."""
    if "time_unit" not in frame.columns or len(frame) == 0:
        return None
    column = frame.get_column("time_unit")
    try:
        several = not column.dtype.is_nested() and column.n_unique() != 1
        units = (column.unique() if several else column.head(1)).to_list()
    except TypeError:  # Python objects such as lists, which no set holds
        units = column.head(1).to_list()
    if len(units) != 1 or units[0] not in TIME_UNITS:
        raise InputError(
            f"time_unit must hold one of {list(TIME_UNITS)} in every row; it holds {sorted(map(str, units))}."
        )
    return str(units[0])


def require_same_ruler(model_unit: str | None, summary_unit: str | None, model: str) -> None:
    """Raise where a model fitted on one ruler meets a summary on another."""
    if model_unit is not None and summary_unit is not None and model_unit != summary_unit:
        raise InputError(
            f"{model} was fitted in {model_unit}s and this summary is in {summary_unit}s. "
            f"Make the summary with summarize_customers(..., time_unit={model_unit!r}), or fit on this one."
        )


def require_backend(backend: Any) -> None:
    """Raise unless the backend is a dataframe library that we make frames in, and is installed."""
    require_choice("backend", backend, BACKENDS)
    import_optional(backend, what=f"backend={backend!r}", install=backend)


def saved_values(text: Any, name: str, schema: int = 1) -> dict[str, Any]:
    """Return what a scheme's `to_json` wrote; raise unless it is JSON of this class name and schema."""
    try:
        saved = json.loads(text)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}.from_json reads the text that to_json wrote; {error}.") from None
    if not isinstance(saved, dict) or saved.get("model") != name or saved.get("schema") != schema:
        raise InputError(f"{name} reads schemes of its own class and schema {schema}; got {text[:80]!r}.")
    return saved
