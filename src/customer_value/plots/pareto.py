"""Why customers left, the commonest or costliest reason first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from customer_value._frames import to_eager
from customer_value._validation import (
    numeric_column,
    require_choice,
    require_columns,
    require_rows,
    require_some,
    text_value,
    whole_number,
)
from customer_value.plots._axes import ACTUAL, EXPECTED, QUIET, axes_for, head, tidy
from customer_value.plots._columns import label_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MEASURES = {"customers": ("share", "cumulative_share"), "value": ("share_of_value", "cumulative_share_of_value")}


def pareto(
    table: Any,
    *,
    measure: Literal["customers", "value"] = "customers",
    unit: str = "currency",
    top: int = 12,
    ax: Axes | None = None,
) -> Axes:
    """Draw the reasons for which customers left as bars, with the share that they add up to.

    Parameters
    ----------
    table
        What `cv.churn.churn_reasons` gives; the bars come in the order of its rows.
    measure
        "customers", or "value" for what was lost with them (made with ``value=``).
    unit
        The currency, for the axis of a value.
    top
        How many reasons, from the first row on. The cumulative share is that of the table.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        A bar for each reason, with whiskers for the interval of its share where customers are drawn, and a line of the
        cumulative share, read on the same scale.

    Raises
    ------
    InputError
        If a column is missing or not numeric, shares are null, the table is empty, or an argument is unknown.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> lost = pd.DataFrame({"reason": ["price", "service", "price", None, "price"]})
    >>> cv.plots.pareto(cv.churn.churn_reasons(lost)).get_ylabel()
    'Share of lost customers'
    """
    require_choice("measure", measure, list(_MEASURES))
    text_value(unit, "unit", empty=True)
    most = whole_number(top, "top", low=1)
    opened, _ = to_eager(table, "table", "pareto")
    share_name, running_name = _MEASURES[measure]
    maker = f"churn_reasons(frame{', value=...' if measure == 'value' else ''}) makes it"
    whiskers = ["share_lower", "share_upper"] if measure == "customers" else []
    require_columns(opened, ["reason", share_name, running_name, *whiskers], what="table", maker=maker)
    require_some(len(opened), "table")
    shares, running = (numeric_column(opened, name, what="table")[:most] for name in (share_name, running_name))
    ends = [numeric_column(opened, name, what="table")[:most] for name in whiskers]
    names = label_column(opened, "reason")[:most]
    if ends:
        require_rows((ends[0] <= shares) & (shares <= ends[1]), "share must lie within share_lower and share_upper")

    ax = axes_for(ax, "pareto", (2.0 + 0.75 * len(names), 4.4))
    places = np.arange(len(names))
    ax.bar(places, shares, color=EXPECTED, width=0.7)
    if ends:
        ax.vlines(places, ends[0], ends[1], color=ACTUAL, linewidth=1.2)
    ax.plot(places, running, color=QUIET, marker="o", markersize=4, linewidth=1.4)
    ax.annotate("cumulative", (places[-1], running[-1]), xytext=(0, 6), textcoords="offset points", ha="right",
                color=QUIET)  # fmt: skip
    ax.set_xticks(places, names, rotation=30, ha="right")
    ax.set_ylim(0, 1.08)
    ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.set_xlabel("Reason")
    what = "customers" if measure == "customers" else f"value ({unit})"
    ax.set_ylabel(f"Share of lost {what}")
    told = "Bars: share of each reason; whiskers: its interval" if ends else "Bars: share of each reason"
    head(ax, "Why customers left", f"{told}; line: shares added up")
    tidy(ax)
    return ax
