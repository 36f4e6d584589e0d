"""The two sides of a holdout: which rows fall where, and what the later side saw of each customer."""

import datetime as dt
import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value import split_holdout, summarize_customers, summarize_holdout
from customer_value.datasets import load_cdnow
from customer_value.errors import DataWarning, InputError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "cdnow_summary.json").read_text())


def as_pandas(frame):
    if isinstance(frame, pl.LazyFrame):
        return frame.collect().to_pandas()
    if isinstance(frame, duckdb.DuckDBPyRelation):
        return frame.df()
    return frame if isinstance(frame, pd.DataFrame) else frame.to_pandas()


FRAMES = {
    "pandas": lambda log: log,
    "polars": pl.from_pandas,
    "polars lazy": lambda log: pl.from_pandas(log).lazy(),
    "pyarrow": lambda log: pa.Table.from_pandas(log, preserve_index=False),
    "duckdb": lambda log: duckdb.from_df(log),
}


def small_log(*rows):
    return pd.DataFrame(rows, columns=["customer_id", "date", "amount"]).assign(
        date=lambda log: pd.to_datetime(log["date"], format="mixed")
    )


LOG = small_log(
    ("c", "2026-01-05", 5.0),
    ("a", "2026-01-30", 10.0),
    ("a", "2026-01-31 23:59:59", 20.0),
    ("b", "2026-01-10", 7.0),
    ("b", "2026-02-01", -3.0),
    ("b", "2026-02-04", 4.0),
    ("b", "2026-02-04 09:00", 2.0),
    ("b", "2026-02-20", -1.0),
    ("new", "2026-02-03", 9.0),
    ("c", "2026-02-28", -5.0),
)


# ---- the split ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("end", ["2026-01-31", dt.date(2026, 1, 31), pd.Timestamp("2026-01-31 12:00")])
def test_the_last_day_belongs_to_the_calibration(kind, end):
    calibration, holdout = split_holdout(FRAMES[kind](LOG), observation_end=end)
    assert type(calibration) is type(holdout) is type(FRAMES[kind](LOG))
    assert as_pandas(calibration)["amount"].tolist() == [5.0, 10.0, 20.0, 7.0]
    assert as_pandas(holdout)["amount"].tolist() == [-3.0, 4.0, 2.0, -1.0, 9.0, -5.0]
    assert list(as_pandas(holdout)) == list(LOG)


def test_the_index_and_the_log_stay():
    log = LOG.set_index(pd.Index(range(100, 110)))
    before = log.copy()
    calibration, holdout = split_holdout(log, observation_end="2026-01-31")
    pd.testing.assert_frame_equal(log, before)
    pd.testing.assert_frame_equal(pd.concat([calibration, holdout]).sort_index(), log)


@pytest.mark.parametrize("kind", ["pandas", "polars", "polars lazy", "pyarrow"])  # DuckDB has the session's zone only
def test_aware_timestamps_are_split_by_their_own_clock(kind):
    moments = pd.to_datetime(["2026-01-31 14:59", "2026-01-31 15:01"], utc=True).tz_convert("Asia/Tokyo")
    log = pd.DataFrame({"customer_id": [1, 2], "date": moments, "amount": 1.0})
    calibration, holdout = split_holdout(FRAMES[kind](log), observation_end="2026-01-31")
    assert as_pandas(calibration)["customer_id"].tolist() == [1]  # 23:59 in Tokyo
    assert as_pandas(holdout)["customer_id"].tolist() == [2]


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize(
    ("end", "message"),
    [("2026-02-28", "the holdout is empty, for the log runs"), ("2026-01-04", "the calibration is empty, for the log")],
)
def test_an_empty_side_is_refused(kind, end, message):
    with pytest.raises(InputError, match=message):
        split_holdout(FRAMES[kind](LOG), observation_end=end)


@pytest.mark.parametrize("kind", ["pandas", "polars", "polars lazy", "pyarrow"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda log: log.drop(columns="date"), r"lacks \['date'\]"),
        (lambda log: log.iloc[:0], "empty"),
        (lambda log: log.assign(date=log["date"].where(log["amount"] > 0)), "date must not be null; 3 of 10 rows"),
        (lambda log: log.assign(date=log["date"].astype(str)), "date must hold dates .* clean_log"),
    ],
)
def test_bad_logs_are_not_split(kind, change, message):
    with pytest.raises(InputError, match=message):
        split_holdout(FRAMES[kind](change(LOG)), observation_end="2026-01-31")


def test_a_split_needs_a_date():
    with pytest.raises(InputError, match="observation_end must be a date"):
        split_holdout(LOG, observation_end="last")


# ---- what the holdout saw ----------------------------------------------------------------------------------------


def two_sides(frame, **options):
    calibration, holdout = split_holdout(frame, observation_end="2026-01-31")
    summary = summarize_customers(calibration, observation_end="2026-01-31")
    return as_pandas(summarize_holdout(holdout, customers=summary, observation_end="2026-02-28", **options))


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize(
    ("refunds", "values"),
    [
        ("net", [0.0, 2.0, -5.0]),  # every refund of the holdout
        ("match", [0.0, 5.0, 0.0]),  # b's first and c's only refund are of purchases in the calibration
        ("drop", [0.0, 6.0, 0.0]),
    ],
)
def test_each_customer_of_the_summary_is_seen(kind, refunds, values):
    found = two_sides(FRAMES[kind](LOG), refunds=refunds)
    assert list(found) == ["customer_id", "holdout_purchases", "holdout_value", "holdout_duration"]
    assert found["customer_id"].tolist() == ["a", "b", "c"]
    assert found["holdout_purchases"].tolist() == [0, 1, 0]
    assert found["holdout_value"].tolist() == values
    assert found["holdout_duration"].tolist() == [4.0, 4.0, 4.0]
    assert str(found["holdout_purchases"].dtype) == "int64"


@pytest.mark.parametrize("kind", FRAMES)
def test_refunds_as_errors(kind):
    with pytest.raises(InputError, match="refunds='error'; 3 of 6 rows are not"):
        two_sides(FRAMES[kind](LOG), refunds="error")


@pytest.mark.parametrize("kind", FRAMES)
def test_cdnow_has_the_published_holdout(kind):
    log = FRAMES[kind](load_cdnow(sample=True)[["customer_id", "date", "amount"]])
    calibration, holdout = split_holdout(log, observation_end="1997-09-30")
    summary = summarize_customers(calibration, observation_end="1997-09-30")
    found = as_pandas(summarize_holdout(holdout, customers=summary, observation_end="1998-06-30"))
    golden = GOLDEN["holdout"]
    assert found["customer_id"].tolist() == as_pandas(summary)["customer_id"].tolist()
    assert found["holdout_purchases"].sum() == golden["purchases"]
    # Published in cents; the mean of rows or of days instead of their sum would be far off.
    assert found["holdout_value"].sum() == pytest.approx(golden["spend"], abs=5e-3)
    assert (found["holdout_duration"] == golden["weeks"]).all()


# Amounts are multiples of 1/4, so sums are exact in any order.
days = st.integers(0, 120).map(lambda n: dt.datetime(2025, 12, 1) + dt.timedelta(days=n, hours=n % 24))
rows = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", "d"]), days, st.sampled_from([-2.0, -0.25, 0.0, 0.5, 4.0])),
    min_size=2,
    max_size=40,
).filter(
    lambda rows: any(r[1].month in (12, 1) and r[2] >= 0 for r in rows) and any(r[1].month in (2, 3) for r in rows)
)


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
@settings(max_examples=30, deadline=None)
@given(rows=rows, grain=st.sampled_from(["day", "week", "month"]), refunds=st.sampled_from(["net", "match", "drop"]))
def test_equals_a_count_customer_by_customer(rows, grain, refunds):
    log = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    log["date"] = log["date"].astype("datetime64[us]")
    period = {"day": "D", "week": "W-SUN", "month": "M"}[grain]
    later = log[log["date"] >= "2026-02-01"].assign(period=lambda f: f["date"].dt.to_period(period))
    expected = []
    for customer in sorted(set(log.loc[(log["date"] < "2026-02-01") & (log["amount"] >= 0), "customer_id"])):
        own = later[later["customer_id"] == customer]
        sales = own[own["amount"] >= 0]
        value = {
            "net": own["amount"].sum(),
            "drop": sales["amount"].sum(),
            "match": own.loc[own["period"] >= sales["period"].min(), "amount"].sum() if len(sales) else 0.0,
        }[refunds]
        expected.append((customer, sales["period"].nunique(), value))
    for kind in ("pandas", "polars", "polars lazy", "pyarrow"):
        calibration, holdout = split_holdout(FRAMES[kind](log), observation_end="2026-01-31")
        summary = summarize_customers(calibration, observation_end="2026-01-31", grain=grain)
        found = as_pandas(
            summarize_holdout(holdout, customers=summary, observation_end="2026-03-31", grain=grain, refunds=refunds)
        )
        columns = (found[c] for c in ("customer_id", "holdout_purchases", "holdout_value"))
        assert list(zip(*columns, strict=True)) == expected


def test_the_duration_is_on_the_rulers_of_both_calls():
    calibration, holdout = split_holdout(LOG, observation_end="2026-01-31")
    summary = summarize_customers(calibration, observation_end="2026-01-31", grain="month", time_unit="year")
    found = summarize_holdout(holdout, customers=summary, observation_end="2026-02-28", grain="month")
    assert found["holdout_duration"].tolist() == [1 / 12] * 3
    found = summarize_holdout(holdout, customers=summary, observation_end="last")
    assert found["holdout_duration"].tolist() == [28 / 365.25] * 3


def test_a_cut_off_period_is_told():
    calibration, holdout = split_holdout(LOG, observation_end="2026-01-31")
    summary = summarize_customers(calibration, observation_end="2026-01-31")
    with pytest.warns(DataWarning, match="last quarter is cut off") as told:
        summarize_holdout(holdout, customers=summary, observation_end="2026-02-28", grain="quarter")
    assert [str(warning.message).split(" is not")[0] for warning in told] == [
        "the summary's observation_end=2026-01-31",
        "observation_end=2026-02-28",
    ]


def test_columns_of_other_names_and_categorical_keys():
    log = LOG.rename(columns={"customer_id": "account", "date": "day", "amount": "paid"})
    log["account"] = log["account"].astype("category")
    names = {"customer_id": "account", "date": "day", "amount": "paid"}
    calibration, holdout = split_holdout(log, observation_end="2026-01-31", date="day")
    summary = summarize_customers(calibration, observation_end="2026-01-31", **names)
    found = summarize_holdout(holdout, customers=summary, observation_end="2026-02-28", **names)
    assert found["account"].dtype == log["account"].dtype
    assert found["holdout_purchases"].tolist() == [0, 1, 0]


def test_one_lazy_side_makes_the_result_lazy():
    calibration, holdout = split_holdout(pl.from_pandas(LOG), observation_end="2026-01-31")
    summary = summarize_customers(calibration, observation_end="2026-01-31")
    options = {"observation_end": "2026-02-28"}
    eager = summarize_holdout(holdout, customers=summary, **options)
    for found in (
        summarize_holdout(holdout.lazy(), customers=summary, **options),
        summarize_holdout(holdout, customers=summary.lazy(), **options),
    ):
        assert isinstance(found, pl.LazyFrame)
        assert found.collect().equals(eager)


# ---- bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"holdout": lambda f: f.iloc[:0]}, "empty"),
        ({"holdout": lambda f: LOG}, r"date must be 2026-02-01 or later; 4 of 10 rows are not.*split_holdout"),
        ({"holdout": lambda f: f.assign(amount=np.inf)}, "amount must be finite; 6 of 6"),
        (
            {"holdout": lambda f: f.assign(amount=None).astype({"amount": float})},
            "amount must not be null or NaN; 6 of",
        ),
        ({"holdout": lambda f: f.drop(columns="date")}, r"lacks \['date'\]"),
        ({"observation_end": "2026-02-27"}, r"after observation_end, 2026-02-27; 1 of 6"),
        ({"observation_end": "2026-01-31"}, "observation_end must be after the summary's, 2026-01-31"),
        ({"refunds": "keep"}, "refunds must be one of"),
        ({"grain": "hour"}, "grain must be one of"),
        ({"customers": lambda f: f.drop(columns="time_unit")}, r"lacks \['time_unit'\].*summarize_customers"),
        ({"customers": lambda f: f.iloc[:0]}, "the customers frame is empty"),
        ({"customers": lambda f: pd.concat([f, f.iloc[:1]])}, "customers must have one row per customer; 1 of"),
        ({"customers": lambda f: f.assign(customer_id=["a", None, "c"])}, "customer_id must not be null; 1 of 3"),
        ({"customers": lambda f: f.assign(customer_id=[1, 2, 3])}, "customer_id must have one type in both frames"),
        ({"customers": lambda f: f.assign(time_unit=["week", "day", "week"])}, "must come from one summary"),
        ({"customers": lambda f: f.assign(time_unit="weeks")}, "must come from one summary"),
    ],
)
def test_bad_holdouts_are_refused(kind, change, message):
    calibration, holdout = split_holdout(LOG, observation_end="2026-01-31")
    summary = summarize_customers(calibration, observation_end="2026-01-31")
    options = {"observation_end": "2026-02-28"} | {k: v for k, v in change.items() if not callable(v)}
    holdout = FRAMES[kind](change.get("holdout", lambda f: f)(holdout))
    summary = FRAMES[kind](change.get("customers", lambda f: f)(summary))
    with pytest.raises(InputError, match=message):
        summarize_holdout(holdout, customers=summary, **options)


def test_frames_of_two_libraries_are_refused():
    calibration, holdout = split_holdout(LOG, observation_end="2026-01-31")
    summary = summarize_customers(calibration, observation_end="2026-01-31")
    with pytest.raises(InputError, match="frames of one library; they are of polars and pandas"):
        summarize_holdout(pl.from_pandas(holdout), customers=summary, observation_end="2026-02-28")
