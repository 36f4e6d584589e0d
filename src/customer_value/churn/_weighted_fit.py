"""Fitting any scikit-learn classifier on rows that stand for many equal ones."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.linalg import LinAlgWarning
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from customer_value.churn._spells import Floats
from customer_value.errors import ConvergenceError, InputError


def require_classifier(estimator: Any) -> None:
    """Raise unless this is a classifier with probabilities, made but not necessarily fitted."""
    if isinstance(estimator, type):
        raise InputError(f"estimator must be made first: write {estimator.__name__}() with brackets.")
    if not hasattr(estimator, "predict_proba"):
        raise InputError(f"estimator must have predict_proba; {type(estimator).__name__} has not.")


def fit_logistic(matrix: Floats, events: Floats, stayed: Floats) -> LogisticRegression:
    """Fit a logistic regression by maximum likelihood, or raise where there is no maximum."""
    estimator = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-9, max_iter=200)
    with warnings.catch_warnings():
        # The solver warns where it meets a singular Hessian or ends away from an optimum; neither is an estimate.
        warnings.simplefilter("error")
        try:
            return fit_counts(estimator, matrix, events, stayed)
        except (ConvergenceWarning, LinAlgWarning, RuntimeWarning) as error:
            raise ConvergenceError(
                f"the logistic regression found no optimum ({str(error).split('.')[0]}). A covariate may follow from "
                "others, or tell leavers apart without an error: leave it out, put rare levels together, or give "
                "estimator=LogisticRegression(C=1)."
            ) from None


def fit_counts(estimator: Any, matrix: Floats, events: Floats, stayed: Floats) -> Any:
    """Fit on rows of which so many had the event and so many had not.

    By weights; rows are repeated for an estimator that takes none.
    """
    left, there = np.flatnonzero(events > 0), np.flatnonzero(stayed > 0)
    rows = np.concatenate([there, left])
    y = np.repeat([0, 1], [there.size, left.size])
    weight = np.concatenate([stayed[there], events[left]])
    name = _weight_name(estimator)
    if name is not None:
        return estimator.fit(matrix[rows], y, **({} if (weight == 1).all() else {name: weight}))
    if (weight != np.floor(weight)).any():
        raise InputError(
            f"{type(estimator).__name__} takes no sample_weight, and parts of periods (or weights that are no whole "
            "numbers) need one. Take an estimator that has it, or a width of which durations and entries are multiples."
        )
    times = weight.astype(np.intp)
    return estimator.fit(np.repeat(matrix[rows], times, axis=0), np.repeat(y, times))


def _weight_name(estimator: Any) -> str | None:
    """Return the name of the argument that takes weights; that of its last step for a pipeline."""
    if isinstance(estimator, Pipeline):
        step, last = estimator.steps[-1]
        inner = _weight_name(last)
        return None if inner is None else f"{step}__{inner}"
    return "sample_weight" if has_fit_parameter(estimator, "sample_weight") else None
