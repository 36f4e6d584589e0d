"""Reliability: whether customers churn as often as their probabilities say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from customer_value._frames import to_eager
from customer_value._validation import numeric_column, require_columns, require_some
from customer_value.plots._axes import QUIET, axes_for, head, tidy
from customer_value.plots._models import curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def reliability(table: Any, *, ax: Axes | None = None) -> Axes:
    """Draw the churn rate against the mean probability, by tenths of the customers.

    Parameters
    ----------
    table
        What `cv.lift_table` gives on probabilities, or the `reliability` of a churn report; a column `model` makes one
        line for each.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        Points with the intervals of the churn rates, and the diagonal on which probabilities hold.

    Raises
    ------
    InputError
        If a column is missing or not numeric, or the table is empty.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"churn_probability": [0.9, 0.7, 0.6, 0.4, 0.2, 0.1],
    ...                           "churned": [True, True, False, True, False, False]})
    >>> cv.plots.reliability(cv.churn.lift_table(customers, bins=3)).get_ylabel()
    'Share that churned'
    """
    opened, _ = to_eager(table, "table", "reliability")
    columns = ["mean_score", "churn_rate", "churn_rate_lower", "churn_rate_upper"]
    require_columns(opened, columns, what="table", maker="cv.lift_table(frame) makes it")
    require_some(len(opened), "table")
    said, seen, low, high = (numeric_column(opened, column, what="table") for column in columns)

    ax = axes_for(ax, "reliability", (5.0, 4.8))
    top = max(float(said.max()), float(high.max()))
    ax.plot([0, top], [0, top], color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    parts = curves(opened, said)
    for name, colour, rows in parts:
        ax.vlines(said[rows], low[rows], high[rows], color=colour, linewidth=1.2, alpha=0.6)
        ax.plot(said[rows], seen[rows], color=colour, marker="o", markersize=5, linewidth=1, label=name)
    if parts[0][0]:
        ax.legend(frameon=False, loc="upper left")
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.set_xlabel("Mean churn probability of the group")
    ax.set_ylabel("Share that churned")
    head(ax, "Do the probabilities hold?", "On the dashed line they do; bars: interval of the share")
    tidy(ax)
    return ax
