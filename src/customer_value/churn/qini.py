"""Qini curves: what a campaign would have gained if it had contacted only those with the highest predicted uplift."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from customer_value._frames import EagerFrame, FrameT, make_frame, to_eager
from customer_value._validation import (
    MOST_POINTS,
    interval_level,
    require_choice,
    require_columns,
    whole_number,
)
from customer_value.churn._ranked import Floats, Ranking, running
from customer_value.churn._reading import outcome_column, score_column
from customer_value.churn._resampling import percentiles, resamples
from customer_value.errors import InputError

_UPLIFT_MAKER = "churn.TLearner().fit(X, y, treatment=...).predict(X) gives it"
_OUTCOME_IS = ("churn", "response")


def qini_curve(
    frame: FrameT,
    *,
    uplift: str = "uplift",
    treatment: str = "treatment",
    outcome: str = "churned",
    outcome_is: str = "churn",
    points: int = 100,
    interval: float | None = None,
    n_resamples: int = 200,
    random_state: int = 0,
) -> FrameT:
    """Tell what contacts gained among the customers with the highest predicted uplift, and the Qini coefficient.

    Eager; a polars LazyFrame is collected once and comes back lazy.

    Parameters
    ----------
    frame
        One row per customer of a campaign with a control group picked at random, on which the uplift was not learnt.
    uplift
        Column with the predicted uplift, higher for those whom a contact should help more.
    treatment
        Column that is true, or 1, for customers who were contacted.
    outcome
        Column that is true, or 1, for customers with the outcome.
    outcome_is
        ``"churn"`` if the outcome is bad, so that a gain is churn avoided; ``"response"`` if it is good.
    points
        Number of steps from nobody to everybody.
    interval
        Coverage of a bootstrap interval of the Qini coefficient; none by default.
    n_resamples
        Number of its resamples.
    random_state
        Its seed.

    Returns
    -------
    FrameT
        One row for each share of the customers, from 0 to 1: share_of_customers, customers, uplift_min (lowest
        predicted uplift reached), incremental (outcomes gained among them, per customer of the campaign),
        incremental_random (of as many customers picked by chance), and in every row qini and auuc, with qini_lower and
        qini_upper on request.

    Raises
    ------
    InputError
        A column is missing or breaks a rule, a group is missing, or an argument is out of its range.

    Notes
    -----
    Among the k customers with the highest uplift, contacts gained Y_t - Y_c N_t / N_c outcomes, with the outcomes Y
    and the numbers N of contacted customers and of the control group (N. J. Radcliffe (2007), *Direct Marketing
    Analytics Journal*, 14-21); nothing where there is no control. Divided by the number of all contacted this is
    `incremental`. The Qini coefficient is the area between it and the straight line to its end: 0 for a ranking that
    knows nothing, in outcomes per customer. `auuc` is the area under the uplift curve, (Y_t / N_t - Y_c / N_c) k / n
    (M. Jaskowski and S. Jaroszewicz (2012), ICML workshop). Customers with the same uplift are one straight piece of
    either curve, so results do not depend on the order of rows. Areas are exact whatever `points` is. For
    ``outcome_is="churn"`` the sign of both is turned.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> rng = np.random.default_rng(0)
    >>> young, contacted = rng.random(8000) < 0.5, rng.random(8000) < 0.5
    >>> campaign = pd.DataFrame({"uplift": 0.2 * young, "treatment": contacted,
    ...                          "churned": rng.random(8000) < np.where(contacted & young, 0.2, 0.4)})
    >>> curve = cv.churn.qini_curve(campaign, points=2)
    >>> curve[["share_of_customers", "uplift_min", "incremental", "qini"]].round(3)
       share_of_customers  uplift_min  incremental   qini
    0                 0.0         NaN        0.000  0.023
    1                 0.5         0.2        0.091  0.023
    2                 1.0         0.0        0.091  0.023
    """
    steps = whole_number(points, "points", low=1, high=MOST_POINTS)
    require_choice("outcome_is", outcome_is, _OUTCOME_IS)
    level = interval_level(interval)
    opened, back = to_eager(frame, "frame", "qini_curve")
    scores, contacted, happened = _columns(opened, uplift, treatment, outcome)
    sign = -1.0 if outcome_is == "churn" else 1.0
    ranking = Ranking(scores)
    # Contacted with and without the outcome, control with and without it: all that the curves depend on.
    kinds = np.array([ranking.sums(c * h) for c in (contacted, 1 - contacted) for h in (happened, 1 - happened)])
    curve, share = sign * _incremental(kinds) + 0.0, ranking.ends / scores.size
    sizes = np.arange(steps + 1) * scores.size / steps
    incremental = np.interp(sizes, ranking.ends, curve)
    table: dict[str, Any] = {
        "share_of_customers": sizes / scores.size,
        "customers": sizes,
        "uplift_min": ranking.lowest_score(sizes),
        "incremental": incremental,
        "incremental_random": sizes / scores.size * incremental[-1],
        "qini": np.full(sizes.size, sign * qini(kinds)),
        "auuc": np.full(sizes.size, sign * np.trapezoid(_uplift_curve(kinds), share)),
    }
    if level is not None:
        # Resamples of (group x distinct uplift): each group must come at least once.
        groups = kinds.reshape(2, -1)
        again = resamples(groups, n_resamples=n_resamples, random_state=random_state)
        ends = percentiles(np.array([sign * qini(drawn.reshape(kinds.shape)) for drawn in again]), level)
        table |= {f"qini_{end}": np.full(sizes.size, at) for end, at in zip(("lower", "upper"), ends, strict=True)}
    return cast(FrameT, back(make_frame(table, opened)))


def qini(kinds: Floats) -> float:
    """Area between the curve of gained outcomes and the straight line to its end."""
    customers = running(kinds.sum(axis=0))
    curve, share = _incremental(kinds), customers / customers[-1]
    return float(np.trapezoid(curve, share) - curve[-1] / 2)


def _incremental(kinds: Floats) -> Floats:
    return _curve(kinds, lambda y_t, n_t, y_c, n_c: (y_t - y_c * n_t / n_c) / n_t[-1])


def _uplift_curve(kinds: Floats) -> Floats:
    return _curve(kinds, lambda y_t, n_t, y_c, n_c: (y_t / n_t - y_c / n_c) * (n_t + n_c) / (n_t[-1] + n_c[-1]))


def _curve(kinds: Floats, formula: Callable[[Floats, Floats, Floats, Floats], Floats]) -> Floats:
    """Values after each distinct uplift, 0 where one of the groups is not there yet."""
    y_t, rest_t, y_c, rest_c = (running(kind) for kind in kinds)
    n_t, n_c = y_t + rest_t, y_c + rest_c
    with np.errstate(divide="ignore", invalid="ignore"):
        values = formula(y_t, n_t, y_c, n_c)
    return np.where((n_t > 0) & (n_c > 0), values, 0.0)


def _columns(frame: EagerFrame, uplift: str, treatment: str, outcome: str) -> tuple[Floats, Floats, Floats]:
    require_columns(frame, [treatment, outcome], what="frame")
    scores = score_column(frame, uplift, maker=_UPLIFT_MAKER)
    contacted = outcome_column(frame, treatment, both=False)
    if contacted.min() == contacted.max():
        missing = "contacted customer" if contacted[0] == 0 else "control group"
        raise InputError(
            f"{treatment} must hold both groups; there is no {missing}. Without both nobody can tell what a contact "
            "changes."
        )
    return scores, contacted, outcome_column(frame, outcome)
