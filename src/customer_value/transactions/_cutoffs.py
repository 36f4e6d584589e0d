"""Cutoffs: days that part what is known from what is to come."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import numpy as np

from customer_value._units import date_of, day_number
from customer_value.errors import InputError


def read_cutoff(cutoff: Any, name: str = "cutoff") -> int:
    """Return the number of the day that is the first of the future; a time of day would cut that day in two."""
    day = day_number(cutoff, name)
    if isinstance(cutoff, str):
        cutoff = dt.datetime.fromisoformat(cutoff.strip())
    if isinstance(cutoff, np.datetime64):
        whole = bool(cutoff == cutoff.astype("datetime64[D]"))
    else:
        whole = not isinstance(cutoff, dt.datetime) or cutoff.time() == dt.time()
    if not whole:
        raise InputError(
            f"{name} must be a whole day, the first of the future; got {cutoff}. Take {date_of(day)} where all of that "
            f"day is to be future, {date_of(day + 1)} where it is to be past."
        )
    return day


def read_cutoffs(cutoffs: Any) -> list[int]:
    """Return the day numbers of several cutoffs, which come in order and differ."""
    try:
        given = None if isinstance(cutoffs, str) else list(cutoffs)
    except TypeError:
        given = None
    if not given:
        raise InputError(f"cutoffs must be one or more days, such as ['2026-01-01', '2026-04-01']; got {cutoffs!r}.")
    days = [read_cutoff(cutoff, "cutoffs") for cutoff in given]
    for before, after in pairwise(days):
        if after <= before:
            raise InputError(
                f"cutoffs must come in order of time, each once; {date_of(after)} follows {date_of(before)}."
            )
    return days
