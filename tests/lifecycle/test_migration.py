"""Moves are counted customer by customer, and nobody and no money is lost on the way."""

import itertools

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import customer_value as cv

STATES = ["A", "B", "C"]


def made_history(seed=0, customers=60, dates=4, ordered=True):
    rng = np.random.default_rng(seed)
    days = pd.date_range("2026-01-01", periods=dates, freq="MS")
    rows = [
        (f"c{customer}", day, rng.choice(STATES), float(rng.integers(-500, 5000)) / 100)
        for customer, day in itertools.product(range(customers), days)
        if rng.random() < 0.8
    ]
    history = pd.DataFrame(rows, columns=["customer_id", "cutoff", "tier", "spend"])
    if ordered:
        history["tier"] = pd.Categorical(history["tier"], STATES, ordered=True)
    return history


def by_hand(history, date, following):
    """Moves between two dates, one customer at a time."""
    then, later = (
        history[history["cutoff"] == day].set_index("customer_id")[["tier", "spend"]] for day in (date, following)
    )
    found = {}
    for customer in sorted({*then.index, *later.index}):
        from_, before = then.loc[customer] if customer in then.index else ("entered", 0.0)
        to, after = later.loc[customer] if customer in later.index else ("left", 0.0)
        n, b, a = found.get((from_, to), (0, 0.0, 0.0))
        found[from_, to] = (n + 1, b + before, a + after)
    return found


def test_equals_a_count_by_hand():
    history = made_history()
    moves = cv.segment_migration(history, label="tier", value="spend", interval=0.9)
    days = sorted(history["cutoff"].unique())
    assert len(moves) == 3 * 15  # (3 states + entered) x (3 states + left), less entered -> left
    for date, following in itertools.pairwise(days):
        told = moves[(moves["cutoff"] == date) & (moves["next_cutoff"] == following)]
        expected = by_hand(history, date, following)
        for row in told.itertuples():
            n, before, after = expected.get((row.from_state, row.to_state), (0, 0.0, 0.0))
            assert row.customers == n
            assert row.value_change == pytest.approx(after - before, abs=1e-9)
            assert (
                np.isnan(row.value_before) if row.from_state == "entered" else row.value_before == pytest.approx(before)
            )
            assert np.isnan(row.value_after) if row.to_state == "left" else row.value_after == pytest.approx(after)
        start = told.groupby("from_state", observed=True)["customers"].transform("sum")
        np.testing.assert_allclose(told["rate"], told["customers"] / start)
        assert ((told["rate_lower"] <= told["rate"]) & (told["rate"] <= told["rate_upper"])).all()


def test_nobody_and_no_money_is_lost():
    history = made_history(3)
    moves = cv.segment_migration(history, label="tier", value="spend")
    here = moves["from_state"] != "entered"
    there = moves["to_state"] != "left"
    for date, frame in history.groupby("cutoff"):
        counts = frame["tier"].value_counts()
        sums = frame.groupby("tier", observed=True)["spend"].sum()
        leaving = moves[here & (moves["cutoff"] == date)].groupby("from_state", observed=True)
        coming = moves[there & (moves["next_cutoff"] == date)].groupby("to_state", observed=True)
        for grouped, value in ((leaving, "value_before"), (coming, "value_after")):
            for state, group in grouped:
                assert group["customers"].sum() == counts[state]
                assert group[value].sum() == pytest.approx(sums[state])


def test_two_frames_are_a_history_of_two_dates():
    history = made_history(1, dates=2)
    whole = cv.segment_migration(history, label="tier", value="spend")
    before, after = (group.drop(columns="cutoff") for _, group in history.groupby("cutoff"))
    pair = cv.segment_migration(before, after, label="tier", value="spend")
    pd.testing.assert_frame_equal(pair, whole.drop(columns=["cutoff", "next_cutoff"]))


def test_without_arrivals_there_is_no_such_state():
    history = made_history(2).query("customer_id in ['c1', 'c2']")
    dates = ("2026-01-01", "2026-02-01")
    history = pd.concat([history.assign(cutoff=day).drop_duplicates("customer_id") for day in dates])
    moves = cv.segment_migration(history, label="tier")
    assert set(moves["from_state"]) == set(moves["to_state"]) == set(STATES)
    assert moves["from_state"].cat.categories.tolist() == STATES


def test_a_state_that_nobody_is_in_has_no_rates():
    frame = pd.DataFrame({"customer_id": [1, 2], "tier": pd.Categorical(["A", "A"], STATES, ordered=True)})
    moves = cv.segment_migration(frame, frame, label="tier", interval=0.9)
    empty = moves[moves["from_state"] != "A"]
    assert (empty["customers"] == 0).all()
    assert empty[["rate", "rate_lower", "rate_upper"]].isna().all(axis=None)


def plain(frame):
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame.with_columns(pl.col("from_state", "to_state").cast(pl.String)).rows()
    if isinstance(frame, pa.Table):
        return pl.from_arrow(frame).rows()
    return pl.from_pandas(frame.astype({"from_state": str, "to_state": str})).rows()


def test_no_order_of_rows_and_no_library_changes_a_bit():
    history = made_history(4, ordered=False)
    expected = plain(cv.segment_migration(history, label="tier", value="spend"))
    shuffled = history.sample(frac=1, random_state=0)
    frame = pl.from_pandas(shuffled)
    chunked = pl.concat([frame[:50], frame[50:]], rechunk=False)
    for same in (shuffled, frame, frame.lazy(), chunked, frame.to_arrow(), chunked.to_arrow()):
        assert plain(cv.segment_migration(same, label="tier", value="spend")) == expected


@pytest.mark.parametrize("states", [[1, 2, 10], [True, False, True]])
def test_states_need_not_be_texts(states):
    frame = pd.DataFrame({"customer_id": [1, 2, 3], "cluster": states})
    moves = cv.segment_migration(frame, frame, label="cluster")
    assert moves["from_state"].cat.categories.tolist() == [str(state) for state in sorted(set(states))]
    assert moves["customers"].sum() == 3


def test_the_order_of_states_can_be_given():
    frame = pd.DataFrame({"customer_id": [1, 2, 3], "tier": ["vip", "key", "other"]})
    moves = cv.segment_migration(frame, frame, label="tier", order=["vip", "key", "other"])
    assert moves["from_state"].cat.categories.tolist() == ["vip", "key", "other"]
    with pytest.raises(cv.InputError, match=r"order must name every tier; it lacks \['other'\]"):
        cv.segment_migration(frame, frame, label="tier", order=["vip", "key"])


def test_bad_input():
    frame = pd.DataFrame({"customer_id": [1, 2, 2], "tier": ["A", "B", "B"]})
    one = frame.iloc[:2]
    with pytest.raises(cv.InputError, match=r"customer_id must name one row each; 1 of 5 rows is not \(rows 2\)"):
        cv.segment_migration(frame, one, label="tier")
    with pytest.raises(cv.InputError, match="no tier in common"):
        cv.segment_migration(one, one.assign(tier="甲"), label="tier")
    with pytest.raises(cv.InputError, match="two dates or more"):
        cv.segment_migration(one.assign(cutoff="2026-01-01"), label="tier")
    with pytest.raises(cv.InputError, match="tier must not be null; 1 of 2 rows"):
        cv.segment_migration(one.assign(tier=["A", None]), one, label="tier")
    with pytest.raises(cv.InputError, match="left='B' is also the name of a state"):
        cv.segment_migration(one, one, label="tier", left="B")
    with pytest.raises(cv.InputError, match="customer_id must have one type in both frames"):
        cv.segment_migration(one, one.assign(customer_id=["1", "2"]), label="tier")
    with pytest.raises(cv.InputError, match="both frames must be of one library"):
        cv.segment_migration(one, pl.from_pandas(one), label="tier")
    with pytest.raises(cv.InputError, match="frame after is empty"):
        cv.segment_migration(one, one.iloc[:0], label="tier")
