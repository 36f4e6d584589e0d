"""The tier that a score would give if it were lower, or higher, by the buffer."""

from __future__ import annotations

from typing import Any

import numpy as np

from customer_value._frames import EagerFrame
from customer_value._validation import numeric_column

Floats = np.ndarray[Any, np.dtype[np.float64]]
Codes = np.ndarray[Any, np.dtype[np.int64]]
Truths = np.ndarray[Any, np.dtype[np.bool_]]
Bounds = tuple[Codes, Codes]


def implied_bounds(
    frame: EagerFrame, tier: str, score: str, proposed: Codes, by_hand: Truths, n_tiers: int, buffer: float
) -> Bounds | None:
    """Worst and best tier within the buffer, by the boundaries that the proposals imply; None where they imply none."""
    column = next((name for name in (f"{tier}_score", score) if name in frame.columns), None)
    if column is None:
        return None
    scores = numeric_column(frame, column, what="current", nulls=True)
    known = ~np.isnan(scores) & (proposed >= 0) & ~by_hand
    edges = _boundaries(scores[known], proposed[known], n_tiers)
    if edges is None:
        return None
    # Infinite where nobody is proposed beyond the boundary: no score reaches it.
    margin = np.where(np.isinf(edges), 0.0, buffer * np.abs(edges))
    ascending_worst, ascending_best = (np.sort(limits) for limits in (edges + margin, edges - margin))
    worst, best = (
        n_tiers - 1 - np.searchsorted(limits, scores, side="right") for limits in (ascending_worst, ascending_best)
    )
    # Without a score no move is clear: the worst and the best that the customer may be are those of everyone.
    return np.where(np.isnan(scores), n_tiers - 1, worst), np.where(np.isnan(scores), 0, best)


def _boundaries(scores: Floats, proposed: Codes, n_tiers: int) -> Floats | None:
    """Boundary between each tier and the next worse one, falling; None where the proposals are no cut of the score."""
    lowest, highest = np.full(n_tiers, np.inf), np.full(n_tiers, -np.inf)
    np.minimum.at(lowest, proposed, scores)
    np.maximum.at(highest, proposed, scores)
    above = np.minimum.accumulate(lowest)[:-1]  # lowest score of this tier or a better one
    below = np.maximum.accumulate(highest[::-1])[::-1][1:]  # highest of the worse ones
    if not (above > below).all():
        return None
    with np.errstate(invalid="ignore"):
        middle = below + (above - below) / 2
    return np.where(np.isinf(above), np.inf, np.where(np.isinf(below), -np.inf, middle))
