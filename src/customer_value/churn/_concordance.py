"""Harrell's concordance: of two customers of whom one is seen to leave first, how often was his risk the higher one."""

from __future__ import annotations

import numpy as np

from customer_value.churn._spells import Floats, Rows, Spells


def concordance(spells: Spells, risk: Floats) -> float:
    """Return the share of comparable pairs in the right order; equal risks count half, NaN where no pair compares.

    A pair compares where one left while the other was under observation and stayed longer (or was last seen at that
    very time). F. E. Harrell et al. (1982), JAMA 247, 2543-2546; late entry by who was at risk.
    """
    _, rank = np.unique(risk, return_inverse=True)
    times = np.unique(spells.duration)
    # A customer last seen at the time of an event outlasts it: he is put just behind it.
    stays = 2 * np.searchsorted(times, spells.duration) + ~spells.event
    begins = 2 * np.searchsorted(times, spells.entry, side="right") - 1  # at an event's time: not yet at risk
    left, own = stays[spells.event], rank[spells.event]
    pairs, right = _outlast(stays, rank, left, own)
    if spells.entry.any():
        not_yet = _outlast(begins, rank, left, own)
        pairs, right = pairs - not_yet[0], right - not_yet[1]
    return right / pairs if pairs else np.nan


def _outlast(value: Rows, rank: Rows, above: Rows, own: Rows) -> tuple[int, float]:
    """Count, over all questions, the items whose value is above a bound, and those whose rank is below (half: equal).

    The items above the bound are the first ones in falling order of value. A prefix is a few blocks of 2^k items, one
    for each bit of its length, and within blocks sorted by rank two searches count those below and those not above.
    """
    order = np.argsort(-value, kind="stable")
    ranks = rank[order].astype(np.int64)
    length = np.searchsorted(-value[order], -above, side="left")
    base = int(ranks.max()) + 1
    twice = 0
    for bit in range(int(value.size).bit_length()):
        keys = np.sort((np.arange(ranks.size) >> bit) * base + ranks)
        asked = np.flatnonzero((length >> bit) & 1)
        block = (length[asked] >> (bit + 1)) << 1
        wanted = block * base + own[asked]
        below, not_above = (np.searchsorted(keys, wanted, side=side) for side in ("left", "right"))
        twice += int((below + not_above - 2 * (block << bit)).sum())
    return int(length.sum()), twice / 2
