"""Sums over renewals to come, discounted or not, over a horizon or for ever: exact terms, then Euler and Maclaurin.

The first terms are added as they are. What lies beyond them is smooth: a sum of it is an integral and a few
differences at its ends. The integral is taken over doubling stretches of time, on which a power of time changes by the
same factor however late it is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from customer_value.clv._rows import Floats

LogKept = Callable[[Floats, Floats], Floats]  # log probability of u further renewals after t

_DIRECT = 512
_BLOCK = 256  # rows at a time
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_STRETCHES = 1000  # doublings, after which time passes all floats
_NEGLIGIBLE = 1e-17
# Sum from J+1 to n = integral + E(n) - E(J), with E(x) = f(x)/2 + mu delta f/12 - 11 mu delta^3 f/720 + 191 mu delta^5
# f/60480: Euler and Maclaurin's formula with its derivatives in central differences. Weights of f(x + i) - f(x - i).
_OFFSETS = np.arange(-3.0, 4.0)
_OUTER = np.array([1 / 12 + 22 / 720 + 5 * 191 / 60480, -11 / 720 - 4 * 191 / 60480, 191 / 60480]) / 2
_END = np.concatenate([-_OUTER[::-1], [0.5], _OUTER])


def total_renewals(log_kept: LogKept, made: Floats, most: Floats, delta: float) -> Floats:
    """Return sum over j = 1 ... most of exp(-delta (j - 1)) P(at least j further renewals | those made), per row.

    Parameters
    ----------
    log_kept
        Log probability that a customer with t renewals makes u more, for any u above 0; decreasing and smooth in u.
    made, most
        Renewals made, and the largest number that the horizon has room for, infinity for no end. One number per row.
    delta
        Continuous discount rate per period. Without discount and without end the sum must be known to have a limit.

    Notes
    -----
    The relative error is about 1e-13 (`benchmarks/accuracy/contract.py`). A sum beyond all floats is infinity.
    """
    total = np.zeros(made.size)
    for start in range(0, made.size, _BLOCK):
        rows = slice(start, start + _BLOCK)
        t, n = made[rows, None], most[rows, None]

        def expected(u: Floats, t: Floats = t) -> Floats:
            return np.asarray(np.exp(log_kept(t, u) - delta * (u - 1)))

        j = np.arange(1.0, min(float(n.max(initial=0)), _DIRECT) + 1)
        total[rows] = np.where(j <= n, expected(j), 0.0).sum(axis=1)
        if n.max(initial=0) > _DIRECT:
            with np.errstate(over="ignore"):
                total[rows] += np.where(n[:, 0] > _DIRECT, _beyond(expected, n, total[rows]), 0.0)
    return total


def _beyond(expected: Callable[[Floats], Floats], most: Floats, before: Floats) -> Floats:
    """Sum of the terms after the first `_DIRECT` ones."""
    ended = np.isfinite(most)
    last = np.where(ended, np.maximum(most, _DIRECT), _DIRECT)
    ends = np.where(ended, expected(last + _OFFSETS), 0.0) - expected(_DIRECT + _OFFSETS)
    total = (ends * _END).sum(axis=1)
    low, previous, stretch = float(_DIRECT), np.zeros_like(total), np.zeros_like(total)
    for _ in range(_STRETCHES):
        begin, end = np.minimum(low, most), np.minimum(2 * low, most)
        half = (end - begin) / 2
        previous, stretch = stretch, (expected(begin + half * (_NODES + 1)) * _WEIGHTS * half).sum(axis=1)
        total += stretch
        low *= 2
        if np.all(stretch <= _NEGLIGIBLE * (before + total)):
            return np.asarray(total)
    # Time itself has run out. What falls as a power of time falls by one factor from stretch to stretch.
    factor = np.divide(stretch, previous, out=np.zeros_like(total), where=previous > 0)
    rest = stretch * factor / np.where(factor < 1, 1 - factor, 1.0)
    return np.asarray(np.where(most[:, 0] > low, total + rest, total))
