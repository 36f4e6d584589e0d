import datetime as dt
import sys
from decimal import Decimal

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from customer_value.errors import InputError
from customer_value.transactions._ids import id_labels


def codes(native):
    return np.unique(id_labels(nw.from_native(native, series_only=True)), return_inverse=True)[1].tolist()


TEXT = ["b", "a", "é", "", "a", "a-very-long-identifier-of-a-customer"]
TEXT_CODES = [3, 1, 4, 0, 1, 2]
LIBRARIES = {
    "pandas": pd.Series,
    "polars": lambda values: pl.Series(values, strict=False),
    "pyarrow": lambda values: pa.chunked_array([values[:2], values[2:]]),
}


@pytest.mark.parametrize("make", LIBRARIES.values(), ids=LIBRARIES)
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (TEXT, TEXT_CODES),
        ([3, -5, 3, 2**62], [1, 0, 1, 2]),
        ([0.0, -0.0, -1.5, float("inf"), -float("inf"), 1e-300], [2, 2, 1, 4, 0, 3]),
        ([True, False, True], [1, 0, 1]),
        ([dt.date(2026, 1, 2), dt.date(1969, 1, 1), dt.date(2026, 1, 2)], [1, 0, 1]),
        ([dt.datetime(2026, 1, 2), dt.datetime(1969, 1, 1)], [1, 0]),
        ([Decimal("1.5"), Decimal("-2"), Decimal("1.50")], [1, 0, 1]),
        ([b"\x01", b"\x00", b"\x01"], [1, 0, 1]),
        (["x" * 300, "a", "x" * 299], [2, 0, 1]),
    ],
    ids=["text", "int", "float", "bool", "date", "datetime", "decimal", "bytes", "long"],
)
def test_ids_of_any_type(make, values, expected):
    assert codes(make(values)) == expected


@pytest.mark.parametrize(
    "dtype", ["object", "str", "string[pyarrow]", "string[python]", pd.ArrowDtype(pa.string()), "category"], ids=str
)
def test_pandas_texts(dtype):
    assert codes(pd.Series(TEXT, dtype=dtype)) == TEXT_CODES
    assert codes(pd.Series([*TEXT, "zz"], dtype=dtype)[:-1][::-1]) == TEXT_CODES[::-1]


@pytest.mark.parametrize("dtype", ["Int64", "UInt8", "Float64", "int64[pyarrow]", "int32"])
def test_pandas_numbers(dtype):
    assert codes(pd.Series([7, 1, 7, 3], dtype=dtype)) == [2, 0, 2, 1]


def test_unsigned_and_very_wide_integers():
    assert codes(pl.Series([2**64 - 1, 0, 2**63], dtype=pl.UInt64)) == [2, 0, 1]
    assert codes(pl.Series([2**100, -(2**100), 2**100], dtype=pl.Int128)) == [1, 0, 1]


def test_categories_sort_as_their_library_sorts_them():
    values = ["low", "high", "middle", "low"]
    order = ["low", "middle", "high", "unused"]
    by_order, by_text = [0, 2, 1, 0], [1, 0, 2, 1]
    assert codes(pd.Series(pd.Categorical(values, categories=order))) == by_order
    assert codes(pd.Series(pd.Categorical(values, categories=order, ordered=True))) == by_order
    assert codes(pl.Series(values, dtype=pl.Enum(order))) == by_order
    assert codes(pl.Series(values, dtype=pl.Categorical)) == by_text
    assert codes(pl.Series(values, dtype=pl.Categorical).sort()) == [0, 1, 1, 2]
    # Each chunk with a dictionary of its own, in order of appearance.
    chunks = [pa.array(values[:2]).dictionary_encode(), pa.array(values[2:]).dictionary_encode()]
    assert codes(pa.chunked_array(chunks)) == by_text
    numbers = pa.array([10, 9, 10]).dictionary_encode()
    assert codes(pa.chunked_array([numbers])) == [1, 0, 1]


@pytest.mark.parametrize(
    "native",
    [
        pd.Series(["b", None, "a", ""]),
        pd.Series([5, None, -3, -4], dtype="Int64"),
        pl.Series(["b", None, "a", ""]),
        pl.Series([5, None, -3, -4]),
        pa.chunked_array([["b", None, "a", ""]]),
        pd.Series(["b", None, "a", ""], dtype=pd.CategoricalDtype(["", "a", "b"])),
    ],
)
def test_a_null_is_an_id_before_all_others(native):
    assert codes(native) == [3, 0, 2, 1]


def test_without_pyarrow(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert codes(pd.Series(TEXT, dtype=object)) == TEXT_CODES
    assert codes(pl.Series(TEXT)) == TEXT_CODES


def test_mixed_types_are_refused():
    with pytest.raises(InputError, match="customer must hold ids of one type"):
        codes(pd.Series([1, "a", 2], dtype=object, name="customer"))
