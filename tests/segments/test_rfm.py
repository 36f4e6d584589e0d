"""RFM scores against their definition in exact fractions, against pandas' qcut without ties, and at the edges."""

from fractions import Fraction
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_value.errors import InputError
from customer_value.segments import score_rfm
from customer_value.segments.rfm import mid_rank_edges, score_by_edges

SCORES = ["r_score", "f_score", "m_score", "rfm_score"]

# Few distinct values, so that ties abound; the large and small ones test that no arithmetic is done on values.
tied = st.lists(st.sampled_from([-1e300, -3.5, -0.0, 0.0, 1e-300, 1.0, 2.0, 7.0, 1e300]), min_size=1, max_size=60)
anything = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60)
bin_counts = st.integers(2, 9)


def customers(n, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "customer_id": np.arange(n),
        "time_since_last": rng.integers(0, 40, n) / 7,
        "purchases": rng.geometric(0.4, n),
        "total_value": np.round(rng.normal(50, 40, n), 1),
    }


def by_definition(values, bins):
    """1 + floor(bins x u), u = (customers below + half of those at the value) / n, in exact fractions."""
    n = len(values)
    shares = [Fraction(2 * sum(v < x for v in values) + sum(v == x for v in values), 2 * n) for x in values]
    return [int(bins * share) + 1 for share in shares]


def score(values, bins=5):
    values = np.asarray(values, dtype=np.float64)
    return score_by_edges(values, mid_rank_edges(values, bins)).tolist()


@given(st.one_of(tied, anything), bin_counts)
def test_a_score_is_the_mid_rank_cut_into_equal_parts(values, bins):
    assert score(values, bins) == by_definition(values, bins)


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=12, unique=True), bin_counts, st.randoms())
def test_without_ties_each_score_holds_equally_many_as_in_qcut(values, bins, random):
    values = [value + offset * 5000 for offset in range(bins) for value in values]  # n a multiple of bins, distinct
    random.shuffle(values)
    assert score(values, bins) == (pd.qcut(values, bins, labels=False) + 1).tolist()


@given(st.one_of(tied, anything), bin_counts)
def test_more_is_never_scored_lower_and_equals_are_scored_alike(values, bins):
    ranked = sorted(zip(values, score(values, bins), strict=True))
    for (low, low_score), (high, high_score) in pairwise(ranked):
        assert low_score <= high_score
        assert low != high or low_score == high_score
    assert 1 <= ranked[0][1] <= ranked[-1][1] <= bins


@given(tied, bin_counts)
def test_edges_never_fall_and_are_observed_values_or_infinite(values, bins):
    edges = mid_rank_edges(np.array(values), bins)
    assert edges.shape == (bins - 1,)
    assert (edges[1:] >= edges[:-1]).all()
    assert {edge for edge in edges if np.isfinite(edge)} <= set(values)


@given(st.data())
def test_scores_do_not_depend_on_the_order_of_rows(data):
    frame = pd.DataFrame(customers(40, data.draw(st.integers(0, 50))))
    order = data.draw(st.permutations(range(len(frame))))
    shuffled = score_rfm(frame.iloc[order])
    pd.testing.assert_frame_equal(shuffled.sort_index(), score_rfm(frame))


@pytest.mark.parametrize(("bins", "middle"), [(2, 2), (3, 2), (4, 3), (5, 3), (9, 5)])
def test_a_value_that_all_share_is_in_the_middle(bins, middle):
    assert score([7.0] * 11, bins) == [middle] * 11
    assert score([7.0], bins) == [middle]


def test_one_customer_scores_333():
    frame = pd.DataFrame({"time_since_last": [3.0], "purchases": [1], "total_value": [9.5]})
    assert score_rfm(frame)[SCORES].to_numpy().tolist() == [[3, 3, 3, 333]]


def test_recent_is_good_many_is_good_much_is_good():
    frame = pd.DataFrame(
        {"time_since_last": [0, 1, 2, 3, 4], "purchases": [1, 2, 3, 4, 5], "total_value": [-1, 0, 1, 2, 3]}
    )
    scored = score_rfm(frame)
    assert scored["r_score"].tolist() == [5, 4, 3, 2, 1]
    assert scored["f_score"].tolist() == [1, 2, 3, 4, 5]
    assert scored["m_score"].tolist() == [1, 2, 3, 4, 5]
    assert scored["rfm_score"].tolist() == [511, 422, 333, 244, 155]


def test_cdnow_sixty_percent_of_one_time_buyers_share_one_score():
    folder = Path(find_spec("lifetimes").submodule_search_locations[0], "datasets")
    summary = pd.read_csv(folder / "cdnow_customers_summary.csv").assign(total_value=0.0)
    summary["time_since_last"] = summary.pop("T") - summary.pop("recency")
    summary["purchases"] = summary.pop("frequency") + 1
    scored = score_rfm(summary)
    # 1,411 of 2,357 bought once: their mid-rank share is 1411 / 2 / 2357 = .2993, so 1 + floor(5 x .2993) = 2.
    assert (summary["purchases"] == 1).sum() == 1411
    assert set(scored.loc[summary["purchases"] == 1, "f_score"]) == {2}
    assert set(scored["f_score"]) == {2, 4, 5}  # the 439 with two purchases: (1411 + 219.5) / 2357 = .692, so 4


def test_every_library_gets_the_same_scores_and_its_own_kind_back(make_frame, read):
    data = customers(200)
    given_frame = make_frame(data)
    scored = score_rfm(given_frame)
    assert type(scored) is type(given_frame)
    expected = read(score_rfm(pd.DataFrame(data)))
    got = read(scored)
    assert list(got) == [*data, *SCORES]
    assert {name: got[name] for name in SCORES} == {name: expected[name] for name in SCORES}
    assert got["customer_id"] == data["customer_id"].tolist()


def test_scores_are_int64_and_the_index_stays():
    frame = pd.DataFrame(customers(30)).set_index(pd.Index(["x", "y", "z"] * 10, name="shop"))
    before = frame.copy()
    scored = score_rfm(frame)
    pd.testing.assert_index_equal(scored.index, frame.index)
    assert (scored[SCORES].dtypes == "int64").all()
    assert scored["rfm_score"].tolist() == score_rfm(frame.reset_index(drop=True))["rfm_score"].tolist()
    pd.testing.assert_frame_equal(frame, before)
    assert score_rfm(pl.DataFrame(customers(5))).schema["rfm_score"] == pl.Int64


def test_scoring_again_replaces_and_a_suffix_keeps_both():
    scored = score_rfm(pd.DataFrame(customers(50)))
    assert score_rfm(scored.assign(r_score=99)).equals(scored)
    both = score_rfm(scored, monetary="purchases", suffix="_12m")
    assert both[SCORES].equals(scored[SCORES])
    assert both["m_score_12m"].tolist() == scored["f_score"].tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time_since_last": [1.0, -1.0, 2.0]}, r"time_since_last must be 0 or above; 1 of 3 rows is not \(rows 1\)"),
        ({"total_value": [1.0, None, 2.0]}, "total_value must not be null"),
        ({"total_value": [1.0, np.inf, 2.0]}, "total_value must be finite"),
        ({"purchases": ["1", "2", "3"]}, "purchases must be numeric"),
        ({"purchases": [True, False, True]}, "purchases must be numeric"),
    ],
)
def test_bad_values_are_refused(change, message):
    good = {"time_since_last": [1.0, 1.0, 2.0], "purchases": [1, 2, 3], "total_value": [1.0, 1.0, 2.0]}
    with pytest.raises(InputError, match=message):
        score_rfm(pd.DataFrame({**good, **change}))


def test_bad_frames_are_refused():
    frame = pd.DataFrame(customers(10))
    with pytest.raises(InputError, match=r"lacks \['total_value'\].*summarize_customers"):
        score_rfm(frame.drop(columns="total_value"))
    with pytest.raises(InputError, match="empty"):
        score_rfm(frame.head(0))
    with pytest.raises(InputError, match="must be a DataFrame"):
        score_rfm([1, 2, 3])
    with pytest.raises(InputError, match="named by text"):
        score_rfm(frame, recency=3)
    with pytest.raises(InputError, match="suffix must be a text"):
        score_rfm(frame, suffix=None)


def test_the_recency_of_the_purchase_models_is_refused():
    frame = pd.DataFrame(customers(10)).assign(recency=1.0)
    with pytest.raises(InputError, match="recency='time_since_last'"):
        score_rfm(frame, recency="recency")
    own = frame.drop(columns="recency").rename(columns={"time_since_last": "recency"})
    assert score_rfm(own, recency="recency")["r_score"].tolist() == score_rfm(frame)["r_score"].tolist()


@pytest.mark.parametrize("bins", [1, 10, 5.0, True, "5", None])
def test_bins_run_from_2_to_9(bins):
    with pytest.raises(InputError, match="bins must be a whole number from 2 to 9"):
        score_rfm(pd.DataFrame(customers(10)), bins=bins)


def test_an_engine_is_told_how_to_collect():
    duckdb = pytest.importorskip("duckdb")
    relation = duckdb.sql("select 1 as time_since_last, 1 as purchases, 1.0 as total_value")
    with pytest.raises(InputError, match=r"score_rfm needs the rows in memory.*duckdb.*relation\.arrow"):
        score_rfm(relation)
