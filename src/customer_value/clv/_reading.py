"""From a summary frame to what a fit needs: checked columns, weights, the ruler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, column_names, nw, open_frame
from customer_value._validation import (
    SUMMARY_MAKER,
    float_array,
    numeric_column,
    require_columns,
    require_lazy,
    require_numeric,
    require_rows,
    summary_arrays,
    time_unit_of,
)
from customer_value.clv._rows import Floats, distinct_rows
from customer_value.errors import InputError

_WEIGHTS = "weights must be 0 or above and finite"


def fit_counts(
    summary: object,
    columns: Sequence[str],
    weights: str | Sequence[float] | Floats | None,
    maker: str = SUMMARY_MAKER,
) -> tuple[tuple[Floats, ...], Floats, str | None]:
    """Return a summary's checked columns, the weight of each row and the ruler.

    Equal rows of a lazy frame are counted by its own engine, so that only distinct rows are collected.
    """
    opened = open_frame(summary, "summary")
    if isinstance(opened, nw.LazyFrame):
        require_columns(opened, columns, what="summary", maker=maker)
        frame, counts = _count_lazy(opened, columns, weights)
        arrays = summary_arrays(frame, columns, counts=counts, maker=maker)
    else:
        frame = opened
        arrays = summary_arrays(frame, columns, maker=maker)
        counts = _weights(frame, weights)
    if not counts.any():
        raise InputError("weights must not all be 0: there is no customer left to fit.")
    return tuple(arrays.values()), counts, time_unit_of(frame)


def _weights(frame: EagerFrame, weights: str | Sequence[float] | Floats | None) -> Floats:
    """Return the weight of each row."""
    if weights is None:
        return np.ones(len(frame))
    if isinstance(weights, str):
        counts = numeric_column(frame, weights, what="summary")
    else:
        counts = float_array(weights, "weights")
        if counts.size != len(frame):
            raise InputError(f"weights must have one number for each of the {len(frame)} rows; got {counts.size}.")
    require_rows(np.isfinite(counts) & (counts >= 0), _WEIGHTS)
    return counts


def _count_lazy(
    summary: nw.LazyFrame[Any], columns: Sequence[str], weights: str | Sequence[float] | Floats | None
) -> tuple[EagerFrame, Floats]:
    """Return the distinct rows of a lazy summary and how many customers each stands for."""
    if weights is None:
        count = nw.len()
    elif isinstance(weights, str):
        require_columns(summary, [weights], what="summary")
        require_numeric(summary.collect_schema()[weights], weights)
        weight = nw.col(weights).cast(nw.Float64)
        require_lazy(summary, {_WEIGHTS: ((weight.is_finite() & (weight >= 0)).fill_null(False), "")})
        count = weight.sum()
    else:
        raise InputError("weights of a lazy summary are named by their column; got an array.")
    ruler = ["time_unit"] if "time_unit" in column_names(summary) else []
    frame = summary.group_by(*columns, *ruler).agg(count.cast(nw.Float64).alias("_weight")).collect()
    return frame, numeric_column(frame, "_weight", what="summary")


def fit_rows(
    columns: Sequence[Floats], counts: Floats, keep: np.ndarray[Any, Any]
) -> tuple[tuple[Floats, ...], Floats]:
    """Collapse the rows that are kept and have a weight into distinct rows and their total weights."""
    kept = np.flatnonzero(keep & (counts > 0))  # an index by truth values would guess wrong at every other row
    rest = columns if kept.size == counts.size else [column[kept] for column in columns]
    weights = None if (counts == 1).all() else counts[kept]
    rows = distinct_rows(rest, weights)
    return rows.columns, rows.counts
