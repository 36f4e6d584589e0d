"""What a frame tells of its customers, as expressions, and the rules that its columns must keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from customer_value._frames import AnyFrame, EagerFrame, column_names, holds_nulls_only, nw, schema_of
from customer_value._units import TIME_UNITS
from customer_value._validation import (
    LARGEST,
    SUMMARY_MAKER,
    require_columns,
    require_lazy,
    require_numeric,
    require_rows,
    require_some,
)
from customer_value.errors import InputError
from customer_value.lifecycle.lifecycle_schemes import LifecycleScheme

# Hidden columns hold what several expressions read, so that it is computed once.
_HIDDEN = "_lifecycle_"


def hidden(name: str) -> str:
    """Name of a hidden column."""
    return f"{_HIDDEN}{name}"


COUNT, SILENCE, GAP, RATIO, BACK = map(hidden, ("count", "silence", "gap", "ratio", "back"))
RULE, TAIL, TAIL_TEXT, BACK_TEXT = map(hidden, ("rule", "tail", "tail_text", "back_text"))

_BY_RETURN = ("last_gap", "own_weight", "usual_gap")  # what tells that a silence lay before the last purchase
_SMALLEST = 1e-6  # gap: below, ratios leave the numbers that can be written
_RHYTHM_MAKER = (
    "Where nobody bought twice yet, purchase_rhythm(log, population=...) fills it in, and in a history rhythm=, what "
    "fit_rhythm_population gave for a longer log."
)

_NOT_SECONDS = "Count periods, not nanoseconds."
_TIMES = {  # what is to be read as a time -> what it is
    "time_since_last": "It is the time since the last purchase.",
    "T": "It runs from the first purchase to observation_end.",
    "recency": "It runs from the first to the last purchase.",
}

Rules = dict[str, tuple[nw.Expr, str]]


@dataclass(frozen=True)
class Known:
    """Which columns a frame has, and what is asked of them."""

    names: frozenset[str]
    scheme: LifecycleScheme
    evidence: str
    own_gap: bool = True  # whether the frame's usual gap is used, where it has one
    unit: str = "day"  # what its times are in; what those of a frame without a ruler are taken to count

    @property
    def by_rhythm(self) -> bool:
        """Tell whether silences are held against the usual gap."""
        return self.scheme.needs_rhythm and self.evidence == "rhythm"

    @property
    def has_gap(self) -> bool:
        """Tell whether the frame brings its own usual gap, from `purchase_rhythm`."""
        return self.own_gap and "usual_gap" in self.names

    @property
    def shrinks(self) -> bool:
        """Tell whether the usual gap is computed from the summary and the population's."""
        return self.by_rhythm and not self.has_gap

    @property
    def tests_trend(self) -> bool:
        """Tell whether a falling rate can be tested."""
        return self.by_rhythm and "trend_p_value" in self.names

    @property
    def sees_return(self) -> bool:
        """Tell whether the silence before the last purchase is known."""
        needed = _BY_RETURN[:1] if self.scheme.fixed_days is not None else _BY_RETURN
        return "returned" in self.scheme.facts and self.names.issuperset(needed)

    @property
    def needs_silence(self) -> bool:
        """Tell whether the time since the last purchase is read."""
        return self.scheme.watches_silence or "tenured" in self.scheme.facts

    @property
    def counts_from_first(self) -> bool:
        """Tell whether the time since the last purchase is that since the first less that between the two."""
        return "time_since_last" not in self.names and "T" in self.names

    @property
    def needs_recency(self) -> bool:
        """Tell whether the time from the first to the last purchase is read."""
        return self.shrinks or "tenured" in self.scheme.facts

    def numbers(self) -> list[str]:
        """Columns that are read as numbers, those that others stand in for resolved."""
        read = [self._first("purchases", "frequency")]
        if self.needs_silence:
            read += ["T", "recency"] if self.counts_from_first else ["time_since_last"]
        if self.needs_recency:
            read += [self._first("recency", "mean_gap")]
        if self.by_rhythm and self.has_gap:
            read += ["usual_gap", *self.names.intersection(("silence_probability",))]
        if self.tests_trend:
            read.append("trend_p_value")
        if self.sees_return:
            read += [name for name in _BY_RETURN if name in self.names]
        if self.evidence != "rhythm":
            read.append(self.evidence)
        return list(dict.fromkeys([*read, *self.scheme.window_columns]))

    def _first(self, *names: str) -> str:
        """Return the first of the names that the frame has, for want of any the first."""
        return next((name for name in names if name in self.names), names[0])

    def counted(self) -> nw.Expr:
        """Number of purchases, 0 for a prospect."""
        count = _number("purchases") if "purchases" in self.names else _number("frequency") + 1
        return count.fill_null(0)

    def silence(self) -> nw.Expr:
        """Time since the last purchase."""
        return column("T") - column("recency") if self.counts_from_first else column("time_since_last")

    def recency(self) -> nw.Expr:
        """Time from the first to the last purchase."""
        if "recency" in self.names:
            return column("recency")
        return (column("mean_gap") * (nw.col(COUNT) - 1)).fill_null(0)


def column(name: str) -> nw.Expr:
    """Return a column of the frame as `check_frame` has read it: floats, what is no number null."""
    return nw.col(hidden(name))


def without_hidden(frame: AnyFrame, known: Known, made: Sequence[str]) -> AnyFrame:
    """Take the hidden columns off: all but the frame's own and those that were asked for."""
    kept = known.names.union(made)
    return frame.drop([name for name in column_names(frame) if name not in kept])


def _number(name: str) -> nw.Expr:
    value = nw.col(name).cast(nw.Float64)
    return nw.when(~value.is_nan()).then(value)


def check_frame(frame: AnyFrame, known: Known) -> tuple[AnyFrame, str | None]:
    """Check the columns that the scheme needs; return the frame with them read, and its ruler if it carries one."""
    needed = known.numbers()
    _require_present(frame, known, needed)
    schema = schema_of(frame)
    for name in needed:
        if not holds_nulls_only(frame, name):  # as of prospects only
            require_numeric(schema[name], name)
    units = {}
    if "time_unit" in known.names:
        if schema["time_unit"].is_nested():
            raise InputError(f"time_unit must hold one of {list(TIME_UNITS)}; its type is {schema['time_unit']}.")
        unit = nw.col("time_unit").cast(nw.String)
        units = {"low": unit.min(), "high": unit.max()}
    read = frame.with_columns(known.counted().alias(COUNT), *(_number(name).alias(hidden(name)) for name in needed))
    if known.needs_silence:
        read = read.with_columns(known.silence().alias(SILENCE))
    return read, _check(read, _rules(known), units)


def _require_present(frame: AnyFrame, known: Known, needed: Sequence[str]) -> None:
    windows = known.scheme.window_columns
    if windows:
        lengths = ", ".join(f'"{name.removeprefix("purchases_").removesuffix("m")} months"' for name in windows)
        require_columns(
            frame, windows, what="frame", maker=f"summarize_customers(log, ..., windows=[{lengths}]) makes them"
        )
    if known.evidence != "rhythm":
        maker = "score_churn" if known.evidence == "churn_probability" else "score_clv"
        require_columns(frame, [known.evidence], what="frame", maker=f"{maker} makes it")
    require_columns(frame, needed, what="summary", maker=SUMMARY_MAKER)


def _rules(known: Known) -> Rules:
    """Give every rule that the columns must keep, as expressions that hold in every sound row."""
    count = nw.col(COUNT)
    counter = "purchases" if "purchases" in known.names else "frequency"
    counted = column(counter)
    whole = counted.is_null() | ((counted >= 0) & (counted == counted.floor()))
    rules: Rules = {
        f"{counter} must be finite and below {LARGEST:.0e}": (count.is_finite() & (count < LARGEST), _NOT_SECONDS),
        f"{counter} must be a whole number, 0 or above": (
            whole, f"Null{' or 0' if counter == 'purchases' else ''} is a prospect, who bought nothing yet."
        ),
    }  # fmt: skip
    prospect = count < 1

    def each(name: str, ok: nw.Expr, rule: str, remedy: str = "") -> None:
        rules[f"{name} must {rule}"] = (prospect | ok.fill_null(False), remedy)

    def known_in_each(name: str, remedy: str) -> None:
        each(name, ~column(name).is_null(), "not be null or NaN", remedy)

    for name, told in _TIMES.items():
        if name in known.numbers():
            known_in_each(name, "Null is for prospects, who bought nothing yet: their purchases are null or 0.")
            each(name, column(name).abs() < LARGEST, f"be finite and below {LARGEST:.0e}", _NOT_SECONDS)
            each(name, column(name) >= 0, "be 0 or above", told)
    if known.needs_silence and known.counts_from_first:
        each("recency", nw.col(SILENCE) >= 0, "be <= T", "T runs on to observation_end.")
    if known.needs_recency:
        recency, name = known.recency(), "recency"
        if "recency" not in known.names:
            name = "mean_gap"
            each(name, recency < LARGEST, f"be finite and below {LARGEST:.0e} in sum", _NOT_SECONDS)
        agrees = ((count > 1) & (recency > 0)) | ((count <= 1) & (recency == 0))
        each(name, agrees, "be above 0 with several purchases, and 0 with one")
    if known.by_rhythm and known.has_gap:
        gap = column("usual_gap")
        known_in_each("usual_gap", _RHYTHM_MAKER)
        each("usual_gap", (gap >= _SMALLEST) & (gap < LARGEST), f"be finite and from {_SMALLEST:g} to {LARGEST:.0e}")
    for name in known.numbers():
        if name in ("silence_probability", "trend_p_value"):
            each(name, column(name).is_null() | _probability(name), "be finite and from 0 to 1")
    if known.evidence != "rhythm":
        known_in_each(
            known.evidence, 'Where data cannot tell it is null: leave these rows out, or take evidence="rhythm".'
        )
        each(known.evidence, _probability(known.evidence), "be finite and from 0 to 1")
    inner: nw.Expr = nw.lit(0.0)
    for name in known.scheme.window_columns:
        within = (column(name) >= inner) & (column(name) <= count)
        known_in_each(name, "It counts purchases, 0 where there are none.")
        each(name, within, "be finite and from the count of the shorter window to purchases")
        inner = column(name)
    return rules


def _probability(name: str) -> nw.Expr:
    return (column(name) >= 0) & (column(name) <= 1)


def _check(frame: AnyFrame, rules: Rules, units: dict[str, nw.Expr]) -> str | None:
    """Check the rules, in one query on a lazy frame; return the ruler."""
    if isinstance(frame, nw.LazyFrame):
        facts = require_lazy(frame, rules, units)
        require_some(int(facts["n"]), "frame")
    else:
        require_some(len(frame), "frame")
        _check_rows(frame, rules)
        facts = {name: frame.select(unit.alias("unit")).item() for name, unit in units.items()}
    low, high = facts.get("low"), facts.get("high")
    if not isinstance(low, str):  # no such column, or prospects only
        return None
    if low != high or low not in TIME_UNITS:
        raise InputError(
            f"time_unit must hold one of {list(TIME_UNITS)} in every row with a purchase; it holds {low} and {high}."
            if low != high
            else f"time_unit must hold one of {list(TIME_UNITS)}; it holds {low}."
        )
    return str(low)


def _check_rows(frame: EagerFrame, rules: Rules) -> None:
    kept = frame.select(*(ok.alias(f"rule{i}") for i, (ok, _) in enumerate(rules.values())))
    for i, (rule, (_, remedy)) in enumerate(rules.items()):
        require_rows(np.asarray(kept.get_column(f"rule{i}").to_numpy(), dtype=bool), rule, remedy)
