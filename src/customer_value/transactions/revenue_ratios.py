"""Ratios of a revenue bridge: net and gross revenue retention, and the quick ratio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from customer_value._frames import AnyFrame, FrameT, column_names, nw, open_frame
from customer_value._validation import (
    numeric_column,
    require_columns,
    require_lazy,
    require_numeric,
    require_rows,
    require_some,
    truth_value,
)

_MAKER = "revenue_bridge(log, observation_end=...) makes them"
_NET, _GROSS, _QUICK = "net_revenue_retention", "gross_revenue_retention", "quick_ratio"


def net_revenue_retention(bridge: FrameT, *, resurrected: bool = False) -> FrameT:
    """Add the revenue kept of the customers of the earlier window, with what they buy more: it can exceed 1.

    (start + expansion - contraction - churned) / start.

    Parameters
    ----------
    bridge
        What `revenue_bridge` gives, or any frame with start, expansion, contraction and churned, which is positive
        where it is a loss.
    resurrected
        Whether revenue of customers who came back counts as kept. They are not in `start`.

    Returns
    -------
    FrameT
        The frame with `net_revenue_retention`; null where the start is 0 or below. Bounds that `revenue_bridge` added
        are kept, or left out where `resurrected` changes what they are of.

    Raises
    ------
    InputError
        If a column is missing or not numeric, or expansion or contraction is negative.

    Notes
    -----
    Relational: stays lazy and runs on engines.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> year = pd.DataFrame({"start": [100.0], "expansion": [15.0], "contraction": [10.0], "churned": [20.0]})
    >>> cv.net_revenue_retention(year)["net_revenue_retention"].item()
    0.85
    """
    parts = ["start", "expansion", "contraction", "churned"]
    back = truth_value(resurrected, "resurrected")
    opened = _open(bridge, [*parts, *(["resurrected"] if back else [])])
    start, more, less, gone = map(_amount, parts)
    kept = start + more - less - gone + (_amount("resurrected") if back else 0.0)
    if back:
        opened = opened.drop(f"{_NET}_lower", f"{_NET}_upper", strict=False)
    return cast("FrameT", opened.with_columns(_ratio(kept, start).alias(_NET)).to_native())


def gross_revenue_retention(bridge: FrameT) -> FrameT:
    """Add the revenue kept of the customers of the earlier window, without what they buy more: at most 1.

    (start - contraction - churned) / start.

    Parameters
    ----------
    bridge
        What `revenue_bridge` gives, or any frame with start, contraction and churned, which is positive where it is a
        loss.

    Returns
    -------
    FrameT
        The frame with `gross_revenue_retention`; null where the start is 0 or below. Where customers who are gone
        brought less than nothing, net of refunds, their leaving gains: the rate is held at 1.

    Raises
    ------
    InputError
        If a column is missing or not numeric, or contraction is negative.

    Notes
    -----
    Relational: stays lazy and runs on engines.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> year = pd.DataFrame({"start": [100.0], "contraction": [10.0], "churned": [20.0]})
    >>> cv.gross_revenue_retention(year)["gross_revenue_retention"].item()
    0.7
    """
    parts = ["start", "contraction", "churned"]
    opened = _open(bridge, parts)
    start, less, gone = map(_amount, parts)
    rate = _ratio(start - less - gone, start)
    held = nw.when(rate > 1).then(nw.lit(1.0)).otherwise(rate)
    return cast("FrameT", opened.with_columns(held.alias(_GROSS)).to_native())


def quick_ratio(bridge: FrameT, *, resurrected: bool = True) -> FrameT:
    """Add revenue gained by revenue lost: above 1 the business grows, and the more the less it must win to do so.

    (new + resurrected + expansion) / (churned + contraction).

    Parameters
    ----------
    bridge
        What `revenue_bridge` gives, or any frame with new, expansion, contraction and churned, which is positive where
        it is a loss. Without a column `resurrected` none came back.
    resurrected
        Whether revenue of customers who came back counts as gained. Without it the ratio is no longer above 1 just
        where revenue grows.

    Returns
    -------
    FrameT
        The frame with `quick_ratio`; null where nothing was lost.

    Raises
    ------
    InputError
        If a column is missing or not numeric, or expansion or contraction is negative.

    Notes
    -----
    Relational: stays lazy and runs on engines.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> month = pd.DataFrame({"new": [20.0], "expansion": [8.0], "churned": [5.0], "contraction": [3.0]})
    >>> cv.quick_ratio(month)["quick_ratio"].item()
    3.5
    """
    parts = ["new", "expansion", "contraction", "churned"]
    there = truth_value(resurrected, "resurrected") and "resurrected" in column_names(open_frame(bridge, "bridge"))
    opened = _open(bridge, [*parts, *(["resurrected"] if there else [])])
    new, more, less, gone = map(_amount, parts)
    gained = new + more + (_amount("resurrected") if there else 0.0)
    return cast("FrameT", opened.with_columns(_ratio(gained, gone + less).alias(_QUICK)).to_native())


def _amount(column: str) -> nw.Expr:
    amount = nw.col(column).cast(nw.Float64)
    return nw.when(~amount.is_nan()).then(amount)


def _ratio(part: nw.Expr, whole: nw.Expr) -> nw.Expr:
    return nw.when(whole > 0).then(part / whole)


def _open(bridge: object, columns: Sequence[str]) -> AnyFrame:
    opened = open_frame(bridge, "bridge")
    require_columns(opened, columns, what="bridge", maker=_MAKER)
    schema = opened.collect_schema()
    for column in columns:
        require_numeric(schema[column], column)
    signed = [column for column in ("expansion", "contraction") if column in columns]
    rule, remedy = "{} must be 0 or above", "A loss is written without a minus: the formulas take it off."
    if isinstance(opened, nw.LazyFrame):
        rules = {f"{column} must be finite": (_is(_amount(column).is_finite()), "") for column in columns}
        rules |= {rule.format(column): (_is(_amount(column) >= 0), remedy) for column in signed}
        require_some(int(require_lazy(opened, rules)["n"]), "bridge")
        return opened
    require_some(len(opened), "bridge")
    amounts = {column: numeric_column(opened, column, what="bridge", nulls=True) for column in columns}
    for column in signed:
        require_rows(~(amounts[column] < 0), rule.format(column), remedy)
    return opened


def _is(rule: nw.Expr) -> nw.Expr:
    """The rule, kept where the amount is null."""
    return rule.fill_null(True)
