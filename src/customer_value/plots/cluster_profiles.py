"""Heat table of clusters by features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import to_eager
from customer_value._validation import numeric_column, require_columns, require_some
from customer_value.errors import InputError
from customer_value.plots._axes import ACTUAL, EMPTY, QUIET, axes_for, head, short
from customer_value.plots._columns import label_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAKER = "KMeansSegmenter.profile makes the table"
_COLUMNS = ["cluster", "cluster_name", "customers", "feature", "mean", "apart"]
_FULL = 2.0  # standard deviations from which the colour no longer changes
_DARK = 1.4  # standard deviations from which white text reads better
_WIDTH, _HEIGHT = 1.5, 0.62  # inches of a cell
_LINE = 26  # characters of a name on one line


def cluster_profiles(profile: Any, *, ax: Axes | None = None) -> Axes:
    """Draw what clusters are like: one row per cluster, one column per feature, coloured by the difference from all.

    Parameters
    ----------
    profile
        One row per cluster and feature, as `KMeansSegmenter.profile` gives it.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The best cluster on top. Numbers are means in the feature's own unit; blue is above the average customer, red
        below, full colour from two standard deviations on.

    Raises
    ------
    InputError
        If a column is missing or null, a cluster lacks a feature that another one has, or the table is empty.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"purchases": [1, 1, 2, 9, 8, 12], "total_value": [9.0, 8.0, 19.0, 90.0, 70.0, 99.0]})
    >>> model = cv.segments.KMeansSegmenter(2).fit(customers)
    >>> cv.plots.cluster_profiles(model.profile(customers)).get_title(loc="left")
    'What the clusters are like'
    """
    opened, _ = to_eager(profile, "profile", "cluster_profiles")
    require_columns(opened, _COLUMNS, what="profile", maker=_MAKER)
    require_some(len(opened), "profile")
    clusters, features = (label_column(opened, name) for name in ("cluster", "feature"))
    rows, columns = list(dict.fromkeys(clusters)), list(dict.fromkeys(features))
    if len(set(zip(clusters, features, strict=True))) < len(opened) or len(opened) != len(rows) * len(columns):
        raise InputError(f"the profile must have one row for each cluster and feature. {_MAKER}.")
    cells = [(rows.index(c), columns.index(f)) for c, f in zip(clusters, features, strict=True)]
    apart = numeric_column(opened, "apart", what="profile", nulls=True)
    means = numeric_column(opened, "mean", what="profile", nulls=True)
    sizes = numeric_column(opened, "customers", what="profile")
    names = label_column(opened, "cluster_name")

    ax = axes_for(ax, "cluster_profiles", (3.2 + _WIDTH * len(columns), 1.3 + _HEIGHT * len(rows)))
    shown = np.full((len(rows), len(columns)), np.nan)
    told = {}
    for cell, height, mean, name, size in zip(cells, apart, means, names, sizes, strict=True):
        shown[cell] = height
        told[cell[0]] = f"{rows[cell[0]]}: {_wrapped(name)}\nn = {size:,.0f}"
        if np.isnan(height):
            ax.text(*cell[::-1], "–", ha="center", va="center", color=QUIET)
        else:
            colour = "white" if abs(height) > _DARK else ACTUAL
            ax.text(*cell[::-1], f"{short(mean)}\n{height:+.1f} sd", ha="center", va="center", color=colour)
    ax.imshow(shown, cmap="RdBu", aspect="auto", vmin=-_FULL, vmax=_FULL)
    ax.set_facecolor(EMPTY)
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(rows)), [told[row] for row in range(len(rows))])
    # White lines on the minor ticks, between the cells.
    ax.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=2)
    ax.spines[:].set_visible(False)
    ax.tick_params(which="both", length=0)
    ax.set_xlabel("Feature")
    ax.set_ylabel("Cluster (n = customers)")
    head(
        ax, "What the clusters are like", "Mean of each feature in its own unit; colour: distance from the average (sd)"
    )
    return ax


def _wrapped(name: str) -> str:
    """Break a name at its commas into lines that fit beside the picture."""
    lines = [""]
    for part in name.replace("、", "、\n").replace(", ", ", \n").split("\n"):
        if lines[-1] and len(lines[-1]) + len(part) > _LINE:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.strip() for line in lines)
