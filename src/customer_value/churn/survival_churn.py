"""A fitted model of time to churn as a churn model for one horizon, as scores and reports take it."""

from __future__ import annotations

from typing import Any

import numpy as np

from customer_value.churn._spells import Floats
from customer_value.errors import InputError


class SurvivalChurn:
    """A fitted `DiscreteTimeHazard` or `CoxModel` as a churn model: who leaves within a horizon from now on.

    Parameters
    ----------
    model
        A fitted model with `churn_probability(frame, horizon, given=)`.
    horizon
        Time from now on: a number in the unit of the durations, or a text such as ``"12 months"``.
    given
        The customers' time until now: a column, such as their tenure, or a number. By default 0: new customers.

    Attributes
    ----------
    classes_ : ndarray
        0 and 1, the second one churn.
    feature_names_in_ : ndarray
        The columns that a frame must have: the covariates, and that of `given`.

    Raises
    ------
    InputError
        If the model is not a fitted model of time to churn.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> contracts = pd.DataFrame({
    ...     "tenure": [1, 2, 4, 6, 9, 12, 3, 5, 8, 12, 12, 12],
    ...     "churned": [1, 1, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0],
    ...     "plan": ["basic"] * 6 + ["plus"] * 6,
    ... })
    >>> hazard = cv.churn.DiscreteTimeHazard(baseline="log").fit(contracts, duration="tenure", event="churned")
    >>> customers = pd.DataFrame({"plan": ["basic", "plus"], "tenure": [3, 3], "clv_if_alive": [80.0, 120.0]})
    >>> cv.churn.score_churn(customers, model=cv.churn.SurvivalChurn(hazard, horizon=6, given="tenure")).round(3)
        plan  tenure  clv_if_alive  churn_probability  clv_at_risk
    0  basic       3          80.0              0.467       37.329
    1   plus       3         120.0              0.187       22.492
    """

    def __init__(self, model: Any, *, horizon: float | str, given: float | str | None = None) -> None:
        if isinstance(model, type) or not hasattr(model, "covariates_"):
            raise InputError(
                "model must be a fitted model of time to churn, such as DiscreteTimeHazard().fit(frame, ...); "
                f"got {model!r}."
            )
        self.model = model
        self.horizon = horizon
        self.given = given
        self.classes_ = np.array([0, 1])
        names = [*model.covariates_.levels, *([given] if isinstance(given, str) else [])]
        self.feature_names_in_ = np.array(list(dict.fromkeys(names)), dtype=object)

    def predict_proba(self, frame: Any) -> Floats:
        """Return the probabilities of staying and of leaving within the horizon, one row per row of a frame."""
        leaves = self.model.churn_probability(frame, self.horizon, given=self.given)
        return np.column_stack([1 - leaves, leaves])

    def predict(self, frame: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return 1 where leaving is likelier than staying, else 0."""
        return (self.predict_proba(frame)[:, 1] > 0.5).astype(np.int64)

    def __repr__(self) -> str:
        """Tell the model, the horizon and from when on it runs."""
        since = "" if self.given is None else f", given={self.given!r}"
        return f"SurvivalChurn({type(self.model).__name__}, horizon={self.horizon!r}{since})"
