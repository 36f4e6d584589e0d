"""Each customer's tier, why, and what each criterion contributed; and tiers kept for next month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from customer_value._frames import (
    Column,
    EagerFrame,
    FrameT,
    categorical,
    collect,
    engine_of,
    float_column,
    make_frame,
    nw,
    open_frame,
    schema_of,
    to_eager,
    with_arrays,
)
from customer_value._labels import Labels, label_texts
from customer_value._validation import (
    numeric_column,
    optional_text,
    require_columns,
    require_lazy,
    require_numeric,
    require_some,
    text_value,
    truth_value,
)
from customer_value.errors import InputError
from customer_value.segments._customers import id_column
from customer_value.segments._tier_overrides import Overrides, positions, read_overrides
from customer_value.segments._tier_results import Codes, Found, elsewhere, in_memory, the_number
from customer_value.segments._tier_words import set_by_hand
from customer_value.segments.tier_scheme import TierScheme
from customer_value.segments.tiers_of_criteria import preset, preset_names

_DEFAULT_SCORE = "clv"
_MAKERS = {
    "clv": "score_clv",
    "contribution_share": "score_contribution",
    "potential": "score_potential",
    "loyalty": "score_loyalty",
    "total_value": "summarize_customers",
    "purchases": "summarize_customers",
}


def assign_tiers(
    frame: FrameT,
    *,
    scheme: TierScheme | str | None = None,
    score: str | None = None,
    name: str = "tier",
    overrides: Mapping[Any, str] | object | None = None,
    customer_id: str | None = None,
    labels: Labels = "en",
    reasons: bool = True,
) -> FrameT:
    """Put each customer into a tier, say why, and show what each criterion contributed.

    A fitted scheme (fixed thresholds, or what `fit_tier_scheme` gives) is relational: lazy on a polars LazyFrame and on
    engines (DuckDB, PySpark, Dask) but for one aggregate query that checks the columns. Any other scheme is first
    fitted on the frame itself: a polars LazyFrame is collected once and comes back lazy; of an engine's frame the
    columns that are judged are collected, and the tiers are an expression. Overrides need the rows in memory.

    Parameters
    ----------
    frame
        One row per customer.
    scheme
        What the tiers are: a `TierScheme` that `segments.tiers` makes or `fit_tier_scheme` fitted, or the name of a
        preset; default `tiers.abc()`.
    score
        Column that a scheme of one score cuts; default the one that it was fitted on, else `clv`.
    name
        Name of the tier's column, and beginning of the others' names.
    overrides
        Tiers that are set by hand: customer -> tier, or a frame with the column of customers, `tier` (or the column
        `name`) and, where wanted, `reason`. Tiers are named as in the scheme or by their labels.
    customer_id
        Column that names customers, read for overrides only; default `customer_id`, or the frame's first column where
        there is none.
    labels
        Language of tiers, levels and reasons, "en" or "zh", or a mapping from the scheme's names to labels.
    reasons
        Whether to say why: of millions of customers the texts take longer than everything else.

    Returns
    -------
    frame
        The same rows in the same order with

        - `tier`: an ordered label, best tier first (an ordered categorical in pandas, Enum in polars, text in pyarrow
          and in lazy engines other than polars);
        - `tier_reason`, such as "clv 1234 >= 900 (first 80 % of the total)" or "contribution high, potential low";
        - for several criteria `tier_<criterion>`: the level of a matrix, the points, or the weighted part of a sum;
          and `tier_score`, their sum.

        Columns of these names that are there already are replaced.

    Raises
    ------
    InputError
        If a column is missing, not numeric, infinite, or null where the scheme has no level for the unknown; if the
        frame is empty; if a combination of levels is undecided; if overrides name customers or tiers that there are
        not; if thresholds were found on another column.

    Notes
    -----
    A scheme by shares is turned into thresholds on the customers of the frame, and a threshold is the shortest number
    that splits them in the same way (900 between 897.2 and 903.1). So equal scores share a tier, and neither the order
    of rows nor the library decides anything. With few customers tiers may stay empty; one customer is in the best.
    The rule for who crosses a cut is told by `tiers.abc` and `tiers.quantiles`.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "clv": [120.0, 700.0, 150.0, 30.0]})
    >>> cv.assign_tiers(customers).drop(columns="clv")
      customer_id tier                                   tier_reason
    0           a    B  clv 120 >= 100, < 150 (80 to 95 % of the total)
    1           b    A             clv 700 >= 150 (first 80 % of the total)
    2           c    A             clv 150 >= 150 (first 80 % of the total)
    3           d    C               clv 30 < 100 (last 5 % of the total)
    >>> by_hand = cv.assign_tiers(customers, overrides={"d": "A"})
    >>> by_hand["tier_reason"][3]
    'set by hand: A instead of C: clv 30 < 100 (last 5 % of the total)'
    """
    scheme = _require_scheme(scheme)
    text_value(name, "name")
    shown = label_texts(scheme.tiers, scheme.labels, labels, "tiers")
    language = labels if isinstance(labels, str) else "en"
    optional_text(customer_id, "customer_id")
    truth_value(reasons, "reasons")
    opened = open_frame(frame)
    columns = _columns(scheme, score)
    require_columns(opened, columns, what="frame", maker=_maker(columns))
    made = {name, f"{name}_reason", f"{name}_score", *(f"{name}_{criterion.name}" for criterion in scheme.criteria)}
    if twice := sorted(made & {*columns, customer_id}):
        raise InputError(f"name={name!r} would write over {twice}, which are read; give the tier another name.")
    on_engine = isinstance(opened, nw.LazyFrame) and engine_of(opened) != "polars"
    if isinstance(opened, nw.LazyFrame) and overrides is None and (scheme.fitted or on_engine):
        if scheme.fitted:
            _check_lazily(opened, scheme, columns)
        else:
            scheme = _fit(scheme, _numbers(collect(opened.select(columns)), scheme, columns), columns)
        return cast(FrameT, elsewhere(opened, scheme, columns[0], name, shown, language, reasons=reasons).to_native())

    eager, back = to_eager(frame, "frame", "assign_tiers")
    numbers = _numbers(eager, scheme, columns)
    found = in_memory(numbers, _fit(scheme, numbers, columns), columns[0], name, language, reasons=reasons)
    codes, said = found.tiers, found.reasons
    if overrides is not None:
        column = id_column(eager, customer_id)
        by_hand = read_overrides(overrides, column, name, scheme, shown)
        codes, said = _set_by_hand(eager, column, by_hand, found, shown, language)
    new: dict[str, Column] = {name: categorical(codes, shown, eager)}
    if reasons and said is not None:
        new[f"{name}_reason"] = said
    return cast(FrameT, back(with_arrays(eager, new | found.breakdown)))


def fit_tier_scheme(frame: object, *, scheme: TierScheme | str | None = None, score: str | None = None) -> TierScheme:
    """Turn the shares, quantiles and limits of a scheme into thresholds on these customers, to be kept.

    Collects once; of a lazy frame, of whatever engine, only the columns that the scheme reads.

    With a scheme by shares somebody moves down whenever somebody else moves up. Thresholds that are kept judge each
    customer by himself, the same from month to month.

    Parameters
    ----------
    frame
        One row per customer.
    scheme
        What the tiers are: a `TierScheme`, or the name of a preset; default `tiers.abc()`.
    score
        Column that a scheme of one score cuts; default `clv`.

    Returns
    -------
    TierScheme
        The same tiers with thresholds, which `assign_tiers` takes for any customers. On the frame itself it gives the
        tiers that the scheme gives. A scheme of thresholds only remembers its column.

    Raises
    ------
    InputError
        As `assign_tiers` does.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"clv": [897.2, 903.1, 40.0, 5.0]})
    >>> scheme = cv.fit_tier_scheme(customers, scheme=cv.segments.tiers.quantiles((0.25, 0.75)))
    >>> scheme
    <TierScheme: A, B, C; clv >= 900, 40, fitted from 25 %, 75 % of customers>
    >>> cv.assign_tiers(pd.DataFrame({"clv": [899.0]}), scheme=scheme)["tier_reason"][0]
    'clv 899 >= 40, < 900 (25 to 75 % of customers)'
    """
    scheme = _require_scheme(scheme)
    columns = _columns(scheme, score)
    opened = open_frame(frame)
    require_columns(opened, columns, what="frame", maker=_maker(columns))
    return _fit(scheme, _numbers(collect(opened.select(columns)), scheme, columns), columns)


def _require_scheme(scheme: object) -> TierScheme:
    if scheme is None:
        return preset("abc")
    if isinstance(scheme, str):
        return preset(scheme)
    if not isinstance(scheme, TierScheme):
        raise InputError(
            f"scheme must be a TierScheme, such as segments.tiers.abc(), or one of {preset_names()}; got "
            f"{type(scheme).__name__}."
        )
    if undecided := scheme.check().undecided:
        raise InputError(f"every combination of levels must have a tier; undecided are {list(undecided)}.")
    return scheme


def _columns(scheme: TierScheme, score: str | None) -> list[str]:
    """Return the columns that a scheme reads."""
    optional_text(score, "score")
    if scheme.criteria:
        if score is not None:
            raise InputError(f"score is for a scheme of one score; this one reads {list(scheme.columns)}.")
        return list(scheme.columns)
    if scheme.score is not None and score not in {None, scheme.score}:
        raise InputError(f"the thresholds of this scheme were found on {scheme.score!r}, not on score={score!r}.")
    return [score or scheme.score or _DEFAULT_SCORE]


def _maker(columns: list[str]) -> str:
    """Name the functions that make columns of these names."""
    makers = {column: maker for column, maker in _MAKERS.items() if column in columns}
    return "; ".join(f"{maker} makes {column}" for column, maker in makers.items())


def _may_be_null(scheme: TierScheme) -> set[str]:
    refused = {criterion.column for criterion in scheme.criteria if criterion.unknown is None}
    return set(scheme.columns) - refused


def _numbers(frame: EagerFrame, scheme: TierScheme, columns: list[str]) -> EagerFrame:
    """Return the columns that a scheme reads, checked, as floats."""
    require_some(len(frame), "frame")
    nulls = _may_be_null(scheme)
    return make_frame(
        {column: numeric_column(frame, column, what="frame", nulls=column in nulls) for column in columns}, frame
    )


def _check_lazily(frame: nw.LazyFrame[Any], scheme: TierScheme, columns: list[str]) -> None:
    schema, nulls = schema_of(frame), _may_be_null(scheme)
    rules: dict[str, tuple[nw.Expr, str]] = {}
    for column in columns:
        require_numeric(schema[column], column)
        value = nw.col(column).cast(nw.Float64)
        missing = value.is_null() | value.is_nan()
        rules[f"{column} must be finite"] = (value.is_finite() | missing, "")
        if column not in nulls:
            rules[f"{column} must not be null or NaN"] = (~missing, "")
    require_some(int(require_lazy(frame, rules)["n"]), "frame")


def _fit(scheme: TierScheme, numbers: EagerFrame, columns: list[str]) -> TierScheme:
    criteria = tuple(criterion.fit(float_column(numbers.get_column(criterion.column))) for criterion in scheme.criteria)
    scheme = replace(scheme, criteria=criteria, score=None if criteria else columns[0])
    if scheme.cut is None or scheme.cut.fitted:
        return scheme
    if scheme.kind == "points":
        raise InputError("the total of points is cut by thresholds: TierCut('threshold', ...).")
    total = numbers.select(number=the_number(scheme, columns[0])).get_column("number")
    return replace(scheme, cut=scheme.cut.fit(float_column(total)))


def _set_by_hand(
    frame: EagerFrame, column: str, by_hand: Overrides, found: Found, shown: list[str], language: str
) -> tuple[Codes, nw.Series[Any] | None]:
    """Return tiers and reasons with those of the customers that are set by hand."""
    rows = positions(frame, column, by_hand)
    codes, reasons = found.tiers.copy(), found.reasons
    said = []
    for row, customer in rows:
        codes[row], note = by_hand[customer]
        if reasons is not None:
            said.append(set_by_hand(shown[codes[row]], shown[found.tiers[row]], reasons[row], note, language))
    if reasons is not None and said:
        reasons = reasons.scatter([row for row, _ in rows], said)
    return codes, reasons
