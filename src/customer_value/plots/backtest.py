"""How models and naive forecasts did at several cutoffs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from customer_value._frames import to_eager
from customer_value._validation import numeric_column, require_choice, require_columns, require_some
from customer_value.errors import InputError
from customer_value.plots._axes import ACTUAL, EXPECTED, GRID, QUIET, axes_for, head, short, tidy
from customer_value.plots._columns import day_column, label_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Measure = Literal["rmse", "mae", "rmse_value", "mae_value", "rank_correlation", "log_score"]
_MEASURES = {
    "rmse": "Root mean squared error of a customer's purchases",
    "mae": "Mean absolute error of a customer's purchases",
    "rmse_value": "Root mean squared error of a customer's value (currency)",
    "mae_value": "Mean absolute error of a customer's value (currency)",
    "rank_correlation": "Rank correlation of expected and observed purchases",
    "log_score": "Mean log probability given to what a customer did",
}
_LARGER_IS_BETTER = ("rank_correlation", "log_score")


def backtest(board: Any, *, measure: Measure = "rmse", ax: Axes | None = None) -> Axes:
    """Draw how far off each forecast was at each cutoff, the best on top.

    Parameters
    ----------
    board
        What `cv.clv.backtest` gives, in any order: cutoff, model, the measure, and, if there, parameters (null for a
        naive forecast).
    measure
        "rmse", "mae", "rmse_value", "mae_value", "rank_correlation" or "log_score", which naive forecasts have not.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        A row for each forecast, with a point for each cutoff and a line at their mean; naive forecasts are grey.

    Raises
    ------
    InputError
        If a column is missing or of a wrong type, `measure` is unknown or null in every row, or the board is empty.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> board = pd.DataFrame({"cutoff": pd.to_datetime(["1997-10-01", "1998-01-01"] * 2),
    ...                       "model": ["BG", "BG", "no purchases", "no purchases"],
    ...                       "parameters": [4.0, 4.0, None, None], "rmse": [1.2, 0.9, 1.6, 1.1]})
    >>> cv.plots.backtest(board).get_xlabel()
    "Root mean squared error of a customer's purchases"
    """
    require_choice("measure", measure, list(_MEASURES))
    opened, _ = to_eager(board, "board", "backtest")
    require_columns(opened, ["cutoff", "model", measure], what="board", maker="cv.clv.backtest(log, ...) makes it")
    require_some(len(opened), "board")
    cutoffs, values = day_column(opened, "cutoff"), numeric_column(opened, measure, what="board", nulls=True)
    names = np.array(label_column(opened, "model"))
    naive = np.zeros(names.size, dtype=bool)
    if "parameters" in opened.columns:
        naive = np.isnan(numeric_column(opened, "parameters", what="board", nulls=True))
    told = ~np.isnan(values)
    if not told.any():
        raise InputError(f"{measure} is null in every row: there is nothing to draw.")
    means = {name: float(values[told & (names == name)].mean()) for name in dict.fromkeys(names[told].tolist())}
    best_last = sorted(means, key=means.__getitem__, reverse=measure not in _LARGER_IS_BETTER)

    ax = axes_for(ax, "backtest", (7.2, 1.6 + 0.42 * len(means)))
    for place, name in enumerate(best_last):
        rows = told & (names == name)
        colour = QUIET if naive[rows].all() else EXPECTED
        ax.plot(values[rows], np.full(rows.sum(), place), color=colour, marker="o", linestyle="none", alpha=0.6)
        ax.vlines(means[name], place - 0.28, place + 0.28, color=ACTUAL, linewidth=1.6)
        ax.annotate(short(means[name]), (means[name], place + 0.28), ha="center", va="bottom", fontsize="small")
    ax.set_yticks(range(len(best_last)), best_last)
    ax.set_ylim(-0.6, len(best_last) - 0.2)
    ax.set_xlabel(_MEASURES[measure])
    count = np.unique(cutoffs).size
    better = "larger" if measure in _LARGER_IS_BETTER else "smaller"
    head(ax, "Forecasts held against what came", f"Points: {count} cutoffs; line: their mean; {better} is better")
    tidy(ax)
    ax.grid(visible=False, axis="y")
    ax.grid(axis="x", color=GRID, linewidth=0.8)
    return ax
