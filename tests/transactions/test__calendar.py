"""Edges and holes of a log, from its days."""

import numpy as np
import pytest

from customer_value._units import day_number
from customer_value.transactions._calendar import already_active, find_gaps, month_of

MONDAY = day_number("2026-01-05", "day")


def test_a_week_of_silence_in_a_daily_log_is_a_long_gap():
    day = MONDAY + np.delete(np.arange(100), np.arange(40, 47))
    gaps = find_gaps(day)
    assert gaps.typical == 1
    assert gaps.long == [(MONDAY + 40, MONDAY + 46)]
    assert gaps.silent == 7


def test_weekends_and_holidays_are_none():
    weekdays = np.array([d for d in range(200) if d % 7 < 5])
    easter = weekdays[(weekdays < 95) | (weekdays > 98)]  # Friday and Monday beside the weekend: four days of silence
    gaps = find_gaps(MONDAY + easter)
    assert gaps.typical == 3
    assert gaps.silent == 0


def test_a_gap_is_held_against_the_rhythm_of_the_log():
    monthly = np.arange(0, 30 * 60, 30)
    assert find_gaps(monthly).silent == 0
    hole = np.delete(monthly, [20, 21, 22])
    assert find_gaps(hole).silent == 4 * 30 - 1


def test_few_days_tell_nothing_about_gaps():
    assert find_gaps(np.arange(30)) is None
    assert find_gaps(np.arange(31)) is not None
    assert find_gaps(np.array([], dtype=np.int64)) is None


def test_days_that_are_busy_by_chance_have_few_long_gaps():
    rng = np.random.default_rng(0)
    silent = [find_gaps(np.flatnonzero(rng.random(5_000) < 0.2)).silent for _ in range(20)]
    # A gap exceeds three times the 95 % point with chance .05^3 = 1/8,000: 2.5 are expected among 20,000 gaps.
    assert sum(s > 0 for s in silent) <= 7


def test_customers_who_had_bought_before_are_new_in_the_first_part():
    day = np.arange(120)
    new = np.full(120, 20)
    new[:10] = 60
    start = already_active(day, new)
    assert (start.last_day, start.first, start.typical, start.excess) == (9, 600, 200, 400)


@pytest.mark.parametrize("first", [200, 200 + 3 * 20, 150])
def test_what_chance_can_bring_is_no_surplus(first):
    new = np.full(120, 20)
    new[:10] = first // 10
    assert already_active(np.arange(120), new).excess == 0


def test_a_cohort_that_was_acquired_in_one_quarter_is_not_truncated():
    day = np.arange(540)
    new = np.where(day < 84, 50, 0)  # then its customers only come back
    assert already_active(day, new).excess == 0


def test_parts_are_filled_whatever_the_span():
    rng = np.random.default_rng(1)
    for span in (12, 13, 23, 24, 100, 374):
        day = np.unique(np.concatenate([[0, span - 1], rng.integers(0, span, 40)]))
        start = already_active(day, np.ones(day.size, dtype=np.int64))
        edge = start.last_day
        assert start.first == (day <= edge).sum()
        assert edge + 1 == -(-span // 12)


def test_too_few_days_with_new_customers():
    assert already_active(np.arange(11), np.ones(11, dtype=np.int64)) is None
    assert already_active(np.arange(50), np.zeros(50, dtype=np.int64)) is None
    assert already_active(np.arange(50), np.eye(50, dtype=np.int64)[0]) is None


def test_months():
    assert month_of(day_number("2024-02-15", "d")) == (day_number("2024-02-01", "d"), day_number("2024-02-29", "d"))
    assert month_of(day_number("1969-12-31", "d")) == (day_number("1969-12-01", "d"), -1)
