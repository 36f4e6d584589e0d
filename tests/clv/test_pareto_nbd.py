"""Pareto/NBD: published figures, high-precision arithmetic at hard points, and what is special to the model."""

import json
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest

from customer_value.clv import ParetoNBD
from customer_value.clv._conditional import ConditionalModel

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "pareto_nbd.json").read_text(encoding="utf-8"))
CDNOW = (0.553, 10.58, 0.606, 11.67)

# Parameters and frequency, recency, T, where naive formulas overflow, cancel or divide by zero.
HARD = [
    pytest.param(CDNOW, (2, 30.43, 38.86), id="cdnow"),
    pytest.param(CDNOW, (0, 0, 0), id="seen today"),
    pytest.param(CDNOW, (0, 0, 38.86), id="one purchase only"),
    pytest.param(CDNOW, (5, 39, 39), id="bought on the last day"),
    pytest.param(CDNOW, (5, 39, 39 + 1e-9), id="silent for an instant"),
    pytest.param(CDNOW, (20000, 99999, 1e5), id="20,000 purchases to the end"),
    pytest.param((0.553, 10.58, 0.606, 10.58), (5, 20, 39), id="alpha equals beta"),
    pytest.param((0.553, 10.58, 0.606, 10.58 + 1e-9), (5, 20, 39), id="beta just above alpha"),
    pytest.param((0.553, 0.01, 0.606, 1e4), (3, 20, 39), id="beta a million times alpha"),
    pytest.param((0.553, 1e4, 0.606, 0.01), (3, 20, 39), id="alpha a million times beta"),
    pytest.param((0.553, 0.01, 0.606, 1e4), (0, 0, 1e5), id="silent for ages"),
    pytest.param((0.553, 1e4, 0.606, 0.01), (0, 0, 39), id="everybody leaves at once"),
    pytest.param((1e-4, 1e4, 1e-4, 1e4), (3, 5, 7), id="hardly ever, hardly leaving"),
    pytest.param((0.5143, 2.8845, 0.2856, 14.1087), (221, 103.42857, 103.57143), id="CLVTools issue 100"),
]
# Here one value of 2F1 takes long, and derivatives many: benchmarks/accuracy looks at those.
SLOW = [
    pytest.param(CDNOW, (20000, 0.01, 1e5), id="20,000 purchases long ago"),
    pytest.param((1e4, 0.01, 1e4, 1e3), (12, 3, 3 + 1e-9), id="large shapes"),
    pytest.param((5e3, 2.0, 2.0, 1e-4), (0, 0, 528), id="eager customers who leave at once"),
    pytest.param((10.465, 0.00798565181, 3.0516, 2.82), (500, 1, 37), id="lifetimes' A_0 underflows"),
]


def arrays(*values):
    return tuple(np.array([float(v)]) for v in values)


def expected(params, x, t_x, T, t):
    alive = ParetoNBD._probability_alive(params, x, t_x, T)
    return alive * ParetoNBD._expected_purchases_new(ParetoNBD._if_alive(params, x, t_x, T), t)


def exact_terms(row):
    """ln of the likelihood's two terms (FH eq. 18), alive at T and left before, with the difference of two 2F1."""
    x, t_x, T = map(mp.mpf, row)

    def terms(r, alpha, s, beta):
        large, small, b = (alpha, beta, s + 1) if alpha >= beta else (beta, alpha, r + x)
        c = r + s + x

        def one(t):
            return mp.hyp2f1(c, b, c + 1, (large - small) / (large + t), maxterms=10**6) / (large + t) ** c

        common = mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha) + s * mp.log(beta)
        alive = -(r + x) * mp.log(alpha + T) - s * mp.log(beta + T)
        return common + alive, mp.exp(common) * s / c * (one(t_x) - one(T))

    return terms


def exact_log_likelihood(row):
    def log_likelihood(*params):
        alive, gone = exact_terms(row)(*params)
        return mp.log(mp.exp(alive) + gone)

    return log_likelihood


def derivative(function, point, orders):
    with mp.workdps(70):
        return float(mp.diff(function, tuple(map(mp.mpf, point)), orders))


@pytest.mark.parametrize(("params", "row"), HARD + SLOW)
class TestLikelihood:
    def test_log_likelihood_is_exact(self, params, row):
        # Absolute where it is near 0: the probability of a silence that is all but sure.
        with mp.workdps(70):
            exact = float(exact_log_likelihood(row)(*map(mp.mpf, params)))
        tolerance = 1e-12 * max(abs(exact), 1)
        assert abs(ParetoNBD._log_likelihood(params, *arrays(*row))[0] - exact) <= tolerance
        assert abs(ParetoNBD._score(params, *arrays(*row))[0][0] - exact) <= tolerance

    def test_probability_alive_is_exact(self, params, row):
        # Odds are powers of 20,000: that many roundings.
        with mp.workdps(70):
            alive, gone = exact_terms(row)(*map(mp.mpf, params))
            exact = 1 / (1 + gone / mp.exp(alive))
            error = abs(mp.mpf(float(ParetoNBD._probability_alive(params, *arrays(*row))[0])) - exact)
        assert error <= 1e-10 * exact or exact < mp.mpf(10) ** -280


@pytest.mark.parametrize(("params", "row"), HARD)
class TestDerivatives:
    def test_gradient_is_exact(self, params, row):
        # In logs of the parameters, as the fit takes it, and relative to its largest element or 1.
        _, gradient = ParetoNBD._score(params, *arrays(*row))
        for j, unit in enumerate(np.eye(4, dtype=int).tolist()):
            reference = params[j] * derivative(exact_log_likelihood(row), params, tuple(unit))
            assert abs(params[j] * gradient[j, 0] - reference) <= 1e-11 * max(abs(reference), 1)

    def test_parameters_of_each_customer_agree_with_common_ones(self, params, row):
        data, own = arrays(*row), arrays(*params)
        np.testing.assert_allclose(ParetoNBD._score(own, *data)[1], ParetoNBD._score(params, *data)[1], rtol=1e-9)
        np.testing.assert_allclose(ParetoNBD._hessian(own, *data), ParetoNBD._hessian(params, *data), rtol=1e-9)


@pytest.mark.parametrize(("params", "row"), [HARD[k] for k in (0, 2, 3, 6, 8, 9)])
def test_hessian_is_exact(params, row):
    hessian = ParetoNBD._hessian(params, *arrays(*row))[..., 0]
    for j in range(4):
        for k in range(j, 4):
            orders = np.eye(4, dtype=int)[[j, k]].sum(axis=0)
            scale = params[j] * params[k]
            reference = scale * derivative(exact_log_likelihood(row), params, tuple(orders.tolist()))
            assert abs(scale * hessian[j, k] - reference) <= 1e-10 * max(abs(reference), 1)
            assert hessian[k, j] == hessian[j, k]


def test_likelihoods_of_long_tables_are_those_of_single_rows():
    # Rows are evaluated in pieces and grouped by what they need; none of it may show.
    rng = np.random.default_rng(0)
    n = 20_000
    T = rng.uniform(0, 100, n)
    x = rng.poisson(rng.gamma(0.5, 6, n)).astype(float)
    t_x = np.where(x > 0, T * rng.random(n), 0)
    ll, gradient = ParetoNBD._score(CDNOW, x, t_x, T)
    some = rng.integers(0, n, 50)
    for i in some:
        one = ParetoNBD._score(CDNOW, x[[i]], t_x[[i]], T[[i]])
        np.testing.assert_allclose(ll[i], one[0][0], rtol=1e-13)
        np.testing.assert_allclose(gradient[:, i], one[1][:, 0], rtol=1e-10, atol=1e-13)
    wide = tuple(np.array(p)[None, None] * np.ones((3, 1)) for p in CDNOW)
    np.testing.assert_allclose(
        ParetoNBD._log_likelihood(wide, x[some], t_x[some], T[some]), np.tile(ll[some], (3, 1)), rtol=1e-13
    )


class TestPredictions:
    def test_fixed_parameters(self):
        golden = GOLDEN["fixed"]
        params = tuple(golden["params"].values())
        data = tuple(np.array(golden[c], dtype=float) for c in ("frequency", "recency", "T"))
        # Ten decimals are given.
        np.testing.assert_allclose(ParetoNBD._probability_alive(params, *data), golden["alive"], atol=6e-11)
        for t, values in golden["expected"].items():
            np.testing.assert_allclose(expected(params, *data, float(t)), values, atol=6e-11)
        for t, value in golden["new"].items():
            np.testing.assert_allclose(ParetoNBD._expected_purchases_new(params, float(t)), value, rtol=1e-13)
        for n in (1, 2):
            alive, updated = ParetoNBD._probability_alive(params, *data), ParetoNBD._if_alive(params, *data)
            pmf = alive * ParetoNBD._pmf_new(updated, np.float64(n), np.float64(n))
            np.testing.assert_allclose(pmf, golden[f"purchases_{n}_in_{n}"], atol=6e-11)

    def test_another_implementation(self):
        golden = GOLDEN["btyd"]
        params = tuple(golden["params"])
        alive = ParetoNBD._probability_alive(params, *arrays(0, 0, 39))
        np.testing.assert_allclose(alive, golden["alive_0_0_39"], rtol=1e-10)
        times = np.arange(1.0, 11)
        np.testing.assert_allclose(ParetoNBD._expected_purchases_new(params, times), golden["new_1_to_10"], rtol=1e-9)
        np.testing.assert_allclose(
            expected(params, *arrays(10, 35, 39), 2.0), golden["expected_2_given_10_35_39"], rtol=1e-10
        )
        np.testing.assert_allclose(ParetoNBD._pmf_new(params, np.array(10.0), 2.0), golden["pmf_2_10"], rtol=1e-8)
        np.testing.assert_allclose(ParetoNBD._pmf_new(params, np.array(0.0), 39.0), golden["pmf_39_0"], rtol=1e-10)
        np.testing.assert_allclose(
            ParetoNBD._pmf_new(params, np.arange(11.0, 21), 30.0), golden["pmf_30_11_to_20"], rtol=1e-9
        )

    def test_walkthrough(self):
        golden = GOLDEN["cdnow_walkthrough"]
        params, customer = tuple(golden["params"].values()), golden["customer_1516"]
        history = arrays(customer["x"], customer["t_x"], customer["T"])
        # The walkthrough's estimate differs from these parameters in the fourth digit; so do expectations in its tails.
        np.testing.assert_allclose(ParetoNBD._expected_purchases_new(params, 52.0), golden["new_52"], rtol=1e-6)
        np.testing.assert_allclose(expected(params, *history, 52.0), customer["CET_52"], rtol=1e-4)
        np.testing.assert_allclose(ParetoNBD._probability_alive(params, *history), customer["PAlive"], rtol=1e-6)
        many = tuple(np.array(v, dtype=float) for v in ([10, 15, 20, 25], [20] * 4, [39] * 4))
        np.testing.assert_allclose(
            expected(params, *many, 52.0), list(golden["given_t_x_20_T_39_in_52"].values()), rtol=1e-3
        )

    def test_published_likelihoods(self):
        for case in GOLDEN["points"]["cases"]:
            params = tuple(case[p] for p in ParetoNBD._parameters)
            ll = ParetoNBD._log_likelihood(params, *arrays(case["x"], case["t_x"], case["T"]))
            np.testing.assert_allclose(ll, case["ll"], atol=6e-9)  # eight decimals are given

    def test_inputs_that_broke_other_libraries(self):
        case = GOLDEN["failures"]["alive_finite"]
        data = tuple(np.array(case[c], dtype=float) for c in ("x", "t_x", "T"))
        alive = ParetoNBD._probability_alive(tuple(case["params"]), *data)
        assert np.all((alive > 0.7) & (alive < 1))
        case = GOLDEN["failures"]["log_likelihood_finite"]
        data = tuple(np.array(case[c], dtype=float) for c in ("x", "t_x", "T"))
        assert all(np.all(np.isfinite(v)) for v in ParetoNBD._score(tuple(case["params"]), *data))
        case = GOLDEN["failures"]["expected_underflow"]
        for x in (132, 133):
            value = expected(tuple(case["params"]), *arrays(x, 200, 200), 10.0)
            np.testing.assert_allclose(value, case[f"expected_10_given_{x}_200_200"], rtol=1e-13)

    @pytest.mark.parametrize("s", [1e-4, 1 - 1e-9, 1, 1 + 1e-12, 1.5, 1e4])
    @pytest.mark.parametrize("t", [1e-12, 1.0, 1e5])
    def test_expectation_is_exact_near_s_1_and_for_tiny_times(self, s, t):
        with mp.workdps(60):
            r, alpha, beta, power = mp.mpf(0.553), mp.mpf(10.58), mp.mpf(11.67), mp.mpf(s) - 1
            growth = mp.log1p(t / beta)
            exact = r * beta / alpha * (growth if power == 0 else -mp.expm1(-power * growth) / power)
        value = ParetoNBD._expected_purchases_new((0.553, 10.58, float(s), 11.67), t)
        np.testing.assert_allclose(value, float(exact), rtol=1e-14)


def exact_sf(params, n, t):
    """P(X(t) > n): mean over the beta-distributed tau/(alpha + tau) of purchase n + 1, in ln tau, by mpmath."""
    with mp.workdps(30):
        r, alpha, s, beta = map(mp.mpf, params)

        def density(u):
            tau = mp.exp(u)
            share = tau / (alpha + tau)
            return share ** (n + 1) * (1 - share) ** r * (beta / (beta + tau)) ** s

        end, peak = mp.log(t), mp.log(alpha * (n + 1) / r)
        width = mp.sqrt(mp.mpf(1) / (n + 1) + 1 / r)
        steps = (0, 0.5, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 60, 100, 200)
        cuts = {end - k * unit for k in steps for unit in (1, width)}
        cuts |= {peak + sign * k * width for k in steps for sign in (-1, 1)}
        return mp.quad(density, sorted(c for c in cuts if end - 200 <= c <= end)) / mp.beta(n + 1, r)


class TestCounts:
    @pytest.mark.parametrize(
        ("params", "n", "t"),
        [
            (CDNOW, 3, 39.0),
            (CDNOW, 0, 1e-6),
            ((0.553, 0.01, 0.606, 1e4), 12, 50.0),
            ((0.553, 1e4, 0.606, 0.01), 2, 50.0),
            ((26.5, 41.58, 0.606, 42.67), 60, 52.0),
            ((20000.5, 110.0, 0.606, 111.67), 9980, 52.0),
            ((1e-4, 1e-4, 2.0, 5.0), 40, 1e5),
            ((1e3, 1e3, 1e-4, 1e-4), 1000, 1e3),
        ],
    )
    def test_counts_are_exact(self, params, n, t):
        # P(X = n) is held against a difference, in arithmetic that affords it. At 20,000 purchases the library's
        # log beta function leaves 5e-11.
        beyond = exact_sf(params, n, t)
        before = exact_sf(params, n - 1, t) if n else mp.mpf(1)
        count = np.array([float(n)])
        np.testing.assert_allclose(ParetoNBD._sf_new(params, count, t), float(beyond), rtol=1e-9)
        np.testing.assert_allclose(ParetoNBD._pmf_new(params, count, t), float(before - beyond), rtol=1e-9)

    def test_probabilities_sum_to_1(self):
        n = np.arange(3000.0)
        for params in (CDNOW, (2.5, 3.0, 1.7, 40.0), (0.5, 1.0, 3.0, 200.0)):
            pmf, sf = ParetoNBD._pmf_new(params, n, 39.0), ParetoNBD._sf_new(params, n, 39.0)
            np.testing.assert_allclose(np.cumsum(pmf) + sf, 1, rtol=1e-12)
            np.testing.assert_allclose(sf.sum(), ParetoNBD._expected_purchases_new(params, 39.0), rtol=1e-10)

    def test_no_purchase_is_the_likelihood_of_silence(self):
        t = np.array([0.0, 1e-9, 1.0, 39.0, 1e5])
        silent = ParetoNBD._log_likelihood(CDNOW, np.zeros(5), np.zeros(5), t)
        np.testing.assert_allclose(ParetoNBD._pmf_new(CDNOW, np.zeros(5), t), np.exp(silent), rtol=1e-12)
        np.testing.assert_allclose(ParetoNBD._sf_new(CDNOW, np.zeros(5), t), -np.expm1(silent), rtol=1e-6, atol=1e-15)

    def test_nothing_happens_in_no_time(self):
        n = np.arange(3.0)
        np.testing.assert_array_equal(ParetoNBD._pmf_new(CDNOW, n, np.float64(0)), [1, 0, 0])
        np.testing.assert_array_equal(ParetoNBD._sf_new(CDNOW, n, np.float64(0)), [0, 0, 0])

    def test_tables_agree_with_single_counts(self):
        # Counts of one customer share their nodes when they come as a table; 0 to 80, then far apart.
        rng = np.random.default_rng(1)
        params = tuple(10 ** rng.uniform(low, high, (200, 1)) for low, high in ((-1, 3), (-2, 4), (-1, 2), (-2, 4)))
        n = np.append(np.arange(81.0), [90, 100, 150, 300, 500])
        single = tuple(np.broadcast_to(p, (200, n.size)) for p in params)
        for function in (ParetoNBD._sf_new, ParetoNBD._pmf_new):
            table, one_by_one = function(params, n, 30.0), function(single, np.broadcast_to(n, (200, n.size)), 30.0)
            assert table.shape == (200, n.size)
            kept = one_by_one > 1e-250
            np.testing.assert_allclose(table[kept], one_by_one[kept], rtol=1e-9)

    @pytest.mark.parametrize("params", [CDNOW, (2.5, 3.0, 1.7, 40.0)])
    def test_counts_of_an_interval_are_the_sum_over_those_before(self, params):
        # Every count before the interval updates the parameters; they know nothing of the closed form.
        n, start, t = np.arange(8.0), 13.0, 26.0
        interval = ParetoNBD._interval_pmf_new(params, n, start, t)
        summed = ConditionalModel._interval_pmf_new(ParetoNBD(), params, n, start, t)
        np.testing.assert_allclose(interval, summed, rtol=1e-10)

    def test_counts_of_an_interval_as_simulated_elsewhere(self):
        golden = GOLDEN["interval"]
        for low, high in ((1.0, 2.0), (39.0, 78.0)):
            interval = ParetoNBD._interval_pmf_new(tuple(golden["params"]), np.arange(4.0), low, high - low)
            np.testing.assert_allclose(interval, golden[f"between_{low:.0f}_and_{high:.0f}_0_to_3"], atol=1.2e-3)

    def test_survival(self):
        t = np.array([0.0, 1e-9, 39.0, 1e7])
        alive = [float((mp.mpf(11.67) / (mp.mpf(11.67) + v)) ** mp.mpf(0.606)) for v in t.tolist()]
        np.testing.assert_allclose(ParetoNBD._survival_new(CDNOW, t), alive, rtol=1e-14)
        many = np.arange(3000.0)
        np.testing.assert_allclose(ParetoNBD._pmf_alive_new(CDNOW, many, 39.0).sum(), alive[2], rtol=1e-12)

    def test_purchases_in_an_interval(self):
        # Two million simulated customers there, 400,000 here: four standard errors of both together.
        golden = GOLDEN["interval"]
        draws = ParetoNBD._draw_purchases(tuple(golden["params"]), np.full(400_000, 78.0), np.random.default_rng(0))
        for low, high in ((1, 2), (39, 78)):
            within = np.bincount(draws[0][(draws[1] > low) & (draws[1] <= high)], minlength=400_000)
            for k, value in enumerate(golden[f"between_{low}_and_{high}_0_to_3"]):
                error = np.sqrt(value * (1 - value) * (1 / 400_000 + 1 / 2_000_000))
                assert abs((within == k).mean() - value) < 4 * error


class TestDraws:
    def test_times_are_sorted_and_within_the_duration(self):
        duration = np.array([0.0, 5.0, 50.0, 500.0] * 500)
        customer, time = ParetoNBD._draw_purchases((1.0, 2.0, 0.5, 3.0), duration, np.random.default_rng(0))
        assert np.all(np.diff(customer) >= 0)
        assert np.all(np.diff(time)[np.diff(customer) == 0] >= 0)
        assert np.all((time > 0) & (time <= duration[customer]))

    def test_each_customer_has_his_own_parameters(self):
        n = 60_000
        params = tuple(np.resize(np.array(v), n) for v in ([0.5, 3.0], [5.0, 2.0], [0.8, 2.0], [2.5, 6.0]))
        customer, time = ParetoNBD._draw_purchases(params, np.full(n, 20.0), np.random.default_rng(1))
        for end in (4.0, 20.0):
            counts = np.bincount(customer[time <= end], minlength=n)
            mean = ParetoNBD._expected_purchases_new(tuple(p[:2] for p in params), np.full(2, end))
            for which in (0, 1):
                drawn = counts[which::2]
                assert abs(drawn.mean() - mean[which]) < 4 * drawn.std() / np.sqrt(n / 2)

    def test_who_never_leaves_buys_to_the_end(self):
        # s is so small that every dropout rate is 0.
        customer, time = ParetoNBD._draw_purchases(
            (5.0, 1.0, 1e-300, 1.0), np.full(5000, 3.0), np.random.default_rng(2)
        )
        assert abs(time.mean() / 3 - 0.5) < 4 * np.sqrt(1 / 12 / time.size)
        assert abs(customer.size / 5000 - 15) < 4 * np.sqrt((15 + 45) / 5000)


class TestFit:
    def test_cdnow_as_published(self, cdnow_summary):
        golden = GOLDEN["cdnow"]
        model = ParetoNBD().fit(cdnow_summary)
        times, customers = np.unique(cdnow_summary["T"], return_counts=True)
        pmf = np.array([ParetoNBD._pmf_new(model._theta, np.arange(6.0), T) for T in times])
        # The source's estimate lies elsewhere on the flat top of the likelihood.
        np.testing.assert_allclose(customers @ pmf / customers.sum(), golden["mean_pmf_0_to_5"], atol=5e-6)
        assert model.expected_purchases_new(52) + 1 == pytest.approx(golden["new_52_with_first_purchase"], rel=5e-5)

    @pytest.mark.parametrize("ruler", [1 / 52, 1.0, 7.0])
    def test_first_guess_is_near_on_any_ruler(self, cdnow_summary, ruler):
        # The guess decides how many evaluations a fit takes: on CDNOW Newton needs a handful, and as many in years.
        data = cdnow_summary[["frequency", "recency", "T"]]
        model = ParetoNBD().fit(data.assign(recency=data["recency"] * ruler, T=data["T"] * ruler))
        assert model.diagnostics_["evaluations"] <= 8
        assert model.params_["alpha"] == pytest.approx(GOLDEN["cdnow"]["params"]["alpha"] * ruler, rel=1e-5)

    def test_other_guesses_end_at_the_same_place(self, cdnow_summary):
        from customer_value.clv._mle import maximize
        from customer_value.clv._rows import distinct_rows

        rows = distinct_rows([cdnow_summary[c].to_numpy(dtype=float) for c in ("frequency", "recency", "T")])
        objective = ParetoNBD()._total(rows.columns, rows.counts)
        for start in ParetoNBD._starts(*rows.columns, rows.counts):
            found = maximize(objective, [start], "ParetoNBD")
            assert abs(found.value - GOLDEN["cdnow"]["log_likelihood"]) < 1e-5
