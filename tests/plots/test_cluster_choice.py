"""The picture of a choice of k draws the criteria, hollow where rejected, and marks the recommended one."""

import numpy as np
import pandas as pd
import pytest

from customer_value.errors import InputError
from customer_value.plots.cluster_choice import cluster_choice

TABLE = {
    "k": [3, 2, 4],
    "silhouette": [0.34, 0.43, 0.95],
    "davies_bouldin": [1.04, 0.89, 0.3],
    "calinski_harabasz": [3641.0, 4380.0, 9000.0],
    "inertia": [6.0, 8.0, 5.0],
    "gap": [1.74, 1.65, 1.81],
    "gap_error": [0.01, 0.02, 0.03],
    "jaccard_min": [0.93, 0.99, 0.46],
    "largest_share": [0.43, 0.62, 0.99],
    "recommended": [False, True, False],
    "verdict": ["candidate", "recommended", "rejected"],
}


def dashed(ax):
    return [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == "--"]


def test_three_criteria_on_one_scale(make_frame):
    ax = cluster_choice(make_frame(TABLE))
    names = ("silhouette", "found again, worst cluster", "share in the largest cluster")
    assert tuple(text.get_text() for text in ax.get_legend().get_texts()) == names
    lines = {line.get_label(): line for line in ax.lines}
    assert lines["silhouette"].get_xdata().tolist() == [2, 3, 4]
    for name, column in zip(names, ("silhouette", "jaccard_min", "largest_share"), strict=True):
        assert lines[name].get_ydata().tolist() == [TABLE[column][i] for i in (1, 0, 2)]
    hollow = [line for line in ax.lines if line.get_markerfacecolor() == "white"]
    assert [line.get_xdata().tolist() for line in hollow] == [[4]] * 3
    assert dashed(ax) == [2]
    assert "k = 2, recommended; hollow: rejected" in ax.texts[0].get_text()


def test_the_gap_has_its_errors():
    ax = cluster_choice(pd.DataFrame(TABLE), measure="gap")
    (bars,) = ax.containers
    ends = [segment[:, 1].tolist() for segment in bars[2][0].get_segments()]
    assert ends == [pytest.approx(ends) for ends in ([1.63, 1.67], [1.73, 1.75], [1.78, 1.84])]
    assert "Gap statistic" in ax.get_ylabel()


@pytest.mark.parametrize("measure", ["davies_bouldin", "calinski_harabasz", "inertia"])
def test_one_criterion_by_itself(measure):
    ax = cluster_choice(pd.DataFrame(TABLE), measure=measure)
    assert ax.lines[0].get_ydata().tolist() == [TABLE[measure][i] for i in (1, 0, 2)]
    assert ax.get_legend() is None


def test_nothing_recommended_and_no_stability():
    table = pd.DataFrame(TABLE).assign(recommended=False, verdict="rejected", jaccard_min=np.nan, silhouette=-0.3)
    ax = cluster_choice(table)
    assert dashed(ax) == []
    assert ax.texts[0].get_text() == "None is recommended; hollow: rejected"
    assert len(ax.get_legend().get_texts()) == 2
    assert ax.get_ylim()[0] < -0.3


def test_bad_tables_are_refused():
    table = pd.DataFrame(TABLE)
    with pytest.raises(InputError, match=r"lacks \['verdict'\].*choose_n_clusters"):
        cluster_choice(table.drop(columns="verdict"))
    with pytest.raises(InputError, match="measure must be one of"):
        cluster_choice(table, measure="elbow")
    with pytest.raises(InputError, match="gap is null in every row"):
        cluster_choice(table.assign(gap=np.nan), measure="gap")
    with pytest.raises(InputError, match="k must differ"):
        cluster_choice(pd.concat([table, table]))
    with pytest.raises(InputError, match="empty"):
        cluster_choice(table.head(0))
