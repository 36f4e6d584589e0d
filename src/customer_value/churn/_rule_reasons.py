"""Rules applied to a frame: which reasons each customer has, how strong they are, and how they read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame
from customer_value._units import DAYS
from customer_value._validation import (
    name_list,
    time_unit_of,
)
from customer_value.churn._feature_columns import Floats, read_feature
from customer_value.churn.reason_rules import MEDIAN, ReasonRule
from customer_value.errors import InputError

_STRONGEST = 3.0  # doublings beyond the bound that count
_FIRST_LOG = re.compile(r"(?:(?P<log>.+)_)?(?:days_since_last|time_since_last|purchases)")
_SPAN = re.compile(r"(\d+)([dwmqy])")
_SPANS = {
    "en": {"d": "day", "w": "week", "m": "month", "q": "quarter", "y": "year"},
    "zh": {"d": "天", "w": "周", "m": "个月", "q": "季度", "y": "年"},
}
_WEEKS_FROM, _YEARS_FROM = 14.0, 730.0  # days


# A column, what stands before its feature's name, and the named groups of the rule.
_Match = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True)
class Reason:
    """One reason for all customers: signed strength (0 where it does not apply), and what it is read from."""

    name: str
    feature: str
    strength: Floats
    value: Floats
    typical: Floats
    text: Any  # row -> the reason in words


def rule_reasons(
    frame: EagerFrame, rules: Sequence[ReasonRule], logs: Sequence[str] | None, language: str
) -> list[Reason]:
    """Apply the rules to a frame's columns."""
    unit = time_unit_of(frame) or "day"
    known = _first_log(frame) if logs is None else name_list(logs, "logs", "log")
    made = [
        reason
        for rule in rules
        for found in _matches(frame, rule, known)
        if (reason := _apply(frame, rule, found, unit, language)) is not None
    ]
    if not made:
        raise InputError(
            f"none of the rules finds its columns in the frame, which has {frame.columns}. churn_features, "
            "purchase_rhythm and summarize_customers make them; or give rules= of your own, or model=."
        )
    return made


def _first_log(frame: EagerFrame) -> list[str]:
    """Return the name before the columns of the first log: none where they stand without one."""
    found = [match["log"] for name in frame.columns if (match := _FIRST_LOG.fullmatch(name))]
    return [""] if not found or None in found else [found[0]]


def _matches(frame: EagerFrame, rule: ReasonRule, logs: Sequence[str]) -> Iterator[_Match]:
    """Give each column that the rule speaks of, with what stands before its name, and the named groups."""
    pattern = re.compile(rule.feature)
    for name in frame.columns:
        for log in [*logs, *(_logs_before(name, pattern) if rule.any_log else [])]:
            prefix = f"{log}_" if log else ""
            match = pattern.fullmatch(name.removeprefix(prefix)) if name.startswith(prefix) else None
            if match:
                yield name, prefix, match.groupdict()
                break


def _logs_before(name: str, pattern: re.Pattern[str]) -> Iterator[str]:
    """Give what may be a log's name before a feature."""
    for at in (match.start() for match in re.finditer("_", name)):
        if pattern.fullmatch(name[at + 1 :]):
            yield name[:at]
    yield ""


def _apply(frame: EagerFrame, rule: ReasonRule, found: _Match, unit: str, language: str) -> Reason | None:
    column, prefix, groups = found
    read = read_feature(frame, column)
    own = None if rule.typical in (None, MEDIAN) else f"{prefix}{str(rule.typical).format(**groups)}"
    if read.kind != "number" or (own is not None and own not in frame.columns):
        return None
    value, typical = read.numbers, np.full(len(frame), np.nan)
    if own is not None:
        typical = read_feature(frame, own).numbers
    elif rule.typical == MEDIAN and not np.isnan(value).all():
        typical = np.full(len(frame), float(np.nanmedian(value)))
    # Columns that count days by their name do so in any frame; others are on the frame's ruler.
    days = DAYS[unit] if rule.unit == "ruler" and not column.startswith(f"{prefix}days_") else 1.0
    strength = _strength(value * days, typical * days if rule.typical else None, rule)
    words = {name: _window(group, language) for name, group in groups.items()}

    def text(row: int) -> str:
        shown = {"value": _number(value[row] * days, rule.unit, language), "typical": ""}
        if rule.typical:
            shown["typical"] = _number(typical[row] * days, rule.unit, language)
        return rule.reads(language).format(**words, **shown)

    signed = strength if rule.direction == "raises" else -strength
    return Reason(rule.name, column, signed, value, typical, text)


def _strength(value: Floats, typical: Floats | None, rule: ReasonRule) -> Floats:
    """Return weight x (1 + doublings beyond the bound), 0 where the rule does not apply."""
    bound = rule.bound() * (np.ones(value.size) if typical is None else typical)
    more, less = (value, bound) if rule.at_least is not None else (bound, value)
    with np.errstate(divide="ignore", invalid="ignore"):
        applies = more >= less  # false for what is missing
        doublings = np.where(more == less, 0.0, np.log2(more / less))
    strength: Floats = np.where(applies, rule.weight * (1 + np.clip(doublings, 0, _STRONGEST)), 0.0)
    return strength


def _window(group: str | None, language: str) -> str:
    """Write a window out: 30d is 30 days."""
    match = _SPAN.fullmatch(group or "")
    return _counted(int(match[1]), match[2], language) if match else (group or "")


def _counted(count: float, unit: str, language: str) -> str:
    word = _SPANS[language][unit]
    if language == "zh":
        return f"{count:g}{word}"
    return f"{count:g} {word}{'' if count == 1 else 's'}"


def _number(value: float, unit: str, language: str) -> str:
    """Write a value: times in the unit that reads best, shares in percent."""
    if np.isnan(value):
        return "?"
    if unit == "share":
        return f"{value:.0%}"
    if unit == "number":
        return f"{value:,.4g}"
    if value < _WEEKS_FROM:
        return _counted(round(value), "d", language)
    if value < _YEARS_FROM:
        return _counted(round(value / 7), "w", language)
    return _counted(round(value / 365.25, 1), "y", language)
