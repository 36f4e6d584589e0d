"""Who is lost by his own rhythm, or by P(alive): judged at the outcome window's end, in arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, float_column, nw, with_arrays
from customer_value._units import TimeUnit, date_of
from customer_value._validation import number
from customer_value.churn._windows import Window
from customer_value.errors import InputError
from customer_value.transactions._log import LogColumns
from customer_value.transactions._periods import day_numbers
from customer_value.transactions.rhythm import fit_rhythm_population, purchase_rhythm
from customer_value.transactions.rhythm_population import RhythmPopulation
from customer_value.transactions.summary import summarize_customers

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
Codes = np.ndarray[Any, np.dtype[np.int64]]

BASES = ("own rhythm", "own rhythm, shrunk", "population fallback", "p_alive", "no purchase", "p_alive unknown")
_OWN, _SHRUNK, _FALLBACK, _ALIVE, _NEVER, _UNKNOWN = range(len(BASES))
_OF_RHYTHM = {"own": _OWN, "shrunk": _SHRUNK, "population": _FALLBACK}


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether each customer is lost, whether nobody can tell, and by which of `BASES` that was decided."""

    churned: Flags
    unknown: Flags
    basis: Codes


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How much silence is too much: a multiple of the usual gap, which is the population's for one-time buyers."""

    multiple: float
    population: RhythmPopulation | None

    def judge(self, log: EagerFrame, seen: EagerFrame, columns: LogColumns, cutoff: int, window: Window) -> Judgement:
        """Compare each customer's silence on the window's last day with his usual gap before the cutoff."""
        known = _purchases_before(log, columns, cutoff)
        if not len(known):
            raise InputError("nobody bought before the cutoff, so there is no rhythm to judge by: take a later cutoff.")
        options: dict[str, Any] = {
            "observation_end": date_of(cutoff - 1),
            "customer_id": columns.customer_id,
            "date": columns.date,
            "amount": columns.amount,
        }
        population = self.population or fit_rhythm_population(known.to_native(), **options)
        rhythm = purchase_rhythm(known.to_native(), population=population, interval=None, time_unit="day", **options)
        of_each = nw.from_native(rhythm, eager_only=True).select(columns.customer_id, "usual_gap", "rhythm_basis")
        found = seen.join(of_each, on=columns.customer_id, how="left").sort(columns.customer_id)
        usual = float_column(found.get_column("usual_gap"))
        # Who first bought after the cutoff has no rhythm at it.
        usual = np.where(np.isnan(usual), population.gap, usual)
        latest = _days_or_nan(seen, "_latest")
        never = np.isnan(latest)
        churned = never | (window.end - 1 - latest >= self.multiple * usual)
        bases = [_OF_RHYTHM.get(basis, _FALLBACK) for basis in found.get_column("rhythm_basis").to_list()]
        return Judgement(churned, np.zeros(never.size, dtype=np.bool_), np.where(never, _NEVER, bases))


def read_rhythm(multiple: Any, population: Any) -> Rhythm:
    """Check the rules of a rhythm; purchases merge by day in it."""
    times = number(multiple, "multiple", low=0, open_ends=True)
    if population is None:
        return Rhythm(times, None)
    frozen = population if isinstance(population, RhythmPopulation) else RhythmPopulation.from_dict(population)
    return Rhythm(times, frozen)


def _purchases_before(log: EagerFrame, columns: LogColumns, day: int) -> EagerFrame:
    before = np.flatnonzero(day_numbers(log.get_column(columns.date)) < day)
    return log[before].filter(nw.col(columns.amount) >= 0)


@dataclass(frozen=True, slots=True)
class Alive:
    """Which probability of being alive is too low, and the model that knows it."""

    purchase_model: Any
    level: float

    def judge(self, log: EagerFrame, seen: EagerFrame, columns: LogColumns, cutoff: int, window: Window) -> Judgement:
        """Compare P(alive) at the end of the window's last day with the level; where it is unknown nobody can tell."""
        del cutoff  # what is known at the window's end decides
        key = columns.customer_id
        summary = summarize_customers(
            _purchases_before(log, columns, window.end).to_native(),
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
