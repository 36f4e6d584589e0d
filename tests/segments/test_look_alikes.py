"""Similarity to the best customers against Gower's definition written out, and its independence of scale and order."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value.errors import InputError
from customer_value.segments import score_similarity


def accounts(n=60, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "spend": np.round(np.exp(rng.normal(3, 1, n)), 1),
            "sites": rng.integers(1, 6, n),
            "sector": rng.choice(["car", "food", "wood"], n),
            "abroad": rng.random(n) < 0.3,
            "tier": rng.choice(["A", "B", "C"], n),
        }
    )


FEATURES = ["spend", "sites", "sector", "abroad"]


def by_definition(frame, best, k):
    ranks = [frame[name].rank() for name in ("spend", "sites")]
    similarity = np.full(len(frame), np.nan)
    for i in range(len(frame)):
        alike = []
        for j in np.flatnonzero(best):
            if i != j:
                parts = [1 - abs(r[i] - r[j]) / (r.max() - r.min()) for r in ranks]
                parts += [frame[name][i] == frame[name][j] for name in ("sector", "abroad")]
                alike.append(np.mean(parts))
        similarity[i] = np.mean(sorted(alike, reverse=True)[:k])
    return similarity


@pytest.mark.parametrize("k", [1, 5, 1000])
def test_it_is_the_mean_similarity_to_the_nearest_of_the_best(k):
    frame = accounts()
    got = score_similarity(frame, to={"tier": "A"}, features=FEATURES, neighbors=k)
    best = (frame["tier"] == "A").to_numpy()
    np.testing.assert_allclose(got["similarity"], by_definition(frame, best, k), rtol=1e-12)  # rounding only
    expected = got["similarity"].where(~best).rank(method="min", ascending=False)
    np.testing.assert_array_equal(got["similarity_rank"].astype(float).fillna(-1), expected.fillna(-1))


def test_the_scale_of_money_does_not_matter_and_neither_do_other_columns():
    frame = accounts()
    one = score_similarity(frame, to={"tier": ["A", "B"]}, features=FEATURES)["similarity"]
    log = frame.assign(spend=np.log(frame["spend"]), other=1)
    assert score_similarity(log, to={"tier": ["A", "B"]}, features=FEATURES)["similarity"].tolist() == one.tolist()
    flag = frame.assign(best=frame["tier"] != "C")
    assert score_similarity(flag, to="best", features=FEATURES)["similarity"].tolist() == one.tolist()


def test_libraries_order_and_chunks_change_nothing():
    ask = {"to": {"tier": "A"}, "features": FEATURES}
    given = pl.from_pandas(accounts())
    whole = score_similarity(given, **ask)
    parts = pl.concat([given[:9], given[9:]], rechunk=False)
    assert score_similarity(parts.lazy(), **ask).collect().equals(whole)
    assert score_similarity(given[::-1], **ask)[::-1].equals(whole)
    assert score_similarity(parts.to_arrow(), **ask).to_pydict() == whole.to_dict(as_series=False)
    assert score_similarity(accounts(), **ask)["similarity"].tolist() == whole["similarity"].to_list()


def test_a_feature_that_all_share_says_nothing_and_harms_nothing():
    frame = accounts().assign(country="de", year=2026)
    got = score_similarity(frame, to={"tier": "A"}, features=["spend", "country", "year"], neighbors=1)
    alone = score_similarity(frame, to={"tier": "A"}, features=["spend"], neighbors=1)
    np.testing.assert_allclose(1 - got["similarity"], (1 - alone["similarity"]) / 3, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({}, {"to": "tier"}, r"tier must hold true or false; for a label name its values: to=\{'tier'"),
        ({}, {"to": {"tier": "Z"}}, "two customers at least must be among the best, and not all; 0 of 60"),
        ({}, {"to": {"tier": ["A", "B", "C"]}}, "and not all; 60 of 60"),
        ({}, {"to": 3}, "to must be a column of true or false"),
        ({"tier": None}, {}, "tier must not be null"),
        ({}, {"features": []}, "features must name one column at least"),
        ({}, {"features": "spend"}, "features must be a list"),
        ({}, {"features": ["size"]}, r"lacks \['size'\]"),
        ({"spend": np.nan}, {}, "spend must not be null or NaN"),
        ({"spend": np.inf}, {}, "spend must be finite"),
        ({"sector": None}, {}, "must not be null|must hold numbers"),
        ({"sector": [str(i) for i in range(60)] * 1}, {"neighbors": 0}, "neighbors must be a whole number from 1"),
        ({"sector": pd.Timestamp("2026-01-01")}, {}, "a feature must hold numbers, texts or truth values"),
    ],
)
def test_bad_input_is_refused_in_words(change, arguments, message):
    with pytest.raises(InputError, match=message):
        score_similarity(accounts().assign(**change), **({"to": {"tier": "A"}, "features": FEATURES} | arguments))


def test_a_key_is_no_category():
    frame = pd.concat([accounts(), accounts(seed=1)], ignore_index=True)
    frame = frame.assign(name=[f"n{i}" for i in range(120)])
    with pytest.raises(InputError, match="name has 120 categories; 100 at most"):
        score_similarity(frame, to={"tier": "A"}, features=["name"])
