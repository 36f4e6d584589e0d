"""What each segment amounts to: how many customers, which share of the value, and what they are like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from customer_value._frames import Column, EagerFrame, FrameT, make_frame, nw, to_eager
from customer_value._validation import interval_level, name_list, require_columns, require_some
from customer_value.errors import InputError
from customer_value.segments._attributes import attribute_columns
from customer_value.segments._groups import (
    CUTOFF,
    Groups,
    column_apart,
    each,
    key_codes,
    mean_columns,
    share_columns,
    sums,
)
from customer_value.segments._values import value_column

_FUTURE_VALUE = "clv"
_BOUGHT = "purchases"
_MADE = frozenset(
    {
        *("customers", "share_of_customers", "share_of_value", "mean_value", "median_value"),
        *("share_one_time", "share_of_clv", "mean_clv"),
    }
)


def segment_profile(
    frame: FrameT,
    *,
    label: str = "segment",
    value: str = "total_value",
    by: str | None = CUTOFF,
    attributes: Sequence[str] = (),
    interval: float | None = None,
) -> FrameT:
    """Count the customers of each segment, add up their value and say what they are like. Collects once.

    Parameters
    ----------
    frame
        One row per customer with a label column, such as `assign_segments` gives, and a value column; or a history, in
        which a customer has a row for each cutoff.
    label
        Column with the label: `segment`, or any other (tier, lifecycle stage, cluster, country).
    value
        Column with the value, such as `total_value`; it may be negative (refunds), never null.
    by
        Column whose values are profiled apart, each with shares of its own; None for one profile. The default,
        `cutoff`, counts where the frame has that column: a history.
    attributes
        Further columns to describe: numbers, truth values or texts. What is null in them is left out.
    interval
        Coverage of the intervals of shares and means, such as 0.9; None for none.

    Returns
    -------
    frame
        One row per segment (and value of `by`, which then comes first):

        - the label, in its own order (best first for `segment`); a label without an order (plain text, numbers) is
          sorted, except that the names of preset segments and tiers keep theirs;
        - `customers` and `share_of_customers`;
        - the value's sum, under the value's own name, `share_of_value`, `mean_value` and `median_value`;
        - if the frame has `purchases`: `share_one_time`, the share of customers with one purchase;
        - if the frame has `clv`: its sum (the expected future value of the segment), `share_of_clv` and `mean_clv`;
        - for each attribute of numbers or truth values `mean_<attribute>`, for each one of texts its commonest value
          `top_<attribute>` (the first in order, of equally common ones) and that value's share, `share_<attribute>`;
          for both `index_<attribute>`: the figure of the segment for 100 of all customers;
        - with `interval`: `_lower` and `_upper` ends for `share_of_customers`, `share_one_time`, `mean_value` and
          `mean_clv`.

        A segment that an ordered label knows but no customer has is shown with 0 customers and a sum of 0; its mean
        and median are null. (Plain text, pyarrow's labels among it, knows only the segments that there are.)
        Shares of a total that is not above 0, and indices against a mean that is not, are null.

    Raises
    ------
    InputError
        If a column is missing; if the label or `by` has nulls; if the value, `purchases` or `clv` is not numeric, null
        or infinite; if an attribute is of another type, such as a date; if the frame is empty.

    Notes
    -----
    Intervals take the customers for a sample of those that the segment might have. Shares: Wilson's score interval,
    E. B. Wilson (1927), *JASA* 22. Means: Student's interval with its skewness removed by the cubic of P. Hall (1992),
    *JRSS B* 54, 221-228, for values of customers are skewed to the right, and the plain interval then ends too low.
    With few customers and a long tail it still covers less often than it says. The interval of `mean_clv` is that of
    the customers only: the forecasts are taken as they are.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({
    ...     "segment": ["At risk", "Champions", "Champions", "At risk"],
    ...     "total_value": [20.0, 100.0, 60.0, 20.0],
    ...     "country": ["DE", "FR", "DE", "DE"],
    ... })
    >>> profile = cv.segments.segment_profile(customers, attributes=["country"])
    >>> profile[["segment", "customers", "total_value", "share_of_value", "mean_value"]]
         segment  customers  total_value  share_of_value  mean_value
    0  Champions          2        160.0             0.8        80.0
    1    At risk          2         40.0             0.2        20.0
    >>> profile[["segment", "top_country", "share_country", "index_country"]].round(1)
         segment top_country  share_country  index_country
    0  Champions          DE            0.5           66.7
    1    At risk          DE            1.0          133.3
    """
    level = interval_level(interval)
    opened, back = to_eager(frame, "frame", "segment_profile")
    require_columns(opened, [label], what="frame", maker="assign_segments(score_rfm(summary)) makes segments")
    described = name_list(attributes, "attributes")
    apart = column_apart(opened, by)
    require_columns(opened, [value, *described], what="frame")
    _require_names(label, value, apart, described)
    require_some(len(opened), "frame")

    columns, groups = _grouped(opened, label, apart)
    counts = groups.counts
    columns["customers"] = counts
    columns |= share_columns("share_of_customers", counts, groups.totals(counts), level)
    worth = groups.split(value_column(opened, value))
    columns |= {value: sums(worth), "share_of_value": groups.shares(sums(worth))}
    columns |= {**mean_columns("mean_value", worth, level), "median_value": each(worth, np.median)}
    if _BOUGHT in opened.columns:
        once = groups.split((value_column(opened, _BOUGHT) == 1).astype(np.float64))
        columns |= share_columns("share_one_time", sums(once), counts, level)
    if _FUTURE_VALUE in opened.columns and value != _FUTURE_VALUE:
        future = groups.split(value_column(opened, _FUTURE_VALUE))
        columns |= {_FUTURE_VALUE: sums(future), f"share_of_{_FUTURE_VALUE}": groups.shares(sums(future))}
        columns |= mean_columns(f"mean_{_FUTURE_VALUE}", future, level)
    for attribute in described:
        columns |= attribute_columns(opened, attribute, groups)
    return cast(FrameT, back(make_frame(columns, opened)))


def _require_names(label: str, value: str, by: str | None, attributes: list[str]) -> None:
    """Refuse columns whose names would meet in the profile."""
    if label in _MADE or value in _MADE or label == value:
        raise InputError(
            f"label {label!r} and value {value!r} must be two columns, and none of {sorted(_MADE)}, which the profile "
            "makes: rename the column first."
        )
    if by is not None and by in {label, value, *_MADE}:
        raise InputError(f"by {by!r} must be another column than the label, the value and those the profile makes.")
    made = {f"{start}_{attribute}" for attribute in attributes for start in ("mean", "index", "top", "share")}
    met = sorted(made & {*_MADE, label, value, _FUTURE_VALUE, *([] if by is None else [by])})
    if met or len(set(attributes)) < len(attributes):
        raise InputError(
            f"attributes must be named once, and their columns differ from the others; got {attributes}"
            f"{f', which would make {met} again' if met else ''}."
        )


def _grouped(frame: EagerFrame, label: str, by: str | None) -> tuple[dict[str, Column], Groups]:
    """Return the key columns of the profile and who is in which of its rows."""
    keys, codes = key_codes(frame, label)
    if by is None:
        return {label: _column(frame, label, keys)}, Groups(codes, len(keys), 1)
    blocks, block_codes = key_codes(frame, by)
    columns = {
        by: _column(frame, by, [block for block in blocks for _ in keys]),
        label: _column(frame, label, keys * len(blocks)),
    }
    return dict(columns), Groups(block_codes * len(keys) + codes, len(keys), len(blocks))


def _column(frame: EagerFrame, name: str, values: list[Any]) -> nw.Series[Any]:
    """Build a column of the type that the frame's own one has."""
    return nw.new_series(name, values, frame.get_column(name).dtype, backend=frame.implementation)
