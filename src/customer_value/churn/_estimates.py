"""Estimates of a fit as a table, and how well an unpenalised logistic regression knows its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from customer_value._frames import empty_frame, make_frame
from customer_value._stats.intervals import normal_quantile
from customer_value.churn._spells import Floats
from customer_value.errors import FitWarning, warn

_UNKNOWN = 10.0  # standard error of a logarithm of odds: a factor of 20,000


def is_maximum_likelihood(estimator: Any) -> bool:
    """Whether a fitted estimator is a logistic regression without a penalty and with equal classes."""
    return (
        isinstance(estimator, LogisticRegression)
        and (np.isinf(estimator.C) or estimator.penalty is None)
        and estimator.class_weight is None
        and estimator.fit_intercept
    )


def logistic_covariance(matrix: Floats, hazard: Floats, counts: Floats) -> Floats:
    """Inverse of the information X' W X, W = n h (1 - h), of the intercept and the columns (NaN where singular)."""
    design = np.column_stack([np.ones(len(matrix)), matrix])
    information = design.T @ (design * (counts * hazard * (1 - hazard))[:, None])
    try:
        return np.asarray(np.linalg.inv(information), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full_like(information, np.nan)


def tell_unknown(names: list[str], covariance: Floats) -> None:
    """Warn of standardised covariates, the last ones of the estimates, of which the data do not say how they act."""
    error = np.sqrt(np.diag(covariance))[len(covariance) - len(names) :]
    if unknown := [name for name, size in zip(names, error, strict=True) if not size < _UNKNOWN]:
        warn(
            f"the data do not say how {', '.join(unknown)} act on churn: probably they tell leavers apart without an "
            "error. Check that they were known before customers left, put rare levels together, or leave them out.",
            FitWarning,
        )


def estimates_table(names: list[str], estimate: Floats, covariance: Floats, ratio: str, level: float) -> Any:
    """Return estimates with standard errors, and the ratios that they stand for with intervals."""
    error = np.sqrt(np.diag(covariance))
    off = normal_quantile(level) * error
    with np.errstate(over="ignore"):  # an estimate that is not known has no end
        ratios = (np.exp(estimate), np.exp(estimate - off), np.exp(estimate + off))
    columns = {
        "parameter": np.array(names, dtype=object),
        "estimate": estimate,
        "standard_error": error,
        **dict(zip((ratio, f"{ratio}_lower", f"{ratio}_upper"), ratios, strict=True)),
    }
    return make_frame(columns, like=empty_frame("pandas")).to_native()
