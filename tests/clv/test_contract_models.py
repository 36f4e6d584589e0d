"""What every contract model must do, whatever its mathematics: fits, curves, residual lifetimes, values."""

import math

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

import customer_value as cv
from customer_value.clv._contract_arrays import _renewals_within
from customer_value.clv._contract_value import ROUNDING

SBG, BDW = cv.clv.ShiftedBetaGeometric, cv.clv.BetaDiscreteWeibull
MODELS = [
    pytest.param(SBG, {"alpha": 0.668, "beta": 3.806}, id="sBG-high-end"),
    pytest.param(SBG, {"alpha": 12.0, "beta": 30.0}, id="sBG-alike"),
    pytest.param(BDW, {"gamma": 0.259, "delta": 1.723, "c": 1.584}, id="BdW-high-end"),
    pytest.param(BDW, {"gamma": 3.0, "delta": 9.0, "c": 0.6}, id="BdW-easier"),
]
COHORTS = pd.DataFrame(
    {
        "cohort": ["2021"] * 4 + ["2022"] * 3 + ["2023"] * 2,
        "period": [1, 2, 3, 4, 1, 2, 3, 1, 2],
        "at_risk": [1000, 869, 743, 653, 800, 690, 600, 400, 350],
        "lost": [131, 126, 90, 60, 110, 90, 70, 50, 44],
        "time_unit": "year",
    }
)


def drawn_lifetimes(params, n, rng):
    """Renewals that customers make, from the models' story: leave at t with (1 - theta)^(t^c) having stayed until."""
    first, second, c = (*params, 1.0)[:3]
    stay = -np.log1p(-rng.beta(first, second, n))  # T > t where an exponential time exceeds t^c stay
    with np.errstate(divide="ignore"):
        return np.ceil((rng.exponential(size=n) / stay) ** (1 / c)) - 1


class TestFit:
    @pytest.mark.parametrize("model", [SBG, BDW])
    def test_every_library_gives_the_same_fit(self, model):
        expected = model().fit(COHORTS)
        shuffled = COHORTS.sample(frac=1, random_state=0)
        for frame in (
            shuffled,
            pl.from_pandas(shuffled),
            pl.from_pandas(COHORTS).lazy(),
            pa.Table.from_pandas(COHORTS, preserve_index=False),
            duckdb.from_df(shuffled),
        ):
            assert model().fit(frame).params_ == expected.params_
        assert expected.time_unit_ == "year"
        assert expected.n_customers_ == 2200
        assert expected.diagnostics_["cohorts"] == 3

    @pytest.mark.parametrize(("model", "params"), MODELS)
    def test_the_likelihood_is_that_of_lifetimes(self, model, params):
        # sum of lost ln P(T = t), and of those there at their cohort's end ln S: as the papers write it.
        given = model.from_params(**params)
        lost = COHORTS["lost"] @ np.log(given.churn_probabilities(COHORTS["period"]))
        last = COHORTS.groupby("cohort").tail(1)
        there = (last["at_risk"] - last["lost"]) @ np.log(given.survival(last["period"]))
        rows = [COHORTS.groupby("period")[c].sum().to_numpy(dtype=float) for c in ("lost", "at_risk")]
        ll = given._log_likelihood(given._theta, np.arange(1.0, 5), rows[0], rows[1] - rows[0]).sum()
        assert ll == pytest.approx(lost + there, rel=1e-13)

    @pytest.mark.parametrize("model", [SBG, BDW])
    def test_weights_are_repeated_cohorts(self, model):
        again = pd.concat([COHORTS, COHORTS.assign(cohort=COHORTS["cohort"] + "b")])
        twice = model().fit(COHORTS.assign(n=2.0), weights="n")
        assert twice.params_ == pytest.approx(model().fit(again).params_, rel=1e-12)
        assert twice.n_customers_ == 4400
        assert twice.params_ == pytest.approx(model().fit(COHORTS, weights=[2] * 9).params_, rel=1e-12)
        with pytest.raises(cv.InputError, match="weights of a lazy renewal table are named by their column"):
            model().fit(pl.from_pandas(COHORTS).lazy(), weights=[2] * 9)

    @pytest.mark.parametrize(("model", "params"), MODELS)
    def test_simulated_cohorts_give_their_parameters_back(self, model, params):
        given = model.from_params(**params)
        fitted = model().fit(given.simulate(10_000_000, 30, random_state=5))
        table = fitted.summary_table(0.9999)
        true = np.array(list(params.values()))
        assert ((table["lower"] < true) & (true < table["upper"])).all()
        np.testing.assert_allclose(fitted.survival([1, 10, 30]), given.survival([1, 10, 30]), rtol=0.01)

    @pytest.mark.parametrize("model", [SBG, BDW])
    def test_tables_that_tell_nothing(self, model):
        def refused(match, **columns):
            with pytest.raises(cv.InputError, match=f"{model.__name__} cannot be fitted: {match}"):
                model().fit(pd.DataFrame(columns))

        refused("none of 90 customers was lost", period=[1, 2], at_risk=[90, 90], lost=[0, 0])
        refused("all of 90 customers were lost at their first renewal", period=[1], at_risk=[90], lost=[90])
        refused(
            r"it has \d parameters, .* the table has 1 with customers at risk. Observe more periods",
            period=[1, 2], at_risk=[90, 0], lost=[10, 0], censored=[80, 0],
        )  # fmt: skip

    def test_two_periods_are_too_few_for_three_parameters(self):
        with pytest.raises(cv.InputError, match=r"it has 3 parameters, .* the table has 2 with customers at risk"):
            BDW().fit(COHORTS.query("period <= 2"))

    @pytest.mark.parametrize("model", [SBG, BDW])
    def test_protocol(self, model, tmp_path):
        fitted = model().fit(COHORTS)
        check_is_fitted(fitted)
        assert model.__name__ in repr(clone(fitted))
        assert "2,200 customers, time in years" in repr(fitted)
        again = model.from_json(fitted.to_json())
        assert again.params_ == fitted.params_
        np.testing.assert_array_equal(again.covariance_, fitted.covariance_)
        cv.save_models(tmp_path / "m.json", renewals=fitted)
        assert cv.load_models(tmp_path / "m.json")["renewals"].aic_ == fitted.aic_
        with pytest.raises(cv.NotFittedError, match="is not fitted"):
            model().survival(3)


@pytest.mark.parametrize(("model", "params"), MODELS)
class TestCurves:
    def test_they_belong_together(self, model, params):
        given, t = model.from_params(**params), np.arange(1, 200)
        survival = given.survival(t)
        np.testing.assert_allclose(np.cumprod(given.retention(t)), survival, rtol=1e-11)
        np.testing.assert_allclose(np.cumsum(given.churn_probabilities(t)), 1 - survival, rtol=1e-11)
        assert given.survival(0) == 1
        assert isinstance(given.retention(3), float)

    def test_they_are_what_customers_do(self, model, params):
        lifetimes = drawn_lifetimes(tuple(params.values()), 400_000, np.random.default_rng(1))
        for t in (1, 2, 5, 20):
            expected = model.from_params(**params).survival(t)
            spread = math.sqrt(expected * (1 - expected) / lifetimes.size)
            assert abs((lifetimes >= t).mean() - expected) < 4 * spread

    def test_curve(self, model, params):
        given = model.from_params(**params)
        curve = given.curve(5)
        assert list(curve.columns) == ["period", "survival", "retention"]
        assert curve["period"].tolist() == [0, 1, 2, 3, 4, 5]
        assert curve["survival"][0] == 1
        assert math.isnan(curve["retention"][0])
        np.testing.assert_allclose(curve["retention"][1:], given.retention(np.arange(1, 6)), rtol=1e-14)
        pd.testing.assert_frame_equal(given.curve([2, 5]), curve.iloc[[2, 5]].reset_index(drop=True))


@pytest.mark.parametrize(("model", "params"), MODELS[:3])  # a hundred fits of the fourth are dear and the same
def test_intervals_are_those_of_many_fits(model, params):
    given = model.from_params(**params)
    fits = [model().fit(given.simulate(20_000, 12, random_state=seed)) for seed in range(100)]
    curve = fits[0].curve(20, interval=0.9)
    ends = curve[1:][["survival_lower", "survival", "survival_upper"]].to_numpy()
    assert ((ends[:, 0] > 0) & (ends[:, 0] < ends[:, 1]) & (ends[:, 1] < ends[:, 2]) & (ends[:, 2] < 1)).all()
    assert (curve.loc[0, ["survival_lower", "survival_upper"]] == 1).all()
    for what in ("survival", "retention"):
        for t in (1, 12, 20):
            seen = np.array([getattr(fit, what)(t) for fit in fits])
            # Log odds: a standard deviation of 100 draws is known to 7 %; four times that.
            spread = np.std(np.log(seen / (1 - seen)))
            low, high = (curve[f"{what}_{end}"][t] for end in ("lower", "upper"))
            told = (np.log(high / (1 - high)) - np.log(low / (1 - low))) / 2 / 1.6449
            assert told == pytest.approx(spread, rel=0.3), (what, t)


@pytest.mark.parametrize(("model", "params"), MODELS)
class TestResidualLifetimes:
    def test_they_are_what_is_left_of_lifetimes(self, model, params):
        lifetimes = drawn_lifetimes(tuple(params.values()), 400_000, np.random.default_rng(2))
        given = model.from_params(**params)
        for made in (0, 2, 7):
            left = lifetimes[lifetimes >= made] - made
            within = np.minimum(left, 24)
            expected = given.discounted_residual_lifetime(made, 24)
            assert abs(within.mean() - expected) < 4 * within.std() / math.sqrt(left.size)
            discounted = (1 - 1.1**-left) / (1 - 1 / 1.1)  # 1 + 1/1.1 + ... for each renewal made
            for horizon in ("forever", 1000):
                expected = given.discounted_residual_lifetime(made, horizon, discount_rate=0.1)
                assert abs(discounted.mean() - expected) < 4 * discounted.std() / math.sqrt(left.size)

    def test_without_end(self, model, params):
        given = model.from_params(**params)
        if given._tail(given._theta) <= 1:
            with pytest.warns(
                cv.FitWarning, match="residual lifetime is infinite: survival falls as time to the power"
            ):
                assert given.expected_residual_lifetime([0, 5]).tolist() == [math.inf, math.inf]
        else:
            total = given.expected_residual_lifetime([0, 5])
            far = given.discounted_residual_lifetime([0, 5], "forever", discount_rate=1e-12)
            np.testing.assert_allclose(total, far, rtol=1e-6)
            assert isinstance(given.expected_residual_lifetime(0), float)

    def test_just_renewed_is_one_period_later(self, model, params):
        given = model.from_params(**params)
        now, later = (
            given.discounted_residual_lifetime([0, 3], discount_rate=0.1, next_renewal=when)
            for when in ("now", "next_period")
        )
        np.testing.assert_allclose(later, now / 1.1, rtol=1e-14)
        # The next renewal splits off: DERL(n) = r(n) (1 + v DERL(n+1)).
        ahead = given.discounted_residual_lifetime([1, 4], discount_rate=0.1)
        np.testing.assert_allclose(now, given.retention([1, 4]) * (1 + ahead / 1.1), rtol=1e-12)

    def test_a_new_customer_pays_at_once(self, model, params):
        given = model.from_params(**params, time_unit="month")
        terms = {"spend": 50.0, "margin": 0.8, "annual_discount_rate": 0.1}
        v = 1.1 ** (-1 / 12)
        payments = given.survival(np.arange(24)) * v ** np.arange(24)
        assert given.clv_new(horizon="24 months", **terms) == pytest.approx(40 * payments.sum(), rel=1e-12)
        assert given.clv_new(horizon=1, **terms) == 40
        later = given.clv_existing(0, horizon="forever", next_renewal="next_period", **terms)
        assert given.clv_new(horizon="forever", **terms) == pytest.approx(40 + later, rel=1e-12)

    def test_simulate(self, model, params):
        given = model.from_params(**params)
        table = given.simulate(1000, 6, random_state=3)
        pd.testing.assert_frame_equal(table, given.simulate(1000, 6, random_state=3))
        assert not table.equals(given.simulate(1000, 6, random_state=4))
        assert list(table.columns) == ["period", "at_risk", "lost"]
        assert (table["at_risk"].to_numpy()[1:] == (table["at_risk"] - table["lost"]).to_numpy()[:-1]).all()


@pytest.mark.parametrize(
    ("t", "wait", "renewals"),
    [
        (24, 0, 24),  # at 0, 1, ..., 23
        (24, 1, 24),  # at 1, ..., 24
        (2.5, 0, 3),
        (2.5, 1, 2),
        (0.5, 0, 1),
        (0.5, 1, 0),
        (0.5, 0.25, 1),
        (1.25, 0.25, 2),
        (3 - ROUNDING / 10, 1, 3),  # a text in other units may be rounded down
        (3 + ROUNDING / 10, 0, 3),
        (math.inf, 0.5, math.inf),
    ],
)
def test_renewals_within_a_horizon(t, wait, renewals):
    assert _renewals_within(t, np.array([float(wait)])).tolist() == [renewals]


CUSTOMERS = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c", "d"],
        "renewals": [0, 3, 3, 40],
        "active": [True, True, False, True],
        "time_to_renewal": [0.0, 1.0, 1.0, 0.5],
        "mrr": [10.0, 20.0, 20.0, 5.0],
        "time_unit": "month",
    }
)


class TestScoreClv:
    VALUE = {"spend_model": "mrr", "margin": 0.8, "annual_discount_rate": 0.1}  # noqa: RUF012  read only

    @pytest.fixture(params=[p.values for p in MODELS], ids=[p.id for p in MODELS])  # noqa: PD011  of a pytest.param
    def model(self, request):
        kind, params = request.param
        return kind.from_params(**params, time_unit="month")

    def test_a_value_is_a_discounted_sum(self, model):
        scored = cv.score_clv(CUSTOMERS, purchase_model=model, horizon="24 months", **self.VALUE)
        delta = math.log(1.1) / 12
        for row in scored.itertuples():
            j = np.arange(1, 25)
            kept = np.cumprod(model.retention(row.renewals + j))
            when = row.time_to_renewal + j - 1
            kept = kept[(when < 24) if row.time_to_renewal == 0 else (when <= 24)]
            value = row.mrr * 0.8 * kept @ np.exp(-delta * when[: kept.size])
            assert row.clv_if_alive == pytest.approx(value, rel=1e-11)
            assert row.clv == (row.clv_if_alive if row.active else 0)
            assert row.expected_purchases == pytest.approx(kept.sum() * row.active, rel=1e-11)
            assert row.p_active == pytest.approx(kept[0] * row.active, rel=1e-12)
            assert row.p_alive == row.active

    def test_existing_customers_agree(self, model):
        scored = cv.score_clv(
            CUSTOMERS.drop(columns=["active", "time_to_renewal"]), purchase_model=model, horizon=24, **self.VALUE
        )
        alone = model.clv_existing([0, 3, 3, 40], spend=1.0, margin=0.8, horizon=24, annual_discount_rate=0.1)
        np.testing.assert_allclose(scored["clv"], alone * CUSTOMERS["mrr"], rtol=1e-12)
        assert (scored["p_alive"] == 1).all()

    def test_forever(self, model):
        forever = cv.score_clv(CUSTOMERS, purchase_model=model, horizon="forever", **self.VALUE)
        long = cv.score_clv(CUSTOMERS, purchase_model=model, horizon="900 years", **self.VALUE)
        np.testing.assert_allclose(forever["clv"], long["clv"], rtol=1e-12)
        assert "expected_purchases" not in forever

    def test_intervals(self):
        model = SBG().fit(COHORTS.assign(time_unit="month"))
        call = {"purchase_model": model, "horizon": "12 months", "interval": 0.9, **self.VALUE}
        mean = cv.score_clv(CUSTOMERS, **call)
        assert (mean["clv_lower"] <= mean["clv"]).all()
        assert (mean["clv"] <= mean["clv_upper"]).all()
        assert mean["clv_upper"][2] == 0
        outcome = cv.score_clv(CUSTOMERS, **call, interval_for="outcome")
        # More than a twentieth of new customers leave at the first renewal, and more than a twentieth after the last.
        assert outcome["purchases_lower"][0] == 0
        assert outcome["purchases_lower"][3] > 0
        assert outcome["purchases_upper"].tolist() == [12, 12, 0, 12]

    def test_outcomes_cover_what_customers_do(self):
        params = (2.0, 9.0)
        model = SBG.from_params(alpha=2.0, beta=9.0, time_unit="month")
        one = CUSTOMERS.iloc[[0]]
        ends = cv.score_clv(
            one, purchase_model=model, horizon=12, interval=0.8, interval_for="outcome", **self.VALUE
        ).iloc[0]
        made = np.minimum(drawn_lifetimes(params, 200_000, np.random.default_rng(3)), 12)
        low, high = (np.quantile(made, q, method="inverted_cdf") for q in (0.1, 0.9))
        assert (ends["purchases_lower"], ends["purchases_upper"]) == (low, high)

    @pytest.mark.parametrize("library", [pl.from_pandas, lambda f: pa.Table.from_pandas(f, preserve_index=False)])
    def test_libraries(self, library, model):
        expected = cv.score_clv(CUSTOMERS, purchase_model=model, horizon=24, **self.VALUE)["clv"]
        scored = cv.score_clv(library(CUSTOMERS), purchase_model=model, horizon=24, **self.VALUE)
        assert type(scored) is type(library(CUSTOMERS))
        np.testing.assert_allclose(scored["clv"].to_numpy(), expected, rtol=1e-14)

    def test_refusals(self, model):
        call = {"purchase_model": model, "horizon": 24, **self.VALUE}
        with pytest.raises(cv.InputError, match=r"the summary lacks \['renewals'\]"):
            cv.score_clv(CUSTOMERS.drop(columns="renewals"), **call)
        with pytest.raises(cv.InputError, match="was fitted in months and this summary is in weeks"):
            cv.score_clv(CUSTOMERS.assign(time_unit="week"), **call)
        with pytest.raises(cv.InputError, match='horizon="forever" needs a discount rate above 0'):
            cv.score_clv(CUSTOMERS, purchase_model=model, horizon="forever", spend_model="mrr", margin=0.8)
        with pytest.raises(cv.NotFittedError, match="call fit"):
            cv.score_clv(CUSTOMERS, **call | {"purchase_model": type(model)()})


def test_from_subscriptions_to_values():
    # Customers who sign on any day of three years and leave as the model has it, at the end of a month of theirs.
    rng, n, params = np.random.default_rng(4), 20_000, np.array([1.5, 12.0])
    start = pd.Series(pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 1000, n), unit="D"))
    renewals = np.minimum(drawn_lifetimes(params, n, rng), 60).astype(int)
    ahead = (start.dt.year * 12 + start.dt.month - 1 + renewals + 1).to_numpy()
    # On the day of the month that they signed on, or the 28th: a contract that ends before its due date is not renewed.
    end = pd.to_datetime({"year": ahead // 12, "month": ahead % 12 + 1, "day": np.minimum(start.dt.day, 28)})
    subscriptions = pd.DataFrame({"customer_id": np.arange(n), "start": start, "end": end})
    table = cv.summarize_renewals(subscriptions, observation_end="2025-12-31")
    model = SBG().fit(table)
    told = model.summary_table(0.9999)
    assert ((told["lower"] < params) & (params < told["upper"])).all()
    customers = cv.summarize_contracts(subscriptions, observation_end="2025-12-31").assign(mrr=10.0)
    scored = cv.score_clv(
        customers, purchase_model=model, spend_model="mrr", horizon="24 months", margin=0.8, annual_discount_rate=0.1
    )
    assert ((scored["clv"] > 0) == customers["active"]).all()
    # What those under contract go on to do. Their mean has a sampling error, and so has the forecast, from the fit.
    left = (renewals - customers["renewals"])[customers["active"]]
    seen, expected = np.minimum(left, 24), scored["expected_purchases"][customers["active"]]
    assert abs(seen.mean() - expected.mean()) < 4 * math.sqrt(2) * seen.std() / math.sqrt(seen.size)
