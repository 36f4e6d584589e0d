"""Day and period numbers: expressions against Python's own calendar and against the array functions."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import customer_value as cv
from customer_value._frames import nw
from customer_value._units import GRAINS, TIME_UNITS, period_number, units_per_grain
from customer_value.errors import DataWarning, InputError
from customer_value.transactions._periods import (
    day_expression,
    day_numbers,
    in_ruler,
    last_of_period,
    period_expression,
    warn_cut_off,
)

EPOCH = dt.date(1970, 1, 1)
moments = st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59))


@given(st.lists(moments, min_size=1, max_size=50))
def test_days_and_periods_are_the_calendars(found):
    frame = nw.from_native(pl.LazyFrame({"date": found}))
    expected = np.array([(moment.date() - EPOCH).days for moment in found])
    day = day_expression("date")
    made = frame.select(day=day, **{g: period_expression("date", day, g) for g in GRAINS if g != "day"}).collect()
    assert made["day"].to_list() == expected.tolist()
    for grain in GRAINS:
        assert made[grain].to_list() == period_number(expected, grain).tolist()
    assert day_numbers(nw.from_native(pl.Series(found), series_only=True)).tolist() == expected.tolist()


def test_every_day_of_a_leap_cycle_and_both_its_ends():
    days = pl.date_range(dt.date(1899, 1, 1), dt.date(2101, 12, 31), "1d", eager=True)
    made = nw.from_native(days.to_frame("date").lazy()).select(day=day_expression("date")).collect()["day"].to_numpy()
    assert (made == days.cast(pl.Int32).to_numpy()).all()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_days_from_every_resolution(unit):
    made = pd.Series(["1677-12-31 23:59:59", "1969-12-31 23:59:59", "1970-01-01", "2262-01-01"]).astype(
        f"datetime64[{unit}]"
    )
    days = day_numbers(nw.from_native(made, series_only=True))
    assert days.tolist() == [
        (dt.date(*d) - EPOCH).days for d in ((1677, 12, 31), (1969, 12, 31), (1970, 1, 1), (2262, 1, 1))
    ]


@pytest.mark.parametrize(
    ("day", "grain", "last"),
    [
        (dt.date(2026, 2, 3), "day", dt.date(2026, 2, 3)),
        (dt.date(2026, 2, 2), "week", dt.date(2026, 2, 8)),  # a Monday and its Sunday
        (dt.date(2024, 2, 1), "month", dt.date(2024, 2, 29)),
        (dt.date(1969, 11, 30), "quarter", dt.date(1969, 12, 31)),
        (dt.date(2026, 12, 31), "year", dt.date(2026, 12, 31)),
    ],
)
def test_last_days(day, grain, last):
    assert last_of_period((day - EPOCH).days, grain) == (last - EPOCH).days
    warn_cut_off((last - EPOCH).days, grain, "observation_end")
    if day != last:
        with pytest.warns(DataWarning, match=f"observation_end={day} is not the last day of its {grain} \\({last}\\)"):
            warn_cut_off((day - EPOCH).days, grain, "observation_end")


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize("unit", TIME_UNITS)
def test_whole_times_are_whole(grain, unit):
    """For 10,000 units, so for centuries of weeks: no rounding where the ruler is a multiple of the grain."""
    per_unit = round(units_per_grain(unit, grain))
    units = np.arange(10_000)
    if units_per_grain(grain, unit) * per_unit == 1.0:
        assert (in_ruler(units * per_unit, grain, unit) == units).all()
    assert in_ruler(units, grain, unit) == pytest.approx(units * units_per_grain(grain, unit), rel=2**-52)


def test_objects_other_than_dates_are_refused():
    with pytest.raises(InputError, match=r"objects of type \['Timestamp'\]"):
        day_numbers(nw.from_native(pd.Series([pd.Timestamp("2026-01-01")], dtype=object), series_only=True))


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Ho_Chi_Minh", "Etc/GMT+5", "-05:00"])
def test_every_zone_is_read_by_its_own_clock(zone):
    # narwhals has no type for pandas' timestamps of a zone whose name holds more than letters.
    log = pd.DataFrame({
        "customer_id": [1, 1, 2],
        "date": pd.to_datetime(["2026-01-05 23:30", "2026-01-31 23:59", "2026-02-01 00:00"]),
        "amount": [1.0, 2.0, 3.0],
    })  # fmt: skip
    zoned = log.assign(date=log["date"].dt.tz_localize(zone))
    early, late = cv.split_holdout(zoned, observation_end="2026-01-31")
    assert (len(early), len(late)) == (2, 1)
    assert early["date"].dtype == zoned["date"].dtype
    for frame in (zoned, zoned.iloc[::-1]):
        summary = cv.summarize_customers(frame, observation_end="2026-02-28")
        pd.testing.assert_frame_equal(summary, cv.summarize_customers(log, observation_end="2026-02-28", grain="day"))
    start, end = (zoned["date"].iloc[[row]].reset_index(drop=True) for row in (0, 1))
    subscription = pd.DataFrame({"customer_id": [1], "start": start, "end": end})
    contracts = cv.summarize_contracts(subscription, observation_end="2026-02-28", grain="day")
    assert contracts["tenure"].tolist() == [26]
