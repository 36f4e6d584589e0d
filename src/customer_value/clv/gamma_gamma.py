"""Gamma-Gamma: what a customer spends at each purchase (Fader & Hardie 2013).

Equation numbers are those of "The Gamma-Gamma Model of Monetary Value", brucehardie.com/notes/025; v is its gamma.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from scipy import special

from customer_value.clv._special import (
    Floats,
    beta_cdf_at_odds,
    count_totals,
    distinct_whole,
    gamma_ratio,
    weighted_sums,
)
from customer_value.clv._spend import SpendModel

_CHUNK = 8192  # customers at a time: the arrays of a chunk stay in the cache
_NEAR = 300.0  # up to this ratio of its arguments, differences of the gamma function's derivatives keep 12 digits
_START_ROWS = 20_000  # more customers would not change a first guess
# Rows of derivatives: the log-likelihood, the gradient, the upper half of the Hessian. Here, where its elements stand.
_HESSIAN = np.array([[4, 5, 6], [5, 7, 8], [6, 8, 9]])
_COUNTED = np.array([0, 1, 2, 4, 5, 7])  # rows with a part that depends on the count alone


class GammaGamma(SpendModel):
    """Gamma-Gamma model of spend per purchase.

    A customer's amounts are Gamma(p, nu), and his nu is Gamma(q, v) over customers, independent of how often he buys.

    Parameters
    ----------
    first_purchase : {"exclude", "include"}
        "exclude" learns from the repeat purchases (frequency and monetary_value), as the paper does. "include" takes
        the first purchase in (purchases and total_value), which tells one-time buyers apart as well.

    Notes
    -----
    p and v run along a ridge: samples identify q and the population's mean p v / (q - 1) well, p and v much less.

    Source: Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value".

    Examples
    --------
    >>> import pandas as pd
    >>> from customer_value.clv import GammaGamma
    >>> model = GammaGamma.from_params(p=6.25, q=3.74, v=15.44)
    >>> summary = pd.DataFrame({"frequency": [0, 1, 10], "monetary_value": [None, 100.0, 100.0]})
    >>> model.expected_spend(summary).round(2)
    array([35.22, 80.26, 97.28])
    """

    _parameters: ClassVar[tuple[str, ...]] = ("p", "q", "v")
    _columns: ClassVar[tuple[str, ...]] = ("frequency", "monetary_value")

    @staticmethod
    def _starts(x: Floats, m: Floats, weights: Floats) -> list[tuple[float, ...]]:
        """Moments of the logs: E ln(x m) = ln v + psi(p x) - psi(q) and Var ln m = psi'(p x) + psi'(q).

        With psi'(p x) near 1/(p x), the squared deviations of ln m lie on a line in 1/x: its slope is 1/p.
        """
        thinned = slice(None, None, 1 + x.size // _START_ROWS)
        logs, inverse, weights = np.log(m[thinned]), 1 / x[thinned], weights[thinned]

        total = weights.sum()

        def average(values: Floats) -> float:
            return float((weights * values).sum() / total)

        centre, mean_inverse = average(logs), average(inverse)
        squares = (logs - centre) ** 2
        whole, spread = average(squares), average((inverse - mean_inverse) ** 2)
        # Equal counts show no line: half of the variance is as good a guess as any.
        slope = average(squares * (inverse - mean_inverse)) / spread if spread > 0 else 0.5 * whole / mean_inverse
        slope = min(max(slope, 0.02 * whole), 0.8 * whole / mean_inverse) + 1e-6
        between = max(whole - slope * mean_inverse, 0.0) + 1e-6
        p, q = 1 / slope, 0.5 + 1 / between  # psi'(q) is near 1 / (q - 1/2)
        v = float(np.exp(centre + np.log(q) - np.log(p)))
        return [(p, q, v), (1.0, 1.0, float(np.exp(centre))), (10.0, 3.0, 0.3 * float(np.exp(centre)))]

    @staticmethod
    def _log_likelihood(params: Sequence[Any], x: Floats, m: Floats) -> Floats:
        """Log of eq. (1a) in the customer's total s = x m: s / (v + s) is Beta(p x, q)."""
        p, q, v = params
        s = x * m
        counts, places = distinct_whole(x) if np.ndim(p) == np.ndim(q) == 0 else (x, slice(None))
        return np.asarray(-np.log(m) - _log_beta(p * counts, q)[places] - q * np.log1p(s / v) - p * x * np.log1p(v / s))

    @staticmethod
    def _score(params: Sequence[Any], x: Floats, m: Floats) -> tuple[Floats, Floats]:
        """Log-likelihood and its gradient per customer."""
        rows = _derivatives(params, x, m)
        return rows[0], rows[1:4]

    @staticmethod
    def _hessian(params: Sequence[Any], x: Floats, m: Floats) -> Floats:
        """Second derivatives of the log-likelihood per customer, shape (3, 3, n)."""
        return np.asarray(_derivatives(params, x, m)[_HESSIAN])

    @staticmethod
    def _objective(params: Sequence[float], x: Floats, m: Floats, weights: Floats) -> tuple[float, Floats, Floats]:
        """Weighted totals of log-likelihood, gradient and Hessian; what depends on the count is summed by count."""
        amounts = np.zeros(7)
        for start in range(0, x.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            amounts += weighted_sums(_amount_terms(params, x[part], m[part]), weights[part])
        total = np.array(_amount_derivatives(params, amounts))
        counts, totals = count_totals(x, weights)
        total[_COUNTED] += _count_derivatives(params, counts) @ totals
        return float(total[0]), total[1:4], total[_HESSIAN]

    @staticmethod
    def _population_mean(params: Sequence[Any]) -> Any:
        """Mean spend per purchase over customers, p v / (q - 1); NaN where q <= 1 and it does not exist."""
        p, q, v = params
        with np.errstate(divide="ignore"):
            return np.where(np.asarray(q) > 1, p * v / (np.asarray(q) - 1.0), np.nan)[()]

    @staticmethod
    def _posterior(params: Sequence[Any], x: Floats, m: Floats) -> tuple[Any, Any, Any]:
        """Parameters after x purchases of mean m; x = 0 leaves them as they are, whatever m holds."""
        p, q, v = params
        return (p, q + p * x, v + np.where(x > 0, x * np.where(x > 0, m, 0.0), 0.0))

    @staticmethod
    def _expected_spend(params: Sequence[Any], x: Floats, m: Floats) -> Floats:
        """Eq. (5): a customer's mean spend given his purchases, the mean of a population updated by them."""
        return np.asarray(GammaGamma._population_mean(GammaGamma._posterior(params, x, m)))

    @staticmethod
    def _total_cdf(p: Any, q: Any, v: Any, n: Any, s: Any) -> Floats:
        """P(n purchases cost s or less in total) for a customer of these (updated) parameters.

        The total S of n amounts is Gamma(p n, nu), so S / (S + v) is Beta(p n, q).
        """
        n, s = np.asarray(n, dtype=np.float64), np.maximum(s, 0.0)
        return np.where(n > 0, beta_cdf_at_odds(p * np.where(n > 0, n, 1.0), q, s / v), 1.0)

    @staticmethod
    def _draw_spend(params: Sequence[Any], x: Floats, m: Floats, n: Any, rng: np.random.Generator) -> Floats:
        """Draw what n further purchases cost in total, given x purchases of mean m."""
        p, q, v = GammaGamma._posterior(params, x, m)
        shape = np.broadcast_shapes(np.shape(p), np.shape(q), np.shape(v), np.shape(n))
        total = rng.standard_gamma(np.broadcast_to(p * np.asarray(n, dtype=np.float64), shape))
        rate = rng.standard_gamma(np.broadcast_to(q, shape))
        return np.asarray(total / np.maximum(rate, np.finfo(np.float64).tiny) * v)

    @staticmethod
    def _draw_amounts(params: Sequence[Any], counts: Any, rng: np.random.Generator) -> Floats:
        """Draw the amounts of new customers, `counts` purchases each, by customer: Gamma(p, nu) with nu Gamma(q, v)."""
        p, q, v = params
        nu = np.maximum(rng.standard_gamma(q, np.size(counts)), np.finfo(np.float64).tiny) / v
        rates = np.repeat(nu, counts)
        return np.asarray(rng.standard_gamma(p, rates.size) / rates)


def _log_beta(c: Any, k: Any) -> Floats:
    """Log of the beta function, exact to the last digits for large arguments too."""
    large, small = np.maximum(c, k), np.minimum(c, k)
    return np.asarray(special.gammaln(small) - gamma_ratio(large, small)[0])


def _derivatives(params: Sequence[Any], x: Floats, m: Floats) -> Floats:
    """Log of eq. (1a) and its derivatives per customer, in the order of `_HESSIAN`."""
    rows = np.stack(np.broadcast_arrays(*_amount_derivatives(params, _amount_terms(params, x, m))))
    if all(np.ndim(p) == 0 for p in params):
        counts, places = distinct_whole(x)
        rows[_COUNTED] += _count_derivatives(params, counts).take(places, axis=1)
    else:
        rows[_COUNTED] += _count_derivatives(params, x)
    return rows


def _amount_terms(params: Sequence[Any], x: Floats, m: Floats) -> Floats:
    """Return what the derivatives need of the amounts: all of them are linear in these seven rows."""
    v = params[2]
    s = x * m
    rest = v / s
    terms = np.empty((7, *rest.shape))
    per_sum = np.divide(1.0, v + s)
    np.log(m, out=terms[0])
    np.log1p(s / v, out=terms[1])
    np.multiply(x, np.log1p(rest), out=terms[2])
    np.multiply(s, per_sum, out=terms[3])
    np.multiply(x, per_sum, out=terms[4])
    np.multiply(terms[4], per_sum, out=terms[5])
    np.multiply(terms[3], 1 + v * per_sum, out=terms[6])
    return terms


def _amount_derivatives(params: Sequence[Any], terms: Floats) -> tuple[Any, ...]:
    """Log of eq. (1a) without the terms of the count alone, and its derivatives; of a customer or of totals."""
    p, q, v = params
    log_m, log_growth, x_log_rest, share, x_per_sum, x_per_square, share_squares = terms
    zero = 0 * share
    return (
        -log_m - q * log_growth - p * x_log_rest,
        *(-x_log_rest, -log_growth, q / v * share - p * x_per_sum),
        *(zero, zero, -x_per_sum),
        *(zero, share / v),
        p * x_per_square - q / v**2 * share_squares,
    )


def _count_derivatives(params: Sequence[Any], x: Floats) -> Floats:
    """Rows -ln B(p x, q) and its derivatives by p, q, pp, pq, qq."""
    p, q, _ = params
    px = p * x
    both = px + q
    trigamma = special.zeta(2.0, both)
    if np.all(both < _NEAR * np.minimum(px, q)):
        digamma, minus_log_beta = special.psi(both), -special.betaln(px, q)
        first: Any = (digamma - special.psi(px), digamma - special.psi(q))
        second: Any = (trigamma - special.zeta(2.0, px), trigamma - special.zeta(2.0, q))
    else:  # differences of library functions lose digits; gamma_ratio takes them analytically
        px, q = np.broadcast_arrays(px, q)
        ratio, first, second = gamma_ratio(np.stack([px, q]), np.stack([q, px]))
        minus_log_beta = np.where(px > q, ratio[0] - special.gammaln(q), ratio[1] - special.gammaln(px))
    rows = np.empty((6, *np.shape(both)))
    rows[0], rows[1], rows[2] = minus_log_beta, x * first[0], first[1]
    rows[3], rows[4], rows[5] = x * x * second[0], x * trigamma, second[1]
    return rows
