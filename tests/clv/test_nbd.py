"""NBD: against high-precision arithmetic, and what is special to a model that nobody leaves."""

import mpmath as mp
import numpy as np
import pytest

import customer_value as cv
from customer_value.clv import NBD, ParetoNBD

CDNOW = (0.385, 12.07)
HARD = [
    pytest.param(CDNOW, (2, 38.86), id="everyday"),
    pytest.param(CDNOW, (0, 0), id="seen today"),
    pytest.param(CDNOW, (0, 1e-9), id="seen just now"),
    pytest.param(CDNOW, (20000, 1e5), id="20,000 purchases"),
    pytest.param((1e-4, 1e4), (0, 1e5), id="hardly anyone buys"),
    pytest.param((1e4, 1e-4), (20000, 1e-2), id="everybody alike"),
    pytest.param((1e4, 1e4), (1, 1e-2), id="large parameters"),
]


def exact_log_likelihood(row):
    x, T = map(mp.mpf, row)
    return lambda r, alpha: mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha) - (r + x) * mp.log(alpha + T)


@pytest.mark.parametrize(("params", "row"), HARD)
def test_likelihood_and_derivatives_are_exact(params, row):
    # Derivatives in logs of the parameters, as the fit takes them, and relative to their size or 1.
    data = tuple(np.array([float(v)]) for v in row)
    ll, gradient = NBD._score(params, *data)
    hessian = NBD._hessian(params, *data)[..., 0]
    with mp.workdps(60):
        exact, point = exact_log_likelihood(row), tuple(map(mp.mpf, params))
        value = float(exact(*point))
        assert abs(ll[0] - value) <= 1e-12 * max(abs(value), 1)
        assert NBD._log_likelihood(params, *data)[0] == ll[0]
        for j, unit in enumerate(((1, 0), (0, 1))):
            slope = params[j] * float(mp.diff(exact, point, unit))
            assert abs(params[j] * gradient[j, 0] - slope) <= 1e-11 * max(abs(slope), 1)
        for i, j, orders in ((0, 0, (2, 0)), (0, 1, (1, 1)), (1, 1, (0, 2))):
            curve = params[i] * params[j] * float(mp.diff(exact, point, orders))
            # The terms of 20,000 purchases cancel to what is left.
            assert abs(params[i] * params[j] * hessian[i, j] - curve) <= 1e-10 * max(abs(curve), 1, row[0] / 100)
            assert hessian[j, i] == hessian[i, j]


@pytest.mark.parametrize(
    ("params", "n", "t"),
    [(CDNOW, 3, 39.0), (CDNOW, 0, 1e-9), ((1e4, 1.0), 2000, 0.25), ((2000.4, 50.0), 800, 20.0)],
)
def test_counts_are_exact(params, n, t):
    with mp.workdps(50):
        r, alpha, time = *map(mp.mpf, params), mp.mpf(t)
        share = time / (alpha + time)
        exact = mp.exp(mp.loggamma(r + n) - mp.loggamma(r) - mp.loggamma(n + 1)) * (1 - share) ** r * share**n
        # P(X > n): each term of the rest from the one before; all are positive.
        term = rest = share
        for k in range(1, 10_000):
            term *= (r + n + k) / (n + 1 + k) * share
            rest += term
        beyond = exact * (r + n) / (n + 1) * rest
    count = np.array([float(n)])
    np.testing.assert_allclose(NBD._pmf_new(params, count, t), float(exact), rtol=1e-9)
    np.testing.assert_allclose(NBD._sf_new(params, count, t), float(beyond), rtol=1e-9)


def test_probabilities_sum_to_1_and_to_their_mean():
    n = np.arange(4000.0)
    pmf, sf = NBD._pmf_new(CDNOW, n, 39.0), NBD._sf_new(CDNOW, n, 39.0)
    np.testing.assert_allclose(np.cumsum(pmf) + sf, 1, rtol=1e-12)
    np.testing.assert_allclose(n @ pmf, NBD._expected_purchases_new(CDNOW, 39.0), rtol=1e-10)
    np.testing.assert_array_equal(NBD._pmf_new(CDNOW, n[:3], 0.0), [1, 0, 0])
    np.testing.assert_array_equal(NBD._sf_new(CDNOW, n[:3], 0.0), [0, 0, 0])


def test_it_is_pareto_nbd_without_dropout(cdnow_summary):
    # s so small that not even the longest silence after many purchases tells of it.
    x, t_x, T = cdnow_summary[["frequency", "recency", "T"]].to_numpy(float).T
    without = (*CDNOW, 1e-20, 10.0)
    np.testing.assert_allclose(
        NBD._log_likelihood(CDNOW, x, T), ParetoNBD._log_likelihood(without, x, t_x, T), rtol=1e-9
    )
    n = np.arange(10.0)
    np.testing.assert_allclose(NBD._pmf_new(CDNOW, n, 39.0), ParetoNBD._pmf_new(without, n, 39.0), rtol=1e-9)
    np.testing.assert_allclose(
        NBD._interval_pmf_new(CDNOW, n, 5.0, 39.0), ParetoNBD._interval_pmf_new(without, n, 5.0, 39.0), rtol=1e-9
    )


def test_draws_follow_the_distribution():
    n = 100_000
    duration = np.resize([0.0, 10.0, 39.0, 39.0], n)
    customer, time = NBD._draw_purchases(CDNOW, duration, np.random.default_rng(0))
    assert np.all(np.diff(customer) >= 0)
    assert np.all(np.diff(time)[np.diff(customer) == 0] >= 0)
    assert np.all((time > 0) & (time <= duration[customer]))
    counts = np.bincount(customer, minlength=n)[duration == 39.0]
    for k, chance in enumerate(NBD._pmf_new(CDNOW, np.arange(5.0), 39.0)):
        assert abs((counts == k).mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / counts.size)


def test_everybody_is_alive(cdnow_summary):
    # It takes no recency, and one-time buyers count with all the rest.
    model = NBD().fit(cdnow_summary.drop(columns="recency"))
    assert model.probability_alive(cdnow_summary).min() == 1
    mean = (model.params_["r"] + cdnow_summary["frequency"]) / (model.params_["alpha"] + cdnow_summary["T"])
    np.testing.assert_allclose(model.expected_purchases(cdnow_summary, "39 weeks"), 39 * mean, rtol=1e-12)


def test_customers_who_are_all_alike_put_the_spread_at_its_boundary():
    # Counts less spread than Poisson's: r and alpha grow together, and only the rate is known.
    import pandas as pd

    data = pd.DataFrame({"frequency": [3, 4] * 200, "T": 10.0})
    with pytest.warns(cv.FitWarning, match="do not identify"):
        model = NBD().fit(data)
    assert model.params_["r"] / model.params_["alpha"] == pytest.approx(0.35, rel=1e-4)
