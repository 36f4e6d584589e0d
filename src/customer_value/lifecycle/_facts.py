"""The facts that a scheme asks for, as expressions: when each holds, and what the reason says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from operator import and_

from customer_value._frames import nw
from customer_value._units import DAYS
from customer_value.lifecycle._columns import BACK, COUNT, RATIO, SILENCE, Known, column
from customer_value.lifecycle._reason_texts import BETWEEN, CLAUSES, OR


@dataclass(frozen=True)
class Fact:
    """One fact of a customer: the ways in which it can hold, each with what is said of it, and what its lack is."""

    ways: list[tuple[nw.Expr, str]]
    denies: str


@dataclass(frozen=True)
class Decision:
    """One way to a stage: what must hold, and what the reason says then."""

    stage: str
    facts: tuple[str, ...]
    holds: nw.Expr
    says: str


def decisions_of(known: Known, language: str) -> list[Decision]:
    """Give the scheme's rules in order, one for each way in which they can hold; the last one holds always.

    The stage of the rest is explained by what the rule before it lacks.
    """
    facts = {name: _fact(name, known, language) for name in known.scheme.facts}
    between = BETWEEN[language]
    decisions, denied = [], ""
    for stage, either in known.scheme.conditions().items():
        for both in either:
            if not both:
                decisions.append(Decision(stage, both, nw.lit(True), denied))
                continue
            # A return comes last, for the length of the silence is put behind it.
            for ways in product(*(facts[fact].ways for fact in sorted(both, key=lambda fact: fact == "returned"))):
                holds = reduce(and_, (way for way, _ in ways))
                decisions.append(Decision(stage, both, holds, between.join(says for _, says in ways)))
        denied = between.join(OR[language].join(facts[fact].denies for fact in both) for both in either)
    return decisions


def first_that_holds(decisions: Sequence[Decision]) -> nw.Expr:
    """Number of the first rule that holds."""
    *asked, _ = decisions
    number: nw.Expr = nw.lit(len(asked))
    for position in reversed(range(len(asked))):
        number = nw.when(asked[position].holds).then(nw.lit(position)).otherwise(number)
    return number


def _fact(name: str, known: Known, language: str) -> Fact:
    """Say when a fact holds. All but the first are false of prospects."""
    bought = nw.col(COUNT) >= 1
    ways = [(~bought, name)] if name == "no_purchase" else _ways(name, known)
    sure = [
        (way if name == "no_purchase" else bought & way.fill_null(False), _say(said, known, language))
        for way, said in ways
    ]
    return Fact(sure, _say(f"not_{name}", known, language))


def _ways(name: str, known: Known) -> list[tuple[nw.Expr, str]]:
    """Give each way in which a fact holds of a customer, and the name of its clause."""
    scheme, count = known.scheme, nw.col(COUNT)
    if name in ("overdue", "long_overdue"):
        return _silent(name, known)
    if name == "falling":
        return [(_falling(known) if known.tests_trend else nw.lit(False), name)]
    if name == "returned":
        return [(nw.col(BACK), name)] if known.sees_return else []
    if name in ("repeated", "established"):
        return [(count >= (scheme.repeated_from if name == "repeated" else scheme.established_from), name)]
    if name == "tenured":
        return [(known.recency() + nw.col(SILENCE) >= scheme.tenure_days / DAYS[known.unit], name)]
    window, *longer = scheme.window_columns
    recent = column(window)
    if name == "idle":
        return [(recent == 0, name)]
    if name == "all_in_window":
        return [(recent == count, name)]
    return [((recent > 0) & (column(longer[0]) > recent), name)]


def _silent(name: str, known: Known) -> list[tuple[nw.Expr, str]]:
    """Overdue by what was asked for: own rhythm, fixed days, or a probability."""
    scheme, which = known.scheme, int(name == "long_overdue")
    if known.evidence != "rhythm":
        alive = column("p_alive") if known.evidence == "p_alive" else 1 - column(known.evidence)
        return [(alive < scheme.alive_levels[which], f"{name}_{known.evidence}")]
    if scheme.fixed_days is not None:
        return [(nw.col(SILENCE) >= scheme.fixed_days[which] / DAYS[known.unit], f"{name}_days")]
    ways = [(nw.col(RATIO) >= scheme.overdue_ratios[which], name)]
    if known.has_gap and "silence_probability" in known.names:
        ways.append((column("silence_probability") < scheme.silence_levels[which], f"{name}_rare"))
    return ways


def _falling(known: Known) -> nw.Expr:
    """Whether gaps get longer by the test. The one long gap of who has just come back is a silence, and no trend."""
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
        )
    )
