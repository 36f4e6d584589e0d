"""Discounting: integrals over time that a model gives no closed form for."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from customer_value.clv._rows import Floats

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
# An expectation has its nearest singularity at -alpha; intervals much longer than alpha are cut geometrically.
_PANELS = np.array([0.0, 1e-3, 1e-2, 5e-2, 0.2, 1.0])
_SMOOTH = 0.4


def discounted_total(expected: Callable[[float], Floats], t: float, delta: float, scale: Floats) -> Floats:
    """Discounted number of purchases in (0, t], each discounted at its own time.

    Integration by parts leaves only the expectation E itself, which every model has:
    int_0^t exp(-delta u) dE(u) = exp(-delta t) E(t) + delta int_0^t exp(-delta u) E(u) du.

    Parameters
    ----------
    expected
        E(u) of every customer at one time u (a scalar).
    t, delta
        Horizon and continuous discount rate per time unit.
    scale
        Each customer's alpha, the time scale on which E bends.
    """
    if delta == 0:
        return expected(t)
    cuts = _PANELS if np.min(scale, initial=np.inf) < _SMOOTH * t else _PANELS[[0, -1]]
    total = math.exp(-delta * t) * expected(t)
    for low, high in pairwise((cuts * t).tolist()):
        middle, half = (low + high) / 2, (high - low) / 2
        for node, weight in zip(_NODES.tolist(), _WEIGHTS.tolist(), strict=True):
            u = middle + half * node
            total = total + delta * half * weight * math.exp(-delta * u) * expected(u)
    return total


# The trapezoidal rule in ln u, with this step h: the integrand is analytic within |Im ln u| < pi / 2, so that the error
# is about exp(-pi^2 / h).
_STEP = 0.3
_EARLIEST, _LATEST = 1e-7, 40.0  # what lies before the one and after the other is below that error


def discounted_forever(expected: Callable[[float], Floats], delta: float, scale: Floats) -> Floats:
    """Discounted number of purchases in (0, infinity): delta int_0^inf exp(-delta u) E(u) du.

    By the trapezoidal rule in ln u, whose relative error is about 1e-12 for every alpha and every discount rate above
    0: E is analytic but for negative times. E rises at most linearly, so the integrand vanishes as u^2 near 0.

    Parameters
    ----------
    expected
        E(u) of every customer at one time u (a scalar).
    delta
        Continuous discount rate per time unit, above 0.
    scale
        Each customer's alpha, the time scale on which E bends.
    """
    first = min(float(np.min(scale, initial=1 / delta)), 1 / delta) * _EARLIEST
    nodes = np.arange(math.log(first), math.log(_LATEST / delta) + _STEP, _STEP)
    total = np.zeros(np.shape(scale))
    for u in np.exp(nodes).tolist():
        total = total + _STEP * delta * u * math.exp(-delta * u) * expected(u)
    return total
