"""RFM scores: each customer's recency, frequency and monetary value on a scale from 1 to 5 (5 best)."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from customer_value._frames import EagerFrame, FrameT, to_eager, with_arrays
from customer_value._validation import (
    SUMMARY_MAKER,
    numeric_column,
    require_columns,
    require_rows,
    require_some,
    text_value,
    whole_number,
)
from customer_value.errors import InputError

_MOST_BINS = 9  # beyond one digit per score, 100 R + 10 F + M no longer tells its parts

Values = np.ndarray[Any, np.dtype[np.float64]]
Scores = np.ndarray[Any, np.dtype[np.int64]]


def score_rfm(
    frame: FrameT,
    *,
    recency: str = "time_since_last",
    frequency: str = "purchases",
    monetary: str = "total_value",
    bins: int = 5,
    suffix: str = "",
) -> FrameT:
    """Score recency, frequency and monetary value, each from 1 to `bins` (best).

    A score says in which fifth of the customers a value lies. Customers with the same value always get the same
    score, and scores depend neither on the order of the rows nor on the dataframe library. Collects once.

    Parameters
    ----------
    frame
        One row per customer, such as `summarize_customers` gives.
    recency
        Column with the time since the last purchase, 0 or above, in any unit; less is better. The `recency` of a
        customer summary is another thing (first to last purchase) and is refused.
    frequency
        Column with the number of purchases; more is better.
    monetary
        Column with the value; more is better. It may be negative (refunds), never null.
    bins
        Number of scores per dimension, 2 to 9.
    suffix
        Added to the names of the new columns, to keep two scorings side by side.

    Returns
    -------
    frame
        The same rows in the same order with `r_score`, `f_score`, `m_score` and `rfm_score`, all whole numbers;
        `rfm_score` is 100 R + 10 F + M, such as 543. Columns of these names that are there already are replaced.

    Raises
    ------
    InputError
        If a column is missing, not numeric, null or infinite; if `recency` is negative or is that of a customer
        summary; if the frame is empty or `bins` is not from 2 to 9.

    Notes
    -----
    Where many customers share a value (one purchase, above all), quantile edges coincide. Breaking such ties by row
    position, as is often done, makes scores depend on how the file was sorted. Here a value's place is its mid-rank,
    the mean of the ranks of all customers that share it, as in Spearman's treatment of ties: with ``below`` customers
    under a value and ``at`` customers on it, its share is ``u = (below + at / 2) / n`` and its score
    ``floor(bins * u) + 1``. Without ties and with `n` a multiple of `bins` this gives equally many customers to each
    score; with ties scores may stay empty, and a value that all share is in the middle (3 of 5; of an even number of
    bins the upper middle). A single customer is thus 333.

    The convention of R, F and M from 1 to 5 and the number 100 R + 10 F + M are those of Hughes, A. M. (1994),
    *Strategic Database Marketing*.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> customers = pd.DataFrame({
    ...     "customer_id": ["a", "b", "c", "d", "e"],
    ...     "time_since_last": [2.0, 30.0, 8.0, 51.0, 8.0],
    ...     "purchases": [9, 1, 4, 1, 1],
    ...     "total_value": [210.0, 15.0, 80.0, 40.0, 22.5],
    ... })
    >>> cv.score_rfm(customers).filter(["customer_id", "r_score", "f_score", "m_score", "rfm_score"])
      customer_id  r_score  f_score  m_score  rfm_score
    0           a        5        5        5        555
    1           b        2        2        1        221
    2           c        4        4        4        444
    3           d        1        2        3        123
    4           e        4        2        2        422
    """
    whole_number(bins, "bins", low=2, high=_MOST_BINS)
    text_value(suffix, "suffix", empty=True)
    opened, back = to_eager(frame, "summary", "score_rfm")
    columns = {"recency": recency, "frequency": frequency, "monetary": monetary}
    require_columns(opened, columns.values(), what="summary", maker=SUMMARY_MAKER)
    require_some(len(opened), "summary")
    _require_rfm_recency(opened, recency)

    time_since_last = numeric_column(opened, recency, what="summary")
    require_rows(time_since_last >= 0, f"{recency} must be 0 or above", "It is the time since the last purchase.")
    r = _score(-time_since_last, bins)
    f = _score(numeric_column(opened, frequency, what="summary"), bins)
    m = _score(numeric_column(opened, monetary, what="summary"), bins)

    scores = {"r_score": r, "f_score": f, "m_score": m, "rfm_score": 100 * r + 10 * f + m}
    return cast(FrameT, back(with_arrays(opened, {name + suffix: score for name, score in scores.items()})))


def _require_rfm_recency(frame: EagerFrame, recency: str) -> None:
    """Refuse the recency of the purchase models, under which a lapsed old customer would look recent."""
    if recency == "recency" and {"T", "time_since_last"} & set(frame.columns):
        raise InputError(
            "recency of a customer summary runs from the first to the last purchase; RFM scores the time since the "
            "last one: use recency='time_since_last' (it is T - recency)."
        )


def _score(values: Values, bins: int) -> Scores:
    """Score values, more being better, on the edges that they make themselves."""
    return score_by_edges(values, mid_rank_edges(values, bins))


def mid_rank_edges(values: Values, bins: int) -> Values:
    """Lowest value of each score from 2 to `bins`; infinite where no value reaches the score.

    Parameters
    ----------
    values
        At least one finite number; more is better.
    bins
        Number of scores.

    Returns
    -------
    array
        ``bins - 1`` edges that never fall. A score that no value has shares its edge with the next one.
    """
    ordered = np.sort(values)
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    ends = np.append(starts[1:], ordered.size)
    # starts = below and ends = below + at, so u = (starts + ends) / 2n; whole numbers keep the floor exact.
    scores = 1 + bins * (starts + ends) // (2 * ordered.size)
    lowest = np.searchsorted(scores, np.arange(2, bins + 1))
    return np.append(ordered[starts], np.inf)[lowest]


def score_by_edges(values: Values, edges: Values) -> Scores:
    """Score values on known edges: 1 below the first edge, one more from each edge on."""
    return 1 + np.searchsorted(edges, values, side="right").astype(np.int64)
