"""How regular are purchases? The shape of the times between them, free of each customer's own rate."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, polygamma, psi

from customer_value.clv._rows import Floats

_STEPS = 60


class Regularity(NamedTuple):
    """Maximum likelihood estimate of the shape k and the standard deviation of its logarithm."""

    k: float
    log_sd: float
    customers: int


def estimate_regularity(x: Floats, t_x: Floats, log_intervals: Floats) -> Regularity | None:
    """Estimate the shape of gamma-distributed times between purchases; None where nobody has two of them.

    Given their sum t_x, the x times of a customer are t_x times a Dirichlet(k, ..., k) vector whatever his rate, so

        ln L(k) = sum of [ln Gamma(k x) - x ln Gamma(k) + (k - 1) (log_intervals - x ln t_x)] over customers with x > 1.

    With two times each it is the statistic of Wheat & Morrison (1990), "Estimating Purchase Regularity with Two
    Interpurchase Times", Journal of Marketing Research 27(1). 1 is random (Poisson), above 1 regular, below 1 clumpy.
    """
    several = x > 1
    if not several.any():
        return None
    counts, places = np.unique(x[several], return_inverse=True)
    customers = np.bincount(places)
    intervals = float((customers * counts).sum())
    evenness = float((log_intervals[several] - x[several] * np.log(t_x[several])).sum())
    theta = 0.0
    for _ in range(_STEPS):  # Newton in ln k: the likelihood is concave in k and has one top
        k = math.exp(theta)
        slope = float((customers * counts * psi(k * counts)).sum()) - intervals * float(psi(k)) + evenness
        curvature = float((customers * counts**2 * polygamma(1, k * counts)).sum()) - intervals * float(polygamma(1, k))
        in_logs = k * k * curvature + k * slope
        step = k * slope / max(-in_logs, 1e-12)
        theta = min(max(theta + max(min(step, 1.0), -1.0), -6.0), 10.0)
        if abs(step) < 1e-12:
            break
    k = math.exp(theta)
    information = intervals * float(polygamma(1, k)) - float((customers * counts**2 * polygamma(1, k * counts)).sum())
    return Regularity(k, 1 / (k * math.sqrt(information)), int(several.sum()))


def log_likelihood(k: float, x: Floats, t_x: Floats, log_intervals: Floats) -> Floats:
    """Log-likelihood of the shape per customer, given the sum of the times; 0 where there are fewer than two."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = gammaln(k * x) - x * gammaln(k) + (k - 1) * (log_intervals - x * np.log(t_x))
    return np.asarray(np.where(x > 1, value, 0.0), dtype=np.float64)
