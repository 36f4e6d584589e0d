"""How loyal each customer is, on what the frame knows: tenure, rate, regularity and share of active periods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from customer_value._frames import EagerFrame, FrameT, to_eager, with_arrays
from customer_value._validation import (
    number,
    numeric_column,
    optional_text,
    require_choice,
    require_columns,
    require_rows,
    require_some,
    text_value,
)
from customer_value.errors import InputError
from customer_value.segments._values import value_column

Floats = np.ndarray[Any, np.dtype[np.float64]]

PARTS = ("tenure", "rate", "regularity", "active_share")
_REFERENCED = ("tenure", "rate")


def score_loyalty(
    frame: FrameT,
    *,
    tenure: str = "recency",
    active_share: str | None = None,
    weights: Mapping[str, float] | None = None,
    references: Mapping[str, float] | None = None,
    suffix: str = "",
) -> FrameT:
    """Score loyalty from 0 to 1 by tenure, rate of purchases, regularity and share of active periods. Collects once.

    Each part is computed where its columns are there; at least one must be.

    Parameters
    ----------
    frame
        One row per customer, such as `summarize_customers` gives, joined to `purchase_rhythm` for the regularity.
    tenure
        Column with how long the relationship has lasted. The default runs from the first to the last purchase: under
        `T`, which runs on to `observation_end`, somebody who bought once ten years ago would be the most loyal. For
        contracts name `tenure`.
    active_share
        Column with the share of periods in which the customer was active, 0 to 1. By default `frequency` /
        `opportunities`, where `summarize_opportunities` counted them.
    weights
        Weight of each part, ``{"tenure": 1, "rate": 1, "regularity": 1, "active_share": 1}`` unless given; a part
        that is not named weighs 0.
    references
        Tenure and rate that score one half, in the frame's time unit, ``{"tenure": 52, "rate": 0.1}``. By default the
        medians of the customers with more than 0: fix them to compare one month with the next.
    suffix
        Added to the names of the new columns.

    Returns
    -------
    FrameT
        The same rows in the same order with, each from 0 to 1,

        - `loyalty_tenure`: tenure / (tenure + reference);
        - `loyalty_rate`: repeat purchases per time unit since the first one, ``frequency / T``, taken likewise;
        - `loyalty_regularity`: 1 / (1 + CV of the gaps): the column `regularity` of `purchase_rhythm` (shrunk), else
          from `gap_cv`, else from `log_intervals`;
        - `loyalty_active_share`;
        - `loyalty`: their weighted mean.

        A part whose columns are missing is left out. A part that is unknown for one customer (the regularity of a
        one-time buyer) is null, and his `loyalty` is the mean of the others; without any it is null. Columns of these
        names that are there already are replaced.

    Raises
    ------
    InputError
        If no part can be computed; if a column is not numeric, infinite or out of its range; if weights or references
        name other parts, or are not positive; if the frame is empty.

    Notes
    -----
    x / (x + reference) is one half at the reference, rises without a bound to hit, and needs no other customer: with
    fixed references a score changes only with the customer's own figures.

    From `log_intervals` the CV is 1 / sqrt(k), k being the shape of gamma distributed gaps by H. C. S. Thom (1958),
    *Monthly Weather Review* 86, 117-122: ``k = (1 + sqrt(1 + 4 A / 3)) / (4 A)``, A the logarithm of the mean gap less
    the mean of the logarithms. It needs two gaps, and takes few gaps for more regular than they are; `regularity` of
    `purchase_rhythm` does not.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"frequency": [11, 2, 0], "recency": [50.0, 10.0, 0.0], "T": [52.0, 52.0, 52.0],
    ...                           "gap_cv": [0.25, 1.0, None]})
    >>> scored = cv.score_loyalty(customers, references={"tenure": 50, "rate": 0.1})
    >>> scored.filter(like="loyalty").round(2)
       loyalty_tenure  loyalty_rate  loyalty_regularity  loyalty
    0            0.50          0.68                 0.8     0.66
    1            0.17          0.28                 0.5     0.31
    2            0.00          0.00                 NaN     0.00
    """
    opened, back = to_eager(frame, "frame", "score_loyalty")
    text_value(suffix, "suffix", empty=True)
    weight = _positive(weights, "weights", PARTS) or dict.fromkeys(PARTS, 1.0)
    given = _positive(references, "references", _REFERENCED)
    require_some(len(opened), "frame")

    raw = _parts(opened, text_value(tenure, "tenure"), optional_text(active_share, "active_share"))
    parts = {name: values for name, values in raw.items() if name in weight}
    if not parts:
        raise InputError(
            f"nothing of {list(weight)} can be computed: the frame has {opened.columns}. summarize_customers(log, "
            "observation_end=...) makes frequency, recency and T; purchase_rhythm(log, observation_end=...) makes "
            "regularity, to be joined by customer."
        )
    for name in parts.keys() & set(_REFERENCED):
        parts[name] = _half_at(parts[name], given.get(name))
    columns = {f"loyalty_{name}": values for name, values in parts.items()}
    columns["loyalty"] = _mean_of_known(parts, weight)
    return cast(FrameT, back(with_arrays(opened, {name + suffix: values for name, values in columns.items()})))


def _positive(given: Mapping[str, float] | None, name: str, options: tuple[str, ...]) -> dict[str, float]:
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not given:
        raise InputError(f"{name} must map some of {list(options)} to numbers; got {given!r}.")
    for part in given:
        require_choice(f"a part of {name}", part, options)
    return {part: number(value, f"{name}[{part!r}]", low=0, open_ends=True) for part, value in given.items()}


def _parts(frame: EagerFrame, tenure: str, active_share: str | None) -> dict[str, Floats]:
    """Each part whose columns are there: tenure and rate as they are, the others from 0 to 1 already."""
    there = set(frame.columns)
    parts: dict[str, Floats] = {}
    if tenure != "recency":
        require_columns(frame, [tenure], what="frame")
    if tenure in there:
        parts["tenure"] = _from_zero(frame, tenure)
    if {"frequency", "T"} <= there:
        frequency, lasted = _from_zero(frame, "frequency"), _from_zero(frame, "T")
        parts["rate"] = np.divide(frequency, lasted, out=np.full(lasted.size, np.nan), where=lasted > 0)
    if (regularity := _regularity(frame)) is not None:
        parts["regularity"] = regularity
    if active_share is not None:
        require_columns(frame, [active_share], what="frame")
        parts["active_share"] = _share(frame, active_share)
    elif {"frequency", "opportunities"} <= there:
        used, offered = _from_zero(frame, "frequency"), _from_zero(frame, "opportunities")
        require_rows(~(used > offered), "frequency must be <= opportunities", "One purchase per opportunity.")
        parts["active_share"] = np.divide(used, offered, out=np.full(used.size, np.nan), where=offered > 0)
    return parts


def _regularity(frame: EagerFrame) -> Floats | None:
    if "regularity" in frame.columns:
        return _share(frame, "regularity")
    if "gap_cv" in frame.columns:
        return 1 / (1 + _from_zero(frame, "gap_cv"))
    if {"log_intervals", "frequency", "recency"} <= set(frame.columns):
        logs = numeric_column(frame, "log_intervals", what="frame", nulls=True)
        return _gamma_regularity(_from_zero(frame, "frequency"), _from_zero(frame, "recency"), logs)
    return None


def _gamma_regularity(gaps: Floats, total: Floats, logs: Floats) -> Floats:
    """1 / (1 + CV) of gamma distributed gaps from their number, sum and sum of logarithms."""
    several = (gaps >= 2) & (total > 0)
    n = np.where(several, gaps, 2.0)
    spread = np.log(np.where(several, total, 1.0) / n) - logs / n  # A; 0 for equal gaps, above otherwise (Jensen)
    A = np.maximum(spread, 0.0)
    variation = np.sqrt(4 * A / (1 + np.sqrt(1 + 4 * A / 3)))
    return np.where(several, 1 / (1 + variation), np.nan)


def _from_zero(frame: EagerFrame, column: str) -> Floats:
    values = value_column(frame, column, nulls=True)
    require_rows(~(values < 0), f"{column} must be 0 or above")
    return values


def _share(frame: EagerFrame, column: str) -> Floats:
    values = _from_zero(frame, column)
    require_rows(~(values > 1), f"{column} must be a share, from 0 to 1")
    return values


def _half_at(values: Floats, reference: float | None) -> Floats:
    """Scale so that the reference is one half; by default the median of those above 0."""
    if reference is None:
        above = values[values > 0]
        reference = float(np.median(above)) if above.size else 1.0
    scaled: Floats = values / (values + reference)
    return scaled


def _mean_of_known(parts: Mapping[str, Floats], weight: Mapping[str, float]) -> Floats:
    values = np.stack([parts[name] for name in parts])
    known = ~np.isnan(values)
    weighing = np.array([weight[name] for name in parts])[:, None] * known
    total = weighing.sum(axis=0)
    summed = (weighing * np.where(known, values, 0.0)).sum(axis=0)
    means: Floats = np.divide(summed, total, out=np.full(total.size, np.nan), where=total > 0)
    return means
