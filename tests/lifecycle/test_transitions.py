"""Chances of moves and the test that they stay the same: against counts by hand, tables of scipy and simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import customer_value as cv

NAMES = ["A", "B", "C"]
CHANCES = np.array([[0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.1, 0.3, 0.6]])


def simulate(rng, customers=300, dates=5, chances=None):
    """A history of customers that move by one matrix, or by one for each step."""
    state = rng.integers(0, 3, customers)
    frames = []
    for t in range(dates):
        tier = pd.Categorical.from_codes(state, NAMES, ordered=True)
        frames.append(pd.DataFrame({"customer_id": np.arange(customers), "cutoff": f"2026-0{t + 1}-01", "tier": tier}))
        now = CHANCES if chances is None else chances[min(t, len(chances) - 1)]
        state = (rng.random(customers)[:, None] > now[state].cumsum(axis=1)).sum(axis=1)
    return pd.concat(frames, ignore_index=True)


def test_the_matrix_is_all_moves_added_up():
    history = simulate(np.random.default_rng(0))
    wide = pd.DataFrame({cutoff: frame["tier"].tolist() for cutoff, frame in history.groupby("cutoff")})
    counts = sum(pd.crosstab(wide.iloc[:, t].astype(str), wide.iloc[:, t + 1].astype(str)).to_numpy() for t in range(4))
    matrix = cv.transition_matrix(cv.segment_migration(history, label="tier"))
    assert matrix["from_state"].tolist() == NAMES
    assert matrix["customers"].tolist() == counts.sum(axis=1).tolist()
    np.testing.assert_allclose(matrix[NAMES], counts / counts.sum(axis=1, keepdims=True), rtol=1e-15)


def test_those_who_left_stay_away():
    history = simulate(np.random.default_rng(0)).query("customer_id % 7 or cutoff < '2026-03-01'")
    matrix = cv.transition_matrix(cv.segment_migration(history, label="tier", left="gone"), left="gone")
    assert list(matrix) == ["from_state", "customers", *NAMES, "gone"]
    assert matrix.iloc[3].tolist() == ["gone", 0, 0, 0, 0, 1]
    np.testing.assert_allclose(matrix[[*NAMES, "gone"]].sum(axis=1), 1)
    assert cv.markov_value(matrix, rewards={"A": 3, "B": 2, "C": 1})["state_value"][3] == 0


def test_a_state_that_nobody_was_in_is_left_out():
    before = pd.DataFrame({"customer_id": [1, 2], "tier": pd.Categorical(["A", "A"], NAMES, ordered=True)})
    matrix = cv.transition_matrix(cv.segment_migration(before, before, label="tier"))
    assert matrix.to_numpy().tolist() == [["A", 2, 1.0]]
    after = before.assign(tier=pd.Categorical(["A", "B"], NAMES, ordered=True))
    matrix = cv.transition_matrix(cv.segment_migration(before, after, label="tier"))
    assert list(matrix) == ["from_state", "customers", "A", "B"]
    assert matrix.loc[1, ["A", "B"]].isna().all()
    with pytest.raises(cv.InputError, match="A must not be null or NaN; 1 of 2 rows"):
        cv.steady_state(matrix)
    history = pd.concat([before.assign(cutoff=1), after.assign(cutoff=2), after.assign(cutoff=3)])
    checked = cv.check_stationarity(cv.segment_migration(history, label="tier"))
    assert checked["from_state"].tolist() == ["A", "B", "all"]


def test_the_statistic_is_that_of_a_table():
    history = simulate(np.random.default_rng(2))
    moves = cv.segment_migration(history, label="tier")
    checked = cv.check_stationarity(moves).set_index("from_state")
    whole = 0.0
    for state in NAMES:
        table = moves[moves["from_state"] == state]["customers"].to_numpy().reshape(4, 3)
        expected = stats.chi2_contingency(table, correction=False)
        assert checked.loc[state, "statistic"] == pytest.approx(expected.statistic, rel=1e-12)
        assert checked.loc[state, "p_value"] == pytest.approx(expected.pvalue, rel=1e-10)
        assert checked.loc[state, "degrees_of_freedom"] == expected.dof == 6
        assert checked.loc[state, "smallest_expected"] == pytest.approx(expected.expected_freq.min())
        whole += expected.statistic
    assert checked.loc["all", "statistic"] == pytest.approx(whole)
    assert checked.loc["all", "p_value"] == pytest.approx(stats.chi2.sf(whole, 18), rel=1e-10)


def test_it_finds_what_changes_and_nothing_else():
    rng = np.random.default_rng(3)

    def p_value(chances=None):
        moves = cv.segment_migration(simulate(rng, chances=chances), label="tier")
        return cv.check_stationarity(moves)["p_value"].iloc[-1]

    same = np.array([p_value() for _ in range(40)])
    # Uniform p-values: the largest distance of 40 from uniform is below 1.63 / sqrt(40) in 99 of 100 samples.
    assert np.abs(np.sort(same) - (np.arange(40) + 0.5) / 40).max() < 1.63 / np.sqrt(40)
    later = CHANCES[[0, 1, 2]] * 0.7 + np.array([0, 0, 0.3])  # customers drift to C
    assert max(p_value([CHANCES, CHANCES, later]) for _ in range(3)) < 1e-3


def test_bad_input():
    frame = pd.DataFrame({"customer_id": [1, 2], "tier": ["A", "B"]})
    moves = cv.segment_migration(frame, frame, label="tier")
    with pytest.raises(cv.InputError, match="the moves are of one only"):
        cv.check_stationarity(moves)
    with pytest.raises(cv.InputError, match="customers must be whole numbers"):
        cv.transition_matrix(moves.assign(customers=-1))
    with pytest.raises(cv.InputError, match="segment_migration"):
        cv.transition_matrix(moves.drop(columns="to_state"))
    named = frame.assign(tier="customers")
    with pytest.raises(cv.InputError, match="must not be called"):
        cv.transition_matrix(cv.segment_migration(named, named, label="tier"))
