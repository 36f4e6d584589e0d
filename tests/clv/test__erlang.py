"""The Erlang-k likelihood: 80-digit arithmetic at hard points, BG/NBD and MBG/NBD at k = 1, interval by interval."""

import mpmath as mp
import numpy as np
import pytest

from customer_value.clv import BGNBD, MBGNBD, _erlang
from customer_value.clv._erlang import HESSIAN, derivatives, probability_alive, silence, totals

CDNOW = (0.243, 4.414, 0.793, 2.426)
# k, parameters and frequency, recency, T, where naive formulas overflow, cancel or divide by zero.
HARD = [
    pytest.param(2, CDNOW, (2, 30.43, 38.86), id="cdnow"),
    pytest.param(3, CDNOW, (0, 0, 0), id="seen today"),
    pytest.param(3, CDNOW, (0, 0, 1e-3), id="seen just now"),
    pytest.param(4, CDNOW, (0, 0, 1e5), id="silent for ages"),
    pytest.param(2, CDNOW, (20000, 1e5, 1e5), id="20,000 purchases to the end"),
    pytest.param(20, CDNOW, (20000, 0.01, 1e5), id="20,000 purchases long ago"),
    pytest.param(5, (1e-4, 1e4, 1e-4, 1e4), (3, 5.0, 7.0), id="hardly ever, hardly leaving"),
    pytest.param(20, (538.5, 0.005459, 199.8, 0.09663), (1, 1.5e-5, 10.15), id="fast and gone"),
    pytest.param(7, (1e4, 1e-4, 1e4, 1e4), (12, 3.0, 3.0 + 1e-9), id="silent for an instant"),
    pytest.param(2, (3.0, 5.0, 886.0, 0.047), (0, 0, 0.5), id="nearly all leave"),
]
FIRST = [pytest.param(0, id="BG"), pytest.param(1, id="MBG")]


def arrays(*values):
    return tuple(np.array([float(v)]) for v in values)


def exact_log_likelihood(k, first, row):
    """Two terms: left right after the last purchase, or alive with j < k events since."""
    x, t_x, T = map(mp.mpf, row)
    n, silent = x + first, T - t_x

    def log_likelihood(r, alpha, a, b):
        R = r + k * x
        path = mp.loggamma(R) - mp.loggamma(r) + r * mp.log(alpha)
        term = total = mp.mpf(1)
        for j in range(1, k):
            term *= (R + j - 1) * silent / (j * (alpha + T))
            total += term
        calm = total * (alpha + T) ** -R
        active = mp.exp(log_beta(a, b + n) - log_beta(a, b)) * calm
        gone = mp.exp(log_beta(a + 1, b + n - 1) - log_beta(a, b)) * (alpha + t_x) ** -R if n > 0 else 0
        return path + mp.log(active + gone)

    return log_likelihood


def log_beta(a, b):
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize(("k", "params", "row"), HARD)
class TestHardPoints:
    def test_log_likelihood_is_exact(self, k, params, row, first):
        with mp.workdps(80):
            exact = float(exact_log_likelihood(k, first, row)(*map(mp.mpf, params)))
        value = _erlang.log_likelihood(k, first, params, *arrays(*row))[0]
        # Where nothing is known, the arithmetic of 80 digits leaves 1e-80 instead of ln 1.
        assert abs(value - exact) <= 1e-11 * abs(exact) + 1e-70

    def test_derivatives_are_exact(self, k, params, row, first):
        # Relative 1e-9; for derivatives that vanish, relative to one part in 1e13 of the size they have elsewhere.
        exact, found = exact_log_likelihood(k, first, row), derivatives(k, first, params, *arrays(*row))[:, 0]
        scale = (1 + k * row[0]) / np.array(params)
        eye = np.eye(4, dtype=int)
        with mp.workdps(60):
            point = tuple(map(mp.mpf, params))
            for i in range(4):
                reference = float(mp.diff(exact, point, tuple(eye[i].tolist())))
                assert abs(found[1 + i] - reference) <= 1e-9 * abs(reference) + 1e-13 * scale[i]
                for j in range(i, 4 * first):  # the second derivatives of one model: BG differs at x = 0 alone
                    reference = float(mp.diff(exact, point, tuple((eye[i] + eye[j]).tolist())))
                    error = abs(found[HESSIAN[i, j]] - reference)
                    assert error <= 1e-9 * abs(reference) + 1e-13 * scale[i] * scale[j]

    def test_probability_alive_is_exact(self, k, params, row, first):
        with mp.workdps(80):
            r, alpha, a, b = map(mp.mpf, params)
            x, t_x, T = map(mp.mpf, row)
            R, step = r + k * x, (T - t_x) / (alpha + T)
            calm = (1 - step) ** R * mp.fsum(mp.rf(R, j) / mp.factorial(j) * step**j for j in range(k))
            odds = a / (b + x + first - 1) / calm if x + first > 0 else mp.mpf(0)
            exact = float(1 / (1 + odds))
        found = probability_alive(k, first, params, *arrays(*row))[0]
        assert abs(found - exact) <= 1e-10 * exact

    def test_parameters_of_each_customer_agree_with_common_ones(self, k, params, row, first):
        one, other = (derivatives(k, first, p, *arrays(*row)) for p in (params, arrays(*params)))
        np.testing.assert_allclose(other, one, rtol=1e-10)


ROWS = (
    np.array([0, 0, 0, 1, 2, 5, 26, 12, 3000.0]),
    np.array([0, 0, 0, 7.0, 30.43, 38.0, 30.857, 60.0, 980.0]),
    np.array([0.0, 3.0, 38.86, 38.86, 38.86, 38.0, 31.0, 104.0, 1000.0]),
)


@pytest.mark.parametrize(("first", "model"), [(0, BGNBD), (1, MBGNBD)])
def test_one_event_per_purchase_is_the_known_model(first, model):
    rows = derivatives(1, first, CDNOW, *ROWS)
    ll, gradient = model()._score(CDNOW, *ROWS)
    np.testing.assert_allclose(rows[0], ll, rtol=1e-12)
    np.testing.assert_allclose(rows[1:5], gradient, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(rows[HESSIAN], model()._hessian(CDNOW, *ROWS), rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(
        probability_alive(1, first, CDNOW, *ROWS), model()._probability_alive(CDNOW, *ROWS), rtol=1e-13
    )


def test_the_likelihood_is_that_of_the_intervals():
    # Rates and dropout on a grid of quadrature nodes; the path purchase by purchase, the constant as the fit adds it.
    k, params, T = 3, (1.4, 2.5, 1.2, 3.1), 12.0
    purchases = np.array([0.0, 2.0, 2.7, 6.1, 7.0])
    waits = np.diff(purchases)
    x, t_x = waits.size, purchases[-1]
    r, alpha, a, b = params

    def erlang(rate):
        return mp.fprod(rate**k * mp.mpf(w) ** (k - 1) * mp.exp(-rate * w) / mp.gamma(k) for w in waits)

    def calm(rate):
        return mp.fsum((rate * (T - t_x)) ** j / mp.factorial(j) for j in range(k)) * mp.exp(-rate * (T - t_x))

    def rates(what):
        density = lambda v: v ** (r - 1) * mp.exp(-alpha * v) * alpha**r / mp.gamma(r)  # noqa: E731  # a formula
        return mp.quad(lambda v: density(v) * what(v), [0, 1, 3, 8, 30])

    def dropouts(what):
        return mp.quad(lambda p: p ** (a - 1) * (1 - p) ** (b - 1) / mp.beta(a, b) * what(p), [0, 0.5, 1])

    for first in (0, 1):
        n = x + first
        gone = rates(erlang) * dropouts(lambda p, n=n: p * (1 - p) ** (n - 1))
        active = rates(lambda v: erlang(v) * calm(v)) * dropouts(lambda p, n=n: (1 - p) ** n)
        found = _erlang.log_likelihood(k, first, params, *arrays(x, t_x, T))[0]
        constant = (k - 1) * np.log(waits).sum() - x * np.log(2.0)  # Gamma(3) = 2
        np.testing.assert_allclose(found + constant, float(mp.log(gone + active)), rtol=1e-10)
        alive = probability_alive(k, first, params, *arrays(x, t_x, T))[0]
        np.testing.assert_allclose(alive, float(active / (gone + active)), rtol=1e-10)


def test_totals_are_sums_of_rows_over_several_chunks(monkeypatch):
    monkeypatch.setattr(_erlang, "_CHUNK", 4)
    weights = np.linspace(0.5, 3.0, 9)
    value, slope, curvature = totals(3, 1, CDNOW, ROWS, weights)
    rows = derivatives(3, 1, CDNOW, *ROWS)
    np.testing.assert_allclose(value, rows[0] @ weights, rtol=1e-13)
    np.testing.assert_allclose(slope, rows[1:5] @ weights, rtol=1e-12)
    np.testing.assert_allclose(curvature, rows[HESSIAN] @ weights, rtol=1e-12)


def test_one_purchase_on_the_last_day_tells_nothing_of_dropout():
    # Stayed or left then, no time has passed: both chances add up to 1, whatever a and b.
    rows = derivatives(4, 0, (0.5, 4.0, 0.8, 2.5), *arrays(1, 39, 39))
    np.testing.assert_allclose(rows[3:5], 0, atol=1e-15)


def test_silence_keeps_its_digits_where_it_is_sure():
    # 1 - Q is about (R e / A)^k / k! here; ln Q must not be ln of a rounded 1.
    found = silence(3, *arrays(2.0, 10.0, 1e-4))
    with mp.workdps(40):
        v = mp.mpf(1e-4) / (10 + mp.mpf(1e-4))
        exact = (1 - v) ** 2 * (1 + 2 * v + 3 * v**2)
        np.testing.assert_allclose(found.log[0], float(mp.log(exact)), rtol=1e-12)
        np.testing.assert_allclose(found.broken[0], float(1 - exact), rtol=1e-12)
