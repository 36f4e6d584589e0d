"""What a purchase model says of every history there can be: a grid of frequency by recency."""

from __future__ import annotations

from typing import Any

import numpy as np

from customer_value._frames import Backend, Column, EagerFrame, empty_frame, make_frame, nw, with_arrays
from customer_value._units import in_units
from customer_value._validation import require_backend, whole_number
from customer_value.clv._base import PurchaseModel, require_purchase_model
from customer_value.clv._rows import Floats
from customer_value.errors import InputError

_RARE = 1e-3  # one customer in so many buys more often than the largest frequency of the grid
_MOST_STEPS = 1000
_MOST_PURCHASES = 1_000_000


def frequency_recency_table(
    purchase_model: PurchaseModel,
    *,
    T: float | str,
    horizon: float | str,
    max_frequency: int | None = None,
    max_recency: float | str | None = None,
    steps: int = 40,
    backend: Backend = "pandas",
) -> Any:
    """Predict for a grid of customers who differ in frequency and recency and were all observed for T.

    Parameters
    ----------
    purchase_model
        Fitted purchase model.
    T
        Time from the first purchase to the end of observation: a number of time units, or a text such as
        ``"39 weeks"``. For a model of opportunities, how many there were.
    horizon
        How far ahead to predict, in the same form.
    max_frequency
        Largest number of repeat purchases; by default the one that one new customer in 1,000 exceeds within T.
    max_recency
        Largest time from the first to the last purchase; by default T.
    steps
        At most so many steps along each side of the grid. Recency goes in steps of one time unit where that are few
        enough, in even steps otherwise; frequencies are whole.
    backend
        Library of the frame: "pandas", "polars" or "pyarrow".

    Returns
    -------
    One row per cell, sorted: frequency, recency, T (or opportunities), time_unit (if the model has one), p_alive,
    p_active, expected_purchases, horizon (in time units). Histories that cannot be are left out: no repeat purchase
    and a recency above 0, a repeat purchase and a recency of 0, and more purchases than opportunities.

    Raises
    ------
    InputError
        The model is no purchase model, or an argument is out of range.

    Notes
    -----
    The picture is `plots.frequency_recency`. Of two customers of equal recency the one with more purchases need not be
    worth more: for a frequent buyer a long silence is the stronger sign of having left.

    Examples
    --------
    >>> import customer_value as cv
    >>> model = cv.clv.BGNBD.from_params(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259, time_unit="week")
    >>> table = cv.clv.frequency_recency_table(model, T="39 weeks", horizon="52 weeks", max_frequency=10)
    >>> table.query("recency == 20 and frequency in (1, 10)").round(2)[["frequency", "p_alive", "expected_purchases"]]
         frequency  p_alive  expected_purchases
    20           1     0.60                0.73
    371         10     0.04                0.35
    """
    require_purchase_model(purchase_model)
    unit = purchase_model.time_unit_
    ahead, observed = in_units(horizon, unit), in_units(T, unit, "T")
    longest = observed if max_recency is None else in_units(max_recency, unit, "max_recency")
    if longest > observed:
        raise InputError(f"max_recency must be <= T; got {longest:g} and {observed:g} time units.")
    most = whole_number(steps, "steps", low=1, high=_MOST_STEPS)
    require_backend(backend)
    occasions = "opportunities" in purchase_model._columns
    if occasions and not observed.is_integer():
        raise InputError(
            f"{type(purchase_model).__name__} counts opportunities: T must be a whole number of them; got {observed:g}."
        )
    highest = int(observed) if occasions else _MOST_PURCHASES
    if max_frequency is None:
        top = min(_rarely_exceeded(purchase_model, observed), highest)
    else:
        top = whole_number(max_frequency, "max_frequency", low=1, high=highest)

    frequencies = np.unique(np.round(np.linspace(0, top, min(most, top) + 1)))
    recencies = np.linspace(0, longest, (int(longest) if longest.is_integer() and longest <= most else most) + 1)
    if occasions:
        recencies = np.unique(np.floor(recencies))
    x, t_x = (axis.ravel() for axis in np.meshgrid(frequencies, recencies, indexing="ij"))
    possible = (x > 0) == (t_x > 0)
    if occasions:
        possible &= x <= t_x
    grid = _customers(purchase_model, x[possible], t_x[possible], observed, backend)
    predicted: EagerFrame = nw.from_native(purchase_model.predict(grid.to_native(), ahead), eager_only=True)
    return with_arrays(predicted, {"horizon": np.full(len(predicted), ahead)}).to_native()


def _customers(model: PurchaseModel, x: Floats, t_x: Floats, observed: float, backend: Backend) -> EagerFrame:
    """Build the summary of such customers, on the model's ruler."""
    columns: dict[str, Column] = {
        "frequency": x.astype(np.int64),
        "recency": t_x,
        "opportunities" if "opportunities" in model._columns else "T": np.full(x.size, observed),
    }
    if model.time_unit_ is not None:
        columns["time_unit"] = np.full(x.size, model.time_unit_)
    return make_frame(columns, empty_frame(backend))


def _rarely_exceeded(model: PurchaseModel, t: float) -> int:
    """Smallest number of repeat purchases within t, from 1, that few new customers exceed."""

    def exceeded(n: int) -> bool:
        return float(model._sf_new(model._theta, np.array([float(n)]), np.float64(t))[0]) > _RARE

    low, high = 0, 1
    while exceeded(high) and high < _MOST_PURCHASES:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if exceeded(middle) else (low, middle)
    return high
