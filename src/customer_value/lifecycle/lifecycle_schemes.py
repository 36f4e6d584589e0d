"""What a lifecycle scheme is: a short table of stages and the facts that decide between them, with its thresholds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import product
from typing import Any

from customer_value._labels import require_label_table
from customer_value._units import TIME_UNITS
from customer_value._validation import name_list, number, require_choice, text_value, whole_number
from customer_value.errors import InputError
from customer_value.lifecycle._rules import FACTS, SILENCES, WINDOWED, Alternatives, check_rules, parse, possible

SCHEMA = 1
_LONGEST_WINDOW = 600  # months


@dataclass(frozen=True)
class PopulationRhythm:
    """How often a population's customers buy, and how much that counts: what customers of few purchases lean on.

    `fit_lifecycle_scheme` makes it.

    Parameters
    ----------
    gap : float
        Usual gap of the population, in `time_unit`: that of the customer with the mean rate of purchases.
    weight : float
        How much the population counts against a customer's own gaps: as many gaps.
    time_unit : str
        The ruler.
    customers : int
        How many customers it was estimated from.

    Examples
    --------
    >>> from customer_value.lifecycle import PopulationRhythm
    >>> PopulationRhythm(gap=6.0, weight=2.0, time_unit="week", customers=500).gap
    6.0
    """

    gap: float
    weight: float
    time_unit: str
    customers: int

    def __post_init__(self) -> None:
        for name in ("gap", "weight"):
            number(getattr(self, name), f"{name} of the population", low=0, open_ends=True)
        require_choice("time_unit of the population", self.time_unit, TIME_UNITS)
        whole_number(self.customers, "customers of the population", low=1)


@dataclass(frozen=True)
class SchemeCheck:
    """What `LifecycleScheme.check` found; its text says it in a sentence.

    Attributes
    ----------
    situations
        How many combinations of the scheme's facts are possible.
    by_stage
        How many of them fall under each stage.

    Examples
    --------
    >>> from customer_value.lifecycle import NEW_RETAINED
    >>> NEW_RETAINED.check().by_stage
    {'prospect': 1, 'new': 1, 'retained': 1, 'resurrected': 1, 'dormant': 2}
    """

    situations: int
    by_stage: dict[str, int]

    @property
    def unreachable(self) -> tuple[str, ...]:
        """Stages that nobody gets, since earlier rules take all of theirs."""
        return tuple(stage for stage, count in self.by_stage.items() if count == 0)

    @property
    def ok(self) -> bool:
        """Tell whether every stage can be given."""
        return not self.unreachable

    def __str__(self) -> str:
        never = f"; never given: {', '.join(self.unreachable)}" if self.unreachable else ""
        return f"{self.situations} situations: each falls under exactly one of {len(self.by_stage)} stages{never}."


@dataclass(frozen=True)
class LifecycleScheme:
    """Stages of the relationship with a customer, as a table: the first rule that holds gives the stage.

    The last rule is "otherwise", so that every customer gets exactly one stage.

    Parameters
    ----------
    name : str
        Name of the scheme.
    rules : mapping
        Stage -> the facts that lead to it, in the order in which they are asked: "overdue or falling", "established
        and tenured" ("and" binds closer). The last one is "otherwise". Facts are ``no_purchase``, ``overdue``,
        ``long_overdue``, ``falling``, ``returned``, ``repeated``, ``established``, ``tenured``, and with windows
        ``idle``, ``all_in_window``, ``bought_before``.
    stages : sequence of str, optional
        The stages in the order of the relationship, which is that of the labels; default the order of the rules.
    labels : mapping
        Texts to show, by language: ``{"en": {stage: text}, "zh": {stage: text}}``.
    overdue_ratios : pair of float
        Silence in units of the customer's own usual gap from which he is overdue, and long overdue.
    silence_levels : pair of float
        The same for `silence_probability`, where the frame has it: below the first he is overdue, below the second
        long overdue, whatever the ratio. It finds regular customers earlier than the ratio does.
    trend_level : float
        Level of the test of a falling rate, where the frame has `trend_p_value`.
    alive_levels : pair of float
        The same for P(alive), or for 1 - churn probability, where these are asked for.
    fixed_days : pair of float, optional
        Days of silence from which a customer is overdue, and long overdue, instead of his rhythm.
    repeated_from, established_from : int
        Purchases from which they are repeated, and established.
    tenure_days : float
        Days since the first purchase from which a customer is tenured.
    window_months : int
        Length of the window, for the facts that need one.
    population : PopulationRhythm, optional
        The population's rhythm; `fit_lifecycle_scheme` fills it in.
    source : str
        Where the scheme comes from.

    Raises
    ------
    InputError
        For unknown facts, rules without an "otherwise" at the end, stages that differ from the rules' and thresholds
        out of range or order.

    Notes
    -----
    Nothing in a scheme is fitted but `population`. The thresholds are conventions, and arguments: of the gaps of a
    customer who buys by chance 14 % last twice the usual one, and 2 % four times.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from customer_value.lifecycle import FIVE_STAGE, LifecycleScheme
    >>> replace(FIVE_STAGE, fixed_days=(30, 90))
    <LifecycleScheme five_stage: 7 stages; overdue after 30 days, long overdue after 90>
    >>> LifecycleScheme("two", {"gone": "long_overdue", "here": "otherwise"}).check().ok
    True
    """

    name: str
    rules: Mapping[str, str]
    stages: Sequence[str] = ()
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    overdue_ratios: tuple[float, float] = (2.0, 4.0)
    silence_levels: tuple[float, float] = (0.05, 0.001)
    trend_level: float = 0.05
    alive_levels: tuple[float, float] = (0.5, 0.1)
    fixed_days: tuple[float, float] | None = None
    repeated_from: int = 2
    established_from: int = 4
    tenure_days: float = 180.0
    window_months: int = 12
    population: PopulationRhythm | None = None
    source: str = ""

    def __post_init__(self) -> None:
        text_value(self.name, "name of the scheme")
        check_rules(self.rules)
        stages = tuple(name_list(self.stages, "stages", of="stage")) or tuple(self.rules)
        if sorted(map(str, stages)) != sorted(self.rules):
            raise InputError(f"stages must be those of the rules, {list(self.rules)}, once each; got {list(stages)}.")
        object.__setattr__(self, "stages", stages)
        require_label_table(self.labels, stages, "scheme")
        for name, falls in (("overdue_ratios", False), ("silence_levels", True), ("alive_levels", True)):
            object.__setattr__(self, name, _pair(getattr(self, name), name, falls=falls, most=1 if falls else None))
        if self.fixed_days is not None:
            object.__setattr__(self, "fixed_days", _pair(self.fixed_days, "fixed_days", falls=False, most=None))
        number(self.trend_level, "trend_level", low=0, high=1, open_ends=True)
        whole_number(self.repeated_from, "repeated_from", low=2)
        whole_number(self.established_from, "established_from", low=self.repeated_from)
        number(self.tenure_days, "tenure_days", low=0)
        whole_number(self.window_months, "window_months", low=1, high=_LONGEST_WINDOW)
        if not (self.population is None or isinstance(self.population, PopulationRhythm)):
            raise InputError(f"population must be what fit_lifecycle_scheme estimates; got {self.population!r}.")
        text_value(self.source, "source", empty=True)

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts that the rules ask for."""
        asked = {fact for either in self.conditions().values() for both in either for fact in both}
        return tuple(fact for fact in FACTS if fact in asked)

    @property
    def watches_silence(self) -> bool:
        """Tell whether a stage depends on how long a customer has been silent."""
        return not SILENCES.isdisjoint(self.facts)

    @property
    def needs_rhythm(self) -> bool:
        """Tell whether silences are held against the customer's usual gap."""
        return self.watches_silence and self.fixed_days is None

    @property
    def window_columns(self) -> tuple[str, ...]:
        """The columns of windows that are needed: purchases in the window, and in one of twice its length."""
        lengths = (1, 2) if "bought_before" in self.facts else (1,)
        return tuple(f"purchases_{self.window_months * n}m" for n in lengths) if WINDOWED & {*self.facts} else ()

    def conditions(self) -> dict[str, Alternatives]:
        """Give each stage's facts as alternatives, each a tuple of facts that all hold; of the last one none."""
        return {stage: parse(rule) for stage, rule in self.rules.items()}

    def check(self) -> SchemeCheck:
        """Try every possible combination of facts: which stage each of them falls under.

        Examples
        --------
        >>> from customer_value.lifecycle import FIVE_STAGE
        >>> print(FIVE_STAGE.check())
        37 situations: each falls under exactly one of 7 stages.
        """
        conditions, facts = self.conditions(), self.facts
        by_stage, situations = dict.fromkeys(self.stages, 0), 0
        for held in product((False, True), repeat=len(facts)):
            true = {fact for fact, holds in zip(facts, held, strict=True) if holds}
            if possible(true, facts):
                situations += 1
                by_stage[next(s for s, either in conditions.items() if any(true >= {*both} for both in either))] += 1
        return SchemeCheck(situations, by_stage)

    def to_json(self) -> str:
        """Return the scheme as JSON text, which `from_json` reads."""
        values = asdict(self) | {"rules": dict(self.rules), "labels": {k: dict(v) for k, v in self.labels.items()}}
        return json.dumps({"schema": SCHEMA, "model": type(self).__name__, **values}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> LifecycleScheme:
        """Read a scheme from the text of `to_json`.

        Raises
        ------
        InputError
            The text is not that of a scheme.
        """
        try:
            values = json.loads(text)
        except (TypeError, ValueError) as error:
            raise InputError(f"this is not the JSON of a {cls.__name__}: {error}.") from None
        if not isinstance(values, dict) or (values.pop("schema", None), values.pop("model", None)) != (
            SCHEMA,
            cls.__name__,
        ):
            raise InputError(f"this is not the JSON of a {cls.__name__} of schema {SCHEMA}.")
        known = {each.name for each in fields(cls)}
        if set(values) != known:
            raise InputError(f"the JSON of a {cls.__name__} has the entries {sorted(known)}; got {sorted(values)}.")
        population = values.pop("population")
        if population is not None:
            names = [each.name for each in fields(PopulationRhythm)]
            if not isinstance(population, dict) or set(population) != set(names):
                raise InputError(f"population must hold {names}; got {population!r}.")
            population = PopulationRhythm(**population)
        return cls(population=population, **values)

    def __repr__(self) -> str:
        parts = [f"<LifecycleScheme {self.name}: {len(self.stages)} stages"]
        if self.watches_silence and self.fixed_days is not None:
            parts.append("overdue after {:g} days, long overdue after {:g}".format(*self.fixed_days))
        elif self.watches_silence:
            parts.append("overdue after {:g} usual gaps, long overdue after {:g}".format(*self.overdue_ratios))
            known = self.population
            gap = f"{known.gap:.3g} {known.time_unit}s of {known.customers} customers" if known else "not fitted"
            parts.append(f"population's gap {gap}")
        if self.window_columns:
            parts.append(f"windows of {self.window_months} months")
        return "; ".join(parts) + ">"


def _pair(values: Any, name: str, *, falls: bool, most: float | None) -> tuple[float, float]:
    """Return two thresholds: the one of overdue, then the stricter one of long overdue."""
    if not isinstance(values, (tuple, list)) or len(values) != 2:
        raise InputError(f"{name} must be a pair, of overdue and of long overdue; got {values!r}.")
    bounds = {} if most is None else {"high": most}
    first, second = (number(value, f"each of {name}", low=0, open_ends=True, **bounds) for value in values)
    if not (second < first if falls else second > first):
        raise InputError(f"the second of {name} must be {'below' if falls else 'above'} the first; got {values!r}.")
    return first, second
