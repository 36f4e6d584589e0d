"""A fitted tier scheme applied: on rows in memory by look-up, on rows elsewhere by expressions alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from customer_value._frames import Column, EagerFrame, categorical, engine_of, make_frame, nw, texts
from customer_value.segments._tier_cuts import decimals_of
from customer_value.segments._tier_expressions import (
    band,
    cell,
    cell_table,
    choose,
    level,
    number_of,
    number_text,
    scaled,
    steps,
)
from customer_value.segments._tier_words import rules_of, shown_name, weighted_sum_name
from customer_value.segments.tier_parts import TierCriterion, TierCut
from customer_value.segments.tier_scheme import TierScheme

Codes = np.ndarray[Any, np.dtype[np.int64]]

# Columns for a moment, of names that no others have: engines repeat an expression wherever it is used.
_NUMBER, _STEPS, _BAND = "number of a tier", "steps of a tier", "band of a tier"
_TABLED_DECIMALS = 3


@dataclass(frozen=True)
class Found:
    """Position of each customer's tier, the reason, and the columns that break it down."""

    tiers: Codes
    reasons: nw.Series[Any] | None
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


def in_memory(numbers: EagerFrame, scheme: TierScheme, score: str, name: str, language: str, *, reasons: bool) -> Found:
    """Apply a fitted scheme to numeric columns in memory."""
    if scheme.kind in {"matrix", "points"}:
        return _cells_in_memory(numbers, scheme, name, language)
    assert scheme.cut is not None
    value = the_number(scheme, score)
    parts = {f"{name}_{each}": part for each, part in weighted_parts(scheme).items()}
    if parts:
        parts[f"{name}_score"] = value
    made = numbers.select(band(value, scheme.cut).alias(_BAND), **parts)
    codes = _codes(made.get_column(_BAND))
    said = _reasons_in_memory(numbers, scheme, score, codes, language) if reasons else None
    return Found(codes, said, {each: made.get_column(each) for each in parts})


def _reasons_in_memory(
    numbers: EagerFrame, scheme: TierScheme, score: str, codes: Codes, language: str
) -> nw.Series[Any]:
    """Say each number and the rule of its band, as `elsewhere` does: each piece of text is one copy of all of them."""
    cut = cast(TierCut, scheme.cut)
    decimals, rules, value = decimals_of(cut.at), rules_of(cut, language), the_number(scheme, score)
    what = f"{_what(scheme, score, language)} "
    stepped = numbers.select(steps(value, cut).alias(_STEPS))
    if decimals > _TABLED_DECIMALS:
        stepped = stepped.with_columns(texts(codes, rules, numbers).alias(_BAND))
        said = nw.concat_str(nw.lit(what), number_text(nw.col(_STEPS), decimals), nw.col(_BAND))
        return stepped.select(said.alias(_BAND)).get_column(_BAND)
    whole = _codes(stepped.get_column(_STEPS))
    before, behind = np.divmod(np.abs(whole), 10**decimals)
    ends = [f".{i:0{decimals}d}" if decimals else "" for i in range(10**decimals)]
    pieces = make_frame(
        {
            "begin": texts((whole < 0).astype(np.int64), [what, f"{what}-"], numbers),
            "before": before,
            "end": texts(behind * len(rules) + codes, [end + rule for end in ends for rule in rules], numbers),
        },
        numbers,
    )
    begin = nw.col("begin") if (whole < 0).any() else nw.lit(what)
    said = nw.concat_str(begin, nw.col("before").cast(nw.String), nw.col("end"))
    return pieces.select(said.alias("reason")).get_column("reason")


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
    frame: nw.LazyFrame[Any],
    scheme: TierScheme,
    score: str,
    name: str,
    shown: Sequence[str],
    language: str,
    *,
    reasons: bool,
) -> nw.LazyFrame[Any]:
    """Apply a fitted scheme to a lazy frame, which stays lazy; labels are text where the engine has no Enum."""
    ordered = engine_of(frame) == "polars"

    def label(code: nw.Expr, entries: Sequence[str], order: Sequence[str]) -> nw.Expr:
        chosen = choose(code, entries)
        return chosen.cast(nw.Enum(list(order))) if ordered else chosen

    band_of = nw.col(_BAND)
    made: dict[str, nw.Expr] = {}
    if scheme.kind in {"matrix", "points"}:
        table = cell_table(scheme, language)
        worked = frame.with_columns(cell(scheme.criteria).alias(_BAND))
        made[name] = label(band_of, [shown[tier] for tier in table.tiers], shown)
        made[f"{name}_reason"] = choose(band_of, table.reasons)
        for criterion in scheme.criteria:
            made[f"{name}_{criterion.name}"] = _level_elsewhere(scheme, criterion, language, label)
        if scheme.kind == "points":
            made[f"{name}_score"] = choose(band_of, table.totals)
    else:
        cut, number = cast(TierCut, scheme.cut), nw.col(_NUMBER)
        worked = frame.with_columns(the_number(scheme, score).alias(_NUMBER))
        worked = worked.with_columns(steps(number, cut).alias(_STEPS), band(number, cut).alias(_BAND))
        made[name] = label(band_of, shown, shown)
        what = nw.lit(f"{_what(scheme, score, language)} ")
        rule = choose(band_of, rules_of(cut, language))
        made[f"{name}_reason"] = nw.concat_str(what, number_text(nw.col(_STEPS), decimals_of(cut.at)), rule)
        parts = {f"{name}_{each}": part for each, part in weighted_parts(scheme).items()}
        made |= {**parts, f"{name}_score": number} if parts else {}
    if not reasons:
        del made[f"{name}_reason"]
    return worked.with_columns(**made).drop(_NUMBER, _STEPS, _BAND, strict=False)


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


def _what(scheme: TierScheme, score: str, language: str) -> str:
    return score if scheme.kind == "score" else weighted_sum_name(language)


def _shown_levels(criterion: TierCriterion, language: str) -> list[str]:
    return [shown_name(each, language) for each in criterion.levels]


def _codes(column: nw.Series[Any]) -> Codes:
    return np.asarray(column.to_numpy(), dtype=np.int64)
