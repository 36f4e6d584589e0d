"""What the makers of tier schemes share: names with labels, criteria from mappings, numbers from sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from customer_value._validation import float_array, name_list, require_choice
from customer_value.errors import InputError
from customer_value.segments.tier_parts import By, TierCriterion, TierCut
from customer_value.segments.tier_presets import PRESETS
from customer_value.segments.tier_scheme import TierScheme

Names = str | Sequence[str] | Mapping[str, tuple[str, str]]
Cells = Mapping[tuple[str, ...], str]

_CUTS: dict[str, By] = {"thresholds": "threshold", "quantiles": "customers", "cumulative_share": "cumulative_share"}
_LEVELS = {2: ("high", "low"), 3: ("high", "medium", "low")}
MOST_TIERS = 26


def of_score(cut: TierCut, tiers: Names | None, source: str) -> TierScheme:
    names, labels = names_and_labels(tiers, len(cut.at) + 1)
    return TierScheme(names, cut=cut, labels=labels, source=source)


def names_and_labels(tiers: Names | None, needed: int) -> tuple[tuple[str, ...], dict[str, dict[str, str]]]:
    """Return names and their labels by language: letters, names as given, or those of a preset."""
    if tiers is None:
        if needed > MOST_TIERS:
            raise InputError(f"{needed} tiers need names: tiers=(...). There are {MOST_TIERS} letters.")
        letters = ascii_uppercase[:needed]
        return tuple(letters), {"en": {a: a for a in letters}, "zh": {a: f"{a}级" for a in letters}}
    if isinstance(tiers, str):
        require_choice("tiers", tiers, list(PRESETS))
        tiers = PRESETS[tiers]["tiers"]
    if not isinstance(tiers, Mapping):
        return tuple(name_list(tiers, "tiers", "tier")), {}
    for name, texts in tiers.items():
        if not isinstance(texts, (tuple, list)) or len(texts) != 2:
            raise InputError(f"tiers must map names to (English, Chinese) labels; {name!r} has {texts!r}.")
    languages = {"en": 0, "zh": 1}
    return tuple(tiers), {lang: {name: texts[i] for name, texts in tiers.items()} for lang, i in languages.items()}


def make_criteria(criteria: Any) -> tuple[TierCriterion, ...]:
    require_mapping(criteria, "criteria", "names to mappings")
    return tuple(_criterion(name, given) for name, given in criteria.items())


def _criterion(name: str, given: Any) -> TierCriterion:
    if isinstance(given, TierScheme) and given.kind == "score" and given.cut is not None:
        return TierCriterion(name, given.score or "", cut=given.cut, levels=given.tiers)
    require_mapping(given, f"the criterion {name!r}", "its settings")
    options = (*_CUTS, "column", "levels", "points", "unknown", "lower_is_better", "above_zero")
    for key in given:
        require_choice(f"a setting of {name!r}", key, options)
    cuts = [key for key in _CUTS if key in given]
    if len(cuts) != 1:
        raise InputError(f"the criterion {name!r} must have one of {list(_CUTS)}; it has {cuts or 'none'}.")
    at = tuple(number_list(given[cuts[0]], f"{cuts[0]} of {name!r}"))
    levels = given.get("levels", _LEVELS.get(len(at) + 1, tuple(f"level_{i + 1}" for i in range(len(at) + 1))))
    return TierCriterion(
        name,
        given.get("column", ""),
        cut=TierCut(_CUTS[cuts[0]], at, given.get("lower_is_better", False), given.get("above_zero", False)),
        levels=levels,
        points=tuple(number_list(given.get("points", ()), f"points of {name!r}")),
        unknown=given.get("unknown"),
    )


def require_mapping(given: Any, name: str, of: str, *, empty: bool = False) -> None:
    if not isinstance(given, Mapping) or not (given or empty):
        raise InputError(f"{name} must map {of}; got {given!r}.")


def number_list(given: Any, name: str) -> list[float]:
    if isinstance(given, (str, bytes, Mapping)) or not hasattr(given, "__len__"):
        raise InputError(f"{name} must be a sequence of numbers; got {given!r}.")
    return [float(each) for each in float_array(given, name)]
