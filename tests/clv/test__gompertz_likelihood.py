"""The arrangement of GGompertz/NBD's likelihood; its values are held to integrals in test_ggompertz_nbd.py."""

import numpy as np

from customer_value.clv._gompertz_likelihood import HESSIAN, likelihood_rows, likelihood_totals, log_odds_gone

PARAMS = (0.9, 4.0, 0.2, 1.5, 60.0)
rng = np.random.default_rng(0)
T = rng.uniform(0, 100, 9000)  # more than a piece
X = rng.poisson(rng.gamma(0.5, 6, T.size)).astype(float)
T_X = np.where(X > 0, T * rng.random(T.size), 0)


def test_totals_are_weighted_sums_of_rows():
    weights = rng.integers(0, 4, T.size).astype(float)
    rows = likelihood_rows(PARAMS, X, T_X, T, order=2)
    np.testing.assert_allclose(likelihood_totals(PARAMS, X, T_X, T, weights), rows @ weights, rtol=1e-10)


def test_each_order_gives_the_same_numbers():
    rows = likelihood_rows(PARAMS, X[:50], T_X[:50], T[:50], order=2)
    assert rows.shape == (21, 50)
    np.testing.assert_allclose(likelihood_rows(PARAMS, X[:50], T_X[:50], T[:50], order=1), rows[:6], rtol=1e-12)
    np.testing.assert_allclose(likelihood_rows(PARAMS, X[:50], T_X[:50], T[:50], order=0), rows[:1], rtol=1e-12)
    np.testing.assert_array_equal(HESSIAN, HESSIAN.T)
    assert sorted(set(HESSIAN.ravel())) == list(range(6, 21))


def test_parameters_may_differ_between_rows():
    own = tuple(np.full((3, 1), p) for p in PARAMS)
    wide = likelihood_rows(own, X[:5], T_X[:5], T[:5], order=1)
    assert wide.shape == (6, 3, 5)
    np.testing.assert_allclose(wide[:, 1], likelihood_rows(PARAMS, X[:5], T_X[:5], T[:5], order=1), rtol=1e-12)


def test_nobody_leaves_in_no_time():
    odds = log_odds_gone(PARAMS, np.array([0.0, 3.0]), np.array([0.0, 20.0]), np.array([0.0, 20.0]))
    np.testing.assert_array_equal(odds, -np.inf)
