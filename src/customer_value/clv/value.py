"""What each customer is worth: a purchase model and a spend model joined into future value."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from customer_value._frames import Column, EagerFrame, FrameT, to_eager, with_arrays
from customer_value._validation import (
    interval_level,
    number,
    numeric_column,
    require_choice,
    require_rows,
    require_same_ruler,
    time_unit_of,
)
from customer_value.clv._base import PurchaseModel, require_purchase_model
from customer_value.clv._contract import ContractModel
from customer_value.clv._intervals import delta_interval
from customer_value.clv._outcomes import CountTable, count_tables, total_quantile
from customer_value.clv._rows import DistinctRows, Floats, distinct_rows
from customer_value.clv._spend import SpendModel
from customer_value.errors import DataWarning, InputError, warn

Positions = NDArray[np.intp]
BuyingModel = PurchaseModel | ContractModel  # what the functions below ask of either has the same names in both


def score_clv(
    summary: FrameT,
    *,
    purchase_model: BuyingModel,
    spend_model: SpendModel | str,
    horizon: float | str,
    margin: float | str,
    annual_discount_rate: float | None = None,
    discount_rate: float | None = None,
    interval: float | None = None,
    interval_for: Literal["mean", "outcome"] = "mean",
    suffix: str = "",
) -> FrameT:
    """Add what each customer is expected to buy, spend and be worth within the horizon.

    Eager; a polars LazyFrame is collected once and comes back lazy.

    Parameters
    ----------
    summary
        Customer summary on the purchase model's ruler (`summarize_customers` makes it).
    purchase_model
        Fitted purchase model, such as `clv.ParetoNBD`; or a contract model, such as `clv.ShiftedBetaGeometric`, whose
        purchases are renewals. That one reads the column renewals (made so far, 0 in the first period), and where they
        are there active (false: the contract has ended, clv is 0) and time_to_renewal (in periods, from 0 to 1; 0, due
        now, without such a column); `summarize_contracts` makes them.
    spend_model
        Fitted spend model, such as `clv.GammaGamma`, or the name of a column that holds the expected spend of one
        purchase, in currency.
    horizon
        How far ahead: a number of the model's time units, or a text such as ``"12 months"`` (a month is a twelfth of
        365.25 days). ``"forever"``, with a discount rate, gives `clv` and `clv_if_alive` of the whole future, and
        leaves p_active and expected_purchases out.
    margin
        Share of revenue that stays, a number or a column; 1.0 means revenue.
    annual_discount_rate, discount_rate
        Discount rate per year, or per time unit of the model; give one or none. Each purchase is discounted at its
        own time, continuously at ln(1 + rate).
    interval
        Coverage of the intervals, such as 0.9; None for no intervals.
    interval_for
        ``"mean"``: how well the expectation is known, from the parameters' covariance; adds expected_purchases_lower,
        expected_purchases_upper, clv_lower, clv_upper. ``"outcome"``: what the customer will really do, from his own
        randomness as well; adds purchases_lower, purchases_upper (counts) and value_lower, value_upper (currency, with
        margin, discounted like `clv`).
    suffix
        Appended to every new column, such as ``"_3m"``, to keep two horizons side by side.

    Returns
    -------
    The frame, same rows in the same order, with these columns added or replaced:

    p_alive
        Probability that the customer is still one at observation_end (null where the data cannot support it).
    p_active
        Probability of at least one purchase within the horizon.
    expected_purchases
        Expected number of purchases within the horizon.
    expected_spend
        Expected spend of one purchase, in currency.
    clv
        Discounted margin of the purchases expected within the horizon, in currency.
    clv_if_alive
        The same for a customer known to be alive; times a churn probability it is the value at risk.
    horizon
        The horizon in the model's time units, so that later steps know it.

    Raises
    ------
    InputError
        The frame is empty, columns are missing or break a rule, the rulers differ, both rates are given, an option is
        unknown.

    Warns
    -----
    DataWarning
        The discount rate is absurd for its unit, or the column of expected spend is null for some customers.
    FitWarning
        P(alive) cannot be supported by the data, or a customer's mean spend does not exist under the spend model.

    Notes
    -----
    clv = margin x E[spend] x int_0^h exp(-delta t) dE[X(T, T+t)] [1]_, purchases and spend being independent given
    the customer's history, as in the models' papers. Intervals of means use the delta method on the logarithm;
    intervals of outcomes are equal-tailed quantiles of the predictive distribution. Their counts are whole, so they
    cover at least what was asked.

    References
    ----------
    .. [1] Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005). RFM and CLV: Using Iso-Value Curves for Customer Base
       Analysis. Journal of Marketing Research 42, 415-430.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> summary = pd.DataFrame({"customer_id": [1, 2], "frequency": [0, 3], "recency": [0.0, 30.0], "T": [38.0, 38.0],
    ...                         "monetary_value": [None, 25.0], "time_unit": "week"})
    >>> buying = cv.clv.BGNBD.from_params(r=0.243, alpha=4.414, a=0.793, b=2.426, time_unit="week")
    >>> spend = cv.clv.GammaGamma.from_params(p=6.25, q=3.74, v=15.44)
    >>> scored = cv.score_clv(summary, purchase_model=buying, spend_model=spend, horizon="12 months", margin=0.3)
    >>> scored[["customer_id", "p_alive", "expected_purchases", "expected_spend", "clv"]].round(2)
       customer_id  p_alive  expected_purchases  expected_spend    clv
    0            1     1.00                0.26           35.22   2.72
    1            2     0.74                2.29           26.30  18.08
    """
    frame, back = to_eager(summary, "summary", "score_clv")
    require_buying_model(purchase_model)
    if not isinstance(spend_model, (SpendModel, str)):
        raise InputError(
            "spend_model must be a model such as clv.GammaGamma(), or a column's name; "
            f"got {type(spend_model).__name__}."
        )
    unit = purchase_model.time_unit_
    require_same_ruler(unit, time_unit_of(frame), type(purchase_model).__name__)
    t = purchase_model._horizon(horizon, forever=True)
    delta = purchase_model._discount(t, annual_discount_rate, discount_rate)
    level = interval_level(interval)
    require_choice("interval_for", interval_for, ("mean", "outcome"))
    if math.isinf(t) and level is not None and interval_for == "outcome":
        raise InputError('interval_for="outcome" needs a horizon that ends; got horizon="forever".')
    if not isinstance(suffix, str):
        raise InputError(f"suffix must be text such as '_3m'; got {suffix!r}.")
    margins = read_margin(frame, margin)

    buying = purchase_model._rows_of(frame)
    p = _purchases(purchase_model, buying, t, delta)
    spend = _Spend(frame, spend_model)
    worth = margins * spend.mean
    columns: dict[str, Column] = {
        "p_alive": buying.spread(p["p_alive"]),
        **{name: buying.spread(p[name]) for name in ("p_active", "expected_purchases") if name in p},
        "expected_spend": spend.mean,
        "clv": worth * buying.spread(p["discounted"]),
        "clv_if_alive": worth * buying.spread(p["discounted_if_alive"]),
        "horizon": np.full(len(frame), t),
    }
    if level is not None and interval_for == "mean":
        if isinstance(spend_model, SpendModel):
            spend_model._covariance_of_logs()  # a given model has no interval of its mean; say so before the work
        columns |= _mean_intervals(purchase_model, buying, spend, p, columns, t, delta, level)
    elif level is not None:
        with np.errstate(invalid="ignore"):
            discount = np.where(p["expected_purchases"] > 0, p["discounted"] / p["expected_purchases"], 1.0)
        columns |= _outcome_intervals(purchase_model, buying, spend, margins * buying.spread(discount), t, level)
    result: FrameT = back(with_arrays(frame, {name + suffix: values for name, values in columns.items()}))
    return result


def require_buying_model(model: object) -> None:
    """Raise unless this is a purchase or a contract model, and fitted."""
    if not isinstance(model, ContractModel):
        require_purchase_model(model)


def read_margin(frame: EagerFrame, margin: float | str) -> Floats:
    """Return the margin of each row, or one for all."""
    if isinstance(margin, str):
        margins = numeric_column(frame, margin, what="summary")
        require_rows(np.abs(margins) <= 1, f"{margin} must be a share of revenue from -1 to 1", "30 % is 0.3.")
        return margins
    if isinstance(margin, (int, float)) and margin > 1:
        raise InputError(f"margin must be a share of revenue from 0 to 1, so 30 % is 0.3; got {margin!r}.")
    return np.array([number(margin, "margin", low=0, high=1)])


def _purchases(model: BuyingModel, rows: DistinctRows, t: float, delta: float) -> dict[str, Floats]:
    """Everything that purchases alone decide, on distinct rows."""
    alive = model._probability_alive(model._theta, *rows.columns)
    within = {}
    if not math.isinf(t):
        if_alive = model._expected_if_alive(model._theta, rows.columns, t)
        within = {"p_active": model._active(model._theta, rows.columns, t), "expected_purchases": alive * if_alive}
    discounted = if_alive if delta == 0 else model._discounted_if_alive(model._theta, rows.columns, t, delta)
    return {
        "p_alive": model._alive_or_nan(rows.columns),
        **within,
        "discounted": alive * discounted,
        "discounted_if_alive": discounted,
    }


class _Spend:
    """Each row's expected spend of one purchase, how uncertain it is, and how a total of purchases is spread."""

    def __init__(self, frame: EagerFrame, model: SpendModel | str) -> None:
        self._model = model
        if isinstance(model, str):
            self.mean = numeric_column(frame, model, what="summary", nulls=True)
            with np.errstate(invalid="ignore"):
                require_rows(~(self.mean < 0), f"{model} must be 0 or above: it is the spend of one purchase")
            if missing := int(np.isnan(self.mean).sum()):
                warn(
                    f"clv is null for {missing:,} of {self.mean.size:,} customers: {model} is null there. A spend "
                    "model such as clv.GammaGamma has a mean for customers without a repeat purchase.",
                    DataWarning,
                )
        else:
            model._require_fitted()
            self._amounts = model._usable_amounts(frame)
            self.mean = model._mean_spend(self._amounts)

    def log_spread(self) -> Floats:
        """Standard deviation of ln(mean spend) that the spend parameters' uncertainty brings, per row."""
        if isinstance(self._model, str) or self._model._log_covariance is None:
            return np.zeros(self.mean.size)
        model = self._model
        return model._spread(lambda params, columns: model._expected_spend(params, *columns), self._amounts)

    def total_quantile(self, table: CountTable, level: float, rows: Positions, spread: Floats) -> Floats:
        """Quantile of what a block's purchases cost together; `rows` are the block's positions in the frame."""
        if isinstance(self._model, str):
            return table.quantile(level) * self.mean[rows]
        model = self._model
        posterior = [
            np.broadcast_to(p, rows.shape) for p in model._posterior(model._theta, *(c[rows] for c in self._amounts))
        ]

        def total_cdf(block: Positions, n: Floats, amount: Floats) -> Floats:
            """P(n purchases of a row of the block together cost at most the amount).

            The parameters' uncertainty enters as a log-normal factor on the mean, by Gauss-Hermite in two points.
            """
            here, factor = [p[block] for p in posterior], np.exp(spread[rows][block])
            below, above = (model._total_cdf(*here, n, scaled) for scaled in (amount / factor, amount * factor))
            return np.asarray((below + above) / 2)

        scale = np.maximum(np.nan_to_num(self.mean[rows], nan=1.0), 1e-12)
        return total_quantile(table, total_cdf, level, scale)


def _mean_intervals(
    model: BuyingModel,
    rows: DistinctRows,
    spend: _Spend,
    p: dict[str, Floats],
    columns: dict[str, Any],
    t: float,
    delta: float,
    level: float,
) -> dict[str, Column]:
    intervals: dict[str, Column] = {}
    if "expected_purchases" in p:
        of_purchases = model._spread(lambda q, c: model._expected(q, c, t), rows.columns)
        low, high = delta_interval(p["expected_purchases"], of_purchases, level)
        intervals = {"expected_purchases_lower": rows.spread(low), "expected_purchases_upper": rows.spread(high)}
    of_discounted = (
        of_purchases
        if delta == 0
        else model._spread(
            lambda q, c: model._probability_alive(q, *c) * model._discounted_if_alive(q, c, t, delta), rows.columns
        )
    )
    # The two models are fitted on different data columns, so their estimates' errors are taken as independent.
    worth = delta_interval(columns["clv"], np.hypot(rows.spread(of_discounted), spend.log_spread()), level)
    return intervals | {"clv_lower": np.minimum(*worth), "clv_upper": np.maximum(*worth)}


def _outcome_intervals(
    model: BuyingModel, rows: DistinctRows, spend: _Spend, worth: Floats, t: float, level: float
) -> dict[str, Column]:
    """Equal-tailed intervals of the count and the value; `worth` is margin times the mean discount factor."""
    tails = {"lower": (1 - level) / 2, "upper": (1 + level) / 2}
    joint = distinct_rows([rows.inverse.astype(np.float64), np.nan_to_num(spend.mean, nan=-1.0)])
    first = np.empty(joint.counts.size, dtype=np.intp)
    first[joint.inverse] = np.arange(worth.size)
    spread = spend.log_spread()
    found = {f"{what}_{end}": np.zeros(first.size) for what in ("purchases", "value") for end in tails}
    for table in count_tables(model, tuple(c[rows.inverse[first]] for c in rows.columns), t):
        for end, tail in tails.items():
            found[f"purchases_{end}"][table.rows] = table.quantile(tail)
            found[f"value_{end}"][table.rows] = spend.total_quantile(table, tail, first[table.rows], spread)
    columns: dict[str, Column] = {name: joint.spread(values) for name, values in found.items()}
    columns["purchases_lower"] = joint.spread(found["purchases_lower"]).astype(np.int64)
    columns["purchases_upper"] = joint.spread(found["purchases_upper"]).astype(np.int64)
    ends = np.array([joint.spread(found["value_lower"]), joint.spread(found["value_upper"])]) * worth
    ends[:, np.isnan(spend.mean)] = np.nan
    columns["value_lower"], columns["value_upper"] = ends.min(axis=0), ends.max(axis=0)
    return columns
