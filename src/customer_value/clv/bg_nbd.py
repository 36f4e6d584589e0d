"""BG/NBD: purchases at a gamma-distributed rate until a beta-geometric dropout (Fader, Hardie & Lee 2005).

Equation numbers are those of "'Counting Your Customers' the Easy Way: An Alternative to the Pareto/NBD Model",
Marketing Science 24(2), 275-284. Everything is arranged in logs so that nothing overflows however much a customer buys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

from customer_value.clv import _beta_likelihood as likelihood
from customer_value.clv._base import PurchaseModel
from customer_value.clv._beta_dropout import mean_purchases, survival
from customer_value.clv._posterior import Beta, Gamma, Mixing
from customer_value.clv._special import Floats, beta_cdf_at_odds

_EARLY = 0  # tosses of the dropout coin before the first repeat purchase


class BGNBD(PurchaseModel):
    """BG/NBD model of a customer base without contracts.

    While active, a customer buys at a Poisson rate that is Gamma(r, alpha) over customers; after each repeat purchase
    he leaves for good with a probability that is Beta(a, b) over customers.

    Notes
    -----
    A customer can only leave after a repeat purchase, so whoever has not come back yet is alive with probability 1.
    Where one-time buyers matter, read `probability_active`, or use MBG/NBD or Pareto/NBD.

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
    _mixing: ClassVar[Mapping[str, Mixing]] = {
        "purchase_rate": Gamma("r", "alpha"),
        "dropout_probability": Beta("a", "b"),
    }

    @staticmethod
    def _starts(x: Floats, t_x: Floats, T: Floats, weights: Floats) -> list[tuple[float, ...]]:
        return likelihood.starts(x, T, weights)

    @staticmethod
    def _log_likelihood(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Log of eq. (6)."""
        return likelihood.log_likelihood(params, x, t_x, T, _EARLY)

    @staticmethod
    def _score(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats]:
        """Log-likelihood and its gradient per customer."""
        return likelihood.score(params, x, t_x, T, _EARLY)

    @staticmethod
    def _hessian(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Second derivatives of the log-likelihood per customer, shape (4, 4, n)."""
        return likelihood.hessian(params, x, t_x, T, _EARLY)

    @staticmethod
    def _objective(
        params: Sequence[float], x: Floats, t_x: Floats, T: Floats, weights: Floats
    ) -> tuple[float, Floats, Floats]:
        """Weighted totals of log-likelihood, gradient and Hessian."""
        return likelihood.objective(params, x, t_x, T, weights, _EARLY)

    @staticmethod
    def _totals(points: Floats, x: Floats, t_x: Floats, T: Floats, weights: Floats) -> Floats:
        """Weighted total of the log-likelihood at many parameter points."""
        return likelihood.totals(points, x, t_x, T, weights, _EARLY)

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
    def _survival_new(params: Sequence[Any], t: Floats) -> Floats:
        """P(still alive at t): given his rates the customer leaves at rate lambda p, exp(-lambda p t) averaged."""
        r, alpha, a, b = params
        return survival(r, a, b, np.asarray(t) / alpha)

    @staticmethod
    def _pmf_new(params: Sequence[Any], n: Floats, t: Floats) -> Floats:
        """Eq. (8): n purchases and still active, or left after the n-th. No difference is taken.

        The bracket of eq. (8), one less a sum of negative binomial probabilities, is P(N(t) >= n) of the rate alone, an
        incomplete beta function.
        """
        r, alpha, a, b = params
        n = np.asarray(n, dtype=np.float64)
        some = np.maximum(n, 1)
        left = np.where(n > 0, a / (b + some - 1), 0.0)  # B(a+1, b+n-1) / B(a, b+n)
        had_rate = _rate_pmf(r, alpha, n, t) + left * beta_cdf_at_odds(some, r, t / alpha)
        return np.asarray(np.exp(_log_stayed(a, b, n)) * had_rate)

    @staticmethod
    def _pmf_alive_new(params: Sequence[Any], n: Floats, t: Floats) -> Floats:
        """First term of eq. (8): n purchases, and stayed after each."""
        r, alpha, a, b = params
        n = np.asarray(n, dtype=np.float64)
        return np.asarray(np.exp(_log_stayed(a, b, n)) * _rate_pmf(r, alpha, n, t))

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


def _rate_pmf(r: Any, alpha: Any, n: Any, t: Any) -> Floats:
    """P(N(t) = n) of the purchase rate alone, negative binomial."""
    log_counts = special.gammaln(r + n) - special.gammaln(r) - special.gammaln(n + 1)
    return np.asarray(np.exp(log_counts - r * np.log1p(t / alpha) + special.xlogy(n, t / (alpha + t))))


def _log_stayed(a: Any, b: Any, n: Any) -> Floats:
    """Log probability of staying after each of n purchases, B(a, b+n) / B(a, b)."""
    together = special.gammaln(a + b + n) - special.gammaln(a + b)
    return np.asarray(special.gammaln(b + n) - special.gammaln(b) - together)
