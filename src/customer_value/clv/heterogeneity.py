"""How a purchase model's rates are spread over customers."""

from __future__ import annotations

from typing import Any

import numpy as np

from customer_value._frames import Backend, Column, empty_frame, make_frame
from customer_value._validation import require_backend, whole_number
from customer_value.clv._base import PurchaseModel, require_purchase_model
from customer_value.clv._posterior import Beta, Mixing, Params
from customer_value.clv._rows import Floats

_MOST_POINTS = 100_000
_SMALLEST = np.finfo(np.float64).tiny


def heterogeneity_table(purchase_model: PurchaseModel, *, points: int = 200, backend: Backend = "pandas") -> Any:
    """Tell how much customers differ: the distribution of each rate of a purchase model over customers.

    Parameters
    ----------
    purchase_model
        Fitted purchase model.
    points
        How many points of each distribution. They lie at shares of customers, not at even rates, and closer at both
        ends, so that distributions with most customers near 0 and few far above are told as well as others.
    backend
        Library of the frame: "pandas", "polars" or "pyarrow".

    Returns
    -------
    One row per point, by rate and its size: rate (its name, such as purchase_rate or dropout_probability), rate_value
    (per time unit, or a probability), density (null where it is infinite), cumulative_share (of the customers, up to
    there), rate_mean (of all customers), time_unit (if the model has one).

    Raises
    ------
    InputError
        The model is no purchase model, or an argument is out of range.

    Notes
    -----
    The picture is `plots.heterogeneity`. Where each customer stands, `posterior_rates` of the model tells.

    Examples
    --------
    Half of the customers buy less than once in 110 weeks, while the mean rate is once in 18:

    >>> import customer_value as cv
    >>> model = cv.clv.BGNBD.from_params(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259, time_unit="week")
    >>> table = cv.clv.heterogeneity_table(model, points=5)
    >>> table.query("rate == 'purchase_rate'")[["rate_value", "cumulative_share", "rate_mean"]].round(4)
       rate_value  cumulative_share  rate_mean
    0      0.0000            0.0245      0.055
    1      0.0002            0.2061      0.055
    2      0.0090            0.5000      0.055
    3      0.0757            0.7939      0.055
    4      0.3860            0.9755      0.055
    """
    require_purchase_model(purchase_model)
    n = whole_number(points, "points", low=2, high=_MOST_POINTS)
    require_backend(backend)
    params = purchase_model.params_
    levels = np.sin((np.arange(n) + 0.5) / n * np.pi / 2) ** 2
    mixing = purchase_model._mixing
    values = {name: spread.quantile(params, levels) for name, spread in mixing.items()}
    columns: dict[str, Column] = {
        "rate": np.repeat(list(mixing), n),
        "rate_value": np.concatenate(list(values.values())),
        "density": np.concatenate([_density(spread, params, values[name]) for name, spread in mixing.items()]),
        "cumulative_share": np.tile(levels, len(mixing)),
        "rate_mean": np.repeat([spread.moment(params, 1) for spread in mixing.values()], n),
    }
    if purchase_model.time_unit_ is not None:
        columns["time_unit"] = np.full(n * len(mixing), purchase_model.time_unit_)
    return make_frame(columns, empty_frame(backend)).to_native()


def _density(spread: Mixing, params: Params, values: Floats) -> Floats:
    """Density at the values; NaN at the ends of the range, where it may be infinite, and where it is beyond floats."""
    inside = values > _SMALLEST
    if isinstance(spread, Beta):
        inside &= values < 1
    density = np.full(values.size, np.nan)
    with np.errstate(over="ignore"):
        density[inside] = spread.density(params, values[inside])
    return np.where(np.isfinite(density), density, np.nan)
