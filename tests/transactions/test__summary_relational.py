"""The expression body gives on every engine what the array path gives, stays lazy, and asks no more than it must."""

import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value import summarize_customers
from customer_value.errors import InputError

ENGINES = {
    "polars": lambda log: pl.from_pandas(log).lazy(),
    "duckdb": lambda log: duckdb.from_df(log),
    "dask": lambda log: dd.from_pandas(log, npartitions=3),
}
# narwhals 2.29 announces that Dask support moves to a package of its own.
pytestmark = pytest.mark.filterwarnings("ignore:Dask support is moving:FutureWarning")
OPTIONS = [
    {},
    {"refunds": "match", "windows": ("12 months", "30 days")},
    {"refunds": "match", "grain": "month", "time_unit": "month", "windows": ("1 year",)},
    {"refunds": "drop", "grain": "week", "windows": ("8 weeks",), "acquired": ("1969-06-02", "1969-07-15")},
    {"refunds": "net", "grain": "quarter", "time_unit": "day", "acquired": (None, "1969-06-10")},
]


def ugly_log(seed, n=160, customers=9):
    """Make a log with repeated rows, refunds first and refunds only, zeros, hours, and years before 1970."""
    rng = np.random.default_rng(seed)
    hours = rng.integers(0, 24 * 900, n)
    log = pd.DataFrame(
        {
            "customer_id": rng.integers(0, customers, n).astype(str),
            "date": np.datetime64("1969-06-01", "us") + hours * np.timedelta64(1, "h"),
            "amount": rng.choice([-5.0, -1.5, 0.0, 1.0, 2.25, 10.0], n),
            "order_id": rng.integers(0, 60, n),
        }
    )
    only_refunds = log.iloc[:2].assign(customer_id="zz", amount=-1.0)
    return pd.concat([log, log.iloc[:20], only_refunds], ignore_index=True)


def in_pandas(native):
    if isinstance(native, pl.LazyFrame):
        return native.collect().to_pandas()
    if isinstance(native, duckdb.DuckDBPyRelation):
        return native.df()
    return native.compute().reset_index(drop=True)


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
@pytest.mark.parametrize(
    ("engine", "seed"),
    # Dask takes seconds to plan each: two sets match and drop refunds, with windows, weeks and who was acquired.
    [(e, seed) for e in ENGINES for seed in range(len(OPTIONS)) if e != "dask" or seed in (1, 3)],
)
def test_engines_agree_with_the_array_path(engine, seed):
    log = ugly_log(seed)
    options = {"observation_end": "1971-12-31", "regularity": engine != "dask"} | OPTIONS[seed]
    lazy = summarize_customers(ENGINES[engine](log), **options)
    assert type(lazy) is type(ENGINES[engine](log))
    eager = summarize_customers(log, **options)
    found = in_pandas(lazy)
    assert list(found) == list(eager)
    assert len(eager) > 0
    for column in eager:
        if column.endswith("date") or column == "observation_end":
            assert (pd.to_datetime(found[column]) == eager[column]).all()
        elif eager[column].dtype == "float64":
            # The same few operations, but sums in another order and logarithms of another library.
            np.testing.assert_allclose(found[column].astype(float), eager[column], rtol=1e-12, atol=1e-12)
        else:
            assert found[column].tolist() == eager[column].tolist()
            assert found[column].dtype == eager[column].dtype or eager[column].dtype.kind == "O"


@pytest.mark.parametrize("engine", ENGINES)
def test_plain_dates(engine):
    log = ugly_log(0)
    log["amount"] = log["amount"].abs()
    eager = summarize_customers(log, observation_end="1971-12-31")
    if engine == "dask":
        log["date"] = log["date"].dt.date.astype("date32[pyarrow]")
        native = dd.from_pandas(log, npartitions=2)
    elif engine == "duckdb":
        native = duckdb.from_df(log).select("customer_id, date::date as date, amount, order_id")
    else:
        native = pl.from_pandas(log).with_columns(pl.col("date").dt.date()).lazy()
    found = in_pandas(summarize_customers(native, observation_end="1971-12-31"))
    assert (pd.to_datetime(found["first_date"]) == eager["first_date"]).all()
    assert found["recency"].tolist() == eager["recency"].tolist()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda log: log.assign(customer_id=log["customer_id"].where(log["customer_id"] != "3")),
            "customer_id must not be",
        ),
        (lambda log: log.assign(date=log["date"].where(log["amount"] > 0)), "date must not be null"),
        (lambda log: log.assign(amount=log["amount"].where(log["amount"] > 0)), "amount must not be null or NaN"),
        (lambda log: log.assign(amount=np.inf), "amount must be finite; 182 of 182 rows"),
        (lambda log: log.assign(amount=-1.0), "all 182 rows are refunds"),
        (lambda log: log.iloc[:0], "the log is empty"),
        (lambda log: log.assign(date=log["date"] + pd.Timedelta(days=5000)), "after observation_end.*split_holdout"),
        (lambda log: log.assign(date=log["date"].astype(str)), "date must hold dates .* clean_log"),
        (lambda log: log.assign(amount="5"), "amount must be numeric"),
    ],
)
def test_bad_logs_are_refused(engine, change, message):
    with pytest.raises(InputError, match=message):
        summarize_customers(ENGINES[engine](change(ugly_log(1))), observation_end="1971-12-31")


def test_what_dask_lacks_is_told_with_the_way_out():
    with pytest.raises(InputError, match=r"regularity=True .* dask does not offer: call frame.compute\(\) first"):
        summarize_customers(ENGINES["dask"](ugly_log(0)), observation_end="1971-12-31", regularity=True)


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
@pytest.mark.parametrize(("refunds", "queries"), [("net", 2), ("drop", 1)])
@pytest.mark.parametrize("end", ["1971-12-31", "last"])
def test_the_checks_cost_one_query_and_refunds_another(refunds, queries, end):
    asked = []
    log = pl.from_pandas(ugly_log(0)).lazy().map_batches(lambda frame: asked.append(1) or frame)
    summary = summarize_customers(log, observation_end=end, refunds=refunds)
    assert len(asked) == queries
    assert summary.collect().height == 9


def test_the_last_date_is_found_by_the_engine():
    log = ugly_log(0).query("amount >= 0")
    for make in ENGINES.values():
        found = in_pandas(summarize_customers(make(log), observation_end="last"))
        assert set(pd.to_datetime(found["observation_end"])) == {log["date"].max().normalize()}
