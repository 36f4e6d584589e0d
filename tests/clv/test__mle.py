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
    # A broad hill, of standard error 10, and a higher, narrow one: ln(e^{-(t+3)^2/200} + e^{-5(t-6)^2 + 2}).
    def gradient(theta):
        t = theta[0]
        hills = np.array([-((t + 3) ** 2) / 200, -5 * (t - 6) ** 2 + 2])
        share = np.exp(hills - np.logaddexp(*hills))
        return float(np.logaddexp(*hills)), np.array([share @ np.array([-(t + 3) / 100, 10 * (6 - t)])])

    found = maximize(Objective(gradient), [(np.exp(-3.0),), (np.exp(6.0),)], "Hills")
    np.testing.assert_allclose(found.theta, [6.0], atol=0.05)
    alone = maximize(Objective(gradient), [(np.exp(-3.0),)], "Hills")
    np.testing.assert_allclose(alone.theta, [-3.0], atol=1e-4)
    assert alone.weak
    assert not found.weak


def test_every_start_is_taken_where_asked_for():
    # Two narrow hills, the far one higher: the first start ends soundly on the lower one.
    def gradient(theta):
        hills = np.array([-50 * (theta[0] - 3) ** 2, 2 - 50 * (theta[0] + 3) ** 2])
        share = np.exp(hills - np.logaddexp(*hills))
        return float(np.logaddexp(*hills)), np.array([share @ np.array([100 * (3 - theta[0]), -100 * (3 + theta[0])])])

    starts = [(np.exp(3.1),), (np.exp(-3.1),)]
    np.testing.assert_allclose(maximize(Objective(gradient), starts, "Hills").theta, [3.0], atol=1e-6)
    both = maximize(Objective(gradient), starts, "Hills", every_start=True)
    np.testing.assert_allclose(both.theta, [-3.0], atol=1e-6)


def test_no_optimum_is_an_error_with_a_remedy():
    def gradient(theta):
        return float("nan"), np.array([np.nan])

    with pytest.raises(ConvergenceError, match=r"Nothing did not converge.*data_quality"):
        maximize(Objective(gradient), [(1.0,), (2.0,)], "Nothing")


@pytest.mark.parametrize(("slope", "rises"), [(3e-6, False), (3e-6, True), (1.0, False)])
def test_a_slope_that_is_rounding_alone_is_no_failure(slope, rises):
    # Far out on a ridge the gradient is the difference of two large numbers: it may promise a little, here
    # slope^2 / (2 x 1e-6), where the likelihood does not rise. A large promise that is not kept is a failure.
    def terms(theta):
        d = theta - np.array([10.0, 9.0])
        value = -500 * (d[0] - d[1]) ** 2 + (slope * d[0] - 5e-7 * d[0] ** 2 if rises else -20 * np.abs(d).sum())
        gradient = np.array([slope - 1e-6 * d[0] * rises, 0.0]) + 1e3 * (d[1] - d[0]) * np.array([1, -1])
        return float(value), gradient, -1e3 * np.array([[1 + 1e-9, -1], [-1, 1 + 1e-12]])

    objective, start = Objective(lambda theta: terms(theta)[:2], terms), [np.exp([10.0, 9.0])]
    if slope == 1.0:
        with pytest.raises(ConvergenceError):
            maximize(objective, start, "Ridge")
    else:
        found = maximize(objective, start, "Ridge")
        assert found.stuck != rises
        np.testing.assert_allclose(found.theta, [13.0, 12.0] if rises else [10.0, 9.0], atol=1e-3)


def test_a_ridge_is_walked_to_its_end_and_no_further():
    # Along theta_0 = theta_1 - 1 the value rises by less and less; a step that is cut off at the end of theta_1's range
    # alone would leave the ridge by the rest of theta_0's.
    seen = []

    def terms(theta):
        seen.append(theta)
        beside, below = theta[0] - theta[1] + 1, np.exp(-theta[1] / 4)
        slope = np.array([-1e4 * beside, 1e4 * beside + below / 4])
        return float(-below - 5e3 * beside**2), slope, np.array([[-1e4, 1e4], [1e4, -1e4 - below / 16]])

    found = maximize(Objective(lambda theta: terms(theta)[:2], terms), [np.exp([4.0, 5.0])], "Ridge")
    np.testing.assert_allclose(found.theta, [LOG_HIGH - 1, LOG_HIGH], atol=1e-9)
    assert found.boundary == (1,)
    assert len(seen) < 20
    assert max(abs(theta[0] - theta[1] + 1) for theta in seen) < 1e-9


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
