"""Churn probabilities from a table of customers as it is, calibrated on rows that the model has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from customer_value._validation import require_choice, whole_number
from customer_value.churn import _calibration as calibrating
from customer_value.churn._encoding import TableEncoder
from customer_value.churn._folds import row_hashes, value_folds
from customer_value.churn._inputs import Rows, class_weights, read_columns, read_rows
from customer_value.churn._members import Member, members_of
from customer_value.errors import FitWarning, InputError, warn

Floats = np.ndarray[Any, np.dtype[np.float64]]
Calibration = Literal["auto", "isotonic", "beta", "sigmoid", "temperature"]

_CALIBRATIONS = ("auto", "isotonic", "beta", "sigmoid", "temperature")
_MOST_FOLDS = 1000
_ENCODINGS = ("auto", "ordinal", "one_hot")


@dataclass(frozen=True)
class _Data:
    """Rows in the order of their values, which is the same however a file was sorted."""

    matrix: Floats
    events: Floats
    weights: Floats  # how often a row counts
    trained: Floats  # and how often for the models, class weights included
    customers: np.ndarray[Any, np.dtype[np.intp]] | None


class ChurnClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Calibrated churn probabilities from a DataFrame of any columns; a scikit-learn classifier.

    Parameters
    ----------
    estimator
        ``"blend"`` (default: logistic regression and two histogram gradient boostings, averaged on the log-odds scale),
        ``"hist_gradient_boosting"``, ``"logistic"``, ``"random_forest"``, or any scikit-learn classifier.
    calibration
        ``"auto"`` chooses by the number of rows of the rarer class: below 30 none, with a FitWarning; below 200
        ``"sigmoid"`` (two parameters), below 5,000 ``"beta"`` (three), else ``"isotonic"`` (a free curve). These and
        ``"temperature"`` can be named; None leaves scores as they are.
    calibration_folds
        Number of folds in which the calibration, and the weights of a blend, are learnt on rows that the model has not
        seen.
    class_weight
        None (default), ``"balanced"``, or a mapping from class to weight. Weights change what a score means;
        calibration takes that back, so with calibration off they are warned about.
    encoding
        How an estimator of your own gets the columns: ``"ordinal"`` as numbers and codes with missing values,
        ``"one_hot"`` imputed, scaled and with one column per level, ``"auto"`` the first where it takes missing values.
    random_state
        Seed of whatever is random in the models.

    Attributes
    ----------
    classes_ : ndarray
        The two classes, sorted; the second one (1, True, "Yes") is churn.
    calibration_ : str or None
        The calibration that was made, and `calibration_reason_` why.
    members_ : dict
        The fitted models by name, and `member_weights_` what each counts.
    n_events_ : float
        Rows of the rarer class (sum of weights).
    encoded_names_, categories_, left_out_
        Columns of the matrix that the models get, levels of its categories, and columns left out with the reason.
    n_features_in_, feature_names_in_
        As scikit-learn has them.

    Raises
    ------
    InputError
        If there are not two classes, columns are infinite or of a type that cannot be read, the columns differ from
        those of the fit, or an argument is not one of its values.

    See Also
    --------
    RecencyRule : the baseline that stands beside every model.
    PurchaseChurn : a purchase model as a churn model.
    score_churn : adds `churn_probability` to a frame.

    Notes
    -----
    **Columns.** Numbers, truth values, durations, dates, texts and categories are read as they are, missing values
    among them. All-missing columns and texts that hardly repeat are left out with a warning, a level that the fit did
    not see counts as missing, dates become days before the latest one seen. Trees get codes and missing values, other
    models medians with a flag, equal scales and one column per level.

    **Calibration.** Each row is scored by models fitted without its fold, and one curve is fitted from those scores to
    outcomes; the models themselves are then fitted to all rows. `groups` (customers of a panel) keep a customer's rows
    in one fold. Isotonic calibration is made strictly increasing, so that no customers lose their order. Sigmoid:
    Platt (1999), beta: Kull et al. (2017), isotonic: Zadrozny & Elkan (2002), temperature: Guo et al. (2017). The
    weights of the blend are learnt from the same scores (stacking, Wolpert 1992), half of the way from equal ones.

    **Weights.** Whole-number weights stand for repeated rows and give what the repeated rows give, to the last bit;
    rows of weight 0 are not there. Folds depend on the rows' values, so equal rows share one, and the order of the rows
    changes nothing. Other weights go to the models as they are.

    There is no class weighting by default: it hardly moves the ranking, and makes every probability wrong. Decide whom
    to contact by costs and values (`contact_threshold`, `assign_targets`) instead of `predict`, which cuts at one half.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"silent_days": rng.exponential(40, 400), "plan": rng.choice(["basic", "plus"], 400)})
    >>> churned = rng.random(400) < 1 / (1 + np.exp(2 - X["silent_days"] / 30 - (X["plan"] == "basic")))
    >>> model = cv.churn.ChurnClassifier("logistic").fit(X, churned)
    >>> model.calibration_
    'sigmoid'
    >>> model.predict_proba(X.head(3))[:, 1].round(2)
    array([0.5 , 0.31, 0.13])
    """

    def __init__(
        self,
        estimator: Any = "blend",
        *,
        calibration: Calibration | None = "auto",
        calibration_folds: int = 5,
        class_weight: Literal["balanced"] | Mapping[Any, float] | None = None,
        encoding: Literal["auto", "ordinal", "one_hot"] = "auto",
        random_state: int = 0,
    ) -> None:
        self.estimator = estimator
        self.calibration = calibration
        self.calibration_folds = calibration_folds
        self.class_weight = class_weight
        self.encoding = encoding
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> ChurnClassifier:
        """Fit the models, and the calibration on rows that they have not seen.

        Parameters
        ----------
        X
            One row per customer, or per customer and cutoff: a DataFrame of pandas, polars or pyarrow, or an array.
        y
            The outcome of each row, two classes.
        sample_weight
            How often each row counts, 0 or above.
        groups
            The customer of each row; his rows stay in one calibration fold.

        Returns
        -------
        ChurnClassifier
        """
        if self.calibration is not None:
            require_choice("calibration", self.calibration, _CALIBRATIONS)
        require_choice("encoding", self.encoding, _ENCODINGS)
        folds = whole_number(self.calibration_folds, "calibration_folds", low=2, high=_MOST_FOLDS)
        random_state = whole_number(self.random_state, "random_state", high=2**32 - 1)
        rows = read_rows(self, X, y, sample_weight, groups)
        self.classes_ = rows.classes
        self._encoder = TableEncoder(rows.columns, rows.weights)
        self.encoded_names_, self.categories_ = self._encoder.names, self._encoder.categories
        self.left_out_ = self._encoder.left_out

        data = _in_order(self._encoder.matrix(rows.columns), rows, self.class_weight)
        if self.class_weight is not None and self.calibration is None:
            warn(
                "class_weight without calibration: the scores are no probabilities, and costs, values and thresholds "
                "that are set against them go wrong. Leave class_weight out, or calibration on.",
                FitWarning,
            )
        members = members_of(self.estimator, self.encoding, self._encoder.categorical, random_state)
        self._fit_calibration(members, data, folds)
        self._members = [member.fit(data.matrix, data.events, data.trained) for member in members]
        self.members_ = {member.name: member.model for member in self._members}
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
        return self.log_odds(self.encode(X))

    def encode(self, X: Any) -> Floats:
        """Return the matrix that the models see: one column per name of `encoded_names_`, NaN where missing."""
        check_is_fitted(self)
        return self._encoder.matrix(read_columns(self, X, reset=False))

    def log_odds(self, encoded: Floats) -> Floats:
        """Return the log-odds of churn of encoded rows, for tools that explain a model by changing single columns."""
        check_is_fitted(self)
        if getattr(encoded, "ndim", 0) != 2 or not len(encoded):
            raise InputError(f"encoded must be the matrix that encode(X) gives; got {type(encoded).__name__}.")
        return self._calibrate(self._blended([member.scores(encoded) for member in self._members]))

    def _blended(self, scores: list[Floats]) -> Floats:
        if len(scores) == 1:
            return scores[0]
        # One member's certainty about a far-off row must not outvote the others.
        shares = np.array(list(self.member_weights_.values()), dtype=np.float64)
        blended: Floats = calibrating.within(np.column_stack(scores)) @ shares
        return blended

    def _fit_calibration(self, members: list[Member], data: _Data, folds: int) -> None:
        names = [member.name for member in members]
        self.member_weights_ = dict.fromkeys(names, 1 / len(names))
        self._calibrate: calibrating.Calibrator = calibrating.Line(1.0, 0.0)
        self.calibration_, self.calibration_reason_ = None, "asked for none"
        events, weights = data.events, data.weights
        self.n_events_ = float(min(weights @ events, weights @ (1 - events)))
        # Of weights that differ, as many as rows of equal weight would tell the same (Kish 1965).
        told = self.n_events_ * weights.sum() / (weights @ weights)
        dealt = value_folds(row_hashes(data.matrix), events, weights, folds, data.customers)
        if told < calibrating.FEW_EVENTS:
            self._stay_uncalibrated(
                f"{told:.0f} rows of the rarer class, of the {calibrating.FEW_EVENTS} that it takes"
            )
        elif not _both_classes(dealt, events):
            self._stay_uncalibrated("without one of the folds, the rows are of one class")
        elif self.calibration is not None or len(names) > 1:
            unseen = _unseen_scores(members, data, dealt)
            if len(names) > 1:
                shares = calibrating.stacking_weights(unseen, events, weights)
                self.member_weights_ = dict(zip(names, shares.tolist(), strict=True))
            if self.calibration is not None:
                by_size = calibrating.method_by_size(told)
                self.calibration_ = by_size if self.calibration == "auto" else self.calibration
                self.calibration_reason_ = f"{told:.0f} rows of the rarer class"
                scores = self._blended(list(unseen.T))
                self._calibrate = calibrating.fit_calibrator(self.calibration_, scores, events, weights)

    def _stay_uncalibrated(self, reason: str) -> None:
        if self.calibration is not None:
            self.calibration_reason_ = reason
            warn(
                f"the probabilities are not calibrated: {reason}. Give more customers or cutoffs, or a longer horizon; "
                "calibration=None says that this is meant.",
                FitWarning,
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags


def _in_order(matrix: Floats, rows: Rows, class_weight: Any) -> _Data:
    factors = class_weights(class_weight, rows.classes, rows.events, rows.weights)
    order = np.lexsort((rows.weights, rows.events, row_hashes(matrix)))
    customers = None if rows.customers is None else rows.customers[order]
    return _Data(matrix[order], rows.events[order], rows.weights[order], (rows.weights * factors)[order], customers)


def _both_classes(dealt: np.ndarray[Any, Any], events: Floats) -> bool:
    """Whether training without each of the folds sees both classes."""
    return all(np.unique(events[dealt != fold]).size == 2 for fold in np.unique(dealt))


def _unseen_scores(members: list[Member], data: _Data, dealt: np.ndarray[Any, Any]) -> Floats:
    """Scores of each row (columns: members) by models that were fitted without its fold."""
    scores = np.empty((data.events.size, len(members)))
    for fold in np.unique(dealt):
        seen, held = dealt != fold, dealt == fold
        for column, member in enumerate(members):
            fitted = member.fit(data.matrix[seen], data.events[seen], data.trained[seen])
            scores[held, column] = fitted.scores(data.matrix[held])
    return scores
