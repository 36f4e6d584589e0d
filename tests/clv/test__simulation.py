"""Simulated logs: what goes in comes out of a fit, dates stay in their window, and seeds decide everything."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import customer_value as cv
from customer_value.clv._base import PurchaseModel
from customer_value.transactions.opportunities import summarize_opportunities

BG = cv.clv.BGNBD.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, time_unit="week")
PARETO = cv.clv.ParetoNBD.from_params(r=0.553, alpha=10.58, s=0.606, beta=11.67, time_unit="week")
SPEND = cv.clv.GammaGamma.from_params(p=6.25, q=3.74, v=15.44)
YEARS = {"start": "2023-01-01", "observation_end": "2024-12-31"}


@pytest.mark.parametrize("model", [BG, PARETO], ids=lambda m: type(m).__name__)
def test_a_fit_on_the_summary_recovers_the_parameters(model):
    log = model.simulate_log(6000, **YEARS, acquired_until="2023-06-30", random_state=3)
    summary = cv.summarize_customers(log, observation_end="2024-12-31", time_unit="week")
    assert len(summary) == 6000
    assert summary["T"].min() >= 549 / 7  # 2023-06-30 to the end
    fitted = type(model)().fit(summary)
    errors = np.sqrt(np.diag(fitted._covariance_of_logs()))
    z = (np.log(fitted._theta) - np.log(model._theta)) / errors
    assert np.abs(z).max() < 3.5
    assert errors.max() < 0.25  # narrow enough for another parameter to be told from the true one


def test_opportunities_are_recovered_from_their_summary():
    model = cv.clv.BGBB.from_params(alpha=1.204, beta=0.750, gamma=0.657, delta=2.783, time_unit="year")
    end = {"observation_end": "2006-12-31"}
    log = model.simulate_log(8000, start="1995-01-01", acquired_until="1996-12-31", **end)
    summary = summarize_opportunities(log, grain="year", **end)
    assert set(summary["opportunities"]) == {10, 11}
    fitted = cv.clv.BGBB().fit(summary)
    errors = np.sqrt(np.diag(fitted._covariance_of_logs()))
    assert np.abs((np.log(fitted._theta) - np.log(model._theta)) / errors).max() < 3.5
    assert errors.max() < 0.15


def test_amounts_are_those_of_the_spend_model():
    log = PARETO.simulate_log(6000, **YEARS, spend_model=SPEND, random_state=1)
    summary = cv.summarize_customers(log, observation_end="2024-12-31", time_unit="week")
    fitted = cv.clv.GammaGamma().fit(summary)
    z = (np.log(fitted._theta) - np.log(SPEND._theta)) / np.sqrt(np.diag(fitted._covariance_of_logs()))
    assert np.abs(z).max() < 3.5
    assert np.diag(fitted._covariance_of_logs()).max() < 0.25**2
    # First purchases are drawn from the same rates: mean p v / (q - 1), within 4 standard errors.
    firsts = log.groupby("customer_id")["amount"].first()
    assert firsts.mean() == pytest.approx(6.25 * 15.44 / 2.74, abs=4 * firsts.std() / np.sqrt(6000))


def test_dates_lie_in_their_windows_and_first_purchases_are_even():
    log = BG.simulate_log(4000, start="2023-01-10", acquired_until="2023-04-19", observation_end="2023-12-31")
    assert list(log.columns) == ["customer_id", "date", "amount"]
    assert log["date"].max() < pd.Timestamp("2024-01-01")
    assert set(log["amount"]) == {1.0}
    firsts = log.groupby("customer_id")["date"].min()
    assert sorted(firsts.index) == list(range(1, 4001))
    days = (firsts - pd.Timestamp("2023-01-10")) / pd.Timedelta("1D")
    assert days.min() >= 0
    assert days.max() < 100  # 2023-04-19 is the hundredth day
    # Largest distance from an even spread (Kolmogorov-Smirnov): above 1.95 / sqrt(n) once in a thousand times.
    distance = np.abs(np.sort(days) / 100 - (np.arange(4000) + 0.5) / 4000).max()
    assert distance < 1.95 / np.sqrt(4000)
    assert log.sort_values(["customer_id", "date"]).index.tolist() == list(range(len(log)))


def test_all_customers_begin_on_the_first_day_unless_told_otherwise():
    firsts = PARETO.simulate_log(200, **YEARS).groupby("customer_id")["date"].min()
    assert set(firsts.dt.normalize()) == {pd.Timestamp("2023-01-01")}


def test_repeats_are_as_many_as_the_model_expects():
    log = PARETO.simulate_log(20_000, **YEARS, random_state=5)
    repeats = log.groupby("customer_id").size() - 1
    expected = PARETO.expected_purchases_new((731 - 0.5) / 7)  # the first purchase falls anywhere in its day
    assert repeats.mean() == pytest.approx(expected, abs=4 * repeats.std() / np.sqrt(20_000))


def test_seeds_decide_everything():
    def draw(**other):
        return BG.simulate_log(300, **YEARS, **other)

    pd.testing.assert_frame_equal(draw(random_state=7), draw(random_state=7))
    assert not draw(random_state=7).equals(draw(random_state=8))
    plain, priced = draw(), draw(spend_model=SPEND)
    pd.testing.assert_frame_equal(plain[["customer_id", "date"]], priced[["customer_id", "date"]])
    assert priced["amount"].nunique() == len(priced)


def test_the_order_of_the_rows_does_not_matter():
    log = BG.simulate_log(500, **YEARS, spend_model=SPEND)
    end = {"observation_end": "2024-12-31"}
    shuffled = log.sample(frac=1, random_state=0).reset_index(drop=True)
    pd.testing.assert_frame_equal(
        cv.summarize_customers(log, **end), cv.summarize_customers(shuffled, **end), rtol=1e-12
    )


def test_each_library_gives_the_same_log():
    first = BG.simulate_log(50, **YEARS)
    of_polars = BG.simulate_log(50, **YEARS, backend="polars")
    of_arrow = BG.simulate_log(50, **YEARS, backend="pyarrow")
    assert isinstance(of_polars, pl.DataFrame)
    assert isinstance(of_arrow, pa.Table)
    assert of_polars["date"].to_list() == of_arrow["date"].to_pylist() == first["date"].dt.to_pydatetime().tolist()
    end = {"observation_end": "2024-12-31"}
    assert cv.summarize_customers(of_polars, **end)["frequency"].to_list() == (
        cv.summarize_customers(first, **end)["frequency"].tolist()
    )


class OnEveryOccasion(PurchaseModel):
    """A model of opportunities whose customers take each one: the dates alone are looked at."""

    _parameters = ("a",)
    _columns = ("frequency", "recency", "opportunities")

    @staticmethod
    def _expected_purchases_new(params, t):
        return np.asarray(t)

    @staticmethod
    def _draw_purchases(params, duration, rng):
        n = duration.astype(int)
        times = np.concatenate([np.arange(1.0, k + 1) for k in n])
        return np.repeat(np.arange(n.size), n), times


@pytest.mark.parametrize(
    ("unit", "end", "expected"),
    [
        ("month", "2023-05-31", ["2023-03-01", "2023-04-01", "2023-05-01"]),
        ("month", "2023-05-30", ["2023-03-01", "2023-04-01"]),  # May is not over
        ("quarter", "2023-09-30", ["2023-04-01", "2023-07-01"]),
        ("year", "2025-12-31", ["2024-01-01", "2025-01-01"]),
        ("week", "2023-02-26", ["2023-02-20"]),  # of Monday 2023-02-13, the first purchase's week
        ("day", "2023-02-17", ["2023-02-16", "2023-02-17"]),
        ("month", "2023-02-20", []),
    ],
)
def test_opportunities_are_dated_on_the_first_days_of_whole_periods(unit, end, expected):
    model = OnEveryOccasion.from_params(a=1.0, time_unit=unit)
    log = model.simulate_log(3, start="2023-02-15", observation_end=end)
    for _, dates in log.groupby("customer_id")["date"]:
        first, *others = dates
        assert first.normalize() == pd.Timestamp("2023-02-15")
        assert [str(day) for day in others] == [f"{day} 00:00:00" for day in expected]


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"acquired_until": "2022-12-31"}, "must come in this order; got 2023-01-01, 2022-12-31, 2024-12-31"),
        ({"acquired_until": "2025-01-01"}, "must come in this order"),
        ({"observation_end": "2022-12-31"}, "must come in this order"),
        ({"spend_model": BG}, "spend_model must be a spend model .*; got BGNBD"),
        ({"spend_model": "spend"}, "spend_model must be a spend model .*; got str"),
        ({"n_customers": 0}, "n_customers must be a whole number, 1 or above"),
        ({"n_customers": 10**10}, "may make up to .* purchases; at most 1e.09 fit"),
        ({"backend": "spark"}, "backend must be one of"),
        ({"start": "yesterday"}, "start must be a date"),
    ],
)
def test_what_is_refused(changes, match):
    with pytest.raises(cv.InputError, match=match):
        BG.simulate_log(**{"n_customers": 10, **YEARS, **changes})


def test_models_without_what_is_needed():
    with pytest.raises(cv.InputError, match="simulate_log needs the model's time unit"):
        cv.clv.BGNBD.from_params(**BG.params_).simulate_log(10, **YEARS)
    with pytest.raises(cv.NotFittedError):
        cv.clv.BGNBD().simulate_log(10, **YEARS)
    with pytest.raises(cv.NotFittedError):
        BG.simulate_log(10, **YEARS, spend_model=cv.clv.GammaGamma())
    with pytest.raises(cv.InputError, match=r"needs calendar periods, .*; its time unit is 'hour'"):
        OnEveryOccasion.from_params(a=1.0, time_unit="hour").simulate_log(10, **YEARS)


def test_the_last_moment_is_within_the_last_day():
    class AtTheEnd(OnEveryOccasion):
        _columns = ("frequency", "recency", "T")

        @staticmethod
        def _draw_purchases(params, duration, rng):
            return np.arange(duration.size), duration

    log = AtTheEnd.from_params(a=1.0, time_unit="month").simulate_log(
        200, start="1900-01-01", observation_end="2100-12-31"
    )
    assert log["date"].max() < pd.Timestamp("2101-01-01")
    assert log["date"].max() > pd.Timestamp("2100-12-31 23:59:59")
