"""Missing entries, and ids that are no plain column of text or whole numbers."""

import datetime as dt
import uuid
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from customer_value.transactions._entries import is_absent, read_ids, whole_ids


@pytest.mark.parametrize(
    "entry",
    [None, float("nan"), np.float32("nan"), np.datetime64("NaT"), pd.NaT, pd.NA, Decimal("NaN"), "", "nan", "<NA>"],
)  # fmt: skip
def test_absent(entry):
    assert is_absent(entry)


@pytest.mark.parametrize("entry", [0, 0.0, False, "0", "Nan Goldin", "NA", dt.date(1, 1, 1), [], np.array([1.0, 2.0])])
def test_present(entry):
    assert not is_absent(entry)


def test_floats_become_whole_numbers():
    ids = whole_ids(np.array([17850.0, np.nan, -3.0]))
    assert ids.refused is None
    assert ids.keys.dtype == np.int64
    assert ids.keys[~ids.missing].tolist() == [17850, -3]


@pytest.mark.parametrize("bad", [0.5, 2.0**53, np.inf])
def test_floats_that_name_no_one(bad):
    assert "not whole" in whole_ids(np.array([1.0, bad])).refused


@pytest.mark.parametrize("entries", [[1, None, 3], [1.0, float("nan"), 3], [Decimal(1), None, Decimal("3.0")]])
def test_whole_numbers_stay_numbers(entries):
    ids = read_ids(entries)
    assert ids.refused is None
    assert ids.keys.dtype == np.int64
    assert ids.keys[~ids.missing].tolist() == [1, 3]


def test_other_objects_become_text():
    one, two = uuid.UUID(int=1), uuid.UUID(int=2)
    ids = read_ids([one, None, two])
    assert ids.refused is None
    assert ids.keys.tolist() == [str(one), None, str(two)]
    assert read_ids([None, None]).keys.tolist() == [None, None]


@pytest.mark.parametrize(
    ("entries", "refused"),
    [
        ([1, "1"], "text and whole numbers"),
        ([True, False], "truth values"),
        ([dt.date(2024, 1, 1)], "dates"),
        ([pd.Timestamp("2024-01-01")], "dates"),
        ([1.5], "numbers that are not whole"),
        ([Decimal("1e40")], "numbers that are not whole"),
        ([1, 2**70], "numbers that are not whole and whole numbers"),
    ],
)
def test_what_cannot_name_customers(entries, refused):
    ids = read_ids(entries)
    assert ids.refused == refused
    assert ids.keys.tolist() == [str(e) for e in entries]
