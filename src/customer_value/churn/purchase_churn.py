"""A fitted purchase model as a churn model: the same question, answered by how customers buy."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from customer_value._validation import require_choice
from customer_value.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]
Definition = Literal["silence", "p_alive"]

_DEFINITIONS = ("silence", "p_alive")


class PurchaseChurn:
    """A fitted purchase model (Pareto/NBD, BG/NBD and their kin) as a churn model.

    Parameters
    ----------
    purchase_model
        A fitted model with `probability_active(summary, horizon)` and `probability_alive(summary)`, such as
        `clv.ParetoNBD`.
    horizon
        Length of the outcome window, as the model takes it: a number of its time units or a text such as
        ``"90 days"``. Not needed where churn is meant by P(alive).
    definition
        What churn means: ``"silence"`` (default), no purchase within the horizon, which is what `churn_labels` looks
        for; or ``"p_alive"``, gone for good by the end of observation, which no label can show.

    Attributes
    ----------
    classes_ : ndarray
        0 and 1, the second one churn.

    Raises
    ------
    InputError
        If the model lacks these methods, the horizon is missing, or the definition is unknown.

    Notes
    -----
    A customer who is alive may well stay silent, so ``1 - p_alive`` is too low for silence labels: on CDNOW its mean
    is .55 (Pareto/NBD) or .19 (BG/NBD), while 83 % stay silent for 13 weeks. ``1 - P(at least one purchase)`` is the
    probability of the label itself.

    Examples
    --------
    >>> import customer_value as cv
    >>> calibration, _ = cv.split_holdout(cv.datasets.load_cdnow(), observation_end="1997-09-30")
    >>> summary = cv.summarize_customers(calibration, observation_end="1997-09-30")
    >>> model = cv.clv.BGNBD().fit(summary)
    >>> churn = cv.churn.PurchaseChurn(model, horizon="13 weeks")
    >>> float(churn.predict_proba(summary)[:, 1].mean().round(3))
    0.845
    """

    def __init__(
        self, purchase_model: Any, *, horizon: float | str | None = None, definition: Definition = "silence"
    ) -> None:
        require_choice("definition", definition, _DEFINITIONS)
        needed = "probability_active" if definition == "silence" else "probability_alive"
        if isinstance(purchase_model, type) or not callable(getattr(purchase_model, needed, None)):
            raise InputError(
                f"purchase_model must be a fitted model with {needed}(summary), such as clv.ParetoNBD().fit(summary); "
                f"got {purchase_model!r}."
            )
        if definition == "silence" and horizon is None:
            raise InputError(
                "churn as silence needs a horizon, such as '90 days': the window within which no purchase is made."
            )
        self.purchase_model = purchase_model
        self.horizon = horizon
        self.definition = definition
        self.classes_ = np.array([0, 1])

    def predict_proba(self, summary: Any) -> Floats:
        """Return the probabilities of staying and of churn, one row per row of a customer summary.

        They are NaN where the model's P(alive) is (dropout at its boundary), for the definition ``"p_alive"``.
        """
        if self.definition == "silence":
            stays = np.asarray(self.purchase_model.probability_active(summary, self.horizon), dtype=np.float64)
        else:
            stays = np.asarray(self.purchase_model.probability_alive(summary), dtype=np.float64)
        return np.column_stack([stays, 1 - stays])

    def predict(self, summary: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return 1 where churn is likelier than not, else 0."""
        return (self.predict_proba(summary)[:, 1] > 0.5).astype(np.int64)

    def __repr__(self) -> str:
        """Tell the model and what churn means."""
        meant = f"horizon={self.horizon!r}" if self.definition == "silence" else "definition='p_alive'"
        return f"PurchaseChurn({type(self.purchase_model).__name__}, {meant})"
