"""What a tier's reason says, in two languages: the rule of each band, and the words around a cell."""

from __future__ import annotations

from customer_value.segments._tier_cuts import ABOVE_ZERO, said_number
from customer_value.segments.tier_parts import TierCriterion, TierCut
from customer_value.segments.tier_presets import CHINESE
from customer_value.segments.tier_scheme import Cell, TierScheme

_OF_CUSTOMERS = {
    "en": ("best {b} % of customers", "{a} to {b} % of customers", "last {rest} % of customers"),
    "zh": ("前{b}%的客户", "第{a}%至{b}%的客户", "后{rest}%的客户"),
}
_OF_ABOVE_ZERO = {
    "en": ("best {b} % of customers above 0", "{a} to {b} % of customers above 0", "others"),
    "zh": ("大于0的客户的前{b}%", "大于0的客户的第{a}%至{b}%", "其他"),
}
_OF_TOTAL = {
    "en": ("first {b} % of the total", "{a} to {b} % of the total", "last {rest} % of the total"),
    "zh": ("累计前{b}%", "累计{a}%至{b}%", "累计后{rest}%"),
}
_IN_BRACKETS = {"en": " ({})", "zh": "（{}）"}
_NOBODY = {"en": ", and nobody reaches a better tier", "zh": "，无人达到更高等级"}
_UNKNOWN = {"en": "{name} {level} (unknown)", "zh": "{name}{level}（未知）"}
_LEVEL = {"en": "{name} {level}", "zh": "{name}{level}"}
_COMMA = {"en": ", ", "zh": "，"}
_SUM = {"en": "weighted sum", "zh": "加权得分"}
_BY_HAND = {
    "en": (
        "set by hand: {tier}{note} instead of {computed}: {reason}",
        "set by hand: {tier}{note}, as by rule: {reason}",
    ),
    "zh": ("人工设定：{tier}{note}，原为{computed}：{reason}", "人工设定：{tier}{note}，与规则一致：{reason}"),
}


def weighted_sum_name(language: str) -> str:
    return _SUM[language]


def shown_name(name: str, language: str) -> str:
    """Return the name of a level or a criterion in a language, where it is known."""
    said = name.replace("_", " ")
    return CHINESE.get(name, said) if language == "zh" else said


def rules_of(cut: TierCut, language: str) -> list[str]:
    """Return the rule of each band of a fitted cut, best first: ">= 200, < 900 (80 to 95 % of the total)"."""
    reached, missed = ("<=", ">") if cut.lower_is_better else (">=", "<")
    rules = []
    for band in range(len(cut.at) + 1):
        here = cut.at[band] if band < len(cut.at) else None
        above = cut.at[band - 1] if band else None
        limits = [f"{reached} {said_number(here)}"] if here is not None and here != ABOVE_ZERO else []
        if above is not None:
            limits.append("<= 0" if above == ABOVE_ZERO else f"{missed} {said_number(above)}")
        rule = ", ".join(limits)
        rules.append(f" {rule}{_share(cut.fitted_from, band, language)}" if rule else _NOBODY[language])
    return rules


def _share(cut: TierCut | None, band: int, language: str) -> str:
    if cut is None:
        return ""
    texts = _OF_TOTAL if cut.by == "cumulative_share" else _OF_ABOVE_ZERO if cut.above_zero else _OF_CUSTOMERS
    ends = [0.0, *(each for each in cut.at if each is not None), 1.0]
    a, b, rest = (f"{100 * each:.4g}" for each in (ends[band], ends[band + 1], 1 - ends[band]))
    text = texts[language][0 if band == 0 else 1 if band < len(cut.at) else 2]
    return _IN_BRACKETS[language].format(text.format(a=a, b=b, rest=rest))


def cell_reason(scheme: TierScheme, cell: Cell, unknown: tuple[bool, ...], language: str) -> str:
    """Say the levels of a combination, or its points and what they reach."""
    pairs = list(zip(scheme.criteria, cell, unknown, strict=True))
    if scheme.kind == "matrix":
        return _COMMA[language].join(_said_level(*pair, language) for pair in pairs)
    parts = [
        f"{shown_name(criterion.name, language)} {said_number(criterion.points[criterion.levels.index(level)])}"
        for criterion, level, _ in pairs
    ]
    assert scheme.cut is not None
    band = scheme.tiers.index(scheme.tier_of(cell) or "")
    return f"{' + '.join(parts)} = {said_number(scheme.points_of(cell))}{rules_of(scheme.cut, language)[band]}"


def _said_level(criterion: TierCriterion, level: str, unknown: bool, language: str) -> str:
    text = (_UNKNOWN if unknown else _LEVEL)[language]
    return text.format(name=shown_name(criterion.name, language), level=shown_name(level, language))


def set_by_hand(tier: str, computed: str, reason: str, note: str, language: str) -> str:
    """Say that a tier was set, to what, and what the rule gave."""
    told = _IN_BRACKETS[language].format(note) if note else ""
    text = _BY_HAND[language][tier == computed]
    return text.format(tier=tier, note=told, computed=computed, reason=reason)
