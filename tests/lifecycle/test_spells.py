"""Spells by hand, and durations that unfinished spells do not shorten."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import customer_value as cv

MONTHS = pd.date_range("2026-01-01", periods=8, freq="MS")


def history_of(lives):
    """A history from a letter per month and customer; a blank where a customer is missing."""
    rows = [
        (customer, MONTHS[t], state)
        for customer, life in enumerate(lives)
        for t, state in enumerate(life)
        if state != " "
    ]
    return pd.DataFrame(rows, columns=["customer_id", "cutoff", "lifecycle_stage"])


def test_spells_by_hand():
    spells = cv.stage_spells(history_of(["AABBBA  ", "  A AA B", "CCCCCCCC"]), time_unit="day")
    days = [(m - MONTHS[0]).days for m in MONTHS]
    expected = [
        (0, "A", 0, 2, True, False),
        (0, "B", 2, 5, True, True),
        (0, "A", 5, 6, True, True),  # missing afterwards: over
        (1, "A", 2, 3, True, True),
        (1, "A", 4, 6, True, True),
        (1, "B", 7, 7, False, True),
        (2, "C", 0, 7, False, False),
    ]
    found = list(spells.itertuples(index=False, name=None))
    assert found == [
        (customer, state, MONTHS[start], MONTHS[end], days[end] - days[start], ended, known)
        for customer, state, start, end, ended, known in expected
    ]


@settings(max_examples=25, deadline=None)
@given(lives=st.lists(st.text("AB ", min_size=8, max_size=8), min_size=1, max_size=5), data=st.data())
def test_spells_cover_every_row_once(lives, data):
    history = history_of(lives)
    if history["cutoff"].nunique() < 2:
        return
    cutoffs = sorted(history["cutoff"].unique())
    spells = cv.stage_spells(history)
    for spell in spells.itertuples():
        last = cutoffs.index(spell.spell_end) - spell.ended
        own = history[(history["customer_id"] == spell.customer_id) & (history["lifecycle_stage"] == spell.state)]
        inside = own["cutoff"].between(spell.spell_start, cutoffs[last])
        assert inside.sum() == last - cutoffs.index(spell.spell_start) + 1
    shuffled = history.sample(frac=1, random_state=data.draw(st.integers(0, 99)))
    pd.testing.assert_frame_equal(cv.stage_spells(shuffled), spells)
    pd.testing.assert_frame_equal(
        pl.DataFrame(cv.stage_spells(pl.from_pandas(history))).drop("state").to_pandas(),
        spells.drop(columns="state"),
        check_dtype=False,
    )


def geometric_lives(rng, customers, leaving, months=36):
    """Customers who come in some month, are in a state A until they leave it, and in B from then on."""
    days = pd.date_range("2023-01-01", periods=months, freq="MS")
    start = rng.integers(0, months, customers)
    stay = rng.geometric(leaving, customers)
    return pd.DataFrame(
        [
            (customer, days[t], "A" if t < start[customer] + stay[customer] else "B")
            for customer in range(customers)
            for t in range(start[customer], months)
        ],
        columns=["customer_id", "cutoff", "lifecycle_stage"],
    )


def test_unfinished_spells_do_not_shorten_durations():
    rng = np.random.default_rng(0)
    history = geometric_lives(rng, 600, 0.05)
    truth = 14  # the first month by which half have left at 5 % a month: .95^14 = .488
    found = cv.stage_durations(history).set_index("state").loc["A"]
    assert found["median_duration_lower"] - 0.05 <= truth <= found["median_duration_upper"] + 0.05
    spells = cv.stage_spells(history)
    over = spells[spells["ended"] & (spells["state"] == "A")]
    assert over["duration"].median() < 0.75 * truth  # what leaving out the unfinished would say
    assert found["spells"] + found["unknown_start"] == (spells["state"] == "A").sum()
    assert found["ended"] + found["unfinished"] == found["spells"]


def test_the_interval_covers_the_median_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(60):
        found = cv.stage_durations(geometric_lives(rng, 60, 0.1, months=24)).set_index("state").loc["A"]
        # In months of 30.44 days; the true median is 7 steps.
        covered.append(
            found["median_duration_lower"] - 0.1 <= 7 <= np.nan_to_num(found["median_duration_upper"], nan=99) + 0.1
        )
    # 90 % nominal; whole months make it wider. 60 draws: below 80 % would come by chance in 1 of 100 cases.
    assert np.mean(covered) >= 0.8


def test_what_was_not_seen_to_end_is_null():
    durations = cv.stage_durations(history_of([" AAAAAAA", "BBBBBBBB"])).set_index("state")
    assert durations.loc["A", ["spells", "ended", "unfinished"]].tolist() == [1, 0, 1]
    assert durations.loc["B", ["spells", "unknown_start"]].tolist() == [0, 1]
    assert durations.filter(like="median").isna().all(axis=None)


def test_bad_input():
    history = history_of(["AB      "])
    with pytest.raises(cv.InputError, match="two dates or more"):
        cv.stage_durations(history.iloc[:1])
    with pytest.raises(cv.InputError, match="interval must be a number"):
        cv.stage_durations(history, interval=None)
    with pytest.raises(cv.InputError, match="time_unit must be one of"):
        cv.stage_spells(history, time_unit="fortnight")
    with pytest.raises(cv.InputError, match="cutoff must hold dates"):
        cv.stage_spells(history.assign(cutoff=[1, 2]))
    with pytest.raises(cv.InputError, match="lifecycle_stage"):
        cv.stage_spells(history, label="stage")
