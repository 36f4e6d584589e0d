"""Concentration: on how few customers the value rests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike

from customer_value._frames import EagerFrame, FrameT, make_frame, nw, to_eager
from customer_value._validation import (
    MOST_POINTS,
    MOST_RESAMPLES,
    float_array,
    interval_level,
    number,
    require_choice,
    require_columns,
    require_rows,
    require_some,
    truth_value,
    whole_number,
)
from customer_value.errors import InputError
from customer_value.segments._groups import CUTOFF, column_apart, key_codes
from customer_value.segments._lorenz import Floats, Lorenz, lorenz, measures, resampled_measures, tally
from customer_value.segments._values import require_below_largest, value_column

Negative = Literal["error", "clip", "keep"]

_REMEDY = 'Refunds beyond purchases? negative="clip" counts them as 0, negative="keep" as they are (Gini may pass 1).'


def concentration(
    frame: FrameT,
    *,
    value: str = "total_value",
    by: str | None = CUTOFF,
    tops: Sequence[float] = (0.01, 0.05, 0.1, 0.2),
    reach: Sequence[float] = (0.5, 0.8),
    negative: Negative = "error",
    corrected: bool = False,
    interval: float | None = None,
    n_resamples: int = 1000,
    random_state: int = 0,
) -> FrameT:
    """Measure how unevenly customers bring value: Gini, the share of the top customers, how many bring most of it.

    Collects once.

    Parameters
    ----------
    frame
        One row per customer; or a history, in which a customer has a row for each cutoff.
    value
        Column with the value, such as `total_value` or `clv`; never null.
    by
        Column whose values are measured apart, or None. The default, `cutoff`, counts where the frame has that column.
    tops
        Shares of customers, above 0 and up to 1, the best first. At least this share of them: of 4,338 customers the
        top 1 % are 44.
    reach
        Shares of the value, above 0 and up to 1, to find the smallest number of customers for.
    negative
        What to do with values below 0: "error" refuses them, "clip" counts them as 0, "keep" takes them as they are.
        Then the curve dips below 0 and Gini has no upper bound: compare it only with others of its kind.
    corrected
        Multiply Gini by n / (n - 1), so that one customer with everything gives 1 among few customers too.
    interval
        Coverage of bootstrap intervals over customers, such as 0.9; None for none.
    n_resamples
        Number of bootstrap samples.
    random_state
        Seed of the bootstrap.

    Returns
    -------
    frame
        One row per measure (for each value of `by`, which then comes first): `measure`, `level`, `result`, and with an
        interval `result_lower` and `result_upper`.

        - "gini": 0 if all bring the same, near 1 if one brings all;
        - "top_share" at each level of `tops`: the share of the value that these customers bring;
        - "customers_needed" at each level of `reach`: how many customers bring this share of the value, and
          "share_needed": their share of all customers.

        The ends of an interval are null where a bootstrap sample brings nothing in all.

    Raises
    ------
    InputError
        If a column is missing, not numeric, null or infinite; if values are negative and `negative` is "error"; if the
        values do not add up to more than 0; if an argument is out of its range.

    Notes
    -----
    Lorenz, M. O. (1905), *Publications of the American Statistical Association* 9, 209-219: the share of the value
    that the least valuable p of the customers bring. Gini's coefficient is twice the area between that curve and the
    diagonal, here of the customers as they are (the population's); the correction for small samples and the percentile
    bootstrap are those of P. M. Dixon, J. Weiner, T. Mitchell-Olds and R. Woodley (1987), *Ecology* 68, 1548-1551.
    With a few customers who bring very much the interval covers less often than it says.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"total_value": [700.0, 150.0, 60.0, 50.0, 40.0]})
    >>> cv.segments.concentration(customers, tops=[0.2], reach=[0.8])
                measure  level  result
    0              gini    NaN   0.568
    1         top_share    0.2   0.700
    2  customers_needed    0.8   2.000
    3      share_needed    0.8   0.400
    """
    tops, reach = _shares(tops, "tops"), _shares(reach, "reach")
    truth_value(corrected, "corrected")
    level = interval_level(interval)
    whole_number(n_resamples, "n_resamples", low=1, high=MOST_RESAMPLES)
    whole_number(random_state, "random_state")
    opened, back = to_eager(frame, "frame", "concentration")
    parts = _parts(opened, value, by, negative)

    found, lower, upper = [], [], []
    for values in parts.values:
        if corrected and values.size < 2:
            raise InputError("corrected=True needs two customers or more.")
        distinct, counts = tally(values)
        found.append(measures(lorenz(distinct, counts), tops, reach, corrected))
        if level is not None:
            drawn = resampled_measures(distinct, counts, tops, reach, corrected, n_resamples, random_state)
            ends = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
            lower.append(ends[0])
            upper.append(ends[1])
    needed = ["customers_needed", "share_needed"]
    names = ["gini", *["top_share"] * len(tops), *np.repeat(needed, len(reach))]
    results = {"result": found} | ({"result_lower": lower, "result_upper": upper} if level is not None else {})
    made = make_frame(
        {
            **parts.keys(len(names)),
            "measure": np.array(names * len(parts.values), dtype=object),
            "level": np.tile([np.nan, *tops, *reach, *reach], len(parts.values)),
            **{name: np.concatenate(columns) for name, columns in results.items()},
        },
        opened,
    )
    return cast(FrameT, back(made))


def lorenz_curve(
    frame: FrameT,
    *,
    value: str = "total_value",
    by: str | None = CUTOFF,
    points: int = 101,
    negative: Negative = "error",
) -> FrameT:
    """Give the Lorenz curve: which share of the value the least valuable customers bring. Collects once.

    Parameters
    ----------
    frame
        One row per customer; or a history, in which a customer has a row for each cutoff.
    value
        Column with the value, never null.
    by
        Column whose values have a curve each, or None. The default, `cutoff`, counts where the frame has that column.
    points
        Number of points, evenly spaced over the customers, both ends included.
    negative
        As in `concentration`.

    Returns
    -------
    frame
        `lorenz_customers`, shares of the customers from 0 to 1, the least valuable first, and `lorenz_value`, the share
        of the value that they bring; before them `by`, where it counts.

    Raises
    ------
    InputError
        As `concentration`.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({"total_value": [700.0, 150.0, 60.0, 50.0, 40.0]})
    >>> cv.segments.lorenz_curve(customers, points=6)["lorenz_value"].round(2).tolist()
    [0.0, 0.04, 0.09, 0.15, 0.3, 1.0]
    """
    whole_number(points, "points", low=2, high=MOST_POINTS)
    opened, back = to_eager(frame, "frame", "lorenz_curve")
    parts = _parts(opened, value, by, negative)
    across = np.linspace(0, 1, points)
    curves: list[Lorenz] = [lorenz(*tally(values)) for values in parts.values]
    made = {
        **parts.keys(points),
        "lorenz_customers": np.tile(across, len(curves)),
        "lorenz_value": np.concatenate([np.interp(across, c.customers / c.n, c.value / c.total) for c in curves]),
    }
    return cast(FrameT, back(make_frame(made, opened)))


def gini(values: ArrayLike, *, corrected: bool = False, negative: Negative = "error") -> float:
    """Return Gini's coefficient of numbers: 0 if they are equal, near 1 if one is all.

    Parameters
    ----------
    values : array_like
        The numbers, at least one.
    corrected : bool
        Multiply by n / (n - 1); see `concentration`.
    negative : {"error", "clip", "keep"}
        What to do with numbers below 0; see `concentration`.

    Returns
    -------
    float

    Raises
    ------
    InputError
        The numbers are none, not finite, below 0 where that is refused, or do not add up to more than 0.

    Examples
    --------
    >>> from customer_value.segments import gini
    >>> round(gini([541, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261]), 8)
    0.46209113
    """
    truth_value(corrected, "corrected")
    numbers = float_array(values, "values")
    require_some(numbers.size, "sample")
    require_rows(np.isfinite(numbers), "values must be finite")
    require_below_largest(numbers, "values")
    counted = _counted(numbers, "values", negative)
    _require_total(counted, "values")
    if corrected and counted.size < 2:
        raise InputError("corrected=True needs two values or more.")
    return float(measures(lorenz(*tally(counted)), (), (), corrected)[0])


@dataclass(frozen=True)
class _Parts:
    """Values of each block, and the key column for a number of rows of each."""

    values: list[Floats]
    keys: Callable[[int], dict[str, Any]]


def _parts(frame: EagerFrame, value: str, by: str | None, negative: Negative) -> _Parts:
    require_columns(frame, [value], what="frame")
    apart = column_apart(frame, by)
    require_some(len(frame), "frame")
    values = _counted(value_column(frame, value), value, negative)
    if apart is None:
        _require_total(values, value)
        return _Parts([values], lambda _: {})
    blocks, codes = key_codes(frame, apart)
    dtype = frame.get_column(apart).dtype
    there = [i for i in range(len(blocks)) if (codes == i).any()]

    def keys(rows: int) -> dict[str, Any]:
        repeated = [blocks[i] for i in there for _ in range(rows)]
        return {apart: nw.new_series(apart, repeated, dtype, backend=frame.implementation)}

    for i in there:
        _require_total(values[codes == i], f"{value} of {apart} {blocks[i]}")
    return _Parts([values[codes == i] for i in there], keys)


def _counted(values: Floats, name: str, negative: Negative) -> Floats:
    """Return values as the policy on negative ones has them."""
    require_choice("negative", negative, get_args(Negative))
    if negative == "error":
        require_rows(values >= 0, f"{name} must be 0 or above", _REMEDY)
    elif negative == "clip":
        values = np.maximum(values, 0.0)
    return values


def _require_total(values: Floats, name: str) -> None:
    if not np.sort(values).sum() > 0:
        raise InputError(f"{name} must add up to more than 0: of nothing there are no shares.")


def _shares(given: Sequence[float], name: str) -> list[float]:
    if isinstance(given, (str, bytes, Mapping)) or not np.iterable(given):
        raise InputError(f"{name} must be a list of shares, such as [0.01, 0.2]; got {given!r}.")
    shares = [number(share, f"each of {name}", low=0, high=1) for share in given]
    if 0.0 in shares:
        raise InputError(f"{name} must be above 0; got {shares}.")
    return shares
