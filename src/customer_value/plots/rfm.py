"""Heatmap of recency by frequency scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import EagerFrame, to_eager
from customer_value._validation import (
    numeric_column,
    require_columns,
    require_rows,
    require_some,
    text_value,
    whole_number,
)
from customer_value.errors import InputError
from customer_value.plots._axes import ACTUAL, EMPTY, QUIET, axes_for, head, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FEWEST_SCORES = 5
_MOST_SCORES = 9  # beyond it the numbers in the cells can no longer be read
_DARK = 0.55  # share of the colour range from which white text reads better

Floats = np.ndarray[Any, np.dtype[np.float64]]


def rfm_heatmap(
    frame: Any,
    *,
    value: str | None = "total_value",
    unit: str = "currency of the log",
    bins: int | Mapping[str, int] | None = None,
    suffix: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the customers by recency and frequency score, coloured by their mean value or by how many they are.

    Parameters
    ----------
    frame
        One row per customer with `r_score` and `f_score`, as `score_rfm` gives it.
    value
        Column whose mean colours the cells; None colours them by the number of customers.
    unit
        What the value is counted in, for the subtitle.
    bins
        Number of scores, as given to `score_rfm`: one number, or one for each score, ``{"r": 3, "f": 2}``. By default
        as many of both as the highest score there is, and at least 5.
    suffix
        The suffix given to `score_rfm`.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The best customers are in the upper right corner; a cell without customers is grey.

    Raises
    ------
    InputError
        If a column is missing or not numeric, a score is not a whole number from 1 to `bins` (at most 9), or the frame
        is empty.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> scored = pd.DataFrame({"r_score": [5, 5, 1], "f_score": [5, 5, 2], "total_value": [90.0, 110.0, 20.0]})
    >>> cv.plots.rfm_heatmap(scored).get_title(loc="left")
    'Value by recency and frequency'
    """
    text_value(unit, "unit", empty=True)
    text_value(suffix, "suffix", empty=True)
    opened, _ = to_eager(frame, "frame", "rfm_heatmap")
    most = {dimension: _bins(bins, dimension) for dimension in "rf"}
    r, f = (_scores(opened, f"{dimension}_score{suffix}", most[dimension] or _MOST_SCORES) for dimension in "rf")
    square = max(_FEWEST_SCORES, int(r.max()), int(f.max()))
    shape = rows, columns = most["r"] or square, most["f"] or square
    cells = (r - 1) * columns + (f - 1)
    customers = np.bincount(cells, minlength=rows * columns).reshape(shape)
    worth = None if value is None else numeric_column(opened, value, what="frame")
    ax = axes_for(ax, "rfm_heatmap", (6.4, 5.4))
    if worth is None:
        _draw(ax, np.where(customers > 0, customers, np.nan), [["" for _ in row] for row in customers])
        head(ax, "Customers by recency and frequency", "Number of customers")
    else:
        totals = np.bincount(cells, worth, minlength=rows * columns).reshape(shape)
        means = np.divide(totals, customers, out=np.full(shape, np.nan), where=customers > 0)
        _draw(ax, means, [[f"\nn = {count:,}" for count in row] for row in customers])
        head(ax, "Value by recency and frequency", f"Mean {value} per customer ({unit}); n = customers")
    ax.set_xlabel(f"Frequency score ({columns} = most purchases)")
    ax.set_ylabel(f"Recency score ({rows} = most recent purchase)")
    return ax


def _draw(ax: Axes, shown: Floats, notes: list[list[str]]) -> None:
    """Colour the cells and write into each its number and note; a cell without a number stays grey."""
    low, high = min(0.0, float(np.nanmin(shown))), float(np.nanmax(shown))
    ax.imshow(shown, cmap="Blues", origin="lower", aspect="auto", vmin=low, vmax=high)
    ax.set_facecolor(EMPTY)
    for (row, column), number in np.ndenumerate(shown):
        if np.isnan(number):
            ax.text(column, row, "–", ha="center", va="center", color=QUIET)
        else:
            colour = "white" if number - low > _DARK * (high - low) else ACTUAL
            ax.text(column, row, short(number) + notes[row][column], ha="center", va="center", color=colour)
    # White lines on the minor ticks, between the cells.
    for size, ticks in zip(shown.shape, (ax.set_yticks, ax.set_xticks), strict=True):
        ticks(range(size), [str(score) for score in range(1, size + 1)])
        ticks(np.arange(size + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=2)
    ax.spines[:].set_visible(False)
    ax.tick_params(which="both", length=0)


def _bins(bins: int | Mapping[str, int] | None, dimension: str) -> int | None:
    if isinstance(bins, Mapping):
        if dimension not in bins:
            raise InputError(f"bins must name the scores 'r' and 'f'; got {dict(bins)!r}.")
        bins = bins[dimension]
    return None if bins is None else whole_number(bins, "bins", low=2, high=_MOST_SCORES)


def _scores(frame: EagerFrame, column: str, most: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    require_columns(frame, [column], what="frame", maker="score_rfm(summary) makes the scores")
    require_some(len(frame), "frame")
    scores: Floats = numeric_column(frame, column, what="frame")
    whole = (scores >= 1) & (scores <= most) & (scores == np.floor(scores))
    require_rows(whole, f"{column} must be a score from 1 to {most}")
    return scores.astype(np.int64)
