"""Cells of scores: which one a customer is in, and what the rules say of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from customer_value._frames import EagerFrame
from customer_value._validation import numeric_column, require_rows
from customer_value.segments.rules import SegmentRules

Cells = np.ndarray[Any, np.dtype[np.int32]]

_BY_RULE = {"en": ": rule {rule}", "zh": "：规则 {rule}"}
_BY_DEFAULT = {"en": ": no rule, the default", "zh": "：无规则，按默认"}


def whole_score(column: str, bins: int) -> str:
    """Say what a score must be."""
    return f"{column} must be a whole number from 1 to {bins}"


def score_remedy(rules: SegmentRules) -> str:
    """Say which scores the rules are for."""
    return f"These rules are for score_rfm(summary, bins={rules.bins})."


def cell_numbers(frame: EagerFrame, rules: SegmentRules, columns: Mapping[str, str]) -> Cells:
    """Number each customer's cell, the last dimension running fastest."""
    cells = np.zeros(len(frame), dtype=np.int32)
    for dimension, bins in rules.scores.items():
        cells *= bins
        cells += _scores(frame, columns[dimension], bins, score_remedy(rules)) - 1
    return cells


def _scores(frame: EagerFrame, column: str, bins: int, remedy: str) -> Cells:
    series = frame.get_column(column)
    if series.dtype.is_integer() and not series.null_count():
        scores = cast("np.ndarray[Any, Any]", series.to_numpy())
        # Two passes without a copy; millions of rows that are in order need no table of truth values.
        if scores.min() < 1 or scores.max() > bins:
            require_rows((scores >= 1) & (scores <= bins), whole_score(column, bins), remedy)
    else:
        scores = numeric_column(frame, column, what="frame")
        require_rows((scores >= 1) & (scores <= bins) & (scores == np.floor(scores)), whole_score(column, bins), remedy)
    return scores.astype(np.int32)


def rules_by_cell(rules: SegmentRules, language: str) -> tuple[Cells, list[str]]:
    """Position of the segment's name, and the reason, for every cell in the order of `cell_numbers`."""
    boxes = list(rules.boxes())
    covered = rules.covers()
    first = np.where(covered.any(axis=0), covered.argmax(axis=0), -1)
    positions, reasons = [], []
    for cell, box in np.ndenumerate(first):
        scores = ", ".join(f"{d.upper()} {score + 1}" for d, score in zip(rules.dimensions, cell, strict=True))
        if box < 0:
            positions.append(rules.names.index(cast(str, rules.default)))
            reasons.append(scores + _BY_DEFAULT[language])
        else:
            owner, limits = boxes[box]
            positions.append(rules.names.index(owner))
            reasons.append(scores + _BY_RULE[language].format(rule=_say_box(limits)))
    return np.array(positions, dtype=np.int32), reasons


def _say_box(limits: Mapping[str, tuple[int, int]]) -> str:
    spans = {d: f"{low}" if low == high else f"{low}-{high}" for d, (low, high) in limits.items()}
    return ", ".join(f"{d.upper()} {spans[d]}" for d in "rfm" if d in spans) or "any"
