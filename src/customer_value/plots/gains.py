"""Gains: which share of the churners a list reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import to_eager
from customer_value._validation import numeric_column, require_columns, require_some
from customer_value.errors import InputError
from customer_value.plots._axes import QUIET, axes_for, head, tidy
from customer_value.plots._models import curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAKER = "cv.gains_curve(frame) or cv.lift_table(frame) makes it"


def gains(table: Any, *, ax: Axes | None = None) -> Axes:
    """Draw the share of the churners that is reached by contacting the highest scores first.

    Parameters
    ----------
    table
        What `cv.gains_curve` or `cv.lift_table` gives, or the `lift` of a churn report; a column `model` makes one
        line for each.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The gains, the line of a random list, and, where the table has it, that of a perfect one.

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
    >>> cv.plots.gains(cv.churn.gains_curve(customers, points=6)).get_xlabel()
    'Share of customers, highest scores first'
    """
    opened, _ = to_eager(table, "table", "gains")
    require_columns(opened, ["gain"], what="table", maker=_MAKER)
    require_some(len(opened), "table")
    gain = numeric_column(opened, "gain", what="table")
    by_share = "share_of_customers" in opened.columns
    if not by_share and "customers" not in opened.columns:
        raise InputError(f"the table lacks share_of_customers or customers; it has {opened.columns}. {_MAKER}.")
    across = numeric_column(opened, "share_of_customers" if by_share else "customers", what="table")

    ax = axes_for(ax, "gains", (5.4, 4.6))
    ax.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    ax.annotate("random", (0.5, 0.5), xytext=(6, -12), textcoords="offset points", color=QUIET)
    parts = curves(opened, across if by_share else gain)
    if "gain_perfect" in opened.columns:
        rows = parts[0][2]
        perfect = numeric_column(opened, "gain_perfect", what="table")[rows]
        ax.plot(across[rows], perfect, color=QUIET, linewidth=1)
        ax.annotate("perfect", (across[rows][perfect.argmax()], 1), xytext=(4, -14), textcoords="offset points",
                    color=QUIET)  # fmt: skip
    for name, colour, rows in parts:
        x, y = across[rows], gain[rows]
        if not by_share:
            x, y = np.concatenate(([0.0], np.cumsum(x) / x.sum())), np.concatenate(([0.0], y))
        ax.plot(x, y, color=colour, linewidth=2, label=name)
    if parts[0][0]:
        ax.legend(frameon=False, loc="lower right")
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.01)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.set_xlabel("Share of customers, highest scores first")
    ax.set_ylabel("Share of churners reached")
    head(ax, "Gains", "Churners reached by a list of the highest scores")
    tidy(ax)
    return ax
