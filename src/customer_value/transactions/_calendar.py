"""What a log's days tell about its edges and holes: arrays by day in, counts of days and customers out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._units import period_number, period_start

Counts = np.ndarray[Any, np.dtype[np.int64]]

_PARTS = 12  # of the time in which customers were acquired; the first is held against the others
_SURE = 3.0  # standard errors beyond chance
_FEWEST_GAPS = 30  # below, the 95 % point of the gaps is their maximum
_FAR_ABOVE = 3  # times the gap that 95 % of the gaps do not exceed


@dataclass(frozen=True, slots=True)
class Gaps:
    """Long gaps between days with transactions."""

    typical: int  # days from one day with transactions to the next that 95 % of the gaps do not exceed
    long: list[tuple[int, int]]  # first and last silent day, in order of time

    @property
    def silent(self) -> int:
        """Days without a transaction inside long gaps."""
        return sum(last - first + 1 for first, last in self.long)


@dataclass(frozen=True, slots=True)
class Start:
    """New customers in the first part of the log against a typical later part of the same length."""

    last_day: int  # of the first part
    first: int
    typical: float
    excess: int  # 0 where chance alone could bring it


def find_gaps(day: Counts) -> Gaps | None:
    """Return the gaps that are three times longer than 95 % of all; None where there are too few to know.

    Shops close on Sundays and donors give in December, so a gap is held against the log's own rhythm. If days were
    busy by chance alone, a gap would be that long once in e^9 = 8,000.
    """
    gaps = np.diff(day)
    if gaps.size < _FEWEST_GAPS:
        return None
    typical = int(np.quantile(gaps, 0.95, method="higher"))
    after = np.flatnonzero(gaps > _FAR_ABOVE * typical)
    return Gaps(typical, [(int(day[i]) + 1, int(day[i + 1]) - 1) for i in after])


def already_active(day: Counts, new: Counts) -> Start | None:
    """Estimate how many customers had bought before the log begins; None where the log is too short to tell.

    To a log that is cut off on the left, everyone who had bought before is new at the first purchase inside it, and
    most of them come early. The time in which there are new customers at all is cut into twelve parts: a cohort that
    was acquired within a quarter has no new customers later, and that is no sign of truncation.
    """
    busy = np.flatnonzero(new)
    if busy.size == 0:
        return None
    begin, span = int(day[busy[0]]), int(day[busy[-1]] - day[busy[0]]) + 1
    if span < _PARTS:
        return None
    part = (day[busy] - begin) * _PARTS // span
    counts = np.bincount(part, weights=new[busy], minlength=_PARTS)
    first, typical = int(counts[0]), float(np.median(counts[1:]))
    sure = first - typical > _SURE * math.sqrt(first + typical)
    return Start(begin - 1 + -(-span // _PARTS), first, typical, round(first - typical) if sure else 0)


def month_of(day: int) -> tuple[int, int]:
    """Return the first and the last day of the month that holds a day."""
    month = int(period_number(day, "month"))
    return int(period_start(month, "month")), int(period_start(month + 1, "month")) - 1
