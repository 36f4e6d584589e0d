"""Clusters of customers, old and new: number, distance, margin and why."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.cluster import DBSCAN
from sklearn.mixture import GaussianMixture

import customer_value as cv
from customer_value.errors import InputError
from customer_value.segments import KMeansSegmenter, assign_clusters

RFM = ["time_since_last", "purchases", "total_value"]


def customers(rows=30, seed=0):
    rng = np.random.default_rng(seed)
    kind = np.arange(rows) % 3
    bought = rng.poisson(np.array([30, 5, 1])[kind]) + 1.0
    return pd.DataFrame(
        {
            "customer_id": np.arange(rows),
            "time_since_last": rng.poisson(np.array([3, 20, 200])[kind]) + 0.0,
            "purchases": bought,
            "total_value": np.round(bought * rng.lognormal(3, 0.2, rows), 2),
        }
    )


@pytest.fixture(scope="module")
def model():
    return KMeansSegmenter(3, n_init=2).fit(customers()[RFM])


def test_every_library_gets_the_same(make_frame, read, model):
    given = customers().to_dict("list")
    found = read(assign_clusters(make_frame(given), model=model))
    assert list(found) == [*given, "cluster", "cluster_distance", "cluster_margin", "cluster_reason"]
    assert {name: found[name] for name in given} == given
    assert found["cluster"] == [1, 2, 3] * 10
    expected = assign_clusters(customers(), model=model)
    assert found["cluster_distance"] == expected["cluster_distance"].tolist()
    assert found["cluster_reason"] == expected["cluster_reason"].tolist()


def test_distance_and_margin(model):
    frame = customers(seed=1)  # new customers
    found = cv.assign_clusters(frame, model=model)
    away = np.sort(model.transform(frame[RFM]), axis=1)
    np.testing.assert_allclose(found["cluster_distance"], away[:, 0], rtol=1e-12)
    np.testing.assert_allclose(found["cluster_margin"], (away[:, 1] - away[:, 0]) / away[:, 1], rtol=1e-12)
    np.testing.assert_array_equal(found["cluster"], model.predict(frame[RFM]) + 1)
    plain = assign_clusters(found, model=model, distance=False, name="group")
    assert list(plain.columns) == [*found.columns, "group", "group_reason"]
    assert plain.drop(columns=["group", "group_reason"]).equals(found)
    again = assign_clusters(found.assign(cluster="?"), model=model)  # replaced, not repeated
    pd.testing.assert_frame_equal(again, found)


def test_other_rows_and_their_order_change_nothing(model):
    frame = customers(seed=1)
    whole = assign_clusters(frame, model=model).set_index("customer_id")
    order = np.random.default_rng(0).permutation(len(frame))
    parts = [assign_clusters(frame.iloc[rows], model=model) for rows in (order[:1], order[1:8], order[8:])]
    pd.testing.assert_frame_equal(pd.concat(parts).set_index("customer_id").sort_index(), whole)
    arrow = pa.concat_tables(
        [pa.Table.from_pandas(frame.iloc[a:b], preserve_index=False) for a, b in ((0, 9), (9, 30))]
    )
    assert assign_clusters(arrow, model=model)["cluster_reason"].to_pylist() == whole["cluster_reason"].tolist()


def test_labels(model):
    named = assign_clusters(customers(), model=model, labels="en")["cluster"]
    assert named.cat.ordered
    assert list(named.cat.categories) == model.cluster_names()
    found = assign_clusters(pl.DataFrame(customers().to_dict("list")), model=model, labels="zh")
    assert found["cluster"].dtype == pl.Enum(model.cluster_names("zh"))
    assert found["cluster_reason"][0].startswith("近期活跃、购买频繁、高消费")
    own = assign_clusters(customers(), model=model, labels={1: "stars", 3: "gone"})["cluster"]
    assert own.tolist()[:3] == ["stars", model.cluster_names()[1], "gone"]
    with pytest.raises(InputError, match=r"labels has \[0\], which are no clusters: they are numbered 1 to 3"):
        assign_clusters(customers(), model=model, labels={0: "none"})
    with pytest.raises(InputError, match="labels must differ"):
        assign_clusters(customers(), model=model, labels={1: "a", 2: "a"})
    with pytest.raises(InputError, match="labels must be one of"):
        assign_clusters(customers(), model=model, labels="fr")


def test_the_reason_names_what_keeps_a_customer_from_the_next_cluster():
    X = pd.DataFrame({"visits": [0.0, 0, 10, 10, 0, 0], "spend": [0.0, 1, 0, 1, 10, 11], "age": [5.0, 6, 6, 5, 5, 6]})
    model = KMeansSegmenter(3, unskew=None).fit(X)
    found = assign_clusters(X, model=model)
    names, lowest = model.cluster_names(), found["cluster"].iloc[0]
    # 0 and 1 are next to 2 and 3 by visits, and to 4 and 5 by spend.
    for i, feature in ((2, "visits"), (3, "visits"), (4, "spend"), (5, "spend")):
        said = f"{names[found['cluster'].iloc[i] - 1]}; apart from cluster {lowest} by {feature}"
        assert found["cluster_reason"].iloc[i] == said
    both = KMeansSegmenter(2).fit(customers()[RFM])
    told = assign_clusters(customers(), model=both)["cluster_reason"]
    assert told.str.contains(" and ").any()  # two features, each worth a quarter at least
    X = X.assign(plan=["a", "a", "b", "b", "a", "a"], visits=0.0, spend=[0.0, 1, 0, 1, 0, 1])
    by_plan = KMeansSegmenter(2, category_weight=5, unskew=None).fit(X[["spend", "plan"]])
    assert assign_clusters(X, model=by_plan)["cluster_reason"].str.endswith("by plan").all()  # not by plan=a


def test_one_cluster_has_no_border():
    model = KMeansSegmenter(1).fit(customers()[RFM])
    found = assign_clusters(customers(), model=model)
    assert found["cluster_margin"].isna().all()
    assert found["cluster_reason"].unique().tolist() == ["average"]


def test_noise_is_null():
    X = pd.DataFrame({"spend": [1.0, 2, 3, 100, 101, 102, 1000]})
    for make in (pd.DataFrame, pl.DataFrame):
        model = KMeansSegmenter(clusterer=DBSCAN(eps=0.1, min_samples=2), unskew=None).fit(make(X.to_dict("list")))
        found = assign_clusters(make(X.to_dict("list")), model=model)
        found = found.to_pandas() if isinstance(found, pl.DataFrame) else found
        assert found["cluster"].isna().tolist() == [False] * 6 + [True]
        assert found["cluster"][:6].tolist() == [2, 2, 2, 1, 1, 1]
        assert (
            found["cluster_distance"].isna().tolist() == found["cluster_margin"].isna().tolist() == [False] * 6 + [True]
        )
        assert found["cluster_reason"].iloc[6] == "in no cluster: unlike its neighbours"
    labels = assign_clusters(X, model=model, labels="en")["cluster"]
    assert labels.isna().tolist() == [False] * 6 + [True]


def test_another_clusterer_may_pass_over_the_nearest_centre():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"spend": np.r_[rng.normal(0, 0.1, 200), rng.normal(2, 3, 200)]})
    model = KMeansSegmenter(2, clusterer=GaussianMixture(), unskew=None).fit(X)
    margin = assign_clusters(X, model=model)["cluster_margin"]
    away = model.transform(X)
    own, other = away[np.arange(400), model.labels_], away[np.arange(400), 1 - model.labels_]
    np.testing.assert_allclose(margin, (other - own) / np.maximum(own, other), rtol=1e-12)
    assert (margin < 0).any()


def test_bad_calls_are_refused(model):
    frame = customers()
    with pytest.raises(InputError, match="model must be a fitted KMeansSegmenter"):
        assign_clusters(frame, model=KMeansSegmenter())
    with pytest.raises(InputError, match="model must be a fitted KMeansSegmenter"):
        assign_clusters(frame, model="kmeans")
    with pytest.raises(InputError, match="fitted on an array without names"):
        assign_clusters(frame, model=KMeansSegmenter(2).fit(frame[RFM].to_numpy()))
    with pytest.raises(InputError, match=r"the frame lacks \['purchases'\].*the model was fitted on"):
        assign_clusters(frame.drop(columns="purchases"), model=model)
    with pytest.raises(InputError, match="purchases must not be null or NaN; 1 of 30 rows is"):
        assign_clusters(
            frame.assign(purchases=frame["purchases"].where(frame.index != 3)),
            model=model,
        )
    with pytest.raises(InputError, match="empty"):
        assign_clusters(frame.head(0), model=model)
    with pytest.raises(InputError, match="distance must be True or False"):
        assign_clusters(frame, model=model, distance="no")
