"""Who is a customer at each cutoff, and the arrays of the result, which chunks of customers fill in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import Column, EagerFrame, make_frame, whole_numbers
from customer_value.churn._event_formulas import Feature, feature_names
from customer_value.churn._event_plan import FeaturePlan
from customer_value.churn._event_reading import NEVER, Customers, Events, ReadRoster, Whole
from customer_value.churn._event_rules import no_customers

UNKNOWN = np.iinfo(np.int64).min  # stands for null in whole numbers


def first_days(events: Events, people: ReadRoster | None, plan: FeaturePlan, n: int) -> list[Whole]:
    """Return the day since which each of n persons is a customer, as known at each cutoff; others get one after it.

    Without a roster this is the day on which the first event was known.
    """
    if people is not None:
        return [_started(people, n, moment.cutoff) for moment in plan.moments]
    day = events.day if events.known is None else np.maximum(events.day, events.known)
    day = day if events.event is None else np.where(events.event, day, NEVER)
    since, there = np.full(n, NEVER, dtype=np.int64), np.diff(events.starts) > 0
    since[there] = np.minimum.reduceat(day, events.starts[:-1][there])
    return [since] * len(plan.moments)


def _started(people: ReadRoster, n: int, cutoff: int) -> Whole:
    known = np.ones(people.customer.size, dtype=np.bool_) if people.known is None else people.known < cutoff
    start = np.full(known.size, cutoff - 1) if people.start is None else people.start
    since, there = np.full(n, cutoff, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    np.minimum.at(since, people.customer[known], start[known])
    runs = known if people.end is None else known & (people.end >= cutoff)
    there[people.customer[runs & (start < cutoff)]] = True
    return np.where(there, since, cutoff)


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Columns of the result, of all cutoffs under each other, made once: pieces put together would need twice as much.

    `offsets` tells, by cutoff and chunk, where the rows of that chunk's customers begin.
    """

    customer: Whole
    columns: Mapping[str, Any]
    whole: Mapping[str, bool]
    offsets: Whole
    plan: FeaturePlan

    @classmethod
    def empty(cls, since: Sequence[Whole], cuts: Whole, plan: FeaturePlan) -> FeatureTable:
        """Make room for the customers of each cutoff, cut into chunks; raise where a cutoff has none."""
        before = [np.append(0, np.cumsum(s < m.cutoff))[cuts] for s, m in zip(since, plan.moments, strict=True)]
        sizes = np.array([counts[-1] for counts in before])
        if not sizes.all():
            raise no_customers(plan.moments[int(np.argmin(sizes))].cutoff, "roster")
        first = np.cumsum(sizes) - sizes
        offsets = np.array(before) + first[:, None]
        of_roster = plan.roster is not None and plan.roster.start is not None
        whole = {"days_since_start": True} if of_roster else {}
        for log in plan.logs:
            whole |= dict(feature_names(log, plan.moments[0], plan.labels))
        n = int(sizes.sum())
        columns = {name: np.empty(n, dtype=np.int64 if is_whole else np.float64) for name, is_whole in whole.items()}
        return cls(np.empty(n, dtype=np.int64), columns, whole, offsets, plan)

    def write(self, cutoff: int, chunk: int, customers: Whole, features: Iterable[tuple[str, Feature]]) -> None:
        """Fill in the rows of a chunk at a cutoff; chunks have rows of their own, so threads do not meet."""
        rows = slice(int(self.offsets[cutoff, chunk]), int(self.offsets[cutoff, chunk + 1]))
        self.customer[rows] = customers
        for name, feature in features:
            missing = UNKNOWN if self.whole[name] else np.nan
            known = feature.known
            self.columns[name][rows] = feature.value if known is True else np.where(known, feature.value, missing)

    def frame(self, customers: Customers, like: EagerFrame) -> EagerFrame:
        """Return the result in the library of a frame."""
        sizes = self.offsets[:, -1] - self.offsets[:, 0]
        cutoffs = np.repeat(np.array([moment.cutoff for moment in self.plan.moments]), sizes)
        made: dict[str, Column] = {
            self.plan.logs[0].customer_id: customers.named(self.customer),
            "cutoff": cutoffs.astype("datetime64[D]"),
        }
        for name, values in self.columns.items():
            missing = values == UNKNOWN if self.whole[name] else np.zeros(0, dtype=np.bool_)
            made[name] = whole_numbers(values, missing, like) if missing.any() else values
        return make_frame(made, like=like)
