"""Cohort tables against published counts, against loops over customers, and on every engine."""

import datetime as dt
import json
from pathlib import Path

import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer_value._stats.intervals import wilson_interval
from customer_value.errors import DataWarning, InputError
from customer_value.transactions.cohorts import cohort_renewals, cohort_table

TESTS = Path(__file__).parents[1]
COUNTS = json.loads((TESTS / "golden" / "lifecycle_cohorts.json").read_text())["online_retail_cohort_counts_clean"]
END = "1971-12-30"


@pytest.fixture(scope="module")
def retail():
    """Log of Online Retail with one row per customer and month: 1 for a purchase, -1 for cancellations only."""
    active = pd.read_csv(TESTS / "data" / "online_retail_months.csv")
    months = pd.date_range("2010-12-09", periods=13, freq="MS") - pd.offsets.MonthBegin(1)
    rows = [
        (customer, month, 1.0 if letter == "P" else -1.0)
        for customer, letters in active.itertuples(index=False)
        for month, letter in zip(months, letters, strict=True)
        if letter != "."
    ]
    return pd.DataFrame(rows, columns=["customer_id", "date", "amount"])


def ugly_log(seed, n=120, customers=9):
    """Make a log with refunds first and refunds only, zeros, hours, month ends, and years before 1970."""
    rng = np.random.default_rng(seed)
    days = np.concatenate([rng.integers(0, 900, n - 12), [30, 60, 91, 213, 244, 272, 273, 303, 304, 640, 638, 699]])
    log = pd.DataFrame(
        {
            "customer_id": rng.integers(0, customers, n).astype(str),
            "date": np.datetime64("1969-06-01", "us") + days.astype("timedelta64[D]") + np.timedelta64(13, "h"),
            "amount": rng.choice([-5.0, -1.5, 0.0, 1.0, 2.25, 10.0], n),
            "order_id": rng.integers(0, 60, n),
            "share": rng.choice([0.25, 0.5], n),
        }
    )
    log = pd.concat([log, log.iloc[:2].assign(customer_id="zz", amount=-1.0)], ignore_index=True)
    return log.assign(country=np.where(log["customer_id"].isin(["1", "4", "5"]), "uk", "fr"))


def looped(log, end, clock, *, whole_only):
    """Cells by a loop over customers: months told apart by pandas' offsets, not by our arithmetic."""
    end = pd.Timestamp(end)
    cells = {}
    for _, rows in log.groupby("customer_id"):
        bought = rows.loc[rows["amount"] >= 0, "date"].dt.normalize()
        if bought.empty:
            continue
        first = bought.min()
        start = first if clock == "elapsed" else first.to_period("M").start_time
        for k in range(200):
            begins, ends = (start + pd.DateOffset(months=k + i) for i in (0, 1))
            whole = ends - pd.Timedelta("1D") <= end
            if begins > end or (whole_only and not whole):
                break
            inside = rows[(rows["date"] >= begins) & (rows["date"] < ends)]
            cell = cells.setdefault((first.strftime("%Y-%m"), k), [0, 0, 0.0, 0, True])
            sales = inside[inside["amount"] >= 0]
            cell[0] += 1
            cell[1] += len(sales) > 0
            cell[2] += inside["amount"].sum()
            cell[3] += sales["order_id"].nunique()
            cell[4] &= whole
    return cells


def by_cell(table):
    names = ("at_risk", "customers", "revenue", "orders", "complete")
    return {(row.cohort, row.period): tuple(getattr(row, n) for n in names) for row in table.itertuples()}


def test_all_91_published_cells(retail):
    bought = retail[retail["amount"] > 0]
    table = cohort_table(bought, observation_end="2011-12-09", values=("customers", "rate"))
    found = {cohort: rows["customers"].tolist() for cohort, rows in table.groupby("cohort")}
    assert found == COUNTS["counts"]
    assert sum(map(len, found.values())) == 91
    # The fall in December, of which nine days were seen, is marked in each cohort and nowhere else.
    assert (table["complete"] == (table["calendar_period"] != "2011-12")).all()
    assert table.loc[table["period"] == 1, "rate"].iloc[0] == 324 / 885
    whole = cohort_table(bought, observation_end="2011-12-09", incomplete="drop")
    assert len(whole) == 91 - 13
    assert whole["complete"].all()


def test_cancellations_counted_or_not(retail):
    count = cohort_table(retail, observation_end="2011-12-09", refunds="count", wide=True)
    assert count["0"].tolist()[:3] == [948, 421, 380]
    first = retail.groupby("customer_id")["date"].transform("min").dt.to_period("M")
    months = (retail["date"].dt.to_period("M") - first).map(lambda gap: gap.n)
    expected = retail.pivot_table(index=first, columns=months, values="customer_id", aggfunc="nunique")
    np.testing.assert_array_equal(count.drop(columns=["cohort", "cohort_size"]).to_numpy(float), expected.to_numpy())
    with (
        pytest.warns(DataWarning, match="before their customer's first purchase"),
        pytest.warns(DataWarning, match="34"),
    ):
        net = cohort_table(retail, observation_end="2011-12-09")
    assert net.groupby("cohort")["customers"].apply(list).to_dict() == COUNTS["counts"]


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
@pytest.mark.parametrize("clock", ["calendar", "elapsed"])
@pytest.mark.parametrize(("incomplete", "end"), [("flag", "1971-12-30"), ("drop", "1972-02-29")])
def test_cells_are_those_of_a_loop(clock, incomplete, end):
    log = ugly_log(4, n=60, customers=4)
    values = ("revenue", "orders")
    table = cohort_table(log, observation_end=end, clock=clock, incomplete=incomplete, values=values)
    cells = looped(log, end, clock, whole_only=incomplete == "drop")
    assert by_cell(table) == {cell: tuple(entry) for cell, entry in cells.items()}


def test_margin_and_cumulative_revenue():
    log = ugly_log(3).query("amount >= 0")
    values = ("revenue", "cumulative_revenue", "margin")
    table = cohort_table(log, observation_end=END, values=values, margin="share")
    assert table["margin"].sum() == (log["amount"] * log["share"]).sum()
    for _, rows in table.groupby("cohort"):
        assert rows["cumulative_revenue"].tolist() == rows["revenue"].cumsum().tolist()
    half = cohort_table(log, observation_end=END, values="margin", margin=0.5)
    assert half["margin"].sum() == log["amount"].sum() / 2


def test_cumulative_revenue_is_of_those_observed_so_long():
    log = pd.DataFrame(
        {"customer_id": ["a", "a", "b"], "date": pd.to_datetime(["2026-01-01", "2026-02-20", "2026-02-01"])}
    )
    log = log.assign(amount=[1.0, 2.0, 100.0], plan="x")
    table = cohort_table(log, observation_end="2026-02-28", cohort="plan", values="cumulative_revenue")
    assert table["at_risk"].tolist() == [2, 1]
    assert table["cumulative_revenue"].tolist() == [101.0, 3.0]


def test_rates_pooled_take_whole_periods_only():
    log = ugly_log(5).query("amount >= 0")
    table = cohort_table(log, observation_end="1971-11-18", values="rate", interval=0.9, pooled=True)
    pooled, single = (table[table["pooled"] == flag] for flag in (True, False))
    assert (pooled["cohort"] == "all").all()
    assert pooled["complete"].all()
    whole = single[single["complete"]].groupby("period")[["at_risk", "customers"]].sum()
    np.testing.assert_array_equal(pooled["at_risk"], whole["at_risk"])
    np.testing.assert_array_equal(pooled["customers"], whole["customers"])
    lower, upper = wilson_interval(table["customers"], table["at_risk"], interval=0.9)
    np.testing.assert_array_equal(table["rate_lower"], lower)
    np.testing.assert_array_equal(table["rate_upper"], upper)
    np.testing.assert_array_equal(table["rate"], table["customers"] / table["at_risk"])
    with pytest.raises(InputError, match="a cohort has that name"):
        cohort_table(log.assign(c="all"), observation_end=END, cohort="c", pooled=True)


def test_attributes_make_cohorts():
    log = ugly_log(6).query("amount >= 0")
    by_country = cohort_table(log, observation_end="1971-11-30", cohort="country", values="revenue")
    assert by_country["cohort"].unique().tolist() == ["fr", "uk"]
    assert "calendar_period" not in by_country
    for country, rows in by_country.groupby("cohort"):
        alone = cohort_table(
            log[log["country"] == country], observation_end="1971-11-30", pooled=True, values="revenue"
        )
        expected = alone[alone["pooled"]]
        for name in ("at_risk", "customers", "revenue"):
            assert rows[name].tolist() == expected[name].tolist()
    people = log[["customer_id"]].drop_duplicates().assign(store=lambda f: f["customer_id"].astype(int))
    stores = cohort_table(log, observation_end=END, cohort="store", customers=people)
    assert stores["cohort"].unique().tolist() == list(range(9))
    assert (stores["cohort_size"] == 1).all()  # cohorts of one are cohorts


def test_fiscal_calendars_and_coarser_cohorts():
    log = pd.DataFrame({"customer_id": ["a", "a", "b", "b"], "amount": 1.0})
    log["date"] = pd.to_datetime(["2025-06-30", "2025-07-01", "2026-01-04", "2026-01-05"])
    years = cohort_table(log, observation_end="2026-06-30", period="year", year_start="07-01")
    assert years["cohort"].tolist() == ["2024/25", "2024/25", "2025/26"]
    assert years["customers"].tolist() == [1, 1, 1]
    assert years["complete"].all()
    quarters = cohort_table(log, observation_end="2026-04-04", period="quarter", year_start="04-05")
    assert quarters["calendar_period"].tolist() == [
        "2025/26Q1", "2025/26Q2", "2025/26Q3", "2025/26Q4", "2025/26Q3", "2025/26Q4",
    ]  # fmt: skip
    assert quarters["customers"].tolist() == [1, 0, 0, 0, 1, 1]
    coarse = cohort_table(log, observation_end="2026-01-31", cohort_period="year")
    assert coarse["cohort"].unique().tolist() == ["2025", "2026"]
    weeks = cohort_table(log, observation_end="2026-01-11", period="week")
    assert weeks["cohort"].unique().tolist() == ["2025-06-30", "2025-12-29"]
    assert weeks["complete"].all()


def test_the_triangle_leaves_blank_what_was_not_observed(retail):
    bought = retail[retail["amount"] > 0]
    for native in (bought, pl.from_pandas(bought), pl.from_pandas(bought).to_arrow()):
        wide = cohort_table(native, observation_end="2011-12-09", wide=True)
        frame = wide if isinstance(wide, pd.DataFrame) else wide.to_pandas()
        rows = frame.drop(columns=["cohort", "cohort_size"]).to_numpy(dtype=float)
        for cells, counts in zip(rows, COUNTS["counts"].values(), strict=True):
            assert cells[: len(counts)].tolist() == counts
            assert np.isnan(cells[len(counts) :]).all()
    assert cohort_table(pl.from_pandas(bought), observation_end="2011-12-09", wide=True)["12"].to_list()[1] is None


OPTIONS = [
    {"values": ("revenue", "orders", "cumulative_revenue")},
    {"clock": "elapsed", "refunds": "match", "values": "revenue"},
    {"cohort": "country", "incomplete": "drop", "pooled": True, "interval": 0.9, "values": "rate"},
    {"period": "quarter", "year_start": "02-05", "cohort_period": "year", "margin": "share", "values": "margin"},
]


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning", "ignore:Dask support is moving:FutureWarning")
@pytest.mark.parametrize("options", OPTIONS)
def test_engines_agree(options):
    log = ugly_log(7)
    expected = cohort_table(log, observation_end=END, **options)
    engines = {
        "lazy": pl.from_pandas(log).lazy(),
        "polars": pl.from_pandas(log),
        "pyarrow": pl.from_pandas(log).to_arrow(),
        "duckdb": duckdb.from_df(log),
    }
    if "cohort" in options:
        engines["dask"] = dd.from_pandas(log.drop(columns="order_id"), npartitions=2)
    for engine, frame in engines.items():
        found = cohort_table(frame, observation_end=END, **options)
        assert isinstance(found, pl.LazyFrame) == (engine == "lazy")
        found = found.collect() if engine == "lazy" else found
        found = (found if isinstance(found, pd.DataFrame) else found.to_pandas()).astype(
            {"observation_end": "datetime64[us]"}
        )
        pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-12)


@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
@given(seed=st.integers(0, 10**6), clock=st.sampled_from(["calendar", "elapsed"]))
@settings(max_examples=6)
def test_order_and_later_rows_change_nothing(seed, clock):
    log = pl.from_pandas(ugly_log(seed % 50))
    asked = {"clock": clock, "values": ("revenue", "orders")}
    table = cohort_table(log, observation_end=END, **asked)
    assert cohort_table(log.sample(fraction=1, shuffle=True, seed=seed), observation_end=END, **asked).equals(table)
    # What was known at an earlier date: later rows, told or deleted, change no whole period before it.
    cut = dt.date(1969, 9, 1) + dt.timedelta(days=seed % 700)
    known = log.filter(pl.col("date").dt.date() <= cut)
    before = cohort_table(known, observation_end=cut, **asked)
    keys = ["cohort", "period"]
    joined = before.filter("complete", pl.col("at_risk") == pl.col("cohort_size")).join(table, on=keys, suffix="_now")
    settled = joined.filter(pl.col("cohort_size") == pl.col("cohort_size_now"))  # cohorts that nobody has joined since
    assert len(joined)
    for name in ("customers", "revenue", "orders"):
        assert (settled[name] == settled[f"{name}_now"]).all()
    with pytest.raises(InputError, match="must not be after observation_end"):
        cohort_table(log, observation_end="1969-08-01")


def test_bad_input():
    log = ugly_log(1).query("amount >= 0")
    people = log[["customer_id", "country"]].drop_duplicates()
    for arguments, message in (
        ({"values": "rates"}, "values must be one of .* Did you mean 'rate'"),
        ({"values": "margin"}, "go together"),
        ({"margin": 0.3}, "go together"),
        ({"values": "margin", "margin": "country"}, "country must be numeric"),
        ({"values": "margin", "margin": 30}, "margin must be from 0 to 1"),
        ({"values": "orders", "order_id": None}, "order_id="),
        ({"wide": True, "values": ("rate", "revenue")}, "wide=True shows one"),
        ({"cohort": "order_id"}, "order_id must be the same in all rows of a customer"),
        ({"cohort": "region"}, r"lacks \['region'\].*customers="),
        ({"cohort": "customer_id"}, "another column"),
        ({"cohort": "country", "cohort_period": "year"}, "not both"),
        ({"customers": people}, "goes with cohort="),
        ({"cohort": "country", "customers": people.iloc[1:]}, "1 of the log's customers is not in it"),
        ({"cohort": "country", "customers": pd.concat([people, people[:1]])}, "one row per customer"),
        ({"cohort": "country", "customers": people.assign(country=None)}, "must not be null"),
        ({"cohort": "country", "customers": pl.from_pandas(people)}, "one library"),
        ({"year_start": "07-01"}, "year_start"),
        ({"year_start": "07-31", "period": "quarter"}, "every month has"),
        ({"clock": "own"}, "clock must be one of"),
        ({"interval": 1}, "interval"),
        ({"period": "year", "incomplete": "drop", "observation_end": "1971-12-30", "cohort": None}, None),
    ):
        if message is not None:
            with pytest.raises(InputError, match=message):
                cohort_table(log, **{"observation_end": END} | arguments)
    with pytest.raises(InputError, match="leaves nothing"):
        cohort_table(log[:1], observation_end="last", incomplete="drop")
    with pytest.raises(InputError, match="empty"):
        cohort_table(log[:0], observation_end=END)
    with pytest.raises(InputError, match="all 2 rows are refunds"):
        cohort_table(ugly_log(1).tail(2), observation_end=END)
    with pytest.raises(InputError, match="refunds='error'"):
        cohort_table(ugly_log(1), observation_end=END, refunds="error")
    mixed = log.assign(date=[stamp.tz_localize("UTC" if i else "Asia/Tokyo") for i, stamp in enumerate(log["date"])])
    with pytest.raises(InputError, match="dates or timestamps"):
        cohort_table(mixed.astype({"date": object}), observation_end=END)


def test_refunds_before_the_first_purchase_are_told():
    log = pd.DataFrame(
        {"customer_id": "a", "date": pd.to_datetime(["2026-01-05", "2026-02-05"]), "amount": [-3.0, 10.0]}
    )
    for policy in ("net", "match"):
        with pytest.warns(DataWarning, match="left out amounts of -3.00"):
            table = cohort_table(log, observation_end="2026-03-31", refunds=policy, values="revenue")
        assert table["revenue"].tolist() == [10.0, 0.0]
    later = log.assign(amount=[10.0, -12.0])
    net = cohort_table(later, observation_end="2026-02-28", values=("revenue", "rate"))
    assert net[["revenue", "rate"]].to_numpy().tolist() == [[10.0, 1.0], [-12.0, 0.0]]  # a period may cost money
    match = cohort_table(later, observation_end="2026-02-28", values="revenue", refunds="match")
    assert match["revenue"].tolist() == [-2.0, 0.0]


def test_wall_clocks_of_zones_count():
    stamps = pd.to_datetime(["2026-01-31 23:30", "2026-02-28 23:30"]).tz_localize("America/New_York")
    log = pd.DataFrame({"customer_id": "a", "date": stamps, "amount": 1.0})
    assert cohort_table(log, observation_end="2026-02-28")["calendar_period"].tolist() == ["2026-01", "2026-02"]
    elapsed = cohort_table(log, observation_end="2026-02-28", clock="elapsed")
    assert elapsed["customers"].tolist() == [1, 1]  # from 31 January to 28 February is a month


def test_a_cohort_table_of_contracts_is_a_renewal_table():
    lives = {"a": 4, "b": 1, "c": 2, "d": 3, "e": 1}
    begun = {"d": 1, "e": 1}
    bills = [
        (who, pd.Timestamp(2026, 1 + begun.get(who, 0) + k, 15), 9.0) for who, n in lives.items() for k in range(n)
    ]
    log = pd.DataFrame(bills, columns=["customer_id", "date", "amount"])
    renewals = cohort_renewals(cohort_table(log, observation_end="2026-04-30", pooled=True))
    assert renewals[["cohort", "period", "at_risk", "lost"]].to_numpy().tolist() == [
        ["2026-01", 1, 3, 1], ["2026-01", 2, 2, 1], ["2026-01", 3, 1, 0], ["2026-02", 1, 2, 1], ["2026-02", 2, 1, 0],
    ]  # fmt: skip
    cut = cohort_renewals(cohort_table(log, observation_end="2026-04-29"))  # April is cut off
    assert cut.groupby("cohort")["period"].max().to_dict() == {"2026-01": 2, "2026-02": 1}
    assert isinstance(cohort_renewals(cohort_table(pl.from_pandas(log).lazy(), observation_end="last")), pl.LazyFrame)
    with pytest.raises(InputError, match=r"must not rise .* clv.ParetoNBD"):
        cohort_renewals(cohort_table(log.drop(2), observation_end="2026-04-30"))
    with pytest.raises(InputError, match="no period after the first"):
        cohort_renewals(cohort_table(log.head(1), observation_end="2026-01-31"))
