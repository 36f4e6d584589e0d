import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value._frames import open_frame
from customer_value.churn._covariates import learn_covariates
from customer_value.errors import InputError

FRAME = {
    "customer_id": [1, 2, 3, 4],
    "age": [20.0, 30.0, 40.0, 50.0],
    "auto": [True, False, True, True],
    "plan": ["plus", "basic", "gold", "basic"],
    "tenure": [1, 2, 3, 4],
}
ALL = np.arange(4)


def learn(frame=None, features=None, weight=None, nulls=False):
    opened = open_frame(pd.DataFrame(FRAME) if frame is None else frame)
    return learn_covariates(opened, features, {"tenure"}, ALL, np.ones(4) if weight is None else weight, nulls=nulls)


def test_numbers_are_standardised_and_levels_have_columns():
    known, matrix = learn()
    assert known.names == ["age", "auto", "plan[gold]", "plan[plus]"]  # against basic; no key, no outcome
    raw = matrix * known.scale + known.centre
    np.testing.assert_allclose(raw[:, 0], FRAME["age"])
    np.testing.assert_allclose(raw[:, 2:], [[0, 1], [0, 0], [1, 0], [0, 0]], atol=1e-15)
    np.testing.assert_allclose(matrix.mean(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose(matrix.std(axis=0), 1)
    for maker in (pl.DataFrame, pd.DataFrame):
        np.testing.assert_array_equal(known.matrix(open_frame(maker(FRAME)), nulls=False), matrix)


def test_weights_are_repeated_rows():
    weight = np.array([2.0, 1.0, 1.0, 0.0])
    known, _ = learn(features=["age"], weight=weight)
    values = np.repeat(FRAME["age"], [2, 1, 1, 0])
    np.testing.assert_allclose([known.centre[0], known.scale[0]], [values.mean(), values.std()])


def test_the_first_level_of_an_ordered_category_is_the_base():
    plan = pd.Categorical(FRAME["plan"], ["plus", "silver", "gold", "basic"], ordered=True)
    assert learn(pd.DataFrame(FRAME).assign(plan=plan), ["plan"])[0].names == ["plan[gold]", "plan[basic]"]


def test_missing_numbers_where_they_are_allowed():
    frame = pd.DataFrame(FRAME).assign(age=[20.0, np.nan, 40.0, 60.0])
    known, matrix = learn(frame, ["age"], nulls=True)
    assert known.centre[0] == pytest.approx(40)
    assert np.isnan(matrix[:, 0]).tolist() == [False, True, False, False]
    with pytest.raises(InputError, match="age must not be null"):
        learn(frame, ["age"])


@pytest.mark.parametrize(
    ("change", "features", "message"),
    [
        ({}, "age", r"list of column names; got the text 'age': write \['age'\]"),
        ({}, ["age", "tenure"], r"must not hold \['tenure'\]"),
        ({}, ["age", "age"], "each column once"),
        ({}, ["agee"], "Did you mean 'age'"),
        ({7: 1}, None, r"named by text; it has \[7\]"),
        ({"age": 3.0}, None, "age must differ between rows"),
        ({"plan": ["basic", None, "plus", "plus"]}, None, "plan must not be null; 1 of 4.*level of its own"),
        ({"age": [dt.date(2026, 1, 1)] * 4}, ["age"], "age must be a number, a truth value or a category"),
    ],
)
def test_refusals(change, features, message):
    frame = pd.DataFrame({**FRAME, **change})
    if "age" in change and not isinstance(change["age"], float):
        frame["age"] = pd.to_datetime(frame["age"])
    with pytest.raises(InputError, match=message):
        learn(frame, features)


def test_names_of_customers_are_no_category():
    frame = open_frame(pd.DataFrame({"who": [f"c{i}" for i in range(60)]}))
    with pytest.raises(InputError, match="who has 60 levels in 60 rows: it names customers"):
        learn_covariates(frame, None, set(), np.arange(60), np.ones(60), nulls=False)


def test_a_level_that_was_not_there():
    known, _ = learn(features=["plan"])
    with pytest.raises(InputError, match=r"knows \(basic, gold, plus\); 1 of 2 rows is not.*before the fit"):
        known.matrix(open_frame(pd.DataFrame({"plan": ["basic", "trial"]})), nulls=False)
