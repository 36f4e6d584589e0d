"""Look-alikes: how similar each customer is to the best ones, whatever kinds of those there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from scipy.spatial import KDTree

from customer_value._frames import Column, EagerFrame, FrameT, nw, to_eager, whole_numbers, with_arrays
from customer_value._validation import (
    name_list,
    numeric_column,
    require_columns,
    require_some,
    text_value,
    whole_number,
)
from customer_value.errors import InputError
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import require_present

Floats = np.ndarray[Any, np.dtype[np.float64]]
Truths = np.ndarray[Any, np.dtype[np.bool_]]

_MOST_LEVELS = 100  # of a category, each of which becomes a column


def score_similarity(
    frame: FrameT,
    *,
    to: str | Mapping[str, str | Sequence[str]],
    features: Sequence[str],
    neighbors: int = 5,
    name: str = "similarity",
) -> FrameT:
    """Score how similar each customer is to the best ones, and rank the others by it. Collects once.

    Parameters
    ----------
    frame
        One row per customer.
    to
        Who the best customers are: a column of true or false, such as ``"key_account"``, or a label and which of its
        values count, ``{"tier": "A"}`` or ``{"segment": ["Champions", "Loyal customers"]}``.
    features
        Columns to compare: numbers, and texts or truth values as categories. Leave out what made the best customers
        the best, or they are found by that alone.
    neighbors
        How many of the best customers each one is compared with, the most similar ones.
    name
        Name of the new column; the rank has ``_rank`` behind it.

    Returns
    -------
    FrameT
        The same rows in the same order with `similarity`, from 0 to 1, and `similarity_rank` of those who are not
        among the best, 1 for the most similar; null for the best themselves, whose similarity is that to the others.
        Equal customers share a rank. Columns of these names that are there already are replaced.

    Raises
    ------
    InputError
        If a column is missing; if a feature is null or infinite, or neither number, text nor truth value; if `to` is
        null for a customer, or fewer than two customers are among the best, or all are.

    Notes
    -----
    Two customers are as similar as by J. C. Gower (1971), "A general coefficient of similarity and some of its
    properties", *Biometrics* 27, 857-871: the mean over the features of 1 less the difference of two numbers as a
    share of their range, and of 1 or 0 for equal and different categories. Numbers are taken by their mid-ranks (J.
    Podani (1999), *Taxon* 48, 331-340), so that money, whose range one customer can stretch, and its logarithm give
    the same. The similarity to the best is the mean of that to the nearest `neighbors` of them: best customers of
    several kinds are not averaged into one whom nobody resembles.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> accounts = pd.DataFrame({"sites": [40, 35, 30, 2, 3, 1], "sector": ["car", "car", "car", "food", "food", "car"],
    ...                          "tier": ["A", "A", "C", "C", "C", "C"]})
    >>> scored = cv.score_similarity(accounts, to={"tier": "A"}, features=["sites", "sector"])
    >>> scored["similarity"].round(2).tolist()
    [0.9, 0.9, 0.85, 0.15, 0.25, 0.55]
    >>> scored["similarity_rank"].tolist()
    [<NA>, <NA>, 1, 4, 3, 2]
    """
    text_value(name, "name")
    k = whole_number(neighbors, "neighbors", low=1, high=1000)
    opened, back = to_eager(frame, "frame", "score_similarity")
    columns = name_list(features, "features")
    require_columns(opened, columns, what="frame")
    require_some(len(opened), "frame")
    if not columns:
        raise InputError("features must name one column at least.")
    best = _best(opened, to)
    if best.sum() < 2 or best.all():
        raise InputError(
            f"two customers at least must be among the best, and not all; {best.sum()} of {best.size} are by {to!r}."
        )
    points = np.column_stack([_positions(opened, column) for column in columns])
    similarity = 1 - _mean_distance(points, best, k) / len(columns)
    others = np.sort(-similarity[~best])
    rank = 1 + np.searchsorted(others, -similarity, side="left")
    made: dict[str, Column] = {name: similarity, f"{name}_rank": whole_numbers(rank, best, opened)}
    return cast(FrameT, back(with_arrays(opened, made)))


def _best(frame: EagerFrame, to: Any) -> Truths:
    """Tell who is among the best customers."""
    if isinstance(to, str):
        require_columns(frame, [to], what="frame")
        series = frame.get_column(to)
        require_present(series, "Decide who is among the best, fill_null(False) for instance.")
        if series.dtype != nw.Boolean:
            raise InputError(f"{to} must hold true or false; for a label name its values: to={{{to!r}: [...]}}.")
        return np.asarray(series.to_numpy(), dtype=np.bool_)
    if not isinstance(to, Mapping) or len(to) != 1:
        raise InputError(f"to must be a column of true or false, or one label such as {{'tier': 'A'}}; got {to!r}.")
    ((label, wanted),) = to.items()
    require_columns(frame, [label], what="frame")
    require_present(frame.get_column(label), "Leave customers without a label out.")
    values = [wanted] if isinstance(wanted, str) else name_list(wanted, f"to[{label!r}]", "label")
    told = frame.select(nw.col(label).cast(nw.String).is_in(values)).get_column(label)
    return np.asarray(told.to_numpy(), dtype=np.bool_)


def _positions(frame: EagerFrame, column: str) -> Floats:
    """Place customers so that the sum of absolute differences is the feature's part of Gower's distance, 0 to 1."""
    series = frame.get_column(column)
    if isinstance(series.dtype, nw.Object):  # pandas' truth values with a missing one among them, after a join
        series = nw.maybe_convert_dtypes(series)
    if series.dtype.is_numeric():
        values = numeric_column(frame, column, what="frame")
        ordered = np.sort(values)
        ranks = np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right")
        width = int(ranks.max() - ranks.min())
        placed: Floats = (ranks - ranks.min())[:, None] / max(width, 1)
        return placed
    if not isinstance(series.dtype, (nw.Boolean, nw.String, nw.Categorical, nw.Enum)):
        raise InputError(f"a feature must hold numbers, texts or truth values; {column} is of type {series.dtype}.")
    require_present(series, "Name the unknown: fill_null('unknown').")
    labels = id_labels(series.cast(nw.Int8) if series.dtype == nw.Boolean else series)
    levels, codes = np.unique(labels, return_inverse=True)
    if levels.size > _MOST_LEVELS:
        raise InputError(f"{column} has {levels.size:,} categories; {_MOST_LEVELS} at most. Is it a name or a key?")
    # Two customers of different levels differ by a half in two columns.
    one_each: Floats = np.eye(levels.size)[codes] / 2
    return one_each


def _mean_distance(points: Floats, best: Truths, k: int) -> Floats:
    """Mean distance (sum over features) to the nearest of the best customers, oneself left out."""
    distinct, which = np.unique(np.column_stack([points, best]), axis=0, return_inverse=True)
    among = distinct[:, -1] == 1
    tree = KDTree(points[best])
    means = np.empty(len(distinct))
    for mine in (True, False):
        rows = among == mine
        found = min(k + mine, int(best.sum()))
        near = np.asarray(tree.query(distinct[rows, :-1], k=list(range(1, found + 1)), p=1)[0])
        means[rows] = near[:, int(mine) :].mean(axis=1)  # the nearest to one of the best is he himself
    result: Floats = means[which.ravel()]
    return result
