"""The likelihood that BG/NBD and MBG/NBD share: tables and gamma ratios agree, and one model is a part of the other."""

import numpy as np
import pytest

from customer_value.clv import _beta_likelihood as likelihood

PARAMS = (0.525, 6.183, 0.891, 1.614)
rng = np.random.default_rng(5)
X = np.concatenate([np.zeros(20), rng.integers(1, 400, 180)]).astype(float)
T = rng.uniform(1, 300, X.size)
T_X = np.where(X > 0, T * rng.random(X.size), 0.0)


@pytest.mark.parametrize("early", [0, 1])
def test_tables_of_counts_agree_with_gamma_ratios(early):
    common = likelihood._count_terms(PARAMS, X, early)
    own = likelihood._count_terms(tuple(np.full(X.size, p) for p in PARAMS), X, early)
    for one, other in zip(common, own, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("early", [0, 1])
def test_totals_are_sums_over_chunks_of_rows(early):
    columns = tuple(np.tile(c, 30) for c in (X, T_X, T))  # more than one chunk
    weights = np.linspace(0.5, 3, columns[0].size)
    value, slope, curvature = likelihood.objective(PARAMS, *columns, weights, early)
    ll, gradient = likelihood.score(PARAMS, *columns, early)
    np.testing.assert_allclose(value, ll @ weights, rtol=1e-12)
    np.testing.assert_allclose(slope, gradient @ weights, rtol=1e-10)
    np.testing.assert_allclose(curvature, likelihood.hessian(PARAMS, *columns, early) @ weights, rtol=1e-10)


@pytest.mark.parametrize("early", [0, 1])
@pytest.mark.parametrize("largest", [399.0, 200_000.0])  # within and beyond the tables
def test_totals_at_many_points_are_those_of_each(early, largest):
    x = np.append(X[:-1], largest)
    weights = np.linspace(0.5, 3, X.size)
    points = np.exp(np.random.default_rng(6).normal(0, 2, (4, 250)))  # more than one chunk of them
    one_by_one = [likelihood.log_likelihood(tuple(p), x, T_X, T, early) @ weights for p in points.T]
    np.testing.assert_allclose(likelihood.totals(points, x, T_X, T, weights, early), one_by_one, rtol=1e-12)


def test_a_toss_that_is_known_to_have_gone_well():
    # L(m = x + 1; b) = E(1 - p) L(m = x; b + 1) of those who bought again: they must have stayed after the first toss.
    r, alpha, a, b = PARAMS
    bought = X > 0
    early = likelihood.log_likelihood(PARAMS, X, T_X, T, 1)
    late = likelihood.log_likelihood((r, alpha, a, b + 1), X, T_X, T, 0)
    np.testing.assert_allclose(early[bought], np.log(b / (a + b)) + late[bought], rtol=1e-13, atol=1e-12)
    # Of those who did not, some had left at once.
    never = ~bought
    np.testing.assert_allclose(np.exp(early[never]), a / (a + b) + b / (a + b) * np.exp(late[never]), rtol=1e-13)
