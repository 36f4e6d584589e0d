"""What both models of time to churn share, asked of the one that needs no extra."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, cross_validate

from customer_value.churn.hazard import DiscreteTimeHazard
from customer_value.errors import DataWarning, InputError, NotFittedError

ROSSI = pd.read_csv(Path(__file__).parents[1] / "data" / "rossi.csv")
NAMES = {"duration": "week", "event": "arrest"}


@pytest.fixture(scope="module")
def rossi():
    return DiscreteTimeHazard(baseline="log").fit(ROSSI, **NAMES)


def test_mean_curve_for_a_picture(rossi):
    curve = rossi.curve(ROSSI, 10)
    assert curve["period"].tolist() == list(range(11))
    assert curve["survival"][0] == 1
    np.testing.assert_allclose(curve["survival"][10], rossi.survival(ROSSI, 10).mean())
    assert rossi.curve(ROSSI, [0.5, 4])["period"].tolist() == [0, 0.5, 4]


def test_horizons_in_words():
    weeks = ROSSI.assign(time_unit="week")
    model = DiscreteTimeHazard(baseline="log").fit(weeks, **NAMES)
    assert model.time_unit_ == "week"
    np.testing.assert_array_equal(model.churn_probability(weeks, "28 days"), model.churn_probability(ROSSI, 4))
    with pytest.raises(InputError, match=r"fitted in weeks .*in months"):
        model.survival(ROSSI.assign(time_unit="month"), 3)


def test_refusals_of_questions(rossi):
    with pytest.raises(NotFittedError, match="call fit"):
        DiscreteTimeHazard().survival(ROSSI, 3)
    for question, message in (
        (lambda: rossi.survival(ROSSI, -1), "horizon must be positive"),
        (lambda: rossi.survival(ROSSI, [1, np.nan]), "horizon must be 0 or above and finite"),
        (lambda: rossi.survival(ROSSI, []), "at least one time"),
        (lambda: rossi.survival(ROSSI, 1, given=-1), "given must be 0 or above"),
        (lambda: rossi.survival(ROSSI.assign(t=-1), 1, given="t"), "t must be 0 or above"),
        (lambda: rossi.survival(ROSSI.drop(columns="age"), 1), r"lacks \['age'\]"),
        (lambda: rossi.survival(ROSSI.head(0), 1), "empty"),
        (lambda: rossi.hazard(ROSSI, [0, 1]), "numbered from 1 on"),
        (lambda: rossi.churn_probability(ROSSI, "3 months"), "needs to know the model's time unit"),
        (lambda: rossi.predict(ROSSI, 3, interval=2), "interval must be between 0 and 1"),
        (lambda: rossi.summary_table(interval=0), "interval must be between 0 and 1"),
    ):
        with pytest.raises(InputError, match=message):
            question()


def test_scikit_learn_finds_its_way():
    search = GridSearchCV(DiscreteTimeHazard(), {"baseline": ["linear", "log"]}, cv=3)
    search.fit(ROSSI, **NAMES, features=["age", "prio"])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.score(ROSSI) == search.best_estimator_.log_likelihood_ / len(ROSSI)


def test_cross_validation_by_log_likelihood():
    scores = cross_validate(DiscreteTimeHazard(baseline="log"), ROSSI, cv=3, params=NAMES)["test_score"]
    # Three folds of the likelihood of all, each a little worse than where it was fitted.
    assert -681 / 432 - 0.25 < scores.mean() < -681 / 432


def test_keys_and_rulers_are_no_covariates():
    keyed = ROSSI.assign(customer_id=range(len(ROSSI)), observation_end="2026-01-01", time_unit="week")
    assert set(DiscreteTimeHazard().fit(keyed, **NAMES).covariates_.levels) == set(ROSSI.columns) - set(NAMES.values())


def test_input_is_left_as_it_was(rossi):
    before = ROSSI.copy()
    told = rossi.predict(ROSSI, 3)
    pd.testing.assert_frame_equal(ROSSI, before)
    assert list(told.columns) == [*ROSSI.columns, "churn_probability", "expected_time"]
    again = rossi.predict(told, 9)
    assert (again["churn_probability"] > told["churn_probability"]).all()
    assert list(again.columns) == list(told.columns)


def test_rows_that_live_elsewhere():
    elsewhere = duckdb.sql("select 1 as week, 1 as arrest, 2 as age")
    with pytest.raises(InputError, match=r"DiscreteTimeHazard\.fit needs the rows in memory"):
        DiscreteTimeHazard().fit(elsewhere, **NAMES)


def test_the_fit_in_one_line(rossi):
    assert repr(rossi) == (
        "<DiscreteTimeHazard(estimator=None, width=1.0, baseline='log'): 114 of 432 left; 7 covariates; "
        "log-likelihood -680.959>"
    )
    weeks = DiscreteTimeHazard(width=2).fit(ROSSI.assign(time_unit="week"), **NAMES)
    assert repr(weeks).endswith(", time in weeks>")
    assert repr(DiscreteTimeHazard()) == "DiscreteTimeHazard(estimator=None, width=1.0, baseline='spline')"


def test_a_horizon_without_end(rossi):
    with (
        pytest.warns(DataWarning, match="look beyond 52"),
        pytest.raises(InputError, match=r"20,001 periods; at most 20,000 are looked ahead"),
    ):
        rossi.survival(ROSSI, 20_001, given=3)
