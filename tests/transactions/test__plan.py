"""Windows: where they begin, which grain periods are inside, and what their columns are called."""

import datetime as dt

import pytest

from customer_value._units import date_of, period_start
from customer_value.errors import InputError
from customer_value.transactions._plan import end_day, make_window

EPOCH = dt.date(1970, 1, 1)


@pytest.mark.parametrize(
    ("text", "end", "suffix", "first"),
    [
        ("12 months", "2026-10-31", "12m", "2025-11-01"),
        ("12 months", "2025-02-28", "12m", "2024-03-01"),  # whole months stay whole over a leap year
        ("12 months", "2024-02-28", "12m", "2023-02-28"),  # there is no 29 February 2023
        ("1 month", "2026-03-30", "1m", "2026-02-28"),  # there is no 31 February
        ("1 year", "2026-10-31", "1y", "2025-11-01"),
        ("2 quarters", "2026-10-31", "2q", "2026-05-01"),
        ("90 days", "2026-10-31", "90d", "2026-08-03"),
        ("1 day", "2026-10-31", "1d", "2026-10-31"),
        (" 2  WEEKS ", "2026-10-31", "2w", "2026-10-18"),
    ],
)
def test_windows_begin(text, end, suffix, first):
    window = make_window(text, (dt.date.fromisoformat(end) - EPOCH).days, "day")
    assert window.suffix == suffix
    assert date_of(window.first_day) == dt.date.fromisoformat(first)
    assert window.first_period == window.first_day


@pytest.mark.parametrize(
    ("grain", "first"), [("week", "2026-08-03"), ("month", "2026-09-01"), ("quarter", "2026-10-01")]
)
def test_a_period_is_inside_where_it_begins_inside(grain, first):
    end = (dt.date(2026, 10, 31) - EPOCH).days
    window = make_window("90 days", end, grain)  # from 2026-08-03, a Monday
    assert date_of(int(period_start(window.first_period, grain))) == dt.date.fromisoformat(first)
    with pytest.raises(InputError, match=f"no {grain} starts within the window '5 days'"):
        make_window("5 days", end, grain)


def test_the_last_day_of_a_log_is_asked_for_by_name():
    assert end_day("last") is None
    assert end_day("1970-01-02") == 1
    assert end_day(dt.datetime(1969, 12, 31, 23)) == -1
