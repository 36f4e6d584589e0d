"""MBG/NBD: published figures, 50-digit arithmetic at hard points, and what is special to the model."""

import json
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from scipy.special import roots_genlaguerre, roots_jacobi
from scipy.stats import poisson

from customer_value.clv import BGNBD, MBGNBD
from customer_value.clv._special import LARGEST_TABLE

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "mbg_nbd.json").read_text(encoding="utf-8"))
CDNOW = (0.525, 6.183, 0.891, 1.614)

# Parameters and frequency, recency, T, where naive formulas overflow, cancel or divide by zero.
HARD = [
    pytest.param(CDNOW, (2, 30.43, 38.86), id="cdnow"),
    pytest.param(CDNOW, (0, 0, 39), id="one purchase only"),
    pytest.param(CDNOW, (0, 0, 0), id="seen today"),
    pytest.param(CDNOW, (0, 0, 1e-9), id="seen just now"),
    pytest.param(CDNOW, (0, 0, 1e5), id="silent for ages"),
    pytest.param(CDNOW, (1, 39, 39), id="bought on the last day"),
    pytest.param(CDNOW, (20000, 1e5, 1e5), id="20,000 purchases to the end"),
    pytest.param(CDNOW, (20000, 0.01, 1e5), id="20,000 purchases long ago"),
    pytest.param(CDNOW, (1000, 10, 100), id="odds overflow"),
    pytest.param((1e-4, 1e4, 1e-4, 1e4), (3, 5.0, 7.0), id="hardly ever, hardly leaving"),
    pytest.param((1e-4, 1e4, 1e-4, 1e4), (0, 0, 7.0), id="hardly ever, hardly leaving, never back"),
    pytest.param((1e4, 1e-4, 1e-4, 1e4), (0, 0, 1e5), id="eager, hardly leaving, never back"),
    pytest.param((0.5, 2.0, 1e4, 1e-4), (0, 0, 40), id="everybody leaves at once"),
    pytest.param((538.5, 0.005459, 199.8, 0.09663), (1, 1.5e-5, 10.15), id="fast and gone"),
    pytest.param((9548, 0.01886, 0.8237, 29.55), (20000, 222.8, 222.9), id="all terms large"),
    pytest.param((1e4, 1e-4, 1e4, 1e4), (12, 3.0, 3.0 + 1e-9), id="silent for an instant"),
]


def arrays(*values):
    return tuple(np.array([float(v)]) for v in values)


def exact_terms(row):
    """Alive at T, and gone with the last toss: each averaged over gamma and beta, from the functions as they are."""
    x, t_x, T = map(mp.mpf, row)

    def terms(r, alpha, a, b):
        def over_rates(t):
            return mp.gamma(r + x) / mp.gamma(r) * alpha**r / (alpha + t) ** (r + x)

        stayed, left = mp.beta(a, b + x + 1), mp.beta(a + 1, b + x)
        return stayed / mp.beta(a, b) * over_rates(T), left / mp.beta(a, b) * over_rates(t_x)

    return terms


def exact_log_likelihood(row):
    terms = exact_terms(row)
    return lambda *params: mp.log(sum(terms(*params)))


def derivative(function, point, orders):
    return float(mp.diff(function, tuple(map(mp.mpf, point)), orders))


@pytest.mark.parametrize(("params", "row"), HARD)
class TestLikelihood:
    def test_log_likelihood_is_exact(self, params, row):
        with mp.workdps(80):
            exact = exact_log_likelihood(row)(*map(mp.mpf, params))
            exact = float(exact) if abs(exact) > 1e-70 else 0.0
        assert abs(MBGNBD._log_likelihood(params, *arrays(*row))[0] - exact) <= 1e-12 * abs(exact)
        assert abs(MBGNBD._score(params, *arrays(*row))[0][0] - exact) <= 1e-12 * abs(exact)

    def test_derivatives_are_exact(self, params, row):
        # Relative 1e-10; for derivatives that vanish, relative to one part in 1e14 of the size they have elsewhere.
        exact = exact_log_likelihood(row)
        _, gradient = MBGNBD._score(params, *arrays(*row))
        hessian = MBGNBD._hessian(params, *arrays(*row))
        scale = (1 + row[0]) / np.array(params)
        with mp.workdps(80):
            for j in range(4):
                orders = np.eye(4, dtype=int)[j]
                reference = derivative(exact, params, tuple(orders.tolist()))
                assert abs(gradient[j, 0] - reference) <= 1e-10 * abs(reference) + 1e-14 * scale[j]
                for k in range(j, 4):
                    reference = derivative(exact, params, tuple((orders + np.eye(4, dtype=int)[k]).tolist()))
                    assert abs(hessian[j, k, 0] - reference) <= 1e-10 * abs(reference) + 1e-14 * scale[j] * scale[k]
                    assert hessian[k, j, 0] == hessian[j, k, 0]

    def test_parameters_of_each_customer_agree_with_common_ones(self, params, row):
        own, scale = arrays(*params), (1 + row[0]) / np.array(params)
        np.testing.assert_allclose(
            MBGNBD._log_likelihood(own, *arrays(*row)), MBGNBD._log_likelihood(params, *arrays(*row)), rtol=1e-11
        )
        for function, size in ((lambda *v: MBGNBD._score(*v)[1], scale), (MBGNBD._hessian, np.outer(scale, scale))):
            one, other = function(params, *arrays(*row))[..., 0], function(own, *arrays(*row))[..., 0]
            assert np.all(np.abs(one - other) <= 1e-11 * np.abs(one) + 1e-12 * size)

    def test_probability_alive_is_exact(self, params, row):
        with mp.workdps(50):
            alive, gone = exact_terms(row)(*map(mp.mpf, params))
            exact = float(alive / (alive + gone))
        assert abs(MBGNBD._probability_alive(params, *arrays(*row))[0] - exact) <= 1e-11 * exact


def test_counts_beyond_the_table_are_as_exact():
    row = (LARGEST_TABLE + 1, 9e4, 1e5)
    with mp.workdps(50):
        exact = float(exact_log_likelihood(row)(*map(mp.mpf, CDNOW)))
    value, slope, curvature = MBGNBD._objective(CDNOW, *arrays(*row), np.array([2.0]))
    assert abs(value - 2 * exact) <= 1e-12 * abs(exact)
    np.testing.assert_allclose(slope, 2 * MBGNBD._score(CDNOW, *arrays(*row))[1][:, 0], rtol=1e-12)
    np.testing.assert_allclose(curvature, 2 * MBGNBD._hessian(CDNOW, *arrays(*row))[..., 0], rtol=1e-12)


def averaged(value, params):
    """Average value(lambda, p) over both mixing distributions by the Gauss rules of their own densities."""
    r, alpha, a, b = params
    rate, of_rate = roots_genlaguerre(60, r - 1)
    p, of_p = roots_jacobi(60, b - 1, a - 1)
    grid = value(rate[:, None] / alpha, (1 + p) / 2)
    return of_rate @ grid @ of_p / of_rate.sum() / of_p.sum()


class TestFromFirstPrinciples:
    """Given his rate and his coin a customer's life is a Poisson process that a geometric count of purchases ends."""

    PARAMS, T = (3.0, 8.0, 2.0, 3.0), 6.0

    @pytest.mark.parametrize("n", [0, 1, 3])
    def test_counts(self, n):
        stayed = averaged(lambda rate, p: (1 - p) ** (n + 1) * poisson.pmf(n, rate * self.T), self.PARAMS)
        left = averaged(lambda rate, p: p * (1 - p) ** n * poisson.sf(n - 1, rate * self.T), self.PARAMS)
        beyond = averaged(lambda rate, p: (1 - p) ** (n + 1) * poisson.sf(n, rate * self.T), self.PARAMS)
        count = np.array([float(n)])
        np.testing.assert_allclose(MBGNBD._pmf_alive_new(self.PARAMS, count, self.T), stayed, rtol=1e-11)
        np.testing.assert_allclose(MBGNBD._pmf_new(self.PARAMS, count, self.T), stayed + left, rtol=1e-11)
        np.testing.assert_allclose(MBGNBD._sf_new(self.PARAMS, count, self.T), beyond, rtol=1e-11)

    def test_survival_and_mean(self):
        there = averaged(lambda rate, p: (1 - p) * np.exp(-rate * p * self.T), self.PARAMS)
        mean = averaged(lambda rate, p: (1 - p) * -np.expm1(-rate * p * self.T) / p, self.PARAMS)
        np.testing.assert_allclose(MBGNBD._survival_new(self.PARAMS, self.T), there, rtol=1e-11)
        np.testing.assert_allclose(MBGNBD._expected_purchases_new(self.PARAMS, self.T), mean, rtol=1e-11)


class TestNewCustomers:
    def test_a_share_leaves_at_once(self):
        _, _, a, b = CDNOW
        assert MBGNBD._survival_new(CDNOW, 0.0) == b / (a + b)
        assert MBGNBD._pmf_alive_new(CDNOW, np.array([0.0]), 0.0)[0] == b / (a + b)
        np.testing.assert_allclose(MBGNBD._pmf_new(CDNOW, np.arange(3.0), 0.0), [1, 0, 0], atol=1e-15)
        # However long one waits, they do not come back.
        assert MBGNBD._sf_new(CDNOW, np.array([0.0]), 1e300)[0] == pytest.approx(b / (a + b), rel=1e-12)

    def test_alive_customers_by_count_add_up_to_survival(self):
        n = np.arange(4000.0)
        total = MBGNBD._pmf_alive_new(CDNOW, n, 60.0).sum()
        np.testing.assert_allclose(total, MBGNBD._survival_new(CDNOW, 60.0), rtol=1e-12)

    def test_alive_is_the_share_of_the_count_that_stayed(self):
        # Bayes: P(alive | X(T) = 0) is the pmf's part of those still there.
        alive = MBGNBD._probability_alive(CDNOW, *arrays(0, 0, 39))
        part = MBGNBD._pmf_alive_new(CDNOW, np.zeros(1), 39.0) / MBGNBD._pmf_new(CDNOW, np.zeros(1), 39.0)
        np.testing.assert_allclose(alive, part, rtol=1e-13)

    def test_published_share_of_counts(self):
        golden = GOLDEN["fixed"]
        pmf = MBGNBD._pmf_new(tuple(golden["params"].values()), np.arange(8.0), 39.0)
        error = np.sqrt(pmf * (1 - pmf) / golden["simulated"])
        assert np.all(np.abs(pmf - golden["pmf_39_0_to_7"]) < 4 * error)


def test_fixed_parameters():
    golden = GOLDEN["fixed"]
    params = tuple(golden["params"].values())
    data = tuple(np.array(golden[c]) for c in ("frequency", "recency", "T"))
    alive = MBGNBD._probability_alive(params, *data)
    np.testing.assert_allclose(alive, golden["alive"], atol=6e-11)  # ten decimals are given
    living = MBGNBD._if_alive(params, *data)
    for t, values in golden["expected"].items():
        np.testing.assert_allclose(alive * BGNBD._expected_purchases_new(living, float(t)), values, atol=6e-11)
    for t, value in golden["new"].items():
        np.testing.assert_allclose(MBGNBD._expected_purchases_new(params, float(t)), value, rtol=1e-12)


def test_draws_leave_out_those_who_leave_at_once():
    n = 50_000
    params = tuple(np.resize(np.array(v), n) for v in ([0.5, 3.0], [5.0, 2.0], [0.8, 6.0], [2.5, 2.0]))
    customer, time = MBGNBD._draw_purchases(params, np.full(n, 20.0), np.random.default_rng(1))
    assert np.all((time > 0) & (time <= 20))
    counts = np.bincount(customer, minlength=n)
    for which in (0, 1):
        one = tuple(p[which] for p in params)
        for k in range(3):
            chance = MBGNBD._pmf_new(one, np.array([float(k)]), 20.0)[0]
            error = np.sqrt(chance * (1 - chance) / (n / 2))
            assert abs((counts[which::2] == k).mean() - chance) < 4 * error


class TestFit:
    def test_cdnow_as_published(self, cdnow_summary):
        golden = GOLDEN["cdnow"]
        model = MBGNBD().fit(cdnow_summary)
        assert abs(model.log_likelihood_ - golden["log_likelihood"]) < 1e-8
        for name, value in golden["params"].items():
            assert abs(model.params_[name] / value - 1) < 1e-6
            assert abs(model.standard_errors_[name] / golden["standard_errors"][name] - 1) < 1e-6
        ends = cdnow_summary["T"].value_counts()
        pmf = MBGNBD._pmf_new(model._theta, np.arange(6.0), ends.index.to_numpy()[:, None])
        np.testing.assert_allclose(ends.to_numpy() @ pmf / ends.sum(), golden["mean_pmf_0_to_5"], atol=1e-8)
        holdout = GOLDEN["cdnow_holdout"]
        assert abs(model.expected_purchases(cdnow_summary, 39).sum() - holdout["expected_purchases"]) < 1e-3
        assert abs(model.probability_alive(cdnow_summary).sum() - holdout["alive"]) < 1e-3

    def test_first_guess_is_near(self, cdnow_summary):
        # The guess decides how many evaluations a fit takes: on CDNOW Newton needs a handful.
        assert MBGNBD().fit(cdnow_summary).diagnostics_["evaluations"] <= 8

    def test_the_higher_of_two_maxima(self):
        # A small cohort: like customers who always or never stay explain it better than slow ones who are all alike.
        n = 300
        drawn = MBGNBD.from_params(r=1.541, alpha=13.69, a=0.8595, b=0.633).simulate(n, 26, random_state=17)
        told = drawn.groupby("customer")["time"].agg(["size", "max"]).reindex(range(n), fill_value=0)
        model = MBGNBD().fit(told.set_axis(["frequency", "recency"], axis=1).assign(T=26.0))
        data = (*told.to_numpy(float).T, np.full(n, 26.0))
        lower, higher = (0.378, 5.87, 19.8, 69.3), (1.565, 14.05, 0.8172, 0.6785)
        slopes = MBGNBD._score(lower, *data)[1].sum(axis=1) * lower
        assert np.all(np.abs(slopes) < 0.2)  # a maximum, to the three digits given
        best = MBGNBD._log_likelihood(higher, *data).sum()
        assert best > MBGNBD._log_likelihood(lower, *data).sum() + 0.2
        assert model.log_likelihood_ > best - 1e-6
