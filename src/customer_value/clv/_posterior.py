"""How customers differ, and what a customer's own history says of his rates.

A rate that is Gamma(shape, rate) over customers, times rate^m, is again a gamma density, with shape + m; a probability
that is Beta(a, b) works the same way. So every posterior moment is a ratio of two likelihoods, one of them at shifted
parameters (Fader & Hardie 2005, "A Note on Deriving the Pareto/NBD Model", section 7, for any model).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from scipy import special

from customer_value.clv._special import Floats

Params = dict[str, float]


class Gamma(NamedTuple):
    """A rate per time unit whose distribution over customers is gamma, by the names of its parameters.

    `scale` turns the model's rate into the one that is told: a number, or the name of a parameter.
    """

    shape: str
    rate: str
    scale: float | str = 1.0

    def moment(self, params: Params, order: int) -> float:
        """Mean of the rate to that power over customers."""
        shape, rate = params[self.shape], params[self.rate]
        return float(np.prod(shape + np.arange(order))) / rate**order * self._scale(params) ** order

    def shifted(self, params: Params, order: int) -> Params:
        """Parameters of the density times the rate to that power."""
        return params | {self.shape: params[self.shape] + order}

    def quantile(self, params: Params, level: Floats) -> Floats:
        """Quantiles over customers."""
        quantiles = special.gammaincinv(params[self.shape], level) / params[self.rate]
        return np.asarray(quantiles * self._scale(params), dtype=np.float64)

    def density(self, params: Params, values: Floats) -> Floats:
        """Density over customers at these values above 0."""
        shape, rate = params[self.shape], params[self.rate] / self._scale(params)
        log_density = shape * np.log(rate) + (shape - 1) * np.log(values) - rate * values - special.gammaln(shape)
        return np.asarray(np.exp(log_density), dtype=np.float64)

    def _scale(self, params: Params) -> float:
        return params[self.scale] if isinstance(self.scale, str) else self.scale


class Beta(NamedTuple):
    """A probability whose distribution over customers is beta, by the names of its parameters."""

    a: str
    b: str

    def moment(self, params: Params, order: int) -> float:
        """Mean of the probability to that power over customers."""
        steps = np.arange(order)
        return float(np.prod((params[self.a] + steps) / (params[self.a] + params[self.b] + steps)))

    def shifted(self, params: Params, order: int) -> Params:
        """Parameters of the density times the probability to that power."""
        return params | {self.a: params[self.a] + order}

    def quantile(self, params: Params, level: Floats) -> Floats:
        """Quantiles over customers."""
        return np.asarray(special.betaincinv(params[self.a], params[self.b], level), dtype=np.float64)

    def density(self, params: Params, values: Floats) -> Floats:
        """Density over customers at these values between 0 and 1."""
        a, b = params[self.a], params[self.b]
        log_density = special.xlogy(a - 1, values) + special.xlog1py(b - 1, -values) - special.betaln(a, b)
        return np.asarray(np.exp(log_density), dtype=np.float64)


Mixing = Gamma | Beta


def posterior_moments(
    mixing: Mapping[str, Mixing], params: Params, log_likelihood: Callable[[Params], Floats]
) -> dict[str, Floats]:
    """Posterior mean and standard deviation of each rate, given each customer's history."""
    now = log_likelihood(params)
    moments: dict[str, Floats] = {}
    for name, rate in mixing.items():
        mean, square = (
            rate.moment(params, order) * np.exp(log_likelihood(rate.shifted(params, order)) - now) for order in (1, 2)
        )
        moments[name] = mean
        # Rounding may leave a variance of nothing just below 0.
        moments[f"{name}_sd"] = np.sqrt(np.maximum(square - mean**2, 0.0))
    return moments
