"""Which new cluster is which old one: by customers, by centres, and labels that stay."""

import itertools

import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value.errors import InputError
from customer_value.segments import KMeansSegmenter, assign_clusters, match_clusters


def labelled(labels, ids=None):
    return pd.DataFrame({"customer_id": range(len(labels)) if ids is None else ids, "cluster": labels})


def jaccard(one, other):
    return len(one & other) / len(one | other)


def test_the_sum_of_jaccards_is_the_largest_there_is():
    rng = np.random.default_rng(0)
    old, new = rng.integers(1, 5, 80), rng.integers(1, 5, 80)
    sets = {(name, k): set(np.flatnonzero(v == k)) for name, v in (("old", old), ("new", new)) for k in range(1, 5)}
    best = max(
        itertools.permutations(range(1, 5)),
        key=lambda p: sum(jaccard(sets["old", p[k - 1]], sets["new", k]) for k in range(1, 5)),
    )
    match = match_clusters(labelled(old), labelled(new))
    assert match.mapping == dict(enumerate(best, start=1))
    for k, own in match.jaccard.items():
        assert own == pytest.approx(jaccard(sets["old", match.mapping[k]], sets["new", k]))
    assert match.kept == np.mean([old[i] == match.mapping[new[i]] for i in range(80)])
    assert match.relabelled["cluster"].tolist() == [match.mapping[k] for k in new]
    assert match.customers == 80
    order = rng.permutation(80)
    shuffled = match_clusters(labelled(old), labelled(new).iloc[order])
    assert (shuffled.mapping, shuffled.jaccard) == (match.mapping, match.jaccard)
    assert shuffled.relabelled["cluster"].tolist() == match.relabelled["cluster"].iloc[order].tolist()


def test_customers_of_one_side_do_not_count_but_are_relabelled():
    old, new = labelled([1, 1, 2, 2], ids=[1, 2, 3, 4]), labelled([2, 2, 1, 1, 1], ids=[9, 1, 3, 4, 2])
    match = match_clusters(old, new)
    assert match.mapping == {1: 2, 2: 1}
    assert match.jaccard == {1: pytest.approx(2 / 3), 2: 0.5}
    assert (match.customers, match.kept) == (4, 0.75)
    assert match.relabelled["cluster"].tolist() == [1, 1, 2, 2, 2]
    assert (
        str(match)
        == "of 4 customers, 75 % stay in their cluster: 1 is now 2 (Jaccard 0.67), 2 is now 1 (Jaccard 0.50)."
    )


def test_more_and_fewer_clusters_than_before():
    match = match_clusters(labelled([1, 1, 1, 2]), labelled([2, 2, 3, 1]))
    assert match.mapping == {1: 2, 2: 1, 3: 3}  # 3 is none of the old ones
    assert match.jaccard[3] == 0
    fewer = match_clusters(labelled([1, 2, 3, 3]), labelled([1, 1, 2, 2]))
    assert fewer.mapping == {1: 1, 2: 3}
    apart = match_clusters(labelled([1, 1, None, None]), labelled([None, None, 1, 1]))
    assert apart.mapping == {1: 2}  # not a customer in common
    assert apart.kept == 0


def test_noise_stays_null_and_counts_as_leaving():
    match = match_clusters(labelled([1, 1, 1, 2, None]), labelled([2.0, 2, np.nan, 1, np.nan]))
    assert match.mapping == {1: 2, 2: 1}
    assert match.jaccard == {1: 1, 2: pytest.approx(2 / 3)}
    assert match.kept == 0.8  # who was noise and is noise has stayed
    assert match.relabelled["cluster"].isna().tolist() == [False, False, True, False, True]


def test_texts_and_libraries(make_frame, read):
    old = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c"],
            "cluster": pd.Categorical(["good", "good", "poor"], ["good", "poor"], ordered=True),
        }
    )
    new = make_frame({"customer_id": ["c", "a", "b", "d"], "cluster": ["x", "y", "y", "z"]})
    match = match_clusters(old, new)
    assert match.mapping == {"x": "poor", "y": "good", "z": "z"}
    assert read(match.relabelled)["cluster"] == ["poor", "good", "good", "z"]
    taken = match_clusters(labelled(["a", "a", "b"]), labelled(["b", "b", "a"]).assign(cluster=["b", "b", "c"]))
    assert taken.mapping == {"b": "a", "c": "b"}
    again = match_clusters(labelled(["a", "a", "a"]), labelled(["a", "b", "b"]))
    assert again.mapping == {"a": "a (new)", "b": "a"}
    # Without customer_id the first column names customers, as in summaries of accounts.
    accounts = (labelled(labels).rename(columns={"customer_id": "account"}) for labels in ([1, 1, 2], [2, 2, 1]))
    assert match_clusters(*accounts).mapping == {1: 2, 2: 1}


def test_models_are_matched_by_centres_in_one_space():
    rng = np.random.default_rng(0)
    kind = np.arange(120) % 3
    old_data = pd.DataFrame({"spend": rng.normal(np.array([100, 60, 10])[kind], 2), "visits": rng.poisson(5, 120)})
    # A month later the second group has overtaken the first: "best first" gives them other numbers.
    new_data = old_data.assign(
        spend=rng.normal(np.array([95, 99, 10])[kind], 1.0), visits=np.where(kind == 1, 9, old_data["visits"])
    )
    new_data = new_data.assign(spend=np.where(kind == 1, 96.5, np.where(kind == 0, 95, 10)) + rng.normal(0, 0.1, 120))
    old = KMeansSegmenter(3, unskew=None, n_init=2).fit(old_data)
    new = KMeansSegmenter(3, unskew=None, n_init=2).fit(new_data)
    match = match_clusters(old, new, customers=new_data)
    moved = (new.cluster_centers_ - old_data.mean().to_numpy()) / old_data.std(ddof=0).to_numpy()
    cost = ((old.centres_[None] - moved[:, None]) ** 2).sum(axis=2)
    best = min(itertools.permutations(range(3)), key=lambda p: sum(cost[i, p[i]] for i in range(3)))
    assert match.mapping == {i + 1: best[i] + 1 for i in range(3)}
    kept = match.relabelled
    np.testing.assert_array_equal(kept.predict(new_data), np.array(best)[new.predict(new_data)])
    np.testing.assert_array_equal(kept.labels_, np.array(best)[new.labels_])
    np.testing.assert_array_equal(kept.cluster_sizes_[list(best)], new.cluster_sizes_)
    assert KMeansSegmenter.from_json(kept.to_json()).predict(new_data).tolist() == kept.labels_.tolist()
    both = [assign_clusters(new_data, model=model)["cluster"] for model in (old, kept)]
    assert match.kept == np.mean(both[0] == both[1])
    assert match.jaccard[1] == pytest.approx(jaccard(*(set(np.flatnonzero(each == best[0] + 1)) for each in both)))
    alone = match_clusters(old, new)
    assert (alone.mapping, alone.jaccard, alone.kept) == (match.mapping, {}, None)
    assert str(alone).startswith("matched by centres: 1 is now ")


def test_centres_are_compared_in_the_old_models_units_and_not_in_each_models_own():
    """A spread of x that the old customers did not have would else turn the two clusters round."""
    corners = {"x": np.repeat([10.0, 0.0], 20), "y": np.repeat([0.0, 10.0], 20)}
    noise = np.tile(np.linspace(-5, 5, 20), 2)
    moved = {"x": np.repeat([6.5, 3.5], 20) + noise, "y": np.repeat([6.0, 4.0], 20)}
    old, new = (KMeansSegmenter(2, unskew=None, value="x", n_init=2).fit(pd.DataFrame(d)) for d in (corners, moved))
    assert new.cluster_centers_ == pytest.approx(np.array([[6.5, 6.0], [3.5, 4.0]]), abs=1e-9)
    # Where x and y weigh alike, (6.5, 6) - (3.5, 4) points towards (10, 0) - (0, 10): 3 * 10 - 2 * 10 > 0.
    assert match_clusters(old, new).mapping == {1: 1, 2: 2}


def test_a_refit_of_the_same_customers_keeps_all():
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"spend": rng.lognormal(3, 1, 200), "plan": rng.choice(["a", "b"], 200)})
    one, two = (KMeansSegmenter(4, random_state=seed).fit(X) for seed in (0, 7))
    match = match_clusters(one, two, customers=pl.from_pandas(X))
    assert match.mapping == {1: 1, 2: 2, 3: 3, 4: 4}
    assert match.kept > 0.95


def test_bad_calls_are_refused():
    frame = labelled([1, 2])
    model = KMeansSegmenter(2).fit(pd.DataFrame({"spend": [1.0, 2, 9]}))
    more = KMeansSegmenter(3).fit(pd.DataFrame({"spend": [1.0, 2, 9]}))
    with pytest.raises(InputError, match="two fitted KMeansSegmenter, or two frames"):
        match_clusters(model, frame)
    with pytest.raises(InputError, match=r"as many clusters; before has .* 2, after .* 3"):
        match_clusters(model, more)
    with pytest.raises(InputError, match="before must be fitted"):
        match_clusters(KMeansSegmenter(), model)
    with pytest.raises(InputError, match="customers goes with two models"):
        match_clusters(frame, frame, customers=frame)
    with pytest.raises(InputError, match="customer_id must be unique in after; 2 of 2 rows"):
        match_clusters(frame, labelled([1, 2], ids=[1, 1]))
    with pytest.raises(InputError, match="no customer in common"):
        match_clusters(frame, labelled([1, 2], ids=["0", "1"]))
    with pytest.raises(InputError, match=r"the before lacks \['group'\]"):
        match_clusters(frame, frame, cluster="group")
    with pytest.raises(InputError, match="empty"):
        match_clusters(frame, frame.head(0))
