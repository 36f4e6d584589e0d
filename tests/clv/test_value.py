"""Customer value against published totals and slow integration of the papers' densities, and the rules of its frame."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import integrate, special

import customer_value as cv

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "clv.json").read_text(encoding="utf-8"))
BG = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
PARETO = {"r": 0.553, "alpha": 10.58, "s": 0.606, "beta": 11.67}
SPEND = {"p": 6.25, "q": 3.74, "v": 15.44}
ROWS = pd.DataFrame(
    {
        "customer_id": list("abcdef"),
        "frequency": [0, 0, 1, 2, 7, 26],
        "recency": [0.0, 0.0, 10.0, 30.43, 12.0, 30.857],
        "T": [38.86, 3.0, 38.86, 38.86, 30.0, 31.0],
        "monetary_value": [np.nan, np.nan, 12.0, 35.0, 80.0, 31.0],
        "time_unit": "week",
    }
)
MEANS = ["p_alive", "p_active", "expected_purchases", "expected_spend", "clv", "clv_if_alive", "horizon"]
MEAN_ENDS = ["expected_purchases_lower", "expected_purchases_upper", "clv_lower", "clv_upper"]
OUTCOME_ENDS = ["purchases_lower", "purchases_upper", "value_lower", "value_upper"]


def bg():
    return cv.clv.BGNBD.from_params(**BG, time_unit="week")


def pareto():
    return cv.clv.ParetoNBD.from_params(**PARETO, time_unit="week")


def spend():
    return cv.clv.GammaGamma.from_params(**SPEND)


def score(summary, model=None, spend_model=None, **options):
    options = {"horizon": 52, "margin": 0.3} | options
    return cv.score_clv(summary, purchase_model=model or bg(), spend_model=spend_model or spend(), **options)


@pytest.fixture(scope="module")
def fitted(cdnow_summary):
    return (
        cv.clv.ParetoNBD().fit(cdnow_summary),
        cv.clv.BGNBD().fit(cdnow_summary),
        cv.clv.GammaGamma().fit(cdnow_summary),
    )


def by_quadrature_bg(x, t_x, T, horizon, delta):
    """P(alive), and discounted purchases of the living: rate and dropout coin integrated by adaptive quadrature.

    Given rate and coin p, purchases come at rate * exp(-rate p t), t after T; the rate, Gamma(r + x, alpha + T), is
    integrated by hand: E[rate exp(-rate p t)] = R / A (1 + p t / A)^-(R + 1).
    """
    r, alpha, a, b = BG.values()
    R, A = r + x, alpha + T
    odds = a / (b + x - 1) * (A / (alpha + t_x)) ** R if x else 0.0

    def intensity(t):
        mixed, _ = integrate.quad(
            lambda p: R / A * (1 + p * t / A) ** (-R - 1), 0, 1, weight="alg", wvar=(a - 1, b + x - 1), epsrel=1e-11
        )
        return math.exp(-delta * t) * mixed / special.beta(a, b + x)

    return 1 / (1 + odds), integrate.quad(intensity, 0, horizon, epsrel=1e-10)[0]


def by_quadrature_pareto(x, t_x, T, horizon, delta):
    """The same: the unknown time of dropout is integrated; the rates of who is alive at T are gamma, independent."""
    r, alpha, s, beta = PARETO.values()
    stayed = (beta / (beta + T)) ** s * (alpha + T) ** (-r - x)
    left, _ = integrate.quad(
        lambda tau: s * beta**s / (beta + tau) ** (s + 1) * (alpha + tau) ** (-r - x), t_x, T, epsrel=1e-12, epsabs=0
    )
    total, _ = integrate.quad(
        lambda t: math.exp(-delta * t) * (r + x) / (alpha + T) * ((beta + T) / (beta + T + t)) ** s,
        0,
        horizon,
        epsrel=1e-12,
    )
    return stayed / (stayed + left), total


class TestValues:
    def test_the_published_value_without_end(self, cdnow_summary, fitted):
        purchases, _, amounts = fitted
        weeks = GOLDEN["weeks_per_year"]
        found = score(
            cdnow_summary,
            purchases,
            amounts,
            horizon=300 * weeks,  # what comes later is worth e^-42
            discount_rate=(1 + GOLDEN["annual_rate"]) ** (1 / weeks) - 1,
            margin=1.0,
        )
        discounted = found["clv"] / found["expected_spend"]
        # Along the likelihood's ridge the source stops elsewhere: its 39 weeks' total is 1e-4 above that of the
        # optimum, and what lies beyond three times that. The quadrature below is the tight test.
        assert discounted.sum() == pytest.approx(GOLDEN["expected_transactions_discounted"], rel=5e-4)
        assert found["clv"].sum() == pytest.approx(GOLDEN["clv"], rel=5e-4)

    @pytest.mark.parametrize(("model", "oracle"), [(bg, by_quadrature_bg), (pareto, by_quadrature_pareto)])
    @pytest.mark.parametrize("annual", [0.0, 0.15, 0.9])
    @pytest.mark.parametrize("horizon", [2.0, 52.0, 520.0])
    def test_slow_integration(self, model, oracle, annual, horizon):
        found = score(ROWS, model(), horizon=horizon, annual_discount_rate=annual)
        delta = math.log(1 + annual) * 7 / 365.25
        p, q, v = SPEND.values()
        for row, (x, t_x, T, m) in enumerate(ROWS[["frequency", "recency", "T", "monetary_value"]].to_numpy()):
            alive, total = oracle(x, t_x, T, horizon, delta)
            mean = p * (v + (x * m if x else 0.0)) / (p * x + q - 1)
            # Adaptive quadrature to 1e-10; our fixed rule in the horizon is the looser one.
            assert found["p_alive"][row] == pytest.approx(alive, rel=1e-9)
            assert found["expected_spend"][row] == pytest.approx(mean, rel=1e-12)
            assert found["clv"][row] == pytest.approx(0.3 * mean * alive * total, rel=1e-7)
            assert found["clv_if_alive"][row] == pytest.approx(0.3 * mean * total, rel=1e-7)

    def test_without_discount_value_is_a_product(self, cdnow_summary, fitted):
        for model in fitted[:2]:
            found = score(cdnow_summary, model, fitted[2])
            np.testing.assert_allclose(
                found["clv"], 0.3 * found["expected_spend"] * found["expected_purchases"], rtol=1e-12
            )
            np.testing.assert_allclose(found["clv"], found["p_alive"] * found["clv_if_alive"], rtol=1e-12)
            np.testing.assert_allclose(found["expected_purchases"], model.expected_purchases(cdnow_summary, 52))
            np.testing.assert_allclose(found["p_active"], model.probability_active(cdnow_summary, 52))
            zero = score(cdnow_summary, model, fitted[2], annual_discount_rate=0.0)
            pd.testing.assert_frame_equal(zero, found)

    def test_rates_and_horizons_in_either_form(self):
        annual = score(ROWS, horizon="12 months", annual_discount_rate=0.1)
        weekly = score(ROWS, horizon=365.25 / 7, discount_rate=1.1 ** (7 / 365.25) - 1)
        pd.testing.assert_frame_equal(annual, weekly, rtol=1e-12)
        assert (annual["horizon"] == 365.25 / 7).all()
        assert (annual["clv"] < score(ROWS, horizon="12 months")["clv"]).all()

    def test_spend_and_margin_from_columns(self):
        summary = ROWS.assign(each=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], share=[0.1, 0.0, -0.2, 1.0, 0.5, 0.3])
        found = score(summary, spend_model="each", margin="share", annual_discount_rate=0.1)
        alone = score(summary, spend_model="each", margin=1.0, annual_discount_rate=0.1)
        np.testing.assert_allclose(found["expected_spend"], summary["each"])
        np.testing.assert_allclose(found["clv"], summary["share"] * alone["clv"], rtol=1e-12)

    def test_first_purchases_included(self):
        summary = ROWS.assign(purchases=ROWS["frequency"] + 1, total_value=[20.0, 5.0, 50.0, 90.0, 300.0, 900.0])
        model = cv.clv.GammaGamma.from_params(**SPEND).set_params(first_purchase="include")
        p, q, v = SPEND.values()
        mean = p * (v + summary["total_value"]) / (p * summary["purchases"] + q - 1)
        np.testing.assert_allclose(score(summary, spend_model=model)["expected_spend"], mean, rtol=1e-12)


class TestIntervalsOfMeans:
    @pytest.mark.parametrize("which", [0, 1], ids=["ParetoNBD", "BGNBD"])
    def test_they_carry_the_parameters_covariance(self, cdnow_summary, fitted, which):
        """Parameters drawn from their normal distribution on logs, means taken at each: the spread of their logs."""
        # A hundred times the customers: the parameters are so well known that the delta method's error vanishes.
        purchases = type(fitted[which])().fit(cdnow_summary, weights=np.full(2357, 100))
        amounts = cv.clv.GammaGamma().fit(cdnow_summary, weights=np.full(2357, 100))
        few = cdnow_summary.iloc[[0, 1, 2, 5, 20, 40, 1515]]
        found = score(few, purchases, amounts, horizon=8, annual_discount_rate=0.1, interval=0.9)
        history = tuple(few[c].to_numpy(float) for c in ("frequency", "recency", "T"))
        spent = tuple(np.nan_to_num(few[c].to_numpy(float)) for c in ("frequency", "monetary_value"))
        rng, n = np.random.default_rng(0), 800
        points, amount_points = (
            np.exp(rng.multivariate_normal(np.log(list(model.params_.values())), model._log_covariance, n))
            for model in (purchases, amounts)
        )
        delta = math.log(1.1) * 7 / 365.25
        expected = np.array([purchases._expected(point, history, 8.0) for point in points])
        discounted = [
            purchases._probability_alive(point, *history) * purchases._discounted_if_alive(point, history, 8.0, delta)
            for point in points
        ]
        values = np.array(discounted) * [amounts._expected_spend(point, *spent) for point in amount_points]
        for column, drawn in (("expected_purchases", expected), ("clv", values)):
            spread = np.log(drawn).std(axis=0)
            upper, lower = found[f"{column}_upper"], found[f"{column}_lower"]
            # 1.645 standard deviations to each side; the drawn one has a relative standard error of 1 / sqrt(2 n).
            np.testing.assert_allclose(np.log(upper / found[column]), 1.6448536 * spread, rtol=4 / math.sqrt(2 * n))
            np.testing.assert_allclose(np.log(upper / found[column]), np.log(found[column] / lower), rtol=1e-9)

    def test_a_given_spend_has_no_uncertainty(self, cdnow_summary, fitted):
        summary = cdnow_summary.head(50).assign(each=10.0)
        found = score(summary, fitted[1], "each", interval=0.9)
        np.testing.assert_allclose(found["clv_upper"], 3 * found["expected_purchases_upper"], rtol=1e-9)
        np.testing.assert_allclose(found["clv_lower"], 3 * found["expected_purchases_lower"], rtol=1e-9)

    def test_losses_keep_lower_below_upper(self, cdnow_summary, fitted):
        summary = cdnow_summary.head(50).assign(share=-0.1)
        for kind in ("mean", "outcome"):
            found = score(summary, fitted[1], fitted[2], margin="share", interval=0.9, interval_for=kind)
            ends = ("clv_lower", "clv_upper") if kind == "mean" else ("value_lower", "value_upper")
            assert (found["clv"] < 0).all()
            assert (found[ends[0]] <= found[ends[1]]).all()
            assert (found[ends[1]] <= 0).all()

    def test_given_parameters_have_none(self, cdnow_summary, fitted):
        for models in ((bg(), fitted[2]), (fitted[1], spend())):
            with pytest.raises(cv.NotFittedError, match="no standard errors"):
                score(cdnow_summary.head(5), *models, interval=0.9)
            assert set(OUTCOME_ENDS) < set(
                score(cdnow_summary.head(5), *models, interval=0.9, interval_for="outcome").columns
            )

    def test_outcomes_are_discounted_and_take_the_margin(self, cdnow_summary):
        # Purchases come evenly enough that value is discounted like its mean.
        few = cdnow_summary.head(80)
        plain = score(few, spend_model=spend(), margin=1.0, interval=0.9, interval_for="outcome")
        less = score(few, margin=0.4, annual_discount_rate=0.1, interval=0.9, interval_for="outcome")
        factor = less["clv"] / plain["clv"]
        assert factor.between(0.36, 0.4).all()
        np.testing.assert_allclose(less["value_upper"], factor * plain["value_upper"], rtol=1e-5)
        np.testing.assert_array_equal(less["purchases_upper"], plain["purchases_upper"])


class TestFrames:
    def test_columns_rows_and_index(self):
        given = ROWS.set_axis([3, 3, 1, 0, 9, 9], axis=0)
        before = given.copy()
        found = score(given)
        assert list(found.columns) == [*ROWS.columns, *MEANS]
        pd.testing.assert_frame_equal(found[ROWS.columns.tolist()], before)
        pd.testing.assert_frame_equal(given, before)

    def test_two_horizons_side_by_side_and_scored_again(self):
        both = score(score(ROWS, horizon=13, suffix="_3m"), horizon=52)
        assert list(both.columns) == [*ROWS.columns, *(f"{name}_3m" for name in MEANS), *MEANS]
        np.testing.assert_array_equal(both["clv_3m"], score(ROWS, horizon=13)["clv"])
        again = score(both, horizon=26)
        assert list(again.columns) == list(both.columns)
        np.testing.assert_array_equal(again["clv"], score(ROWS, horizon=26)["clv"])
        np.testing.assert_array_equal(again["clv_3m"], both["clv_3m"])

    @pytest.mark.parametrize(("kind", "ends"), [("mean", MEAN_ENDS), ("outcome", OUTCOME_ENDS)])
    def test_every_library_gives_the_same(self, cdnow_summary, fitted, kind, ends):
        data = cdnow_summary.head(120)[ROWS.columns.tolist()]
        options = {"annual_discount_rate": 0.1, "interval": 0.9, "interval_for": kind}
        reference = score(data, fitted[0], fitted[2], **options)
        polars = pl.from_pandas(data)
        lazy = score(polars.lazy(), fitted[0], fitted[2], **options)
        arrow = score(pa.Table.from_pandas(data), fitted[0], fitted[2], **options)
        nullable = score(data.convert_dtypes(), fitted[0], fitted[2], **options)
        assert isinstance(lazy, pl.LazyFrame)
        assert isinstance(arrow, pa.Table)
        for other in (score(polars, fitted[0], fitted[2], **options), lazy.collect(), arrow, nullable):
            for column in (*MEANS, *ends):
                np.testing.assert_array_equal(other[column].to_numpy(), reference[column].to_numpy())

    def test_row_order_changes_nothing(self, cdnow_summary, fitted):
        shuffled = cdnow_summary.sample(frac=1, random_state=4)
        one, other = (score(frame, fitted[0], fitted[2], interval=0.9) for frame in (cdnow_summary, shuffled))
        pd.testing.assert_frame_equal(other.sort_index(), one)

    @pytest.mark.parametrize("library", [lambda frame: frame, pl.from_pandas, pa.Table.from_pandas])
    def test_all_one_time_buyers(self, library):
        summary = ROWS.assign(frequency=0, recency=0.0, monetary_value=np.nan)
        found = score(library(summary), pareto(), interval=0.9, interval_for="outcome")
        p, q, v = SPEND.values()
        np.testing.assert_allclose(found["expected_spend"].to_numpy(), p * v / (q - 1), rtol=1e-12)
        assert np.all(found["clv"].to_numpy() > 0)
        assert np.all(found["value_upper"].to_numpy() > found["clv"].to_numpy())

    def test_unusable_amounts_get_the_populations_mean(self):
        summary = ROWS.assign(monetary_value=[np.nan, np.nan, 0.0, -5.0, 80.0, 31.0])
        p, q, v = SPEND.values()
        np.testing.assert_allclose(score(summary)["expected_spend"][:4], p * v / (q - 1), rtol=1e-12)


class TestNoChurn:
    def test_p_alive_is_null_and_purchases_are_those_of_a_loyal_base(self):
        # Poisson purchases at gamma rates until the end of observation: nobody ever leaves.
        rng, n, T = np.random.default_rng(2), 3000, 30.0
        counts = rng.poisson(rng.gamma(2.0, 1 / 8.0, n) * T)
        last = np.where(counts > 0, T * rng.random(n) ** (1 / np.maximum(counts, 1)), 0.0)
        summary = pd.DataFrame({"frequency": counts, "recency": last, "T": T, "spend": 1.0, "time_unit": "week"})
        with pytest.warns(cv.FitWarning, match="do not identify"):
            model = cv.clv.BGNBD().fit(summary)
        with pytest.warns(cv.FitWarning, match="p_alive is null"):
            found = score(summary, model, "spend", horizon=10, margin=1.0)
        assert found["p_alive"].isna().all()
        r, alpha = model.params_["r"], model.params_["alpha"]
        np.testing.assert_allclose(found["expected_purchases"], (r + counts) / (alpha + T) * 10, rtol=0.02)
        np.testing.assert_allclose(found["clv"], found["expected_purchases"], rtol=1e-12)
        with pytest.warns(cv.FitWarning, match="p_alive is null"):
            polars = score(pl.from_pandas(summary), model, "spend", horizon=10, margin=1.0)
        assert polars["p_alive"].null_count() == n


class TestBadInput:
    def test_both_rates(self):
        with pytest.raises(cv.InputError, match="not both"):
            score(ROWS, annual_discount_rate=0.1, discount_rate=0.1)

    @pytest.mark.parametrize(("rate", "told"), [("discount_rate", "14,348%"), ("annual_discount_rate", "1,000%")])
    def test_an_absurd_rate_is_told_in_years(self, rate, told):
        with pytest.warns(cv.DataWarning, match=f"{told}.*a year"):
            score(ROWS, **{rate: 0.1 if rate == "discount_rate" else 10.0})

    def test_a_model_on_another_ruler(self):
        with pytest.raises(cv.InputError, match=r"fitted in weeks and this summary is in days.*time_unit='week'"):
            score(ROWS.assign(time_unit="day"))

    def test_text_horizons_need_a_ruler(self):
        with pytest.raises(cv.InputError, match="time unit"):
            score(ROWS.drop(columns="time_unit"), cv.clv.BGNBD.from_params(**BG), horizon="12 months")

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"horizon": 0}, "horizon must be positive"),
            ({"horizon": -3}, "horizon must be positive"),
            ({"horizon": math.inf}, "horizon must be positive and finite"),
            ({"horizon": "soon"}, "12 months"),
            ({"margin": 30}, "30 % is 0.3"),
            ({"margin": -0.1}, "margin must be"),
            ({"margin": "share"}, "lacks"),
            ({"interval": 1.0}, "between 0 and 1"),
            ({"interval": 90}, "between 0 and 1"),
            ({"interval": 0.9, "interval_for": "median"}, "one of"),
            ({"discount_rate": -0.1}, "0 or above"),
            ({"suffix": None}, "suffix must be text"),
            ({"spend_model": "amount"}, "lacks"),
            ({"spend_model": 12.0}, "spend_model must be"),
            ({"model": "ParetoNBD"}, "purchase_model must be"),
            ({"model": spend()}, "purchase_model must be"),
        ],
    )
    def test_options(self, options, told):
        with pytest.raises(cv.InputError, match=told):
            score(ROWS, **options)

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"recency": 50.0}, "recency must be <= T; 6 of 6"),
            ({"T": -1.0}, "T must be 0 or above"),
            ({"frequency": 1.5}, "whole number"),
            ({"frequency": np.inf}, "finite"),
            ({"recency": np.nan}, "null or NaN"),
            ({"monetary_value": np.nan}, r"monetary_value must not be null where frequency is above 0; 4 of 6"),
            ({"monetary_value": "a"}, "numeric"),
        ],
    )
    def test_rows(self, change, told):
        with pytest.raises(cv.InputError, match=told):
            score(ROWS.assign(**change))

    def test_unfitted_models(self):
        for models in ((cv.clv.BGNBD(), spend()), (bg(), cv.clv.GammaGamma())):
            with pytest.raises(cv.NotFittedError):
                score(ROWS, *models)

    def test_a_column_of_negative_spend(self):
        with pytest.raises(cv.InputError, match="each must be 0 or above"):
            score(ROWS.assign(each=-1.0), spend_model="each")


# ---- forever ---------------------------------------------------------------------------------------------------------


def test_forever_is_the_limit_of_long_horizons(cdnow_summary):
    model = cv.clv.ParetoNBD().fit(cdnow_summary)
    spend = cv.clv.GammaGamma().fit(cdnow_summary)
    arguments = {"purchase_model": model, "spend_model": spend, "margin": 0.3, "annual_discount_rate": 0.15}
    forever = cv.score_clv(cdnow_summary, horizon="forever", interval=0.9, **arguments)
    # After 250 years a purchase is worth 1.15^-250, so nothing.
    long = cv.score_clv(cdnow_summary, horizon="250 years", interval=0.9, **arguments)
    for column in ("clv", "clv_if_alive", "clv_lower", "clv_upper"):
        np.testing.assert_allclose(forever[column], long[column], rtol=1e-6)
    assert "expected_purchases" not in forever
    assert "p_active" not in forever
    assert (forever["horizon"] == np.inf).all()
    residual = model.discounted_expected_purchases(cdnow_summary, annual_discount_rate=0.15)
    np.testing.assert_allclose(forever["clv"], 0.3 * residual * forever["expected_spend"], rtol=1e-12)


def test_forever_needs_a_discount_rate_and_means(cdnow_summary):
    model = cv.clv.ParetoNBD().fit(cdnow_summary)
    arguments = {"purchase_model": model, "spend_model": "total_value", "margin": 1.0, "horizon": "forever"}
    with pytest.raises(cv.InputError, match=r'horizon="forever" needs a discount rate above 0'):
        cv.score_clv(cdnow_summary, **arguments)
    with pytest.raises(cv.InputError, match='interval_for="outcome" needs a horizon that ends'):
        cv.score_clv(cdnow_summary, annual_discount_rate=0.1, interval=0.9, interval_for="outcome", **arguments)
    with pytest.raises(cv.InputError, match="horizon must be a number of time units"):
        model.expected_purchases(cdnow_summary, "forever")
