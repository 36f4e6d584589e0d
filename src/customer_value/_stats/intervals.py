"""Intervals for shares, for differences of shares, and for any statistic of a sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from customer_value._validation import number, require_rows, require_some, whole_number

Floats = np.ndarray[Any, np.dtype[np.float64]]


def wilson_interval(successes: ArrayLike, trials: ArrayLike, *, interval: float = 0.95) -> tuple[Floats, Floats]:
    """Return the score interval of a share.

    Parameters
    ----------
    successes, trials : array_like
        Counts; they broadcast against each other.
    interval : float
        Coverage, strictly between 0 and 1.

    Returns
    -------
    lower, upper : ndarray
        Bounds within 0 and 1; NaN without a trial.

    Raises
    ------
    InputError
        A count is negative or not finite, successes exceed trials, or `interval` is out of its range.

    Notes
    -----
    E. B. Wilson (1927), *JASA* 22; method 3 of R. G. Newcombe (1998), *Statistics in Medicine* 17, 857-872: the
    shares p that lie within z standard errors, taken at p itself, of the observed share. No continuity correction.

    Examples
    --------
    >>> import numpy as np
    >>> np.round(wilson_interval(81, 263), 4)
    array([0.2553, 0.3662])
    """
    x, n = _counts(successes, trials)
    z = normal_quantile(interval)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (2 * x + z**2) / (2 * (n + z**2))
        half = z * np.sqrt(z**2 + 4 * x * (1 - x / n)) / (2 * (n + z**2))
    # At the ends the bound is 0 or 1 exactly, which rounding would miss by a hair.
    lower = np.where(x == 0, 0.0, centre - half)
    upper = np.where(x == n, 1.0, centre + half)
    return np.where(n > 0, lower, np.nan), np.where(n > 0, upper, np.nan)


def newcombe_interval(
    successes: ArrayLike,
    trials: ArrayLike,
    other_successes: ArrayLike,
    other_trials: ArrayLike,
    *,
    interval: float = 0.95,
) -> tuple[Floats, Floats]:
    """Return the interval of the difference between two independent shares, the first minus the other.

    Parameters
    ----------
    successes, trials, other_successes, other_trials : array_like
        Counts; they broadcast against each other.
    interval : float
        Coverage, strictly between 0 and 1.

    Returns
    -------
    lower, upper : ndarray
        Bounds within -1 and 1; NaN where either side has no trial.

    Raises
    ------
    InputError
        As `wilson_interval`.

    Notes
    -----
    Method 10 of R. G. Newcombe (1998), *Statistics in Medicine* 17, 873-890: each bound is as far from the
    difference as the score intervals of the two shares reach together, by the sum of squares.

    Examples
    --------
    >>> import numpy as np
    >>> np.round(newcombe_interval(56, 70, 48, 80), 4)
    array([0.0524, 0.3339])
    """
    x, n = _counts(successes, trials)
    y, m = _counts(other_successes, other_trials)
    with np.errstate(invalid="ignore", divide="ignore"):
        p, q = x / n, y / m
    p_lower, p_upper = wilson_interval(x, n, interval=interval)
    q_lower, q_upper = wilson_interval(y, m, interval=interval)
    lower = p - q - np.hypot(p - p_lower, q_upper - q)
    upper = p - q + np.hypot(p_upper - p, q - q_lower)
    return lower, upper


def bootstrap_interval(
    values: ArrayLike,
    statistic: Callable[[Floats], float] = np.mean,
    *,
    interval: float = 0.95,
    n_resamples: int = 2000,
    random_state: int = 0,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a statistic.

    Parameters
    ----------
    values : array_like
        The sample: one value, or one row of values, per customer.
    statistic : callable
        Takes an array like `values` and gives a number.
    interval : float
        Coverage, strictly between 0 and 1.
    n_resamples : int
        Number of resamples. The error that is left in the bounds falls with its square root.
    random_state : int
        Seed, 0 or above.

    Returns
    -------
    lower, upper : float

    Raises
    ------
    InputError
        The sample is empty or not finite, the statistic is not finite on a resample, or an argument is out of its
        range.

    Notes
    -----
    B. Efron and R. J. Tibshirani (1993), *An Introduction to the Bootstrap*, chapter 13: the quantiles of the
    statistic over samples drawn from `values` with replacement. With few or very skewed values it covers less
    than it says. The result does not depend on the order of the rows. Memory is that of one resample.

    Examples
    --------
    >>> import numpy as np
    >>> lower, upper = bootstrap_interval(np.arange(100.0), np.median)
    >>> lower < 49.5 < upper
    True
    """
    sample = np.asarray(values, dtype=np.float64)
    require_some(sample.shape[0] if sample.ndim else 0, "sample")
    n = sample.shape[0]
    rows = sample.reshape(n, -1)
    require_rows(np.asarray(np.isfinite(rows).all(axis=1)), "values must be finite")
    share = number(interval, "interval", low=0, high=1, open_ends=True)
    n_resamples = whole_number(n_resamples, "n_resamples", low=1)
    rng = np.random.default_rng(whole_number(random_state, "random_state"))
    # Draws pick rows by position, so the rows take an order that is theirs alone.
    sample = sample[np.lexsort(rows.T)]
    resampled = np.array([float(statistic(sample[rng.integers(n, size=n)])) for _ in range(n_resamples)])
    require_rows(np.isfinite(resampled), "the statistic must be finite on every resample")
    lower, upper = np.quantile(resampled, [(1 - share) / 2, (1 + share) / 2])
    return float(lower), float(upper)


def _counts(successes: ArrayLike, trials: ArrayLike) -> tuple[Floats, Floats]:
    x, n = np.broadcast_arrays(np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64))
    require_rows(np.isfinite(n.ravel()), "trials must be finite")
    require_rows(((x >= 0) & (x <= n)).ravel(), "successes must be from 0 to trials")
    return x, n


def normal_quantile(interval: float) -> float:
    """Return the z beyond which a standard normal leaves half of what the interval leaves out."""
    return float(-ndtri((1 - number(interval, "interval", low=0, high=1, open_ends=True)) / 2))
