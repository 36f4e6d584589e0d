"""What every column that this library writes means: one dictionary, for people who open a result later."""

from __future__ import annotations

import re
from typing import cast

import numpy as np

from customer_value._churn_meanings import (
    CHURN_DECISIONS,
    CHURN_FEATURES,
    CHURN_LABELS,
    CHURN_QUALITY,
    MODELS,
    QUALITY,
    SILENCES,
    TIME_TO_CHURN,
    WATCHING,
)
from customer_value._frames import FrameT, as_given, make_frame, open_frame
from customer_value._lifecycle_meanings import COHORTS, MIGRATION, REVENUE, STAGES
from customer_value._meanings import (
    COMPARISON,
    CONTRACTS,
    EQUITY,
    EVALUATION,
    HETEROGENEITY,
    HOLDOUT,
    INTERVALS,
    LOG,
    OPPORTUNITIES,
    RHYTHM,
    SUMMARY,
    VALUE,
    WINDOWS,
)
from customer_value._segment_meanings import CLUSTERS, SEGMENTS, TIERS

__all__ = ["DICTIONARY", "describe_columns"]

DICTIONARY: dict[str, dict[str, tuple[str, str]]] = {
    "Transaction log": LOG,
    "Customer summary": SUMMARY,
    "Purchase rhythm": RHYTHM,
    "Holdout": HOLDOUT,
    "Opportunities": OPPORTUNITIES,
    "Contracts and renewals": CONTRACTS,
    "Forecast and value": VALUE,
    "Scores and segments": SEGMENTS,
    "Clusters": CLUSTERS,
    "Tiers": TIERS,
    "Lifecycle stages": STAGES,
    "Migration between states": MIGRATION,
    "Cohorts": COHORTS,
    "Retention and revenue": REVENUE,
    "Forecast against what happened": EVALUATION,
    "Models compared, assumptions checked": COMPARISON,
    "Customer equity": EQUITY,
    "Customers' rates": HETEROGENEITY,
    "Churn labels": CHURN_LABELS,
    "Churn features": CHURN_FEATURES,
    "Silent days": SILENCES,
    "Time to churn": TIME_TO_CHURN,
    "Churn decisions": CHURN_DECISIONS,
    "Quality of churn models": CHURN_QUALITY,
    "Reasons, warnings and reports on features": WATCHING,
    "Data quality and this dictionary": QUALITY,
    "Table of a model's estimates": MODELS,
}
_COLUMNS = {name: entry for group in DICTIONARY.values() for name, entry in group.items()}

_END = re.compile(r"(?P<of>\w+)_(?P<end>lower|upper)")
_WINDOW = re.compile(r"(?P<of>\w+)_(?P<length>[1-9]\d*)(?P<unit>[dwmqy])")
_SUFFIX = re.compile(r"(?P<of>\w+)(?P<suffix>_\d+[a-z]*)")
_TREND = re.compile(r"(?P<value>value_)?trend_(?P<short>[1-9]\d*[dwmqy])_(?P<long>[1-9]\d*[dwmqy])")
_UNITS = {"d": "day", "w": "week", "m": "month", "q": "quarter", "y": "year"}


def describe_columns(frame: FrameT) -> FrameT:
    """Say what each column of a frame means and in which unit it is.

    Reads the column names only. A lazy frame of polars gives a lazy frame, an engine's frame a pyarrow table.

    Parameters
    ----------
    frame
        Any frame, such as `summarize_customers`, `score_clv` or `segment_profile` give.

    Returns
    -------
    FrameT
        One row per column, in the frame's order: `column`, `meaning`, `unit`. The last two are null for a column that
        this library does not write. Ends of intervals (`clv_lower`), reasons of labels (`segment_reason`), windows
        (`value_12m`) and columns kept apart by a suffix such as ``_3m`` or ``_2026`` (`clv_3m`) are known too.

    Raises
    ------
    InputError
        `frame` is not a DataFrame.

    Notes
    -----
    The meaning goes by the name alone: a column of yours that happens to be named `segment` or `rows` is described as
    this library's.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> frame = pd.DataFrame({"frequency": [2], "value_12m": [30.0], "shoe_size": [38]})
    >>> told = cv.describe_columns(frame)
    >>> print(told.to_string(index=False))
       column                                                                       meaning     unit
    frequency         repeat purchase periods: periods with a purchase after the first one    count
    value_12m sum of amounts in the 12 months up to observation_end, refunds taken off currency
    shoe_size                                                                           NaN      NaN
    """
    opened = open_frame(frame)
    names = [str(name) for name in opened.collect_schema().names()]
    described = [_describe(name) or (None, None) for name in names]
    columns = {
        "column": names,
        "meaning": [meaning for meaning, _ in described],
        "unit": [unit for _, unit in described],
    }
    arrays = {name: np.array(values, dtype=object) for name, values in columns.items()}
    return cast(FrameT, as_given(make_frame(arrays, like=opened), opened))


def _describe(name: str) -> tuple[str, str] | None:
    """Meaning and unit of a column: by its name, then as an interval's end, a reason, a window, a suffixed name."""
    if name in _COLUMNS:
        return _COLUMNS[name]
    if (match := _END.fullmatch(name)) and match["of"] in INTERVALS:
        meaning, unit = INTERVALS[match["of"]]
        return f"{match['end']} end of {meaning}", unit
    label = name.removesuffix("_reason")
    if label != name and (of := _describe(label)) is not None and of[1] == "label":
        return f"why {label} was given", "text"
    if (match := _WINDOW.fullmatch(name)) and match["of"] in WINDOWS:
        meaning, unit = WINDOWS[match["of"]]
        plural = "" if match["length"] == "1" else "s"
        return meaning.format(window=f"{match['length']} {_UNITS[match['unit']]}{plural}"), unit
    if match := _TREND.fullmatch(name):
        what = "value" if match["value"] else "events"
        own = f"what the customer's rate in {match['long']} expects"
        return f"{what} of {match['short']} as a multiple of {own}", "ratio"
    if (match := _SUFFIX.fullmatch(name)) and (of := _describe(match["of"])) is not None:
        return f"{of[0]} (suffix {match['suffix']})", of[1]
    return None
