"""The label of a stage and its reason: what is known of the customer, and the rule that he falls under."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from customer_value._frames import AnyFrame, categorical, engine_of, nw, texts, with_arrays
from customer_value.lifecycle._columns import (
    BACK_TEXT,
    COUNT,
    GAP,
    RATIO,
    RULE,
    SILENCE,
    TAIL,
    TAIL_TEXT,
    Known,
    column,
    hidden,
)
from customer_value.lifecycle._facts import Decision
from customer_value.lifecycle._numbers import Place, choice, chosen, with_texts
from customer_value.lifecycle._reason_texts import BASES, BETWEEN, NO_TREND, PURCHASES, UNITS


def with_label(frame: AnyFrame, decisions: Sequence[Decision], shown: Mapping[str, str], name: str) -> AnyFrame:
    """Add the label of each row's rule: ordered, and plain text in pyarrow and on engines."""
    labels = list(shown.values())
    if isinstance(frame, nw.LazyFrame):
        label = choice(RULE, [shown[decision.stage] for decision in decisions])
        return frame.with_columns((label.cast(nw.Enum(labels)) if engine_of(frame) == "polars" else label).alias(name))
    return with_arrays(frame, {name: categorical(chosen(frame, RULE, _places(decisions, shown)), labels, frame)})


def _places(decisions: Sequence[Decision], shown: Mapping[str, str]) -> list[int]:
    """Position of each rule's stage among the labels."""
    position = {stage: place for place, stage in enumerate(shown)}
    return [position[decision.stage] for decision in decisions]


def with_reason(frame: AnyFrame, decisions: Sequence[Decision], known: Known, language: str, name: str) -> AnyFrame:
    """Add the reason: the base of `_base`, empty for prospects, then what the rule says."""
    base = _base(known, language)
    read = with_texts(frame, base, nw.col(COUNT) >= 1)
    tails = _tails(decisions, known, language)
    read = read.with_columns(_tail_number(len(decisions), known).alias(TAIL))
    if isinstance(read, nw.LazyFrame):
        read = read.with_columns(choice(TAIL, tails).alias(TAIL_TEXT))
    else:
        read = with_arrays(read, {TAIL_TEXT: texts(chosen(read, TAIL), tails, read)})
    said = [*base, TAIL_TEXT]
    if known.sees_return:
        returned = [i for i, decision in enumerate(decisions) if "returned" in decision.facts]
        one, many = UNITS[language][known.unit]
        silent = Place(column("last_gap"), 10, one, many)
        read = with_texts(read, {BACK_TEXT: silent}, nw.col(RULE).is_in(returned))
        said.append(BACK_TEXT)
    return read.with_columns(nw.concat_str(*map(nw.col, said)).alias(name))


def _base(known: Known, language: str) -> dict[str, Place]:
    """What every reason of a customer begins with: its numbers, each with the words up to the next one."""
    scheme = known.scheme
    units = UNITS[language][known.unit]
    numbers = {"purchases": Place(nw.col(COUNT), 1, *PURCHASES[language])}
    kind = "counted"
    if known.needs_silence:
        kind = "silent"
        numbers["silence"] = Place(nw.col(SILENCE), 10, *units)
    if known.by_rhythm:
        kind = "rhythm"
        numbers |= {"ratio": Place(nw.col(RATIO), 10), "gap": Place(nw.col(GAP), 10, *units)}
    elif known.evidence != "rhythm":
        kind = known.evidence
        numbers["evidence"] = Place(column(known.evidence), 100)
    elif scheme.window_columns and not known.needs_silence:
        kind = "windowed"
        numbers["recent"] = Place(column(scheme.window_columns[0]), 1)
    template = BASES[language][kind].replace("{window}", str(scheme.window_months)) + BETWEEN[language]
    pieces = (piece.partition("}") for piece in template.split("{")[1:])
    return {hidden(f"{name}_text"): numbers[name].followed_by(words) for name, _, words in pieces}


def _tails(decisions: Sequence[Decision], known: Known, language: str) -> list[str]:
    """What each rule says; where trends are tested, once more for customers with too few gaps for it."""
    falling = {decision.stage for decision in decisions if "falling" in decision.facts}
    if not (falling and known.by_rhythm):
        return [decision.says for decision in decisions]
    # Of those that came to the test, or to its stage: the rules from there on, but not the test itself, nor a return,
    # whose one long gap is no trend.
    first = min(i for i, decision in enumerate(decisions) if decision.stage in falling)
    concerned = [i >= first and not {"falling", "returned"} & {*decision.facts} for i, decision in enumerate(decisions)]

    def noted(note: str) -> list[str]:
        return [each.says + note * concerns for each, concerns in zip(decisions, concerned, strict=True)]

    if not known.tests_trend:
        return noted(NO_TREND["absent"][language])
    return [*noted(""), *noted(NO_TREND["few"][language])]


def _tail_number(rules: int, known: Known) -> nw.Expr:
    rule = nw.col(RULE)
    if not known.tests_trend:
        return rule
    few = column("trend_p_value").is_null() & (nw.col(COUNT) >= 1)
    return nw.when(few).then(rule + rules).otherwise(rule)
