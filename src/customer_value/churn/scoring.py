"""Churn probability and value at risk of each customer, from any churn model."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from customer_value._frames import EagerFrame, FrameT, to_eager, with_arrays
from customer_value._validation import numeric_column, require_columns, require_some, text_value
from customer_value.churn.purchase_churn import PurchaseChurn
from customer_value.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]

_FEATURES = "churn_features(log, cutoff=...) makes what a model was fitted on"


def score_churn(frame: FrameT, *, model: Any, horizon: float | str | None = None, suffix: str = "") -> FrameT:
    """Add each customer's churn probability, and the value at risk where his value is known.

    Collects once.

    Parameters
    ----------
    frame
        One row per customer: the features that the model was fitted on, other columns beside them; for a purchase
        model a customer summary.
    model
        A fitted `ChurnClassifier`, `RecencyRule` or any scikit-learn classifier with two classes; a `PurchaseChurn`;
        or a fitted purchase model itself, together with `horizon`.
    horizon
        For a purchase model: the window within which silence is churn, a number of its time units or a text such as
        ``"90 days"``. A classifier's horizon is that of the labels it was fitted on.
    suffix
        Added to the names of the new columns, to keep two models or horizons side by side.

    Returns
    -------
    frame
        The same rows in the same order with `churn_probability` and, where the frame has `clv_if_alive`, with
        `clv_at_risk`, their product. (`clv` itself counts churn already: times it, churn would count twice.)
        Columns of these names that are there already are replaced.

    Raises
    ------
    InputError
        If columns that the model was fitted on are missing, the model is no churn model or not fitted, the horizon is
        missing for a purchase model or given for another, or the frame is empty.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> seen = pd.DataFrame({"days_since_last": [3, 8, 10, 25, 40, 60, 90, 200]})
    >>> rule = cv.churn.RecencyRule().fit(seen, [0, 0, 0, 1, 0, 1, 1, 1])
    >>> now = pd.DataFrame({"customer_id": ["a", "b"], "days_since_last": [15, 70], "clv_if_alive": [80.0, 50.0]})
    >>> cv.churn.score_churn(now, model=rule).round(2)
      customer_id  days_since_last  clv_if_alive  churn_probability  clv_at_risk
    0           a               15          80.0               0.16        12.78
    1           b               70          50.0               0.90        45.06
    """
    text_value(suffix, "suffix", empty=True)
    opened, back = to_eager(frame, "frame", "score_churn")
    require_some(len(opened), "frame")
    churned = _probability(opened, model, horizon)
    columns = {f"churn_probability{suffix}": churned}
    if "clv_if_alive" in opened.columns:
        value = numeric_column(opened, "clv_if_alive", what="frame", nulls=True)
        columns[f"clv_at_risk{suffix}"] = churned * value
    return cast(FrameT, back(with_arrays(opened, columns)))


def _probability(frame: EagerFrame, model: Any, horizon: float | str | None) -> Floats:
    if not hasattr(model, "predict_proba") and hasattr(model, "probability_active"):
        model, horizon = PurchaseChurn(model, horizon=horizon), None
    if horizon is not None:
        raise InputError(
            f"horizon is for a purchase model; that of {type(model).__name__} was settled when it was made. Leave "
            "horizon out."
        )
    if isinstance(model, PurchaseChurn):
        return model.predict_proba(frame.to_native())[:, 1]
    if isinstance(model, type) or not hasattr(model, "predict_proba"):
        raise InputError(
            "model must be a fitted churn model with predict_proba, such as ChurnClassifier().fit(X, y), or a fitted "
            f"purchase model; got {model!r}."
        )
    if not hasattr(model, "classes_"):
        raise InputError(f"this {type(model).__name__} is not fitted yet: call fit(X, y) first.")
    if len(model.classes_) != 2:
        raise InputError(f"a churn model tells two classes apart; this one has {len(model.classes_)}.")
    if not hasattr(model, "feature_names_in_"):
        raise InputError(
            f"this {type(model).__name__} was fitted on an array, whose columns have no names to be found by. Fit it "
            "on a DataFrame."
        )
    names = list(model.feature_names_in_)
    require_columns(frame, names, what="frame", maker=_FEATURES)
    return np.asarray(model.predict_proba(frame.select(names).to_native()), dtype=np.float64)[:, 1]
