"""Preparation of features: against scikit-learn and SciPy, and there and back."""

import numpy as np
import pytest
from scipy import stats
from sklearn.preprocessing import PowerTransformer

from customer_value.segments._distinct import distinct_rows, weighted_deviation, weighted_quantiles
from customer_value.segments._features import Feature
from customer_value.segments._prepare import learn_preparation

RNG = np.random.default_rng(0)
SKEWED = np.sort(np.concatenate([RNG.lognormal(3, 1.5, 400), -RNG.lognormal(1, 1, 40), [0.0]]))
ONES = np.ones(SKEWED.size)


def learn(values=SKEWED, weights=ONES, *, unskew=None, scale=None, winsorize=None):
    made = learn_preparation(
        [Feature("total_value")], values[:, None], weights, unskew=unskew, scale=scale, winsorize=winsorize,
        category_weight=1.0,
    )  # fmt: skip
    return made, made.forward(values[:, None])[:, 0]


def test_log1p_keeps_the_order_of_negative_totals():
    _, found = learn(unskew="log1p")
    assert (np.diff(found) > 0).all()
    np.testing.assert_allclose(found[SKEWED >= 0], np.log1p(SKEWED[SKEWED >= 0]))
    np.testing.assert_allclose(found[SKEWED < 0], -np.log1p(-SKEWED[SKEWED < 0]))


def test_yeo_johnson_is_that_of_scikit_learn():
    made, found = learn(unskew="yeo-johnson", scale="standard")
    known = PowerTransformer().fit(SKEWED[:, None])
    assert made.columns[0].power == pytest.approx(known.lambdas_[0], abs=2e-4)
    np.testing.assert_allclose(found, known.transform(SKEWED[:, None])[:, 0], atol=2e-3)
    fixed = learn(unskew="yeo-johnson")[1]
    np.testing.assert_allclose(fixed, stats.yeojohnson(SKEWED, made.columns[0].power), rtol=1e-9)


@pytest.mark.parametrize("unskew", ["log1p", "yeo-johnson", None])
@pytest.mark.parametrize("scale", ["standard", "robust", None])
def test_the_way_back(unskew, scale):
    made, prepared = learn(unskew=unskew, scale=scale)
    np.testing.assert_allclose(made.backward(prepared[:, None])[:, 0], SKEWED, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(made.again(SKEWED[:, None])[:, 0], prepared)


def test_a_robust_scale_is_that_of_the_middle_half():
    values = np.sort(np.random.default_rng(1).normal(50, 4, 4001))
    _, clean = learn(values, np.ones(4001), scale="robust")
    spoilt = values.copy()
    spoilt[-40:] = 1e6
    _, found = learn(spoilt, np.ones(4001), scale="robust")
    np.testing.assert_allclose(found[:-40], clean[:-40])
    assert clean.std() == pytest.approx(1, abs=0.04)  # of a normal distribution; standard error .016
    assert np.median(clean) == 0
    mostly_one = np.array([1.0] * 80 + [5.0] * 20)
    _, found = learn(mostly_one, np.ones(100), scale="robust")  # quartiles are equal: the standard deviation
    np.testing.assert_allclose(np.unique(found), [0, 4 / 1.6])


def test_tails_are_drawn_in_to_their_quantiles():
    values = np.arange(1, 201, dtype=float)
    made, found = learn(values, np.ones(200), winsorize=0.05)
    assert made.columns[0].limits == (10.5, 190.5)
    np.testing.assert_array_equal(found, np.clip(values, 10.5, 190.5))
    np.testing.assert_array_equal(made.forward(np.array([[-5.0], [1e9]]))[:, 0], [10.5, 190.5])


def test_quantiles_with_weights_are_those_of_repeated_values():
    values, weights = RNG.normal(size=50), RNG.integers(1, 6, 50).astype(float)
    shares = (0.01, 0.25, 0.5, 0.75, 0.9)
    repeated = np.repeat(values, weights.astype(int))
    known = np.quantile(repeated, shares, method="averaged_inverted_cdf")
    np.testing.assert_allclose(weighted_quantiles(values, weights, shares), known)
    assert weighted_deviation(values, weights) == pytest.approx(repeated.std())


def test_distinct_rows_keep_weights_and_places():
    matrix = RNG.integers(0, 3, (200, 2)).astype(float)
    weights = RNG.random(200)
    rows = distinct_rows(matrix, weights)
    known, counts = np.unique(matrix, axis=0, return_counts=True)
    assert sorted(map(tuple, rows.matrix)) == sorted(map(tuple, known))
    assert len(counts) == len(rows.weights)
    np.testing.assert_array_equal(rows.matrix[rows.place], matrix)
    np.testing.assert_allclose(rows.weights, np.bincount(rows.place, weights=weights))
    order = RNG.permutation(200)
    again = distinct_rows(matrix[order], weights[order])
    np.testing.assert_array_equal(again.matrix, rows.matrix)
    np.testing.assert_array_equal(again.weights, rows.weights)


def test_rows_of_one_key_are_still_told_apart(monkeypatch):
    monkeypatch.setattr("customer_value.segments._distinct._row_keys", lambda matrix: np.zeros(len(matrix), np.uint64))
    matrix = RNG.integers(0, 3, (60, 2)).astype(float)
    rows = distinct_rows(matrix, np.ones(60))
    assert len(rows.matrix) == len(np.unique(matrix, axis=0))
    np.testing.assert_array_equal(rows.matrix[rows.place], matrix)
