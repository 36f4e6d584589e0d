"""Intervals of means: the parameters' covariance carried to a prediction by the delta method, on its logarithm."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import ndtri

from customer_value.clv._rows import Floats

Quantity = Callable[[Sequence[float], tuple[Floats, ...]], Floats]
_STEP = 1e-3


def principal_directions(log_covariance: Floats) -> Floats:
    """Directions u_k, one a row, with covariance = sum of u_k u_k'. What is unidentified (NaN) is held fixed."""
    variance, directions = np.linalg.eigh(np.nan_to_num(log_covariance, nan=0.0))
    kept = variance > 0
    return np.asarray((directions[:, kept] * np.sqrt(variance[kept])).T)


def cubature_points(params: Sequence[float], log_covariance: Floats) -> list[tuple[float, ...]]:
    """Equally weighted parameter points with the covariance of the log parameters (spherical cubature of degree 3)."""
    directions = principal_directions(log_covariance)
    reach = np.sqrt(max(len(directions), 1)) * np.vstack([directions, -directions])
    centre = np.log(np.asarray(params))
    return [tuple(np.exp(centre + step).tolist()) for step in reach] or [tuple(params)]


def log_spread(
    quantity: Quantity, params: Sequence[float], log_covariance: Floats, columns: tuple[Floats, ...]
) -> Floats:
    """Standard deviation of ln(quantity) per row; of each direction only the square of its slope is kept."""
    centre = np.log(np.asarray(params))
    variance = np.zeros(columns[0].size)
    for direction in principal_directions(log_covariance):
        step = _STEP / np.abs(direction).max()
        ahead = quantity(tuple(np.exp(centre + step * direction)), columns)
        behind = quantity(tuple(np.exp(centre - step * direction)), columns)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (np.log(ahead) - np.log(behind)) / (2 * step)
        variance += np.where(np.isfinite(slope), slope, 0.0) ** 2
    return np.sqrt(variance)


def delta_interval(mean: Floats, spread: Floats, level: float) -> tuple[Floats, Floats]:
    """Interval of a positive mean, symmetric on the log scale."""
    factor = np.exp(ndtri((1 + level) / 2) * spread)
    return mean / factor, mean * factor
