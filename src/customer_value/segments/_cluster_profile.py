"""What each cluster is like: how many customers, and each feature's mean and median against all."""

from __future__ import annotations

from typing import Any

import numpy as np

from customer_value._frames import Column, EagerFrame, texts
from customer_value.segments._prepare import CategoryColumn, Preparation

Floats = np.ndarray[Any, np.dtype[np.float64]]
Labels = np.ndarray[Any, np.dtype[np.int64]]


def profile_columns(
    labels: Labels,
    names: list[str],
    preparation: Preparation,
    matrix: Floats,
    prepared: Floats,
    spread: Floats,
    like: EagerFrame,
) -> dict[str, Column]:
    """Return the columns of a profile: one row per cluster and prepared column, clusters in order."""
    given = _as_given(preparation, matrix)
    k, width = len(names), len(preparation.names)
    sizes = np.bincount(labels[labels >= 0], minlength=k)
    means, medians = _by_cluster(given, labels, k)
    of_level = np.isin(preparation.owners, preparation.categorical)
    medians[:, of_level] = np.nan
    everybody = np.zeros(len(labels), dtype=np.int64)
    average, _ = _by_cluster(given, everybody, 1)
    middle, _ = _by_cluster(prepared, everybody, 1)
    apart = np.divide(_by_cluster(prepared, labels, k)[0] - middle, spread, out=np.zeros((k, width)), where=spread > 0)
    apart[sizes == 0] = np.nan
    relative = np.divide(means, average, out=np.full((k, width), np.nan), where=average > 0)
    cluster, feature = np.repeat(np.arange(k), width), np.tile(np.arange(width), k)
    return {
        "cluster": cluster + 1,
        "cluster_name": texts(cluster, names, like),
        "customers": sizes[cluster],
        "share_of_customers": sizes[cluster] / len(labels),
        "feature": texts(feature, preparation.names, like),
        "mean": means.ravel(),
        "median": medians.ravel(),
        "relative_to_all": relative.ravel(),
        "apart": apart.ravel(),
    }


def _as_given(preparation: Preparation, matrix: Floats) -> Floats:
    """Numbers as they are, and of each level who has it, as 0 and 1 (one that the fit did not see: its share)."""
    columns = [
        column.backward(column.forward(values)) if isinstance(column, CategoryColumn) else values[:, None]
        for column, values in zip(preparation.columns, matrix.T, strict=True)
    ]
    return np.hstack(columns)


def _by_cluster(values: Floats, labels: Labels, n_clusters: int) -> tuple[Floats, Floats]:
    """Means and medians of each column by cluster (null of nobody), over sorted values: no order of rows counts."""
    means, medians = np.full((2, n_clusters, values.shape[1]), np.nan)
    ends = np.cumsum(np.bincount(labels[labels >= 0], minlength=n_clusters))
    inside = labels >= 0
    for j, column in enumerate(values[inside].T):
        ordered = column[np.lexsort((column, labels[inside]))]
        for i, members in enumerate(np.split(ordered, ends[:-1])):
            if members.size:
                means[i, j], medians[i, j] = members.mean(), np.median(members)
    return means, medians
