"""From a summary's columns to the edges of an RFM scheme, and what both need to know of the columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from customer_value._frames import AnyFrame, EagerFrame, collect, column_names, nw
from customer_value._validation import (
    SUMMARY_MAKER,
    float_array,
    numeric_column,
    require_choice,
    require_columns,
    require_lazy,
    require_numeric,
    require_rows,
    require_same_ruler,
    require_some,
    time_unit_of,
    whole_number,
)
from customer_value.errors import InputError
from customer_value.segments._edges import (
    DIMENSIONS,
    REACHES,
    TIES,
    Edges,
    Floats,
    Ties,
    count_reached,
    edges_of,
    edges_within,
)
from customer_value.segments.scheme import MOST_BINS, RFMScheme, by_dimension, checked_weights

Bins = int | Mapping[str, int]
Breaks = Mapping[str, Sequence[float]]
Binning = Literal["independent", "nested"]

BINNINGS = ("independent", "nested")
_SINCE_LAST = "It is the time since the last purchase."


@dataclass(frozen=True)
class FitPlan:
    """What was asked for, checked: columns, and for each dimension a number of quantile bins or rising breaks."""

    columns: dict[str, str]
    cuts: dict[str, int | Floats]
    binning: Binning
    ties: Ties
    weights: dict[str, float] | None


def rfm_columns(frame: AnyFrame, columns: Mapping[str, str]) -> None:
    """Refuse a frame without the columns, or with the recency of the purchase models for R.

    Under that one, which runs from the first to the last purchase, a lapsed old customer would look recent.
    """
    require_columns(frame, columns.values(), what="summary", maker=SUMMARY_MAKER)
    if columns["r"] == "recency" and {"T", "time_since_last"} & set(column_names(frame)):
        raise InputError(
            "recency of a customer summary runs from the first to the last purchase; RFM scores the time since the "
            "last one: use recency='time_since_last' (it is T - recency)."
        )


def rfm_values(frame: EagerFrame, columns: Mapping[str, str]) -> dict[str, Floats]:
    """Return recency, frequency and monetary value as arrays, checked."""
    require_some(len(frame), "summary")
    values = {d: numeric_column(frame, column, what="summary") for d, column in columns.items()}
    require_rows(values["r"] >= 0, f"{columns['r']} must be 0 or above", _SINCE_LAST)
    return values


def check_lazily(frame: nw.LazyFrame[Any], scheme: RFMScheme) -> None:
    """Check what `rfm_values` checks, and the ruler, in one aggregate query."""
    schema = frame.collect_schema()
    rules: dict[str, tuple[nw.Expr, str]] = {}
    for column in scheme.columns.values():
        require_numeric(schema[column], column)
        value = nw.col(column).cast(nw.Float64)
        missing = value.is_null() | value.is_nan()
        rules[f"{column} must be finite"] = (value.is_finite() | missing, "")
        rules[f"{column} must not be null or NaN"] = (~missing, "")
    recency = scheme.columns["r"]
    rules[f"{recency} must be 0 or above"] = (nw.col(recency) >= 0, _SINCE_LAST)
    facts: dict[str, nw.Expr] = {}
    if "time_unit" in schema:
        unit = nw.col("time_unit").cast(nw.String)
        facts = {"first": unit.min(), "last": unit.max()}
    found = require_lazy(frame, rules, facts)
    require_some(found["n"], "summary")
    for fact in facts:
        require_same_ruler(scheme.time_unit, found[fact], "the scheme")


def plan_fit(
    *,
    recency: str,
    frequency: str,
    monetary: str,
    bins: Bins,
    breaks: Breaks | None,
    binning: Binning,
    ties: Ties,
    weights: Mapping[str, float] | None,
) -> FitPlan:
    """Check what was asked for."""
    require_choice("binning", binning, BINNINGS)
    require_choice("ties", ties, TIES)
    columns = {"r": recency, "f": frequency, "m": monetary}
    return FitPlan(columns, _cuts(bins, breaks), binning, ties, checked_weights(weights))


def needed(frame: AnyFrame, columns: Mapping[str, str]) -> EagerFrame:
    """Collect no more of a frame than a fit reads."""
    ruler = {"time_unit"} & set(column_names(frame))
    return collect(frame.select(*dict.fromkeys([*columns.values(), *ruler])))


def fit_scheme(frame: EagerFrame, plan: FitPlan) -> tuple[RFMScheme, dict[str, Floats]]:
    """Make the scheme, and give the customers' values with it, for a fit that scores them too."""
    values = rfm_values(frame, plan.columns)
    if plan.binning == "nested":
        edges = _nested(values, plan.cuts, plan.ties)
    else:
        edges = {d: _independent(values[d], d, plan.cuts[d], plan.ties) for d in DIMENSIONS}
    return RFMScheme(edges, plan.columns, plan.ties, plan.weights, time_unit_of(frame)), values


def _independent(values: Floats, dimension: str, cut: int | Floats, ties: Ties) -> Edges:
    if isinstance(cut, int):
        return tuple(edges_of(np.sort(values), dimension, cut, ties).tolist())
    return tuple((cut[::-1] if dimension == "r" else cut).tolist())


def _nested(values: Mapping[str, Floats], cuts: Mapping[str, int | Floats], ties: Ties) -> dict[str, Edges]:
    """Cut F within each R score and M within each F score of each R score."""
    everybody = np.zeros(values["r"].size, dtype=np.int64)
    cells, sizes = everybody, list[int]()
    found: dict[str, Edges] = {}
    for dimension in DIMENSIONS:
        cut = cuts[dimension]
        n_cells = int(np.prod(sizes, dtype=np.int64))
        if isinstance(cut, int):
            # A cell's parent leaves out the score last cut by; R scores have none but everybody.
            parents = np.arange(n_cells) // (sizes[-1] if sizes else 1)
            table = edges_within(values[dimension], cells, parents, dimension, cut, ties)
        else:
            table = np.tile(cut[::-1] if dimension == "r" else cut, (n_cells, 1))
        found[dimension] = table.reshape(*sizes, -1).tolist()
        reached = count_reached(values[dimension], table, REACHES[ties][dimension], cells)
        sizes.append(table.shape[1] + 1)
        cells = cells * sizes[-1] + reached
    return found


def _cuts(bins: Bins, breaks: Breaks | None) -> dict[str, int | Floats]:
    """Return for each dimension the number of quantile bins, or the breaks given for it in rising order."""
    given = _breaks(breaks)
    if not isinstance(bins, Mapping):
        number = whole_number(bins, "bins", low=2, high=MOST_BINS)
        return {d: given.get(d, number) for d in DIMENSIONS}
    cut = {d: len(found) + 1 for d, found in given.items()}
    named = by_dimension({**cut, **bins}, "bins")
    for d, found in named.items():
        whole_number(found, f"bins of {d!r}", low=2, high=MOST_BINS)
        if found != cut.get(d, found):
            raise InputError(
                f"{cut[d] - 1} breaks of {d!r} make {cut[d]} bins; bins says {found}. Leave one of the two out."
            )
    return {d: given.get(d, found) for d, found in named.items()}


def _breaks(breaks: Any) -> dict[str, Floats]:
    if breaks is None:
        return {}
    if not isinstance(breaks, Mapping) or not set(breaks) <= set(DIMENSIONS):
        told = list(breaks) if isinstance(breaks, Mapping) else repr(breaks)
        raise InputError(f"breaks must map 'r', 'f' or 'm' to numbers, such as {{'f': [2, 5, 10]}}; got {told}.")
    found = {}
    for dimension, given in breaks.items():
        edges = float_array(given, f"breaks of {dimension!r}")
        if not (1 <= edges.size < MOST_BINS and np.isfinite(edges).all() and (np.diff(edges) > 0).all()):
            raise InputError(
                f"breaks of {dimension!r} must be 1 to {MOST_BINS - 1} finite numbers that increase; got {given!r}."
            )
        found[dimension] = edges
    return found
