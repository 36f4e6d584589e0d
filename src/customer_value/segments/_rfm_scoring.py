"""Scores on known edges: ``1 + the number of edges that a value reaches``, on arrays and as an expression.

A test holds the two equal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from customer_value._frames import nw
from customer_value.segments._edges import DIMENSIONS, REACHES, Floats, count_reached, tables
from customer_value.segments.scheme import RFMScheme

Scores = dict[str, np.ndarray[Any, Any]]

_DIGITS = 9  # scores up to here are one digit of rfm_score, larger ones two


def scores_of_arrays(values: Mapping[str, Floats], scheme: RFMScheme) -> Scores:
    """Return the score columns, by name, of customers whose recency, frequency and monetary value are arrays."""
    edges, bins = tables(scheme.edges), scheme.bins
    cells = np.zeros(values["r"].size, dtype=np.int64)
    scores: Scores = {}
    for dimension in DIMENSIONS:
        within = cells if edges[dimension].shape[0] > 1 else None
        reached = count_reached(values[dimension], edges[dimension], REACHES[scheme.ties][dimension], within)
        if scheme.binning == "nested":
            cells = cells * bins[dimension] + reached
        scores[f"{dimension}_score"] = reached + 1
    r, f, m = scores.values()
    scores["rfm_score"] = as_number(r, f, m, bins)
    if scheme.weights is not None:
        floats = {d: scores[f"{d}_score"].astype(np.float64) for d in DIMENSIONS}
        scores["rfm_weighted"] = weighted(floats, bins, scheme.weights)
    return scores


def with_scores(frame: nw.LazyFrame[Any], scheme: RFMScheme, suffix: str) -> nw.LazyFrame[Any]:
    """Add the score columns to a lazy frame without running it."""
    edges, bins = tables(scheme.edges), scheme.bins
    parts = {d: f"_{d}_score_new" for d in DIMENSIONS}  # the frame may have columns of the final names
    for number, dimension in enumerate(DIMENSIONS):
        value = nw.col(scheme.columns[dimension]).cast(nw.Float64)
        reaches = REACHES[scheme.ties][dimension]
        if edges[dimension].shape[0] == 1:
            hits = [reaches(value, edge) for edge in edges[dimension][0].tolist() if math.isfinite(edge)]
        else:
            cell = _cell([parts[d] for d in DIMENSIONS[:number]], [bins[d] for d in DIMENSIONS[:number]])
            hits = [
                (cell == which) & reaches(value, edge)
                for which, own in enumerate(edges[dimension].tolist())
                for edge in own
                if math.isfinite(edge)
            ]
        frame = frame.with_columns((_total(hits) + 1).alias(parts[dimension]))
    r, f, m = (nw.col(name) for name in parts.values())
    columns = {"r_score": r, "f_score": f, "m_score": m, "rfm_score": as_number(r, f, m, bins)}
    if scheme.weights is not None:
        floats = {d: nw.col(name).cast(nw.Float64) for d, name in parts.items()}
        columns["rfm_weighted"] = weighted(floats, bins, scheme.weights)
    named = [score.alias(name + suffix) for name, score in columns.items()]
    return frame.with_columns(*named).drop(*parts.values())


def _cell(scores: Sequence[str], bins: Sequence[int]) -> nw.Expr:
    cell = nw.col(scores[0]) - 1
    for score, n in zip(scores[1:], bins[1:], strict=True):
        cell = cell * n + (nw.col(score) - 1)
    return cell


def _total(hits: Sequence[nw.Expr]) -> nw.Expr:
    """Count the conditions that hold, in a balanced tree: engines limit how deep an expression may be."""
    if not hits:
        return nw.lit(0).cast(nw.Int64)
    if len(hits) == 1:
        return hits[0].cast(nw.Int64)
    half = len(hits) // 2
    return _total(hits[:half]) + _total(hits[half:])


def as_number(r: Any, f: Any, m: Any, bins: Mapping[str, int]) -> Any:
    """Write the three scores, arrays or expressions, as the digits of one number: 543, or 100307 beyond 9 scores."""
    base = 10 if max(bins.values()) <= _DIGITS else 100
    return r * base**2 + f * base + m


def weighted(scores: Mapping[str, Any], bins: Mapping[str, int], weights: Mapping[str, float]) -> Any:
    """Weighted mean of the three scores, arrays or expressions of floats, each scaled to 0 (lowest) to 100 (best)."""
    total = sum(weights[d] for d in DIMENSIONS)
    # One factor each: engines that divide by a constant multiply by its inverse, which rounds otherwise.
    r, f, m = ((scores[d] - 1) * (100 * (weights[d] / total) / (bins[d] - 1)) for d in DIMENSIONS)
    return (r + f + m).clip(None, 100.0)  # the factors' own rounding may lead past the end
