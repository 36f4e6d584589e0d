"""The report on a log: every flaw counted, on every library alike, whatever the order of the rows."""

import datetime as dt

import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customer_value import data_quality, summarize_customers
from customer_value.errors import DataWarning, InputError

# narwhals 2.29 announces that Dask support moves to a package of its own; Dask uses what pandas 3.1 deprecates.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Dask support is moving:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The inplace keyword"),
]

CHECKS = [
    "missing customer ids",
    "missing dates",
    "missing amounts",
    "missing order ids",
    "unreadable dates",
    "unreadable amounts",
    "duplicate rows",
    "future dates",
    "negative amounts",
    "refunds without an earlier purchase",
    "zero amounts",
    "one-time buyers",
    "same-day orders",
    "long gaps",
    "several currencies",
    "customers already active",
    "last month cut off",
    "days without data at the end",
]
COLUMNS = ["check", "rows", "unit", "share", "example", "what_to_do"]
EAGER = {
    "pandas": lambda frame: frame.to_pandas(),
    "pandas objects": lambda frame: pd.DataFrame(
        {c: pd.Series(frame[c].to_list(), dtype=object) for c in frame.columns}
    ),
    "pandas arrow": lambda frame: frame.to_pandas(use_pyarrow_extension_array=True),
    "pandas categories": lambda frame: frame.to_pandas().astype({"customer_id": "category"}),
    "polars": lambda frame: frame,
    "pyarrow": lambda frame: frame.to_arrow(),
}
LAZY = {
    "polars lazy": lambda frame: frame.lazy(),
    "duckdb": lambda frame: duckdb.from_arrow(frame.to_arrow()),
    "dask": lambda frame: dd.from_pandas(frame.to_pandas(), npartitions=2),
}
KINDS = EAGER | LAZY
IN_MEMORY = [kind for kind in KINDS if kind not in ("duckdb", "dask")]  # engines answer for a whole report below


def plain(report):
    """Return a report's rows as tuples, missing numbers as None."""
    if isinstance(report, pl.LazyFrame):
        report = report.collect()
    if isinstance(report, pd.DataFrame):
        assert report["rows"].dtype.kind == "i"
        report = pl.DataFrame({c: report[c].astype(object).where(report[c].notna(), None).tolist() for c in report})
    if isinstance(report, pa.Table):
        report = pl.from_arrow(report)
    assert report.columns == COLUMNS
    return report.rows()


def counts(log, **options):
    """Return `rows` by check."""
    return {check: rows for check, rows, *_ in plain(data_quality(log, **options))}


def entry(log, check, **options):
    """Return one check's row by column."""
    found = next(row for row in plain(data_quality(log, **options)) if row[0] == check)
    return dict(zip(COLUMNS, found, strict=True))


def log_of(*rows, **columns):
    """Build a log from (customer, day of January 2026, amount)."""
    dates = [None if day is None else dt.datetime(2026, 1, day) for _, day, _ in rows]
    schema = {"customer_id": pl.String, "date": pl.Datetime("us"), "amount": pl.Float64}
    return pl.DataFrame(
        [(c, d, a) for (c, _, a), d in zip(rows, dates, strict=True)], schema=schema, orient="row"
    ).with_columns(**{name: pl.Series(values) for name, values in columns.items()})


UGLY = log_of(
    ("ann", 5, 10.0),
    ("ann", 5, 10.0),
    (None, 6, 1.0),
    (" ", 6, 1.0),
    ("nan", 7, 1.0),
    ("bob", None, 1.0),
    ("bob", 8, None),
    ("bob", 9, float("inf")),
    ("bob", 10, -5.0),
    ("bob", 12, 0.0),
    ("bob", 13, -1.0),
    ("cy", 30, 4.0),
    ("cy", 31, -4.0),
)
EXPECTED = {
    "missing customer ids": (3, 3 / 13),
    "missing dates": (1, 1 / 13),
    "missing amounts": (1, 1 / 13),
    "missing order ids": (None, None),
    "unreadable dates": (0, 0.0),
    "unreadable amounts": (1, 1 / 13),
    "duplicate rows": (1, 1 / 13),
    "future dates": (1, 1 / 13),
    "negative amounts": (3, 3 / 13),
    "refunds without an earlier purchase": (1, 1 / 13),  # bob's on the 10th: his purchase of 0 comes on the 12th
    "zero amounts": (1, 1 / 13),
    "one-time buyers": (3, 1.0),
    "same-day orders": (1, 1 / 3),
    "long gaps": (None, None),
    "several currencies": (None, None),
    "customers already active": (0, 0.0),
    "last month cut off": (12 - 1, 11 / 13),
    "days without data at the end": (0, 0.0),
}


@pytest.mark.parametrize("kind", IN_MEMORY)
def test_every_flaw_is_counted_on_every_library(kind):
    log = KINDS[kind](UGLY)
    report = data_quality(log, observation_end="2026-01-30")
    made_of = pa.Table if kind in ("duckdb", "dask") else type(log)
    assert type(report) is made_of
    rows = plain(report)
    assert [row[0] for row in rows] == CHECKS
    assert {check: n for check, n, *_ in rows} == {check: n for check, (n, _) in EXPECTED.items()}
    assert [share for *_, share, _, _ in rows] == [s if s is None else pytest.approx(s) for _, s in EXPECTED.values()]


@pytest.mark.parametrize("kind", IN_MEMORY)
def test_examples_and_remedies(kind):
    report = {row[0]: row for row in plain(data_quality(KINDS[kind](UGLY), observation_end="2026-01-30"))}
    examples = {check: row[4] for check, row in report.items() if row[4]}
    # Which of the three ways to write no one comes first depends on how they sort.
    assert examples.pop("missing customer ids").startswith("no customer on 2026-01-06: 1.00; ")
    if kind == "pandas objects":
        assert examples.pop("unreadable amounts") == "inf"
    else:
        assert examples.pop("unreadable amounts") == "bob on 2026-01-09: inf"
    assert examples == {
        "missing dates": "bob on no date: 1.00",
        "missing amounts": "bob on 2026-01-08: no amount",
        "duplicate rows": "ann on 2026-01-05: 10.00",
        "future dates": "2026-01-31",
        "negative amounts": "bob on 2026-01-10: -5.00; ...",
        "refunds without an earlier purchase": "2026-01-10: bob",
        "zero amounts": "bob on 2026-01-12: 0.00",
        "one-time buyers": "2026-01-05: ann, ...",
        "same-day orders": "2026-01-05: ann",
        "last month cut off": "2026-01: 30 of 31 days",
    }
    for check, (_, n, unit, _, example, what_to_do) in report.items():
        assert unit in ("rows", "customers", "customer-days", "days")
        assert (what_to_do == "nothing to do") == (n == 0), check
        assert not example or n, check
        assert n is not None or what_to_do.startswith("not checked: "), check


def test_a_report_names_what_it_did_not_check():
    report = entry(UGLY, "future dates")
    assert report["rows"] is None
    assert report["share"] is None
    assert "observation_end" in report["what_to_do"]
    assert entry(UGLY, "days without data at the end")["rows"] is None
    assert "currency" in entry(UGLY, "several currencies")["what_to_do"]
    lists = UGLY.to_pandas().assign(tags=[[1]] * 13)
    for frame in (lists, pa.Table.from_pandas(lists)):
        assert entry(frame, "duplicate rows")["rows"] is None


# ---- the same whatever the library and the order ----

ENTRIES = st.tuples(
    st.sampled_from(["a", "b", "c", "d", "", None]),
    st.datetimes(dt.datetime(2025, 11, 25), dt.datetime(2026, 2, 5)).map(
        lambda d: d.replace(minute=0, second=0, microsecond=0)
    )
    | st.none(),
    st.integers(-3, 5).map(float) | st.none(),
    st.integers(1, 3) | st.none(),
    st.sampled_from(["EUR", "USD"]),
)
SCHEMA = {
    "customer_id": pl.String,
    "date": pl.Datetime("us"),
    "amount": pl.Float64,
    "order_id": pl.Int64,
    "currency": pl.String,
}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(ENTRIES, max_size=25), end=st.sampled_from([None, "2026-01-20", "2026-02-28"]), data=st.data())
def test_ugly_logs_get_the_same_report_everywhere_in_any_order(rows, end, data):
    log = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    shuffled = pl.DataFrame(data.draw(st.permutations(rows)), schema=SCHEMA, orient="row")
    report = plain(data_quality(log, observation_end=end))
    for kind in ("pandas", "pandas arrow", "polars", "polars lazy", "pyarrow"):
        assert plain(data_quality(KINDS[kind](shuffled), observation_end=end)) == report, kind


def random_log(seed, n=300):
    rng = np.random.default_rng(seed)
    days = np.datetime64("2025-09-01", "us") + rng.integers(0, 24 * 150, n) * np.timedelta64(1, "h")
    return pl.DataFrame(
        {
            "customer_id": [None if k == 0 else f"c{k}" for k in rng.integers(0, 60, n).tolist()],
            "date": [None if i % 50 == 0 else d for i, d in enumerate(days.tolist())],
            "amount": [None if a == 0.25 else a for a in rng.choice([-5.0, -1.0, 0.0, 0.25, 2.0, 8.0], n).tolist()],
            "order_id": [None if o == 0 else o for o in rng.integers(0, 90, n).tolist()],
            "currency": rng.choice(["EUR", "EUR ", "USD"], n).tolist(),
        },
        schema=SCHEMA,
    )


@pytest.mark.parametrize("kind", ["duckdb", "dask"])
def test_engines_give_the_same_report(kind):
    log = random_log(0)
    log = pl.concat([log, log[:7]])
    expected = plain(data_quality(log, observation_end="2026-01-20"))
    assert sum(bool(row[1]) for row in expected) >= 11
    assert plain(data_quality(KINDS[kind](log), observation_end="2026-01-20")) == expected


def test_customers_are_counted_as_the_summary_counts_them():
    log = random_log(1).drop_nulls().drop("currency")
    summary = summarize_customers(log, observation_end="2026-02-28", refunds="drop")
    report = counts(log)
    assert report["one-time buyers"] == (summary["frequency"] == 0).sum()
    assert entry(log, "one-time buyers")["share"] == pytest.approx((summary["frequency"] == 0).mean())
    by_day = log.filter(pl.col("amount") >= 0).group_by("customer_id", pl.col("date").dt.date())
    assert (
        report["same-day orders"]
        == by_day.agg(pl.col("order_id").drop_nulls().n_unique()).filter(pl.col("order_id") > 1).height
    )
    assert entry(log, "same-day orders")["share"] == pytest.approx(
        report["same-day orders"] / summary["purchases"].sum()
    )


@pytest.mark.filterwarnings("ignore:left out .* customers with refunds only")
def test_refunds_are_matched_as_the_summary_matches_them():
    log = random_log(1).drop_nulls().drop("currency")
    unmatched = counts(log)["refunds without an earlier purchase"]
    assert unmatched > 10
    with pytest.warns(DataWarning, match=f"left out {unmatched} refund rows without an earlier purchase"):
        summarize_customers(log, observation_end="2026-02-28", refunds="match")


# ---- single checks ----


def test_refunds_on_the_day_of_the_first_purchase_have_one():
    assert counts(log_of(("a", 5, -1.0), ("a", 5, 2.0)))["refunds without an earlier purchase"] == 0
    assert counts(log_of(("a", 5, -1.0), ("a", 6, 2.0)))["refunds without an earlier purchase"] == 1
    assert counts(log_of(("a", 5, -1.0), ("b", 4, 2.0)))["refunds without an earlier purchase"] == 1


def test_same_day_orders_with_and_without_order_numbers():
    lines = log_of(("a", 5, 1.0), ("a", 5, 2.0), ("b", 5, 1.0), ("b", 5, -1.0))
    assert counts(lines)["same-day orders"] == 1  # two rows are taken for two orders; a refund is none
    assert counts(lines.with_columns(order_id=pl.Series([1, 1, 2, 3])))["same-day orders"] == 0
    assert counts(lines.with_columns(order_id=pl.Series([1, 2, 2, 3])))["same-day orders"] == 1
    unknown = counts(lines.with_columns(order_id=pl.Series([1, None, 2, 3])))
    assert (unknown["same-day orders"], unknown["missing order ids"]) == (0, 1)
    assert counts(lines.with_columns(no=pl.Series([1, 1, 2, 3])), order_id="no")["same-day orders"] == 0
    assert counts(lines.with_columns(order_id=pl.Series([1, 1, 2, 3])), order_id=None)["same-day orders"] == 1


def test_rows_after_the_end_are_left_out_of_what_follows():
    log = log_of(("a", 5, 1.0), ("b", 6, 1.0), ("b", 20, 1.0), ("c", 25, 1.0))
    assert counts(log, observation_end="2026-01-10") == counts(log[:2], observation_end="2026-01-10") | {
        "future dates": 2
    }


def test_the_last_month():
    daily = [("a", day, 1.0) for day in range(1, 32)]
    assert counts(log_of(*daily))["last month cut off"] == 0
    assert counts(log_of(*daily[:20]))["last month cut off"] == 20
    assert counts(log_of(*daily[:20]), observation_end="2026-01-31")["last month cut off"] == 0
    assert counts(log_of(*daily[:20]), observation_end="2026-01-31")["days without data at the end"] == 11
    assert "end on 2025-12-31" in entry(log_of(*daily[:20]), "last month cut off")["what_to_do"].replace("ends", "end")
    # A shop that sells every third day may well end on the 30th.
    rare = pl.DataFrame(
        {
            "customer_id": "a",
            "date": pl.date_range(dt.date(2025, 1, 1), dt.date(2026, 1, 30), "3d", eager=True),
            "amount": 1.0,
        }
    )
    assert rare["date"].max() == dt.date(2026, 1, 29)
    assert counts(rare)["last month cut off"] == 0
    assert counts(rare, observation_end="2026-01-30")["last month cut off"] == 10


def test_several_currencies():
    log = log_of(*[("a", 5, 1.0)] * 5, money=["EUR", "eur ", "USD", None, "EUR"])
    report = entry(log, "several currencies", currency="money")
    assert (report["rows"], report["share"], report["example"]) == (2, 0.4, "EUR 3, USD 1, none 1")


def test_left_truncation_is_estimated():
    rng = np.random.default_rng(0)
    old = [(f"old{i}", int(d)) for i in range(400) for d in rng.integers(0, 360, 12)]  # buy monthly, since long ago
    young = [(f"new{i}", int(d)) for i, d in enumerate(np.sort(rng.integers(0, 360, 600)))]
    keys, days = zip(*old, *young, strict=True)
    dates = [dt.datetime(2025, 1, 1) + dt.timedelta(days=d) for d in days]
    log = pl.DataFrame({"customer_id": keys, "date": dates, "amount": 1.0})
    # Of 400 monthly buyers 1 - (11/12)^12 = 65 % come within the first twelfth.
    assert counts(log)["customers already active"] == pytest.approx(400 * (1 - (11 / 12) ** 12), rel=0.2)
    assert "acquired=('2025-01-31', None)" in entry(log, "customers already active")["what_to_do"]
    assert counts(log.filter(pl.col("customer_id").str.starts_with("new")))["customers already active"] == 0


# ---- raw exports, and bad input ----


def test_a_raw_export_is_read_as_it_is():
    raw = pl.DataFrame(
        {
            "email": ["ann", "bob", "bob", None],
            "at": ["2026-01-05", "05/01/2026", "2026-01-07", ""],
            "qty": ["1", "2", "x", "4"],
            "price": [2.0, -3.0, 1.0, 1.0],
        }
    )
    for kind in ("polars", "pandas", "pyarrow", "polars lazy"):
        log = (KINDS | {"pandas": lambda frame: frame.to_pandas()})[kind](raw)
        names = {"customer_id": "email", "date": "at", "amount": ("qty", "price")}
        report = counts(log, **names)
        assert report["missing customer ids"] == 1
        assert report["missing dates"] == 1
        assert report["unreadable dates"] == 1
        assert report["unreadable amounts"] == 1
        assert report["missing amounts"] == 0
        assert report["negative amounts"] == 1
        assert report["one-time buyers"] == 1
        assert entry(log, "unreadable dates", **names)["example"] == "05/01/2026"
        assert entry(log, "unreadable amounts", **names)["example"] == "x"
        assert counts(log, **names, date_format="%d/%m/%Y")["unreadable dates"] == 2
    with pytest.raises(InputError, match=r"data_quality, to read at \(String\), qty \(String\)"):
        data_quality(KINDS["duckdb"](raw), customer_id="email", date="at", amount=("qty", "price"))


@pytest.mark.parametrize("make", [lambda frame: frame.to_pandas(), lambda frame: frame, lambda frame: frame.to_arrow()])
def test_mixed_objects_and_zones_raise_nothing(make):
    dates = ["2026-01-05T10:00:00Z", "2026-01-05", "2026-01-06", "x"]
    log = pl.DataFrame({"customer_id": [1.5, 2.0, None, 1.5], "date": dates, "amount": ["1.234", "2", "$1", "1 EUR"]})
    report = counts(make(log))
    assert report["missing customer ids"] == 1
    assert report["unreadable dates"] == 1
    mixed = pd.DataFrame({"customer_id": [1, "1", True], "date": dates[:3], "amount": 1.0})
    assert counts(mixed)["one-time buyers"] == 2


def test_aware_timestamps_count_by_their_own_clock():
    aware = log_of(("a", 31, 1.0)).with_columns(pl.col("date").dt.replace_time_zone("Asia/Tokyo"))
    for make in (lambda frame: frame, lambda frame: frame.to_pandas(), lambda frame: frame.lazy()):
        assert counts(make(aware), observation_end="2026-01-30")["future dates"] == 1
        assert counts(make(aware), observation_end="2026-01-31")["future dates"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_log_has_no_flaws(kind):
    log = KINDS[kind](UGLY).query("amount < -99") if kind == "dask" else KINDS[kind](UGLY.clear())
    report = plain(data_quality(log, observation_end="2026-01-30"))
    assert [row[0] for row in report] == CHECKS
    assert [row[:2] for row in report if row[1]] == []
    assert all(row[3] is None for row in report)


def test_dates_at_the_ends_of_the_calendar():
    log = pl.DataFrame(
        {"customer_id": ["a", "b"], "date": [dt.date(9999, 12, 31), dt.date(1, 1, 1)], "amount": [-1.0, 0.0]}
    )
    assert entry(log, "negative amounts")["example"] == "a on 9999-12-31: -1.00"
    assert entry(log, "future dates", observation_end="2026-01-31")["example"] == "9999-12-31"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"customer_id": "id"}, r"the log lacks \['id'\]; it has"),
        ({"order_id": "invoice"}, "lacks"),
        ({"currency": "money"}, "lacks"),
        ({"amount": 5}, "amount must name a column"),
        ({"date": "amount"}, "each part of the log needs a column of its own"),
        ({"observation_end": "soon"}, "observation_end must be a date"),
        ({"observation_end": 5}, "observation_end must be a date"),
        ({"decimal": "x"}, "decimal must be one of"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(InputError, match=message):
        data_quality(UGLY, **options)


@pytest.mark.parametrize("bad", [None, [1, 2], {"customer_id": [1]}, np.zeros((2, 3))])
def test_no_frame(bad):
    with pytest.raises(InputError, match="the log must be a DataFrame"):
        data_quality(bad)
