"""Calendars of periods: which period holds a day, when it begins, what it is called; fiscal years and quarters too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import nw
from customer_value._units import GRAINS, Grain
from customer_value._validation import require_choice
from customer_value.errors import InputError
from customer_value.transactions._periods import (
    CALENDAR_YEAR,
    YearStart,
    day_expression,
    number_of,
    period_expression,
    read_year_start,
    start_of,
)
from customer_value.transactions._plan import DAYS_PER, MONTHS_PER

_MONTHS_TO_1970 = 12 * 1970
_LONGEST_MONTH = 31
_AHEAD = 120_000  # periods, so that no division meets a negative number; whole quarters and years
_CODES = 32  # of days in a month
_MONTHS_OF_QUARTER = 3
_SHORTEST_MONTH = 28
_FEBRUARY = 2
_MONTHS_OF_30_DAYS = (4, 6, 9, 11)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Periods of one grain, counted from the one that holds (or, in fiscal years, begins in) the start of 1970."""

    grain: Grain
    year_start: YearStart = CALENDAR_YEAR

    @property
    def _shift(self) -> tuple[int, int]:
        """Months and days by which years and quarters begin after 1 January."""
        return (0, 0) if self.grain not in ("quarter", "year") else (self.year_start[0] - 1, self.year_start[1] - 1)

    def number(self, date: str) -> nw.Expr:
        """Number of the period that holds a date or timestamp, as `numbers` counts it."""
        months, later = self._shift
        if self.grain != "quarter":
            return period_expression(date, day_expression(date), self.grain, self.year_start)
        month, day_of_month = month_and_day(date)
        begun = month - months
        if later:
            begun = begun - nw.when(day_of_month <= later).then(1).otherwise(0)
        return begun // _MONTHS_OF_QUARTER - _MONTHS_TO_1970 // _MONTHS_OF_QUARTER

    def numbers(self, days: Any) -> Any:
        """Number of the period that holds each day, for arrays or one day."""
        months, later = self._shift
        if self.grain != "quarter":
            return number_of(days, self.grain, self.year_start if self.grain == "year" else CALENDAR_YEAR)
        dates = np.asarray(days, dtype="datetime64[D]")
        month = dates.astype("datetime64[M]")
        begun = month.astype(np.int64) - ((dates - month).astype(np.int64) < later) - months
        return begun // _MONTHS_OF_QUARTER

    def starts(self, numbers: Any) -> Any:
        """First day of each period; inverse of `numbers`."""
        months, later = self._shift
        if self.grain != "quarter":
            return start_of(numbers, self.grain, self.year_start if self.grain == "year" else CALENDAR_YEAR)
        return start_of(np.asarray(numbers) * _MONTHS_OF_QUARTER + months, "month") + later

    def labels(self, numbers: Any) -> np.ndarray[Any, Any]:
        """Text of each period, such as 2026-01, 2026Q1, 2026, in fiscal years 2026/27; texts sort as periods do."""
        periods = np.asarray(numbers, dtype=np.int64)
        if self.grain in ("day", "week", "month"):
            starts = np.asarray(self.starts(periods), dtype="datetime64[D]")
            text = starts.astype("datetime64[M]" if self.grain == "month" else "datetime64[D]").astype(str)
            return np.asarray(text, dtype=object)
        quarters = 4 if self.grain == "quarter" else 1
        fiscal = self.year_start != CALENDAR_YEAR
        year = 1970 + periods // quarters
        texts = [f"{y:04}/{(y + 1) % 100:02}" if fiscal else f"{y:04}" for y in year.tolist()]
        part = [f"Q{q + 1}" for q in (periods % 4).tolist()] if quarters > 1 else [""] * len(texts)
        return np.array([a + b for a, b in zip(texts, part, strict=True)], dtype=object)


def read_calendar(grain: Any, year_start: Any, name: str = "period") -> Calendar:
    """Check a grain and the day on which years begin."""
    require_choice(name, grain, GRAINS)
    start = read_year_start(year_start, "year")
    if start != CALENDAR_YEAR and grain not in ("quarter", "year"):
        raise InputError(
            f"year_start={year_start!r} goes with {name}='quarter' or 'year'; with {grain!r} leave it out."
        )
    if grain == "quarter" and start[1] > _SHORTEST_MONTH:
        raise InputError(f"year_start={year_start!r}: quarters must begin on a day that every month has, 1 to 28.")
    return Calendar(grain, start)


def month_and_day(date: str) -> tuple[nw.Expr, nw.Expr]:
    """Month, counted from January of year 0, and day of the month of a date or timestamp column."""
    of = nw.col(date).dt
    return of.year().cast(nw.Int64) * 12 + of.month().cast(nw.Int64) - 1, of.day().cast(nw.Int64)


def is_last_of_month(date: str) -> nw.Expr:
    """Whether a date or timestamp lies on the last day of its month."""
    of = nw.col(date).dt
    year, month, day = of.year(), of.month(), of.day()
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    february = (month == _FEBRUARY) & ((day == 29) | ((day == 28) & ~leap))
    return (day == 31) | ((day == 30) & month.is_in(_MONTHS_OF_30_DAYS)) | february


@dataclass(frozen=True, slots=True)
class OwnClock:
    """Whole days, weeks, months, ... since a customer's own first day; from 31 January on, February is a whole month.

    Two codes stand for a day, so that the whole months between two of them need no calendar: one is month and day of
    the month, in the other the last day of a month counts as its 31st, for with it every day of a month is reached.
    """

    grain: Grain

    def codes(self, date: str) -> tuple[nw.Expr, nw.Expr]:
        """Both codes of a date or timestamp column."""
        if self.grain in DAYS_PER:
            return day_expression(date), day_expression(date)
        month, day_of_month = month_and_day(date)
        reached = nw.when(is_last_of_month(date)).then(_LONGEST_MONTH).otherwise(day_of_month)
        return month * _CODES + day_of_month, month * _CODES + reached

    def codes_of(self, days: Any) -> tuple[Any, Any]:
        """Both codes of day numbers, an array or one of them."""
        if self.grain in DAYS_PER:
            return days, days
        dates = np.asarray(days, dtype="datetime64[D]")
        month = dates.astype("datetime64[M]")
        day_of_month = (dates - month).astype(np.int64) + 1
        is_last = (dates + 1).astype("datetime64[M]") != month
        number = (month.astype(np.int64) + _MONTHS_TO_1970) * _CODES
        return number + day_of_month, number + np.where(is_last, _LONGEST_MONTH, day_of_month)

    def whole(self, first: nw.Expr, reached: nw.Expr) -> nw.Expr:
        """Whole periods from the code of a first day to the other code of a later day.

        Negative, and rounded down, where that day comes before the first.
        """
        if self.grain in DAYS_PER:
            return (reached - first + _AHEAD * DAYS_PER[self.grain]) // DAYS_PER[self.grain] - _AHEAD
        # A difference of codes is months and days together; days of the month that are not reached yet borrow one.
        months = (reached - first + _AHEAD * _CODES) // _CODES
        size = MONTHS_PER[self.grain]
        return months - _AHEAD if size == 1 else months // size - _AHEAD // size
