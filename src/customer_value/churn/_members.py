"""The models that a churn classifier fits: the named ones, and what any scikit-learn classifier needs around it."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter
from threadpoolctl import threadpool_limits

from customer_value._validation import require_choice
from customer_value.churn._calibration import log_odds
from customer_value.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

_FEW_ROWS = 50_000
_ROWS_AT_ONCE = 32_768  # what models make of them on the way stays small, and in reach of the processor
NAMED = ("blend", "hist_gradient_boosting", "logistic", "random_forest")


@dataclass(frozen=True)
class Member:
    """One model and the design that its columns need: none for trees, which take codes and missing values as they are.

    `model` and `design` are templates until `fit` gives a fitted copy.
    """

    name: str
    model: Any
    design: Any = None

    def fit(self, matrix: Floats, events: Floats, weights: Floats) -> Member:
        """Return a copy fitted to the rows."""
        with _threads_for(events.size):
            return self._fit(matrix, events, weights)

    def scores(self, matrix: Floats) -> Floats:
        """Return the fitted model's log-odds, or its decision function where it has no probabilities."""
        starts = range(0, len(matrix), _ROWS_AT_ONCE) if len(matrix) else [0]
        with _threads_for(len(matrix)):
            return np.concatenate([self._scores(matrix[start : start + _ROWS_AT_ONCE]) for start in starts])

    def _scores(self, matrix: Floats) -> Floats:
        rows = matrix if self.design is None else self.design.transform(matrix)
        if hasattr(self.model, "predict_proba"):
            return log_odds(self.model.predict_proba(rows)[:, 1])
        decision: Floats = self.model.decision_function(rows)
        return decision

    def _fit(self, matrix: Floats, events: Floats, weights: Floats) -> Member:
        model, design = clone(self.model), None if self.design is None else clone(self.design)
        rows = matrix if design is None else design.fit_transform(matrix)
        if (weights == 1).all():
            model.fit(rows, events.astype(np.int64))
        elif has_fit_parameter(model, "sample_weight"):
            model.fit(rows, events.astype(np.int64), sample_weight=weights)
        else:
            raise InputError(
                f"{type(model).__name__} takes no sample_weight, so weights must be whole numbers, which stand for "
                "repeated rows, and class_weight None."
            )
        return replace(self, model=model, design=design)


def _threads_for(rows: int) -> Any:
    """Keep small tables to one thread: threads that wait for their turn on a busy machine cost a hundredfold there."""
    return threadpool_limits(1) if rows <= _FEW_ROWS else nullcontext()


def members_of(estimator: Any, encoding: str, categorical: Flags, random_state: int) -> list[Member]:
    """Return the templates of the models that `estimator` names or is."""
    trees = {"categorical_features": categorical if categorical.any() else None, "random_state": random_state}
    # Small trees, half of the columns for each, find what is smooth; scikit-learn's own defaults find sharp rules.
    slow = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=200, max_leaf_nodes=8, max_features=0.5, early_stopping=False, **trees
    )
    fast = HistGradientBoostingClassifier(early_stopping=False, **trees)
    linear = Member("logistic", LogisticRegression(max_iter=1000), _design(categorical))
    if isinstance(estimator, str):
        require_choice("estimator", estimator, NAMED)
        forest = RandomForestClassifier(300, min_samples_leaf=5, random_state=random_state)
        return {
            "blend": [linear, Member("slow boosting", slow), Member("fast boosting", fast)],
            "hist_gradient_boosting": [Member("hist_gradient_boosting", slow)],
            "logistic": [linear],
            "random_forest": [Member("random_forest", forest)],
        }[estimator]
    if isinstance(estimator, type) or not hasattr(estimator, "fit") or not is_classifier(estimator):
        raise InputError(
            f"estimator must be one of {list(NAMED)} or a scikit-learn classifier such as LogisticRegression(); "
            f"got {estimator!r}."
        )
    model = clone(estimator)
    known = model.get_params(deep=False)
    if "random_state" in known and known["random_state"] is None:
        model.set_params(random_state=random_state)
    if isinstance(model, HistGradientBoostingClassifier) and categorical.any():
        model.set_params(categorical_features=categorical)
    codes = encoding == "ordinal" or (encoding == "auto" and _takes_codes(model))
    return [Member(type(model).__name__, model, None if codes else _design(categorical))]


def _takes_codes(model: Any) -> bool:
    """Whether a model takes missing values itself, which of scikit-learn's and its kin the trees do.

    A pipeline says so too where it starts with an imputer, and what follows need not be a tree.
    """
    return bool(get_tags(model).input_tags.allow_nan) and not isinstance(model, Pipeline)


def _design(categorical: Flags) -> Any:
    """Columns for models of sums and distances: medians and flags where missing, equal scales, one-hot levels."""
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
    )
    levels = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    parts = [("numbers", numbers, np.flatnonzero(~categorical)), ("levels", levels, np.flatnonzero(categorical))]
    return ColumnTransformer([part for part in parts if part[2].size])
