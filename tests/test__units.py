"""Time and money units, held to the calendar and to arithmetic by hand."""

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_value import DataWarning, InputError
from customer_value._units import (
    DAYS,
    GRAINS,
    TIME_UNITS,
    date_of,
    day_number,
    discount_per_unit,
    in_units,
    period_number,
    period_start,
    units_per_grain,
)

DATES = st.dates(dt.date(1, 1, 8), dt.date(9999, 12, 30))
# The first day of the period that holds a date, by the calendar.
STARTS = {
    "day": lambda d: d,
    "week": lambda d: d - dt.timedelta(days=d.weekday()),
    "month": lambda d: d.replace(day=1),
    "quarter": lambda d: d.replace(month=d.month - (d.month - 1) % 3, day=1),
    "year": lambda d: d.replace(month=1, day=1),
}


# ---- days ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("1970-01-01", 0),
        ("1969-12-31", -1),
        (" 2000-02-29 ", 11016),
        ("1997-09-30T23:59:59", 10134),
        ("1997-09-30 23:59:59+02:00", 10134),  # by its own clock
        ("0001-01-01", -719162),
        ("9999-12-31", 2932896),
        (dt.date(1969, 12, 31), -1),
        (dt.datetime(1969, 12, 31, 23, 59), -1),
        (dt.datetime(1997, 9, 30, 23, tzinfo=dt.timezone(dt.timedelta(hours=-8))), 10134),
        (pd.Timestamp("1997-09-30 00:30", tz="Asia/Tokyo"), 10134),
        (np.datetime64("1969-12-31T23:59:59.999999999"), -1),
        (np.datetime64("1997-09"), 10105),
    ],
)
def test_day_numbers(value, day):
    assert day_number(value, "end") == day


@given(DATES)
def test_days_there_and_back(date):
    day = day_number(date, "end")
    assert date_of(day) == date
    assert day == day_number(date.isoformat(), "end") == day_number(np.datetime64(date), "end")
    assert day == (date - dt.date(1970, 1, 1)).days


@pytest.mark.parametrize(
    "value",
    ["30/09/1997", "1997-13-01", "1997", "yesterday", "", 10134, 19970930, 1.5, True, None, float("nan"), [1997, 9, 30],
     pd.NaT, pd.NA, np.datetime64("NaT"), np.datetime64("20000-01-01"), dt.time(1)],
)  # fmt: skip
def test_what_is_no_date(value):
    with pytest.raises(InputError, match=r"^end must be a date"):
        day_number(value, "end")


# ---- grain periods -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grain", GRAINS)
@given(date=DATES)
def test_a_period_starts_where_the_calendar_says(grain, date):
    day = day_number(date, "date")
    number = period_number(day, grain)
    assert date_of(period_start(number, grain)) == STARTS[grain](date)
    assert period_start(number, grain) <= day < period_start(number + 1, grain)


@pytest.mark.parametrize("grain", GRAINS)
def test_periods_of_arrays_are_numbered_without_gaps_across_1970(grain):
    days = np.arange(-1500, 1500)
    numbers = period_number(days, grain)
    assert set(np.diff(numbers)) <= {0, 1}
    assert numbers.tolist() == [int(period_number(int(day), grain)) for day in days]
    begins = np.flatnonzero(np.diff(numbers)) + 1
    assert begins.size >= 8
    assert np.array_equal(period_start(numbers[begins], grain), days[begins])


@pytest.mark.parametrize(
    ("grain", "last_of_1969", "first_of_1970"),
    [("day", -1, 0), ("week", 0, 0), ("month", -1, 0), ("quarter", -1, 0), ("year", -1, 0)],
)
def test_periods_around_1970(grain, last_of_1969, first_of_1970):
    assert period_number(-1, grain) == last_of_1969  # 1969-12-31 was a Wednesday
    assert period_number(0, grain) == first_of_1970


def test_weeks_begin_on_monday():
    monday = day_number("1969-12-29", "day")
    assert period_start(period_number(monday, "week"), "week") == monday
    assert period_number(monday - 1, "week") == period_number(monday, "week") - 1


def test_the_ruler():
    assert units_per_grain("day", "week") == 1 / 7
    assert units_per_grain("month", "year") == pytest.approx(1 / 12, rel=1e-15)
    assert units_per_grain("quarter", "month") == pytest.approx(3, rel=1e-15)
    assert units_per_grain("year", "day") == 365.25
    assert units_per_grain("day", "hour") == 24
    assert tuple(DAYS) == TIME_UNITS


# ---- horizons ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("horizon", "unit", "length"),
    [
        ("39 weeks", "week", 39),
        ("39 weeks", "day", 273),
        ("273 days", "week", 39),
        ("12 months", "week", 365.25 / 7),
        ("1 year", "month", 12),
        ("2 quarters", "month", 6),
        ("36 hours", "day", 1.5),
        ("1.5 years", "day", 547.875),
        (" 3  Weeks ", "week", 3),
        ("3weeks", "week", 3),
        (26, "week", 26),
        (0.5, None, 0.5),
        (np.float64(2.5), "day", 2.5),
        (np.int64(2), "day", 2),
    ],
)
def test_horizons(horizon, unit, length):
    assert in_units(horizon, unit) == pytest.approx(length, rel=1e-14)


@given(st.floats(0.001, 900.0), st.sampled_from(TIME_UNITS), st.sampled_from(TIME_UNITS))
def test_a_horizon_lasts_as_long_on_every_ruler(count, unit, ruler):
    assert in_units(f"{count:.6f} {unit}s", ruler) * DAYS[ruler] == pytest.approx(
        round(count, 6) * DAYS[unit], rel=1e-12
    )


@pytest.mark.parametrize(
    ("horizon", "match"),
    [
        (0, "horizon must be positive and finite; got 0"),
        (1e6, r"horizon must be at most 1,000 years; 1000000.0 is 1.92e\+04 years, counted in weeks"),
        ("1001 years", "horizon must be at most 1,000 years"),
        ("forever", "horizon must be a number of time units or a text such as '12 months'"),
        (-1, "horizon must be positive and finite"),
        (math.inf, "horizon must be positive and finite"),
        (math.nan, "horizon must be positive and finite"),
        ("0 days", "horizon must be positive and finite"),
        ("9" * 400 + " weeks", "horizon must be positive and finite"),
        ("-3 weeks", r"\(units: hour, day, week, month, quarter, year\); got '-3 weeks'"),
        ("1e3 weeks", "a text such as '12 months'"),
        ("12", "a text such as '12 months'"),
        ("weeks", "a text such as '12 months'"),
        ("12 fortnights", "a text such as '12 months'"),
        ("", "a text such as '12 months'"),
        (True, "must be a number or a text such as '12 months'; got True"),
        (None, "must be a number or a text such as '12 months'; got None"),
        (dt.timedelta(days=7), "must be a number or a text"),
    ],
)
def test_what_is_no_horizon(horizon, match):
    with pytest.raises(InputError, match=match):
        in_units(horizon, "week")


def test_forever_is_infinite_where_it_is_allowed():
    assert in_units("forever", "week", forever=True) == math.inf
    assert in_units("forever", None, forever=True) == math.inf


def test_a_number_without_a_ruler_is_bounded_as_if_it_counted_days():
    assert in_units(365_000, None) == 365_000
    with pytest.raises(InputError, match="at most 1,000 years"):
        in_units(366_000, None)


def test_a_text_needs_a_ruler():
    with pytest.raises(
        InputError, match=r"^horizon='12 months' needs to know .* Give the horizon as a number, or make"
    ):
        in_units("12 months", None)


# ---- discount rates ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", TIME_UNITS)
def test_an_annual_rate_is_the_same_after_a_year_on_every_ruler(unit):
    delta = discount_per_unit(0.10, None, unit)
    assert math.exp(-delta * 365.25 / DAYS[unit]) == pytest.approx(1 / 1.10, rel=1e-14)


def test_a_rate_per_unit():
    assert discount_per_unit(None, 0.01, "month") == pytest.approx(math.log(1.01), rel=1e-14)
    assert discount_per_unit(None, 0.01, None) == discount_per_unit(None, 0.01, "month")
    assert discount_per_unit(None, None, None) == 0.0
    assert discount_per_unit(0, None, "week") == 0.0


@pytest.mark.parametrize(
    ("annual", "per_unit", "unit", "told"),
    [
        (1.5, None, "week", "annual_discount_rate amounts to 150% a year"),
        # 1.1 to the power of 365.25 / 7 is 144.5.
        (None, 0.10, "week", r"discount_rate per week amounts to 14,3\d\d% a year.*annual_discount_rate=0\.10"),
        (None, 0.10, "hour", "discount_rate per hour amounts to more than 1,000,000% a year"),
        (None, 1e300, "hour", "more than 1,000,000% a year"),
        (None, 1.5, None, "discount_rate per time unit amounts to 150%, which"),
    ],
)
def test_an_absurd_rate_is_taken_with_a_warning(annual, per_unit, unit, told):
    with pytest.warns(DataWarning, match=told):
        delta = discount_per_unit(annual, per_unit, unit)
    assert 0 < delta < math.inf


def test_a_rate_that_is_high_but_possible_is_taken_silently():
    assert discount_per_unit(1.0, None, "week") > 0
    assert discount_per_unit(None, 0.05, "month") > 0  # 80 % a year


@pytest.mark.parametrize(
    ("annual", "per_unit", "unit", "match"),
    [
        (0.1, 0.01, "week", r"annual_discount_rate or discount_rate \(per time unit\), not both"),
        (0.1, None, None, "annual_discount_rate needs to know the model's time unit"),
        (-0.1, None, "week", "annual_discount_rate must be 0 or above and finite; got -0.1"),
        (None, math.nan, "week", "discount_rate must be 0 or above and finite; got nan"),
        (None, math.inf, "week", "discount_rate must be 0 or above and finite; got inf"),
        ("10%", None, "week", "annual_discount_rate must be a number such as 0.10; got '10%'"),
        (True, None, "week", "annual_discount_rate must be a number such as 0.10; got True"),
    ],
)
def test_what_is_no_rate(annual, per_unit, unit, match):
    with pytest.raises(InputError, match=match):
        discount_per_unit(annual, per_unit, unit)
