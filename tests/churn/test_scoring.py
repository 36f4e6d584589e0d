"""Scores on frames: any model, any library, rows and order kept."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression

import customer_value as cv
from customer_value.churn import ChurnClassifier, PurchaseChurn, RecencyRule, score_churn
from customer_value.errors import InputError


@pytest.fixture(scope="module")
def customers():
    rng = np.random.default_rng(0)
    days = rng.exponential(60, 200).round(1)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(200)],
            "clv_if_alive": np.where(rng.random(200) < 0.1, np.nan, rng.gamma(2, 50, 200)),
            "days_since_last": days,
            "orders": rng.poisson(3, 200),
            "churned": rng.random(200) < days / (60 + days),
        }
    )


FEATURES = ["orders", "days_since_last"]


@pytest.mark.parametrize("model", [ChurnClassifier("logistic"), RecencyRule(), LogisticRegression()], ids=str)
def test_any_classifier_finds_its_columns(customers, model):
    model = type(model)(**model.get_params()).fit(customers[FEATURES], customers["churned"])
    scored = score_churn(customers, model=model)
    pd.testing.assert_frame_equal(scored[customers.columns], customers)
    np.testing.assert_array_equal(scored["churn_probability"], model.predict_proba(customers[FEATURES])[:, 1])
    np.testing.assert_array_equal(scored["clv_at_risk"], scored["churn_probability"] * customers["clv_if_alive"])
    assert scored["clv_at_risk"].isna().sum() == customers["clv_if_alive"].isna().sum()


def test_frames_come_back_as_they_went_in(customers):
    model = ChurnClassifier("logistic").fit(customers[FEATURES], customers["churned"])
    known = score_churn(customers.set_index(np.arange(200)[::-1]), model=model)
    assert known.index[0] == 199
    polars = pl.from_pandas(customers)
    lazy = score_churn(polars.lazy(), model=model)
    arrow = score_churn(pa.Table.from_pandas(customers), model=model)
    assert isinstance(lazy, pl.LazyFrame)
    assert isinstance(arrow, pa.Table)
    for found in (score_churn(polars, model=model), lazy.collect(), pl.from_arrow(arrow)):
        np.testing.assert_array_equal(found["churn_probability"], known["churn_probability"])
        assert found["clv_at_risk"].null_count() == known["clv_at_risk"].isna().sum()  # null, not NaN


def test_a_second_score_stands_beside_the_first_and_the_same_one_replaces_it(customers):
    model = RecencyRule().fit(customers[FEATURES], customers["churned"])
    twice = score_churn(score_churn(customers, model=model), model=model)
    assert list(twice.columns) == [*customers.columns, "churn_probability", "clv_at_risk"]
    beside = score_churn(twice, model=model, suffix="_rule")
    assert list(beside.columns)[-2:] == ["churn_probability_rule", "clv_at_risk_rule"]


def test_without_a_value_there_is_none_at_risk(customers):
    model = RecencyRule().fit(customers[FEATURES], customers["churned"])
    assert "clv_at_risk" not in score_churn(customers.drop(columns="clv_if_alive"), model=model).columns


def test_a_purchase_model_is_a_churn_model(cdnow_summary):
    model = cv.clv.BGNBD().fit(cdnow_summary)
    scored = score_churn(cdnow_summary, model=model, horizon="13 weeks")
    np.testing.assert_array_equal(scored["churn_probability"], 1 - model.probability_active(cdnow_summary, 13))
    wrapped = score_churn(cdnow_summary, model=PurchaseChurn(model, horizon=13))
    pd.testing.assert_frame_equal(wrapped, scored)
    with pytest.raises(InputError, match="needs a horizon"):
        score_churn(cdnow_summary, model=model)
    with pytest.raises(InputError, match="was settled when it was made"):
        score_churn(cdnow_summary, model=PurchaseChurn(model, horizon=13), horizon=13)


def test_bad_input(customers):
    X, y = customers[FEATURES], customers["churned"]
    rule = RecencyRule().fit(X, y)
    with pytest.raises(InputError, match=r"frame lacks \['days_since_last'\].*churn_features"):
        score_churn(customers.drop(columns="days_since_last"), model=rule)
    with pytest.raises(InputError, match="RecencyRule is not fitted yet"):
        score_churn(customers, model=RecencyRule())
    with pytest.raises(InputError, match="must be a fitted churn model"):
        score_churn(customers, model=RecencyRule)
    with pytest.raises(InputError, match="must be a fitted churn model"):
        score_churn(customers, model="blend")
    with pytest.raises(InputError, match="fitted on an array"):
        score_churn(customers, model=RecencyRule(1).fit(X.to_numpy(), y))
    with pytest.raises(InputError, match="this one has 3"):
        score_churn(customers, model=LogisticRegression().fit(X, np.arange(200) % 3))
    with pytest.raises(InputError, match="frame is empty"):
        score_churn(customers.head(0), model=rule)
    with pytest.raises(InputError, match="DataFrame"):
        score_churn([1, 2], model=rule)
    with pytest.raises(InputError, match="horizon is for a purchase model"):
        score_churn(customers, model=rule, horizon="90 days")
