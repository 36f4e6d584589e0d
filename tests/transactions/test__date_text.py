"""Dates as exports write them, with nothing guessed."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_value.transactions._date_text import fitting_formats, read_dates

BERLIN_SUMMER = dt.timezone(dt.timedelta(hours=2))


def one(entry, **options):
    read = read_dates([entry], **options)
    assert not read.unreadable[0]
    return read.moments[0].item()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-02-29", dt.datetime(2024, 2, 29)),
        (" 2024-02-29 ", dt.datetime(2024, 2, 29)),
        ("20240229", dt.datetime(2024, 2, 29)),
        ("2024-W01-1", dt.datetime(2024, 1, 1)),
        ("2024-01-05 10:30", dt.datetime(2024, 1, 5, 10, 30)),
        ("2024-01-05T10:30:15", dt.datetime(2024, 1, 5, 10, 30, 15)),
        ("2024-01-05T10:30:15.25", dt.datetime(2024, 1, 5, 10, 30, 15, 250_000)),
        ("2024-01-05T10:30:15.123456789", dt.datetime(2024, 1, 5, 10, 30, 15, 123_456)),
        ("0001-01-01", dt.datetime(1, 1, 1)),
        ("9999-12-31T23:59:59", dt.datetime(9999, 12, 31, 23, 59, 59)),
    ],
)
def test_iso_text(text, moment):
    assert one(text) == moment
    # Beside an entry with a zone, texts go another way.
    assert read_dates([text, "2024-01-01T00:00Z"]).moments[0].item() == moment


@pytest.mark.parametrize(
    "text",
    ["31/12/2024", "01.02.2024", "2024-02-30", "2024-13-01", "2024-06-31 10:00", "2024", "2024-01", "today", "now",
     "0000-01-01", "12024-01-01", "10:30", "x", "2024-01-01\n2024-01-02"],
)  # fmt: skip
def test_other_text_is_unreadable(text):
    read = read_dates([text, "2024-01-01"])
    assert read.unreadable.tolist() == [True, False]
    assert np.isnat(read.moments[0])


@pytest.mark.parametrize("entry", [None, float("nan"), pd.NaT, pd.NA, np.datetime64("NaT"), "", " ", "NaT", "null"])
def test_what_is_missing_is_not_unreadable(entry):
    read = read_dates([entry, "2024-01-01", dt.date(2024, 1, 2)])
    assert not read.unreadable.any()
    assert np.isnat(read.moments[0])
    assert (~np.isnat(read.moments[1:])).all()


@pytest.mark.parametrize("entry", [5, 5.5, True, dt.timedelta(1), [1], "2024-01-01x"])
def test_what_is_no_date_is_unreadable(entry):
    assert read_dates([entry]).unreadable[0]


def test_objects_that_are_dates():
    read = read_dates([dt.date(2024, 1, 5), dt.datetime(2024, 1, 5, 1), pd.Timestamp("2024-01-05 02:00"), "2024-01-05"])
    assert (read.moments - np.datetime64("2024-01-05")).astype("timedelta64[h]").astype(int).tolist() == [0, 1, 2, 0]
    assert read.aware is None
    assert read.naive is not None


@pytest.mark.parametrize(
    ("entry", "local", "utc"),
    [
        ("2024-07-01T00:30:00+02:00", "2024-07-01T00:30", "2024-06-30T22:30"),
        ("2024-07-01T00:30:00Z", "2024-07-01T00:30", "2024-07-01T00:30"),
        ("2019-11-01 00:00:00 UTC", "2019-11-01T00:00", "2019-11-01T00:00"),
        ("2013-06-01 22:00:00 -0400", "2013-06-01T22:00", "2013-06-02T02:00"),
        (dt.datetime(2024, 7, 1, 0, 30, tzinfo=BERLIN_SUMMER), "2024-07-01T00:30", "2024-06-30T22:30"),
    ],
)
def test_zones_give_the_wall_clock_or_utc(entry, local, utc):
    assert read_dates([entry]).moments[0] == np.datetime64(local)
    assert read_dates([entry], utc=True).moments[0] == np.datetime64(utc)
    assert read_dates([entry]).aware == entry
    assert read_dates([entry]).naive is None


def test_one_instant_in_two_zones_keeps_two_wall_clocks():
    instant = dt.datetime(2024, 7, 1, 0, 30, tzinfo=BERLIN_SUMMER)
    read = read_dates([instant, instant.astimezone(dt.UTC)])
    assert read.moments.tolist() == [dt.datetime(2024, 7, 1, 0, 30), dt.datetime(2024, 6, 30, 22, 30)]


def test_zones_and_none_are_both_reported():
    read = read_dates(["2024-07-01T00:30Z", "2024-07-01", None])
    assert (read.aware, read.naive) == ("2024-07-01T00:30Z", "2024-07-01")


@pytest.mark.parametrize(
    ("entry", "date_format", "moment"),
    [
        ("31.12.2024", "%d.%m.%Y", dt.datetime(2024, 12, 31)),
        ("1.2.2024", "%d.%m.%Y", dt.datetime(2024, 2, 1)),
        ("12/1/2010 8:26", "%m/%d/%Y %H:%M", dt.datetime(2010, 12, 1, 8, 26)),
        ("12/1/2010  8:26", "%m/%d/%Y %H:%M", dt.datetime(2010, 12, 1, 8, 26)),
        ("12/1/10 8:26 PM", "%m/%d/%y %I:%M %p", dt.datetime(2010, 12, 1, 20, 26)),
        ("1 Dec 2010 08:26:01", "%d %b %Y %H:%M:%S", dt.datetime(2010, 12, 1, 8, 26, 1)),
        ("08:26 01/12/2010", "%H:%M %d/%m/%Y", dt.datetime(2010, 12, 1, 8, 26)),
        ("2010-335", "%Y-%j", dt.datetime(2010, 12, 1)),
        ("01/12/2010 08:26 +0100", "%d/%m/%Y %H:%M %z", dt.datetime(2010, 12, 1, 8, 26)),
        (20101201, "%Y%m%d", dt.datetime(2010, 12, 1)),
        (20101201.0, "%Y%m%d", dt.datetime(2010, 12, 1)),
        (np.int64(20101201), "%Y%m%d", dt.datetime(2010, 12, 1)),
    ],
)
def test_formats(entry, date_format, moment):
    assert one(entry, date_format=date_format) == moment


@pytest.mark.parametrize("entry", ["2010-12-01", "31/13/2010", "31/12/2010 08:00", 20101201.5, float("inf")])
def test_a_format_is_held_to(entry):
    assert read_dates([entry], date_format="%d/%m/%Y").unreadable[0]
    assert read_dates([entry], date_format="%d/%m/%Y %M").unreadable[0]


def test_formats_that_fit_all():
    assert fitting_formats(["31/12/2024", "01/02/2024"]) == ["%d/%m/%Y"]
    assert fitting_formats(["03/04/2024", "05/06/2024"]) == ["%d/%m/%Y", "%m/%d/%Y"]
    assert fitting_formats(["12/31/10 08:26"]) == ["%m/%d/%y %H:%M"]
    assert fitting_formats(["31/12/2024", "12/31/2024"]) == []
    assert fitting_formats([]) == []


@given(moments=st.lists(st.datetimes(timezones=st.none() | st.just(dt.UTC)), min_size=1))
def test_every_moment_comes_back_from_its_text_and_its_object(moments):
    plain = [m.replace(tzinfo=None) for m in moments]
    assert read_dates([m.isoformat() for m in moments]).moments.tolist() == plain
    assert read_dates(moments).moments.tolist() == plain
    seconds = [m.replace(microsecond=0) for m in plain]
    written = [f"{m.day:02}/{m.month:02}/{m.year:04} {m:%H:%M:%S}" for m in plain]
    assert read_dates(written, date_format="%d/%m/%Y %H:%M:%S").moments.tolist() == seconds
