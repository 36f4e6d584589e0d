"""Named segments as expressions, for frames whose rows stay where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from customer_value._frames import engine_of, nw
from customer_value._validation import require_lazy, require_numeric, require_some
from customer_value.segments._cells import rules_by_cell, score_remedy, whole_score
from customer_value.segments.rules import SegmentRules


def require_scores(frame: nw.LazyFrame[Any], rules: SegmentRules, columns: Mapping[str, str]) -> None:
    """Check every score of a lazy frame in one aggregate query."""
    schema = frame.collect_schema()
    checks = {}
    for dimension, bins in rules.scores.items():
        column = columns[dimension]
        require_numeric(schema[column], column)
        score = nw.col(column)
        checks[f"{column} must not be null or NaN"] = (~score.is_null(), "")
        figure = score.cast(nw.Float64)
        infinite = (figure == float("inf")) | (figure == float("-inf"))
        checks[f"{column} must be finite"] = ((~infinite).fill_null(True), "")
        # Comparing with each score, not with the ends: neither a fraction nor NaN is any of them.
        known = figure.is_in([float(whole) for whole in range(1, bins + 1)])
        checks[whole_score(column, bins)] = (known.fill_null(False), score_remedy(rules))
    require_some(int(require_lazy(frame, checks)["n"]), "frame")


def label_and_reason(
    frame: nw.LazyFrame[Any], rules: SegmentRules, columns: Mapping[str, str], shown: Sequence[str], language: str
) -> tuple[nw.Expr, nw.Expr]:
    """Return each customer's label and reason: what the rules say of his cell, numbered as by `cell_numbers`."""
    cell: nw.Expr | None = None
    for dimension, bins in rules.scores.items():
        score = nw.col(columns[dimension]).cast(nw.Int64) - 1
        cell = score if cell is None else cell * bins + score
    positions, reasons = rules_by_cell(rules, language)
    numbers = list(range(len(reasons)))
    # Of the engines, polars alone has an ordered label.
    dtype = nw.Enum(list(shown)) if engine_of(frame) == "polars" else nw.String()

    def look_up(entries: list[str], dtype: Any) -> nw.Expr:
        # Engines look up keys of the very type that Python's small whole numbers get.
        return cast(nw.Expr, cell).cast(nw.Int32).replace_strict(numbers, entries, default=None, return_dtype=dtype)

    return look_up([shown[i] for i in positions], dtype), look_up(reasons, nw.String())
