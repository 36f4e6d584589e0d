"""The NBD model: customers buy at gamma-distributed rates and never leave. The baseline of all others.

Ehrenberg (1959), "The Pattern of Consumer Purchases", Applied Statistics 8(1), 26-41.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from customer_value.clv._base import PurchaseModel
from customer_value.clv._nbd_counts import count_rows, log_nbd
from customer_value.clv._posterior import Gamma, Mixing
from customer_value.clv._special import Floats, beta_cdf_at_odds, count_totals, gamma_ratio, weighted_sums

Params = tuple[Any, ...]


class NBD(PurchaseModel):
    """NBD: when customers buy, with no dropout at all.

    A customer makes repeat purchases at rate lambda, for good; over customers, lambda is Gamma(r, alpha). What the
    models with dropout add to its log-likelihood is what the data say about customers leaving.

    Parameters are r and alpha (shape and rate of the purchase rate; r/alpha purchases per time unit on average).

    Notes
    -----
    P(alive) is 1 for everybody. The likelihood is that of the purchases' times, as for the other models, without the
    factor T^x / x! of a count's, so that log-likelihoods and AIC compare.

    Source: Ehrenberg (1959), Applied Statistics 8(1), 26-41.

    Examples
    --------
    >>> from customer_value.clv import NBD
    >>> model = NBD.from_params(r=0.385, alpha=12.07, time_unit="week")
    >>> round(model.expected_purchases_new("52 weeks"), 2)
    1.66
    """

    _parameters: ClassVar[tuple[str, ...]] = ("r", "alpha")
    _columns: ClassVar[tuple[str, ...]] = ("frequency", "T")
    _mixing: ClassVar[Mapping[str, Mixing]] = {"purchase_rate": Gamma("r", "alpha")}

    @staticmethod
    def _starts(x: Floats, T: Floats, weights: Floats) -> list[tuple[float, ...]]:
        """Mean and variance of the counts: Var(X) = E(X) + E(X)^2 / r; then wider and narrower spreads."""
        share = weights / weights.sum()
        mean, length = float((share * x).sum()), float((share * T).sum())
        excess = float((share * (x - mean) ** 2).sum()) - mean
        r = min(max(mean**2 / excess, 0.05), 20.0) if excess > 0 else 20.0
        return [(k, k * length / mean) for k in (r, r / 5, 5 * r)]

    @staticmethod
    def _log_likelihood(params: Params, x: Floats, T: Floats) -> Floats:
        """Log of Gamma(r+x)/Gamma(r) alpha^r / (alpha+T)^(r+x)."""
        r, alpha = params
        return np.asarray(gamma_ratio(r, x)[0] - r * np.log1p(T / alpha) - x * np.log(alpha + T))

    @staticmethod
    def _score(params: Params, x: Floats, T: Floats) -> tuple[Floats, Floats]:
        """Log-likelihood and its gradient per customer."""
        ll, by_r, _ = gamma_ratio(params[0], x)
        rows = _timing(params, x, T)
        rows[0] += ll
        rows[1] += by_r
        return rows[0], rows[1:3]

    @staticmethod
    def _hessian(params: Params, x: Floats, T: Floats) -> Floats:
        """Second derivatives of the log-likelihood per customer, shape (2, 2, n)."""
        rows = _timing(params, x, T)
        rows[3] += gamma_ratio(params[0], x)[2]
        return np.asarray(rows[_HESSIAN])

    @staticmethod
    def _objective(params: Params, x: Floats, T: Floats, weights: Floats) -> tuple[float, Floats, Floats]:
        """Weighted totals of log-likelihood, gradient and Hessian; what depends on the count is summed by count."""
        total = weighted_sums(_timing(params, x, T), weights)
        counts, totals = count_totals(x, weights)
        total[[0, 1, 3]] += weighted_sums(np.stack(gamma_ratio(params[0], counts)), totals)
        return float(total[0]), total[1:3], total[_HESSIAN]

    @staticmethod
    def _probability_alive(params: Params, x: Floats, T: Floats) -> Floats:
        """Nobody leaves."""
        return np.ones(np.broadcast_shapes(*(np.shape(v) for v in (*params, x, T))))

    @staticmethod
    def _if_alive(params: Params, x: Floats, T: Floats) -> Params:
        """The rate has seen x purchases in T."""
        r, alpha = params
        return r + x, alpha + T

    @staticmethod
    def _expected_purchases_new(params: Params, t: Floats) -> Floats:
        """Mean rate times t."""
        r, alpha = params
        return np.asarray(r / alpha * t)

    @staticmethod
    def _pmf_new(params: Sequence[Any], n: Floats, t: Any) -> Floats:
        """Negative binomial probability."""
        (r, alpha), n, t, spread = count_rows(params, n, t)
        return spread(np.exp(log_nbd(n, r, alpha, t)))

    @staticmethod
    def _sf_new(params: Sequence[Any], n: Floats, t: Any) -> Floats:
        """P(X(t) > n), as an incomplete beta function."""
        r, alpha = params
        return beta_cdf_at_odds(np.asarray(n) + 1.0, r, t / alpha)

    @staticmethod
    def _survival_new(params: Params, t: Floats) -> Floats:
        """Nobody leaves."""
        return np.ones(np.broadcast_shapes(*(np.shape(v) for v in (*params, t))))

    @staticmethod
    def _pmf_alive_new(params: Sequence[Any], n: Floats, t: Any) -> Floats:
        """Everybody is alive."""
        return NBD._pmf_new(params, n, t)

    @staticmethod
    def _interval_pmf_new(params: Sequence[Any], n: Floats, start: float, t: float) -> Floats:
        """Intervals of one length are alike."""
        return NBD._pmf_new(params, n, t)

    @staticmethod
    def _draw_purchases(params: Params, duration: Floats, rng: np.random.Generator) -> tuple[NDArray[np.intp], Floats]:
        """Draw each customer's rate, the number of purchases, and their times, which are uniform given the number."""
        r, alpha = (np.broadcast_to(p, duration.shape) for p in params)
        counts = rng.poisson(rng.standard_gamma(r) / alpha * duration)
        customer = np.repeat(np.arange(duration.size), counts)
        time = duration[customer] * (1 - rng.random(customer.size))  # 1 - U lies in (0, 1]
        return customer, time[np.lexsort((time, customer))]


_HESSIAN = np.array([[3, 4], [4, 5]])  # rows: log-likelihood, gradient, upper triangle of the Hessian


def _timing(params: Params, x: Floats, T: Floats) -> Floats:
    """Log-likelihood and derivatives without what depends on the count alone."""
    r, alpha = params
    A = alpha + T
    rows = np.broadcast_arrays(
        -r * np.log1p(T / alpha) - x * np.log(A),
        -np.log1p(T / alpha),
        (r * T / alpha - x) / A,
        np.zeros_like(A),
        T / (alpha * A),
        (x - r * (T / alpha) * (2 + T / alpha)) / A**2,
    )
    return np.stack(rows)
