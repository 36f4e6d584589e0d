"""The population's parameters recovered from simulated customers, and its likelihoods against numbers by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from customer_value.transactions._rhythm_gaps import gap_arrays
from customer_value.transactions._rhythm_population import (
    LOG2_SHAPES,
    by_value,
    gap_prior,
    own_log2_shapes,
    shape_log_likelihoods,
    shape_shares,
)


def simulate(seed, customers, *, gap, weight, shapes, leaving, days):
    """Purchase days of customers who start in the first half; some leave after each purchase."""
    rng = np.random.default_rng(seed)
    rate, shape = rng.gamma(weight, 1 / (weight * gap), customers), rng.choice(shapes, customers)
    time = rng.integers(0, days // 2, customers).astype(float)
    there, labels, times = np.arange(customers), [], []
    while there.size:
        labels.append(there)
        times.append(np.floor(time[there]))
        there = there[rng.random(there.size) >= leaving]
        time[there] += rng.gamma(shape[there], 1 / (shape[there] * rate[there]))
        there = there[time[there] < days]
    return np.concatenate(labels), np.concatenate(times).astype(int)


@pytest.mark.parametrize(
    ("seed", "truth"),
    [
        (0, {"gap": 30.0, "weight": 2.0, "shapes": [1.0], "leaving": 0.2}),
        (1, {"gap": 60.0, "weight": 0.8, "shapes": [1.0, 8.0], "leaving": 0.3}),
        (2, {"gap": 30.0, "weight": 5.0, "shapes": [1.0, 4.0, 32.0], "leaving": 0.1}),
    ],
)
def test_parameters_come_back(seed, truth):
    gaps = gap_arrays(*simulate(seed, 5_000, **truth, days=730), None)
    order = by_value(gaps, 729)
    shares = shape_shares(gaps, order)
    gap, weight, leaving = gap_prior(gaps, shares, order, 729)
    # Standard errors over 20 such samples were below 3, 6 and 4 percent of the truth.
    assert gap == pytest.approx(truth["gap"], rel=0.09)
    assert weight == pytest.approx(truth["weight"], rel=0.18)
    assert leaving == pytest.approx(truth["leaving"], rel=0.12)
    assert shares @ LOG2_SHAPES == pytest.approx(np.log2(truth["shapes"]).mean(), abs=0.2)


def test_shapes_are_known_by_the_shares_that_gaps_take():
    """Equation (3) is the Dirichlet density of the shares, but for what k does not enter."""
    gaps = np.array([3.0, 10.0, 7.0])
    found = shape_log_likelihoods(np.array([3]), np.array([20]), np.array([np.log(gaps).sum()]))[0]
    right = [stats.dirichlet.logpdf(gaps / 20, np.full(3, 2.0**j)) for j in LOG2_SHAPES]
    np.testing.assert_allclose(found - found[2], np.array(right) - right[2], atol=1e-9)


def test_few_gaps_leave_the_shape_to_the_population():
    shares = np.zeros(11)
    shares[[2, 6]] = 0.5  # by chance, or k = 16
    n, total = np.array([0, 1, 2, 12, 12]), np.array([0, 9, 20, 120, 120])
    even, uneven = 12 * math.log(10), 6 * math.log(1) + 6 * math.log(19)
    found = own_log2_shapes(n, total, np.array([0.0, math.log(9), 2 * math.log(10), even, uneven]), shares)
    assert found[0] == found[1] == 2.0  # the mean of 0 and 4
    assert 2.0 < found[2] < 4.0  # two equal gaps
    assert found[3] == 4.0
    assert found[4] == 0.0


def test_one_customer_is_a_population():
    gaps = gap_arrays(np.zeros(2, dtype=int), np.array([0, 12]), None)
    order = by_value(gaps, 20)
    gap, weight, leaving = gap_prior(gaps, shape_shares(gaps, order), order, 20)
    assert 6 < gap < 24
    assert weight > 0
    assert 0 < leaving < 1


def test_equal_customers_leave_room_for_another_one():
    """The weight is bounded, and five regular gaps outweigh a population of clocks."""
    days = np.arange(30) * 7
    gaps = gap_arrays(np.repeat(np.arange(50), 30), np.tile(days, 50), None)
    order = by_value(gaps, 210)
    shares = shape_shares(gaps, order)
    gap, weight, _ = gap_prior(gaps, shares, order, 210)
    assert gap == pytest.approx(7.0, rel=0.01)  # the silence of seven days pulls it up a little
    assert 100 < weight < 1000
    (log2_shape,) = own_log2_shapes(np.array([5]), np.array([70]), np.array([5 * math.log(14)]), shares)
    assert 5 * 2**log2_shape > weight
