"""Uplift learners on simulated campaigns whose true uplift is known, and as scikit-learn estimators."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures
from sklearn.tree import DecisionTreeClassifier

from customer_value.churn.uplift import SLearner, TLearner
from customer_value.errors import FitWarning, InputError

LEARNERS = [SLearner, TLearner]


def campaign(n=10_000, seed=0):
    """A contact keeps a fifth of the customers with x above 0 and drives away some with x below -1."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    treatment = rng.random(n) < 0.5
    true = np.select([X[:, 0] > 0, X[:, 0] < -1], [0.2, -0.1], 0.0)
    base = 0.3 + 0.1 * (X[:, 1] > 0)
    churned = rng.random(n) < base - true * treatment
    return X, churned, treatment, true


@pytest.fixture(scope="module")
def past():
    return campaign()


@pytest.mark.parametrize("learner", LEARNERS)
def test_the_true_uplift_is_recovered(learner, past):
    X, churned, treatment, _ = past
    model = learner().fit(X, churned, treatment=treatment)
    X_new, _, _, true = campaign(6000, seed=1)
    predicted = model.predict(X_new)
    # The smallest group is known to about .022 (one standard error), and one model for all draws it towards 0.
    for group in np.unique(true):
        assert predicted[true == group].mean() == pytest.approx(group, abs=0.06)
    assert np.corrcoef(predicted, true)[0, 1] > 0.9


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_good_outcome_turns_the_sign(learner, past):
    X, churned, treatment, _ = past
    of_churn = learner().fit(X, churned, treatment=treatment).predict(X[:50])
    of_staying = learner(outcome_is="response").fit(X, ~churned, treatment=treatment).predict(X[:50])
    # The same trees are grown for either outcome, apart from rounding on the way.
    np.testing.assert_allclose(of_churn, of_staying, atol=1e-6)


def test_no_uplift_is_found_where_there_is_none(past):
    X, _, treatment, _ = past
    churned = np.random.default_rng(5).random(len(X)) < 0.3
    assert np.abs(TLearner().fit(X, churned, treatment=treatment).predict(X)).mean() < 0.04


def test_amounts_need_a_regressor():
    rng = np.random.default_rng(0)
    X, treatment = rng.normal(size=(2000, 1)), np.arange(2000) % 2
    spent = 10 + X[:, 0] + treatment * (3 + 2 * X[:, 0]) + rng.normal(size=2000)
    model = TLearner(LinearRegression(), outcome_is="response").fit(X, spent, treatment=treatment)
    np.testing.assert_allclose(model.predict([[0.0], [1.0]]), [3, 5], atol=0.3)  # six standard errors
    with_interaction = make_pipeline(PolynomialFeatures(2), LinearRegression())
    model = SLearner(with_interaction, outcome_is="response").fit(X, spent, treatment=treatment)
    np.testing.assert_allclose(model.predict([[0.0], [1.0]]), [3, 5], atol=0.3)
    with pytest.raises(InputError, match=r"y must be 0 or 1.*regressor"):
        TLearner().fit(X, spent, treatment=treatment)


@pytest.mark.parametrize("learner", LEARNERS)
def test_numeric_frames_of_every_library(learner):
    X, churned, treatment, _ = campaign(500)
    columns = {"a": X[:, 0], "b": X[:, 1], "c": X[:, 1] > 0, "d": np.arange(500)}
    numbers = np.column_stack(list(columns.values()))
    expected = learner().fit(numbers, churned, treatment=treatment).predict(numbers)
    for make in (pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.table):
        frame = make(columns)
        model = learner().fit(frame, pd.Series(churned), treatment=pl.Series(treatment))
        np.testing.assert_array_equal(model.predict(frame), expected)


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_model_of_ones_own_reads_the_frame_as_it_likes(learner, past):
    X, churned, treatment, _ = past
    frame = pd.DataFrame({"group": np.where(X[:, 0] > 0, "young", "old"), "junk": "x"})
    pick = make_column_transformer(
        (OneHotEncoder(), ["group"]),
        *([("passthrough", ["treatment"])] if learner is SLearner else []),
    )
    model = learner(make_pipeline(pick, DecisionTreeClassifier(max_depth=2)))
    uplift = model.fit(frame, churned, treatment=treatment).predict(frame)
    assert uplift[frame["group"] == "young"].mean() == pytest.approx(0.2, abs=0.04)


def test_a_model_that_does_not_use_the_contact_is_warned_of(past):
    X, churned, treatment, _ = past
    frame = pd.DataFrame({"a": X[:, 0]})
    blind = SLearner(make_pipeline(make_column_transformer(("passthrough", ["a"])), LogisticRegression()))
    with pytest.warns(FitWarning, match="makes no use of the treatment"):
        blind.fit(frame, churned, treatment=treatment)


@pytest.mark.parametrize("learner", LEARNERS)
def test_weights_count_customers(learner):
    X, churned, treatment, _ = campaign(600)
    churned = np.where(treatment, False, churned)  # a contact that matters is used by a single tree too
    churned[:5] = True
    weight = np.random.default_rng(0).integers(1, 3, 600)
    rows = np.repeat(np.arange(600), weight)
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    weighted = learner(tree).fit(X, churned, treatment=treatment, sample_weight=weight)
    repeated = learner(tree).fit(X[rows], churned[rows], treatment=treatment[rows])
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), atol=1e-12)


@pytest.mark.parametrize("learner", LEARNERS)
def test_it_is_a_scikit_learn_estimator(learner):
    X, churned, treatment, _ = campaign(800)
    churned = np.where(treatment, X[:, 1] > 2, churned)
    model = learner(DecisionTreeClassifier(max_depth=2, random_state=0), outcome_is="response")
    assert clone(model).get_params()["estimator__max_depth"] == 2
    model.fit(X, churned, treatment=treatment)
    assert not hasattr(model.estimator, "tree_")  # the one given is a pattern, never fitted
    with sklearn.config_context(enable_metadata_routing=True):
        routed = learner(model.estimator).set_fit_request(treatment=True)
        out_of_fold = cross_val_predict(routed, X, churned, cv=2, params={"treatment": treatment})
    half = learner(model.estimator).fit(X[400:], churned[400:], treatment=treatment[400:]).predict(X[:400])
    np.testing.assert_array_equal(out_of_fold[:400], half)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"treatment": np.ones(100)}, "nobody is in the control group"),
        ({"treatment": np.zeros(100)}, "nobody is in the contacted group"),
        ({"treatment": np.arange(100)}, "treatment must be 0 or 1.*contacted"),
        ({"treatment": np.arange(90) % 2}, "treatment must have one value for each row of X; it has 90 for 100"),
        ({"y": np.arange(100) % 2}, "y of the contacted group must hold both outcomes"),
        ({"y": np.arange(99) % 3 % 2}, "y must have one value for each row of X"),
        ({"X": pd.DataFrame({"a": ["x"] * 100})}, "a must be numeric.*estimator"),
        ({"X": "campaign.csv"}, "must be a DataFrame"),
        ({"X": np.empty((0, 2)), "y": [], "treatment": []}, "empty"),
        ({"sample_weight": [1]}, "sample_weight must have one value"),
    ],
)
@pytest.mark.parametrize("learner", LEARNERS)
def test_bad_input(learner, change, message):
    given = {"X": np.ones((100, 1)), "y": np.arange(100) % 3 % 2, "treatment": np.arange(100) % 2} | change
    with pytest.raises(InputError, match=message):
        learner().fit(**given)


def test_bad_arguments():
    X, churned, treatment, _ = campaign(100)
    with pytest.raises(InputError, match="outcome_is must be one of"):
        TLearner(outcome_is="good").fit(X, churned, treatment=treatment)
    with pytest.raises(InputError, match="must not hold a column 'treatment'"):
        SLearner(LogisticRegression()).fit(pd.DataFrame({"treatment": X[:, 0]}), churned, treatment=treatment)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        TLearner().predict(X)
