"""Named segments: which rule a customer's scores fall under, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from customer_value._frames import EagerFrame, FrameT, categorical, texts, to_eager, with_arrays
from customer_value._labels import Labels, label_texts
from customer_value._validation import (
    numeric_column,
    require_columns,
    require_rows,
    require_some,
    text_value,
)
from customer_value.errors import InputError
from customer_value.segments.presets import TEN_SEGMENTS
from customer_value.segments.rules import SegmentRules

Cells = np.ndarray[Any, np.dtype[np.int64]]

_BY_RULE = {"en": "{cell}: rule {rule}", "zh": "{cell}：规则 {rule}"}
_BY_DEFAULT = {"en": "{cell}: no rule, the default", "zh": "{cell}：无规则，按默认"}


def assign_segments(
    frame: FrameT,
    *,
    rules: SegmentRules | None = None,
    labels: Labels = "en",
    name: str = "segment",
    suffix: str = "",
) -> FrameT:
    """Name each customer's segment from the scores that `score_rfm` gives, and say by which rule.

    Collects once.

    Parameters
    ----------
    frame
        One row per customer with `r_score` and `f_score` (and `m_score`, if the rules use it).
    rules
        What the segments are; default `segments.TEN_SEGMENTS`, ten segments on R and F. Rules that leave cells out or
        claim cells twice are refused, unless they name a default segment.
    labels
        Language of the labels, "en" or "zh", or a mapping from the rules' names to labels (a name that is not in it
        keeps its English label).
    name
        Name of the label column.
    suffix
        The suffix given to `score_rfm`: its scores are read, and it is added to the names of the new columns.

    Returns
    -------
    frame
        The same rows in the same order with `segment`, an ordered label, best segment first (an ordered categorical
        in pandas, Enum in polars, text in pyarrow), and `segment_reason`, such as "R 5, F 4: rule R 5, F 4-5".
        Columns of these names that are there already are replaced.

    Raises
    ------
    InputError
        If scores are missing, null, not whole or out of the rules' range; if the frame is empty; if the rules do not
        cover every cell exactly once and name no default; if labels are unknown or coincide.

    Notes
    -----
    The ten segments are the map of R and F scores that public RFM notebooks print; `SegmentRules.check` proves that
    it covers all 25 cells exactly once.

    ============================  =====  =====
    segment                       R      F
    ============================  =====  =====
    Champions 冠军客户            5      4-5
    Loyal customers 忠诚客户      3-4    4-5
    Potential loyalists 潜在忠诚  4-5    2-3
    New customers 新客户          5      1
    Promising 有潜力客户          4      1
    Need attention 需关注客户     3      3
    About to sleep 即将沉睡客户   3      1-2
    At risk 流失风险客户          1-2    3-4
    Can't lose them 不可失去客户  1-2    5
    Hibernating 沉睡客户          1-2    1-2
    ============================  =====  =====

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> scored = pd.DataFrame({"customer_id": [1, 2, 3], "r_score": [5, 2, 4], "f_score": [4, 5, 1]})
    >>> cv.assign_segments(scored).filter(["customer_id", "segment", "segment_reason"])
       customer_id          segment             segment_reason
    0            1        Champions  R 5, F 4: rule R 5, F 4-5
    1            2  Can't lose them  R 2, F 5: rule R 1-2, F 5
    2            3        Promising    R 4, F 1: rule R 4, F 1
    >>> cv.assign_segments(scored, labels="zh")["segment"].tolist()
    ['冠军客户', '不可失去客户', '有潜力客户']
    """
    if rules is None:
        rules = TEN_SEGMENTS
    _require_sound(rules)
    text_value(name, "name")
    text_value(suffix, "suffix", empty=True)
    shown = label_texts(rules.names, rules.labels, labels, "rules")
    opened, back = to_eager(frame, "frame", "assign_segments")

    cells = _cells(opened, rules, suffix)
    segments, reasons = _by_cell(rules, labels if isinstance(labels, str) else "en")
    column = name + suffix
    return cast(
        FrameT,
        back(
            with_arrays(
                opened,
                {
                    column: categorical(segments[cells], shown, opened),
                    f"{column}_reason": texts(cells, reasons, opened),
                },
            )
        ),
    )


def _require_sound(rules: object) -> None:
    if not isinstance(rules, SegmentRules):
        raise InputError(f"rules must be a SegmentRules, such as segments.TEN_SEGMENTS; got {type(rules).__name__}.")
    check = rules.check()
    if not check.ok and rules.default is None:
        raise InputError(
            f"the rules must cover every cell exactly once: {check} "
            "Mend them, or name a segment for the rest: SegmentRules(..., default='...') (the first rule then wins)."
        )


def _cells(frame: EagerFrame, rules: SegmentRules, suffix: str) -> Cells:
    """Number of each customer's cell, the last dimension running fastest."""
    columns = [f"{dimension}_score{suffix}" for dimension in rules.dimensions]
    require_columns(frame, columns, what="frame", maker="score_rfm(summary) makes them")
    require_some(len(frame), "frame")
    cells = np.zeros(len(frame), dtype=np.int64)
    for column in columns:
        score = numeric_column(frame, column, what="frame")
        require_rows(
            (score >= 1) & (score <= rules.bins) & (score == np.floor(score)),
            f"{column} must be a whole number from 1 to {rules.bins}",
            f"These rules are for score_rfm(summary, bins={rules.bins}).",
        )
        cells = cells * rules.bins + (score.astype(np.int64) - 1)
    return cells


def _by_cell(rules: SegmentRules, language: str) -> tuple[Cells, list[str]]:
    """Position of the segment's name, and the reason, for every cell in the order of `_cells`."""
    boxes = list(rules.boxes())
    covered = rules.covers()
    first = np.where(covered.any(axis=0), covered.argmax(axis=0), -1)
    segments, reasons = [], []
    for cell, box in np.ndenumerate(first):
        said = ", ".join(f"{d.upper()} {score + 1}" for d, score in zip(rules.dimensions, cell, strict=True))
        if box < 0:
            segments.append(rules.names.index(cast(str, rules.default)))
            reasons.append(_BY_DEFAULT[language].format(cell=said))
        else:
            owner, limits = boxes[box]
            segments.append(rules.names.index(owner))
            reasons.append(_BY_RULE[language].format(cell=said, rule=_say_box(limits)))
    return np.array(segments, dtype=np.int64), reasons


def _say_box(limits: Mapping[str, tuple[int, int]]) -> str:
    spans = {d: f"{low}" if low == high else f"{low}-{high}" for d, (low, high) in limits.items()}
    return ", ".join(f"{d.upper()} {spans[d]}" for d in "rfm" if d in spans) or "any"
