"""Errors that callers can tell apart, and warnings that point at the caller's own line."""

import inspect
import warnings

import pandas as pd
import pytest

import customer_value as cv
from customer_value import errors

FAMILY = {
    cv.InputError: (cv.CustomerValueError, ValueError),
    cv.NotFittedError: (cv.CustomerValueError, ValueError, AttributeError),  # as scikit-learn's own
    cv.ConvergenceError: (cv.CustomerValueError, RuntimeError),
    cv.MissingDependencyError: (cv.CustomerValueError, ImportError),
    cv.DataWarning: (cv.CustomerValueWarning, UserWarning),
    cv.FitWarning: (cv.CustomerValueWarning, UserWarning),
}


@pytest.mark.parametrize("kind", FAMILY)
def test_each_kind_is_caught_by_its_bases(kind):
    for base in FAMILY[kind]:
        assert issubclass(kind, base)


def test_kinds_are_told_apart():
    for kind in FAMILY:
        others = set(FAMILY) - {kind}
        assert not any(issubclass(kind, other) for other in others)
    named = {getattr(errors, name) for name in errors.__all__}
    assert named - set(FAMILY) == {cv.CustomerValueError, cv.CustomerValueWarning}


def test_not_fitted_does_not_hide_behind_hasattr():
    model = cv.clv.BGNBD()
    assert not hasattr(model, "params_")  # scikit-learn's way to ask
    with pytest.raises(cv.NotFittedError):
        model.params_  # noqa: B018  reading the attribute is the test


def caught(call):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call()
    return found


def test_a_warning_points_at_the_line_that_called():
    here = inspect.currentframe().f_lineno
    found = caught(lambda: errors.warn("look", cv.DataWarning))
    assert [(str(w.message), w.category, w.filename, w.lineno) for w in found] == [
        ("look", cv.DataWarning, __file__, here + 1)
    ]


def test_a_warning_from_deep_inside_points_there_too():
    summary = pd.DataFrame(
        {"frequency": [2], "recency": [3.0], "T": [9.0], "monetary_value": [5.0], "time_unit": "week"}
    )
    model = cv.clv.BGNBD.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, time_unit="week")
    here = inspect.currentframe().f_lineno
    found = caught(
        lambda: cv.score_clv(
            summary, purchase_model=model, spend_model="monetary_value", horizon=9, margin=1, discount_rate=0.1
        )
    )
    assert [w.category for w in found] == [cv.DataWarning]
    assert found[0].filename == __file__
    assert here < found[0].lineno <= here + 5


def test_a_warning_from_a_method_points_there_too():
    summary = pd.DataFrame({"frequency": [2], "recency": [3.0], "T": [9.0]})
    here = inspect.currentframe().f_lineno
    found = caught(lambda: cv.clv.BGNBD().fit(summary))
    assert {(w.category, w.filename, w.lineno) for w in found} == {(cv.FitWarning, __file__, here + 1)}


def test_a_warning_without_any_caller_outside_still_warns():
    space = {"__name__": "customer_value.made_up", "warn": errors.warn, "kind": cv.DataWarning}
    found = caught(lambda: exec("warn('look', kind)", space))
    assert [str(w.message) for w in found] == ["look"]


def test_each_warning_is_given_once_for_each_line():
    def twice():
        for _ in range(2):
            errors.warn("look", cv.DataWarning)

    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("default")
        twice()
    assert len(found) == 1
