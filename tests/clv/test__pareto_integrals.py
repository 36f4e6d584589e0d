"""The integrals over the time of dropout: against mpmath, and node counts against rules with many more nodes."""

from functools import cache

import mpmath as mp
import numpy as np
import pytest

from customer_value.clv import _pareto_integrals
from customer_value.clv._pareto_integrals import _Path, count_integrals, log_path, silence_integral


def silence(a, b, A, B, span, order=2):
    a, b, A, B, span = (np.atleast_1d(np.asarray(v, dtype=float)) for v in (a, b, A, B, span))
    return silence_integral(a, b, A, B, np.log1p(span / A), np.log1p(span / B), order)


def exact_silence(a, b, A, B, span):
    """ln of the integral over B, means and covariances, by mpmath on pieces that shrink towards 0."""
    with mp.workdps(25):
        a, b, A, B, span = map(mp.mpf, (a, b, A, B, span))
        m = min(A, B)
        length = mp.log1p(span / m)
        cuts = [0] + [length * mp.mpf(4) ** -k for k in range(12, -1, -1)]

        @cache  # every integral visits the same nodes
        def weighted_features(eta):
            tau = m * mp.expm1(eta)
            u = mp.log1p(tau / A), tau / (A + tau), mp.log1p(tau / B), tau / (B + tau)
            return mp.exp(-a * u[0] - b * u[2] + eta) * m, u

        def integral(of):
            def integrand(eta):
                weight, u = weighted_features(eta)
                return weight * of(u)

            return mp.quad(integrand, cuts, maxdegree=6)

        total = integral(lambda u: 1)
        means = [integral(lambda u, i=i: u[i]) / total for i in range(4)]
        covariances = [
            integral(lambda u, i=i, j=j: (u[i] - means[i]) * (u[j] - means[j])) / total
            for i in range(4)
            for j in range(i, 4)
        ]
        return np.array([float(v) for v in (mp.log(total / B), *means, *covariances)])


@pytest.mark.parametrize(
    ("a", "b", "A", "B", "span"),
    [
        (2.5, 1.6, 30.0, 33.0, 8.0),
        (0.4, 1.6, 1e-3, 40.0, 50.0),
        (0.01, 1.0001, 40.0, 1e-4, 1e5),
        (20000.5, 1.6, 110.0, 112.0, 30.0),
        (2.5, 1e8, 30.0, 1e8, 8.0),
    ],
)
def test_integral_means_and_covariances_are_exact(a, b, A, B, span):
    value, reference = silence(a, b, A, B, span)[:, 0], exact_silence(a, b, A, B, span)
    np.testing.assert_allclose(value[:5], reference[:5], rtol=1e-12)
    np.testing.assert_allclose(value[5:], reference[5:], rtol=1e-9)


def test_no_silence_gives_no_integral_and_no_moments():
    value = silence(2.5, 1.6, 30.0, 33.0, 0.0)[:, 0]
    assert value[0] == -np.inf
    np.testing.assert_array_equal(value[1:], 0)


def random_rows(rng, n):
    a, b = 10 ** rng.uniform(-4, 4.3, n), 1 + 10 ** rng.uniform(-4, 4, n)
    A = 10 ** rng.uniform(-4, 5, n)
    B = A * 10 ** rng.uniform(-6, 6, n) * (rng.random(n) < 0.9)
    return a, b, A, np.where(B > 0, B, A), 10 ** rng.uniform(-3, 5, n)


def with_rules_of(nodes, monkeypatch):
    monkeypatch.setattr(_pareto_integrals, "_NODES", np.array([nodes]))
    monkeypatch.setattr(_pareto_integrals, "_SIZE_OF", np.zeros(nodes + 1, dtype=np.int8))


def test_every_row_gets_nodes_enough(monkeypatch):
    # numpy's own nodes and weights are good to 1e-12 where all weight sits at an end of the interval.
    rows = random_rows(np.random.default_rng(0), 4000)
    few = silence(*rows, order=1)
    with_rules_of(200, monkeypatch)
    many = silence(*rows, order=1)
    np.testing.assert_allclose(few[0], many[0], rtol=0, atol=1e-11)
    np.testing.assert_allclose(few[1:], many[1:], rtol=1e-10)


def test_every_count_gets_nodes_enough(monkeypatch):
    rng = np.random.default_rng(1)
    r, s, alpha, beta, t = (
        10 ** rng.uniform(low, high, 1500) for low, high in [(-4, 4.3), (-4, 4), (-4, 4), (-4, 4), (-3, 5)]
    )
    for n in ([[0.0], [1.0], [5.0], [7.0], [30.0]], [[100.0]], [[20000.0]]):
        few = count_integrals(np.array(n), r, alpha, s, beta, t, scale=beta)
        with monkeypatch.context() as patch:
            with_rules_of(200, patch)
            many = count_integrals(np.array(n), r, alpha, s, beta, t, scale=beta)
        # 20,000 logarithms of a rounded ratio.
        np.testing.assert_allclose(few, many, rtol=0, atol=1e-9)


def test_path_is_largest_at_its_top_and_is_cut_where_it_has_fallen():
    rng = np.random.default_rng(2)
    n, r, s, alpha, beta = (10 ** rng.uniform(-1, 2, 500) for _ in range(5))
    path = _Path.until(np.full(500, 1e9), n, r, alpha, s, beta)
    highest = log_path(path.top, n, r, alpha, s, beta)
    for factor in (0.5, 0.99, 1.01, 2):
        tau = path.top * factor
        fall = highest - log_path(tau, n, r, alpha, s, beta)
        assert np.all(fall > 0)
        np.testing.assert_allclose(path.fall(tau), fall, rtol=1e-9, atol=1e-12 * np.abs(highest).max())
    for tau in (path.lower_cut(), path.come_closer(np.full(500, 1e200))):
        assert np.all((path.fall(tau) > 37.9) & (path.fall(tau) < 76))


def test_parameters_at_the_ends_of_the_optimizers_range():
    # Purchases and dropout race at equal rates of 1e16: who buys n times before leaving is a matter of coins.
    one = np.ones(1)
    n = np.arange(4.0)[:, None]
    log_bought = count_integrals(n, 1e8 * one, 1e-8 * one, 1e8 * one, 1e-8 * one, 39 * one, scale=1e-8 * one)[:, 0]
    ways = np.cumsum(np.append(0, np.log((1e8 + n[:-1, 0]) / (n[:-1, 0] + 1))))
    np.testing.assert_allclose(np.exp(log_bought + ways + np.log(1e8 + n[:, 0])), 0.5 ** (n[:, 0] + 1), rtol=1e-6)


def test_no_rows_give_no_integrals():
    nothing = np.empty(0)
    assert count_integrals(np.zeros((1, 0)), *[nothing] * 5, scale=nothing).shape == (1, 0)
    assert silence(*[nothing] * 5).shape == (15, 0)
