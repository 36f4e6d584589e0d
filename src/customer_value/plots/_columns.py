"""Columns of dates, of truth values and of names, as pictures read them."""

from __future__ import annotations

from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, nw
from customer_value._units import day_number
from customer_value._validation import require_rows, truth_column
from customer_value.errors import InputError

Dates = np.ndarray[Any, np.dtype[np.datetime64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]


def day_column(table: EagerFrame, column: str) -> Dates:
    """Return a column of dates or timestamps as days; raise where one is missing."""
    series = table.get_column(column)
    if not (series.dtype == nw.Date or isinstance(series.dtype, nw.Datetime)):
        raise InputError(f"{column} must be a date; its type is {series.dtype}.")
    require_rows(~np.asarray(series.is_null().to_numpy(), dtype=bool), f"{column} must not be null")
    return np.array([day_number(day, column) for day in series.to_list()], dtype="datetime64[D]")


def flag_column(table: EagerFrame, column: str) -> Flags:
    """Return a column of truth values; raise where one is missing."""
    return truth_column(table, column)


def label_column(table: EagerFrame, column: str) -> list[str]:
    """Return a column of ids or names as texts; raise where one is missing."""
    series = table.get_column(column)
    require_rows(~np.asarray(series.is_null().to_numpy(), dtype=bool), f"{column} must not be null")
    return [str(value) for value in series.to_list()]


def block_column(table: EagerFrame, column: str) -> list[str]:
    """Return a column of dates, ids or names as texts, a day without its midnight; raise where one is missing."""
    return [name.removesuffix(" 00:00:00") for name in label_column(table, column)]
