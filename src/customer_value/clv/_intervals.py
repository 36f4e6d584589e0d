"""Intervals of means: what the parameters' uncertainty brings to a prediction, on its logarithm.

By the delta method from the covariance of the parameters; or, where there are draws of them, from the prediction at
each draw: far from the mode, where a parameter's draws have long tails, a prediction may hardly move.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import ndtri

from customer_value.clv._rows import Floats

Quantity = Callable[[Sequence[float], tuple[Floats, ...]], Floats]
_STEP = 1e-3
_DRAWS = 100  # at most: a standard deviation from so many is known to 7 %


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


def log_spread_of_draws(
    quantity: Quantity, params: Sequence[float], draws: Floats, columns: tuple[Floats, ...]
) -> Floats:
    """Standard deviation of ln(quantity) per row over draws of the parameters, one a row; one pass, no table."""
    # Equally weighted draws come with copies beside each other, so they are taken evenly from all.
    chosen = draws[np.linspace(0, len(draws) - 1, min(_DRAWS, len(draws))).astype(int)]
    centre = quantity(params, columns)
    total, squares = np.zeros(columns[0].size), np.zeros(columns[0].size)
    for draw in chosen:
        with np.errstate(divide="ignore", invalid="ignore"):
            off = np.log(quantity(tuple(draw.tolist()), columns) / centre)
        off = np.where(np.isfinite(off), off, 0.0)
        total += off
        squares += off**2
    n = len(chosen)
    return np.sqrt(np.maximum(squares - total**2 / n, 0.0) / (n - 1))


def delta_interval(mean: Floats, spread: Floats, level: float) -> tuple[Floats, Floats]:
    """Interval of a positive mean, symmetric on the log scale."""
    factor = np.exp(ndtri((1 + level) / 2) * spread)
    return mean / factor, mean * factor
