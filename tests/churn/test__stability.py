"""Stability indices against the golden value and simulation; calibration against statsmodels and simulation."""

import json
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit
from scipy.stats import ks_2samp

from customer_value.churn._stability import calibration, difference_p_value, ks_distance, stability

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "churn_drift.json").read_text(encoding="utf-8"))


def test_the_index_of_two_bins():
    case = GOLDEN["psi_2bin"]
    found = stability(100 * np.array(case["expected"]), 100 * np.array(case["actual"]))
    assert found.psi == pytest.approx(case["psi"], rel=1e-14)
    assert found.by_chance == pytest.approx(1 / 100 + 1 / 100)


def test_chance_alone_gives_what_is_said():
    # 2,000 draws: standard errors are 1.6 % of the mean and .005 of the share of p-values below .05; bounds at four.
    rng = np.random.default_rng(0)
    shares = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
    before, after = (rng.multinomial(n, shares, 2000).astype(float) for n in (3000, 1500))
    found = np.array([stability(one, other) for one, other in zip(before, after, strict=True)])
    assert found[:, 0].mean() == pytest.approx(found[0, 1], rel=0.065)
    assert found[0, 1] == pytest.approx(4 * (1 / 3000 + 1 / 1500))
    assert (found[:, 2] <= 0.05).mean() == pytest.approx(0.05, abs=0.02)


def test_an_empty_bin_counts_as_half_a_row_and_an_unused_one_as_nothing():
    p, q = np.array([50, 50]) / 100, np.array([0.5, 200]) / 200
    expected = ((q - p) * np.log(q / p)).sum()
    assert stability(np.array([50.0, 50]), np.array([0.0, 200])).psi == pytest.approx(expected, rel=1e-14)
    assert stability(np.array([50.0, 50, 0]), np.array([0.0, 200, 0])) == stability(
        np.array([50.0, 50]), np.array([0.0, 200])
    )
    assert stability(np.array([0.0, 9]), np.array([0.0, 4])) == (0.0, 0.0, 1.0)


def test_the_distance_of_distributions_is_scipys():
    rng = np.random.default_rng(1)
    one, other = rng.poisson(3, 200).astype(float), rng.poisson(4, 90).astype(float)
    assert ks_distance(one, other) == pytest.approx(ks_2samp(one, other).statistic, abs=1e-15)
    assert np.isnan(ks_distance(one, other[:0]))


def test_calibration_is_a_logistic_regression_on_the_log_odds():
    rng = np.random.default_rng(2)
    truth = rng.normal(-1, 1, 2000)
    y, p = (rng.random(2000) < expit(truth)).astype(float), expit(1.7 * truth + 0.4)
    found = calibration(y, p)
    fit = sm.Logit(y, sm.add_constant(logit(p))).fit(disp=0)
    assert found.slope == pytest.approx(fit.params[1], rel=1e-6)
    assert found.slope_error == pytest.approx(fit.bse[1], rel=1e-6)
    assert found.slope == pytest.approx(1 / 1.7, abs=4 * found.slope_error)
    assert found.ratio == pytest.approx(y.sum() / p.sum())


def test_the_error_of_observed_over_expected_is_that_of_simulation():
    # 4,000 draws: the standard deviation is known within 1.1 %.
    rng = np.random.default_rng(3)
    p = np.full(500, 0.2)
    draws = rng.binomial(500, 0.2, 4000)
    logs = np.log(draws / p.sum())
    y = np.r_[np.ones(100), np.zeros(400)]
    assert calibration(y, p).ratio_error == pytest.approx(logs.std(), rel=0.05)


@pytest.mark.parametrize(
    ("y", "p"),
    [([0, 0, 0], [0.1, 0.2, 0.3]), ([1, 1, 1], [0.1, 0.2, 0.3]), ([0, 1, 0], [0.2] * 3), ([0, 0, 1], [0, 0.1, 1])],
)
def test_what_outcomes_cannot_tell_is_not_told(y, p):
    assert np.isnan(calibration(np.array(y, dtype=float), np.array(p, dtype=float)).slope)


def test_a_difference_of_two_errors_has_the_normal_p_value():
    assert difference_p_value(1.0, 0.3, 1.0 + 1.959964 * 0.5, 0.4) == pytest.approx(0.05, abs=1e-6)
    assert np.isnan(difference_p_value(1.0, 0.0, 1.0, 0.0))
