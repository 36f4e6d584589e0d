"""Subscriptions as a log against a reference that walks from bill to bill."""

import calendar
import datetime as dt
import random

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import customer_value as cv
from customer_value.errors import InputError
from customer_value.transactions import expand_subscriptions

DAY = dt.timedelta(days=1)
COLUMNS = ("customer_id", "start", "end", "amount")
MONTHS = {"month": 1, "quarter": 3, "year": 12}
TYPES = {"start": "datetime64[us]", "end": "datetime64[us]", "amount": "float64"}
FRAMES = {
    "pandas": lambda frame: frame,
    "polars": pl.from_pandas,
    "pyarrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "polars lazy": lambda frame: pl.from_pandas(frame).lazy(),
}


def table_of(*rows):
    return pd.DataFrame(rows, columns=COLUMNS).astype(TYPES)


def records(frame):
    rows = nw.from_native(frame).lazy().collect("pyarrow").to_native().to_pylist()
    return [tuple(v.date() if isinstance(v, dt.datetime) else v for v in row.values()) for row in rows]


def bill_day(start, n, grain):
    if grain in ("day", "week"):
        return start + n * DAY * (7 if grain == "week" else 1)
    year, month = divmod(start.year * 12 + start.month - 1 + n * MONTHS[grain], 12)
    return dt.date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def reference(rows, grain, last):
    for who, start, end, amount in sorted(rows, key=lambda r: (r[0], r[1], r[2] or dt.date.max, r[3])):
        yield who, start, amount
        n = 1
        while (day := bill_day(start, n, grain)) <= last and (end is None or day < end):
            yield who, day, amount
            n += 1


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob"]),
        st.integers(0, 500).map(lambda n: dt.date(2023, 12, 25) + n * DAY),
        st.none() | st.integers(0, 400),
        st.sampled_from([0.0, 9.5, 20.0]),
    ).map(lambda row: (*row[:2], None if row[2] is None else row[1] + row[2] * DAY, row[3])),
    min_size=1,
    max_size=6,
)


@settings(deadline=None, max_examples=25)
@given(ROWS, st.sampled_from(["day", "week", "month", "quarter", "year"]), st.sampled_from(list(FRAMES)), st.booleans())
def test_bills_equal_the_reference_in_every_frame(rows, grain, frame, named):
    latest = max(day for _, start, end, _ in rows for day in (start, end) if day is not None)
    last = latest + 40 * DAY if named else latest
    observed = {"observation_end": last} if named else {}
    found = records(expand_subscriptions(FRAMES[frame](table_of(*rows)), grain=grain, **observed))
    assert found == list(reference(rows, grain, last))


def test_a_month_from_the_31st():
    """Bills fall on the last day of shorter months, and come back to the 31st."""
    log = expand_subscriptions(table_of(("ann", "2026-01-31", None, 20.0)), observation_end="2026-04-30")
    assert log["date"].dt.strftime("%m-%d").tolist() == ["01-31", "02-28", "03-31", "04-30"]
    assert log["amount"].tolist() == [20.0] * 4


@pytest.mark.parametrize(
    ("end", "bills"), [("2026-01-10", 1), ("2026-02-09", 1), ("2026-02-10", 1), ("2026-02-11", 2), (None, 3)]
)
def test_the_end_is_the_first_day_without_a_bill(end, bills):
    log = expand_subscriptions(table_of(("ann", "2026-01-10", end, 20.0)), observation_end="2026-03-31")
    assert len(log) == bills


def test_an_end_after_the_observation_is_not_billed_yet():
    log = expand_subscriptions(table_of(("ann", "2026-01-10", "2030-01-01", 20.0)), observation_end="2026-03-10")
    assert log["date"].max() == pd.Timestamp("2026-03-10")


def test_other_names_are_known_and_prices_may_be_whole_numbers():
    subs = table_of(("ann", "2026-01-10", None, 20.0), ("bob", "2026-02-01", "2026-03-15", 5.0))
    named = subs.rename(columns={"start": "started", "end": "ended", "amount": "mrr"}).astype({"mrr": "int64"})
    right = expand_subscriptions(subs)
    pd.testing.assert_frame_equal(expand_subscriptions(named, start="started", end="ended", amount="mrr"), right)
    pd.testing.assert_frame_equal(expand_subscriptions(named, amount="mrr"), right)


def test_every_room_takes_the_log():
    subs = table_of(("ann", "2026-01-10", None, 20.0), ("bob", "2026-02-01", "2026-03-15", 5.0))
    log = expand_subscriptions(subs, observation_end="2026-03-31")
    summary = cv.summarize_customers(log, observation_end="2026-03-31")
    assert summary["total_value"].tolist() == [60.0, 10.0]
    rhythm = cv.transactions.purchase_rhythm(log, observation_end="2026-03-31", grain="month", time_unit="month")
    assert rhythm["mean_gap"].tolist() == [1.0, 1.0]


def test_the_order_of_rows_does_not_matter():
    rows = [(f"c{i % 7}", f"2025-{1 + i % 12:02}-{1 + i % 28:02}", None, float(i % 3)) for i in range(60)]
    shuffled = random.Random(2).sample(rows, 60)
    pd.testing.assert_frame_equal(expand_subscriptions(table_of(*shuffled)), expand_subscriptions(table_of(*rows)))


def test_the_key_keeps_its_name_and_type():
    subs = pl.DataFrame({"firm": [7], "start": [dt.date(2026, 1, 1)], "end": [None], "amount": [1]})
    log = expand_subscriptions(subs, customer_id="firm", observation_end="2026-02-01")
    assert log.schema == {"firm": pl.Int64, "date": pl.Date, "amount": pl.Float64}
    assert log["firm"].to_list() == [7, 7]


def test_input_is_not_changed():
    table = table_of(("ann", "2026-01-10", None, 20.0))
    copy = table.copy()
    expand_subscriptions(table)
    pd.testing.assert_frame_equal(table, copy)


GOOD = table_of(("ann", "2026-01-10", None, 20.0), ("bob", "2026-02-01", "2026-03-15", 5.0))


@pytest.mark.parametrize(
    ("table", "options", "match"),
    [
        (GOOD.drop(columns="amount"), {}, r"lacks \['amount'\]"),
        (GOOD, {"amount": None}, "a column of the subscriptions frame is named by text; got None"),
        (GOOD, {"start": ["started"]}, "is named by text; got"),
        (GOOD, {"amount": "mrr"}, r"lacks \['mrr'\]"),
        (GOOD.assign(amount=[1.0, None]), {}, r"amount must not be null or NaN; 1 of 2 rows is \(rows 1\)"),
        (GOOD.assign(amount=[1.0, float("inf")]), {}, "amount must be finite; 1 of 2"),
        (GOOD.assign(amount=[-1.0, 1.0]), {}, r"amount must be 0 or above; 1 of 2 rows is not \(rows 0\)"),
        (GOOD.assign(amount="20 EUR"), {}, "amount must be numeric; its type is String"),
        (GOOD.assign(start=pd.NaT), {}, "start must not be null"),
        (GOOD.assign(end=pd.Timestamp("2026-01-20")), {}, "end must not be before start; 1 of 2 rows"),
        (GOOD, {"observation_end": "2026-01-15"}, "start must not be after observation_end, 2026-01-15; 1 of 2"),
        (GOOD, {"grain": "fortnight"}, "grain must be one of"),
        (GOOD, {"amount": "start"}, "customer, start, end and amount must be different columns"),
        (GOOD.rename(columns={"customer_id": "date"}), {"customer_id": "date"}, "the log would have 'date' twice"),
        (GOOD.head(0), {}, "the subscriptions frame is empty"),
        (duckdb.from_df(GOOD), {}, r"needs the rows in memory, .* duckdb .* call relation\.arrow\(\)"),
    ],
)
def test_what_does_not_go(table, options, match):
    with pytest.raises(InputError, match=match):
        expand_subscriptions(table, **options)
