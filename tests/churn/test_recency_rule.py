"""The recency rule: monotone in time, the ranking of time itself, the likelihood's own maximum."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import estimator_checks_generator

from customer_value.churn import RecencyRule
from customer_value.errors import DataWarning, FitWarning, InputError


def customers(rows=400, seed=0):
    rng = np.random.default_rng(seed)
    days = rng.exponential(60, rows).round()
    y = (rng.random(rows) < expit(np.log1p(days) - 4)).astype(int)
    return pd.DataFrame({"orders": rng.poisson(3, rows), "days_since_last": days}), y


# All but one, which checks nothing unless scipy runs in its experimental mode of other array libraries.
CHECKS = [c for _, c in estimator_checks_generator(RecencyRule()) if c.func.__name__ != "check_array_api_input"]


@pytest.mark.filterwarnings("ignore::customer_value.errors.FitWarning")  # random columns often fall with the outcome
@pytest.mark.filterwarnings("ignore::customer_value.errors.DataWarning")  # no column is named days_since_last
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.func.__name__)
def test_scikit_learn_checks(check):
    check(RecencyRule())


def test_it_is_a_logistic_regression_on_log_time():
    X, y = customers()
    rule = RecencyRule().fit(X, y)
    scaled = np.log1p(X[["days_since_last"]].to_numpy())
    known = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10).fit(scaled, y)
    np.testing.assert_allclose([rule.slope_, rule.intercept_], [known.coef_[0, 0], known.intercept_[0]], rtol=1e-5)
    np.testing.assert_allclose(rule.predict_proba(X), known.predict_proba(scaled), rtol=1e-5)


def test_the_longer_silent_are_the_likelier_gone():
    X, y = customers()
    rule = RecencyRule().fit(X, y)
    times = pd.DataFrame({"orders": 0, "days_since_last": [0, 0.5, 1, 10, 365, 1e6]})
    assert (np.diff(rule.predict_proba(times)[:, 1]) > 0).all()
    auc = roc_auc_score(y, X["days_since_last"])
    assert roc_auc_score(y, rule.predict_proba(X)[:, 1]) == pytest.approx(auc, abs=1e-12)


def test_who_never_bought_is_as_the_longest_silent():
    X, y = customers()
    X.loc[:9, "days_since_last"] = np.nan
    rule = RecencyRule().fit(X, y)
    found = rule.predict_proba(pd.DataFrame({"orders": 0, "days_since_last": [np.nan, X["days_since_last"].max()]}))
    np.testing.assert_array_equal(found[0], found[1])


def test_a_rule_against_the_data_says_nothing_and_says_so():
    X, y = customers()
    with pytest.warns(FitWarning, match="the longer silent by days_since_last churn no more often"):
        rule = RecencyRule().fit(X, 1 - y)
    assert rule.slope_ == 0
    np.testing.assert_allclose(rule.predict_proba(X)[:, 1], 1 - y.mean(), rtol=1e-6)


def test_weights_count_as_rows():
    X, y = customers(200)
    weights = np.random.default_rng(1).integers(0, 4, 200)
    rows = np.repeat(np.arange(200), weights)
    weighted, repeated = RecencyRule().fit(X, y, sample_weight=weights), RecencyRule().fit(X.iloc[rows], y[rows])
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-12)


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        (["orders_days_since_last", "days_since_last"], "days_since_last"),
        (["calls", "orders_days_since_last", "visits_days_since_last"], "orders_days_since_last"),
        (["T", "time_since_last"], "time_since_last"),
    ],
)
def test_the_column_is_found_by_its_name(columns, chosen):
    X, y = customers()
    frame = pd.DataFrame(dict.fromkeys(columns, X["days_since_last"]))
    assert RecencyRule().fit(frame, y).column_ == chosen
    assert RecencyRule(column=columns[0]).fit(frame, y).column_ == columns[0]
    assert RecencyRule(column=1).fit(frame, y).column_ == columns[1]


def test_all_frames_give_the_same():
    X, y = customers()
    expected = RecencyRule().fit(X, y).predict_proba(X)
    for given in (pl.from_pandas(X), pa.Table.from_pandas(X), pl.from_pandas(X).lazy()):
        np.testing.assert_array_equal(RecencyRule().fit(given, y).predict_proba(given), expected)


def test_bad_input():
    X, y = customers()
    with pytest.raises(InputError, match=r"X lacks the column 'recency'; it has \['orders', 'days_since_last'\]"):
        RecencyRule("recency").fit(X, y)
    with pytest.raises(InputError, match="column must be a whole number from 0 to 1"):
        RecencyRule(2).fit(X, y)
    with pytest.raises(InputError, match="plan must hold times as numbers"):
        RecencyRule("plan").fit(X.assign(plan="a"), y)
    with pytest.raises(InputError, match="two classes"):
        RecencyRule().fit(X, y * 0)
    with pytest.warns(DataWarning, match="no column named days_since_last; the rule takes its first one, orders"):
        RecencyRule().fit(X[["orders"]], X["orders"] > 2)
