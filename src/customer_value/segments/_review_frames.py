"""What a review reads from its two frames: the customer, the labels' order, tiers as codes, moves that are pending."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, engine_of, nw
from customer_value._validation import (
    broken_rule,
    name_list,
    numeric_column,
    require_columns,
    require_ids,
    require_rows,
)
from customer_value.errors import InputError
from customer_value.segments._customers import id_column, require_customers

Codes = np.ndarray[Any, np.dtype[np.int64]]

_ROW, _MATCH = "_review_row", "_review_match"


def customer_column(current: EagerFrame, previous: EagerFrame, customer_id: str | None) -> str:
    """Return the column of the customer, unique and without nulls in each frame."""
    key = id_column(current, customer_id, "current")
    frames = {"current": current, "previous": previous}
    if engine_of(current) != engine_of(previous):
        raise InputError(
            f"current and previous must be frames of one library; got {engine_of(current)} and {engine_of(previous)}."
        )
    id_column(previous, key, "previous")
    require_ids(key, frames)
    for what, frame in frames.items():
        require_customers(frame, key, what)
    return key


def matching_rows(current: EagerFrame, previous: EagerFrame, key: str) -> Codes:
    """Row of `previous` that each customer of `current` had; -1 for a new customer."""
    left = current.select(key).with_row_index(_ROW)
    right = previous.select(key).with_row_index(_MATCH)
    joined = left.join(right, on=key, how="left").sort(_ROW)
    return np.asarray(joined.get_column(_MATCH).fill_null(-1).cast(nw.Int64).to_numpy(), dtype=np.int64)


def label_order(
    current: EagerFrame,
    previous: EagerFrame,
    tier: str,
    order: Sequence[str] | None,
    known: Sequence[tuple[str, ...]] = (),
) -> tuple[str, ...]:
    """Labels from the best to the worst: as given, as an ordered column holds them, or as one of the known orders."""
    if order is not None:
        names = name_list(order, "order", "label")
        if len(names) < 2 or len(set(names)) < len(names):
            raise InputError(f"order must hold two or more labels, each once; got {names}.")
        return tuple(names)
    for frame in (current, previous):
        dtype = frame.collect_schema()[tier]
        if isinstance(dtype, nw.Enum):
            return tuple(dtype.categories)
    found = set(current.get_column(tier).unique().drop_nulls().to_list())
    for labels in known:
        if found <= set(labels):
            return labels
    raise InputError(
        f"{tier} is {current.collect_schema()[tier]} and carries no order: give the labels from the best to the worst, "
        "order=['A', 'B', 'C']."
    )


def tier_codes(frame: EagerFrame, tier: str, names: Sequence[str], what: str) -> Codes:
    """Position of each row's label among the names, -1 for null."""
    series = frame.get_column(tier)
    if not isinstance(series.dtype, (nw.Enum, nw.Categorical, nw.String)) and series.null_count() < len(series):
        raise InputError(f"{tier} must hold labels; its type is {series.dtype} in {what}.")
    label = nw.col(tier).cast(nw.String)
    code: Any = nw.lit(-1)
    for position, name in enumerate(names):
        code = nw.when(label == name).then(nw.lit(position)).otherwise(code)
    codes = np.asarray(frame.select(code.alias(tier)).get_column(tier).to_numpy(), dtype=np.int64)
    known = (codes >= 0) | np.asarray(series.is_null().to_numpy(), dtype=np.bool_)
    if not known.all():
        others = sorted({str(label) for label in series.unique().drop_nulls().to_list()} - set(names))
        bad = np.flatnonzero(~known)
        rule = f"{tier} in {what} must be one of {list(names)}, not {others}"
        remedy = "order= takes all labels of both frames, the best first."
        raise InputError(broken_rule(rule, bad.size, codes.size, bad[:3].tolist(), remedy))
    return codes


def pending_moves(previous: EagerFrame, tier: str, names: Sequence[str], final: Codes) -> Codes:
    """Reviews in a row that asked for a move and did not get it: above 0 for an upgrade, below 0 for a downgrade."""
    pending, proposed = f"{tier}_pending", f"{tier}_proposed"
    if pending not in previous.columns:
        return np.zeros(len(previous), dtype=np.int64)
    require_columns(previous, [proposed], what="previous", maker=f"review_tiers adds it beside {pending}: keep both")
    counts = numeric_column(previous, pending, what="previous", nulls=True)
    whole = np.isnan(counts) | ((counts >= 0) & (counts == np.floor(counts)) & (counts <= 1e9))
    require_rows(whole, f"{pending} must count reviews: whole numbers from 0 on")
    asked = tier_codes(previous.select(nw.col(proposed).alias(tier)), tier, names, f"{proposed} of previous")
    direction = np.where((asked < 0) | (final < 0), 0, np.sign(final - asked))
    return np.nan_to_num(counts).astype(np.int64) * direction
