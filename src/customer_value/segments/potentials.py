"""What more a customer could bring: predicted less current value, the trend, and what is left of the wallet."""

from __future__ import annotations

import re
from typing import Any, Literal, cast

import numpy as np

from customer_value._frames import EagerFrame, FrameT, to_eager, with_arrays
from customer_value._units import DAYS, DAYS_PER_YEAR
from customer_value._validation import (
    numeric_column,
    optional_text,
    require_choice,
    require_columns,
    require_rows,
    require_some,
    text_value,
    time_unit_of,
)
from customer_value.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]
Part = Literal["headroom", "growth", "trend"]

PARTS: tuple[Part, ...] = ("headroom", "growth", "trend")  # which one counts, the first that there is
_YEARS = ("value_12m", "value_1y", "value_4q")
_WINDOW = re.compile(r"value_([1-9]\d*)([dwmqy])")
_UNITS = {"d": "day", "w": "week", "m": "month", "q": "quarter", "y": "year"}
_WHOLE = 0.99  # of a window: 12 calendar months have 365 days or 366, not 365.25
_OF_SCORE_CLV = re.compile(r"(clv|clv_if_alive)(_\d+[a-z]*)?")
_JOIN = {
    "current": "summarize_customers(log, ..., windows=('12 months',)) makes value_12m",
    "headroom": "wallet= names what a customer spends on this in a year, at anyone's; join it by customer",
    "growth": "score_clv makes expected_purchases and expected_spend, or forecast= names a column",
    "trend": "windows=('3 months', '12 months') makes two windows to compare",
}


def score_potential(
    frame: FrameT,
    *,
    wallet: str | None = None,
    value: str | None = None,
    forecast: str | None = None,
    part: Part | None = None,
    suffix: str = "",
) -> FrameT:
    """Say what more each customer could bring in a year: headroom, growth and trend, where known. Collects once.

    Each part is computed where its columns are there; at least one must be, and what is named must be.

    Parameters
    ----------
    frame
        One row per customer, such as `summarize_customers` and `score_clv` give.
    wallet
        Column with what the customer spends on such things in a year, whoever gets it; null where unknown.
    value
        Column with what the customer brought in the last year. By default `value_12m`; without it, the mean per year
        of `total_value`, and `total_value` itself where the first purchase is less than a year ago.
    forecast
        Column with what the customer is predicted to bring: of a year, except that `clv` and `clv_if_alive` are of
        their `horizon`. It must be of the same kind as `value`: `clv` counts margin and discount, so set it against a
        margin. By default ``expected_purchases * expected_spend``: revenue, like `value_12m`.
    part
        Which part is the `potential`: "headroom", "growth" or "trend". By default the first of them that can be
        computed.
    suffix
        Added to the names of the new columns.

    Returns
    -------
    FrameT
        The same rows in the same order with

        - `potential_headroom`: wallet less current value, in currency a year; below 0 where the wallet is estimated
          too low. `share_of_wallet`: current value / wallet; null for a wallet of 0;
        - `potential_growth`: predicted less current value, both per year;
        - `potential_trend`: rate of value in the shortest window as a multiple of the rate before it, back to the
          start of the longest (`value_3m`, `value_12m`); null where the earlier rate is not above 0, or the first
          purchase lies within the longest window, which then was not observed whole;
        - `potential`: one number, in currency a year: `potential_headroom`, `potential_growth`, or what the rate of
          the shortest window would bring in a year less the current value.

        One part counts for everyone, so that customers can be compared: what a model expects if all goes on as it is
        and what a customer could buy at most differ by far. Unknown is null, never 0. Columns of these names that
        are there already are replaced.

    Raises
    ------
    InputError
        If no part can be computed, or a named one cannot, with what to join; if a column is not numeric or infinite; a
        wallet is negative; the frame is empty.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> accounts = pd.DataFrame({"customer_id": ["a", "b", "c"], "value_12m": [40.0, 90.0, 10.0],
    ...                          "value_3m": [10.0, 45.0, 0.0], "freight_budget": [200.0, 100.0, None]})
    >>> scored = cv.score_potential(accounts, wallet="freight_budget")
    >>> scored[["potential_headroom", "share_of_wallet", "potential_trend", "potential"]]
       potential_headroom  share_of_wallet  potential_trend  potential
    0               160.0              0.2              1.0      160.0
    1                10.0              0.9              3.0       10.0
    2                 NaN              NaN              0.0        NaN
    """
    text_value(suffix, "suffix", empty=True)
    if part is not None:
        require_choice("part", part, PARTS)
    opened, back = to_eager(frame, "frame", "score_potential")
    named = {"wallet": wallet, "value": value, "forecast": forecast}
    texts = [optional_text(column, name) for name, column in named.items()]
    require_columns(opened, [column for column in texts if column is not None], what="frame")
    require_some(len(opened), "frame")

    current = _current_value(opened, value)
    columns: dict[str, Floats] = {}
    potential: dict[Part, Floats] = {}
    if wallet is not None:
        if current is None:
            raise InputError(_lacking(opened, "what a customer bought in the last year", ["current"]))
        budget = numeric_column(opened, wallet, what="frame", nulls=True)
        require_rows(~(budget < 0), f"{wallet} must be 0 or above", "It is what the customer spends in a year.")
        columns["potential_headroom"] = potential["headroom"] = budget - current
        share = np.full(budget.size, np.nan)
        columns["share_of_wallet"] = np.divide(current, budget, out=share, where=budget > 0)
    predicted = _predicted_value(opened, forecast)
    if predicted is not None and current is not None:
        columns["potential_growth"] = potential["growth"] = predicted - current
    elif forecast is not None:
        raise InputError(_lacking(opened, "what a customer bought in the last year", ["current"]))
    if (rates := _recent_and_earlier(opened)) is not None:
        recent, earlier = rates
        trend = np.full(recent.size, np.nan)
        columns["potential_trend"] = np.divide(recent, earlier, out=trend, where=earlier > 0)
        if current is not None:
            potential["trend"] = np.where(np.isnan(earlier), np.nan, recent * DAYS_PER_YEAR - current)

    wanted = part or next((name for name in PARTS if name in potential), None)
    if wanted is None or wanted not in potential:
        needed: list[str] = [part] if part is not None else list(PARTS)
        raise InputError(_lacking(opened, " or ".join(needed), ["current", *needed]))
    columns["potential"] = potential[wanted]
    return cast(FrameT, back(with_arrays(opened, {name + suffix: values for name, values in columns.items()})))


def _lacking(frame: EagerFrame, what: str, needed: list[str]) -> str:
    how = "; ".join(_JOIN[each] for each in needed)
    return f"{what} cannot be computed from {frame.columns}: {how}."


def _current_value(frame: EagerFrame, value: str | None) -> Floats | None:
    """Value per year: a year's window, else the mean per year of the whole history."""
    column = value or next((name for name in _YEARS if name in frame.columns), None)
    if column is not None and column != "total_value":
        return numeric_column(frame, column, what="frame", nulls=True)
    unit = time_unit_of(frame)
    if unit is None or not {"total_value", "T"} <= set(frame.columns):
        return None
    years = _lasted(frame) * DAYS[unit] / DAYS_PER_YEAR
    return numeric_column(frame, "total_value", what="frame", nulls=True) / np.maximum(years, 1.0)


def _predicted_value(frame: EagerFrame, forecast: str | None) -> Floats | None:
    """Predicted value per year."""
    if forecast is None:
        parts = ("expected_purchases", "expected_spend")
        if not set(parts) <= set(frame.columns):
            return None
        purchases, spend = (numeric_column(frame, name, what="frame", nulls=True) for name in parts)
        return purchases * spend / _horizon(frame, "horizon")
    predicted = numeric_column(frame, forecast, what="frame", nulls=True)
    of_model = _OF_SCORE_CLV.fullmatch(forecast)
    return predicted if of_model is None else predicted / _horizon(frame, f"horizon{of_model[2] or ''}")


def _horizon(frame: EagerFrame, column: str) -> Floats | float:
    """Years that a forecast of `score_clv` looks ahead; a year where the frame does not say."""
    unit = time_unit_of(frame)
    if unit is None or column not in frame.columns:
        return 1.0
    horizon = numeric_column(frame, column, what="frame")
    require_rows(horizon > 0, f"{column} must be above 0")
    return horizon * DAYS[unit] / DAYS_PER_YEAR


def _recent_and_earlier(frame: EagerFrame) -> tuple[Floats, Floats] | None:
    """Value per day in the shortest window, and before it back to the start of the longest; NaN if not observed."""
    matches = [match for name in frame.columns if (match := _WINDOW.fullmatch(str(name)))]
    days = {match[0]: int(match[1]) * DAYS[_UNITS[match[2]]] for match in matches}
    if len(set(days.values())) < 2:
        return None
    short, long = min(days, key=days.__getitem__), max(days, key=days.__getitem__)
    recent, whole = (numeric_column(frame, name, what="frame", nulls=True) for name in (short, long))
    earlier = (whole - recent) / (days[long] - days[short])
    unit = time_unit_of(frame)
    if unit is not None and "T" in frame.columns:
        observed = _lasted(frame) * DAYS[unit] >= _WHOLE * days[long]
        earlier = np.where(observed, earlier, np.nan)
    return recent / days[short], earlier


def _lasted(frame: EagerFrame) -> Floats:
    T = numeric_column(frame, "T", what="frame")
    require_rows(T >= 0, "T must be 0 or above", "It runs from the first purchase to observation_end.")
    return T
