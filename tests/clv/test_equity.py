"""Equity and its interval against sums, simulations and quadrature of their own."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import customer_value as cv

VALUE = {"horizon": "12 months", "margin": 0.3, "annual_discount_rate": 0.1}


@pytest.fixture(scope="module")
def models(cdnow_summary):
    return {
        "purchase_model": cv.clv.BGNBD().fit(cdnow_summary),
        "spend_model": cv.clv.GammaGamma().fit(cdnow_summary),
    }


def test_the_sum_is_that_of_the_customers(cdnow_summary, models):
    valued = cv.score_clv(cdnow_summary, **models, **VALUE)
    row = cv.customer_equity(cdnow_summary, **models, **VALUE).iloc[0]
    assert row["equity"] == pytest.approx(valued["clv"].sum(), rel=1e-12)
    assert row["equity_per_customer"] == pytest.approx(valued["clv"].mean(), rel=1e-12)
    assert row["customers"] == 2357
    assert row["group"] == "all"
    forever = cv.customer_equity(cdnow_summary, **models, **{**VALUE, "horizon": "forever"}, interval=None)
    assert list(forever.columns) == ["group", "customers", "equity", "equity_per_customer"]
    assert forever["equity"][0] > row["equity"]


def test_groups_are_sums_of_their_customers(cdnow_summary, models):
    month = cdnow_summary["first_date"].dt.month
    margins = np.where(cdnow_summary["customer_id"] % 2, 0.2, -0.1)
    data = cdnow_summary.assign(month=month, mine=margins)[::-1]
    table = cv.customer_equity(data, **models, **{**VALUE, "margin": "mine"}, by="month")
    clv = cv.score_clv(data, **models, **{**VALUE, "margin": "mine"}).groupby("month")["clv"]
    assert list(table["month"]) == [1, 2, 3]  # of their own type, sorted as numbers
    np.testing.assert_allclose(table["equity"], clv.sum(), rtol=1e-12)
    assert list(table["customers"]) == list(clv.size())
    assert ((table["equity_lower"] < table["equity"]) & (table["equity"] < table["equity_upper"])).all()


def test_the_interval_is_that_of_a_parametric_bootstrap(cdnow_summary, models):
    """Cohorts drawn from the fitted models, fitted again, the same customers valued each time."""
    buying, spend = models["purchase_model"], models["spend_model"]
    told = cv.customer_equity(cdnow_summary, **models, horizon=52, margin=1.0, interval=0.9).iloc[0]
    told_sd = np.log(told["equity_upper"] / told["equity"]) / 1.6448536
    rng = np.random.default_rng(11)
    r, alpha, a, b = buying.params_.values()
    p, q, v = spend.params_.values()
    x, T = cdnow_summary["frequency"].to_numpy(float), cdnow_summary["T"].to_numpy(float)
    n = x.size
    sums = []
    for _ in range(80):
        # BG/NBD by its story: after each repeat purchase the customer leaves with his own probability.
        rate, leaves = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n)
        frequency, recency, now, alive = np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
        while alive.any():
            now = now + rng.exponential(1 / rate)
            alive = alive & (now <= T)
            frequency, recency = frequency + alive, np.where(alive, now, recency)
            alive = alive & (rng.random(n) > leaves)
        again = cv.clv.BGNBD().fit(pd.DataFrame({"frequency": frequency, "recency": recency, "T": T}))
        k = x[x > 0]
        means = rng.gamma(p * k, 1.0) / (k * rng.gamma(q, 1 / v, k.size))
        costs = cv.clv.GammaGamma().fit(pd.DataFrame({"frequency": k, "monetary_value": means}))
        value = again.expected_purchases(cdnow_summary.drop(columns="time_unit"), 52)
        sums.append((value * costs.expected_spend(cdnow_summary)).sum())
    # The standard deviation of 80 logs is known to 8 %; three of these.
    assert np.log(sums).std(ddof=1) == pytest.approx(told_sd, rel=0.24)
    assert np.log(sums).mean() == pytest.approx(np.log(told["equity"]), abs=4 * told_sd / np.sqrt(80) + 0.01)


def test_errors_go_together(cdnow_summary, models):
    # The sum's interval is far wider than one of independent errors, and no wider than that of their plain sum.
    valued = cv.score_clv(cdnow_summary, **models, **VALUE, interval=0.9)
    row = cv.customer_equity(cdnow_summary, **models, **VALUE).iloc[0]
    half = np.log(valued["clv_upper"] / valued["clv"]) * valued["clv"]
    width = np.log(row["equity_upper"] / row["equity"]) * row["equity"]
    assert 3 * np.sqrt((half**2).sum()) < width <= half.sum() * (1 + 1e-6)


def test_other_uncertainty_is_taken(cdnow_summary, models):
    robust = {name: model.with_uncertainty("robust") for name, model in models.items()}
    usual, other = (cv.customer_equity(cdnow_summary, **m, **VALUE).iloc[0] for m in (models, robust))
    assert other["equity"] == usual["equity"]
    assert other["equity_upper"] > usual["equity_upper"]


def test_a_column_of_spend_brings_no_uncertainty(cdnow_summary, models):
    column = {"purchase_model": models["purchase_model"], "spend_model": "price"}
    data = cdnow_summary.assign(price=10.0)
    row = cv.customer_equity(data, **column, horizon=26, margin=1.0).iloc[0]
    assert row["equity"] == pytest.approx(10 * models["purchase_model"].expected_purchases(data, 26).sum(), rel=1e-12)


def test_every_library(cdnow_summary, models):
    data = cdnow_summary.drop(columns=["observation_end", "first_date", "last_date"]).assign(
        tier=np.where(cdnow_summary["frequency"] > 0, "repeat", "once")
    )
    there = cv.customer_equity(data, **models, **VALUE, by="tier")
    assert list(there["tier"]) == ["once", "repeat"]
    lazy = cv.customer_equity(pl.from_pandas(data).lazy(), **models, **VALUE, by="tier")
    assert isinstance(lazy, pl.LazyFrame)
    arrow = cv.customer_equity(pa.Table.from_pandas(data, preserve_index=False), **models, **VALUE, by="tier")
    for other in (lazy.collect(), arrow):
        np.testing.assert_allclose(other["equity"].to_numpy(), there["equity"], rtol=1e-12)
        np.testing.assert_allclose(other["equity_lower"].to_numpy(), there["equity_lower"], rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"margin": 30}, r"margin must be a share of revenue from 0 to 1, so 30 % is 0\.3"),
        ({"by": "tier"}, r"the summary lacks \['tier'\]"),
        ({"by": "customers"}, "by='customers' is a column of the result"),
        ({"by": "gaps"}, "gaps must not be null; 1 of 2357 rows"),
        ({"interval": 90}, "interval must be between 0 and 1; got 90"),
        ({"horizon": "forever", "annual_discount_rate": None}, "forever"),
        ({"spend_model": 30}, "spend_model must be a model such as clv.GammaGamma"),
        ({"purchase_model": cv.clv.GammaGamma()}, "purchase_model must be a purchase model"),
        ({"purchase_model": cv.clv.BGNBD.from_params(r=1.0, alpha=1.0, a=1.0, b=1.0, time_unit="day")}, "in days"),
    ],
)
def test_bad_input(change, match, cdnow_summary, models):
    gaps = np.where(np.arange(2357) == 7, None, "here")
    with pytest.raises(cv.InputError, match=match):
        cv.customer_equity(cdnow_summary.assign(gaps=gaps), **{**models, **VALUE, **change})


def test_no_customers_and_no_uncertainty(cdnow_summary, models):
    with pytest.raises(cv.InputError, match="summary is empty: no rows to work on"):
        cv.customer_equity(cdnow_summary.head(0), **models, **VALUE)
    given = cv.clv.BGNBD.from_params(**models["purchase_model"].params_, time_unit="week")
    with pytest.raises(cv.NotFittedError):
        cv.customer_equity(cdnow_summary, **{**models, "purchase_model": given}, **VALUE)
    alone = cv.customer_equity(cdnow_summary, **{**models, "purchase_model": given}, **VALUE, interval=None)
    assert alone["equity"][0] == pytest.approx(cv.customer_equity(cdnow_summary, **models, **VALUE)["equity"][0])


# ---- customers not yet acquired ----------------------------------------------------------------------------------

PARETO = cv.clv.ParetoNBD.from_params(r=0.553, alpha=10.58, s=0.606, beta=11.67, time_unit="week")


def margin_until(weeks, annual=0.0, steps=4000):
    """Cumulative discounted margin of a new customer: increments of eq. (3) of Schmittlein et al., summed in steps."""
    r, alpha, s, beta = 0.553, 10.58, 0.606, 11.67
    t = np.linspace(0, weeks, steps + 1)
    mean = r * beta / (alpha * (s - 1)) * (1 - (beta / (beta + t)) ** (s - 1))
    delta = np.log1p(annual) / (365.25 / 7)
    return 0.3 * 35 * (1 + np.cumsum(np.diff(mean) * np.exp(-delta * (t[1:] + t[:-1]) / 2)))


def test_a_new_customer_by_quadrature():
    found = cv.clv.acquisition_value(
        purchase_model=PARETO, spend_model=35.0, horizon=104, margin=0.3, annual_discount_rate=0.1, acquisition_cost=15
    )
    exact = margin_until(104, annual=0.1)[-1]
    assert found["value"] == pytest.approx(exact, rel=1e-6)
    assert found["first_purchase"] == pytest.approx(10.5)
    assert found["value"] == pytest.approx(10.5 * (1 + found["repeat_purchases"]))
    assert found["net_value"] == pytest.approx(exact - 15, rel=1e-6)
    assert found["value_to_cost"] == pytest.approx(exact / 15, rel=1e-6)


@pytest.mark.parametrize("cost", [11.0, 15.0, 25.0, 30.0])
def test_payback_is_where_the_cumulative_margin_meets_the_cost(cost):
    weeks = cv.clv.acquisition_value(
        purchase_model=PARETO, spend_model=35.0, horizon=104, margin=0.3, annual_discount_rate=0.1,
        acquisition_cost=cost,
    )["payback_time"]  # fmt: skip
    assert margin_until(weeks, annual=0.1)[-1] == pytest.approx(cost, rel=1e-6)


@pytest.mark.parametrize(("cost", "weeks"), [(5.0, 0.0), (10.5, 0.0), (1000.0, None)])
def test_payback_at_once_and_never(cost, weeks):
    for horizon, rate in ((104, None), ("forever", 0.1)):
        found = cv.clv.acquisition_value(
            purchase_model=PARETO, spend_model=35.0, horizon=horizon, margin=0.3, annual_discount_rate=rate,
            acquisition_cost=cost,
        )  # fmt: skip
        assert found["payback_time"] == weeks


def test_the_interval_of_a_new_customer(models):
    plain = {"horizon": 52, "margin": 0.3}
    found = cv.clv.acquisition_value(**models, **plain, interval=0.9)
    # Draws of both models' parameters from their normal approximation give the same spread.
    rng = np.random.default_rng(3)
    values = []
    for buying, spend in zip(
        *(
            np.exp(rng.multivariate_normal(np.log(model._theta), model._covariance_of_logs(), 400))
            for model in (models["purchase_model"], models["spend_model"])
        ),
        strict=True,
    ):
        model = cv.clv.BGNBD.from_params(**dict(zip(("r", "alpha", "a", "b"), buying, strict=True)), time_unit="week")
        money = cv.clv.GammaGamma.from_params(**dict(zip(("p", "q", "v"), spend, strict=True)))
        values.append(cv.clv.acquisition_value(purchase_model=model, spend_model=money, **plain)["value"])
    spread = np.log(found["value_upper"] / found["value"]) / 1.6448536
    assert np.log(values).std() == pytest.approx(spread, rel=0.12)  # 400 draws tell it to 3.5 %
    assert found["value_lower"] < found["value"] < found["value_upper"]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"spend_model": -1.0}, "spend_model must be 0 or above"),
        ({"margin": 1.5}, "margin must be from 0 to 1"),
        ({"acquisition_cost": 0}, "acquisition_cost must be above 0"),
        ({"spend_model": cv.clv.GammaGamma.from_params(p=1.0, q=0.9, v=1.0)}, "the population has no mean"),
    ],
)
def test_bad_input_of_acquisition(change, match):
    with pytest.raises(cv.InputError, match=match):
        cv.clv.acquisition_value(**{"purchase_model": PARETO, "spend_model": 35.0, **VALUE, **change})


def test_contracts_have_an_equity_too():
    renewals = pd.DataFrame({"period": [1, 2, 3, 4], "at_risk": [1000, 869, 743, 653], "lost": [131, 126, 90, 60]})
    model = cv.clv.ShiftedBetaGeometric().fit(renewals)
    base = pd.DataFrame({"renewals": [0, 3, 20, 1], "active": [True, False, True, True], "fee": [10.0, 20.0, 5.0, 8.0]})
    value = {"spend_model": "fee", "horizon": 5, "margin": 0.8, "discount_rate": 0.1}
    found = cv.customer_equity(base, purchase_model=model, **value).iloc[0]
    assert found["equity"] == pytest.approx(cv.score_clv(base, purchase_model=model, **value)["clv"].sum(), rel=1e-12)
    # The spread of the sum over parameters drawn with the fit's own covariance; 20,000 draws know it to .5 %.
    rng = np.random.default_rng(0)
    alpha, beta = np.exp(rng.multivariate_normal(np.log(model._theta), model._log_covariance, 20_000)).T
    total = np.zeros(alpha.size)
    for made, fee, active in zip(base["renewals"], base["fee"], base["active"], strict=True):
        kept = np.ones(alpha.size)
        for renewal in range(5 if active else 0):  # due now, then once a period
            kept = kept * (beta + made + renewal) / (alpha + beta + made + renewal)
            total += 0.8 * fee * kept / 1.1**renewal
    width = 1.6448536269514722 * np.log(total).std()
    assert np.log(found["equity_upper"] / found["equity"]) == pytest.approx(width, rel=0.02)
