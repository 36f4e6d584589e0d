"""Cutoffs are whole days, in order."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value._units import day_number
from customer_value.errors import InputError
from customer_value.transactions._cutoffs import read_cutoff, read_cutoffs


def day(text):
    return day_number(text, "day")


@pytest.mark.parametrize(
    "cutoff",
    [
        "1997-09-01",
        " 1997-09-01T00:00 ",
        dt.date(1997, 9, 1),
        dt.datetime(1997, 9, 1),
        pd.Timestamp("1997-09-01"),
        pd.Timestamp("1997-09-01", tz="Asia/Tokyo"),
        np.datetime64("1997-09-01"),
        np.datetime64("1997-09-01T00:00:00", "ns"),
    ],
)
def test_a_cutoff_is_a_day_however_it_is_written(cutoff):
    assert read_cutoff(cutoff) == 10_105


@pytest.mark.parametrize(
    "cutoff",
    [
        "1997-09-01 12:00",
        dt.datetime(1997, 9, 1, 0, 0, 1),
        pd.Timestamp("1997-09-01 00:00:00.000001"),
        np.datetime64("1997-09-01T00:00:01"),
    ],
)
def test_a_time_of_day_is_refused_with_both_days_named(cutoff):
    with pytest.raises(InputError, match=r"as_of must be a whole day.*1997-09-01 where .*1997-09-02 where"):
        read_cutoff(cutoff, "as_of")


@pytest.mark.parametrize("cutoff", ["soon", 19970901, None, pd.NaT, np.datetime64("NaT")])
def test_what_is_no_day_is_refused(cutoff):
    with pytest.raises(InputError, match="cutoff must be a date"):
        read_cutoff(cutoff)


@pytest.mark.parametrize(
    "make",
    [
        list,
        tuple,
        pd.to_datetime,
        lambda days: pd.Series(pd.to_datetime(days), index=[7, 7]),
        lambda days: pl.Series(days).str.to_date(),
        lambda days: np.array(days, dtype="datetime64[D]"),
    ],
)
def test_cutoffs_come_in_any_container(make):
    assert read_cutoffs(make(["1997-06-01", "1997-09-01"])) == [day("1997-06-01"), day("1997-09-01")]


@pytest.mark.parametrize(
    ("cutoffs", "told"),
    [
        ([], "one or more days"),
        ("1997-09-01", "one or more days"),
        (dt.date(1997, 9, 1), "one or more days"),
        (None, "one or more days"),
        (["1997-09-01", "1997-06-01"], "1997-06-01 follows 1997-09-01"),
        (["1997-09-01", "1997-09-01"], "each once"),
        (["1997-09-01", "later"], "cutoffs must be a date"),
    ],
)
def test_cutoffs_out_of_order_twice_or_none_are_refused(cutoffs, told):
    with pytest.raises(InputError, match=told):
        read_cutoffs(cutoffs)
