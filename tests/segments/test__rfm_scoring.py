"""Scores on known edges: by hand, the same on every engine and as the fit gave them, of each customer by himself."""

import warnings

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value.errors import InputError
from customer_value.segments import RFMScheme, fit_rfm_scheme, score_rfm

WAYS = {
    "mid": {},
    "edge": {"ties": "edge"},
    "r-rfm": {"ties": "r-rfm", "bins": {"r": 4, "f": 2, "m": 12}},
    "nested": {"binning": "nested", "bins": {"r": 3, "f": 2, "m": 3}, "weights": {"r": 1, "f": 2, "m": 3.3}},
    "breaks": {"breaks": {"r": [1, 2.5], "f": [2]}, "binning": "nested", "ties": "edge"},
}


@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
def test_a_scheme_scores_its_own_customers_as_fit_and_score_does(rfm_data, how, make_frame, read):
    data = rfm_data(150, seed=1)
    expected = read(score_rfm(pd.DataFrame(data), **how))
    scheme = fit_rfm_scheme(make_frame(data), **how)
    assert scheme == fit_rfm_scheme(pd.DataFrame(data), **how)
    for scored in (score_rfm(make_frame(data), scheme=scheme), score_rfm(make_frame(data), **how)):
        assert type(scored) is type(make_frame(data))
        assert read(scored) == expected


@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
def test_duckdb_scores_alike(rfm_data, how, read):
    frame = pd.DataFrame(rfm_data(80, seed=2))
    relation = duckdb.sql("select * from frame")
    expected = read(score_rfm(frame, **how))
    for scored in (score_rfm(relation, scheme=fit_rfm_scheme(relation, **how)), score_rfm(relation, **how)):
        assert read(scored.order("customer_id").df()) == expected


def test_dask_scores_alike(rfm_data, read):
    dask = pytest.importorskip("dask.dataframe")
    frame = pd.DataFrame(rfm_data(40, seed=3))
    parts = dask.from_pandas(frame, npartitions=3)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Dask support is moving", category=FutureWarning)  # narwhals' own
        scored = score_rfm(parts, scheme=fit_rfm_scheme(frame))
    assert read(scored.compute()) == read(score_rfm(frame))


def test_chunks_change_nothing(rfm_data, read):
    data = rfm_data(90)
    expected = read(score_rfm(pd.DataFrame(data)))
    polars = pl.concat([pl.DataFrame(data)[start : start + 40] for start in (0, 40, 80)], rechunk=False)
    arrow = pa.concat_tables([pa.table(data).slice(start, 40) for start in (0, 40, 80)])
    for chunked in (polars, arrow, polars.lazy()):
        assert read(score_rfm(chunked)) == expected
        assert read(score_rfm(chunked, scheme=fit_rfm_scheme(chunked))) == expected


def test_new_customers_are_scored_by_hand():
    scheme = RFMScheme({"r": (90, 30), "f": (2, 5), "m": (0, np.inf)})
    frame = pd.DataFrame(
        {"time_since_last": [0, 30, 31, 400], "purchases": [7, 5, 4, 1], "total_value": [1e308, 0.0, -0.01, 9.0]}
    )
    assert score_rfm(frame, scheme=scheme)["rfm_score"].tolist() == [332, 332, 221, 112]
    assert score_rfm(pl.LazyFrame(frame), scheme=scheme).collect()["rfm_score"].to_list() == [332, 332, 221, 112]


def test_the_weighted_score_by_hand():
    frame = pd.DataFrame({"time_since_last": [0, 9], "purchases": [9, 1], "total_value": [5.0, 5.0]})
    breaks = {"r": [3, 6], "f": [2, 4, 6, 8], "m": [5, 10]}
    scored = score_rfm(frame, breaks=breaks, weights={"r": 1, "f": 2, "m": 5})
    # First: R 3 of 3, F 5 of 5, M 2 of 3; second: R 1, F 1, M 2.
    assert scored["rfm_weighted"].tolist() == pytest.approx([100 * (1 + 2 + 5 / 2) / 8, 100 * (5 / 2) / 8], rel=1e-15)
    only_f = score_rfm(frame, breaks=breaks, weights={"r": 0, "f": 0.3, "m": 0})
    assert only_f["rfm_weighted"].tolist() == [100.0, 0.0]
    assert "rfm_weighted" not in score_rfm(frame)


def test_more_than_nine_bins_take_two_digits_each(rfm_data):
    scored = score_rfm(pd.DataFrame(rfm_data(300)), bins={"r": 12, "f": 3, "m": 99})
    assert scored["r_score"].max() == 12
    assert scored["m_score"].max() == 99
    r, f, m = (scored[f"{d}_score"] for d in "rfm")
    assert scored["rfm_score"].equals(10000 * r + 100 * f + m)


def test_a_lazy_frame_with_a_scheme_stays_lazy_and_is_asked_once(rfm_data):
    data = rfm_data(30)
    asked = []
    lazy = pl.LazyFrame(data).map_batches(lambda frame: asked.append(1) or frame)
    scored = score_rfm(lazy, scheme=fit_rfm_scheme(pd.DataFrame(data)))
    assert isinstance(scored, pl.LazyFrame)
    assert len(asked) == 1  # the checks


def test_a_lazy_frame_may_have_columns_of_the_scores_names(rfm_data):
    data = {**rfm_data(30), "r_score": [9] * 30, "f_score": [0.5] * 30}
    scheme = fit_rfm_scheme(pd.DataFrame(data), frequency="f_score")
    assert score_rfm(pl.LazyFrame(data), scheme=scheme).collect().to_pandas()["f_score"].unique().tolist() == [3]


@settings(max_examples=20)
@given(st.data())
def test_known_edges_do_not_look_at_other_customers(rfm_data, data):
    frame = pd.DataFrame(rfm_data(30, data.draw(st.integers(0, 20))))
    scheme = fit_rfm_scheme(frame, **data.draw(st.sampled_from(list(WAYS.values()))))
    whole = score_rfm(frame, scheme=scheme)
    part = data.draw(st.lists(st.integers(0, 29), min_size=1, max_size=30))
    pd.testing.assert_frame_equal(score_rfm(frame.iloc[part], scheme=scheme), whole.iloc[part])


def test_another_ruler_is_refused(rfm_data):
    weeks = pd.DataFrame({**rfm_data(20), "time_unit": "week"})
    scheme = fit_rfm_scheme(weeks)
    assert scheme.time_unit == "week"
    days = weeks.assign(time_unit="day")
    for frame in (days, pl.from_pandas(days).lazy(), duckdb.from_df(days)):
        with pytest.raises(InputError, match="the scheme was fitted in weeks and this summary is in days"):
            score_rfm(frame, scheme=scheme)
    assert score_rfm(weeks.drop(columns="time_unit"), scheme=scheme)["rfm_score"].equals(score_rfm(weeks)["rfm_score"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time_since_last": [1.0, -1.0, 2.0]}, "time_since_last must be 0 or above; 1 of 3 rows is not"),
        ({"total_value": [1.0, None, 2.0]}, "total_value must (not be null|be finite)"),
        ({"total_value": [1.0, np.nan, 2.0]}, "total_value must (not be null|be finite)"),
        ({"total_value": [1.0, np.inf, 2.0]}, "total_value must be finite"),
        ({"purchases": ["1", "2", "3"]}, "purchases must be numeric"),
        ({"recency": [1, 1, 1]}, "RFM scores the time since the last"),
    ],
)
def test_bad_values_are_refused_on_known_edges(change, message):
    edges, columns = {"r": (1,), "f": (1,), "m": (1,)}, {"r": "time_since_last", "f": "purchases", "m": "total_value"}
    scheme = RFMScheme(edges, {**columns, "r": "recency"} if "recency" in change else columns)
    data = {"time_since_last": [1.0, 1.0, 2.0], "purchases": [1, 2, 3], "total_value": [1.0, 1.0, 2.0], **change}
    for frame in (pd.DataFrame(data), pl.LazyFrame(data, strict=False), duckdb.from_arrow(pa.table(data))):
        with pytest.raises(InputError, match=message):
            score_rfm(frame, scheme=scheme)


def test_an_empty_frame_is_refused_on_known_edges(rfm_data):
    scheme = RFMScheme({"r": (1,), "f": (1,), "m": (1,)})
    frame = pd.DataFrame(rfm_data(5)).head(0)
    for empty in (frame, pl.from_pandas(frame).lazy()):
        with pytest.raises(InputError, match="empty"):
            score_rfm(empty, scheme=scheme)
    with pytest.raises(InputError, match=r"lacks \['total_value'\]"):
        score_rfm(frame.drop(columns="total_value"), scheme=scheme)
