"""The triangle of a cohort table, coloured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import to_eager
from customer_value.plots._axes import ACTUAL, EMPTY, QUIET, axes_for, head, short
from customer_value.plots._cohorts import TITLES, CohortCells, read_cohorts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = np.ndarray[Any, np.dtype[np.float64]]

_DARK = 0.6  # of the colour scale, above which text is white
_MOST_TEXTS = 400  # cells beyond which their numbers could not be read


def cohort_heatmap(table: Any, *, value: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw a cohort table as a triangle: one row per cohort, one column per period since the first purchase.

    Parameters
    ----------
    table
        What `cohort_table` gives (not `wide`), in any order of periods: cohort, period and the value, and, if there,
        complete, pooled and projected.
    value
        Column that colours the cells; by default the rate where there is one, else the most telling value there is.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        A cell that was not observed is blank. One that is cut off is hatched, for what it lacks is no fall; one that a
        model expects is dotted. Everybody buys in period 0, which therefore does not stretch the colours of a rate.

    Raises
    ------
    InputError
        If a column is missing, the table is empty, a period comes twice in a cohort, or it counts several kinds of
        periods.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> table = pd.DataFrame({"cohort": ["a", "a", "b"], "period": [0, 1, 0], "customers": [9, 4, 7]})
    >>> cv.plots.cohort_heatmap(table).get_title(loc="left")
    'Customers who bought'
    """
    opened, _ = to_eager(table, "table", "cohort_heatmap")
    cells = read_cohorts(opened, value)
    shape = len(cells.names), int(cells.period.max()) + 1
    shown = np.full(shape, np.nan)
    shown[cells.cohort, cells.period] = cells.numbers
    ax = axes_for(ax, "cohort_heatmap", (2.4 + 0.55 * shape[1], 1.6 + 0.32 * shape[0]))
    low, high = _scale(shown, cells.value)
    ax.imshow(np.clip(shown, low, high), cmap="Blues", aspect="auto", vmin=low, vmax=high)
    ax.set_facecolor(EMPTY)
    if cells.cohort.size <= _MOST_TEXTS:
        _write(ax, shown, low, high, share=cells.value == "rate")
    marks = _mark(ax, cells)
    every = -(-shape[1] // 24)
    ax.set_xticks(range(0, shape[1], every), [str(k) for k in range(0, shape[1], every)])
    ax.set_yticks(range(shape[0]), cells.names)
    ax.set_xticks(np.arange(shape[1] + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(shape[0] + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=1.5)
    ax.spines[:].set_visible(False)
    ax.tick_params(which="both", length=0)
    ax.set_xlabel(f"Number of the {cells.unit} since the first purchase, 0 being its own")
    ax.set_ylabel("Cohort")
    head(ax, TITLES[cells.value], "; ".join(["blank: not observed yet", *marks]))
    return ax


def _scale(shown: Floats, value: str) -> tuple[float, float]:
    """Ends of the colour scale; period 0 of a rate is 1 for everybody."""
    seen = shown[:, 1:] if value == "rate" and not np.isnan(shown[:, 1:]).all() else shown
    if np.isnan(seen).all():
        return 0.0, 1.0
    low, high = min(0.0, float(np.nanmin(seen))), float(np.nanmax(seen))
    return (low, high) if high > low else (low, low + 1.0)


def _write(ax: Axes, shown: Floats, low: float, high: float, *, share: bool) -> None:
    for (row, column), number in np.ndenumerate(shown):
        if not np.isnan(number):
            text = f"{number:.0%}" if share else short(number)
            colour = "white" if number - low > _DARK * (high - low) else ACTUAL
            ax.text(column, row, text, ha="center", va="center", color=colour, fontsize="small")


def _mark(ax: Axes, cells: CohortCells) -> list[str]:
    """Hatch the cells that are cut off and dot those that are expected; say so where there are some."""
    from matplotlib.patches import Rectangle

    said = []
    for flags, hatch, text in (
        (~cells.complete, "////", "hatched: cut off"),
        (cells.projected, "...", "dotted: expected"),
    ):
        for row, column in zip(cells.cohort[flags], cells.period[flags], strict=True):
            ax.add_patch(
                Rectangle(
                    (column - 0.5, row - 0.5), 1, 1, fill=False, hatch=hatch, edgecolor=QUIET, linewidth=0, alpha=0.5
                )
            )
        if flags.any():
            said.append(text)
    return said
