"""Importance sampling, Pareto smoothing and priors, against distributions that are known."""

import numpy as np
import pytest
from scipy import stats

import customer_value as cv
from customer_value.clv._draws import importance_draws, log_normal, pareto_fit, read_prior, smoothed_weights, systematic

MEAN, COVARIANCE = np.array([0.5, -1.0]), np.array([[0.5, 0.3], [0.3, 0.4]])


def test_a_normal_posterior_is_found_again():
    target = stats.multivariate_normal(MEAN, COVARIANCE)
    rng = np.random.default_rng(1)
    draws, effective, k_hat = importance_draws(target.logpdf, MEAN, COVARIANCE, 20_000, rng)
    # Standard errors of a mean and of a variance of `effective` draws; four of them.
    error = np.sqrt(np.diag(COVARIANCE) / effective)
    assert np.all(np.abs(draws.mean(axis=0) - MEAN) < 4 * error)
    assert np.all(np.abs(draws.var(axis=0) / np.diag(COVARIANCE) - 1) < 4 * np.sqrt(2 / effective))
    assert 0.8 * 20_000 < effective <= 20_000
    assert k_hat < 0.5


def test_proposals_that_miss_the_tails_are_found_out():
    # A posterior ten times as wide as its covariance says: few proposals carry all the weight.
    target = stats.multivariate_t(MEAN, 100 * COVARIANCE, df=2)
    _, effective, k_hat = importance_draws(target.logpdf, MEAN, COVARIANCE, 4000, np.random.default_rng(2))
    assert k_hat > 0.7
    assert effective < 1000


@pytest.mark.parametrize("shape", [0.1, 0.5, 0.9])
def test_the_tails_shape_is_estimated(shape):
    # The estimate is drawn towards 1/2 by ten observations' worth; its standard error is about (1 + k) / sqrt(n).
    x = stats.genpareto(shape, scale=3.0).rvs(20_000, random_state=3)
    k, scale = pareto_fit(x)
    assert k == pytest.approx(shape, abs=4 * (1 + shape) / np.sqrt(20_000))
    assert scale == pytest.approx(3.0, rel=0.06)


def test_equal_weights_stay_equal():
    weights, k = smoothed_weights(np.zeros(1000))
    np.testing.assert_allclose(weights, 1e-3, rtol=1e-12)
    assert k <= 0.5


def test_resampling_keeps_the_shares():
    weights = np.array([0.1, 0.0, 0.65, 0.25])
    counts = np.bincount(systematic(weights, 1000, np.random.default_rng(4)), minlength=4)
    # Equal steps leave each count within one of its expectation.
    assert np.all(np.abs(counts - 1000 * weights) <= 1)


def test_the_prior_is_log_normal():
    density = log_normal({"b": (2.0, 0.5)}, ("a", "b"))
    theta = np.array([0.3, 1.1])
    value, slope, curvature = density(theta)
    exact = stats.norm(np.log(2.0), 0.5)
    assert value - density(np.array([9.0, 0.2]))[0] == pytest.approx(exact.logpdf(1.1) - exact.logpdf(0.2), rel=1e-12)
    step = 1e-6
    shift = np.array([0, step])
    ahead, behind = density(theta + shift), density(theta - shift)
    np.testing.assert_allclose(slope, [0, (ahead[0] - behind[0]) / (2 * step)], rtol=1e-8)
    np.testing.assert_allclose(curvature[1, 1], (ahead[1][1] - behind[1][1]) / (2 * step), rtol=1e-8)


@pytest.mark.parametrize(
    ("prior", "match"),
    [
        ("a", "prior must map parameters to"),
        ({"a": 1.0}, "prior must map parameters to"),
        ({"c": (1.0, 1.0)}, r"prior names \['c'\]; the model has the parameters \['a', 'b'\]"),
        ({"a": (0.0, 1.0)}, "prior of a must be"),
        ({"a": (1.0, -1.0)}, "prior of a must be"),
    ],
)
def test_what_is_no_prior(prior, match):
    with pytest.raises(cv.InputError, match=match):
        read_prior(prior, ("a", "b"))
