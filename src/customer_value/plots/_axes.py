"""What all pictures share: axes to draw on, colours, titles, and how numbers read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from customer_value._optional import import_optional
from customer_value.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INSTALL = "'customer-value[plots]'"
EXPECTED = "#1f6fb2"
ACTUAL = "#222222"
QUIET = "#6b6b6b"
GRID = "#e3e3e3"
EMPTY = "#f4f4f4"


def axes_for(ax: Axes | None, caller: str, size: tuple[float, float]) -> Axes:
    """Return the axes given, or those of a new figure of this size (inches)."""
    if ax is None:
        pyplot = import_optional("matplotlib.pyplot", what=caller, install=INSTALL)
        made: Axes = pyplot.subplots(figsize=size, layout="constrained")[1]
        return made
    if not hasattr(ax, "transAxes"):
        raise InputError(f"ax must be a matplotlib Axes, such as plt.subplots()[1]; got {type(ax).__name__}.")
    return ax


def tidy(ax: Axes) -> None:
    """Leave the two axis lines that carry numbers, and light lines to read heights by."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(length=3, color=QUIET)


def head(ax: Axes, title: str, subtitle: str) -> None:
    """Put the title over the plot, and below it what is measured in which unit."""
    ax.set_title(title, loc="left", fontsize="large", fontweight="bold", pad=22)
    ax.annotate(subtitle, (0, 1), xytext=(0, 7), xycoords="axes fraction", textcoords="offset points", color=QUIET)


def name_ends(ax: Axes, x: Any, *lines: tuple[str, float, str]) -> None:
    """Write the names of two lines (text, height, colour) behind their ends, the higher one above the other."""
    lower, higher = sorted(lines, key=lambda line: line[1])
    for (said, height, colour), offset, va in ((higher, 2, "bottom"), (lower, -2, "top")):
        ax.annotate(
            said, (x, height), xytext=(8, offset), textcoords="offset points", va=va, color=colour, fontweight="bold"
        )


def length(value: float, unit: str | None) -> str:
    """Write a time on a ruler: 1 week, 52.2 weeks; without a ruler, 39 time units."""
    number = f"{value:,.0f}" if float(value).is_integer() else short(value)
    return f"{number} {unit or 'time unit'}{'' if value == 1 else 's'}"


def short(value: float) -> str:
    """Write a number as briefly as it can be read: 1.3M, 12,345, 98.6, 0.042."""
    for size, sign in ((1e9, "B"), (1e6, "M")):
        if abs(value) >= size:
            return f"{value / size:.3g}{sign}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
