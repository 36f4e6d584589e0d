"""The optimiser on functions whose maximum is known."""

import numpy as np
import pytest

from customer_value.clv._mle import LOG_HIGH, LOG_LOW, Objective, maximize
from customer_value.errors import ConvergenceError


def quadratic(centre, curvature, with_hessian):
    """A concave quadratic of the log parameters, with its maximum at `centre`."""

    def gradient(theta):
        d = theta - centre
        return float(-d @ curvature @ d / 2), -curvature @ d

    return Objective(gradient, (lambda theta: (*gradient(theta), -curvature)) if with_hessian else None)


@pytest.mark.parametrize("with_hessian", [True, False])
def test_finds_the_maximum(with_hessian):
    centre, curvature = np.array([1.0, -2.0]), np.array([[50.0, 20.0], [20.0, 30.0]])
    found = maximize(quadratic(centre, curvature, with_hessian), [(1.0, 1.0)], "Quadratic")
    np.testing.assert_allclose(found.theta, centre, atol=1e-6)
    np.testing.assert_allclose(found.hessian, -curvature, rtol=1e-5)
    assert found.converged
    assert found.boundary == ()


@pytest.mark.parametrize("with_hessian", [True, False])
def test_a_maximum_beyond_the_range_is_a_boundary(with_hessian):
    centre, curvature = np.array([LOG_LOW - 10, 0.5]), np.diag([1.0, 1.0])
    found = maximize(quadratic(centre, curvature, with_hessian), [(1.0, 1.0)], "Quadratic")
    assert found.boundary == (0,)
    assert found.converged
    np.testing.assert_allclose(found.theta, [LOG_LOW, 0.5], atol=1e-6)


def test_another_start_is_used_when_the_first_is_in_the_wrong_valley():
    # Two hills of which the far one is higher: ln(e^{-(t-3)^2/2 + 1} + e^{-(t+3)^2/2}).
    def gradient(theta):
        hills = np.array([-((theta[0] - 3) ** 2) / 2 + 1, -((theta[0] + 3) ** 2) / 2])
        top = hills.max()
        weights = np.exp(hills - top)
        value = top + np.log(weights.sum())
        return float(value), np.array([(weights / weights.sum()) @ np.array([3 - theta[0], -3 - theta[0]])])

    found = maximize(Objective(gradient), [(np.exp(3.0),)], "Hills")
    np.testing.assert_allclose(found.theta, [3.0], atol=1e-4)


def test_a_flat_hill_sends_the_search_to_the_next_start():
    # A broad hill, of standard error 10, and a higher, narrow one: ln(e^{-(t+3)^2/200} + e^{-(t-6)^2/2 + 2}).
    def gradient(theta):
        t = theta[0]
        hills = np.array([-((t + 3) ** 2) / 200, -((t - 6) ** 2) / 2 + 2])
        share = np.exp(hills - np.logaddexp(*hills))
        return float(np.logaddexp(*hills)), np.array([share @ np.array([-(t + 3) / 100, 6 - t])])

    found = maximize(Objective(gradient), [(np.exp(-3.0),), (np.exp(6.0),)], "Hills")
    np.testing.assert_allclose(found.theta, [6.0], atol=0.05)
    alone = maximize(Objective(gradient), [(np.exp(-3.0),)], "Hills")
    np.testing.assert_allclose(alone.theta, [-3.0], atol=1e-4)
    assert alone.weak
    assert not found.weak


def test_no_optimum_is_an_error_with_a_remedy():
    def gradient(theta):
        return float("nan"), np.array([np.nan])

    with pytest.raises(ConvergenceError, match=r"Nothing did not converge.*data_quality"):
        maximize(Objective(gradient), [(1.0,), (2.0,)], "Nothing")


def test_a_ridge_that_leads_out_of_the_range_is_a_boundary():
    # The value rises for ever along theta_0 = theta_1 - 1. At the end of the range, a little beside the ridge, the
    # slope of theta_1 points inwards and the Newton step, which moves both, outwards.
    def terms(theta):
        beside, below = theta[0] - theta[1] + 1, 270 * np.exp(-theta[1])
        slope = np.array([-500 * beside, 500 * beside + below])
        return float(-1400 - below - 250 * beside**2), slope, np.array([[-500, 500], [500, -500 - below]])

    for at in (LOG_HIGH - 1e-7, LOG_HIGH - 1e-9):
        beside = np.array([at - 1 - 1e-8, at])
        assert terms(beside)[1][1] < 0
        found = maximize(Objective(lambda theta: terms(theta)[:2], terms), [np.exp(beside)], "Ridge")
        assert found.converged
        assert found.boundary == (1,)
