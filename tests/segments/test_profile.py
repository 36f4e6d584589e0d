"""Segment profiles against pandas' group-by, in every library, with empty segments and totals that are not positive."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_value.errors import InputError
from customer_value.segments import TEN_SEGMENTS, assign_segments, segment_profile

ORDER = list(TEN_SEGMENTS.labels["en"].values())


def named(n=300, seed=0):
    rng = np.random.default_rng(seed)
    scored = pd.DataFrame(
        {
            "r_score": rng.integers(1, 6, n),
            "f_score": rng.integers(2, 6, n),  # nobody is new or promising
            "total_value": np.round(rng.normal(40, 30, n), 2),
            "clv": rng.gamma(2, 20, n),
        }
    )
    return assign_segments(scored)


def test_the_profile_is_a_group_by_with_shares():
    customers = named()
    profile = segment_profile(customers).set_index("segment")
    groups = customers.groupby("segment", observed=False)
    assert profile.index.tolist() == ORDER
    assert profile.columns.tolist() == [
        *("customers", "share_of_customers", "total_value", "share_of_value", "mean_value", "median_value"),
        *("clv", "share_of_clv", "mean_clv"),
    ]
    # Sums of 300 numbers in another order differ by rounding only.
    close = {"rtol": 1e-12, "check_names": False, "check_index_type": False, "check_dtype": False}
    for column, expected in {
        "customers": groups.size(),
        "share_of_customers": groups.size() / 300,
        "total_value": groups["total_value"].sum(),
        "share_of_value": groups["total_value"].sum() / customers["total_value"].sum(),
        "mean_value": groups["total_value"].mean(),
        "median_value": groups["total_value"].median(),
        "clv": groups["clv"].sum(),
        "share_of_clv": groups["clv"].sum() / customers["clv"].sum(),
        "mean_clv": groups["clv"].mean(),
    }.items():
        pd.testing.assert_series_equal(profile[column], expected, **close)


def test_a_segment_without_customers_has_no_mean_but_a_sum():
    profile = segment_profile(named()).set_index("segment")
    empty = profile.loc[["New customers", "Promising"]]
    assert (empty[["customers", "share_of_customers", "total_value", "share_of_value", "clv"]] == 0).all(axis=None)
    assert empty[["mean_value", "median_value", "mean_clv"]].isna().all(axis=None)


def test_every_library_gives_the_same_profile_and_its_own_kind(make_frame, read):
    customers = named()
    data = {name: customers[name].tolist() for name in ("r_score", "f_score", "total_value", "clv")}
    given_frame = make_frame(data)
    profile = segment_profile(assign_segments(given_frame))
    assert type(profile) is type(given_frame)
    got = read(profile)
    expected = segment_profile(customers)
    if len(got["segment"]) == 8:  # pyarrow's text knows only the segments that there are
        expected = expected[expected["customers"] > 0]
    assert list(got) == expected.columns.tolist()
    for column, values in got.items():
        for value, wanted in zip(values, expected[column], strict=True):
            assert value == wanted or (pd.isna(value) and pd.isna(wanted))


def test_the_label_keeps_its_type():
    customers = named(20)
    assert segment_profile(customers)["segment"].dtype == customers["segment"].dtype
    enum = pl.Enum(ORDER)
    frame = pl.DataFrame({"segment": ["At risk"], "total_value": [1.0]}, schema_overrides={"segment": enum})
    assert segment_profile(frame).schema["segment"] == enum


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical])
def test_names_of_the_ten_segments_keep_their_order_as_text(dtype):
    for texts in TEN_SEGMENTS.labels.values():
        labels = pl.Series("segment", list(texts.values())[::-1]).cast(dtype)
        profile = segment_profile(pl.DataFrame({"segment": labels, "total_value": [1.0] * 10}))
        assert profile["segment"].cast(pl.String).to_list() == list(texts.values())


def test_other_labels_are_sorted(make_frame, read):
    frame = make_frame({"cluster": [3, 1, 2, 1], "spend": [1.0, 2.0, 3.0, 4.0]})
    profile = read(segment_profile(frame, label="cluster", value="spend"))
    assert profile["cluster"] == [1, 2, 3]
    assert profile["spend"] == [6.0, 3.0, 1.0]
    countries = pd.DataFrame({"country": pd.Categorical(["FR", "DE", "FR"], categories=["FR", "DE"]), "spend": 1.0})
    assert segment_profile(countries, label="country", value="spend")["country"].tolist() == ["DE", "FR"]


def test_shares_of_a_total_that_is_not_positive_are_null():
    frame = pd.DataFrame({"segment": ["a", "b"], "total_value": [5.0, -5.0]})
    profile = segment_profile(frame)
    assert profile["share_of_value"].isna().all()
    assert profile["total_value"].tolist() == [5.0, -5.0]


def test_clv_may_be_the_value_itself():
    profile = segment_profile(named(), value="clv")
    assert profile.columns.tolist() == [
        *("segment", "customers", "share_of_customers", "clv", "share_of_value", "mean_value", "median_value"),
    ]


@given(st.permutations(range(60)))
def test_the_order_of_rows_changes_nothing_at_all(order):
    customers = named(60)
    pd.testing.assert_frame_equal(segment_profile(customers.iloc[order]), segment_profile(customers), check_exact=True)


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({"segment": ["a", None]}, {}, r"segment must not be null; 1 of 2 rows is not \(rows 1\)"),
        ({"total_value": [1.0, None]}, {}, "total_value must not be null"),
        ({"total_value": ["1", "2"]}, {}, "total_value must be numeric"),
        ({"clv": [1.0, np.inf]}, {}, "clv must be finite"),
        ({}, {"label": "tier"}, r"lacks \['tier'\].*assign_segments"),
        ({}, {"value": "margin"}, r"lacks \['margin'\]"),
        ({}, {"value": "segment"}, "must be two columns"),
        ({"customers": [1, 2]}, {"value": "customers"}, "rename the column"),
    ],
)
def test_bad_input_is_refused(change, arguments, message):
    frame = pd.DataFrame({"segment": ["a", "b"], "total_value": [1.0, 2.0], **change})
    with pytest.raises(InputError, match=message):
        segment_profile(frame, **arguments)


def test_an_empty_frame_is_refused():
    with pytest.raises(InputError, match="empty"):
        segment_profile(named(5).head(0))
