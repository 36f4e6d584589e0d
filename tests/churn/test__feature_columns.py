"""Columns of every type and library are read as the same numbers, categories and days."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value._frames import open_frame
from customer_value.churn._feature_columns import read_feature
from customer_value.errors import InputError

DAYS = [dt.date(1970, 1, 3), None, dt.date(2026, 1, 1)]


@pytest.mark.parametrize(
    ("series", "kind", "numbers", "shown"),
    [
        (pd.Series([1, 2, 3]), "number", [1, 2, 3], "1"),
        (pd.Series([1.5, None, 3]), "number", [1.5, np.nan, 3], "1.5"),
        (pd.Series([True, None, False], dtype="boolean"), "number", [1, np.nan, 0], "1"),
        (pl.Series([True, None, False]), "number", [1, np.nan, 0], "1"),
        (pd.Series(["b", None, "a"]), "category", [1, -1, 0], "b"),
        (pd.Series(["b", None, "a"], dtype="category"), "category", [1, -1, 0], "b"),
        (pl.Series(["b", None, "a"], dtype=pl.Categorical), "category", [1, -1, 0], "b"),
        (pd.to_datetime(pd.Series(DAYS)), "date", [2, np.nan, 20454], "1970-01-03"),
        (pl.Series(DAYS), "date", [2, np.nan, 20454], "1970-01-03"),
    ],
)
def test_types(series, kind, numbers, shown):
    frame = pd.DataFrame({"x": series}) if isinstance(series, pd.Series) else pl.DataFrame({"x": series})
    read = read_feature(open_frame(frame), "x")
    assert read.kind == kind
    np.testing.assert_array_equal(read.numbers, numbers)
    assert read.shown(read.numbers[0]) == shown
    assert read.missing.tolist() == [value is None or value < 0 or np.isnan(value) for value in numbers]
    if read.missing.any():
        assert read.shown(read.numbers[1]) == "(missing)"


def test_codes_count_missing_as_a_value_of_its_own():
    codes, distinct = read_feature(open_frame(pl.DataFrame({"x": [3.0, None, 3.0, -1.0]})), "x").codes()
    assert (codes.tolist(), distinct) == ([1, 2, 1, 0], 3)


def test_infinite_numbers_are_refused():
    with pytest.raises(InputError, match="x must be finite"):
        read_feature(open_frame(pl.DataFrame({"x": [1.0, np.inf]})), "x")
