"""Who is lost by his own rhythm, or by P(alive): judged at the outcome window's end, in arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, float_column, nw, with_arrays
from customer_value._units import TimeUnit, date_of
from customer_value._validation import number, whole_number
from customer_value.churn._windows import Window, read_span
from customer_value.errors import InputError
from customer_value.transactions._log import LogColumns
from customer_value.transactions._periods import day_numbers
from customer_value.transactions._plan import DAYS_PER
from customer_value.transactions.summary import summarize_customers

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
Codes = np.ndarray[Any, np.dtype[np.int64]]

BASES = ("own rhythm", "population fallback", "p_alive", "no purchase", "p_alive unknown")
_OWN, _FALLBACK, _ALIVE, _NEVER, _UNKNOWN = range(len(BASES))


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether each customer is lost, whether nobody can tell, and by which of `BASES` that was decided."""

    churned: Flags
    unknown: Flags
    basis: Codes


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How much silence is too much: a multiple of the usual gap, which is the population's below `min_gaps` gaps."""

    multiple: float
    min_gaps: int
    fallback_gap: int | None

    def judge(self, log: EagerFrame, seen: EagerFrame, columns: LogColumns, window: Window) -> Judgement:
        """Compare each customer's silence on the window's last day with his usual gap before the cutoff."""
        del log, columns  # what was seen of the customers is enough
        gaps = np.maximum(seen.get_column("_days").to_numpy() - 1, 0)
        first, last, latest = (_days_or_nan(seen, column) for column in ("_first", "_last", "_latest"))
        own = gaps >= self.min_gaps
        usual = np.full(gaps.size, np.nan)
        usual[own] = (last - first)[own] / gaps[own]
        usual[~own] = self._population_gap(usual[own]) if not own.all() else np.nan
        never = np.isnan(latest)
        silent = window.end - 1 - latest
        churned = never | (silent >= self.multiple * usual)
        basis = np.where(never, _NEVER, np.where(own, _OWN, _FALLBACK))
        return Judgement(churned, np.zeros(gaps.size, dtype=np.bool_), basis)

    def _population_gap(self, usual: Floats) -> float:
        if self.fallback_gap is not None:
            return float(self.fallback_gap)
        if not usual.size:
            raise InputError(
                f"no customer has {self.min_gaps} gaps between purchases before the cutoff, so there is no rhythm to "
                "judge the others by: give fallback_gap, such as '30 days', or use definition='silence'."
            )
        return float(np.median(usual))


def read_rhythm(multiple: Any, min_gaps: Any, fallback_gap: Any) -> Rhythm:
    """Check the rules of a rhythm; its gaps are counted in days."""
    days = None
    if fallback_gap is not None:
        count, unit = read_span(fallback_gap, "fallback_gap")
        if unit not in DAYS_PER:
            raise InputError(f"fallback_gap must be in days or weeks; got {fallback_gap!r}.")
        days = count * DAYS_PER[unit]
    times = number(multiple, "multiple", low=0, open_ends=True)
    return Rhythm(times, whole_number(min_gaps, "min_gaps", low=1), days)


@dataclass(frozen=True, slots=True)
class Alive:
    """Which probability of being alive is too low, and the model that knows it."""

    purchase_model: Any
    level: float

    def judge(self, log: EagerFrame, seen: EagerFrame, columns: LogColumns, window: Window) -> Judgement:
        """Compare P(alive) at the end of the window's last day with the level; where it is unknown nobody can tell."""
        key = columns.customer_id
        inside = np.flatnonzero(day_numbers(log.get_column(columns.date)) < window.end)
        summary = summarize_customers(
            log[inside].filter(nw.col(columns.amount) >= 0).to_native(),
            observation_end=date_of(window.end - 1),
            customer_id=key,
            date=columns.date,
            amount=columns.amount,
            order_id=None,
            time_unit=_ruler_of(self.purchase_model),
        )
        alive = np.asarray(self.purchase_model.probability_alive(summary), dtype=np.float64)
        of_each = with_arrays(nw.from_native(summary, eager_only=True).select(key), {"_alive": alive})
        found = float_column(seen.join(of_each, on=key, how="left").sort(key).get_column("_alive"))
        never = np.asarray(seen.get_column("_latest").is_null().to_numpy(), dtype=np.bool_)
        unknown = np.isnan(found) & ~never
        basis = np.where(never, _NEVER, np.where(unknown, _UNKNOWN, _ALIVE))
        return Judgement(never | (found < self.level), unknown, basis)


def read_alive(purchase_model: Any, level: Any) -> Alive:
    """Check the level, and that there is a purchase model to compare with it."""
    if not callable(getattr(purchase_model, "probability_alive", None)):
        raise InputError(
            "definition='p_alive' needs purchase_model, a fitted model with probability_alive(summary), such as "
            f"clv.ParetoNBD().fit(summary); got {type(purchase_model).__name__}."
        )
    return Alive(purchase_model, number(level, "level", low=0, high=1, open_ends=True))


def _ruler_of(purchase_model: Any) -> TimeUnit:
    unit = getattr(purchase_model, "time_unit_", None)
    if unit is None:
        raise InputError(
            "purchase_model must know its time unit, so that a summary can be made on its ruler: fit it on a frame of "
            "summarize_customers, or give from_params(..., time_unit='week')."
        )
    ruler: TimeUnit = unit
    return ruler


def _days_or_nan(seen: EagerFrame, column: str) -> Floats:
    """Days as numbers, NaN where a customer has none."""
    values = seen.get_column(column)
    missing = np.asarray(values.is_null().to_numpy(), dtype=np.bool_)
    days = np.full(len(values), np.nan)
    if not missing.all():
        days[~missing] = day_numbers(values.drop_nulls())
    return days
