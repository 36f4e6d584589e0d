"""A customer's features from his counts and sums, for arrays and for expressions alike.

Counts and sums are whole numbers (amounts too: whole units and billionths), so that they do not depend on the order in
which rows were added up. What follows are products, quotients and square roots, which every engine rounds alike: a
feature has the same bits on each, and no row that was left out can have left a trace in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from customer_value._frames import nw
from customer_value.churn._event_plan import EventLog, Moment

BILLION = 10**9
LARGEST_AMOUNT = 1e15  # whole units of which thousands fit 64 bits

# Names of the whole numbers that features are made of; `_of` adds a lookback or a column.
EVENTS, ACTIVE_DAYS, FIRST, LAST = "events", "active_days", "first", "last"
WHOLES, BILLIONTHS = "wholes", "billionths"
GAP_SQUARES, LONGEST_GAP = "gap_squares", "longest_gap"
DISTINCT, COUNT, LAST_OF = "distinct", "count", "last_of"


def of(*parts: str) -> str:
    """Name of a number: what it counts, of which column, in which lookback."""
    return "_".join(parts)


@dataclass(frozen=True, slots=True)
class Operations:
    """What arrays and expressions write differently."""

    lesser: Callable[[int, Any], Any]
    greater: Callable[[float, Any], Any]
    root: Callable[[Any], Any]


ARRAYS = Operations(np.minimum, np.maximum, np.sqrt)
EXPRESSIONS = Operations(
    lambda bound, x: nw.min_horizontal(nw.lit(bound), x),
    lambda bound, x: nw.max_horizontal(nw.lit(bound), x),
    lambda x: x.sqrt(),
)


@dataclass(frozen=True, slots=True)
class Feature:
    """A column: its name, its values and where they are known (True: everywhere); else it is null."""

    name: str
    value: Any
    known: Any = True
    whole: bool = False


def log_features(
    base: Mapping[str, Any],
    log: EventLog,
    moment: Moment,
    labels: tuple[str, ...],
    observed: tuple[bool, ...],
    do: Operations,
) -> Iterator[Feature]:
    """Make one log's features at a cutoff; lookbacks that the log does not reach back to are not observed."""
    events, days, first, last = (base[name] for name in (EVENTS, ACTIVE_DAYS, FIRST, LAST))
    some, age = events > 0, moment.cutoff - first
    lookbacks = list(zip(labels, observed, strict=True))
    yield Feature("days_since_last", moment.cutoff - last, some, whole=True)
    yield Feature("days_since_first", age, some, whole=True)
    yield Feature("events", events, whole=True)
    for label, seen in lookbacks:
        yield Feature(f"events_{label}", base[of(EVENTS, label)], seen, whole=True)
    yield Feature("active_days", days, whole=True)
    for label, seen in lookbacks:
        yield Feature(f"active_days_{label}", base[of(ACTIVE_DAYS, label)], seen, whole=True)
    yield from _rates(base, moment, labels, some, age, do)
    if log.amount is not None:
        yield from _values(base, moment, lookbacks, some, age, do)
    yield from _rhythm(base, moment, do)
    for column in log.distinct:
        yield Feature(f"distinct_{column}", base[of(DISTINCT, column)], whole=True)
        for label, seen in lookbacks:
            yield Feature(f"distinct_{column}_{label}", base[of(DISTINCT, column, label)], seen, whole=True)
    for kind in log.kinds:
        count = base[of(COUNT, kind.name)]
        yield Feature(kind.name, count, whole=True)
        for label, seen in lookbacks:
            yield Feature(f"{kind.name}_{label}", base[of(COUNT, kind.name, label)], seen, whole=True)
        since = moment.cutoff - base[of(LAST_OF, kind.name)]
        yield Feature(f"days_since_{kind.name}", since, count > 0, whole=True)


def feature_names(log: EventLog, moment: Moment, labels: tuple[str, ...]) -> list[tuple[str, bool]]:
    """Return the names of one log's features, in their order, and which of them are whole numbers."""
    ones: Mapping[str, Any] = defaultdict(lambda: np.ones(1))
    with np.errstate(divide="ignore", invalid="ignore"):
        made = list(log_features(ones, log, moment, labels, (True,) * len(labels), ARRAYS))
    return [(f"{log.prefix}{feature.name}", feature.whole) for feature in made]


def _pairs(moment: Moment, labels: tuple[str, ...], age: Any, do: Operations) -> Iterator[tuple[str, str, Any, Any]]:
    """Each lookback with the next longer one: the share of that one's time which it covers, and where it is less.

    A customer younger than a lookback has been seen for his age only, and one younger than the short one has no time of
    his own to compare it with.
    """
    for (short, start), (long, earlier) in pairwise(zip(labels, moment.starts, strict=True)):
        length = moment.cutoff - start
        yield short, long, (length, do.lesser(moment.cutoff - earlier, age)), age > length


def _rates(
    base: Mapping[str, Any], moment: Moment, labels: tuple[str, ...], some: Any, age: Any, do: Operations
) -> Iterator[Feature]:
    """Events in the short lookback against those that the customer's rate in the longer one leads to expect.

    One event is added to both, so that a few events more or less move the ratio little; it stays between
    1 / (expected + 1) and the ratio of the two lengths.
    """
    for short, long, (length, exposure), older in _pairs(moment, labels, age, do):
        recent, all_of_it = base[of(EVENTS, short)], base[of(EVENTS, long)]
        trend = (recent + 1) / (all_of_it * length / exposure + 1)
        yield Feature(f"trend_{short}_{long}", trend, some & older & (all_of_it > 0))


def _values(
    base: Mapping[str, Any],
    moment: Moment,
    lookbacks: list[tuple[str, bool]],
    some: Any,
    age: Any,
    do: Operations,
) -> Iterator[Feature]:
    """Sums of amounts, and their trend: as that of events, with the customer's own mean value added to both sides."""
    value = _amount(base)
    mean = value / base[EVENTS]
    yield Feature("total_value", value)
    labels = tuple(label for label, _ in lookbacks)
    for label, seen in lookbacks:
        yield Feature(f"value_{label}", _amount(base, label), seen)
    yield Feature("value_per_event", mean, some)
    for short, long, (length, exposure), older in _pairs(moment, labels, age, do):
        expected = do.greater(0.0, _amount(base, long) * length / exposure)
        trend = do.greater(0.0, _amount(base, short) + mean) / (expected + mean)
        yield Feature(f"value_trend_{short}_{long}", trend, some & older & (base[of(EVENTS, long)] > 0) & (value > 0))


def _amount(base: Mapping[str, Any], *label: str) -> Any:
    """Put whole units and billionths together; both are whole, so that only the last step rounds.

    The billion is written as a column: polars makes a product of a division by a constant, which rounds otherwise.
    """
    wholes, billionths = base[of(WHOLES, *label)], base[of(BILLIONTHS, *label)]
    billion = wholes * 0 + BILLION
    return (wholes + billionths // BILLION) + (billionths % BILLION) / billion


def _rhythm(base: Mapping[str, Any], moment: Moment, do: Operations) -> Iterator[Feature]:
    """Gaps between active days, and the silence since the last one measured by them.

    Their variance is (n sum g^2 - (sum g)^2) / (n (n - 1)); the sum of all gaps is the time from the first to the last.
    """
    gaps, total = base[ACTIVE_DAYS] - 1, base[LAST] - base[FIRST]
    silence, squares, longest = moment.cutoff - base[LAST], base[GAP_SQUARES], base[LONGEST_GAP]
    variance = (squares * gaps - total * total) / (gaps * (gaps - 1))
    mean = total / gaps
    yield Feature("mean_gap", mean, gaps > 0)
    yield Feature("gap_cv", do.root(variance) / mean, gaps > 1)
    yield Feature("longest_gap", longest, gaps > 0, whole=True)
    yield Feature("overdue_ratio", silence * gaps / total, gaps > 0)
    yield Feature("silence_to_longest_gap", silence / longest, gaps > 0)
