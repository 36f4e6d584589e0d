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
    # A customer last seen at the time of an event outlasts it: he is put just behind it.
    times = np.unique(spells.duration)
    stays = 2 * np.searchsorted(times, spells.duration) + ~spells.event
    begins = 2 * np.searchsorted(times, spells.entry, side="right") - 1  # at an event's time: not yet at risk
    left, own = stays[spells.event], rank[spells.event]
    lower = _beyond(stays, rank, left, own) - _beyond(begins, rank, left, own)
    not_higher = _beyond(stays, rank, left, own + 1) - _beyond(begins, rank, left, own + 1)
    everyone = rank.max() + 1
    pairs = _beyond(stays, rank, left, np.full(left.size, everyone))
    pairs -= _beyond(begins, rank, left, np.full(left.size, everyone))
    return float((lower + not_higher).sum() / (2 * pairs.sum())) if pairs.sum() else np.nan


def _beyond(value: Rows, rank: Rows, above: Rows, below: Rows) -> Rows:
    """Count, for each question, the items whose value is above one bound and whose rank is below another.

    The items above the bound are the first ones in falling order of value. A prefix is a few blocks of 2^k items, one
    for each bit of its length, and within blocks sorted by rank one search counts those below.
    """
    order = np.argsort(-value, kind="stable")
    ranks = rank[order].astype(np.int64)
    length = np.searchsorted(-value[order], -above, side="left")
    base = int(ranks.max()) + 2
    counts = np.zeros(above.size, dtype=np.intp)
    for bit in range(int(value.size).bit_length()):
        blocks = np.arange(ranks.size) >> bit
        keys = np.sort(blocks * base + ranks)
        asked = np.flatnonzero((length >> bit) & 1)
        block = (length[asked] >> (bit + 1)) << 1
        found = np.searchsorted(keys, block * base + below[asked], side="left")
        counts[asked] += found - (block << bit)
    return counts
