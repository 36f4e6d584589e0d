"""Beta-discrete-Weibull: contracts whose chance of renewal differs between customers and changes with their age.

Fader, Hardie, Liu, Davin & Steenburgh (2018), "'How to Project Customer Retention' Revisited: The Role of Duration
Dependence", Journal of Interactive Marketing 43, 1-16.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from scipy.special import zeta

from customer_value.clv._beta_survival import beta_ratio_slopes, log_beta_ratio
from customer_value.clv._contract import ContractModel
from customer_value.clv._rows import Floats
from customer_value.clv._special import gamma_ratio

_LOG_LARGE = 80.0  # beyond e^80, beside parameters up to 1e8, only the ratio of two powers matters


class BetaDiscreteWeibull(ContractModel):
    """Beta-discrete-Weibull model of contracts (BdW).

    A customer survives t renewals with probability (1 - theta)^(t^c); theta is Beta(gamma, delta) over customers. With
    c above 1 a customer's own chance to leave rises with his age, with c below 1 it falls; c = 1 is
    `ShiftedBetaGeometric`.

    Notes
    -----
    It follows retention curves that the shifted-beta-geometric cannot: a first renewal that is easier than the second
    (c above 1 and customers who differ little), or rates that rise faster than differences between customers explain.

    Source: Fader, Hardie, Liu, Davin & Steenburgh (2018), Journal of Interactive Marketing 43, 1-16.

    Examples
    --------
    The paper's high-end customers, of whom 86.9, 74.3, 65.3 and 59.3 % were left after one to four renewals:

    >>> import pandas as pd
    >>> from customer_value.clv import BetaDiscreteWeibull
    >>> renewals = pd.DataFrame({"period": [1, 2, 3, 4], "at_risk": [1000, 869, 743, 653], "lost": [131, 126, 90, 60]})
    >>> model = BetaDiscreteWeibull().fit(renewals)
    >>> model
    <BetaDiscreteWeibull(): gamma=0.2593, delta=1.723, c=1.584; log-likelihood -1222.749, 1,000 customers>
    >>> model.retention([1, 2, 3, 4]).round(3)
    array([0.869, 0.854, 0.883, 0.906])
    >>> round(model.survival(12), 3)
    0.389
    """

    _parameters: ClassVar[tuple[str, ...]] = ("gamma", "delta", "c")

    @staticmethod
    def _starts(period: Floats, lost: Floats, renewed: Floats, weights: Floats) -> list[tuple[float, ...]]:
        """A cohort's first retention rate, with customers who differ more or less and age more or less.

        The last one: a few leave soon, and hardly anyone else does until they age.
        """
        first = float((renewed[0] + 0.5) / (lost[0] + renewed[0] + 1))
        guesses = ((2.0, 1.2), (10.0, 1.0), (1.0, 2.0), (2.0, 0.6), (0.03, 5.0))
        return [((1 - first) * size, first * size, c) for size, c in guesses]

    @staticmethod
    def _log_likelihood(params: Sequence[float], period: Floats, lost: Floats, renewed: Floats) -> Floats:
        return _derivatives(params, period, lost, renewed)[0]

    @staticmethod
    def _score(params: Sequence[float], period: Floats, lost: Floats, renewed: Floats) -> tuple[Floats, Floats]:
        """Log-likelihood and its gradient per row."""
        return _derivatives(params, period, lost, renewed)[:2]

    @staticmethod
    def _hessian(params: Sequence[float], period: Floats, lost: Floats, renewed: Floats) -> Floats:
        """Second derivatives per row, shape (3, 3, n)."""
        return _derivatives(params, period, lost, renewed)[2]

    @staticmethod
    def _objective(
        params: Sequence[float], period: Floats, lost: Floats, renewed: Floats, weights: Floats
    ) -> tuple[float, Floats, Floats]:
        """Totals of all three, from one evaluation."""
        ll, gradient, hessian = _derivatives(params, period, lost, renewed)
        return float(ll @ weights), gradient @ weights, hessian @ weights

    @staticmethod
    def _log_kept(params: Sequence[float], made: Floats, more: Floats) -> Floats:
        """Log of S(t + u) / S(t), S(t) = B(gamma, delta + t^c) / B(gamma, delta): a beta that has seen t^c stays."""
        gamma, delta, c = params
        before, step, beyond = _powers(made, more, c)
        return log_beta_ratio(gamma, delta + before, step) - gamma * beyond

    @staticmethod
    def _tail(params: Sequence[float]) -> float:
        """Survival falls as a power of time with this exponent, B(gamma, delta + t^c) ~ t^(-c gamma)."""
        return params[0] * params[2]


def _powers(made: Floats, more: Floats, c: float) -> tuple[Floats, Floats, Floats]:
    """Return t^c and (t+u)^c - t^c, cut where they are so large that only their ratio counts, and ln of what was cut.

    From there on S(t + u) / S(t) is (t^c / (t+u)^c)^gamma.
    """
    made, more = np.broadcast_arrays(np.asarray(made, dtype=np.float64), np.asarray(more, dtype=np.float64))
    some = made > 0
    before = np.where(some, np.exp(np.minimum(c * np.log(np.where(some, made, 1.0)), _LOG_LARGE)), 0.0)
    # The step is t^c ((1 + u/t)^c - 1), or u^c after no renewal.
    with np.errstate(divide="ignore"):
        growth = c * np.where(some, np.log1p(more / np.where(some, made, 1.0)), np.log(more))
    within = np.minimum(growth, _LOG_LARGE)
    step = np.where(some, before * np.expm1(within), np.exp(within))
    return before, step, np.maximum(growth - _LOG_LARGE, 0.0)


def _derivatives(
    params: Sequence[float], period: Floats, lost: Floats, renewed: Floats
) -> tuple[Floats, Floats, Floats]:
    """Log of the retention rate S(t) / S(t-1) for each renewal, of its complement for each loss; their derivatives."""
    log_rate, slope, curvature = _log_retention(params, period)
    log_loss, odds = _complement(log_rate)
    per_rate = renewed - lost * odds
    hessian = per_rate * curvature - lost * odds * (1 + odds) * slope[:, None] * slope
    return lost * log_loss + renewed * log_rate, per_rate * slope, hessian


def _log_retention(params: Sequence[float], period: Floats) -> tuple[Floats, Floats, Floats]:
    """Log of the retention rate of each period, its gradient (3, n) and its Hessian (3, 3, n).

    With p = (t-1)^c and k = t^c - p it is F = ln B(gamma, delta + p + k) / B(gamma, delta + p), whose derivatives by
    gamma, by the sum b = delta + p and by k are differences of psi; c moves p and k.
    """
    gamma, delta, c = params
    before, step, beyond = _powers(period - 1, np.ones_like(period), c)
    b = delta + before
    value = log_beta_ratio(gamma, b, step) - gamma * beyond
    _, by_gamma, by_gamma_b = (-part for part in gamma_ratio(gamma + b, step))  # F_aa = F_ab
    _, by_k, by_k_k = (-part for part in gamma_ratio(b + step, np.full_like(b, gamma)))  # F_kk = F_bk
    by_b, by_b_b = beta_ratio_slopes(np.full_like(b, gamma), b, step)
    by_gamma_k = -zeta(2, gamma + b + step)  # -psi'

    log_t, log_before = np.log(period), np.log(np.maximum(period - 1, 1))
    growth = np.where(period > 1, np.log1p(1 / np.maximum(period - 1, 1)), 0.0)
    p_1, k_1 = before * log_before, step * log_t + before * growth
    p_2, k_2 = p_1 * log_before, step * log_t**2 + before * growth * (log_t + log_before)

    by_c = by_b * p_1 + by_k * k_1
    by_gamma_c = by_gamma_b * p_1 + by_gamma_k * k_1
    by_b_c = by_b_b * p_1 + by_k_k * k_1
    by_c_c = by_b_c * p_1 + by_k_k * k_1 * (p_1 + k_1) + by_b * p_2 + by_k * k_2
    slope = np.stack([by_gamma - beyond, by_b, by_c])
    curvature = np.array(
        [[by_gamma_b, by_gamma_b, by_gamma_c], [by_gamma_b, by_b_b, by_b_c], [by_gamma_c, by_b_c, by_c_c]]
    )
    return value, slope, curvature


def _complement(log_rate: Floats) -> tuple[Floats, Floats]:
    """Return ln(1 - r) and the odds r / (1 - r) of a rate given by its logarithm."""
    loss = -np.expm1(log_rate)
    rate = np.exp(log_rate)
    small = log_rate < -0.5
    return np.where(small, np.log1p(-np.where(small, rate, 0.0)), np.log(loss)), rate / loss
