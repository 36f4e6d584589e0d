"""Days with an event, counted per customer: recently, in his own baseline, and how much such counts vary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value.churn._rate_tests import Floats, dispersion_of

Codes = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Signal:
    """Days with an event, counted per customer: recently and in his baseline, which has so many days."""

    name: str
    recent: Floats
    baseline: Floats
    days: Floats
    dispersion: float


@dataclass(frozen=True)
class Windows:
    """Day numbers: the baseline begins, the recent window begins, the future begins."""

    baseline: int
    recent: int
    cutoff: int


def count_days(name: str, who: Codes, days: Codes, begin: Codes, windows: Windows, dispersion: float | str) -> Signal:
    """Count the distinct days of each customer in the recent window, and in his baseline from `begin` on."""
    starts = np.maximum(begin, windows.baseline)
    # A customer and a day as one number, which sorts many times faster than a pair.
    earliest = int(days.min(initial=windows.baseline))
    span = windows.cutoff - earliest
    customer, day = np.divmod(np.unique(who * span + (days - earliest)), span)
    day += earliest
    late = day >= windows.recent
    early = ~late & (day >= starts[customer])
    recent, before = (np.bincount(customer[part], minlength=begin.size).astype(np.float64) for part in (late, early))
    spread = _dispersion(customer, day, starts, windows) if isinstance(dispersion, str) else dispersion
    return Signal(name, recent, before, np.maximum(windows.recent - starts, 0).astype(np.float64), spread)


def _dispersion(customer: Codes, day: Codes, starts: Codes, windows: Windows) -> float:
    """Return the dispersion over windows that the baseline holds, of customers who had all of it; 1 or above."""
    length = windows.cutoff - windows.recent
    pieces = (windows.recent - windows.baseline) // length
    piece = (windows.recent - 1 - day) // length
    whole = starts <= windows.recent - pieces * length
    kept = (piece >= 0) & (piece < pieces) & whole[customer]
    cells = np.bincount(customer[kept] * pieces + piece[kept], minlength=starts.size * pieces)
    return max(dispersion_of(cells.reshape(-1, pieces)[whole].astype(np.float64)), 1.0) if pieces else 1.0
