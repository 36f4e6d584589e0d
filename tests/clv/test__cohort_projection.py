"""Cohort tables of contracts are fitted as renewals are, and carried on by what the model says of those left."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import customer_value as cv
from customer_value.clv import BetaDiscreteWeibull, ShiftedBetaGeometric

MONTHS = 10
SIZES = (3000, 2000, 2500, 1000, 1500)


@pytest.fixture(scope="module")
def lives():
    """Contracts that start in one of five months, billed every month until they end: beta-distributed chances."""
    rng = np.random.default_rng(11)
    start = np.repeat(np.arange(len(SIZES)), SIZES)
    return pd.DataFrame({"start": start, "bills": rng.geometric(rng.beta(1.0, 4.0, start.size))})


def log_of(lives, months):
    """Bills of the first months, on the 15th."""
    seen = np.minimum(lives["bills"], months - lives["start"]).to_numpy()
    customer = np.repeat(np.arange(len(lives)), seen)
    month = (
        np.repeat(lives["start"].to_numpy(), seen) + np.arange(customer.size) - np.repeat(seen.cumsum() - seen, seen)
    )
    date = (np.datetime64("2025-01") + month).astype("datetime64[D]") + 14
    return pd.DataFrame({"customer_id": customer, "date": date.astype("datetime64[us]"), "amount": 10.0})


@pytest.fixture(scope="module")
def table(lives):
    """The cohort table of the first ten months."""
    return cv.cohort_table(log_of(lives, MONTHS), observation_end="2025-10-31", values="rate", pooled=True)


def test_fitted_as_its_renewals(table):
    model = ShiftedBetaGeometric().fit(table)
    same = ShiftedBetaGeometric().fit(cv.cohort_renewals(table))
    assert model.params_ == same.params_
    assert model.n_customers_ == sum(SIZES)
    assert model.diagnostics_["cohorts"] == len(SIZES)
    assert model.time_unit_ == "month"
    told = model.summary_table(0.999)
    assert ((told["lower"] < [1.0, 4.0]) & (told["upper"] > [1.0, 4.0])).all()
    assert ShiftedBetaGeometric().fit(pl.from_pandas(table).lazy()).params_ == pytest.approx(model.params_, rel=1e-9)
    with pytest.raises(cv.InputError, match="cohort_renewals"):
        ShiftedBetaGeometric().fit(table, weights="rate")
    with pytest.raises(cv.InputError, match="must not rise"):
        ShiftedBetaGeometric().fit(table.assign(customers=table["customers"].where(table["period"] != 3, 9999)))


def test_carried_on_as_the_future_was(lives, table):
    model = ShiftedBetaGeometric().fit(table)
    ahead = model.project_cohorts(table, 15, interval=0.95)
    assert (ahead.groupby("cohort")["period"].max() == 15).all()
    assert (ahead.groupby("cohort")["projected"].sum() == 15 - np.arange(9, 4, -1)).all()
    seen = ahead[~ahead["projected"]]
    np.testing.assert_array_equal(seen["customers"], table.loc[~table["pooled"], "customers"])
    # Each projected cell is the last one seen, times S(t + u) / S(t).
    last = table[~table["pooled"]].groupby("cohort")[["period", "customers"]].last()
    for row in ahead[ahead["projected"]].itertuples():
        t, n = last.loc[row.cohort]
        assert row.customers == pytest.approx(n * model.survival(row.period) / model.survival(int(t)), rel=1e-12)
        assert row.rate_lower < row.rate < row.rate_upper
    # And the months that followed are within what chance and the fit allow.
    later = cv.cohort_table(log_of(lives, 16), observation_end="2026-04-30", values="rate")
    both = ahead[ahead["projected"]].merge(later, on=["cohort", "period"], suffixes=("", "_seen"))
    assert len(both) == 5 * 6
    share = both["customers"] / both["cohort_size"]
    error = np.sqrt(both["cohort_size"] * share * (1 - share))
    assert (abs(both["customers_seen"] - both["customers"]) < 3 * error).all()


def test_cut_off_periods_are_projected(lives):
    model = BetaDiscreteWeibull.from_params(gamma=1.0, delta=4.0, c=1.0, time_unit="month")
    cut = cv.cohort_table(log_of(lives, MONTHS), observation_end="2025-10-20")
    assert not cut["complete"].all()
    ahead = model.project_cohorts(cut, 4)
    first = ahead[ahead["cohort"] == "2025-05"]
    assert first["projected"].tolist() == [False] * 5
    assert model.project_cohorts(cut, 6).groupby("cohort")["projected"].sum().tolist() == [0, 0, 0, 1, 2]
    lazy = model.project_cohorts(pl.from_pandas(cut).lazy(), 4)
    assert lazy.collect()["customers"].to_list() == ahead["customers"].tolist()
    with pytest.raises(cv.InputError, match="was fitted in months and this summary is in weeks"):
        model.project_cohorts(cut.assign(time_unit="week"), 4)
    with pytest.raises(cv.InputError, match="no period that is observed as a whole"):
        model.project_cohorts(cut.assign(complete=False), 4)
    with pytest.raises(cv.InputError, match=r"lacks \['cohort'\].*cohort_table"):
        model.project_cohorts(cut.drop(columns="cohort"), 4)
    with pytest.raises(cv.NotFittedError):
        BetaDiscreteWeibull().project_cohorts(cut, 4)
