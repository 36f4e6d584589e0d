"""Forecast against holdout, by how often customers had bought before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import to_eager
from customer_value._validation import numeric_column, require_columns, require_rows, require_some
from customer_value.plots._axes import ACTUAL, EXPECTED, axes_for, head, name_ends, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def calibration_by_frequency(table: Any, *, ax: Axes | None = None) -> Axes:
    """Draw the expected and the observed purchases of a customer, by frequency in calibration.

    Parameters
    ----------
    table
        What `cv.calibration_by_frequency` gives: frequency, customers, predicted, observed, and, if there,
        observed_lower and observed_upper.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        Expected means as a line, observed means as points with their intervals, and the number of customers under
        each frequency.

    Raises
    ------
    InputError
        If a column is missing or not numeric, or the table is empty.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> table = pd.DataFrame({"frequency": ["0", "1", "2+"], "customers": [1411, 439, 507],
    ...                       "predicted": [0.23, 0.52, 2.2], "observed": [0.24, 0.70, 2.5]})
    >>> ax = cv.plots.calibration_by_frequency(table)
    >>> ax.get_ylabel()
    'Purchases per customer in the holdout'
    """
    opened, _ = to_eager(table, "table", "calibration_by_frequency")
    maker = "cv.calibration_by_frequency(predicted, holdout) makes it"
    require_columns(opened, ["frequency", "customers", "predicted", "observed"], what="table", maker=maker)
    require_some(len(opened), "table")
    predicted, observed, customers = (
        numeric_column(opened, column, what="table") for column in ("predicted", "observed", "customers")
    )
    frequencies = opened.get_column("frequency")
    require_rows(~np.asarray(frequencies.is_null().to_numpy(), dtype=bool), "frequency must not be null")
    with_interval = {"observed_lower", "observed_upper"} <= set(opened.columns)
    if with_interval:
        low, high = (
            numeric_column(opened, column, what="table", nulls=True) for column in ("observed_lower", "observed_upper")
        )
    places = np.arange(len(opened))

    ax = axes_for(ax, "calibration_by_frequency", (7.0, 4.4))
    ax.plot(places, predicted, color=EXPECTED, marker="o", markersize=5, markerfacecolor="white", linewidth=1.8)
    if with_interval:
        ax.vlines(places, low, high, color=ACTUAL, linewidth=1.2, alpha=0.6)
    ax.plot(places, observed, color=ACTUAL, marker="o", markersize=6, linestyle="none")

    name_ends(ax, places[-1], ("observed", observed[-1], ACTUAL), ("expected", predicted[-1], EXPECTED))

    ticks = [f"{frequency}\n{count:,.0f}" for frequency, count in zip(frequencies.to_list(), customers, strict=True)]
    ax.set_xticks(places, ticks)
    ax.set_xlim(-0.5, len(opened) + 0.1)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("Repeat purchases in calibration (below: customers)")
    ax.set_ylabel("Purchases per customer in the holdout")
    bars = "; bars: interval of the observed mean" if with_interval else ""
    head(ax, "Forecast and holdout by past frequency", f"Mean purchases of a customer{bars}")
    tidy(ax)
    return ax
