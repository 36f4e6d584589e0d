"""What a churn classifier is given, as columns, outcomes, weights and groups that follow its rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_array, column_or_1d, validate_data

from customer_value._frames import Column, collect, nw, open_frame, without_zone
from customer_value._validation import require_choice, require_rows, require_some
from customer_value.churn._folds import group_codes
from customer_value.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]

_LARGEST_WEIGHT = 1e15  # the sum of many is still a whole number
_MOST_REPEATS = 10  # times the rows: weights that would make a larger table go to the models as weights


@dataclass(frozen=True)
class Rows:
    """The rows of a fit that count."""

    columns: dict[str, Column]
    events: Floats
    weights: Floats
    customers: np.ndarray[Any, np.dtype[np.intp]] | None
    classes: np.ndarray[Any, Any]


def read_columns(estimator: Any, X: Any, *, reset: bool) -> dict[str, Column]:
    """Return the columns of a frame or a numeric array by name; scikit-learn records or compares their names."""
    frame = _as_frame(X)
    if frame is None and not (hasattr(X, "shape") or hasattr(X, "__array__") or isinstance(X, Sequence)):
        raise InputError(f"X must be a DataFrame or a matrix of numbers; got {type(X).__name__}.")
    try:
        if frame is None:
            checked = validate_data(estimator, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan")
            names = getattr(estimator, "feature_names_in_", [f"x{i}" for i in range(checked.shape[1])])
            return dict(zip(map(str, names), checked.T, strict=True))
        require_some(len(frame), "frame")
        validate_data(estimator, frame.to_native(), reset=reset, skip_check_array=True)
    except ValueError as error:
        raise error if isinstance(error, InputError) else InputError(str(error)) from None
    return {name: without_zone(frame.get_column(name)) for name in frame.columns}


def _as_frame(X: Any) -> nw.DataFrame[Any] | None:
    """A DataFrame whose columns have names; arrays, lists and frames with numbers for names are arrays to us."""
    if not isinstance(nw.from_native(X, pass_through=True), (nw.DataFrame, nw.LazyFrame)):
        return None
    frame = collect(open_frame(X))
    return frame if all(isinstance(name, str) for name in frame.columns) else None


def read_rows(estimator: Any, X: Any, y: Any, sample_weight: Any, groups: Any = None) -> Rows:
    """Return the rows of a fit without those of weight 0, and with those of whole-number weight as often as it says."""
    columns = read_columns(estimator, X, reset=True)
    classes, outcome = _outcome(estimator, y)
    n = len(next(iter(columns.values())))
    _same_length(n, outcome, "y")
    weights = _weights(sample_weight, n)
    customers = None if groups is None else group_codes(groups)
    if customers is not None:
        _same_length(n, customers, "groups")
    times = weights if _repeatable(weights) else (weights > 0).astype(np.float64)
    chosen = np.repeat(np.arange(n), times.astype(np.intp))
    classes, events = np.unique(outcome[chosen], return_inverse=True) if chosen.size else (classes[:0], outcome[:0])
    if classes.size != 2:
        raise InputError(
            f"churn needs two classes, those who left and those who stayed; y has {classes.size} class(es) in the rows "
            f"of positive weight: {classes.tolist()}. Look at the horizon, and at which customers were active."
        )
    return Rows(
        {name: column[chosen] for name, column in columns.items()},
        events.astype(np.float64),
        np.ones(chosen.size) if times is weights else weights[chosen],
        None if customers is None else customers[chosen],
        classes,
    )


def _outcome(estimator: Any, y: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    if y is None:
        raise InputError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None: give each row's outcome."
        )
    if isinstance(given := nw.from_native(y, series_only=True, pass_through=True), nw.Series):
        missing = given.is_null().to_numpy()
        require_rows(
            ~missing.astype(bool), "y must not be missing", "split_xy(panel, unlabelled='drop') leaves them out."
        )
        y = given.to_numpy()
    try:
        labels = column_or_1d(check_array(y, ensure_2d=False, dtype=None, input_name="y"), warn=True)
        kind = type_of_target(labels, input_name="y", raise_unknown=True)
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from None
    if kind != "binary":
        raise InputError(
            f"Only binary classification is supported. The type of the target is {kind}. Churn is one of two outcomes, "
            "such as 0 and 1."
        )
    return np.unique(labels), labels


def _weights(sample_weight: Any, n: int) -> Floats:
    if sample_weight is None:
        return np.ones(n)
    try:
        weights = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError("sample_weight must be numbers, one per row.") from None
    if weights.ndim == 0:
        weights = np.full(n, float(weights))
    if weights.ndim != 1:
        raise InputError(f"sample_weight must have one dimension; its shape is {weights.shape}.")
    _same_length(n, weights, "sample_weight")
    require_rows(
        (weights >= 0) & (weights < _LARGEST_WEIGHT),
        f"sample_weight must be 0 or above, and below {_LARGEST_WEIGHT:.0e}",
    )
    if not weights.any():
        raise InputError("every sample_weight is zero: no row is left to learn from.")
    return weights


def _repeatable(weights: Floats) -> bool:
    return bool((weights == np.floor(weights)).all() and weights.sum() <= _MOST_REPEATS * weights.size)


def _same_length(n: int, values: np.ndarray[Any, Any], name: str) -> None:
    if values.size != n:
        raise InputError(f"X has {n} rows and {name} {values.size}; give one per row.")


def class_weights(given: Any, classes: np.ndarray[Any, Any], events: Floats, weights: Floats) -> Floats:
    """Return each row's factor for its class."""
    if given is None:
        return np.ones(events.size)
    if isinstance(given, Mapping):
        if unknown := [label for label in given if label not in classes]:
            raise InputError(f"class_weight names {unknown}, which are none of the classes {classes.tolist()}.")
        stayed, left = (float(given.get(label, 1.0)) for label in classes)
    else:
        require_choice("class_weight", given, ("balanced",))
        total, events_total = weights.sum(), weights @ events
        stayed, left = total / (2 * (total - events_total)), total / (2 * events_total)
    return np.where(events > 0, left, stayed)
