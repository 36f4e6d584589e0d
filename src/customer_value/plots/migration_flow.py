"""Who moved where: states as bars, one column for each date, and moves as ribbons between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from customer_value._frames import EagerFrame, nw, to_eager
from customer_value._validation import (
    number,
    numeric_column,
    require_choice,
    require_columns,
    require_rows,
    require_some,
    text_value,
)
from customer_value.errors import InputError
from customer_value.plots._axes import ACTUAL, QUIET, axes_for, head, short
from customer_value.plots._columns import block_column, label_column
from customer_value.plots._flow_layout import Floats, Layout, apart, lay_out
from customer_value.plots._shades import shades

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAKER = "cv.segment_migration(history, label=...) makes it"
_MEASURES = {"customers": ("customers", "customers"), "value": ("value_before", "value_after")}
_OUTSIDE = "#bdbdbd"  # who entered and who left are in no state
_STAYED, _MOVED = 0.28, 0.6  # opacity
_LINE = 13.0  # points that a label needs
_MOST_DATES = 10  # labels of the axis beyond which they would overlap


def migration_flow(
    flow: Any,
    *,
    measure: Literal["customers", "value"] = "customers",
    smallest: float = 0.0025,
    entered: str = "entered",
    left: str = "left",
    ax: Axes | None = None,
) -> Axes:
    """Draw the moves between states as ribbons, from one date to the next or over many.

    Parameters
    ----------
    flow
        What `cv.segment_migration` gives.
    measure
        What widths mean: "customers", or "value", the money of the customers who moved (needs `value=` there). Such a
        ribbon gets wider or thinner on its way, as their value did.
    smallest
        Ribbons below this share of all that moved or stayed are left out, and the subtitle says how much they are.
    entered, left
        The names that `cv.segment_migration` was given.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        A column of bars for each date, the first state on top, in the order and the shades of the other pictures of
        labels; ribbons have the shade of the state that customers come from, those of who stayed are paler. Grey, at
        the bottom, are who entered after a date, and who left before it. Numbers beside the first and last column say
        how many, or how much, is in a state.

    Raises
    ------
    InputError
        If a column is missing, null or negative, or the frame is empty; if a move comes twice; if the dates do not
        follow each other.
    MissingDependencyError
        If matplotlib is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> june = pd.DataFrame({"customer_id": [1, 2, 3], "tier": ["A", "B", "B"]})
    >>> july = pd.DataFrame({"customer_id": [1, 3, 4], "tier": ["A", "A", "B"]})
    >>> ax = cv.plots.migration_flow(cv.segment_migration(june, july, label="tier"))
    >>> [label.get_text() for label in ax.texts]
    ['A: 1', 'B: 2', 'entered: 1', 'A: 2', 'B: 1', 'left: 1', 'Width: customers']
    """
    require_choice("measure", measure, list(_MEASURES))
    smallest = number(smallest, "smallest", low=0, high=1)
    for name, given in (("entered", entered), ("left", left)):
        text_value(given, name)
    opened, _ = to_eager(flow, "flow", "migration_flow")
    require_columns(opened, ["from_state", "to_state", *_MEASURES[measure]], what="flow", maker=_MAKER)
    require_some(len(opened), "flow")
    dates, step = _dates(opened)
    names = _states(opened, entered, left)
    moved = _amounts(opened, [*names, entered, left], step, len(dates) - 1, _MEASURES[measure])
    layout = lay_out(*moved, smallest)
    colours = [*shades(len(names)), _OUTSIDE, _OUTSIDE]

    shown = int((layout.height > 0).any(axis=0).sum())
    ax = axes_for(ax, "migration_flow", (min(4.2 + 1.3 * len(dates), 16.0), max(3.6, 1.6 + 0.36 * shown)))
    bar = min(0.05 * (len(dates) - 1), 0.16)
    _draw(ax, layout, colours, bar)
    ax.set_xlim(-bar / 2, len(dates) - 1 + bar / 2)
    ax.set_ylim((layout.top + layout.height).max(), 0)
    _name_states(ax, layout, [*names, entered, left], bar)
    every = -(-len(dates) // _MOST_DATES)
    ax.set_xticks(range(0, len(dates), every), dates[::every])
    ax.set_yticks([])
    ax.tick_params(length=0, pad=9)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("cutoff" if "cutoff" in opened.columns else "")
    total = np.maximum(*(part.sum() for part in moved))
    hidden = f"; moves too small to see left out ({layout.hidden / total:.1%})" if layout.hidden else ""
    head(ax, "Who moved where", f"Width: {measure}{hidden}")
    return ax


def _dates(flow: EagerFrame) -> tuple[list[str], list[int]]:
    """Return the names of the columns of bars, and the step of each row between them."""
    if "cutoff" not in flow.columns:
        return ["before", "after"], [0] * len(flow)
    require_columns(flow, ["next_cutoff"], what="flow", maker=_MAKER)
    begin, end = (flow.get_column(name) for name in ("cutoff", "next_cutoff"))
    dates = nw.concat([flow.select(date="cutoff"), flow.select(date="next_cutoff")]).get_column("date")
    label_column(flow, "cutoff")
    label_column(flow, "next_cutoff")
    position = {date: i for i, date in enumerate(dates.unique().sort().to_list())}
    step = [position[date] for date in begin.to_list()]
    if set(step) != set(range(len(position) - 1)) or [i + 1 for i in step] != [
        position[date] for date in end.to_list()
    ]:
        raise InputError(
            "the dates of the flow must follow each other, each next_cutoff being the next cutoff. For fewer dates "
            "make it of a history that holds these alone."
        )
    return block_column(dates.unique().sort().to_frame(), "date"), step


def _states(flow: EagerFrame, entered: str, left: str) -> list[str]:
    """Return the states in the order of the labels, or of the rows where these are texts."""
    names: list[str] = []
    for column in ("from_state", "to_state"):
        series = flow.get_column(column)
        label_column(flow, column)
        names += list(series.dtype.categories) if isinstance(series.dtype, nw.Enum) else label_column(flow, column)
    return [name for name in dict.fromkeys(names) if name not in (entered, left)]


def _amounts(
    flow: EagerFrame, names: list[str], step: list[int], steps: int, columns: tuple[str, str]
) -> tuple[Floats, Floats]:
    """Return what moved, before and after, by step, state before and state after."""
    position = {name: i for i, name in enumerate(names)}
    from_, to = ([position[name] for name in label_column(flow, column)] for column in ("from_state", "to_state"))
    if len(set(zip(step, from_, to, strict=True))) < len(step):
        raise InputError("each move must come once: a pair of from_state and to_state for each cutoff.")
    found = []
    outside = np.array(from_) == len(names) - 2, np.array(to) == len(names) - 1
    for column in columns:
        amount = numeric_column(flow, column, what="flow", nulls=column != "customers")
        # Who entered had no value before, and who left has none after: their ribbons keep the width they have.
        require_rows(~np.isnan(amount) | outside[0] | outside[1], f"{column} must not be null")
        require_rows(~(amount < 0), f"{column} must be 0 or above to be drawn as a width")
        found.append(amount)
    before = np.where(outside[0], found[1], found[0])
    after = np.where(outside[1], found[0], found[1])
    shape = (steps, len(names), len(names))
    made = np.zeros(shape), np.zeros(shape)
    for cells, amount in zip(made, (before, after), strict=True):
        cells[step, from_, to] = np.nan_to_num(amount)
    if not made[0].any() and not made[1].any():
        raise InputError("nobody moved or stayed, or nothing that is worth anything: there is nothing to draw.")
    return made


def _draw(ax: Axes, layout: Layout, colours: list[Any], bar: float) -> None:
    from matplotlib.collections import PolyCollection

    # Both edges of a ribbon are the same S, so that it is as wide in the middle as at its ends.
    along = np.linspace(0, 1, 31)
    curve = along**2 * (3 - 2 * along)
    shapes = []
    for step, (upper_left, lower_left, upper_right, lower_right) in zip(layout.step, layout.edges, strict=True):
        x = step + bar / 2 + along * (1 - bar)
        upper = upper_left + curve * (upper_right - upper_left)
        lower = lower_left + curve * (lower_right - lower_left)
        shapes.append(np.column_stack([np.append(x, x[::-1]), np.append(upper, lower[::-1])]))
    shade = [
        (*_rgb(colours[from_]), _STAYED if from_ == to else _MOVED)
        for from_, to in zip(layout.from_state, layout.to_state, strict=True)
    ]
    ax.add_collection(PolyCollection(shapes, facecolors=shade, linewidths=0))
    for i, colour in enumerate(colours):
        at = np.flatnonzero(layout.height[:, i])
        ax.bar(at, layout.height[at, i], bottom=layout.top[at, i], width=bar, color=colour)


def _rgb(colour: Any) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(colour)


def _name_states(ax: Axes, layout: Layout, names: list[str], bar: float) -> None:
    """Write names and amounts beside the first and the last column, and within for states that are in neither."""
    last = len(layout.height) - 1
    for column, side in ((0, -1), (last, 1)):
        _name_column(ax, layout, names, np.flatnonzero(layout.height[column]), column, side * bar / 2)
    nowhere = np.flatnonzero((layout.height[[0, last]] == 0).all(axis=0) & (layout.height > 0).any(axis=0))
    largest = layout.height.argmax(axis=0)
    for column in sorted(set(largest[nowhere])):
        _name_column(ax, layout, names, nowhere[largest[nowhere] == column], int(column), bar / 2)


def _name_column(ax: Axes, layout: Layout, names: list[str], states: Any, column: int, offset: float) -> None:
    middle = layout.top[column, states] + layout.height[column, states] / 2
    points = ax.get_window_extent().height * 72 / ax.figure.dpi
    lowest = ax.get_ylim()[0]
    least = _LINE * lowest / points
    for state, centre, place in zip(states, middle, apart(middle, least, lowest), strict=True):
        told = f"{names[state]}: {short(layout.height[column, state])}"
        # A label that had to make room points to its bar.
        line = {"arrowstyle": "-", "color": QUIET, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0}
        arrow = line if abs(place - centre) > least / 3 else None
        ax.annotate(
            told, (column + offset, centre), xytext=(12 if offset > 0 else -12, place),
            textcoords=("offset points", "data"), ha="left" if offset > 0 else "right", va="center",
            color=ACTUAL if state < len(names) - 2 else QUIET, annotation_clip=False, arrowprops=arrow,
        )  # fmt: skip
