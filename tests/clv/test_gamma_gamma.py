"""Gamma-Gamma: published figures, 50-digit arithmetic at hard points, and what is special to the model."""

import json
from pathlib import Path

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special, stats

from customer_value.clv import GammaGamma

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "gamma_gamma.json").read_text())
CDNOW = tuple(GOLDEN["cdnow"]["params"].values())

HARD = [
    pytest.param(CDNOW, (2, 40.0), id="cdnow"),
    pytest.param((6.25, 3.74, 1e-4), (20000, 1e6), id="huge total, small v"),
    pytest.param((1e4, 1e-4, 1e-4), (20000, 1e-4), id="large p x"),
    pytest.param((1e-4, 1e4, 1e4), (1, 1e6), id="large q"),
    pytest.param((1e4, 1e4, 50.0), (7, 55.0), id="hardly any spread"),
    pytest.param((441.4, 860.1, 0.2078), (1, 0.1567), id="all terms large"),
]


def arrays(*values):
    return tuple(np.array([float(v)]) for v in values)


def exact_log_likelihood(row):
    """Eq. (1a) as printed, in mpmath."""
    x, m = map(mp.mpf, row)

    def log_likelihood(p, q, v):
        gammas = mp.loggamma(p * x + q) - mp.loggamma(p * x) - mp.loggamma(q)
        return gammas + q * mp.log(v) + (p * x - 1) * mp.log(m) + p * x * mp.log(x) - (p * x + q) * mp.log(v + x * m)

    return log_likelihood


@pytest.mark.parametrize(("params", "row"), HARD)
class TestLikelihood:
    def test_value_and_derivatives_are_exact(self, params, row):
        exact = exact_log_likelihood(row)
        ll, gradient = GammaGamma._score(params, *arrays(*row))
        hessian = GammaGamma._hessian(params, *arrays(*row))
        point = tuple(map(mp.mpf, params))
        with mp.workdps(80):
            references = {(): exact(*point)}
            for j in range(3):
                orders = np.eye(3, dtype=int)[j]
                references[j,] = mp.diff(exact, point, tuple(orders.tolist()))
                for k in range(3):
                    references[j, k] = mp.diff(exact, point, tuple((orders + np.eye(3, dtype=int)[k]).tolist()))
        for place, reference in references.items():
            value = {0: ll, 1: gradient, 2: hessian}[len(place)][place][()]
            np.testing.assert_allclose(value, float(reference), rtol=1e-10)
        np.testing.assert_allclose(GammaGamma._log_likelihood(params, *arrays(*row)), float(references[()]), rtol=1e-10)

    def test_totals_and_own_parameters_agree_with_rows(self, params, row):
        ll, gradient = GammaGamma._score(params, *arrays(*row))
        hessian = GammaGamma._hessian(params, *arrays(*row))
        value, slope, curvature = GammaGamma._objective(params, *arrays(*row), np.array([3.0]))
        np.testing.assert_allclose(value, 3 * ll[0], rtol=1e-10)
        np.testing.assert_allclose(slope, 3 * gradient[:, 0], rtol=1e-12)
        np.testing.assert_allclose(curvature, 3 * hessian[..., 0], rtol=1e-12)
        own = arrays(*params)
        np.testing.assert_allclose(GammaGamma._score(own, *arrays(*row))[1], gradient, rtol=1e-12)
        np.testing.assert_allclose(GammaGamma._hessian(own, *arrays(*row)), hessian, rtol=1e-12)


def test_totals_are_sums_over_customers():
    rng = np.random.default_rng(0)
    x, m, weights = rng.geometric(0.3, 20_000) * 1.0, rng.gamma(3.0, 12.0, 20_000), rng.integers(0, 4, 20_000) * 1.0
    value, slope, curvature = GammaGamma._objective(CDNOW, x, m, weights)
    ll, gradient = GammaGamma._score(CDNOW, x, m)
    np.testing.assert_allclose(value, ll @ weights, rtol=1e-12)
    np.testing.assert_allclose(slope, gradient @ weights, rtol=1e-10)
    np.testing.assert_allclose(curvature, GammaGamma._hessian(CDNOW, x, m) @ weights, rtol=1e-10)


class TestSpend:
    def test_density_integrates_to_one_and_to_the_mean(self):
        density = lambda m: np.exp(GammaGamma._log_likelihood(CDNOW, *arrays(3, m))[0])  # noqa: E731  # one formula
        assert abs(integrate.quad(density, 0, np.inf, epsabs=1e-12)[0] - 1) < 1e-9
        mean = integrate.quad(lambda m: m * density(m), 0, np.inf, epsabs=1e-10, limit=200)[0]
        np.testing.assert_allclose(GammaGamma._population_mean(CDNOW), mean, rtol=1e-6)

    def test_conditional_mean_is_the_posteriors(self):
        # Given nu ~ Gamma(q + p x, v + x m) the mean amount is p / nu: integrate it.
        p, q, v = CDNOW
        x, m = 4, 27.5
        nu = stats.gamma(q + p * x, scale=1 / (v + x * m))
        mean = integrate.quad(lambda t: p / nu.ppf(t), 0, 1)[0]
        np.testing.assert_allclose(GammaGamma._expected_spend(CDNOW, *arrays(x, m)), mean, rtol=1e-8)

    def test_without_purchases_the_population_counts(self):
        mean = GammaGamma._expected_spend(CDNOW, np.array([0.0, 0.0]), np.array([np.nan, 12.0]))
        np.testing.assert_array_equal(mean, GammaGamma._population_mean(CDNOW))

    def test_a_mean_that_does_not_exist_is_nan(self):
        assert np.isnan(GammaGamma._population_mean((2.0, 1.0, 5.0)))
        own = GammaGamma._expected_spend((2.0, 0.9, 5.0), np.array([0.0, 3.0]), np.array([0.0, 10.0]))
        assert np.isnan(own[0])
        np.testing.assert_allclose(own[1], 2 * 35 / 5.9, rtol=1e-14)

    def test_total_of_further_purchases(self):
        # S given nu is Gamma(p n, nu): mix its distribution function over the posterior.
        p, q, v = (
            float(value[0]) if np.ndim(value) else value for value in GammaGamma._posterior(CDNOW, *arrays(2, 40))
        )
        nu = stats.gamma(q, scale=1 / v)
        for n, s in [(1, 30.0), (3, 90.0), (12, 700.0)]:
            mixed = integrate.quad(lambda t, n=n, s=s: special.gammainc(p * n, s * nu.ppf(t)), 0, 1)[0]
            np.testing.assert_allclose(GammaGamma._total_cdf(p, q, v, n, s), mixed, rtol=1e-7)
        np.testing.assert_array_equal(
            GammaGamma._total_cdf(p, q, v, np.array([0, 0, 5]), np.array([0.0, 9.0, -1.0])), [1, 1, 0]
        )

    def test_draws_follow_the_distribution(self):
        n = np.full(20_000, 3)
        drawn = GammaGamma._draw_spend(CDNOW, np.float64(2), np.float64(40), n, np.random.default_rng(3))
        p, q, v = GammaGamma._posterior(CDNOW, np.float64(2), np.float64(40))
        assert stats.kstest(drawn, lambda s: GammaGamma._total_cdf(p, q, v, 3, s)).pvalue > 1e-3
        assert np.all(
            GammaGamma._draw_spend(CDNOW, np.float64(2), np.float64(40), 0 * n, np.random.default_rng(3)) == 0
        )


class TestFit:
    def test_cdnow_as_published(self, cdnow_summary):
        golden = GOLDEN["cdnow"]
        model = GammaGamma().fit(cdnow_summary)
        assert model.n_customers_ == golden["customers"]
        assert abs(model.log_likelihood_ - golden["log_likelihood"]) < 1e-6
        for name, value in golden["params"].items():
            assert abs(model.params_[name] / value - 1) < 2e-6
            assert abs(model.standard_errors_[name] / golden["standard_errors"][name] - 1) < 1e-3
        spend = model.expected_spend(cdnow_summary.sort_values("customer_id"))
        np.testing.assert_allclose(spend[:10], golden["expected_first_ten"], atol=0.00501)
        # Those three are given to eight digits at a fit that agrees to four.
        np.testing.assert_allclose(spend[:3], golden["expected_first_three"], rtol=1e-4)
        given = GammaGamma._expected_spend(model._theta, *arrays(2, 40))
        np.testing.assert_allclose(given, golden["expected_given_2_of_40"], rtol=1e-6)

    def test_likelihood_at_given_parameters(self, cdnow_summary):
        golden = GOLDEN["at_rounded"]
        repeat = cdnow_summary[cdnow_summary["frequency"] > 0]
        data = (repeat["frequency"].to_numpy(float), repeat["monetary_value"].to_numpy(float))
        ll = GammaGamma._log_likelihood(tuple(golden["params"]), *data).sum()
        assert abs(ll - golden["log_likelihood"]) < 1e-8

    def test_first_purchase_included(self, cdnow_summary):
        golden = GOLDEN["first_purchase_included"]
        with pytest.warns(UserWarning, match="mean amount is 0"):
            model = GammaGamma(first_purchase="include").fit(cdnow_summary)
        assert abs(model.log_likelihood_ - golden["log_likelihood"]) < 1e-6
        np.testing.assert_allclose(list(model.params_.values()), golden["params"], rtol=1e-5)

    @pytest.mark.parametrize("truth", [(6.25, 3.74, 15.4), (1.0, 2.0, 30.0), (50.0, 10.0, 10.0), (2.0, 1.5, 1.0)])
    @pytest.mark.parametrize("once", [False, True])
    def test_simulate_then_fit_recovers(self, truth, once):
        p, q, v = truth
        rng = np.random.default_rng(5)
        x = np.ones(20_000) if once else rng.geometric(0.4, 20_000) * 1.0
        m = rng.gamma(p * x) / rng.gamma(q, 1 / v, x.size) / x
        model = GammaGamma().fit(pd.DataFrame({"frequency": x, "monetary_value": m}))
        off = np.log(list(model.params_.values())) - np.log(truth)
        # Squared Mahalanobis distance of 3 parameters is chi-square with 3 degrees of freedom: 99.99 % below 21.1.
        assert off @ np.linalg.solve(model._log_covariance, off) < 21.1
