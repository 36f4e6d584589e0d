"""A fitted model asked why: Shapley values of its log-odds, column by column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logit
from threadpoolctl import threadpool_limits

from customer_value._frames import EagerFrame, nw
from customer_value._validation import require_columns
from customer_value.churn._feature_columns import FeatureColumn, Floats, read_feature
from customer_value.churn._rule_reasons import Reason
from customer_value.errors import InputError

_SURE = 1e-9  # probabilities are kept this far from 0 and 1
_BACKGROUND = 30  # rows that stand for the typical customer
_COALITIONS = 256  # sampled per customer, beside leaving out and leaving in each column alone


@dataclass(frozen=True)
class _Asked:
    """A model's inputs as codes of the distinct values of each column, and the log-odds of such rows."""

    names: list[str]
    codes: Floats
    log_odds: Callable[[Floats], Floats]


def model_reasons(
    shap: Any,
    model: Any,
    frame: EagerFrame,
    background: EagerFrame | None,
    words: Mapping[str, str],
    texts: Mapping[str, str],
    random_state: int,
) -> list[Reason]:
    """Explain each row's log-odds against rows that stand for the typical customer."""
    names = _features(model)
    require_columns(frame, names, what="frame", maker="The model was fitted on these columns")
    rows = frame.select(names)
    both = rows
    if background is not None:
        require_columns(background, names, what="background", maker="The model was fitted on these columns")
        both = _stacked(rows, background.select(names))
    asked = _encoded(model, both) if hasattr(model, "log_odds") and hasattr(model, "encode") else _as_given(model, both)
    beside = asked.codes[len(rows) :] if background is not None else asked.codes
    values = _shapley(shap, asked.log_odds, asked.codes[: len(rows)], _spread(beside, asked.log_odds), random_state)
    others = rows if background is None else background
    return [
        _reason(read_feature(rows, name), read_feature(others, name), values[:, asked.names.index(name)], words, texts)
        for name in asked.names
    ]


def _stacked(rows: EagerFrame, background: EagerFrame) -> EagerFrame:
    """Put two frames under each other; a column of numbers of two types becomes one of floats."""
    types, others = rows.schema, background.schema
    differ = [name for name, dtype in types.items() if dtype != others[name]]
    odd = [name for name in differ if not (types[name].is_numeric() and others[name].is_numeric())]
    if odd:
        raise InputError(f"{odd} must have one type in the frame and in the background. Cast one of them.")
    floats = [nw.col(name).cast(nw.Float64) for name in differ]
    return nw.concat([rows.with_columns(*floats), background.with_columns(*floats)])


def _features(model: Any) -> list[str]:
    if not hasattr(model, "predict_proba"):
        raise InputError(f"model must have predict_proba, as a fitted classifier has; got {type(model).__name__}.")
    classes = getattr(model, "classes_", None)
    names = getattr(model, "feature_names_in_", None)
    if classes is None or names is None:
        raise InputError(
            f"{type(model).__name__} must be fitted on a DataFrame, so that it knows its columns by name "
            "(classes_ and feature_names_in_)."
        )
    if len(classes) != 2:
        raise InputError(f"{type(model).__name__} must tell two classes apart; it has {len(classes)}.")
    return [str(name) for name in names]


def _encoded(model: Any, rows: EagerFrame) -> _Asked:
    """Ask a model that shows the matrix its inner models see: no frame is built for each question."""
    matrix = np.asarray(model.encode(rows.to_native()), dtype=np.float64)
    pairs = [np.unique(column, return_inverse=True) for column in matrix.T]
    distinct = [values for values, _ in pairs]

    def log_odds(codes: Floats) -> Floats:
        columns = [values[column.astype(np.int64)] for values, column in zip(distinct, codes.T, strict=True)]
        return np.asarray(model.log_odds(np.column_stack(columns)), dtype=np.float64)

    return _Asked(
        list(model.encoded_names_), np.column_stack([codes for _, codes in pairs]).astype(np.float64), log_odds
    )


def _as_given(model: Any, rows: EagerFrame) -> _Asked:
    """Ask any classifier, with frames of the columns that it was fitted on."""
    names = rows.columns
    codes = [read_feature(rows, name).codes()[0] for name in names]
    firsts = [np.unique(of_column, return_index=True)[1].tolist() for of_column in codes]
    distinct = [rows.get_column(name)[first] for name, first in zip(names, firsts, strict=True)]

    def log_odds(asked: Floats) -> Floats:
        picked = [values[column.astype(np.int64).tolist()] for values, column in zip(distinct, asked.T, strict=True)]
        first, *others = (nw.maybe_reset_index(series) for series in picked)
        proba = np.asarray(model.predict_proba(first.to_frame().with_columns(*others).to_native()), dtype=np.float64)
        odds: Floats = logit(np.clip(proba[:, 1], _SURE, 1 - _SURE))
        return odds

    return _Asked(list(names), np.column_stack(codes).astype(np.float64), log_odds)


def _spread(codes: Floats, log_odds: Callable[[Floats], Floats]) -> Floats:
    """Return rows spread evenly over the scores, whatever the order of the rows."""
    order = np.lexsort((*codes.T, log_odds(codes)))
    places = ((np.arange(_BACKGROUND) + 0.5) * len(codes) / _BACKGROUND).astype(np.int64)
    return codes[order[np.unique(places)]]


def _shapley(
    shap: Any, log_odds: Callable[[Floats], Floats], rows: Floats, background: Floats, random_state: int
) -> Floats:
    """Return the Shapley values of each row by kernel regression (Lundberg & Lee 2017).

    shap draws from numpy's global generator: each row starts it anew, so that its result depends on nothing but the
    row, and afterwards it is put back as it was.
    """
    explainer = shap.KernelExplainer(log_odds, background)
    samples = 2 * rows.shape[1] + _COALITIONS
    state = np.random.get_state()  # noqa: NPY002  # shap's own generator
    try:
        values = np.empty(rows.shape)
        with threadpool_limits(1):  # threads that wait for each other take longer than the few rows of a question
            for i, row in enumerate(rows):
                np.random.seed(random_state)  # noqa: NPY002  # shap takes no other seed
                values[i] = explainer.shap_values(row, nsamples=samples, l1_reg=False, silent=True)
    finally:
        np.random.set_state(state)  # noqa: NPY002  # the caller's draws go on as if nothing had been
    return values


def _reason(
    read: FeatureColumn, others: FeatureColumn, strength: Floats, words: Mapping[str, str], texts: Mapping[str, str]
) -> Reason:
    """Tell a column's value beside the typical one: the median, or the commonest category."""
    known = others.numbers[~others.missing]
    usual = np.nan
    if known.size:
        if others.kind == "category":
            values, counts = np.unique(known, return_counts=True)
            usual = float(values[counts.argmax()])
        else:
            usual = float(np.median(known))
    said = words.get(read.name, read.name.replace("_", " "))

    def text(row: int) -> str:
        return texts["model"].format(name=said, value=read.shown(read.numbers[row]), typical=others.shown(usual))

    numbers = read.kind == "number"
    value = read.numbers if numbers else np.full(read.numbers.size, np.nan)
    typical = np.full(read.numbers.size, usual if numbers else np.nan)
    return Reason(read.name, read.name, strength, value, typical, text)
