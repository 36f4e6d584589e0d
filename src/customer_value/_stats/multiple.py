"""P-values of several tests at once, adjusted so that each can be read against one level."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from customer_value._validation import require_rows
from customer_value.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Adjust p-values for the false discovery rate.

    Parameters
    ----------
    p_values : array_like
        P-values of independent or positively dependent tests; NaN is a test that was not made.

    Returns
    -------
    ndarray
        Adjusted p-values in the same order. Calling those at or below a level discoveries keeps the expected share
        of false ones among them at that level.

    Raises
    ------
    InputError
        A p-value is not from 0 to 1, or they are not one-dimensional.

    Notes
    -----
    Y. Benjamini and Y. Hochberg (1995), *JRSS B* 57, 289-300, procedure (1): the least level at which the step-up
    procedure would reject, min over j >= i of m p_(j) / j.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03, 0.20])
    array([0.04      , 0.05333333, 0.05333333, 0.2       ])
    """
    p, order, made = _ordered(p_values)
    rank = np.arange(1, order.size + 1)
    scaled = p[order] * order.size / rank
    return _placed(np.minimum.accumulate(scaled[::-1])[::-1], order, made)


def holm(p_values: ArrayLike) -> Floats:
    """Adjust p-values for the chance of even one false rejection, whatever the dependence of the tests.

    Parameters
    ----------
    p_values : array_like
        P-values; NaN is a test that was not made.

    Returns
    -------
    ndarray
        Adjusted p-values in the same order. Rejecting those at or below a level keeps the chance of a false
        rejection at that level.

    Raises
    ------
    InputError
        A p-value is not from 0 to 1, or they are not one-dimensional.

    Notes
    -----
    S. Holm (1979), *Scandinavian Journal of Statistics* 6, 65-70: the least level at which the step-down procedure
    would reject, max over j <= i of (m - j + 1) p_(j).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03, 0.20])
    array([0.04, 0.09, 0.09, 0.2 ])
    """
    p, order, made = _ordered(p_values)
    left = order.size - np.arange(order.size)
    return _placed(np.maximum.accumulate(p[order] * left), order, made)


def _ordered(p_values: ArrayLike) -> tuple[Floats, np.ndarray[Any, np.dtype[np.intp]], np.ndarray[Any, Any]]:
    """Return the p-values, the positions of those that were made from the least to the greatest, and which were."""
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1:
        raise InputError(f"p_values must be one-dimensional; got {p.ndim} dimensions.")
    made = ~np.isnan(p)
    require_rows(~made | ((p >= 0) & (p <= 1)), "p_values must be from 0 to 1")
    return p, np.argsort(p, kind="stable")[: made.sum()], made


def _placed(adjusted: Floats, order: np.ndarray[Any, np.dtype[np.intp]], made: np.ndarray[Any, Any]) -> Floats:
    result = np.full(made.shape, np.nan)
    result[order] = np.minimum(adjusted, 1.0)
    return result
