"""Days and grain periods of a log's date column: as expressions for any engine, and as arrays.

Casts of dates and differences between them give other types on other engines, and other answers before 1970; year,
month and day are the same everywhere. Aware timestamps are read by the wall clock of their own zone.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import numpy as np

from customer_value._frames import nw, without_zone
from customer_value._units import date_of, period_number, period_start, units_per_grain
from customer_value._validation import text_value
from customer_value.errors import DataWarning, InputError, warn
from customer_value.transactions._blocks import blocks, in_threads

Days = np.ndarray[Any, np.dtype[np.signedinteger[Any]]]
YearStart = tuple[int, int]  # month and day

CALENDAR_YEAR: YearStart = (1, 1)
_MONTH_AND_DAY = re.compile(r"([0-9]{2})-([0-9]{2})")
_DAYS_OF_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_DATE_REMEDY = "clean_log(log, ...) turns text and mixed columns into dates."
_WEEKS_BEFORE_1970 = 110_000  # whole weeks that reach back beyond year 1, so that no division meets a negative number
_MIDNIGHTS = frozenset({"pandas", "modin", "cudf", "dask"})
_EPOCH = dt.date(1970, 1, 1).toordinal()
_PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def require_dates(dtype: Any, column: str, *, objects: bool = False) -> None:
    """Raise unless a column's type is a date or a timestamp; pandas holds plain dates as objects."""
    if not (isinstance(dtype, (nw.Date, nw.Datetime)) or (objects and isinstance(dtype, nw.Object))):
        raise InputError(f"{column} must hold dates or timestamps; its type is {dtype}. {_DATE_REMEDY}")


def day_expression(column: str) -> nw.Expr:
    """Day number, counted from 1970-01-01, of a date or timestamp column.

    Years are counted from March, so that the leap day is the last of its year (Richards, in the Explanatory Supplement
    to the Astronomical Almanac, 2013, section 15.11).
    """
    date = nw.col(column).dt
    return _day_of(date.year().cast(nw.Int64), date.month().cast(nw.Int64), date.day().cast(nw.Int64))


def _day_of(year: nw.Expr, month: nw.Expr, day_of_month: nw.Expr) -> nw.Expr:
    month_from_march = (month + 9) % 12
    year = year - month_from_march // 10
    day_of_year = (month_from_march * 306 + 5) // 10 + day_of_month - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + day_of_year - 719_468


def month_start_expression(month: nw.Expr) -> nw.Expr:
    """Day number of the first day of a month that is counted from year 0."""
    return _day_of(month // 12, month % 12 + 1, nw.lit(1))


def period_expression(column: str, day: nw.Expr, grain: str, year_start: YearStart = CALENDAR_YEAR) -> nw.Expr:
    """Number of the grain period, as `number_of` counts it, of a date or timestamp column and its day number."""
    if grain == "day":
        return day
    if grain == "week":
        return (day + (3 + 7 * _WEEKS_BEFORE_1970)) // 7 - _WEEKS_BEFORE_1970
    date = nw.col(column).dt
    year, month = date.year().cast(nw.Int64), date.month().cast(nw.Int64)
    if grain == "year" and year_start != CALENDAR_YEAR:
        month_and_day = month * 100 + date.day().cast(nw.Int64)
        begun = (month_and_day + (10_000 - 100 * year_start[0] - year_start[1])) // 10_000  # 1 from the start on, or 0
        return year - 1971 + begun
    return {
        "month": year * 12 + month - (12 * 1970 + 1),
        "quarter": year * 4 + (month - 1) // 3 - 4 * 1970,
        "year": year - 1970,
    }[grain]


def midnight_expression(column: str, dtype: Any, engine: str) -> nw.Expr:
    """Date of a date or timestamp column, of the type that `date_literal` gives."""
    date = nw.col(column)
    if engine not in _MIDNIGHTS:
        return date if isinstance(dtype, nw.Date) else date.dt.date()
    if isinstance(dtype, nw.Date):
        return date.cast(nw.Datetime("us"))
    return date.dt.replace_time_zone(None).dt.truncate("1d").cast(nw.Datetime("us"))


def date_literal(day: int, engine: str) -> nw.Expr:
    """Constant date of the type that summaries hold: pandas and its kin have midnights instead of dates."""
    date = date_of(day)
    if engine in _MIDNIGHTS:
        return nw.lit(dt.datetime(date.year, date.month, date.day)).cast(nw.Datetime("us"))
    return nw.lit(date)


def day_numbers(dates: nw.Series[Any]) -> Days:
    """Day number, counted from 1970-01-01, of each entry of an eager date column without nulls."""
    dates = without_zone(dates)
    dtype = dates.dtype
    if isinstance(dtype, nw.Datetime):
        return _whole_days(dates.to_numpy())
    if isinstance(dtype, nw.Date):
        return np.asarray(dates.cast(nw.Int32).to_numpy(), dtype=np.int32)
    values = dates.to_list()
    if not all(type(value) is dt.date for value in values):
        odd = sorted({type(value).__name__ for value in values} - {"date"})
        raise InputError(f"{dates.name} must hold dates or timestamps; it holds objects of type {odd}. {_DATE_REMEDY}")
    return np.fromiter((value.toordinal() for value in values), np.int64, len(values)) - _EPOCH


def _whole_days(moments: np.ndarray[Any, np.dtype[np.datetime64]]) -> Days:
    """Divide by whole numbers, which is several times faster than numpy's own conversion of datetimes."""
    unit, _ = np.datetime_data(moments.dtype)
    ticks = moments.view(np.int64)
    # Half the bytes where the unit's whole range of days fits them.
    days: Days = np.empty(ticks.size, dtype=np.int32 if unit in ("us", "ns") else np.int64)

    def divide(rows: slice) -> None:
        days[rows] = ticks[rows] // _PER_DAY[unit]

    in_threads(divide, blocks(ticks.size))
    return days


def read_year_start(year_start: Any, grain: str) -> YearStart:
    """Return the month and day on which years begin, such as those of "07-01"; only years begin on a day of choice."""
    match = _MONTH_AND_DAY.fullmatch(text_value(year_start, "year_start"))
    month, day = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (1 <= month <= 12 and 1 <= day <= _DAYS_OF_MONTH[month - 1]):
        raise InputError(
            f"year_start must be a month and a day that every year has, such as '07-01'; got {year_start!r}."
        )
    if (month, day) != CALENDAR_YEAR and grain != "year":
        raise InputError(f"year_start={year_start!r} goes with grain='year'; with grain={grain!r} leave it out.")
    return month, day


def number_of(days: Any, grain: str, year_start: YearStart = CALENDAR_YEAR) -> Any:
    """Number of the grain period that holds each day; years may start on another day than the calendar's."""
    if year_start == CALENDAR_YEAR:
        return period_number(days, grain)
    dates = np.asarray(days, dtype="datetime64[D]")
    years = dates.astype("datetime64[Y]").astype(np.int64)
    return years - (dates.astype(np.int64) < start_of(years, grain, year_start))


def start_of(periods: Any, grain: str, year_start: YearStart = CALENDAR_YEAR) -> Any:
    """First day of each grain period; inverse of `number_of`."""
    if year_start == CALENDAR_YEAR:
        return period_start(periods, grain)
    month, day = year_start
    return period_start(np.asarray(periods) * 12 + month - 1, "month") + day - 1


def add_months(days: Any, months: Any) -> Any:
    """Same day of the month some calendar months later, or that month's last day where it is shorter."""
    date = np.asarray(days, dtype="datetime64[D]")
    month = date.astype("datetime64[M]")
    first, following = ((month + (months + i)).astype("datetime64[D]").astype(np.int64) for i in (0, 1))
    return np.minimum(first + (date - month.astype("datetime64[D]")).astype(np.int64), following - 1)


def last_of_period(day: int, grain: str, year_start: YearStart = CALENDAR_YEAR) -> int:
    """Last day of the grain period that holds the day."""
    return int(start_of(number_of(day, grain, year_start) + 1, grain, year_start)) - 1


def warn_cut_off(day: int, grain: str, name: str) -> None:
    """Warn where the last period is observed in part: what it lacks must not be read as a fall."""
    last = last_of_period(day, grain)
    if last != day:
        warn(
            f"{name}={date_of(day)} is not the last day of its {grain} ({date_of(last)}): the last {grain} is cut off "
            f"and its purchases are not complete.",
            DataWarning,
        )


def in_ruler(periods: Any, grain: str, time_unit: str) -> Any:
    """Convert whole grain periods (a number, arrays or expressions) to the ruler; 273 days are exactly 39 weeks.

    A product, not a quotient: polars makes a product of a division by a constant, and the last bit would depend on the
    engine. Products that are whole come out whole for each pair of units, for longer than any log.
    """
    return periods * units_per_grain(grain, time_unit)
