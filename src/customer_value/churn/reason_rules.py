"""Rules that say in plain words why a customer may leave, as data: a table that users replace and extend."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from customer_value._validation import number, require_choice, text_value, truth_value
from customer_value.errors import InputError

LANGUAGES = ("en", "zh")
MEDIAN = "median"
_UNITS = ("number", "days", "ruler", "share")
_DIRECTIONS = ("raises", "lowers")


@dataclass(frozen=True)
class ReasonRule:
    """One reason: when it applies, and how it reads.

    Parameters
    ----------
    name
        Of several rules with one name that apply to a customer, only the strongest is told.
    feature
        Column that it looks at, as a regular expression for the whole name; a log's name may stand before it, as
        `churn_features` writes it (``orders_days_since_last``). Named groups can be used in `typical` and `text`.
    text
        How it reads, or a mapping from languages ("en", "zh") to that: with ``{value}``, ``{typical}``, and the named
        groups of `feature`; a group that is a window, such as ``30d``, is written out.
    at_least, at_most
        One of them: the rule applies where the value is at least, or at most, this; times the typical value where
        there is one.
    typical
        What the value is set against: a column (the customer's own usual value), ``"median"`` (of all customers in the
        frame), or None: the bound is then a number on its own.
    unit
        "days", "ruler" (the frame's `time_unit`; the bound is in days), "share", or "number".
    weight
        How much the reason counts against others.
    direction
        Whether it "raises" or "lowers" the risk.
    any_log
        Whether it applies to the columns of every log, instead of those of the first one only.

    Raises
    ------
    InputError
        If a part is not as said above.

    Examples
    --------
    >>> from customer_value.churn import ReasonRule
    >>> rule = ReasonRule("price", "price_change", "price rose by {value}", at_least=0.05, unit="share")
    >>> rule.direction
    'raises'
    """

    name: str
    feature: str
    text: str | Mapping[str, str]
    at_least: float | None = None
    at_most: float | None = None
    typical: str | None = None
    unit: Literal["number", "days", "ruler", "share"] = "number"
    weight: float = 1.0
    direction: Literal["raises", "lowers"] = "raises"
    any_log: bool = False

    def __post_init__(self) -> None:
        text_value(self.name, "the name of a rule")
        what = f"of the rule {self.name!r}"
        text_value(self.feature, f"feature {what}")
        try:
            groups = re.compile(self.feature).groupindex
        except re.error as error:
            raise InputError(f"feature {what} is no regular expression: {error}.") from None
        if (self.at_least is None) == (self.at_most is None):
            raise InputError(f"at_least or at_most {what} must be given, one of them.")
        self.bound()
        if self.typical is not None:
            text_value(self.typical, f"typical {what}")
        require_choice(f"unit {what}", self.unit, _UNITS)
        require_choice(f"direction {what}", self.direction, _DIRECTIONS)
        number(self.weight, f"weight {what}", low=0, open_ends=True)
        truth_value(self.any_log, f"any_log {what}")
        texts = self.text if isinstance(self.text, Mapping) else {"en": self.text}
        known = {**dict.fromkeys(("value", "typical"), ""), **dict.fromkeys(groups, "")}
        if not texts:
            raise InputError(f"text {what} must be a text, or a mapping of languages to texts; got {self.text!r}.")
        for language, text in texts.items():
            require_choice(f"a language {what}", language, LANGUAGES)
            try:
                text_value(text, f"text {what}").format(**known)
            except (KeyError, IndexError, ValueError):
                raise InputError(f"text {what} may use {sorted(known)} in braces; it is {text!r}.") from None

    def bound(self) -> float:
        """Return the bound, of whichever side it is."""
        given = self.at_most if self.at_least is None else self.at_least
        return number(given, f"the bound of the rule {self.name!r}", low=0)

    def reads(self, language: str) -> str:
        """Return the text in a language, in English where it has none."""
        if isinstance(self.text, str):
            return self.text
        return self.text.get(language) or self.text.get("en") or next(iter(self.text.values()))


_WINDOW = r"\d+[dwmqy]"
_TREND = rf"trend_(?P<window>{_WINDOW})_(?P<usual>{_WINDOW})"

REASON_RULES: tuple[ReasonRule, ...] = (
    ReasonRule(
        "silent", "days_since_last",
        {"en": "silent {value}, usual gap {typical}", "zh": "已沉默{value}，通常间隔{typical}"},
        at_least=2.0, typical="mean_gap", unit="days", weight=2.0,
    ),
    ReasonRule(
        "silent", "time_since_last",
        {"en": "silent {value}, usual gap {typical}", "zh": "已沉默{value}，通常间隔{typical}"},
        at_least=2.0, typical="usual_gap", unit="ruler", weight=2.0,
    ),
    ReasonRule(
        "silent", "days_since_last",
        {"en": "silent {value}, the longest gap so far was {typical}", "zh": "已沉默{value}，以往最长间隔{typical}"},
        at_least=1.0, typical="longest_gap", unit="days", weight=1.5,
    ),
    ReasonRule(
        "silent", "days_since_last|time_since_last",
        {"en": "silent {value}, other customers {typical}", "zh": "已沉默{value}，其他客户{typical}"},
        at_least=2.0, typical=MEDIAN, unit="ruler", weight=1.0,
    ),
    ReasonRule(
        "less active", _TREND,
        {"en": "activity of the last {window} at {value} of the own rate", "zh": "近{window}活跃度为自身水平的{value}"},
        at_most=0.6, unit="share", weight=1.5,
    ),
    ReasonRule(
        "less active", f"value_{_TREND}",
        {"en": "spending of the last {window} at {value} of the own rate", "zh": "近{window}消费仅为自身水平的{value}"},
        at_most=0.6, unit="share", weight=1.0,
    ),
    ReasonRule(
        "slowing down", "gap_trend",
        {"en": "each gap {value} of the one before", "zh": "每次间隔为上一次的{value}"},
        at_least=1.25, unit="share", weight=1.0,
    ),
    ReasonRule(
        "complaints", rf"complaints?_(?P<window>{_WINDOW})",
        {"en": "complaints in the last {window}: {value}", "zh": "近{window}投诉{value}次"},
        at_least=1.0, weight=1.5, any_log=True,
    ),
    ReasonRule(
        "complaints", "complaints?",
        {"en": "complaints so far: {value}", "zh": "累计投诉{value}次"},
        at_least=1.0, weight=0.8, any_log=True,
    ),
    ReasonRule(
        "bought once", "purchases|active_days",
        {"en": "bought only once", "zh": "仅购买一次"},
        at_most=1.0, weight=1.0,
    ),
    ReasonRule(
        "new", "days_since_first|T",
        {"en": "a customer for {value} only", "zh": "成为客户仅{value}"},
        at_most=90.0, unit="ruler", weight=0.7,
    ),
    ReasonRule(
        "on time", "days_since_last",
        {"en": "active {value} ago, usual gap {typical}", "zh": "{value}前有活动，通常间隔{typical}"},
        at_most=1.0, typical="mean_gap", unit="days", weight=1.0, direction="lowers",
    ),
    ReasonRule(
        "on time", "time_since_last",
        {"en": "active {value} ago, usual gap {typical}", "zh": "{value}前有活动，通常间隔{typical}"},
        at_most=1.0, typical="usual_gap", unit="ruler", weight=1.0, direction="lowers",
    ),
    ReasonRule(
        "more active", _TREND,
        {"en": "activity of the last {window} at {value} of the own rate", "zh": "近{window}活跃度为自身水平的{value}"},
        at_least=1.5, unit="share", weight=1.0, direction="lowers",
    ),
)  # fmt: skip
