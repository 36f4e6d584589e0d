"""Value x risk: four quadrants of any two scores, cut at numbers or at quantiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, cast

import numpy as np

from customer_value._frames import (
    EagerFrame,
    FrameT,
    as_given,
    categorical,
    collect,
    engine_of,
    nw,
    open_frame,
    texts,
    with_arrays,
)
from customer_value._labels import Labels, label_texts
from customer_value._validation import (
    number,
    numeric_column,
    require_columns,
    require_lazy,
    require_numeric,
    require_some,
    text_value,
)
from customer_value.errors import InputError

Cut = float | Literal["median"]

QUADRANTS = ("core", "at_risk", "ordinary", "let_go")
TEXTS = {
    "en": {"core": "Core", "at_risk": "At risk", "ordinary": "Ordinary", "let_go": "Let go"},
    "zh": {"core": "核心客户", "at_risk": "流失风险客户", "ordinary": "普通客户", "let_go": "低价值流失客户"},
}
_UNKNOWN = {"en": "{column} is unknown", "zh": "{column} 未知"}
_MAKERS = {
    "clv_if_alive": "score_clv(summary, ...) makes it",
    "churn_probability": "score_churn(frame, model=...) makes it; 1 - p_active of score_clv is one too",
}


def assign_quadrants(
    frame: FrameT,
    *,
    value: str = "clv_if_alive",
    risk: str = "churn_probability",
    cuts: Cut | Mapping[str, Cut] = "median",
    labels: Labels = "en",
    name: str = "quadrant",
) -> FrameT:
    """Place customers by value and risk: core, at risk, ordinary, or let go.

    With numbers as cuts relational: lazy on a polars LazyFrame and on engines (DuckDB, PySpark, Dask) but for one
    aggregate query that checks the columns. With a median a polars LazyFrame is collected once and comes back lazy; of
    an engine's frame the two columns are collected, and the quadrants are an expression.

    Parameters
    ----------
    frame
        One row per customer.
    value
        Column with what a customer is worth; more is better. Not `clv` beside a probability of churn: it counts churn
        already, so that customers at risk would hardly ever be valuable.
    risk
        Column with the risk, or any other second score; more is worse.
    cuts
        Where high begins: "median", or a number for each column, ``{"clv_if_alive": 500, "churn_probability": 0.4}``.
        Numbers stay the same next month; a median moves with the customers.
    labels
        Language of labels and reasons, "en" or "zh", or a mapping from core, at_risk, ordinary and let_go to labels.
    name
        Name of the label column.

    Returns
    -------
    FrameT
        The same rows in the same order with `quadrant`, an ordered label (Core, At risk, Ordinary, Let go; text in
        pyarrow and on engines), and `quadrant_reason`. Who is at a cut is above it, in value as in risk, so equal
        customers share a quadrant. Null where a score is, and the reason names which. Columns of these names that are
        there already are replaced.

        =============  ===============================  =======================================
        .              risk below the cut               risk at or above the cut
        =============  ===============================  =======================================
        value high     core 核心客户                    at_risk 流失风险客户
        value low      ordinary 普通客户                let_go 低价值流失客户
        =============  ===============================  =======================================

    Raises
    ------
    InputError
        If a column is missing, not numeric or infinite; if cuts name other columns; if the frame is empty or nobody
        has a score whose median is asked for.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"clv_if_alive": [900.0, 800, 20, 30], "churn_probability": [0.1, 0.7, 0.8, 0.2]})
    >>> cuts = {"clv_if_alive": 500, "churn_probability": 0.5}
    >>> placed = cv.assign_quadrants(customers, cuts=cuts)
    >>> placed["quadrant"].tolist()
    ['Core', 'At risk', 'Let go', 'Ordinary']
    >>> placed["quadrant_reason"][1]
    'clv_if_alive >= 500, churn_probability >= 0.5'
    """
    text_value(name, "name")
    shown = label_texts(QUADRANTS, TEXTS, labels, "quadrants")
    wanted = _wanted_cuts(cuts, value, risk)
    opened = open_frame(frame)
    for column in wanted:
        require_columns(opened, [column], what="frame", maker=_MAKERS.get(column, ""))
        require_numeric(opened.collect_schema()[column], column)
    language = labels if isinstance(labels, str) else "en"
    by_median = "median" in wanted.values()
    if isinstance(opened, nw.LazyFrame) and not (by_median and engine_of(opened) == "polars"):
        if by_median:
            limits = _found_cuts(collect(opened.select(list(wanted))), wanted)
        else:
            limits = {column: cast(float, cut) for column, cut in wanted.items()}
            _require_lazy_scores(opened, wanted)
        return cast(FrameT, _placed_lazily(opened, limits, name, shown, language).to_native())
    eager = collect(opened)
    limits = _found_cuts(eager, wanted)
    codes = eager.select(_code(limits).alias(name)).get_column(name).cast(nw.Int64).to_numpy()
    columns = {
        name: categorical(np.where(codes < len(QUADRANTS), codes, -1), shown, eager),
        f"{name}_reason": texts(codes, _reasons(limits, language), eager),
    }
    return cast(FrameT, as_given(with_arrays(eager, columns), opened))


def _placed_lazily(
    frame: nw.LazyFrame[Any], limits: Mapping[str, float], name: str, shown: Sequence[str], language: str
) -> nw.LazyFrame[Any]:
    # Engines look up keys of the very type that Python's small whole numbers get.
    code, numbers = _code(limits).cast(nw.Int32), list(range(len(QUADRANTS) + 2))
    # Of the engines, polars alone has an ordered label.
    dtype = nw.Enum(list(shown)) if engine_of(frame) == "polars" else nw.String()

    def look_up(entries: Sequence[str | None], dtype: Any) -> nw.Expr:
        return code.replace_strict(numbers, entries, default=None, return_dtype=dtype)

    label = look_up([*shown, None, None], dtype)
    return frame.with_columns(
        label.alias(name), look_up(_reasons(limits, language), nw.String()).alias(f"{name}_reason")
    )


def _wanted_cuts(cuts: Any, value: str, risk: str) -> dict[str, Cut]:
    """Return the cut of the value and of the risk, in this order."""
    columns = [text_value(value, "value"), text_value(risk, "risk")]
    if value == risk:
        raise InputError(f"value and risk must be two columns; got {value!r} twice.")
    if not isinstance(cuts, Mapping):
        given: Mapping[str, Any] = dict.fromkeys(columns, cuts)
    elif set(cuts) == set(columns):
        given = cuts
    else:
        raise InputError(f"cuts must be of {columns}; got {dict(cuts)!r}.")
    return {column: _read_cut(given[column], f"the cut of {column}") for column in columns}


def _read_cut(cut: Any, name: str) -> Cut:
    return "median" if isinstance(cut, str) and cut == "median" else number(cut, name)


def _found_cuts(frame: EagerFrame, wanted: Mapping[str, Cut]) -> dict[str, float]:
    require_some(len(frame), "frame")
    found = {}
    for column, cut in wanted.items():
        scores = numeric_column(frame, column, what="frame", nulls=True)
        known = scores[~np.isnan(scores)]
        if cut == "median" and not known.size:
            raise InputError(f"{column} is null for everyone, so it has no median: give cuts={{{column!r}: ...}}.")
        found[column] = 2 * float(np.median(known / 2)) if cut == "median" else float(cut)
    return found


def _require_lazy_scores(frame: nw.LazyFrame[Any], columns: Iterable[str]) -> None:
    finite = {f"{c} must be finite": (nw.col(c).cast(nw.Float64).abs() != float("inf"), "") for c in columns}
    require_some(int(require_lazy(frame, finite)["n"]), "frame")


def _code(limits: Mapping[str, float]) -> nw.Expr:
    """Number of the quadrant, the same in every library; behind the last one if the value, or the risk, is unknown."""
    (value, least), (risk, most) = limits.items()
    v, r = nw.col(value).cast(nw.Float64), nw.col(risk).cast(nw.Float64)
    low_value, high_risk = (v < least).cast(nw.Int64), (r >= most).cast(nw.Int64)
    n = len(QUADRANTS)
    known = nw.when(r.is_finite().fill_null(False)).then(2 * low_value + high_risk).otherwise(n + 1)
    return nw.when(v.is_finite().fill_null(False)).then(known).otherwise(n)


def _reasons(limits: Mapping[str, float], language: str) -> list[str]:
    """Reason of each code."""
    (value, least), (risk, most) = limits.items()
    by_quadrant = [f"{value} {v} {least:g}, {risk} {r} {most:g}" for v in (">=", "<") for r in ("<", ">=")]
    return by_quadrant + [_UNKNOWN[language].format(column=column) for column in limits]
