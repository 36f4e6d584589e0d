"""Reasons of fitted models against arithmetic: Shapley values of linear models, and sums that add up for all others."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.special import logit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from customer_value.churn.classifier import ChurnClassifier
from customer_value.churn.reasons import reason_codes
from customer_value.errors import InputError


def customers(n=150, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "silent_days": np.round(rng.gamma(2, 20, n)),
            "complaints": rng.poisson(0.5, n),
            "plan": pd.Categorical(rng.choice(["basic", "plus"], n)),
            "age": np.where(rng.random(n) < 0.2, np.nan, np.round(rng.normal(40, 9, n))),
        }
    )
    risk = -3 + frame["silent_days"] / 20 + frame["complaints"] + (frame["plan"] == "basic")
    return frame, rng.random(n) < 1 / (1 + np.exp(-risk))


FRAME, LEFT = customers()
NUMBERS, X = ["silent_days", "complaints"], ["silent_days", "complaints", "plan", "age"]


@pytest.fixture(scope="module")
def boosting():
    model = HistGradientBoostingClassifier(max_iter=3, categorical_features="from_dtype", random_state=0)
    with threadpool_limits(1):
        return model.fit(FRAME[X], LEFT)


def test_a_linear_model_is_taken_apart_exactly():
    model = LogisticRegression().fit(FRAME[NUMBERS], LEFT)
    background = FRAME.iloc[:30]  # no more than are used: all of them
    table = reason_codes(FRAME.iloc[30:34], model=model, background=background, top=2, direction="both")
    assert len(table) == 8
    for name, weight in zip(NUMBERS, model.coef_[0], strict=True):
        of = table[table["feature"] == name].set_index("customer_id")
        expected = weight * (FRAME.loc[of.index, name] - background[name].mean())
        np.testing.assert_allclose(of["contribution"].sort_index(), expected.sort_index(), atol=1e-6)
        assert set(of["typical_value"]) == {background[name].median()}
        assert of["own_value"].tolist() == FRAME.loc[of.index, name].tolist()
    assert ((table["contribution"] > 0) == (table["direction"] == "raises")).all()
    assert (table["contribution"].abs().groupby(table["customer_id"]).diff().dropna() <= 0).all()
    row = table.iloc[0]
    name = row["feature"].replace("_", " ")
    assert row["reason"] == f"{name} {row['own_value']:.4g} (typical {row['typical_value']:.4g})"


def test_contributions_add_up_for_any_model_and_any_columns(boosting):
    some, background = FRAME.iloc[30:34], FRAME.iloc[:30]
    table = reason_codes(some, model=boosting, background=background, top=4, direction="both")
    odds = logit(boosting.predict_proba(FRAME[X])[:, 1])
    expected = odds[30:34] - odds[:30].mean()
    np.testing.assert_allclose(table.groupby("customer_id")["contribution"].sum(), expected, atol=1e-6)
    plans = table[table["feature"] == "plan"]
    assert plans["own_value"].isna().all()
    assert set(plans["reason"]) <= {f"plan {a} (typical {b})" for a in ("basic", "plus") for b in ("basic", "plus")}
    ages = table[(table["feature"] == "age") & table["own_value"].isna()]
    assert ages["reason"].str.startswith("age (missing) (typical ").all()


def test_a_reason_depends_on_its_own_row_alone(boosting):
    some = FRAME.iloc[30:33]
    expected = reason_codes(some, model=boosting, background=FRAME)
    state = np.random.get_state()[1].copy()  # noqa: NPY002  # shap's own generator
    mixed = reason_codes(some.sample(frac=1, random_state=1), model=boosting, background=FRAME.iloc[::-1])
    pd.testing.assert_frame_equal(mixed, expected, check_exact=True)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002  # the same generator
    one = reason_codes(some.iloc[[1]], model=boosting, background=FRAME)
    alone = expected[expected["customer_id"] == one["customer_id"][0]].reset_index(drop=True)
    pd.testing.assert_frame_equal(one, alone, check_exact=True)


def test_the_churn_classifier_is_explained_as_it_scores():
    columns = ["silent_days", "plan", "age"]
    model = ChurnClassifier("logistic").fit(FRAME[columns], LEFT)
    some, background = FRAME.iloc[30:33], FRAME.iloc[:30]
    table = reason_codes(some, model=model, background=background, top=3, direction="both")
    odds = model.decision_function(FRAME[columns])
    sums = table.groupby("customer_id")["contribution"].sum()
    np.testing.assert_allclose(sums, odds[30:33] - odds[:30].mean(), atol=1e-6)
    given = pl.from_pandas(FRAME)
    other = reason_codes(given[30:33], model=model, background=given[:30], top=3, direction="both")
    assert other["reason"].to_list() == table["reason"].tolist()


def test_words_languages_and_the_wide_frame(boosting):
    some = FRAME.iloc[30:32]
    words = {"silent_days": "days of silence"}
    wide = reason_codes(some, model=boosting, background=FRAME, wide=True, top=1, words=words, labels="zh")
    assert wide["customer_id"].tolist() == some["customer_id"].tolist()
    long = reason_codes(some, model=boosting, background=FRAME, top=1, words=words, labels="zh")
    assert wide["reason_1"].dropna().tolist() == long["reason"].tolist()
    assert "（典型值 " in long["reason"][0]
    assert any("days of silence" in reason for reason in long["reason"])


def test_models_that_cannot_be_asked_are_refused(boosting):
    three = LogisticRegression().fit(FRAME[NUMBERS], np.arange(150) % 3)
    nameless = LogisticRegression().fit(FRAME[NUMBERS].to_numpy(), LEFT)
    for model, match in (
        (object(), "predict_proba"),
        (LogisticRegression(), "fitted on a DataFrame"),
        (nameless, "fitted on a DataFrame"),
        (three, "two classes"),
    ):
        with pytest.raises(InputError, match=match):
            reason_codes(FRAME, model=model)
    for wrong, match in (
        ({"rules": []}, "go without model"),
        ({"logs": ["orders"]}, "go without model"),
        ({"words": "days"}, "words must map"),
        ({"background": FRAME.head(0)}, "empty"),
        ({"background": FRAME.drop(columns="age")}, "lacks"),
        ({"background": FRAME.assign(plan=3)}, "one type"),
        ({"background": pl.from_pandas(FRAME)}, "one library"),
    ):
        with pytest.raises(InputError, match=match):
            reason_codes(FRAME.head(2), model=boosting, **wrong)
    with pytest.raises(InputError, match="lacks"):
        reason_codes(FRAME.drop(columns="age"), model=boosting)
