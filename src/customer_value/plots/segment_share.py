"""Segments by their share of customers and of value, side by side or over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from customer_value._frames import EagerFrame, to_eager
from customer_value._validation import (
    numeric_column,
    require_choice,
    require_columns,
    require_rows,
    require_some,
    text_value,
)
from customer_value.errors import InputError
from customer_value.plots._axes import ACTUAL, EXPECTED, GRID, QUIET, axes_for, head, tidy
from customer_value.plots._columns import block_column, label_column
from customer_value.plots._stacks import stack

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = np.ndarray[Any, np.dtype[np.float64]]

_MAKER = "cv.segment_profile(frame) makes it"
_SHARES = {"customers": "share_of_customers", "value": "share_of_value"}


def segment_share(
    profile: Any,
    *,
    label: str = "segment",
    by: str | None = None,
    measure: Literal["customers", "value"] = "customers",
    ax: Axes | None = None,
) -> Axes:
    """Draw what share of the customers and of the value each segment has; for a history, over the cutoffs.

    Parameters
    ----------
    profile
        What `cv.segment_profile` gives.
    label
        The label column.
    by
        Column that the profile was made apart by, such as `cutoff`, which counts without being named.
    measure
        Which share to stack where there is a `by`: "customers" or "value". Without one, both are drawn.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        Two bars for each segment, the first segment on top, with whiskers where the profile has intervals; or, by
        cutoff, a column of stacked segments for each.

    Raises
    ------
    InputError
        If a column is missing or not numeric, a share is negative (nets of refunds) or null, or the profile is empty.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"segment": ["At risk", "Champions", "At risk"], "total_value": [20.0, 100.0, 30.0]})
    >>> ax = cv.plots.segment_share(cv.segment_profile(customers))
    >>> [tick.get_text() for tick in ax.get_yticklabels()]
    ['Champions', 'At risk']
    """
    require_choice("measure", measure, list(_SHARES))
    text_value(label, "label")
    opened, _ = to_eager(profile, "profile", "segment_share")
    require_columns(opened, [label, *_SHARES.values()], what="profile", maker=_MAKER)
    require_some(len(opened), "profile")
    names = label_column(opened, label)
    apart = "cutoff" if by is None and "cutoff" in opened.columns else by
    if apart is not None:
        require_columns(opened, [apart], what="profile", maker=f"cv.segment_profile(frame, by={apart!r}) makes it")
        return _stacked(opened, names, block_column(opened, apart), apart, measure, ax)
    if len(set(names)) < len(names):
        raise InputError(f"{label} must be different in each row of the profile; name what it was made by: by=...")
    return _bars(opened, names, ax)


def _shares(profile: EagerFrame, column: str) -> Floats:
    shares = numeric_column(profile, column, what="profile", nulls=True)
    remedy = "A total that is not above 0 (refunds, losses) has no shares: profile another value."
    require_rows(~np.isnan(shares), f"{column} must not be null or NaN", remedy)
    return shares


def _bars(profile: EagerFrame, names: list[str], ax: Axes | None) -> Axes:
    customers, value = (_shares(profile, column) for column in _SHARES.values())
    ax = axes_for(ax, "segment_share", (6.6, 1.6 + 0.5 * len(names)))
    places = np.arange(len(names))
    ax.barh(places - 0.19, customers, height=0.36, color=QUIET, label="of customers")
    ax.barh(places + 0.19, value, height=0.36, color=EXPECTED, label="of value")
    ends = [f"share_of_customers_{end}" for end in ("lower", "upper")]
    if set(ends) <= set(profile.columns):
        lower, upper = (numeric_column(profile, end, what="profile") for end in ends)
        ax.hlines(places - 0.19, lower, upper, color=ACTUAL, linewidth=1.2)
    ax.set_yticks(places, names)
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.set_xlabel("Share")
    ax.legend(frameon=False, loc="best")
    head(ax, "Segments", "Share of customers and of the value that they brought")
    tidy(ax)
    ax.grid(visible=False, axis="y")
    ax.grid(axis="x", color=GRID, linewidth=0.8)
    return ax


def _stacked(profile: EagerFrame, names: list[str], blocks: list[str], by: str, measure: str, ax: Axes | None) -> Axes:
    shares = _shares(profile, _SHARES[measure])
    require_rows(shares >= 0, f"{_SHARES[measure]} must be 0 or above to be stacked")
    columns, segments = list(dict.fromkeys(blocks)), list(dict.fromkeys(names))
    heights = np.zeros((len(segments), len(columns)))
    rows, places = [segments.index(name) for name in names], [columns.index(block) for block in blocks]
    if len(set(zip(rows, places, strict=True))) < len(rows):
        raise InputError(f"each segment must come once for each {by}.")
    heights[rows, places] = shares

    ax = axes_for(ax, "segment_share", (min(2.8 + 0.6 * len(columns), 14.0), 4.8))
    stack(ax, heights, segments, columns)
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.set_xlabel(by)
    ax.set_ylabel(f"Share of {measure}")
    head(ax, f"Segments by {by}", f"Share of {measure} of each segment")
    tidy(ax)
    return ax
