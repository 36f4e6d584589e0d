"""What every purchase model must do, whatever its mathematics. A new model adds one line to MODELS."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.stats import chi2
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

import customer_value as cv
from customer_value.clv._rows import distinct_rows

# Model, parameters near CDNOW's, and parameters of a very different business.
MODELS = [
    pytest.param(cv.clv.BGNBD(), {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, id="BGNBD-cdnow"),
    pytest.param(cv.clv.BGNBD(), {"r": 2.5, "alpha": 3.0, "a": 1.7, "b": 9.0}, id="BGNBD-regular"),
    pytest.param(cv.clv.ParetoNBD(), {"r": 0.553, "alpha": 10.58, "s": 0.606, "beta": 11.67}, id="ParetoNBD-cdnow"),
    pytest.param(cv.clv.ParetoNBD(), {"r": 2.5, "alpha": 3.0, "s": 1.7, "beta": 40.0}, id="ParetoNBD-regular"),
    pytest.param(cv.clv.MBGNBD(), {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}, id="MBGNBD-cdnow"),
    pytest.param(cv.clv.MBGNBD(), {"r": 2.5, "alpha": 3.0, "a": 1.7, "b": 9.0}, id="MBGNBD-regular"),
    pytest.param(cv.clv.NBD(), {"r": 0.385, "alpha": 12.07}, id="NBD-cdnow"),
    pytest.param(cv.clv.NBD(), {"r": 2.5, "alpha": 3.0}, id="NBD-regular"),
    pytest.param(
        cv.clv.GGompertzNBD(), {"r": 0.55, "alpha": 10.6, "b": 0.15, "s": 0.6, "beta": 8.0}, id="GGompertzNBD-cdnow"
    ),
    pytest.param(
        cv.clv.GGompertzNBD(), {"r": 2.5, "alpha": 3.0, "b": 0.1, "s": 1.2, "beta": 30.0}, id="GGompertzNBD-regular"
    ),
    pytest.param(cv.clv.BGCNBD(k=2), {"r": 0.25, "alpha": 2.3, "a": 0.8, "b": 2.4}, id="BGCNBD-cdnow"),
    pytest.param(cv.clv.MBGCNBD(k=3), {"r": 2.5, "alpha": 1.0, "a": 1.7, "b": 9.0}, id="MBGCNBD-regular"),
    pytest.param(cv.clv.BGBB(), {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.78}, id="BGBB-donations"),
    pytest.param(cv.clv.BGBB(), {"alpha": 2.5, "beta": 9.0, "gamma": 1.7, "delta": 40.0}, id="BGBB-regular"),
]
CLASSES = [
    pytest.param(model, id=kind.__name__) for kind, model in {type(c[0][0]): c[0][0] for c in reversed(MODELS)}.items()
]

# One-time buyers, a customer seen only today, a purchase on the last day, thousands of purchases, decades.
ROWS = {
    "frequency": np.array([0, 0, 0, 1, 2, 5, 26, 12, 3000, 40.0]),
    "recency": np.array([0, 0, 0, 7.0, 30.43, 38.0, 30.857, 60.0, 980.0, 700.0]),
    "T": np.array([0.0, 3.0, 38.86, 38.86, 38.86, 38.0, 31.0, 104.0, 1000.0, 2600.0]),
}
# The same for whole opportunities.
WHOLE = {
    "frequency": np.array([0, 0, 0, 1, 2, 5, 26, 12, 980, 40.0]),
    "recency": np.array([0, 0, 0, 7.0, 30.0, 38.0, 30.0, 60.0, 980.0, 700.0]),
    "opportunities": np.array([0.0, 3.0, 38.0, 38.0, 38.0, 38.0, 31.0, 104.0, 1000.0, 2600.0]),
}


def rows_for(model):
    return WHOLE if "opportunities" in model._columns else ROWS


def columns_for(model):
    return tuple(rows_for(model)[name] for name in model._columns)


def summary(model):
    frame = pd.DataFrame(rows_for(model) | {"customer_id": np.arange(10)})
    return frame.assign(log_intervals=np.log1p(frame["recency"]), time_unit="week")


def given(model, params):
    return type(model).from_params(**model.get_params(), **params, time_unit="week")


def seen(drawn, n, T):
    """Summary of simulated repeat purchases, of customers who were all observed for a time T."""
    waited = drawn["time"] - drawn.groupby("customer")["time"].shift(fill_value=0.0)
    drawn = drawn.assign(log_interval=np.log(waited))
    told = drawn.groupby("customer").agg(
        frequency=("time", "size"), recency=("time", "max"), log_intervals=("log_interval", "sum")
    )
    return told.reindex(range(n), fill_value=0).assign(T=T, opportunities=T, time_unit="week")


@pytest.mark.parametrize(("model", "params"), MODELS)
class TestArrays:
    def test_gradient_is_the_likelihoods_slope(self, model, params):
        # Central differences of step h err by h^2 |f'''| / 6 and by the likelihood's rounding over h.
        theta = np.array(list(params.values()))
        ll, gradient = model._score(tuple(theta), *columns_for(model))
        np.testing.assert_allclose(ll, model._log_likelihood(tuple(theta), *columns_for(model)), rtol=1e-12)
        for j, value in enumerate(theta):
            h = 1e-5 * value
            step = h * (np.arange(theta.size) == j)
            slope = (
                model._log_likelihood(tuple(theta + step), *columns_for(model))
                - model._log_likelihood(tuple(theta - step), *columns_for(model))
            ) / (2 * h)
            scale = np.maximum(np.abs(gradient[j]), 1e-3 / value)
            assert np.max(np.abs(slope - gradient[j]) / scale) < 1e-5

    def test_hessian_is_the_gradients_slope(self, model, params):
        if model._hessian is None:
            assert model._objective is None
            return
        theta = np.array(list(params.values()))
        hessian = model._hessian(tuple(theta), *columns_for(model))
        for j, value in enumerate(theta):
            h = 1e-5 * value
            step = h * (np.arange(theta.size) == j)
            slope = (
                model._score(tuple(theta + step), *columns_for(model))[1]
                - model._score(tuple(theta - step), *columns_for(model))[1]
            ) / (2 * h)
            np.testing.assert_allclose(hessian[j], slope, rtol=1e-6, atol=1e-7 * np.abs(hessian).max())

    def test_totals_are_sums_of_rows(self, model, params):
        if model._objective is None:
            return
        theta, weights = tuple(params.values()), np.linspace(0.5, 3.0, 10)
        value, slope, curvature = model._objective(theta, *columns_for(model), weights)
        ll, gradient = model._score(theta, *columns_for(model))
        np.testing.assert_allclose(value, ll @ weights, rtol=1e-12)
        np.testing.assert_allclose(slope, gradient @ weights, rtol=1e-9)
        np.testing.assert_allclose(curvature, model._hessian(theta, *columns_for(model)) @ weights, rtol=1e-8)

    def test_everything_is_finite_and_in_range(self, model, params):
        theta = tuple(params.values())
        alive = model._probability_alive(theta, *columns_for(model))
        active = model._active(theta, columns_for(model), 26.0)
        expected = model._expected(theta, columns_for(model), 26.0)
        assert np.all(np.isfinite(model._log_likelihood(theta, *columns_for(model))))
        assert np.all((alive >= 0) & (alive <= 1))
        assert np.all((active >= 0) & (active <= alive + 1e-12))
        assert np.all(np.isfinite(expected) & (expected >= active - 1e-9))  # a mean count is at least P(count >= 1)

    def test_a_vanishing_horizon_expects_nothing(self, model, params):
        theta = tuple(params.values())
        np.testing.assert_array_equal(model._expected(theta, columns_for(model), 0.0), 0.0)
        if "opportunities" in model._columns:
            return
        tiny, tinier = (model._expected(theta, columns_for(model), t) for t in (1e-6, 1e-9))
        assert np.all(tiny < 1e-4)
        # Linear near 0; only a regular customer who has bought this moment is sure to wait.
        linear = ROWS["recency"] < ROWS["T"] if getattr(model, "k", 1) > 1 else slice(None)
        np.testing.assert_allclose(tinier[linear], tiny[linear] * 1e-3, rtol=1e-4)

    def test_counts_sum_to_one_and_to_their_mean(self, model, params):
        theta = tuple(params.values())
        n, t = np.arange(600.0), 20.0
        pmf, beyond = model._pmf_new(theta, n, t), model._sf_new(theta, n, t)
        np.testing.assert_allclose(pmf.sum() + beyond[-1], 1, atol=1e-10)
        np.testing.assert_allclose(1 - np.cumsum(pmf), beyond, atol=1e-10)
        np.testing.assert_allclose(beyond.sum(), model._expected_purchases_new(theta, np.array([t]))[0], rtol=1e-8)

    def test_silence_is_the_likelihood_of_no_purchase(self, model, params):
        theta = tuple(params.values())
        nothing = model._pmf_new(theta, np.array([0.0]), 20.0)[0]
        silent = [np.zeros(1)] * (len(model._columns) - 1)
        ll = model._log_likelihood(theta, *silent, np.full(1, 20.0))[0]
        np.testing.assert_allclose(nothing, np.exp(ll), rtol=1e-10)

    def test_activity_is_one_less_the_odds_of_longer_silence(self, model, params):
        # P(no purchase in (T, T + t]) is the likelihood of the same history, silent until T + t, over its own.
        theta = tuple(params.values())
        *history, T = columns_for(model)
        ratio = np.exp(model._log_likelihood(theta, *history, T + 26.0) - model._log_likelihood(theta, *history, T))
        np.testing.assert_allclose(model._active(theta, columns_for(model), 26.0), 1 - ratio, atol=3e-11)

    def test_activity_agrees_with_the_conditional_distribution(self, model, params):
        fitted = given(model, params)
        nothing = fitted.purchase_distribution(summary(model), 26, [0])[:, 0]
        np.testing.assert_allclose(fitted.probability_active(summary(model), 26), 1 - nothing, atol=1e-9)

    def test_expectation_adds_up_over_time(self, model, params):
        # E[X(T, T + 40)] = E[X(T, T + 15)] + P(alive) weighted rest: bought or not, the tower rule over the next 15.
        theta = tuple(params.values())
        n = np.arange(400.0)
        first = model._expected_purchases_new(theta, np.array([15.0, 40.0]))
        assert first[1] > first[0]
        simulated = model._draw_purchases(theta, np.full(60_000, 40.0), np.random.default_rng(1))
        counts = np.bincount(simulated[0], minlength=60_000)
        error = counts.std() / np.sqrt(60_000)
        assert abs(counts.mean() - first[1]) < 4 * error
        share = np.array([(counts > k).mean() for k in range(4)])
        beyond = model._sf_new(theta, n[:4], 40.0)
        assert np.all(np.abs(share - beyond) < 4 * np.sqrt(beyond * (1 - beyond) / 60_000))
        early = np.bincount(simulated[0][simulated[1] <= 15.0], minlength=60_000)
        assert abs(early.mean() - first[0]) < 4 * early.std() / np.sqrt(60_000)

    def test_survival_falls_and_meets_the_counts(self, model, params):
        # Whoever is alive at t has some count; P(alive) of a silent customer is P(alive, no purchase) / P(no purchase).
        theta, n, times = tuple(params.values()), np.arange(2000.0), np.array([0.0, 1.0, 20.0, 500.0])
        survival = model._survival_new(theta, times)
        assert np.all(np.diff(survival) <= 0)
        np.testing.assert_allclose(model._pmf_alive_new(theta, n, 20.0).sum(), survival[2], rtol=1e-9)
        assert np.all(model._pmf_alive_new(theta, n[:50], 20.0) <= model._pmf_new(theta, n[:50], 20.0) * (1 + 1e-12))
        silent = [np.zeros(1)] * (len(model._columns) - 1)
        alive = model._probability_alive(theta, *silent, np.full(1, 20.0))[0]
        none = model._pmf_new(theta, np.zeros(1), 20.0)[0]
        np.testing.assert_allclose(model._pmf_alive_new(theta, np.zeros(1), 20.0)[0], alive * none, rtol=1e-9)

    def test_counts_of_an_interval_are_a_distribution(self, model, params):
        # They sum to 1, and their mean is the difference of two expectations (BTYD's sum to 1.07).
        theta, n = tuple(params.values()), np.arange(400.0)
        for start, t in ((1.0, 1.0), (13.0, 26.0)):
            pmf = model._interval_pmf_new(theta, n, start, t)
            np.testing.assert_allclose(pmf.sum(), 1, atol=1e-9)
            by = model._expected_purchases_new(theta, np.array([start, start + t]))
            np.testing.assert_allclose(pmf @ n, by[1] - by[0], rtol=1e-8)
        near = model._interval_pmf_new(theta, n, 0.0, 13.0)
        np.testing.assert_allclose(near, model._pmf_new(theta, n, 13.0), atol=1e-12)

    def test_counts_after_a_gap_given_the_history(self, model, params):
        # Counts in (T + 13, T + 39]: a distribution whose mean is E[(T, T + 39]] less E[(T, T + 13]].
        few = [c[2:6] for c in columns_for(model)]
        theta, n = tuple(params.values()), np.arange(250.0)
        pmf = model._counts(theta, tuple(few), n, 13.0, 26.0)
        np.testing.assert_allclose(pmf.sum(axis=1), 1, atol=1e-8)
        gap = model._expected(theta, tuple(few), 39.0) - model._expected(theta, tuple(few), 13.0)
        np.testing.assert_allclose(pmf @ n, gap, rtol=1e-7)

    def test_discounting_by_brute_force(self, model, params):
        # Purchases of short steps, each discounted from its middle: the error falls with the square of the step, so
        # that two steps give the limit.
        if "opportunities" in model._columns:
            return
        theta, few, delta = tuple(params.values()), tuple(c[3:7] for c in columns_for(model)), 0.01
        edges = np.linspace(0, 52, 521)
        expected = np.array([model._expected_if_alive(theta, few, t) for t in edges])
        fine, coarse = (
            np.exp(-delta * (edges[step::step] + edges[:-1:step]) / 2) @ np.diff(expected[::step], axis=0)
            for step in (1, 2)
        )
        np.testing.assert_allclose(
            model._discounted_if_alive(theta, few, 52.0, delta), (4 * fine - coarse) / 3, rtol=1e-8
        )

    def test_discounting_forever_is_the_limit(self, model, params):
        # At .2 a week what comes after 200 weeks is e^-40 of the rest; there the finite sum takes another way.
        theta, few = tuple(params.values()), tuple(c[3:7] for c in columns_for(model))
        limit = model._discounted_if_alive(theta, few, np.inf, 0.2)
        np.testing.assert_allclose(limit, model._discounted_if_alive(theta, few, 200.0, 0.2), rtol=1e-8)

    def test_posterior_rates_average_to_the_prior(self, model, params):
        # Over simulated customers the posterior means have the prior's mean, and the two parts of the variance add up.
        truth, n, T = given(model, params), 10_000, 30.0
        data = seen(truth.simulate(n, T, random_state=11), n, T)
        rates = truth.posterior_rates(data)
        assert truth._mixing
        for name, mixing in truth._mixing.items():
            mean, square = (mixing.moment(truth.params_, order) for order in (1, 2))
            told = rates[name]
            assert abs(told.mean() - mean) < 4 * told.std() / np.sqrt(n)
            squares = told**2 + rates[f"{name}_sd"] ** 2
            assert abs(squares.mean() - square) < 4 * squares.std() / np.sqrt(n)
            assert told.std() > 0

    def test_simulate_then_fit_recovers(self, model, params):
        truth = given(model, params)
        n, T = 4000, 60.0
        data = seen(truth.simulate(n, T, random_state=7), n, T)
        fitted = clone(model).fit(data)
        assert fitted.diagnostics_["converged"]
        theta = np.log(list(params.values()))
        off = np.log(list(fitted.params_.values())) - theta
        # The squared Mahalanobis distance is chi-square with as many degrees of freedom as parameters: 99.99 %.
        assert off @ np.linalg.solve(fitted._log_covariance, off) < chi2.ppf(0.9999, theta.size)
        columns = [data[name].to_numpy(float) for name in model._columns]
        gain = model._log_likelihood(fitted._theta, *columns) - model._log_likelihood(truth._theta, *columns)
        assert gain.sum() >= 0


@pytest.fixture
def data(model, cdnow_log):
    """Data that the model can be fitted on, with more columns than it needs."""
    if "opportunities" in model._columns:
        donors = cv.datasets.load_donations()
        rows = donors.loc[donors.index.repeat(donors["customers"])].drop(columns="customers")
        return rows.sample(2400, random_state=5, ignore_index=True).assign(time_unit="week", customer_id=range(2400))
    if "b" in model._parameters and "s" in model._parameters:  # on CDNOW it is a ridge that ends in Pareto/NBD
        truth = given(model, {"r": 0.55, "alpha": 5.0, "b": 0.15, "s": 1.2, "beta": 30.0})
        return seen(truth.simulate(800, 52, random_state=2), 800, 52.0).assign(customer_id=range(800))
    return cv.summarize_customers(
        cdnow_log[cdnow_log["date"] <= "1997-09-30"], observation_end="1997-09-30", regularity=True
    )


@pytest.mark.parametrize("model", CLASSES)
class TestFitting:
    def test_weights_are_repeated_rows(self, model, data):
        data = data.head(600)
        counts = np.arange(600) % 4
        weighted = clone(model).fit(data, weights=counts)
        repeated = clone(model).fit(data.loc[data.index.repeat(counts)])
        np.testing.assert_allclose(list(weighted.params_.values()), list(repeated.params_.values()), rtol=1e-6)
        np.testing.assert_allclose(weighted.log_likelihood_, repeated.log_likelihood_, rtol=1e-11)
        assert weighted.n_customers_ == counts.sum()
        named = clone(model).fit(data.assign(n=counts), weights="n")
        assert named.params_ == weighted.params_

    def test_rows_in_any_order_give_the_same_bits(self, model, data):
        shuffled = data.sample(frac=1, random_state=3)
        assert clone(model).fit(shuffled).params_ == clone(model).fit(data).params_

    def test_every_library_gives_the_same_fit(self, model, data):
        data = data.drop(columns="observation_end", errors="ignore")
        reference = clone(model).fit(data)
        polars = pl.from_pandas(data)
        for frame in (polars, polars.lazy(), pa.Table.from_pandas(data)):
            other = clone(model).fit(frame)
            np.testing.assert_allclose(list(other.params_.values()), list(reference.params_.values()), rtol=1e-7)
            assert other.n_customers_ == reference.n_customers_
            assert other.time_unit_ == "week"

    def test_predictions_keep_the_kind_of_frame(self, model, data):
        fitted = clone(model).fit(data)
        data = data.head(50).drop(columns="observation_end", errors="ignore")
        reference = fitted.predict(data, "26 weeks", interval=0.9)
        polars = fitted.predict(pl.from_pandas(data), "26 weeks", interval=0.9)
        lazy = fitted.predict(pl.from_pandas(data).lazy(), "26 weeks", interval=0.9)
        arrow = fitted.predict(pa.Table.from_pandas(data), "26 weeks", interval=0.9)
        assert isinstance(polars, pl.DataFrame)
        assert isinstance(lazy, pl.LazyFrame)
        assert isinstance(arrow, pa.Table)
        for column in (
            "p_alive",
            "p_active",
            "expected_purchases",
            "expected_purchases_lower",
            "expected_purchases_upper",
        ):
            for other in (polars, lazy.collect(), arrow):
                np.testing.assert_array_equal(other[column].to_numpy(), reference[column].to_numpy())
        assert (reference["expected_purchases_lower"] < reference["expected_purchases"]).all()

    def test_pandas_index_and_order_stay(self, model, data):
        values = (0.5, 5.0, 0.8, 8.0, 2.0)[: len(model._parameters)]
        fitted = given(model, dict(zip(model._parameters, values, strict=True)))
        data = data.sample(30, random_state=1).set_axis([5] * 30, axis=0)
        before = data.copy()
        scored = fitted.predict(data, 10)
        assert list(scored.index) == [5] * 30
        pd.testing.assert_frame_equal(scored[data.columns.tolist()], before)
        pd.testing.assert_frame_equal(data, before)

    def test_json_there_and_back(self, model, data, tmp_path):
        fitted = clone(model).fit(data)
        again = type(model).from_json(fitted.to_json())
        assert json.loads(again.to_json()) == json.loads(fitted.to_json())
        assert repr(again) == repr(fitted)
        np.testing.assert_array_equal(again.covariance_, fitted.covariance_)
        cv.save_models(tmp_path / "m.json", purchases=fitted)
        assert cv.load_models(tmp_path / "m.json")["purchases"].params_ == fitted.params_

    def test_scikit_learns_protocol(self, model, data):
        unfitted = clone(model)
        with pytest.raises(cv.NotFittedError, match="fit"):
            unfitted.params_  # noqa: B018  # the access is the test
        with pytest.raises(cv.NotFittedError):
            unfitted.predict(data, 10)
        assert clone(model).fit(data).__sklearn_is_fitted__()
        check_is_fitted(clone(model).fit(data))
        assert clone(model).get_params() == unfitted.get_params()

    def test_the_covariance_is_the_inverse_information(self, model, data):
        # Independent of the fit's own Hessian: second differences of the total log-likelihood on natural parameters.
        fitted = clone(model).fit(data)
        rows = distinct_rows(tuple(data[c].to_numpy(float) for c in model._columns))
        theta = np.array(list(fitted.params_.values()))

        def total(p):
            return float(model._log_likelihood(tuple(p), *rows.columns) @ rows.counts)

        h = 1e-3 * theta
        size = theta.size
        eye = np.eye(size)
        information = np.empty((size, size))
        for i in range(size):
            for j in range(size):
                a, b = h[i] * eye[i], h[j] * eye[j]
                information[i, j] = -(
                    total(theta + a + b) - total(theta + a - b) - total(theta - a + b) + total(theta - a - b)
                ) / (4 * h[i] * h[j])
        np.testing.assert_allclose(np.linalg.inv(information), fitted.covariance_, rtol=5e-3)
