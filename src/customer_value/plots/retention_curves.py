"""Cohorts as lines: what they do from period to period since the first purchase, and all of them together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import EagerFrame, to_eager
from customer_value._validation import numeric_column
from customer_value.errors import InputError
from customer_value.plots._axes import ACTUAL, axes_for, head, tidy
from customer_value.plots._cohorts import TITLES, CohortCells, read_cohorts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Rows = np.ndarray[Any, np.dtype[np.intp]]

_MOST_NAMED = 8  # lines that a legend can tell apart; more are shades, from the oldest cohort to the youngest
# Told apart by people who see colours differently, and in grey (Okabe and Ito).
_COLOURS = ("#1f6fb2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6b6b6b", "#8c564b")


def retention_curves(table: Any, *, value: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw one line per cohort by the number of the period, with intervals where the table has them.

    Parameters
    ----------
    table
        What `cohort_table` gives (not `wide`), in any order of periods: cohort, period and the value, and, if there,
        rate_lower and rate_upper, complete, pooled and projected.
    value
        Column to draw; by default the rate where there is one, else the most telling value there is.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        Periods that are cut off are left out, for they look like a fall; expected ones are dashed. Rows of all cohorts
        together are the thick black line. Intervals are drawn for that line, or, without it, for up to eight cohorts.
        Of a rate, period 0 is left out, in which everybody bought.

    Raises
    ------
    InputError
        If a column is missing, the table is empty or has no whole period to draw, a period comes twice in a cohort, or
        it counts several kinds of periods.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> table = pd.DataFrame({"cohort": "a", "period": [0, 1, 2], "rate": [1.0, 0.4, 0.3], "time_unit": "month"})
    >>> cv.plots.retention_curves(table).get_xlabel()
    'Number of the month since the first purchase'
    """
    opened, _ = to_eager(table, "table", "retention_curves")
    cells = read_cohorts(opened, value)
    ends = _ends(opened, cells)
    drawn = cells.complete & ~np.isnan(cells.numbers) & ((cells.period > 0) | (cells.value != "rate"))
    lines = [(name, np.flatnonzero(drawn & (cells.cohort == i))) for i, name in enumerate(cells.names)]
    lines = [(name, rows[np.argsort(cells.period[rows])]) for name, rows in lines if rows.size]
    if not lines:
        raise InputError("the table has no period after the first that was observed as a whole: nothing to draw.")
    ax = axes_for(ax, "retention_curves", (7.0, 4.2))
    single = [line for line in lines if not cells.pooled[line[1][0]]]
    named = len(single) <= _MOST_NAMED
    pooled = [line for line in lines if cells.pooled[line[1][0]]]
    for (name, rows), colour in zip(single, _shades(len(single)), strict=True):
        _draw(ax, cells, rows, colour, name if named else None, ends if named and not pooled else None)
    for name, rows in pooled:
        _draw(ax, cells, rows, ACTUAL, name, ends, width=3.0)
    if named or pooled:
        ax.legend(frameon=False)
    if cells.value == "rate":
        ax.yaxis.set_major_formatter("{x:.0%}")
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    ax.locator_params(axis="x", integer=True)
    ax.set_xlabel(f"Number of the {cells.unit} since the first purchase")
    ax.set_ylabel(TITLES[cells.value])
    tidy(ax)
    head(ax, TITLES[cells.value], _told(cells, drawn, named=named, band=ends is not None and (named or bool(pooled))))
    return ax


def _ends(table: EagerFrame, cells: CohortCells) -> tuple[Any, Any] | None:
    names = [f"{cells.value}_{end}" for end in ("lower", "upper")]
    if not set(names) <= set(table.columns):
        return None
    low, high = (numeric_column(table, name, what="table", nulls=True) for name in names)
    return low, high


def _shades(n: int) -> list[Any]:
    if n <= _MOST_NAMED:
        return list(_COLOURS[:n])
    return [(0.12, 0.44, 0.70, 0.15 + 0.75 * i / (n - 1)) for i in range(n)]


def _draw(
    ax: Axes,
    cells: CohortCells,
    rows: Rows,
    colour: Any,
    name: str | None,
    ends: tuple[Any, Any] | None,
    width: float = 1.8,
) -> None:
    period, numbers, projected = cells.period[rows], cells.numbers[rows], cells.projected[rows]
    if ends is not None:
        ax.fill_between(period, ends[0][rows], ends[1][rows], color=colour, alpha=0.15, linewidth=0)
    seen = int(np.sum(~projected))
    marker = "o" if rows.size == 1 else None  # a single point makes no line
    ax.plot(period[:seen], numbers[:seen], color=colour, linewidth=width, label=name, marker=marker)
    if projected.any():
        from_last = max(seen - 1, 0)
        ax.plot(period[from_last:], numbers[from_last:], color=colour, linewidth=width, linestyle="--")


def _told(cells: CohortCells, drawn: np.ndarray[Any, Any], *, named: bool, band: bool) -> str:
    said = ["by cohort" if named else "by cohort, the youngest darkest"]
    said += ["band: interval"] * band + ["dashed: expected"] * bool(cells.projected[drawn].any())
    said += ["cut-off periods left out"] * bool((~cells.complete).any())
    return "; ".join(said)
