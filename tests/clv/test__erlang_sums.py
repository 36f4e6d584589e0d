"""Means over purchase cycles: the two evaluations against each other, BG/NBD at k = 1, and sums in many digits."""

import mpmath as mp
import numpy as np
import pytest

from customer_value.clv import _beta_dropout, _erlang_sums
from customer_value.clv._erlang_sums import mean_purchases, phase_weights, survival

# k, state (R, B, a, b, e), t
POINTS = [
    pytest.param(2, (0.243, 2.2, 0.793, 2.426, 0.0), 52.0, id="new"),
    pytest.param(2, (4.243, 41.0, 0.793, 4.426, 9.0), 52.0, id="cdnow"),
    pytest.param(3, (4.243, 41.0, 1.0, 4.426, 9.0), 1e-6, id="tiny t, a is 1"),
    pytest.param(3, (4.243, 41.0, 1 + 1e-12, 4.426, 40.9), 52.0, id="a near 1, long silent"),
    pytest.param(7, (0.5, 10.0, 0.3, 0.4, 2.0), 30.0, id="a + b below 1"),
    pytest.param(20, (700.0, 90.0, 1e-4, 1e4, 0.3), 5.0, id="hardly anyone leaves"),
    pytest.param(5, (80.0, 30.0, 500.0, 0.5, 1.0), 40.0, id="nearly all leave"),
]


def in_digits(k, state, t):
    """E[C(M)] and E[S(M)] as plain sums over the phase and the negative binomial count, in 40 digits."""
    with mp.workdps(40):
        R, B, a, b, e, t = map(mp.mpf, (*state, t))
        u, share = t / (B + t), e / B
        phase = [mp.rf(R, j) / mp.factorial(j) * share**j for j in range(k)]
        mean = alive = mp.mpf(0)
        for j in range(k):
            weight = phase[j] / mp.fsum(phase)
            chance, made, stayed, n = (1 - u) ** (R + j), mp.mpf(0), mp.mpf(1), 0
            while True:
                mean += weight * chance * made
                alive += weight * chance * stayed
                chance *= (R + j + n) / (n + 1) * u
                n += 1
                if (j + n) % k == 0:
                    made += stayed
                    stayed *= (b + (j + n) // k - 1) / (a + b + (j + n) // k - 1)
                if n > (R + k) * t / B and chance * (made + 1) < mp.mpf(10) ** -16 * mean * (1 - u):
                    break
        return float(mean), float(alive)


@pytest.mark.parametrize(("k", "state", "t"), POINTS)
def test_sums_are_exact(k, state, t):
    mean, alive = in_digits(k, state, t)
    np.testing.assert_allclose(mean_purchases(k, state, t), mean, rtol=1e-12)
    np.testing.assert_allclose(survival(k, state, t), alive, rtol=1e-12)


@pytest.mark.parametrize(
    ("k", "state", "t"),
    [
        pytest.param(2, (0.5, 2.2, 0.793, 2.426, 1.0), 500.0, id="long"),
        pytest.param(3, (40.0, 20.0, 0.02, 0.05, 9.0), 900.0, id="dropout of all kinds"),
        pytest.param(7, (250.0, 10.0, 800.0, 6.0, 2.0), 80.0, id="gone at the first chance"),
        pytest.param(20, (0.01, 1.0, 5.0, 200.0, 0.5), 60.0, id="few who buy at all"),
        pytest.param(6, (3000.0, 100.0, 2.0, 500.0, 0.1), 11.0, id="a hot buyer"),
    ],
)
def test_the_integral_over_dropout_agrees_with_the_sum_over_events(k, state, t):
    row = tuple(np.array([v]) for v in (*state, t))
    for lives in (False, True):
        by_sum = _erlang_sums._by_events(k, *row, survival=lives)
        np.testing.assert_allclose(_erlang_sums._by_roots(k, *row, survival=lives), by_sum, rtol=1e-10)


def test_long_horizons_take_the_integral(monkeypatch):
    state, t = (np.array([0.5, 0.5]), 2.2, 0.793, 2.426, 1.0), np.array([500.0, 1e7])
    reference = mean_purchases(2, state, t)
    monkeypatch.setattr(_erlang_sums, "_by_events", None)
    np.testing.assert_array_equal(mean_purchases(2, state, t), reference)


@pytest.mark.parametrize("z", [1e-6, 1.0, 3.0, 400.0, 1e6])
def test_one_event_per_purchase_is_the_known_model(z):
    r, a, b = np.array([[0.3], [8.0], [300.0]]), np.array([0.4, 1.0, 30.0]), 5.0
    state = (r, 2.0, a, b, 1.5)  # with one event to a purchase the time since the last one tells nothing
    np.testing.assert_allclose(mean_purchases(1, state, 2 * z), _beta_dropout.mean_purchases(r, a, b, z), rtol=1e-11)
    np.testing.assert_allclose(survival(1, state, 2 * z), _beta_dropout.survival(r, a, b, z), rtol=1e-11)


@pytest.mark.parametrize("k", [2, 5])
def test_no_time_brings_nothing(k):
    state = (2.0, 3.0, 0.8, 2.5, np.array([0.0, 2.9]))
    np.testing.assert_array_equal(mean_purchases(k, state, 0.0), [0, 0])
    np.testing.assert_array_equal(survival(k, state, 0.0), [1, 1])


def test_purchases_of_who_never_leaves_are_cycles_of_his_events():
    # A long time makes (events + phase) / k purchases, less the (k - 1) / 2 events of the cycle that is under way.
    k, R, B, e, t = 4, 30.0, 6.0, 1.0, 1e5
    phases = phase_weights(k, np.array(R), np.array(e / B))
    j = np.arange(k)
    events = (phases * (j + (R + j) * t / B)).sum()
    found = mean_purchases(k, (R, B, 1e-12, 1e4, e), t)
    np.testing.assert_allclose(found, (events - (k - 1) / 2) / k, rtol=1e-8)


def test_phases_of_a_customer_just_seen_and_of_one_long_silent():
    phases = phase_weights(3, np.array([4.0, 4.0]), np.array([0.0, 0.5]))
    np.testing.assert_allclose(phases[:, 0], [1, 0, 0])
    np.testing.assert_allclose(phases[:, 1], np.array([1, 2, 2.5]) / 5.5, rtol=1e-15)  # 1, 4/2, 4*5/2/4
