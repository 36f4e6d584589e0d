"""Customers with a contract over their renewals: who is still there, and who renews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import EagerFrame, to_eager
from customer_value._validation import numeric_column, require_columns, require_rows, require_some
from customer_value.errors import InputError
from customer_value.plots._axes import ACTUAL, EXPECTED, axes_for, head, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAKER = "a contractual model's curve(periods) makes it"

Floats = np.ndarray[Any, np.dtype[np.float64]]


def survival(curve: Any, *, renewals: Any = None, ax: Axes | None = None) -> Axes:
    """Draw the share of customers who are still there, by the number of renewals.

    Parameters
    ----------
    curve
        What a contractual model's `curve` gives, in any order: period, survival, and, if there, survival_lower and
        survival_upper.
    renewals
        What was seen, as `summarize_renewals` gives it: period, at_risk, lost, one row per cohort and period. Cohorts
        are taken together; the share still there is the product of the shares that renewed (Kaplan-Meier).
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The model's curve from 1 at period 0, its interval as a band, and what was seen as points.

    Raises
    ------
    InputError
        If a column is missing or not numeric, a share is not between 0 and 1, a frame is empty, or `renewals` lack a
        period.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> curve = pd.DataFrame({"period": [1, 2, 3], "survival": [0.87, 0.74, 0.65]})
    >>> cv.plots.survival(curve).get_ylabel()
    'Share of customers still there'
    """
    period, share, band = _curve(curve, "survival")
    seen = None
    if renewals is not None:
        at, kept = _renewed(renewals)
        require_rows(at == np.arange(1, at.size + 1), "renewals must have every period from 1 on")
        seen = np.append(0, at), np.append(1.0, np.cumprod(kept))
    if period[0] == 1:  # everyone is there at the start
        period, share = np.append(0.0, period), np.append(1.0, share)
        band = None if band is None else (np.append(1.0, band[0]), np.append(1.0, band[1]))
    ax = axes_for(ax, "survival", (7.0, 4.2))
    _draw(ax, period, share, band, seen)
    ax.set_ylim(0, 1.03)
    ax.set_ylabel("Share of customers still there")
    head(ax, "Survival of customers", _told("Share of all who began", band, seen))
    return ax


def retention(curve: Any, *, renewals: Any = None, ax: Axes | None = None) -> Axes:
    """Draw the share of customers who renew, of those who are there to do so, by the number of the renewal.

    Parameters
    ----------
    curve
        What a contractual model's `curve` gives, in any order: period, retention, and, if there, retention_lower and
        retention_upper.
    renewals
        What was seen, as `summarize_renewals` gives it: period, at_risk, lost, one row per cohort and period. Cohorts
        are taken together.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        The model's curve, its interval as a band, and what was seen as points.

    Raises
    ------
    InputError
        If a column is missing or not numeric, a share is not between 0 and 1, or a frame is empty.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> curve = pd.DataFrame({"period": [1, 2, 3], "retention": [0.87, 0.85, 0.88]})
    >>> cv.plots.retention(curve).get_ylabel()
    'Share that renews'
    """
    period, share, band = _curve(curve, "retention")
    seen = None if renewals is None else _renewed(renewals)
    ax = axes_for(ax, "retention", (7.0, 4.2))
    _draw(ax, period, share, band, seen)
    ax.set_ylabel("Share that renews")
    head(ax, "Retention of customers", _told("Share of those who were there until then", band, seen))
    return ax


def _curve(curve: Any, column: str) -> tuple[Floats, Floats, tuple[Floats, Floats] | None]:
    """Periods, shares and ends of the interval, in order; a period without a share is left out."""
    opened, _ = to_eager(curve, "curve", column)
    require_columns(opened, ["period", column], what="curve", maker=_MAKER)
    require_some(len(opened), "curve")
    ends = [f"{column}_lower", f"{column}_upper"]
    period = _periods(opened, "curve", 0)
    # Nobody has renewed yet at period 0, so a curve that begins there has no retention in that row.
    shares = [_shares(opened, name) for name in (column, *(ends if set(ends) <= set(opened.columns) else ()))]
    order = np.argsort(period)
    require_rows(np.append(True, np.diff(period[order]) > 0), "period must differ from row to row")
    order = order[~np.isnan(shares[0][order])]
    if not order.size:
        raise InputError(f"{column} is null in every row: there is nothing to draw.")
    share, *band = (values[order] for values in shares)
    return period[order], share, (band[0], band[1]) if band else None


def _renewed(renewals: Any) -> tuple[Floats, Floats]:
    """Periods, and the share of all cohorts' customers that renewed in each."""
    opened, _ = to_eager(renewals, "renewal table", "a picture of renewals")
    maker = "summarize_renewals makes it"
    require_columns(opened, ["period", "at_risk", "lost"], what="renewal table", maker=maker)
    require_some(len(opened), "renewal table")
    period = _periods(opened, "renewal table", 1)
    at_risk, lost = (numeric_column(opened, column, what="renewal table") for column in ("at_risk", "lost"))
    require_rows((lost >= 0) & (lost <= at_risk), "lost must be from 0 to at_risk")
    periods, place = np.unique(period, return_inverse=True)
    there = np.bincount(place, at_risk)
    some = there > 0
    return periods[some], 1 - np.bincount(place, lost)[some] / there[some]


def _periods(frame: EagerFrame, what: str, first: int) -> Floats:
    period = numeric_column(frame, "period", what=what)
    require_rows((period >= first) & (period == np.floor(period)), f"period must be a whole number, {first} or above")
    return period


def _shares(frame: EagerFrame, column: str) -> Floats:
    shares = numeric_column(frame, column, what="curve", nulls=True)
    require_rows(np.isnan(shares) | ((shares >= 0) & (shares <= 1)), f"{column} must be from 0 to 1")
    return shares


def _draw(
    ax: Axes, period: Floats, share: Floats, band: tuple[Floats, Floats] | None, seen: tuple[Floats, Floats] | None
) -> None:
    if band is not None:
        ax.fill_between(period, *band, color=EXPECTED, alpha=0.15, linewidth=0)
    ax.plot(period, share, color=EXPECTED, linewidth=2.2)
    if seen is not None:
        ax.plot(*seen, color=ACTUAL, marker="o", markersize=6, linestyle="none")
    ax.locator_params(axis="x", integer=True)
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.set_xlabel("Period (number of the renewal)")
    tidy(ax)


def _told(measured: str, band: tuple[Floats, Floats] | None, seen: tuple[Floats, Floats] | None) -> str:
    drawn = ["band: its interval"] * (band is not None) + ["points: seen"] * (seen is not None)
    return f"{measured}; {', '.join(['line: model', *drawn])}"
