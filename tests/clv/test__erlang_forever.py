"""Discounted purchases without end: against integration over time, and in closed form where one lives for ever."""

import numpy as np
import pytest

from customer_value.clv._erlang_forever import discounted_forever
from customer_value.clv._erlang_future import ErlangFuture
from customer_value.clv._quadrature import discounted_total

STATES = [
    pytest.param(1, (4.2, 41.0, 0.8, 4.4, 9.0), id="one event"),
    pytest.param(2, (0.24, 2.2, 0.8, 2.4, 0.0), id="new"),
    pytest.param(2, (1e-3, 2.2, 1.0, 0.3, 2.0), id="hardly anyone buys"),
    pytest.param(3, (29.0, 41.0, 1.0, 14.4, 30.0), id="silent"),
    pytest.param(3, (31.0, 41.0, 1.0, 14.4, 30.0), id="silent, normalised by sums"),
    pytest.param(6, (250.0, 120.0, 3.0, 40.0, 2.5), id="a regular buyer"),
]


@pytest.mark.parametrize(("k", "state"), STATES)
def test_it_is_the_limit_of_long_horizons(k, state):
    delta, future, one = 0.2, ErlangFuture(k), tuple(np.array([v]) for v in state)
    by_time = discounted_total(lambda u, _: future._expected_purchases_new(one, u), np.inf, delta, one[1])
    np.testing.assert_allclose(discounted_forever(k, one, delta), by_time, rtol=1e-9)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_who_never_leaves_and_has_a_known_rate_buys_by_a_renewal_process(k):
    # Erlang waits have the Laplace transform g^k with g = rate / (rate + delta): D = g^k / (1 - g^k).
    rate, delta = 3.0, 0.05
    found = discounted_forever(k, (1e10, 1e10 / rate, 1e-12, 1e4, 0.0), delta)
    g = (rate / (rate + delta)) ** k
    np.testing.assert_allclose(found, g / (1 - g), rtol=1e-7)


def test_rows_that_share_parameters_are_rows_on_their_own(monkeypatch):
    monkeypatch.setattr("customer_value.clv._erlang_forever._BLOCK", 2)
    rng = np.random.default_rng(1)
    state = (
        np.array([0.5, 2.5, 40.5])[rng.integers(0, 3, 12)],
        rng.uniform(2, 50, 12),
        0.8,
        3.0,
        rng.uniform(0, 2, 12),
    )
    together = discounted_forever(3, state, 0.02)
    alone = [discounted_forever(3, (state[0][i], state[1][i], 0.8, 3.0, state[4][i]), 0.02) for i in range(12)]
    np.testing.assert_allclose(together, np.array(alone), rtol=1e-11)
