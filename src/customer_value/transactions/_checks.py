"""The checks of `data_quality` in their order, each with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import AnyFrame
from customer_value._units import date_of
from customer_value.transactions._calendar import already_active, find_gaps, month_of
from customer_value.transactions._quality_counts import Days, Found, show_customers

_SHOWN = 3  # entries of an example
_NO_END = "not checked: give observation_end, the last day that the data should cover"


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the report; without a count the check could not be made."""

    name: str
    count: int | None
    unit: str
    out_of: int
    example: str
    what_to_do: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that was counted; `end` is the day number of `observation_end`."""

    rows: int
    flagged: Mapping[str, Found]
    repeats: Found | None
    days: Days
    visits: AnyFrame
    currencies: Sequence[tuple[str, int]] | None
    end: int | None


def make_checks(facts: Facts) -> list[Check]:
    """Return every check, in its fixed order."""
    days = facts.days.until(facts.end)

    def rows(name: str, what_to_do: str) -> Check:
        found = facts.flagged[name]
        return Check(name, found.count, "rows", facts.rows, found.example, what_to_do)

    return [
        rows("missing customer ids", "leave them out: clean_log(..., anonymous='drop')"),
        rows("missing dates", "find them, or leave the rows out: clean_log(..., missing='drop')"),
        rows("missing amounts", "find them, or leave the rows out: clean_log(..., missing='drop')"),
        _missing_orders(facts),
        rows("unreadable dates", "correct them; clean_log(..., date_format=...) reads other forms than ISO 8601"),
        rows("unreadable amounts", "correct them; clean_log(..., decimal=...) names the decimal mark"),
        _repeats(facts),
        _future(facts),
        rows("negative amounts", "refunds: choose summarize_customers(..., refunds='net', 'match' or 'drop')"),
        _unmatched(facts, days),
        rows("zero amounts", "they count as purchases (gifts, samples): filter them out where they are none"),
        _one_time(facts, days),
        _same_day(facts, days),
        _long_gaps(days),
        _currencies(facts),
        _already_active(days),
        _cut_off(facts, days),
        _silent_end(facts, days),
    ]


def _missing_orders(facts: Facts) -> Check:
    name, found = "missing order ids", facts.flagged.get("missing order ids")
    if found is None:
        return Check(name, None, "rows", facts.rows, "", "not checked: no order_id column")
    remedy = "find them, or leave orders uncounted: summarize_customers(..., order_id=None)"
    return Check(name, found.count, "rows", facts.rows, found.example, remedy)


def _repeats(facts: Facts) -> Check:
    name, repeats = "duplicate rows", facts.repeats
    if repeats is None:
        return Check(name, None, "rows", facts.rows, "", "not checked: a column holds lists or the like; leave it out")
    remedy = "if exported twice: clean_log(..., duplicates='drop'); two equal order lines may also be two items"
    return Check(name, repeats.count, "rows", facts.rows, repeats.example, remedy)


def _future(facts: Facts) -> Check:
    if facts.end is None:
        return Check("future dates", None, "rows", facts.rows, "", _NO_END)
    late = facts.days.day > facts.end
    example = _span(facts.days.day[late]) if late.any() else ""
    remedy = "correct them, or split them off: split_holdout(..., observation_end=...)"
    return Check("future dates", int(facts.days.rows[late].sum()), "rows", facts.rows, example, remedy)


def _unmatched(facts: Facts, days: Days) -> Check:
    return Check(
        "refunds without an earlier purchase",
        int(days.unmatched.sum()),
        "rows",
        facts.rows,
        _customers(facts, days, "unmatched"),
        "bought before the log begins, or by another id; summarize_customers(..., refunds='match') leaves them out",
    )


def _one_time(facts: Facts, days: Days) -> Check:
    return Check(
        "one-time buyers",
        int(days.once.sum()),
        "customers",
        int(days.new.sum()),
        _customers(facts, days, "once"),
        "normal in most trades; ParetoNBD lets them leave at once, BGNBD takes all of them to be alive",
    )


def _same_day(facts: Facts, days: Days) -> Check:
    return Check(
        "same-day orders",
        int(days.same_day.sum()),
        "customer-days",
        int(days.customer_days.sum()),
        _customers(facts, days, "same_day"),
        "summarize_customers counts each such day as one purchase, and with order_id all its orders",
    )


def _long_gaps(days: Days) -> Check:
    gaps = find_gaps(days.day)
    if gaps is None:
        return Check("long gaps", None, "days", days.span, "", "not checked: too few days with transactions")
    longest = sorted(gaps.long, key=lambda gap: (gap[0] - gap[1], gap[0]))
    return Check(
        "long gaps",
        gaps.silent,
        "days",
        days.span,
        "; ".join(_span(np.array(gap)) for gap in longest[:_SHOWN]) + _more(len(longest)),
        "a closed shop or a hole in the export: find out which, and export a hole again",
    )


def _currencies(facts: Facts) -> Check:
    if facts.currencies is None:
        return Check("several currencies", None, "rows", facts.rows, "", "not checked: no currency column")
    others = facts.currencies[1:]
    example = ", ".join(f"{code} {n:,}" for code, n in facts.currencies[: _SHOWN + 1]) if others else ""
    remedy = "convert to one currency, or clean one log for each"
    return Check("several currencies", sum(n for _, n in others), "rows", facts.rows, example, remedy)


def _already_active(days: Days) -> Check:
    name, customers = "customers already active", int(days.new.sum())
    start = already_active(days.day, days.new)
    if start is None:
        return Check(name, None, "customers", customers, "", "not checked: too few days with new customers")
    example = (
        f"{start.first:,} new up to {date_of(start.last_day)}, {start.typical:,.0f} in a typical later part as long"
    )
    later = date_of(start.last_day + 1)
    remedy = f"estimate; to keep later customers only: summarize_customers(..., acquired=('{later}', None))"
    return Check(name, start.excess, "customers", customers, example if start.excess else "", remedy)


def _cut_off(facts: Facts, days: Days) -> Check:
    name = "last month cut off"
    if days.day.size == 0:
        return Check(name, 0, "rows", facts.rows, "", "")
    gaps = find_gaps(days.day)
    last = int(days.day[-1]) if facts.end is None else facts.end
    first_of_month, last_of_month = month_of(last)
    # A quiet day or two before the end of the month, as after any other day, is no sign that the data end.
    tolerated = gaps.typical if gaps is not None and facts.end is None else 0
    cut = last_of_month - last > tolerated
    return Check(
        name,
        int(days.rows[days.day >= first_of_month].sum()) if cut else 0,
        "rows",
        facts.rows,
        f"{date_of(last):%Y-%m}: {last - first_of_month + 1} of {last_of_month - first_of_month + 1} days"
        if cut
        else "",
        f"compare whole months only: the last one ends on {date_of(first_of_month - 1)}",
    )


def _silent_end(facts: Facts, days: Days) -> Check:
    name = "days without data at the end"
    if facts.end is None or days.day.size == 0:
        return Check(name, None, "days", days.span, "", _NO_END if facts.end is None else "not checked: no dates")
    last = int(days.day[-1])
    example = f"last row on {date_of(last)}" if last < facts.end else ""
    remedy = f"if the export ends early, so must the observation: observation_end='{date_of(last)}'"
    return Check(name, facts.end - last, "days", facts.end - int(days.day[0]) + 1, example, remedy)


def _customers(facts: Facts, days: Days, flag: str) -> str:
    """Return the first customers with a flag, on the first day that has any."""
    counts = getattr(days, flag)
    flagged = np.flatnonzero(counts)
    return show_customers(facts.visits, flag, int(days.day[flagged[0]]), int(counts.sum())) if flagged.size else ""


def _span(day: np.ndarray[Any, Any]) -> str:
    first, last = date_of(int(day[0])), date_of(int(day[-1]))
    return str(first) if first == last else f"{first} to {last}"


def _more(count: int) -> str:
    return "; ..." if count > _SHOWN else ""
