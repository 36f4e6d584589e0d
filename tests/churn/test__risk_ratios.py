"""Score intervals of ratios against the paper's example and statsmodels; the pooled ratio against simulation."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import xlogy
from scipy.stats import chi2_contingency, norm
from statsmodels.stats.proportion import confint_proportions_2indep

from customer_value.churn._risk_ratios import equal_risks_p_value, pooled_ratio, ratio_interval

TABLES = [(36, 40, 16, 80), (3, 10, 40, 500), (1, 200, 3, 100), (10, 10, 3, 30), (900, 1000, 7000, 9000)]


def test_the_example_of_the_paper():
    # Koopman (1984): 36 of 40 against 16 of 80 gives 2.94 to 7.15.
    assert np.round(ratio_interval(36, 40, 16, 80, 0.95), 2).tolist() == [2.94, 7.15]


@pytest.mark.parametrize("table", [table for table in TABLES if table[0] < table[1]])
def test_intervals_agree_with_another_implementation(table):
    for level in (0.8, 0.95, 0.999):
        other = confint_proportions_2indep(*table, compare="ratio", method="score", correction=False, alpha=1 - level)
        # Both solve to rounding; theirs takes differences of large numbers.
        np.testing.assert_allclose(ratio_interval(*table, level), other, rtol=1e-8)


@pytest.mark.parametrize("table", TABLES)
def test_at_the_ends_the_most_likely_risks_miss_the_data_by_the_bound(table):
    x, n, y, m = table
    for ratio in ratio_interval(*table, 0.999):
        # The likelihood under this ratio, maximised by search (its flat top is known to 1e-7 or so).
        def loss(p, ratio=ratio):
            return -(xlogy(x, p) + xlogy(n - x, 1 - p) + xlogy(y, p / ratio) + xlogy(m - y, 1 - p / ratio))

        p = minimize_scalar(loss, bounds=(1e-9, min(1, ratio)), method="bounded", options={"xatol": 1e-12}).x
        q = p / ratio
        statistic = (x - n * p) ** 2 / (n * p * (1 - p)) + (y - m * q) ** 2 / (m * q * (1 - q))
        assert statistic == pytest.approx(norm.isf(0.0005) ** 2, rel=1e-5)


def test_a_group_without_leavers_leaves_one_end_open():
    assert ratio_interval(0, 20, 5, 50, 0.95) == (0.0, pytest.approx(1.72816155, abs=1e-8))  # upper: statsmodels
    assert ratio_interval(5, 50, 0, 20, 0.95) == (pytest.approx(0.5786496, abs=1e-7), np.inf)
    assert np.isnan(ratio_interval(0, 20, 0, 50, 0.95)).all()
    assert np.isnan(ratio_interval(0, 0, 4, 50, 0.95)).all()
    low, high = ratio_interval(10, 10, 10, 10, 0.95)  # everyone left: the ratio is 1 and the interval symmetric
    assert low == pytest.approx(1 / high, rel=1e-9)


@pytest.mark.parametrize("table", TABLES)
def test_the_p_value_is_pearsons_and_agrees_with_the_interval(table):
    x, n, y, m = table
    p = equal_risks_p_value(x, n, y, m)
    assert p == pytest.approx(chi2_contingency([[x, n - x], [y, m - y]], correction=False).pvalue, rel=1e-9)
    if 1e-12 < p < 1:
        ends = np.array(ratio_interval(x, n, y, m, 1 - p))
        assert np.abs(np.log(ends)).min() < 1e-6  # at that level the interval just touches 1
    assert np.isnan(equal_risks_p_value(0, 5, 0, 5))


def test_one_stratum_gives_the_plain_ratio_and_katz_variance():
    ratio, variance = pooled_ratio(*(np.array([float(v)]) for v in (36, 40, 16, 80)))
    assert ratio == pytest.approx(4.5)
    assert variance == pytest.approx(1 / 36 - 1 / 40 + 1 / 16 - 1 / 80)


def test_the_pooled_ratio_and_its_variance_are_those_of_simulated_strata():
    # Three strata, common ratio 2. 20,000 draws: the variance is known within 1 % (standard error), the bound is 4 %.
    rng = np.random.default_rng(0)
    n, m, base = np.array([80, 60, 200]), np.array([300, 90, 100]), np.array([0.05, 0.2, 0.4])
    x, y = rng.binomial(n, 2 * base, (20_000, 3)), rng.binomial(m, base, (20_000, 3))
    made = np.array([pooled_ratio(a, n, b, m) for a, b in zip(x[:4000].astype(float), y.astype(float), strict=False)])
    total = n + m
    logs = np.log((x * m / total).sum(1) / (y * n / total).sum(1))
    np.testing.assert_allclose(np.log(made[:, 0]), logs[:4000], atol=1e-12)
    assert made[:, 1].mean() == pytest.approx(logs.var(), rel=0.04)
    assert logs.mean() == pytest.approx(np.log(2), abs=0.01)  # bias of the logarithm, of order variance / 2 = .005


def test_strata_of_one_group_compare_nothing():
    with_empty = pooled_ratio(*(np.array(v, dtype=float) for v in ([36, 5], [40, 9], [16, 0], [80, 0])))
    assert with_empty == pooled_ratio(*(np.array([float(v)]) for v in (36, 40, 16, 80)))
    assert np.isnan(pooled_ratio(*(np.array([v]) for v in (0.0, 9.0, 3.0, 9.0)))).all()
