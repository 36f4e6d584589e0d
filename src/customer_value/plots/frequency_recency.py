"""What a model says of a customer, by how often and how recently he bought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import to_eager
from customer_value._validation import (
    numeric_column,
    require_columns,
    require_rows,
    require_some,
    summary_arrays,
    text_value,
    time_unit_of,
)
from customer_value.errors import InputError
from customer_value.plots._axes import EMPTY, axes_for, head, length

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAKER = "cv.clv.frequency_recency_table(purchase_model, T=..., horizon=...) makes it"
_PROBABILITIES = {"p_alive": "P(still a customer)", "p_active": "P(at least one purchase)"}
_WITHIN_HORIZON = {"p_active", "expected_purchases"}

Floats = np.ndarray[Any, np.dtype[np.float64]]


def frequency_recency(table: Any, *, value: str = "expected_purchases", ax: Axes | None = None) -> Axes:
    """Draw what a model says of every history: a heat map of frequency by recency.

    Parameters
    ----------
    table
        What `cv.clv.frequency_recency_table` gives, in any order: frequency, recency, T (or opportunities), the column
        to draw, and, if there, horizon and time_unit.
    value
        Column that colours the cells: "expected_purchases", "p_alive", "p_active", or another one with a number, such
        as a clv that was scored on the table.
    ax
        Axes to draw on, which give a part of their room to the colour scale; a new figure by default.

    Returns
    -------
    Axes
        Recency from left to right, frequency upwards. Histories that cannot be, and cells without a value, are grey.

    Raises
    ------
    InputError
        If a column is missing or not numeric, the table is empty, has no value at all or more than one customer in a
        cell, or its customers were observed for different times.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import customer_value as cv
    >>> model = cv.clv.BGNBD.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, time_unit="week")
    >>> table = cv.clv.frequency_recency_table(model, T="39 weeks", horizon="52 weeks")
    >>> ax = cv.plots.frequency_recency(table, value="p_alive")
    >>> ax.get_xlabel()
    'Recency: first to last purchase (weeks)'
    """
    opened, _ = to_eager(table, "table", "frequency_recency")
    text_value(value, "value")
    observed_in = "opportunities" if "opportunities" in opened.columns else "T"
    require_columns(opened, ["frequency", "recency", observed_in, value], what="table", maker=_MAKER)
    require_some(len(opened), "table")
    x, t_x, observed_for = summary_arrays(opened, ("frequency", "recency", observed_in), maker=_MAKER).values()
    shown = numeric_column(opened, value, what="table", nulls=True)
    if np.isnan(shown).all():
        raise InputError(f"{value} is null in every row: there is nothing to draw.")
    observed, unit = _the_only(observed_for, observed_in), time_unit_of(opened)
    rows, columns, grid = _grid(x, t_x, shown)

    ax = axes_for(ax, "frequency_recency", (7.2, 4.8))
    probability = value in _PROBABILITIES
    low, high = min(0.0, float(np.nanmin(shown))), 1.0 if probability else float(np.nanmax(shown))
    mesh = ax.pcolormesh(_edges(columns), _edges(rows), grid, cmap="Blues", vmin=low, vmax=high)
    ax.set_facecolor(EMPTY)
    ax.figure.colorbar(mesh, ax=ax, label=_PROBABILITIES.get(value, _words(value)))
    ax.locator_params(axis="y", integer=True)
    ax.set_xlabel(
        "Recency: opportunity of the last purchase"
        if observed_in == "opportunities"
        else f"Recency: first to last purchase ({unit or 'time unit'}s)"
    )
    ax.set_ylabel("Frequency: repeat purchases")
    span = length(observed, None if observed_in == "opportunities" else unit)
    if observed_in == "opportunities":
        span = f"{observed:,.0f} opportunities"
    ahead = ""
    if value in _WITHIN_HORIZON and "horizon" in opened.columns:
        horizon = _the_only(numeric_column(opened, "horizon", what="table"), "horizon")
        ahead = f"; purchases within the next {length(horizon, unit)}"
    head(ax, f"{_words(value)} by frequency and recency", f"Customers observed for {span}{ahead}")
    ax.spines[:].set_visible(False)
    return ax


def _words(column: str) -> str:
    told = {"p_alive": "P(alive)", "p_active": "P(active)", "expected_purchases": "Expected purchases"}
    return told.get(column, column)


def _the_only(numbers: Floats, column: str) -> float:
    """Return the number that a column holds in every row."""
    require_rows(numbers == numbers[0], f"{column} must be one and the same in a picture")
    return float(numbers[0])


def _grid(x: Floats, t_x: Floats, shown: Floats) -> tuple[Floats, Floats, Floats]:
    """Levels of both axes and the values between them; NaN where there is no cell."""
    rows, row = np.unique(x, return_inverse=True)
    columns, column = np.unique(t_x, return_inverse=True)
    cells = row * columns.size + column
    _, first = np.unique(cells, return_index=True)
    require_rows(np.isin(np.arange(cells.size), first), "a pair of frequency and recency must come once")
    grid = np.full(rows.size * columns.size, np.nan)
    grid[cells] = shown
    return rows, columns, grid.reshape(rows.size, columns.size)


def _edges(levels: Floats) -> Floats:
    """Borders of cells around their levels: half-way to the next, and as far beyond the outer ones."""
    if levels.size == 1:
        return np.array([levels[0] - 0.5, levels[0] + 0.5])
    between = (levels[1:] + levels[:-1]) / 2
    return np.concatenate([[2 * levels[0] - between[0]], between, [2 * levels[-1] - between[-1]]])
