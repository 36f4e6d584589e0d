"""Survival as it was observed: the steps of a Kaplan-Meier curve or a life table, group by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import EagerFrame, to_eager
from customer_value._validation import (
    numeric_column,
    require_columns,
    require_rows,
    require_some,
    text_value,
)
from customer_value.errors import InputError
from customer_value.plots._axes import axes_for, head, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAKER = "survival_table(frame, ...) makes it, and so does life_table(frame, ...)"
# Told apart by people who see colours differently, and in grey (Okabe and Ito).
_COLOURS = ("#1f6fb2", "#d55e00", "#222222", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6b6b6b")

Floats = np.ndarray[Any, np.dtype[np.float64]]


def survival_steps(table: Any, *, by: str | None = None, unit: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the share of customers still there by the time since their start, as steps, one curve for each group.

    Parameters
    ----------
    table
        What `survival_table` or `life_table` gives, in any order: survival, and time (or time_to), and, if there,
        survival_lower and survival_upper.
    by
        The column of the groups, at most eight.
    unit
        Unit of the times, such as ``"month"``, for the label.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        A step at each time, from 1 at time 0, with bounds as a band where there are some.

    Raises
    ------
    InputError
        If a column is missing or not numeric, a share is not between 0 and 1, a time comes twice, or there are more
        than eight groups.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> table = pd.DataFrame({"time": [2, 3, 5], "survival": [0.8, 0.6, 0.3], "plan": "basic"})
    >>> cv.plots.survival_steps(table, by="plan", unit="month").get_xlabel()
    'Time since the start (months)'
    """
    if unit is not None:
        text_value(unit, "unit", empty=True)
    opened, _ = to_eager(table, "table", "survival_steps")
    at = "time_to" if "time_to" in opened.columns else "time"
    require_columns(opened, [at, "survival", *([] if by is None else [by])], what="table", maker=_MAKER)
    require_some(len(opened), "table")
    names = [""] * len(opened) if by is None else [str(name) for name in opened.get_column(by).to_list()]
    groups = list(dict.fromkeys(names))
    if len(groups) > len(_COLOURS):
        raise InputError(f"{by} has {len(groups)} groups; at most {len(_COLOURS)} can be told apart in one picture.")
    curves = [_curve(opened, at, np.flatnonzero(np.array(names) == group)) for group in groups]
    ax = axes_for(ax, "survival_steps", (7.0, 4.2))
    for group, colour, (time, share, band) in zip(groups, _COLOURS, curves, strict=False):
        if band is not None:
            ax.fill_between(time, *band, step="post", color=colour, alpha=0.15, linewidth=0)
        ax.step(time, share, where="post", color=colour, linewidth=2.0, label=group or None)
    if by is not None:
        ax.legend(title=by, frameon=False)
    ax.set_ylim(0, 1.03)
    ax.set_xlim(left=0)
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.set_ylabel("Share of customers still there")
    ax.set_xlabel("Time since the start" + (f" ({unit}s)" if unit else ""))
    tidy(ax)
    said = "Share of all who began" + ("; band: its interval at each time" if curves[0][2] is not None else "")
    head(ax, "Survival of customers", said)
    return ax


def _curve(
    table: EagerFrame, at: str, rows: np.ndarray[Any, Any]
) -> tuple[Floats, Floats, tuple[Floats, Floats] | None]:
    """Times, shares and ends of the interval of one group, from everyone at time 0 on."""
    time = numeric_column(table, at, what="table")[rows]
    order = np.argsort(time)
    require_rows(np.append(True, np.diff(time[order]) > 0), f"{at} must differ from row to row of a group")
    ends = ["survival_lower", "survival_upper"]
    wanted = ["survival", *(ends if set(ends) <= set(table.columns) else ())]
    shares = [numeric_column(table, name, what="table", nulls=True)[rows][order] for name in wanted]
    for name, share in zip(wanted, shares, strict=True):
        require_rows(np.isnan(share) | ((share >= 0) & (share <= 1)), f"{name} must be from 0 to 1")
    time = time[order]
    if time[0] > 0:  # everyone is there at the start
        time, shares = np.append(0.0, time), [np.append(1.0, share) for share in shares]
    survival, *band = shares
    return time, survival, (band[0], band[1]) if band else None
