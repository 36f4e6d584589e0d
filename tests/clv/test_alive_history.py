"""A history of P(alive) is that of the summaries that would have been made on each day."""

import datetime as dt

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import customer_value as cv
from customer_value.errors import InputError

PARETO = cv.clv.ParetoNBD.from_params(r=0.553, alpha=10.58, s=0.606, beta=11.67, time_unit="week")
BG = cv.clv.BGNBD.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, time_unit="month")
BGBB = cv.clv.BGBB.from_params(alpha=1.204, beta=0.75, gamma=0.657, delta=2.783, time_unit="year")
LOG = pd.DataFrame(
    [
        ("bob", "2026-01-02 09:00", 10.0),
        ("ann", "2026-01-01 23:59", 20.0),
        ("bob", "2026-01-09 10:00", 5.0),
        ("bob", "2026-01-09 18:00", 0.0),  # the same day, and a price of 0 is a purchase
        ("ann", "2026-01-05 12:00", -20.0),  # a refund is none
        ("cat", "2026-01-04 12:00", 7.0),
        ("bob", "2026-02-11 10:00", 5.0),
        ("ann", "2026-02-20 10:00", 5.0),  # after the histories' end
    ],
    columns=["customer_id", "date", "amount"],
).assign(date=lambda frame: pd.to_datetime(frame["date"]))
ASK = {"customers": ["bob", "ann"], "until": "2026-02-12"}


def as_it_was(log, model, until, days, **summary):
    """P(alive) by summaries made at each date: (customer, date) -> p_alive."""
    found = {}
    for day in days:
        known = cv.summarize_customers(
            log[log["date"] < pd.Timestamp(day) + pd.Timedelta(days=1)],
            observation_end=day, time_unit=model.time_unit_, **summary,
        )  # fmt: skip
        alive = model.probability_alive(known)
        found |= {(customer, day): p for customer, p in zip(known["customer_id"], alive, strict=True)}
    return found


@pytest.mark.parametrize("model", [PARETO, BG])
def test_every_day_is_that_of_a_summary_made_on_it(model):
    history = cv.alive_history(LOG, model, **ASK)
    days = [d.date() for d in pd.date_range("2026-01-01", "2026-02-12")]
    truth = as_it_was(LOG, model, "2026-02-12", days)
    told = {(c, d.date()): p for c, d, p in zip(history.customer_id, history.date, history.p_alive, strict=True)}
    expected = {key: p for key, p in truth.items() if key[0] in ASK["customers"]}
    assert list(told) == sorted(expected)
    np.testing.assert_allclose([told[key] for key in expected], list(expected.values()), rtol=1e-13)
    bought = history[history.purchase]
    assert [(c, str(d.date())) for c, d in zip(bought.customer_id, bought.date, strict=True)] == [
        ("ann", "2026-01-01"), ("bob", "2026-01-02"), ("bob", "2026-01-09"), ("bob", "2026-02-11"),
    ]  # fmt: skip


def test_weeks_are_whole_and_end_on_sundays():
    history = cv.alive_history(LOG, PARETO, **ASK, grain="week")
    weeks = [dt.date(2026, 1, 4) + dt.timedelta(weeks=k) for k in range(6)]
    assert history[history.customer_id == "ann"].date.dt.date.tolist() == weeks  # the one of February 12 is cut off
    truth = as_it_was(LOG, PARETO, "2026-02-08", weeks, grain="week")
    told = {(c, d.date()): p for c, d, p in zip(history.customer_id, history.date, history.p_alive, strict=True)}
    np.testing.assert_allclose([truth[key] for key in told], list(told.values()), rtol=1e-13)
    assert history.purchase.tolist() == [True, *[False] * 5, True, True, *[False] * 4]


def test_a_model_of_opportunities_counts_them():
    gifts = pd.DataFrame(
        {"customer_id": 1, "date": pd.to_datetime(["2001-08-01", "2003-05-01", "2003-09-01"]), "amount": 25.0}
    )
    history = cv.alive_history(gifts, BGBB, customers=[1], until="2006-12-31", year_start="07-01")
    assert history.date.dt.strftime("%Y-%m-%d").tolist() == [f"{year}-06-30" for year in range(2002, 2007)]
    assert history.purchase.tolist() == [True, True, True, False, False]
    for row in history.iloc[1:].itertuples():
        known = cv.summarize_opportunities(
            gifts[gifts["date"] <= row.date], grain="year", year_start="07-01", observation_end=row.date
        )
        assert row.p_alive == pytest.approx(BGBB.probability_alive(known)[0], rel=1e-13)
    assert history.p_alive.iloc[0] == 1.0


def duck(frame):
    return duckdb.from_arrow(pa.Table.from_pandas(frame, preserve_index=False))


@pytest.mark.parametrize(
    "library",
    [pl.from_pandas, lambda f: pl.from_pandas(f).lazy(), lambda f: pa.Table.from_pandas(f, preserve_index=False), duck],
    ids=["polars", "lazy", "pyarrow", "duckdb"],
)
@pytest.mark.parametrize("ids", ["text", "number"])
def test_libraries_agree(library, ids):
    log = LOG if ids == "text" else LOG.assign(customer_id=LOG["customer_id"].map({"ann": 1, "bob": 2, "cat": 3}))
    ask = ASK if ids == "text" else {**ASK, "customers": np.array([2, 1])}
    there = cv.alive_history(library(log), PARETO, **ask)
    if isinstance(there, pl.LazyFrame):
        there = there.collect()
    here = cv.alive_history(log, PARETO, **ask)
    assert there.to_pandas().assign(date=lambda f: pd.to_datetime(f["date"])).to_dict("list") == here.to_dict("list")


def test_categorical_ids_other_names_and_the_logs_own_end():
    log = LOG.rename(columns={"customer_id": "who", "date": "day", "amount": "money"})
    log["who"] = log["who"].astype("category")
    names = {"customer_id": "who", "date": "day", "amount": "money"}
    history = cv.alive_history(log, PARETO, customers=["ann", "ann"], until="last", **names)
    assert list(history.columns) == ["who", "date", "p_alive", "purchase"]
    assert len(history) == 51  # January 1 to February 20; asking twice is asking once
    assert history.purchase.sum() == 2
    in_polars = cv.alive_history(pl.from_pandas(log), PARETO, customers=["ann"], until="last", **names)
    assert in_polars["p_alive"].to_list() == history["p_alive"].tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"customers": ["bob", "dan", "eve"]}, r"customers 'dan', 'eve' are not in the log"),
        ({"customers": ["bob"], "until": "2026-01-01"}, r"'bob' had not bought by the last whole day of until=2026-01"),
        ({"customers": "bob"}, r"customers must be a list of ids, such as \[4711\]; got 'bob'"),
        ({"customers": 4711}, "customers must be a list"),
        ({"customers": []}, "customers must be a list"),
        ({"customers": [4711]}, "customers must be ids such as customer_id holds, of type String; got 4711"),
        ({"until": "soon"}, "until"),
        ({"grain": "hour"}, "grain must be one of"),
        ({"year_start": "07-01"}, "goes with a model of yearly opportunities"),
        ({"purchase_model": BGBB, "grain": "week"}, "BGBB counts by the year, its opportunity"),
        ({"purchase_model": cv.clv.BGNBD()}, "not fitted"),
        ({"purchase_model": cv.clv.BGNBD.from_params(r=1.0, alpha=1.0, a=1.0, b=1.0)}, "needs the model's time unit"),
    ],
)
@pytest.mark.parametrize("library", [lambda f: f, pl.from_pandas, duck], ids=["pandas", "polars", "duckdb"])
def test_what_cannot_be_is_told(change, message, library):
    with pytest.raises((InputError, cv.NotFittedError), match=message):
        cv.alive_history(library(LOG), **{"purchase_model": PARETO, **ASK, **change})
