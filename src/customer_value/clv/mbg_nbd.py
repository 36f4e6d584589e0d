"""MBG/NBD: BG/NBD whose customers may leave right after their first purchase.

Batislam, Denizel & Filiztekin (2007), "Empirical Validation and Comparison of Models for Customer Base Analysis",
International Journal of Research in Marketing 24(3), 201-209; Hoppe & Wagner (2007), "Customer Base Analysis: The Case
for a Central Variant of the Betageometric/NBD Model", Marketing - Journal of Research and Management 3(2), 75-90.

The coin that a customer tosses after each purchase he tosses after the first one too. It shows "stay" with probability
E(1 - p) = b / (a + b), and whoever stays is a BG/NBD customer whose coin has been seen to do so once: b + 1 in the
place of b. All that is said of new customers here follows from this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from customer_value.clv import _beta_likelihood as likelihood
from customer_value.clv._base import PurchaseModel
from customer_value.clv._posterior import Beta, Gamma, Mixing
from customer_value.clv._special import Floats
from customer_value.clv.bg_nbd import BGNBD

_EARLY = 1  # tosses of the dropout coin before the first repeat purchase


class MBGNBD(PurchaseModel):
    """MBG/NBD model of a customer base without contracts.

    While active, a customer buys at a Poisson rate that is Gamma(r, alpha) over customers; after each purchase, the
    first one included, he leaves for good with a probability that is Beta(a, b) over customers.

    Notes
    -----
    Unlike under BG/NBD, one-time buyers may have left: a share a / (a + b) of new customers never comes back.

    Sources: Batislam, Denizel & Filiztekin (2007), International Journal of Research in Marketing 24(3), 201-209;
    Hoppe & Wagner (2007), Marketing - Journal of Research and Management 3(2), 75-90.

    Examples
    --------
    >>> from customer_value.clv import MBGNBD
    >>> model = MBGNBD.from_params(r=0.525, alpha=6.183, a=0.891, b=1.614, time_unit="week")
    >>> round(model.expected_purchases_new("52 weeks"), 3)
    1.42
    """

    _parameters: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    _columns: ClassVar[tuple[str, ...]] = ("frequency", "recency", "T")
    _dropout: ClassVar[tuple[str, ...]] = ("a", "b")
    _mixing: ClassVar[Mapping[str, Mixing]] = {
        "purchase_rate": Gamma("r", "alpha"),
        "dropout_probability": Beta("a", "b"),
    }

    @property
    def _future(self) -> BGNBD:
        """Who is alive has tossed the coin after every purchase so far, like a BG/NBD customer."""
        return BGNBD()

    @staticmethod
    def _starts(x: Floats, t_x: Floats, T: Floats, weights: Floats) -> list[tuple[float, ...]]:
        return likelihood.starts(x, T, weights)

    @staticmethod
    def _log_likelihood(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Log-likelihood per customer; no purchase yet is a probability, exact however near to 1."""
        r, alpha, a, b = params
        quiet = r * np.log1p(T / alpha)
        back = -b / (a + b) * np.expm1(-quiet)
        silent = np.where(back < 0.5, np.log1p(-np.minimum(back, 0.5)), np.log((a + b * np.exp(-quiet)) / (a + b)))
        return np.where(x > 0, likelihood.log_likelihood(params, x, t_x, T, _EARLY), silent)

    @staticmethod
    def _score(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats]:
        """Log-likelihood and its gradient per customer."""
        _, gradient = likelihood.score(params, x, t_x, T, _EARLY)
        return MBGNBD._log_likelihood(params, x, t_x, T), gradient

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
        """1 / (1 + odds), with the odds a/(b+x) ((alpha+T)/(alpha+t_x))^(r+x) between the likelihood's two terms."""
        r, alpha, a, b = params
        log_odds = np.log(a) - np.log(b + x) + (r + x) * np.log1p((T - t_x) / (alpha + t_x))
        return np.asarray(expit(-log_odds), dtype=np.float64)

    @staticmethod
    def _if_alive(params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> tuple[Any, ...]:
        """Conjugate updates: the rate has seen x purchases in T, the dropout coin was tossed x + 1 times."""
        r, alpha, a, b = params
        return (r + x, alpha + T, a, b + x + 1)

    @staticmethod
    def _expected_purchases_new(params: Sequence[Any], t: Floats) -> Floats:
        stays, stayed = _first_toss(params)
        return np.asarray(stays * BGNBD._expected_purchases_new(stayed, t))

    @staticmethod
    def _survival_new(params: Sequence[Any], t: Floats) -> Floats:
        """P(still alive at t); it starts from b / (a + b)."""
        stays, stayed = _first_toss(params)
        return np.asarray(stays * BGNBD._survival_new(stayed, t))

    @staticmethod
    def _pmf_new(params: Sequence[Any], n: Floats, t: Floats) -> Floats:
        """P(X(t) = n): those who stayed at first, and those who did not, with n = 0."""
        _, _, a, b = params
        stays, stayed = _first_toss(params)
        return np.asarray(stays * BGNBD._pmf_new(stayed, n, t) + np.where(np.asarray(n) == 0, a / (a + b), 0.0))

    @staticmethod
    def _pmf_alive_new(params: Sequence[Any], n: Floats, t: Floats) -> Floats:
        """P(X(t) = n and still alive at t)."""
        stays, stayed = _first_toss(params)
        return np.asarray(stays * BGNBD._pmf_alive_new(stayed, n, t))

    @staticmethod
    def _sf_new(params: Sequence[Any], n: Floats, t: Floats) -> Floats:
        """P(X(t) > n)."""
        stays, stayed = _first_toss(params)
        return np.asarray(stays * BGNBD._sf_new(stayed, n, t))

    @staticmethod
    def _draw_purchases(
        params: Sequence[Any], duration: Floats, rng: np.random.Generator
    ) -> tuple[NDArray[np.intp], Floats]:
        """Draw repeat purchase times in (0, duration], by customer and time; who leaves at once has no time."""
        stays, stayed = _first_toss(params)
        return BGNBD._draw_purchases(stayed, np.where(rng.random(duration.size) < stays, duration, 0.0), rng)


def _first_toss(params: Sequence[Any]) -> tuple[Any, tuple[Any, ...]]:
    """Return the probability of staying after the first purchase, and the BG/NBD parameters of those who stay."""
    r, alpha, a, b = params
    return b / (a + b), (r, alpha, a, b + 1)
