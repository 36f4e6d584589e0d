"""Time and money units: grains, rulers, horizons, discount rates. A year is 365.25 days, a month a twelfth of it."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any, Literal, get_args

import numpy as np

from customer_value.errors import DataWarning, InputError, warn

Grain = Literal["day", "week", "month", "quarter", "year"]
TimeUnit = Literal["hour", "day", "week", "month", "quarter", "year"]
Day = str | dt.date | np.datetime64

GRAINS: tuple[str, ...] = get_args(Grain)
TIME_UNITS: tuple[str, ...] = get_args(TimeUnit)
DAYS_PER_YEAR = 365.25
DAYS: dict[str, float] = {
    "hour": 1 / 24,
    "day": 1.0,
    "week": 7.0,
    "month": DAYS_PER_YEAR / 12,
    "quarter": DAYS_PER_YEAR / 4,
    "year": DAYS_PER_YEAR,
}
_MONTHS_PER_PERIOD = {"month": 1, "quarter": 3, "year": 12}
_ABSURD_ANNUAL_RATE = 1.0
_LONGEST_YEARS = 1000.0  # of a horizon; a number without a time unit is taken to count days
_HORIZON = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]+?)s?\s*")


def day_number(value: Any, name: str) -> int:
    """Day of a date, timestamp or ISO text, counted from 1970-01-01. Aware timestamps keep their own zone's day."""
    if isinstance(value, dt.datetime):
        value = value.date()
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value.strip()).date()
        except ValueError:
            raise InputError(f"{name} must be a date such as '1997-09-30'; got {value!r}.") from None
    if isinstance(value, np.datetime64):
        if np.isnat(value):
            raise InputError(f"{name} must be a date; got a missing one (NaT).")
        day = value.astype("datetime64[D]")
        if not np.datetime64(dt.date.min) <= day <= np.datetime64(dt.date.max):
            raise InputError(f"{name} must be a date of the years 1 to 9999; got {value!r}.")
        return int(day.astype(np.int64))
    if not isinstance(value, dt.date) or value != value:  # pandas' NaT is a date that differs from itself
        raise InputError(f"{name} must be a date or ISO text such as '1997-09-30'; got {value!r}.")
    return (value - dt.date(1970, 1, 1)).days


def date_of(day: int) -> dt.date:
    """Inverse of `day_number`."""
    return dt.date(1970, 1, 1) + dt.timedelta(days=int(day))


def period_number(days: Any, grain: str) -> Any:
    """Number of the grain period that holds each day (weeks start on Monday)."""
    if grain == "day":
        return days
    if grain == "week":
        return (days + 3) // 7  # 1970-01-01 was a Thursday
    months = np.asarray(days, dtype="datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months // _MONTHS_PER_PERIOD[grain]


def period_start(periods: Any, grain: str) -> Any:
    """First day of each grain period; inverse of `period_number`."""
    if grain == "day":
        return periods
    if grain == "week":
        return periods * 7 - 3
    months = np.asarray(periods, dtype=np.int64) * _MONTHS_PER_PERIOD[grain]
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def units_per_grain(grain: str, time_unit: str) -> float:
    """Length of one grain period on the ruler."""
    return DAYS[grain] / DAYS[time_unit]


def as_float(value: float | np.integer[Any] | np.floating[Any]) -> float:
    """Return a number as a float, infinite where it is a whole number beyond all floats."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def in_units(horizon: float | str, time_unit: str | None, name: str = "horizon", *, forever: bool = False) -> float:
    """Turn a number, or a text such as ``"12 months"``, into time units; it must be positive and finite.

    Where `forever` is allowed, the text ``"forever"`` is infinity.
    """
    if isinstance(horizon, str):
        if forever and horizon.strip().lower() == "forever":
            return math.inf
        match = _HORIZON.fullmatch(horizon.lower())
        if match is None or match[2] not in DAYS:
            raise InputError(
                f"{name} must be a number of time units or a text such as '12 months' "
                f"(units: {', '.join(TIME_UNITS)}); got {horizon!r}."
            )
        if time_unit is None:
            raise InputError(
                f"{name}={horizon!r} needs to know the model's time unit, and the model has none: its summary had no "
                "time_unit column. Give the horizon as a number, or make the summary with summarize_customers."
            )
        length = float(match[1]) * DAYS[match[2]] / DAYS[time_unit]
    elif isinstance(horizon, (int, float, np.integer, np.floating)) and not isinstance(horizon, bool):
        length = as_float(horizon)
    else:
        raise InputError(f"{name} must be a number or a text such as '12 months'; got {horizon!r}.")
    if not (math.isfinite(length) and length > 0):
        raise InputError(f"{name} must be positive and finite; got {horizon!r}.")
    years = length * DAYS[time_unit or "day"] / DAYS_PER_YEAR
    if years > _LONGEST_YEARS:
        raise InputError(
            f"{name} must be at most {_LONGEST_YEARS:,.0f} years; {horizon!r} is {years:,.3g} years, counted in "
            f"{time_unit or 'day'}s. A text such as '12 months' names its own unit."
        )
    return length


def discount_per_unit(annual_discount_rate: float | None, discount_rate: float | None, time_unit: str | None) -> float:
    """Continuous discount rate per time unit, ln(1 + rate), from an annual rate or a rate per time unit."""
    if annual_discount_rate is not None and discount_rate is not None:
        raise InputError("give annual_discount_rate or discount_rate (per time unit), not both.")
    if annual_discount_rate is not None:
        _check_rate(annual_discount_rate, "annual_discount_rate")
        if time_unit is None:
            raise InputError(
                "annual_discount_rate needs to know the model's time unit, and the model has none: its summary had "
                "no time_unit column. Give discount_rate per time unit, or use summarize_customers."
            )
        annual, delta = (
            annual_discount_rate,
            math.log1p(annual_discount_rate) * DAYS[time_unit] / DAYS_PER_YEAR,
        )
    elif discount_rate is not None:
        _check_rate(discount_rate, "discount_rate")
        delta = math.log1p(discount_rate)
        per_year = 1.0 if time_unit is None else DAYS_PER_YEAR / DAYS[time_unit]
        annual = math.expm1(min(delta * per_year, 700.0))  # e^700 is near the end of floats, and absurd enough
    else:
        return 0.0
    if annual > _ABSURD_ANNUAL_RATE:
        per_unit = f"discount_rate per {time_unit or 'time unit'}"
        given = per_unit if annual_discount_rate is None else "annual_discount_rate"
        told = f"{annual:,.0%}" if annual < 1e4 else "more than 1,000,000%"
        told = f"{told} a year" if time_unit is not None else told
        warn(
            f"{given} amounts to {told}, which leaves future purchases almost no value. "
            "10 % a year is annual_discount_rate=0.10.",
            DataWarning,
        )
    return delta


def _check_rate(rate: float, name: str) -> None:
    if isinstance(rate, bool) or not isinstance(rate, (int, float, np.integer, np.floating)):
        raise InputError(f"{name} must be a number such as 0.10; got {rate!r}.")
    if not (math.isfinite(as_float(rate)) and rate >= 0):
        raise InputError(f"{name} must be 0 or above and finite; got {rate!r}.")
