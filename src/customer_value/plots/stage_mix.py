"""How the customers, or their value, were spread over the states of a label at each date of a history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import EagerFrame, nw, to_eager
from customer_value._validation import (
    name_list,
    numeric_column,
    require_columns,
    require_some,
    text_value,
)
from customer_value.errors import InputError
from customer_value.plots._axes import axes_for, head, short, tidy
from customer_value.plots._columns import block_column, label_column
from customer_value.plots._stacks import stack

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAKER = "cv.lifecycle_history(log, cutoffs=...) or cv.snapshot_customers makes histories"


def stage_mix(
    history: Any,
    *,
    label: str = "lifecycle_stage",
    measure: str = "customers",
    order: Sequence[str] | None = None,
    cutoff: str = "cutoff",
    ax: Axes | None = None,
) -> Axes:
    """Stack the stages of customers, one column for each date of a history.

    Parameters
    ----------
    history
        One row per customer and date, such as `cv.lifecycle_history` gives.
    label
        Column with the state: lifecycle stage, segment, tier, cluster.
    measure
        "customers", how many there are in each stage; "share", which share of all; or a column of the history, such as
        `total_value` or `value_12m`, whose sum by stage is drawn.
    order
        The stages from top to bottom, where the column itself has no order; plain text is sorted by the alphabet.
    cutoff
        Column with the date.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        One bar for each date, cut into stages, the first one on top, in the order and the shades of `migration_flow`.
        Bars stand equally far apart whatever the time between them.

    Raises
    ------
    InputError
        If a column is missing or null, a measure is not numeric, a sum is negative, or the history is empty.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> history = pd.DataFrame({
    ...     "customer_id": [1, 2, 1, 2], "cutoff": ["2026-01-01", "2026-01-01", "2026-02-01", "2026-02-01"],
    ...     "lifecycle_stage": ["Formation", "Formation", "Stability", "Formation"],
    ... })
    >>> ax = cv.plots.stage_mix(history, order=["Formation", "Stability"])
    >>> [int(bar.get_height()) for bar in ax.containers[0]]
    [2, 1]
    """
    for name, given in (("label", label), ("measure", measure), ("cutoff", cutoff)):
        text_value(given, name)
    counted = measure in ("customers", "share")
    opened, _ = to_eager(history, "history", "stage_mix")
    require_columns(opened, [label, cutoff, *([] if counted else [measure])], what="history", maker=_MAKER)
    require_some(len(opened), "history")
    names, state = _stages(opened, label, order)
    dates, date = _dates(opened, cutoff)
    amount = np.ones(len(opened)) if counted else numeric_column(opened, measure, what="history")
    heights = np.zeros((len(names), len(dates)))
    np.add.at(heights, (state, date), amount)
    if (heights < 0).any():
        worst = names[int(heights.min(axis=1).argmin())]
        raise InputError(f"the sums of {measure} must be 0 or above to be stacked; that of {worst!r} is negative.")
    if measure == "share":
        heights /= heights.sum(axis=0)

    ax = axes_for(ax, "stage_mix", (min(3.4 + 0.5 * len(dates), 14.0), 4.6))
    stack(ax, heights, names, dates)
    if measure == "share":
        ax.set_ylim(0, 1)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}" if measure == "share" else short(value))
    ax.set_xlabel(cutoff)
    told = {"customers": "Customers", "share": "Share of customers"}.get(measure, f"Sum of {measure}")
    ax.set_ylabel(told)
    title = "Stages over time" if label == "lifecycle_stage" else f"{label[:1].upper()}{label[1:]} over time"
    head(ax, title, f"{told} at each date")
    tidy(ax)
    return ax


def _stages(history: EagerFrame, label: str, order: Any) -> tuple[list[str], list[int]]:
    series = history.get_column(label)
    states = label_column(history, label)
    if isinstance(series.dtype, nw.Enum):
        names = [str(name) for name in series.dtype.categories]
    else:
        names = [str(name) for name in series.unique().sort().to_list()]
    if order is not None:
        wanted = name_list(order, "order", of="state")
        lacking = [name for name in names if name not in wanted]
        if lacking:
            raise InputError(f"order must name every {label}; it lacks {lacking}.")
        names = list(wanted)
    position = {name: i for i, name in enumerate(names)}
    return names, [position[state] for state in states]


def _dates(history: EagerFrame, cutoff: str) -> tuple[list[str], list[int]]:
    series = history.get_column(cutoff)
    label_column(history, cutoff)
    distinct = series.unique().sort()
    position = {date: i for i, date in enumerate(distinct.to_list())}
    return block_column(distinct.to_frame(), cutoff), [position[date] for date in series.to_list()]
