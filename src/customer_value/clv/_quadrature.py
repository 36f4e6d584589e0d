"""Discounting: integrals over time that a model gives no closed form for."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from customer_value.clv._rows import Floats

Expected = Callable[[Floats, NDArray[np.intp]], Floats]

_FEWEST, _MOST = 16, 1024  # intervals of the rule
_TOLERANCE = 1e-10  # relative change from one rule to the next; the last one is much better than that
_FADED = 38.0  # what lies beyond a discount factor of exp(-38) is below rounding
_BLOCK = 8192  # rows at a time


def discounted_total(expected: Expected, t: float, delta: float, scale: Floats) -> Floats:
    """Discounted number of purchases in (0, t], each discounted at its own time.

    Integration by parts leaves only the expectation E itself, which every model has:
    int_0^t exp(-delta u) dE(u) = exp(-delta t) E(t) + delta int_0^t exp(-delta u) E(u) du.

    Parameters
    ----------
    expected
        E(u) of customers at a time each; called with times and the customers' positions in `scale`.
    t, delta
        Horizon and continuous discount rate per time unit; t may be infinite where delta is not 0.
    scale
        Each customer's alpha, the time scale on which E bends.

    Notes
    -----
    E is analytic but for negative times from -scale on, so in w = ln(1 + u / scale) it is analytic in a strip of width
    pi around the real axis, and Clenshaw-Curtis converges geometrically. Each row gets the nodes that it needs.
    """
    rows = np.arange(scale.size)
    total = np.zeros(scale.size)
    if not math.isinf(t):
        total = math.exp(-delta * t) * expected(np.full(scale.size, t), rows)
    if delta == 0:
        return total
    reach = min(t, _FADED / delta)
    for start in range(0, rows.size, _BLOCK):
        block = rows[start : start + _BLOCK]
        total[block] = _add_integral(expected, reach, delta, scale[block], block, total[block])
    return total


def _add_integral(
    expected: Expected, reach: float, delta: float, scale: Floats, rows: NDArray[np.intp], total: Floats
) -> Floats:
    """Add delta int_0^reach exp(-delta u) E(u) du to the total of each row, on ever finer nodes."""
    length = np.log1p(reach / scale)
    open_ = np.arange(rows.size)
    values = np.zeros((_FEWEST + 1, rows.size))  # E(0) is 0

    def fill(places: Floats, at: slice) -> None:
        for j, place in zip(range(values.shape[0])[at], places, strict=True):
            u = scale[open_] * np.expm1(place * length[open_])
            values[j] = np.exp(-delta * u) * (scale[open_] + u) * expected(u, rows[open_])

    nodes, _ = _rule(_FEWEST)
    fill(nodes[1:], slice(1, None))
    result, n = total.copy(), _FEWEST
    while True:
        fine, coarse = (delta * length[open_] * (_rule(n // k)[1] @ values[::k]) for k in (1, 2))
        result[open_] = total[open_] + fine
        going = np.abs(fine - coarse) > _TOLERANCE * result[open_]
        if n == _MOST or not going.any():
            return result
        n *= 2
        open_ = open_[going]
        values, known = np.empty((n + 1, open_.size)), values
        values[::2] = known[:, going]
        fill(_rule(n)[0][1::2], slice(1, None, 2))


@cache
def _rule(n: int) -> tuple[Floats, Floats]:
    """Nodes and weights of Clenshaw and Curtis on (0, 1) with n intervals, n even."""
    angles = np.pi * np.arange(n + 1) / n
    k = np.arange(1, n // 2 + 1)
    share = np.where(2 * k == n, 1.0, 2.0) / (4 * k**2 - 1)
    weights = (1 - np.cos(2 * angles[:, None] * k) @ share) / n
    weights[[0, -1]] /= 2
    return np.sin(angles / 2) ** 2, weights
