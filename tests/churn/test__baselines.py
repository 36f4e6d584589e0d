import numpy as np
import pytest

from customer_value.churn._baselines import learn_basis

PERIOD = np.array([1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24])


def test_simple_courses():
    for kind, expected in (("log", np.log(PERIOD)), ("linear", PERIOD)):
        basis = learn_basis(kind, PERIOD, np.ones(12))
        np.testing.assert_array_equal(basis.columns(PERIOD)[:, 0], expected)
        assert len(basis.names) == 1


def test_periods_without_an_event_share_the_level_of_the_next():
    events = np.array([3, 0, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    basis = learn_basis("dummies", PERIOD, events)
    assert basis.names == ["period[3]", "period[6]"]
    level = basis.columns(PERIOD) @ [1, 2]
    assert level.tolist() == [0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2]


def test_the_spline_is_smooth_and_straight_outside_its_knots():
    basis = learn_basis("spline", PERIOD, np.ones(12))
    assert basis.knots.tolist() == [1, 4, 6, 12, 24]
    assert len(basis.names) == 4
    x = np.linspace(-2, 6, 4001)
    columns = basis.columns(np.exp(x))
    np.testing.assert_allclose(columns[:, 0], x, atol=1e-14)
    bend = np.diff(columns, 2, axis=0) / (x[1] - x[0]) ** 2
    middle = x[1:-1]
    outside = (middle < 0) | (middle > np.log(24) + 0.01)
    assert np.abs(bend[outside]).max() < 1e-6
    assert np.abs(bend[:, 1:]).max() > 0.5  # it does bend inside
    assert np.abs(np.diff(bend, axis=0)).max() < 0.05  # without a jump of its second derivative


@pytest.mark.parametrize("events", [[5, 0, 0], [5, 5, 0], [0, 0, 5]])
def test_a_spline_of_too_few_periods_is_the_logarithm(events):
    basis = learn_basis("spline", np.array([1, 2, 3]), np.array(events))
    assert basis.columns(np.array([1, 2, 3])).shape == (3, 1)
    assert basis.names == ["log(period)"]
