"""What `summarize_customers` was asked for, checked once and read by both of its implementations."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from customer_value._units import (
    GRAINS,
    TIME_UNITS,
    Day,
    Grain,
    TimeUnit,
    date_of,
    day_number,
    period_number,
)
from customer_value._validation import require_choice, truth_value
from customer_value.errors import InputError
from customer_value.transactions._log import LogColumns
from customer_value.transactions._periods import CALENDAR_YEAR, YearStart, add_months, in_ruler, number_of

RefundPolicy = Literal["net", "match", "drop", "error"]
REFUND_POLICIES: tuple[str, ...] = ("net", "match", "drop", "error")

DAYS_PER = {"day": 1, "week": 7}
MONTHS_PER = {"month": 1, "quarter": 3, "year": 12}
_WINDOW = re.compile(r"\s*([1-9][0-9]*)\s*(day|week|month|quarter|year)s?\s*")


@dataclass(frozen=True, slots=True)
class Window:
    """A trailing window: the suffix of its columns and the first day and grain period inside it."""

    suffix: str
    first_day: int
    first_period: int


@dataclass(frozen=True, slots=True)
class SummaryPlan:
    """Everything that shapes a summary apart from the rows; `end` is the day number of `observation_end`."""

    columns: LogColumns
    end: int
    grain: Grain
    time_unit: TimeUnit
    refunds: RefundPolicy
    first_bought: tuple[int | None, int | None]
    windows: tuple[Window, ...]
    regularity: bool
    year_start: YearStart = CALENDAR_YEAR

    @property
    def end_period(self) -> int:
        """Number of the last grain period observed."""
        return int(number_of(self.end, self.grain, self.year_start))

    @property
    def output_columns(self) -> list[str]:
        """Columns of the summary, in their order."""
        return [
            self.columns.customer_id,
            *("frequency", "recency", "T", "monetary_value", "purchases"),
            *(["orders"] if self.columns.order_id is not None else []),
            *("time_since_last", "total_value", "first_date", "last_date"),
            *(f"{name}_{window.suffix}" for window in self.windows for name in ("purchases", "value")),
            *(["log_intervals"] if self.regularity else []),
            *("observation_end", "time_unit"),
        ]

    def in_ruler(self, periods: Any) -> Any:
        """Convert whole grain periods to the time unit."""
        return in_ruler(periods, self.grain, self.time_unit)


def make_plan(
    columns: LogColumns,
    end: int,
    *,
    grain: Any,
    time_unit: Any,
    refunds: Any,
    acquired: Any,
    windows: Any,
    regularity: Any,
) -> SummaryPlan:
    """Check the options of a summary."""
    check_options(grain=grain, time_unit=time_unit, refunds=refunds)
    given = (windows,) if isinstance(windows, str) else windows
    if not isinstance(given, Sequence):
        raise InputError(f"windows must be texts such as ('12 months',); got {windows!r}.")
    plan = SummaryPlan(
        columns,
        end,
        grain,
        time_unit,
        refunds,
        _acquired(acquired),
        tuple(make_window(text, end, grain) for text in given),
        truth_value(regularity, "regularity"),
    )
    made = plan.output_columns
    twice = sorted({name for name in made if made.count(name) > 1})
    if twice:
        raise InputError(f"the summary would have {twice} twice; give each window once, and the key a name of its own.")
    return plan


def check_options(*, grain: Any, refunds: Any, time_unit: Any = "week") -> None:
    """Raise on an option that there is not."""
    require_choice("grain", grain, GRAINS)
    require_choice("time_unit", time_unit, TIME_UNITS)
    require_choice("refunds", refunds, REFUND_POLICIES)


def make_window(text: Any, end: int, grain: str) -> Window:
    """Read ``"12 months"`` as the months that end with the day `end`; a grain period inside must start inside."""
    count, unit = read_length(text, "a window")
    try:
        first_day = int(add_length(end + 1, -count, unit))
        date_of(first_day)
    except OverflowError:
        raise InputError(f"the window {text!r} reaches back beyond the calendar's first year.") from None
    first_period = int(period_number(first_day - 1, grain)) + 1
    if first_period > period_number(end, grain):
        raise InputError(f"no {grain} starts within the window {text!r}: take a longer window, or a finer grain.")
    return Window(f"{count}{unit[0]}", first_day, first_period)


def read_length(text: Any, name: str) -> tuple[int, str]:
    """Read a length of time such as ``"12 months"`` as a number and its unit."""
    match = _WINDOW.fullmatch(text.lower()) if isinstance(text, str) else None
    if match is None:
        raise InputError(f"{name} must be a text such as '12 months', '90 days' or '1 year'; got {text!r}.")
    return int(match[1]), match[2]


def add_length(days: Any, count: int, unit: str) -> Any:
    """Return the day that many days, weeks, or calendar months, quarters or years later."""
    return days + count * DAYS_PER[unit] if unit in DAYS_PER else add_months(days, count * MONTHS_PER[unit])


def _acquired(acquired: Any) -> tuple[int | None, int | None]:
    if acquired is None:
        return None, None
    if isinstance(acquired, (str, dt.date)) or not isinstance(acquired, Sequence) or len(acquired) != 2:
        raise InputError(f"acquired must be a pair (from, to), either of which may be None; got {acquired!r}.")
    first, last = (None if d is None else day_number(d, "acquired") for d in acquired)
    if first is not None and last is not None and first > last:
        raise InputError(f"acquired must run from an earlier to a later date; got {acquired!r}.")
    return first, last


def end_day(observation_end: Day, name: str = "observation_end") -> int | None:
    """Day number of the last day observed; None for ``"last"``, the log's own last date."""
    return None if isinstance(observation_end, str) and observation_end == "last" else day_number(observation_end, name)
