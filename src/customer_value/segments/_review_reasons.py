"""Why a tier moved or stayed, in a sentence of either language; few of them are distinct."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from customer_value.segments._review_moves import Moves

Codes = np.ndarray[Any, np.dtype[np.int64]]

# How the reason of a tier begins that a person has set, here and in `assign_tiers`.
SET_BY_HAND = {"en": "set by hand", "zh": "人工设定"}

_NO_TIER, _NEW, _BY_HAND, _NO_PROPOSAL, _SAME, _HELD, _WAITS, _MOVED = range(8)

_SENTENCES = {
    "en": {
        _NO_TIER: "no tier, now or before",
        _NEW: "no tier in the previous review: the proposal holds",
        _BY_HAND: SET_BY_HAND["en"],
        _NO_PROPOSAL: "no tier proposed, {held} kept",
        _SAME: "{held} again",
        _HELD: "{proposed} proposed, {held} kept: the score is within {buffer} of the boundary",
        _WAITS: "{target} asked for in {asked} of {confirmations} reviews in a row, {held} kept",
        _MOVED: "from {held} to {target}",
    },
    "zh": {
        _NO_TIER: "本次与上次均无等级",
        _NEW: "上次评审无等级：采用本次建议",
        _BY_HAND: SET_BY_HAND["zh"],
        _NO_PROPOSAL: "本次无建议等级，保持 {held}",
        _SAME: "仍为 {held}",
        _HELD: "建议 {proposed}，保持 {held}：得分距界限不足 {buffer}",
        _WAITS: "连续 {confirmations} 次评审中已有 {asked} 次建议 {target}，保持 {held}",
        _MOVED: "由 {held} 调整为 {target}",
    },
}
_BEYOND = {"en": ", beyond the boundary by {buffer}", "zh": "，超出界限 {buffer}"}
_SHORT = {"en": ", not {proposed}: within {buffer} of its boundary", "zh": "，未到 {proposed}：距其界限不足 {buffer}"}
_CONFIRMED = {"en": ", asked for in {asked} reviews in a row", "zh": "，连续 {asked} 次评审建议"}


def review_reasons(
    moves: Moves, names: Sequence[str], buffer: float, confirmations: int, language: str
) -> tuple[Codes, list[str]]:
    """Return for each customer the number of his sentence, and the sentences; a `buffer` of 0 goes without saying."""
    held, proposed, target = moves.held, moves.proposed, moves.target
    kinds = {
        _NO_TIER: moves.final < 0,
        _BY_HAND: moves.by_hand,
        _NEW: held < 0,
        _NO_PROPOSAL: proposed < 0,
        _SAME: held == proposed,
        _HELD: held == target,
        _WAITS: moves.pending > 0,
    }
    kind = np.select(list(kinds.values()), list(kinds), _MOVED)
    asked = np.minimum(moves.asked, confirmations)
    parts, sizes = (kind, held + 1, proposed + 1, target + 1, asked), (8, *[len(names) + 1] * 3, confirmations + 1)
    distinct, codes = np.unique(np.ravel_multi_index(parts, sizes), return_inverse=True)
    sentences = []
    for which, *tiers, times in zip(*np.unravel_index(distinct, sizes), strict=True):
        said = dict(zip(("held", "proposed", "target"), ((*names, "")[int(code) - 1] for code in tiers), strict=True))
        sentence = _SENTENCES[language][int(which)]
        if which == _MOVED:
            if buffer:
                sentence += (_BEYOND if said["target"] == said["proposed"] else _SHORT)[language]
            if confirmations > 1:
                sentence += _CONFIRMED[language]
        sentences.append(
            sentence.format(**said, buffer=f"{buffer * 100:g} %", asked=int(times), confirmations=confirmations)
        )
    return codes.astype(np.int64), sentences
