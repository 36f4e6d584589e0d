"""The rules of a scheme: the facts that they are made of, how they are read, and which facts can hold together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from customer_value._validation import require_choice, text_value
from customer_value.errors import InputError

OTHERWISE = "otherwise"

# What may be asked of a customer. The last three need the columns of windows.
FACTS = (
    "no_purchase",  # a prospect
    "overdue",  # silent for longer than the first threshold
    "long_overdue",  # silent for longer than the second
    "falling",  # his gaps get longer, by a test
    "returned",  # his last gap was as long as the second threshold
    "repeated",  # purchases of at least `repeated_from`
    "established",  # purchases of at least `established_from`
    "tenured",  # first purchase at least `tenure_days` ago
    "idle",  # no purchase in the window
    "all_in_window",  # none before the window
    "bought_before",  # a purchase in the window of equal length before it
)
SILENCES = frozenset({"overdue", "long_overdue"})
WINDOWED = frozenset({"idle", "all_in_window", "bought_before"})

Alternatives = tuple[tuple[str, ...], ...]  # any of them, each with all of its facts


def parse(rule: str) -> Alternatives:
    """Read a rule; "otherwise" asks for nothing."""
    if rule == OTHERWISE:
        return ((),)
    return tuple(tuple(each.strip() for each in both.split(" and ")) for both in rule.split(" or "))


def check_rules(rules: Any) -> None:
    """Refuse rules of unknown facts, and rules that leave somebody without a stage."""
    if not isinstance(rules, Mapping) or not rules or not all(isinstance(text, str) for text in rules.values()):
        raise InputError(f"rules must map stages to facts, such as {{'gone': 'long_overdue', ...}}; got {rules!r}.")
    for stage in rules:
        text_value(stage, "the name of a stage")
    *asked, last = rules.items()
    if last[1] != OTHERWISE or any(rule == OTHERWISE for _, rule in asked):
        raise InputError(f"the last rule, and no other, must be {OTHERWISE!r}; got {dict(rules)}.")
    for stage, rule in asked:
        for fact in (fact for both in parse(rule) for fact in both):
            require_choice(f"each fact in the rule of {stage!r}", fact, FACTS)


def possible(true: set[str], asked: Sequence[str]) -> bool:
    """Tell whether facts can hold together, the others that are asked for not holding."""
    if "no_purchase" in true:
        return len(true) == 1
    implied = {"long_overdue": "overdue", "established": "repeated"}
    if any(first in true and then in asked and then not in true for first, then in implied.items()):
        return False
    return not ("all_in_window" in true and not true.isdisjoint({"idle", "bought_before"}))
