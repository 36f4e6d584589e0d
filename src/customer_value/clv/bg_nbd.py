"""BG/NBD: purchases at a gamma-distributed rate until a beta-geometric dropout (Fader, Hardie & Lee 2005).

Equation numbers are those of "'Counting Your Customers' the Easy Way: An Alternative to the Pareto/NBD Model",
Marketing Science 24(2), 275-284. Everything is arranged in logs so that nothing overflows however much a customer buys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

from customer_value.clv._base import PurchaseModel
from customer_value.clv._beta_dropout import mean_purchases
from customer_value.clv._special import (
    LARGEST_TABLE,
    Floats,
    beta_cdf_at_odds,
    distinct_whole,
    gamma_ratio,
    weighted_sums,
)

_CHUNK = 4096  # customers at a time: their derivatives stay in the cache
# Rows of derivatives: the log-likelihood, the gradient, the upper half of the Hessian. Here, where its elements stand.
_HESSIAN = np.array([[5, 6, 7, 8], [6, 9, 10, 11], [7, 10, 12, 13], [8, 11, 13, 14]])
_COUNTED = np.array([0, 1, 3, 4, 5, 12, 13, 14])  # rows with a part that depends on the count alone


class BGNBD(PurchaseModel):
    """BG/NBD model of a customer base without contracts.

    While active, a customer buys at a Poisson rate that is Gamma(r, alpha) over customers; after each repeat purchase
    he leaves for good with a probability that is Beta(a, b) over customers.

    Notes
    -----
    A customer can only leave after a repeat purchase, so whoever has not come back yet is alive with probability 1.
    Where one-time buyers matter, read `probability_active`, or use Pareto/NBD.

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284.

    Examples
    --------
    >>> from customer_value.clv import BGNBD
    >>> model = BGNBD.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, time_unit="week")
    >>> round(model.expected_purchases_new("52 weeks"), 3)
    1.446
    """

    _parameters: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    _columns: ClassVar[tuple[str, ...]] = ("frequency", "recency", "T")
    _nests: ClassVar[tuple[str, ...]] = ("NBD",)
    _dropout: ClassVar[tuple[str, ...]] = ("a", "b")

    @staticmethod
    def _starts(x: Floats, t_x: Floats, T: Floats, weights: Floats) -> list[tuple[float, ...]]:
        """Rate and its spread from the counts as if no one left; then other dropouts and other spreads."""

        def average(values: Floats) -> float:
            return float((weights * values).sum() / weights.sum())

        mean = average(x)
        rate = mean / average(T)
        # Negative binomial: Var(X) = E(X) + E(X)^2 / r; long and short observations average out well enough.
        excess = average((x - mean) ** 2) - mean
        r = min(max(mean**2 / excess, 0.1), 5.0) if excess > 0 else 5.0
        alpha = r / rate
        return [(r, 0.7 * alpha, 1.0, 2.5), (r, alpha, 0.5, 10.0), (1.0, 1 / rate, 1.0, 1.0)]

    @staticmethod
    def _log_likelihood(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Log of eq. (6): the history to the last purchase, then silence or having left."""
        r, alpha, _, _ = params
        (base, *_), (log_left, _) = _count_terms(params, x)
        log_silence = (r + x) * np.log1p((T - t_x) / (alpha + t_x))
        then = np.maximum(log_left, -log_silence) + np.log1p(np.exp(-np.abs(log_left + log_silence)))
        return np.asarray(base - (r + x) * np.log1p(t_x / alpha) + then)

    @staticmethod
    def _score(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats]:
        """Log-likelihood and its gradient per customer."""
        rows = _derivatives(params, x, t_x, T)
        return rows[0], rows[1:5]

    @staticmethod
    def _hessian(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Second derivatives of the log-likelihood per customer, shape (4, 4, n)."""
        return np.asarray(_derivatives(params, x, t_x, T)[_HESSIAN])

    @staticmethod
    def _objective(
        params: Sequence[float], x: Floats, t_x: Floats, T: Floats, weights: Floats
    ) -> tuple[float, Floats, Floats]:
        """Weighted totals of log-likelihood, gradient and Hessian; what depends on the count is summed by count."""
        counts, places = distinct_whole(x)
        terms, odds = _count_terms(params, counts)
        total = np.zeros(15)
        total[_COUNTED] = terms @ np.bincount(places, weights, counts.size)
        for start in range(0, x.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            rows = _timing_derivatives(params, x[part], t_x[part], T[part], odds.take(places[part], axis=1))
            total += weighted_sums(rows, weights[part])
        return float(total[0]), total[1:5], total[_HESSIAN]

    @staticmethod
    def _probability_alive(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> Floats:
        """1 / (1 + odds), with the odds a/(b+x-1) ((alpha+T)/(alpha+t_x))^(r+x) between the terms of eq. (6).

        Nobody can have left before a repeat purchase: 1 at x = 0.
        """
        r, alpha, a, b = params
        earlier = np.maximum(x - 1, 0)
        log_odds = np.log(a) - np.log(b + earlier) + (r + x) * np.log1p((T - t_x) / (alpha + t_x))
        return np.where(x > 0, special.expit(-log_odds), 1.0)

    @staticmethod
    def _if_alive(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> tuple[Any, ...]:
        """Conjugate updates: the rate has seen x purchases in T, the dropout coin was tossed x times."""
        r, alpha, a, b = params
        return (r + x, alpha + T, a, b + x)

    @staticmethod
    def _expected_purchases_new(params: Sequence[Any], t: Floats) -> Floats:
        """Eq. (9), without its singularity at a = 1."""
        r, alpha, a, b = params
        return mean_purchases(r, a, b, np.asarray(t) / alpha)

    @staticmethod
    def _pmf_new(params: Sequence[Any], n: Floats, t: Floats) -> Floats:
        """Eq. (8): n purchases and still active, or left after the n-th. No difference is taken.

        The bracket of eq. (8), one less a sum of negative binomial probabilities, is P(N(t) >= n) of the rate alone, an
        incomplete beta function.
        """
        r, alpha, a, b = params
        n = np.asarray(n, dtype=np.float64)
        some = np.maximum(n, 1)
        log_counts = special.gammaln(r + n) - special.gammaln(r) - special.gammaln(n + 1)
        counts = np.exp(log_counts - r * np.log1p(t / alpha) + special.xlogy(n, t / (alpha + t)))
        left = np.where(n > 0, a / (b + some - 1), 0.0)  # B(a+1, b+n-1) / B(a, b+n)
        return np.asarray(np.exp(_log_stayed(a, b, n)) * (counts + left * beta_cdf_at_odds(some, r, t / alpha)))

    @staticmethod
    def _sf_new(params: Sequence[Any], n: Floats, t: Floats) -> Floats:
        """P(X(t) > n): stayed after each of n purchases, and had the rate for one more in the time."""
        r, alpha, a, b = params
        n = np.asarray(n, dtype=np.float64)
        return np.asarray(np.exp(_log_stayed(a, b, n)) * beta_cdf_at_odds(n + 1, r, t / alpha))

    @staticmethod
    def _draw_purchases(
        params: Sequence[Any], duration: Floats, rng: np.random.Generator
    ) -> tuple[NDArray[np.intp], Floats]:
        """Draw repeat purchase times in (0, duration], by customer and time.

        Of N potential purchases, which lie uniformly in time, a customer makes those up to the one he leaves after.
        The first m of N uniform order statistics are partial sums of exponentials over their grand total.
        """
        r, alpha, a, b = (np.broadcast_to(p, duration.shape) for p in params)
        potential = rng.poisson(rng.standard_gamma(r) / alpha * duration)
        p = rng.beta(a, b)
        with np.errstate(divide="ignore"):  # p = 0: he never leaves
            last = 1 + np.floor(rng.standard_exponential(duration.size) / -np.log1p(-p))
        made = np.minimum(potential, last).astype(np.intp)
        customer = np.repeat(np.arange(duration.size), made)
        sums = np.cumsum(rng.standard_exponential(customer.size))
        ends = np.cumsum(made)
        before = np.concatenate([[0.0], sums])[ends - made]
        through = np.concatenate([[0.0], sums])[ends] - before
        beyond = rng.standard_gamma(potential - made + 1.0)
        return customer, (sums - before[customer]) / (through + beyond)[customer] * duration[customer]


def _log_stayed(a: Any, b: Any, n: Any) -> Floats:
    """Log probability of staying after each of n purchases, B(a, b+n) / B(a, b)."""
    together = special.gammaln(a + b + n) - special.gammaln(a + b)
    return np.asarray(special.gammaln(b + n) - special.gammaln(b) - together)


def _count_terms(params: Sequence[Any], x: Floats) -> tuple[Floats, Floats]:
    """Return what depends on the count alone: eight rows of the history, two of the odds of having left.

    The history's are ln [Gamma(r+x)/Gamma(r) B(a,b+x)/B(a,b) alpha^-x] and its derivatives by r, a, b, rr, aa, ab, bb;
    the odds' are ln [a/(b+x-1)] and 1/(b+x-1), or -inf and 0 where no purchase could be the last.
    """
    r, alpha, a, b = params
    if all(np.ndim(p) == 0 for p in params) and x.size and x.max() <= LARGEST_TABLE:
        tables = _count_tables(r, alpha, a, b, int(x.max())).take(x.astype(np.intp), axis=1)
        return tables[:8], tables[8:]
    of_r, of_b, of_ab = gamma_ratio(r, x), gamma_ratio(b, x), gamma_ratio(a + b, x)
    base = of_r[0] + of_b[0] - of_ab[0] - x * np.log(alpha)
    first = of_r[1], -of_ab[1], of_b[1] - of_ab[1]
    second = of_r[2], -of_ab[2], -of_ab[2], of_b[2] - of_ab[2]
    left = 1 / np.where(x > 0, b + x - 1, np.inf)
    with np.errstate(divide="ignore"):
        odds = np.log(a * left), left
    return np.stack(np.broadcast_arrays(base, *first, *second)), np.stack(np.broadcast_arrays(*odds))


def _count_tables(r: float, alpha: float, a: float, b: float, largest: int) -> Floats:
    """Rows of `_count_terms` for counts 0, 1, ..., largest: logs of running products, so running sums."""
    i = np.arange(largest, dtype=np.float64)
    per_r, per_b, per_ab = 1 / (r + i), 1 / (b + i), 1 / (a + b + i)
    tables = np.zeros((10, largest + 1))
    steps = tables[:, 1:]
    steps[0] = np.log((r + i) / alpha) - np.log1p(a * per_b)
    steps[1], steps[2], steps[3] = per_r, -per_ab, a * per_b * per_ab
    steps[4], steps[5], steps[6], steps[7] = -(per_r**2), per_ab**2, per_ab**2, -steps[3] * (per_b + per_ab)
    np.cumsum(steps[:8], axis=1, out=steps[:8])
    tables[8, 0] = -np.inf
    steps[8], steps[9] = np.log(a * per_b), per_b
    return tables


def _derivatives(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Log of eq. (6) and its derivatives per customer, in the order of `_HESSIAN`."""
    terms, odds = _count_terms(params, x)
    rows = _timing_derivatives(params, x, t_x, T, odds)
    rows[_COUNTED] += terms
    return rows


def _timing_derivatives(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats, odds: Floats) -> Floats:
    """Log of eq. (6) without the terms of the count alone, and its derivatives.

    Up to the last purchase the history is the same whether he left then or not. After it come silence (log S, S the
    factor ((alpha+t_x)/(alpha+T))^(r+x)) or the odds of having left; with D their log odds, g = 1 / (1 + e^-D) is the
    probability that he has left. Derivatives are averages over both cases, plus g (1-g) D' D'^T.
    """
    r, alpha, a, _ = params
    log_left, left = odds
    per_alpha, per_a = 1 / alpha, 1 / a
    bought = r + x
    per_T, per_t = 1 / (alpha + T), 1 / (alpha + t_x)
    silence = (T - t_x) * per_t
    log_t, log_silence = np.log1p(t_x * per_alpha), np.log1p(silence)
    share = t_x * per_t * per_alpha  # 1/alpha - 1/(alpha+t_x)
    gap = silence * per_T  # 1/(alpha+t_x) - 1/(alpha+T)
    quiet = bought * log_silence
    log_odds = log_left + quiet
    falling = np.exp(-np.abs(log_odds))
    likelier = 1 / (1 + falling)
    unlikelier = falling * likelier
    gone = np.where(log_odds > 0, likelier, unlikelier)
    there = np.where(log_odds > 0, unlikelier, likelier)
    unsure = likelier * unlikelier
    slope = bought * gap  # -dD/dalpha
    unsure_silence, unsure_slope, unsure_left = unsure * log_silence, unsure * slope, unsure * left
    gone_left, there_slope = gone * left, there * slope

    rows = np.empty((15, *gone.shape))
    rows[0] = np.maximum(log_left, -quiet) + np.log1p(falling) - bought * log_t
    rows[1] = -log_t - there * log_silence
    rows[2] = r * share - x * per_t + there_slope
    rows[3] = gone * per_a
    rows[4] = -gone_left
    rows[5] = unsure_silence * log_silence
    rows[6] = share + there * gap - unsure_silence * slope
    rows[7] = unsure_silence * per_a
    rows[8] = -unsure_silence * left
    rows[9] = x * per_t**2 - r * share * (per_t + per_alpha) - there_slope * (per_T + per_t) + unsure_slope * slope
    rows[10] = -unsure_slope * per_a
    rows[11] = unsure_slope * left
    rows[12] = -(rows[3] ** 2)
    rows[13] = -unsure_left * per_a
    rows[14] = (gone_left + unsure_left) * left
    return rows
