"""Rules say what they are, how many rows break them, which, and what to do; and take what keeps them."""

import math
from decimal import Decimal

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value import InputError
from customer_value import _validation as rules
from customer_value._frames import open_frame

SUMMARY = pd.DataFrame(
    {
        "frequency": [0, 2],
        "recency": [0.0, 5.0],
        "T": [4.0, 9.0],
        "monetary_value": [None, 20.0],
        "purchases": [1, 3],
        "time_unit": "week",
    }
)
MODEL = ("frequency", "recency", "T")


def opened(frame=SUMMARY, **columns):
    return open_frame(frame.assign(**columns))


# ---- columns -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", [SUMMARY, pl.from_pandas(SUMMARY), pl.from_pandas(SUMMARY).lazy()])
def test_columns_that_are_there(frame):
    rules.require_columns(open_frame(frame), ["T", "frequency"], what="summary")


@pytest.mark.parametrize("frame", [SUMMARY, pl.from_pandas(SUMMARY), pl.from_pandas(SUMMARY).lazy()])
def test_columns_that_are_missing(frame):
    with pytest.raises(InputError) as caught:
        rules.require_columns(open_frame(frame), ["T", "Frequency", "orders"], what="summary", maker="make() makes it")
    assert str(caught.value) == (
        "the summary lacks ['Frequency', 'orders']; it has ['frequency', 'recency', 'T', 'monetary_value', "
        "'purchases', 'time_unit']. Did you mean 'frequency'? make() makes it."
    )


def test_the_index_is_no_column():
    with pytest.raises(InputError, match=r"'T' is its index: frame\.reset_index\(\) makes a column of it\.$"):
        rules.require_columns(opened(SUMMARY.set_index("T")), ["T"], what="summary")


@pytest.mark.parametrize("name", [None, 3, ["T"], np.array(["T"])])
def test_columns_are_named_by_text(name):
    with pytest.raises(InputError, match="a column of the summary is named by text; got"):
        rules.require_columns(opened(), [name], what="summary")


def test_names_that_are_no_texts():
    with pytest.raises(InputError, match=r"lacks \['T'\]; it has \[0, 1, 2, 3, 4, 5\]\.$"):
        rules.require_columns(opened(SUMMARY.set_axis(range(6), axis=1)), ["T"], what="summary")
    with pytest.raises(InputError, match=r"columns of the log must be named by text; it has \[7, \('a', 1\)\]"):
        rules.require_text_names(opened(SUMMARY.rename(columns={"T": 7, "recency": ("a", 1)})[[7, ("a", 1)]]), "log")
    rules.require_text_names(opened(), "log")


@pytest.mark.parametrize(
    ("left", "right", "match"),
    [
        ([1, 2], ["a", "b"], r"id must have one type in both frames; it is Int64 in the log and String in the summary"),
        ([1.0, None], [1, 2], r"it is Float64 in the log and Int64 in the summary\. Cast one of them\..*are floats"),
        ([[1], [2]], [[1], [2]], r"id must hold text or whole numbers; its type is List\(Int64\)"),
    ],
)
def test_ids_that_do_not_meet(left, right, match):
    frames = {what: open_frame(pl.DataFrame({"id": ids})) for what, ids in (("log", left), ("summary", right))}
    with pytest.raises(InputError, match=match):
        rules.require_ids("id", frames)


def test_ids_that_meet():
    for ids in (["a"], [1], [2.5], pd.Categorical(["a"])):
        frame = open_frame(pd.DataFrame({"id": ids}))
        rules.require_ids("id", {"log": frame, "summary": frame})


# ---- options and arguments -----------------------------------------------------------------------------------------


def test_choices():
    rules.require_choice("grain", "week", ("day", "week"))
    with pytest.raises(
        InputError, match=r"^grain must be one of \['day', 'week'\]; got 'weeks'\. Did you mean 'week'\?$"
    ):
        rules.require_choice("grain", "weeks", ("day", "week"))
    for value in (None, 3, ["day"], np.array(["day", "week"]), pd.NA):
        with pytest.raises(InputError, match="grain must be one of"):
            rules.require_choice("grain", value, ("day", "week"))


@pytest.mark.parametrize(
    ("bounds", "inside", "outside", "told"),
    [
        ({}, [-1e300, 0, np.int8(3), np.float32(0.5)], [math.nan, math.inf, 10**400, "1", True, None, Decimal(1)],
         "a finite number"),
        ({"low": 0}, [0, 3.5], [-1e-9, -math.inf], "0 or above"),
        ({"low": 0, "open_ends": True}, [1e-9], [0, -1], "above 0"),
        ({"low": 0, "high": 1}, [0, 0.5, 1], [1.0001, -0.0001], "from 0 to 1"),
        ({"low": 0, "high": 1, "open_ends": True}, [1e-9, 0.9999], [0, 1, 95], "between 0 and 1"),
    ],
)  # fmt: skip
def test_numbers_within_bounds(bounds, inside, outside, told):
    for value in inside:
        assert rules.number(value, "x", **bounds) == value
        assert isinstance(rules.number(value, "x", **bounds), float)
    for value in outside:
        with pytest.raises(InputError, match=rf"^x must be {told}; got "):
            rules.number(value, "x", **bounds)


def test_whole_numbers():
    assert [rules.whole_number(v, "n") for v in (0, 7, np.int64(7), 10**400)] == [0, 7, 7, 10**400]
    for value in (-1, 1.0, True, "3", None, math.nan):
        with pytest.raises(InputError, match=r"^n must be a whole number, 0 or above; got "):
            rules.whole_number(value, "n")
    assert rules.whole_number(9, "n", low=2, high=9) == 9
    for value in (1, 10):
        with pytest.raises(InputError, match=f"^n must be a whole number from 2 to 9; got {value}"):
            rules.whole_number(value, "n", low=2, high=9)


def test_texts_and_truths():
    assert rules.text_value("a", "name") == "a"
    assert rules.text_value("", "suffix", empty=True) == ""
    for value in ("", None, 3, b"a"):
        with pytest.raises(InputError, match="name must be a non-empty text; got"):
            rules.text_value(value, "name")
    assert rules.truth_value(np.True_, "flag") is True
    for value in ("False", 0, None, [], math.nan):
        with pytest.raises(InputError, match="flag must be True or False; got"):
            rules.truth_value(value, "flag")


def test_intervals():
    assert rules.interval_level(None) is None
    assert rules.interval_level(0.9) == 0.9
    for value in (0, 1, 90, -0.5, math.nan, "0.9", True):
        with pytest.raises(InputError, match="interval must be between 0 and 1; got"):
            rules.interval_level(value)


@pytest.mark.parametrize(
    "values",
    [[1, 2], (1.0, 2.0), np.array([1, 2], dtype=np.uint8), pd.Series([1, 2], dtype="Int64"), pl.Series([1, 2])],
)
def test_sequences_of_numbers(values):
    found = rules.float_array(values, "w")
    assert found.dtype == np.float64
    assert found.tolist() == [1.0, 2.0]


def test_missing_numbers_of_a_sequence_are_nan():
    for values in ([1, None], pd.Series([1, None], dtype="Int64"), pl.Series([1, None])):
        np.testing.assert_array_equal(rules.float_array(values, "w"), [1.0, np.nan])


@pytest.mark.parametrize(
    "values",
    ["12", ["a"], [True, False], {"a": 1}, [[1, 2]], [1j], [10**400], b"x",
     pd.to_datetime(["2020-01-01"]), object()],
)  # fmt: skip
def test_what_is_no_sequence_of_numbers(values):
    with pytest.raises(InputError, match="w must be numbers in one dimension; got"):
        rules.float_array(values, "w")


# ---- rows ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ok", "told"),
    [
        ([False, True], "x must be 0; 1 of 2 rows is not (rows 0). Look."),
        ([True, False, False], "x must be 0; 2 of 3 rows are not (rows 1, 2). Look."),
        ([False] * 5, "x must be 0; 5 of 5 rows are not (rows 0, 1, 2, ...). Look."),
    ],
)
def test_rows_that_break_a_rule(ok, told):
    with pytest.raises(InputError) as caught:
        rules.require_rows(np.array(ok), "x must be 0", "Look.")
    assert str(caught.value) == told


def test_rows_that_were_counted_are_told_without_positions():
    rules.require_rows(np.array([True, True]), "x must be 0")
    with pytest.raises(InputError) as caught:
        rules.require_rows(np.array([True, False]), "x must be 0", counts=np.array([7.0, 3.0]))
    assert str(caught.value) == "x must be 0; 3 of 10 rows are not."


def test_lazy_rules_and_facts_come_from_one_query():
    frame = open_frame(pl.LazyFrame({"x": [1, 2, -3], "y": [1.0, 1.0, 1.0]}))
    facts = {"top": nw.col("x").max()}
    assert rules.require_lazy(frame, {"y must be 1": (nw.col("y") == 1, "")}, facts) == {"n": 3, "top": 2}
    broken = {"y must be 1": (nw.col("y") == 1, ""), "x must be above 0": (nw.col("x") > 0, "Look.")}
    with pytest.raises(InputError) as caught:
        rules.require_lazy(frame, broken)
    assert str(caught.value) == "x must be above 0; 1 of 3 rows is not. Look."


def test_frames_without_rows():
    rules.require_some(1, "log")
    with pytest.raises(InputError, match="the log is empty: no rows to work on"):
        rules.require_some(0, "log")


@pytest.mark.parametrize(
    ("values", "nulls", "match"),
    [
        (["1", "2"], False, r"^x must be numeric; its type is String\. Convert it first"),
        ([True, False], False, "x must be numeric; its type is Boolean"),
        ([1.0, np.inf], True, r"x must be finite; 1 of 2 rows is not \(rows 1\)"),
        ([np.nan, 1.0], False, r"x must not be null or NaN; 1 of 2 rows is \(rows 0\)"),
    ],
)
def test_columns_that_are_no_numbers(values, nulls, match):
    with pytest.raises(InputError, match=match):
        rules.numeric_column(opened(x=values), "x", what="frame", nulls=nulls)


def test_columns_of_numbers():
    found = rules.numeric_column(opened(x=pd.array([1, None], dtype="Int64")), "x", what="frame", nulls=True)
    np.testing.assert_array_equal(found, [1.0, np.nan])


# ---- customer summaries --------------------------------------------------------------------------------------------


def test_a_sound_summary():
    found = rules.summary_arrays(opened(), [*MODEL, "monetary_value", "purchases"])
    assert all(values.dtype == np.float64 for values in found.values())
    assert found["frequency"].tolist() == [0.0, 2.0]
    assert np.isnan(found["monetary_value"][0])


def test_rounding_past_the_end_is_taken_for_the_end():
    # 5 weeks of days over 7, counted up: the last bits of other tools.
    found = rules.summary_arrays(opened(recency=[0.0, 9.0 * (1 + 5e-10)]), MODEL)
    assert found["recency"].tolist() == [0.0, 9.0]
    with pytest.raises(InputError, match=r"recency must be <= T; 1 of 2 rows is not \(rows 1\)\. recency runs from"):
        rules.summary_arrays(opened(recency=[0.0, 9.0 * (1 + 1e-8)]), MODEL)


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"frequency": [-1, 2]}, r"frequency must be 0 or above; 1 of 2 rows is not \(rows 0\)"),
        ({"frequency": [0.5, 2]}, "frequency must be a whole number: it counts repeat purchase periods; 1 of 2"),
        ({"frequency": [0, 1e9]}, r"frequency must be below 1e\+09; 1 of 2"),
        ({"frequency": [0, None]}, "frequency must not be null or NaN; 1 of 2"),
        ({"purchases": [1.5, 3]}, "purchases must be a whole number: it counts purchase periods; 1 of 2"),
        ({"purchases": [-1, 3]}, "purchases must be 0 or above"),
        ({"T": [4.0, -9.0]}, r"T must be 0 or above; .* It runs from the first purchase to observation_end"),
        ({"T": [4.0, 6e14]}, r"T must be below 1e\+09; .* Count periods, not nanoseconds"),
        ({"recency": [0.0, -1.0]}, "recency must be 0 or above"),
        ({"recency": [1.0, 5.0]}, r"recency must be 0 where frequency is 0; .* the last purchase is the first"),
        ({"monetary_value": np.nan}, "monetary_value must not be null where frequency is above 0; 1 of 2"),
        ({"monetary_value": [None, np.inf]}, "monetary_value must be finite"),
    ],
)
def test_summaries_that_cannot_be(columns, match):
    with pytest.raises(InputError, match=match):
        rules.summary_arrays(opened(**columns), [*MODEL, "monetary_value", "purchases"])


def test_a_summary_without_columns_or_rows():
    with pytest.raises(
        InputError, match=r"lacks \['T'\]; .* summarize_customers\(log, observation_end=\.\.\.\) makes them"
    ):
        rules.summary_arrays(opened(SUMMARY.drop(columns="T")), MODEL)
    with pytest.raises(InputError, match="the summary is empty"):
        rules.summary_arrays(opened(SUMMARY.head(0)), MODEL)


def test_rulers():
    assert rules.time_unit_of(opened()) == "week"
    assert rules.time_unit_of(opened(SUMMARY.drop(columns="time_unit"))) is None
    for units in (["week", "day"], ["fortnight"] * 2, ["week", None], [7, 7]):
        with pytest.raises(InputError, match=r"time_unit must hold one of \['hour', .*\] in every row; it holds \["):
            rules.time_unit_of(opened(time_unit=units))
    for units in (("week", "week"), ("week", None), (None, "day")):
        rules.require_same_ruler(*units, "BGNBD")
    with pytest.raises(InputError, match=r"BGNBD was fitted in weeks and this summary is in days\. .*time_unit='week'"):
        rules.require_same_ruler("week", "day", "BGNBD")


def test_backends():
    rules.require_backend("polars")
    with pytest.raises(
        InputError, match=r"backend must be one of \['pandas', 'polars', 'pyarrow'\]; got 'panda'.*'pandas'"
    ):
        rules.require_backend("panda")
