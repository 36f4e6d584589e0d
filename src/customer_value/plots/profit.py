"""Profit of a campaign, by the share of customers that it contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from customer_value._frames import to_eager
from customer_value._validation import numeric_column, require_columns, require_some
from customer_value.plots._axes import QUIET, axes_for, head, short, tidy
from customer_value.plots._columns import flag_column
from customer_value.plots._models import curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def profit(table: Any, *, ax: Axes | None = None) -> Axes:
    """Draw what a campaign brings by the share of customers contacted, with the best cut marked.

    Parameters
    ----------
    table
        What `cv.profit_curve` gives, or the `profit_curve` of a churn report; a column `model` makes one line for each.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        Profit as a line, its best point, the line of a random list, and zero, the profit of no campaign.

    Raises
    ------
    InputError
        If a column is missing or of a wrong type, or the table is empty.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"churn_probability": [0.9, 0.7, 0.6, 0.4, 0.2, 0.1],
    ...                           "churned": [True, True, False, True, False, False]})
    >>> cv.plots.profit(cv.churn.profit_curve(customers, points=6)).get_ylabel()
    'Profit, in the currency of the value'
    """
    opened, _ = to_eager(table, "table", "profit")
    columns = ["share_of_customers", "profit", "profit_random"]
    require_columns(opened, [*columns, "best"], what="table", maker="cv.profit_curve(frame) makes it")
    require_some(len(opened), "table")
    share, brought, at_random = (numeric_column(opened, column, what="table") for column in columns)
    best = flag_column(opened, "best")

    ax = axes_for(ax, "profit", (6.4, 4.2))
    parts = curves(opened, share)
    ax.axhline(0, color=QUIET, linewidth=0.8)
    first = parts[0][2]
    ax.plot(share[first], at_random[first], color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    middle = first[first.size // 2]
    rises = bool(at_random[first[-1]] >= 0)
    ax.annotate("random", (share[middle], at_random[middle]), xytext=(6 if rises else -6, -12),
                textcoords="offset points", color=QUIET, ha="left" if rises else "right")  # fmt: skip
    for number, (name, colour, rows) in enumerate(parts):
        above = 6 if number == 0 else -14  # two models may be best at nearly the same point
        ax.plot(share[rows], brought[rows], color=colour, linewidth=2, label=name)
        for row in rows[best[rows]]:
            ax.plot(share[row], brought[row], color=colour, marker="o", markersize=6)
            ax.annotate(f"{short(brought[row])} at {share[row]:.0%}", (share[row], brought[row]), xytext=(6, above),
                        textcoords="offset points", color=colour, fontweight="bold")  # fmt: skip
    if parts[0][0]:
        ax.legend(frameon=False, loc="best")  # curves rise or fall: no corner is always free
    ax.margins(y=0.12)
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.yaxis.set_major_formatter(lambda value, _: short(value))
    ax.set_xlabel("Share of customers contacted, highest scores first")
    ax.set_ylabel("Profit, in the currency of the value")
    head(ax, "Profit of a campaign", "By how many are contacted; zero is no campaign")
    tidy(ax)
    return ax
