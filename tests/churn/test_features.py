"""Features are what a count by hand gives, the same bits on every library, and blind to what comes after the cutoff."""

import datetime as dt
import math
import statistics
from itertools import pairwise

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import polars.selectors as cs
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value.churn import churn_features
from customer_value.errors import DataWarning, InputError

CUTOFF = dt.date(2026, 3, 1)
LOOKBACKS = ("7 days", "30 days", "3 months")
SPANS = {"7d": 7, "30d": 30, "3m": (CUTOFF - dt.date(2025, 12, 1)).days}
KINDS = {"claims": ("category", "claim"), "either": ("category", ["claim", "praise"])}
OPTIONS = {
    "lookbacks": LOOKBACKS,
    "distinct": {"sales": "product", "tickets": ["category"]},
    "counted": {"tickets": KINDS},
}


def rows_of(drawn, date=CUTOFF):
    """Turn drawn rows (customer, days after the cutoff, lag, amount, product) into a table of sales."""
    return pl.DataFrame(
        {
            "customer_id": [f"c{customer}" for customer, *_ in drawn],
            "date": [date + dt.timedelta(days=day) for _, day, *_ in drawn],
            "available_at": [None if lag is None else date + dt.timedelta(days=day + lag) for _, day, lag, *_ in drawn],
            "amount": [amount for *_, amount, _ in drawn],
            "product": [product for *_, product in drawn],
        },
        schema={
            "customer_id": pl.String,
            "date": pl.Date,
            "available_at": pl.Date,
            "amount": pl.Float64,
            "product": pl.Int64,
        },
    )


def tickets_of(drawn):
    category = pl.col("product").replace_strict({1: "claim", 2: "praise", 3: "other"}, default=None)
    return rows_of(drawn).select("customer_id", "date", "available_at", category.alias("category"))


def ugly_rows(seed, n=250, latest=40):
    rng = np.random.default_rng(seed)
    lags = [0, 0, 0, 1, 5, 60]
    return [
        (
            int(rng.integers(0, 12)),
            int(rng.integers(-200, latest)),
            int(rng.choice(lags)),
            float(rng.choice([-5.0, 0.0, 0.1, 0.2, 19.99, 1e9 + 0.01])),
            [None, 1, 2, 3][int(rng.integers(0, 4))],
        )
        for _ in range(n)
    ]


LIBRARIES = {
    "pandas": lambda frame: frame.with_columns(cs.date().cast(pl.Datetime("us"))).to_pandas(),
    "pandas nullable": lambda frame: frame.to_pandas(use_pyarrow_extension_array=True),
    "pyarrow": lambda frame: frame.to_arrow(),
    "polars lazy": lambda frame: frame.lazy(),
    "duckdb": lambda frame: duckdb.from_arrow(frame.to_arrow()),
}


def in_polars(native):
    if isinstance(native, pl.LazyFrame):
        return native.collect()
    if isinstance(native, pl.DataFrame):
        return native
    if isinstance(native, duckdb.DuckDBPyRelation):
        return native.pl()
    if isinstance(native, pa.Table):
        return pl.from_arrow(native)
    return pl.from_pandas(native.reset_index(drop=True)).with_columns(pl.col("cutoff").cast(pl.Date))


def same_bits(found, expected):
    """Compare columns, order, nulls, whole numbers, and floats by their bits."""
    found, expected = in_polars(found), in_polars(expected)
    assert found.columns == expected.columns
    for name in expected.columns:
        ours, theirs = found[name], expected[name]
        if theirs.dtype == pl.String:
            assert ours.cast(pl.String).equals(theirs), name
            continue
        assert ours.null_count() == theirs.null_count(), name
        assert ours.is_null().equals(theirs.is_null()), name
        if theirs.dtype == pl.Float64:
            assert not theirs.is_nan().any()
            bits = [series.drop_nulls().to_numpy().view(np.int64) for series in (ours.cast(pl.Float64), theirs)]
            np.testing.assert_array_equal(*bits, err_msg=name)
        else:
            assert ours.drop_nulls().to_list() == theirs.drop_nulls().to_list(), name


# ---- against a count by hand ----------------------------------------------------------------------------------------


def by_hand(rows, customer, *, amounts=True):
    """One customer's features of one log, row by row from their definitions."""
    known = [r for r in rows if r[0] == customer and r[1] < 0 and r[2] is not None and r[1] + r[2] < 0]
    events = [r for r in known if not amounts or r[3] >= 0]
    days = sorted({day for _, day, *_ in events})
    gaps = [b - a for a, b in pairwise(days)]
    last, first = (-days[-1], -days[0]) if days else (None, None)
    made = {"days_since_last": last, "days_since_first": first, "events": len(events), "active_days": len(days)}

    def within(rows, span):
        return [r for r in rows if r[1] >= -span]

    for label, span in SPANS.items():
        made[f"events_{label}"] = len(within(events, span))
        made[f"active_days_{label}"] = len({day for _, day, *_ in within(events, span)})
    value = {label: math.fsum(r[3] for r in within(known, span)) for label, span in {**SPANS, "all": 10**6}.items()}
    mean = value["all"] / len(events) if events else None
    if amounts:
        made |= {"total_value": value["all"], "value_per_event": mean} | {
            f"value_{label}": value[label] for label in SPANS
        }
    for short, long in (("7d", "30d"), ("30d", "3m")):
        n, m = made[f"events_{short}"], made[f"events_{long}"]
        comparable = events and first > SPANS[short] and m > 0
        share = SPANS[short] / min(SPANS[long], first) if comparable else None
        made[f"trend_{short}_{long}"] = (n + 1) / (m * share + 1) if comparable else None
        if amounts:
            comparable = comparable and value["all"] > 0
            expected = max(0, value[long] * share) if comparable else None
            of_value = max(0, value[short] + mean) / (expected + mean) if comparable else None
            made[f"value_trend_{short}_{long}"] = of_value
    made["mean_gap"] = statistics.mean(gaps) if gaps else None
    made["gap_cv"] = statistics.stdev(gaps) / statistics.mean(gaps) if len(gaps) > 1 else None
    made["longest_gap"] = max(gaps, default=None)
    made["overdue_ratio"] = last / statistics.mean(gaps) if gaps else None
    made["silence_to_longest_gap"] = last / max(gaps) if gaps else None
    return made, known, events


@pytest.mark.parametrize("seed", range(3))
def test_features_are_what_a_count_by_hand_gives(seed):
    rows = ugly_rows(seed)
    found = churn_features(rows_of(rows), cutoff=CUTOFF, lookbacks=LOOKBACKS, distinct="product")
    for row in found.iter_rows(named=True):
        made, _, events = by_hand(rows, int(row["customer_id"][1:]))
        products = {(day, product) for _, day, *_, product in events if product is not None}
        made["distinct_product"] = len({product for _, product in products})
        for label, span in SPANS.items():
            made[f"distinct_product_{label}"] = len({product for day, product in products if day >= -span})
        assert row.keys() == {"customer_id", "cutoff", *made}
        for name, value in made.items():
            if isinstance(value, int) or value is None:
                assert row[name] == value, name
            else:  # sums of billionths against fsum of binary fractions; a trend divides what refunds have cancelled
                assert row[name] == pytest.approx(value, rel=1e-9, abs=1e-6), name
    customers = {customer for customer, *_ in rows if by_hand(rows, customer)[2]}
    assert found["customer_id"].to_list() == sorted(f"c{customer}" for customer in customers)


def test_counts_by_kind_and_logs_without_amounts():
    sales, tickets = ugly_rows(3), ugly_rows(4, n=40)
    logs = {"sales": rows_of(sales), "tickets": tickets_of(tickets)}
    found = churn_features(logs, cutoff=CUTOFF, **OPTIONS)
    assert not [name for name in found.columns if "value" in name and name.startswith("tickets")]
    codes = {"claims": {1}, "either": {1, 2}}
    for row in found.iter_rows(named=True):
        made, known, _ = by_hand(tickets, int(row["customer_id"][1:]), amounts=False)
        for kind, of_kind in codes.items():
            days = [day for _, day, *_, product in known if product in of_kind]
            made[kind] = len(days)
            made |= {f"{kind}_{label}": len([day for day in days if day >= -span]) for label, span in SPANS.items()}
            made[f"days_since_{kind}"] = -max(days) if days else None
        held = {product for *_, product in known} - {None}
        made["distinct_category"] = len(held)
        for name, value in made.items():
            expected = value if value is None else pytest.approx(value, rel=1e-12)
            assert row[f"tickets_{name}"] == expected, name


def test_amounts_are_added_up_exactly():
    log = rows_of(
        [(1, -5, 0, 0.1, 1), (1, -4, 0, 0.1, 1), (1, -3, 0, 0.1, 1), (2, -3, 0, 1e12, 1), (2, -2, 0, -0.01, 1)]
    )
    found = churn_features(log, cutoff=CUTOFF)
    assert found["total_value"].to_list() == [0.3, 999_999_999_999.99]


def test_a_customer_younger_than_the_lookback_has_no_baseline():
    log = rows_of([(1, -20, 0, 1.0, 1), (1, -2, 0, 1.0, 1), (2, -60, 0, 1.0, 1), (3, -400, 0, 1.0, 1)])
    found = churn_features(log, cutoff=CUTOFF, lookbacks=("30 days", "90 days", "365 days"))
    # The second bought once in the 60 days that he has been a customer for: half a purchase expected in 30 days.
    assert found["trend_30d_90d"].to_list() == [None, 1 / 1.5, None]
    # The third has bought nothing within the year.
    assert found["trend_90d_365d"].to_list() == [None, None, None]


def test_what_was_not_observed_is_null_and_what_did_not_happen_is_zero():
    log = rows_of([(1, -40, 0, 1.0, 1), (1, -5, 0, 1.0, 1), (2, -35, 0, 1.0, 1)])
    lookbacks = ("30 days", "60 days")
    found = churn_features(log, cutoff=CUTOFF, lookbacks=lookbacks, distinct="product")
    for name in ("events", "active_days", "value", "distinct_product"):
        assert found[f"{name}_30d"].to_list() == [1, 0]
        assert found[f"{name}_60d"].to_list() == [None, None]
    told = churn_features(log, cutoff=CUTOFF, lookbacks=lookbacks, observation_start="2025-12-01")
    assert told["events_60d"].to_list() == [2, 1]
    one_each = {"sales": "2025-12-01", "tickets": CUTOFF - dt.timedelta(days=30)}
    logs = {"sales": log, "tickets": tickets_of([(1, -3, 0, 0.0, 1), (9, -50, 0, 0.0, 1)])}
    both = churn_features(logs, cutoff=CUTOFF, lookbacks=lookbacks, observation_start=one_each)
    assert both["sales_events_60d"].to_list() == [2, 1]
    assert both["tickets_events_30d"].to_list() == [1, 0]
    assert both["tickets_events_60d"].to_list() == [None, None]
    assert both["tickets_events"].to_list() == [1, 0]
    assert both["tickets_days_since_last"].to_list() == [3, None]


def test_a_log_may_be_empty_but_for_the_first():
    sales, tickets = rows_of([(1, -40, 0, 1.0, 1)]), tickets_of([])
    for make in (lambda frame: frame, lambda frame: frame.lazy()):
        found = in_polars(
            churn_features({"sales": make(sales), "tickets": make(tickets)}, cutoff=CUTOFF, lookbacks=("60 days",))
        )
        assert found["tickets_events"].to_list() == [0]
        assert found["tickets_events_60d"].to_list() == [None]
        with pytest.raises(InputError, match=r"log 'tickets' is empty"):
            churn_features({"tickets": make(tickets), "sales": make(sales)}, cutoff=CUTOFF)


# ---- the same bits everywhere ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("library", "known"), [*((library, True) for library in LIBRARIES), ("polars lazy", False)])
def test_libraries_agree_bit_by_bit(library, known):
    sales, tickets = rows_of(ugly_rows(5)), tickets_of(ugly_rows(6, n=60))
    if not known:
        sales, tickets = sales.drop("available_at"), tickets.drop("available_at")
    make = LIBRARIES[library]
    expected = churn_features({"sales": sales, "tickets": tickets}, cutoff=CUTOFF, **OPTIONS)
    given = {"sales": make(sales), "tickets": make(tickets)}
    found = churn_features(given, cutoff=CUTOFF, **OPTIONS)
    assert type(found) is type(given["sales"])
    same_bits(found, expected)


def test_whole_numbers_are_whole_on_every_library():
    log = rows_of(ugly_rows(5))
    names = [
        name
        for name in churn_features(log, cutoff=CUTOFF).columns
        if name.startswith(("events", "days_since", "longest"))
    ]
    for frame in (log, log.lazy()):
        schema = churn_features(frame, cutoff=CUTOFF).lazy().collect_schema()
        assert {schema[name] for name in names} == {pl.Int64}
    found = churn_features(LIBRARIES["pandas"](log), cutoff=CUTOFF)
    assert {str(found[name].dtype).lower() for name in names} == {"int64"}


def test_neither_order_of_rows_nor_time_of_day_matters():
    log = rows_of(ugly_rows(7))
    expected = churn_features(log, cutoff=CUTOFF, distinct="product")
    late = pl.col("date").cast(pl.Datetime("us")) + pl.duration(hours=23, minutes=59)
    shuffled = log.sample(fraction=1.0, shuffle=True, seed=1).with_columns(late)
    same_bits(churn_features(shuffled, cutoff=CUTOFF, distinct="product"), expected)
    same_bits(churn_features(shuffled.lazy(), cutoff=CUTOFF, distinct="product"), expected)


def test_categorical_keys_of_several_logs_meet():
    sales, tickets = rows_of(ugly_rows(8)), tickets_of(ugly_rows(9, n=30))
    expected = churn_features({"sales": sales, "tickets": tickets}, cutoff=CUTOFF)
    given = {
        name: LIBRARIES["pandas"](frame).astype({"customer_id": "category"})
        for name, frame in (("sales", sales), ("tickets", tickets))
    }
    same_bits(churn_features(given, cutoff=CUTOFF), expected)


# ---- blind to the future --------------------------------------------------------------------------------------------

amounts = st.sampled_from([-3.0, 0.0, 0.1, 12.34, 7e8])
products = st.sampled_from([None, 1, 2, 3])
customers = st.integers(0, 5)
past = st.tuples(customers, st.integers(-150, -1), st.just(0), amounts, products)
future = st.tuples(customers, st.integers(0, 60), st.integers(-90, 5), amounts, products)
told_later = st.tuples(customers, st.integers(-150, -1), st.integers(150, 300), amounts, products)


told_on_the_day = past.map(lambda row: (*row[:2], -row[1], *row[3:]))
later = future | told_later | told_on_the_day
worlds = st.tuples(
    st.lists(past, min_size=1, max_size=25),
    st.lists(past, max_size=10),
    st.lists(later, max_size=15),
    st.lists(later, max_size=10),
)


def holds_whatever_comes(world, make, known):
    """Compare features of the past alone with those of the past among any rows of the future."""
    sold, asked, sold_later, asked_later = world
    sold = [*sold, (9, -1, 0, 5.0, 1)]  # somebody is a customer
    if not known:
        sold_later, asked_later = ([r for r in rows if r[1] >= 0] for rows in (sold_later, asked_later))

    def features(sold, asked, make):
        drop = [] if known else ["available_at"]
        logs = {"sales": rows_of(sold).drop(drop), "tickets": tickets_of(asked).drop(drop)}
        return churn_features({name: make(log) for name, log in logs.items()}, cutoff=CUTOFF, **OPTIONS)

    expected = features(sold, asked, lambda log: log)
    # Later rows come first, last and between: what was there before is found, whatever came after.
    sales, tickets = [*sold_later, *sold, *sold_later[:3]], [*asked_later[:2], *asked, *asked_later]
    same_bits(features(sales, tickets, make), expected)


@settings(max_examples=20)
@given(worlds, st.booleans())
def test_no_event_of_the_future_changes_any_bit(world, known):
    holds_whatever_comes(world, lambda log: log, known)


@settings(max_examples=8)
@given(worlds, st.booleans())
def test_no_event_of_the_future_changes_any_bit_of_a_lazy_frame(world, known):
    holds_whatever_comes(world, lambda log: log.lazy(), known)


def test_rows_that_were_told_too_late_are_not_known():
    log = rows_of([(1, -30, 0, 1.0, 1), (1, -3, 3, 1.0, 1), (1, -2, None, 1.0, 1), (2, -9, 9, 1.0, 1)])
    for frame in (log, log.lazy()):
        with pytest.warns(DataWarning, match="1 rows of the log have a null available_at"):
            found = in_polars(churn_features(frame, cutoff=CUTOFF, lookbacks=("60 days",)))
        assert found["customer_id"].to_list() == ["c1"]
        assert found["days_since_last"].to_list() == [30]
        with pytest.warns(DataWarning):
            later = in_polars(churn_features(frame, cutoff=CUTOFF + dt.timedelta(days=1), lookbacks=("60 days",)))
        assert later["days_since_last"].to_list() == [4, 10]


# ---- the roster -----------------------------------------------------------------------------------------------------


def subscriptions():
    day = [CUTOFF + dt.timedelta(days=d) for d in (-100, -50, -80, 0, -20)]
    end = [CUTOFF - dt.timedelta(days=60), None, CUTOFF - dt.timedelta(days=1), None, CUTOFF]
    return pl.DataFrame({"customer_id": ["c1", "c1", "c2", "c3", "c4"], "start": day, "end": end, "plan": "a"})


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_roster_says_who_is_a_customer(library):
    make = LIBRARIES[library]
    log = rows_of([(1, -30, 0, 1.0, 1), (3, -3, 0, 1.0, 1), (9, -2, 0, 1.0, 1)]).drop("available_at")
    found = in_polars(churn_features(make(log), cutoff=CUTOFF, roster=make(subscriptions())))
    # c2 has ended, c3 begins on the cutoff, c9 is not in it; c4 has subscribed and done nothing.
    assert found["customer_id"].to_list() == ["c1", "c4"]
    assert found["days_since_start"].to_list() == [100, 20]
    assert found["events"].to_list() == [1, 0]
    assert found["days_since_last"].to_list() == [30, None]


@pytest.mark.parametrize("make", [lambda frame: frame, lambda frame: frame.lazy()])
def test_a_roster_without_ends_keeps_those_who_left(make):
    log = rows_of([(1, -30, 0, 1.0, 1)]).drop("available_at")
    with_ended = churn_features(make(log), cutoff=CUTOFF, roster=make(subscriptions()), end=None)
    assert in_polars(with_ended)["customer_id"].to_list() == ["c1", "c2", "c4"]


def test_a_roster_without_dates_is_taken_as_it_is():
    log = rows_of([(1, -30, 0, 1.0, 1)])
    people = pl.DataFrame({"customer_id": ["c5", "c1", "c5"]})
    for frame, roster in ((log, people), (log.lazy(), people), (log, people.lazy())):
        found = in_polars(churn_features(frame, cutoff=CUTOFF, roster=roster, lookbacks=(30,)))
        assert found["customer_id"].to_list() == ["c1", "c5"]
        assert "days_since_start" not in found.columns


# ---- what is refused ------------------------------------------------------------------------------------------------

LOG = rows_of([(1, -30, 0, 1.0, 1), (2, -3, 0, 1.0, 2)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cutoff": "2020-01-01"}, "nobody is a customer before the cutoff 2020-01-01"),
        ({"cutoff": "2026-03-01 12:00"}, "whole day"),
        ({"lookbacks": ("90 days", "30 days")}, "from short to long"),
        ({"lookbacks": ()}, "one or more spans"),
        ({"lookbacks": ("soon",)}, "lookback"),
        ({"lookbacks": ("1 month", "31 days")}, "'31 days' is not longer than '1 month'|twice"),
        ({"amount": "price"}, r"lacks \['price'\]; .* amount=None means there is none"),
        ({"available_at": "closed"}, r"lacks \['closed'\]"),
        ({"customer_id": "customer"}, "lacks"),
        ({"distinct": ["shelf"]}, "lacks"),
        ({"distinct": 3}, "names of columns"),
        ({"counted": {"a": "b"}}, "counted must look like"),
        ({"counted": {"events": ("product", 1)}}, "twice"),
        ({"counted": ["a"]}, "counted must look like"),
        ({"observation_start": 5}, "observation_start"),
        ({"date": "amount", "amount": None}, "dates or timestamps"),
        ({"date": "available_at"}, "different columns"),
        ({"roster": pl.DataFrame({"customer_id": [1]})}, "one type"),
        ({"roster": pl.DataFrame({"customer_id": ["c1"]}), "start": "began"}, "lacks"),
        ({"roster": pl.DataFrame({"customer_id": []}, schema={"customer_id": pl.String})}, "roster is empty"),
        ({"roster": pd.DataFrame({"customer_id": ["c1"]})}, "one library"),
    ],
)
def test_bad_arguments(change, message):
    with pytest.raises(InputError, match=message):
        churn_features(LOG, **({"cutoff": "2026-02-27", "lookbacks": ("30 days",)} | change))


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"customer_id": None}, "customer_id must not be null"),
        ({"date": None}, "date must not be null"),
        ({"amount": None}, "amount must not be null or NaN"),
        ({"amount": math.inf}, "amount must be finite and below 1e15"),
    ],
)
def test_bad_rows(change, message, lazy):
    name, value = next(iter(change.items()))
    broken = LOG.with_columns(
        pl.when(pl.int_range(pl.len()) == 1)
        .then(pl.lit(value))
        .otherwise(pl.col(name))
        .cast(LOG.schema[name])
        .alias(name)
    )
    with pytest.raises(InputError, match=message):
        churn_features({"sales": broken.lazy() if lazy else broken}, cutoff=CUTOFF)


def test_logs_are_named():
    with pytest.raises(InputError, match="empty mapping"):
        churn_features({}, cutoff=CUTOFF)
    with pytest.raises(InputError, match="names of logs"):
        churn_features({"sales": LOG}, cutoff=CUTOFF, distinct={"tickets": "category"})
    with pytest.raises(InputError, match="cannot be compared"):
        churn_features(LOG, cutoff=CUTOFF, counted={"a": ("product", "text")})


def test_a_cutoff_long_after_the_log_is_told():
    for frame in (LOG, LOG.lazy()):
        with pytest.warns(DataWarning, match=r"ends on 2026-02-26, more than 30d before the cutoff 2026-06-01"):
            churn_features(frame, cutoff="2026-06-01")
