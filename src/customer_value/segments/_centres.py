"""Centres of clusters: who is nearest, how far, and which cluster comes first."""

from __future__ import annotations

from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Labels = np.ndarray[Any, np.dtype[np.int64]]


def squared_distances(prepared: Floats, centres: Floats) -> Floats:
    """Squared Euclidean distance of each row to each centre.

    Column by column, so that a customer's distances have the same bits among whichever others he is scored.
    """
    found = np.zeros((len(prepared), len(centres)), order="F")
    for i, centre in enumerate(centres):
        for j, place in enumerate(centre):
            found[:, i] += (prepared[:, j] - place) ** 2
    return found


def nearest_centre(prepared: Floats, centres: Floats) -> Labels:
    """Position of the nearest centre, of equally near ones the first."""
    nearest: Labels = squared_distances(prepared, centres).argmin(axis=1).astype(np.int64)
    return nearest


def member_means(values: Floats, weights: Floats, labels: Labels, n_clusters: int) -> Floats:
    """Weighted mean of each column over the members of each cluster."""
    sizes = np.bincount(labels, weights=weights, minlength=n_clusters)
    sums = [np.bincount(labels, weights=weights * column, minlength=n_clusters) for column in values.T]
    means: Floats = np.column_stack(sums) / sizes[:, None]
    return means


def best_first(scores: Floats, centres: Floats) -> Labels:
    """Order of the clusters by score, the highest first; equal scores by their centres, never by chance."""
    return np.lexsort((*(-centres.T)[::-1], -scores)).astype(np.int64)
