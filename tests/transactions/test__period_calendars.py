"""Expressions and arrays count the same periods, and both count as pandas does."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value._frames import nw
from customer_value._units import GRAINS
from customer_value.errors import InputError
from customer_value.transactions._period_calendars import Calendar, OwnClock, read_calendar
from customer_value.transactions._periods import add_months

DAYS = np.concatenate([np.arange(-800, 800), np.arange(-26_000, -25_500), [47_540, 47_541, -25_509]])  # 1900, 2100
DATES = DAYS.astype("datetime64[D]")
PANDAS = {"month": "M", "quarter": "Q", "year": "Y"}


def evaluated(**expressions):
    frame = nw.from_native(pl.DataFrame({"date": DATES})).with_columns(**expressions)
    return [frame.get_column(name).to_numpy() for name in expressions]


@pytest.mark.parametrize("grain", GRAINS)
@pytest.mark.parametrize("year_start", [(1, 1), (7, 1), (4, 6)])
def test_periods_of_a_calendar(grain, year_start):
    calendar = Calendar(grain, year_start if grain in ("quarter", "year") else (1, 1))
    numbers = calendar.numbers(DAYS)
    np.testing.assert_array_equal(evaluated(number=calendar.number("date"))[0], numbers)
    starts, following = calendar.starts(numbers), calendar.starts(numbers + 1)
    assert ((starts <= DAYS) & (following > DAYS)).all()
    np.testing.assert_array_equal(calendar.numbers(starts), numbers)
    if grain in PANDAS and year_start == (1, 1):
        expected = pd.PeriodIndex(DATES, freq=PANDAS[grain])
        np.testing.assert_array_equal(numbers, expected.astype("int64"))
        assert calendar.labels(numbers).tolist() == [str(period) for period in expected]
    order = np.argsort(numbers, kind="stable")
    labels = calendar.labels(numbers)[order].tolist()
    assert labels == sorted(labels)
    assert len(set(labels)) == np.unique(numbers).size


def test_fiscal_names_and_starts():
    quarters = read_calendar("quarter", "04-06")
    assert quarters.labels(quarters.numbers(np.array([0, 94, 95]))).tolist() == ["1969/70Q3", "1969/70Q4", "1970/71Q1"]
    assert read_calendar("year", "07-01").labels([29, 30]).tolist() == ["1999/00", "2000/01"]
    for grain, start in (("month", "07-01"), ("quarter", "01-29"), ("year", "02-29"), ("fortnight", "01-01")):
        with pytest.raises(InputError):
            read_calendar(grain, start)


@pytest.mark.parametrize("grain", GRAINS)
def test_own_periods_begin_on_the_day_some_months_later(grain):
    clock = OwnClock(grain)
    codes = clock.codes("date")
    for array, expression in zip(clock.codes_of(DAYS), evaluated(first=codes[0], reached=codes[1]), strict=True):
        np.testing.assert_array_equal(array, expression)
    assert [int(code) for code in clock.codes_of(int(DAYS[7]))] == [int(codes[7]) for codes in clock.codes_of(DAYS)]
    months = {"month": 1, "quarter": 3, "year": 12}.get(grain)
    for first in (-800, -307, 30, 58, 59, 365):
        start = int(np.broadcast_to(clock.codes_of(first)[0], ()))
        whole = clock.whole(nw.lit(start), codes[1])
        (counted,) = evaluated(whole=whole)
        for k in range(-6, 7):
            begins, ends = (
                first + i * {"day": 1, "week": 7}[grain] if months is None else int(add_months(first, i * months))
                for i in (k, k + 1)
            )
            inside = (begins <= DAYS) & (ends > DAYS)
            assert (counted[inside] == k).all()
