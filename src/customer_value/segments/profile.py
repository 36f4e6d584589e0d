"""What each segment amounts to: how many customers, which share of the value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from customer_value._frames import Column, EagerFrame, FrameT, make_frame, nw, to_eager
from customer_value._validation import numeric_column, require_columns, require_rows, require_some
from customer_value.errors import InputError
from customer_value.segments.presets import TEN_SEGMENTS

_FUTURE_VALUE = "clv"
_MADE = frozenset(
    {"customers", "share_of_customers", "share_of_value", "mean_value", "median_value", "share_of_clv", "mean_clv"}
)

Floats = np.ndarray[Any, np.dtype[np.float64]]


def segment_profile(frame: FrameT, *, label: str = "segment", value: str = "total_value") -> FrameT:
    """Count the customers of each segment and add up their value. Collects once.

    Parameters
    ----------
    frame
        One row per customer with a label column, such as `assign_segments` gives, and a value column.
    label
        Column with the label: `segment`, or any other (tier, lifecycle stage, cluster, country).
    value
        Column with the value, such as `total_value`; it may be negative (refunds), never null.

    Returns
    -------
    frame
        One row per segment:

        - the label, in its own order (best first for `segment`); a label without an order (plain text, numbers) is
          sorted, except that the names of the ten segments keep theirs;
        - `customers` and `share_of_customers`;
        - the value's sum, under the value's own name, `share_of_value`, `mean_value` and `median_value`;
        - if the frame has `clv`: its sum (the expected future value of the segment), `share_of_clv` and `mean_clv`.

        A segment that an ordered label knows but no customer has is shown with 0 customers and a sum of 0; its mean
        and median are null. (Plain text, pyarrow's labels among it, knows only the segments that there are.)
        Shares of a total that is not above 0 are null.

    Raises
    ------
    InputError
        If a column is missing; if the label has nulls; if the value, or `clv`, is not numeric, null or infinite; if
        the frame is empty.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({
    ...     "segment": ["At risk", "Champions", "Champions", "At risk"],
    ...     "total_value": [20.0, 100.0, 60.0, 20.0],
    ... })
    >>> profile = cv.segments.segment_profile(customers)
    >>> profile[["segment", "customers", "total_value", "share_of_value", "mean_value"]]
         segment  customers  total_value  share_of_value  mean_value
    0  Champions          2        160.0             0.8        80.0
    1    At risk          2         40.0             0.2        20.0
    """
    opened, back = to_eager(frame, "frame", "segment_profile")
    require_columns(opened, [label], what="frame", maker="assign_segments(score_rfm(summary)) makes segments")
    require_columns(opened, [value], what="frame")
    if label in _MADE or value in _MADE or label == value:
        raise InputError(
            f"label {label!r} and value {value!r} must be two columns, and none of {sorted(_MADE)}, which the profile "
            "makes: rename the column first."
        )
    require_some(len(opened), "frame")
    others = [_FUTURE_VALUE] if _FUTURE_VALUE in opened.columns and value != _FUTURE_VALUE else []

    keys, codes = _keys_and_codes(opened, label)
    counts = np.bincount(codes, minlength=len(keys))
    columns: dict[str, Column] = {
        label: keys,
        "customers": counts,
        "share_of_customers": counts / len(opened),
    }
    worth = _by_group(numeric_column(opened, value, what="frame"), codes, counts)
    columns |= {
        value: _sums(worth),
        "share_of_value": _shares(_sums(worth)),
        "mean_value": _each(worth, np.mean),
        "median_value": _each(worth, np.median),
    }
    for other in others:
        worth = _by_group(numeric_column(opened, other, what="frame"), codes, counts)
        columns |= {
            other: _sums(worth),
            f"share_of_{other}": _shares(_sums(worth)),
            f"mean_{other}": _each(worth, np.mean),
        }
    return cast(FrameT, back(make_frame(columns, opened)))


def _keys_and_codes(frame: EagerFrame, label: str) -> tuple[nw.Series[Any], np.ndarray[Any, np.dtype[np.int64]]]:
    """Return the labels in order, as a column of their own type, and each customer's position among them."""
    series = frame.get_column(label)
    require_rows(~np.asarray(series.is_null().to_numpy(), dtype=bool), f"{label} must not be null")
    keys = list(series.dtype.categories) if isinstance(series.dtype, nw.Enum) else _sorted(series.unique().to_list())
    codes = series.replace_strict(keys, list(range(len(keys))), return_dtype=nw.Int64).to_numpy()
    made = nw.new_series(label, keys, series.dtype, backend=frame.implementation)
    return made, np.asarray(codes, dtype=np.int64)


def _sorted(labels: list[Any]) -> list[Any]:
    """Sort labels that carry no order; the ten segments' names have one, in either language."""
    for texts in TEN_SEGMENTS.labels.values():
        if set(labels) <= set(texts.values()):
            return [text for text in texts.values() if text in labels]
    return sorted(labels)


def _by_group(values: Floats, codes: np.ndarray[Any, Any], counts: np.ndarray[Any, Any]) -> list[Floats]:
    """Split values by group, each group sorted: sums then never depend on the order of the rows."""
    order = np.lexsort((values, codes))
    return np.split(values[order], np.cumsum(counts)[:-1])


def _sums(groups: list[Floats]) -> Floats:
    return np.array([group.sum() for group in groups])


def _shares(sums: Floats) -> Floats:
    total = sums.sum()
    return sums / total if total > 0 else np.full(sums.size, np.nan)


def _each(groups: list[Floats], statistic: Callable[[Floats], Any]) -> Floats:
    """Give a statistic of each group; null for a group without customers."""
    return np.array([statistic(group) if group.size else np.nan for group in groups], dtype=np.float64)
