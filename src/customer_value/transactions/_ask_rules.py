"""What asks must keep to, and what is said of those that cannot be counted."""

from __future__ import annotations

from typing import Any

from customer_value._units import date_of
from customer_value.errors import DataWarning, InputError, warn
from customer_value.transactions._log import LogColumns
from customer_value.transactions._plan import read_length

_LONGEST_WINDOW = {"day": 36_525, "week": 5_218, "month": 1_200, "quarter": 400, "year": 100}

NULL_DATE = "Leave such asks out, or find their dates."
NULL_KEY = "Leave such asks out; in a frame without that column everyone is asked."


def read_window(window: Any) -> tuple[int, str]:
    """Read how long an ask may be answered, as a number and its unit."""
    if window is None:
        raise InputError("opportunities= needs response_window, how long an ask may be answered, such as '90 days'.")
    count, unit = read_length(window, "response_window")
    if count > _LONGEST_WINDOW[unit]:
        raise InputError(f"response_window must not be longer than 100 years; got {window!r}.")
    return count, unit


def one_list_rule(columns: LogColumns) -> tuple[str, str]:
    """Return the rule on asks without a customer column, and the remedy."""
    key = columns.customer_id
    return (
        f"{columns.date} must differ from row to row in opportunities without {key!r}, where everyone is asked",
        f"Asks of single customers name them in a column {key!r}.",
    )


def warn_not_counted(end: int, *, asks: int, not_over: int, late: int, outside: int) -> None:
    """Tell of asks that cannot be counted yet, and of purchases that no counted ask brought."""
    if not_over:
        answers = f", nor {'is' if late == 1 else 'are'} {late} of the purchase rows" if late else ""
        warn(
            f"{not_over} of {asks} asks {'is' if not_over == 1 else 'are'} not counted{answers}: the response window "
            f"is not over by observation_end, {date_of(end)}.",
            DataWarning,
        )
    if outside:
        warn(
            f"left out {outside} purchase row{'s' * (outside > 1)} outside the response windows: no ask brought them. "
            "A longer response_window takes in more.",
            DataWarning,
        )
