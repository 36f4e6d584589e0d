"""BG/BB: published figures of the donations, 50-digit arithmetic at hard points, and what is special to the model."""

import json
from pathlib import Path

import mpmath as mp
import numpy as np
import pandas as pd
import polars as pl
import pytest

import customer_value as cv
from customer_value.clv import BGBB

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "bg_bb.json").read_text(encoding="utf-8"))
ROWS = tuple(np.broadcast_to(np.array(values, dtype=float), 22).copy() for values in GOLDEN["rows"].values())
SUMMARY = pd.DataFrame(dict(zip(GOLDEN["rows"], ROWS, strict=True)) | {"time_unit": "year"})
NAMES = ("alpha", "beta", "gamma", "delta")
DONORS = tuple(GOLDEN["donations"]["params"].values())

# Parameters and frequency, recency, opportunities, where naive formulas overflow, cancel or divide by zero.
HARD = [
    pytest.param(DONORS, (2, 4, 6), id="donor"),
    pytest.param(DONORS, (0, 0, 0), id="first seen today"),
    pytest.param(DONORS, (6, 6, 6), id="every year"),
    pytest.param(DONORS, (0, 0, 20000), id="silent for ages"),
    pytest.param(DONORS, (20000, 20000, 20000), id="every time"),
    pytest.param(DONORS, (9000, 18000, 20000), id="half of the time, long ago"),
    pytest.param((1.2, 0.7, 1.0, 2.8), (1, 3, 9), id="gamma is 1"),
    pytest.param((1e-4, 1e4, 1e-4, 1e4), (0, 0, 12), id="hardly ever, hardly leaving"),
    pytest.param((1e4, 1e-4, 1e-4, 1e4), (12, 12, 12), id="nearly always"),
    pytest.param((1e4, 1e4, 1e4, 1e-4), (3, 7, 40), id="almost sure to leave"),
    pytest.param((1e-4, 1e-4, 1e-4, 1e-4), (2, 5, 300), id="all or nothing"),
]


def model(params=DONORS, time_unit="year"):
    return BGBB.from_params(**dict(zip(NAMES, params, strict=True)), time_unit=time_unit)


def published(name):
    return GOLDEN[name], model(GOLDEN[name]["params"].values())


def arrays(*values):
    return tuple(np.array([float(v)]) for v in values)


def exact_history(row):
    """Eq. (6) as printed, its terms by recurrence in mpmath: likelihood, and the part of those who are still there."""
    x, t_x, n = map(mp.mpf, row)

    def terms(alpha, beta, gamma, delta):
        log_start = mp.loggamma(alpha + x) + mp.loggamma(beta + t_x - x) - mp.loggamma(alpha + beta + t_x)
        log_start += mp.loggamma(delta + t_x) - mp.loggamma(gamma + delta + t_x)
        log_start += mp.loggamma(alpha + beta) - mp.loggamma(alpha) - mp.loggamma(beta)
        there = mp.exp(log_start + mp.loggamma(gamma + delta) - mp.loggamma(delta))
        left = mp.mpf(0)
        for j in range(int(t_x), int(n)):
            left += there * gamma / (gamma + delta + j)
            there *= (beta + j - x) / (alpha + beta + j) * (delta + j) / (gamma + delta + j)
        return left + there, there

    return terms


@pytest.mark.parametrize(("params", "row"), HARD)
class TestLikelihood:
    def test_log_likelihood_and_probability_alive_are_exact(self, params, row):
        with mp.workdps(50):
            total, there = exact_history(row)(*map(mp.mpf, params))
            exact, alive = round(float(mp.log(total)), 40), float(there / total)
        assert abs(BGBB._log_likelihood(params, *arrays(*row))[0] - exact) <= 1e-12 * abs(exact)
        assert abs(BGBB._score(params, *arrays(*row))[0][0] - exact) <= 1e-12 * abs(exact)
        assert abs(BGBB._probability_alive(params, *arrays(*row))[0] - alive) <= 1e-11 * alive

    def test_derivatives_are_exact(self, params, row):
        # Relative 1e-10; for derivatives that vanish, relative to one part in 1e14 of the size they have elsewhere.
        # Long sums take the reference too long; the contract's test holds such rows to differences of the likelihood.
        if row[2] > 1000:
            return
        terms, point = exact_history(row), tuple(map(mp.mpf, params))
        _, gradient = BGBB._score(params, *arrays(*row))
        hessian = BGBB._hessian(params, *arrays(*row))
        scale = (1 + row[0]) / np.array(params)
        with mp.workdps(80):
            for j in range(4):
                orders = np.eye(4, dtype=int)[j]
                reference = float(mp.diff(lambda *at: mp.log(terms(*at)[0]), point, tuple(orders.tolist())))
                assert abs(gradient[j, 0] - reference) <= 1e-10 * abs(reference) + 1e-14 * scale[j]
                for k in range(j, 4):
                    both = tuple((orders + np.eye(4, dtype=int)[k]).tolist())
                    reference = float(mp.diff(lambda *at: mp.log(terms(*at)[0]), point, both))
                    assert abs(hessian[j, k, 0] - reference) <= 1e-10 * abs(reference) + 1e-14 * scale[j] * scale[k]
                    assert hessian[k, j, 0] == hessian[j, k, 0]

    def test_parameters_of_each_customer_agree_with_common_ones(self, params, row):
        own = arrays(*params)
        for one, other in zip(
            (*BGBB._score(params, *arrays(*row)), BGBB._hessian(params, *arrays(*row))),
            (*BGBB._score(own, *arrays(*row)), BGBB._hessian(own, *arrays(*row))),
            strict=True,
        ):
            np.testing.assert_allclose(other, one, rtol=1e-11, atol=1e-13 * np.abs(one).max())


def test_histories_have_a_total_probability_of_one():
    # Over all paths: binom(t_x - 1, x - 1) of them have the same frequency and recency.
    n = 12
    rows = [(0, 0)] + [(x, t) for t in range(1, n + 1) for x in range(1, t + 1)]
    paths = np.array([mp.binomial(max(t - 1, 0), max(x - 1, 0)) for x, t in rows], dtype=float)
    x, t_x = np.array(rows, dtype=float).T
    for params in (DONORS, (0.3, 4.0, 2.0, 9.0)):
        chances = np.exp(BGBB._log_likelihood(params, x, t_x, np.full(x.size, float(n))))
        assert paths @ chances == pytest.approx(1, rel=1e-13)
        pmf = np.bincount(x.astype(int), paths * chances)
        np.testing.assert_allclose(BGBB._pmf_new(params, np.arange(n + 1.0), float(n)), pmf, rtol=1e-12)


class TestPublished:
    def test_likelihood_of_every_pattern(self):
        golden, fitted = published("likelihoods")
        # Eight digits of the parameters are known.
        np.testing.assert_allclose(fitted._log_likelihood(fitted._theta, *ROWS), golden["log_likelihood"], rtol=1e-8)

    def test_donors(self):
        golden, fitted = published("btyd")
        # The source's P(alive) is at the next opportunity; whoever gave at the last one was there at it.
        np.testing.assert_allclose(fitted.probability_alive(SUMMARY, 1), golden["p_alive_next"], atol=5.1e-9)
        assert (fitted.probability_alive(SUMMARY)[:6] == 1).all()
        np.testing.assert_allclose(fitted.expected_purchases(SUMMARY, "5 years"), golden["expected_5"], atol=5.1e-9)
        np.testing.assert_allclose(fitted.purchase_distribution_new(10, range(11)), golden["pmf_10"], atol=1e-9)
        np.testing.assert_allclose(
            fitted.purchase_distribution_new(5, range(6), start=6), golden["pmf_of_5_after_6"], atol=2e-9
        )
        rates = fitted.posterior_rates(SUMMARY)
        for name in ("purchase_probability", "dropout_probability"):
            np.testing.assert_allclose(rates[name], golden[name], atol=6e-7)

    def test_discounting_starts_with_the_next_opportunity(self):
        # Eq. (14): the j-th opportunity from now is worth (1 + d)^-j.
        golden, fitted = published("btyd")
        for rate in ({"annual_discount_rate": 0.1}, {"discount_rate": 0.1}):
            dert = fitted.discounted_expected_purchases(SUMMARY, **rate)
            np.testing.assert_allclose(dert, golden["dert_10_percent"], atol=2e-8)
        one = fitted.discounted_expected_purchases(SUMMARY, 1, discount_rate=0.1)
        np.testing.assert_allclose(one, fitted.expected_purchases(SUMMARY, 1) / 1.1, rtol=1e-11)

    def test_walkthrough(self):
        golden, fitted = GOLDEN["walkthrough"], model()
        np.testing.assert_allclose(fitted.expected_purchases_new(range(1, 12)), golden["new_1_to_11"], atol=1.1e-4)
        assert fitted.expected_purchases_new(10) == pytest.approx(golden["new_10"], rel=2e-5)
        two = pd.DataFrame({"frequency": [0, 4], "recency": [0, 5], "opportunities": [6, 6]})
        seen = [golden["given_0_0_6_in_10"], golden["given_4_5_6_in_10"]]
        np.testing.assert_allclose(fitted.expected_purchases(two, 10), seen, rtol=4e-5)


class TestFit:
    def test_donations_as_published(self):
        golden, donors = GOLDEN["donations"], cv.datasets.load_donations()
        fitted = BGBB().fit(donors, weights="customers")
        for name, value in golden["params"].items():
            assert fitted.params_[name] == pytest.approx(value, rel=2e-7)
        assert fitted.log_likelihood_ == pytest.approx(golden["log_likelihood"], abs=1e-8)
        assert fitted.n_customers_ == 11104
        total = fitted.expected_purchases(donors, 5) @ donors["customers"]
        assert total == pytest.approx(golden["holdout_5"], abs=0.02)  # the source's estimate differs in the fifth digit
        counts = 11104 * fitted.purchase_distribution_new(6, range(7))
        for count, customers in golden["in_sample"].items():
            assert round(counts[int(count)], 1) == customers

    def test_the_papers_conditional_expectations(self):
        donors, golden = cv.datasets.load_donations(), GOLDEN["walkthrough"]["by_frequency"]
        expected = BGBB().fit(donors, weights="customers").expected_purchases(donors, 5) * donors["customers"]
        customers = donors.groupby("frequency")["customers"].sum()
        assert customers.tolist() == golden["customers"]
        means = expected.groupby(donors["frequency"]).sum() / customers
        np.testing.assert_allclose(means, golden["expected"], rtol=3e-5)

    def test_unequal_opportunities_and_lazy_frames(self):
        truth = model((0.8, 1.6, 0.9, 6.0))
        opportunities = np.random.default_rng(1).integers(0, 25, 30_000).astype(float)
        customer, used = truth._draw_purchases(truth._theta, opportunities, np.random.default_rng(2))
        data = pd.DataFrame(
            {
                "frequency": np.bincount(customer, minlength=opportunities.size),
                "recency": pd.Series(used).groupby(customer).max().reindex(range(opportunities.size), fill_value=0.0),
                "opportunities": opportunities,
            }
        )
        fitted = BGBB().fit(data)
        off = np.log(list(fitted.params_.values())) - np.log(truth._theta)
        # Squared Mahalanobis distance of 4 parameters is chi-square with 4 degrees of freedom: 99.99 % below 23.5.
        assert off @ np.linalg.solve(fitted._log_covariance, off) < 23.5
        assert BGBB().fit(pl.from_pandas(data).lazy()).params_ == pytest.approx(fitted.params_, rel=1e-9)

    def test_first_guess_is_near(self):
        donors = cv.datasets.load_donations()
        assert BGBB().fit(donors, weights="customers").diagnostics_["evaluations"] <= 8


class TestCounts:
    @pytest.mark.parametrize(
        ("params", "n", "t"),
        [
            (DONORS, 0, 1),
            (DONORS, 40, 400),
            ((9001.2, 11000.7, 1e-4, 2e4), 230, 500),
            ((1e-4, 1e4, 1.0, 1e-4), 1, 60),
            ((1e4, 1e-3, 0.5, 1e4), 300, 300),
        ],
    )
    def test_counts_are_exact(self, params, n, t):
        with mp.workdps(50):
            a, b, c, d = map(mp.mpf, params)
            used = mp.rf(a, n) / mp.rf(a + b, n) * mp.rf(d, n) / mp.rf(c + d, n)
            left = beyond = mp.mpf(0)
            for i in range(n, t):
                left += used * c / (c + d + i)
                beyond += used * (d + i) / (c + d + i) * (a + n) / (a + b + i)
                used *= mp.mpf(i + 1) / (i + 1 - n) * (b + i - n) / (a + b + i) * (d + i) / (c + d + i)
        k = np.array([float(n)])
        np.testing.assert_allclose(BGBB._pmf_new(params, k, float(t)), float(left + used), rtol=1e-11)
        np.testing.assert_allclose(BGBB._pmf_alive_new(params, k, float(t)), float(used), rtol=1e-11)
        np.testing.assert_allclose(BGBB._sf_new(params, k, float(t)), float(beyond), rtol=1e-11)

    def test_an_interval_is_the_sum_over_the_counts_before_it(self):
        # The general way, which knows nothing of independent coins: by the count at the start, updated by it.
        start, t, k = 7, 9, np.arange(10.0)
        before = np.arange(start + 1.0)[:, None]
        state = BGBB._if_alive(DONORS, before, 0.0, float(start))
        alive = BGBB._pmf_alive_new(DONORS, before, float(start))
        expected = (alive * BGBB._pmf_new(state, k, float(t))).sum(axis=0)
        expected[0] += 1 - BGBB._survival_new(DONORS, float(start))
        np.testing.assert_allclose(model()._interval_pmf_new(DONORS, k, float(start), float(t)), expected, rtol=1e-12)
        assert alive.sum() == pytest.approx(BGBB._survival_new(DONORS, float(start)), rel=1e-13)


class TestDraws:
    def test_opportunities_are_whole_sorted_and_within_reach(self):
        duration = np.array([0.0, 1.0, 6.0, 500.0] * 500)
        customer, time = BGBB._draw_purchases(DONORS, duration, np.random.default_rng(0))
        assert np.all(np.diff(customer) >= 0)
        assert np.all(np.diff(time)[np.diff(customer) == 0] >= 1)
        assert np.all((time >= 1) & (time <= duration[customer]) & (time == np.floor(time)))

    def test_each_customer_has_his_own_parameters_and_each_opportunity_its_share(self):
        n, t = 60_000, np.arange(1.0, 9)
        kinds = ((0.5, 3.0, 0.8, 2.5), (5.0, 2.0, 1.0, 9.0))
        params = tuple(np.resize(np.array(pair), n) for pair in zip(*kinds, strict=True))
        customer, time = BGBB._draw_purchases(params, np.full(n, 8.0), np.random.default_rng(1))
        for which, kind in enumerate(kinds):
            share = np.bincount(time[customer % 2 == which].astype(int), minlength=9)[1:] / (n / 2)
            expected = np.diff(BGBB._expected_purchases_new(kind, t), prepend=0.0)
            assert np.all(np.abs(share - expected) < 4.5 * np.sqrt(expected * (1 - expected) / (n / 2)))

    def test_who_is_sure_to_buy_and_to_stay_buys_every_time(self):
        # The chances are 1 and 0 after rounding.
        customer, time = BGBB._draw_purchases((1e20, 1.0, 1e-20, 1e20), np.full(3, 4.0), np.random.default_rng(2))
        assert customer.tolist() == [0] * 4 + [1] * 4 + [2] * 4
        assert time.tolist() == [1, 2, 3, 4] * 3


class TestRules:
    def test_continuous_times_are_refused(self, cdnow_summary):
        with pytest.raises(cv.InputError, match=r"lacks \['opportunities'\].*summarize_opportunities"):
            BGBB().fit(cdnow_summary)
        with pytest.raises(cv.InputError, match=r"recency must be a whole number.*summarize_opportunities.*clv\.BGNBD"):
            BGBB().fit(cdnow_summary.assign(opportunities=39))

    @pytest.mark.parametrize(
        ("column", "value", "match"),
        [
            ("opportunities", 5.5, "opportunities must be a whole number.*summarize_opportunities"),
            ("opportunities", -1, "opportunities must be from 0 to 100,000"),
            ("opportunities", 1e6, "opportunities must be from 0 to 100,000"),
            ("recency", 7, "recency must be <= opportunities; 1 of 22 rows is not"),
            ("frequency", 7, "frequency must be <= recency; 1 of 22 rows is not"),
            ("frequency", 0, "recency must be 0 where frequency is 0"),
        ],
    )
    def test_what_cannot_be_is_refused(self, column, value, match):
        data = SUMMARY.astype({column: float})
        data.loc[0, column] = value
        for frame in (data, pl.from_pandas(data).lazy()):
            with pytest.raises(cv.InputError, match=match):
                BGBB().fit(frame)

    @pytest.mark.parametrize("horizon", ["18 months", 2.5, 0.5, 100_001])
    def test_horizons_are_whole(self, horizon):
        with pytest.raises(cv.InputError, match="horizon"):
            model().expected_purchases(SUMMARY, horizon)
        if horizon != "18 months":
            with pytest.raises(cv.InputError, match="horizon must be a whole number of opportunities"):
                model().expected_purchases_new([1, horizon])
            with pytest.raises(cv.InputError, match="duration must be a whole number of opportunities"):
                model().simulate(5, horizon)

    def test_horizons_in_other_units_are_counted(self):
        expected = model().expected_purchases(SUMMARY, 5)
        np.testing.assert_array_equal(model().expected_purchases(SUMMARY, "5 years"), expected)
        np.testing.assert_array_equal(model().expected_purchases(SUMMARY, "60 months"), expected)
        with pytest.raises(cv.InputError, match="time unit"):
            model(time_unit=None).expected_purchases(SUMMARY, "5 years")
        np.testing.assert_array_equal(model(time_unit=None).expected_purchases(SUMMARY, 5), expected)


def test_donors_are_valued():
    scored = cv.score_clv(
        SUMMARY.assign(mean_gift=50.0),
        purchase_model=model(),
        spend_model="mean_gift",
        horizon="5 years",
        margin=1.0,
        annual_discount_rate=0.1,
    )
    years = np.array([model().expected_purchases(SUMMARY, t) for t in range(1, 6)])
    by_hand = 50 * (np.diff(years, axis=0, prepend=0.0) / 1.1 ** np.arange(1, 6)[:, None]).sum(axis=0)
    np.testing.assert_allclose(scored["clv"], by_hand, rtol=1e-11)
