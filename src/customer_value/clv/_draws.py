"""Draws of a model's parameters: from the posterior by importance sampling, or by the bootstrap.

Importance sampling: proposals from a multivariate t around the mode, weighted by posterior over proposal. The largest
weights are smoothed by the generalised Pareto distribution fitted to them, whose shape k says how far they can be
trusted (Vehtari, Simpson, Gelman, Yao & Gabry 2024, "Pareto Smoothed Importance Sampling", JMLR 25; below .7 is good).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from customer_value._validation import number
from customer_value.errors import InputError

Floats = NDArray[np.float64]

_DEGREES = 7.0  # of the t proposal: tails heavier than any posterior that data identify
_TAIL_SHARE = 0.2
GOOD_K = 0.7
Prior = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class ParameterDraws:
    """Equally weighted draws of a model's parameters.

    Attributes
    ----------
    method
        ``"posterior"`` or ``"bootstrap"``.
    parameters
        Names, in the model's order.
    params
        Draws of the parameters on their natural scale, shape (draws, parameters).
    effective_size
        How many independent draws these are worth.
    k_hat
        Shape of the importance weights' tail: below 0.7 the draws can be trusted; None for a bootstrap.
    prior
        Median and standard deviation of the logarithm of each parameter that has a log-normal prior; the others are
        flat on the logarithm.
    """

    method: Literal["posterior", "bootstrap"]
    parameters: tuple[str, ...]
    params: Floats = field(repr=False)
    effective_size: float
    k_hat: float | None = None
    prior: Prior = field(default_factory=dict)

    @property
    def log_covariance(self) -> Floats:
        """Covariance matrix of the log parameters."""
        return np.atleast_2d(np.cov(np.log(self.params), rowvar=False))

    def to_frame(self) -> Any:
        """Return the draws as a pandas DataFrame, one column for each parameter."""
        import pandas as pd

        return pd.DataFrame(dict(zip(self.parameters, self.params.T, strict=True)))

    def summary_table(self, interval: float = 0.95) -> Any:
        """Return mean, standard deviation and equal-tailed interval of each parameter as a pandas DataFrame."""
        import pandas as pd

        low, high = np.quantile(self.params, [(1 - interval) / 2, (1 + interval) / 2], axis=0)
        return pd.DataFrame(
            {
                "parameter": list(self.parameters),
                "mean": self.params.mean(axis=0),
                "standard_deviation": self.params.std(axis=0, ddof=1),
                "lower": low,
                "upper": high,
            }
        )


def importance_draws(
    log_posterior: Callable[[Floats], Floats], mode: Floats, covariance: Floats, n: int, rng: np.random.Generator
) -> tuple[Floats, float, float]:
    """Draw from a posterior of log parameters; returns equally weighted draws, their effective size and k-hat.

    `log_posterior` is called with all proposals at once, one a row.
    """
    size = mode.size
    spread = np.linalg.cholesky(covariance)
    normal = rng.standard_normal((n, size))
    scale = np.sqrt(_DEGREES / rng.chisquare(_DEGREES, n))
    draws = mode + (normal * scale[:, None]) @ spread.T
    distance = (normal**2).sum(axis=1) * scale**2
    log_proposal = -(_DEGREES + size) / 2 * np.log1p(distance / _DEGREES)
    log_weights = log_posterior(draws) - log_proposal
    weights, k_hat = smoothed_weights(log_weights)
    effective = 1 / float((weights**2).sum())
    return draws[systematic(weights, n, rng)], effective, k_hat


def smoothed_weights(log_weights: Floats) -> tuple[Floats, float]:
    """Normalised importance weights, the largest replaced by quantiles of their Pareto fit, and that fit's shape."""
    n = log_weights.size
    weights = np.exp(log_weights - log_weights.max())
    tail = int(min(_TAIL_SHARE * n, 3 * np.sqrt(n)))
    order = np.argsort(weights)
    largest = order[-tail:]
    cut = weights[order[-tail - 1]]
    shape, scale = pareto_fit(weights[largest] - cut)
    levels = (np.arange(tail) + 0.5) / tail
    stretched = scale * np.expm1(-shape * np.log1p(-levels)) / shape if shape else -scale * np.log1p(-levels)
    weights[largest] = np.minimum(cut + stretched, 1.0)
    return weights / weights.sum(), shape


def pareto_fit(excess: Floats) -> tuple[float, float]:
    """Shape and scale of a generalised Pareto distribution, by the quasi-Bayesian estimate of Zhang & Stephens (2009).

    The shape is drawn towards 1/2 as by ten observations more, as Vehtari et al. (2024) do.
    """
    x = np.sort(excess)
    n = x.size
    if x[-1] <= 0:
        return 0.0, 1e-300
    grid = 30 + int(np.sqrt(n))
    quartile = max(x[int(n / 4 + 0.5) - 1], 1e-300)
    theta = 1 / x[-1] + (1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (3 * quartile)
    shape = np.log1p(-theta[:, None] * x).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        profile = n * (np.log(-theta / shape) - shape - 1)
    profile = np.where(np.isfinite(profile), profile, -np.inf)
    weight = np.exp(profile - profile.max())
    centre = float((theta * weight).sum() / weight.sum())
    k = float(np.log1p(-centre * x).mean())
    scale = -k / centre if centre else float(x.mean())
    return (n * k + 5) / (n + 10), scale


def systematic(weights: Floats, n: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Indices of a sample with expected counts proportional to the weights: one random start and equal steps."""
    ends = np.cumsum(weights)
    return np.searchsorted(ends / ends[-1], (np.arange(n) + rng.random()) / n)


def read_prior(prior: Prior | None, names: Sequence[str]) -> Prior:
    """Return checked log-normal priors: parameter -> median and standard deviation of its logarithm."""
    if prior is None:
        return {}
    if not isinstance(prior, Mapping) or not all(isinstance(v, Sequence) and len(v) == 2 for v in prior.values()):
        raise InputError(
            f'prior must map parameters to (median, sd of the logarithm), such as {{"{names[0]}": (1, 1)}}.'
        )
    if unknown := [name for name in prior if name not in names]:
        raise InputError(f"prior names {unknown}; the model has the parameters {list(names)}.")
    checked = {}
    for name, values in prior.items():
        median, sd = (number(v, f"prior of {name}", low=0, high=math.inf, open_ends=True) for v in values)
        checked[name] = median, sd
    return checked


def log_normal(prior: Prior, names: Sequence[str]) -> Callable[[Floats], tuple[float, Floats, Floats]]:
    """Log density of independent log-normal priors at log parameters, with slope and curvature."""
    centre, precision = np.zeros(len(names)), np.zeros(len(names))
    for name, (median, sd) in prior.items():
        centre[names.index(name)], precision[names.index(name)] = math.log(median), sd**-2

    def density(theta: Floats) -> tuple[float, Floats, Floats]:
        slope = -precision * (theta - centre)
        return float(slope @ (theta - centre)) / 2, slope, np.diag(-precision)

    return density
