"""The facts that a scheme asks for, as expressions: when each holds, and what the reason says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

from customer_value._frames import nw
from customer_value._units import DAYS
from customer_value.lifecycle._columns import BACK, COUNT, RATIO, RULE, SILENCE, Known, column
from customer_value.lifecycle._numbers import decimal
from customer_value.lifecycle._reason_texts import BETWEEN, CLAUSES, OR, UNITS


@dataclass(frozen=True)
class Fact:
    """One fact of a customer."""

    holds: nw.Expr
    says: nw.Expr
    denies: str


@dataclass(frozen=True)
class Decision:
    """One way to a stage: what must hold, and what the reason says then."""

    stage: str
    facts: tuple[str, ...]
    holds: nw.Expr
    says: nw.Expr


def decisions_of(known: Known, language: str) -> list[Decision]:
    """Give the scheme's rules in order, one for each alternative; the last one holds always.

    The stage of the rest is explained by what the rule before it lacks.
    """
    facts = facts_of(known, language)
    between = BETWEEN[language]
    decisions, denied = [], ""
    for stage, either in known.scheme.conditions().items():
        for both in either:
            if not both:
                decisions.append(Decision(stage, both, nw.lit(True), nw.lit(denied)))
                continue
            says = [facts[both[0]].says, *(e for fact in both[1:] for e in (nw.lit(between), facts[fact].says))]
            holds = reduce(and_, (facts[fact].holds for fact in both))
            decisions.append(Decision(stage, both, holds, nw.concat_str(*says) if len(says) > 1 else says[0]))
        denied = between.join(OR[language].join(facts[fact].denies for fact in both) for both in either)
    return decisions


def first_that_holds(decisions: Sequence[Decision]) -> nw.Expr:
    """Number of the first rule that holds."""
    *asked, _ = decisions
    number: nw.Expr = nw.lit(len(asked))
    for position in reversed(range(len(asked))):
        number = nw.when(asked[position].holds).then(nw.lit(position)).otherwise(number)
    return number


def by_rule(values: Sequence[nw.Expr]) -> nw.Expr:
    """Choose among one value for each rule."""
    *asked, value = values
    for position in reversed(range(len(asked))):
        value = nw.when(nw.col(RULE) == position).then(asked[position]).otherwise(value)
    return value


def facts_of(known: Known, language: str) -> dict[str, Fact]:
    """Give the scheme's facts by name. All but the first are false of prospects."""
    bought = nw.col(COUNT) >= 1
    made = {}
    for name in known.scheme.facts:
        holds, says = _fact(name, known, language)
        sure = ~bought if name == "no_purchase" else bought & holds.fill_null(False)
        made[name] = Fact(sure, says, _say(f"not_{name}", known, language))
    return made


def _fact(name: str, known: Known, language: str) -> tuple[nw.Expr, nw.Expr]:
    scheme, count = known.scheme, nw.col(COUNT)
    plain = nw.lit(_say(name, known, language))
    if name in ("overdue", "long_overdue"):
        return _silent(name, known, language)
    if name == "falling":
        return _falling(known), plain
    if name == "returned":
        return _returned(known, language)
    if name in ("repeated", "established"):
        least = scheme.repeated_from if name == "repeated" else scheme.established_from
        return count >= least, plain
    if name == "tenured":
        return known.recency() + nw.col(SILENCE) >= scheme.tenure_days / DAYS[known.unit], plain
    if name == "no_purchase":
        return count < 1, plain
    window, *longer = scheme.window_columns
    within = {
        "idle": lambda: column(window) == 0,
        "all_in_window": lambda: column(window) == count,
        "bought_before": lambda: (column(window) > 0) & (column(longer[0]) > column(window)),
    }[name]()
    return within, plain


def _silent(name: str, known: Known, language: str) -> tuple[nw.Expr, nw.Expr]:
    """Overdue by what was asked for: own rhythm, fixed days, or a probability."""
    scheme, which = known.scheme, int(name == "long_overdue")
    if known.evidence != "rhythm":
        level = scheme.alive_levels[which]
        alive = column("p_alive") if known.evidence == "p_alive" else 1 - column(known.evidence)
        return alive < level, nw.lit(_say(f"{name}_{known.evidence}", known, language))
    if scheme.fixed_days is not None:
        holds = nw.col(SILENCE) >= scheme.fixed_days[which] / DAYS[known.unit]
        return holds, nw.lit(_say(f"{name}_days", known, language))
    by_ratio = nw.col(RATIO) >= scheme.overdue_ratios[which]
    says = nw.lit(_say(name, known, language))
    if not (known.has_gap and "silence_probability" in known.names):
        return by_ratio, says
    by_chance = (column("silence_probability") < scheme.silence_levels[which]).fill_null(False)
    rare = nw.lit(_say(f"{name}_rare", known, language))
    return by_ratio | by_chance, nw.when(by_ratio).then(says).otherwise(rare)


def _falling(known: Known) -> nw.Expr:
    """Whether gaps get longer by the test. The one long gap of who has just come back is a silence, and no trend."""
    if not known.tests_trend:
        return nw.lit(False)
    falling = column("trend_p_value") < known.scheme.trend_level
    return falling & ~nw.col(BACK) if known.sees_return else falling


def came_back(known: Known) -> nw.Expr:
    """Whether the last gap was long overdue by the rhythm that was known before it.

    With n gaps and own weight w the usual gap is (r m + k S) / (r + n k) and w = n k / (r + n k). Without the last gap
    g it was (r m + k (S - g)) / (r + (n - 1) k) = (usual gap - w g / n) / (1 - w / n).
    """
    last, gaps = column("last_gap"), nw.col(COUNT) - 1
    if known.scheme.fixed_days is not None:
        return (last >= known.scheme.fixed_days[1] / DAYS[known.unit]).fill_null(False)
    each = column("own_weight") / gaps
    before = column("usual_gap") - each * last
    # Multiplied out: where all weight is that of a single gap of his own, no rhythm was known before it.
    long = last * (1 - each) >= known.scheme.overdue_ratios[1] * before
    return ((gaps >= 1) & (before > 0) & long).fill_null(False)


def _returned(known: Known, language: str) -> tuple[nw.Expr, nw.Expr]:
    if not known.sees_return:
        return nw.lit(False), nw.lit("")
    first, after = CLAUSES[language]["returned"].split("{gap}")
    gap = decimal(column("last_gap"), *UNITS[language][known.unit])
    return nw.col(BACK), nw.concat_str(nw.lit(first), gap, nw.lit(after))


def _say(name: str, known: Known, language: str) -> str:
    """Fill a clause's thresholds in."""
    scheme = known.scheme
    days = scheme.fixed_days or (0.0, 0.0)
    return (
        CLAUSES[language]
        .get(name, "")
        .format(
            ratio=f"{scheme.overdue_ratios[int('long' in name)]:g}",
            rare=f"{scheme.silence_levels[int('long' in name)]:g}",
            alive=f"{scheme.alive_levels[int('long' in name)]:g}",
            churned=f"{1 - scheme.alive_levels[int('long' in name)]:g}",
            days=f"{days[int('long' in name)]:g}",
            level=f"{scheme.trend_level:g}",
            repeated=scheme.repeated_from,
            established=scheme.established_from,
            tenure=f"{scheme.tenure_days:g}",
            window=scheme.window_months,
            gap="{gap}",
        )
    )
