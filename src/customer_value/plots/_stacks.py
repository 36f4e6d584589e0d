"""Columns of stacked bars: shares or amounts of labels, one column for each date or group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from customer_value.plots._shades import shades

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_NAMES = 12  # of columns, beyond which they would overlap
_WHITE = 0.4  # width of the lines between bars, which many thin ones cannot bear


def stack(
    ax: Axes, heights: np.ndarray[Any, np.dtype[np.float64]], labels: Sequence[str], columns: Sequence[str]
) -> None:
    """Stack the labels (rows of heights) in each column, the first one on top; labels of nothing are not named."""
    bottoms = np.cumsum(heights[::-1], axis=0)[::-1] - heights
    for label, colour, height, bottom in zip(labels, shades(len(labels)), heights, bottoms, strict=True):
        if height.any():
            ax.bar(
                range(len(columns)), height, bottom=bottom, width=0.85, color=colour, label=label, edgecolor="white",
                linewidth=_WHITE,
            )  # fmt: skip
    every = -(-len(columns) // _MOST_NAMES)
    ax.set_xticks(range(0, len(columns), every), columns[::every], rotation=30, ha="right")
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
