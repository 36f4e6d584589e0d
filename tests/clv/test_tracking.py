"""Purchases over time: the published weeks of CDNOW and years of the donations, and how periods are counted."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import customer_value as cv

FOLDER = Path(__file__).parents[1] / "golden"
GOLDEN = json.loads((FOLDER / "evaluation.json").read_text(encoding="utf-8"))
DONATIONS = json.loads((FOLDER / "bg_bb.json").read_text(encoding="utf-8"))
MODELS = {"bg_nbd": cv.clv.BGNBD, "pareto_nbd": cv.clv.ParetoNBD}
DATES = {"calibration_end": "1997-09-30", "observation_end": "1998-06-30"}


def published(name):
    return GOLDEN[name], MODELS[name].from_params(**GOLDEN[name]["params"], time_unit="week")


@pytest.fixture(scope="module")
def bg():
    return published("bg_nbd")[1]


@pytest.fixture(scope="module")
def donors():
    return cv.clv.BGBB.from_params(**DONATIONS["donations"]["params"], time_unit="year")


class TestDays:
    @pytest.mark.parametrize("name", MODELS)
    def test_the_published_weeks(self, name, cdnow_log):
        golden, model = published(name)
        table = cv.tracking_table(cdnow_log, purchase_model=model, **DATES)
        weeks = table[table["period"].between(20, 25)]
        assert weeks["actual_cumulative"].tolist() == golden["actual_cumulative_weeks_20_25"]
        # The source's own estimates, as above. A day's difference in what a week is would change the totals by 11.
        tolerance = 5e-6 if name == "bg_nbd" else 7e-5
        np.testing.assert_allclose(weeks["expected"], golden["expected_weeks_20_25"], rtol=tolerance)
        np.testing.assert_allclose(
            weeks["expected_cumulative"], golden["expected_cumulative_weeks_20_25"], rtol=tolerance
        )

    def test_weeks_are_whole_and_cover_all_days(self, cdnow_log, bg):
        table = cv.tracking_table(cdnow_log, purchase_model=bg, **DATES)
        assert table["period"].tolist() == list(range(1, 79))
        assert str(table["period_end"].iloc[0].date()) == "1997-01-07"
        assert str(table["period_end"].iloc[-1].date()) == "1998-06-30"
        assert table["in_calibration"].sum() == 39
        calibration = table[table["in_calibration"]]
        assert calibration["actual"].sum() == 2457
        assert table["actual"].sum() == 2457 + 1882
        np.testing.assert_allclose(table["expected"].cumsum(), table["expected_cumulative"], rtol=1e-12)

    def test_a_week_cut_off_is_left_out(self, cdnow_log, bg):
        table = cv.tracking_table(
            cdnow_log, purchase_model=bg, calibration_end="1997-09-30", observation_end="1998-06-29"
        )
        assert table["period"].max() == 77

    def test_periods_of_any_length_and_any_ruler(self, cdnow_log, bg):
        by_week = cv.tracking_table(cdnow_log, purchase_model=bg, **DATES)
        by_four = cv.tracking_table(cdnow_log, purchase_model=bg, period_days=28, **DATES)
        matching = by_week[by_week["period"] % 4 == 0]
        for column in ("expected_cumulative", "actual_cumulative"):
            np.testing.assert_allclose(by_four[column], matching[column], rtol=1e-12)
        # alpha is the one parameter of BG/NBD that is a time.
        daily = cv.clv.BGNBD.from_params(**{**bg.params_, "alpha": 7 * bg.params_["alpha"]}, time_unit="day")
        again = cv.tracking_table(cdnow_log, purchase_model=daily, **DATES)
        np.testing.assert_allclose(again["expected"], by_week["expected"], rtol=1e-9)

    def test_only_the_cohort_counts(self, bg):
        # A late customer is no one's forecast; a day of refunds only is no purchase; two on one day are one.
        log = pd.DataFrame(
            {
                "customer_id": ["a", "a", "a", "a", "a", "late", "late"],
                "date": pd.to_datetime(
                    ["2026-01-01", "2026-01-09", "2026-01-09", "2026-01-12", "2026-01-20", "2026-01-10", "2026-01-11"]
                ),
                "amount": [5.0, 5.0, 0.0, -5.0, 1.0, 9.0, 9.0],
            }
        )
        table = cv.tracking_table(log, purchase_model=bg, calibration_end="2026-01-07", observation_end="2026-01-21")
        assert table["actual"].tolist() == [0, 1, 1]
        np.testing.assert_allclose(table["expected_cumulative"], bg.expected_purchases_new([1, 2, 3]), rtol=1e-12)

    def test_every_library_and_engine_gives_the_same_table(self, cdnow_log, bg):
        reference = cv.tracking_table(cdnow_log, purchase_model=bg, **DATES)
        polars, arrow = pl.from_pandas(cdnow_log), pa.Table.from_pandas(cdnow_log)
        frames = [polars, polars.lazy(), arrow, duckdb.from_arrow(arrow)]
        tables = [cv.tracking_table(frame, purchase_model=bg, **DATES) for frame in frames]
        assert [type(t) for t in tables] == [pl.DataFrame, pl.LazyFrame, pa.Table, pa.Table]
        tables[1] = tables[1].collect()
        for table in tables:
            for column in ("period", "actual", "expected", "actual_cumulative", "in_calibration"):
                np.testing.assert_allclose(table[column].to_numpy(), reference[column].to_numpy(), rtol=1e-12)

    def test_what_cannot_be_tracked_is_refused(self, cdnow_log, bg):
        with pytest.raises(cv.InputError, match="time unit"):
            cv.tracking_table(cdnow_log, purchase_model=cv.clv.BGNBD.from_params(**bg.params_), **DATES)
        with pytest.raises(cv.InputError, match="no cohort"):
            cv.tracking_table(cdnow_log, purchase_model=bg, calibration_end="1996-12-31", observation_end="1998-06-30")
        with pytest.raises(cv.InputError, match="no whole period of 7 days"):
            cv.tracking_table(cdnow_log, purchase_model=bg, calibration_end="1997-01-04", observation_end="1997-01-06")
        with pytest.raises(cv.NotFittedError):
            cv.tracking_table(cdnow_log, purchase_model=cv.clv.BGNBD(), **DATES)
        with pytest.raises(cv.InputError, match="dates or timestamps"):
            cv.tracking_table(cdnow_log.assign(date="1997-01-01"), purchase_model=bg, **DATES)

    @pytest.mark.parametrize("column", ["customer_id", "date", "amount"])
    @pytest.mark.parametrize("library", [lambda log: log, pl.from_pandas, lambda log: pl.from_pandas(log).lazy()])
    def test_rows_without_a_value_are_refused(self, cdnow_log, bg, column, library):
        broken = cdnow_log[["customer_id", "date", "amount"]].astype({"customer_id": "float64"})
        broken.loc[[4, 7], column] = None
        with pytest.raises(cv.InputError, match=f"{column} must not be null.*2 of 6919 rows"):
            cv.tracking_table(library(broken), purchase_model=bg, **DATES)


class TestOpportunities:
    def test_the_published_years(self, donors):
        # The donors themselves are counted by pattern only: a log with as many gifts each year, whoever gave them.
        golden, n = DONATIONS["walkthrough"]["tracking"], 11104
        first = np.datetime64("1995-03-01") + np.arange(n) % 200
        givers = [np.arange(n), *map(np.arange, golden["actual"])]
        log = pd.concat(
            pd.DataFrame({"customer_id": who, "date": first[who] + np.timedelta64(365 * k, "D"), "amount": 20.0})
            for k, who in enumerate(givers)
        )
        table = cv.tracking_table(
            log, purchase_model=donors, calibration_end="2001-12-31", observation_end="2006-12-31"
        )
        assert table["period"].tolist() == list(range(1, 12))
        assert table["period_end"].dt.year.tolist() == list(range(1996, 2007))
        assert table["in_calibration"].tolist() == [True] * 6 + [False] * 5
        assert table["actual"].tolist() == golden["actual"]
        assert table["actual_cumulative"].iloc[-1] == sum(golden["actual"])
        # The source's own estimate differs in the fifth digit.
        np.testing.assert_allclose(table["expected"], golden["expected"], rtol=3e-5)

    def test_every_customer_counts_from_his_own_first_year(self, donors):
        # Fiscal years from July: ann first gives in 2019/20, bob in 2020/21, late after calibration.
        log = pd.DataFrame(
            [
                ("ann", "2020-06-30", 10.0), ("ann", "2020-07-01", 10.0), ("ann", "2021-06-30", 10.0),
                ("ann", "2022-12-24", -10.0), ("bob", "2020-07-01", 10.0), ("bob", "2023-06-30", 0.0),
                ("late", "2022-07-01", 10.0), ("late", "2022-12-01", 10.0), ("ann", "2023-07-01", 10.0),
            ],
            columns=["customer_id", "date", "amount"],
        ).astype({"date": "datetime64[ns]"})  # fmt: skip
        dates = {"calibration_end": "2022-06-30", "observation_end": "2023-07-31"}
        table = cv.tracking_table(log, purchase_model=donors, year_start="07-01", **dates)
        assert [str(day.date()) for day in table["period_end"]] == ["2021-06-30", "2022-06-30", "2023-06-30"]
        assert table["actual"].tolist() == [1, 0, 1]
        assert table["in_calibration"].tolist() == [True, True, False]
        ann, bob = donors.expected_purchases_new([1, 2, 3]), donors.expected_purchases_new([0, 1, 2])
        np.testing.assert_allclose(table["expected_cumulative"], ann + bob, rtol=1e-13)
        calendar = cv.tracking_table(log, purchase_model=donors, **dates)
        assert calendar["actual"].tolist() == [1, 0]
        assert calendar["in_calibration"].tolist() == [True, False]

    @pytest.mark.parametrize("grain", ["week", "month", "quarter"])
    def test_calibration_is_what_the_summary_counts(self, grain, cdnow_log):
        model = cv.clv.BGBB.from_params(alpha=0.5, beta=3.0, gamma=0.8, delta=4.0, time_unit=grain)
        end = "1997-09-28" if grain == "week" else "1997-09-30"
        calibration, _ = cv.split_holdout(cdnow_log, observation_end=end)
        summary = cv.summarize_opportunities(calibration, grain=grain, observation_end=end)
        table = cv.tracking_table(cdnow_log, purchase_model=model, calibration_end=end, observation_end="1998-06-30")
        inside = table[table["in_calibration"]]
        assert inside["actual"].sum() == summary["frequency"].sum()
        n, customers = np.unique(summary["opportunities"], return_counts=True)
        assert inside["expected"].sum() == pytest.approx(customers @ model.expected_purchases_new(n), rel=1e-12)
        assert str(table["period_end"].iloc[-1].date()) == ("1998-06-28" if grain == "week" else "1998-06-30")

    def test_every_library_and_engine_gives_the_same_table(self, cdnow_log, donors):
        dates = {"calibration_end": "1997-09-30", "observation_end": "1998-06-30"}
        model = cv.clv.BGBB.from_params(**donors.params_, time_unit="month")
        polars, arrow = pl.from_pandas(cdnow_log), pa.Table.from_pandas(cdnow_log)
        reference = cv.tracking_table(cdnow_log, purchase_model=model, **dates)
        assert len(reference) == 17
        for frame in (polars, polars.lazy(), arrow, duckdb.from_arrow(arrow)):
            table = cv.tracking_table(frame, purchase_model=model, **dates)
            table = table.collect() if isinstance(table, pl.LazyFrame) else table
            for column in ("period", "actual", "expected", "actual_cumulative", "in_calibration"):
                np.testing.assert_allclose(table[column].to_numpy(), reference[column].to_numpy(), rtol=1e-12)

    def test_what_does_not_go_together_is_refused(self, cdnow_log, donors, bg):
        def refused(match, model=donors, dates=DATES, **arguments):
            with pytest.raises(cv.InputError, match=match):
                cv.tracking_table(cdnow_log, purchase_model=model, **dates, **arguments)

        refused("BGBB is tracked by the year, its opportunity: leave period_days out", period_days=7)
        refused("year_start must be a month and a day", year_start="July")
        refused("goes with grain='year'", year_start="07-01", model=bg)
        yearly = cv.clv.BGNBD.from_params(**bg.params_, time_unit="year")
        refused("year_start='07-01' goes with a model of yearly opportunities", year_start="07-01", model=yearly)
        of_asks = cv.clv.BGBB.from_params(**donors.params_)
        refused("needs the model's time unit.*summarize_opportunities", model=of_asks)
        hourly = cv.clv.BGBB.from_params(**donors.params_, time_unit="hour")
        refused("needs calendar periods", model=hourly)
        refused("no customer bought on or before calibration_end=1997-09-30")  # no year is over by then
        dates = {"calibration_end": "1997-12-31", "observation_end": "1998-06-30"}
        refused("leaves no whole period of a year after the cohort's first", dates=dates)
