"""Whether clusters are found again in a resample of the customers: Jaccard by cluster, and the adjusted Rand index."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from customer_value.segments._criteria import Cluster, Floats, Labels

# Hennig (2007) and his advice for its use: means of the Jaccard similarity.
TRUSTED = 0.6
STABLE = 0.75
HIGHLY_STABLE = 0.85


class Stability(NamedTuple):
    """What the refits found: a row per refit; Jaccard similarity of each cluster, and agreement of the whole."""

    jaccard: Floats
    rand: Floats


def bootstrap_stability(
    points: Floats, labels: Labels, cluster: Cluster, *, n_boot: int, random_state: int = 0
) -> Stability:
    """Cluster resamples of the points, and see how much of each cluster is found again.

    Parameters
    ----------
    points
        A matrix in an order that depends on its values only, since draws go by position; it holds at least as many
        distinct points as there are clusters.
    labels
        The partition of all points, from 0; its stability is asked for.
    cluster
        The method that made it.
    n_boot
        How many resamples.
    random_state
        Seed of the draws, which do not depend on the number of clusters: partitions are compared on equal resamples.

    Notes
    -----
    Hennig, C. (2007), "Cluster-wise assessment of cluster stability", *Computational Statistics & Data Analysis* 52,
    section 2: as many points as there are are drawn with replacement and clustered; among the points drawn, each
    counted once, a cluster's similarity is the largest Jaccard coefficient with any cluster of the resample. A cluster
    of which no point was drawn has similarity 0. The adjusted Rand index is between the same two partitions of the
    same points.
    """
    n, k = len(points), int(labels.max()) + 1
    values = np.unique(points, axis=0, return_inverse=True)[1].reshape(n)
    rng = np.random.default_rng(random_state)
    jaccard, rand = np.zeros((n_boot, k)), np.zeros(n_boot)
    for i in range(n_boot):
        drawn = _resample(rng, values, k)
        found = cluster(points[drawn], k)
        once, first = np.unique(drawn, return_index=True)
        shared = contingency(labels[once], found[first], k)
        jaccard[i] = best_jaccard(shared)
        rand[i] = adjusted_rand(shared)
    return Stability(jaccard, rand)


def contingency(one: Labels, other: Labels, k: int) -> Floats:
    """Count the points by their clusters in two partitions, `k` clusters in the first."""
    columns = int(other.max()) + 1
    counted = np.bincount(one * columns + other, minlength=k * columns)
    return counted.astype(np.float64).reshape(k, columns)


def best_jaccard(shared: Floats) -> Floats:
    """Return, for each cluster of the rows, the largest Jaccard coefficient with a cluster of the columns."""
    union = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0) - shared
    best: Floats = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0).max(axis=1)
    return best


def adjusted_rand(shared: Floats) -> float:
    """Agreement of two partitions beyond chance: 1 if they are one, 0 as by chance (Hubert & Arabie 1985, eq. 5)."""
    together = _pairs(shared).sum()
    rows, columns, every = _pairs(shared.sum(axis=1)).sum(), _pairs(shared.sum(axis=0)).sum(), _pairs(shared.sum())
    expected = rows * columns / every if every else 0.0
    most = (rows + columns) / 2
    return float((together - expected) / (most - expected)) if most != expected else 1.0


def _pairs(counts: Any) -> Any:
    return counts * (counts - 1) / 2


def _resample(rng: np.random.Generator, values: Labels, distinct: int) -> Labels:
    """Draw with replacement until so many distinct values are there: fewer could not be divided."""
    while True:
        drawn = np.sort(rng.integers(values.size, size=values.size))
        if np.unique(values[drawn]).size >= distinct:
            return drawn
