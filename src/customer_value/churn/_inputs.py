"""What a churn classifier is given, as columns, outcomes, weights and groups that follow its rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_array, column_or_1d

from customer_value import _estimator_inputs
from customer_value._frames import Column, nw, without_zone
from customer_value._validation import require_choice, require_rows
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
    """Return the columns of a frame or a matrix by name, timestamps as their own zone's clock shows them."""
    columns = _estimator_inputs.read_columns(estimator, X, reset=reset, nan=True)
    return {name: without_zone(each) if isinstance(each, nw.Series) else each for name, each in columns.items()}


def read_rows(estimator: Any, X: Any, y: Any, sample_weight: Any, groups: Any = None) -> Rows:
    """Return the rows of a fit without those of weight 0, and with those of whole-number weight as often as it says."""
    columns = read_columns(estimator, X, reset=True)
    classes, outcome = _outcome(estimator, y)
    n = len(next(iter(columns.values())))
    _estimator_inputs.require_same_length(n, outcome, "y")
    weights = _weights(sample_weight, n)
    customers = None if groups is None else group_codes(groups)
    if customers is not None:
        _estimator_inputs.require_same_length(n, customers, "groups")
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
    weights = _estimator_inputs.read_weights(sample_weight, n)
    require_rows(
        (weights >= 0) & (weights < _LARGEST_WEIGHT),
        f"sample_weight must be 0 or above, and below {_LARGEST_WEIGHT:.0e}",
    )
    return weights


def _repeatable(weights: Floats) -> bool:
    return bool((weights == np.floor(weights)).all() and weights.sum() <= _MOST_REPEATS * weights.size)


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
