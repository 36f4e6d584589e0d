"""Segment profiles against pandas' group-by, in every library, with empty segments and totals that are not positive."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value._stats.intervals import wilson_interval
from customer_value.errors import InputError
from customer_value.segments import TEN_SEGMENTS, assign_segments, segment_profile
from customer_value.segments._means import mean_interval

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


def test_names_of_preset_tiers_keep_their_order_as_text_in_either_language():
    for names in (["Strategic", "Key", "Ordinary"], ["战略客户", "重点客户", "普通客户"]):
        customers = pa.table({"grade": names[::-1], "total_value": [1.0, 2.0, 3.0]})
        assert segment_profile(customers, label="grade").column("grade").to_pylist() == names


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


@settings(max_examples=10)
@given(st.permutations(range(60)))
def test_the_order_of_rows_changes_nothing_at_all(order):
    customers = named(60)
    pd.testing.assert_frame_equal(segment_profile(customers.iloc[order]), segment_profile(customers), check_exact=True)


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({"segment": ["a", None]}, {}, r"segment must not be null; 1 of 2 rows is \(rows 1\)"),
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


# ---- one-time buyers, intervals, histories, attributes -----------------------------------------------------------


def history():
    first, second = named(200, seed=1), named(150, seed=2)
    for frame in (first, second):
        frame["purchases"] = frame["f_score"]
        frame["country"] = np.where(frame["r_score"] > 3, "FR", "DE")
    return first.assign(cutoff=pd.Timestamp("2025-01-01")), second.assign(cutoff=pd.Timestamp("2025-02-01"))


def test_each_cutoff_of_a_history_is_profiled_apart():
    parts = history()
    profile = segment_profile(pd.concat(parts).sample(frac=1, random_state=0), attributes=["country"], interval=0.9)
    assert profile.columns[:2].tolist() == ["cutoff", "segment"]
    assert profile["segment"].tolist() == ORDER * 2
    for part in parts:
        rows = profile[profile["cutoff"] == part["cutoff"].iloc[0]].drop(columns="cutoff").reset_index(drop=True)
        alone = segment_profile(part, by=None, attributes=["country"], interval=0.9)
        pd.testing.assert_frame_equal(rows, alone)  # to the last digit
    pooled = segment_profile(pd.concat(parts), by=None)
    assert pooled["customers"].sum() == 350


def test_any_column_may_part_the_profile(make_frame, read):
    frame = make_frame(
        {"region": ["n", "s", "n"], "segment": ["a", "a", "b"], "total_value": [1.0, 2.0, 3.0], "cutoff": [1, 2, 3]}
    )
    got = read(segment_profile(frame, by="region"))
    assert got["region"] == ["n", "n", "s", "s"]
    assert got["segment"] == ["a", "b", "a", "b"]
    assert got["customers"] == [1, 1, 1, 0]
    assert got["share_of_value"] == [0.25, 0.75, 1.0, 0.0]


def test_a_date_parts_the_profile_in_every_library(make_frame, read):
    days = [dt.date(2025, 2, 1), dt.date(2025, 1, 1)]
    got = read(segment_profile(make_frame({"cutoff": days, "segment": ["a", "a"], "total_value": [1.0, 2.0]})))
    assert [pd.Timestamp(day) for day in got["cutoff"]] == [pd.Timestamp("2025-01-01"), pd.Timestamp("2025-02-01")]
    assert got["total_value"] == [2.0, 1.0]


def test_one_time_buyers_are_those_with_one_purchase():
    frame = pd.DataFrame({"segment": list("aaab"), "total_value": 1.0, "purchases": [1, 2, 1, 7]})
    assert segment_profile(frame)["share_one_time"].tolist() == [2 / 3, 0.0]
    assert "share_one_time" not in segment_profile(frame.drop(columns="purchases")).columns


def test_intervals_of_shares_are_wilsons_and_of_means_halls():
    frame = named(300).assign(purchases=lambda f: f["f_score"] - 1)
    profile = segment_profile(frame, interval=0.8)
    n, once = profile["customers"].to_numpy(), profile["share_one_time"].fillna(0) * profile["customers"]
    for name, (lower, upper) in {
        "share_of_customers": wilson_interval(n, 300, interval=0.8),
        "share_one_time": wilson_interval(once.round(), n, interval=0.8),
    }.items():
        np.testing.assert_allclose(profile[f"{name}_lower"], lower, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(profile[f"{name}_upper"], upper, rtol=1e-9)
    champions = frame[frame["segment"] == "Champions"]
    for mean, column in {"mean_value": "total_value", "mean_clv": "clv"}.items():
        ends = mean_interval(np.sort(champions[column].to_numpy()), 0.8)
        assert profile.loc[0, [f"{mean}_lower", f"{mean}_upper"]].tolist() == list(ends)
    without = segment_profile(frame)
    assert not [column for column in without.columns if column.endswith(("_lower", "_upper"))]


def test_attributes_are_means_and_commonest_values_against_the_base():
    frame = pd.DataFrame(
        {
            "segment": list("aaaabb"),
            "total_value": 1.0,
            "age": [20.0, 30.0, 40.0, np.nan, 60.0, 100.0],
            "member": [True, False, True, True, False, False],
            "country": ["FR", "DE", None, "DE", "FR", "DE"],
        }
    )
    profile = segment_profile(frame, attributes=["age", "member", "country"])
    assert profile["mean_age"].tolist() == [30.0, 80.0]
    assert profile["index_age"].tolist() == [60.0, 160.0]  # all: 50
    assert profile["mean_member"].tolist() == [0.75, 0.0]
    assert profile["index_member"].tolist() == [150.0, 0.0]
    assert profile["top_country"].tolist() == ["DE", "DE"]  # in b both are equally common
    assert profile["share_country"].tolist() == [2 / 3, 0.5]
    np.testing.assert_allclose(profile["index_country"], [100 * (2 / 3) / 0.6, 100 * 0.5 / 0.6])


def test_attributes_of_a_segment_without_known_values_are_null(make_frame, read):
    data = {"segment": ["a", "b"], "total_value": [1.0, 1.0], "x": [None, 4.0], "y": [None, "q"]}
    got = read(segment_profile(make_frame(data), attributes=["x", "y"]))
    for column in ("mean_x", "index_x", "top_y", "share_y", "index_y"):
        assert pd.isna(got[column][0]), column
    assert [got[column][1] for column in ("mean_x", "index_x", "top_y", "share_y", "index_y")] == [4, 100, "q", 1, 100]


def test_an_index_against_nothing_is_null():
    frame = pd.DataFrame({"segment": ["a", "b"], "total_value": 1.0, "change": [-3.0, 1.0]})
    assert segment_profile(frame, attributes=["change"])["index_change"].isna().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"by": "region"}, r"lacks \['region'\]"),
        ({"by": "segment"}, "by 'segment' must be another column"),
        ({"interval": 1.5}, "interval must be between 0 and 1"),
        ({"attributes": "age"}, "attributes must be a list"),
        ({"attributes": ["age"]}, r"lacks \['age'\]"),
        ({"attributes": ["value"]}, r"would make \['mean_value'\] again"),
        ({"attributes": ["size", "size"]}, "named once"),
        ({"attributes": ["day"]}, "numbers, truth values or texts; day is of type"),
        ({"attributes": ["size"]}, "size must be finite"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    frame = pd.DataFrame({"segment": ["a"], "total_value": 1.0, "size": np.inf, "value": 1, "day": pd.Timestamp(0)})
    with pytest.raises(InputError, match=message):
        segment_profile(frame, **arguments)


@settings(max_examples=8)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(-1e6, 1e6)), min_size=1, max_size=30), st.randoms())
def test_the_order_of_rows_chunks_and_the_library_change_nothing(rows, random):
    frame = pd.DataFrame(rows, columns=["segment", "total_value"]).assign(kind=[name for name, _ in rows])
    arguments = {"interval": 0.9, "attributes": ["kind"]}
    expected = segment_profile(frame, **arguments)
    order = list(range(len(rows)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(segment_profile(frame.iloc[order], **arguments), expected)
    polars, cut = pl.from_pandas(frame), len(rows) // 2
    for other in (
        pl.concat([polars[:cut], polars[cut:]], rechunk=False),
        pa.concat_tables([polars[:cut].to_arrow(), polars[cut:].to_arrow()]),
    ):
        got = segment_profile(other, **arguments).to_pandas()
        pd.testing.assert_frame_equal(got, expected, check_dtype=False)
