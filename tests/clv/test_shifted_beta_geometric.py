"""Shifted-beta-geometric: published figures, 50-digit arithmetic, and what is special to the model."""

import json
from pathlib import Path

import mpmath as mp
import numpy as np
import pandas as pd
import pytest

import customer_value as cv
from customer_value.clv import ShiftedBetaGeometric

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "shifted_beta_geometric.json").read_text())
HARD = [(0.668, 3.806), (1e-4, 1e4), (1e4, 1e-4), (1e4, 1e4), (1e-4, 1e-4), (3.0, 250.0)]


def published(segment, years):
    """The paper's percentages as 1,000 customers."""
    left = np.rint(10 * np.array(GOLDEN["survival"][segment][:years])).astype(int)
    return pd.DataFrame({"period": np.arange(1, years), "at_risk": left[:-1], "lost": left[:-1] - left[1:]})


@pytest.mark.parametrize("case", GOLDEN["fits"]["cases"], ids=lambda case: case["id"])
def test_published_fits(case):
    model = ShiftedBetaGeometric().fit(published(case["segment"], case["years"]))
    assert model.params_ == pytest.approx(case["params"], rel=2e-7)  # eight decimals, and the source's own convergence
    assert model.log_likelihood_ == pytest.approx(case["log_likelihood"], abs=1e-9)
    assert model.n_customers_ == 1000
    assert model.diagnostics_["converged"]


@pytest.mark.parametrize("segment", ["regular", "high_end"])
def test_the_papers_forecast(segment):
    # Fig. 4 of the paper: seven observed renewals, five ahead, hardly told from what came. Within 1.7 points.
    seen = np.array(GOLDEN["survival"][segment]) / 100
    ahead = ShiftedBetaGeometric().fit(published(segment, 8)).survival(np.arange(8, 13))
    np.testing.assert_allclose(ahead, seen[8:], atol=0.017)


@pytest.mark.parametrize("params", HARD)
def test_likelihood_and_derivatives_are_exact(params):
    period, lost, renewed = np.array([1.0, 2.0, 20_000.0]), np.array([3.0, 0.0, 2.0]), np.array([7.0, 4.0, 0.0])
    ll, gradient = ShiftedBetaGeometric._score(params, period, lost, renewed)
    hessian = ShiftedBetaGeometric._hessian(params, period, lost, renewed)
    for i, (t, n, m) in enumerate(zip(period, lost, renewed, strict=True)):

        def exact(alpha, beta, t=t, n=n, m=m):
            # Eq. (5) and (6) of the paper: P(T = t) / S(t-1) for each loss, S(t) / S(t-1) for each renewal.
            def log_survival(t):
                return mp.log(mp.beta(alpha, beta + t)) - mp.log(mp.beta(alpha, beta))

            loss = mp.log(mp.beta(alpha + 1, beta + t - 1)) - mp.log(mp.beta(alpha, beta)) - log_survival(t - 1)
            return n * loss + m * (log_survival(t) - log_survival(t - 1))

        with mp.workdps(60):
            point = tuple(map(mp.mpf, params))
            assert float(ll[i]) == pytest.approx(float(exact(*point)), rel=1e-13)
            for j in range(2):
                order = [int(j == 0), int(j == 1)]
                slope = float(mp.diff(exact, point, tuple(order)))
                assert gradient[j, i] == pytest.approx(slope, rel=1e-10, abs=1e-18 / params[j])
                for k in range(2):
                    both = [order[0] + int(k == 0), order[1] + int(k == 1)]
                    curvature = float(mp.diff(exact, point, tuple(both)))
                    scale = (n + m) / params[j] / params[k]
                    assert hessian[j, k, i] == pytest.approx(curvature, rel=1e-10, abs=1e-15 * scale)


@pytest.mark.parametrize("params", HARD)
def test_survival_is_exact(params):
    model = ShiftedBetaGeometric.from_params(**dict(zip(("alpha", "beta"), params, strict=True)))
    t = np.array([0, 1, 2, 50, 20_000])
    with mp.workdps(50):
        alpha, beta = map(mp.mpf, params)
        logs = [mp.log(mp.beta(alpha, beta + int(n)) / mp.beta(alpha, beta)) for n in t]
        rates = [float((beta + int(n) - 1) / (alpha + beta + int(n) - 1)) for n in t[1:]]
        np.testing.assert_allclose(model.survival(t), [float(mp.exp(v)) for v in logs], rtol=1e-11)
    np.testing.assert_allclose(model.retention(t[1:]), rates, rtol=1e-14)


def test_recursion_of_churn_probabilities():
    # Eq. (7) of the paper.
    model = ShiftedBetaGeometric.from_params(alpha=0.668, beta=3.806)
    p = model.churn_probabilities(np.arange(1, 30))
    assert p[0] == pytest.approx(0.668 / 4.474, rel=1e-14)
    t = np.arange(2, 30)
    np.testing.assert_allclose(p[1:] / p[:-1], (3.806 + t - 2) / (4.474 + t - 1), rtol=1e-13)


def test_customers_who_do_not_differ_are_a_boundary():
    # Retention falls from period to period: no beta distribution does that, the best one has no spread.
    falling = pd.DataFrame({"period": [1, 2, 3], "at_risk": [1000, 900, 700], "lost": [100, 200, 300]})
    with pytest.warns(cv.FitWarning, match="the data do not identify beta"):
        model = ShiftedBetaGeometric().fit(falling)
    np.testing.assert_allclose(model.retention([1, 2, 3]), 1 - 600 / 2600, rtol=1e-4)


def test_a_first_renewal_that_nearly_all_make():
    # Two renewals, two parameters: both rates are met exactly.
    table = pd.DataFrame({"period": [1, 2], "at_risk": [100_000, 60_000], "lost": [40_000, 1]})
    rates = ShiftedBetaGeometric().fit(table).retention([1, 2])
    np.testing.assert_allclose(rates, [0.6, 1 - 1 / 60_000], rtol=1e-7)
