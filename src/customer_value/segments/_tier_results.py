"""A fitted tier scheme applied: on rows in memory by look-up, on rows elsewhere by expressions alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import Column, EagerFrame, categorical, engine_of, nw, texts
from customer_value.segments._tier_expressions import (
    band,
    cell,
    cell_table,
    choose,
    level,
    number_of,
    number_text,
    scaled,
)
from customer_value.segments._tier_words import rules_of, shown_name, weighted_sum_name
from customer_value.segments.tier_parts import TierCriterion
from customer_value.segments.tier_scheme import TierScheme

Codes = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Found:
    """Position of each customer's tier, the reason, and the columns that break it down."""

    tiers: Codes
    reasons: nw.Series[Any]
    breakdown: dict[str, Column]


def weighted_parts(scheme: TierScheme) -> dict[str, nw.Expr]:
    """Return the part of each criterion of a weighted sum."""
    return {criterion.name: scaled(number_of(criterion.column), criterion) for criterion in scheme.criteria}


def the_number(scheme: TierScheme, score: str) -> nw.Expr:
    """Return the number that is cut: the score itself, or the weighted sum."""
    if scheme.kind == "score":
        return number_of(score)
    total, *others = weighted_parts(scheme).values()
    for part in others:
        total = total + part
    return total


def in_memory(numbers: EagerFrame, scheme: TierScheme, score: str, name: str, language: str) -> Found:
    """Apply a fitted scheme to numeric columns in memory."""
    if scheme.kind in {"matrix", "points"}:
        return _cells_in_memory(numbers, scheme, name, language)
    assert scheme.cut is not None
    value = the_number(scheme, score)
    parts = {f"{name}_{each}": part for each, part in weighted_parts(scheme).items()}
    if parts:
        parts[f"{name}_score"] = value
    breakdown = numbers.select(**parts) if parts else None
    made = numbers.select(tier=band(value, scheme.cut), number=number_text(value, scheme.cut))
    codes = _codes(made.get_column("tier"))
    made = made.with_columns(texts(codes, rules_of(scheme.cut, language), numbers).alias("rule"))
    reasons = made.select(_said(scheme, score, language, nw.col("number"), nw.col("rule")).alias("reason"))
    return Found(
        codes,
        reasons.get_column("reason"),
        {} if breakdown is None else {each: breakdown.get_column(each) for each in parts},
    )


def _cells_in_memory(numbers: EagerFrame, scheme: TierScheme, name: str, language: str) -> Found:
    table = cell_table(scheme, language)
    cells = _codes(numbers.select(cell=cell(scheme.criteria)).get_column("cell"))
    breakdown: dict[str, Column] = {}
    for i, criterion in enumerate(scheme.criteria):
        levels = np.array([each[i] for each in table.levels])[cells]
        if scheme.kind == "points":
            breakdown[f"{name}_{criterion.name}"] = np.array(criterion.points)[levels]
        else:
            breakdown[f"{name}_{criterion.name}"] = categorical(levels, _shown_levels(criterion, language), numbers)
    if scheme.kind == "points":
        breakdown[f"{name}_score"] = np.array(table.totals)[cells]
    return Found(np.array(table.tiers)[cells], texts(cells, table.reasons, numbers), breakdown)


def elsewhere(
    frame: nw.LazyFrame[Any], scheme: TierScheme, score: str, name: str, shown: Sequence[str], language: str
) -> nw.LazyFrame[Any]:
    """Apply a fitted scheme to a lazy frame, which stays lazy; labels are text where the engine has no Enum."""
    ordered = engine_of(frame) == "polars"

    def label(code: nw.Expr, entries: Sequence[str], order: Sequence[str]) -> nw.Expr:
        chosen = choose(code, entries)
        return chosen.cast(nw.Enum(list(order))) if ordered else chosen

    made: dict[str, nw.Expr] = {}
    if scheme.kind in {"matrix", "points"}:
        table = cell_table(scheme, language)
        code = cell(scheme.criteria)
        made[name] = label(code, [shown[tier] for tier in table.tiers], shown)
        made[f"{name}_reason"] = choose(code, table.reasons)
        for criterion in scheme.criteria:
            made[f"{name}_{criterion.name}"] = _level_elsewhere(scheme, criterion, language, label)
        if scheme.kind == "points":
            made[f"{name}_score"] = choose(code, table.totals)
    else:
        assert scheme.cut is not None
        value = the_number(scheme, score)
        code = band(value, scheme.cut)
        rule = choose(code, rules_of(scheme.cut, language))
        made[name] = label(code, shown, shown)
        made[f"{name}_reason"] = _said(scheme, score, language, number_text(value, scheme.cut), rule)
        parts = {f"{name}_{each}": part for each, part in weighted_parts(scheme).items()}
        made |= {**parts, f"{name}_score": value} if parts else {}
    return frame.with_columns(**made)


def _level_elsewhere(scheme: TierScheme, criterion: TierCriterion, language: str, label: Any) -> nw.Expr:
    """Return a criterion's level, or its points; behind the last level that of the unknown."""
    code = level(criterion)
    unknown = [] if criterion.unknown is None else [criterion.levels.index(criterion.unknown)]
    order = [*range(len(criterion.levels)), *unknown]
    if scheme.kind == "points":
        return choose(code, [criterion.points[each] for each in order])
    names = _shown_levels(criterion, language)
    chosen: nw.Expr = label(code, [names[each] for each in order], names)
    return chosen


def _said(scheme: TierScheme, score: str, language: str, number: nw.Expr, rule: nw.Expr) -> nw.Expr:
    what = score if scheme.kind == "score" else weighted_sum_name(language)
    return nw.concat_str(nw.lit(f"{what} "), number, rule)


def _shown_levels(criterion: TierCriterion, language: str) -> list[str]:
    return [shown_name(each, language) for each in criterion.levels]


def _codes(column: nw.Series[Any]) -> Codes:
    return np.asarray(column.to_numpy(), dtype=np.int64)
