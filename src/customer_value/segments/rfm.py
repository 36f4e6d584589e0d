"""RFM scores: each customer's recency, frequency and monetary value on a scale from 1 to 5 (5 best)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from customer_value._frames import (
    AnyFrame,
    Column,
    EagerFrame,
    FrameT,
    as_given,
    collect,
    engine_of,
    nw,
    open_frame,
    with_arrays,
)
from customer_value._validation import require_same_ruler, text_value, time_unit_of
from customer_value.errors import InputError
from customer_value.segments._edges import Ties
from customer_value.segments._rfm_fit import (
    Binning,
    Bins,
    Breaks,
    check_lazily,
    fit_scheme,
    needed,
    plan_fit,
    rfm_columns,
    rfm_values,
)
from customer_value.segments._rfm_scoring import scores_of_arrays, with_scores
from customer_value.segments.scheme import RFMScheme

_OWN: Mapping[str, Any] = {
    "recency": "time_since_last",
    "frequency": "purchases",
    "monetary": "total_value",
    "bins": 5,
    "breaks": None,
    "binning": "independent",
    "ties": "mid",
    "weights": None,
}  # what a scheme knows itself, with the defaults


def score_rfm(
    frame: FrameT,
    *,
    scheme: RFMScheme | None = None,
    recency: str = "time_since_last",
    frequency: str = "purchases",
    monetary: str = "total_value",
    bins: Bins = 5,
    breaks: Breaks | None = None,
    binning: Binning = "independent",
    ties: Ties = "mid",
    weights: Mapping[str, float] | None = None,
    suffix: str = "",
) -> FrameT:
    """Score recency, frequency and monetary value, each from 1 to `bins` (best).

    A score says in which fifth of the customers a value lies. Customers with the same value always get the same
    score, and scores depend neither on the order of the rows nor on the dataframe library.

    With a `scheme` of `fit_rfm_scheme` the edges are known: relational, lazy on a polars LazyFrame and on engines
    (DuckDB, PySpark, Dask) but for one aggregate query that checks the columns. Without one the edges come from the
    customers themselves: a polars LazyFrame is collected once and comes back lazy; of an engine's frame the columns
    that are scored are collected, and the scores are an expression.

    Parameters
    ----------
    frame
        One row per customer, such as `summarize_customers` gives.
    scheme
        Known edges. It has columns, bins and all else of its own, so the arguments below must be left alone, except
        `suffix`.
    recency
        Column with the time since the last purchase, 0 or above, in any unit; less is better. The `recency` of a
        customer summary is another thing (first to last purchase) and is refused.
    frequency
        Column with the number of purchases; more is better.
    monetary
        Column with the value; more is better. It may be negative (refunds), never null.
    bins
        Number of scores per dimension, 2 to 99, or one for each: ``{"r": 4, "f": 3, "m": 5}``.
    breaks
        Edges of your own for some dimensions, rising, in the column's unit: ``{"r": [30, 90, 180], "f": [2, 5]}`` gives
        four scores of R, the best up to 30, and three of F, the second from 2 on.
    binning
        "independent": each dimension is cut by itself. "nested": F is cut within each R score, and M within each F
        score of each R score, so that cells hold about equally many customers; the same F score then means another
        number of purchases under another R score. A cell without customers takes the edges of its R score, or of all.
    ties
        What customers get whose value lies on an edge, see Notes: "mid", "edge" or "r-rfm".
    weights
        Adds `rfm_weighted`: ``{"r": 1, "f": 2, "m": 3}`` weighs F twice and M three times as much as R.
    suffix
        Added to the names of the new columns, to keep two scorings side by side.

    Returns
    -------
    frame
        The same rows in the same order with `r_score`, `f_score`, `m_score` and `rfm_score`, all whole numbers, and
        with weights `rfm_weighted`. Columns of these names that are there already are replaced.

        `rfm_score` is 100 R + 10 F + M, such as 543; with more than nine scores in a dimension 10000 R + 100 F + M.
        `rfm_weighted` is the weighted mean of the scores, each scaled to 0 (lowest) to 100 (best).

    Raises
    ------
    InputError
        If a column is missing, not numeric, null or infinite; if `recency` is negative or is that of a customer
        summary; if the frame is empty, or on another ruler than the scheme's; if an argument is out of its range, or
        stands beside a scheme.

    Notes
    -----
    Where many customers share a value (one purchase, above all), quantile edges coincide. Breaking such ties by row
    position, as is often done, makes scores depend on how the file was sorted. None of these treatments does:

    - "mid": a value's place is its mid-rank, the mean of the ranks of all customers that share it, as in Spearman's
      treatment of ties. With ``below`` customers under a value and ``at`` customers on it, its share is ``u = (below +
      at / 2) / n`` and its score ``floor(bins * u) + 1``. Without ties and with `n` a multiple of `bins` this gives
      equally many customers to each score; with ties scores may stay empty, and a value that all share is in the
      middle (3 of 5; of an even number of bins the upper middle). A single customer is thus 333.
    - "edge": edges are quantiles by linear interpolation, and a value on an edge belongs to the bin that ends there.
      Where edges differ this is `pandas.qcut`, which fails where they coincide; here a score then stays empty. A value
      that all share gets the lowest score of F and M, the best of R.
    - "r-rfm": the scores of R's package rfm, whose edges are those quantiles plus 1, the upper bin beginning on the
      edge. The 1 assumes whole numbers: for money in units of a thousand, or times in weeks, it moves customers.

    An edge of `breaks` counts as the treatment says: with "mid" and "r-rfm" F and M reach a score on its edge, with
    "edge" above it; R reaches it on the edge, with "r-rfm" below.

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
    >>> weights = {"r": 1, "f": 1, "m": 2}
    >>> cv.score_rfm(customers, breaks={"f": [2, 5]}, weights=weights)[["rfm_score", "rfm_weighted"]]
       rfm_score  rfm_weighted
    0        535        100.00
    1        211          6.25
    2        424         68.75
    3        113         25.00
    4        412         31.25
    """
    own: dict[str, Any] = {
        "recency": recency, "frequency": frequency, "monetary": monetary, "bins": bins, "breaks": breaks,
        "binning": binning, "ties": ties, "weights": weights,
    }  # fmt: skip
    text_value(suffix, "suffix", empty=True)
    opened = open_frame(frame, "summary")
    if scheme is not None:
        _require_scheme(scheme, own)
        return cast(FrameT, _score_on(opened, scheme, suffix))
    plan = plan_fit(**own)
    rfm_columns(opened, plan.columns)
    if isinstance(opened, nw.LazyFrame) and engine_of(opened) != "polars":
        scheme, _ = fit_scheme(needed(opened, plan.columns), plan)
        return cast(FrameT, with_scores(opened, scheme, suffix).to_native())
    eager = collect(opened)
    scheme, values = fit_scheme(eager, plan)
    return cast(FrameT, as_given(_with_columns(eager, scores_of_arrays(values, scheme), suffix), opened))


def fit_rfm_scheme(
    summary: object,
    *,
    recency: str = "time_since_last",
    frequency: str = "purchases",
    monetary: str = "total_value",
    bins: Bins = 5,
    breaks: Breaks | None = None,
    binning: Binning = "independent",
    ties: Ties = "mid",
    weights: Mapping[str, float] | None = None,
) -> RFMScheme:
    """Learn where scores begin from these customers, to score others, or the same ones later, on the same edges.

    Collects once; of a lazy frame, of whatever engine, only the three columns.

    Parameters
    ----------
    summary
        One row per customer, such as `summarize_customers` gives.
    recency, frequency, monetary, bins, breaks, binning, ties, weights
        As in `score_rfm`.

    Returns
    -------
    RFMScheme
        Scoring `summary` with it gives what `score_rfm` with the same arguments gives.

    Raises
    ------
    InputError
        As `score_rfm`.

    Notes
    -----
    Totals over all history grow with time, so on edges that are kept nearly everybody moves up: on the Online Retail
    data the share of customers with the top M score rises from 20 % to 31 % within six months, by a trailing six months
    it ends at 20 % of all, 24 % of those who bought in them. Score a trailing window where edges are kept:
    ``summarize_customers(..., windows=("12 months",))`` makes `purchases_12m` and `value_12m`.

    A scheme stores the summary's ruler (`time_unit`), and refuses to score a summary on another.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> january = pd.DataFrame({
    ...     "time_since_last": [2, 30, 8, 51, 8], "purchases": [9, 1, 4, 1, 1], "total_value": [210, 15, 80, 40, 22],
    ... })
    >>> scheme = cv.fit_rfm_scheme(january, bins={"r": 2, "f": 2, "m": 3})
    >>> scheme.edges
    {'r': (8.0,), 'f': (4.0,), 'm': (40.0, 80.0)}
    >>> february = pd.DataFrame({"time_since_last": [9, 3], "purchases": [3, 5], "total_value": [500.0, 39.9]})
    >>> cv.score_rfm(february, scheme=scheme)["rfm_score"].tolist()
    [113, 221]
    """
    plan = plan_fit(
        recency=recency, frequency=frequency, monetary=monetary, bins=bins, breaks=breaks, binning=binning, ties=ties,
        weights=weights,
    )  # fmt: skip
    opened = open_frame(summary, "summary")
    rfm_columns(opened, plan.columns)
    scheme, _ = fit_scheme(needed(opened, plan.columns), plan)
    return scheme


def _score_on(frame: AnyFrame, scheme: RFMScheme, suffix: str) -> Any:
    """Score a frame on known edges, without running a lazy one but for its checks."""
    rfm_columns(frame, scheme.columns)
    if isinstance(frame, nw.LazyFrame):
        check_lazily(frame, scheme)
        return with_scores(frame, scheme, suffix).to_native()
    values = rfm_values(frame, scheme.columns)
    require_same_ruler(scheme.time_unit, time_unit_of(frame), "the scheme")
    return _with_columns(frame, scores_of_arrays(values, scheme), suffix).to_native()


def _with_columns(frame: EagerFrame, scores: Mapping[str, Column], suffix: str) -> EagerFrame:
    return with_arrays(frame, {name + suffix: score for name, score in scores.items()})


def _require_scheme(scheme: object, own: Mapping[str, Any]) -> None:
    if not isinstance(scheme, RFMScheme):
        raise InputError(f"scheme must be an RFMScheme, which fit_rfm_scheme makes; got {type(scheme).__name__}.")
    beside = [name for name, given in own.items() if type(given) is not type(_OWN[name]) or given != _OWN[name]]
    if beside:
        raise InputError(
            f"the scheme has {beside} of its own: leave them out, or fit another scheme with fit_rfm_scheme."
        )
