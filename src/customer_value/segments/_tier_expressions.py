"""A fitted tier scheme as expressions: the same on arrays in memory and on rows that stay where they are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from customer_value._frames import nw
from customer_value.segments._tier_cuts import decimals_of
from customer_value.segments._tier_words import cell_reason
from customer_value.segments.tier_parts import TierCriterion, TierCut
from customer_value.segments.tier_scheme import Cell, TierScheme

Number = TypeVar("Number", bound=Any)  # an array or an expression

_NUDGE = 1e-13  # 0.29 * 100 is 28.999999999999996, and is shown as 0.29 all the same
_LARGEST_SHOWN = 9e18
_SAME = 1e-300  # limits so near to each other that nothing can be divided by what lies between them


def number_of(column: str) -> nw.Expr:
    return nw.col(column).cast(nw.Float64)


def band(value: nw.Expr, cut: TierCut) -> nw.Expr:
    """Count the thresholds that a number misses: the position of its band."""
    never = sum(threshold is None for threshold in cut.at)
    missed = [value > t if cut.lower_is_better else value < t for t in cut.at if t is not None]
    first, *others = missed or [value < value]  # a column of 0 where no threshold is left to miss
    code = first.cast(nw.Int64)
    for each in others:
        code = code + each.cast(nw.Int64)
    return code + never if never else code


def scaled(value: Number, criterion: TierCriterion) -> Number:
    """Return a column's part of a weighted sum: 0 at the first limit and below, the whole weight at the second."""
    assert criterion.limits is not None
    assert criterion.weight is not None
    low, high = criterion.limits
    if abs(high - low) < _SAME:  # for everyone: it tells nothing
        nothing: Number = value * 0.0
        return nothing
    # Not divided by the range: some engines multiply by the reciprocal instead, which rounds otherwise.
    part: Number = (value.clip(min(low, high), max(low, high)) - low) * (1.0 / (high - low)) * criterion.weight
    return part


def steps(value: nw.Expr, cut: TierCut) -> nw.Expr:
    """Return a number in whole steps of the last decimal that is shown, on the side of each threshold that it is on.

    It is cut off towards the worse side, so that 899.7 is not shown as 900 beside a threshold of 900.
    """
    scale = 10.0 ** decimals_of(cut.at)
    sign = -1.0 if cut.lower_is_better else 1.0
    scaled_up = value * (sign * scale) + value.abs() * (scale * _NUDGE)
    return (scaled_up.floor() * sign).clip(-_LARGEST_SHOWN, _LARGEST_SHOWN).cast(nw.Int64)


def number_text(whole: nw.Expr, decimals: int) -> nw.Expr:
    """Show a number that is given in steps of its last decimal."""
    if not decimals:
        return whole.cast(nw.String)
    size = whole.abs()
    before = (size // 10**decimals).cast(nw.String)
    behind = (size % 10**decimals + 10**decimals).cast(nw.String).str.slice(1, decimals)
    minus = nw.when(whole < 0).then(nw.lit("-")).otherwise(nw.lit(""))
    return nw.concat_str(minus, before, nw.lit("."), behind)


def slots(criterion: TierCriterion) -> int:
    """Return the number of levels of a criterion, the unknown one among them."""
    return len(criterion.levels) + (criterion.unknown is not None)


def level(criterion: TierCriterion) -> nw.Expr:
    """Return the position of a customer's level; one behind the last where the column is null."""
    assert criterion.cut is not None
    value = number_of(criterion.column)
    code = band(value, criterion.cut)
    if criterion.unknown is None:
        return code
    missing = value.is_null() | value.is_nan()
    return nw.when(missing).then(nw.lit(len(criterion.levels))).otherwise(code)


def cell(criteria: Sequence[TierCriterion]) -> nw.Expr:
    """Return the number of a customer's combination of levels, the last criterion running fastest."""
    code = nw.lit(0)
    for criterion in criteria:
        code = code * slots(criterion) + level(criterion)
    return code


@dataclass(frozen=True)
class CellTable:
    """What belongs to each combination of levels, in the order of `cell`: position of the tier, levels, reason."""

    levels: list[tuple[int, ...]]
    tiers: list[int]
    totals: list[float]
    reasons: list[str]


def cell_table(scheme: TierScheme, language: str) -> CellTable:
    """Look every combination up once, those with an unknown level among them."""
    table = CellTable([], [], [], [])
    for codes in itertools.product(*(range(slots(criterion)) for criterion in scheme.criteria)):
        unknown = tuple(code == len(c.levels) for c, code in zip(scheme.criteria, codes, strict=True))
        found: Cell = tuple(
            c.unknown if missing and c.unknown is not None else c.levels[code]
            for c, code, missing in zip(scheme.criteria, codes, unknown, strict=True)
        )
        tier = scheme.tier_of(found)
        assert tier is not None
        table.levels.append(tuple(c.levels.index(each) for c, each in zip(scheme.criteria, found, strict=True)))
        table.tiers.append(scheme.tiers.index(tier))
        table.totals.append(scheme.points_of(found) if scheme.kind == "points" else math.nan)
        table.reasons.append(cell_reason(scheme, found, unknown, language))
    return table


def choose(code: nw.Expr, entries: Sequence[Any]) -> nw.Expr:
    """Look a code up among entries, by halves: engines without arrays have no other way, and deep chains are slow."""

    def between(first: int, behind: int) -> nw.Expr:
        if len(set(entries[first:behind])) == 1:
            return nw.lit(entries[first])
        middle = (first + behind) // 2
        return nw.when(code < middle).then(between(first, middle)).otherwise(between(middle, behind))

    return between(0, len(entries))
