"""What both models of regular purchases share: the choice of k, the column that a fit needs, saving."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import customer_value as cv
from customer_value.clv import BGCNBD, BGNBD, MBGCNBD, MBGNBD
from customer_value.clv._erlang_model import LARGEST_K

PARAMS = {"r": 1.2, "alpha": 1.5, "a": 0.9, "b": 4.0}


@pytest.fixture(scope="module")
def summary(cdnow_log):
    calibration, _ = cv.split_holdout(cdnow_log, observation_end="1997-09-30")
    return cv.summarize_customers(calibration, observation_end="1997-09-30", time_unit="week", regularity=True)


def as_summary(drawn, n, T):
    """A summary of drawn customers, log_intervals included."""
    waits = drawn["time"] - drawn.groupby("customer")["time"].shift(fill_value=0.0)
    seen = drawn.assign(log_wait=np.log(waits)).groupby("customer")
    frame = pd.DataFrame(
        {"frequency": seen.size(), "recency": seen["time"].max(), "log_intervals": seen["log_wait"].sum()}
    )
    return frame.reindex(range(n), fill_value=0).assign(T=float(T), time_unit="week")


def lives(k, params, n, T, rng, first):
    """Let customers live one purchase at a time; give number and time of the last in (0, T], alive, rate, dropout."""
    r, alpha, a, b = params
    rate, dropout = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n)
    alive = rng.random(n) >= dropout if first else np.ones(n, dtype=bool)
    x, t_x, clock, cycle = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    buying = np.flatnonzero(alive)
    while buying.size:
        cycle[buying] = rng.gamma(k, 1 / np.maximum(rate[buying], 1e-300))
        clock[buying] += cycle[buying]
        buying = buying[clock[buying] <= T]
        x[buying] += 1
        t_x[buying] = clock[buying]
        leaves = rng.random(buying.size) < dropout[buying]
        alive[buying[leaves]] = False
        buying = buying[~leaves]
    return x, t_x, alive, clock, rate, dropout


def more_purchases(k, drawn, T, t, rng):
    """Purchases in (T, T + t] of the same lives: the cycle under way ends when it was drawn to."""
    _, _, alive, clock, rate, dropout = drawn
    clock, count = clock.copy(), np.zeros(clock.size)
    buying = np.flatnonzero(alive & (clock <= T + t))
    while buying.size:
        count[buying] += 1
        buying = buying[rng.random(buying.size) >= dropout[buying]]
        clock[buying] += rng.gamma(k, 1 / np.maximum(rate[buying], 1e-300))
        buying = buying[clock[buying] <= T + t]
    return count


@pytest.mark.parametrize(("model", "first"), [(BGCNBD, False), (MBGCNBD, True)])
def test_against_lives_drawn_purchase_by_purchase(model, first):
    """Means by history within 4 standard errors: whoever bought how often, and bought last early or late."""
    k, params = 3, (1.4, 1.1, 0.9, 4.0)
    n, T, t, rng = 300_000, 30.0, 12.0, np.random.default_rng(20)
    drawn = lives(k, params, n, T, rng, first)
    x, t_x, alive = drawn[:3]
    future = more_purchases(k, drawn, T, t, rng)
    fitted = model.from_params(k=k, **dict(zip(("r", "alpha", "a", "b"), params, strict=True)))
    columns = (x, t_x, np.full(n, T))
    p_alive, expected = fitted._probability_alive(params, *columns), fitted._expected(params, columns, t)
    active = fitted._active(params, columns, t)
    for group in [(x == 0), *((x == m) & (side * (t_x - 22) > 0) for m in (1, 3, 6) for side in (-1, 1)), x > 6]:
        assert group.sum() > 1000
        for seen, told in ((alive, p_alive), (future, expected), (future > 0, active)):
            error = (seen - told)[group]
            assert abs(error.mean()) < 4 * max(error.std(), 1e-9) / np.sqrt(group.sum())
    counts = np.array([(x == m).mean() for m in range(6)])
    pmf = fitted._pmf_new(params, np.arange(6.0), T)
    assert np.all(np.abs(counts - pmf) < 4 * np.sqrt(pmf * (1 - pmf) / n))
    customer, time = fitted._draw_purchases(params, np.full(n, T), rng)
    own = np.bincount(customer, minlength=n)
    assert np.all(np.abs([(own == m).mean() - pmf[m] for m in range(6)]) < 4 * np.sqrt(pmf * (1 - pmf) / n))
    early = np.bincount(customer[time <= 9], minlength=n)
    told = fitted._expected_purchases_new(params, 9.0)
    assert abs(early.mean() - told) < 4 * early.std() / np.sqrt(n)


@pytest.mark.parametrize("model", [BGCNBD, MBGCNBD])
class TestChoiceOfK:
    def test_auto_finds_the_regularity_that_the_data_have(self, model):
        drawn = model.from_params(k=3, **PARAMS).simulate(3000, 40.0, random_state=4)
        data = as_summary(drawn, 3000, 40)
        fitted = model().fit(data)
        assert fitted.k_ == 3
        off = np.log(list(fitted.params_.values())) - np.log(list(PARAMS.values()))
        # Squared Mahalanobis distance of 4 parameters is chi-square with 4 degrees of freedom: 99.99 % below 23.5.
        assert off @ np.linalg.solve(fitted._log_covariance, off) < 23.5

    def test_auto_stops_after_two_values_without_gain(self, model, summary):
        fitted = model().fit(summary)
        by_k = fitted.diagnostics_["log_likelihood_by_k"]
        assert list(by_k) == ["1", "2", "3"]
        assert fitted.k_ == 1
        for k, value in by_k.items():
            assert model(k=int(k)).fit(summary).log_likelihood_ == pytest.approx(value, abs=1e-6)

    def test_clockwork_is_told(self, model):
        # Every second purchase of customers with k = 20: k = 40.
        drawn = model.from_params(k=20, r=2.0, alpha=0.2, a=0.2, b=8.0).simulate(400, 60.0, random_state=9)
        drawn = drawn[drawn.groupby("customer").cumcount() % 2 == 1]
        with pytest.warns(cv.FitWarning, match=f"still rises at k = {LARGEST_K}"):
            fitted = model().fit(as_summary(drawn, 400, 60))
        assert fitted.k_ == LARGEST_K

    def test_a_failed_refit_leaves_the_fit_as_it_was(self, model, summary, monkeypatch):
        fitted = model(k=2).fit(summary)
        before = fitted.to_json()

        def fail(*_, **__):
            raise cv.ConvergenceError("no")

        monkeypatch.setattr("customer_value.clv._model.maximize", fail)
        with pytest.raises(cv.ConvergenceError):
            fitted.fit(summary)
        assert fitted.to_json() == before
        with pytest.raises(cv.ConvergenceError):
            (unfitted := model(k=2)).fit(summary)
        assert "k_" not in unfitted.__dict__

    @pytest.mark.parametrize("k", [0, -1, 1.5, True, 21, None, "2", "Auto", [2]])
    def test_k_that_is_none(self, model, summary, k):
        with pytest.raises(cv.InputError, match="k must be a whole number"):
            model(k=k).fit(summary)
        with pytest.raises(cv.InputError, match="k must be a whole number"):
            model.from_params(k=k, **PARAMS)

    def test_parameters_without_a_k_predict_nothing(self, model, summary):
        with pytest.raises(cv.NotFittedError, match="give from_params a whole number k"):
            model.from_params(**PARAMS).predict(summary, 10)

    def test_saved_with_its_k(self, model, summary):
        fitted = model().fit(summary)
        again = model.from_json(fitted.to_json())
        assert (again.k, again.k_) == ("auto", 1)
        np.testing.assert_array_equal(again.probability_alive(summary), fitted.probability_alive(summary))
        given = model.from_json(model.from_params(k=4, **PARAMS).to_json())
        assert (given.k, given.k_) == (4, 4)

    def test_another_k_asked_for_waits_for_the_next_fit(self, model, summary):
        fitted = model(k=2).fit(summary)
        before = fitted.probability_alive(summary)
        fitted.set_params(k=3)
        np.testing.assert_array_equal(fitted.probability_alive(summary), before)
        assert fitted.fit(summary).k_ == 3


@pytest.mark.parametrize("model", [BGCNBD, MBGCNBD])
class TestLogIntervals:
    def test_a_fit_asks_for_them_and_predictions_do_not(self, model, summary):
        without = summary.drop(columns="log_intervals")
        for k in (2, "auto"):
            with pytest.raises(cv.InputError, match=r"lacks \['log_intervals'\].*regularity=True"):
                model(k=k).fit(without)
        fitted = model(k=2).fit(summary)
        np.testing.assert_array_equal(fitted.predict(without, 26)["p_alive"], fitted.predict(summary, 26)["p_alive"])
        assert model(k=1).fit(without).k_ == 1

    def test_they_move_the_likelihood_and_no_parameter(self, model, summary):
        fitted = model(k=3).fit(summary)
        moved = model(k=3).fit(summary.assign(log_intervals=summary["log_intervals"] + 0.5))
        assert moved.params_ == fitted.params_
        assert moved.log_likelihood_ - fitted.log_likelihood_ == pytest.approx(2 * 0.5 * len(summary), rel=1e-9)

    def test_the_unit_of_time_changes_no_comparison(self, model, summary):
        # A density per day is a seventh of that per week, for each purchase: the same shift for every k.
        days = summary.assign(
            recency=summary["recency"] * 7,
            T=summary["T"] * 7,
            log_intervals=summary["log_intervals"] + summary["frequency"] * np.log(7),
        )
        shift = summary["frequency"].sum() * np.log(7)
        for k in (1, 2, 4):
            weekly, daily = model(k=k).fit(summary), model(k=k).fit(days)
            assert weekly.log_likelihood_ - daily.log_likelihood_ == pytest.approx(shift, rel=1e-9)

    def test_rows_collapse_on_the_history_alone(self, model, summary):
        assert model(k=2).fit(summary).diagnostics_["distinct_rows"] == len(
            summary[["frequency", "recency", "T"]].drop_duplicates()
        )

    def test_lazy_and_weighted_frames(self, model, summary):
        data = summary[["frequency", "recency", "T", "log_intervals", "time_unit"]]
        reference = model(k=2).fit(data)
        lazy = model(k=2).fit(pl.from_pandas(data).lazy())
        assert lazy.log_likelihood_ == pytest.approx(reference.log_likelihood_, rel=1e-12)
        doubled = model(k=2).fit(data, weights=np.full(len(data), 2.0))
        assert doubled.log_likelihood_ == pytest.approx(2 * reference.log_likelihood_, rel=1e-12)


@pytest.mark.parametrize(("model", "known"), [(BGCNBD, BGNBD), (MBGCNBD, MBGNBD)])
def test_with_k_of_1_they_are_the_known_models(model, known, summary):
    own, other = model(k=1).fit(summary), known().fit(summary)
    assert own.log_likelihood_ == pytest.approx(other.log_likelihood_, abs=1e-8)
    assert list(own.params_.values()) == pytest.approx(list(other.params_.values()), rel=1e-6)
    given = known.from_params(**PARAMS, time_unit="week"), model.from_params(k=1, **PARAMS, time_unit="week")
    first, second = (m.predict(summary, "26 weeks") for m in given)
    for column in ("p_alive", "p_active", "expected_purchases"):
        np.testing.assert_allclose(second[column], first[column], rtol=1e-10)
    rates = [m.posterior_rates(summary) for m in given]
    for column in ("purchase_rate", "dropout_probability"):
        np.testing.assert_allclose(rates[1][column], rates[0][column], rtol=1e-9)


@pytest.mark.parametrize(("model", "name"), [(BGCNBD, "bg_cnbd"), (MBGCNBD, "mbg_cnbd")])
def test_predictions_at_fixed_parameters(model, name):
    # By integration over the rate and the dropout probability of each customer, to twelve decimals.
    fixed = json.loads((Path(__file__).parents[1] / "golden" / f"{name}.json").read_text(encoding="utf-8"))["fixed"]
    given = model.from_params(k=fixed["k"], **fixed["params"])
    data = pd.DataFrame({c: fixed[c] for c in ("frequency", "recency", "T")})
    np.testing.assert_allclose(given.probability_alive(data), fixed["alive"], rtol=1e-9)
    for horizon, values in fixed["expected"].items():
        np.testing.assert_allclose(given.expected_purchases(data, float(horizon)), values, rtol=1e-9)
        assert given.expected_purchases_new(float(horizon)) == pytest.approx(fixed["new"][horizon], rel=1e-10)
