"""The two integrals over the time of dropout that the Pareto/NBD rests on, with as many nodes as a row needs.

Both have positive integrands, so nothing cancels. With m the smaller and M the larger of the two gamma scales and
eta = ln((m + tau) / m), every factor of the integrands is log-concave and analytic within pi of the real axis whatever
the parameters, and Gauss-Legendre converges at a rate that follows from two numbers alone: by how many powers of e the
integrand falls, and how long the interval is. Each row gets the nodes that these two call for. What lies beyond a
fall of exp(-38) is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from customer_value.clv._special import Floats

_ROWS = 8192  # rows at a time, so that their arrays stay in the cache
_CELLS = 12288  # rows x nodes at a time, for the same reason
_FALL = 38.0  # exp(-38) is below the rounding of the integral
_NODES = np.array([6, 8, 10, 12, 16, 24, 32, 48, 64, 96, 128])
_SIZE_OF = np.searchsorted(_NODES, np.arange(_NODES[-1] + 1)).astype(np.int8)  # nodes needed -> index of rule
_NEWTON_STEPS = 100
_POLYNOMIAL = 6.0  # up to this power of tau the integrand needs no lower cut
_SHARED = 32.0  # counts this far apart share an interval and its nodes


@cache
def _rule(nodes: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes (as a column) and weights on (0, 1)."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    return (1 + x[:, None]) / 2, w / 2


# ---- dropout during a silence ---------------------------------------------------------------------------------


def silence_integral(a: Floats, b: Floats, A: Floats, B: Floats, log_A: Floats, log_B: Floats, order: int) -> Floats:
    """Integrate (1 + tau/A)^-a (1 + tau/B)^-b from 0 to some span, with means and covariances under that density.

    Parameters
    ----------
    a, b, A, B
        Exponents and scales above 0; arrays of one dimension and equal length, or numbers.
    log_A, log_B
        ln(1 + span/A) and ln(1 + span/B), arrays of one dimension; 0 or above.
    order
        0: the integral; 1: means as well; 2: covariances as well.

    Returns
    -------
    Array with 1, 5 or 15 rows: the logarithm of the integral over B (-inf where the span is 0); the means of
    u = [ln(1 + tau/A), tau/(A + tau), ln(1 + tau/B), tau/(B + tau)]; the upper triangle of the covariance of u.
    """
    a, b, A, B = (np.broadcast_to(v, log_A.shape) for v in (a, b, A, B))
    swapped = A < B
    m = np.minimum(A, B)
    ratio = m / np.maximum(A, B)
    length = np.maximum(log_A, log_B)
    fall = a * log_A + b * log_B - length
    # In eta the integrand is (1 + ratio (e^eta - 1))^-p e^(-q eta); q lies between -1 and 0 where a or b is below 1.
    p, q = a, b - 1
    if swapped.any():
        p, q = np.where(swapped, b, a), np.where(swapped, a, b) - 1
    rising = np.flatnonzero(q < 0)
    fall[rising] -= 2 * q[rising] * length[rising]
    far = np.flatnonzero(fall > _FALL)
    if far.size:
        length[far], fall[far] = _cut(p[far], q[far], ratio[far], length[far])
    needed = 5.5 + np.sqrt(8 * fall + 4 * length**2) + 1.5 * np.maximum(length - 4, 0)
    out = np.empty(((1, 5, 15)[order], log_A.size))
    group = 2 * _rule_index(needed) + swapped
    by_group = np.argsort(group, kind="stable")
    start = 0
    for g, count in enumerate(np.bincount(group)):
        nodes, weights = _rule(int(_NODES[g // 2]))
        step, end = max(1, _CELLS // weights.size), start + int(count)
        for i in range(start, end, step):
            rows = by_group[i : min(i + step, end)]
            block = (p[rows], q[rows], ratio[rows], length[rows])
            out[:, rows] = _silence_block(nodes, weights, *block, swapped=bool(g % 2), moments=len(out))
        start = end
    with np.errstate(divide="ignore"):
        out[0] = np.log(out[0] * length * (m / B))
    return out


def _cut(p: Floats, q: Floats, ratio: Floats, length: Floats) -> tuple[Floats, Floats]:
    """Shorten intervals to where the integrand has fallen by exp(-38) at least, and by twice that power at most."""
    fall = _FALL + np.maximum(-q, 0) * length
    u = fall / p
    by_p = np.where(u > 30, u - np.log(ratio), np.log1p(np.expm1(np.minimum(u, 30)) / ratio))
    by_q = np.divide(fall, q, out=np.full_like(q, np.inf), where=q > 0)
    length = np.minimum(length, np.minimum(by_p, by_q))
    return length, p * np.log1p(ratio * np.expm1(length)) + np.abs(q) * length


def _rule_index(needed: Floats) -> NDArray[np.int8]:
    """Index of the smallest rule with the nodes needed; benchmarks/accuracy holds the bounds against references."""
    return np.asarray(_SIZE_OF[np.minimum(needed, _NODES[-1]).astype(np.intp)])


def _silence_block(
    nodes: Floats, weights: Floats, p: Floats, q: Floats, ratio: Floats, length: Floats, swapped: bool, moments: int
) -> Floats:
    """Integral on (0, 1) and moments of rows that share a rule and an orientation; work arrays are nodes x rows."""
    u = np.empty((4, weights.size, length.size))
    (log_m, share_m), (log_M, share_M) = (u[:2], u[2:]) if swapped else (u[2:], u[:2])
    np.multiply(nodes, length, out=log_m)
    np.expm1(log_m, out=share_m)
    np.multiply(share_m, ratio, out=share_M)
    np.log1p(share_M, out=log_M)
    density = log_M * -p
    density -= q * log_m
    np.exp(density, out=density)
    density *= weights[:, None]
    out = np.empty((moments, length.size))
    np.sum(density, axis=0, out=out[0])
    if moments == 1:
        return out
    share_m /= 1 + share_m
    share_M /= 1 + share_M
    np.einsum("nr,knr->kr", density, u, out=out[1:5])
    out[1:5] /= out[0]
    if moments == 5:
        return out
    u -= out[1:5, None]
    density /= out[0]
    k = 5
    for i in range(4):
        np.einsum("nr,knr->kr", density * u[i], u[i:], out=out[k : k + 4 - i])
        k += 4 - i
    return out


# ---- purchases of a new customer ------------------------------------------------------------------------------


def count_integrals(n: Floats, r: Floats, alpha: Floats, s: Floats, beta: Floats, t: Floats, scale: Floats) -> Floats:
    """Integrate h(tau) = (tau/(alpha+tau))^n (alpha/(alpha+tau))^r (beta/(beta+tau))^s d tau/(scale+tau) over (0, t].

    Parameters
    ----------
    n
        Counts, 0 or above: of shape (k, 1), ascending, for the same k counts in all rows; or (1, rows).
    r, alpha, s, beta, t
        Arrays of shape (rows,), above 0.
    scale
        alpha or beta.

    Returns
    -------
    Logarithm of the integrals, shape (k, rows). Neighbouring counts of a row share nodes and logarithms.
    """
    r, alpha, s, beta, scale = (np.broadcast_to(v, t.shape) for v in (r, alpha, s, beta, scale))
    out = np.empty((len(n), t.size))
    first = 0
    while first < len(n) and t.size:
        last = first + int(np.searchsorted(n[first:, 0], n[first, 0] + _SHARED, side="right"))
        counts, steps = np.broadcast_to(n[first], t.shape), np.diff(n[first:last, 0])
        for start in range(0, t.size, _ROWS):
            rows = slice(start, start + _ROWS)
            model = (r[rows], alpha[rows], s[rows], beta[rows])
            _count(counts[rows], steps, model, t[rows], scale[rows], out[first:last, rows])
        first = last
    return out


def log_path(tau: Floats, n: Floats, r: Floats, alpha: Floats, s: Floats, beta: Floats) -> Floats:
    """Return ln h(tau)."""
    log_h = xlogy(n, tau / (alpha + tau)) - r * np.log1p(tau / alpha) - s * np.log1p(tau / beta)
    return np.asarray(log_h, dtype=np.float64)


@dataclass(frozen=True)
class _Path:
    """h for rows of counts and parameters, relative to its largest value on (0, t], which is at `top`."""

    n: Floats
    r: Floats
    alpha: Floats
    s: Floats
    beta: Floats
    top: Floats

    @classmethod
    def until(cls, t: Floats, n: Floats, r: Floats, alpha: Floats, s: Floats, beta: Floats) -> _Path:
        """Find the top: the positive root of (r + s) tau^2 + (r beta + (s - n) alpha) tau = n alpha beta, or t."""
        half = (r * beta + (s - n) * alpha) / 2
        root = np.sqrt(half**2 + (r + s) * n * alpha * beta)
        peak = np.where(half > 0, n * alpha * beta / (np.maximum(half, 0) + root), (root - half) / (r + s))
        return cls(n, r, alpha, s, beta, np.minimum(peak, t))

    def __getitem__(self, rows: NDArray[np.intp]) -> _Path:
        return _Path(*(v[rows] for v in (self.n, self.r, self.alpha, self.s, self.beta, self.top)))

    def fall(self, tau: Floats) -> Floats:
        """Return ln h(top) - ln h(tau), from ratios that are near 1 where h is near its top."""
        beyond = tau - self.top
        fall = (self.n + self.r) * np.log1p(beyond / (self.alpha + self.top))
        fall += self.s * np.log1p(beyond / (self.beta + self.top))
        fall -= xlogy(self.n, tau / np.where(self.n > 0, self.top, 1))
        return fall

    def slope(self, tau: Floats) -> Floats:
        """Derivative of ln h with respect to ln tau."""
        return (self.n * self.alpha - self.r * tau) / (self.alpha + tau) - self.s * tau / (self.beta + tau)

    def lower_cut(self) -> Floats:
        """Find tau below the top where h has fallen by exp(-38) or somewhat more.

        The factors of r and s rise towards 0, by `gain` at most, so that the first tau below lies beyond the place.
        """
        gain = self.r * np.log1p(self.top / self.alpha) + self.s * np.log1p(self.top / self.beta)
        share = self.top / (self.alpha + self.top) * np.exp(-np.minimum((_FALL + gain) / self.n, 600))
        return self.come_closer(self.alpha * share / (1 - share))

    def come_closer(self, tau: Floats) -> Floats:
        """Move tau towards the top until h has fallen by 38 to 76 powers of e.

        ln h is concave in ln tau, so that from outside Newton's steps come closer and never pass the place.
        """
        for _ in range(_NEWTON_STEPS):
            fall = self.fall(tau)
            if np.all(fall < 2 * _FALL):
                break
            tau = tau * np.exp((fall - _FALL) / self.slope(tau))
        return tau


def _count(n: Floats, steps: Floats, model: tuple[Floats, ...], t: Floats, scale: Floats, out: Floats) -> None:
    """Fill `out` for counts n, n + steps[0], n + steps[0] + steps[1], ... on an interval that serves first and last."""
    r, alpha, s, beta = model
    path = _Path.until(t, n, r, alpha, s, beta)
    low, fall_below = np.zeros_like(t), 4 * np.minimum(n, _POLYNOMIAL)
    cut = np.flatnonzero(n > _POLYNOMIAL)
    if cut.size:
        low[cut] = path[cut].lower_cut()
        fall_below[cut] = path[cut].fall(low[cut])
    high, last = t.copy(), _Path.until(t, n + steps.sum(), r, alpha, s, beta)
    cut = np.flatnonzero(last.fall(t) > _FALL)
    if cut.size:
        high[cut] = last[cut].come_closer(t[cut])
    fall = fall_below + path.fall(high)
    log_high = np.log(high / (alpha + high))
    log_top = log_path(path.top, n, r, alpha, s, beta)
    m = np.minimum(alpha, beta)
    low = np.log1p(low / m)
    length = np.log1p(high / m) - low
    group = _rule_index(8 + 4 * np.sqrt(fall) + 4 * np.maximum(length - 2, 0) + steps.sum() / 2)
    for g in np.flatnonzero(np.bincount(group)):
        nodes, weights = _rule(int(_NODES[g]))
        members = np.flatnonzero(group == g)
        block = max(1, _CELLS // weights.size)
        for start in range(0, members.size, block):
            rows = members[start : start + block]
            tau = m[rows] * np.expm1(low[rows] + nodes * length[rows])
            density = np.exp(-path[rows].fall(tau))
            density *= (m[rows] + tau) / (scale[rows] + tau) * (weights[:, None] * length[rows])
            rise = tau / (alpha[rows] + tau) / np.exp(log_high[rows])  # of the integrand from one count to the next
            log_scale = log_top[rows]
            out[0, rows] = np.log(density.sum(axis=0)) + log_scale
            for k, step in enumerate(steps, start=1):
                density *= rise if step == 1 else rise**step
                log_scale = log_scale + step * log_high[rows]
                out[k, rows] = np.log(density.sum(axis=0)) + log_scale
