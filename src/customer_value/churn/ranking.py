"""How well a score ranks customers: the Gini coefficient, the lift of the top, and intervals of either."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from customer_value._validation import (
    number,
)
from customer_value.churn._ranked import Floats, dot, ranked_counts, running
from customer_value.churn._resampling import bootstrap_draws, percentiles
from customer_value.errors import InputError


def gini_score(y_true: ArrayLike, y_score: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """Return the Gini coefficient of a score: how much more often a churner ranks above another customer than below.

    Parameters
    ----------
    y_true : array_like
        1 or True for customers who churned, 0 or False for the others.
    y_score : array_like
        Any score that is higher for those who are more likely to churn.
    sample_weight : array_like, optional
        How many customers each row stands for.

    Returns
    -------
    float
        1 for a perfect ranking, 0 for one that knows nothing, -1 for the perfect one turned round.

    Raises
    ------
    InputError
        An outcome is not 0 or 1, all are the same, a score is not finite, or lengths differ.

    Notes
    -----
    2 AUC - 1, where AUC is the probability that a churner has a higher score than another customer and a tie counts
    one half (J. A. Hanley and B. J. McNeil (1982), *Radiology* 143, 29-36).

    As a scikit-learn scorer: ``make_scorer(gini_score, response_method="predict_proba")``.

    Examples
    --------
    >>> from customer_value.churn import gini_score
    >>> gini_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.5
    """
    _, churners, others = ranked_counts(y_true, y_score, sample_weight)
    return gini(churners, others)


def top_decile_lift(
    y_true: ArrayLike, y_score: ArrayLike, *, share: float = 0.1, sample_weight: ArrayLike | None = None
) -> float:
    """Return how many times more often customers with the highest scores churn than all customers do.

    Parameters
    ----------
    y_true, y_score, sample_weight : array_like
        As in `gini_score`.
    share : float
        Share of the customers that is the top, above 0 and at most 1.

    Returns
    -------
    float
        Churn rate of the top over the churn rate of all. A score that knows nothing has 1; the best that can be had is
        the smaller of 1 / `share` and 1 / churn rate.

    Raises
    ------
    InputError
        As in `gini_score`, or `share` is out of its range.

    Notes
    -----
    Customers with the same score at the border of the top count in proportion: the lift is its expectation over all
    orders in which they could stand. Where the top is no whole number of customers, the one at its border counts in
    part by the same rule.

    As a scikit-learn scorer: ``make_scorer(top_decile_lift, response_method="predict_proba", share=0.1)``.

    Examples
    --------
    Half of the four customers at the border belong to the top half:

    >>> from customer_value.churn import top_decile_lift
    >>> top_decile_lift([1, 0, 1, 1, 0, 0], [0.9, 0.5, 0.5, 0.5, 0.5, 0.1], share=0.5)
    1.3333333333333333
    """
    top = number(share, "share", low=0, high=1)
    if top == 0:
        raise InputError("share must be above 0 and at most 1; got 0.")
    _, churners, others = ranked_counts(y_true, y_score, sample_weight)
    return lift_of_top(churners, others, top)


def score_interval(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    metric: Callable[..., float] = gini_score,
    interval: float = 0.9,
    n_resamples: int = 1000,
    random_state: int = 0,
    sample_weight: ArrayLike | None = None,
    **parameters: Any,
) -> tuple[float, float]:
    """Return the bootstrap interval of a score's quality: what it could have been with other customers of this kind.

    Parameters
    ----------
    y_true, y_score, sample_weight : array_like
        As in `gini_score`.
    metric : callable
        Takes ``(y_true, y_score, sample_weight=...)``: `gini_score`, `top_decile_lift`, `empc_score`, `mpc_score`, or
        scikit-learn's ``roc_auc_score``, ``average_precision_score``, ``brier_score_loss``.
    interval : float
        Coverage, strictly between 0 and 1.
    n_resamples : int
        Number of resamples.
    random_state : int
        Seed, 0 or above.
    **parameters
        Passed on to the metric, such as ``share=0.2`` or ``clv=300``.

    Returns
    -------
    lower, upper : float

    Raises
    ------
    InputError
        As in `gini_score`, or an argument is out of its range.

    Notes
    -----
    Percentile bootstrap (B. Efron and R. J. Tibshirani (1993), *An Introduction to the Bootstrap*, chapter 13) over
    customers, churners and others together, so that the churn rate varies too. Resamples that lack one of the two
    outcomes are drawn again. It covers the choice of customers, not that of the model: refitting would vary more. The
    result does not depend on the order of rows.

    Examples
    --------
    >>> import numpy as np
    >>> from customer_value.churn import gini_score, score_interval
    >>> y, score = np.arange(200) % 4 == 0, np.arange(200) * 7 % 50
    >>> lower, upper = score_interval(y, score, n_resamples=200)
    >>> lower < gini_score(y, score) < upper
    True
    """
    if not callable(metric):
        raise InputError(f"metric must be a function of y_true, y_score and sample_weight; got {metric!r}.")
    score, churners, others = ranked_counts(y_true, y_score, sample_weight)
    outcome, scores = np.repeat((1.0, 0.0), score.size), np.tile(score, 2)

    def statistic(again: Floats, rest: Floats) -> float:
        counts = np.concatenate((again, rest))
        there = counts > 0
        return float(metric(outcome[there], scores[there], sample_weight=counts[there], **parameters))

    draws = bootstrap_draws(churners, others, {"metric": statistic}, n_resamples=n_resamples, random_state=random_state)
    return percentiles(draws["metric"], interval)


def gini(churners: Floats, others: Floats) -> float:
    """Gini coefficient from the churners and the others by distinct score, highest first."""
    above = running(churners)[:-1]
    return float(2 * dot(above + churners / 2, others) / (churners.sum() * others.sum()) - 1)


def lift_of_top(churners: Floats, others: Floats, share: float) -> float:
    """Lift of the top share of customers; the group at the border counts in proportion."""
    ends = running(churners + others)
    size = share * ends[-1]
    return float(np.interp(size, ends, running(churners)) / size * ends[-1] / churners.sum())


def average_precision(churners: Floats, others: Floats) -> float:
    """Precision at each distinct score, averaged over the churners who have it."""
    there = churners > 0
    precision = np.cumsum(churners)[there] / np.cumsum(churners + others)[there]
    return float(dot(precision, churners[there]) / churners.sum())
