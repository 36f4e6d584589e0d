"""How well a partition divides customers: silhouette, the classical indices, and the gap statistic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

Floats = np.ndarray[Any, np.dtype[np.float64]]
Labels = np.ndarray[Any, np.dtype[np.intp]]
# Divides the rows of a matrix into so many clusters, numbered from 0.
Cluster = Callable[[Floats, int], Labels]
Reference = Literal["pca", "box"]

REFERENCES = ("pca", "box")
_CELLS = 2_000_000  # of a block of distances: 16 MB


class Gap(NamedTuple):
    """Gap(k) and s_k for k = 1, 2, ..., and the k that the rule names (None: the gap still grows at the end)."""

    value: Floats
    error: Floats
    chosen: int | None


def inertia(points: Floats, labels: Labels) -> float:
    """W_k: squared distances to the centre of each cluster, summed.

    It equals Tibshirani, Walther & Hastie (2001), eq. 2: all squared distances between members, halved and divided by
    the size of the cluster.
    """
    return float(((points - _centres(points, labels)[labels]) ** 2).sum())


def calinski_harabasz(points: Floats, labels: Labels) -> float:
    """Variance between clusters over variance within, per degree of freedom; larger is better.

    Caliński & Harabasz (1974), their VRC. Infinite where every cluster is a single point.
    """
    n, k = len(points), labels.max() + 1
    within = inertia(points, labels)
    between = float(((points - points.mean(axis=0)) ** 2).sum()) - within
    return float(between / (k - 1) / (within / (n - k))) if within > 0 else np.inf


def davies_bouldin(points: Floats, labels: Labels) -> float:
    """Mean over clusters of the likeness to the nearest one; smaller is better.

    Davies & Bouldin (1979) with p = 2 and q = 1: the likeness of two clusters is the sum of the mean distances of
    their members to the centre, over the distance between the centres.
    """
    centres = _centres(points, labels)
    spread = np.bincount(labels, np.linalg.norm(points - centres[labels], axis=1)) / np.bincount(labels)
    apart = cdist(centres, centres)
    np.fill_diagonal(apart, np.inf)
    likeness = np.divide(spread[:, None] + spread, apart, out=np.full_like(apart, np.inf), where=apart > 0)
    return float(likeness.max(axis=1).mean())


def silhouettes(points: Floats, partitions: Sequence[Labels]) -> list[float]:
    """Mean silhouette width of each partition of the same points (Rousseeuw 1987), distances computed once.

    A point alone in its cluster counts 0.
    """
    n = len(points)
    members = [np.eye(labels.max() + 1)[labels] for labels in partitions]
    bounds = np.cumsum([0, *(each.shape[1] for each in members)])
    together = np.hstack(members)
    sums = np.zeros(len(partitions))
    rows = max(1, _CELLS // n)
    for start in range(0, n, rows):
        block = slice(start, min(start + rows, n))
        to_clusters = cdist(points[block], points) @ together  # distances of each point summed over each cluster
        for i, labels in enumerate(partitions):
            sums[i] += _widths(to_clusters[:, bounds[i] : bounds[i + 1]], labels[block], np.bincount(labels)).sum()
    return [float(each) for each in sums / n]


def gap_statistic(
    points: Floats,
    cluster: Cluster,
    largest: int,
    *,
    n_references: int,
    reference: Reference = "pca",
    random_state: int = 0,
) -> Gap:
    """Compare log W_k with what the same method finds in points without clusters, for k from 1 to `largest`.

    Parameters
    ----------
    points
        A matrix in an order that depends on its values only, since draws go by position.
    cluster
        The method; it divides points and references alike.
    largest
        The largest k, below the number of distinct points.
    n_references
        How many sets of points without clusters, B.
    reference
        They are uniform over the box of the points ("box", the paper's a) or over the box along the points' principal
        components ("pca", the paper's b).
    random_state
        Seed of the draws.

    Notes
    -----
    Tibshirani, Walther & Hastie (2001), "Estimating the number of clusters in a data set via the gap statistic",
    J. R. Statist. Soc. B 63, section 4. The references are the same for every k.
    """
    rng = np.random.default_rng(random_state)
    axes, low, high = _frame_of(points, reference)
    ks = range(1, largest + 1)
    observed = _log_within(points, cluster, ks)
    drawn = np.array(
        [_log_within(rng.uniform(low, high, points.shape) @ axes.T, cluster, ks) for _ in range(n_references)]
    )
    gap = drawn.mean(axis=0) - observed  # eq. 3
    error = drawn.std(axis=0) * np.sqrt(1 + 1 / n_references)  # section 4, step 3: sd_k divides by B
    return Gap(gap, error, first_k_within_error(gap, error))


def first_k_within_error(gap: Floats, error: Floats) -> int | None:
    """Return the smallest k with Gap(k) >= Gap(k + 1) - s_{k+1} (section 4, step 3); None where there is none."""
    enough = np.flatnonzero(gap[:-1] >= gap[1:] - error[1:])
    return int(enough[0]) + 1 if enough.size else None


def _log_within(points: Floats, cluster: Cluster, ks: Sequence[int]) -> Floats:
    whole = np.zeros(len(points), dtype=np.intp)
    return np.log([inertia(points, whole if k == 1 else cluster(points, k)) for k in ks])


def _frame_of(points: Floats, reference: Reference) -> tuple[Floats, Floats, Floats]:
    """Return the axes of the box, and its ends along each."""
    axes = np.eye(points.shape[1])
    if reference == "pca":
        centred = points - points.mean(axis=0)
        axes = np.linalg.eigh(centred.T @ centred)[1]
        # An axis has no direction of its own; one that is fixed gives the same draws on every machine.
        axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    along = points @ axes
    return axes, along.min(axis=0), along.max(axis=0)


def _centres(points: Floats, labels: Labels) -> Floats:
    sizes = np.bincount(labels)
    return np.column_stack([np.bincount(labels, column) for column in points.T]) / sizes[:, None]


def _widths(to_clusters: Floats, labels: Labels, sizes: Labels) -> Floats:
    """Return the silhouette width of each point, from its distances summed over each cluster."""
    rows = np.arange(labels.size)
    alone = sizes[labels] == 1
    inside = to_clusters[rows, labels] / np.maximum(sizes[labels] - 1, 1)
    means = to_clusters / sizes
    means[rows, labels] = np.inf
    outside = means.min(axis=1)
    larger = np.maximum(inside, outside)
    # Equal points in two clusters are no nearer to one than to the other.
    return np.where(alone | (larger == 0), 0.0, (outside - inside) / np.where(larger == 0, 1.0, larger))
