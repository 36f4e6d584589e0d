"""GGompertz/NBD: published figures, high-precision arithmetic at hard points, and what is special to the model."""

import json
from itertools import pairwise
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest

import customer_value as cv
from customer_value.clv import GGompertzNBD, ParetoNBD
from customer_value.clv._conditional import ConditionalModel

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "ggompertz_nbd.json").read_text(encoding="utf-8"))
SLOW_AGEING = (0.553, 10.58, 0.02, 0.6, 2.0)
SUDDEN = (0.9, 4.0, 0.2, 1.5, 60.0)

# Parameters (r, alpha, b, s, beta) and frequency, recency, T, where naive formulas overflow, cancel, or miss a peak.
HARD = [
    pytest.param(SLOW_AGEING, (2, 30.43, 38.86), id="everyday"),
    pytest.param(SUDDEN, (3, 10, 39), id="sudden death"),
    pytest.param(SUDDEN, (0, 0, 39), id="one purchase only"),
    pytest.param(SUDDEN, (5, 39, 39 + 1e-9), id="silent for an instant"),
    pytest.param((2.0, 0.1, 1.0, 1.0, 1e4), (0, 0, 60), id="two peaks of the time of leaving"),
    pytest.param((0.553, 10.58, 1.0, 0.6, 2.0), (3, 20, 1e5), id="b T is 1e5"),
    pytest.param((0.5, 1.0, 1e4, 1e-4, 1e4), (0, 0, 1e5), id="b T is 1e9"),
    pytest.param((0.5, 1.0, 0.01, 1e4, 1e4), (1, 3, 50), id="large s and beta"),
    pytest.param((0.553, 0.01, 1e-4, 0.6, 1.0), (3, 20, 39), id="beta / b a million times alpha"),
    pytest.param((0.553, 1e4, 100.0, 0.6, 1e-4), (3, 20, 39), id="alpha a thousand million times beta / b"),
    pytest.param((0.553, 10.58, 0.1, 0.6, 1.0), (5, 20, 39), id="constant hazard"),
    pytest.param((0.553, 10.58, 1e-8, 0.606, 1.167e-7), (5, 20, 39), id="nearly Pareto/NBD"),
    pytest.param(SLOW_AGEING, (20000, 0.01, 1e5), id="20,000 purchases long ago"),
    pytest.param(SUDDEN, (20000, 99999, 1e5), id="20,000 purchases to the end"),
]


def arrays(*values):
    return tuple(np.array([float(v)]) for v in values)


def cuts(end, b, s, beta, scale):
    """Places between which the integrands are smooth: multiples of a small scale, and all around the hazard's turn."""
    points = {mp.mpf(0), end}
    points |= {c for c in (scale * 4**k for k in range(60)) if c < end}
    turn = mp.log(beta - 1) / b if beta > 1 else mp.mpf(0)
    for unit in (1 / b, 1 / (s * b)):
        points |= {c for c in (turn + k * unit for k in range(-10, 40, 2)) if 0 < c < end}
    return sorted(points)


def integral(density, points, ahead):
    """Integrate piece by piece, until what lies ahead is negligible."""
    total = mp.mpf(0)
    for low, high in pairwise(points):
        total += mp.quad(density, [low, high], method="gauss-legendre", maxdegree=6)
        if ahead(high) < mp.mpf(10) ** -22 * total:
            break
    return total


def exact_terms(params, row):
    """ln of the likelihood's term of those alive at T, and the odds of having left, straight from the assumptions."""
    r, alpha, b, s, beta = map(mp.mpf, params)
    x, t_x, T = map(mp.mpf, row)

    def survival(tau):
        return mp.exp(s * (mp.log(beta) - mp.log(beta + mp.expm1(b * tau))))

    def hazard(tau):
        return s * b * mp.exp(b * tau) / (beta + mp.expm1(b * tau))

    def still(u):  # alive, and silent
        return mp.exp((r + x) * mp.log((alpha + t_x) / (alpha + t_x + u))) * survival(t_x + u) / survival(t_x)

    constant = mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha) - (r + x) * mp.log(alpha + t_x)
    stayed = still(T - t_x)
    older = 1 + (beta - 1) * mp.exp(-b * t_x)
    scale = min(alpha + t_x, older / b) / (r + x + s + 1)
    gone = integral(lambda u: still(u) * hazard(t_x + u), cuts(T - t_x, b, s, older, scale), still) if t_x < T else 0
    return constant + mp.log(survival(t_x)) + mp.log(stayed), gone / stayed


def exact_log_likelihood(params, row):
    alive, odds = exact_terms(params, row)
    return alive + mp.log1p(odds)


@pytest.mark.parametrize(("params", "row"), HARD)
def test_likelihood_and_probability_alive_are_exact(params, row):
    # Absolute where it is near 0; of 20,000 purchases that many roundings remain.
    with mp.workdps(30):
        alive, odds = exact_terms(params, row)
        exact, p_alive = float(alive + mp.log1p(odds)), 1 / (1 + odds)
        error = abs(mp.mpf(float(GGompertzNBD._probability_alive(params, *arrays(*row))[0])) - p_alive)
    tolerance = 1e-11 * max(abs(exact), 1)
    assert abs(GGompertzNBD._log_likelihood(params, *arrays(*row))[0] - exact) <= tolerance
    assert abs(GGompertzNBD._score(params, *arrays(*row))[0][0] - exact) <= tolerance
    assert error <= 1e-9 * p_alive or p_alive < mp.mpf(10) ** -280


@pytest.mark.parametrize(("params", "row"), [HARD[k] for k in (1, 5, 11)])
def test_gradient_and_hessian_are_exact(params, row):
    # In logs of the parameters, as the fit takes them, and relative to the largest element or 1.
    _, gradient = GGompertzNBD._score(params, *arrays(*row))
    hessian = GGompertzNBD._hessian(params, *arrays(*row))[..., 0]
    scales = np.array(params)
    with mp.workdps(28):
        step = mp.mpf(10) ** -7
        for j in range(5):
            ends = []
            for sign in (1, -1):
                moved = [mp.mpf(p) for p in params]
                moved[j] *= 1 + sign * step
                ends.append(exact_log_likelihood(moved, row))
            first = float((ends[0] - ends[1]) / (2 * step))
            assert abs(params[j] * gradient[j, 0] - first) <= 1e-10 * max(abs(first), 1)
    for j in range(5):  # the Hessian from the gradient, which is exact
        up, down = (
            GGompertzNBD._score(tuple(p * (1 + sign * 1e-5 * (i == j)) for i, p in enumerate(params)), *arrays(*row))[1]
            for sign in (1, -1)
        )
        second = (up - down)[:, 0] / 2e-5 * scales
        np.testing.assert_allclose(hessian[j] * params[j] * scales, second, rtol=1e-6, atol=1e-7)


def test_likelihoods_of_long_tables_are_those_of_single_rows():
    # Rows are evaluated in pieces and grouped by what they need; none of it may show.
    rng = np.random.default_rng(0)
    n = 20_000
    T = rng.uniform(0, 100, n)
    x = rng.poisson(rng.gamma(0.5, 6, n)).astype(float)
    t_x = np.where(x > 0, T * rng.random(n), 0)
    ll, gradient = GGompertzNBD._score(SUDDEN, x, t_x, T)
    some = rng.integers(0, n, 30)
    own = tuple(np.full(1, p) for p in SUDDEN)
    for i in some:
        one = GGompertzNBD._score(own, x[[i]], t_x[[i]], T[[i]])
        np.testing.assert_allclose(ll[i], one[0][0], rtol=1e-13)
        np.testing.assert_allclose(gradient[:, i], one[1][:, 0], rtol=1e-10, atol=1e-13)


class TestPublished:
    @pytest.mark.parametrize("case", GOLDEN["cdnow_points"], ids=lambda case: case["source"][:20])
    def test_log_likelihoods_on_cdnow(self, case, cdnow_summary):
        data = cdnow_summary[["frequency", "recency", "T"]].to_numpy(float).T
        params = tuple(case["params"][p] for p in GGompertzNBD._parameters)
        assert GGompertzNBD._log_likelihood(params, *data).sum() == pytest.approx(
            case["log_likelihood"], abs=case["within"]
        )

    def test_cdnow_shows_no_ageing(self, cdnow_summary):
        with pytest.warns(cv.FitWarning, match="do not identify b"):
            model = GGompertzNBD().fit(cdnow_summary)
        golden = GOLDEN["cdnow"]
        assert model.diagnostics_["converged"]
        assert model.diagnostics_["boundary"] == ["b"]
        assert model.log_likelihood_ == pytest.approx(golden["log_likelihood"], abs=golden["within"])
        for parameter, value in golden["params"].items():
            assert model.params_[parameter] == pytest.approx(value, rel=golden["relative"])
        # In the limit it is Pareto/NBD.
        limit = ParetoNBD().fit(cdnow_summary)
        assert model.log_likelihood_ == pytest.approx(limit.log_likelihood_, abs=2e-6)
        assert model.params_["beta"] / model.params_["b"] == pytest.approx(limit.params_["beta"], rel=1e-4)
        np.testing.assert_allclose(
            model.expected_purchases(cdnow_summary, 39), limit.expected_purchases(cdnow_summary, 39), rtol=1e-5
        )


def exact_mean(params, t):
    with mp.workdps(30):
        r, alpha, b, s, beta = map(mp.mpf, params)

        def survival(tau):
            return mp.exp(s * (mp.log(beta) - mp.log(beta + mp.expm1(b * tau))))

        points = cuts(mp.mpf(t), b, s, beta, beta / b / (s + 1))
        return float(r / alpha * integral(survival, points, lambda tau: survival(tau) * t))


def exact_sf(params, n, t):
    """P(X(t) > n): mean survival at the beta-prime distributed time of purchase n + 1."""
    r, alpha, b, s, beta = map(mp.mpf, params)

    def density(tau):
        share = tau / (alpha + tau)
        survival = s * (mp.log(beta) - mp.log(beta + mp.expm1(b * tau)))
        return mp.exp(n * mp.log(share) + r * mp.log(1 - share) + survival) / (alpha + tau) if tau else mp.mpf(n == 0)

    points = cuts(mp.mpf(t), b, s, beta, min(alpha, beta / b) / (n + r + s + 1))
    peak, width = alpha * (n + 1) / r, mp.sqrt(mp.mpf(1) / (n + 1) + 1 / r)
    points = sorted({*points, *(c for c in (peak * mp.exp(k * width / 2) for k in range(-30, 31)) if c < t)})
    return sum(mp.quad(density, pair, method="gauss-legendre") for pair in pairwise(points)) / (mp.beta(n + 1, r))


class TestPurchases:
    @pytest.mark.parametrize(
        ("params", "t"),
        [
            (SLOW_AGEING, 52.0),
            (SUDDEN, 1e-9),
            (SUDDEN, 1e7),
            ((0.5, 1.0, 1e4, 1e-4, 1e4), 1e5),
            ((0.5, 1.0, 1e-4, 1e4, 1e4), 1e5),
            ((0.5, 1.0, 2.0, 0.01, 1e-4), 1e3),
            ((0.553, 10.58, 1e-8, 1.0, 1.167e-7), 39.0),
        ],
    )
    def test_expectation_is_exact(self, params, t):
        value = GGompertzNBD._expected_purchases_new(params, np.float64(t))
        np.testing.assert_allclose(value, exact_mean(params, t), rtol=1e-11)

    @pytest.mark.parametrize(
        ("params", "n", "t"),
        [
            (SLOW_AGEING, 3, 39.0),
            (SUDDEN, 0, 1e-6),
            (SUDDEN, 12, 300.0),
            ((2.0, 0.1, 1.0, 1.0, 1e4), 5, 60.0),
            ((26.5, 41.58, 0.02, 0.6, 1.5), 60, 52.0),
            ((1e-4, 1e-4, 0.5, 2.0, 50.0), 40, 1e3),
        ],
    )
    def test_counts_are_exact(self, params, n, t):
        # P(X = n) is held against a difference, in arithmetic that affords it.
        with mp.workdps(30):
            beyond = exact_sf(params, n, t)
            before = exact_sf(params, n - 1, t) if n else mp.mpf(1)
        count = np.array([float(n)])
        np.testing.assert_allclose(GGompertzNBD._sf_new(params, count, t), float(beyond), rtol=1e-9)
        np.testing.assert_allclose(GGompertzNBD._pmf_new(params, count, t), float(before - beyond), rtol=1e-9)

    @pytest.mark.parametrize("params", [SLOW_AGEING, SUDDEN, (2.5, 3.0, 1.0, 0.7, 0.01)])
    def test_probabilities_sum_to_1(self, params):
        n = np.arange(400.0)
        pmf, sf = GGompertzNBD._pmf_new(params, n, 39.0), GGompertzNBD._sf_new(params, n, 39.0)
        np.testing.assert_allclose(np.cumsum(pmf) + sf, 1, rtol=1e-11)
        np.testing.assert_allclose(sf.sum(), GGompertzNBD._expected_purchases_new(params, 39.0), rtol=1e-10)

    def test_tables_agree_with_single_counts(self):
        # Counts of one customer share their panels when they come as a table; 0 to 40, then far apart.
        rng = np.random.default_rng(1)
        ranges = ((-1, 3), (-2, 4), (-3, 2), (-1, 2), (-2, 4))
        params = tuple(10 ** rng.uniform(low, high, (100, 1)) for low, high in ranges)
        n = np.append(np.arange(41.0), [90, 100, 300, 500])
        single = tuple(np.broadcast_to(p, (100, n.size)) for p in params)
        for function in (GGompertzNBD._sf_new, GGompertzNBD._pmf_new):
            table, one_by_one = function(params, n, 30.0), function(single, np.broadcast_to(n, (100, n.size)), 30.0)
            assert table.shape == (100, n.size)
            kept = one_by_one > 1e-250
            np.testing.assert_allclose(table[kept], one_by_one[kept], rtol=1e-9)

    @pytest.mark.parametrize("params", [SLOW_AGEING, SUDDEN])
    def test_counts_of_an_interval(self, params):
        # Against the sum over all counts before it, each of which updates the parameters.
        n, start, t = np.arange(8.0), 13.0, 26.0
        interval = GGompertzNBD._interval_pmf_new(params, n, start, t)
        summed = ConditionalModel._interval_pmf_new(GGompertzNBD(), params, n, start, t)
        np.testing.assert_allclose(interval, summed, rtol=1e-10)
        many = np.arange(400.0)
        mean = many @ GGompertzNBD._interval_pmf_new(params, many, start, t)
        both = GGompertzNBD._expected_purchases_new(params, np.array([start, start + t]))
        np.testing.assert_allclose(mean, both[1] - both[0], rtol=1e-10)

    def test_nothing_happens_in_no_time(self):
        n = np.arange(3.0)
        np.testing.assert_array_equal(GGompertzNBD._pmf_new(SUDDEN, n, np.float64(0)), [1, 0, 0])
        np.testing.assert_array_equal(GGompertzNBD._pmf_alive_new(SUDDEN, n, np.float64(0)), [1, 0, 0])
        np.testing.assert_array_equal(GGompertzNBD._sf_new(SUDDEN, n, np.float64(0)), [0, 0, 0])
        assert GGompertzNBD._survival_new(SUDDEN, np.float64(0)) == 1
        assert GGompertzNBD._expected_purchases_new(SUDDEN, np.float64(0)) == 0


class TestDraws:
    @pytest.mark.parametrize("lifetime", [SUDDEN[2:], (0.3, 1e-3, 1e-30)], ids=["sudden", "most never leave"])
    def test_purchases_stop_when_lives_end(self, lifetime):
        # 1e-3 is a shape so small that most of its gamma variates are below the smallest number there is.
        n, params = 20_000, (1.0, 1.0, *lifetime)
        customer, time = GGompertzNBD._draw_purchases(params, np.full(n, 40.0), np.random.default_rng(3))
        counts = np.bincount(customer[time > 20], minlength=n)
        for k, chance in enumerate(GGompertzNBD._interval_pmf_new(params, np.array([0.0, 5.0, 20.0]), 20.0, 20.0)):
            seen = (counts == [0, 5, 20][k]).mean()
            assert abs(seen - chance) < 4 * np.sqrt(chance * (1 - chance) / n)

    def test_each_customer_has_his_own_parameters(self):
        n = 60_000
        both = zip(SUDDEN, (2.0, 3.0, 0.05, 0.8, 0.3), strict=True)
        params = tuple(np.resize(np.array(v), n) for v in both)
        customer, time = GGompertzNBD._draw_purchases(params, np.full(n, 40.0), np.random.default_rng(1))
        assert np.all(np.diff(customer) >= 0)
        assert np.all(np.diff(time)[np.diff(customer) == 0] >= 0)
        for end in (8.0, 40.0):
            counts = np.bincount(customer[time <= end], minlength=n)
            mean = GGompertzNBD._expected_purchases_new(tuple(p[:2] for p in params), np.full(2, end))
            for which in (0, 1):
                drawn = counts[which::2]
                assert abs(drawn.mean() - mean[which]) < 4 * drawn.std() / np.sqrt(n / 2)


class TestFit:
    def test_ageing_is_found(self):
        # Data with sudden death: Pareto/NBD loses, and the fit does not end in its limit.
        truth = GGompertzNBD.from_params(**dict(zip(GGompertzNBD._parameters, SUDDEN, strict=True)), time_unit="week")
        seen = truth.simulate(2500, 52.0, random_state=5).groupby("customer")["time"].agg(["size", "max"])
        data = seen.reindex(range(2500), fill_value=0).set_axis(["frequency", "recency"], axis=1).assign(T=52.0)
        model = GGompertzNBD().fit(data)
        assert model.diagnostics_["boundary"] == []
        assert model.params_["b"] == pytest.approx(0.2, rel=0.3)
        assert model.log_likelihood_ > ParetoNBD._log_likelihood((0.9, 4.0, 1.0, 30.0), *data.to_numpy(float).T).sum()

    def test_other_guesses_end_at_the_same_place(self, cdnow_summary):
        from customer_value.clv._mle import maximize
        from customer_value.clv._rows import distinct_rows

        rows = distinct_rows([cdnow_summary[c].to_numpy(dtype=float) for c in ("frequency", "recency", "T")])
        objective = GGompertzNBD()._total(rows.columns, rows.counts)
        for start in (GGompertzNBD._starts(*rows.columns, rows.counts)[0], (1.0, 20.0, 0.1, 0.5, 1.0)):
            found = maximize(objective, [start], "GGompertzNBD")
            assert abs(found.value - GOLDEN["cdnow"]["log_likelihood"]) < 1e-4
