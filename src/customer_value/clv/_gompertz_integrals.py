"""Integrals over the time of dropout under a gamma/Gompertz lifetime, panel by panel, each as long as it may be.

All integrands are a path, (tau/(alpha+tau))^n (alpha/(alpha+tau))^r S(tau) with S(tau) = (beta/(beta+e^(b tau)-1))^s,
times the hazard of dropout, or 1/(alpha+tau), or 1. They are positive, so nothing cancels; but a hazard that grows can
give them two peaks far apart, which no single rule and no single change of variable sees. So Gauss-Legendre panels are
laid from one end to the other. A panel's length is the harmonic sum of what its start allows: the distance of the
nearest singularity (-alpha; the zeros of beta+e^(b tau)-1 in the complex plane) and the stretches over which each
factor changes by exp(20). With 24 nodes that leaves a relative error below 2e-12 (benchmarks/accuracy holds it against
references); panels cut short take fewer. The march ends where what lies ahead is below exp(-42) of what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from customer_value.clv._special import Floats

_CELLS = 8192  # rows x nodes at a time, so that their arrays stay in the cache
_CHANGE = 20.0  # powers of e by which a factor may change within a panel
_NEAR = 6.0  # length of a panel in distances from a real singularity behind its start
_TURN = 8.0  # and in units of 1/b where the hazard turns from rising to constant: its poles lie pi/b off
NEGLIGIBLE = 42.0  # powers of e
_NODES = np.array([6, 8, 10, 12, 16, 20, 24])
_SHARES = np.array([0.02, 0.06, 0.12, 0.2, 0.4, 0.7])  # of a full panel, up to which each rule but the last is used
_LARGE = 30.0  # e^-30 is below the rounding of 1 + e^30
_POLYNOMIAL = 6.0  # up to this power of tau a march starts at 0
_SHARED = 16.0  # counts this far apart share their panels
_BISECTIONS = 24
_NEWTON_STEPS = 100


@cache
def _rule(index: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes and weights on (0, 1), as columns."""
    x, w = np.polynomial.legendre.leggauss(int(_NODES[index]))
    return (1 + x[:, None]) / 2, w[:, None] / 2


# ---- the gamma/Gompertz lifetime --------------------------------------------------------------------------------


def aged(b: Any, beta: Any, t: Any) -> Floats:
    """Return beta of those who have lived until t: 1 + (beta - 1) e^(-b t), without its cancellation."""
    return np.asarray(beta * np.exp(-b * t) - np.expm1(-b * t))


def fading(b: Any, beta: Any, t: Any) -> Floats:
    """Return -ln S(t) / s = ln(1 + (e^(b t) - 1) / beta), which does not overflow."""
    z = np.asarray(b * t, dtype=np.float64)
    near = np.log1p(np.expm1(np.minimum(z, _LARGE)) / beta)
    return np.asarray(near) if z.max(initial=0) <= _LARGE else np.where(z > _LARGE, _far(z, beta), near)


def ageing(b: Any, beta: Any, t: Any) -> tuple[Floats, Floats, Floats]:
    """Return `fading`, 1 / `aged` (the hazard is s b times that), and e^(-b t) / `aged`, with two special functions."""
    z = np.asarray(b * t, dtype=np.float64)
    growth = np.expm1(np.minimum(z, _LARGE))
    faded, late = np.log1p(growth / beta), 1 / (beta + growth)
    share = (1 + growth) * late
    if z.max(initial=0) <= _LARGE:
        return faded, share, late
    large, fallen = z > _LARGE, np.exp(-z)
    far = 1 / (beta * fallen + 1)
    return np.where(large, _far(z, beta), faded), np.where(large, far, share), np.where(large, fallen * far, late)


def _far(z: Floats, beta: Any) -> Floats:
    """`fading` where e^-z is below the rounding of 1."""
    return np.asarray(z - np.log(beta) + np.log1p(beta * np.exp(-z)))


@dataclass(frozen=True)
class Path:
    """Rows of the path's parameters; fields are arrays of one dimension and equal length."""

    n: Floats
    r: Floats
    alpha: Floats
    b: Floats
    s: Floats
    beta: Floats

    def __getitem__(self, rows: Any) -> Path:
        return Path(*(v[rows] for v in (self.n, self.r, self.alpha, self.b, self.s, self.beta)))

    def log_value(self, tau: Floats) -> Floats:
        """Return the logarithm of the path at tau."""
        value = -self.r * np.log1p(tau / self.alpha) - self.s * fading(self.b, self.beta, tau)
        if self.n.any():
            with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
                value -= np.where(self.n > 0, self.n * np.log1p(self.alpha / tau), 0)
        return np.asarray(value)

    def hazard(self, tau: Floats) -> Floats:
        """Return -d ln S / d tau."""
        return np.asarray(self.s * self.b / aged(self.b, self.beta, tau))

    def slope(self, tau: Floats) -> Floats:
        """Return d ln path / d ln tau, which falls as tau rises."""
        known = (self.n * self.alpha - self.r * tau) / (self.alpha + tau)
        return np.asarray(known - self.hazard(tau) * tau)

    def stretch(self, tau: Floats, most: Floats) -> Floats:
        """Return 1 over the length of a panel that starts at tau and serves counts n to `most`."""
        A, beta = self.alpha + tau, aged(self.b, self.beta, tau)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            behind = -np.log1p(-np.minimum(beta, 1)) / self.b
            turn = np.log(np.maximum(beta - 1, 0)) / self.b
            turning = np.maximum(_TURN / self.b, np.where(turn > 0, 0.75 * turn, -2 * turn))
            fall = _CHANGE / self.s
            bounded = np.minimum(fall, 600)
            lived = (np.log1p(beta * np.expm1(bounded)) + (fall - bounded)) / self.b
            total = 1 / (_NEAR * A) + 1 / np.where(beta < 1, _NEAR * behind, turning) + 1 / lived
            power = self.r + most * self.alpha / A  # of the pole at -alpha, less what the zero at 0 takes back
            total += 1 / (A * np.expm1(np.minimum(_CHANGE / power, 600)))
            growth = np.expm1(np.minimum(_CHANGE / most, 600))
            rising = np.where((most > 0) & (tau > 0), (self.alpha / tau / A) / growth - 1 / A, 0)
        return np.asarray(total + np.maximum(rising, 0))


@dataclass(frozen=True)
class Panels:
    """Some rows' next panels: where their nodes lie, and the nodes' weights."""

    rows: NDArray[np.intp]
    tau: Floats  # nodes x rows
    weights: Floats  # nodes x rows


def march(
    path: Path, most: Floats, start: Floats, end: Floats, ended: Callable[[NDArray[np.intp], Floats], NDArray[np.bool_]]
) -> Iterator[Panels]:
    """Yield panels from start to end, until `ended` says of rows at some tau that the rest is negligible."""
    tau = start.copy()
    rows = np.flatnonzero(end > start)
    while rows.size:
        left = end[rows] - tau[rows]
        stretch = path[rows].stretch(tau[rows], most[rows])
        length = np.minimum(left, 1 / stretch)
        rule = np.searchsorted(_SHARES, length * stretch)
        # From 0 on, where no power of tau shortens a panel, the nodes have to bear it.
        power = np.where(tau[rows] > 0, 0, most[rows])
        rule = np.maximum(rule, np.searchsorted(_NODES[:-1], np.where(power > 0, 8 + power / 2, 0)))
        for index in np.flatnonzero(np.bincount(rule)).tolist():
            nodes, weights = _rule(index)
            members = np.flatnonzero(rule == index)
            step = max(1, _CELLS // nodes.size)
            for i in range(0, members.size, step):
                these = members[i : i + step]
                yield Panels(rows[these], tau[rows[these]] + nodes * length[these], weights * length[these])
        going = length < left
        tau[rows] = np.where(going, tau[rows] + length, end[rows])
        rows = rows[going]
        if rows.size:
            rows = rows[~ended(rows, tau[rows])]


# ---- expected lifetime ------------------------------------------------------------------------------------------


def mean_lifetime(b: Floats, s: Floats, beta: Floats, t: Floats) -> Floats:
    """Integrate S from 0 to t: the mean time that a customer lives within (0, t].

    Parameters
    ----------
    b, s, beta, t
        Arrays of one dimension and equal length; t may be 0.
    """
    total = np.zeros(t.size)
    # The path with nothing but S: alpha beyond all times.
    path = Path(np.zeros(t.size), np.ones(t.size), np.full(t.size, 1e300), b, s, beta)

    def ended(rows: NDArray[np.intp], tau: Floats) -> NDArray[np.bool_]:
        here = path[rows]
        # Whether it rises or falls, the hazard stays between its present value and s b.
        ahead = -here.s * fading(here.b, here.beta, tau) - np.log(np.minimum(here.hazard(tau), here.s * here.b))
        return np.asarray(ahead < np.log(total[rows]) - NEGLIGIBLE)

    for panels in march(path, path.n, np.zeros(t.size), t, ended):
        here = path[panels.rows]
        alive = np.exp(-here.s * fading(here.b, here.beta, panels.tau))
        total[panels.rows] += (alive * panels.weights).sum(axis=0)
    return total


# ---- purchases of a new customer --------------------------------------------------------------------------------


def count_integrals(
    n: Floats, r: Floats, alpha: Floats, b: Floats, s: Floats, beta: Floats, t: Floats, leaving: bool
) -> Floats:
    """Integrate path times hazard (`leaving`), or path over alpha + tau, over (0, t].

    Parameters
    ----------
    n
        Counts, 0 or above: of shape (k, 1), ascending, for the same k counts in all rows; or (1, rows).
    r, alpha, b, s, beta, t
        Arrays of shape (rows,), above 0.
    leaving
        Which of the two.

    Returns
    -------
    Logarithm of the integrals, shape (k, rows). Neighbouring counts of a row share panels.
    """
    out = np.empty((len(n), t.size))
    first = 0
    while first < len(n) and t.size:
        last = first + int(np.searchsorted(n[first:, 0], n[first, 0] + _SHARED, side="right"))
        path = Path(np.broadcast_to(n[first], t.shape), r, alpha, b, s, beta)
        out[first:last] = _counts(path, np.diff(n[first:last, 0]), t, leaving)
        first = last
    return out


def _counts(path: Path, steps: Floats, t: Floats, leaving: bool) -> Floats:
    """Integrals for counts n, n + steps[0], n + steps[0] + steps[1], ..."""
    # The further a count, the later its purchases: panels start where the first needs them, and end for the last.
    most = path.n + steps.sum()
    start, top, rise_top = np.zeros((3, t.size))
    cut = np.flatnonzero(path.n > _POLYNOMIAL)
    start[cut] = _lower_cut(path[cut], _top(path[cut], t[cut]))
    last = Path(most, path.r, path.alpha, path.b, path.s, path.beta)
    # Each count in units of its own path at some time where it is large, so that none is rounded to 0.
    high = np.flatnonzero(most > 0)
    top[high] = _top(last[high], t[high])
    rise_top[high] = -np.log1p(path.alpha[high] / top[high])
    scale = path.log_value(top)
    total = np.zeros((steps.size + 1, t.size))

    def ended(rows: NDArray[np.intp], tau: Floats) -> NDArray[np.bool_]:
        # The path is log-concave in ln tau: past its top, its integral over ln tau is below its value over its slope.
        here = last[rows]
        slope = here.slope(tau)
        past = -np.minimum(slope, 0)
        with np.errstate(divide="ignore"):
            ahead = here.log_value(tau) - np.log(past)
            if leaving:  # by parts: all that can be lost to dropout, and what purchases still add
                ahead += np.log(past + here.n * here.alpha / (here.alpha + tau))
            seen = np.log(total[-1, rows]) + scale[rows] + steps.sum() * rise_top[rows]
        return np.asarray((slope < 0) & (ahead < seen - NEGLIGIBLE))

    for panels in march(path, most, start, t, ended):
        rows, tau = panels.rows, panels.tau
        here = path[rows]
        density = np.exp(here.log_value(tau) - scale[rows]) * panels.weights
        if leaving:
            density *= here.hazard(tau)
        else:
            density /= here.alpha + tau
        total[0, rows] += density.sum(axis=0)
        if steps.size:
            rise = np.exp(-np.log1p(here.alpha / tau) - rise_top[rows])
            for k, step in enumerate(steps, start=1):
                density *= rise if step == 1 else rise**step
                total[k, rows] += density.sum(axis=0)
    with np.errstate(divide="ignore"):
        return np.log(total) + scale + np.append(0, np.cumsum(steps))[:, None] * rise_top


def _top(path: Path, t: Floats) -> Floats:
    """Find where the path is largest on (0, t], within a small part of its width, by bisection in ln tau."""
    high = np.log(np.minimum(t, path.n * path.alpha / path.r))
    low = high - 60
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        rising = path.slope(np.exp(middle)) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    return np.minimum(np.exp(high), t)


def _lower_cut(path: Path, top: Floats) -> Floats:
    """Find tau below the top where the path has fallen by exp(-42) or somewhat more.

    The factors of r and s rise towards 0, by `gain` at most, so that the first tau lies beyond the place; from there
    Newton's steps in ln tau come closer and, ln path being concave, never pass it.
    """
    gain = path.r * np.log1p(top / path.alpha) + path.s * fading(path.b, path.beta, top)
    share = top / (path.alpha + top) * np.exp(-np.minimum((NEGLIGIBLE + gain) / path.n, 600))
    tau, highest = path.alpha * share / (1 - share), path.log_value(top)
    for _ in range(_NEWTON_STEPS):
        fall = highest - path.log_value(tau)
        if np.all(fall < 2 * NEGLIGIBLE):
            break
        tau = np.minimum(tau * np.exp(np.maximum(fall - NEGLIGIBLE, 0) / path.slope(tau)), top)
    return np.asarray(tau)
