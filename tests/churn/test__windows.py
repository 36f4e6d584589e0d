"""Cutoffs are whole days, windows are half-open, and calendar months end where the calendar says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_value._units import date_of, day_number
from customer_value.churn._windows import (
    Window,
    is_observed,
    last_cutoff,
    lookback_start,
    outcome_window,
    read_span,
    span_label,
)
from customer_value.errors import InputError
from customer_value.transactions._plan import add_length


def day(text):
    return day_number(text, "day")


@pytest.mark.parametrize(
    ("cutoff", "horizon", "gap", "start", "end"),
    [
        ("1997-09-01", "120 days", 0, "1997-09-01", "1997-12-30"),
        ("1997-09-01", 120, "0 days", "1997-09-01", "1997-12-30"),
        ("1997-09-01", 120.0, 7, "1997-09-08", "1998-01-06"),
        ("1997-09-01", "2 weeks", "1 week", "1997-09-08", "1997-09-22"),
        ("1997-01-31", "1 month", 0, "1997-01-31", "1997-02-28"),
        ("1997-01-31", "1 month", "1 month", "1997-02-28", "1997-03-28"),
        ("1996-02-29", "1 year", 0, "1996-02-29", "1997-02-28"),
        ("1997-09-01", "1 quarter", np.int64(1), "1997-09-02", "1997-12-02"),
    ],
)
def test_outcome_windows_by_hand(cutoff, horizon, gap, start, end):
    assert outcome_window(day(cutoff), horizon, gap) == Window(day(start), day(end))


@pytest.mark.parametrize(
    ("lookback", "start"),
    [(30, "1997-08-02"), ("1 week", "1997-08-25"), ("3 months", "1997-06-01"), ("1 year", "1996-09-01")],
)
def test_lookbacks_end_before_the_cutoff(lookback, start):
    assert lookback_start(day("1997-09-01"), lookback) == day(start)


def test_labels_are_as_those_of_summary_windows():
    assert [span_label(span) for span in ("90 days", 30, "2 weeks", "12 months", "1 quarter", "1 year")] == [
        "90d", "30d", "2w", "12m", "1q", "1y",
    ]  # fmt: skip


@pytest.mark.parametrize("span", [0, -1, 1.5, True, None, "soon", "0 days", "-3 months", np.nan, np.inf, 10**400])
def test_spans_that_are_no_lengths_are_refused(span):
    with pytest.raises(InputError, match="horizon must be a text such as '12 months'"):
        read_span(span, "horizon")


def test_no_gap_is_a_gap():
    assert read_span("0 days", "gap", zero=True) == read_span(0, "gap", zero=True) == (0, "day")
    with pytest.raises(InputError, match="gap"):
        outcome_window(0, 30, -1)


def test_windows_stay_within_the_calendar():
    with pytest.raises(InputError, match="horizon reaches beyond the calendar"):
        outcome_window(day("9999-06-01"), "1 year")
    with pytest.raises(InputError, match="lookback reaches beyond the calendar"):
        lookback_start(day("0001-06-01"), "1 year")


spans = st.tuples(st.integers(1, 40), st.sampled_from(["day", "week", "month", "quarter", "year"]))


@given(st.integers(-20_000, 40_000), spans, spans, spans)
def test_the_last_cutoff_is_the_last_whose_window_and_grace_were_observed(observed, horizon, gap, grace):
    horizon, gap = ("{} {}s".format(*span) for span in (horizon, gap))
    last = last_cutoff(observed, horizon, gap, grace)
    options = {"horizon": horizon, "gap": gap, "grace": grace, "unobserved": "error"}
    assert is_observed(last, observed, **options)
    with pytest.raises(InputError, match=f"The last possible cutoff is {date_of(last)}"):
        is_observed(last + 1, observed, **options)
    assert not is_observed(last + 1, observed, **options | {"unobserved": "flag"})
    window = outcome_window(last, horizon, gap)
    assert (
        add_length(window.end - 1, *grace)
        <= observed
        < add_length(outcome_window(last + 1, horizon, gap).end - 1, *grace)
    )
