"""Backtests: nothing is known before its time, and what does not fit the log is told."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import customer_value as cv

MODELS = {"BG": cv.clv.BGNBD(), "Pareto": cv.clv.ParetoNBD()}


@pytest.fixture(scope="module")
def board(cdnow_log):
    return cv.clv.backtest(cdnow_log, MODELS, cutoffs=["1997-10-01", "1998-01-01"], horizon="13 weeks")


def test_each_cutoff_is_a_comparison_of_its_own(board, cdnow_log):
    assert board.shape[0] == 8
    calibration, later = cv.split_holdout(cdnow_log, observation_end="1997-09-30")
    summary = cv.summarize_customers(calibration, observation_end="1997-09-30")
    seen = cv.summarize_holdout(later[later["date"] < "1997-12-31"], customers=summary, observation_end="1997-12-30")
    by_hand = cv.clv.compare_models(summary, MODELS, holdout=seen)
    first = board[board["cutoff"] == "1997-10-01"].reset_index(drop=True)
    for column in ("log_likelihood", "expected_purchases", "observed_purchases", "rmse", "log_score"):
        np.testing.assert_allclose(first[column], by_hand[column], rtol=1e-9)
    assert (first["customers"] == 2357).all()
    assert (first["horizon"] == 13).all()


def test_the_future_changes_nothing_that_was_known(board, cdnow_log):
    # A flood of purchases after the last cutoff moves what was observed, never what was expected.
    later = cdnow_log["date"] >= "1998-01-01"
    flooded = pd.concat([cdnow_log, cdnow_log[later].assign(date=lambda d: d["date"] + pd.Timedelta(days=1))])
    flooded = flooded[flooded["date"] <= "1998-06-30"]
    other = cv.clv.backtest(flooded, MODELS, cutoffs=["1997-10-01", "1998-01-01"], horizon="13 weeks")
    np.testing.assert_array_equal(other["expected_purchases"], board["expected_purchases"])
    np.testing.assert_array_equal(other["log_likelihood"], board["log_likelihood"])
    assert other["observed_purchases"].iloc[-1] > board["observed_purchases"].iloc[-1]


def test_every_library_and_other_names(board, cdnow_log):
    log = pl.from_pandas(cdnow_log[["customer_id", "date", "amount"]].rename(columns={"customer_id": "who"}))
    arguments = {"cutoffs": ["1997-10-01"], "horizon": 13, "customer_id": "who"}
    eager = cv.clv.backtest(log, {"BG": cv.clv.BGNBD()}, **arguments)
    lazy = cv.clv.backtest(log.lazy(), {"BG": cv.clv.BGNBD()}, **arguments)
    assert isinstance(eager, pl.DataFrame)
    assert isinstance(lazy, pl.LazyFrame)
    np.testing.assert_allclose(eager["rmse"][0], board["rmse"].iloc[0], rtol=1e-9)
    np.testing.assert_array_equal(lazy.collect()["rmse"].to_numpy(), eager["rmse"].to_numpy())


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (
            {"cutoffs": ["1998-06-01"]},
            r"no full holdout: 91 days run to 1998-08-30.*ends on 1998-06-30, 61 days",
        ),
        ({"cutoffs": ["1997-01-01"]}, "leaves nothing to fit on: the log begins on 1997-01-01"),
        ({"cutoffs": []}, "cutoffs must be a list of dates"),
        ({"cutoffs": "1998-01-01"}, "cutoffs must be a list of dates"),
        ({"cutoffs": ["soon"]}, "cutoffs must be a date"),
        ({"horizon": 0.01}, "horizon must be at least a day"),
        ({"time_unit": "fortnight"}, "time_unit must be one of"),
    ],
)
def test_bad_input(arguments, match, cdnow_log):
    with pytest.raises(cv.InputError, match=match):
        cv.clv.backtest(cdnow_log, MODELS, **{"cutoffs": ["1998-01-01"], "horizon": 13, **arguments})
