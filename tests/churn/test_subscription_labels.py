"""Contracts end on their day, renew within their grace, and return by a named rule."""

import datetime as dt

import duckdb
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value.churn import subscription_churn_labels
from customer_value.errors import InputError

KINDS = {
    "pandas": lambda table: table,
    "polars": pl.from_pandas,
    "lazy": lambda table: pl.from_pandas(table).lazy(),
    "pyarrow": lambda table: pl.from_pandas(table).to_arrow(),
}
COLUMNS = ["customer_id", "cutoff", "window_start", "window_end", "active", "churned", "label_basis"]


def table_of(*rows):
    customers, starts, ends = zip(*rows, strict=True)
    return pd.DataFrame(
        {"customer_id": customers, "start": pd.to_datetime(list(starts)), "end": pd.to_datetime(list(ends))}
    )


def labels_of(table, **options):
    """Label and basis by customer, of any kind of frame."""
    options = {"cutoff": "2026-02-01", "horizon": "28 days", "observation_end": "2026-04-30"} | options
    labels = subscription_churn_labels(table, **options)
    labels = labels.collect() if isinstance(labels, pl.LazyFrame) else labels
    labels = labels if isinstance(labels, (pd.DataFrame, pl.DataFrame)) else pl.from_arrow(labels)
    assert list(labels.columns) == COLUMNS
    frame = labels if isinstance(labels, pd.DataFrame) else labels.to_pandas()
    assert frame["active"].all()
    assert (pd.to_datetime(frame["cutoff"]) == "2026-02-01").all()
    values = [None if pd.isna(value) else bool(value) for value in frame["churned"]]
    return dict(zip(frame["customer_id"], zip(values, frame["label_basis"], strict=True), strict=True))


RUNS, ENDED, RETURNED = (False, "runs on"), (True, "ended"), (True, "returned")


@pytest.mark.parametrize("kind", KINDS)
def test_ends_count_on_their_day(kind):
    table = table_of(
        ("day before", "2026-01-01", "2026-01-31"),
        ("on cutoff", "2026-01-01", "2026-02-01"),
        ("last day", "2026-01-01", "2026-02-28"),
        ("after", "2026-01-01", "2026-03-01"),
        ("runs", "2026-01-31", None),
        ("new", "2026-02-01", "2026-02-10"),
        ("two plans", "2026-01-01", "2026-02-10"), ("two plans", "2026-01-15", "2026-03-10"),
        ("next day", "2026-01-01", "2026-02-10"), ("next day", "2026-02-11", None),
        ("planned", "2026-01-01", "2027-01-01"),
    )  # fmt: skip
    assert labels_of(KINDS[kind](table)) == {
        "after": RUNS, "last day": ENDED, "next day": RUNS, "on cutoff": ENDED, "planned": RUNS, "runs": RUNS,
        "two plans": RUNS,
    }  # fmt: skip


def test_a_renewal_within_the_grace_is_no_end():
    table = table_of(
        ("within", "2026-01-01", "2026-02-10"), ("within", "2026-02-17", None),
        ("too late", "2026-01-01", "2026-02-10"), ("too late", "2026-02-18", None),
        ("after window", "2026-01-01", "2026-02-26"), ("after window", "2026-03-05", None),
        ("twice", "2026-01-01", "2026-02-03"), ("twice", "2026-02-05", "2026-02-10"), ("twice", "2026-02-12", None),
        ("in grace at cutoff", "2026-01-01", "2026-01-30"), ("in grace at cutoff", "2026-02-02", None),
    )  # fmt: skip
    late, twice = (True, "returned"), (False, "runs on")
    assert labels_of(table, grace="7 days") == {"after window": RUNS, "too late": late, "twice": twice, "within": RUNS}
    assert labels_of(table) == {
        "after window": ENDED, "too late": RETURNED, "twice": RETURNED, "within": RETURNED
    }  # fmt: skip
    assert labels_of(table, grace=8)["too late"] == RUNS
    assert labels_of(table, grace="1 month")["too late"] == RUNS


def test_a_month_of_grace_is_a_calendar_month():
    table = table_of(("ann", "2026-01-01", "2026-02-10"), ("ann", "2026-03-10", None))
    assert labels_of(table, grace="1 month") == {"ann": RUNS}
    later = table_of(("ann", "2026-01-01", "2026-02-10"), ("ann", "2026-03-11", None))
    assert labels_of(later, grace="1 month") == {"ann": ENDED}


def test_returns_by_both_rules():
    table = table_of(
        ("stays away", "2026-01-01", "2026-02-05"),
        ("returns", "2026-01-01", "2026-02-05"), ("returns", "2026-02-20", None),
        ("last day", "2026-01-01", "2026-02-05"), ("last day", "2026-02-28", "2026-03-09"),
        ("returns too late", "2026-01-01", "2026-02-05"), ("returns too late", "2026-03-01", None),
        ("ends again", "2026-01-01", "2026-02-05"), ("ends again", "2026-02-10", "2026-02-20"),
        ("runs", "2026-01-01", None),
    )  # fmt: skip
    by_end = labels_of(table)
    assert by_end == {
        "ends again": RETURNED, "returns": RETURNED, "last day": RETURNED, "returns too late": ENDED,
        "runs": RUNS, "stays away": ENDED,
    }  # fmt: skip
    kept = (False, "returned")
    assert labels_of(table, returns="retained") == by_end | {
        "ends again": ENDED, "returns": kept, "last day": kept
    }  # fmt: skip


def test_who_ended_in_the_gap_has_no_label():
    table = table_of(
        ("in gap", "2026-01-01", "2026-02-14"),
        ("first day", "2026-01-01", "2026-02-15"),
        ("renewed in gap", "2026-01-01", "2026-02-05"), ("renewed in gap", "2026-02-06", "2026-02-20"),
        ("back in window", "2026-01-01", "2026-02-05"), ("back in window", "2026-02-20", None),
    )  # fmt: skip
    lost = (None, "ended in gap")
    found = labels_of(table, gap="2 weeks")
    assert found == {"back in window": lost, "first day": ENDED, "in gap": lost, "renewed in gap": ENDED}
    assert labels_of(table, gap=14, returns="retained") == found | {"back in window": (False, "returned")}


ONE = table_of(("ann", "2026-01-01", None), ("bob", "2026-01-02", "2026-02-05"))


def test_what_begins_on_the_cutoff_is_not_known_at_it():
    bills = table_of(
        ("renews", "2026-01-01", "2026-01-31"), ("renews", "2026-02-01", "2026-03-31"),
        ("does not", "2026-01-01", "2026-01-31"),
        ("overlaps", "2026-01-01", "2026-02-01"), ("overlaps", "2026-02-01", "2026-03-31"),
    )  # fmt: skip
    assert labels_of(bills) == {"overlaps": RUNS}
    with pytest.raises(InputError, match="Where rows are bills that end with a month, take a cutoff within a month"):
        labels_of(bills.head(3))


def test_window_and_grace_must_be_observed():
    options = {"grace": "7 days", "observation_end": "2026-03-07"}
    assert labels_of(ONE, **options) == {"ann": RUNS, "bob": ENDED}
    told = "grace after it .* observed up to 2026-03-07, and it ends on 2026-03-06: 1 day short.* is 2026-01-31"
    with pytest.raises(InputError, match=told):
        labels_of(ONE, **options | {"observation_end": "2026-03-06"})
    flagged = labels_of(ONE, grace="7 days", observation_end="2026-03-06", unobserved="flag")
    assert flagged == {"ann": (None, "not observed"), "bob": (None, "not observed")}


def test_last_is_the_day_of_the_last_start():
    planned = table_of(("ann", "2026-01-01", "2027-12-31"), ("bob", "2026-02-28", None))
    assert labels_of(planned, observation_end="last") == {"ann": RUNS}
    with pytest.raises(InputError, match="it ends on 2026-02-28: 1 day short"):
        labels_of(planned, observation_end="last", horizon=29)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"cutoff": "2026-01-01"}, "no subscription runs at the cutoff, 2026-01-01"),
        ({"cutoff": "2026-02-01 08:00"}, "cutoff must be a whole day"),
        ({"grace": -1}, "grace must be a text"),
        ({"returns": "kept"}, "returns must be one of"),
        ({"unobserved": "drop"}, "unobserved must be one of"),
        ({"observation_end": "2026-01-01"}, "cutoff must be 2026-01-02 or earlier"),
        ({"start": "begin"}, r"lacks \['begin'\]"),
        ({"start": "begin", "observation_end": "last"}, r"lacks \['begin'\]"),
        ({"start": "customer_id", "observation_end": "last"}, "must hold dates"),
    ],
)
def test_bad_arguments_are_refused(options, told):
    with pytest.raises(InputError, match=told):
        labels_of(ONE, **options)


def test_bad_frames_are_refused():
    with pytest.raises(InputError, match="is empty"):
        labels_of(ONE.head(0), observation_end="last")
    with pytest.raises(InputError, match="start must not be null"):
        labels_of(ONE.assign(start=pd.NaT), observation_end="last")
    with pytest.raises(InputError, match="needs the rows in memory"):
        subscription_churn_labels(duckdb.from_df(ONE), cutoff="2026-02-01", horizon=28)
    with pytest.raises(InputError, match="would have 'churned' twice"):
        labels_of(ONE.rename(columns={"customer_id": "churned"}), customer_id="churned")


DAY = dt.date(2026, 1, 1)
CUTOFF, START, END, GRACE = 20, 24, 40, 5
subscriptions = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 59), st.one_of(st.none(), st.integers(0, 30))), max_size=12
)


def frame_of(rows):
    rows = [("z", 0, None), *rows]
    return pl.DataFrame(
        [(who, DAY + dt.timedelta(day), None if n is None else DAY + dt.timedelta(day + n)) for who, day, n in rows],
        schema={"customer_id": pl.String, "start": pl.Date, "end": pl.Date}, orient="row",
    )  # fmt: skip


def day_by_day(rows, returns):
    """Label each customer by walking through the days; day 99 is never reached."""
    found = {}
    for who in {row[0] for row in rows} | {"z"}:
        own = [(first, 99 if n is None else first + n) for one, first, n in [("z", 0, None), *rows] if one == who]
        there = {day for first, last in own for day in range(first, last + 1)} | {99}
        if not any(first < CUTOFF <= last for first, last in own):
            continue
        day, label = CUTOFF, False
        while True:
            ended = next(d for d in range(day, 99) if d + 1 not in there or d == 98)
            back = min(d for d in there if d > ended)
            if ended >= END or ended == 98:
                label = False
            elif back <= ended + GRACE:
                day = back
                continue
            else:
                label = None if ended < START else True
                if returns == "retained" and back < END:
                    day = back
                    continue
            break
        found[who] = label
    return found


@settings(max_examples=50)
@given(subscriptions, st.sampled_from(["churned", "retained"]), st.randoms())
def test_labels_against_a_walk_through_the_days(rows, returns, random):
    options = {"cutoff": DAY + dt.timedelta(CUTOFF), "gap": START - CUTOFF, "horizon": END - START, "grace": GRACE}
    options |= {"returns": returns, "observation_end": DAY + dt.timedelta(59)}
    labels = subscription_churn_labels(frame_of(rows), **options)
    assert dict(labels.select("customer_id", "churned").rows()) == day_by_day(rows, returns)
    mixed = [row for row in rows if row[1] < END + GRACE]
    random.shuffle(mixed)
    again = subscription_churn_labels(frame_of(mixed).lazy(), **options).collect()
    assert again.equals(labels)
