"""From a summary frame to what a fit needs: checked columns, weights, the ruler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, column_names, nw, open_frame
from customer_value._validation import (
    SUMMARY_MAKER,
    numeric_column,
    require_columns,
    require_rows,
    require_some,
    summary_arrays,
    time_unit_of,
)
from customer_value.clv._rows import Floats, distinct_rows
from customer_value.errors import InputError


def fit_counts(
    summary: object, columns: Sequence[str], weights: str | Sequence[float] | Floats | None
) -> tuple[tuple[Floats, ...], Floats, str | None]:
    """Return a summary's checked columns, the weight of each row and the ruler.

    Equal rows of a lazy frame are counted by its own engine, so that only distinct rows are collected.
    """
    opened = open_frame(summary, "summary")
    require_columns(opened, columns, what="summary", maker=SUMMARY_MAKER)
    frame: EagerFrame
    if isinstance(opened, nw.LazyFrame):
        if weights is not None and not isinstance(weights, str):
            raise InputError("weights of a lazy summary are named by their column; got an array.")
        ruler = ["time_unit"] if "time_unit" in column_names(opened) else []
        count = nw.len() if weights is None else nw.col(weights).sum()
        frame = opened.group_by(*columns, *ruler).agg(count.cast(nw.Float64).alias("_weight")).collect()
        weights = "_weight"
    else:
        frame = opened
    require_some(len(frame), "summary")
    arrays = tuple(summary_arrays(frame, columns).values())
    if weights is None:
        counts = np.ones(len(frame))
    elif isinstance(weights, str):
        counts = numeric_column(frame, weights, what="summary")
    else:
        counts = np.asarray(weights, dtype=np.float64)
        if counts.shape != (len(frame),):
            raise InputError(
                f"weights must have one number for each of the {len(frame)} rows; got shape {counts.shape}."
            )
    require_rows(np.isfinite(counts) & (counts >= 0), "weights must be 0 or above and finite")
    if not counts.any():
        raise InputError("weights must not all be 0: there is no customer left to fit.")
    return arrays, counts, time_unit_of(frame)


def fit_rows(
    columns: Sequence[Floats], counts: Floats, keep: np.ndarray[Any, Any]
) -> tuple[tuple[Floats, ...], Floats]:
    """Collapse the rows that are kept and have a weight into distinct rows and their total weights."""
    keep = keep & (counts > 0)
    whole = bool(keep.all())
    rows = distinct_rows(
        [c if whole else c[keep] for c in columns],
        None if bool((counts == 1).all()) else (counts if whole else counts[keep]),
    )
    return rows.columns, rows.counts
