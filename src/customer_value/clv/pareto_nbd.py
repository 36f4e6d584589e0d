"""The Pareto/NBD model: customers buy at gamma-distributed rates until they leave, at gamma-distributed rates too.

Equations are those of Schmittlein, Morrison & Colombo (1987), "Counting Your Customers: Who Are They and What Will They
Do Next?", Management Science 33(1) (SMC), and of Fader & Hardie (2005), "A Note on Deriving the Pareto/NBD Model and
Related Expressions" (FH). All of them rest on one integral over the unknown time of dropout, whose integrand is
positive (`_pareto_integrals`); the papers' differences of two 2F1 are that integral in closed form, and lose digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, exprel

from customer_value.clv._base import PurchaseModel
from customer_value.clv._nbd_counts import count_rows, log_nbd, log_ways
from customer_value.clv._pareto_integrals import count_integrals, log_path, silence_integral
from customer_value.clv._posterior import Gamma, Mixing
from customer_value.clv._special import Floats, count_totals, distinct_whole, gamma_ratio, weighted_sums

Params = tuple[Any, ...]


class ParetoNBD(PurchaseModel):
    """Pareto/NBD: when customers buy and when they silently leave, in continuous time.

    A customer makes repeat purchases at rate lambda while alive and leaves at rate mu; over customers, lambda is
    Gamma(r, alpha) and mu is Gamma(s, beta), independently. Unlike BG/NBD it lets customers leave before their first
    repeat purchase, so one-time buyers have a P(alive) below 1.

    Parameters are r and alpha (shape and rate of the purchase rate; r/alpha purchases per time unit on average) and
    s and beta (shape and rate of the dropout rate; half of all customers leave within beta (2^(1/s) - 1)).

    Notes
    -----
    Sources: Schmittlein, Morrison & Colombo (1987), Management Science 33(1); Fader & Hardie (2005), "A Note on
    Deriving the Pareto/NBD Model and Related Expressions". The likelihood is right to a few units of the last digits
    however often customers buy and however far apart alpha and beta are (`make verify` shows it).

    Examples
    --------
    >>> from customer_value.clv import ParetoNBD
    >>> model = ParetoNBD.from_params(r=0.553, alpha=10.578, s=0.606, beta=11.669, time_unit="week")
    >>> round(model.expected_purchases_new("52 weeks"), 2)
    1.47
    """

    _parameters: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")
    _nests: ClassVar[tuple[str, ...]] = ("NBD",)
    _dropout: ClassVar[tuple[str, ...]] = ("s", "beta")
    _mixing: ClassVar[Mapping[str, Mixing]] = {
        "purchase_rate": Gamma("r", "alpha"),
        "dropout_rate": Gamma("s", "beta"),
    }

    @staticmethod
    def _starts(x: Floats, t_x: Floats, T: Floats, weights: Floats) -> list[tuple[float, ...]]:
        """Purchase rates from the counts' mean and variance (an NBD), dropout at about the length of observation."""
        share = weights / weights.sum()
        mean, length = float((share * x).sum()), float((share * T).sum())
        excess = float((share * (x - mean) ** 2).sum()) - mean
        r = min(max(mean**2 / excess, 0.1), 10.0) if excess > 0 else 10.0
        alpha = r * length / mean
        return [
            (1.3 * r, 0.8 * alpha, 0.7, 0.7 * length),
            (r, alpha, 0.3, length),
            (1.0, length, 1.0, length),
            (2 * r, alpha, 3.0, 5 * length),
            (r, alpha, 0.01, 0.01 * length),  # a few leave at once, the others hardly ever
        ]

    @staticmethod
    def _log_likelihood(params: Params, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Log of FH eq. 18."""
        return np.asarray(_in_pieces(_log_likelihood_terms, params, (x, t_x, T), order=0)[0])

    @staticmethod
    def _score(params: Params, x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats]:
        """Log-likelihood and its gradient per customer."""
        terms = _in_pieces(_log_likelihood_terms, params, (x, t_x, T), order=1)
        return terms[0], terms[1:]

    @staticmethod
    def _hessian(params: Params, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Second derivatives of the log-likelihood per customer, shape (4, 4, n)."""
        return np.asarray(_in_pieces(_log_likelihood_terms, params, (x, t_x, T), order=2)[_HESSIAN])

    @staticmethod
    def _objective(params: Params, x: Floats, t_x: Floats, T: Floats, weights: Floats) -> tuple[float, Floats, Floats]:
        """Weighted totals of log-likelihood, gradient and Hessian; what depends on the count is summed by count."""
        total = np.zeros(_TERMS[2])
        for start in range(0, x.size, _PIECE):
            piece = slice(start, start + _PIECE)
            total += weighted_sums(_timing_terms(params, x[piece], t_x[piece], T[piece], order=2), weights[piece])
        counts, totals = count_totals(x, weights)
        total[_COUNTED] += weighted_sums(np.stack(gamma_ratio(params[0], counts)), totals)
        return float(total[0]), total[1:5], total[_HESSIAN]

    @staticmethod
    def _probability_alive(params: Params, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """1 / (1 + odds of having left by T), FH section 5."""
        return np.asarray(expit(-_in_pieces(_log_odds_gone, params, (x, t_x, T), order=0)[0]))

    @staticmethod
    def _if_alive(params: Params, x: Floats, t_x: Floats, T: Floats) -> Params:
        """Lambda and mu are still gamma, updated by x purchases and by being alive at T (FH section 6)."""
        r, alpha, s, beta = params
        return r + x, alpha + T, s, beta + T

    @staticmethod
    def _time_scale(state: Params) -> Floats:
        return np.asarray(np.minimum(state[1], state[3]))

    @staticmethod
    def _expected_purchases_new(params: Params, t: Floats) -> Floats:
        """FH section 4: r beta / (alpha (s - 1)) (1 - (beta / (beta + t))^(s - 1)).

        exprel(z) = (e^z - 1) / z takes the singularity at s = 1 out.
        """
        r, alpha, s, beta = params
        growth = np.log1p(t / beta)
        return np.asarray(r / alpha * beta * growth * exprel((1 - s) * growth))

    @staticmethod
    def _pmf_new(params: Sequence[Any], n: Floats, t: Any) -> Floats:
        """Either alive at t after n purchases, or left at some tau <= t after n purchases.

        Fader & Hardie (2006), "Deriving an Expression for P(X(t) = x) Under the Pareto/NBD Model", sections 3 and 4.
        """
        (r, alpha, s, beta), n, t, spread = count_rows(params, n, t)
        later = np.where(t > 0, t, 1.0)
        ways = log_ways(n, r)
        log_stayed = log_path(later, n, r, alpha, s, beta)
        log_left = np.log(s) + count_integrals(n, r, alpha, s, beta, later, scale=beta)
        pmf = np.exp(ways + log_stayed) + np.exp(ways + log_left)
        return spread(np.where(t > 0, np.minimum(pmf, 1), n == 0))

    @staticmethod
    def _sf_new(params: Sequence[Any], n: Floats, t: Any) -> Floats:
        """Purchase n + 1 comes at some tau <= t, and the customer has not left before tau.

        tau / (alpha + tau) is Beta(n + 1, r) with 1/B(n + 1, r) = (r + n) Gamma(r + n)/(Gamma(r) n!), and whoever's
        dropout rate is Gamma(s, beta) stays until tau with probability (beta / (beta + tau))^s.
        """
        (r, alpha, s, beta), n, t, spread = count_rows(params, n, t)
        log_bought = count_integrals(n, r, alpha, s, beta, np.where(t > 0, t, 1.0), scale=alpha)
        sf = np.exp(log_ways(n, r) + np.log(r + n) + log_bought)
        return spread(np.where(t > 0, np.minimum(sf, 1), 0))

    @staticmethod
    def _survival_new(params: Params, t: Floats) -> Floats:
        """FH section 2: (beta / (beta + t))^s."""
        _, _, s, beta = params
        return np.asarray(np.exp(-s * np.log1p(t / beta)))

    @staticmethod
    def _pmf_alive_new(params: Sequence[Any], n: Floats, t: Any) -> Floats:
        """Purchases say nothing of the lifetime: a negative binomial probability times survival."""
        (r, alpha, s, beta), n, t, spread = count_rows(params, n, t)
        return spread(np.exp(log_nbd(n, r, alpha, t) - s * np.log1p(t / beta)))

    @staticmethod
    def _interval_pmf_new(params: Sequence[Any], n: Floats, start: float, t: float) -> Floats:
        """P(X(start, start + t] = n); Fader & Hardie (2006), "Deriving an Expression for P(X(t, t + tau) = x)".

        Gone by the start there is nothing; alive, lambda is still Gamma(r, alpha) if the purchases before are not
        looked at, and mu is Gamma(s, beta + start).
        """
        r, alpha, s, beta = params
        log_alive = -s * np.log1p(start / beta)
        living = ParetoNBD._pmf_new((r, alpha, s, beta + start), n, t)
        return np.asarray(np.exp(log_alive) * living - np.expm1(log_alive) * (np.asarray(n) == 0))

    @staticmethod
    def _draw_purchases(params: Params, duration: Floats, rng: np.random.Generator) -> tuple[NDArray[np.intp], Floats]:
        """Draw each customer's rates, his lifetime and his purchases until its end or the end of observation."""
        r, alpha, s, beta = (np.broadcast_to(p, duration.shape) for p in params)
        purchase_rate = rng.standard_gamma(r) / alpha
        dropout_rate = rng.standard_gamma(s) / beta
        patience = rng.standard_exponential(duration.size)
        lifetime = np.divide(patience, dropout_rate, out=duration.copy(), where=dropout_rate > 0)
        active = np.minimum(lifetime, duration)
        customer = np.repeat(np.arange(duration.size), rng.poisson(purchase_rate * active))
        # Given their number, the times of a Poisson process are uniform; 1 - U lies in (0, 1].
        time = active[customer] * (1 - rng.random(customer.size))
        return customer, time[np.lexsort((time, customer))]


_PIECE = 8192  # rows at a time, so that their arrays stay in the cache
# Rows of derivatives: the log-likelihood, its gradient, the upper triangle of its Hessian (r, alpha, s, beta in order).
_TERMS = (1, 5, 15)
_PAIRS = tuple(combinations_with_replacement(range(4), 2))
_RR, _RA, _AA, _SS, _SB, _BB = 5, 6, 9, 12, 13, 14
_HESSIAN = np.array([[5, 6, 7, 8], [6, 9, 10, 11], [7, 10, 12, 13], [8, 11, 13, 14]])
_COUNTED = np.array([0, 1, _RR])  # rows with a part that depends on the count alone


def _in_pieces(terms: Callable[..., Floats], params: Params, data: tuple[Floats, ...], order: int) -> Floats:
    """Broadcast parameters and data, evaluate `terms` a piece of rows at a time, and give its rows that shape."""
    shape = np.broadcast_shapes(*(np.shape(v) for v in (*params, *data)))
    columns = [np.ravel(np.broadcast_to(np.asarray(v, dtype=np.float64), shape)) for v in data]
    values = [float(p) if np.ndim(p) == 0 else np.ravel(np.broadcast_to(p, shape)) for p in params]
    out = np.empty((_TERMS[order], columns[0].size))
    for start in range(0, columns[0].size, _PIECE):
        piece = slice(start, start + _PIECE)
        here = tuple(p if isinstance(p, float) else p[piece] for p in values)
        out[:, piece] = terms(here, *(c[piece] for c in columns), order=order)
    return out.reshape(-1, *shape)


def _log_likelihood_terms(params: Params, x: Floats, t_x: Floats, T: Floats, order: int) -> Floats:
    """Return log-likelihood, gradient (order 1) and Hessian (order 2) of each customer, as rows.

    FH section 3 (eq. 18) in other words: alive at t_x after x purchases, and then silent until T,

        L = Gamma(r+x)/Gamma(r) alpha^r/A^(r+x) (beta/B)^s (stayed + left),    A = alpha + t_x, B = beta + t_x,

    where stayed is (1 + tau/A)^-(r+x) (1 + tau/B)^-s at tau = T - t_x, and left is the integral of the same over
    s/(B + tau) d tau from 0 to there. Nothing is subtracted.
    """
    terms = _timing_terms(params, x, t_x, T, order)
    r = params[0]
    if isinstance(r, float):
        counts, places = distinct_whole(x)
        terms[_COUNTED[: order + 1]] += np.stack(gamma_ratio(r, counts)[: order + 1])[:, places]
    else:
        terms[_COUNTED[: order + 1]] += gamma_ratio(r, x)[: order + 1]
    return terms


def _timing_terms(params: Params, x: Floats, t_x: Floats, T: Floats, order: int) -> Floats:
    """All of `_log_likelihood_terms` but the gamma functions.

    In the derivatives the unknown time tau, of leaving or of the end of observation, appears through its posterior:
    they are means of the derivatives given tau, second derivatives with the covariance of the first ones added. Row by
    row the moments of tau give way to the derivatives that they are part of, which spares large arrays.
    """
    r, alpha, s, beta = params
    a, b, A, B = r + x, s + 1, alpha + t_x, beta + t_x
    log_stayed, log_left, end, terms = _log_silence(params, x, t_x, T, order)
    before_a, before_b = np.log1p(t_x / alpha), np.log1p(t_x / beta)
    small = np.exp(-np.abs(log_left - log_stayed))
    if order:
        gone = np.where(log_left > log_stayed, 1, small) / (1 + small)
        left = terms[1:5]  # moments of tau for those who left
        change = left - end
        mean = end + gone * change
        u, v, rest = a / A, s / B, (1 - left[3]) / B
    if order == 2:
        square_a = (1 - gone) * end[1] ** 2 + gone * (terms[_AA] + left[1] ** 2)
        square_b_left = terms[_BB] + left[3] ** 2
        square_b = (1 - gone) * end[3] ** 2 + gone * square_b_left
        # Covariance of the four derivatives over the unknown time: within those who left, and between left and stayed.
        gap = (-change[0], u * change[1], 1 / s - change[2], v * change[3] - rest)
        signed = (-1.0, u, -1.0, b / B)
        for k, (i, j) in enumerate(_PAIRS, start=5):
            terms[k] = gone * (signed[i] * signed[j] * terms[k] + (1 - gone) * gap[i] * gap[j])
        # Mean of their own derivatives.
        terms[_RA] += (t_x / alpha + mean[1]) / A
        terms[_AA] += a * (1 - 2 * mean[1] + square_a) / A**2 - r / alpha**2
        terms[_SS] -= gone / s**2
        terms[_SB] += (t_x / beta + mean[3]) / B
        terms[_BB] += s * (1 - 2 * mean[3] + square_b) / B**2 - s / beta**2
        terms[_BB] += gone * (1 - 2 * left[3] + square_b_left) / B**2
    if order:
        terms[1] = -before_a - mean[0]
        terms[2] = (r * t_x / alpha - x) / A + u * mean[1]
        terms[3] = gone / s - before_b - mean[2]
        terms[4] = v * (t_x / beta + mean[3]) - gone * rest
    terms[0] = np.maximum(log_stayed, log_left) + np.log1p(small)
    terms[0] -= r * before_a + x * np.log(A) + s * before_b
    return terms


def _log_odds_gone(params: Params, x: Floats, t_x: Floats, T: Floats, order: int) -> Floats:
    """Return the log-odds of having left in (t_x, T] against being alive at T, as one row."""
    log_stayed, log_left, _, _ = _log_silence(params, x, t_x, T, order)
    return (log_left - log_stayed)[None, :]


def _log_silence(
    params: Params, x: Floats, t_x: Floats, T: Floats, order: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return ln stayed and ln left of `_log_likelihood_terms`, and the moments of tau: at the end, and of leaving."""
    r, alpha, s, beta = params
    A, B, silence = alpha + t_x, beta + t_x, T - t_x
    end = np.empty((4, x.size))
    np.log1p(silence / A, out=end[0])
    np.log1p(silence / B, out=end[2])
    moments = silence_integral(r + x, s + 1, A, B, end[0], end[2], order)
    if order:
        np.divide(silence, alpha + T, out=end[1])
        np.divide(silence, beta + T, out=end[3])
    return -(r + x) * end[0] - s * end[2], np.log(s) + moments[0], end, moments
