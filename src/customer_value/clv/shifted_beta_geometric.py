"""Shifted-beta-geometric: contracts renewed or not, at a chance that differs between customers (Fader & Hardie 2007).

Equation numbers are those of "How to Project Customer Retention", Journal of Interactive Marketing 21(1), 76-90.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from customer_value.clv._beta_survival import log_beta_ratio
from customer_value.clv._contract import ContractModel
from customer_value.clv._rows import Floats


class ShiftedBetaGeometric(ContractModel):
    """Shifted-beta-geometric model of contracts (sBG).

    At the end of each period a customer leaves with a probability that is his own and stays the same; over customers
    it is Beta(alpha, beta).

    Notes
    -----
    No customer's own retention rate changes, and yet the rate of a cohort rises from period to period: those likely to
    leave do so first. The mean chance to leave is alpha / (alpha + beta); the smaller alpha + beta, the more customers
    differ.

    Source: Fader & Hardie (2007), Journal of Interactive Marketing 21(1), 76-90.

    Examples
    --------
    The paper's regular customers, of whom 63.1, 46.8, 38.2 and 32.6 % were left after one to four renewals:

    >>> import pandas as pd
    >>> from customer_value.clv import ShiftedBetaGeometric
    >>> renewals = pd.DataFrame({"period": [1, 2, 3, 4], "at_risk": [1000, 631, 468, 382], "lost": [369, 163, 86, 56]})
    >>> model = ShiftedBetaGeometric().fit(renewals)
    >>> model
    <ShiftedBetaGeometric(): alpha=0.7637, beta=1.296; log-likelihood -1401.559, 1,000 customers>
    >>> model.retention([1, 2, 3, 4]).round(3)
    array([0.629, 0.75 , 0.812, 0.849])
    >>> round(model.survival(12), 3)
    0.16
    """

    _parameters: ClassVar[tuple[str, ...]] = ("alpha", "beta")

    @staticmethod
    def _starts(period: Floats, lost: Floats, renewed: Floats, weights: Floats) -> list[tuple[float, ...]]:
        """Parameters that meet the first two retention rates, eq. (8), and a guess for rates that do not rise."""
        first, second = (renewed[:2] + 0.5) / (lost[:2] + renewed[:2] + 1)
        size = min((1 - second) / (second - first), 100.0) if second > first else 10.0
        return [((1 - first) * size, first * size), (1.0, 1.0)]

    @staticmethod
    def _log_likelihood(params: Sequence[float], period: Floats, lost: Floats, renewed: Floats) -> Floats:
        return ShiftedBetaGeometric._score(params, period, lost, renewed)[0]

    @staticmethod
    def _score(params: Sequence[float], period: Floats, lost: Floats, renewed: Floats) -> tuple[Floats, Floats]:
        """Log of the retention rate, eq. (8), for each renewal, of its complement for each loss; and the gradient."""
        alpha, beta = params
        stay = beta + period - 1
        both = alpha + stay
        ll = lost * np.log(alpha / both) - renewed * np.log1p(alpha / stay)
        gradient = lost * (stay / alpha) / both - renewed / both, renewed * (alpha / stay) / both - lost / both
        return ll, np.stack(gradient)

    @staticmethod
    def _hessian(params: Sequence[float], period: Floats, lost: Floats, renewed: Floats) -> Floats:
        """Second derivatives per row, shape (2, 2, n)."""
        alpha, beta = params
        stay = beta + period - 1
        both = alpha + stay
        shared = (lost + renewed) / both**2
        return np.array([[shared - lost / alpha**2, shared], [shared, shared - renewed / stay**2]])

    @staticmethod
    def _log_kept(params: Sequence[float], made: Floats, more: Floats) -> Floats:
        """Eq. (6) for a customer of whom some renewals are known: Beta(alpha, beta + renewals) is his chance now."""
        alpha, beta = params
        return log_beta_ratio(alpha, beta + made, more)

    @staticmethod
    def _tail(params: Sequence[float]) -> float:
        """Survival falls as a power of time with this exponent, B(alpha, beta + t) ~ t^-alpha."""
        return params[0]
