"""Retention against counts with sets, the bounds of revenue against draws of customers, and what does not fit."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import customer_value as cv
from customer_value._stats.intervals import wilson_interval
from customer_value.errors import InputError
from customer_value.transactions.retention import retention_rates


def shop(seed=0, n=900, customers=60):
    """Make a log of two years with refunds; some customers stop."""
    rng = np.random.default_rng(seed)
    customer = rng.integers(0, customers, n)
    day = rng.integers(0, 731, n)
    kept = (customer % 3 > 0) | (day < 400)
    log = pd.DataFrame(
        {"customer_id": customer, "date": np.datetime64("2024-01-01", "us") + day.astype("timedelta64[D]")}
    )
    log["amount"] = np.where(rng.random(n) < 0.1, -3.0, rng.integers(1, 400, n) / 4)
    log["tier"] = np.where(customer % 2 == 0, "A", "B")
    log.loc[0, "date"] = pd.Timestamp("2024-01-01")
    log = log[kept].sort_values("date", kind="stable", ignore_index=True)
    first = ~log["customer_id"].duplicated()
    log.loc[first, "amount"] = log.loc[first, "amount"].abs()  # nobody begins with a refund
    return log


def counted(log, start, middle, end):
    """Retention by sets of customers; a customer counts in a window where a whole month of it has a sale."""
    before, after = (
        log[(log["date"] >= a) & (log["date"] < b)] for a, b in ((start, middle), (middle, end))
    )  # fmt: skip
    was, came = (set(part.loc[part["amount"] >= 0, "customer_id"]) for part in (before, after))
    revenue = [part.loc[part["customer_id"].isin(was), "amount"].sum() for part in (before, after)]
    return len(was), len(was & came), *revenue


def test_windows_are_those_of_sets():
    log = shop()
    for window, months in (("6 months", 6), ("1 quarter", 3), ("period", 1)):
        rates = retention_rates(log, observation_end="2025-12-31", window=window)
        assert len(rates) == 24 - 2 * months + 1
        for row in rates.itertuples():
            end = row.period_end + pd.Timedelta("1D")
            middle, start = end - pd.DateOffset(months=months), end - pd.DateOffset(months=2 * months)
            found = (row.customers_before, row.retained, row.revenue_before, row.revenue_retained)
            assert found == counted(log, start, middle, end)
            assert row.logo_retention == row.retained / row.customers_before
            assert row.revenue_retention == row.revenue_retained / row.revenue_before
            assert row.period == row.period_end.strftime("%Y-%m")
    trailing = retention_rates(log, observation_end="2025-12-31")
    assert trailing["period"].tolist() == ["2025-12"]
    bounds = wilson_interval(trailing["retained"], trailing["customers_before"], interval=0.9)
    np.testing.assert_array_equal(
        trailing[["logo_retention_lower", "logo_retention_upper"]].to_numpy()[0], np.ravel(bounds)
    )


def test_groups_are_logs_of_their_own_and_targets_are_compared():
    log = shop(1)
    rates = retention_rates(log, observation_end="2025-12-31", by="tier", targets={"A": 0.5, "B": 1.0})
    for row in rates.itertuples():
        alone = retention_rates(
            log[log["tier"] == row.tier], observation_end="2025-12-31", observation_start="2024-01-01"
        )
        for name in ("customers_before", "retained", "revenue_before", "revenue_retention_lower"):
            assert getattr(row, name) == alone[name][0]
        assert row.logo_gap == row.logo_retention - row.logo_target
        assert row.attained == (row.logo_retention >= row.logo_target)
    assert rates["attained"].tolist() == [True, False]
    tiers = log[["customer_id", "tier"]].drop_duplicates()
    same = retention_rates(
        log.drop(columns="tier"), observation_end="2025-12-31", by="tier", customers=tiers, targets=0.8
    )
    pd.testing.assert_frame_equal(same[rates.columns[:8]], rates[rates.columns[:8]])
    assert (same["logo_target"] == 0.8).all()
    bare = retention_rates(log, observation_end="2025-12-31", interval=None)
    assert not [name for name in bare if name.endswith(("_lower", "_upper")) or name in ("logo_target", "logo_gap")]


def test_bounds_of_revenue_are_those_of_drawn_customers():
    rng = np.random.default_rng(2)
    before = rng.gamma(2.0, 50.0, 2000)
    after = np.where(rng.random(2000) < 0.7, before * rng.gamma(4.0, 0.25, 2000), 0.0)
    rows = [("2024-06-01", before), ("2025-06-01", after)]
    log = pd.concat(
        [pd.DataFrame({"customer_id": np.arange(2000), "date": pd.Timestamp(d), "amount": a}) for d, a in rows]
    )
    log = log[(log["amount"] > 0)]
    row = retention_rates(log, observation_end="2025-12-31", observation_start="2024-01-01").iloc[0]
    draws = rng.integers(0, 2000, (4000, 2000))
    drawn = after[draws].sum(axis=1) / before[draws].sum(axis=1)
    half = (row["revenue_retention_upper"] - row["revenue_retention_lower"]) / 2
    assert half == pytest.approx(1.6449 * drawn.std(), rel=0.05)  # 4,000 draws know a deviation to 1.1 %
    assert (row["revenue_retention_upper"] + row["revenue_retention_lower"]) / 2 == pytest.approx(
        after.sum() / before.sum()
    )


# Without its first days somebody begins with a refund.
@pytest.mark.filterwarnings("ignore::customer_value.DataWarning")
def test_cut_off_periods_are_left_out():
    log = shop(3)
    whole = retention_rates(log, observation_end="2025-12-31", window="3 months")
    cut = retention_rates(log[log["date"] < "2025-12-20"], observation_end="2025-12-19", window="3 months")
    assert cut["period"].tolist() == whole["period"].tolist()[:-1]
    names = ["customers_before", "retained", "revenue_before", "revenue_retained"]
    assert cut[names].to_numpy().tolist() == whole[names].to_numpy().tolist()[:-1]  # later rows change nothing before
    late = retention_rates(log[log["date"] >= "2024-01-05"], observation_end="2025-12-31", window="3 months")
    assert late["period"].tolist() == whole["period"].tolist()[1:]
    fiscal = retention_rates(log, observation_end="2025-12-31", period="year", window="1 year", year_start="01-01")
    assert fiscal["period"].tolist() == ["2025"]
    quarters = retention_rates(
        log, observation_end="2025-12-31", period="quarter", window="1 quarter", year_start="02-01"
    )
    assert quarters["period"].tolist()[0] == "2024/25Q2"


def test_engines_agree():
    log = shop(4)
    expected = retention_rates(log, observation_end="2025-12-31", by="tier", targets=0.7)
    for frame in (pl.from_pandas(log).sample(fraction=1, shuffle=True, seed=1).lazy(), duckdb.from_df(log)):
        found = retention_rates(frame, observation_end="2025-12-31", by="tier", targets=0.7)
        found = found.collect().to_pandas() if isinstance(found, pl.LazyFrame) else found.to_pandas()
        dates = dict.fromkeys(["period_end", "observation_end"], "datetime64[us]")
        pd.testing.assert_frame_equal(found.astype(dates), expected, check_dtype=False, rtol=1e-12)


def test_nobody_and_nothing_before_is_null():
    log = pd.DataFrame({"customer_id": ["a", "b", "b"], "amount": [5.0, 5.0, -9.0], "tier": ["x", "y", "y"]})
    log["date"] = pd.to_datetime(["2026-02-01", "2026-01-01", "2026-01-02"])
    rates = retention_rates(log, observation_end="2026-02-28", window="1 month", by="tier", targets=0.5)
    assert rates["customers_before"].tolist() == [0, 1]
    assert rates["logo_retention"].isna().tolist() == [True, False]
    assert rates["attained"].isna().tolist() == [True, False]
    assert rates["revenue_retention"].isna().all()  # of nothing, and of a revenue below 0
    assert rates["logo_retention_upper"].isna().tolist() == [True, False]


def test_bad_input():
    log = shop(5)
    for arguments, message in (
        ({"window": "13 months"}, "two windows of '13 months'.*2024-01-01 to 2025-12-31"),
        ({"window": "a year"}, "window must be a text"),
        ({"window": "1 month", "period": "quarter"}, "no number of whole quarters"),
        ({"window": "12 months", "period": "week"}, "no number of whole weeks"),
        ({"by": "region"}, r"lacks \['region'\]"),
        ({"by": "amount"}, "must be the same in all rows of a customer"),
        ({"by": "period"}, "twice"),
        ({"customers": log}, "goes with by="),
        ({"targets": {"A": 0.5}}, "go with by="),
        ({"targets": {"A": 0.5}, "by": "tier"}, r"lack \['B'\]"),
        ({"targets": 80}, "targets must be from 0 to 1"),
        ({"observation_start": "2024-02-01"}, "must not be after the log's first date"),
        ({"observation_end": "2025-06-30"}, "must not be after observation_end"),
        ({"interval": 90}, "interval"),
    ):
        with pytest.raises(InputError, match=message):
            retention_rates(log, **{"observation_end": "2025-12-31"} | arguments)
    with pytest.raises(cv.InputError, match="empty"):
        cv.retention_rates(log[:0], observation_end="2025-12-31")
