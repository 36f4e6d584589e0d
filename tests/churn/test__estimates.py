import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from customer_value.churn._estimates import estimates_table, is_maximum_likelihood, logistic_covariance, tell_unknown
from customer_value.errors import FitWarning


def test_what_is_a_maximum_likelihood_fit():
    assert is_maximum_likelihood(LogisticRegression(C=np.inf))
    for other in ({}, {"C": np.inf, "class_weight": "balanced"}, {"C": np.inf, "fit_intercept": False}):
        assert not is_maximum_likelihood(LogisticRegression(**other))
    assert not is_maximum_likelihood(object())


def test_a_share_has_the_error_of_a_share():
    # One group of 50 with a share of .2: the log odds have the variance 1 / (n p q).
    found = logistic_covariance(np.empty((1, 0)), np.array([0.2]), np.array([50.0]))
    assert found[0, 0] == pytest.approx(1 / (50 * 0.2 * 0.8))
    assert np.isnan(logistic_covariance(np.ones((1, 1)), np.array([0.2]), np.array([50.0]))).all()


def test_table():
    table = estimates_table(["a"], np.array([0.5]), np.array([[0.04]]), "odds_ratio", 0.95)
    assert table["standard_error"][0] == pytest.approx(0.2)
    assert table["odds_ratio"][0] == pytest.approx(np.exp(0.5))
    assert table["odds_ratio_upper"][0] == pytest.approx(np.exp(0.5 + 0.3919928))


def test_what_is_not_known_is_told():
    with pytest.warns(FitWarning, match="how b act"):
        tell_unknown(["a", "b"], np.diag([1e6, 1.0, 200.0]))
    tell_unknown(["a"], np.diag([1e6, 1.0]))
