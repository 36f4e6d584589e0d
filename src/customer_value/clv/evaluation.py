"""Forecast against what happened: by frequency in calibration, and over time."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtri

from customer_value._frames import (
    AnyFrame,
    EagerFrame,
    FrameT,
    as_given,
    categorical,
    collect,
    engine_of,
    make_frame,
    nw,
    open_frame,
)
from customer_value._units import DAYS, date_of, day_number
from customer_value._validation import (
    LARGEST,
    number,
    numeric_column,
    require_columns,
    require_ids,
    require_rows,
    require_some,
    whole_number,
)
from customer_value.clv._base import PurchaseModel, require_purchase_model
from customer_value.clv._rows import Floats
from customer_value.errors import InputError
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import LogColumns, LogRules, check_log, log_columns, read_log, require_present
from customer_value.transactions._periods import day_expression

_LONGEST_PERIOD = 3653  # ten years, in days
_HORIZON_TOLERANCE = 0.02  # a forecast for 12 months may meet a holdout of 52 weeks, not one of 39


def calibration_by_frequency(
    predicted: FrameT,
    holdout: Any,
    *,
    customer_id: str = "customer_id",
    top: int = 7,
    interval: float = 0.95,
) -> FrameT:
    """Compare expected with observed purchases, by how often customers bought before.

    Eager; a polars LazyFrame is collected once and comes back lazy.

    Parameters
    ----------
    predicted
        Frame with the customer, frequency and expected_purchases, as `score_clv` or a model's `predict` gives it, for
        a horizon as long as the holdout.
    holdout
        Frame of the same customers with holdout_purchases, as `summarize_holdout` gives it.
    customer_id
        Name of the customer column in both.
    top
        Frequencies from here on share the last row, ``"7+"``.
    interval
        Coverage of the interval of each observed mean.

    Returns
    -------
    One row for each frequency: frequency (ordered label), customers (count), predicted and observed (mean purchases of
    a customer), observed_lower, observed_upper (null for a single customer). Totals are mean x customers.

    Raises
    ------
    InputError
        Columns are missing or break a rule, customers lack a holdout row or come twice, their ids are of two types,
        or the forecast's horizon is not the holdout's length.

    Notes
    -----
    The interval is mean +/- z s / sqrt(n) over the customers of a row, cut at 0. The table is the one of Fader, Hardie
    and Lee (2005), figure 4.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> predicted = pd.DataFrame({"customer_id": [1, 2, 3], "frequency": [0, 0, 2],
    ...                           "expected_purchases": [0.2, 0.3, 1.9]})
    >>> holdout = pd.DataFrame({"customer_id": [3, 2, 1], "holdout_purchases": [2, 1, 0]})
    >>> cv.calibration_by_frequency(predicted, holdout)[["frequency", "customers", "predicted", "observed"]]
      frequency  customers  predicted  observed
    0         0          2       0.25       0.5
    1         2          1       1.90       2.0
    """
    given = open_frame(predicted, "forecast")
    left, right = collect(given), collect(open_frame(holdout, "holdout"))
    require_columns(left, [customer_id, "frequency", "expected_purchases"], what="forecast", maker="score_clv makes it")
    require_columns(right, [customer_id, "holdout_purchases"], what="holdout", maker="summarize_holdout makes it")
    for frame, what in ((left, "forecast"), (right, "holdout")):
        require_some(len(frame), what)
    limit = whole_number(top, "top", low=1)
    z = ndtri((1 + number(interval, "interval", low=0, high=1, open_ends=True)) / 2)
    _require_same_length(left, right)

    seen = _holdout_of(left, right, customer_id)
    x = _counts(left, "frequency", "forecast")
    expected = numeric_column(left, "expected_purchases", what="forecast")
    require_rows(expected >= 0, "expected_purchases must be 0 or above")
    limit = min(limit, int(x.max()) + 1)
    group = np.minimum(x, limit).astype(np.intp)
    n = np.bincount(group, minlength=limit + 1)
    rows = np.flatnonzero(n)

    def mean(values: Floats) -> Floats:
        return np.asarray(np.bincount(group, values, minlength=limit + 1)[rows] / n[rows])

    observed = mean(seen)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt((mean(seen**2) - observed**2) / (n[rows] - 1))
    labels = [*map(str, range(limit)), f"{limit}+"]
    table = make_frame(
        {
            "frequency": categorical(rows, labels, left),
            "customers": n[rows],
            "predicted": mean(expected),
            "observed": observed,
            "observed_lower": np.maximum(observed - z * spread, 0),
            "observed_upper": observed + z * spread,
        },
        left,
    )
    result: FrameT = as_given(table, given)
    return result


def _counts(frame: EagerFrame, column: str, what: str) -> Floats:
    counts = numeric_column(frame, column, what=what)
    whole = (counts >= 0) & (counts == np.floor(counts)) & (counts < LARGEST)
    require_rows(whole, f"{column} must be a whole number from 0 to below {LARGEST:.0e}")
    return counts


def _require_same_length(predicted: nw.DataFrame[Any], holdout: nw.DataFrame[Any]) -> None:
    """Raise where the frames tell their lengths and these differ: such a comparison means nothing."""
    if not {"horizon", "time_unit"} <= set(predicted.columns) or "holdout_duration" not in holdout.columns:
        return
    horizon = numeric_column(predicted, "horizon", what="forecast").max()
    length = numeric_column(holdout, "holdout_duration", what="holdout").max()
    if abs(horizon - length) > _HORIZON_TOLERANCE * length:
        unit = predicted.get_column("time_unit")[0]
        raise InputError(
            f"the forecast looks {horizon:.4g} {unit}s ahead and the holdout lasts {length:.4g} {unit}s. "
            f"Forecast with horizon={length:.4g}."
        )


def _holdout_of(left: nw.DataFrame[Any], right: nw.DataFrame[Any], key: str) -> Floats:
    """Holdout purchases in the forecast's row order, each customer found exactly once."""
    if engine_of(left) != engine_of(right):
        raise InputError(
            f"forecast and holdout must be frames of one library; got {engine_of(left)} and {engine_of(right)}."
        )
    frames = {"forecast": left, "holdout": right}
    require_ids(key, frames)
    for what, frame in frames.items():
        require_present(frame.get_column(key), f"Leave such rows out of the {what}.")
        if np.unique(id_labels(frame.get_column(key))).size != len(frame):
            raise InputError(f"{key} must be unique in the {what}; some customers come more than once.")
    _counts(right, "holdout_purchases", "holdout")
    joined = left.select(key).with_row_index("_row").join(right.select(key, "holdout_purchases"), on=key, how="left")
    seen = numeric_column(joined.sort("_row"), "holdout_purchases", what="holdout", nulls=True)
    require_rows(
        ~np.isnan(seen),
        "every customer of the forecast must be in the holdout",
        "summarize_holdout(holdout, customers=summary, ...) gives each one a row, with 0 where nothing was bought.",
    )
    return seen


def tracking_table(
    log: FrameT,
    *,
    purchase_model: PurchaseModel,
    calibration_end: Any,
    observation_end: Any,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
    period_days: int = 7,
) -> FrameT:
    """Track repeat purchases of a cohort over time: expected by the model against actual.

    Relational: three aggregate queries, then one row per period. Lazy frames and engines keep their rows until then.

    Parameters
    ----------
    log
        Transactions of calibration and holdout together: customer, date, amount.
    purchase_model
        Fitted purchase model with a time unit.
    calibration_end
        Last day of the data that the model was fitted on. The cohort is every customer who first bought by then.
    observation_end
        Last day observed, inclusive. Later rows are left out.
    customer_id, date, amount
        Column names.
    period_days
        Length of a period, in days, at most ten years. Periods count from the cohort's first day, which is the first
        day of the first; one that is cut off by observation_end is left out.

    Returns
    -------
    One row per period: period (1, 2, ...), period_end (its last day), expected and actual repeat purchases in it,
    expected_cumulative, actual_cumulative, in_calibration (whether the period ends within calibration).

    Raises
    ------
    InputError
        Columns are missing or hold nulls, the model has no time unit, or the dates are out of order or leave no whole
        period.

    Notes
    -----
    Customers start at different times, so the expectation at time t is the sum over customers of E[X(t - start)]
    (Fader, Hardie and Lee 2005, p. 281). A repeat purchase is a day with a purchase after the customer's first. Days
    count whole here, from the start of a customer's first to the end of the period's last, as in the papers' figures.

    Examples
    --------
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow(sample=True)
    >>> model = cv.clv.BGNBD.from_params(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259, time_unit="week")
    >>> table = cv.tracking_table(log, purchase_model=model, calibration_end="1997-09-30", observation_end="1998-06-30")
    >>> table[["period", "expected_cumulative", "actual_cumulative"]].iloc[[38, 77]].round(1)
        period  expected_cumulative  actual_cumulative
    38      39               2501.6               2457
    77      78               4165.8               4339
    """
    opened = open_frame(log, "log")
    columns = log_columns(opened, customer_id, date, amount)
    require_purchase_model(purchase_model)
    if purchase_model.time_unit_ is None:
        raise InputError("tracking_table needs the model's time unit; fit on a summary of summarize_customers.")
    unit_days = DAYS[purchase_model.time_unit_]
    length = whole_number(period_days, "period_days", low=1, high=_LONGEST_PERIOD)
    calibrated, last = day_number(calibration_end, "calibration_end"), day_number(observation_end, "observation_end")
    if calibrated > last:
        raise InputError(
            f"calibration_end must not be after observation_end; got {date_of(calibrated)} and {date_of(last)}."
        )
    starts, bought = _cohort_days(_log_days(opened, columns), calibrated, last)
    if not starts[0].size:
        raise InputError(f"no customer bought on or before calibration_end={calibration_end}: no cohort to track.")
    origin = int(starts[0].min())
    ends = origin - 1 + length * np.arange(1, (last + 1 - origin) // length + 1)
    if not ends.size:
        raise InputError(f"observation_end={observation_end} leaves no whole period of {length} days to track.")
    expected = np.array([_expected_by(purchase_model, *starts, end, unit_days) for end in ends.tolist()])
    actual = _total_by(*bought, ends) - _total_by(*starts, ends)
    table = make_frame(
        {
            "period": np.arange(1, ends.size + 1),
            "period_end": ends.astype("datetime64[D]"),
            "expected": np.diff(expected, prepend=0.0),
            "actual": np.diff(actual, prepend=0),
            "expected_cumulative": expected,
            "actual_cumulative": actual,
            "in_calibration": ends <= calibrated,
        },
        opened,
    )
    result: FrameT = as_given(table, opened)
    return result


def _log_days(log: AnyFrame, columns: LogColumns) -> nw.LazyFrame[Any]:
    """Customer, day number and amount of each row of a log, checked."""
    if isinstance(log, nw.LazyFrame):
        check_log(log, columns, LogRules())
        key, amount = nw.col(columns.customer_id), nw.col(columns.amount)
        return log.select(_key=key, _day=day_expression(columns.date), _amount=amount)
    rows = read_log(log, columns, LogRules())
    return make_frame({"_key": id_labels(rows.keys), "_day": rows.days, "_amount": rows.amounts}, log).lazy()


def _cohort_days(log: nw.LazyFrame[Any], calibrated: int, last: int) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Days and counts of the cohort's first purchases, and of all its purchases."""
    days = (
        log.filter((nw.col("_amount") >= 0) & (nw.col("_day") <= last))
        .group_by("_key", "_day")
        .agg(nw.len().alias("_rows"))
    )
    first = days.group_by("_key").agg(nw.col("_day").min().alias("_first")).filter(nw.col("_first") <= calibrated)
    of_cohort = days.join(first, on="_key", how="inner")

    def tally(frame: nw.LazyFrame[Any], column: str) -> tuple[Any, Any]:
        counted = frame.group_by(column).agg(nw.len().alias("_n")).collect()
        return counted.get_column(column).to_numpy(), counted.get_column("_n").cast(nw.Int64).to_numpy()

    return tally(first, "_first"), tally(of_cohort, "_day")


def _expected_by(model: PurchaseModel, starts: Any, customers: Any, end: int, unit_days: float) -> float:
    """Repeat purchases expected by the end of a day: each customer counts from his own start."""
    elapsed = np.maximum(end + 1 - starts, 0) / unit_days
    return float(customers @ model._expected_purchases_new(model._theta, elapsed))


def _total_by(days: Any, counts: Any, ends: Any) -> Any:
    """Running total of counts up to and including each end."""
    order = np.argsort(days)
    running = np.append(0, np.cumsum(counts[order]))
    return running[np.searchsorted(days[order], ends, side="right")]
