"""From prepared customers to clusters in their order: by k-means, or by a clusterer that was given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from customer_value.errors import InputError
from customer_value.segments._centres import best_first, member_means, nearest_centre
from customer_value.segments._clusterers import Labeller, fit_clusterer
from customer_value.segments._prepare import CategoryColumn, Preparation
from customer_value.segments._starts import kmeans

Floats = np.ndarray[Any, np.dtype[np.float64]]
Labels = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Rows:
    """Distinct customers of a fit: their features, the same prepared, and how often each counts."""

    preparation: Preparation
    matrix: Floats
    prepared: Floats
    weights: Floats

    def where(self, chosen: np.ndarray[Any, np.dtype[np.bool_]]) -> Rows:
        """Choose some."""
        return Rows(self.preparation, self.matrix[chosen], self.prepared[chosen], self.weights[chosen])


@dataclass(frozen=True)
class Order:
    """By what clusters are put in order."""

    value: str | None
    lower_is_better: tuple[str, ...]


@dataclass(frozen=True)
class Clusters:
    """Centres in prepared space, the best cluster first, and the label of each row (-1 is noise)."""

    centres: Floats
    labels: Labels
    n_iter: int | None
    labeller: Labeller | None = None  # of a clusterer that was given
    numbers: dict[int, int] = field(default_factory=dict)  # its own labels -> ours


def find_by_kmeans(
    rows: Rows, order: Order, n_clusters: int, n_init: int, minibatch: bool, random_state: Any
) -> Clusters:
    """Run k-means and put its clusters in order."""
    found = kmeans(
        rows.prepared,
        rows.weights,
        n_clusters=n_clusters,
        n_init=n_init,
        minibatch=minibatch,
        random_state=random_state,
    )
    labels = nearest_centre(rows.prepared, found.matrix)
    sizes = np.bincount(labels, minlength=n_clusters)
    if not sizes.all():
        raise InputError(
            f"k-means finds {np.count_nonzero(sizes)} clusters where n_clusters={n_clusters} were asked for: too few "
            "customers differ. Ask for fewer clusters, or give more features."
        )
    ranked = best_first(_scores(rows, labels, found.matrix, order), found.matrix)
    return Clusters(found.matrix[ranked], np.argsort(ranked)[labels].astype(np.int64), found.n_iter)


def find_by_clusterer(clusterer: Any, rows: Rows, order: Order, n_clusters: int, random_state: Any) -> Clusters:
    """Fit the clusterer, and put its clusters in order; their centres are the means of their members."""
    labeller = fit_clusterer(
        clusterer,
        rows.preparation,
        rows.matrix,
        rows.prepared,
        rows.weights,
        n_clusters=n_clusters,
        random_state=random_state,
    )
    own, codes = np.unique(labeller(rows.preparation, rows.matrix, rows.prepared), return_inverse=True)
    noise = int((own < 0).sum())
    labels = np.maximum(codes - noise, -1).astype(np.int64)
    if noise == own.size:
        raise InputError(f"{type(clusterer).__name__} found no cluster: it calls every customer noise.")
    members, inside = rows.where(labels >= 0), labels[labels >= 0]
    centres = member_means(members.prepared, members.weights, inside, own.size - noise)
    ranked = best_first(_scores(members, inside, centres, order), centres)
    numbers = {int(own[noise + old]): new for new, old in enumerate(ranked)}
    number_of = np.append(np.argsort(ranked), -1)
    n_iter = getattr(labeller.model, "n_iter_", None)
    return Clusters(centres[ranked], number_of[labels].astype(np.int64), n_iter, labeller, numbers)


def sizes_and_inertia(found: Clusters, rows: Rows) -> tuple[Floats, float]:
    """Weight of each cluster's members, and the sum of their squared distances to the centre."""
    members, labels = rows.where(found.labels >= 0), found.labels[found.labels >= 0]
    squares = np.zeros(labels.size)
    for column, places in zip(members.prepared.T, found.centres.T, strict=True):
        squares += (column - places[labels]) ** 2
    sizes = np.bincount(labels, weights=members.weights, minlength=len(found.centres))
    return np.asarray(sizes, dtype=np.float64), float((squares * members.weights).sum())


def _scores(rows: Rows, labels: Labels, centres: Floats, order: Order) -> Floats:
    """How good each cluster is: by the mean of the value column, or of all numbers as prepared, else by its size."""
    columns, owners = rows.preparation.columns, rows.preparation.owners
    signs = np.array([-1.0 if column.name in order.lower_is_better else 1.0 for column in columns])
    if order.value is not None:
        at = [column.name for column in columns].index(order.value)
        means: Floats = signs[at] * member_means(rows.matrix[:, [at]], rows.weights, labels, len(centres))[:, 0]
        return means
    numeric = [i for i, owner in enumerate(owners) if not isinstance(columns[owner], CategoryColumn)]
    if numeric:
        scores: Floats = (centres[:, numeric] * signs[owners[numeric]]).mean(axis=1)
        return scores
    return np.asarray(np.bincount(labels, weights=rows.weights, minlength=len(centres)), dtype=np.float64)
