"""What every purchase model must do, whatever its mathematics. A new model adds one line to MODELS."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

import customer_value as cv
from customer_value.clv._rows import distinct_rows

# Model, parameters near CDNOW's, and parameters of a very different business.
MODELS = [
    pytest.param(cv.clv.BGNBD, {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, id="BGNBD-cdnow"),
    pytest.param(cv.clv.BGNBD, {"r": 2.5, "alpha": 3.0, "a": 1.7, "b": 9.0}, id="BGNBD-regular"),
    pytest.param(cv.clv.ParetoNBD, {"r": 0.553, "alpha": 10.58, "s": 0.606, "beta": 11.67}, id="ParetoNBD-cdnow"),
    pytest.param(cv.clv.ParetoNBD, {"r": 2.5, "alpha": 3.0, "s": 1.7, "beta": 40.0}, id="ParetoNBD-regular"),
]
CLASSES = [cv.clv.BGNBD, cv.clv.ParetoNBD]

# One-time buyers, a customer seen only today, a purchase on the last day, thousands of purchases, decades.
ROWS = {
    "frequency": np.array([0, 0, 0, 1, 2, 5, 26, 12, 3000, 40.0]),
    "recency": np.array([0, 0, 0, 7.0, 30.43, 38.0, 30.857, 60.0, 980.0, 700.0]),
    "T": np.array([0.0, 3.0, 38.86, 38.86, 38.86, 38.0, 31.0, 104.0, 1000.0, 2600.0]),
}
COLUMNS = tuple(ROWS.values())


def summary(repeat=1):
    frame = pd.DataFrame(ROWS | {"customer_id": np.arange(10), "time_unit": "week"})
    return pd.concat([frame] * repeat, ignore_index=True)


@pytest.mark.parametrize(("model", "params"), MODELS)
class TestArrays:
    def test_gradient_is_the_likelihoods_slope(self, model, params):
        # Central differences of step h err by h^2 |f'''| / 6 and by the likelihood's rounding over h.
        theta = np.array(list(params.values()))
        ll, gradient = model._score(tuple(theta), *COLUMNS)
        np.testing.assert_allclose(ll, model._log_likelihood(tuple(theta), *COLUMNS), rtol=1e-12)
        for j, value in enumerate(theta):
            h = 1e-5 * value
            step = h * (np.arange(theta.size) == j)
            slope = (
                model._log_likelihood(tuple(theta + step), *COLUMNS)
                - model._log_likelihood(tuple(theta - step), *COLUMNS)
            ) / (2 * h)
            scale = np.maximum(np.abs(gradient[j]), 1e-3 / value)
            assert np.max(np.abs(slope - gradient[j]) / scale) < 1e-5

    def test_hessian_is_the_gradients_slope(self, model, params):
        if model._hessian is None:
            assert model._objective is None
            return
        theta = np.array(list(params.values()))
        hessian = model._hessian(tuple(theta), *COLUMNS)
        for j, value in enumerate(theta):
            h = 1e-5 * value
            step = h * (np.arange(theta.size) == j)
            slope = (
                model._score(tuple(theta + step), *COLUMNS)[1] - model._score(tuple(theta - step), *COLUMNS)[1]
            ) / (2 * h)
            np.testing.assert_allclose(hessian[j], slope, rtol=1e-6, atol=1e-7 * np.abs(hessian).max())

    def test_totals_are_sums_of_rows(self, model, params):
        if model._objective is None:
            return
        theta, weights = tuple(params.values()), np.linspace(0.5, 3.0, 10)
        value, slope, curvature = model._objective(theta, *COLUMNS, weights)
        ll, gradient = model._score(theta, *COLUMNS)
        np.testing.assert_allclose(value, ll @ weights, rtol=1e-12)
        np.testing.assert_allclose(slope, gradient @ weights, rtol=1e-9)
        np.testing.assert_allclose(curvature, model._hessian(theta, *COLUMNS) @ weights, rtol=1e-8)

    def test_everything_is_finite_and_in_range(self, model, params):
        theta = tuple(params.values())
        alive = model._probability_alive(theta, *COLUMNS)
        active = model._active(theta, COLUMNS, 26.0)
        expected = model._expected(theta, COLUMNS, 26.0)
        assert np.all(np.isfinite(model._log_likelihood(theta, *COLUMNS)))
        assert np.all((alive >= 0) & (alive <= 1))
        assert np.all((active >= 0) & (active <= alive + 1e-12))
        assert np.all(np.isfinite(expected) & (expected >= active - 1e-9))  # a mean count is at least P(count >= 1)

    def test_a_vanishing_horizon_expects_nothing(self, model, params):
        theta = tuple(params.values())
        tiny, tinier = (model._expected(theta, COLUMNS, t) for t in (1e-6, 1e-9))
        assert np.all(tiny < 1e-4)
        np.testing.assert_allclose(tinier, tiny * 1e-3, rtol=1e-4)  # linear near 0

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
        ll = model._log_likelihood(theta, np.zeros(1), np.zeros(1), np.full(1, 20.0))[0]
        np.testing.assert_allclose(nothing, np.exp(ll), rtol=1e-10)

    def test_activity_is_one_less_the_odds_of_longer_silence(self, model, params):
        # P(no purchase in (T, T + t]) is the likelihood of the same history, silent until T + t, over its own.
        theta = tuple(params.values())
        x, t_x, T = COLUMNS
        ratio = np.exp(model._log_likelihood(theta, x, t_x, T + 26.0) - model._log_likelihood(theta, x, t_x, T))
        np.testing.assert_allclose(model._active(theta, COLUMNS, 26.0), 1 - ratio, atol=3e-11)

    def test_activity_agrees_with_the_conditional_distribution(self, model, params):
        fitted = model.from_params(**params, time_unit="week")
        nothing = fitted.purchase_distribution(summary(), 26, [0])[:, 0]
        np.testing.assert_allclose(fitted.probability_active(summary(), 26), 1 - nothing, atol=1e-9)

    def test_expectation_adds_up_over_time(self, model, params):
        # E[X(T, T + 40)] = E[X(T, T + 15)] + P(alive) weighted rest: bought or not, the tower rule over the next 15.
        theta = tuple(params.values())
        n = np.arange(400.0)
        first = model._expected_purchases_new(theta, np.array([15.0, 40.0]))
        assert first[1] > first[0]
        simulated = model._draw_purchases(theta, np.full(200_000, 40.0), np.random.default_rng(1))
        counts = np.bincount(simulated[0], minlength=200_000)
        error = counts.std() / np.sqrt(200_000)
        assert abs(counts.mean() - first[1]) < 4 * error
        share = np.array([(counts > k).mean() for k in range(4)])
        beyond = model._sf_new(theta, n[:4], 40.0)
        assert np.all(np.abs(share - beyond) < 4 * np.sqrt(beyond * (1 - beyond) / 200_000))
        early = np.bincount(simulated[0][simulated[1] <= 15.0], minlength=200_000)
        assert abs(early.mean() - first[0]) < 4 * early.std() / np.sqrt(200_000)

    def test_simulate_then_fit_recovers(self, model, params):
        truth = model.from_params(**params, time_unit="week")
        n, T = 20_000, 60.0
        drawn = truth.simulate(n, T, random_state=7)
        seen = drawn.groupby("customer")["time"].agg(["size", "max"]).reindex(range(n), fill_value=0)
        data = pd.DataFrame({"frequency": seen["size"], "recency": seen["max"], "T": T, "time_unit": "week"})
        fitted = model().fit(data)
        assert fitted.diagnostics_["converged"]
        theta = np.log(list(params.values()))
        off = np.log(list(fitted.params_.values())) - theta
        # Squared Mahalanobis distance of 4 parameters is chi-square with 4 degrees of freedom: 99.99 % below 23.5.
        assert off @ np.linalg.solve(fitted._log_covariance, off) < 23.5
        assert (
            fitted.log_likelihood_
            >= model._log_likelihood(tuple(params.values()), *data.iloc[:, :3].to_numpy(float).T).sum()
        )


@pytest.mark.parametrize("model", CLASSES)
class TestFitting:
    def test_weights_are_repeated_rows(self, model, cdnow_summary):
        data = cdnow_summary.head(600)
        counts = np.arange(600) % 4
        weighted = model().fit(data, weights=counts)
        repeated = model().fit(data.loc[data.index.repeat(counts)])
        np.testing.assert_allclose(list(weighted.params_.values()), list(repeated.params_.values()), rtol=1e-6)
        np.testing.assert_allclose(weighted.log_likelihood_, repeated.log_likelihood_, rtol=1e-11)
        assert weighted.n_customers_ == counts.sum()
        named = model().fit(data.assign(n=counts), weights="n")
        assert named.params_ == weighted.params_

    def test_rows_in_any_order_give_the_same_bits(self, model, cdnow_summary):
        shuffled = cdnow_summary.sample(frac=1, random_state=3)
        assert model().fit(shuffled).params_ == model().fit(cdnow_summary).params_

    def test_every_library_gives_the_same_fit(self, model, cdnow_summary):
        data = cdnow_summary[["customer_id", "frequency", "recency", "T", "time_unit"]]
        reference = model().fit(data)
        polars = pl.from_pandas(data)
        for frame in (polars, polars.lazy(), pa.Table.from_pandas(data)):
            other = model().fit(frame)
            np.testing.assert_allclose(list(other.params_.values()), list(reference.params_.values()), rtol=1e-7)
            assert other.n_customers_ == reference.n_customers_
            assert other.time_unit_ == "week"

    def test_predictions_keep_the_kind_of_frame(self, model, cdnow_summary):
        fitted = model().fit(cdnow_summary)
        data = cdnow_summary.head(50).drop(columns="observation_end")
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

    def test_pandas_index_and_order_stay(self, model, cdnow_summary):
        fitted = model.from_params(**dict(zip(model._parameters, (0.5, 5.0, 0.8, 8.0), strict=True)))
        data = cdnow_summary.sample(30, random_state=1).set_axis([5] * 30, axis=0)
        before = data.copy()
        scored = fitted.predict(data, 10)
        assert list(scored.index) == [5] * 30
        pd.testing.assert_frame_equal(scored[data.columns.tolist()], before)
        pd.testing.assert_frame_equal(data, before)

    def test_json_there_and_back(self, model, cdnow_summary, tmp_path):
        fitted = model().fit(cdnow_summary)
        again = model.from_json(fitted.to_json())
        assert json.loads(again.to_json()) == json.loads(fitted.to_json())
        assert repr(again) == repr(fitted)
        np.testing.assert_array_equal(again.covariance_, fitted.covariance_)
        cv.save_models(tmp_path / "m.json", purchases=fitted)
        assert cv.load_models(tmp_path / "m.json")["purchases"].params_ == fitted.params_

    def test_scikit_learns_protocol(self, model, cdnow_summary):
        unfitted = clone(model())
        with pytest.raises(cv.NotFittedError, match="fit"):
            unfitted.params_  # noqa: B018  # the access is the test
        with pytest.raises(cv.NotFittedError):
            unfitted.predict(cdnow_summary, 10)
        assert model().fit(cdnow_summary).__sklearn_is_fitted__()
        check_is_fitted(model().fit(cdnow_summary))
        assert model().get_params() == unfitted.get_params()

    def test_the_covariance_is_the_inverse_information(self, model, cdnow_summary):
        # Independent of the fit's own Hessian: second differences of the total log-likelihood on natural parameters.
        fitted = model().fit(cdnow_summary)
        rows = distinct_rows(tuple(cdnow_summary[c].to_numpy(float) for c in model._columns))
        theta = np.array(list(fitted.params_.values()))

        def total(p):
            return float(model._log_likelihood(tuple(p), *rows.columns) @ rows.counts)

        h = 3e-3 * theta
        eye = np.eye(4)
        information = np.empty((4, 4))
        for i in range(4):
            for j in range(4):
                a, b = h[i] * eye[i], h[j] * eye[j]
                information[i, j] = -(
                    total(theta + a + b) - total(theta + a - b) - total(theta - a + b) + total(theta - a - b)
                ) / (4 * h[i] * h[j])
        np.testing.assert_allclose(np.linalg.inv(information), fitted.covariance_, rtol=5e-3)
