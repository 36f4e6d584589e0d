"""Asks of customers, and which purchase answers which: arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value.transactions._plan import add_length

Counts = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Asks:
    """Asks by customer and day; customers are numbered from 0."""

    customer: Counts
    day: Counts
    until: Counts  # first day on which the ask cannot be answered any more: its window is over, or it is asked again
    first: Counts  # of each customer, where his asks begin

    @property
    def everyone(self) -> bool:
        """Whether there is one list of asks for all customers."""
        return self.first.size == 1

    def up_to(self, customer: Counts, day: Counts) -> tuple[Counts, Flags]:
        """Count each customer's asks up to a day, that day's included, and tell whether the last is still open."""
        if self.everyone:
            low = day.min()
            table = np.searchsorted(self.day, np.arange(low, day.max() + 1), side="right")
            after = table[day - low]
            asked = after
        else:
            low, high = min(day.min(), self.day.min()), max(day.max(), self.day.max())
            span = int(high) - int(low) + 1
            sought = customer * span + (day - low)
            # In ascending order the search stays in the cache; in any other it would leave it at most of its steps.
            order = np.argsort(sought)
            after = np.empty(sought.size, dtype=np.int64)
            after[order] = np.searchsorted(self.customer * span + (self.day - low), sought[order], side="right")
            asked = after - self.first[customer]
        return asked, (asked > 0) & (day < self.until[after - 1])

    def over(self, end: int) -> Counts:
        """Count each customer's asks whose window is over by the end of a day (they come before all others)."""
        return np.bincount(self.customer[self.until <= end + 1], minlength=self.first.size)


def order_asks(customer: Counts | None, day: Counts, n_customers: int, window: tuple[int, str]) -> Asks:
    """Sort asks and close their windows; without customers everyone is asked. Asks of one day are one."""
    if customer is None:
        customer, n_customers = np.zeros(day.size, dtype=np.int64), 1
    low = int(day.min())
    span = int(day.max()) - low + 1
    by_customer = np.sort(customer * span + (day - low))
    customer, day = np.divmod(by_customer[np.append(True, np.diff(by_customer) > 0)], span)
    day += low
    until = add_length(day, *window)
    again = np.flatnonzero(np.diff(customer) == 0)
    until[again] = np.minimum(until[again], day[again + 1])
    return Asks(customer, day, until, np.searchsorted(customer, np.arange(n_customers)))
