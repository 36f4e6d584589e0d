"""P(alive) of single customers over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import to_eager
from customer_value._optional import import_optional
from customer_value._validation import numeric_column, require_columns, require_rows, require_some, text_value
from customer_value.errors import InputError
from customer_value.plots._axes import ACTUAL, EXPECTED, INSTALL, axes_for, head, tidy
from customer_value.plots._columns import day_column, flag_column, label_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST = 10  # customers whose lines can be told apart


def alive_history(history: Any, *, customer_id: str = "customer_id", ax: Axes | None = None) -> Axes:
    """Draw how P(alive) of each customer fell with silence and rose with purchases.

    Parameters
    ----------
    history
        What `cv.alive_history` gives, in any order: customer, date, p_alive, purchase.
    customer_id
        Name of the customer column.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        A line for each customer, with a point wherever he bought.

    Raises
    ------
    InputError
        If a column is missing or of a wrong type, p_alive is not a probability, a customer has a date twice, or there
        are no customers or more than ten.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> history = pd.DataFrame({"customer_id": 4711, "date": pd.date_range("2026-01-01", periods=3),
    ...                         "p_alive": [1.0, 0.99, 0.98], "purchase": [True, False, False]})
    >>> cv.plots.alive_history(history).get_ylabel()
    'P(alive)'
    """
    text_value(customer_id, "customer_id")
    opened, _ = to_eager(history, "history", "alive_history")
    maker = "cv.alive_history(log, purchase_model, ...) makes it"
    require_columns(opened, [customer_id, "date", "p_alive", "purchase"], what="history", maker=maker)
    require_some(len(opened), "history")
    days, bought = day_column(opened, "date"), flag_column(opened, "purchase")
    alive = numeric_column(opened, "p_alive", what="history", nulls=True)
    require_rows(np.isnan(alive) | ((alive >= 0) & (alive <= 1)), "p_alive must be from 0 to 1")
    names = label_column(opened, customer_id)
    customers = list(dict.fromkeys(names))
    if len(customers) > _MOST:
        raise InputError(f"history has {len(customers):,} customers; a picture holds up to {_MOST}. Choose some.")
    of = np.array([customers.index(name) for name in names])
    order = np.lexsort((days, of))
    same = (np.diff(of[order]) == 0) & (np.diff(days[order]) == np.timedelta64(0, "D"))
    require_rows(np.append(True, ~same), "date must differ from row to row of a customer")

    ax = axes_for(ax, "alive_history", (7.4, 4.0))
    for place, name in enumerate(customers):
        rows = order[of[order] == place]
        colour, marks = (EXPECTED, ACTUAL) if len(customers) == 1 else (f"C{place}",) * 2
        ax.plot(days[rows], alive[rows], color=colour, linewidth=1.8, label=name)
        at = rows[bought[rows]]
        ax.plot(days[at], alive[at], color=marks, marker="o", markersize=5, linestyle="none")
    if len(customers) > 1:
        ax.legend(title="Customer", frameon=False, loc="lower left")
    dates = import_optional("matplotlib.dates", what="alive_history", install=INSTALL)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(ax.xaxis.get_major_locator(), show_offset=False))
    ax.set_ylim(0, 1.03)
    ax.set_xlabel("Date")
    ax.set_ylabel("P(alive)")
    who = f"customer {customers[0]}" if len(customers) == 1 else f"{len(customers)} customers"
    head(ax, f"P(alive) of {who}", "As it was known at the end of each day; points: purchases")
    tidy(ax)
    return ax
