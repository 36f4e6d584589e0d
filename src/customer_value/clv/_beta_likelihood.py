"""The likelihood of purchases at a gamma-distributed rate until a beta-geometric dropout: BG/NBD and MBG/NBD.

Given his rate lambda and dropout probability p, a customer who has tossed the coin m times, the last time at t_x, is
known by

    lambda^x [(1 - p)^m exp(-lambda T) + p (1 - p)^(m-1) exp(-lambda t_x)]:

silent ever since, or gone with the last toss. Averaged over lambda ~ Gamma(r, alpha) and p ~ Beta(a, b),

    L = Gamma(r+x)/Gamma(r) alpha^r B(a, b+m)/B(a, b) [(alpha+T)^-(r+x) + a/(b+m-1) (alpha+t_x)^-(r+x)].

BG/NBD tosses after each repeat purchase, m = x (Fader, Hardie & Lee 2005, eq. 6; no second term at m = 0); MBG/NBD
after the first purchase too, m = x + 1 (Batislam, Denizel & Filiztekin 2007). `early` is m - x, the number of
tosses before the first repeat purchase. Everything is arranged in logs so that nothing overflows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from customer_value.clv._special import LARGEST_TABLE, Floats, distinct_whole, gamma_ratio, weighted_sums

_CHUNK = 4096  # customers at a time: their derivatives stay in the cache
_CELLS = 1 << 15  # of customers times parameter points at a time
# Rows of derivatives: the log-likelihood, the gradient, the upper half of the Hessian. Here, where its elements stand.
_HESSIAN = np.array([[5, 6, 7, 8], [6, 9, 10, 11], [7, 10, 12, 13], [8, 11, 13, 14]])
_COUNTED = np.array([0, 1, 3, 4, 5, 12, 13, 14])  # rows with a part that depends on the count alone


def starts(x: Floats, T: Floats, weights: Floats) -> list[tuple[float, ...]]:
    """Rate and its spread from the counts as if no one left; then other dropouts and other spreads.

    In small cohorts the likelihood may have two maxima: many slow customers whom next to nothing sets apart in their
    dropout (small r, large a and b), or equal paces and coins that always or never end it (large r, small a and b).
    Where next to no one leaves, a few may leave at once and the others never (a and b near 0).
    """

    def average(values: Floats) -> float:
        return float((weights * values).sum() / weights.sum())

    mean = average(x)
    rate = mean / average(T)
    # Negative binomial: Var(X) = E(X) + E(X)^2 / r; long and short observations average out well enough.
    excess = average((x - mean) ** 2) - mean
    r = min(max(mean**2 / excess, 0.1), 5.0) if excess > 0 else 5.0
    alpha = r / rate
    slow, polar = (r, 0.7 * alpha, 1.0, 2.5), (4 * r, 4 * alpha, 0.5, 0.3)
    return [slow, polar, (r, alpha, 0.5, 10.0), (1.0, 1 / rate, 1.0, 1.0), (r, alpha, 0.005, 0.05)]


def log_likelihood(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats, early: int) -> Floats:
    """Log-likelihood per customer: the history to the last purchase, then silence or having left."""
    r, alpha, _, _ = params
    (base, *_), (log_left, _) = _count_terms(params, x, early)
    log_silence = (r + x) * np.log1p((T - t_x) / (alpha + t_x))
    then = np.maximum(log_left, -log_silence) + np.log1p(np.exp(-np.abs(log_left + log_silence)))
    return np.asarray(base - (r + x) * np.log1p(t_x / alpha) + then)


def score(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats, early: int) -> tuple[Floats, Floats]:
    """Log-likelihood and its gradient per customer."""
    rows = _derivatives(params, x, t_x, T, early)
    return rows[0], rows[1:5]


def hessian(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats, early: int) -> Floats:
    """Second derivatives of the log-likelihood per customer, shape (4, 4, n)."""
    return np.asarray(_derivatives(params, x, t_x, T, early)[_HESSIAN])


def objective(
    params: Sequence[float], x: Floats, t_x: Floats, T: Floats, weights: Floats, early: int
) -> tuple[float, Floats, Floats]:
    """Weighted totals of log-likelihood, gradient and Hessian; what depends on the count is summed by count."""
    counts, places = distinct_whole(x)
    terms, odds = _count_terms(params, counts, early)
    total = np.zeros(15)
    total[_COUNTED] = terms @ np.bincount(places, weights, counts.size)
    for start in range(0, x.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        rows = _timing_derivatives(params, x[part], t_x[part], T[part], odds.take(places[part], axis=1))
        total += weighted_sums(rows, weights[part])
    return float(total[0]), total[1:5], total[_HESSIAN]


def totals(points: Floats, x: Floats, t_x: Floats, T: Floats, weights: Floats, early: int) -> Floats:
    """Weighted total of the log-likelihood at many parameter points, shape (4, points).

    With D the log odds of having left, a customer's term is that of silence until T plus ln(1 + e^D). All but the last
    is summed by count and by T; logarithms are taken once for each distinct time.
    """
    counts, places = distinct_whole(x)
    ends, end = np.unique(T, return_inverse=True)
    tossed = np.flatnonzero(x + early > 0)  # nobody else can have left
    lasts, last = np.unique(t_x[tossed], return_inverse=True)
    place, end_of = places[tossed], end[tossed]
    of_count, of_end, bought_by_end = (
        np.asarray(np.bincount(group, each, size), dtype=np.float64)
        for group, each, size in (
            (places, weights, counts.size),
            (end, weights, ends.size),
            (end, weights * x, ends.size),
        )
    )
    found = np.empty(points.shape[1])
    step = max(1, _CELLS // x.size)
    for start in range(0, found.size, step):
        part = points[:, start : start + step]
        r, alpha = part[0], part[1]
        base, log_left = _count_logs(part, counts, early)
        log_ends = np.log1p(ends[:, None] / alpha)
        log_odds = log_ends[end_of] - np.log1p(lasts[:, None] / alpha)[last]
        log_odds *= (r + counts[:, None])[place]
        log_odds += log_left[place]
        left = np.maximum(log_odds, 0)
        np.abs(log_odds, out=log_odds)
        left += np.log(1 + np.exp(-log_odds))  # a sum's absolute error counts: no need of log1p, which is slower
        found[start : start + step] = (
            weighted_sums(base.T, of_count)
            - r * weighted_sums(log_ends.T, of_end)
            - weighted_sums(log_ends.T, bought_by_end)
            + weighted_sums(left.T, weights[tossed])
        )
    return found


def _count_logs(points: Floats, counts: Floats, early: int) -> tuple[Floats, Floats]:
    """Return the first row of the history and of the odds in `_count_terms`, shape (counts, points)."""
    if counts[-1] > LARGEST_TABLE:
        terms = [_count_terms(tuple(point), counts, early) for point in points.T]
        return np.stack([of[0] for of, _ in terms], axis=1), np.stack([odds[0] for _, odds in terms], axis=1)
    r, alpha, a, b = points
    tossed = np.arange(counts[-1] + early)[:, None]
    odds = a / (b + tossed)
    logs = np.zeros((tossed.size + 1, r.size))  # by the number of tosses
    np.negative(np.log1p(odds), out=logs[1:])
    logs[1 + early :] += np.log((r + tossed[: tossed.size - early]) / alpha)
    np.cumsum(logs, axis=0, out=logs)
    log_left = np.vstack([np.full(r.size, -np.inf), np.log(odds)])
    rows = counts.astype(np.intp) + early
    return logs[rows], log_left[rows]


def _count_terms(params: Sequence[Any], x: Floats, early: int) -> tuple[Floats, Floats]:
    """Return what depends on the count alone: eight rows of the history, two of the odds of having left.

    The history's are ln [Gamma(r+x)/Gamma(r) B(a,b+m)/B(a,b) alpha^-x] and its derivatives by r, a, b, rr, aa, ab, bb;
    the odds' are ln [a/(b+m-1)] and 1/(b+m-1), or -inf and 0 where the coin was never tossed.
    """
    r, alpha, a, b = params
    if all(np.ndim(p) == 0 for p in params) and x.size and x.max() <= LARGEST_TABLE:
        tables = _count_tables(r, alpha, a, b, int(x.max()), early).take(x.astype(np.intp), axis=1)
        return tables[:8], tables[8:]
    tosses = x + early
    of_r, of_b, of_ab = gamma_ratio(r, x), gamma_ratio(b, tosses), gamma_ratio(a + b, tosses)
    base = of_r[0] + of_b[0] - of_ab[0] - x * np.log(alpha)
    first = of_r[1], -of_ab[1], of_b[1] - of_ab[1]
    second = of_r[2], -of_ab[2], -of_ab[2], of_b[2] - of_ab[2]
    left = 1 / np.where(tosses > 0, b + tosses - 1, np.inf)
    with np.errstate(divide="ignore"):
        odds = np.log(a * left), left
    return np.stack(np.broadcast_arrays(base, *first, *second)), np.stack(np.broadcast_arrays(*odds))


def _count_tables(r: float, alpha: float, a: float, b: float, largest: int, early: int) -> Floats:
    """Rows of `_count_terms` for counts 0, 1, ..., largest: logs of running products, so running sums."""
    tossed = np.arange(largest + early, dtype=np.float64)
    bought = tossed[:largest]
    per_r, per_b, per_ab = 1 / (r + bought), 1 / (b + tossed), 1 / (a + b + tossed)
    tables = np.zeros((10, largest + early + 1))  # by the number of tosses: early ones come before any purchase
    tosses, purchases = tables[:, 1:], tables[:, 1 + early :]
    tosses[0] = -np.log1p(a * per_b)
    tosses[2], tosses[3] = -per_ab, a * per_b * per_ab
    tosses[5], tosses[6], tosses[7] = per_ab**2, per_ab**2, -tosses[3] * (per_b + per_ab)
    purchases[0] += np.log((r + bought) / alpha)
    purchases[1], purchases[4] = per_r, -(per_r**2)
    np.cumsum(tosses[:8], axis=1, out=tosses[:8])
    tables[8, 0] = -np.inf
    tosses[8], tosses[9] = np.log(a * per_b), per_b
    return tables[:, early:]


def _derivatives(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats, early: int) -> Floats:
    """Log-likelihood and its derivatives per customer, in the order of `_HESSIAN`."""
    terms, odds = _count_terms(params, x, early)
    rows = _timing_derivatives(params, x, t_x, T, odds)
    rows[_COUNTED] += terms
    return rows


def _timing_derivatives(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats, odds: Floats) -> Floats:
    """Log-likelihood without the terms of the count alone, and its derivatives.

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
