"""All the purchases to come of a customer who buys at every k-th event, each discounted at its own time.

Given the rate lambda of events, each one brings a discount factor g = lambda / (lambda + delta) in the mean. From phase
j the first purchase is k - j events away and the others k each; the m-th after it comes if he stayed m times, with
chance S(m) = B(a, b+m) / B(a, b). So

    D = E[ g^(k-J) H(g^k) ],    H(f) = S(0) + f S(1) + f^2 S(2) + ...,

over the rates and phases of the living, whose joint density is proportional to lambda^(R-1) exp(-B lambda)
(e lambda)^j / j!. The trapezoidal rule in ln lambda takes the mean: the integrand is analytic within |Im| < pi/2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import special

from customer_value.clv._beta_geometric import discounted_opportunities
from customer_value.clv._special import Floats

# The rule's step h: its error is the density's Fourier transform at w = 2 pi / h, |Gamma(R + i w)| / Gamma(R).
_STEP, _STEP_IN_SPREADS = 0.2, 0.5
_CUT = 40.0  # the integrand is left out where it has fallen by exp(-40)
_TAIL = 1e-17
_NOTHING = 500.0  # a discount of exp(-500) per purchase leaves nothing of it
_LARGE = 30.0  # from here on the density is normalised by its own sum, below it by the gamma function
_BLOCK = 512  # rows at a time


def discounted_forever(k: int, state: Sequence[Any], delta: float) -> Floats:
    """Return D of the state (R, B, a, b, e), numbers or arrays that broadcast; delta is above 0, per time unit."""
    R, B, a, b, e = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in state))
    shape = R.shape
    # Customers who bought equally often share R, a and b, and with them the nodes and H at each node.
    shared, inverse = np.unique(np.stack([v.ravel() for v in (R, a, b)]), axis=1, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    ends = np.cumsum(np.bincount(inverse.ravel()))
    rates, elapsed, total = B.ravel(), e.ravel(), np.empty(R.size)
    for (R_, a_, b_), end, size in zip(shared.T.tolist(), ends, np.diff(ends, prepend=0), strict=True):
        rows = order[end - size : end]
        y, step = _nodes(k, R_, rates[rows], delta)
        rate = np.exp(y)
        to_come = 1 + discounted_opportunities(a_, b_, np.inf, np.minimum(k * np.log1p(delta / rate), _NOTHING))
        for start in range(0, rows.size, _BLOCK):
            part = rows[start : start + _BLOCK]
            total[part] = _mean(k, R_, rates[part, None], elapsed[part, None], y, step, to_come, delta)
    return total.reshape(shape)


def _nodes(k: int, R: float, B: Floats, delta: float) -> tuple[Floats, float]:
    """Nodes in ln lambda for all these rows, and their distance."""
    step = min(_STEP, _STEP_IN_SPREADS / np.sqrt(R + k))
    slowest, fastest = special.gammaincinv(R, _TAIL) / B.max(), special.gammainccinv(R + k, _TAIL) / B.min()
    # Much below delta the integrand falls with g.
    low = max(np.log(slowest) if slowest > 0 else -np.inf, min(np.log(delta), np.log(R / B.max())) - _CUT)
    return np.arange(low, np.log(fastest) + step, step), float(step)


def _mean(k: int, R: float, B: Floats, e: Floats, y: Floats, step: float, to_come: Floats, delta: float) -> Floats:
    """Mean of g^(k-J) H over the rates and phases."""
    rate = np.exp(y)
    g, events = rate / (rate + delta), e * rate
    phase, phases, ahead = np.ones_like(events), np.zeros_like(events), np.zeros_like(events)
    for j in range(k):
        phases += phase
        ahead += phase * g ** (k - j)
        phase = phase * events / (j + 1)
    log_density = R * np.log(B * rate) - B * rate
    if R >= _LARGE:
        density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
        return np.asarray((density * ahead) @ to_come / (density * phases).sum(axis=1))
    share = (e / B)[:, 0]
    term, normal = np.ones_like(share), np.ones_like(share)
    for j in range(1, k):
        term = term * (share * (R + j - 1) / j)
        normal = normal + term
    return np.asarray(step * (np.exp(log_density - special.gammaln(R)) * ahead) @ to_come / normal)
