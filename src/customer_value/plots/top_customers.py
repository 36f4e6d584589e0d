"""The most valuable customers, and how sure their value is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import to_eager
from customer_value._validation import (
    numeric_column,
    require_columns,
    require_rows,
    require_some,
    text_value,
    whole_number,
)
from customer_value.errors import InputError
from customer_value.plots._axes import EXPECTED, GRID, QUIET, axes_for, head, tidy
from customer_value.plots._columns import label_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INTERVALS = {"value": "light: interval of what he will bring", "clv": "dark: interval of the mean"}
_WIDTHS = {"value": (2.0, QUIET, 0.7), "clv": (5.0, EXPECTED, 0.45)}
_MOST = 200


def top_customers(
    scored: Any,
    *,
    n: int = 20,
    customer_id: str = "customer_id",
    unit: str = "currency",
    suffix: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the most valuable customers with the intervals of their value, the first on top.

    Parameters
    ----------
    scored
        What `score_clv` gives with an interval, in any order: the customer column, clv, and clv_lower and clv_upper (of
        the mean), or value_lower and value_upper (of the outcome), or both.
    n
        How many customers, at most 200.
    customer_id
        Name of the customer column.
    unit
        The currency, for the axis.
    suffix
        The suffix given to `score_clv`.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        A row for each customer: a point for clv and a bar for each interval.

    Raises
    ------
    InputError
        If a column is missing or not numeric, there are no intervals, or no customer has a clv.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> scored = pd.DataFrame({"customer_id": [1, 2, 3], "clv": [80.0, 120.0, 10.0],
    ...                        "clv_lower": [60.0, 90.0, 8.0], "clv_upper": [107.0, 160.0, 12.5]})
    >>> ax = cv.plots.top_customers(scored, n=2, unit="dollars")
    >>> ax.get_xlabel()
    'Future value (dollars)'
    """
    most = whole_number(n, "n", low=1, high=_MOST)
    text_value(customer_id, "customer_id")
    text_value(unit, "unit", empty=True)
    text_value(suffix, "suffix", empty=True)
    opened, _ = to_eager(scored, "scored", "top_customers")
    maker = "score_clv(summary, ..., interval=0.9) makes it"
    require_columns(opened, [customer_id, f"clv{suffix}"], what="scored", maker=maker)
    require_some(len(opened), "scored")
    ends = {of: [f"{of}_{end}{suffix}" for end in ("lower", "upper")] for of in _INTERVALS}
    there = [of for of in _INTERVALS if set(ends[of]) <= set(opened.columns)]
    if not there:
        raise InputError(f"scored has no intervals, such as {ends['clv']}; {maker}.")
    worth = numeric_column(opened, f"clv{suffix}", what="scored", nulls=True)
    if np.isnan(worth).all():
        raise InputError(f"clv{suffix} is null in every row: there is nothing to draw.")
    bars = {of: [numeric_column(opened, end, what="scored", nulls=True) for end in ends[of]] for of in there}
    for of, (low, high) in bars.items():
        require_rows(np.isnan(low) | np.isnan(high) | (low <= high), f"{of}_lower must not be above {of}_upper")
    names = label_column(opened, customer_id)
    # Equal values lie by name, so that the picture does not depend on the order of the rows.
    by_name = np.argsort(np.array(names), kind="stable")
    order = by_name[np.argsort(-worth[by_name], kind="stable")][: min(most, int((~np.isnan(worth)).sum()))]
    places = np.arange(order.size)[::-1]

    ax = axes_for(ax, "top_customers", (7.0, 1.4 + 0.24 * order.size))
    for of, (low, high) in bars.items():
        width, colour, alpha = _WIDTHS[of]
        ax.hlines(places, low[order], high[order], color=colour, linewidth=width, alpha=alpha)
    ax.plot(worth[order], places, color=EXPECTED, marker="o", markersize=5, linestyle="none")
    ax.set_yticks(places, [names[row] for row in order])
    ax.set_ylim(-0.8, order.size - 0.2)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel(f"Future value ({unit})")
    ax.set_ylabel("Customer")
    told = "; ".join(["point: mean", *(_INTERVALS[of] for of in there)])
    head(ax, f"The {order.size} most valuable customers", told[0].upper() + told[1:])
    tidy(ax)
    ax.grid(visible=False, axis="y")
    ax.grid(axis="x", color=GRID, linewidth=0.8)
    return ax
