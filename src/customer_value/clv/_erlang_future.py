"""What a living customer does who buys at every k-th event of a Poisson process and may leave at each purchase.

His state is (R, B, a, b, e): the rate of events is Gamma(R + j, B) given that j of the k events up to his next purchase
have come in the time e since his last one (with the weights of `phase_weights`), and he leaves after a purchase with a
chance that is Beta(a, b). A new customer has e = 0, hence j = 0. Nothing is approximated by a rescaled rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from customer_value.clv import _beta_dropout, _erlang_sums
from customer_value.clv._beta_survival import log_beta_ratio
from customer_value.clv._erlang_sums import events_at_most, phase_weights, reach
from customer_value.clv._special import Floats, beta_cdf_at_odds, stirling_error

_CELLS = 100_000  # of a table of event counts, rows and purchase counts: it stays in the cache
_SPREADS = 9  # standard deviations below the mean of an event count, past which nothing is left


class ErlangFuture:
    """The functions of a new customer, of customers in the middle of a purchase cycle of k events."""

    def __init__(self, k: int) -> None:
        self.k = k

    def _expected_purchases_new(self, state: Sequence[Any], t: Floats) -> Floats:
        """Mean purchases in (0, t]: P(at least m potential purchases) P(stayed after m - 1), summed over m."""
        R, B, a, b, _ = state
        if self.k == 1:
            return _beta_dropout.mean_purchases(R, a, b, np.asarray(t) / B)
        return _erlang_sums.mean_purchases(self.k, tuple(state), t)

    def _survival_new(self, state: Sequence[Any], t: Floats) -> Floats:
        """P(still alive at t)."""
        R, B, a, b, _ = state
        if self.k == 1:
            return _beta_dropout.survival(R, a, b, np.asarray(t) / B)
        return _erlang_sums.survival(self.k, tuple(state), t)

    def _pmf_new(self, state: Sequence[Any], n: Floats, t: Floats) -> Floats:
        """The chance of n potential purchases and staying after all, or n or more and leaving after the n-th."""
        R, B, a, b, e = state
        n, z, phases = np.asarray(n, dtype=np.float64), np.asarray(t) / B, phase_weights(self.k, R, e / B)
        some = np.maximum(n, 1)
        left = np.where(n > 0, a / (b + some - 1) * reach(self.k, phases, R, z, some), 0.0)
        return np.asarray(np.exp(log_beta_ratio(a, b, n)) * (exactly(self.k, phases, R, z, n) + left))

    def _pmf_alive_new(self, state: Sequence[Any], n: Floats, t: Floats) -> Floats:
        """The chance of n potential purchases, and of staying after all of them."""
        R, B, a, b, e = state
        n, phases = np.asarray(n, dtype=np.float64), phase_weights(self.k, R, e / B)
        return np.asarray(np.exp(log_beta_ratio(a, b, n)) * exactly(self.k, phases, R, np.asarray(t) / B, n))

    def _sf_new(self, state: Sequence[Any], n: Floats, t: Floats) -> Floats:
        """P(X(t) > n): stayed after each of n purchases, and the time was enough for one more."""
        R, B, a, b, e = state
        n, phases = np.asarray(n, dtype=np.float64), phase_weights(self.k, R, e / B)
        return np.asarray(np.exp(log_beta_ratio(a, b, n)) * reach(self.k, phases, R, np.asarray(t) / B, n + 1))

    def _interval_pmf_new(self, state: Sequence[Any], n: Floats, start: float, t: float) -> Floats:
        """P(X(start, start + t] = n), summed over the number s of events until the start.

        It tells the purchases before, s // k, the phase at the start, s mod k, and the rate, Gamma(R + s, B + start).
        """
        n, known = np.asarray(n, dtype=np.float64), np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in state))
        shape = np.broadcast_shapes(known[0].shape, n.shape)
        if n.ndim <= 1 and known[0].shape[-1:] in ((), (1,)):  # all rows share their counts
            rows, counts = tuple(v.reshape(-1, 1) for v in known), n.reshape(1, -1)
        else:
            rows = tuple(np.broadcast_to(v, shape).reshape(-1, 1) for v in known)
            counts = np.broadcast_to(n, shape).reshape(-1, 1)
        pmf = np.empty(np.broadcast_shapes(rows[0].shape, counts.shape))
        last = events_at_most(self.k, rows[0], start / rows[1])[:, 0]
        size = np.floor(np.log2(last + 1))
        for similar in np.unique(size):
            which = np.flatnonzero(size == similar)
            step = max(1, int(_CELLS // (counts.shape[1] * self.k)))
            for begin in range(0, which.size, step):
                these = which[begin : begin + step]
                n_here = counts if counts.shape[0] == 1 else counts[these]
                pmf[these] = self._after(tuple(v[these] for v in rows), n_here, start, t, int(last[these].max()))
        gone = 1 - self._survival_new(rows, np.asarray(start))
        return np.asarray(pmf + np.where(counts == 0, gone, 0.0)).reshape(shape)

    def _after(self, state: tuple[Floats, ...], n: Floats, start: float, t: float, last: int) -> Floats:
        """P(alive at the start, n purchases after it); states in rows, counts in columns."""
        k, (R, B, a, b, e) = self.k, state
        phases, z, later = phase_weights(k, R, e / B), start / B, t / (B + start)
        total = np.zeros(np.broadcast_shapes(R.shape, n.shape))
        first = max(int(np.min(R * z - _SPREADS * np.sqrt(R * z * (1 + z)))), 0)
        step = max(1, int(_CELLS // total.size))
        for begin in range(first, last + k + 1, step):
            s = np.arange(begin, min(begin + step, last + k + 1), dtype=np.float64)[:, None, None]
            before, phase = np.divmod(s, k)
            seen = events_pmf(k, phases[:, None], R, z, s)
            more = _whole_cycles(k, phase, R + s, later, n)
            left = a / (b + before + np.maximum(n, 1) - 1) * beta_cdf_at_odds(_positive(k * n - phase), R + s, later)
            more = more + np.where(n > 0, left, 0.0)
            total += (seen * np.exp(log_beta_ratio(a, b, before + n)) * more).sum(axis=0)
        return total


def _positive(count: Floats) -> Floats:
    """Counts, with 1 in the place of those that are not asked for."""
    return np.asarray(np.where(count > 0, count, 1.0))


def _whole_cycles(k: int, phase: Floats, R: Floats, z: Floats, n: Floats) -> Floats:
    """P(n purchases) by events of rate Gamma(R, .) from a known phase: kn - phase events, or up to k - 1 more."""
    count = _positive(k * n - phase)
    term = negative_binomial(count, R, z)
    some = term
    for _ in range(k - 1):
        term = term * ((R + count) / (count + 1) * (z / (1 + z)))
        count = count + 1
        some = some + term
    return np.asarray(np.where(n > 0, some, beta_cdf_at_odds(R, k - phase, 1 / z)))


def exactly(k: int, phases: Floats, R: Floats, z: Floats, n: Floats) -> Floats:
    """P(M = n): J + N is one of kn, ..., kn + k - 1."""
    none = np.zeros(np.broadcast_shapes(np.shape(R), np.shape(z), np.shape(n)))
    with np.errstate(divide="ignore"):
        back = 1 / np.asarray(z)
    for j in range(k):
        none = none + phases[j] * np.where(np.isinf(back), 1.0, beta_cdf_at_odds(R + j, k - j, np.minimum(back, 1e300)))
    some = np.maximum(n, 1)
    block = np.zeros_like(none)
    if np.any(np.asarray(n) > 0):
        for i in range(k):
            block = block + events_pmf(k, phases, R, z, k * some + i)
    return np.asarray(np.where(np.asarray(n) > 0, block, none))


def events_pmf(k: int, phases: Floats, R: Floats, z: Floats, s: Any) -> Floats:
    """P(J + N = s). Given J = j, N is negative binomial with R + j.

    Where no s is below k - 1, the next lower j multiplies its probability by (R + j) z / (s - j).
    """
    if np.min(s) < k - 1:
        terms = (phases[j] * np.where(s >= j, negative_binomial(np.maximum(s - j, 0), R + j, z), 0.0) for j in range(k))
        return np.asarray(sum(terms))
    term = negative_binomial(s - (k - 1), R + (k - 1), z)
    total = phases[k - 1] * term
    for j in range(k - 2, -1, -1):
        term = term * ((R + j) * z / (s - j))
        total = total + phases[j] * term
    return np.asarray(total)


def negative_binomial(n: Any, R: Any, z: Any) -> Floats:
    """P(N = n) = (R)_n / n! u^n (1 - u)^R, u = z / (1 + z), in Loader's arrangement.

    ln P = D + half a log + what Stirling's formula leaves, where D = -n ln(n / (mu (R+n))) - R ln(R / ((1-u) (R+n)))
    vanishes at the mode with its slope: no large numbers are subtracted (Loader 2000, "Fast and Accurate Computation of
    Binomial Probabilities").
    """
    some = np.maximum(n, 1)
    tries, z = R + some, np.asarray(z, dtype=np.float64)
    with np.errstate(divide="ignore", over="ignore"):
        excess = (some - R * z) / tries  # (n - (R+n) u) (1+z) / (R+n)
        deviance = some * np.log1p(excess / z) + R * np.log1p(-excess)
    rest = stirling_error(tries) - stirling_error(R) - stirling_error(some) - np.log(tries * some / R) / 2
    log_pmf = np.where(z > 0, rest - np.log(2 * np.pi) / 2 - deviance, -np.inf)
    return np.asarray(np.exp(np.where(np.asarray(n) > 0, log_pmf, -R * np.log1p(z))))
