"""Time to churn by the chance to leave in each period: any classifier on person-periods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils import get_tags

from customer_value._frames import EagerFrame, to_eager
from customer_value._validation import number, require_choice, whole_counts
from customer_value.churn._baselines import BASELINES, Baseline, learn_basis
from customer_value.churn._estimates import (
    estimates_table,
    is_maximum_likelihood,
    logistic_covariance,
    tell_unknown,
)
from customer_value.churn._person_periods import MOST_PERIODS, in_periods, period_width, person_periods
from customer_value.churn._profiles import distinct_profiles
from customer_value.churn._spells import Floats, Rows, read_spells
from customer_value.churn._survival_model import SurvivalModel
from customer_value.churn._weighted_fit import fit_counts, fit_logistic, require_classifier
from customer_value.errors import InputError

_CHUNK = 400_000  # person-periods that are predicted at a time


class DiscreteTimeHazard(SurvivalModel):
    """Time to churn from the probability to leave in each period of a customer's life.

    Every period in which a customer was under observation is a row: he left in it, or he stayed. A classifier learns
    the probability to leave from the period's number and the customer's covariates. Survival over any horizon is the
    product of the probabilities to stay, so that one model answers for 30 days and for two years.

    Parameters
    ----------
    estimator
        Any scikit-learn classifier with `predict_proba`. By default logistic regression without a penalty: estimates
        are then those of maximum likelihood, and have standard errors and intervals. It sees the columns of
        `feature_names_`, numbers standardised.
    width
        Length of a period, in the unit of the durations.
    baseline
        How the period's number enters: ``"spline"`` of its logarithm (five knots, where customers left), ``"log"``,
        ``"linear"``, or ``"dummies"``: every period in which someone left has a level of its own.

    Attributes
    ----------
    estimator_
        The fitted classifier.
    feature_names_
        Names of the columns that it sees.
    n_person_periods_, n_customers_, n_events_
        What it was fitted on.
    log_likelihood_
        Of the person-periods of the fit.
    first_time_, last_time_
        The earliest and the longest time at which anyone was under observation.
    left_out_
        Rows that were not counted: they had no time under observation, or a weight of 0.
    time_unit_
        The frame's `time_unit`, if it had one.

    Notes
    -----
    P. D. Allison (1982), "Discrete-time methods for the analysis of event histories", *Sociological Methodology* 13,
    61-98; the likelihood of spells is that of independent person-periods (eq. 14). Late entry is right since a customer
    counts from the period of his entry on only. A customer may have several rows, one after the other (`entry` of each
    the `duration` of the one before), when covariates change with time.

    Where durations are no multiples of `width`, a period of which only a part was seen counts as that part (weight),
    and within a period the rate is taken as constant. For a logistic regression equal customers are added up before
    anything is fitted, so a few categories cost the same for a thousand customers and for a million. Any other
    classifier gets a row for each customer and period.

    Beyond the longest time observed the hazard of the last period is held, and a warning says so.

    The model is no scikit-learn estimator in the strict sense, since its outcome is two or three columns of the frame;
    `clone`, `get_params`, `set_params` (``estimator__C``), and searches over `score` work.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> contracts = pd.DataFrame({
    ...     "tenure": [1, 2, 4, 6, 9, 12, 3, 5, 8, 12, 12, 12],
    ...     "churned": [1, 1, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0],
    ...     "plan": ["basic"] * 6 + ["plus"] * 6,
    ... })
    >>> model = cv.churn.DiscreteTimeHazard(baseline="log").fit(contracts, duration="tenure", event="churned")
    >>> customers = pd.DataFrame({"plan": ["basic", "plus"], "tenure": [3, 3]})
    >>> model.predict(customers, horizon=6, given="tenure").round(3)
        plan  tenure  churn_probability  expected_time
    0  basic       3              0.467          4.392
    1   plus       3              0.187          5.392
    """

    def __init__(self, estimator: Any = None, *, width: float = 1.0, baseline: Baseline = "spline") -> None:
        self.estimator = estimator
        self.width = width
        self.baseline = baseline

    def fit(
        self,
        frame: object,
        y: None = None,
        *,
        duration: str,
        event: str,
        entry: str | None = None,
        weights: str | None = None,
        features: Sequence[str] | None = None,
    ) -> Self:
        """Learn the hazard from spells.

        Parameters
        ----------
        frame
            One row per customer, or per stretch of a customer's life. Eager; a polars LazyFrame is collected once.
        y
            Ignored: the outcome is in the frame.
        duration
            Column with the time from the customer's start to the event, or to the end of the observation.
        event
            Column that is true, or 1, where the customer left at `duration`, and false where he was last seen.
        entry
            Column with the time from the customer's start to the begin of the observation, for customers who are in
            the data only because they had lasted until then (left truncation).
        weights
            Column with the number of customers that a row stands for.
        features
            Covariates: numbers, truth values, categories. By default all other columns but keys and rulers
            (`customer_id`, `cutoff`, `observation_end`, `time_unit`).

        Returns
        -------
        self

        Raises
        ------
        InputError
            A column is missing, null or of the wrong kind, an entry lies after its duration, nobody left or all left
            in every period, or the classifier cannot take what the data need.
        ConvergenceError
            The default classifier found no optimum: a covariate that others determine, or that tells leavers apart
            without an error.
        """
        require_choice("baseline", self.baseline, BASELINES)
        width = period_width(self.width)
        if self.estimator is not None:
            require_classifier(self.estimator)
        columns = {"duration": duration, "event": event, "entry": entry, "weights": weights}
        nulls = self.estimator is not None and bool(get_tags(self.estimator).input_tags.allow_nan)
        spells, matrix, learned = self._read(frame, columns, features, nulls=nulls)
        if self.estimator is None or isinstance(self.estimator, LogisticRegression):
            profiles, profile = distinct_profiles(matrix)
        else:
            # Settings such as min_samples_leaf count rows, and bootstraps draw them: each customer has rows of his own.
            order = np.lexsort((spells.weight, *matrix.T, spells.entry, spells.event, spells.duration))
            spells, profiles, profile = spells.take(order), matrix[order], np.arange(order.size)
        cells = person_periods(spells, profile, width)
        if not (cells.stayed > 0).any():
            raise InputError(f"all customers left in their first period: take a width below {width:g}.")
        basis = learn_basis(self.baseline, cells.period, cells.events)
        seen = np.column_stack([basis.columns(cells.period), profiles[cells.profile]])
        counts = seen, cells.events, cells.stayed
        fitted = fit_logistic(*counts) if self.estimator is None else fit_counts(clone(self.estimator), *counts)
        hazard = fitted.predict_proba(seen)[:, 1]
        covariance = None
        if is_maximum_likelihood(fitted):
            covariance = logistic_covariance(seen, hazard, cells.events + cells.stayed)
            tell_unknown(learned["covariates_"].names, covariance)
        learned |= {
            "estimator_": fitted,
            "feature_names_": [*basis.names, *learned["covariates_"].names],
            "n_person_periods_": float(cells.events.sum() + cells.stayed.sum()),
            "log_likelihood_": float(_log_likelihood(hazard, cells.events, cells.stayed).sum()),
            "basis_": basis,
            "width_": width,
            "reach_": (int(cells.period.min()), int(cells.period.max())),
            "covariance_": covariance,
        }
        return self._learn(learned)

    def hazard(self, frame: object, periods: Sequence[int] | Floats) -> Floats:
        """Return the probability to leave in each of some periods of a customer's life, given being there before.

        Parameters
        ----------
        frame
            Customers with the covariates of the fit.
        periods
            Numbers of periods; 1 is the first.

        Returns
        -------
        ndarray, one row per customer and one column per period.
        """
        opened, _, _ = self._open(frame, None)
        numbers = whole_counts(periods, "periods")
        if (numbers < 1).any():
            raise InputError("periods are numbered from 1 on; got 0.")
        before = (numbers.min() - 1) * self.width_
        self._tell_reach(np.full(len(opened), before), numbers.max() * self.width_ - before)
        matrix, _, place = self._distinct(opened, np.zeros(len(opened)))
        first = np.ones(len(matrix), dtype=np.intp)
        return np.column_stack([self._hazards(matrix, first * int(at), 1) for at in numbers])[place]

    def score(self, frame: object, y: None = None) -> float:
        """Return the mean log-likelihood per customer of a frame with the columns of the fit; greater is better.

        Parameters
        ----------
        frame
            Spells with their outcome, in the columns that the fit named.
        y
            Ignored.

        Returns
        -------
        float
        """
        self._require_fitted()
        opened, _ = to_eager(frame, "frame", type(self).__name__)
        spells = read_spells(opened, **self.columns_)
        profiles, profile = distinct_profiles(self._matrix(opened)[spells.row])
        cells = person_periods(spells, profile, self.width_)
        hazard = self._hazards(profiles[cells.profile], cells.period, 1)[:, 0]
        return float(_log_likelihood(hazard, cells.events, cells.stayed).sum() / spells.weight.sum())

    def summary_table(self, interval: float = 0.95) -> Any:
        """Return the estimates of a logistic regression as a pandas DataFrame, in units of the data.

        Parameters
        ----------
        interval
            Coverage of the intervals of the odds ratios.

        Returns
        -------
        DataFrame with columns parameter, estimate, standard_error, odds_ratio, odds_ratio_lower, odds_ratio_upper; of
        the odds to leave in a period, per unit of a covariate, or against the first level of a category.

        Raises
        ------
        InputError
            The estimator is no logistic regression without a penalty.
        """
        self._require_fitted()
        covariance = self._covariance("a table of estimates")
        level = number(interval, "interval", low=0, high=1, open_ends=True)
        times = len(self.basis_.names)
        # Columns were (x - centre) / scale: their slopes are divided by the scale, and the centres move the intercept.
        back = np.eye(len(covariance))
        back[1 + times :, 1 + times :] = np.diag(1 / self.covariates_.scale)
        back[0, 1 + times :] = -self.covariates_.centre / self.covariates_.scale
        estimate = back @ np.append(self.estimator_.intercept_, self.estimator_.coef_[0])
        names = ["intercept", *self.feature_names_]
        return estimates_table(names, estimate, back @ covariance @ back.T, "odds_ratio", level)

    # ---- the model's probabilities ----------------------------------------------------------------------------

    def _hazards(self, matrix: Floats, first: Rows, many: int) -> Floats:
        """Return hazards of so many periods from each row's own first one on, shape (rows, many)."""
        n = len(matrix)
        found = np.empty((n, many))
        step = max(_CHUNK // many, 1)
        for begin in range(0, n, step):
            piece = slice(begin, min(begin + step, n))
            period = np.clip(first[piece, None] + np.arange(many), *self.reach_)
            seen = np.column_stack([self.basis_.columns(period.ravel()), np.repeat(matrix[piece], many, axis=0)])
            found[piece] = self.estimator_.predict_proba(seen)[:, 1].reshape(-1, many)
        return found

    def _periods(self, matrix: Floats, start: Floats, horizon: float) -> tuple[Floats, Floats, Rows]:
        """Return log of staying, shape (rows, periods), for the periods up to the horizon; starts; first periods."""
        begin = in_periods(start, self.width_)
        first = np.floor(begin).astype(np.intp) + 1
        many = int((np.ceil(in_periods(start + horizon, self.width_)).astype(np.intp) - first).max()) + 1
        if many > MOST_PERIODS:
            raise InputError(f"horizon={horizon:g} is {many:,} periods; at most {MOST_PERIODS:,} are looked ahead.")
        with np.errstate(divide="ignore"):  # a tree may be sure that one leaves
            stay: Floats = np.log1p(-self._hazards(matrix, first, max(many, 1)))
        return stay, begin, first

    def _shares(self, begin: Floats, first: Rows, many: int, horizon: float) -> Floats:
        """Return which share of each period lies between the start and the horizon."""
        low = first[:, None] - 1 + np.arange(many)
        end = begin[:, None] + horizon / self.width_
        share: Floats = np.clip(np.minimum(end, low + 1) - np.maximum(begin[:, None], low), 0.0, 1.0)
        return share

    def _log_survival(self, matrix: Floats, start: Floats, horizons: Floats) -> Floats:
        stay, begin, first = self._periods(matrix, start, float(horizons.max()))
        lasts = np.empty((len(matrix), horizons.size))
        for i, horizon in enumerate(horizons):
            lasts[:, i] = _power(stay, self._shares(begin, first, stay.shape[1], float(horizon))).sum(axis=1)
        return lasts

    def _expected(self, matrix: Floats, start: Floats, horizon: float) -> Floats:
        stay, begin, first = self._periods(matrix, start, horizon)
        share = self._shares(begin, first, stay.shape[1], horizon)
        lost = _power(stay, share)
        before = np.exp(np.column_stack([np.zeros(len(lost)), np.cumsum(lost[:, :-1], axis=1)]))
        # Area under exp(rate x): at a constant rate within the period.
        with np.errstate(invalid="ignore", divide="ignore"):
            area = np.where(lost < 0, np.expm1(lost) / stay, share)
        return np.asarray((before * area).sum(axis=1) * self.width_)

    def _spread(self, matrix: Floats, start: Floats, horizon: float) -> Floats:
        covariance = self._covariance("an interval")
        stay, begin, first = self._periods(matrix, start, horizon)
        many = stay.shape[1]
        # -d ln(1 - h) / d(linear predictor) = h.
        slope = self._shares(begin, first, many, horizon) * -np.expm1(stay)
        period = np.clip(first[:, None] + np.arange(many), *self.reach_)
        times = self.basis_.columns(period.ravel()).reshape(*period.shape, -1)
        total = slope.sum(axis=1)[:, None]
        gradient = np.column_stack([total, np.einsum("ij,ijk->ik", slope, times), total * matrix])
        return np.asarray(np.sqrt(np.einsum("ij,jk,ik->i", gradient, covariance, gradient)))

    def _covariance(self, what: str) -> Floats:
        if self.covariance_ is None:
            raise InputError(
                f"{what} needs a logistic regression without a penalty, as the default is; the estimator is "
                f"{self.estimator_!r}."
            )
        return np.asarray(self.covariance_)

    def _matrix(self, frame: EagerFrame) -> Floats:
        return self.covariates_.matrix(frame, nulls=bool(get_tags(self.estimator_).input_tags.allow_nan))

    def _beyond(self) -> str:
        return "the hazard of the last period is held from there on"


def _log_likelihood(hazard: Floats, events: Floats, stayed: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        left, there = events * np.log(hazard), stayed * np.log1p(-hazard)
    return np.where(events > 0, left, 0.0) + np.where(stayed > 0, there, 0.0)


def _power(stay: Floats, share: Floats) -> Floats:
    """Return share x log of staying; nothing of a period is nothing, however surely one leaves in it."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(share > 0, share * stay, 0.0))
