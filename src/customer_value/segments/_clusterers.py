"""Any scikit-learn compatible clusterer behind one face: fitted on prepared customers, labels for new ones."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.validation import has_fit_parameter

from customer_value.errors import InputError
from customer_value.segments._prepare import Preparation

Floats = np.ndarray[Any, np.dtype[np.float64]]
Labels = np.ndarray[Any, np.dtype[np.int64]]
Predictor = Callable[[Floats, Floats], Labels]  # features and prepared features -> the clusterer's own labels

_MOST_REPEATS = 10_000_000  # rows that weights may stand for where a clusterer takes no weights


def fit_clusterer(
    clusterer: Any,
    matrix: Floats,
    prepared: Floats,
    weights: Floats,
    *,
    preparation: Preparation,
    n_clusters: int,
    random_state: Any,
) -> tuple[Any, Predictor]:
    """Fit a clone on distinct rows with weights; return it and how it labels rows."""
    model = _ready(clusterer, n_clusters, random_state)
    shown = _mixed if _takes(model.fit, "categorical") else _prepared
    given = {"categorical": preparation.categorical} if _takes(model.fit, "categorical") else {}
    rows = shown(preparation, matrix, prepared)
    if has_fit_parameter(model, "sample_weight"):
        model.fit(rows, sample_weight=weights, **given)
        first = np.arange(len(rows))
    else:
        times = _repeats(weights, type(model).__name__)
        model.fit(np.repeat(rows, times, axis=0), **given)
        first = np.concatenate([[0], np.cumsum(times)[:-1]])

    if hasattr(model, "predict"):
        extra = given if _takes(model.predict, "categorical") else {}

        def predict(matrix: Floats, prepared: Floats) -> Labels:
            return np.asarray(model.predict(shown(preparation, matrix, prepared), **extra), dtype=np.int64)

        return model, predict
    if not hasattr(model, "labels_"):
        raise InputError(f"{type(model).__name__} gives neither labels_ nor predict: it is no clusterer.")
    labels = np.asarray(model.labels_, dtype=np.int64)[first]
    nearest = NearestNeighbors(n_neighbors=1).fit(prepared)

    def as_the_nearest(matrix: Floats, prepared: Floats) -> Labels:
        found: Labels = labels[nearest.kneighbors(prepared, return_distance=False)[:, 0]]
        return found

    return model, as_the_nearest


def _ready(clusterer: Any, n_clusters: int, random_state: Any) -> Any:
    if isinstance(clusterer, type) or not (hasattr(clusterer, "fit") and hasattr(clusterer, "get_params")):
        raise InputError(
            f"clusterer must be an estimator that scikit-learn can clone, such as GaussianMixture(); got {clusterer!r}."
        )
    model = clone(clusterer)
    own = model.get_params(deep=False)
    asked = {name: n_clusters for name in ("n_clusters", "n_components") if name in own}
    if "random_state" in own and own["random_state"] is None:
        asked["random_state"] = random_state
    return model.set_params(**asked)


def _prepared(preparation: Preparation, matrix: Floats, prepared: Floats) -> Any:
    return np.ascontiguousarray(prepared)


def _mixed(preparation: Preparation, matrix: Floats, prepared: Floats) -> Any:
    """Numbers prepared and categories as codes, for clusterers that are told which columns are categories."""
    mixed = np.empty(matrix.shape, dtype=object)
    for j in range(matrix.shape[1]):
        own = matrix if j in preparation.categorical else prepared[:, preparation.owners == j]
        mixed[:, j] = own[:, j if j in preparation.categorical else 0]
    return mixed


def _repeats(weights: Floats, name: str) -> np.ndarray[Any, np.dtype[np.intp]]:
    if not (weights == np.floor(weights)).all() or weights.sum() > _MOST_REPEATS:
        raise InputError(
            f"{name} takes no sample_weight, so weights must be whole numbers, to repeat rows by, and at most "
            f"{_MOST_REPEATS:,} in all."
        )
    return weights.astype(np.intp)


def _takes(function: Any, parameter: str) -> bool:
    return parameter in inspect.signature(function).parameters
