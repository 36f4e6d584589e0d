"""The revenue bridge as a waterfall: from the revenue of one window to that of the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value._frames import EagerFrame, to_eager
from customer_value._validation import numeric_column, optional_text, require_columns, require_some
from customer_value.errors import InputError
from customer_value.plots._axes import ACTUAL, EXPECTED, QUIET, axes_for, head, short, tidy
from customer_value.plots._columns import label_column

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = np.ndarray[Any, np.dtype[np.float64]]

_MAKER = "cv.revenue_bridge(log, observation_end=...) makes it"
_GAINS = ("new", "resurrected", "expansion")
_LOSSES = ("contraction", "churned")
_STEPS = ("start", *_GAINS, *_LOSSES, "end")
_LOST = "#d55e00"  # told apart from the blue of gains by people who see colours differently (Okabe and Ito)
_HALF_A_CENT = 0.005
_WIDTH = 0.7
_HEADROOM = 0.08  # of the height, for the numbers above the bars


def bridge_waterfall(bridge: Any, *, period: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw how the revenue of a window became that of the next: what came, what went.

    Parameters
    ----------
    bridge
        What `cv.revenue_bridge` gives. Rows of several groups are added up: leave in the rows of the one to be drawn.
    period
        Which period to draw; by default the last one.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        A bar for the start, one for each part from where the last one ended, and one for the end, each with its sum
        above it and, where the bridge counts them, the customers behind it below.

    Raises
    ------
    InputError
        If a column is missing or not numeric, an amount is null, the bridge is empty or does not add up, or there is no
        such period.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow(sample=True)
    >>> bridge = cv.revenue_bridge(log, observation_end="1998-06-30", window="6 months")
    >>> ax = cv.plots.bridge_waterfall(bridge)
    >>> [text.get_text() for text in ax.texts][:7]
    ['55,097', '0', '+10,517', '+8,909', '-14,547', '-17,109', '42,867']
    """
    opened, _ = to_eager(bridge, "bridge", "bridge_waterfall")
    require_columns(opened, ["period", *_STEPS], what="bridge", maker=_MAKER)
    require_some(len(opened), "bridge")
    periods = label_column(opened, "period")
    drawn = optional_text(period, "period") or max(periods)
    if drawn not in periods:
        raise InputError(f"period must be one of the bridge's, {sorted(set(periods))}; got {period!r}.")
    rows = np.array([name == drawn for name in periods])
    sums = {step: float(numeric_column(opened, step, what="bridge")[rows].sum()) for step in _STEPS}
    changes = np.array([sums[step] * (-1 if step in _LOSSES else 1) for step in _STEPS[:-1]])
    levels = np.cumsum(changes)
    if abs(levels[-1] - sums["end"]) > _HALF_A_CENT + 1e-12 * np.abs(changes).sum():
        raise InputError(
            f"the bridge must add up: start + new + resurrected + expansion - contraction - churned is "
            f"{levels[-1]:,.2f} in {drawn}, and end is {sums['end']:,.2f}."
        )
    ax = axes_for(ax, "bridge_waterfall", (8.0, 4.2))
    _draw(ax, np.append(changes, sums["end"]), levels)
    customers = _customers(opened, rows)
    below = ["" if n is None else f"\n{n:,}" for n in customers]
    ax.set_xticks(range(len(_STEPS)), [step.capitalize() + n for step, n in zip(_STEPS, below, strict=True)])
    if None not in customers:
        ax.set_xlabel("Customers behind each bar")
    ax.set_ylabel("Revenue")
    ax.yaxis.set_major_formatter(lambda amount, _: short(amount))
    tidy(ax)
    ax.axhline(0, color=QUIET, linewidth=0.8)
    head(ax, f"Revenue bridge, {drawn}", _told(opened, rows))
    return ax


def _customers(bridge: EagerFrame, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> list[int | None]:
    """Customers behind each bar; None where the bridge does not count them."""
    names = ["customers_before", *(f"n_{part}" for part in (*_GAINS, *_LOSSES)), "customers_after"]
    return [
        int(numeric_column(bridge, name, what="bridge")[rows].sum()) if name in bridge.columns else None
        for name in names
    ]


def _draw(ax: Axes, heights: Floats, levels: Floats) -> None:
    bottoms = np.concatenate([[0.0], levels[:-1], [0.0]])
    colours = [ACTUAL, *[EXPECTED] * len(_GAINS), *[_LOST] * len(_LOSSES), ACTUAL]
    ax.bar(range(heights.size), heights, bottom=bottoms, width=_WIDTH, color=colours)
    for place, level in enumerate(levels):  # from the end of each bar to the next
        ax.plot([place + _WIDTH / 2, place + 1 - _WIDTH / 2], [level, level], color=QUIET, linewidth=0.8)
    for place, (height, bottom) in enumerate(zip(heights, bottoms, strict=True)):
        sign = "+" if 0 < place < heights.size - 1 and height > 0 else ""
        ax.annotate(
            f"{sign}{short(height)}",
            (place, max(bottom, bottom + height)),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize="small",
        )
    tops, feet = np.maximum(bottoms, bottoms + heights), np.minimum(bottoms, bottoms + heights)
    room = _HEADROOM * ((tops.max() - feet.min()) or 1.0)
    ax.set_ylim(min(feet.min() - room, 0.0) if feet.min() < 0 else 0.0, tops.max() + room)


def _told(bridge: EagerFrame, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> str:
    if "window" not in bridge.columns:
        return "From the revenue of one window to that of the next"
    lengths = {name for name, drawn in zip(label_column(bridge, "window"), rows, strict=True) if drawn}
    return f"From the revenue of {' and '.join(sorted(lengths))} to that of the following window"
