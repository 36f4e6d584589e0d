"""The baseline beside every churn model: the longer a customer has been silent, the likelier he is gone."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from customer_value._validation import text_value, whole_number
from customer_value.churn._calibration import logistic_fit
from customer_value.churn._encoding import TableEncoder
from customer_value.churn._inputs import read_columns, read_rows
from customer_value.errors import DataWarning, FitWarning, InputError, warn

Floats = np.ndarray[Any, np.dtype[np.float64]]

_NAMES = ("days_since_last", "time_since_last")


class RecencyRule(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Churn probability from the time since the last purchase alone; a scikit-learn classifier.

    Parameters
    ----------
    column
        Name (or position) of the time since the last purchase, in any unit. By default `days_since_last`, as
        `churn_features` writes it; else the first column whose name ends in ``_days_since_last`` (features of named
        logs), `time_since_last` of a customer summary; else the first column, with a warning if columns have names.

    Attributes
    ----------
    classes_ : ndarray
        The two classes, sorted; the second one is churn.
    column_ : str
        The column that was taken.
    slope_, intercept_ : float
        Of the log-odds of churn in ``log(1 + time)``.
    longest_ : float
        The longest time seen in the fit, which stands for a missing one: a customer who never bought.

    Raises
    ------
    InputError
        If the column is not there, not numeric, infinite or all missing; if there are not two classes.

    Notes
    -----
    A logistic regression on ``log(1 + time)`` whose slope is never below 0: of two customers the longer silent one
    never gets the lower probability, and with a slope above 0 the ranking is that of the time itself. On many logs a
    rule like this comes within a hundredth of the best model's AUC (Wübben & Wangenheim 2008, *Journal of Marketing*
    72, report the same of a manager's "hiatus" rule), so a model must first show what it adds.

    Where the data say that the longer silent churn less, the slope is 0 and a FitWarning says so.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> X = pd.DataFrame({"days_since_last": [3, 8, 10, 25, 40, 60, 90, 200], "orders": 1})
    >>> rule = cv.churn.RecencyRule().fit(X, [0, 0, 0, 1, 0, 1, 1, 1])
    >>> rule.predict_proba(X)[:, 1].round(2)
    array([0.01, 0.04, 0.07, 0.4 , 0.69, 0.86, 0.95, 0.99])
    """

    def __init__(self, column: str | int | None = None) -> None:
        self.column = column

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> RecencyRule:
        """Fit the rule.

        Parameters
        ----------
        X
            A DataFrame or an array with the time since the last purchase; other columns are not looked at.
        y
            The outcome of each row, two classes.
        sample_weight
            How often each row counts, 0 or above.

        Returns
        -------
        RecencyRule
        """
        rows = read_rows(self, X, y, sample_weight)
        self.classes_ = rows.classes
        self.column_ = self._choose(list(rows.columns))
        self._reader = TableEncoder({self.column_: rows.columns[self.column_]}, rows.weights)
        if self._reader.categorical.any():
            raise InputError(f"{self.column_} must hold times as numbers; it holds text.")
        time = self._reader.matrix(rows.columns)[:, 0]
        self.longest_ = float(np.nanmax(time))
        design = np.column_stack([self._scale(time), np.ones(time.size)])
        slope, intercept = logistic_fit(design, rows.events, rows.weights)
        if slope <= 0:
            warn(
                f"the longer silent by {self.column_} churn no more often, so the rule gives everybody the same "
                "probability. Is the column the time since the last purchase, and is churn the second class?",
                FitWarning,
            )
            slope, intercept = 0.0, logistic_fit(design[:, 1:], rows.events, rows.weights)[0]
        self.slope_, self.intercept_ = float(slope), float(intercept)
        return self

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, one row per row of X; the second column is churn."""
        churned: Floats = expit(self.decision_function(X))
        return np.column_stack([1 - churned, churned])

    def predict(self, X: Any) -> np.ndarray[Any, Any]:
        """Return the likelier class of each row."""
        left = self.decision_function(X) > 0
        likelier: np.ndarray[Any, Any] = self.classes_[left.astype(np.intp)]
        return likelier

    def decision_function(self, X: Any) -> Floats:
        """Return the log-odds of churn of each row."""
        check_is_fitted(self)
        time = self._reader.matrix(read_columns(self, X, reset=False))[:, 0]
        return self.slope_ * self._scale(time) + self.intercept_

    def _scale(self, time: Floats) -> Floats:
        filled = np.where(np.isnan(time), self.longest_, time)
        scaled: Floats = np.sign(filled) * np.log1p(np.abs(filled))  # odd around 0, for whatever arrays hold
        return scaled

    def _choose(self, names: list[str]) -> str:
        if isinstance(self.column, (int, np.integer)) and not isinstance(self.column, bool):
            return names[whole_number(self.column, "column", high=len(names) - 1)]
        if self.column is not None:
            if text_value(self.column, "column") not in names:
                raise InputError(
                    f"X lacks the column {self.column!r}; it has {names}. churn_features writes days_since_last, after "
                    "the log's name where there are several logs."
                )
            return str(self.column)
        named = [name for name in _NAMES if name in names]
        named += [name for name in names if name.endswith("_days_since_last")]
        if not named and hasattr(self, "feature_names_in_"):
            warn(
                f"X has no column named days_since_last; the rule takes its first one, {names[0]}. Name it: "
                "RecencyRule(column=...).",
                DataWarning,
            )
        return (named or names)[0]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.classifier_tags.poor_score = True  # one column of several
        tags.input_tags.allow_nan = True
        return tags
