"""What a customer base is worth together, and what a customer is worth who is not one yet."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from customer_value._frames import Column, EagerFrame, FrameT, as_given, collect, make_frame, nw, open_frame, texts
from customer_value._validation import (
    interval_level,
    number,
    numeric_column,
    require_columns,
    require_rows,
    require_same_ruler,
    require_some,
    time_unit_of,
)
from customer_value.clv._base import PurchaseModel, require_purchase_model
from customer_value.clv._intervals import delta_interval
from customer_value.clv._rows import Floats, distinct_rows
from customer_value.clv._spend import SpendModel
from customer_value.clv.value import BuyingModel, read_margin, require_buying_model
from customer_value.errors import InputError
from customer_value.transactions._ids import id_labels

_STEPS, _EXACT = 60, 1e-10  # of the search for the payback time, and the share of the cost that it may miss
_SOON, _LATEST = 1e-9, 1e7  # in time units
_ALL = "all"
_OWN = ("customers", "equity", "equity_lower", "equity_upper", "equity_per_customer")
Values = Callable[[Sequence[float]], Floats]


def customer_equity(
    summary: FrameT,
    *,
    purchase_model: BuyingModel,
    spend_model: SpendModel | str,
    horizon: float | str,
    margin: float | str,
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
        Customer summary on the purchase model's ruler, or what `summarize_contracts` gives for a contract model.
    purchase_model, spend_model, horizon, margin, annual_discount_rate, discount_rate
        As in `score_clv`; the horizon may be ``"forever"``.
    interval
        Coverage of the interval of the sum's expectation, from the parameters' covariance; None for no interval.
    by
        Column of groups, such as an acquisition cohort; without it one row for all.

    Returns
    -------
    One row for each group, sorted: the group (in the column `by`, of its type; without it ``group``, which says
    ``"all"``), customers (count), equity (currency), with an interval equity_lower and equity_upper, and
    equity_per_customer.

    Raises
    ------
    InputError
        There are no customers, columns are missing or break a rule, or the rulers differ.
    NotFittedError
        A model is not fitted, or has no standard errors and an interval was asked for.

    Notes
    -----
    The interval is that of the delta method on the logarithm of the sum, or the spread of the sum at draws of the
    parameters where the model has them (``model.with_uncertainty(model.bootstrap())``). Purchase and spend parameters
    are fitted on different columns, so their errors are taken as independent. What single customers will really do
    varies besides, and averages out in a large sum. Intervals that hold where the model is not quite true come from a
    purchase model with other uncertainty: ``purchase_model=model.with_uncertainty("robust")``.

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
      group  customers   equity  equity_lower  equity_upper  equity_per_customer
    0   all       2357  22056.0       19385.0       25094.0                  9.0
    """
    given = open_frame(summary, "summary")
    frame = collect(given)
    require_some(len(frame), "summary")
    require_buying_model(purchase_model)
    require_same_ruler(purchase_model.time_unit_, time_unit_of(frame), type(purchase_model).__name__)
    t = purchase_model._horizon(horizon, forever=True)
    delta = purchase_model._discount(t, annual_discount_rate, discount_rate)
    level = interval_level(interval)
    margins = read_margin(frame, margin)
    keys, groups = _groups(frame, by)
    rows = purchase_model._rows_of(frame)

    def purchases(params: Sequence[float]) -> Floats:
        alive = purchase_model._probability_alive(params, *rows.columns)
        return rows.spread(alive * purchase_model._discounted_if_alive(params, rows.columns, t, delta))

    spend, spend_parts = _spend(frame, spend_model)
    bought = purchases(purchase_model._theta)
    customers = np.bincount(groups)

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(groups, margins * values), dtype=np.float64)

    equity = total(bought * spend)
    columns: dict[str, Column] = {by or "group": keys, "customers": customers, "equity": equity}
    if level is not None:
        variance = _log_variance(purchase_model, lambda p: total(purchases(p) * spend))
        if spend_parts is not None:
            model, means = spend_parts
            variance = variance + _log_variance(model, lambda p: total(bought * means(p)))
        ends = np.array(delta_interval(equity, np.sqrt(variance), level))
        columns |= {"equity_lower": ends.min(axis=0), "equity_upper": ends.max(axis=0)}
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
    purchase_model
        Fitted purchase model; a contract model has `clv_new` instead.
    horizon, margin, annual_discount_rate, discount_rate
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
    repeat_purchases (count, discounted); with an interval value_lower and value_upper; with a cost net_value (value
    less cost), value_to_cost (value divided by cost), and payback_time: time units until the discounted margin has paid
    for the acquisition, 0 where the first purchase does, None where nothing does within the horizon.

    Raises
    ------
    InputError
        An argument is out of its range, or the spend model has no population mean.
    NotFittedError
        A model is not fitted, or has no standard errors and an interval was asked for.

    Notes
    -----
    The interval is that of the delta method on the logarithm, as in `customer_equity`. The first purchase is taken to
    cost what the others do; where first orders differ, value them apart. A whole cohort that is not yet acquired is
    worth its size times value.

    Examples
    --------
    >>> import customer_value as cv
    >>> buying = cv.clv.ParetoNBD.from_params(r=0.553, alpha=10.58, s=0.606, beta=11.67, time_unit="week")
    >>> value = cv.clv.acquisition_value(purchase_model=buying, spend_model=35.0, horizon="24 months", margin=0.3,
    ...                                  acquisition_cost=15.0, annual_discount_rate=0.1)
    >>> for name, number in value.items():
    ...     print(f"{name} {number:.2f}")
    value 32.73
    first_purchase 10.50
    repeat_purchases 2.12
    net_value 17.73
    value_to_cost 2.18
    payback_time 10.13
    """
    require_purchase_model(purchase_model)
    t = purchase_model._horizon(horizon, forever=True)
    delta = purchase_model._discount(t, annual_discount_rate, discount_rate)
    level = interval_level(interval)
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
    if level is not None:
        variance = _log_variance(purchase_model, lambda p: np.array([1 + repeats(p)]))
        if isinstance(spend_model, SpendModel):
            variance = variance + _log_variance(spend_model, lambda p: np.array([spend_model._population_mean(p)]))
        lower, upper = delta_interval(np.array([value]), np.sqrt(variance), level)
        found |= {"value_lower": float(lower[0]), "value_upper": float(upper[0])}
    if acquisition_cost is not None:
        cost = number(acquisition_cost, "acquisition_cost", low=0, high=math.inf, open_ends=True)
        found |= {
            "net_value": value - cost,
            "value_to_cost": value / cost,
            "payback_time": _payback(lambda u: share * mean * (1 + repeats(purchase_model._theta, u)), cost, t),
        }
    return found


def _groups(frame: EagerFrame, by: str | None) -> tuple[Column, NDArray[np.intp]]:
    """Return the groups, sorted, and the position of each row's group among them."""
    if by is None:
        return texts(np.zeros(1, dtype=np.intp), [_ALL], frame), np.zeros(len(frame), dtype=np.intp)
    if isinstance(by, str) and by in _OWN:
        raise InputError(f"by={by!r} is a column of the result; rename the groups' column first.")
    require_columns(frame, [by], what="summary")
    column = frame.get_column(by)
    require_rows(~column.is_null().to_numpy(), f"{by} must not be null", "Fill it, or leave such customers out.")
    _, first, groups = np.unique(id_labels(column), return_index=True, return_inverse=True)
    return nw.maybe_reset_index(column[first.tolist()]), groups


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


def _log_variance(model: BuyingModel | SpendModel, totals: Values) -> Floats:
    """Variance of the logarithm of each total that the uncertainty of a model's parameters brings."""
    size = totals(model._theta).size
    rows = (np.zeros(size),)  # one row for each total
    return model._spread(lambda params, _: totals(params), rows) ** 2


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
    low, high = 0.0, min(1.0, t)
    below, above = earned(_SOON) - cost, earned(high) - cost
    while above < 0:
        if high >= min(t, _LATEST):
            return None
        low, below, high = high, above, min(2 * high, t)
        above = earned(high) - cost
    for _ in range(_STEPS):  # regula falsi, the end that stays put halved (Illinois)
        middle = high - above * (high - low) / (above - below)
        off = earned(middle) - cost
        if abs(off) <= _EXACT * cost:
            return middle
        if off < 0:
            low, below, above = middle, off, above / 2
        else:
            high, above, below = middle, off, below / 2
    return high
