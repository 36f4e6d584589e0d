"""The future of a living customer: brute-force sums in 40 digits, and quantities that must add up to one another."""

import mpmath as mp
import numpy as np
import pytest

from customer_value.clv import BGNBD
from customer_value.clv._erlang_future import ErlangFuture, negative_binomial

# k and the state R, B, a, b, e
STATES = [
    pytest.param(1, (4.2, 41.0, 0.8, 4.4, 9.0), id="one event"),
    pytest.param(2, (0.24, 2.2, 0.8, 2.4, 0.0), id="new"),
    pytest.param(3, (4.2, 41.0, 0.8, 4.4, 30.0), id="silent"),
    pytest.param(6, (25.0, 12.0, 3.0, 40.0, 1.0), id="regular"),
]


def by_hand(k, state, n, t):
    """P(n potential purchases) and P(n or more), summed over phases and counts."""
    R, B, _, _, e = map(mp.mpf, state)
    share, u = e / B, t / (B + t)
    phase = [mp.rf(R, j) / mp.factorial(j) * share**j for j in range(k)]

    def chance(m):
        total = mp.mpf(0)
        for j in range(k):
            counts = range(max(k * m - j, 0), k * (m + 1) - j)
            here = mp.fsum(mp.rf(R + j, i) / mp.factorial(i) * u**i for i in counts) * (1 - u) ** (R + j)
            total += phase[j] / mp.fsum(phase) * here
        return total

    return chance(n), 1 - mp.fsum(chance(m) for m in range(n))


@pytest.mark.parametrize(("k", "state"), STATES)
class TestDistributions:
    @pytest.mark.parametrize("t", [1e-3, 20.0])
    def test_counts_are_exact(self, k, state, t):
        future, (_, _, a, b, _) = ErlangFuture(k), map(mp.mpf, state)
        for n in (0, 1, 5):
            with mp.workdps(150):
                exactly, at_least = by_hand(k, state, n, mp.mpf(t))
                stayed, before = (mp.beta(a, b + m) / mp.beta(a, b) for m in (n, n - 1))
                both = stayed * exactly + ((before - stayed) * at_least if n else 0)
                beyond = stayed * (at_least - exactly)
            count = np.array([float(n)])
            np.testing.assert_allclose(future._pmf_alive_new(state, count, t), float(stayed * exactly), rtol=1e-11)
            np.testing.assert_allclose(future._pmf_new(state, count, t), float(both), rtol=1e-11)
            np.testing.assert_allclose(future._sf_new(state, count, t), float(beyond), rtol=1e-11)

    def test_distributions_add_up(self, k, state):
        future, n, t = ErlangFuture(k), np.arange(400.0), 20.0
        pmf, beyond = future._pmf_new(state, n, t), future._sf_new(state, n, t)
        np.testing.assert_allclose(1 - np.cumsum(pmf), beyond, atol=1e-12)
        np.testing.assert_allclose(beyond.sum(), future._expected_purchases_new(state, t), rtol=1e-11)
        np.testing.assert_allclose(future._pmf_alive_new(state, n, t).sum(), future._survival_new(state, t), rtol=1e-11)

    def test_intervals_add_up(self, k, state):
        future, n, start, t = ErlangFuture(k), np.arange(200.0), 8.0, 12.0
        column = tuple(np.array([[v]]) for v in state)
        pmf = future._interval_pmf_new(column, n, start, t)
        assert pmf.shape == (1, 200)
        mean = future._expected_purchases_new(state, start + t) - future._expected_purchases_new(state, start)
        np.testing.assert_allclose(pmf.sum(), 1, rtol=1e-11)
        np.testing.assert_allclose((pmf * n).sum(), mean, rtol=1e-10)

    def test_an_interval_from_now_on_is_the_future(self, k, state):
        future, n = ErlangFuture(k), np.arange(6.0)
        column = tuple(np.array([[v]]) for v in state)
        found = future._interval_pmf_new(column, n, 1e-12, 12.0)
        np.testing.assert_allclose(found, future._pmf_new(column, n, 12.0), rtol=1e-9)

    def test_no_time_no_purchase(self, k, state):
        future, n = ErlangFuture(k), np.arange(3.0)
        np.testing.assert_array_equal(future._pmf_new(state, n, 0.0), [1, 0, 0])
        np.testing.assert_array_equal(future._sf_new(state, n, 0.0), [0, 0, 0])


def test_two_intervals_joined_count_what_one_does():
    # Drawn independently of every formula: events, cycles, and a coin after each purchase.
    k, (R, B, a, b, e), n = 3, (4.0, 10.0, 0.9, 3.0, 4.0), 400_000
    rng = np.random.default_rng(5)
    state, start, t = (R, B, a, b, e), 6.0, 9.0
    rate = rng.gamma(R, 1 / (B - e), 8 * n)
    phase = rng.poisson(rate * e)
    rate, phase = rate[phase < k][:n], phase[phase < k][:n]
    first, second = rng.poisson(rate * start), rng.poisson(rate * t)
    life = rng.geometric(rng.beta(a, b, rate.size))
    early, late = (phase + first) // k, (phase + first + second) // k
    seen = np.minimum(late, life) - np.minimum(early, life)
    column = tuple(np.array([[v]]) for v in state)
    pmf = ErlangFuture(k)._interval_pmf_new(column, np.arange(5.0), start, t)[0]
    share = np.array([(seen == m).mean() for m in range(5)])
    assert np.all(np.abs(share - pmf) < 4 * np.sqrt(pmf * (1 - pmf) / rate.size))


def test_one_event_per_purchase_is_the_known_model():
    params, n = (2.4, 4.4, 0.8, 2.4), np.arange(5.0)
    future, state = ErlangFuture(1), (*params, 0.0)
    for name in ("_pmf_new", "_sf_new", "_pmf_alive_new"):
        np.testing.assert_allclose(
            getattr(future, name)(state, n, 7.0), getattr(BGNBD(), name)(params, n, 7.0), rtol=1e-11
        )
    own = future._interval_pmf_new(tuple(np.array([v]) for v in state), n, 3.0, 7.0)
    np.testing.assert_allclose(own, BGNBD()._interval_pmf_new(params, n, 3.0, 7.0), rtol=1e-9)


@pytest.mark.parametrize(
    ("n", "R", "z"), [(0, 3.0, 2.0), (1, 1e-4, 1e6), (7, 1e5, 7e-5), (400_000, 4e5, 1.0), (400_000, 4e5, 1.005)]
)
def test_negative_binomial_is_exact(n, R, z):
    with mp.workdps(40):
        ways = mp.loggamma(mp.mpf(R) + n) - mp.loggamma(R) - mp.loggamma(n + 1)
        exact = float(mp.exp(ways + n * (mp.log(z) - mp.log1p(z)) - R * mp.log1p(z)))
    np.testing.assert_allclose(negative_binomial(np.float64(n), R, z), exact, rtol=1e-11)
