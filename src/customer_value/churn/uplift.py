"""Uplift: how much a contact changes what each customer does, learnt from a past campaign with a control group."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone, is_regressor
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils.validation import check_is_fitted

from customer_value._frames import EagerFrame, to_eager, with_arrays
from customer_value._validation import float_array, numeric_column, require_choice, require_rows, require_some
from customer_value.churn._ranked import Floats, outcome_array, require_both
from customer_value.errors import FitWarning, InputError, warn

OutcomeIs = Literal["churn", "response"]
OUTCOME_IS = ("churn", "response")
_CONTACTED = "1 is the customer who was contacted, 0 one of the control group."
_TREATMENT = "treatment"  # column that the S-learner adds


class _Learner(BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn has no types
    """What both learners share: reading the campaign, and which sign of a difference is good."""

    def __init__(self, estimator: Any = None, *, outcome_is: OutcomeIs = "churn") -> None:
        self.estimator = estimator
        self.outcome_is = outcome_is

    def fit(self, X: Any, y: ArrayLike, *, treatment: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn from a campaign.

        Parameters
        ----------
        X : array_like or frame
            One row per customer, as known before the campaign.
        y : array_like
            What happened: 1 or True for the outcome, or an amount for a regressor.
        treatment : array_like
            1 or True for customers who were contacted, 0 or False for the control group, picked at random.
        sample_weight : array_like, optional
            How many customers each row stands for, passed on to the model.

        Returns
        -------
        self

        Raises
        ------
        InputError
            Lengths differ, a group is missing or has seen only one outcome, or a column is not numeric where no
            `estimator` was given.
        """
        require_choice("outcome_is", self.outcome_is, OUTCOME_IS)
        contacted = outcome_array(treatment, "treatment", _CONTACTED).astype(bool)
        outcome = self._outcome(y)
        weight = None if sample_weight is None else float_array(sample_weight, "sample_weight")
        rows = self._rows(X)
        require_some(len(rows), "campaign")
        for name, given in (("y", outcome), ("treatment", contacted), ("sample_weight", weight)):
            if given is not None and given.size != len(rows):
                raise InputError(f"{name} must have one value for each row of X; it has {given.size} for {len(rows)}.")
        for name, group in (("contacted", contacted), ("control", ~contacted)):
            if not group.any():
                raise InputError(f"nobody is in the {name} group: uplift needs customers with and without a contact.")
            if not self._of_amounts():
                require_both(outcome[group], f"y of the {name} group")
        self._fit(rows, outcome, contacted, weight)
        return self

    def predict(self, X: Any) -> Floats:
        """Return how much a contact is worth to each customer, above 0 where it helps.

        Parameters
        ----------
        X : array_like or frame
            Rows like those of the campaign.

        Returns
        -------
        ndarray
            With ``outcome_is="churn"`` how much a contact lowers the probability of churn, with ``"response"`` how
            much it raises that of the outcome (or its amount).

        Raises
        ------
        NotFittedError
            scikit-learn's: `fit` has not been called.
        """
        check_is_fitted(self)
        rows = self._rows(X)
        require_some(len(rows), "X frame")
        more = self._outcome_of(rows, True) - self._outcome_of(rows, False)
        return -more if self.outcome_is == "churn" else more

    @abstractmethod
    def _fit(self, rows: Any, outcome: Floats, contacted: Any, weight: Floats | None) -> None:
        """Fit the model, or the models, to rows that were checked."""

    @abstractmethod
    def _outcome_of(self, rows: Any, contacted: bool) -> Floats:
        """Return the outcome expected of each row, with a contact or without."""

    def _of_amounts(self) -> bool:
        if self.estimator is not None and (isinstance(self.estimator, type) or not hasattr(self.estimator, "fit")):
            raise InputError(
                "estimator must be a scikit-learn classifier or regressor such as LogisticRegression(); "
                f"got {self.estimator!r}."
            )
        return self.estimator is not None and bool(is_regressor(self.estimator))

    def _outcome(self, y: ArrayLike) -> Floats:
        if not self._of_amounts():
            return outcome_array(y, "y", "Give a regressor as estimator for amounts.")
        amounts = float_array(y, "y")
        require_rows(np.isfinite(amounts), "y must be finite")
        return amounts

    def _rows(self, X: Any) -> Any:
        """Rows as an array or a frame of narwhals, which both are cut and counted alike."""
        if isinstance(X, (np.ndarray, list)):
            rows = np.asarray(X)
            if rows.ndim != 2:
                raise InputError(f"X must be a DataFrame or a matrix, a row per customer; its shape is {rows.shape}.")
            return rows
        frame = to_eager(X, "X frame", type(self).__name__)[0]
        # The default model takes numbers only; a model of the caller's own reads the frame as it likes.
        return _matrix(frame) if self.estimator is None else frame

    def _new_model(self) -> Any:
        if self.estimator is not None:
            return clone(self.estimator)
        # Shallow and slow: differences between two groups drown in noise that a bolder model would fit. No early
        # stopping, which would hold out rows by their position.
        return HistGradientBoostingClassifier(
            learning_rate=0.05, max_iter=60, max_leaf_nodes=8, min_samples_leaf=50, early_stopping=False, random_state=0
        )


class TLearner(_Learner):
    """Two models: one of the customers who were contacted, one of the control group; uplift is their difference.

    Parameters
    ----------
    estimator : scikit-learn classifier or regressor, optional
        The model of each group. A classifier should be calibrated. By default a cautious
        `HistGradientBoostingClassifier`, which takes frames with numeric columns and missing values.
    outcome_is : str
        ``"churn"`` if the outcome is bad, so that a positive uplift is churn avoided; ``"response"`` if it is good.

    Attributes
    ----------
    model_contacted_, model_control_
        The fitted models.

    See Also
    --------
    SLearner : one model with the contact as a feature.

    Notes
    -----
    S. R. Künzel, J. S. Sekhon, P. J. Bickel and B. Yu (2019), *PNAS* 116, 4156-4165, equations (5) and (6). Contacts
    must have been assigned at random: who was picked for a reason differs from those who were not, and the difference
    is taken for uplift.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from customer_value.churn import TLearner
    >>> rng = np.random.default_rng(0)
    >>> young, contacted = rng.random(8000) < 0.5, rng.random(8000) < 0.5
    >>> churned = rng.random(8000) < np.where(contacted & young, 0.2, 0.4)
    >>> learner = TLearner(DecisionTreeClassifier(max_depth=2))
    >>> uplift = learner.fit(young[:, None], churned, treatment=contacted).predict([[True], [False]])
    >>> uplift.round(1) + 0
    array([0.2, 0. ])
    """

    def _fit(self, rows: Any, outcome: Floats, contacted: Any, weight: Floats | None) -> None:
        def model_of(group: Any) -> Any:
            places = np.flatnonzero(group)
            extra = {} if weight is None else {"sample_weight": weight[places]}
            return self._new_model().fit(_given(rows[places]), outcome[places], **extra)

        self.model_contacted_, self.model_control_ = model_of(contacted), model_of(~contacted)

    def _outcome_of(self, rows: Any, contacted: bool) -> Floats:
        return _expected(self.model_contacted_ if contacted else self.model_control_, _given(rows))


class SLearner(_Learner):
    """One model of all customers with the contact as a feature; uplift is the difference that this feature makes.

    Parameters
    ----------
    estimator : scikit-learn classifier or regressor, optional
        The model, which must be able to let the contact matter more for some than for others: trees can, a logistic
        regression without interactions cannot. It gets the contact as the last column, named ``"treatment"`` in a
        frame. By default a cautious `HistGradientBoostingClassifier`.
    outcome_is : str
        As in `TLearner`.

    Attributes
    ----------
    model_
        The fitted model.

    See Also
    --------
    TLearner : two models. It finds larger differences, and more noise.

    Notes
    -----
    Künzel, Sekhon, Bickel and Yu (2019), *PNAS* 116, 4156-4165, equations (3) and (4). A model that finds the contact
    of little use pulls uplift towards 0; one that does not use it at all gives 0 to everyone, with a warning.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from customer_value.churn import SLearner
    >>> rng = np.random.default_rng(0)
    >>> young, contacted = rng.random(8000) < 0.5, rng.random(8000) < 0.5
    >>> churned = rng.random(8000) < np.where(contacted & young, 0.2, 0.4)
    >>> learner = SLearner(DecisionTreeClassifier(max_depth=2))
    >>> uplift = learner.fit(young[:, None], churned, treatment=contacted).predict([[True], [False]])
    >>> uplift.round(1) + 0
    array([0.2, 0. ])
    """

    def _fit(self, rows: Any, outcome: Floats, contacted: Any, weight: Floats | None) -> None:
        extra = {} if weight is None else {"sample_weight": weight}
        self.model_ = self._new_model().fit(_with_treatment(rows, contacted.astype(np.float64)), outcome, **extra)
        if np.array_equal(self._outcome_of(rows, True), self._outcome_of(rows, False)):
            warn(
                "the model makes no use of the treatment, so uplift is 0 for everyone. If it selects columns by name, "
                'let it pass "treatment" on.',
                FitWarning,
            )

    def _outcome_of(self, rows: Any, contacted: bool) -> Floats:
        return _expected(self.model_, _with_treatment(rows, np.full(len(rows), float(contacted))))


def _matrix(frame: EagerFrame) -> Floats:
    columns = []
    for name, dtype in frame.schema.items():
        if dtype.is_numeric():
            columns.append(numeric_column(frame, name, what="X frame", nulls=True))
        elif str(dtype) == "Boolean" and not frame.get_column(name).null_count():
            columns.append(np.array(frame.get_column(name).to_list(), dtype=np.float64))
        else:
            raise InputError(
                f"{name} must be numeric; its type is {dtype}. Leave it out, encode it, or give an estimator that "
                "takes it, such as churn.ChurnClassifier()."
            )
    return np.column_stack(columns) if columns else np.empty((len(frame), 0))


def _with_treatment(rows: Any, treatment: Floats) -> Any:
    if isinstance(rows, np.ndarray):
        return np.column_stack((rows, treatment))
    if _TREATMENT in rows.columns:
        raise InputError(f"X must not hold a column {_TREATMENT!r}: it is given by treatment=. Leave it out of X.")
    return with_arrays(rows, {_TREATMENT: treatment}).to_native()


def _given(rows: Any) -> Any:
    """Rows as a model takes them."""
    return rows if isinstance(rows, np.ndarray) else rows.to_native()


def _expected(model: Any, rows: Any) -> Floats:
    """Probability of the outcome, or the amount that a regressor expects."""
    found = model.predict(rows) if is_regressor(model) else model.predict_proba(rows)[:, 1]
    return np.asarray(found, dtype=np.float64)
