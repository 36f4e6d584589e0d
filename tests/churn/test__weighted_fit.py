import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from customer_value.churn._weighted_fit import fit_counts, fit_logistic
from customer_value.errors import ConvergenceError, InputError

X = np.array([[0.0], [1.0], [2.0]])
LEFT, STAYED = np.array([2.0, 5.0, 6.0]), np.array([8.0, 5.0, 0.0])
ROWS = np.repeat([0, 1, 2, 0, 1], [2, 5, 6, 8, 5])
Y = np.repeat([1, 0], [13, 13])


def test_counts_are_repeated_rows():
    fitted = fit_logistic(X, LEFT, STAYED)
    repeated = LogisticRegression(C=np.inf, tol=1e-10).fit(X[ROWS], Y)
    np.testing.assert_allclose(fitted.predict_proba(X), repeated.predict_proba(X), atol=1e-6)
    inner = make_pipeline(StandardScaler(), LogisticRegression(C=np.inf, tol=1e-10))
    np.testing.assert_allclose(
        fit_counts(inner, X, LEFT, STAYED).predict_proba(X), repeated.predict_proba(X), atol=1e-5
    )
    without = fit_counts(KNeighborsClassifier(5), X, LEFT, STAYED)
    assert without.n_samples_fit_ == 26
    assert without.predict_proba(X)[2, 1] == 1.0


def test_a_pipeline_without_weights():
    parts = make_pipeline(StandardScaler(), KNeighborsClassifier(5))
    assert fit_counts(parts, X, LEFT, STAYED)[-1].n_samples_fit_ == 26
    with pytest.raises(InputError, match="Pipeline takes no sample_weight"):
        fit_counts(parts, X, LEFT, STAYED / 3)


def test_no_maximum():
    with pytest.raises(ConvergenceError, match="found no optimum"):
        fit_logistic(np.column_stack([X, 2 * X]), LEFT, STAYED)
