"""How much customers differ: the distribution of a rate over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import EagerFrame, to_eager
from customer_value._validation import (
    numeric_column,
    require_choice,
    require_columns,
    require_rows,
    require_some,
    time_unit_of,
)
from customer_value.plots._axes import ACTUAL, EXPECTED, QUIET, axes_for, head, short, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = ("rate_value", "density", "cumulative_share", "rate_mean")
_SHOWN = 0.99  # share of the customers that the picture's width holds
_POLE = 0.02  # share of the width that an infinite density may leave at the top
_NEAR_ZERO = 0.1  # of the mean
_BARS = 40

Floats = np.ndarray[Any, np.dtype[np.float64]]


def heterogeneity(table: Any, *, rate: str = "purchase_rate", customers: Any = None, ax: Axes | None = None) -> Axes:
    """Draw how a rate is spread over customers, with its mean and the share of customers near 0.

    Parameters
    ----------
    table
        What `cv.clv.heterogeneity_table` gives, in any order: rate, rate_value, density, cumulative_share, rate_mean,
        and, if there, time_unit.
    rate
        Which rate: "purchase_rate", "dropout_rate", "dropout_probability" or another one of the table.
    customers
        Frame with a column of the rate's name, one row per customer, as a model's `posterior_rates` gives it. Its
        histogram is drawn behind the curve: what each one's own history tells is narrower than what they are.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The density up to the rate that one customer in 100 exceeds. A density without end runs out at the top.

    Raises
    ------
    InputError
        If a column is missing or not numeric, the table is empty, or `rate` is not in it.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import customer_value as cv
    >>> model = cv.clv.BGNBD.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, time_unit="week")
    >>> ax = cv.plots.heterogeneity(cv.clv.heterogeneity_table(model))
    >>> ax.get_xlabel()
    'Purchase rate: purchases per week while a customer'
    """
    opened, _ = to_eager(table, "table", "heterogeneity")
    maker = "cv.clv.heterogeneity_table(purchase_model) makes it"
    require_columns(opened, ["rate", *_COLUMNS], what="table", maker=maker)
    require_some(len(opened), "table")
    at, density, share, mean = _rows_of(opened, rate)
    seen = None if customers is None else _seen(customers, rate)

    ax = axes_for(ax, "heterogeneity", (7.0, 4.2))
    width = float(np.interp(_SHOWN, share, at))
    if seen is not None:
        counts, edges = np.histogram(seen, bins=np.linspace(0, width, _BARS + 1))
        ax.stairs(counts / seen.size / np.diff(edges), edges, fill=True, color=ACTUAL, alpha=0.2)
    ax.plot(at, density, color=EXPECTED, linewidth=2.2)
    ax.set_xlim(0, width)
    ax.set_ylim(0, 1.05 * _height(at, density, width))
    ax.axvline(mean, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    ax.annotate(
        f"mean {short(mean)}", (mean, 1), xytext=(6, -4), xycoords=("data", "axes fraction"),
        textcoords="offset points", va="top", color=QUIET,
    )  # fmt: skip
    near = float(np.interp(_NEAR_ZERO * mean, at, share, left=0.0))
    ax.set_xlabel(_named(rate, time_unit_of(opened)))
    ax.set_ylabel("Density of customers")
    own = "; bars: customers' own means" if seen is not None else ""
    head(ax, f"Customers by {rate.replace('_', ' ')}", f"{near:.0%} of them below a tenth of the mean{own}")
    tidy(ax)
    return ax


def _rows_of(table: EagerFrame, rate: str) -> tuple[Floats, Floats, Floats, float]:
    """Values, densities and cumulative shares of one rate in order, and its mean."""
    names = table.get_column("rate")
    require_rows(~np.asarray(names.is_null().to_numpy(), dtype=bool), "rate must not be null")
    require_choice("rate", rate, sorted({str(name) for name in names.to_list()}))
    at, share, means = (
        numeric_column(table, column, what="table") for column in ("rate_value", "cumulative_share", "rate_mean")
    )
    density = numeric_column(table, "density", what="table", nulls=True)
    rows = np.flatnonzero(np.array([str(name) == rate for name in names.to_list()]))
    rows = rows[np.argsort(share[rows])]
    return at[rows], density[rows], share[rows], float(means[rows[0]])


def _seen(customers: Any, rate: str) -> Floats:
    frame, _ = to_eager(customers, "customer frame", "heterogeneity")
    require_columns(frame, [rate], what="customer frame", maker="a model's posterior_rates(summary) makes it")
    require_some(len(frame), "customer frame")
    return numeric_column(frame, rate, what="customer frame")


def _height(at: Floats, density: Floats, width: float) -> float:
    """Largest density that is drawn: all of it, unless it rises without end towards an end of its range."""
    known = np.flatnonzero(~np.isnan(density) & (at <= width))
    if not known.size:
        return 1.0
    inner = known[(at[known] > _POLE * width) & (at[known] < (1 - _POLE) * width)]
    at_an_end = np.argmax(density[known]) in (0, known.size - 1)
    return float(density[inner if at_an_end and inner.size else known].max())


def _named(rate: str, unit: str | None) -> str:
    """Name of a rate with its unit; what is no rate per time is a probability."""
    per = f"per {unit or 'time unit'}"
    told = {
        "purchase_rate": f"Purchase rate: purchases {per} while a customer",
        "dropout_rate": f"Dropout rate {per}",
    }
    return told.get(rate, f"{rate.replace('_', ' ').capitalize()} (0 to 1)")
