"""What the simulator makes of the stories: calendar, money, streams of random numbers, and its refusals."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats

from customer_value.datasets import simulate_transactions
from customer_value.errors import InputError, MissingDependencyError

PROCESSES = ["pareto_nbd", "bg_nbd", "mbg_nbd"]


@pytest.fixture(scope="module", params=PROCESSES)
def simulated(request):
    return simulate_transactions(10_000, process=request.param, random_state=11, return_truth=True)


def test_log_and_truth_tell_of_the_same_purchases(simulated):
    log, truth = simulated
    assert list(log.columns) == ["customer_id", "date", "amount"]
    by_customer = log.groupby("customer_id")
    assert truth["customer_id"].tolist() == list(range(1, 10_001)) == list(by_customer.groups)
    assert (by_customer.size().to_numpy() == truth["frequency"] + 1).all()
    assert (by_customer["date"].min().to_numpy() == truth["first_date"].to_numpy()).all()
    # A day cuts each moment by less than a day, so a span of days lies within a day of the span of time.
    span = (by_customer["date"].max() - by_customer["date"].min()).dt.days.to_numpy()
    assert (np.abs(span - 7 * truth["recency"]) < 1).all()
    repeats = log[log["customer_id"].duplicated()]
    mean = repeats.groupby("customer_id")["amount"].mean().reindex(truth["customer_id"]).to_numpy()
    np.testing.assert_allclose(truth["monetary_value"], mean, rtol=1e-12)  # sums in another order
    assert truth["monetary_value"].isna().equals(truth["frequency"].eq(0))
    assert truth["alive"].equals(truth["dropout_time"] > truth["T"])
    assert truth["time_unit"].eq("week").all()
    assert log.sort_values(["customer_id", "date"], kind="stable").index.equals(log.index)


def test_calendar(simulated):
    log, truth = simulated
    assert log["date"].between("2023-01-01", "2024-12-31").all()
    assert log["date"].max() == pd.Timestamp("2024-12-31")
    # 731 days, of which the first quarter are days 0 to 182, each as likely as the others.
    day = (truth["first_date"] - pd.Timestamp("2023-01-01")).dt.days
    assert stats.chisquare(np.bincount(day, minlength=183)).pvalue > 1e-3
    assert day.max() == 182
    # From a moment of the first day to the end of the last day.
    whole_days = (pd.Timestamp("2024-12-31") - truth["first_date"]).dt.days
    part_of_day = 7 * truth["T"] - whole_days
    assert stats.kstest(part_of_day, stats.uniform.cdf).pvalue > 1e-3


def test_spend_is_gamma_gamma(simulated):
    log, truth = simulated
    p, q, v = 6.25, 3.74, 15.44
    rate = p / truth["mean_spend"]
    assert stats.kstest(rate, stats.gamma(q, scale=1 / v).cdf).pvalue > 1e-3
    # Cents are a thousandth of a typical amount, far below what 10,000 draws can tell.
    scaled = log["amount"].to_numpy() * rate.to_numpy()[log["customer_id"] - 1]
    assert stats.kstest(scaled, stats.gamma(p).cdf).pvalue > 1e-3
    first = log.loc[~log["customer_id"].duplicated(), "amount"]
    assert abs(first.mean() - p * v / (q - 1)) < 4 * first.std() / np.sqrt(len(first))
    assert abs(stats.spearmanr(truth["purchase_rate"], truth["mean_spend"]).statistic) < 4 / np.sqrt(len(truth))


def test_amounts_are_cents_and_never_nothing():
    log = simulate_transactions(5_000, p=0.3, q=2.0, v=0.1)
    cents = log["amount"] * 100
    np.testing.assert_allclose(cents, np.rint(cents), rtol=0, atol=1e-9 * cents.max())
    assert log["amount"].min() == 0.01


@pytest.mark.parametrize("process", PROCESSES)
def test_more_customers_leave_the_first_ones_as_they_are(process):
    """100 customers are the beginning of 1,000 and of 9,000, which takes three blocks."""
    few, truth = simulate_transactions(100, process=process, random_state=5, return_truth=True)
    for n in (1_000, 9_000):
        log, all_truth = simulate_transactions(n, process=process, random_state=5, return_truth=True)
        pd.testing.assert_frame_equal(log[log["customer_id"] <= 100], few)
        pd.testing.assert_frame_equal(all_truth.head(100), truth)


def test_blocks_and_seeds_differ():
    _, truth = simulate_transactions(8_192, return_truth=True)
    rate = truth["purchase_rate"].to_numpy()
    assert np.unique(rate).size == rate.size
    _, other = simulate_transactions(8_192, random_state=1, return_truth=True)
    assert not np.isin(other["purchase_rate"], rate).any()


def test_same_call_same_log_whatever_numpys_global_state():
    one = simulate_transactions(300, random_state=3)
    np.random.default_rng(0).random(10)
    pd.testing.assert_frame_equal(simulate_transactions(300, random_state=3), one)


def test_same_rows_in_every_library():
    log, truth = simulate_transactions(300, return_truth=True)
    for backend in ("polars", "pyarrow"):
        frames = simulate_transactions(300, return_truth=True, backend=backend)
        other_log, other_truth = (pl.from_arrow(f) if backend == "pyarrow" else f for f in frames)
        assert other_log.columns == list(log.columns)
        assert other_log["date"].dtype == other_truth["first_date"].dtype == pl.Date
        assert other_log["date"].to_list() == [d.date() for d in log["date"]]
        assert other_log["amount"].to_list() == log["amount"].tolist()
        assert other_truth["monetary_value"].null_count() == truth["monetary_value"].isna().sum() > 0
        assert other_truth["dropout_time"].to_list() == truth["dropout_time"].tolist()


def test_the_ruler_changes_the_numbers_and_not_the_customers():
    """The defaults are brought to the ruler, so the same customers come out, measured in days."""
    log, weeks = simulate_transactions(500, return_truth=True)
    daily_log, days = simulate_transactions(500, time_unit="day", return_truth=True)
    pd.testing.assert_frame_equal(daily_log, log)
    np.testing.assert_allclose(days["T"], 7 * weeks["T"], rtol=1e-12)
    np.testing.assert_allclose(7 * days["purchase_rate"], weeks["purchase_rate"], rtol=1e-12)
    assert days["time_unit"].eq("day").all()


def test_acquired():
    log = simulate_transactions(2_000, acquired=("2024-02-01", "2024-02-02"))
    first = log.groupby("customer_id")["date"].min()
    assert first.value_counts().index.sort_values().strftime("%Y-%m-%d").tolist() == ["2024-02-01", "2024-02-02"]


def test_a_log_of_one_day():
    log, truth = simulate_transactions(50, start="2024-02-29", end="2024-02-29", return_truth=True)
    assert log["date"].eq(pd.Timestamp("2024-02-29")).all()
    assert (truth["T"] <= 1 / 7).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_customers": 0}, "n_customers must be a whole number, 1 or above"),
        ({"n_customers": 10.0}, "n_customers must be a whole number"),
        ({"process": "bgnbd"}, r"process must be one of .*Did you mean 'bg_nbd'"),
        ({"process": "bg_nbd", "s": 0.6}, r"parameters \['r', 'alpha', 'a', 'b'\]; \['s'\] are not among them"),
        ({"alpha": 0.0}, "alpha must be above 0"),
        ({"r": float("nan")}, "r must be above 0"),
        ({"q": 1.0}, "q must be above 1"),
        ({"v": -1.0}, "v must be above 0"),
        ({"start": "2023-02-30"}, "start must be a date"),
        ({"end": "2022-12-31"}, "end must not lie before start; got 2023-01-01 to 2022-12-31"),
        ({"acquired": "2023-01-01"}, "acquired must be a pair of dates"),
        ({"acquired": ("2023-03-01", "2023-02-01")}, "acquired must be two days in order"),
        ({"acquired": ("2022-12-31", "2023-02-01")}, "acquired must be two days in order"),
        ({"time_unit": "weeks"}, "time_unit must be one of"),
        ({"random_state": -1}, "random_state must be a whole number, 0 or above"),
        ({"random_state": None}, "random_state must be a whole number"),
        ({"backend": "arrow"}, r"backend must be one of .*Did you mean 'pyarrow'"),
        ({"r": 1e9}, "may make up to"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(InputError, match=message):
        simulate_transactions(**arguments)


def test_missing_library_names_the_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependencyError, match="pip install pyarrow"):
        simulate_transactions(backend="pyarrow")
