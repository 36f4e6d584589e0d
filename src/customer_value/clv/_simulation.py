"""Transaction logs as a purchase model and a spend model make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import Backend, Column, empty_frame, make_frame, timestamps
from customer_value._units import DAYS, GRAINS, Day, as_float, date_of, day_number, period_number, period_start
from customer_value._validation import require_backend, whole_number
from customer_value.clv._rows import Floats
from customer_value.clv._spend import SpendModel
from customer_value.errors import InputError

if TYPE_CHECKING:
    from customer_value.clv._base import PurchaseModel

_MOST_PURCHASES = 1e9
_DAY = 86_400_000_000  # microseconds

Moments = np.ndarray[Any, np.dtype[np.int64]]  # microseconds since 1970
Customers = np.ndarray[Any, np.dtype[np.intp]]


def require_size(model: PurchaseModel, n: int, length: float) -> None:
    """Raise where so many customers, observed for so long, may make more purchases than fit."""
    # Customers only leave, so later time units bring fewer purchases than the first.
    repeats = max(length, 1.0) * float(model._expected_purchases_new(model._theta, np.ones(1))[0])
    most = as_float(n) * (1 + repeats)
    if most > _MOST_PURCHASES:
        raise InputError(
            f"these arguments may make up to {most:.3g} purchases; at most {_MOST_PURCHASES:.0e} fit. Take fewer "
            "customers or a shorter duration."
        )


def simulate_log(
    model: PurchaseModel,
    n_customers: int,
    window: tuple[Day, Day | None, Day],
    spend_model: SpendModel | None,
    random_state: int,
    backend: Backend,
) -> Any:
    """Draw a log; `window` is the first day, the last day of first purchases, and the last day observed."""
    unit = _ruler(model)
    n = whole_number(n_customers, "n_customers", low=1)
    seed = whole_number(random_state, "random_state")
    require_backend(backend)
    _require_spend(spend_model)
    start, acquired, end = _days(*window)
    require_size(model, n, (end + 1 - start) / DAYS[unit])

    # Each part has a stream of its own: with another spend model, or without one, the dates are the same.
    of_firsts, of_repeats, of_amounts = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(3))
    # As integers, so that no sum of floats rounds a purchase into a day after the last.
    first = start * _DAY + (of_firsts.random(n) * (acquired + 1 - start) * _DAY).astype(np.int64)
    repeats = _in_periods if "opportunities" in model._columns else _in_time
    customer, moment = repeats(model, first, end, unit, of_repeats)

    counts = 1 + np.bincount(customer, minlength=n)
    whose = np.repeat(np.arange(n), counts)
    is_first = np.zeros(whose.size, dtype=bool)
    is_first[np.cumsum(counts) - counts] = True
    moments = np.empty(whose.size, dtype=np.int64)
    moments[is_first], moments[~is_first] = first, moment
    amounts = np.ones(whose.size)
    if spend_model is not None:
        amounts = spend_model._draw_amounts(spend_model._theta, counts, of_amounts)
    like = empty_frame(backend)
    log: dict[str, Column] = {
        "customer_id": whose + 1,
        "date": timestamps(moments.view("datetime64[us]"), like),
        "amount": amounts,
    }
    return make_frame(log, like).to_native()


def _in_time(
    model: PurchaseModel, first: Moments, end: int, unit: str, rng: np.random.Generator
) -> tuple[Customers, Moments]:
    """Repeat purchases at any moment, from each customer's first to the end of the last day."""
    last = (end + 1) * _DAY
    per_unit = DAYS[unit] * _DAY
    customer, time = model._draw_purchases(model._theta, (last - first) / per_unit, rng)
    moments = first[customer] + (time * per_unit).astype(np.int64)
    return customer, np.minimum(moments, last - 1)


def _in_periods(
    model: PurchaseModel, first: Moments, end: int, unit: str, rng: np.random.Generator
) -> tuple[Customers, Moments]:
    """Repeat purchases on the first day of calendar periods after each customer's first, up to the last whole one."""
    own = period_number(first // _DAY, unit)
    last_whole = int(period_number(np.array([end + 1]), unit)[0]) - 1
    opportunities: Floats = np.maximum(last_whole - own, 0).astype(np.float64)
    customer, number = model._draw_purchases(model._theta, opportunities, rng)
    periods = own[customer] + np.rint(number).astype(np.int64)
    return customer, np.asarray(period_start(periods, unit) * _DAY, dtype=np.int64)


def _ruler(model: PurchaseModel) -> str:
    model._require_fitted()
    unit = model.time_unit_
    if unit is None:
        raise InputError(
            "simulate_log needs the model's time unit to make dates: fit on a summary of summarize_customers, or give "
            "from_params(..., time_unit='week')."
        )
    if "opportunities" in model._columns and unit not in GRAINS:
        raise InputError(f"{type(model).__name__} needs calendar periods, {list(GRAINS)}; its time unit is {unit!r}.")
    return unit


def _require_spend(spend_model: object) -> None:
    if spend_model is None:
        return
    if not isinstance(spend_model, SpendModel):
        raise InputError(
            f"spend_model must be a spend model such as clv.GammaGamma(), or None for amounts of 1; got "
            f"{type(spend_model).__name__}."
        )
    spend_model._require_fitted()


def _days(start: Day, acquired_until: Day | None, observation_end: Day) -> tuple[int, int, int]:
    """Day numbers of a window, in order."""
    first, end = day_number(start, "start"), day_number(observation_end, "observation_end")
    acquired = first if acquired_until is None else day_number(acquired_until, "acquired_until")
    if not first <= acquired <= end:
        raise InputError(
            "start, acquired_until and observation_end must come in this order; got "
            f"{', '.join(str(date_of(day)) for day in (first, acquired, end))}."
        )
    return first, acquired, end
