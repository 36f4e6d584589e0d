"""Qini curve: what contacting those with the highest predicted uplift would have gained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import to_eager
from customer_value._validation import numeric_column, require_columns, require_some
from customer_value.plots._axes import EXPECTED, QUIET, axes_for, head, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def qini(table: Any, *, ax: Axes | None = None) -> Axes:
    """Draw the outcomes gained by contacting the highest predicted uplift first.

    Parameters
    ----------
    table
        What `cv.qini_curve` gives.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The gain as a line over that of a random list, with the Qini coefficient, the area between, in words.

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
    >>> campaign = pd.DataFrame({"uplift": [0.4, 0.3, 0.2, 0.1], "treatment": [1, 0, 0, 1], "churned": [0, 1, 0, 1]})
    >>> cv.plots.qini(cv.churn.qini_curve(campaign, points=4)).get_xlabel()
    'Share of customers contacted, highest uplift first'
    """
    opened, _ = to_eager(table, "table", "qini")
    columns = ["share_of_customers", "incremental", "incremental_random", "qini"]
    require_columns(opened, columns, what="table", maker="cv.qini_curve(frame) makes it")
    require_some(len(opened), "table")
    share, gained, at_random, coefficient = (numeric_column(opened, column, what="table") for column in columns)
    order = np.argsort(share, kind="stable")
    share, gained, at_random = share[order], gained[order], at_random[order]

    ax = axes_for(ax, "qini", (6.4, 4.2))
    ax.axhline(0, color=QUIET, linewidth=0.8)
    ax.fill_between(share, at_random, gained, color=EXPECTED, alpha=0.12, linewidth=0)
    ax.plot(share, at_random, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    ax.plot(share, gained, color=EXPECTED, linewidth=2)
    told = f"Qini {coefficient[0]:.4f}"
    if {"qini_lower", "qini_upper"} <= set(opened.columns):
        low, high = (numeric_column(opened, f"qini_{end}", what="table")[0] for end in ("lower", "upper"))
        told += f" ({low:.4f} to {high:.4f})"
    ax.annotate(told, (0.98, 0.12), xycoords="axes fraction", ha="right", color=EXPECTED, fontweight="bold")
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.set_xlabel("Share of customers contacted, highest uplift first")
    ax.set_ylabel("Outcomes gained per customer")
    head(ax, "Gain of a campaign by uplift", "Dashed: customers picked at random")
    tidy(ax)
    return ax
