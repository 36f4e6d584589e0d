"""Maximum likelihood on log parameters: the only user of scipy.optimize.

A Newton method with a trust region does the work where the model gives its Hessian; elsewhere a bounded quasi-Newton
method comes close and Newton steps on central differences of the gradient finish. Several starts are used only when
the first ends weakly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from customer_value.errors import ConvergenceError

Floats = NDArray[np.float64]

LOG_LOW, LOG_HIGH = -18.5, 18.5  # parameters live between 1e-8 and 1e8; an end of that range is a boundary
_DECREMENT = 1e-9  # gain in log-likelihood that one more Newton step promises at a converged point
_BROKEN_PROMISE = 1e-4  # the same, of a step along which the likelihood does not rise at all
_IDLE = 1e-8  # gain of a step that is not worth taking another one
_FLAT = 2.0  # curvature at which the standard error of a log parameter is ln 2: it is known to a factor of two
_ROUNDING = 1e-13  # of a log-likelihood, relative
_MAX_STEP = 2.0  # longest step in one log parameter


@dataclass(frozen=True)
class Objective:
    """Total log-likelihood as a function of the log parameters."""

    gradient: Callable[[Floats], tuple[float, Floats]]
    hessian: Callable[[Floats], tuple[float, Floats, Floats]] | None = None

    def newton_terms(self, theta: Floats) -> tuple[float, Floats, Floats]:
        """Value, gradient and Hessian; central differences of the gradient where the model gives no Hessian."""
        if self.hessian is not None:
            return self.hessian(theta)
        value, gradient = self.gradient(theta)
        step = 1e-4
        columns = [
            (self.gradient(theta + step * e)[1] - self.gradient(theta - step * e)[1]) / (2 * step)
            for e in np.eye(theta.size)
        ]
        hessian = np.array(columns)
        return value, gradient, (hessian + hessian.T) / 2


@dataclass(frozen=True)
class Optimum:
    """Where a fit ended and how good that point is."""

    theta: Floats
    value: float
    gradient: Floats
    hessian: Floats
    free: NDArray[np.intp]  # parameters that are not at a boundary
    decrement: float
    stuck: bool = False  # no length of the last step raised the likelihood, or the last two raised it by nothing
    evaluations: int = field(compare=False, default=0)

    @property
    def converged(self) -> bool:
        """No Newton step within the bounds gains anything worth having.

        Along a flat ridge far out, rounding of the gradient alone promises more than the likelihood gives; what counts
        there is that it does not rise.
        """
        gain = _BROKEN_PROMISE if self.stuck else max(_DECREMENT, _ROUNDING * abs(self.value))
        return bool(self.decrement < gain)

    @property
    def boundary(self) -> tuple[int, ...]:
        """Parameters at an end of their range."""
        free = self.free.tolist()
        return tuple(i for i in range(self.theta.size) if i not in free)

    @property
    def weak(self) -> bool:
        """A parameter is at a boundary, or a direction is nearly flat: a better optimum may lie elsewhere."""
        if self.boundary or not np.isfinite(self.hessian).all():
            return True
        return bool(np.linalg.eigvalsh(-self.hessian)[0] < _FLAT)


def maximize(
    objective: Objective, starts: Sequence[Sequence[float]], model: str, *, every_start: bool = False
) -> Optimum:
    """Find the parameters of largest likelihood; starts are natural parameters, best guess first.

    The first start that ends at a sound optimum is the last one, unless every start is asked for.
    """
    best: Optimum | None = None
    for start in starts:
        theta = np.clip(np.log(np.asarray(start, dtype=np.float64)), LOG_LOW, LOG_HIGH)
        if objective.hessian is None:
            theta = _approach(objective, theta)
        found = _newton(objective, theta)
        if not found.converged:
            found = max(found, _newton(objective, _approach(objective, found.theta)), key=lambda o: o.value)
        if best is None or found.value > best.value:
            best = found
        if best.converged and not best.weak and not every_start:
            break
    if best is None or not (best.converged and np.isfinite(best.value)):
        raise ConvergenceError(
            f"{model} did not converge: the best of {len(starts)} starts still gains "
            f"{best.decrement if best else float('nan'):.2g} in log-likelihood from one more step. Look at the data "
            "first (data_quality on the log: one period only, no repeats, extreme values), or fit on more customers."
        )
    return best


def _approach(objective: Objective, theta: Floats) -> Floats:
    """Bounded quasi-Newton run, loose at the end: Newton finishes."""

    def negative(point: Floats) -> tuple[float, Floats]:
        value, gradient = objective.gradient(point)
        if not (np.isfinite(value) and np.all(np.isfinite(gradient))):
            return 1e300, np.zeros_like(point)
        return -value / scale, -gradient / scale

    scale = max(abs(objective.gradient(theta)[0]), 1.0)
    bounds = [(LOG_LOW, LOG_HIGH)] * theta.size
    result = optimize.minimize(
        negative,
        theta,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 1e-10, "gtol": 1e-7, "maxiter": 500},
    )
    return np.asarray(result.x, dtype=np.float64)


def _newton(objective: Objective, theta: Floats, max_iterations: int = 100) -> Optimum:
    """Newton's method with steps bounded and halved until the likelihood rises; parameters held within the bounds."""
    value, gradient, hessian = objective.newton_terms(theta)
    evaluations, idle = 1, 0
    while True:
        free, step, decrement = _step_within(theta, gradient, hessian)
        if not np.isfinite(value) or decrement < _DECREMENT * 1e-4 or idle == 2 or evaluations > max_iterations:
            break
        found = _rising(objective, theta, value, step, decrement)
        evaluations += 1
        if found is None:
            idle = 2
            break
        idle = idle + 1 if found[1][0] - value < max(_IDLE, _ROUNDING * abs(value)) else 0
        theta, (value, gradient, hessian) = found
    return Optimum(theta, value, gradient, hessian, free, decrement, idle == 2, evaluations)


def _rising(
    objective: Objective, theta: Floats, value: float, step: Floats, decrement: float
) -> tuple[Floats, tuple[float, Floats, Floats]] | None:
    """Take the step, shortened until the likelihood rises; None where it rises nowhere.

    A gain below the likelihood's rounding cannot be seen, so the last, tiny step is taken on trust.
    """
    slack = _ROUNDING * abs(value) if decrement < 1e-6 else 0.0
    length = min(1.0, _MAX_STEP / max(float(np.abs(step).max()), 1e-300), _to_the_end(theta, step))
    shortest = 1e-10 * length
    while length > shortest:
        trial = np.minimum(np.maximum(theta + length * step, LOG_LOW), LOG_HIGH)
        terms = objective.newton_terms(trial) if objective.hessian is not None else None
        trial_value = objective.gradient(trial)[0] if terms is None else terms[0]
        if np.isfinite(trial_value) and trial_value > value - slack:
            return trial, objective.newton_terms(trial) if terms is None else terms
        length /= 4
    return None


def _to_the_end(theta: Floats, step: Floats) -> float:
    """Length at which the first parameter reaches the end of its range: cut off one by one they would leave a ridge."""
    room = np.where(step > 0, LOG_HIGH - theta, theta - LOG_LOW)
    moving = step != 0
    return float((room[moving] / np.abs(step[moving])).min(initial=np.inf))


def _free(theta: Floats, gradient: Floats) -> NDArray[np.intp]:
    """Parameters, but for those at an end of their range that the likelihood pushes further out."""
    low = (theta > LOG_LOW + 1e-6) | (gradient > 0)
    high = (theta < LOG_HIGH - 1e-6) | (gradient < 0)
    return np.flatnonzero(low & high)


def _step_within(theta: Floats, gradient: Floats, hessian: Floats) -> tuple[NDArray[np.intp], Floats, float]:
    """Newton step of the parameters that may move, which are returned too.

    Along a ridge that leads out of the range a parameter at its end may have a slope inwards and a step outwards: the
    step is what counts, for a step cut off at the end would leave the ridge.
    """
    free = _free(theta, gradient)
    while True:
        step, decrement = _newton_step(gradient, hessian, free)
        outwards = ((theta > LOG_HIGH - 1e-6) & (step > 0)) | ((theta < LOG_LOW + 1e-6) & (step < 0))
        if not outwards.any():
            return free, step, decrement
        free = free[~outwards[free]]


def _newton_step(gradient: Floats, hessian: Floats, free: NDArray[np.intp]) -> tuple[Floats, float]:
    """Ascent step and the gain that it promises; negative curvature is turned round, parameters not free stay."""
    step = np.zeros_like(gradient)
    if not free.size or not np.isfinite(hessian).all():
        return step, 0.0 if not free.size else np.inf
    curvature, directions = np.linalg.eigh(-hessian[free[:, None], free])
    along = directions.T @ gradient[free]
    size = np.abs(curvature)
    size = np.maximum(size, 1e-10 * max(float(size.max()), 1e-300))
    step[free] = directions @ (along / size)
    return step, float((along * along / size).sum() / 2)
