"""The rule of a review: which proposals become moves, which are held back, which wait for confirmation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Codes = np.ndarray[Any, np.dtype[np.int64]]
Truths = np.ndarray[Any, np.dtype[np.bool_]]

CHANGES = ("upgrade", "unchanged", "downgrade", "new")
TEXTS = {
    "en": {name: name for name in CHANGES},
    "zh": {"upgrade": "升级", "unchanged": "不变", "downgrade": "降级", "new": "新增"},
}
_UPGRADE, _UNCHANGED, _DOWNGRADE, _NEW = range(4)


@dataclass(frozen=True, slots=True)
class Moves:
    """What a review found of each customer; tiers are codes, 0 the best, -1 none."""

    held: Codes  # in the previous review
    proposed: Codes
    target: Codes  # how far the proposal survives the buffer
    final: Codes
    change: Codes
    asked: Codes  # reviews in a row that asked for the move, this one among them
    pending: Codes  # the same, where it was not made
    by_hand: Truths


def decide(
    held: Codes,
    proposed: Codes,
    bounds: tuple[Codes, Codes] | None,
    asked_before: Codes,
    *,
    confirmations: int,
    by_hand: Truths,
) -> Moves:
    """Make the moves that lie beyond the buffer and were asked for often enough.

    Parameters
    ----------
    held, proposed
        Tier in the previous review and now, -1 for none.
    bounds
        Tier with the score lowered and raised by the buffer (the worst and the best that it may be); None for no
        buffer.
    asked_before
        Reviews in a row that asked for a move in vain, above 0 for upgrades and below 0 for downgrades.
    """
    known = (held >= 0) & (proposed >= 0)
    target = np.where(known, proposed, held)
    if bounds is not None:
        worst, best = bounds
        upward, downward = known & (proposed < held), known & (proposed > held)
        target = np.where(upward, np.minimum(held, np.maximum(proposed, worst)), target)
        target = np.where(downward, np.maximum(held, np.minimum(proposed, best)), target)
    target = np.where(by_hand | (held < 0), proposed, target)

    direction = np.sign(held - target)
    again = np.where(np.sign(asked_before) == direction, np.abs(asked_before), 0)
    asked = np.where(known & (direction != 0), again + 1, 0)
    waits = (asked > 0) & (asked < confirmations) & ~by_hand
    final = np.where(waits, held, target)
    change = np.select([held < 0, final < held, final > held], [_NEW, _UPGRADE, _DOWNGRADE], _UNCHANGED)
    return Moves(
        held=held,
        proposed=proposed,
        target=target,
        final=final,
        change=np.where(final < 0, -1, change),
        asked=asked,
        pending=np.where(waits, asked, 0),
        by_hand=by_hand,
    )
