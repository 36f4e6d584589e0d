"""How far each column has moved between two snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import to_eager
from customer_value._validation import numeric_column, require_columns, require_rows, require_some, whole_number
from customer_value.errors import InputError
from customer_value.plots._axes import ACTUAL, EXPECTED, GRID, QUIET, axes_for, head, tidy
from customer_value.plots._columns import label_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BOUNDS = (0.1, 0.25)


def drift(report: Any, *, top: int = 25, ax: Axes | None = None) -> Axes:
    """Draw the stability index of each column, the largest on top, with the usual bounds.

    Parameters
    ----------
    report
        What `cv.churn.drift_report` gives; rows without an index are not drawn.
    top
        How many columns, the largest first.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        A bar for each column, a tick where chance alone would put it, and lines at .1 and .25.

    Raises
    ------
    InputError
        If a column is missing or not numeric, an index is negative, or no column has one.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> before = pd.DataFrame({"plan": ["basic", "plus"] * 500})
    >>> after = pd.DataFrame({"plan": ["basic"] * 600 + ["plus"] * 400})
    >>> cv.plots.drift(cv.churn.drift_report(before, after)).get_xlabel()
    'Population stability index'
    """
    most = whole_number(top, "top", low=1)
    opened, _ = to_eager(report, "report", "drift")
    maker = "drift_report(before, after) makes it"
    require_columns(opened, ["column", "psi", "psi_by_chance"], what="report", maker=maker)
    require_some(len(opened), "report")
    index, by_chance = (numeric_column(opened, name, what="report", nulls=True) for name in ("psi", "psi_by_chance"))
    if np.isnan(index).all():
        raise InputError("psi is null in every row: there is nothing to draw.")
    require_rows(np.isnan(index) | (index >= 0), "psi must be 0 or above")
    names = np.array(label_column(opened, "column"))
    # Equal ones lie by name, so that the picture does not depend on the order of the rows.
    by_name = np.argsort(names, kind="stable")
    order = by_name[np.argsort(-index[by_name], kind="stable")][: min(most, int((~np.isnan(index)).sum()))]
    places = np.arange(order.size)[::-1]

    ax = axes_for(ax, "drift", (7.0, 1.6 + 0.26 * order.size))
    ax.barh(places, index[order], color=EXPECTED, height=0.6)
    ax.plot(by_chance[order], places, color=ACTUAL, marker="|", markersize=11, linestyle="none")
    for bound in _BOUNDS:
        ax.axvline(bound, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    ax.set_yticks(places, names[order].tolist())
    ax.set_ylim(-0.8, order.size - 0.2)
    ax.set_xlim(left=0, right=max(1.05 * float(index[order].max()), 0.3))
    ax.set_xlabel("Population stability index")
    ax.set_ylabel("Column")
    head(ax, "What has changed", "Dashed: .1 and .25, the usual bounds; tick: what chance alone gives")
    tidy(ax)
    ax.grid(visible=False, axis="y")
    ax.grid(axis="x", color=GRID, linewidth=0.8)
    return ax
