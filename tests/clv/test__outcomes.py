"""Intervals of outcomes: coverage where the truth is known, quantiles by brute force, and extremes."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import customer_value as cv

BG = cv.clv.BGNBD.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, time_unit="week")
PARETO = cv.clv.ParetoNBD.from_params(r=0.553, alpha=10.58, s=0.606, beta=11.67, time_unit="week")
SPEND = cv.clv.GammaGamma.from_params(p=6.25, q=3.74, v=15.44)
PURCHASE = [pytest.param(BG, id="BGNBD"), pytest.param(PARETO, id="ParetoNBD")]
# One-time buyers, lately active and long silent customers, a frequent one.
ROWS = pd.DataFrame(
    {
        "frequency": [0, 0, 1, 2, 4, 4, 11],
        "recency": [0.0, 0.0, 5.0, 30.43, 36.0, 12.0, 35.0],
        "T": [38.86, 4.0, 38.86, 38.86, 37.0, 37.0, 36.0],
        "monetary_value": [np.nan, np.nan, 22.0, 35.0, 80.0, 15.0, 31.0],
    }
)


def scored(summary, model, spend_model, level, horizon=39):
    return cv.score_clv(
        summary,
        purchase_model=model,
        spend_model=spend_model,
        horizon=horizon,
        margin=1.0,
        interval=level,
        interval_for="outcome",
    )


def distribution_at(model, summary, horizon, counts):
    """P(X <= count) and P(X < count) of each customer, from the model's own distribution."""
    below = np.cumsum(model.purchase_distribution(summary, horizon, range(int(counts.max()) + 1)), axis=1)
    through = np.take_along_axis(below, counts[:, None], axis=1)[:, 0]
    before = np.take_along_axis(below, np.maximum(counts - 1, 0)[:, None], axis=1)[:, 0]
    return through, np.where(counts > 0, before, 0.0)


@pytest.fixture(scope="module", params=[("pareto_nbd", cv.clv.ParetoNBD), ("bg_nbd", cv.clv.BGNBD)])
def simulated(request):
    """20,000 customers of a story that no model made: observed for 39 weeks, held against the next 39."""
    process, model = request.param
    log = cv.datasets.simulate_transactions(
        20_000,
        process=process,
        start="1997-01-01",
        end="1998-06-30",
        acquired=("1997-01-01", "1997-03-25"),
        random_state=1,
    )
    calibration, later = cv.split_holdout(log, observation_end="1997-09-30")
    summary = cv.summarize_customers(calibration, observation_end="1997-09-30", time_unit="week")
    holdout = cv.summarize_holdout(later, customers=summary, observation_end="1998-06-30")
    return model().fit(summary), summary.assign(spend=1.0), holdout["holdout_purchases"].to_numpy()


class TestCoverage:
    @pytest.mark.parametrize("level", [0.5, 0.9])
    def test_as_many_fall_inside_as_the_model_implies(self, simulated, level):
        model, summary, seen = simulated
        intervals = scored(summary, model, "spend", level)
        lower, upper = (intervals[f"purchases_{end}"].to_numpy() for end in ("lower", "upper"))
        implied = distribution_at(model, summary, 39, upper)[0] - distribution_at(model, summary, 39, lower)[1]
        observed = (seen >= lower) & (seen <= upper)
        # The share of 20,000 has a standard error below .0035; .01 is what this library promises.
        assert abs(observed.mean() - implied.mean()) < 0.01
        assert np.all(implied > level - 1e-3)  # whole counts cover at least what was asked

    def test_the_randomised_pit_is_uniform(self, simulated):
        model, summary, seen = simulated
        through, before = distribution_at(model, summary, 39, seen)
        pit = before + np.random.default_rng(5).random(seen.size) * (through - before)
        assert stats.kstest(pit, "uniform").pvalue > 1e-4

    def test_spend_covers_too(self, simulated):
        model, summary, seen = simulated
        few = summary.head(4000)
        spend_model = cv.clv.GammaGamma().fit(summary)
        intervals = scored(few, model, spend_model, 0.9)
        rng = np.random.default_rng(3)
        # Value given the counts that were seen, drawn from the story's own default amounts given what was spent before.
        x = few["frequency"].to_numpy()
        total = np.nan_to_num(few["monetary_value"].to_numpy()) * x
        rate = rng.gamma(3.74 + 6.25 * x) / (15.44 + total)
        value = np.where(seen[:4000] > 0, rng.gamma(6.25 * np.maximum(seen[:4000], 1)) / rate, 0.0)
        low = value < intervals["value_lower"].to_numpy()
        high = value > intervals["value_upper"].to_numpy()
        # Most lower ends are 0, where nothing falls below; the upper tail is continuous and holds its 5 %.
        assert low.mean() < 0.01
        assert abs(high.mean() - 0.05) < 0.015  # 4 standard errors of a share of 4,000


def bg_futures(x, t_x, T, horizon, rng, n):
    """Draws of the future count and their weights: rate and dropout from the prior, weighted by the history."""
    rate, p = rng.gamma(0.243, 1 / 4.414, n), rng.beta(0.793, 2.426, n)
    stayed = np.log1p(-p) * x - rate * T
    left = np.log(p) + np.log1p(-p) * (x - 1) - rate * t_x if x > 0 else np.full(n, -np.inf)
    log_weight = x * np.log(rate) + np.logaddexp(stayed, left)
    alive = rng.random(n) < np.exp(stayed - np.logaddexp(stayed, left))
    count = np.minimum(rng.poisson(rate * horizon), rng.geometric(np.maximum(p, 1e-12)))
    return np.where(alive, count, 0), np.exp(log_weight - log_weight.max())


def pareto_futures(x, t_x, T, horizon, rng, n):
    rate, mu = rng.gamma(0.553, 1 / 10.58, n), rng.gamma(0.606, 1 / 11.67, n)
    stayed = -(rate + mu) * T
    left = np.log(mu / (rate + mu)) + np.log(-np.expm1(-(rate + mu) * (T - t_x)) + 1e-300) - (rate + mu) * t_x
    history = np.logaddexp(stayed, left)
    alive = rng.random(n) < np.exp(stayed - history)
    count = rng.poisson(rate * np.minimum(rng.exponential(1 / mu), horizon))
    log_weight = x * np.log(rate) + history
    return np.where(alive, count, 0), np.exp(log_weight - log_weight.max())


@pytest.mark.parametrize(("model", "futures"), [(BG, bg_futures), (PARETO, pareto_futures)], ids=["BGNBD", "ParetoNBD"])
@pytest.mark.parametrize("row", range(len(ROWS)))
def test_quantiles_are_those_of_the_posterior(model, futures, row):
    """Brute force: rates drawn from the prior, weighted by the likelihood of what was seen; no formula of a model."""
    x, t_x, T, mean = ROWS.iloc[row]
    rng = np.random.default_rng(row)
    count, weight = futures(x, t_x, T, 39.0, rng, 400_000)
    rate = rng.gamma(3.74 + 6.25 * x, size=count.size) / (15.44 + (x * mean if x else 0.0))
    value = np.where(count > 0, rng.gamma(6.25 * np.maximum(count, 1)) / rate, 0.0)
    weight = weight / weight.sum()
    one = ROWS.iloc[[row]]
    for level in (0.5, 0.9):
        found = scored(one, model, SPEND, level).iloc[0]
        for tail, end in (((1 - level) / 2, "lower"), ((1 + level) / 2, "upper")):
            error = 4 * np.sqrt(tail * (1 - tail) * np.sum(weight**2))  # 4 standard errors of a weighted share
            quantile = found[f"purchases_{end}"]
            assert weight[count <= quantile].sum() > tail - error
            assert weight[count < quantile].sum() < tail + error
            if found[f"value_{end}"] > 0:
                assert abs(weight[value <= found[f"value_{end}"]].sum() - tail) < error
            else:
                assert weight[count == 0].sum() > tail - error


@pytest.mark.parametrize("model", PURCHASE)
class TestCounts:
    def test_quantiles_are_the_smallest_counts_that_reach_the_level(self, model, cdnow_summary):
        summary = cdnow_summary.assign(spend=2.5)
        for level in (0.5, 0.9, 0.99):
            found = scored(summary, model, "spend", level)
            for tail, end in (((1 - level) / 2, "lower"), ((1 + level) / 2, "upper")):
                counts = found[f"purchases_{end}"].to_numpy()
                through, before = distribution_at(model, summary, 39, counts)
                assert np.all(through > tail - 1e-9)
                assert np.all((before < tail + 1e-9) | (counts == 0))

    def test_a_spend_column_multiplies_the_counts(self, model, cdnow_summary):
        summary = cdnow_summary.head(300).assign(spend=np.linspace(0.0, 99.0, 300))
        found = scored(summary, model, "spend", 0.9)
        assert str(found["purchases_lower"].dtype) == str(found["purchases_upper"].dtype) == "int64"
        for end in ("lower", "upper"):
            np.testing.assert_allclose(found[f"value_{end}"], found[f"purchases_{end}"] * summary["spend"], rtol=1e-12)

    def test_wider_levels_hold_narrower_ones(self, model, cdnow_summary):
        summary = cdnow_summary.head(200)
        ends = [scored(summary, model, SPEND, level) for level in (0.2, 0.5, 0.8, 0.95, 0.999)]
        for narrow, wide in itertools.pairwise(ends):
            for what in ("purchases", "value"):
                assert (wide[f"{what}_lower"] <= narrow[f"{what}_lower"] + 1e-9).all()
                assert (wide[f"{what}_upper"] >= narrow[f"{what}_upper"] - 1e-9).all()
        assert (ends[-1]["value_upper"] > ends[0]["value_upper"]).all()

    def test_rows_in_any_order_and_company_give_the_same_intervals(self, model, cdnow_summary):
        summary = cdnow_summary.head(400)
        found = scored(summary, model, SPEND, 0.9)
        alone = pd.concat([scored(summary.iloc[rows], model, SPEND, 0.9) for rows in (slice(150), slice(150, 400))])
        shuffled = scored(summary.sample(frac=1, random_state=2), model, SPEND, 0.9).sort_index()
        for column in ("purchases_lower", "purchases_upper", "value_lower", "value_upper"):
            np.testing.assert_allclose(alone[column], found[column], rtol=1e-5)
            np.testing.assert_allclose(shuffled[column], found[column], rtol=1e-5)


class TestExtremes:
    def test_thousands_of_purchases(self):
        # Where nobody leaves, counts are negative binomial with the updated parameters.
        model = cv.clv.ParetoNBD.from_params(r=0.5, alpha=10.0, s=1e-7, beta=1.0, time_unit="week")
        summary = pd.DataFrame({"frequency": [3000, 20000], "recency": 1000.0, "T": 1000.0, "spend": 1.0})
        found = scored(summary, model, "spend", 0.9, horizon=52)
        for row, x in enumerate(summary["frequency"]):
            counts = stats.nbinom(0.5 + x, 1010 / 1062)
            # Long distributions are interpolated between 256 counts: off by a count and 2 % of a standard deviation.
            for tail, end in ((0.05, "lower"), (0.95, "upper")):
                assert abs(found[f"purchases_{end}"][row] - counts.ppf(tail)) <= 1 + 0.02 * counts.std()

    def test_totals_of_thousands_of_purchases(self):
        model = cv.clv.ParetoNBD.from_params(r=0.5, alpha=10.0, s=1e-7, beta=1.0, time_unit="week")
        summary = pd.DataFrame({"frequency": [3000], "recency": [1000.0], "T": 1000.0, "monetary_value": [25.0]})
        found = scored(summary, model, SPEND, 0.9, horizon=52)
        rng = np.random.default_rng(1)
        count = rng.poisson(rng.gamma(3000.5, 52 / 1010, 200_000))
        value = rng.gamma(6.25 * count) / (rng.gamma(3.74 + 6.25 * 3000, size=200_000) / (15.44 + 3000 * 25.0))
        for tail, end in ((0.05, "lower"), (0.95, "upper")):
            assert abs((value <= found[f"value_{end}"][0]).mean() - tail) < 0.002  # 4 standard errors

    @pytest.mark.parametrize("model", PURCHASE)
    def test_short_and_long_horizons(self, model):
        summary = ROWS.assign(spend=1.0)
        assert (scored(summary, model, "spend", 0.9, horizon=1e-6)["purchases_upper"] == 0).all()
        assert (scored(ROWS, model, SPEND, 0.9, horizon=1e-6)["value_upper"] == 0).all()
        decades = scored(ROWS, model, SPEND, 0.9, horizon=2600)
        assert np.isfinite(decades[["purchases_upper", "value_upper"]].to_numpy()).all()
        assert (decades["purchases_upper"] > decades["expected_purchases"]).all()
