"""Tier schemes of several criteria: tables of cells, weighted sums, points; and schemes that are ready to use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from customer_value._validation import name_list, number, require_choice, text_value
from customer_value.errors import InputError
from customer_value.segments._tier_making import (
    Cells,
    Names,
    make_criteria,
    names_and_labels,
    number_list,
    require_mapping,
)
from customer_value.segments.tier_parts import TierCriterion, TierCut
from customer_value.segments.tier_presets import PRESETS
from customer_value.segments.tier_scheme import TierScheme


def matrix(
    criteria: str | Mapping[str, Any], *, cells: Cells | None = None, tiers: Names | None = None, source: str = ""
) -> TierScheme:
    """Make tiers by two or three criteria, each cut into levels, and a table that decides every combination.

    Parameters
    ----------
    criteria
        Name of a preset with such a table, or criteria by name, each a mapping with

        - one of `thresholds`, `quantiles` (cumulative shares of customers from the best) and `cumulative_share` (of
          the column's total), as `tiers.thresholds`, `tiers.quantiles` and `tiers.abc` take them;
        - `column`, if it is not the criterion's name;
        - `levels`, names best first; high and low, or high, medium and low, unless given;
        - `unknown`, the level of customers whose column is null (nulls are refused otherwise);
        - `lower_is_better` and `above_zero`, as in `tiers.quantiles`;

        or a scheme of one score, whose tiers are then the levels.
    cells
        Tier of each combination of levels, ``{("high", "low"): "key", ...}``, in the order of the criteria. For a
        preset: the combinations that are to be decided otherwise.
    tiers
        Names, best first.
    source
        Where the table comes from.

    Returns
    -------
    TierScheme
        The scheme; its `check` finds better combinations in worse tiers.

    Raises
    ------
    InputError
        If a combination is undecided, or cells, levels or tiers do not fit.

    Examples
    --------
    >>> from customer_value.segments import tiers
    >>> scheme = tiers.matrix(
    ...     {"contribution": {"column": "contribution_share", "cumulative_share": [0.8]},
    ...      "potential": {"thresholds": [1000], "unknown": "low"}},
    ...     cells={("high", "high"): "keep", ("high", "low"): "keep", ("low", "high"): "grow", ("low", "low"): "serve"},
    ...     tiers=("keep", "grow", "serve"),
    ... )
    >>> scheme
    <TierScheme: keep, grow, serve; contribution x potential, 4 cells, not fitted>
    >>> tiers.matrix("vip_ordinary", cells={("high", "low"): "vip"}).tier_of(("high", "low"))
    'vip'
    """
    if isinstance(criteria, str):
        scheme = preset(criteria, cells=cells, tiers=tiers, source=source)
        if scheme.kind != "matrix":
            named = [name for name in preset_names() if "cells" in PRESETS[name]]
            raise InputError(f"the preset {criteria!r} is no matrix; those that are: {named}.")
        return scheme
    if not isinstance(cells, Mapping) or tiers is None:
        raise InputError("matrix(criteria, cells=..., tiers=...) needs the tier of each combination, and their order.")
    names, labels = names_and_labels(tiers, 0)
    made = make_criteria(criteria)
    scheme = TierScheme(names, criteria=made, cells=dict(cells), labels=labels, source=source)
    if undecided := scheme.check().undecided:
        raise InputError(f"every combination of levels must have a tier; undecided are {list(undecided)}.")
    return scheme


def scorecard(
    weights: Mapping[str, float],
    *,
    cuts: Sequence[float],
    by: Literal["customers", "threshold"] = "customers",
    tiers: Names | None = None,
    limits: Mapping[str, tuple[float, float]] | None = None,
    trim: float = 0.0,
    lower_is_better: Sequence[str] = (),
    source: str = "",
) -> TierScheme:
    """Make tiers by a weighted sum of columns, each scaled from 0 to 1.

    Parameters
    ----------
    weights
        Weight of each column; they add up to 1.
    cuts
        Where the sum is cut: cumulative shares of customers from the best, or thresholds between 0 and 1.
    by
        What the cuts are.
    tiers
        Names, one more than cuts; letters unless given.
    limits
        Values of a column that count as 0 and as 1, ``{"tenure": (0, 120)}``; beyond them a customer gets 0 or 1. By
        default the lowest and the highest value of the customers.
    trim
        Share of the customers at each end of a column without `limits` that may lie beyond them: with 0.05 the limits
        are the 5 and 95 % quantiles, and a single giant does not press all others to 0.
    lower_is_better
        Columns of which less is better.
    source
        Where the weights come from.

    Returns
    -------
    TierScheme
        The scheme; `weight_sensitivity` tells how much hangs on the weights. A column that is the same for everyone
        counts 0.

    Raises
    ------
    InputError
        If weights do not add up to 1, or cuts or names do not fit.

    Examples
    --------
    >>> from customer_value.segments import tiers
    >>> tiers.scorecard({"contribution_share": 0.6, "loyalty": 0.4}, cuts=(0.2, 0.5))
    <TierScheme: A, B, C; weighted sum of 0.6 contribution_share, 0.4 loyalty 20 %, 50 % of customers>
    """
    require_mapping(weights, "weights", "columns to numbers")
    require_choice("by", by, ("customers", "threshold"))
    limits = {} if limits is None else limits
    require_mapping(limits, "limits", "columns to pairs", empty=True)
    falling = name_list(lower_is_better, "lower_is_better")
    strangers = sorted({*limits, *falling} - set(weights))
    if strangers:
        raise InputError(f"limits or lower_is_better name {strangers}, which have no weight: {list(weights)}.")
    criteria = tuple(
        TierCriterion(
            column,
            weight=number(weight, f"the weight of {column!r}", low=0),
            limits=limits.get(column),
            trim=number(trim, "trim", low=0, high=0.49),
            lower_is_better=column in falling,
        )
        for column, weight in weights.items()
    )
    cut = TierCut(by, tuple(number_list(cuts, "cuts")))
    names, labels = names_and_labels(tiers, len(cut.at) + 1)
    return TierScheme(names, cut=cut, criteria=criteria, labels=labels, source=source)


def points(
    criteria: Mapping[str, Any], *, thresholds: Sequence[float], tiers: Names | None = None, source: str = ""
) -> TierScheme:
    """Make tiers by points: each criterion gives points by band, their total gives the grade.

    Parameters
    ----------
    criteria
        Criteria by name, each a mapping as in `tiers.matrix`, with `points`: those of each band, best first.
    thresholds
        Totals that the tiers need, falling.
    tiers
        Names, one more than thresholds; letters unless given.
    source
        Where bands and points come from.

    Returns
    -------
    TierScheme
        The scheme; its `check` finds grades that no total reaches.

    Raises
    ------
    InputError
        If points do not fit bands, or thresholds or names do not fit.

    Examples
    --------
    >>> from customer_value.segments import tiers
    >>> scheme = tiers.points(
    ...     {"amount": {"column": "total_value", "thresholds": [5000, 1000], "points": [50, 30, 10]},
    ...      "orders": {"column": "purchases", "thresholds": [10], "points": [50, 20]}},
    ...     thresholds=[80, 50],
    ... )
    >>> scheme.points_of(("high", "low")), scheme.tier_of(("high", "low"))
    (70.0, 'B')
    """
    cut = TierCut("threshold", tuple(number_list(thresholds, "thresholds")))
    names, labels = names_and_labels(tiers, len(cut.at) + 1)
    made = make_criteria(criteria)
    if not all(criterion.points for criterion in made):
        raise InputError(
            f"each criterion needs points of its bands; {[c.name for c in made if not c.points]} have none."
        )
    return TierScheme(names, cut=cut, criteria=made, labels=labels, source=source)


def preset(name: str, *, cells: Cells | None = None, tiers: Names | None = None, source: str = "") -> TierScheme:
    """Return a scheme that is ready to use, with names in English and Chinese.

    Parameters
    ----------
    name
        One of `tiers.preset_names()`.
    cells
        Combinations of levels that are to be decided otherwise, for a preset with a table of cells.
    tiers
        Other names, as many as the preset has, in its order; for a preset without a table of cells.
    source
        Where the changes come from; the preset's own source unless given.

    Returns
    -------
    TierScheme
        The scheme; its `source` says where it comes from.

    Raises
    ------
    InputError
        If there is no such preset, or it has no such cells.

    Examples
    --------
    >>> from customer_value.segments import tiers
    >>> tiers.preset("pyramid").labels["zh"]["project"]
    '项目客户'
    """
    require_choice("a preset of tiers", name, preset_names())
    data = PRESETS[name]
    text_value(source, "source", empty=True)
    table = data.get("cells")
    if cells is not None and (table is None or not isinstance(cells, Mapping)):
        raise InputError(f"cells changes the table of a preset, {{(level, ...): tier}}; {name!r} has {table}.")
    if tiers is not None and table is not None:
        raise InputError(f"the tiers of {name!r} are named in its cells: give labels to assign_tiers instead.")
    names, labels = names_and_labels(data["tiers"] if tiers is None else tiers, len(data["tiers"]))
    cut = data.get("cut")
    return TierScheme(
        names,
        cut=None if cut is None else TierCut(**cut),
        criteria=make_criteria(data["criteria"]) if "criteria" in data else (),
        cells={} if table is None else {**table, **(cells or {})},
        labels=labels,
        source=source or data["source"],
    )


def preset_names() -> list[str]:
    """Return the names of the presets.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from customer_value.segments import tiers
    >>> tiers.preset_names()[:3]
    ['abc', 'abc_accounts', 'core_important_potential']
    """
    return list(PRESETS)
