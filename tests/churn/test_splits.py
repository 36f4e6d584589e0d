"""Purged splits: no training window reaches into the test, no customer on both sides where that is asked."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_validate

import customer_value as cv
from customer_value.churn import GroupPurgedTimeSplit, PurgedTimeSplit
from customer_value.churn.splits import warn_leaking_folds
from customer_value.errors import DataWarning, InputError

CUTOFFS = pd.date_range("2024-01-01", periods=8, freq="MS")
TIMES = np.repeat(CUTOFFS.to_numpy(), 30)
CUSTOMERS = np.tile(np.arange(30), 8)


def test_windows_of_training_end_before_the_test_begins():
    for train, test in PurgedTimeSplit(TIMES, horizon="2 months", gap=10, n_splits=2).split(TIMES):
        # The window of a cutoff starts 10 days after it and lasts two calendar months.
        ends = pd.DatetimeIndex(TIMES[train]) + pd.Timedelta(days=10) + pd.DateOffset(months=2)
        assert ends.max() <= TIMES[test].min()
        assert TIMES[train].max() < TIMES[test].min()


def test_nothing_that_may_be_used_is_purged():
    train, test = next(PurgedTimeSplit(TIMES, horizon="1 month", n_splits=1).split(TIMES))
    assert sorted(set(TIMES[test])) == list(CUTOFFS[4:])
    assert sorted(set(TIMES[train])) == list(CUTOFFS[:4])  # the last of them ends on the very day the test begins


def test_later_folds_cover_the_end_of_the_times_once():
    split = PurgedTimeSplit(TIMES, horizon="1 month", n_splits=3)
    tested = np.concatenate([test for _, test in split.split(TIMES)])
    np.testing.assert_array_equal(np.sort(tested), np.flatnonzero(CUTOFFS[2] <= TIMES))
    assert split.get_n_splits() == 3


@pytest.mark.parametrize(
    "times",
    [
        TIMES.astype("datetime64[D]").astype(str),
        list(pd.DatetimeIndex(TIMES).date),
        pd.Series(TIMES).dt.tz_localize("Asia/Shanghai"),
        pl.Series(TIMES).dt.date(),
    ],
    ids=["text", "dates", "aware", "polars"],
)
def test_times_come_in_any_form(times):
    expected = list(PurgedTimeSplit(TIMES, horizon="1 month").split(TIMES))
    for found, known in zip(PurgedTimeSplit(times, horizon="1 month").split(TIMES), expected, strict=True):
        np.testing.assert_array_equal(found[0], known[0])
        np.testing.assert_array_equal(found[1], known[1])


def test_customers_stay_on_one_side_and_each_test_row_comes_once():
    split = GroupPurgedTimeSplit(TIMES, horizon="1 month", n_splits=2, customer_folds=3)
    folds = list(split.split(TIMES, groups=CUSTOMERS))
    assert len(folds) == split.get_n_splits() == 6
    for train, test in folds:
        assert not set(CUSTOMERS[train]) & set(CUSTOMERS[test])
        assert TIMES[train].max() < TIMES[test].min()
    tested = np.concatenate([test for _, test in folds])
    assert np.unique(tested).size == tested.size == (CUTOFFS[4:].size * 30)


def test_the_dealing_of_customers_does_not_depend_on_the_order_of_rows():
    shuffled = np.random.default_rng(3).permutation(TIMES.size)
    one = GroupPurgedTimeSplit(TIMES, horizon="1 month").split(TIMES, groups=CUSTOMERS)
    other = GroupPurgedTimeSplit(TIMES[shuffled], horizon="1 month").split(TIMES, groups=CUSTOMERS[shuffled])
    for (train, test), (train2, test2) in zip(one, other, strict=True):
        np.testing.assert_array_equal(np.sort(shuffled[train2]), train)
        np.testing.assert_array_equal(np.sort(shuffled[test2]), test)


def test_scikit_learn_takes_the_splits():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(TIMES.size, 2)), rng.integers(0, 2, TIMES.size)
    split = GroupPurgedTimeSplit(TIMES, horizon="1 month", n_splits=2)
    assert cross_validate(LogisticRegression(), X, y, groups=CUSTOMERS, cv=split)["test_score"].size == 6
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=PurgedTimeSplit(TIMES, horizon="1 month"))
    assert search.fit(X, y).n_splits_ == 3


def test_groups_are_routed_to_the_split():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(TIMES.size, 2)), rng.integers(0, 2, TIMES.size)
    split = GroupPurgedTimeSplit(TIMES, horizon="1 month", n_splits=1)
    with sklearn.config_context(enable_metadata_routing=True):
        done = cross_validate(LogisticRegression(), X, y, params={"groups": CUSTOMERS}, cv=split)
    assert done["test_score"].size == 3


def test_windows_that_leave_no_training_rows_are_refused_with_the_first_cutoff_that_works():
    with pytest.raises(InputError, match=r"0 training rows for the fold that starts on 2024-03-01.*2024-06-01"):
        PurgedTimeSplit(TIMES, horizon="5 months")
    with pytest.raises(InputError, match="ends on 2026-01-01, after the last cutoff"):
        PurgedTimeSplit(TIMES, horizon="2 years")
    with pytest.raises(InputError, match="leave 60 training rows"):
        PurgedTimeSplit(TIMES, horizon="1 month", min_train=61)


@pytest.mark.parametrize(
    ("times", "options", "message"),
    [
        (TIMES[:30], {}, "one cutoff only, 2024-01-01"),
        (TIMES[:60], {}, "n_splits=3 needs at least 4 distinct cutoffs"),
        ([], {}, "one cutoff per row"),
        ([1, 2], {}, "times must be a date"),
        (TIMES, {"n_splits": 0}, "n_splits must be a whole number, 1 or above"),
        (TIMES, {"horizon": -3}, "horizon must be"),
    ],
)
def test_bad_arguments(times, options, message):
    with pytest.raises(InputError, match=message):
        PurgedTimeSplit(times, **{"horizon": "1 month", **options})


def test_rows_that_are_not_as_many_as_the_times():
    with pytest.raises(InputError, match="times have 240 rows and the data 100"):
        next(PurgedTimeSplit(TIMES, horizon="1 month").split(np.zeros((100, 2))))
    with pytest.raises(InputError, match="groups=customer ids"):
        next(GroupPurgedTimeSplit(TIMES, horizon="1 month").split(TIMES))
    with pytest.raises(InputError, match="customer_folds=31 needs as many customers; there are 30"):
        next(GroupPurgedTimeSplit(TIMES, horizon="1 month", customer_folds=31).split(TIMES, groups=CUSTOMERS))


@pytest.mark.parametrize("groups", [CUSTOMERS, None], ids=["customers", "no customers"])
def test_a_plain_split_of_overlapping_snapshots_warns(groups):
    folds = list(KFold(4, shuffle=True, random_state=0).split(TIMES))
    known = np.zeros(TIMES.size) if groups is None else groups
    overlaps = np.array([[cutoff < other + pd.DateOffset(months=3) for other in CUTOFFS] for cutoff in CUTOFFS])
    leaks = sum(
        any(known[i] == known[j] and overlaps[i // 30, j // 30] for j in train) for train, test in folds for i in test
    )
    assert leaks > 200
    with pytest.warns(DataWarning, match=f"in 4 folds {leaks} test rows"):
        warn_leaking_folds(folds, times=TIMES, horizon="3 months", groups=groups)


def test_honest_splits_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        purged = PurgedTimeSplit(TIMES, horizon="1 month")
        warn_leaking_folds(purged.split(TIMES), times=TIMES, horizon="1 month", groups=CUSTOMERS)
        by_customer = GroupKFold(3).split(TIMES, groups=CUSTOMERS)
        warn_leaking_folds(by_customer, times=TIMES, horizon="3 months", groups=CUSTOMERS)
        warn_leaking_folds(KFold(3).split(TIMES[:30]), times=TIMES[:30], horizon="3 months")


def test_the_room_has_the_splits():
    assert cv.churn.PurgedTimeSplit is PurgedTimeSplit
