"""Stability: the Jaccard and Rand indices against their definitions, and partitions that hold or fall apart."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from customer_value.segments._stability import adjusted_rand, best_jaccard, bootstrap_stability, contingency


def k_means(points, k):
    return KMeans(k, n_init=5, random_state=0).fit(points).labels_.astype(np.intp)


def blobs(apart, size=30, seed=0):
    rng = np.random.default_rng(seed)
    points = np.vstack([rng.normal([apart * c, 0], 1, (size, 2)) for c in range(3)])
    return points[np.lexsort(points.T)]


def test_jaccard_is_shared_over_either():
    one, other = np.array([0, 0, 0, 1, 1, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 1, 1, 0])
    by_hand = []
    for c in range(3):
        members = set(np.flatnonzero(one == c))
        theirs = [set(np.flatnonzero(other == d)) for d in range(2)]
        by_hand.append(max(len(members & found) / len(members | found) for found in theirs))
    assert best_jaccard(contingency(one, other, 3)) == pytest.approx(by_hand, rel=1e-15)
    assert by_hand == pytest.approx([2 / 4, 4 / 5, 1 / 3])


def test_a_cluster_that_was_not_drawn_is_not_found():
    assert best_jaccard(contingency(np.array([0, 0, 2]), np.array([0, 0, 1]), 3)).tolist() == [1, 0, 1]


def test_the_adjusted_rand_index_is_scikit_learns():
    rng = np.random.default_rng(0)
    for _ in range(5):
        one, other = rng.integers(4, size=30), rng.integers(3, size=30)
        assert adjusted_rand(contingency(one, other, 4)) == pytest.approx(adjusted_rand_score(one, other), abs=1e-12)
    same = np.zeros(5, dtype=np.intp)
    assert adjusted_rand(contingency(same, same, 1)) == 1
    # Against its definition: pairs that are together in both, beyond what equal sizes give by chance.
    one, other = np.array([0, 0, 1, 1, 1]), np.array([0, 0, 0, 1, 1])
    pairs = list(combinations(range(5), 2))
    a, b = (np.array([x[i] == x[j] for i, j in pairs]) for x in (one, other))
    expected = a.sum() * b.sum() / len(pairs)
    by_hand = ((a & b).sum() - expected) / ((a.sum() + b.sum()) / 2 - expected)
    assert adjusted_rand(contingency(one, other, 2)) == pytest.approx(by_hand, rel=1e-12)


def test_clusters_far_apart_are_found_again_and_those_of_one_cloud_are_not():
    points = blobs(30)
    found = bootstrap_stability(points, k_means(points, 3), k_means, n_boot=5)
    assert found.jaccard.shape == (5, 3)
    assert found.jaccard.min() == 1
    assert found.rand.tolist() == [1] * 5
    # The real three hold together, cut in five they do not.
    split = bootstrap_stability(points, k_means(points, 5), k_means, n_boot=5)
    assert split.jaccard.mean(axis=0).min() < 0.75
    cloud = blobs(0)
    assert bootstrap_stability(cloud, k_means(cloud, 4), k_means, n_boot=5).jaccard.mean(axis=0).min() < 0.75


def test_a_resample_is_compared_on_the_points_drawn_each_once():
    """A method that cuts elsewhere than the partition, so that counting a point as often as it is drawn would show."""
    points = np.arange(24.0)[:, None]
    drawn = []

    def from_8_on(sample, k):
        drawn.append(sample[:, 0])
        return (sample[:, 0] >= 8).astype(np.intp)

    found = bootstrap_stability(points, (points[:, 0] >= 12).astype(np.intp), from_8_on, n_boot=8)
    for sample, jaccard, rand in zip(drawn, found.jaccard, found.rand, strict=True):
        assert len(sample) == 24
        once = np.unique(sample)
        ours, theirs = once >= 12, once >= 8
        pairs = [(ours == own, theirs == cluster) for own in (False, True) for cluster in (False, True)]
        shares = np.array([(a & b).sum() / (a | b).sum() for a, b in pairs]).reshape(2, 2)
        assert jaccard == pytest.approx(shares.max(axis=1), rel=1e-15)
        assert rand == pytest.approx(adjusted_rand_score(ours, theirs), abs=1e-12)
    assert any(len(np.unique(sample)) < 24 for sample in drawn)


def test_every_resample_can_be_divided():
    points = np.array([[0.0], [0], [0], [1], [2]])
    seen = []

    def by_value(drawn, k):
        seen.append(len(np.unique(drawn)))
        return np.unique(drawn, return_inverse=True)[1].reshape(-1).astype(np.intp)

    bootstrap_stability(points, by_value(points, 3), by_value, n_boot=10)
    assert set(seen) == {3}
