"""The shape of times between purchases, whatever the customers' rates."""

import numpy as np
import pytest
from scipy import stats

from customer_value.clv._regularity import estimate_regularity, log_likelihood


def simulated(k, customers, seed):
    """Customers of very different rates with one to six gamma-distributed times each."""
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 7, customers)
    rate = rng.gamma(0.5, 1.0, customers) + 1e-3
    times = [rng.gamma(k, 1 / r, n) for n, r in zip(x, rate, strict=True)]
    return x.astype(float), np.array([t.sum() for t in times]), np.array([np.log(t).sum() for t in times])


@pytest.mark.parametrize("k", [0.5, 1.0, 3.0])
def test_the_shape_is_found_again(k):
    found = estimate_regularity(*simulated(k, 5000, 7))
    assert abs(np.log(found.k / k)) < 4 * found.log_sd
    assert found.log_sd < 0.03


def test_its_standard_error_is_that_of_the_likelihood():
    data = simulated(2.0, 400, 8)
    found = estimate_regularity(*data)
    h = 1e-4

    def total(theta):
        return float(log_likelihood(np.exp(theta), *data).sum())

    theta = np.log(found.k)
    assert (total(theta + h) - total(theta - h)) / (2 * h) == pytest.approx(0, abs=1e-3)
    curvature = (total(theta + h) - 2 * total(theta) + total(theta - h)) / h**2
    assert found.log_sd == pytest.approx((-curvature) ** -0.5, rel=1e-4)


def test_two_times_are_wheat_and_morrisons_beta():
    # The first over the sum of two gamma times is Beta(k, k), whose density at m is the likelihood times t_x.
    first, second, k = 2.0, 5.0, 1.7
    told = log_likelihood(k, np.array([2.0]), np.array([first + second]), np.array([np.log(first * second)]))[0]
    m = first / (first + second)
    exact = stats.beta(k, k).logpdf(m)
    at_one = stats.beta(1, 1).logpdf(m)
    base = log_likelihood(1.0, np.array([2.0]), np.array([7.0]), np.array([np.log(10.0)]))[0]
    assert told - base == pytest.approx(exact - at_one, rel=1e-12)


def test_nobody_with_two_times():
    assert estimate_regularity(np.array([0.0, 1.0]), np.array([0.0, 3.0]), np.array([0.0, np.log(3.0)])) is None
