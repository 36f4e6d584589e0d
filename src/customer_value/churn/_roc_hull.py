"""The corners of the ROC curve's convex hull: the only cuts of a ranking that can be the most profitable ones."""

from __future__ import annotations

import numpy as np

from customer_value.churn._ranked import Floats, running

_PASSES = 12  # each leaves about half of the points, so few are left for the search


def hull_corners(churners: Floats, others: Floats) -> tuple[Floats, Floats]:
    """Return the churners and the others that are reached at each corner, from nobody to everybody.

    Takes both by distinct score, highest first. Between two corners lies no point of the curve above their chord, so
    for any costs one of the corners does best (F. Provost and T. Fawcett (2001), *Machine Learning* 42, section 3).
    """
    there = churners + others > 0
    y, x = running(churners[there]), running(others[there])
    for _ in range(_PASSES):
        up, along = np.diff(y), np.diff(x)
        above = np.concatenate(([True], up[:-1] * along[1:] > up[1:] * along[:-1], [True]))  # the neighbours' chord
        if above.all():
            return y, x
        y, x = y[above], x[above]
    return _farthest_first(y, x)


def _farthest_first(y: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Split the curve at the point farthest above a chord, until none is (W. F. Eddy (1977), *ACM TOMS* 3)."""
    corners, open_spans = [0, x.size - 1], [(0, x.size - 1)]
    while open_spans:
        first, last = open_spans.pop()
        if last - first < 2:
            continue
        inner = slice(first + 1, last)
        # Twice the area of the triangle with the chord: counts are whole numbers, so a point on the chord has 0.
        above = (x[last] - x[first]) * (y[inner] - y[first]) - (y[last] - y[first]) * (x[inner] - x[first])
        far = int(above.argmax())
        if above[far] > 0:
            corner = first + 1 + far
            corners.append(corner)
            open_spans += [(first, corner), (corner, last)]
    corners.sort()
    return y[corners], x[corners]
