"""Any scikit-learn compatible clusterer behind one face: fitted on prepared customers, labels for new ones."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.validation import has_fit_parameter

from customer_value.errors import InputError
from customer_value.segments._prepare import Preparation

Floats = np.ndarray[Any, np.dtype[np.float64]]
Labels = np.ndarray[Any, np.dtype[np.int64]]

_MOST_REPEATS = 10_000_000  # rows that weights may stand for where a clusterer takes no weights


@dataclass(frozen=True)
class Labeller:
    """A fitted clusterer and how it labels rows: by its own `predict`, else as the nearest row of the fit."""

    model: Any
    nearest: Any = None
    labels: Labels | None = None  # of the rows of the fit, where there is no predict

    def __call__(self, preparation: Preparation, matrix: Floats, prepared: Floats) -> Labels:
        """Return the clusterer's own labels."""
        if self.labels is not None:
            found: Labels = self.labels[self.nearest.kneighbors(prepared, return_distance=False)[:, 0]]
            return found
        told = _told(self.model.predict, preparation)
        rows = _rows(self.model, preparation, matrix, prepared)
        return np.asarray(self.model.predict(rows, **told), dtype=np.int64)


def fit_clusterer(
    clusterer: Any,
    preparation: Preparation,
    matrix: Floats,
    prepared: Floats,
    weights: Floats,
    *,
    n_clusters: int,
    random_state: Any,
) -> Labeller:
    """Fit a clone on distinct rows with weights."""
    model = _ready(clusterer, n_clusters, random_state)
    told = _told(model.fit, preparation)
    rows = _rows(model, preparation, matrix, prepared)
    if has_fit_parameter(model, "sample_weight"):
        told["sample_weight"] = weights
        first = np.arange(len(rows))
    else:
        times = _repeats(weights, type(model).__name__)
        rows = np.repeat(rows, times, axis=0)
        first = np.concatenate([[0], np.cumsum(times)[:-1]])
    try:
        model.fit(rows, **told)
    except ValueError as error:
        raise InputError(f"{type(model).__name__} cannot be fitted to these customers: {error}") from None
    if hasattr(model, "predict"):
        return Labeller(model)
    if not hasattr(model, "labels_"):
        raise InputError(f"{type(model).__name__} gives neither labels_ nor predict: it is no clusterer.")
    nearest = NearestNeighbors(n_neighbors=1).fit(prepared)
    return Labeller(model, nearest, np.asarray(model.labels_, dtype=np.int64)[first])


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


def _rows(model: Any, preparation: Preparation, matrix: Floats, prepared: Floats) -> Any:
    """Rows as the clusterer wants them: prepared, or numbers prepared and categories as codes if it knows these."""
    if not _takes(model.fit, "categorical"):
        return np.ascontiguousarray(prepared)
    mixed = matrix.astype(object)
    for j in set(range(matrix.shape[1])) - set(preparation.categorical):
        mixed[:, j] = prepared[:, preparation.owners == j][:, 0]
    return mixed


def _told(function: Any, preparation: Preparation) -> dict[str, Any]:
    return {"categorical": preparation.categorical} if _takes(function, "categorical") else {}


def _repeats(weights: Floats, name: str) -> np.ndarray[Any, np.dtype[np.intp]]:
    if not (weights == np.floor(weights)).all() or weights.sum() > _MOST_REPEATS:
        raise InputError(
            f"{name} takes no sample_weight, so weights must be whole numbers, to repeat rows by, and at most "
            f"{_MOST_REPEATS:,} in all."
        )
    return weights.astype(np.intp)


def _takes(function: Any, parameter: str) -> bool:
    return parameter in inspect.signature(function).parameters
