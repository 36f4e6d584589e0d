"""The reason of a stage as an expression: what is known of the customer, and the rule that he falls under."""

from __future__ import annotations

from collections.abc import Sequence

from customer_value._frames import nw
from customer_value.lifecycle._columns import BASE, COUNT, GAP, RATIO, RULE, SILENCE, Known, column
from customer_value.lifecycle._facts import Decision, by_rule
from customer_value.lifecycle._numbers import decimal, fill, hundredths, whole
from customer_value.lifecycle._reason_texts import BASES, BETWEEN, NO_TREND, PURCHASES, UNITS


def reason_of(decisions: Sequence[Decision], known: Known, language: str) -> nw.Expr:
    """Join what is known of the customer, as `base_of` tells it, the rule, and whether a trend was tested."""
    said = [nw.col(BASE), by_rule([decision.says for decision in decisions])]
    falling = {decision.stage for decision in decisions if "falling" in decision.facts}
    if known.by_rhythm and falling:
        said.append(_untested(decisions, falling, known, language))
    return nw.concat_str(*said)


def base_of(known: Known, language: str) -> nw.Expr:
    """What every reason begins with; nothing for prospects."""
    base = nw.concat_str(_base(known, language), nw.lit(BETWEEN[language]))
    return nw.when(nw.col(COUNT) >= 1).then(base).otherwise(nw.lit(""))


def _base(known: Known, language: str) -> nw.Expr:
    scheme = known.scheme
    units, parts = UNITS[language][known.unit], {"purchases": whole(nw.col(COUNT), *PURCHASES[language])}
    kind = "silent" if known.needs_silence else "counted"
    if known.needs_silence:
        parts["silence"] = decimal(nw.col(SILENCE), *units)
    if known.by_rhythm:
        kind = "rhythm"
        parts |= {"ratio": decimal(nw.col(RATIO)), "gap": decimal(nw.col(GAP), *units)}
    elif known.evidence != "rhythm":
        kind = known.evidence
        parts["evidence"] = hundredths(column(known.evidence))
    elif scheme.window_columns and not known.needs_silence:
        kind = "windowed"
        parts |= {"recent": whole(column(scheme.window_columns[0])), "window": nw.lit(str(scheme.window_months))}
    return fill(BASES[language][kind], parts)


def _untested(decisions: Sequence[Decision], falling: set[str], known: Known, language: str) -> nw.Expr:
    """Say where a falling rate could not be tested, so that decline means overdue and nothing else.

    Of those that came to the test, or to its stage: the rules from there on, but not the test itself.
    """
    first = min(i for i, decision in enumerate(decisions) if decision.stage in falling)
    concerned = [i for i, decision in enumerate(decisions) if i >= first and "falling" not in decision.facts]
    where = nw.col(RULE).is_in(concerned) & (nw.col(COUNT) >= 1)
    if not known.tests_trend:
        return nw.when(where).then(nw.lit(NO_TREND["absent"][language])).otherwise(nw.lit(""))
    few = where & column("trend_p_value").is_null()
    return nw.when(few).then(nw.lit(NO_TREND["few"][language])).otherwise(nw.lit(""))
