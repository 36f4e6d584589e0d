"""Where the bars and ribbons of a picture of moves lie: dates from left to right, states from top to bottom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Codes = np.ndarray[Any, np.dtype[np.int64]]

_GAP = 0.018  # between the bars of a date, in heights of the highest date


@dataclass(frozen=True)
class Layout:
    """Bars by date and state (`top`, `height`); of each ribbon its step, states, and the upper and lower edges.

    Heights grow downwards. The last two states are those of who entered and who left. `hidden` is the amount, in the
    unit of the widths, of moves too small to be drawn.
    """

    top: Floats
    height: Floats
    step: Codes
    from_state: Codes
    to_state: Codes
    edges: Floats  # ribbon x (upper left, lower left, upper right, lower right)
    hidden: float


def lay_out(before: Floats, after: Floats, smallest: float) -> Layout:
    """Lay out moves by step, state before and state after; a ribbon is as wide as its amount at either end.

    Ribbons below the share `smallest` of their date at both ends are hidden, and leave their place in the bars free.
    """
    steps, slots, _ = before.shape
    height = np.zeros((steps + 1, slots))
    # Both sides of a bar tell the same customers; in a frame of which somebody left rows out the larger one counts.
    height[:-1] = before.sum(axis=2)
    height[1:] = np.maximum(height[1:], after.sum(axis=1))
    gap = _GAP * height.sum(axis=1).max()
    spaced = height + gap * (height > 0)
    top = np.cumsum(spaced, axis=1) - spaced

    step, from_, to = np.nonzero((before > 0) | (after > 0))
    left = top[:-1, :, None] + np.cumsum(before, axis=2) - before
    right = top[1:, None, :] + np.cumsum(after, axis=1) - after
    ends = [left, left + before, right, right + after]
    edges = np.stack([end[step, from_, to] for end in ends], axis=1)
    widths = np.maximum(before, after)[step, from_, to]
    drawn = widths >= smallest * np.maximum(before.sum(axis=(1, 2)), after.sum(axis=(1, 2)))[step]
    hidden = float(widths[~drawn].sum())
    return Layout(top, height, step[drawn], from_[drawn], to[drawn], edges[drawn], hidden)


def apart(wanted: Floats, least: float, most: float) -> Floats:
    """Return places in the order given, `least` apart or more, as near to those wanted as can be (least squares).

    None lies beyond `most`, as long as there is room for all.
    """
    # Less the room that each label needs, places must not fall: neighbours that would are pooled to their mean.
    blocks: list[tuple[float, int]] = []
    for place in wanted - least * np.arange(wanted.size):
        mean, size = float(place), 1
        while blocks and blocks[-1][0] > mean:
            other, count = blocks.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        blocks.append((mean, size))
    places: Floats = np.repeat([mean for mean, _ in blocks], [size for _, size in blocks])
    room = most - least * (wanted.size - 1)
    return np.asarray(np.minimum(places, room) + least * np.arange(wanted.size))
