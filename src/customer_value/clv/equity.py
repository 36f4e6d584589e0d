"""What a customer base is worth together, and what a customer is worth who is not one yet."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from customer_value._frames import Column, EagerFrame, FrameT, as_given, collect, make_frame, open_frame, texts
from customer_value._validation import (
    number,
    numeric_column,
    require_columns,
    require_rows,
    require_same_ruler,
    time_unit_of,
)
from customer_value.clv._base import PurchaseModel, require_purchase_model
from customer_value.clv._intervals import principal_directions
from customer_value.clv._rows import Floats, distinct_rows
from customer_value.clv._spend import SpendModel
from customer_value.errors import InputError
from customer_value.transactions._ids import id_labels

_STEP = 1e-3
_BISECTIONS = 60
_SOON, _LATEST = 1e-9, 1e7  # in time units
_ALL = "all"
Values = Callable[[Sequence[float]], Floats]


def customer_equity(
    summary: FrameT,
    *,
    purchase_model: PurchaseModel,
    spend_model: SpendModel | str,
    horizon: float | str,
    margin: float,
    annual_discount_rate: float | None = None,
    discount_rate: float | None = None,
    interval: float | None = 0.9,
    by: str | None = None,
) -> FrameT:
    """Sum the future value of customers, with an interval of the sum.

    The sum of the customers' own intervals is no interval of their sum: all of them rest on the same parameters, so
    their errors go together.

    Eager; a polars LazyFrame is collected once and comes back lazy.

    Parameters
    ----------
    summary
        Customer summary on the purchase model's ruler.
    purchase_model, spend_model, horizon, margin, annual_discount_rate, discount_rate
        As in `score_clv`; the horizon may be ``"forever"``.
    interval
        Coverage of the interval of the sum's expectation, from the parameters' covariance; None for no interval.
    by
        Column of groups, such as an acquisition cohort; without it one row for all.

    Returns
    -------
    One row for each group, sorted: its name (in the column `by`, or ``group`` with ``"all"``), customers (count),
    equity (currency), equity_lower, equity_upper, equity_per_customer.

    Raises
    ------
    InputError
        There are no customers, columns are missing or break a rule, or the rulers differ.
    NotFittedError
        A model is not fitted, or has no standard errors and an interval was asked for.

    Notes
    -----
    The interval is that of the delta method on the logarithm of the sum. Purchase and spend parameters are fitted on
    different columns, so their errors are taken as independent. What single customers will really do varies besides,
    and averages out in a large sum.

    Examples
    --------
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow(sample=True)
    >>> calibration, _ = cv.split_holdout(log, observation_end="1997-09-30")
    >>> summary = cv.summarize_customers(calibration, observation_end="1997-09-30")
    >>> buying, spend = cv.clv.ParetoNBD().fit(summary), cv.clv.GammaGamma().fit(summary)
    >>> equity = cv.customer_equity(summary, purchase_model=buying, spend_model=spend, horizon="12 months", margin=0.3,
    ...                             annual_discount_rate=0.1)
    >>> equity.round(0)
    """
    given = open_frame(summary, "summary")
    frame = collect(given)
    if len(frame) == 0:
        raise InputError("summary has no rows: there are no customers whose equity could be summed.")
    require_purchase_model(purchase_model)
    require_same_ruler(purchase_model.time_unit_, time_unit_of(frame), type(purchase_model).__name__)
    t = purchase_model._horizon(horizon, forever=True)
    delta = purchase_model._discount(t, annual_discount_rate, discount_rate)
    share = number(margin, "margin", low=0, high=1)
    labels, groups = _groups(frame, by)
    rows = purchase_model._rows_of(frame)

    def purchases(params: Sequence[float]) -> Floats:
        alive = purchase_model._probability_alive(params, *rows.columns)
        return rows.spread(alive * purchase_model._discounted_if_alive(params, rows.columns, t, delta))

    spend, spend_parts = _spend(frame, spend_model)
    bought = purchases(purchase_model._theta)

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(groups, values, len(labels)), dtype=np.float64)

    equity = share * total(bought * spend)
    customers = np.bincount(groups, minlength=len(labels))
    columns: dict[str, Column] = {
        by or "group": texts(np.arange(len(labels)), labels, given),
        "customers": customers,
        "equity": equity,
    }
    if interval is not None:
        level = number(interval, "interval", low=0, high=1, open_ends=True)
        variance = _log_variance(purchase_model, lambda p: total(purchases(p) * spend))
        if spend_parts is not None:
            model, means = spend_parts
            variance = variance + _log_variance(model, lambda p: total(bought * means(p)))
        factor = np.exp(ndtri((1 + level) / 2) * np.sqrt(variance))
        columns |= {"equity_lower": equity / factor, "equity_upper": equity * factor}
    columns["equity_per_customer"] = equity / customers
    result: FrameT = as_given(make_frame(columns, given), given)
    return result


def acquisition_value(
    *,
    purchase_model: PurchaseModel,
    spend_model: SpendModel | float,
    horizon: float | str,
    margin: float,
    acquisition_cost: float | None = None,
    annual_discount_rate: float | None = None,
    discount_rate: float | None = None,
    interval: float | None = None,
) -> dict[str, float | None]:
    """Value a customer who is not yet acquired: the first purchase and what is expected to follow.

    Parameters
    ----------
    purchase_model, horizon, margin, annual_discount_rate, discount_rate
        As in `score_clv`; the horizon may be ``"forever"``.
    spend_model
        Fitted spend model, or the mean spend of one purchase in currency.
    acquisition_cost
        What it costs to acquire one customer, in currency, paid with the first purchase.
    interval
        Coverage of the interval of the value, from the parameters' covariance; None for no interval.

    Returns
    -------
    dict with value (currency, discounted, acquisition cost not taken off), of which first_purchase, and
    repeat_purchases (count, discounted); with an interval value_lower and value_upper; with a cost net_value,
    return_on_cost, and payback_time: time units until the margin has paid for the acquisition, None where it does not
    within the horizon.

    Raises
    ------
    InputError
        An argument is out of its range, or the spend model has no population mean.

    Examples
    --------
    >>> import customer_value as cv
    >>> buying = cv.clv.ParetoNBD.from_params(r=0.553, alpha=10.58, s=0.606, beta=11.67, time_unit="week")
    >>> value = cv.clv.acquisition_value(purchase_model=buying, spend_model=35.0, horizon="24 months", margin=0.3,
    ...                                  acquisition_cost=15.0, annual_discount_rate=0.1)
    >>> {name: round(number, 2) for name, number in value.items()}
    """
    require_purchase_model(purchase_model)
    t = purchase_model._horizon(horizon, forever=True)
    delta = purchase_model._discount(t, annual_discount_rate, discount_rate)
    share = number(margin, "margin", low=0, high=1)
    mean = _mean_spend(spend_model)

    def repeats(params: Sequence[float], until: float = t) -> float:
        return float(_of_new(purchase_model, params, until, delta)[0])

    repeat = repeats(purchase_model._theta)
    value = share * mean * (1 + repeat)
    found: dict[str, float | None] = {
        "value": value,
        "first_purchase": share * mean,
        "repeat_purchases": repeat,
    }
    if interval is not None:
        level = number(interval, "interval", low=0, high=1, open_ends=True)
        variance = _log_variance(purchase_model, lambda p: np.array([1 + repeats(p)]))
        if isinstance(spend_model, SpendModel):
            variance = variance + _log_variance(spend_model, lambda p: np.array([spend_model._population_mean(p)]))
        factor = math.exp(float(ndtri((1 + level) / 2)) * math.sqrt(float(variance[0])))
        found |= {"value_lower": value / factor, "value_upper": value * factor}
    if acquisition_cost is not None:
        cost = number(acquisition_cost, "acquisition_cost", low=0, high=math.inf, open_ends=True)
        found |= {
            "net_value": value - cost,
            "return_on_cost": value / cost,
            "payback_time": _payback(lambda u: share * mean * (1 + repeats(purchase_model._theta, u)), cost, t),
        }
    return found


def _groups(frame: EagerFrame, by: str | None) -> tuple[list[str], NDArray[np.intp]]:
    """Names of the groups, sorted, and the group of each row."""
    if by is None:
        return [_ALL], np.zeros(len(frame), dtype=np.intp)
    require_columns(frame, [by], what="summary")
    column = frame.get_column(by)
    require_rows(~column.is_null().to_numpy(), f"{by} must not be null", "Fill it, or leave such customers out.")
    _, first, groups = np.unique(id_labels(column), return_index=True, return_inverse=True)
    names = [str(value) for value in column[first.tolist()].to_list()]
    order = sorted(range(len(names)), key=names.__getitem__)
    return [names[i] for i in order], np.argsort(order)[groups]


def _spend(frame: EagerFrame, spend_model: SpendModel | str) -> tuple[Floats, tuple[SpendModel, Values] | None]:
    """Expected spend of each row, and how it follows from the parameters of a model."""
    if isinstance(spend_model, str):
        mean = numeric_column(frame, spend_model, what="summary")
        require_rows(mean >= 0, f"{spend_model} must be 0 or above: it is the spend of one purchase")
        return mean, None
    if not isinstance(spend_model, SpendModel):
        raise InputError(
            f"spend_model must be a model such as clv.GammaGamma(), or a column's name; got {spend_model!r}."
        )
    spend_model._require_fitted()
    rows = distinct_rows(spend_model._usable_amounts(frame))

    def means(params: Sequence[float]) -> Floats:
        return rows.spread(np.asarray(spend_model._expected_spend(params, *rows.columns)))

    mean = means(spend_model._theta)
    require_rows(
        ~np.isnan(mean),
        "expected spend must exist for every customer",
        "Under these parameters the population has no mean (q <= 1); leave customers without amounts out.",
    )
    return mean, (spend_model, means)


def _log_variance(model: PurchaseModel | SpendModel, totals: Values) -> Floats:
    """Variance of the logarithm of each total that the uncertainty of a model's parameters brings."""
    centre = np.log(np.asarray(model._theta))
    variance = np.zeros_like(totals(model._theta))
    for direction in principal_directions(model._covariance_of_logs()):
        step = _STEP / np.abs(direction).max() * direction
        ahead, behind = (totals(tuple(np.exp(centre + way * step))) for way in (1, -1))
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (np.log(ahead) - np.log(behind)) / (2 * _STEP / np.abs(direction).max())
        variance += np.where(np.isfinite(slope), slope, 0.0) ** 2
    return variance


def _of_new(model: PurchaseModel, params: Sequence[float], t: float, delta: float) -> Floats:
    """Discounted repeat purchases within t of a customer who buys for the first time now."""
    now = tuple(np.zeros(1) for _ in model._columns)
    return model._probability_alive(params, *now) * model._discounted_if_alive(params, now, t, delta)


def _mean_spend(spend_model: SpendModel | float) -> float:
    if not isinstance(spend_model, SpendModel):
        return number(spend_model, "spend_model", low=0, high=math.inf)
    spend_model._require_fitted()
    mean = float(spend_model._population_mean(spend_model._theta))
    if math.isnan(mean):
        raise InputError(f"under these parameters of {type(spend_model).__name__} the population has no mean spend.")
    return mean


def _payback(earned: Callable[[float], float], cost: float, t: float) -> float | None:
    """Time by which the discounted margin has paid for the cost; 0 if the first purchase has, None if it never does."""
    if earned(_SOON) >= cost:
        return 0.0
    high = 1.0
    while earned(min(high, t)) < cost:
        if high >= min(t, _LATEST):
            return None
        high *= 2
    low, high = high / 2 if high > 1 else 0.0, min(high, t)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if earned(middle) >= cost else (middle, high)
    return high
