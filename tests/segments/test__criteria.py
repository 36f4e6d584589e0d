"""Indices of a partition against scikit-learn's, and the gap statistic against its definition and its own examples."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs

from customer_value.segments._criteria import (
    calinski_harabasz,
    davies_bouldin,
    first_k_within_error,
    gap_statistic,
    inertia,
    silhouettes,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "segments_cluster_choice.json").read_text(encoding="utf-8"))


def k_means(points, k):
    return KMeans(k, n_init=3, random_state=0).fit(points).labels_.astype(np.intp)


def brute_within(points, labels):
    """W_k as the paper writes it: D_r / (2 n_r) over clusters, D_r over all ordered pairs (eq. 1 and 2)."""
    total = 0.0
    for r in np.unique(labels):
        members = points[labels == r]
        total += sum(((a - b) ** 2).sum() for a in members for b in members) / (2 * len(members))
    return total


@pytest.fixture(scope="module")
def cloud():
    rng = np.random.default_rng(1)
    points = np.vstack([rng.normal(0, 1, (40, 3)), rng.normal([4, 0, 1], 1, (20, 3)), [[50.0, 50, 50]]])
    return points, [k_means(points, k) for k in (2, 3, 6)]


def test_indices_equal_scikit_learns(cloud):
    points, partitions = cloud
    assert silhouettes(points, partitions) == pytest.approx(
        [metrics.silhouette_score(points, labels) for labels in partitions], rel=1e-12
    )
    for labels in partitions:
        assert davies_bouldin(points, labels) == pytest.approx(metrics.davies_bouldin_score(points, labels), rel=1e-12)
        assert calinski_harabasz(points, labels) == pytest.approx(
            metrics.calinski_harabasz_score(points, labels), rel=1e-10
        )


def test_silhouettes_in_blocks_are_those_of_one_block(cloud, monkeypatch):
    points, partitions = cloud
    whole = silhouettes(points, partitions)
    monkeypatch.setattr("customer_value.segments._criteria._CELLS", 7 * len(points))
    assert silhouettes(points, partitions) == pytest.approx(whole, rel=1e-13)


def test_equal_points_in_two_clusters_are_no_nearer_to_one():
    points, labels = np.zeros((4, 2)), np.array([0, 0, 1, 1])
    assert silhouettes(points, [labels]) == [0.0]
    assert davies_bouldin(np.array([[0.0], [2], [0], [2]]), labels) == np.inf  # their centres coincide
    assert calinski_harabasz(np.array([[0.0], [0], [2], [2]]), labels) == np.inf


def test_golden_silhouettes_of_blobs():
    case = GOLDEN["sklearn_silhouette_blobs"]
    points, _ = make_blobs(
        n_samples=500, n_features=2, centers=4, cluster_std=1, center_box=(-10, 10), shuffle=True, random_state=1
    )
    for k, expected in case["silhouette"].items():
        labels = KMeans(int(k), random_state=10, n_init=10).fit(points).labels_.astype(np.intp)
        assert silhouettes(points, [labels])[0] == pytest.approx(expected, rel=1e-9)


def test_inertia_is_the_papers_pairwise_form(cloud):
    points, partitions = cloud
    for labels in partitions:
        assert inertia(points, labels) == pytest.approx(brute_within(points, labels), rel=1e-10)


def test_gap_is_the_mean_log_reference_less_the_log_observed(cloud):
    """The box reference, drawn and reckoned as the paper's section 4 says, step by step."""
    points, _ = cloud
    points, largest, n_references = points[::2], 3, 4
    gap = gap_statistic(points, k_means, largest, n_references=n_references, reference="box", random_state=7)

    rng = np.random.default_rng(7)
    drawn = [rng.uniform(points.min(axis=0), points.max(axis=0), points.shape) for _ in range(n_references)]
    for k in range(1, largest + 1):
        logs = [np.log(brute_within(reference, k_means(reference, k))) for reference in drawn]
        mean = sum(logs) / n_references
        spread = np.sqrt(sum((log - mean) ** 2 for log in logs) / n_references)
        assert gap.value[k - 1] == pytest.approx(mean - np.log(brute_within(points, k_means(points, k))), rel=1e-9)
        assert gap.error[k - 1] == pytest.approx(spread * np.sqrt(1 + 1 / n_references), rel=1e-9)


def test_references_along_the_principal_components_fill_the_turned_box():
    """A long thin cloud on the diagonal: the box is 200 times too large for it, the turned box is not."""
    rng = np.random.default_rng(0)
    long, thin = rng.uniform(-1, 1, 300), rng.uniform(-0.005, 0.005, 300)
    points = np.column_stack([long + thin, long - thin])
    seen = []

    def remember(reference, k):
        seen.append(reference)
        return np.arange(len(reference), dtype=np.intp) % k

    gap_statistic(points, remember, 2, n_references=1, reference="pca")
    turned = seen[1] @ np.array([[1, 1], [1, -1]]) / 2
    assert np.abs(turned[:, 0]).max() == pytest.approx(1, abs=0.02)
    assert np.abs(turned[:, 1]).max() == pytest.approx(0.005, abs=0.0002)
    assert np.abs(np.corrcoef(turned.T)[0, 1]) < 0.15
    seen.clear()
    gap_statistic(points, remember, 2, n_references=1, reference="box")
    assert np.abs(np.corrcoef(seen[1].T)[0, 1]) < 0.15


def test_the_rule_names_the_first_k_within_one_error_of_the_next():
    error = np.array([0.1, 0.1, 0.1, 0.1])
    assert first_k_within_error(np.array([0.2, 0.5, 0.55, 0.9]), error) == 2
    assert first_k_within_error(np.array([0.45, 0.5, 0.2, 0.1]), error) == 1
    assert first_k_within_error(np.array([0.2, 0.5, 0.8, 1.1]), error) is None
    # The error is that of the next k, not of this one.
    assert first_k_within_error(np.array([0.2, 0.5]), np.array([9.0, 0.1])) is None
    assert first_k_within_error(np.array([0.2, 0.5]), np.array([0.1, 0.3])) == 1


def two_clouds(rng):
    return np.vstack([rng.normal(0, 1, (25, 2)), rng.normal([8, 0], 1, (25, 2))]), 2


def unit_cube(rng):
    """Uniform in many dimensions: no clusters, the paper's first setting."""
    return rng.uniform(size=(200, 10)), 1


def three_clouds(rng):
    """The paper's second setting: clouds of 25, 25 and 50 points."""
    centres = [[0, 0], [0, 5], [5, -3]]
    return np.vstack([rng.normal(c, 1, (n, 2)) for c, n in zip(centres, (25, 25, 50), strict=True)]), 3


@pytest.mark.parametrize("case", [unit_cube, three_clouds, two_clouds])
@pytest.mark.parametrize("reference", ["pca", "box"])
def test_the_gap_finds_as_many_clusters_as_there_are(case, reference):
    """Settings of section 5 of the paper, where it finds the right number nearly always."""
    for seed in range(2):
        points, k = case(np.random.default_rng(seed))
        assert gap_statistic(points, k_means, 4, n_references=6, reference=reference).chosen == k
