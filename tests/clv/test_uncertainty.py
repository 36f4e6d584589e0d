"""Robust errors, posterior draws and the bootstrap, each against a computation of its own."""

import numpy as np
import pytest

import customer_value as cv


@pytest.fixture(scope="module")
def fitted(cdnow_summary):
    return cv.clv.BGNBD().fit(cdnow_summary)


@pytest.fixture(scope="module")
def columns(cdnow_summary):
    return tuple(cdnow_summary[c].to_numpy(float) for c in ("frequency", "recency", "T"))


def metropolis(model, columns, steps, seed):
    """Random walk over log parameters with the fit's covariance: slow, simple, and right."""
    rng = np.random.default_rng(seed)
    rows, counts = np.unique(np.column_stack(columns), axis=0, return_counts=True)
    spread = np.linalg.cholesky(model._log_covariance) * 2.38 / 2

    def log_posterior(theta):
        return float(model._log_likelihood(tuple(np.exp(theta)), *rows.T) @ counts)

    theta = np.log(model._theta)
    value, chain = log_posterior(theta), np.empty((steps, theta.size))
    for i in range(steps):
        trial = theta + spread @ rng.standard_normal(theta.size)
        there = log_posterior(trial)
        if np.log(rng.random()) < there - value:
            theta, value = trial, there
        chain[i] = theta
    return chain[steps // 10 :]


def test_the_sandwich_by_hand(fitted, columns):
    # Scores by finite differences of each customer's own log-likelihood; bread from the fit.
    theta, h = np.log(fitted._theta), 1e-6
    scores = np.array(
        [
            (
                fitted._log_likelihood(tuple(np.exp(theta + h * e)), *columns)
                - fitted._log_likelihood(tuple(np.exp(theta - h * e)), *columns)
            )
            / (2 * h)
            for e in np.eye(4)
        ]
    )
    bread = fitted._log_covariance
    robust = fitted.with_uncertainty("robust")
    np.testing.assert_allclose(robust._log_covariance, bread @ (scores @ scores.T) @ bread, rtol=1e-6)
    assert robust.params_ == fitted.params_
    np.testing.assert_allclose(robust.with_uncertainty("information")._log_covariance, bread, rtol=1e-8)
    wider = robust.predict(cdnow_head(columns), 39, interval=0.9)
    usual = fitted.predict(cdnow_head(columns), 39, interval=0.9)
    assert not np.allclose(wider["expected_purchases_upper"], usual["expected_purchases_upper"])


def cdnow_head(columns):
    import pandas as pd

    return pd.DataFrame(dict(zip(("frequency", "recency", "T"), (c[:20] for c in columns), strict=True)))


def test_posterior_draws_are_those_of_a_markov_chain(fitted, columns):
    draws = fitted.posterior_draws(4000)
    assert draws.k_hat < 0.7
    assert draws.effective_size > 3000
    chain = metropolis(fitted, columns, 12_000, seed=5)
    # The chain's effective size is at least a fiftieth of its length here; four standard errors of both.
    logs = np.log(draws.params)
    error = chain.std(axis=0) * np.sqrt(1 / draws.effective_size + 50 / len(chain))
    assert np.all(np.abs(logs.mean(axis=0) - chain.mean(axis=0)) < 4 * error)
    assert np.all(np.abs(logs.std(axis=0) / chain.std(axis=0) - 1) < 0.15)


def test_draws_do_not_depend_on_the_order_of_rows(fitted, cdnow_summary):
    again = cv.clv.BGNBD().fit(cdnow_summary.sample(frac=1, random_state=2))
    np.testing.assert_array_equal(again.posterior_draws(200).params, fitted.posterior_draws(200).params)
    np.testing.assert_array_equal(again.bootstrap(5).params, fitted.bootstrap(5).params)
    assert not np.array_equal(fitted.bootstrap(5, random_state=1).params, fitted.bootstrap(5).params)


def test_a_strong_prior_prevails(fitted):
    draws = fitted.posterior_draws(1000, prior={"a": (2.0, 0.01)})
    assert np.log(draws.params[:, 2]).mean() == pytest.approx(np.log(2.0), abs=0.01)
    assert draws.prior == {"a": (2.0, 0.01)}


def test_the_bootstrap_resamples_customers(fitted, columns):
    # Refitting with each customer drawn with replacement is the textbook's bootstrap; standard errors agree within the
    # noise of 60 resamples each, about 13 % times the square root of 2.
    draws = fitted.bootstrap(60)
    assert draws.method == "bootstrap"
    assert draws.k_hat is None
    rng, found = np.random.default_rng(6), []
    for _ in range(60):
        weights = rng.multinomial(columns[0].size, np.full(columns[0].size, 1 / columns[0].size))
        found.append(list(cv.clv.BGNBD().fit(cdnow_frame(columns), weights=weights).params_.values()))
    ratio = np.log(draws.params).std(axis=0) / np.log(found).std(axis=0)
    assert np.all(np.abs(np.log(ratio)) < 4 * np.sqrt(2 / 120))
    assert fitted.with_uncertainty(draws).standard_errors_["r"] > fitted.standard_errors_["r"]


def cdnow_frame(columns):
    import pandas as pd

    return pd.DataFrame(dict(zip(("frequency", "recency", "T"), columns, strict=True)))


def test_tables_of_draws(fitted):
    draws = fitted.posterior_draws(500)
    assert list(draws.to_frame().columns) == ["r", "alpha", "a", "b"]
    table = draws.summary_table(interval=0.9)
    assert (table["lower"] < table["mean"]).all()
    assert (table["mean"] < table["upper"]).all()
    np.testing.assert_allclose(table["standard_deviation"], draws.params.std(axis=0, ddof=1))


def test_what_needs_the_data_says_so(fitted):
    loaded = cv.clv.BGNBD.from_json(fitted.to_json())
    for ask in (loaded.posterior_draws, loaded.bootstrap, lambda: loaded.with_uncertainty("robust")):
        with pytest.raises(cv.NotFittedError, match=r"holds no data.*Call fit\(summary\)"):
            ask()
    draws = fitted.posterior_draws(200)
    assert loaded.with_uncertainty(draws).standard_errors_["r"] > 0
    with pytest.raises(cv.InputError, match="draws of r, alpha, a, b; ParetoNBD has r, alpha, s, beta"):
        cv.clv.ParetoNBD.from_params(r=1.0, alpha=1.0, s=1.0, beta=1.0).with_uncertainty(draws)
    with pytest.raises(cv.InputError, match="source must be 'information', 'robust', or draws"):
        fitted.with_uncertainty("sandwich")


def test_too_few_customers_to_resample(cdnow_summary):
    few = cv.clv.GammaGamma().fit(cdnow_summary.query("frequency > 0").head(12))
    with pytest.raises(cv.InputError, match="bootstrap needs at least 20 customers to resample; the fit had 12"):
        few.bootstrap()


def test_intervals_of_draws_come_from_the_prediction_at_each(fitted, cdnow_summary):
    draws = fitted.posterior_draws(100)
    told = fitted.with_uncertainty(draws)
    total = []
    for params in draws.params.tolist():
        one = cv.clv.BGNBD.from_params(**dict(zip(["r", "alpha", "a", "b"], params, strict=True)), time_unit="week")
        total.append(one.predict(cdnow_summary, 39)["expected_purchases"].sum())
    value = {"spend_model": "one", "horizon": 39, "margin": 1.0, "interval": 0.9}
    found = cv.customer_equity(cdnow_summary.assign(one=1.0), purchase_model=told, **value).iloc[0]
    width = 1.6448536269514722 * np.log(total).std(ddof=1)
    np.testing.assert_allclose(np.log(found["equity_upper"] / found["equity"]), width, rtol=1e-9)
    np.testing.assert_allclose(np.log(found["equity"] / found["equity_lower"]), width, rtol=1e-9)


def test_a_new_source_forgets_the_draws(fitted, cdnow_summary):
    told = fitted.with_uncertainty(fitted.posterior_draws(100)).with_uncertainty("information")
    frames = [model.predict(cdnow_summary.head(20), 39, interval=0.9) for model in (told, fitted)]
    np.testing.assert_allclose(frames[0]["expected_purchases_upper"], frames[1]["expected_purchases_upper"], rtol=1e-9)
