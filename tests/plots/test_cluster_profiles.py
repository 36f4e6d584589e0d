"""The picture of cluster profiles draws the table: clusters down, features across."""

import numpy as np
import pandas as pd
import pytest

from customer_value.errors import InputError
from customer_value.plots.cluster_profiles import cluster_profiles

PROFILE = {
    "cluster": [1, 1, 2, 2],
    "cluster_name": ["recent, frequent, very big spenders"] * 2 + ["average"] * 2,
    "customers": [1200, 1200, 0, 0],
    "feature": ["purchases", "total_value"] * 2,
    "mean": [9.0, 1234.5, np.nan, np.nan],
    "apart": [1.5, -0.25, np.nan, np.nan],
}


def test_cells_are_differences_and_means(make_frame):
    ax = cluster_profiles(make_frame(PROFILE))
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array().filled(np.nan), [[1.5, -0.25], [np.nan, np.nan]])
    assert image.get_clim() == (-2, 2)
    assert {text.get_text() for text in ax.texts} >= {"9\n+1.5 sd", "1,234\n-0.2 sd", "–"}
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["purchases", "total_value"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [
        "1: recent, frequent,\nvery big spenders\nn = 1,200",
        "2: average\nn = 0",
    ]


def test_bad_tables_are_refused():
    table = pd.DataFrame(PROFILE)
    with pytest.raises(InputError, match=r"lacks \['feature'\].*KMeansSegmenter.profile makes the table"):
        cluster_profiles(table.drop(columns="feature"))
    with pytest.raises(InputError, match="one row for each cluster and feature"):
        cluster_profiles(table.head(3))
    with pytest.raises(InputError, match="empty"):
        cluster_profiles(table.head(0))
