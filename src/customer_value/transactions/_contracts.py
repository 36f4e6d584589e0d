"""From subscriptions to contracts to renewals, in arrays: a contract is what a customer had without a gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value.transactions._periods import add_months
from customer_value.transactions._plan import DAYS_PER, MONTHS_PER

Counts = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Contracts:
    """Contracts by customer and start; days are numbers, and `observed` is the last one observed."""

    row: Counts  # the subscription that it begins with
    customer: Counts
    start: Counts
    end: Counts  # the day after `observed` while it runs
    observed: int
    grain: str

    @property
    def running(self) -> Flags:
        """Whether a contract runs on after the last day observed."""
        return self.end > self.observed

    @property
    def due(self) -> Counts:
        """Renewals that fell due up to the last day observed."""
        return whole_grains(self.start, np.full(self.start.size, self.observed), self.grain)

    @property
    def made(self) -> Counts:
        """Renewals that were made: a contract that ends on a due date, or before it, was not renewed then."""
        return np.maximum(whole_grains(self.start, self.end - 1, self.grain), 0)

    @property
    def latest(self) -> Counts:
        """Position of each customer's latest contract."""
        return np.flatnonzero(np.append(np.diff(self.customer) != 0, True))


@dataclass(frozen=True, slots=True)
class RenewalCounts:
    """One entry per cohort and period, cohorts in order of group and start."""

    contract: Counts  # one of the cohort's
    first_start: Counts  # the earliest day on which a contract of the cohort can start
    period: Counts
    at_risk: Counts
    lost: Counts


def join_contracts(
    customer: Counts, start: Counts, end: Counts, *, group: Counts | None, observed: int, grain: str
) -> Contracts:
    """Join subscriptions of a customer that overlap, or follow each other on the same or the next day.

    Ends beyond the last day observed are those of contracts that run. Of several subscriptions on the first day the
    first group stands for the contract.
    """
    order = np.lexsort((start, customer) if group is None else (group, start, customer))
    customer, start, end = customer[order], start[order], np.minimum(end[order], observed + 1)
    low = int(start.min())
    span = observed + 2 - low
    # The latest end so far, of each customer: his number in front keeps the customers apart.
    reach = np.maximum.accumulate(customer * span + (end - low)) - customer * span + low
    begins = np.append(True, (np.diff(customer) != 0) | (start[1:] > reach[:-1] + 1))
    first = np.flatnonzero(begins)
    last = np.append(first[1:], customer.size) - 1
    return Contracts(order[first], customer[first], start[first], reach[last], observed, grain)


def whole_grains(first: Counts, later: Counts, grain: str) -> Counts:
    """Count the whole days, weeks, or calendar months, quarters or years from one day to another.

    The month from 31 January is whole on the last day of February.
    """
    if grain in DAYS_PER:
        return (later - first) // DAYS_PER[grain]
    months = _month(later) - _month(first)
    whole: Counts = (months - (later < add_months(first, months))) // MONTHS_PER[grain]
    return whole


def due_date(first: Counts, number: Any, grain: str) -> Counts:
    """Day on which the renewal of that number falls due."""
    due: Counts = (
        first + number * DAYS_PER[grain] if grain in DAYS_PER else add_months(first, number * MONTHS_PER[grain])
    )
    return due


def _month(days: Counts) -> Counts:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def count_renewals(contracts: Contracts, group: Counts | None) -> RenewalCounts:
    """Count, for each cohort and period, the contracts whose renewal fell due and those that were not renewed.

    A cohort is a group's contracts with the same number of renewals that fell due, so that it is observed as a whole.
    """
    due, made = contracts.due, contracts.made
    group = np.zeros(due.size, dtype=np.int64) if group is None else group
    most = int(due.max())
    key = group * (most + 1) + (most - due)
    cohorts, one, cohort, size = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    periods = most - cohorts % (most + 1)
    offset = np.cumsum(periods) - periods
    was_lost = ~contracts.running & (made < due)  # else its next renewal falls due after the last day observed
    lost = np.bincount((offset[cohort] + made)[was_lost], minlength=int(periods.sum()))
    lost_before = np.cumsum(lost) - lost
    entry = np.repeat(np.arange(cohorts.size), periods)
    at_risk = size[entry] - (lost_before - lost_before[offset[entry]])
    first_start = _first_start(periods, contracts.observed, contracts.grain)
    return RenewalCounts(one[entry], first_start[entry], np.arange(lost.size) - offset[entry] + 1, at_risk, lost)


def _first_start(due: Counts, observed: int, grain: str) -> Counts:
    """First day from whose start so many renewals, and no more, fall due up to the last day observed."""
    after = np.full(due.size, observed + 1)
    start = due_date(after, -(due + 1), grain)
    return start + (due_date(start, due + 1, grain) <= observed)  # its month has no such day: the next one begins
