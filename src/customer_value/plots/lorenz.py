"""The Lorenz curve: how unevenly customers bring value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import to_eager
from customer_value._validation import numeric_column, require_columns, require_rows, require_some, text_value
from customer_value.errors import InputError
from customer_value.plots._axes import EXPECTED, QUIET, axes_for, head, tidy
from customer_value.plots._columns import block_column
from customer_value.plots._shades import shades

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CURVE = ["lorenz_customers", "lorenz_value"]


def lorenz(table: Any, *, by: str | None = None, value: str = "value", ax: Axes | None = None) -> Axes:
    """Draw the share of the value that the least valuable customers bring, against equal shares.

    Parameters
    ----------
    table
        What `cv.lorenz_curve` gives.
    by
        Column with a curve for each of its values, such as `cutoff`; a column `cutoff` counts without being named.
    value
        What the value is, for the axis.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The curve, or one for each value of `by` (the last one darkest), and the diagonal of equal shares. A single
        curve has the share of the top 20 % written at its side.

    Raises
    ------
    InputError
        If a column is missing, not numeric or null, the customers' shares fall, or the table is empty.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"total_value": [700.0, 150.0, 60.0, 50.0, 40.0]})
    >>> ax = cv.plots.lorenz(cv.lorenz_curve(customers), value="revenue")
    >>> ax.get_ylabel()
    'Share of revenue'
    """
    text_value(value, "value")
    opened, _ = to_eager(table, "table", "lorenz")
    require_columns(opened, _CURVE, what="table", maker="cv.lorenz_curve(frame) makes it")
    require_some(len(opened), "table")
    across, up = (numeric_column(opened, column, what="table") for column in _CURVE)
    apart = "cutoff" if by is None and "cutoff" in opened.columns else by
    if apart is not None:
        require_columns(opened, [apart], what="table", maker=f"cv.lorenz_curve(frame, by={apart!r}) makes it")
    names = [""] * len(opened) if apart is None else block_column(opened, apart)
    curves = {name: np.array([other == name for other in names]) for name in dict.fromkeys(names)}
    for rows in curves.values():
        require_rows(np.diff(across[rows], prepend=0.0) >= 0, "lorenz_customers must not fall within a curve")
    if not ((across >= 0) & (across <= 1)).all():
        raise InputError("lorenz_customers must be shares, from 0 to 1.")

    ax = axes_for(ax, "lorenz", (5.4, 4.8))
    ax.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    ax.annotate("equal shares", (0.5, 0.5), xytext=(-8, 6), textcoords="offset points", ha="right", color=QUIET)
    colours = [EXPECTED] if len(curves) == 1 else shades(len(curves))[::-1]
    for (name, rows), colour in zip(curves.items(), colours, strict=True):
        ax.plot(across[rows], up[rows], color=colour, linewidth=2, label=name)
    if apart is not None:
        ax.legend(frameon=False, loc="upper left")
    else:
        rest = float(np.interp(0.8, across, up))
        ax.plot([0.8], [rest], color=EXPECTED, marker="o", markersize=5)
        ax.annotate(f"top 20 %: {1 - rest:.0%} ", (0.8, rest), xytext=(-6, 4), textcoords="offset points", ha="right",
                    color=EXPECTED)  # fmt: skip
    ax.set_xlim(0, 1)
    ax.set_ylim(min(0.0, float(up.min())), 1.01)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.set_xlabel("Share of customers, the least valuable first")
    ax.set_ylabel(f"Share of {value}")
    head(ax, "Concentration", "The farther below the diagonal, the fewer customers bring most of it")
    tidy(ax)
    return ax
