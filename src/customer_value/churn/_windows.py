"""Outcome windows and lookbacks: days as numbers, every window half-open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._units import as_float, date_of
from customer_value._validation import require_choice
from customer_value.errors import InputError
from customer_value.transactions._plan import add_length, read_length

Span = tuple[int, str]  # a number of days, weeks, or calendar months, quarters or years
NO_TIME: Span = (0, "day")

_MOST_DAYS = 365_250  # a thousand years
_CALENDAR_SLACK = 10  # three calendar spans differ by no more days than this from one start to another


@dataclass(frozen=True, slots=True)
class Window:
    """Days from `start` up to `end`, without `end` itself."""

    start: int
    end: int


def read_span(span: Any, name: str, *, zero: bool = False) -> Span:
    """Read a length of time, a text such as ``"3 months"`` or a number of days, as a number and its unit."""
    if isinstance(span, str):
        if zero and span.strip().lower() in ("0 days", "0 day"):
            return NO_TIME
        return read_length(span, name)
    numeric = isinstance(span, (int, float, np.integer, np.floating)) and not isinstance(span, bool)
    days = as_float(span) if numeric else -1.0
    low = 0 if zero else 1
    if not (low <= days <= _MOST_DAYS and days == int(days)):
        raise InputError(
            f"{name} must be a text such as '12 months' or '90 days', or a whole number of days, {low} or above; "
            f"got {span!r}."
        )
    return int(days), "day"


def span_label(span: Any) -> str:
    """Write a length of time as columns carry it: 90d, 12m."""
    count, unit = read_span(span, "a span")
    return f"{count}{unit[0]}"


def outcome_window(cutoff: int, horizon: Any, gap: Any = 0) -> Window:
    """Return the days on which the outcome is looked at: `horizon` long, from `gap` after the cutoff on."""
    start = _moved(cutoff, *read_span(gap, "gap", zero=True), name="gap")
    return Window(start, _moved(start, *read_span(horizon, "horizon"), name="horizon"))


def lookback_start(cutoff: int, lookback: Any, name: str = "lookback") -> int:
    """Return the first day of the window of that length that ends with the day before the cutoff."""
    count, unit = read_span(lookback, name)
    return _moved(cutoff, -count, unit, name=name)


def last_cutoff(observed: int, horizon: Any, gap: Any = 0, grace: Span = NO_TIME) -> int:
    """Return the latest cutoff whose outcome window, and the grace after it, end with the last day observed at most."""
    cutoff = observed + observed - _last_needed(observed, horizon, gap, grace) + _CALENDAR_SLACK
    while _last_needed(cutoff, horizon, gap, grace) > observed:
        cutoff -= 1
    return cutoff


def is_observed(cutoff: int, observed: int, *, horizon: Any, gap: Any, unobserved: Any, grace: Span = NO_TIME) -> bool:
    """Return whether the outcome window, and the grace after it, were observed; raise where that is asked for."""
    require_choice("unobserved", unobserved, ("error", "flag"))
    if cutoff > observed + 1:
        raise InputError(
            f"cutoff must be {date_of(observed + 1)} or earlier, for observation ends on {date_of(observed)}: what "
            f"came between is not known; got {date_of(cutoff)}."
        )
    needed = _last_needed(cutoff, horizon, gap, grace)
    if needed > observed and unobserved == "error":
        what = "outcome window" if grace[0] == 0 else "outcome window and the grace after it"
        last, short = last_cutoff(observed, horizon, gap, grace), needed - observed
        raise InputError(
            f"the {what} of cutoff {date_of(cutoff)} must be observed up to {date_of(needed)}, and it ends on "
            f"{date_of(observed)}: {short} {'day' if short == 1 else 'days'} short. The last possible cutoff is "
            f"{date_of(last)}; unobserved='flag' gives null labels instead."
        )
    return needed <= observed


def _last_needed(cutoff: int, horizon: Any, gap: Any, grace: Span) -> int:
    return _moved(outcome_window(cutoff, horizon, gap).end - 1, *grace, name="grace")


def _moved(day: int, count: int, unit: str, *, name: str) -> int:
    try:
        moved = int(add_length(day, count, unit))
        date_of(moved)
    except OverflowError:
        raise InputError(f"{name} reaches beyond the calendar's years, 1 to 9999; take a shorter one.") from None
    return moved
