import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils import get_tags

from customer_value.churn.cox import CoxModel
from customer_value.churn.hazard import DiscreteTimeHazard
from customer_value.errors import InputError, NotFittedError


def test_arguments_and_those_of_the_estimator():
    model = DiscreteTimeHazard(LogisticRegression(), width=2.0)
    assert model.get_params(deep=False) == {"estimator": model.estimator, "width": 2.0, "baseline": "spline"}
    assert model.get_params()["estimator__C"] == 1.0
    copy = clone(model).set_params(estimator__C=3.0, baseline="log")
    assert (copy.estimator.C, copy.width, copy.baseline, model.estimator.C) == (3.0, 2.0, "log", 1.0)
    other = copy.set_params(estimator=LogisticRegression(tol=0.5), estimator__C=7.0)
    assert (other.estimator.tol, other.estimator.C) == (0.5, 7.0)
    assert clone(CoxModel(ties="breslow")).ties == "breslow"
    assert not get_tags(CoxModel()).target_tags.required


def test_arguments_that_there_are_not():
    for wrong in ("penalty", "estimator__C", "baseline__kind"):
        with pytest.raises(InputError, match=f"has no argument '{wrong}'"):
            DiscreteTimeHazard().set_params(**{wrong: 1})


def test_what_was_not_learned_yet():
    with pytest.raises(NotFittedError, match="CoxModel has no slopes_: call fit"):
        _ = CoxModel().slopes_
    with pytest.raises(AttributeError, match="no attribute 'slopes'"):
        _ = CoxModel().slopes
