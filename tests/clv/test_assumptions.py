"""Each check against its own computation, and against data made to fail it."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import stats

import customer_value as cv

CHECKS = [
    "repeat buyers", "one-time buyers", "customers differ", "customers leave", "spend and frequency",
    "regular timing", "active before the log",
]  # fmt: skip


@pytest.fixture(scope="module")
def summary(cdnow_log):
    calibration, _ = cv.split_holdout(cdnow_log, observation_end="1997-09-30")
    return cv.summarize_customers(calibration, observation_end="1997-09-30", regularity=True)


@pytest.fixture(scope="module")
def found(summary):
    return cv.check_assumptions(summary, interval=0.9).set_index("check")


def test_figures_of_cdnow(found, summary):
    assert list(found.index) == CHECKS
    # The paper's sample: 946 of 2,357 bought again (Fader, Hardie & Lee 2005).
    assert found.loc["repeat buyers", "estimate"] == 946
    once = found.loc["one-time buyers"]
    assert once["estimate"] == pytest.approx(1411 / 2357)
    wilson = stats.binomtest(1411, 2357).proportion_ci(0.9, method="wilson")
    assert (once["lower"], once["upper"]) == pytest.approx((wilson.low, wilson.high), rel=1e-9)
    # NBD and BG/NBD log-likelihoods as published and as fitted with scipy (test_comparison).
    assert found.loc["customers leave", "estimate"] == pytest.approx(9763.657614673 - 9582.4292067, abs=1e-4)


def test_the_correlation_and_its_interval_are_scipys(found, summary):
    buyers = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    exact = stats.pearsonr(np.log(buyers["frequency"].astype(float)), np.log(buyers["monetary_value"]))
    row = found.loc["spend and frequency"]
    assert row["estimate"] == pytest.approx(exact.statistic, rel=1e-9)
    ends = exact.confidence_interval(0.9)  # by Fisher's transformation
    assert (row["lower"], row["upper"]) == pytest.approx((ends.low, ends.high), rel=1e-9)
    assert row["verdict"] == "look"


def test_the_spread_of_rates_is_the_nbds(found, summary):
    nbd = cv.clv.NBD().fit(summary)
    row = found.loc["customers differ"]
    assert row["estimate"] == pytest.approx(nbd.params_["r"] ** -0.5, rel=1e-6)
    # Delta method: r^(-1/2) has log standard error half of ln r's.
    half = stats.norm.ppf(0.95) * nbd.standard_errors_["r"] / nbd.params_["r"] / 2
    assert np.log(row["upper"] / row["estimate"]) == pytest.approx(half, rel=1e-4)


def test_random_purchases_pass(found):
    assert found.loc["regular timing", "verdict"] == "fine"
    assert found.loc["regular timing", "lower"] < 1.1
    assert (found["verdict"] == "fine").sum() == 5


def test_regular_purchases_are_seen():
    # Every second purchase of random buyers: the times between are Erlang-2.
    rng = np.random.default_rng(4)
    rows = []
    for customer in range(300):
        times = np.cumsum(rng.exponential(1 / rng.gamma(2.0, 0.05), 60))[1::2]
        rows += [(customer, day) for day in times if day < 700]
    log = pd.DataFrame(rows, columns=["customer_id", "day"])
    log["date"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(log["day"].astype(int), unit="D")
    summary = cv.summarize_customers(log.assign(amount=1.0), observation_end="2025-12-01", regularity=True)
    row = cv.check_assumptions(summary).set_index("check").loc["regular timing"]
    assert row["verdict"] == "look"
    assert "MBGCNBD" in row["what_to_do"]
    assert row["estimate"] == pytest.approx(2, rel=0.25)  # whole days and the end of the log bend it a little


def test_customers_who_stay_are_told(summary):
    model = cv.clv.NBD.from_params(r=1.0, alpha=5.0, time_unit="week")
    log = model.simulate_log(400, start="2024-01-01", observation_end="2024-12-31", acquired_until="2024-03-31")
    stayed = cv.summarize_customers(log.assign(amount=1.0), observation_end="2024-12-31")
    row = cv.check_assumptions(stayed).set_index("check").loc["customers leave"]
    assert row["estimate"] < 3
    assert row["verdict"] == ("look" if row["estimate"] < 2 else "fine")
    alike = stayed.drop(columns="monetary_value").assign(frequency=5, recency=20.0, T=30.0)
    assert cv.check_assumptions(alike).set_index("check").loc["customers differ", "verdict"] == "look"


def test_a_log_that_is_cut_off_on_the_left():
    # Customers come at a steady pace for two years; the export has the last eighteen months.
    model = cv.clv.BGNBD.from_params(r=1.0, alpha=4.0, a=0.8, b=2.4, time_unit="week")
    log = model.simulate_log(3000, start="2023-01-01", observation_end="2024-12-31", acquired_until="2024-12-31")
    log = log.assign(amount=1.0)
    late, before = (log[(log["date"] < "2023-07-01") == early] for early in (False, True))
    summary = cv.summarize_customers(late, observation_end="2024-12-31")
    row = cv.check_assumptions(summary).set_index("check").loc["active before the log"]
    truly = summary["customer_id"].isin(before["customer_id"]).mean()
    assert row["verdict"] == "look"
    assert 0.3 * truly < row["estimate"] < truly  # those who come back late hide among the new
    # By hand: new in the first twelfth of the days, less the median of the other eleven.
    day = (summary["first_date"] - summary["first_date"].min()).dt.days
    new = np.bincount(day * 12 // (day.max() + 1))
    assert row["estimate"] == pytest.approx((new[0] - np.median(new[1:])) / len(summary), abs=1e-3)
    assert "acquired=(" in row["what_to_do"]
    whole = cv.check_assumptions(cv.summarize_customers(log, observation_end="2024-12-31")).set_index("check")
    assert whole.loc["active before the log", "verdict"] == "fine"


def test_a_cohort_is_no_sign_of_truncation(found):
    row = found.loc["active before the log"]
    assert (row["verdict"], row["estimate"]) == ("fine", 0)


def test_what_cannot_be_checked_says_why(summary):
    bare = summary[["customer_id", "frequency", "recency", "T", "time_unit"]]
    table = cv.check_assumptions(bare).set_index("check")
    unchecked = table[table["verdict"] == "not checked"]
    assert list(unchecked.index) == ["spend and frequency", "regular timing", "active before the log"]
    assert unchecked["estimate"].isna().all()
    assert "regularity=True" in unchecked.loc["regular timing", "meaning"]


def test_nobody_came_back(summary):
    table = cv.check_assumptions(summary[summary["frequency"] == 0]).set_index("check")
    assert list(table.index) == CHECKS
    assert table.loc["repeat buyers", "verdict"] == "look"
    assert set(table.loc[["customers differ", "customers leave"], "verdict"]) == {"not checked"}
    assert table.loc["one-time buyers", "estimate"] == 1


def test_every_library(summary):
    data = summary.drop(columns=["observation_end"])
    there = cv.check_assumptions(data)
    polars = pl.from_pandas(data)
    assert isinstance(cv.check_assumptions(polars.lazy()), pl.LazyFrame)
    for other in (
        cv.check_assumptions(polars).to_pandas(),
        cv.check_assumptions(pa.Table.from_pandas(data, preserve_index=False)).to_pandas(),
    ):
        assert list(other["verdict"]) == list(there["verdict"])
        np.testing.assert_allclose(other["estimate"], there["estimate"], rtol=1e-9)


@pytest.mark.parametrize("interval", [None, 0, 1, 95, "high"])
def test_bad_intervals(interval, summary):
    with pytest.raises(cv.InputError, match="interval must be between 0 and 1"):
        cv.check_assumptions(summary, interval=interval)
