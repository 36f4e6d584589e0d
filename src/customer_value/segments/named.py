"""Named segments: which rule a customer's scores fall under, and why."""

from __future__ import annotations

from typing import cast

from customer_value._frames import FrameT, categorical, nw, open_frame, texts, with_arrays
from customer_value._labels import Labels, label_texts
from customer_value._validation import require_columns, require_some, text_value
from customer_value.errors import InputError
from customer_value.segments._cells import cell_numbers, rules_by_cell
from customer_value.segments._cells_relational import label_and_reason, require_scores
from customer_value.segments.presets import named_rules
from customer_value.segments.rules import SegmentRules


def assign_segments(
    frame: FrameT,
    *,
    rules: SegmentRules | str = "ten_segments",
    labels: Labels = "en",
    name: str = "segment",
    suffix: str = "",
) -> FrameT:
    """Name each customer's segment from the scores that `score_rfm` gives, and say by which rule.

    Relational: a lazy frame stays lazy (polars, DuckDB, Dask, PySpark), at the cost of one query that checks the
    scores.

    Parameters
    ----------
    frame
        One row per customer with `r_score` and `f_score` (and `m_score`, if the rules use it).
    rules
        What the segments are: a `SegmentRules`, or the name of a preset:

        - "ten_segments" (default): ten segments on R and F;
        - "eight_segments": R, F and M, each high or low, for ``score_rfm(summary, bins=2)``;
        - "r_vignette": the ten rules on R, F and M of the vignette of R's rfm package;
        - "donor_segments": donors, LYBUNT and SYBUNT, for whole giving years on known breaks (Notes).

        Rules that leave cells out or claim cells twice are refused, unless they name a default segment.
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
        in pandas, Enum in polars, text in pyarrow and on engines), and `segment_reason`, such as "R 5, F 4: rule R 5,
        F 4-5". Columns of these names that are there already are replaced.

    Raises
    ------
    InputError
        If scores are missing, null, not whole or out of the rules' range; if the frame is empty; if the rules do not
        cover every cell exactly once and name no default; if labels are unknown or coincide.

    Notes
    -----
    The donor segments are for whole giving years: ``summarize_customers(gifts, observation_end=..., grain="year",
    time_unit="year")``, scored on known breaks with ``score_rfm(summary, scheme=segments.DONOR_SCHEME)``. LYBUNT are
    those who gave last year but unfortunately not this, SYBUNT those who gave some year but unfortunately not this.

    The ten segments are the map of R and F scores that public RFM notebooks print; `SegmentRules.check` proves that
    it covers all 25 cells exactly once.

    ================================  =====  =====
    segment                           R      F
    ================================  =====  =====
    Champions 冠军客户                5      4-5
    Loyal customers 忠诚客户          3-4    4-5
    Potential loyalists 潜在忠诚客户  4-5    2-3
    New customers 新客户              5      1
    Promising 有潜力客户              4      1
    Need attention 需关注客户         3      3
    About to sleep 即将沉睡客户       3      1-2
    At risk 流失风险客户              1-2    3-4
    Can't lose them 不可失去客户      1-2    5
    Hibernating 沉睡客户              1-2    1-2
    ================================  =====  =====

    Where two customers in five or more have bought once, all of them share F 2, and nobody is among New customers or
    Promising. Breaks that keep one purchase apart give them back: ``score_rfm(summary, breaks={"f": [2, 3, 5, 10]})``.

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
    known = _sound(named_rules(rules))
    text_value(name, "name")
    text_value(suffix, "suffix", empty=True)
    shown = label_texts(known.names, known.labels, labels, "rules")
    language = labels if isinstance(labels, str) else "en"
    columns = {dimension: f"{dimension}_score{suffix}" for dimension in known.dimensions}
    opened = open_frame(frame)
    require_columns(opened, columns.values(), what="frame", maker="score_rfm(summary) makes them")
    label, reason = name + suffix, f"{name}{suffix}_reason"

    if isinstance(opened, nw.LazyFrame):
        require_scores(opened, known, columns)
        labelled, told = label_and_reason(opened, known, columns, shown, language)
        return cast(FrameT, opened.with_columns(labelled.alias(label), told.alias(reason)).to_native())

    require_some(len(opened), "frame")
    cells = cell_numbers(opened, known, columns)
    positions, reasons = rules_by_cell(known, language)
    made = {label: categorical(positions[cells], shown, opened), reason: texts(cells, reasons, opened)}
    return cast(FrameT, with_arrays(opened, made).to_native())


def _sound(rules: SegmentRules) -> SegmentRules:
    check = rules.check()
    if not check.ok and rules.default is None:
        raise InputError(
            f"the rules must cover every cell exactly once: {check} "
            "Mend them, or name a segment for the rest: SegmentRules(..., default='...') (the first rule then wins)."
        )
    return rules
