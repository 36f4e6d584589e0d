"""Splits of a panel of snapshots that keep the outcome windows of training clear of the test, for scikit-learn.

A row's label is known only when its outcome window has ended. A model that is to be tested from a cutoff on may
therefore learn only from rows whose window ended by then; the rows in between are purged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Any

import numpy as np
from sklearn.model_selection import BaseCrossValidator

from customer_value._units import date_of, day_number
from customer_value._validation import whole_number
from customer_value.churn._windows import outcome_window
from customer_value.errors import DataWarning, InputError, warn

Rows = np.ndarray[Any, np.dtype[np.intp]]
Days = np.ndarray[Any, np.dtype[np.int64]]


class PurgedTimeSplit(BaseCrossValidator):  # type: ignore[misc]  # scikit-learn has no types
    """Test on later cutoffs, train on rows whose outcome window had ended by then.

    Parameters
    ----------
    times
        The cutoff of each row: dates, timestamps or ISO texts, in the order of the rows that `split` will get (as
        scikit-learn's PredefinedSplit takes its folds). `panel["cutoff"]` of a `churn_snapshots` panel.
    horizon
        Length of the outcome window: a text such as "120 days" or "3 months", or a number of days.
    gap
        Time between a cutoff and the start of its outcome window, as `horizon`; none by default.
    n_splits
        Number of test folds, each a block of consecutive cutoffs at the end of the times.
    min_train
        Least number of training rows in every fold.

    Raises
    ------
    InputError
        If there is one cutoff only; if a fold is left without enough training rows because the outcome windows of
        earlier cutoffs reach into it; in `split`, if the rows are not as many as the times.

    See Also
    --------
    GroupPurgedTimeSplit : the same, with each customer on one side.

    Notes
    -----
    With ``m`` distinct cutoffs each test fold holds ``m // (n_splits + 1)`` of them (at least one), and the last fold
    ends with the last cutoff. A training row at cutoff ``c`` has the window ``[c + gap, c + gap + horizon)``; it is
    kept if that ends at or before the fold's first cutoff. Purging is due to López de Prado, M. (2018), *Advances in
    Financial Machine Learning*, chapter 7. No embargo after the test is needed, for training never lies after it.

    The same customer may be in training at an early cutoff and in the test at a later one, as it is in use.

    Examples
    --------
    >>> import numpy as np
    >>> from customer_value.churn import PurgedTimeSplit
    >>> times = np.repeat(np.array(["2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01"]), 2)
    >>> for train, test in PurgedTimeSplit(times, horizon="3 months", n_splits=2).split(np.zeros((8, 1))):
    ...     print(train, test)
    [0 1 2 3] [4 5]
    [0 1 2 3 4 5] [6 7]
    >>> for train, test in PurgedTimeSplit(times, horizon="6 months", n_splits=2).split(np.zeros((8, 1))):
    ...     print(train, test)
    [0 1] [4 5]
    [0 1 2 3] [6 7]
    """

    def __init__(
        self, times: Any, *, horizon: str | float, gap: str | float = 0, n_splits: int = 3, min_train: int = 1
    ) -> None:
        self.times = times
        self.horizon = horizon
        self.gap = gap
        self.n_splits = whole_number(n_splits, "n_splits", low=1)
        self.min_train = whole_number(min_train, "min_train", low=1)
        self._days = _cutoff_days(times)
        self._folds = self._purged_folds()

    def split(self, X: Any = None, y: Any = None, groups: Any = None) -> Iterator[tuple[Rows, Rows]]:
        """Give the training and test rows of each fold.

        Parameters
        ----------
        X
            The rows, of which only the number is looked at.
        y, groups
            Not used.

        Yields
        ------
        train, test
            Positions of rows, ascending.
        """
        _require_length(next((given for given in (X, y, groups) if given is not None), None), self._days.size)
        yield from self._folds

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds; nothing that is given is used."""
        return len(self._folds)

    def _purged_folds(self) -> list[tuple[Rows, Rows]]:
        cutoffs = np.unique(self._days)
        if cutoffs.size < 2:
            raise InputError(
                f"times hold one cutoff only, {date_of(cutoffs[0])}: there is no later one to test on. Take several "
                "cutoffs (churn_snapshots), or split one snapshot with StratifiedKFold."
            )
        if self.n_splits >= cutoffs.size:
            raise InputError(
                f"n_splits={self.n_splits} needs at least {self.n_splits + 1} distinct cutoffs; "
                f"there are {cutoffs.size}."
            )
        window_end = np.array([outcome_window(int(cutoff), self.horizon, self.gap).end for cutoff in cutoffs])
        ends = window_end[np.searchsorted(cutoffs, self._days)]
        size = max(1, cutoffs.size // (self.n_splits + 1))
        starts = range(cutoffs.size - self.n_splits * size, cutoffs.size, size)
        folds = []
        for start in starts:
            first, last = cutoffs[start], cutoffs[start + size - 1]
            train = np.flatnonzero(ends <= first)
            if train.size < self.min_train:
                raise self._too_few(train.size, int(first), cutoffs, window_end)
            folds.append((train, np.flatnonzero((first <= self._days) & (self._days <= last))))
        return folds

    def _too_few(self, rows: int, first: int, cutoffs: Days, window_end: Days) -> InputError:
        usable = cutoffs[cutoffs >= window_end[0]]
        remedy = (
            f"The first cutoff that can be tested is {date_of(usable[0])}: ask for fewer n_splits, or take earlier or "
            "more cutoffs."
            if usable.size
            else f"The first outcome window ends on {date_of(window_end[0])}, after the last cutoff: take cutoffs over "
            "a longer time, or a shorter horizon."
        )
        return InputError(
            f"the outcome windows leave {rows} training rows for the fold that starts on {date_of(first)}, of at least "
            f"{self.min_train}: a training row's window must end by then. {remedy}"
        )


class GroupPurgedTimeSplit(PurgedTimeSplit):
    """Test on later cutoffs and other customers: each customer is on one side of a fold.

    Parameters
    ----------
    times, horizon, gap, n_splits, min_train
        As in `PurgedTimeSplit`.
    customer_folds
        Number of parts, 2 or more, into which customers are dealt. Each part in turn is tested in each block of
        cutoffs by a model that learnt from the other parts, so there are ``n_splits * customer_folds`` folds.
    random_state
        Seed of the dealing.

    Raises
    ------
    InputError
        As `PurgedTimeSplit`; in `split`, if groups are missing, or too few customers to deal.

    Notes
    -----
    Taking every customer of the test out of training, without dealing, would leave in training mostly customers who
    were gone by the time of the test: a sample chosen by its outcome. Dealt customers are a sample that is not.

    The parts depend on the customers' ids only, neither on the order of the rows nor on the labels. Give the customer
    as `groups`: ``cross_validate(model, X, y, groups=groups, cv=split)``.

    Examples
    --------
    >>> import numpy as np
    >>> from customer_value.churn import GroupPurgedTimeSplit
    >>> times = np.repeat(np.array(["2024-01-01", "2024-07-01"]), 4)
    >>> customers = np.array(list("abcd") * 2)
    >>> split = GroupPurgedTimeSplit(times, horizon="6 months", n_splits=1, customer_folds=2)
    >>> for train, test in split.split(np.zeros((8, 1)), groups=customers):
    ...     print(customers[train], customers[test])
    ['c' 'd'] ['a' 'b']
    ['a' 'b'] ['c' 'd']
    """

    # scikit-learn's way to say that cross_validate and searches must pass groups on.
    __metadata_request__split = {"groups": True}  # noqa: RUF012  # read by scikit-learn under this very name

    def __init__(
        self,
        times: Any,
        *,
        horizon: str | float,
        gap: str | float = 0,
        n_splits: int = 3,
        min_train: int = 1,
        customer_folds: int = 3,
        random_state: int = 0,
    ) -> None:
        super().__init__(times, horizon=horizon, gap=gap, n_splits=n_splits, min_train=min_train)
        self.customer_folds = whole_number(customer_folds, "customer_folds", low=2)
        self.random_state = whole_number(random_state, "random_state")

    def split(self, X: Any = None, y: Any = None, groups: Any = None) -> Iterator[tuple[Rows, Rows]]:
        """Give the training and test rows of each fold.

        Parameters
        ----------
        X, y
            The rows, of which only the number is looked at.
        groups
            The customer of each row.

        Yields
        ------
        train, test
            Positions of rows, ascending.
        """
        if groups is None:
            raise InputError("GroupPurgedTimeSplit needs the customer of each row: pass groups=customer ids.")
        _require_length(X, self._days.size)
        _require_length(groups, self._days.size)
        ids, customer = np.unique(np.asarray(groups), return_inverse=True)
        if ids.size < self.customer_folds:
            raise InputError(f"customer_folds={self.customer_folds} needs as many customers; there are {ids.size}.")
        part = (np.random.default_rng(self.random_state).permutation(ids.size) % self.customer_folds)[customer]
        for train, test in self._folds:
            for tested in range(self.customer_folds):
                kept, held = train[part[train] != tested], test[part[test] == tested]
                if kept.size < self.min_train or not held.size:
                    raise InputError(
                        f"a fold that tests from {date_of(self._days[test].min())} on has {kept.size} training and "
                        f"{held.size} test rows once customers are kept on one side; at least {self.min_train} and 1 "
                        "are needed. Ask for fewer customer_folds or n_splits."
                    )
                yield kept, held

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds; nothing that is given is used."""
        return len(self._folds) * self.customer_folds


def warn_leaking_folds(
    folds: Iterable[tuple[Rows, Rows]], *, times: Any, horizon: str | float, gap: str | float = 0, groups: Any = None
) -> None:
    """Warn where folds of overlapping snapshots, such as a plain KFold makes, let training see the test's future.

    A fold leaks if a customer of the test has a training row whose outcome window ends after his own tested cutoff:
    that row's label or features then tell what the test asks. Without `groups` any such training row counts. One
    cutoff alone cannot leak in this way.
    """
    days = _cutoff_days(times)
    if np.unique(days).size < 2:
        return
    end = {day: outcome_window(int(day), horizon, gap).end for day in np.unique(days)}
    ends = np.array([end[day] for day in days])
    customer = np.zeros(days.size, dtype=np.intp)
    if groups is not None:
        _require_length(groups, days.size)
        customer = np.unique(np.asarray(groups), return_inverse=True)[1]
    leaking = rows = 0
    for train, test in folds:
        latest = np.full(customer.max() + 1, np.iinfo(np.int64).min)
        np.maximum.at(latest, customer[train], ends[train])
        leaks = int((latest[customer[test]] > days[test]).sum())
        leaking, rows = leaking + (leaks > 0), rows + leaks
    if leaking:
        whose = "the same customer" if groups is not None else "training"
        warn(
            f"in {leaking} folds {rows} test rows meet a training row of {whose} whose outcome window ends after their "
            "own cutoff, so the scores are too good. Split with PurgedTimeSplit(times, horizon=...), or keep each "
            "customer on one side (GroupPurgedTimeSplit, StratifiedGroupKFold).",
            DataWarning,
        )


def _cutoff_days(times: Any) -> Days:
    """Day numbers of cutoffs in any of the forms in which columns hold dates."""
    values = np.asarray(times)
    if values.ndim != 1 or not values.size:
        raise InputError(f"times must hold one cutoff per row, in one dimension; got an array of shape {values.shape}.")
    if values.dtype.kind == "M" and not np.isnat(values).any():
        return values.astype("datetime64[D]").astype(np.int64)
    known: dict[Any, int] = {}
    for value in values:
        if value not in known:
            known[value] = day_number(value, "times")
    return np.array([known[value] for value in values], dtype=np.int64)


def _require_length(given: Any, rows: int) -> None:
    if given is None:
        return
    shape = getattr(given, "shape", None)
    if not (shape or isinstance(given, Sized)):
        raise InputError(f"the data must have one row per cutoff; got {given!r}.")
    n = shape[0] if shape else len(given)
    if n != rows:
        raise InputError(
            f"times have {rows} rows and the data {n}: give the splitter the cutoffs of exactly the rows that are "
            "split (inside another split, those of its training rows)."
        )
