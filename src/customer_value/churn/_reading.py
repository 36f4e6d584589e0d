"""Columns that decisions are made from: outcomes, probabilities, and amounts given as a number or a column."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, nw
from customer_value._validation import number, numeric_column, require_columns, require_rows, require_some
from customer_value.churn._ranked import Floats, require_both
from customer_value.errors import InputError

SCORE_MAKER = "score_churn(frame, model=...) adds churn_probability"
LABEL_MAKER = "churn_labels(log, cutoff=..., horizon=...) makes churned; join it to the scored frame"


def outcome_column(frame: EagerFrame, column: str, *, both: bool = True) -> Floats:
    """Return a column of true or false, or of zeros and ones, as zeros and ones; nobody's outcome may be missing."""
    require_columns(frame, [column], what="frame", maker=LABEL_MAKER)
    require_some(len(frame), "frame")
    series = frame.get_column(column)
    require_rows(
        ~np.asarray(series.is_null().to_numpy(), dtype=bool),
        f"{column} must not be null",
        "Leave out customers whose outcome window is not fully observed.",
    )
    if series.dtype == nw.Boolean:
        y = np.asarray(series.cast(nw.Int8).to_numpy(), dtype=np.float64)
    else:
        y = numeric_column(frame, column, what="frame")
        require_rows(np.isin(y, (0, 1)), f"{column} must be 0 or 1, False or True")
    if both:
        require_both(y, column)
    return y


def score_column(frame: EagerFrame, column: str, *, maker: str = SCORE_MAKER) -> Floats:
    """Return a column of finite scores."""
    require_columns(frame, [column], what="frame", maker=maker)
    require_some(len(frame), "frame")
    return numeric_column(frame, column, what="frame")


def probability_column(frame: EagerFrame, column: str, *, nulls: bool = False, maker: str = SCORE_MAKER) -> Floats:
    """Return a column of probabilities, missing ones as NaN where that is allowed."""
    require_columns(frame, [column], what="frame", maker=maker)
    require_some(len(frame), "frame")
    values = numeric_column(frame, column, what="frame", nulls=nulls)
    require_rows(np.isnan(values) | ((values >= 0) & (values <= 1)), f"{column} must be a probability, from 0 to 1")
    return values


def per_customer(
    frame: EagerFrame,
    given: Any,
    name: str,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    nulls: bool = False,
    maker: str = "",
) -> Floats:
    """Return an amount of each customer: a column where its name is given, else one number for all.

    Rules are those of `number`; missing ones become NaN where that is allowed.
    """
    if not isinstance(given, str):
        if not isinstance(given, (int, float, np.integer, np.floating)):
            raise InputError(f"{name} must be a number or the name of a column; got {given!r}.")
        return np.full(len(frame), number(given, name, low=low, high=high))
    require_columns(frame, [given], what="frame", maker=maker)
    values = numeric_column(frame, given, what="frame", nulls=nulls)
    rule = f"{given} must be {low:g} or above" if high == math.inf else f"{given} must be from {low:g} to {high:g}"
    require_rows(np.isnan(values) | ((values >= low) & (values <= high)), rule)
    return values
