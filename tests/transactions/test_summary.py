"""The customer summary against a reference that counts customer by customer, and against the papers' figures."""

import calendar
import datetime as dt
import json
import math
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value import summarize_customers
from customer_value.datasets import load_cdnow
from customer_value.errors import DataWarning, InputError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "cdnow_summary.json").read_text())

GRAIN_DAYS = {"day": 1, "week": 7, "month": 365.25 / 12, "quarter": 365.25 / 4, "year": 365.25}
UNIT_DAYS = GRAIN_DAYS | {"hour": 1 / 24}
END = dt.date(1971, 2, 28)


# ---- the reference: each customer by himself, in plain Python ----------------------------------------------------


def period_start(day, grain):
    if grain == "day":
        return day
    if grain == "week":
        return day - dt.timedelta(days=day.weekday())
    month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}[grain]
    return dt.date(day.year, month, 1)


def period_index(day, grain):
    start = period_start(day, grain)
    if grain in ("day", "week"):
        return start.toordinal() // GRAIN_DAYS[grain]
    return (start.year * 12 + start.month - 1) // {"month": 1, "quarter": 3, "year": 12}[grain]


def window_start(window, end):
    count, unit = window.split()
    after = end + dt.timedelta(days=1)
    if unit.startswith("day") or unit.startswith("week"):
        return after - dt.timedelta(days=int(count) * (7 if unit.startswith("week") else 1))
    months = int(count) * {"m": 1, "q": 3, "y": 12}[unit[0]]
    year, month = divmod(after.year * 12 + after.month - 1 - months, 12)
    return dt.date(year, month + 1, min(after.day, calendar.monthrange(year, month + 1)[1]))


def summarize_one(rows, *, end, grain, unit, refunds, windows):
    """Summarize one customer's rows (day, amount, order); None without a purchase."""
    sales = [(day, amount) for day, amount, _ in rows if amount >= 0]
    if not sales:
        return None
    bought = sorted({period_index(day, grain) for day, _ in sales})
    value = defaultdict(float)
    for day, amount, _ in rows:
        period = period_index(day, grain)
        if amount < 0 and refunds == "drop":
            continue
        if amount < 0 and refunds == "match":
            earlier = [p for p in bought if p <= period]
            if not earlier:
                continue
            period = earlier[-1]
        value[period] += amount
    scale = GRAIN_DAYS[grain] / UNIT_DAYS[unit]
    last = period_index(end, grain)
    waits = [(b - a) * scale for a, b in pairwise(bought)]
    found = {
        "frequency": len(bought) - 1,
        "recency": (bought[-1] - bought[0]) * scale,
        "T": (last - bought[0]) * scale,
        "monetary_value": sum(value[p] for p in bought[1:]) / len(bought[1:]) if bought[1:] else None,
        "purchases": len(bought),
        "orders": len({order for _, amount, order in rows if amount >= 0}),
        "time_since_last": (last - bought[-1]) * scale,
        "total_value": sum(value.values()),
        "first_date": min(day for day, _ in sales),
        "last_date": max(day for day, _ in sales),
    }
    for window in windows:
        begin = window_start(window, end)
        days = [end - dt.timedelta(days=i) for i in range((end - begin).days + 1)]
        inside = {period_index(d, grain) for d in days if period_start(d, grain) >= begin}
        suffix = window.split()[0] + window.split()[1][0]
        found[f"purchases_{suffix}"] = sum(p in inside for p in bought)
        found[f"value_{suffix}"] = sum(v for p, v in value.items() if p in inside)
    return found | {"log_intervals": sum(map(math.log, waits)), "observation_end": end, "time_unit": unit}


def reference(rows, acquired, **options):
    customers = sorted({row[0] for row in rows})
    found = {c: summarize_one([row[1:] for row in rows if row[0] == c], **options) for c in customers}
    early, late = acquired or (None, None)
    return [
        {"customer_id": c} | s
        for c, s in found.items()
        if s and (early is None or s["first_date"] >= early) and (late is None or s["first_date"] <= late)
    ]


# ---- frames of every kind, and what they give --------------------------------------------------------------------

COLUMNS = ("customer_id", "date", "amount", "order_id")


def pandas_log(rows):
    log = pd.DataFrame(rows, columns=COLUMNS, index=range(len(rows), 0, -1))
    return log.assign(date=log["date"].astype("datetime64[us]"), amount=log["amount"].astype("float64"))


FRAMES = {
    "pandas": pandas_log,
    "pandas categorical": lambda rows: pandas_log(rows).astype({"customer_id": "category", "order_id": "Int64"}),
    "pandas seconds": lambda rows: pandas_log(rows).astype({"date": "datetime64[s]"}),
    "polars": lambda rows: pl.DataFrame(rows, schema=COLUMNS, orient="row"),
    "polars lazy": lambda rows: pl.LazyFrame(rows, schema=COLUMNS, orient="row"),
    "pyarrow": lambda rows: pl.DataFrame(rows, schema=COLUMNS, orient="row").to_arrow(),
}


def records(summary):
    """Plain rows, NaN as None and midnights as dates."""
    rows = nw.from_native(summary).lazy().collect("pyarrow").to_native().to_pylist()
    return [{n: v.date() if isinstance(v, dt.datetime) else v for n, v in row.items()} for row in rows]


def assert_same(found, expected):
    assert [list(row) for row in found] == [list(row) for row in expected]
    for row, wanted in zip(found, expected, strict=True):
        for name, value in wanted.items():
            # Amounts are multiples of 1/4 and add up exactly; times are one multiplication by the ruler away from
            # whole numbers, and up to a hundred logarithms are summed: a few units in the last place.
            same = pytest.approx(value, rel=1e-12, abs=1e-12) if isinstance(value, float) else value
            assert row[name] == same, name


EDGES = ["1969-12-01", "1970-02-28", "1970-03-01", "1970-11-30", "1970-12-01", "1971-01-01", "1971-02-28"]
moments = st.one_of(
    st.datetimes(dt.datetime(1969, 9, 1), dt.datetime(1971, 2, 28, 23, 59, 59)),
    st.sampled_from([dt.datetime.fromisoformat(day) for day in EDGES]),  # where windows and cohorts begin and end
).map(lambda d: d.replace(microsecond=0))
amounts = st.sampled_from([-8.0, -0.5, -0.25, 0.0, 0.25, 1.0, 3.0, 20.0])
ugly_rows = st.lists(
    st.tuples(st.sampled_from(["a", "b", "cc", "ä"]), moments, amounts, st.integers(1, 5)), min_size=1, max_size=40
).flatmap(lambda rows: st.sampled_from([rows, rows + rows[: len(rows) // 2]]))  # with and without repeated rows
cohort = st.one_of(
    st.none(),
    st.tuples(
        st.none() | st.just(dt.date(1969, 12, 1)), st.none() | st.dates(dt.date(1970, 1, 1), dt.date(1971, 1, 1))
    ),
)
some_windows = st.sampled_from([(), ("12 months",), ("90 days", "2 quarters"), ("1 year", "60 weeks", "13 months")])


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
@settings(max_examples=60, deadline=None)
@given(
    rows=ugly_rows,
    frame=st.sampled_from(list(FRAMES)),
    grain=st.sampled_from(list(GRAIN_DAYS)),
    unit=st.sampled_from(list(UNIT_DAYS)),
    refunds=st.sampled_from(["net", "match", "drop"]),
    acquired=cohort,
    windows=some_windows,
)
def test_equals_the_reference_in_every_frame(rows, frame, grain, unit, refunds, acquired, windows):
    if grain == "year":
        windows = tuple(w for w in windows if "year" in w or "60" in w)  # no year begins within the others
    by_day = [(c, moment.date(), amount, order) for c, moment, amount, order in rows]
    expected = reference(by_day, acquired, end=END, grain=grain, unit=unit, refunds=refunds, windows=windows)
    options = {"grain": grain, "time_unit": unit, "refunds": refunds, "windows": windows, "regularity": True}
    if all(amount < 0 for _, _, amount, _ in rows):
        with pytest.raises(InputError, match="refunds"):
            summarize_customers(FRAMES[frame](rows), observation_end=END, acquired=acquired, **options)
        return
    summary = summarize_customers(FRAMES[frame](rows), observation_end=END, acquired=acquired, **options)
    assert type(summary) is type(FRAMES[frame](rows))
    assert_same(records(summary), expected)


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
@settings(max_examples=25, deadline=None)
@given(rows=ugly_rows.filter(lambda rows: any(r[2] >= 0 for r in rows)), data=st.data())
def test_the_order_of_rows_does_not_matter(rows, data):
    shuffled = data.draw(st.permutations(rows))
    options = {"observation_end": END, "refunds": "match", "grain": "week", "windows": ("90 days",), "regularity": True}
    one, other = (summarize_customers(pandas_log(r), **options) for r in (rows, shuffled))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


# ---- CDNOW: the papers' own figures ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cdnow():
    log = load_cdnow(sample=True)
    return log[log["date"] <= "1997-09-30"]


@pytest.mark.parametrize("kind", ["pandas", "polars", "lazy", "pyarrow"])
def test_cdnow_has_the_published_figures(cdnow, kind):
    convert = {
        "pandas": lambda log: log,
        "polars": pl.from_pandas,
        "lazy": lambda log: pl.from_pandas(log).lazy(),
        "pyarrow": lambda log: pa.Table.from_pandas(log, preserve_index=False),
    }[kind]
    summary = pd.DataFrame(records(summarize_customers(convert(cdnow), observation_end="1997-09-30")))
    golden = GOLDEN["summary"]
    assert len(summary) == golden["n"]
    assert summary["frequency"].sum() == golden["sum_x"]
    # The published sums have six decimals.
    assert summary["recency"].sum() == pytest.approx(golden["sum_t_x"], abs=5e-7)
    assert summary["T"].sum() == pytest.approx(golden["sum_T"], abs=5e-7)
    counts = summary["frequency"].clip(upper=7).value_counts().sort_index()
    assert counts.tolist() == list(golden["freq_hist"].values())
    spend = summary.loc[summary["frequency"] > 0, "monetary_value"].astype(float)
    assert spend.size == golden["repeat_buyers"]
    assert summary["monetary_value"].isna().sum() == golden["n"] - golden["repeat_buyers"]
    assert spend.mean() == pytest.approx(golden["mean_zbar_repeat"], abs=5e-7)
    assert spend.std() == pytest.approx(golden["std_zbar"], abs=5e-7)
    assert spend.max() == pytest.approx(golden["max_zbar"], abs=5e-6)
    assert spend.corr(summary.loc[spend.index, "frequency"]) == pytest.approx(golden["pearson_zbar_x"], abs=5e-4)
    busy = summary.set_index("customer_id").loc[1516]
    expected = GOLDEN["customer_1516"]
    assert (busy["frequency"], busy["T"]) == (expected["x"], expected["T"])
    assert busy["recency"] == pytest.approx(expected["t_x"], abs=5e-6)


def test_purchases_merged_by_week_are_others(cdnow):
    by_day = summarize_customers(cdnow, observation_end="1997-09-30")
    with pytest.warns(DataWarning, match="last week is cut off"):  # 1997-09-30 was a Tuesday
        by_week = summarize_customers(cdnow, observation_end="1997-09-30", grain="week")
    # Counted from the file: customers and calendar weeks (from Monday) with a row, less one each.
    weeks = cdnow["date"].dt.to_period("W-SUN")
    merged = len(set(zip(cdnow["customer_id"], weeks, strict=True))) - len(by_day)
    assert by_week["frequency"].sum() == merged < by_day["frequency"].sum()
    assert (by_week["recency"] % 1 == 0).all()
    assert by_week["total_value"].sum() == pytest.approx(by_day["total_value"].sum(), rel=1e-12)


def test_39_weeks_are_39(cdnow):
    first = pd.DataFrame({"customer_id": [1], "date": pd.to_datetime(["1997-01-01"]), "amount": [1.0]})
    summary = summarize_customers(first, observation_end="1997-10-01")
    assert summary["T"].tolist() == [39.0]
    days = np.arange(40 * 7)
    log = pd.DataFrame(
        {"customer_id": days, "date": (np.datetime64("1997-10-01", "D") - days).astype("datetime64[s]"), "amount": 1.0}
    )
    found = summarize_customers(log, observation_end="1997-10-01")["T"].to_numpy()
    assert (found[::7] == np.arange(40)).all()  # whole weeks are whole
    assert found == pytest.approx(days / 7, rel=2**-52, abs=0)  # and others a last bit at most from the quotient
    assert (summarize_customers(log, observation_end="1997-10-01", time_unit="hour")["T"] == days * 24.0).all()


# ---- policies, each on a log small enough to do by hand ----------------------------------------------------------


def small_log(*rows):
    return pd.DataFrame(rows, columns=["customer_id", "date", "amount"]).assign(
        date=lambda log: pd.to_datetime(log["date"], format="ISO8601")
    )


REFUNDED = small_log(
    ("a", "2026-01-05", -1.0),  # before anything was bought
    ("a", "2026-01-10", 10.0),
    ("a", "2026-01-12", -2.0),  # a day of its own, after the first purchase
    ("a", "2026-01-20", 20.0),
    ("a", "2026-01-20", -5.0),
    ("a", "2026-01-25", -4.0),  # a day of its own, after the repeat purchase
    ("b", "2026-01-07", -9.0),
)


@pytest.mark.parametrize(
    ("refunds", "total", "mean", "window"),
    [("net", 18.0, 15.0, 11.0), ("match", 19.0, 11.0, 11.0), ("drop", 30.0, 20.0, 20.0)],
)
@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.filterwarnings("ignore:.*left out:customer_value.DataWarning")
def test_refunds(refunds, total, mean, window, lazy):
    log = pl.from_pandas(REFUNDED)
    made = summarize_customers(
        log.lazy() if lazy else log, observation_end="2026-01-31", refunds=refunds, windows=("2 weeks",)
    )
    row = made.lazy().collect().to_dicts()
    assert [r["customer_id"] for r in row] == ["a"]
    assert (row[0]["frequency"], row[0]["total_value"], row[0]["monetary_value"]) == (1, total, mean)
    assert (row[0]["purchases_2w"], row[0]["value_2w"]) == (1, window)


@pytest.mark.parametrize("lazy", [False, True])
def test_what_is_left_out_is_told(lazy):
    log = pl.from_pandas(REFUNDED)
    log = log.lazy() if lazy else log
    with pytest.warns(DataWarning, match="left out 1 customer with refunds only") as told:
        summarize_customers(log, observation_end="2026-01-31")
    assert len(told) == 1
    assert told[0].filename == __file__
    with pytest.warns(DataWarning) as told:
        summarize_customers(log, observation_end="2026-01-31", refunds="match")
    assert "left out 1 customer with" in str(told[0].message)
    assert "left out 2 refund rows" in str(told[1].message)
    summarize_customers(log, observation_end="2026-01-31", refunds="drop")  # asked for: no warning
    with pytest.raises(InputError, match=r"refunds='error'; 5 of 7 rows are not"):
        summarize_customers(log, observation_end="2026-01-31", refunds="error")


@pytest.mark.parametrize("lazy", [False, True])
def test_a_refund_on_the_day_of_the_first_purchase_has_one(lazy):
    log = small_log(("a", "2026-01-04", -1.0), ("a", "2026-01-05 08:00", -2.0), ("a", "2026-01-05 09:00", 5.0))
    log = pl.from_pandas(log).lazy() if lazy else log
    with pytest.warns(DataWarning, match="left out 1 refund row without"):
        summary = summarize_customers(log, observation_end="2026-01-31", refunds="match")
    assert records(summary)[0]["total_value"] == 3.0


@pytest.mark.parametrize("lazy", [False, True])
def test_cohorts_hold_both_their_ends(lazy):
    log = pl.from_pandas(small_log(*((day, f"2026-01-0{day}", 1.0) for day in range(1, 6))))
    summary = summarize_customers(
        log.lazy() if lazy else log, observation_end="2026-01-31", acquired=("2026-01-02", "2026-01-04")
    )
    assert [row["customer_id"] for row in records(summary)] == [2, 3, 4]


def test_zero_counts_as_a_purchase():
    log = small_log(("a", "2026-01-05", 0.0), ("a", "2026-01-12", 0.0))
    summary = summarize_customers(log, observation_end="2026-01-19")
    assert summary[["frequency", "recency", "T", "monetary_value"]].to_numpy().tolist() == [[1, 1.0, 2.0, 0.0]]


def test_first_and_last_dates_are_days_at_any_grain():
    log = small_log(("a", "2026-01-05", 1.0), ("a", "2026-01-09", 1.0), ("a", "2026-03-07", 1.0))
    summary = summarize_customers(log, observation_end="2026-03-31", grain="month", time_unit="month")
    assert summary["purchases"].tolist() == [2]
    assert summary[["recency", "T", "time_since_last"]].to_numpy().tolist() == [[2.0, 2.0, 0.0]]
    assert summary["first_date"].tolist() == [pd.Timestamp("2026-01-05")]
    assert summary["last_date"].tolist() == [pd.Timestamp("2026-03-07")]


def test_the_columns_and_their_order():
    log = small_log(("a", "2026-01-05", 1)).rename(columns={"customer_id": "parent_account"}).assign(order_id="x")
    summary = summarize_customers(
        log,
        customer_id="parent_account",
        observation_end="2026-01-31",
        windows=("12 months", "1 year"),
        regularity=True,
    )
    assert list(summary) == [
        *("parent_account", "frequency", "recency", "T", "monetary_value", "purchases", "orders", "time_since_last"),
        *("total_value", "first_date", "last_date", "purchases_12m", "value_12m", "purchases_1y", "value_1y"),
        *("log_intervals", "observation_end", "time_unit"),
    ]
    assert summary["observation_end"].tolist() == [pd.Timestamp("2026-01-31")]
    assert "orders" not in summarize_customers(
        log, customer_id="parent_account", order_id=None, observation_end="2026-01-31"
    )


def test_keys_keep_their_type_and_the_log_its_rows():
    log = small_log(("b", "2026-01-05", 1.0), ("a", "2026-01-06", 1.0))
    log["customer_id"] = pd.Categorical(log["customer_id"], categories=["b", "a"], ordered=True)
    before = log.copy()
    summary = summarize_customers(log, observation_end="2026-01-31")
    assert summary["customer_id"].dtype == log["customer_id"].dtype
    assert summary["customer_id"].tolist() == ["b", "a"]  # sorted as the categories are
    assert summary.index.tolist() == [0, 1]
    pd.testing.assert_frame_equal(log, before)


def test_the_last_date_of_the_log():
    log = small_log(("a", "2026-01-05 23:00", 1.0), ("b", "2026-01-12 01:00", 1.0))
    for frame in (log, pl.from_pandas(log), pl.from_pandas(log).lazy()):
        found = records(summarize_customers(frame, observation_end="last"))
        assert [row["T"] for row in found] == [1.0, 0.0]
        assert found[0]["observation_end"] == dt.date(2026, 1, 12)


def test_aware_timestamps_count_by_their_own_wall_clock():
    moments = pd.to_datetime(["2025-12-31 23:30", "2026-01-07 12:00"], utc=True).tz_convert("Asia/Tokyo")
    log = pd.DataFrame({"customer_id": [1, 1], "date": moments, "amount": 1.0})
    arrow = pa.table({"customer_id": [1, 1], "date": pa.array(moments), "amount": [1.0, 1.0]})
    for frame in (log, pl.from_pandas(log), pl.from_pandas(log).lazy(), arrow):
        (row,) = records(summarize_customers(frame, observation_end="2026-01-07", time_unit="day"))
        assert (row["first_date"], row["recency"]) == (dt.date(2026, 1, 1), 6.0)


@pytest.mark.parametrize(
    "dates",
    [
        pd.Series([dt.date(1969, 12, 31), dt.date(1970, 1, 7)]),
        pd.Series(pd.to_datetime(["1969-12-31 23:59", "1970-01-07"], format="mixed").as_unit("ns")),
        pd.Series(pd.array([dt.date(1969, 12, 31), dt.date(1970, 1, 7)], dtype=pd.ArrowDtype(pa.date32()))),
        pd.Series(
            pd.array([dt.datetime(1969, 12, 31), dt.datetime(1970, 1, 7)], dtype=pd.ArrowDtype(pa.timestamp("ms")))
        ),
        pl.Series([dt.date(1969, 12, 31), dt.date(1970, 1, 7)]),
        pl.Series([dt.datetime(1969, 12, 31, 23), dt.datetime(1970, 1, 7)], dtype=pl.Datetime("ns")),
    ],
)
def test_dates_of_every_type(dates):
    frame = pl.DataFrame if isinstance(dates, pl.Series) else pd.DataFrame
    log = frame({"customer_id": [1, 1], "date": dates, "amount": [1.0, 2.0]})
    (row,) = records(summarize_customers(log, observation_end="1970-01-14"))
    assert (row["frequency"], row["recency"], row["T"]) == (1, 1.0, 2.0)
    assert (row["first_date"], row["last_date"]) == (dt.date(1969, 12, 31), dt.date(1970, 1, 7))


@pytest.mark.parametrize(
    "amounts", [pd.array([1, 2], dtype="Int64"), pd.array([1, 2], dtype="float32[pyarrow]"), [1, 2]]
)
def test_amounts_of_every_type(amounts):
    log = small_log(("a", "2026-01-05", 0), ("a", "2026-01-06", 0)).assign(amount=amounts)
    assert summarize_customers(log, observation_end="2026-01-31")["total_value"].tolist() == [3.0]


# ---- bad input ---------------------------------------------------------------------------------------------------

GOOD = small_log(("a", "2026-01-05", 1.0), ("b", "2026-01-06", 2.0), ("a", "2026-01-07", 3.0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda log: log.drop(columns="amount"), r"lacks \['amount'\]; it has .*clean_log"),
        (lambda log: log.iloc[:0], "empty"),
        (lambda log: log.assign(customer_id=["a", None, "b"]), r"customer_id must not be null; 1 of 3 .*clean_log"),
        (lambda log: log.assign(customer_id=[1.0, np.nan, 2.0]), "customer_id must not be null; 1 of 3"),
        (lambda log: log.assign(date=[pd.NaT, *log["date"][1:]]), "date must not be null; 1 of 3"),
        (lambda log: log.assign(date=log["date"].astype(str)), "date must hold dates .* clean_log"),
        (lambda log: log.assign(date=[20260105, 20260106, 20260107]), "date must hold dates .*Int64"),
        (lambda log: log.assign(amount=["1", "2", "3"]), "amount must be numeric; its type is String.*clean_log"),
        (lambda log: log.assign(amount=[True, False, True]), "amount must be numeric; its type is Boolean"),
        (lambda log: log.assign(amount=np.nan), "amount must not be null or NaN; 3 of 3"),
        (lambda log: log.assign(amount=[1.0, None, 2.0]), "amount must not be null or NaN; 1 of 3"),
        (lambda log: log.assign(amount=[1.0, np.inf, -np.inf]), "amount must be finite; 2 of 3"),
        (lambda log: log.assign(amount=-1.0), "all 3 rows are refunds"),
        (
            lambda log: log.assign(date=log["date"] + pd.Timedelta(days=25)),
            r"after observation_end.*1 of 3.*split_holdout",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "lazy"])
def test_bad_logs_are_refused(change, message, kind):
    log = change(GOOD)
    if kind != "pandas":
        arrow = pa.Table.from_pandas(log, preserve_index=False)
        log = arrow if kind == "pyarrow" else pl.from_arrow(arrow)
        log = log.lazy() if kind == "lazy" else log
    with pytest.raises(InputError, match=message):
        summarize_customers(log, observation_end="2026-01-31")


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        ([dt.date(2026, 1, 5), "2026-01-06", dt.date(2026, 1, 7)], r"type \['str'\]. clean_log"),
        ([dt.datetime(2026, 1, 5, tzinfo=dt.UTC), dt.datetime(2026, 1, 6), dt.datetime(2026, 1, 7)], r"\['datetime'\]"),
    ],
)
def test_objects_that_are_no_dates_are_refused(dates, message):
    with pytest.raises(InputError, match=message):
        summarize_customers(GOOD.assign(date=pd.Series(dates, dtype=object)), observation_end="2026-01-31")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grain": "fortnight"}, "grain must be one of"),
        ({"time_unit": "weeks"}, "time_unit must be one of .* Did you mean 'week'"),
        ({"refunds": "nett"}, "refunds must be one of .* Did you mean 'net'"),
        ({"observation_end": "soon"}, "observation_end must be a date"),
        ({"observation_end": None}, "observation_end must be a date"),
        ({"acquired": "2026-01-01"}, "acquired must be a pair"),
        ({"acquired": ("2026-02-01", "2026-01-01")}, "acquired must run from an earlier"),
        ({"windows": ("12",)}, "a window must be a text such as '12 months'"),
        ({"windows": (12,)}, "a window must be a text"),
        ({"windows": ("0 days",)}, "a window must be a text"),
        ({"windows": ("9 days", "9 days")}, r"\['purchases_9d', 'value_9d'\] twice"),
        ({"windows": ("99999999 years",)}, "calendar's first year"),
        ({"windows": ("7 days",), "grain": "month"}, "no month starts within the window '7 days'"),
        ({"order_id": "invoice"}, r"lacks \['invoice'\]"),
        ({"customer_id": "date"}, "must be different columns"),
        ({"customer_id": 3}, "named by text"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        summarize_customers(GOOD, **({"observation_end": "2026-01-31"} | options))


def test_no_frame_is_refused():
    with pytest.raises(InputError, match="log must be a DataFrame"):
        summarize_customers([1, 2], observation_end="2026-01-31")


def test_a_key_that_takes_the_name_of_a_result_is_refused():
    with pytest.raises(InputError, match=r"\['T'\] twice"):
        summarize_customers(GOOD.rename(columns={"customer_id": "T"}), customer_id="T", observation_end="2026-01-31")


def test_null_orders_are_refused():
    log = pl.from_pandas(GOOD.assign(order_id=["x", None, "y"]))
    for frame in (log, log.lazy()):
        with pytest.raises(InputError, match=r"order_id must not be null; 1 of 3 .*order_id=None"):
            summarize_customers(frame, observation_end="2026-01-31")


def test_an_empty_cohort_is_an_answer():
    for frame in (GOOD, pl.from_pandas(GOOD), pl.from_pandas(GOOD).lazy()):
        assert records(summarize_customers(frame, observation_end="2026-01-31", acquired=("2026-01-20", None))) == []


def test_one_customer_with_one_purchase_on_the_last_day():
    (row,) = records(summarize_customers(GOOD.iloc[:1], observation_end="2026-01-05"))
    assert (row["frequency"], row["recency"], row["T"], row["time_since_last"]) == (0, 0.0, 0.0, 0.0)
