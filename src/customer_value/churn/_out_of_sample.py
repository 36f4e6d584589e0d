"""Probabilities of customers by models that have not seen them, nor anything that came after their cutoff."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, check_cv
from sklearn.utils.validation import has_fit_parameter

from customer_value._units import date_of
from customer_value._validation import (
    require_choice,
    require_rows,
)
from customer_value.churn._windows import outcome_window
from customer_value.churn.splits import GroupPurgedTimeSplit, Rows, warn_leaking_folds
from customer_value.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]

_FOLDS = 5  # of customers, where there is one cutoff
_BLOCKS = 3  # of cutoffs that are tested in turn, where there are several


@dataclass(frozen=True)
class Design:
    """Training and test rows of each fit, and how they came about in a sentence."""

    folds: list[tuple[Rows, Rows]]
    told: str


def choose_folds(
    y: Floats, customers: Whole, cutoffs: Whole | None, *, horizon: Any, gap: Any, random_state: int
) -> Design:
    """Test on later cutoffs and other customers where there are several cutoffs, else on other customers."""
    order = np.lexsort((customers,) if cutoffs is None else (cutoffs, customers))  # folds go by rows' values
    if cutoffs is not None and np.unique(cutoffs).size > 1:
        if horizon is None:
            raise InputError(
                "the panel holds several cutoffs: give horizon= (and gap=) of its labels, so that no outcome window "
                "of training reaches into the test; or folds of your own as cv=."
            )
        blocks = _blocks(np.unique(cutoffs), horizon, gap)
        times = cutoffs[order].astype("datetime64[D]")
        split = GroupPurgedTimeSplit(times, horizon=horizon, gap=gap, n_splits=blocks, random_state=random_state)
        dealt = list(split.split(groups=customers[order]))
        first = date_of(int(min(cutoffs[order][test].min() for _, test in dealt)))
        told = (
            f"Out of time: cutoffs from {first} on, each by a model that learnt from other customers, at cutoffs whose "
            "outcome was known by then."
        )
    else:
        n = int(min(_FOLDS, y.sum(), (1 - y).sum()))
        if n < 2:
            raise InputError(
                "evaluate_churn needs at least two customers who churned and two who did not; there are "
                f"{int(y.sum())} and {int((1 - y).sum())}."
            )
        no_features = np.zeros((y.size, 1))
        if np.unique(customers).size == customers.size:
            folds = StratifiedKFold(n, shuffle=True, random_state=random_state)
            dealt = list(folds.split(no_features, y[order]))
        else:
            grouped = StratifiedGroupKFold(n, shuffle=True, random_state=random_state)
            dealt = list(grouped.split(no_features, y[order], customers[order]))
        told = f"Out of fold: {n} folds of customers, each by a model that learnt from the others."
    return Design([(order[train], order[test]) for train, test in dealt], told)


def given_folds(cv: Any, X: Any, y: Floats, groups: Any, cutoffs: Whole | None, *, horizon: Any, gap: Any) -> Design:
    """Return folds of the caller's own: warned of where training sees the test's future, refused where they overlap."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The groups parameter is ignored")  # said of splitters that need none
        folds = [(np.asarray(a), np.asarray(b)) for a, b in check_cv(cv, y, classifier=True).split(X, y, groups)]
    both = sum(np.intersect1d(train, test).size > 0 for train, test in folds)
    if both:
        raise InputError(f"cv must keep training and test apart; in {both} of {len(folds)} folds they share rows.")
    if cutoffs is not None:
        # Without the horizon at least the same customer's later snapshots are known to tell the test's outcome.
        span = 1 if horizon is None else horizon
        warn_leaking_folds(folds, times=cutoffs.astype("datetime64[D]"), horizon=span, gap=gap, groups=groups)
    return Design(folds, f"{len(folds)} folds of the caller's own.")


def out_of_sample(
    models: Mapping[str, Any], design: Design, rows: Callable[[Rows], Any], y: Floats, groups: Any
) -> tuple[dict[str, Floats], Rows]:
    """Return each model's probabilities of the tested rows, averaged where a row is tested twice, and these rows."""
    for name, model in models.items():
        if not hasattr(model, "fit") or not hasattr(model, "predict_proba"):
            raise InputError(f"{name} must be a classifier with fit and predict_proba; got {type(model).__name__}.")
    total = {name: np.zeros(y.size) for name in models}
    times = np.zeros(y.size)
    for train, test in design.folds:
        if np.unique(y[train]).size < 2:
            raise InputError(
                f"a fold's {train.size} training rows have one outcome only: give more customers or cutoffs, or other "
                "folds as cv=."
            )
        times[test] += 1
        for name, model in models.items():
            known = {"groups": groups[train]} if has_fit_parameter(model, "groups") else {}
            fitted = clone(model).fit(rows(train), y[train].astype(np.int64), **known)
            total[name][test] += fitted.predict_proba(rows(test))[:, 1]
    tested = np.flatnonzero(times)
    return {name: sums[tested] / times[tested] for name, sums in total.items()}, tested


def unlabelled_rows(known: np.ndarray[Any, np.dtype[np.bool_]], unlabelled: str, outcome: str) -> Rows:
    """Return the rows with an outcome; raise where some have none and that was not agreed to."""
    require_choice("unlabelled", unlabelled, ("error", "drop"))
    if unlabelled == "error":
        require_rows(known, f"{outcome} must not be null", "unlabelled='drop' leaves them out.")
    return np.flatnonzero(known)


def _blocks(cutoffs: Whole, horizon: Any, gap: Any) -> int:
    """Most blocks of cutoffs, up to three, that all have closed outcome windows to learn from."""
    usable = int((cutoffs >= outcome_window(int(cutoffs[0]), horizon, gap).end).sum())
    fitting = [n for n in range(1, _BLOCKS + 1) if n * max(1, cutoffs.size // (n + 1)) <= usable]
    return max(fitting, default=1)  # where none fits, the split says why
