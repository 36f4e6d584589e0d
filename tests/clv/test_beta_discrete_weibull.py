"""Beta-discrete-Weibull: published figures, 60-digit arithmetic, and what is special to the model."""

import json
from pathlib import Path

import mpmath as mp
import numpy as np
import pandas as pd
import pytest

from customer_value.clv import BetaDiscreteWeibull, ShiftedBetaGeometric

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "beta_discrete_weibull.json").read_text())
HARD = [
    pytest.param((0.259, 1.72, 1.584), id="high-end"),
    pytest.param((0.5, 2.0, 0.1), id="renewing gets easier"),
    pytest.param((1e-4, 1e4, 2.5), id="hardly anyone leaves"),
    pytest.param((1e4, 1e4, 1.0), id="all alike"),
    pytest.param((2.0, 1e-4, 1.7), id="leaving at once or never"),
    pytest.param((0.3, 50.0, 20.0), id="powers of 20"),
    pytest.param((0.3, 50.0, 1e3), id="powers beyond all floats"),
]


def published(segment, years):
    """The paper's percentages as 1,000 customers."""
    left = np.rint(10 * np.array(GOLDEN["survival"][segment][:years])).astype(int)
    return pd.DataFrame({"period": np.arange(1, years), "at_risk": left[:-1], "lost": left[:-1] - left[1:]})


def exact_log_survival(gamma, delta, c, t):
    """ln B(gamma, delta + t^c) / B(gamma, delta), as the paper has it."""
    power = mp.mpf(float(t)) ** c if t else mp.mpf(0)
    if power > mp.mpf(10) ** 30:  # differences of log gammas lose their digits; 1 / power^2 is left out
        far = -gamma * c * mp.log(t) - gamma * (gamma + 2 * delta - 1) / (2 * power)
    else:
        far = mp.loggamma(delta + power) - mp.loggamma(gamma + delta + power)
    return far + mp.loggamma(gamma + delta) - mp.loggamma(delta)


@pytest.mark.parametrize("case", GOLDEN["fits"]["cases"], ids=lambda case: case["id"])
def test_published_fits(case):
    model = BetaDiscreteWeibull().fit(published(case["segment"], case["years"]))
    assert model.params_ == pytest.approx(case["params"], rel=2e-7)  # eight decimals, and the source's own convergence
    assert model.log_likelihood_ == pytest.approx(case["log_likelihood"], abs=1e-9)
    assert model.diagnostics_["converged"]


@pytest.mark.parametrize("segment", ["regular", "high_end"])
def test_five_years_tell_the_next_eight(segment):
    # The paper's comparison: after four renewals it forecasts eight more, within 2.3 points here.
    seen = np.array(GOLDEN["survival"][segment]) / 100
    model = BetaDiscreteWeibull().fit(published(segment, 5))
    np.testing.assert_allclose(model.survival(np.arange(5, 13)), seen[5:], atol=0.023)


@pytest.mark.parametrize("params", HARD)
def test_likelihood_and_derivatives_are_exact(params):
    period, lost, renewed = np.array([1.0, 2.0, 7.0, 20_000.0]), np.array([3.0, 0, 1, 2]), np.array([7.0, 4, 2, 0])
    ll, gradient = BetaDiscreteWeibull._score(params, period, lost, renewed)
    hessian = BetaDiscreteWeibull._hessian(params, period, lost, renewed)
    for i, (t, n, m) in enumerate(zip(period, lost, renewed, strict=True)):

        def exact(*point, t=t, n=n, m=m):
            log_rate = exact_log_survival(*point, t) - exact_log_survival(*point, t - 1)
            return n * mp.log(-mp.expm1(log_rate)) + m * log_rate

        with mp.workdps(80):
            point = tuple(map(mp.mpf, params))
            value = exact(*point)
            size = np.sqrt(n + m) * np.array([1 / params[0], 1 / params[1], max(1 / params[2], np.log(t))])
            assert float(ll[i]) == pytest.approx(float(value), rel=1e-12)
            for j in range(3):
                orders = np.eye(3, dtype=int)[j]
                slope = float(mp.diff(exact, point, tuple(orders.tolist())))
                assert gradient[j, i] == pytest.approx(slope, rel=1e-9, abs=1e-14 * size[j] * np.sqrt(n + m)), (t, j)
                for k in range(3):
                    both = orders + np.eye(3, dtype=int)[k]
                    curvature = float(mp.diff(exact, point, tuple(both.tolist())))
                    assert hessian[j, k, i] == pytest.approx(curvature, rel=1e-8, abs=1e-14 * size[j] * size[k]), t


@pytest.mark.parametrize("params", HARD)
def test_survival_and_retention_are_exact(params):
    model = BetaDiscreteWeibull.from_params(**dict(zip(("gamma", "delta", "c"), params, strict=True)))
    t = [0, 1, 2, 50, 20_000]
    with mp.workdps(60):
        point = tuple(map(mp.mpf, params))
        logs = [exact_log_survival(*point, n) for n in t]
        rates = [logs[i] - exact_log_survival(*point, n - 1) for i, n in enumerate(t) if n]
        np.testing.assert_allclose(model.survival(t), [float(mp.exp(v)) for v in logs], rtol=1e-11)
        np.testing.assert_allclose(model.retention(t[1:]), [float(mp.exp(v)) for v in rates], rtol=1e-11)


def test_without_duration_dependence_it_is_the_shifted_beta_geometric():
    simple = ShiftedBetaGeometric.from_params(alpha=0.7, beta=1.2)
    general = BetaDiscreteWeibull.from_params(gamma=0.7, delta=1.2, c=1.0)
    t = np.arange(1, 60)
    np.testing.assert_allclose(general.survival(t), simple.survival(t), rtol=1e-13)
    np.testing.assert_allclose(general.retention(t), simple.retention(t), rtol=1e-13)
    rows = t.astype(float), np.full(59, 2.0), np.full(59, 5.0)
    wide, narrow = BetaDiscreteWeibull._score((0.7, 1.2, 1.0), *rows), ShiftedBetaGeometric._score((0.7, 1.2), *rows)
    np.testing.assert_allclose(wide[0], narrow[0], rtol=1e-12)
    np.testing.assert_allclose(wide[1][:2], narrow[1], rtol=1e-10)


def test_it_follows_a_first_renewal_that_is_easier_than_the_second():
    # The paper's high-end customers: 86.9 % and then 85.5 % renew. A model whose rates can only rise must miss that.
    table = published("high_end", 5)
    assert BetaDiscreteWeibull().fit(table).retention(1) > BetaDiscreteWeibull().fit(table).retention(2)
    gain = BetaDiscreteWeibull().fit(table).log_likelihood_ - ShiftedBetaGeometric().fit(table).log_likelihood_
    assert gain > 2


def test_totals_are_sums_of_rows():
    params, weights = (0.259, 1.72, 1.584), np.array([1.0, 2.5, 0.5])
    rows = np.array([1.0, 2, 9]), np.array([3.0, 0, 1]), np.array([7.0, 4, 2])
    value, slope, curvature = BetaDiscreteWeibull._objective(params, *rows, weights)
    ll, gradient = BetaDiscreteWeibull._score(params, *rows)
    assert value == pytest.approx((ll * weights).sum(), rel=1e-13)
    np.testing.assert_allclose(slope, (gradient * weights).sum(axis=-1), rtol=1e-13)
    np.testing.assert_allclose(curvature, (BetaDiscreteWeibull._hessian(params, *rows) * weights).sum(-1), rtol=1e-13)
