"""One table for all customers of a count: unequal opportunities, many tables, and sums over every possible history."""

import numpy as np
import pytest

from customer_value.clv import _silence
from customer_value.clv._silence import HESSIAN, derivatives, log_histories

PARAMS = (1.2, 0.75, 0.66, 2.8)


def rows(n_rows, longest, seed=3):
    rng = np.random.default_rng(seed)
    n = rng.integers(0, longest + 1, n_rows).astype(float)
    t_x = np.floor(rng.random(n_rows) * (n + 1))
    return np.where(t_x > 0, 1 + np.floor(rng.random(n_rows) * t_x), 0.0), t_x, n


def all_derivatives(params, *columns):
    found = np.full((15, columns[0].size), np.nan)
    for which, values in derivatives(params, *columns):
        assert np.isnan(found[0, which]).all()  # every row comes once
        found[:, which] = values
    return found


def by_hand(params, x, t_x, n):
    """Log of eq. (6), term by term in plain arithmetic: good for a few opportunities."""
    alpha, beta, gamma, delta = params
    buys = np.prod([(alpha + i) / (alpha + beta + i) for i in range(int(x))])
    here, total = buys * np.prod([(delta + i) / (gamma + delta + i) for i in range(int(x))]), 0.0
    for j in range(int(x), int(n)):
        if j >= t_x:
            total += here * gamma / (gamma + delta + j)
        here *= (beta + j - x) / (alpha + beta + j) * (delta + j) / (gamma + delta + j)
    return np.log(total + here), np.log(here / (total + here))


def test_a_few_opportunities_by_hand():
    columns = rows(200, 12)
    log_likelihood, log_alive = log_histories(PARAMS, *columns)
    expected = np.array([by_hand(PARAMS, *row) for row in zip(*columns, strict=True)])
    np.testing.assert_allclose(log_likelihood, expected[:, 0], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(log_alive, expected[:, 1], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("cells", "narrowest", "at_once"), [(500_000, 16, 8192), (2_000, 2, 5)])
def test_each_rows_own_opportunities_count(cells, narrowest, at_once, monkeypatch):
    # Tables run to the largest n of their rows; many columns come in several tables, many rows in several parts.
    columns = rows(60, 900)
    alone = np.hstack([all_derivatives(PARAMS, *(np.array([v]) for v in row)) for row in zip(*columns, strict=True)])
    for name, value in (("_CELLS", cells), ("_NARROWEST", narrowest), ("_ROWS", at_once)):
        monkeypatch.setattr(_silence, name, value)
    together = all_derivatives(PARAMS, *columns)
    np.testing.assert_allclose(together[0], alone[0], rtol=1e-12)
    np.testing.assert_allclose(together[1:5], alone[1:5], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(together[5:], alone[5:], rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(log_histories(PARAMS, *columns)[0], together[0], rtol=1e-14)
    own = tuple(np.full(60, value) for value in PARAMS)
    np.testing.assert_allclose(all_derivatives(own, *columns)[:5], together[:5], rtol=1e-9, atol=1e-11)


def test_no_opportunity_tells_nothing():
    none = np.zeros(3)
    log_likelihood, log_alive = log_histories(PARAMS, none, none, none)
    assert (log_likelihood == 0).all()
    assert (log_alive == 0).all()
    assert (all_derivatives(PARAMS, none, none, none) == 0).all()


def test_silence_far_below_the_smallest_float():
    # Half of 20,000 opportunities, the last of them used: the chance of such a history is e^-14,000.
    log_likelihood, log_alive = log_histories(PARAMS, *(np.array([v]) for v in (1e4, 2e4, 2e4)))
    assert log_alive == 0
    assert -15_000 < log_likelihood[0] < -13_000


def test_the_hessian_stands_where_its_map_says():
    columns, params = rows(40, 30), np.array(PARAMS)
    hessian = all_derivatives(PARAMS, *columns)[HESSIAN]
    for j, value in enumerate(params):
        step = 1e-5 * value * (np.arange(4) == j)
        ahead, behind = (all_derivatives(tuple(params + sign * step), *columns)[1:5] for sign in (1, -1))
        np.testing.assert_allclose(hessian[j], (ahead - behind) / (2 * step[j]), rtol=1e-6, atol=1e-8)
