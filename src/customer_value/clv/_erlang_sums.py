"""Expected purchases and survival of a living customer who buys at every k-th event and may leave at each purchase.

His state is that of a gamma-distributed rate (R, B), of a beta-distributed chance to leave (a, b), and of the time e
since his last purchase, within which fewer than k events came. With J events before now and N in the next t, he comes
to M = floor((J + N) / k) purchases unless he leaves before: he makes C(M) of them on average, and is alive at the end
with chance S(M),

    S(m) = B(a, b+m) / B(a, b),    C(m) = S(0) + ... + S(m-1).

(J, N) is negative multinomial, J cut off at k: P(J=j, N=n) is proportional to (R)_{j+n} / (j! n!) y^j u^n with
y = e/(B+t), u = t/(B+t). Where few events can come, E[C(M)] and E[S(M)] are sums over J + N. Where many can, the chance
p to leave is kept fixed first: E[(1-p)^M] is a sum over the k-th roots of 1 - p, and one integral over p is left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from customer_value.clv._special import Floats, beta_cdf_at_odds, stirling_error

_MOST_EVENTS = 2000  # up to here the sum over events is quicker than the integral
_MOST_GROWTH = 400.0  # log of the largest ratio of the sum to its first term
_BLOCK = 2048  # rows at a time: their sums stay in the cache
_STRIDE = 8  # terms between two looks at the remainder
_REMAINDER = 1e-16

_QUADRATURE_BLOCK = 64
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(14)
_PANEL, _SPREADS = 2.0, 2.5  # longest panel: in log odds, and in standard deviations of the beta density
_CUT = 40.0  # the integrand is left out where it has fallen by exp(-40)
_SEARCH = np.linspace(0, 1, 25)
_END = 1e-6  # relative change of the integrand over an end piece that is integrated in closed form
_FEW = 0.02  # below this chance to stay, E[(1-p)^M] is a short power series
_FEW_TERMS = 10
_SPREAD_OUT = 100.0  # rates of so large an R leave no chance of few events where many can come


def phase_weights(k: int, R: Floats, share: Floats) -> Floats:
    """P(J = j), j = 0 ... k-1, of a living customer: (R)_j / j! share^j up to a factor, share = e/B. Shape (k, ...)."""
    steps = [np.ones(np.broadcast_shapes(np.shape(R), np.shape(share)))]
    for j in range(1, k):
        steps.append(steps[-1] * (share * (R + j - 1) / j))
    weights = np.stack(steps)
    return np.asarray(weights / weights.sum(axis=0))


def mean_purchases(k: int, state: tuple[ArrayLike, ...], t: ArrayLike) -> Floats:
    """Return E[C(M)] of the state (R, B, a, b, e) and a time t; numbers or arrays that broadcast."""
    return _evaluate(k, state, t, survival=False)


def survival(k: int, state: tuple[ArrayLike, ...], t: ArrayLike) -> Floats:
    """Return E[S(M)] of the state (R, B, a, b, e) and a time t; numbers or arrays that broadcast."""
    return _evaluate(k, state, t, survival=True)


def _evaluate(k: int, state: tuple[ArrayLike, ...], t: ArrayLike, *, survival: bool) -> Floats:
    arrays = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (*state, t)))
    shape = arrays[0].shape
    R, B, a, b, e, t = (v.ravel() for v in arrays)
    result = np.ones(t.size) if survival else np.zeros(t.size)
    events = events_at_most(k, R, t / B)
    order = np.argsort(events)
    order = order[t[order] > 0]
    few = (events[order] <= _MOST_EVENTS) & ((R + k)[order] * np.log1p((t / B)[order]) < _MOST_GROWTH)
    for rows, size, function in ((order[few], _BLOCK, _by_events), (order[~few], _QUADRATURE_BLOCK, _by_roots)):
        for start in range(0, rows.size, size):
            part = rows[start : start + size]
            result[part] = function(k, *(v[part] for v in (R, B, a, b, e, t)), survival=survival)
    return result.reshape(shape)


def events_at_most(k: int, R: Floats, z: Floats) -> Floats:
    """Return how many events hardly any customer passes within a time of z = t/B: a rough guide to sums' lengths."""
    mean = (R + k) * z
    with np.errstate(divide="ignore"):
        return np.asarray(mean + 8 * np.sqrt(mean * (1 + z)) + 36 / np.log1p(1 / z))


def event_weights(k: int, R: Floats, B: Floats, e: Floats, t: Floats) -> Callable[[int], Floats]:
    """Return a function that gives P(J + N = s), up to a factor, for s = 0, 1, 2, ... in turn."""
    u, y = t / (B + t), e / (B + t)
    by_phase = np.zeros((k, *np.shape(u)))
    by_phase[0] = 1.0
    work = np.empty_like(by_phase)

    def weights(s: int) -> Floats:
        nonlocal by_phase, work
        if s > 0:
            np.multiply(by_phase, u, out=work)
            work[1:] += y * by_phase[:-1]
            work *= (R + (s - 1)) / s
            by_phase, work = work, by_phase
        return np.asarray(by_phase.sum(axis=0))

    return weights


def _by_events(k: int, R: Floats, B: Floats, a: Floats, b: Floats, e: Floats, t: Floats, *, survival: bool) -> Floats:
    """Sum over the number of events; all terms are positive, and the probabilities' own sum normalises."""
    u = t / (B + t)
    weights = event_weights(k, R, B, e, t)
    total, mean = np.zeros_like(u), np.zeros_like(u)
    stayed, made = np.ones_like(u), np.zeros_like(u)
    s = 0
    while True:
        weight = weights(s)
        total += weight
        mean += weight * (stayed if survival else made)
        if s % _STRIDE == 0 and s >= k:
            # From here on a phase's terms fall at least by this ratio at each step, and C(M) rises by 1 in k steps.
            ratio = u * (R + s) / (s - k + 2)
            falling = ratio < 1
            fall = np.where(falling, 1 - ratio, 1.0)
            left = weight * ratio / fall
            left_of_mean = left * (stayed if survival else made + 1 / fall)
            if np.all(falling & (left <= _REMAINDER * total) & (left_of_mean <= _REMAINDER * mean)):
                return np.asarray(mean / total)
        s += 1
        if s % k == 0:
            m = s // k
            made += stayed
            stayed *= (b + m - 1) / (a + b + m - 1)


def _by_roots(k: int, R: Floats, B: Floats, a: Floats, b: Floats, e: Floats, t: Floats, *, survival: bool) -> Floats:
    """Gauss-Legendre rule in the log odds of p, where the integrand matters.

    Log odds are measured from ln(a/b), the peak of the beta density over them: with d the distance, p0 = a/(a+b) and
    q0 = b/(a+b), ln(p/p0) = -ln(1 + q0 (exp(-d) - 1)) and ln(q/q0) = -ln(1 + p0 (exp(d) - 1)).
    """
    given = _GivenDropout(k, R, B, a, b, e, t, survival)
    R, a, b, z = R[:, None], a[:, None], b[:, None], (t / B)[:, None]
    p0, q0 = a / (a + b), b / (a + b)

    def log_odds(d: Floats) -> tuple[Floats, Floats, Floats]:
        to_p, to_q = np.log1p(q0 * np.expm1(-d)), np.log1p(p0 * np.expm1(d))
        log_p = np.log(p0) - to_p
        log_q = np.where(log_p < -1, np.log1p(-np.exp(np.minimum(log_p, -1))), np.log(q0) - to_q)
        return log_p, log_q, -a * to_p - b * to_q

    def still(log_q: Floats) -> Floats:
        """Log of the survival's largest factor; it is divided out, for it may be below all floats."""
        return np.asarray(-R * np.log1p(-np.expm1(log_q / k) * z) if survival else 0.0)

    def roughly(d: Floats) -> Floats:
        """Log of the integrand but for a bounded factor."""
        log_p, log_q, log_density = log_odds(d)
        bound = still(log_q) if survival else -np.log(np.exp(log_p) + 1 / (1 + R * z / k))
        return np.asarray(log_density + bound)

    def integrand(d: Floats, top: Floats) -> Floats:
        log_p, log_q, log_density = log_odds(d)
        with np.errstate(under="ignore"):
            return np.asarray(np.exp(log_density + still(log_q) - top) * given(log_p, log_q))

    near, far = _END / (1 + a + b + (R + k) * z), _END / (2 + a + b)
    low = np.log(near) - np.log(a) + np.log(b)
    high = np.maximum(-np.log(far) - np.log(a) + np.log(b), low)
    left, right, top = low, high, roughly(low)
    for _ in range(3):  # each time the stretch is told to a 24th of the one before
        grid = left + (right - left) * _SEARCH
        height = roughly(grid)
        top = np.maximum(top, height.max(axis=1, keepdims=True))
        matters = height > top - _CUT
        first, last = matters.argmax(axis=1), _SEARCH.size - 1 - matters[:, ::-1].argmax(axis=1)
        left, right = (
            np.take_along_axis(grid, np.maximum(first - 1, 0)[:, None], axis=1),
            np.take_along_axis(grid, np.minimum(last + 1, _SEARCH.size - 1)[:, None], axis=1),
        )
    longest = np.minimum(_PANEL, _SPREADS * np.sqrt(1 / a + 1 / b))
    panels = int(np.ceil(((right - left) / longest).max()))
    unit = ((np.arange(panels)[:, None] + (_NODES + 1) / 2) / panels).ravel()
    values = integrand(left + (right - left) * unit, top)
    total = (right - left) * (values @ np.tile(_WEIGHTS / 2 / panels, panels))[:, None]
    # Beyond its ends the integrand is a power of p, or of 1-p, times exp(-c p), or exp(-c (1-p)), for a small exponent.
    for end, kept, power, outward in ((low, left, a, -1), (high, right, b, 1)):
        at_end, further = integrand(end, top), integrand(end + outward * np.log(2), top)
        reached = (np.abs(kept - end) < _END) & (further > 0)
        bend = 2 * (np.log(np.where(reached, further, 1)) - np.log(np.where(reached, at_end, 1)) + power * np.log(2))
        total += np.where(reached, at_end / power * (1 + bend / (power + 1)), 0.0)
    # Of the density at its peak, a^a b^b / ((a+b)^(a+b) B(a, b)), only what Stirling's formula leaves.
    rest = stirling_error(a) + stirling_error(b) - stirling_error(a + b) + np.log(2 * np.pi * (a + b) / (a * b)) / 2
    return np.asarray(np.exp(top + np.log(total) - rest)[:, 0])


class _GivenDropout:
    """E[(1 - q^M) / p], or E[q^M] over (1 + z (1 - q^(1/k)))^-R, of each row (q = 1 - p), at any number of points p.

    E[q^M] is the sum over the k-th roots zeta of q of w E[zeta^(J+N)], w = p zeta / (k q (1 - zeta)), since the
    weighted powers zeta^s add up to q^floor(s/k); and E[zeta^(J+N)] = X Y with X = (1 + z (1 - zeta))^-R, z = t/B, and
    Y the mean of tau^J, tau = zeta / (1 + z (1 - zeta)). The weights add up to 1, so that 1 - E[q^M] is the same sum of
    1 - X Y, and no digits are lost where few purchases come. Near q = 0 the weights grow and cancel; there a power
    series in q stands.
    """

    def __init__(
        self, k: int, R: Floats, B: Floats, a: Floats, b: Floats, e: Floats, t: Floats, survival: bool
    ) -> None:
        self.k, self.survival, self.state = k, survival, (R, B, e, t)
        self.R, self.z = R[:, None], (t / B)[:, None]
        self.phases = phase_weights(k, R, e / B)[:, :, None]
        self.later = self.phases[::-1].cumsum(axis=0)[::-1][1:]  # P(J > i)

    def __call__(self, log_p: Floats, log_q: Floats) -> Floats:
        few = log_q < np.log(_FEW)
        if self.survival:  # the power series is short only if q^M is concentrated on few purchases
            tilted = np.exp(log_q / self.k) * self.z / (1 + self.z)
            few &= (self.R < _SPREAD_OUT) & (self.R * tilted < (1 - tilted) * self.k / 2)
        given = self._over_roots(log_p, np.where(few, np.log(_FEW), log_q))
        rows = np.flatnonzero(few.any(axis=1))
        if rows.size:
            powers, q = np.zeros((rows.size, log_q.shape[1])), np.exp(log_q[rows])
            for coefficient in self._series(rows)[::-1]:
                powers = powers * q + coefficient
            if self.survival:
                lost = -np.expm1(log_q[rows] / self.k)
                powers *= np.exp(self.R[rows] * (np.log1p(self.z[rows] * lost) - np.log1p(self.z[rows])))
            given[rows] = np.where(few[rows], powers, given[rows])
        return given

    def _series(self, rows: NDArray[np.intp]) -> Floats:
        """Coefficients of q^0, q^1, ...: P(M >= m) from m = 1 on, or P(M = m) from m = 0 on. Shape (terms, rows, 1)."""
        k, z, R = self.k, self.z[rows], self.R[rows]
        if not self.survival:
            return np.stack([reach(k, self.phases[:, rows], R, z, m + 1) for m in range(_FEW_TERMS)])
        weights = event_weights(k, *(v[rows] for v in self.state))
        by_events = np.stack([weights(s) for s in range(k * _FEW_TERMS)])
        # Of all weights the sum is (1 + z)^R over P(J = 0); the power of 1 + z is left to the caller.
        return np.asarray(by_events.reshape(_FEW_TERMS, k, -1).sum(axis=1)[:, :, None] * self.phases[0, rows])

    def _over_roots(self, log_p: Floats, log_q: Floats) -> Floats:
        k, z = self.k, self.z
        rho, total, largest = np.exp(log_q / k), np.zeros_like(log_q), np.zeros_like(log_q)
        for root in range(k // 2 + 1):
            angle = 2 * np.pi * root / k
            zeta: Floats = rho * np.cos(angle)
            lost: Floats = -np.expm1(log_q / k) + rho * 2 * np.sin(angle / 2) ** 2  # 1 - zeta
            pair = 1 if 2 * root in (0, k) else 2  # a root and its conjugate
            if pair == 2:
                zeta, lost = zeta + 1j * rho * np.sin(angle), lost - 1j * rho * np.sin(angle)
            fall = -self.R * np.log1p(z * lost)
            tau, tau_lost = zeta / (1 + z * lost), (1 + z) * lost / (1 + z * lost)
            weight = pair * zeta / (k * lost)
            if self.survival:
                by_phase = np.zeros_like(tau)
                for phase in self.phases[::-1]:
                    by_phase = by_phase * tau + phase
                if root == 0:
                    largest = fall.real
                total += (weight * np.exp(fall - largest) * by_phase).real
            else:
                missing = np.zeros_like(tau)
                for later in self.later[::-1]:
                    missing = missing * tau + later
                total += (weight * (np.exp(fall) * tau_lost * missing - np.expm1(fall))).real
        return np.asarray(total * np.exp(log_p - log_q) if self.survival else total * np.exp(-log_q))


def reach(k: int, phases: Floats, R: Any, z: Any, m: Any) -> Floats:
    """Return P(M >= m), m above 0: from phase j it takes km - j events more. `phases` has the shape (k, ...)."""
    total = np.zeros(np.broadcast_shapes(np.shape(R), np.shape(z), np.shape(m)))
    for j in range(k):
        total = total + phases[j] * beta_cdf_at_odds(k * m - j, R + j, z)
    return total
