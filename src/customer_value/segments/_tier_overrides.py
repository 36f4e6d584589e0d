"""Tiers that were set by hand: whose, to what, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from customer_value._frames import EagerFrame, to_eager
from customer_value._validation import few, require_columns
from customer_value.errors import InputError
from customer_value.segments.tier_scheme import TierScheme

Overrides = dict[Any, tuple[int, str]]  # customer -> position of the tier, note
_FEW = 5


def read_overrides(overrides: object, column: str, name: str, scheme: TierScheme, shown: Sequence[str]) -> Overrides:
    """Return what is set by hand, tiers by position; raise on tiers that there are not and customers named twice."""
    pairs = _of_mapping(overrides) if isinstance(overrides, Mapping) else _of_frame(overrides, column, name)
    languages = [[texts[tier] for tier in scheme.tiers] for texts in scheme.labels.values()]
    known = {text: i for texts in (*languages, shown, scheme.tiers) for i, text in enumerate(texts)}
    unknown = sorted({str(tier) for _, tier, _ in pairs if not isinstance(tier, str) or tier not in known})
    if unknown:
        raise InputError(f"overrides name the tiers {unknown}; tiers are {list(scheme.tiers)}.")
    found = {customer: (known[tier], "" if note is None else str(note)) for customer, tier, note in pairs}
    if len(found) < len(pairs):
        times = Counter(customer for customer, _, _ in pairs)
        twice = sorted(str(customer) for customer, n in times.items() if n > 1)
        raise InputError(f"overrides must name each customer once; {twice[:_FEW]} come more than once.")
    return found


def positions(frame: EagerFrame, column: str, overrides: Overrides) -> list[tuple[int, Any]]:
    """Return the rows of the customers that are set by hand; raise on customers that there are not."""
    found = [
        (row, customer) for row, customer in enumerate(frame.get_column(column).to_list()) if customer in overrides
    ]
    there = {customer for _, customer in found}
    missing = [customer for customer in overrides if customer not in there]
    if missing:
        raise InputError(
            f"overrides must name customers of the frame; {len(missing)} of {len(overrides)} are not in {column} "
            f"({few([repr(each) for each in missing], _FEW)})."
        )
    return found


def _of_mapping(overrides: Mapping[Any, Any]) -> list[tuple[Any, Any, Any]]:
    return [(customer, tier, None) for customer, tier in overrides.items()]


def _of_frame(overrides: object, column: str, name: str) -> list[tuple[Any, Any, Any]]:
    opened, _ = to_eager(overrides, "overrides", "assign_tiers")
    tier = name if name in opened.columns else "tier"
    require_columns(opened, [column, tier], what="overrides")
    rows = [opened.get_column(each).to_list() for each in (column, tier)]
    note = next((each for each in ("reason", f"{tier}_reason") if each in opened.columns), None)
    notes = [None] * len(opened) if note is None else opened.get_column(note).to_list()
    return list(zip(*rows, notes, strict=True))
