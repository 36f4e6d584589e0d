"""BG/NBD: published figures, 50-digit arithmetic at hard points, and what is special to the model."""

import json
from importlib.util import find_spec
from pathlib import Path

import mpmath as mp
import numpy as np
import pandas as pd
import pytest

from customer_value.clv import BGNBD
from customer_value.clv._special import LARGEST_TABLE

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "bg_nbd.json").read_text())

# Parameters and frequency, recency, T, where naive formulas overflow, cancel or divide by zero.
HARD = [
    pytest.param((0.243, 4.414, 0.793, 2.426), (2, 30.43, 38.86), id="cdnow"),
    pytest.param((0.243, 4.414, 0.793, 2.426), (0, 0, 0), id="seen today"),
    pytest.param((0.243, 4.414, 0.793, 2.426), (0, 0, 1e5), id="silent for ages"),
    pytest.param((0.243, 4.414, 0.793, 2.426), (20000, 1e5, 1e5), id="20,000 purchases to the end"),
    pytest.param((0.243, 4.414, 0.793, 2.426), (20000, 0.01, 1e5), id="20,000 purchases long ago"),
    pytest.param((0.243, 4.414, 0.793, 2.426), (1000, 10, 100), id="odds overflow"),
    pytest.param((1e-4, 1e4, 1e-4, 1e4), (3, 5.0, 7.0), id="hardly ever, hardly leaving"),
    pytest.param((538.5, 0.005459, 199.8, 0.09663), (1, 1.5e-5, 10.15), id="fast and gone"),
    pytest.param((9548, 0.01886, 0.8237, 29.55), (20000, 222.8, 222.9), id="all terms large"),
    pytest.param((1e4, 1e-4, 1e4, 1e4), (12, 3.0, 3.0 + 1e-9), id="silent for an instant"),
]


def arrays(*values):
    return tuple(np.array([float(v)]) for v in values)


def expected(params, x, t_x, T, t):
    alive = BGNBD._probability_alive(params, x, t_x, T)
    return alive * BGNBD._expected_purchases_new(BGNBD._if_alive(params, x, t_x, T), t)


def exact_log_likelihood(row):
    """Eq. (6) as printed, in mpmath: two terms added."""
    x, t_x, T = map(mp.mpf, row)

    def log_likelihood(r, alpha, a, b):
        rate = mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha)
        beta = mp.loggamma(b + x) - mp.loggamma(a + b + x) + mp.loggamma(a + b) - mp.loggamma(b)
        active = mp.exp(-(r + x) * mp.log(alpha + T))
        gone = a / (b + x - 1) * mp.exp(-(r + x) * mp.log(alpha + t_x)) if x > 0 else 0
        return rate + beta + mp.log(active + gone)

    return log_likelihood


def derivative(function, point, orders):
    with mp.workdps(80):
        return float(mp.diff(function, tuple(map(mp.mpf, point)), orders))


@pytest.mark.parametrize(("params", "row"), HARD)
class TestLikelihood:
    def test_log_likelihood_is_exact(self, params, row):
        with mp.workdps(80):
            exact = round(float(exact_log_likelihood(row)(*map(mp.mpf, params))), 60)
        assert abs(BGNBD._log_likelihood(params, *arrays(*row))[0] - exact) <= 1e-12 * abs(exact)
        assert abs(BGNBD._score(params, *arrays(*row))[0][0] - exact) <= 1e-12 * abs(exact)

    def test_derivatives_are_exact(self, params, row):
        # Relative 1e-10; for derivatives that vanish, relative to one part in 1e14 of the size they have elsewhere.
        exact = exact_log_likelihood(row)
        _, gradient = BGNBD._score(params, *arrays(*row))
        hessian = BGNBD._hessian(params, *arrays(*row))
        scale = (1 + row[0]) / np.array(params)
        for j in range(4):
            orders = np.eye(4, dtype=int)[j]
            reference = derivative(exact, params, tuple(orders.tolist()))
            assert abs(gradient[j, 0] - reference) <= 1e-10 * abs(reference) + 1e-14 * scale[j]
            for k in range(j, 4):
                reference = derivative(exact, params, tuple((orders + np.eye(4, dtype=int)[k]).tolist()))
                assert abs(hessian[j, k, 0] - reference) <= 1e-10 * abs(reference) + 1e-14 * scale[j] * scale[k]
                assert hessian[k, j, 0] == hessian[j, k, 0]

    def test_parameters_of_each_customer_agree_with_common_ones(self, params, row):
        own = arrays(*params)
        for one, other in zip(
            (*BGNBD._score(params, *arrays(*row)), BGNBD._hessian(params, *arrays(*row))),
            (*BGNBD._score(own, *arrays(*row)), BGNBD._hessian(own, *arrays(*row))),
            strict=True,
        ):
            np.testing.assert_allclose(other, one, rtol=1e-11, atol=1e-13 * np.abs(one).max())

    def test_probability_alive_is_exact(self, params, row):
        with mp.workdps(50):
            r, alpha, a, b = map(mp.mpf, params)
            x, t_x, T = map(mp.mpf, row)
            odds = a / (b + x - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x) if x > 0 else mp.mpf(0)
            exact = float(1 / (1 + odds))
        alive = BGNBD._probability_alive(params, *arrays(*row))[0]
        assert abs(alive - exact) <= 1e-11 * exact


def test_one_purchase_on_the_last_day_tells_nothing_of_dropout():
    # Stayed or left then, no time has passed: b/(a+b) + a/(a+b) = 1, whatever a and b.
    _, gradient = BGNBD._score((0.5, 4.0, 0.8, 2.5), *arrays(1, 39, 39))
    np.testing.assert_allclose(gradient[2:, 0], 0, atol=1e-15)


def test_counts_beyond_the_table_are_as_exact():
    params, row = (0.243, 4.414, 0.793, 2.426), (LARGEST_TABLE + 1, 9e4, 1e5)
    with mp.workdps(50):
        exact = float(exact_log_likelihood(row)(*map(mp.mpf, params)))
    value, slope, curvature = BGNBD._objective(params, *arrays(*row), np.array([2.0]))
    assert abs(value - 2 * exact) <= 1e-12 * abs(exact)
    np.testing.assert_allclose(slope, 2 * BGNBD._score(params, *arrays(*row))[1][:, 0], rtol=1e-12)
    np.testing.assert_allclose(curvature, 2 * BGNBD._hessian(params, *arrays(*row))[..., 0], rtol=1e-12)


class TestPredictions:
    def test_fixed_parameters(self):
        golden = GOLDEN["fixed"]
        params = tuple(golden["params"].values())
        data = tuple(np.array(golden[c]) for c in ("frequency", "recency", "T"))
        # Ten decimals are given.
        np.testing.assert_allclose(BGNBD._probability_alive(params, *data), golden["alive"], atol=6e-11)
        for t, values in golden["expected"].items():
            np.testing.assert_allclose(expected(params, *data, float(t)), values, atol=6e-11)
        for t, value in golden["new"].items():
            np.testing.assert_allclose(BGNBD._expected_purchases_new(params, float(t)), value, rtol=1e-13)
        times = np.arange(1.0, 11)
        np.testing.assert_allclose(BGNBD._expected_purchases_new(params, times), golden["new_1_to_10"], atol=6e-12)
        assert abs(expected(params, *arrays(10, 35, 39), 2.0)[0] - golden["expected_2_given_10_35_39"]) < 1e-12
        assert (
            abs(expected(params, *arrays(2, 30.43, 38.86), 39.0)[0] - golden["expected_39_given_2_30.43_38.86"]) < 6e-10
        )
        assert abs(BGNBD._probability_alive(params, *arrays(23, 39, 39))[0] - golden["alive_23_39_39"]) < 1e-12
        several = BGNBD._probability_alive(params, np.arange(5.0, 21), np.float64(30), np.float64(39))
        np.testing.assert_allclose(several, golden["alive_5_to_20_given_30_39"], atol=6e-9)

    def test_distribution_of_counts(self):
        golden = GOLDEN["fixed"]
        params = tuple(golden["params"].values())
        np.testing.assert_allclose(BGNBD._pmf_new(params, np.array(10.0), 2.0), golden["pmf_2_10"], rtol=1e-11)
        np.testing.assert_allclose(BGNBD._pmf_new(params, np.array(0.0), 39.0), golden["pmf_39_0"], rtol=1e-11)
        np.testing.assert_allclose(
            BGNBD._pmf_new(params, np.arange(11.0, 21), 30.0), golden["pmf_30_11_to_20"], rtol=1e-9
        )

    def test_walkthrough(self):
        golden = GOLDEN["cdnow_walkthrough"]
        params, customer = tuple(golden["params"].values()), golden["customer_1516"]
        history = arrays(customer["x"], customer["t_x"], customer["T"])
        # The walkthrough's own estimate differs from these parameters in the sixth digit, which the tail magnifies.
        np.testing.assert_allclose(BGNBD._expected_purchases_new(params, 52.0), golden["new_52"], rtol=1e-5)
        np.testing.assert_allclose(expected(params, *history, 52.0), customer["CET_52"], rtol=5e-5)
        np.testing.assert_allclose(BGNBD._probability_alive(params, *history), customer["PAlive"], rtol=5e-6)
        many = tuple(np.array(v, dtype=float) for v in ([10, 15, 20, 25], [20] * 4, [39] * 4))
        np.testing.assert_allclose(
            expected(params, *many, 52.0), list(golden["given_t_x_20_T_39_in_52"].values()), rtol=1e-4
        )

    def test_inputs_that_broke_other_libraries(self):
        case = GOLDEN["failures"]["alive_finite"]
        alive = BGNBD._probability_alive(
            tuple(case["params"]), *(np.array(case[c], dtype=float) for c in ("x", "t_x", "T"))
        )
        assert np.all((alive > 0.7) & (alive < 1))
        case = GOLDEN["failures"]["a_plus_b_below_1"]
        value = expected(tuple(case["bgnbd"]), *arrays(case["x"], 0, case["T"]), float(case["t"]))
        np.testing.assert_allclose(value, case["exact"], rtol=1e-9)
        case = GOLDEN["failures"]["a_near_1"]
        value = expected(tuple(case["bgnbd"]), *arrays(case["x"], case["t_x"], case["T"]), float(case["t"]))
        np.testing.assert_allclose(value, case["exact"], rtol=1e-9)

    def test_stable_likelihoods(self):
        golden = GOLDEN["stability"]
        for case in golden["cases"]:
            ll = BGNBD._log_likelihood(tuple(golden["params"].values()), *arrays(case["x"], case["t_x"], case["T"]))
            np.testing.assert_allclose(ll, case["ll"], rtol=1e-6)  # printed with four to eight decimals

    @pytest.mark.parametrize(
        ("params", "n", "t"),
        [
            ((0.243, 4.414, 0.793, 2.426), 3, 1e-3),
            ((20000.243, 104.4, 0.793, 20002.4), 9980, 52.0),
            ((1e-2, 1e-4, 2.0, 5.0), 40, 1e5),
            ((1e3, 1e3, 1e-4, 1e-4), 1000, 1e3),
        ],
    )
    def test_counts_are_exact(self, params, n, t):
        # Eq. (8) as printed: 1 less a sum, in arithmetic that affords the cancellation.
        with mp.workdps(80):
            r, alpha, a, b = map(mp.mpf, params)
            start, share = (alpha / (alpha + t)) ** r, t / (alpha + t)
            term = mp.mpf(1)
            below = mp.mpf(0)
            for j in range(n):
                below += term
                term *= (r + j) * share / (j + 1)
            stayed = mp.exp(mp.loggamma(b + n) + mp.loggamma(a + b) - mp.loggamma(b) - mp.loggamma(a + b + n))
            pmf = stayed * (start * term + a / (b + n - 1) * (1 - start * below))
            beyond = stayed * (1 - start * (below + term))
        # At 20,000 purchases the library's log gamma leaves 5e-11.
        np.testing.assert_allclose(BGNBD._pmf_new(params, np.array([float(n)]), t), float(pmf), rtol=1e-10)
        np.testing.assert_allclose(BGNBD._sf_new(params, np.array([float(n)]), t), float(beyond), rtol=1e-10)

    def test_counts_of_the_living(self):
        params, n, t = (0.243, 4.414, 0.793, 2.426), np.arange(4000.0), 60.0
        living = BGNBD._pmf_alive_new(params, n, t)
        # No purchase, no coin tossed; then stayed each time: n purchases at the rate times E[(1-p)^n].
        np.testing.assert_allclose(living[0], (4.414 / 64.414) ** 0.243, rtol=1e-13)
        made = (0.243 * 1.243 / 2) * (60 / 64.414) ** 2 * (4.414 / 64.414) ** 0.243
        np.testing.assert_allclose(living[2], 2.426 * 3.426 / (3.219 * 4.219) * made, rtol=1e-12)
        np.testing.assert_allclose(living.sum(), BGNBD._survival_new(params, t), rtol=1e-12)
        assert np.all(living <= BGNBD._pmf_new(params, n, t))
        assert BGNBD._survival_new(params, 0.0) == 1


class TestDraws:
    def test_times_are_sorted_and_within_the_duration(self):
        duration = np.array([0.0, 5.0, 50.0, 500.0] * 500)
        customer, time = BGNBD._draw_purchases((1.0, 2.0, 0.5, 3.0), duration, np.random.default_rng(0))
        assert np.all(np.diff(customer) >= 0)
        assert np.all(np.diff(time)[np.diff(customer) == 0] >= 0)
        assert np.all((time > 0) & (time <= duration[customer]))

    def test_each_customer_has_his_own_parameters(self):
        n = 60_000
        params = tuple(np.resize(np.array(v), n) for v in ([0.5, 3.0], [5.0, 2.0], [0.8, 2.0], [2.5, 6.0]))
        customer, _ = BGNBD._draw_purchases(params, np.full(n, 20.0), np.random.default_rng(1))
        counts = np.bincount(customer, minlength=n)
        mean = BGNBD._expected_purchases_new(tuple(p[:2] for p in params), np.full(2, 20.0))
        for which in (0, 1):
            drawn = counts[which::2]
            assert abs(drawn.mean() - mean[which]) < 4 * drawn.std() / np.sqrt(n / 2)

    def test_who_never_leaves_buys_evenly_in_time(self):
        # a is so small that p is 0: a uniform time has mean 1/2 and variance 1/12.
        customer, time = BGNBD._draw_purchases((5.0, 1.0, 1e-300, 1.0), np.full(5000, 3.0), np.random.default_rng(2))
        assert abs(time.mean() / 3 - 0.5) < 4 * np.sqrt(1 / 12 / time.size)
        assert abs(customer.size / 5000 - 15) < 4 * np.sqrt((15 + 45) / 5000)


class TestFit:
    def test_cdnow_as_published(self, cdnow_summary):
        golden = GOLDEN["cdnow"]
        model = BGNBD().fit(cdnow_summary)
        assert abs(model.log_likelihood_ - golden["log_likelihood"]) < 1e-5
        for name, value in golden["params"].items():
            assert abs(model.params_[name] / value - 1) < 1e-5
            assert abs(model.standard_errors_[name] / golden["standard_errors"][name] - 1) < 1e-3
        pmf = [BGNBD._pmf_new(model._theta, np.arange(6.0), T).tolist() for T in cdnow_summary["T"].unique()]
        weights = cdnow_summary["T"].value_counts().loc[cdnow_summary["T"].unique()].to_numpy()
        np.testing.assert_allclose(weights @ np.array(pmf) / weights.sum(), golden["mean_pmf_0_to_5"], atol=5e-7)
        holdout = GOLDEN["cdnow_holdout"]
        assert abs(model.expected_purchases(cdnow_summary, 39).sum() - holdout["expected_purchases"]) < 0.005
        assert abs(model.probability_alive(cdnow_summary).sum() - holdout["alive"]) < 0.005

    def test_rounded_summary(self):
        golden = GOLDEN["rounded"]
        folder = Path(find_spec("lifetimes").origin).parent / "datasets"
        model = BGNBD().fit(pd.read_csv(folder / "cdnow_customers_summary.csv"))
        assert abs(model.log_likelihood_ - golden["log_likelihood"]) < 1e-7
        np.testing.assert_allclose(list(model.params_.values()), list(golden["params"].values()), rtol=1e-5)

    def test_first_guess_is_near(self, cdnow_summary):
        # The guess decides how many evaluations a fit takes: on CDNOW Newton needs a handful.
        assert BGNBD().fit(cdnow_summary).diagnostics_["evaluations"] <= 8
