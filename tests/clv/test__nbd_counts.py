"""Negative binomial counts: exact logarithms, and the shapes in which counts and customers meet."""

import mpmath as mp
import numpy as np
import pytest

from customer_value.clv._nbd_counts import count_rows, log_nbd, log_ways


@pytest.mark.parametrize(("r", "n"), [(0.4, 0), (0.4, 7), (1e-4, 3), (1e4, 20000), (20000.5, 12)])
def test_ways_are_exact(r, n):
    with mp.workdps(40):
        exact = float(mp.loggamma(mp.mpf(r) + n) - mp.loggamma(r) - mp.loggamma(n + 1))
    single = log_ways(np.array([[float(n)]]), np.array([r]))
    np.testing.assert_allclose(single, exact, rtol=1e-11, atol=1e-12)
    table = log_ways(np.arange(n + 1.0)[:, None], np.array([r]))
    np.testing.assert_allclose(table[-1], exact, rtol=1e-11, atol=1e-12)


def test_probabilities_sum_to_1_and_nothing_happens_in_no_time():
    n = np.arange(3000.0)[:, None]
    r, alpha = np.array([0.4, 5.0, 0.4]), np.array([12.0, 1.0, 12.0])
    chances = np.exp(log_nbd(n, r, alpha, np.array([39.0, 39.0, 0.0])))
    np.testing.assert_allclose(chances.sum(axis=0), 1, rtol=1e-12)
    np.testing.assert_array_equal(chances[:3, 2], [1, 0, 0])


@pytest.mark.parametrize("shape", [(), (1,), (4, 1), (2, 4, 1)])
def test_shapes_come_back(shape):
    # Counts that all customers share stay a column; else each pair of customer and count is a row.
    r, n = np.full(shape, 2.0), np.array([0.0, 1.0, 5.0])
    (rows,), counts, t, spread = count_rows((r,), n, 3.0)
    assert counts.shape == (3, 1)
    assert rows.shape == t.shape == (max(r.size, 1),)
    np.testing.assert_array_equal(spread(counts * rows), n * r)
    (rows,), counts, _, spread = count_rows((np.array([1.0, 2.0, 3.0]),), n, 3.0)
    assert counts.shape == (1, 3)
    np.testing.assert_array_equal(spread(counts * rows), [0, 2, 15])
