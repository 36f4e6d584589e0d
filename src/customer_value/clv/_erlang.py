"""The likelihood of customers who buy regularly: Erlang-k times between purchases, beta-geometric dropout.

Behind a customer's purchases stands a Poisson process whose rate is Gamma(r, alpha) over customers; every k-th of its
events is a purchase (Platzer & Reutterer 2016; Reutterer, Platzer & Schroeder 2021). After some purchases a coin is
tossed that is Beta(a, b) over customers, and whoever loses leaves: after repeat purchases only (BG) or after the first
one, too (MBG). With x repeat purchases, the last at t_x, and T observed,

    L = prod_i Delta_i^(k-1) / Gamma(k)^x  *  Gamma(r+kx)/Gamma(r) alpha^r / A^(r+kx)  *  B(a, b+m)/B(a, b)
        * (p + (1 - p) Q),    A = alpha + t_x,

where m coins were surely won, p = a/(a+b+m) is the chance of losing the last one, and Q is the chance of fewer than k
events in the silence e = T - t_x, the distribution function of a negative binomial:

    Q = (A/B)^R sum_{j<k} (R)_j / j! (e/B)^j,    R = r + kx,  B = alpha + T.

The first factor holds no parameter and is left out here. With k = 1 this is BG/NBD's or MBG/NBD's likelihood.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from customer_value.clv._special import Floats, distinct_whole, gamma_ratio, weighted_sums

_CHUNK = 4096  # customers at a time: their derivatives stay in the cache
# Rows of derivatives: the log-likelihood, its gradient, the upper triangle of its Hessian (r, alpha, a, b in order).
HESSIAN = np.array([[5, 6, 7, 8], [6, 9, 10, 11], [7, 10, 12, 13], [8, 11, 13, 14]])
_COUNTED = np.array([0, 1, 3, 4, 5, 12, 13, 14])  # rows with a part that depends on the count alone
_LIKELY = 0.5  # a chance of silence above this is told by its complement


class Silence(NamedTuple):
    """The log of the chance of silence Q, its complement, and derivatives of the log by R and by alpha."""

    log: Floats
    broken: Floats  # 1 - Q
    by: tuple[Floats, Floats]
    by_pairs: tuple[Floats, Floats, Floats]  # RR, R alpha, alpha alpha


def silence(k: int, R: Floats, A: Floats, e: Floats) -> Silence:
    """Chance of fewer than k events within e of the last purchase, and its derivatives.

    All sums have positive terms. The derivative by alpha is the density of the k-th event, in closed form.
    """
    B = A + e
    step, log_calm = e / B, np.log1p(e / A)
    term = total = np.ones_like(step * R)
    psi = square = mean_psi = mean_square = mean_curve = np.zeros_like(term)
    for j in range(k - 1):
        per = 1 / (R + j)
        term = term * (step * (R + j) / (j + 1))
        psi, square = psi + per, square + per * per
        total = total + term
        mean_psi = mean_psi + term * psi
        mean_square, mean_curve = mean_square + term * psi**2, mean_curve + term * square
    mean_psi, mean_square, mean_curve = mean_psi / total, mean_square / total, mean_curve / total
    last = R + k - 1
    broken = np.asarray(special.betainc(k, R, step), dtype=np.float64)
    log = np.where(broken < _LIKELY, np.log1p(-np.minimum(broken, _LIKELY)), np.log(total) - R * log_calm)
    kth = term * step * last / (total * A)  # density of the k-th event at the end of the silence, over Q
    by = mean_psi - log_calm, kth
    by_pairs = (
        mean_square - mean_psi**2 - mean_curve,
        kth * (psi + 1 / last - mean_psi),
        kth * ((R * e / A - k) / B - 1 / A - kth),
    )
    return Silence(log, broken, by, by_pairs)


def log_likelihood(k: int, first: int, params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Log-likelihood of each customer; `first` is 1 where a coin is tossed after the first purchase, too, else 0."""
    return np.asarray(derivatives(k, first, params, x, t_x, T)[0])


def derivatives(k: int, first: int, params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Log-likelihood and its derivatives per customer, in the order of `HESSIAN`."""
    x, t_x, T = np.broadcast_arrays(x, t_x, T)
    rows = _timing_derivatives(k, first, params, x, t_x, T)
    if all(np.ndim(p) == 0 for p in params):
        counts, places = distinct_whole(x)
        rows[_COUNTED] += _count_terms(k, first, params, counts)[:, places]
    else:
        rows[_COUNTED] += _count_terms(k, first, params, x)
    return rows


def totals(
    k: int, first: int, params: Sequence[float], columns: tuple[Floats, Floats, Floats], weights: Floats
) -> tuple[float, Floats, Floats]:
    """Weighted totals of log-likelihood, gradient and Hessian; what depends on the count is summed by count."""
    x = columns[0]
    counts, places = distinct_whole(x)
    total = np.zeros(15)
    at_count = np.asarray(np.bincount(places, weights, counts.size), dtype=np.float64)
    total[_COUNTED] = weighted_sums(_count_terms(k, first, params, counts), at_count)
    for start in range(0, x.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        total += weighted_sums(_timing_derivatives(k, first, params, *(c[part] for c in columns)), weights[part])
    return float(total[0]), total[1:5], total[HESSIAN]


def probability_alive(k: int, first: int, params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> Floats:
    """1 / (1 + odds), the odds a / ((b + m) Q) of having left right after the last purchase."""
    r, alpha, a, b = params
    tossed = x + first > 0
    won = np.maximum(x + first - 1, 0)
    log_odds = np.log(a) - np.log(b + won) - silence(k, r + k * x, alpha + t_x, T - t_x).log
    return np.where(tossed, special.expit(-log_odds), 1.0)


def _count_terms(k: int, first: int, params: Sequence[Any], x: Floats) -> Floats:
    """Log of [Gamma(r+kx)/Gamma(r) B(a,b+m)/B(a,b) alpha^-kx] and its derivatives by r, a, b, rr, aa, ab, bb."""
    r, alpha, a, b = params
    won = np.maximum(x + first - 1, 0)
    of_r, of_b, of_ab = gamma_ratio(r, k * x), gamma_ratio(b, won), gamma_ratio(a + b, won)
    base = of_r[0] + of_b[0] - of_ab[0] - k * x * np.log(alpha)
    first_order = of_r[1], -of_ab[1], of_b[1] - of_ab[1]
    second = of_r[2], -of_ab[2], -of_ab[2], of_b[2] - of_ab[2]
    return np.stack(np.broadcast_arrays(base, *first_order, *second))


def _timing_derivatives(k: int, first: int, params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Log-likelihood without the terms of the count alone, and its derivatives.

    Given that he left (chance `gone`) or that he is silent (chance `there`), derivatives are averages over both cases,
    and second derivatives have gone * there * D' D'^T besides, D the log odds of having left.
    """
    r, alpha, a, b = params
    tossed = x + first > 0
    won = np.maximum(x + first - 1, 0)
    per_a, per_won, per_c = 1 / a, tossed / (b + won), tossed / (a + b + won)
    lost, kept = a * per_c, np.where(tossed, (b + won) * per_c, 1.0)
    A, events = alpha + t_x, k * x
    quiet = silence(k, r + events, A, T - t_x)
    with np.errstate(divide="ignore"):
        log_lost = np.log(lost)
        log_kept = np.where(tossed, -np.log1p(a * per_won), 0.0)
    broken = kept * quiet.broken
    then = np.where(
        broken < _LIKELY, np.log1p(-np.minimum(broken, _LIKELY)), np.logaddexp(log_lost, log_kept + quiet.log)
    )
    log_odds = log_lost - log_kept - quiet.log
    gone, there = special.expit(log_odds), special.expit(-log_odds)
    unsure, change = gone * there, gone * kept - there * lost
    (by_r, by_alpha), (by_rr, by_ra, by_aa) = quiet.by, quiet.by_pairs
    per_alpha, per_A = 1 / alpha, 1 / A
    log_t, share = np.log1p(t_x * per_alpha), t_x * per_A * per_alpha

    rows = np.empty((15, *np.shape(then)))
    rows[0] = then - (r + events) * log_t
    rows[1] = there * by_r - log_t
    rows[2] = r * share - events * per_A + there * by_alpha
    rows[3] = change * per_a
    rows[4] = -change * per_won
    rows[5] = there * by_rr + unsure * by_r**2
    rows[6] = share + there * by_ra + unsure * by_r * by_alpha
    rows[7] = -unsure * by_r * per_a
    rows[8] = unsure * by_r * per_won
    rows[9] = events * per_A**2 - r * share * (per_A + per_alpha) + there * by_aa + unsure * by_alpha**2
    rows[10] = -unsure * by_alpha * per_a
    rows[11] = unsure * by_alpha * per_won
    rows[12] = per_c**2 - (gone * per_a) ** 2
    rows[13] = per_c**2 - unsure * per_a * per_won
    rows[14] = per_c**2 - (there * per_won) ** 2
    return rows
