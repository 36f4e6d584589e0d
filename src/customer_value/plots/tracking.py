"""Purchases over time: expected by a model against actual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from customer_value._frames import to_eager
from customer_value._optional import import_optional
from customer_value._validation import numeric_column, require_choice, require_columns, require_rows, require_some
from customer_value.plots._axes import ACTUAL, EXPECTED, INSTALL, QUIET, axes_for, head, name_ends, tidy
from customer_value.plots._columns import day_column, flag_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_KINDS = ("cumulative", "incremental")
_CALENDAR = {1: "month", 3: "quarter", 12: "year"}  # by the number of months


def tracking(table: Any, *, ax: Axes | None = None, kind: Literal["cumulative", "incremental"] = "cumulative") -> Axes:
    """Draw the repeat purchases of a cohort over time, expected and actual.

    Parameters
    ----------
    table
        What `cv.tracking_table` gives, in any order: period_end, in_calibration, and expected and actual (or, for the
        cumulative picture, expected_cumulative and actual_cumulative).
    ax
        Axes to draw on; a new figure by default.
    kind
        "cumulative", or "incremental" for the purchases of each period.

    Returns
    -------
    Axes
        Two lines over dates, and where calibration ended.

    Raises
    ------
    InputError
        If a column is missing or of a wrong type, the table is empty, or `kind` is unknown.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> table = pd.DataFrame({"period_end": pd.to_datetime(["1997-01-08", "1997-01-15", "1997-01-22"]),
    ...                       "expected": [10.0, 30.0, 42.0], "actual": [8, 33, 40],
    ...                       "expected_cumulative": [10.0, 40.0, 82.0], "actual_cumulative": [8, 41, 81],
    ...                       "in_calibration": [True, True, False]})
    >>> cv.plots.tracking(table, kind="incremental").get_ylabel()
    'Repeat purchases per week'
    """
    require_choice("kind", kind, _KINDS)
    opened, _ = to_eager(table, "table", "tracking")
    columns = ["expected", "actual"] if kind == "incremental" else ["expected_cumulative", "actual_cumulative"]
    maker = "cv.tracking_table(log, ...) makes it"
    require_columns(opened, ["period_end", "in_calibration", *columns], what="table", maker=maker)
    require_some(len(opened), "table")
    ends = day_column(opened, "period_end")
    expected, actual = (numeric_column(opened, column, what="table") for column in columns)
    inside = flag_column(opened, "in_calibration")
    order = np.argsort(ends)
    ends, expected, actual, inside = ends[order], expected[order], actual[order], inside[order]
    require_rows(np.append(True, ends[1:] != ends[:-1]), "period_end must differ from row to row")

    ax = axes_for(ax, "tracking", (7.4, 4.2))
    ax.plot(ends, actual, color=ACTUAL, linewidth=1.4)
    ax.plot(ends, expected, color=EXPECTED, linewidth=2.2)
    cumulative = kind == "cumulative"
    ends_of = [("actual", actual[-1], ACTUAL), ("expected", expected[-1], EXPECTED)]
    # Only a running total says something by its last number; a single week does not.
    name_ends(ax, ends[-1], *((f"{n} {y:,.0f}" if cumulative else n, y, colour) for n, y, colour in ends_of))
    _mark_calibration(ax, ends, inside)

    dates = import_optional("matplotlib.dates", what="tracking", install=INSTALL)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(ax.xaxis.get_major_locator(), show_offset=False))
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylim(bottom=0)
    ax.set_xlabel("End of period (date)")
    ax.set_ylabel("Cumulative repeat purchases" if cumulative else f"Repeat purchases per {_period(ends)}")
    head(ax, "Forecast and actual purchases over time", "Repeat purchases of the cohort")
    tidy(ax)
    return ax


def _mark_calibration(ax: Axes, ends: np.ndarray[Any, Any], inside: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
    """Draw a line where calibration ended, if the table goes beyond it."""
    if inside.all() or not inside.any():
        return
    boundary = ends[inside].max()
    ax.axvline(boundary, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    for text, side, place in (("calibration", "right", -6), ("holdout", "left", 6)):
        ax.annotate(
            text, (boundary, 1), xytext=(place, -4), xycoords=("data", "axes fraction"), textcoords="offset points",
            ha=side, va="top", color=QUIET,
        )  # fmt: skip


def _period(ends: np.ndarray[Any, Any]) -> str:
    """Length of a period in words, as the distances between ends tell it."""
    if ends.size < 2:
        return "period"
    after = ends + 1
    months = after.astype("datetime64[M]")
    steps = np.diff(months).astype(np.int64)
    # Calendar periods differ in days, but end on the same day of a month.
    if np.unique(after - months).size == 1 and np.unique(steps).size == 1 and steps[0] in _CALENDAR:
        return _CALENDAR[int(steps[0])]
    days = int(np.median(np.diff(ends).astype(np.int64)))
    return {1: "day", 7: "week"}.get(days, f"{days} days")
