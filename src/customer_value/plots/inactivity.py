"""Silent days: how many customers return from them, and what a rule of that length gets wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from customer_value._frames import EagerFrame, to_eager
from customer_value._validation import numeric_column, require_choice, require_columns, require_rows, require_some
from customer_value.plots._axes import ACTUAL, EXPECTED, QUIET, axes_for, head, name_ends, tidy
from customer_value.plots._columns import flag_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_KINDS = ("returns", "alarms")

Floats = np.ndarray[Any, np.dtype[np.float64]]


def inactivity(table: Any, *, ax: Axes | None = None, kind: Literal["returns", "alarms"] = "returns") -> Axes:
    """Draw the share of customers who return from a silence by its length, or the alarms of a rule of that length.

    Parameters
    ----------
    table
        What `cv.choose_inactivity_window` gives, in any order: silent_days, recommended, and return_rate (or, for the
        alarms, false_alarm_rate and late_alarm_rate), each with its `_lower` and `_upper`.
    ax
        Axes to draw on; a new figure by default.
    kind
        "returns", or "alarms" for the false and the late ones.

    Returns
    -------
    Axes
        A line for each share with its interval as a band, and the length recommended, if there is one.

    Raises
    ------
    InputError
        If a column is missing or not numeric, a share is not between 0 and 1, the table is empty, or `kind` is unknown.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> table = pd.DataFrame({"silent_days": [30, 60], "return_rate": [0.44, 0.14], "return_rate_lower": [0.42, 0.12],
    ...                       "return_rate_upper": [0.46, 0.16], "recommended": [False, True]})
    >>> cv.plots.inactivity(table).get_xlabel()
    'Days since the last purchase'
    """
    require_choice("kind", kind, _KINDS)
    opened, _ = to_eager(table, "table", "inactivity")
    shares = ["return_rate"] if kind == "returns" else ["false_alarm_rate", "late_alarm_rate"]
    columns = [f"{share}{end}" for share in shares for end in ("", "_lower", "_upper")]
    maker = "cv.choose_inactivity_window(log, ...) makes it"
    require_columns(opened, ["silent_days", "recommended", *columns], what="table", maker=maker)
    require_some(len(opened), "table")
    days = numeric_column(opened, "silent_days", what="table")
    order = np.argsort(days)
    days, chosen = days[order], flag_column(opened, "recommended")[order]
    require_rows(np.append(True, np.diff(days) > 0), "silent_days must differ from row to row")

    ax = axes_for(ax, "inactivity", (7.0, 4.2))
    colours = (EXPECTED,) if kind == "returns" else (EXPECTED, ACTUAL)
    ends = []
    for share, colour in zip(shares, colours, strict=True):
        rate, lower, upper = (_share(opened, f"{share}{end}")[order] for end in ("", "_lower", "_upper"))
        ax.fill_between(days, lower, upper, color=colour, alpha=0.15, linewidth=0)
        ax.plot(days, rate, color=colour, linewidth=2.2)
        ends.append((share.removesuffix("_rate").replace("_", " ") + "s", _last(rate), colour))
    if kind == "alarms" and all(np.isfinite(height) for _, height, _ in ends):
        name_ends(ax, days[-1], *ends)
    for day in days[chosen]:
        ax.axvline(day, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
        ax.annotate(
            f"{day:,.0f} days", (day, 1), xytext=(-6, -4), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="right", va="top", color=QUIET,
        )  # fmt: skip
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.set_ylim(bottom=0)
    ax.set_xlabel("Days since the last purchase")
    if kind == "returns":
        ax.set_ylabel("Share that returns")
        head(
            ax,
            "Who returns after a silence",
            "Share of silences of that length that end in the follow-up; band: interval",
        )
    else:
        ax.set_ylabel("Share called wrongly")
        head(
            ax,
            "What a rule of so many silent days gets wrong",
            "False: of those called, returned. Late: of those gone, not called yet",
        )
    tidy(ax)
    return ax


def _share(table: EagerFrame, column: str) -> Floats:
    shares = numeric_column(table, column, what="table", nulls=True)
    require_rows(np.isnan(shares) | ((shares >= 0) & (shares <= 1)), f"{column} must be from 0 to 1")
    return shares


def _last(rate: Floats) -> float:
    """Height of the line's end; null where nobody was called."""
    known = rate[~np.isnan(rate)]
    return float(known[-1]) if known.size else np.nan
