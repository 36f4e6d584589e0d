"""How well each number of clusters divides the customers, and which one is recommended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from customer_value._frames import EagerFrame, to_eager
from customer_value._validation import numeric_column, require_choice, require_columns, require_some
from customer_value.errors import InputError
from customer_value.plots._axes import ACTUAL, EXPECTED, QUIET, axes_for, head, short, tidy
from customer_value.plots._columns import flag_column, label_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Measure = Literal["overview", "gap", "davies_bouldin", "calinski_harabasz", "inertia"]
_OVERVIEW = {
    "silhouette": ("silhouette", EXPECTED),
    "jaccard_min": ("found again, worst cluster", ACTUAL),
    "largest_share": ("share in the largest cluster", QUIET),
}
_SINGLE = {
    "gap": "Gap statistic, ± s_k (logarithm of inertia)",
    "davies_bouldin": "Davies-Bouldin index (less is better)",
    "calinski_harabasz": "Calinski-Harabasz index (more is better)",
    "inertia": "Inertia (prepared features)",
}

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]


def cluster_choice(table: Any, *, measure: Measure = "overview", ax: Axes | None = None) -> Axes:
    """Draw the criteria by number of clusters and mark the recommended one.

    Parameters
    ----------
    table
        What `cv.choose_n_clusters` gives, in any order.
    measure
        "overview" for silhouette, stability of the worst cluster and share of the largest one (what the recommendation
        looks at, all on one scale); "gap" for the gap statistic with its errors; or "davies_bouldin",
        "calinski_harabasz", "inertia".
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        A line for each criterion, hollow points where a number of clusters was rejected, and a vertical line at the
        recommended one.

    Raises
    ------
    InputError
        If a column is missing or of a wrong type, the table is empty, `measure` is unknown or was not computed, or two
        rows have the same k.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> table = pd.DataFrame({"k": [2, 3], "silhouette": [0.43, 0.34], "jaccard_min": [0.99, 0.93],
    ...                       "largest_share": [0.62, 0.43], "recommended": [True, False],
    ...                       "verdict": ["recommended", "candidate"]})
    >>> cv.plots.cluster_choice(table).get_xlabel()
    'Number of clusters (k)'
    """
    require_choice("measure", measure, ("overview", *_SINGLE))
    columns = list(_OVERVIEW) if measure == "overview" else [measure, *(["gap_error"] if measure == "gap" else [])]
    opened, _ = to_eager(table, "table", "cluster_choice")
    maker = "cv.choose_n_clusters(customers) makes it"
    require_columns(opened, ["k", "recommended", "verdict", *columns], what="table", maker=maker)
    require_some(len(opened), "table")
    k = np.sort(numeric_column(opened, "k", what="table"))
    opened = opened.sort("k")
    if np.unique(k).size < k.size:
        raise InputError("k must differ from row to row: draw one table at a time.")
    values = {name: _known(opened, name) for name in columns}
    recommended = flag_column(opened, "recommended")
    rejected = np.array([verdict == "rejected" for verdict in label_column(opened, "verdict")])

    ax = axes_for(ax, "cluster_choice", (6.4, 4.2))
    if measure == "overview":
        for name, (said, colour) in _OVERVIEW.items():
            _line(ax, k, values[name], rejected, colour, said)
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.0)
        ax.set_ylim(min(0.0, float(np.nanmin(values["silhouette"])) - 0.02), 1.02)
        ax.set_ylabel("Silhouette, Jaccard similarity, share of customers")
    else:
        if measure == "gap":
            ax.errorbar(k, values["gap"], values["gap_error"], color=EXPECTED, linewidth=0, elinewidth=1.2, capsize=3)
        _line(ax, k, values[measure], rejected, EXPECTED, measure)
        ax.set_ylabel(_SINGLE[measure])
        if measure == "inertia":
            ax.yaxis.set_major_formatter(lambda value, _: short(value))
    if recommended.any():
        ax.axvline(float(k[recommended][0]), color=QUIET, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    ax.set_xticks(k, [f"{each:.0f}" for each in k])
    ax.set_xlim(k[0] - 0.4, k[-1] + 0.4)
    ax.set_xlabel("Number of clusters (k)")
    head(ax, "How many clusters", _said(k, recommended, rejected))
    tidy(ax)
    return ax


def _known(table: EagerFrame, name: str) -> Floats:
    """Return a criterion's values, null where it was not computed; raise where it is null throughout."""
    values = numeric_column(table, name, what="table", nulls=True)
    if np.isnan(values).all() and name != "jaccard_min":
        raise InputError(f"{name} is null in every row: choose_n_clusters was not asked for it.")
    return values


def _line(ax: Axes, k: Floats, values: Floats, rejected: Flags, colour: str, said: str) -> None:
    if np.isnan(values).all():
        return
    ax.plot(k, values, color=colour, linewidth=1.6, label=said)
    ax.plot(k[~rejected], values[~rejected], color=colour, marker="o", linestyle="none")
    ax.plot(k[rejected], values[rejected], color=colour, marker="o", markerfacecolor="white", linestyle="none")


def _said(k: Floats, recommended: Flags, rejected: Flags) -> str:
    hollow = "; hollow: rejected" if rejected.any() else ""
    return (
        f"Dashed: k = {k[recommended][0]:.0f}, recommended" if recommended.any() else "None is recommended"
    ) + hollow
