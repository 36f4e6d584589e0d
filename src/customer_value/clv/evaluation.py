"""Forecast against what happened, by how often customers bought in calibration."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtri

from customer_value._frames import FrameT, as_given, categorical, collect, make_frame, nw, open_frame
from customer_value._validation import number, numeric_column, require_columns, require_rows, whole_number
from customer_value.clv._holdout_join import join_holdout, require_counts
from customer_value.clv._rows import Floats
from customer_value.errors import InputError

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
    limit = whole_number(top, "top", low=1)
    z = ndtri((1 + number(interval, "interval", low=0, high=1, open_ends=True)) / 2)

    seen = join_holdout(left, right, customer_id, ["holdout_purchases"], "forecast")["holdout_purchases"]
    _require_same_length(left, right)
    x = require_counts(numeric_column(left, "frequency", what="forecast"), "frequency")
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
