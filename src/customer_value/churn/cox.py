"""Cox's proportional hazards: what raises or lowers the rate of leaving, whatever that rate does over time."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal, Self, get_args

import numpy as np
from scipy.special import gammaincc

from customer_value._frames import empty_frame, make_frame, to_eager
from customer_value._optional import import_optional
from customer_value._validation import number, require_choice
from customer_value.churn._concordance import concordance
from customer_value.churn._estimates import estimates_table
from customer_value.churn._risk_sets import cumulative_hazard, risk_sets
from customer_value.churn._spells import Floats, Spells, read_spells
from customer_value.churn._survival_model import SurvivalModel
from customer_value.errors import ConvergenceError, InputError

Ties = Literal["efron", "breslow"]

# Of the slope of a standardised covariate: an effect that is known to no better than a factor of e^30 is not known.
_LARGEST_VARIANCE = 900.0
_CHUNK = 1_000_000  # points of curves that are held at a time


class CoxModel(SurvivalModel):
    """Cox's proportional hazards model of time to churn. Needs statsmodels (extra `survival`).

    A customer's rate of leaving is a baseline rate, of any course over time, times exp(covariates x slopes).

    Parameters
    ----------
    ties
        How events at one time are ordered: ``"efron"`` (exact enough even for monthly data) or ``"breslow"``.

    Attributes
    ----------
    log_likelihood_, log_likelihood_null_
        Partial log-likelihood of the fit, and without covariates.
    concordance_
        Harrell's concordance on the rows of the fit.
    n_customers_, n_events_, left_out_, first_time_, last_time_, time_unit_
        What it was fitted on; `left_out_` rows had no time under observation.

    Notes
    -----
    D. R. Cox (1972), *JRSS B* 34, 187-220; ties by B. Efron (1977), *JASA* 72, 557-565. The slopes are estimated by
    statsmodels' `PHReg`, whose time grows with the number of distinct times: a few seconds for a thousand of them.
    The baseline is summed over the risk sets here, with late entry: only those under observation are at risk, so
    survival does not look longer than it is. Its variance is that of A. A. Tsiatis (1981), *Annals of Statistics* 9,
    93-108 (Klein and Moeschberger 2003, eq. 8.8.5).

    Nothing is known beyond the longest time observed: answers there are null, with a warning.

    The model is no scikit-learn estimator in the strict sense, since its outcome is two or three columns of the frame.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> contracts = pd.DataFrame({
    ...     "tenure": [1, 2, 4, 6, 9, 12, 3, 5, 8, 12, 12, 12],
    ...     "churned": [1, 1, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0],
    ...     "plan": ["basic"] * 6 + ["plus"] * 6,
    ... })
    >>> model = cv.churn.CoxModel().fit(contracts, duration="tenure", event="churned")
    >>> model.summary_table()[["parameter", "hazard_ratio"]].round(3)
        parameter  hazard_ratio
    0  plan[plus]         0.368
    """

    def __init__(self, *, ties: Ties = "efron") -> None:
        self.ties = ties

    def fit(
        self,
        frame: object,
        y: None = None,
        *,
        duration: str,
        event: str,
        entry: str | None = None,
        features: Sequence[str] | None = None,
    ) -> Self:
        """Estimate slopes and baseline.

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
            Column with the time from the customer's start to the begin of the observation (left truncation).
        features
            Covariates: numbers, truth values, categories. By default all other columns but keys and rulers.

        Returns
        -------
        self

        Raises
        ------
        InputError
            A column is missing, null or of the wrong kind, an entry lies after its duration, nobody left, or there is
            no covariate.
        ConvergenceError
            No optimum: a covariate follows from others, or tells leavers apart without an error.
        MissingDependencyError
            statsmodels is not installed.
        """
        require_choice("ties", self.ties, get_args(Ties))
        columns = {"duration": duration, "event": event, "entry": entry, "weights": None}
        spells, matrix, learned = self._read(frame, columns, features, nulls=False)
        names = learned["covariates_"].names
        if not names:
            raise InputError("a Cox model needs a covariate; without one survival_table tells all there is.")
        # Sums must not depend on the order of the rows.
        order = np.lexsort((*matrix.T, spells.entry, spells.event, spells.duration))
        spells, matrix = spells.take(order), matrix[order]
        slopes, covariance, fitted, null = _estimate(spells, matrix, self.ties)
        sets = risk_sets(spells, matrix, slopes, self.ties)
        learned |= {
            "slopes_": slopes,
            "covariance_": covariance,
            "log_likelihood_": fitted,
            "log_likelihood_null_": null,
            "concordance_": concordance(spells, matrix @ slopes),
            "baseline_": cumulative_hazard(sets),
            "_residuals": _scaled_residuals(sets.time, matrix[sets.row] - sets.mean, covariance),
        }
        return self._learn(learned)

    def score(self, frame: object, y: None = None) -> float:
        """Return Harrell's concordance on a frame with the columns of the fit; .5 is chance, 1 the right order.

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
        return concordance(spells, (self._matrix(opened) @ self.slopes_)[spells.row])

    def summary_table(self, interval: float = 0.95) -> Any:
        """Return the slopes and hazard ratios as a pandas DataFrame, per unit of the data.

        Parameters
        ----------
        interval
            Coverage of the intervals of the hazard ratios.

        Returns
        -------
        DataFrame with columns parameter, estimate, standard_error, hazard_ratio, hazard_ratio_lower,
        hazard_ratio_upper; for a category against its first level.
        """
        self._require_fitted()
        level = number(interval, "interval", low=0, high=1, open_ends=True)
        scale = self.covariates_.scale
        covariance = self.covariance_ / np.outer(scale, scale)
        return estimates_table(self.covariates_.names, self.slopes_ / scale, covariance, "hazard_ratio", level)

    def check_proportional_hazards(self) -> Any:
        """Test for each covariate whether its effect stays the same over time.

        Returns
        -------
        pandas DataFrame with columns parameter, correlation (of the scaled Schoenfeld residuals with the rank of time:
        above 0 the effect rises), chi2 (1 degree of freedom), p_value. A small p_value says that one hazard ratio does
        not describe the covariate; `DiscreteTimeHazard` with a tree-based classifier has no such assumption.

        Notes
        -----
        P. M. Grambsch and T. M. Therneau (1994), *Biometrika* 81, 515-526: chi2 = (sum (g - mean g) r)^2 / (d V sum
        (g - mean g)^2), with r the residuals scaled by d V, V the variance of the slope, and g the rank of the time
        among the d events, equal times sharing their mean rank.
        """
        self._require_fitted()
        rank, residual = self._residuals
        off = rank - rank.mean()
        spread = off @ off
        with np.errstate(invalid="ignore", divide="ignore"):
            chi2 = (off @ residual) ** 2 / (rank.size * np.diag(self.covariance_) * spread)
            correlation = off @ residual / np.sqrt(spread * ((residual - residual.mean(axis=0)) ** 2).sum(axis=0))
        columns = {
            "parameter": np.array(self.covariates_.names, dtype=object),
            "correlation": correlation,
            "chi2": chi2,
            "p_value": gammaincc(0.5, chi2 / 2),
        }
        return make_frame(columns, like=empty_frame("pandas")).to_native()

    # ---- the model's probabilities ----------------------------------------------------------------------------

    def _log_survival(self, matrix: Floats, start: Floats, horizons: Floats) -> Floats:
        end = start[:, None] + horizons
        hazard = self.baseline_.hazard
        rise = hazard[self.baseline_.at(end)] - hazard[self.baseline_.at(start)][:, None]
        lost = -rise * np.exp(matrix @ self.slopes_)[:, None]
        return np.where(end <= self.last_time_ * (1 + 1e-9), lost, np.nan)

    def _expected(self, matrix: Floats, start: Floats, horizon: float) -> Floats:
        # The curve is a step function: the area under it is that of its steps between start and end.
        edges, rate = self.baseline_.time, np.exp(matrix @ self.slopes_)
        area = np.full(len(matrix), np.nan)
        for begin in np.unique(start):
            end = begin + horizon
            if end > self.last_time_ * (1 + 1e-9):
                continue
            low, high = np.searchsorted(edges, (begin, end), side="right")
            rise = self.baseline_.hazard[low : high + 1] - self.baseline_.hazard[low]
            lengths = np.diff(np.concatenate([[begin], edges[low:high], [end]]))
            rows = np.flatnonzero(start == begin)
            for piece in np.array_split(rows, rows.size * rise.size // _CHUNK + 1):
                area[piece] = np.exp(-np.outer(rate[piece], rise)) @ lengths
        return area

    def _spread(self, matrix: Floats, start: Floats, horizon: float) -> Floats:
        begin, end = self.baseline_.at(start), self.baseline_.at(start + horizon)
        rise, square, pull = (
            values[end] - values[begin]
            for values in (self.baseline_.hazard, self.baseline_.square, self.baseline_.pull)
        )
        lever = matrix * rise[:, None] - pull  # eq. 8.8.5, from `start` on
        variance = square + np.einsum("ij,jk,ik->i", lever, self.covariance_, lever)
        return np.asarray(np.exp(matrix @ self.slopes_) * np.sqrt(variance))

    def _beyond(self) -> str:
        return "the curve says nothing there, and the answer is null"


def _estimate(spells: Spells, matrix: Floats, ties: str) -> tuple[Floats, Floats, float, float]:
    """Return slopes, their covariance, and the partial log-likelihood with and without them."""
    hazards = import_optional(
        "statsmodels.duration.hazard_regression", what="CoxModel", install="'customer-value[survival]'"
    )
    # statsmodels counts one who enters at the time of an event as at risk then: he is let in just behind it.
    entry = np.nextafter(spells.entry, np.inf) if spells.entry.any() else None
    with warnings.catch_warnings():
        # What statsmodels warns of here (no convergence, overflow) shows in the checks below.
        warnings.simplefilter("ignore")
        model = hazards.PHReg(spells.duration, matrix, status=spells.event.astype(float), entry=entry, ties=ties)
        try:
            slopes = np.asarray(model.fit(disp=0).params, dtype=np.float64)
            information = -np.asarray(model.hessian(slopes))
            covariance = np.linalg.inv(information)
            off = float(np.asarray(model.score(slopes)) @ covariance @ np.asarray(model.score(slopes)))
        except (np.linalg.LinAlgError, ValueError):
            off, covariance = np.inf, np.full((1, 1), np.nan)
    # off: what Newton's next step would gain, in units of log-likelihood. Separation drives an error beyond all bounds.
    if not off < 1e-6 or not (np.diag(covariance) > 0).all() or np.diag(covariance).max() > _LARGEST_VARIANCE:
        raise ConvergenceError(
            "the Cox model found no optimum. A covariate may follow from others, or tell leavers apart without an "
            "error: leave it out, or put rare levels together."
        )
    return slopes, covariance, float(model.loglike(slopes)), float(model.loglike(np.zeros_like(slopes)))


def _scaled_residuals(time: Floats, residual: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """Return the mean rank of each event's time, and Schoenfeld's residuals scaled by their number and the variance."""
    _, at, tied = np.unique(time, return_inverse=True, return_counts=True)
    rank = (np.cumsum(tied) - (tied - 1) / 2)[at]
    return rank, time.size * residual @ covariance
