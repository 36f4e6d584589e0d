"""Survival under a beta-distributed chance to leave: B(a, b + k) / B(a, b), exact at every size of a, b and k.

Differences of library functions of the gamma family lose their digits where a is small beside b, or k is. Here the
second difference D[f] = f(b + k) - f(b) - f(a + b + k) + f(a + b) is taken analytically before anything is rounded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from customer_value.clv._special import Floats

_SHIFT = 10  # from here on Stirling's series is exact in double precision
# Stirling's series after the terms that are taken analytically, in powers of 1/x^2: ln Gamma times x^3, psi times x^4,
# psi' times x^3 (A&S 6.1.40, 6.3.18, 6.4.12).
_LOG_GAMMA = (-1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
_PSI = (1 / 120, -1 / 252, 1 / 240, -1 / 132, 691 / 32760, -1 / 12)
_PSI_1 = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)


def log_beta_ratio(a: ArrayLike, b: ArrayLike, k: ArrayLike) -> Floats:
    """Return ln B(a, b + k) - ln B(a, b): the log chance to stay k times, the chance to leave being Beta(a, b).

    Parameters
    ----------
    a, b
        Positive numbers that broadcast.
    k
        Numbers of stays, 0 or above; they need not be whole.

    Notes
    -----
    With B = b + 10 and A = a + B, Stirling's (x - 1/2) ln x - x + 1/(12x) - ... gives D[ln Gamma] by logarithms of
    numbers above 1; the ten steps from b to B are factors 1 + ak / ((b + i)(a + b + k + i)).
    """
    a, b, k = (np.asarray(v, dtype=np.float64) for v in (a, b, k))
    above = a + b + k
    excess = np.zeros(np.broadcast_shapes(a.shape, b.shape, k.shape))  # of the ten factors' product over 1
    for i in range(_SHIFT):
        step = (a / (b + i)) * (k / (above + i))
        excess = excess + step + excess * step
    low = b + _SHIFT
    high = low + a
    log_ratio = np.log1p((a / low) * (k / (high + k)))
    main = (low - 0.5) * log_ratio - k * np.log1p(a / (low + k)) - a * np.log1p(k / high)
    tail = -_gap(a, low, k) / 12 + _difference(_LOG_GAMMA, 3, a, low, k)
    return np.asarray(main + tail - np.log1p(excess))


def beta_ratio_slopes(a: Floats, b: Floats, k: Floats) -> tuple[Floats, Floats]:
    """Return the first two derivatives of `log_beta_ratio` with respect to b: D[psi] and D[psi']."""
    first, second = np.zeros(()), np.zeros(())
    for i in range(_SHIFT):
        first = first + _gap(a, b + i, k)
        second = second - _gap_of_squares(a, b + i, k)
    low = b + _SHIFT
    gap, gap_of_squares = _gap(a, low, k), _gap_of_squares(a, low, k)
    log_ratio = np.log1p((a / low) * (k / (low + a + k)))
    first = first + log_ratio + gap / 2 + gap_of_squares / 12 + _difference(_PSI, 4, a, low, k)
    second = second - gap - gap_of_squares / 2 + _difference(_PSI_1, 3, a, low, k)
    return np.asarray(first), np.asarray(second)


def _gap(a: Floats, b: Floats, k: Floats) -> Floats:
    """Return -D[1/x], a positive number."""
    high = a + b
    return np.asarray((a / high) / b * (k / (high + k)) * ((high + b + k) / (b + k)))


def _gap_of_squares(a: Floats, b: Floats, k: Floats) -> Floats:
    """Return -D[1/x^2], a positive number: differences of squares as sums times differences."""
    high = a + b
    sums = a / high / b + a / (high + k) / (b + k)
    return np.asarray(_gap(a, b, k) * (1 / b + 1 / (b + k)) + k / (high + k) / high * sums)


def _difference(series: tuple[float, ...], power: int, a: Floats, b: Floats, k: Floats) -> Floats:
    """Second difference of a series' small rest; its own size is so small that plain differences do."""

    def rest(x: Floats) -> Floats:
        inverse = 1 / x
        square, total = inverse * inverse, np.zeros_like(inverse)
        for coefficient in reversed(series):
            total = total * square + coefficient
        return np.asarray(total * inverse**power)

    return (rest(b + k) - rest(a + b + k)) - (rest(b) - rest(a + b))
