"""Values of states against the paper, against lives drawn one by one, and against each other."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import customer_value as cv

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "lifecycle_markov.json").read_text(encoding="utf-8"))


def catalogue():
    """The chain of the paper: periods since the last purchase, and former customers."""
    states = ["1", "2", "3", "4", "gone"]
    chances = np.zeros((5, 5))
    for i, p in enumerate(GOLDEN["p"]):
        chances[i, 0], chances[i, i + 1] = p, 1 - p
    chances[4, 4] = 1
    rewards = {"1": GOLDEN["NC"] - GOLDEN["M"], **dict.fromkeys(states[1:4], -GOLDEN["M"])}
    return pd.DataFrame(chances, columns=states).assign(from_state=states), rewards


@pytest.mark.parametrize(("horizon", "published"), [(4, "V_T4"), ("forever", "V_infinite")])
def test_the_paper(horizon, published):
    matrix, rewards = catalogue()
    found = cv.markov_value(matrix, rewards=rewards, horizon=horizon, discount_rate=GOLDEN["d"], period="year")
    np.testing.assert_allclose(found["state_value"], GOLDEN[published], rtol=0, atol=5e-9)  # printed to 8 places
    np.testing.assert_allclose(found["future_value"], found["state_value"] - found["reward"], rtol=0, atol=1e-12)


def test_lives_drawn_one_by_one():
    matrix, rewards = catalogue()
    chances = matrix[["1", "2", "3", "4", "gone"]].to_numpy()
    earned = np.array([*rewards.values(), 0.0])
    rng, n = np.random.default_rng(0), 100_000
    state, total = np.zeros(n, dtype=int), np.zeros(n)
    for t in range(9):
        total += earned[state] / 1.2**t
        state = (rng.random(n)[:, None] > chances[state].cumsum(axis=1)).sum(axis=1)
    found = cv.markov_value(matrix, rewards=rewards, horizon=8, discount_rate=0.2, period="year")["state_value"][0]
    assert abs(total.mean() - found) < 4 * total.std() / np.sqrt(n)
    counts = np.bincount(state, minlength=5)
    path = cv.expected_path(matrix, start={"1": n}, periods=9)
    expected = path[path["period"] == 9]["expected_customers"].to_numpy()
    assert (np.abs(counts - expected) < 4 * np.sqrt(expected + 1)).all()


def test_long_horizons_come_to_the_limit():
    matrix, rewards = catalogue()
    for rate in (None, 0.05):
        ends = [
            cv.markov_value(matrix, rewards=rewards, horizon=horizon, discount_rate=rate, period="year")["state_value"]
            for horizon in (600, "forever")
        ]
        np.testing.assert_allclose(*ends, rtol=1e-12)


def test_an_annual_rate_is_the_periods():
    matrix, rewards = catalogue()
    by_month = cv.markov_value(matrix, rewards=rewards, annual_discount_rate=0.1)
    by_rate = cv.markov_value(matrix, rewards=rewards, discount_rate=1.1 ** (1 / 12) - 1)
    np.testing.assert_allclose(by_month["state_value"], by_rate["state_value"], rtol=1e-12)


def test_a_path_adds_up_to_the_value():
    matrix, rewards = catalogue()
    path = cv.expected_path(matrix, start={"2": 1}, periods=6, rewards=rewards)
    total = path["expected_reward"].sum()
    value = cv.markov_value(matrix, rewards=rewards, horizon=6)["state_value"][1]
    assert total == pytest.approx(value, rel=1e-12)


def test_intervals_are_those_of_matrices_seen_again():
    rng = np.random.default_rng(1)
    truth = np.array([[0.7, 0.3], [0.2, 0.8]])
    names, moves = ["active", "dormant"], 400

    def seen():
        counts = np.array([rng.multinomial(moves, row) for row in truth])
        made = pd.DataFrame(counts / moves, columns=names).assign(from_state=names, customers=moves)
        return cv.markov_value(made, rewards={"active": 10, "dormant": 0}, horizon=12, interval=0.9)

    found = [seen() for _ in range(100)]
    told = np.mean([np.log(f["state_value_upper"] / f["state_value_lower"]) for f in found], axis=0)
    spread = np.std([np.log(f["state_value"]) for f in found], axis=0)
    # 3.29 standard deviations from end to end; that of 100 draws is known to 7 %, and four times that is 28 %.
    np.testing.assert_allclose(told, 3.29 * spread, rtol=0.28)


def test_the_long_run():
    matrix = pd.DataFrame({"from_state": ["a", "b", "c"], "a": [0.5, 0.2, 0], "b": [0.5, 0.6, 0.3], "c": [0, 0.2, 0.7]})
    shares = cv.steady_state(matrix)["steady_share"].to_numpy()
    chances = matrix[["a", "b", "c"]].to_numpy()
    np.testing.assert_allclose(shares @ chances, shares, atol=1e-14)
    assert shares.sum() == pytest.approx(1)
    path = cv.expected_path(matrix, start={"a": 1}, periods=500)
    np.testing.assert_allclose(path["expected_customers"][-3:], shares, atol=1e-12)


def test_the_long_run_with_new_customers():
    matrix, _ = catalogue()
    settled = cv.steady_state(matrix, inflow={"1": 30})
    path = cv.expected_path(matrix, start={}, inflow={"1": 30}, periods=500)
    np.testing.assert_allclose(settled["steady_customers"][:4], path["expected_customers"][-5:-1], rtol=1e-12)
    assert settled["steady_customers"].isna().tolist() == [False] * 4 + [True]


def test_the_long_run_may_depend_on_the_start():
    matrix = pd.DataFrame({"from_state": ["a", "b", "c"], "a": [1, 0.2, 0], "b": [0, 0.6, 0], "c": [0, 0.2, 1.0]})
    with pytest.raises(cv.InputError, match="the long run depends on where a customer starts"):
        cv.steady_state(matrix)


def test_counts_of_a_label_are_a_start():
    matrix, rewards = catalogue()
    labels = pd.Categorical(["2", "2", "1"], ["0", "1", "2"])  # nobody is in "0", which is no state of the matrix
    counts = pd.Series(labels).value_counts()
    path = cv.expected_path(matrix, start=counts, periods=1, rewards=pd.Series(rewards))
    expected = cv.expected_path(matrix, start={"1": 1, "2": 2}, periods=1, rewards=rewards)
    pd.testing.assert_frame_equal(path, expected)
    with pytest.raises(cv.InputError, match=r"start has \['0'\], which are no states"):
        cv.expected_path(matrix, start=counts + 1, periods=1)


def test_bad_input():
    matrix, rewards = catalogue()
    with pytest.raises(cv.InputError, match=r"rewards must say what each state brings; \['4'\] are not in it"):
        cv.markov_value(matrix, rewards={k: v for k, v in rewards.items() if k != "4"})
    with pytest.raises(cv.InputError, match=r"rewards has \['5'\], which are no states"):
        cv.markov_value(matrix, rewards={**rewards, "5": 1})
    with pytest.raises(cv.InputError, match=r"the value is infinite: .* come to \['gone'\]"):
        cv.markov_value(matrix, rewards={**rewards, "gone": 1})
    with pytest.raises(cv.InputError, match="add up to 1 in each row; 1 of 5 rows"):
        cv.markov_value(matrix.assign(gone=[0.1, 0, 0, 0.95, 1]), rewards=rewards)
    with pytest.raises(cv.InputError, match="gone must not be null or NaN; 1 of 5 rows"):
        cv.markov_value(matrix.assign(gone=[None, 0, 0, 0.95, 1]), rewards=rewards)
    with pytest.raises(cv.InputError, match=r"lacks \[.customers.\].*An interval needs the moves behind each row"):
        cv.markov_value(matrix, rewards=rewards, interval=0.9)
    with pytest.raises(cv.InputError, match="an interval needs a discount rate or a horizon"):
        cv.markov_value(matrix.assign(customers=9), rewards=rewards, interval=0.9)
    with pytest.raises(cv.InputError, match="whole number of periods"):
        cv.markov_value(matrix, rewards=rewards, horizon=2.5)
    with pytest.raises(cv.InputError, match="not both"):
        cv.markov_value(matrix, rewards=rewards, discount_rate=0.1, annual_discount_rate=0.1)
    with pytest.raises(cv.InputError, match="from_state must name each state once"):
        cv.steady_state(matrix.assign(from_state="1"))
    with pytest.raises(cv.InputError, match="start must map states to numbers"):
        cv.expected_path(matrix, start=[1, 2], periods=2)
