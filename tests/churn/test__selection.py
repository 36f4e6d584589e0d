"""The choice under budget and capacity against every list there could be."""

import itertools

import numpy as np
import pytest

from customer_value.churn._selection import select


def exact(profit, spend, budget, capacity):
    """The most that any list brings."""
    lists = np.array(list(itertools.product((0, 1), repeat=profit.size)))
    fine = (lists @ spend <= budget * (1 + 1e-9)) & (lists.sum(axis=1) <= capacity)
    return (lists[fine] @ profit).max()


@pytest.mark.parametrize("seed", range(40))
def test_it_misses_the_optimum_by_less_than_two_contacts(seed):
    rng = np.random.default_rng(seed)
    n = 11
    profit = np.round(rng.normal(4, 5, n), seed % 3)
    spend = np.round(rng.gamma(3, 2, n) + 0.5, seed % 2)
    budget, capacity = float(rng.uniform(0.3, 1) * spend.sum()), int(rng.integers(1, n))
    found = select(profit, spend, budget, capacity)
    brought = profit[found.chosen].sum()
    assert spend[found.chosen].sum() <= budget * (1 + 1e-9)
    assert found.chosen.sum() <= capacity
    assert not found.chosen[profit <= 0].any()
    best = exact(profit, spend, budget, capacity)
    assert best - 2 * max(profit.max(), 0) < brought <= best + 1e-9
    assert brought >= 0.7 * best  # far better than its guarantee, on every one of these


def test_most_small_cases_are_exact():
    hits = 0
    for seed in range(60):
        rng = np.random.default_rng(100 + seed)
        profit, spend = rng.gamma(2, 3, 9), rng.gamma(3, 2, 9)
        budget = 0.5 * spend.sum()
        hits += select(profit, spend, budget, None).chosen @ profit > exact(profit, spend, budget, 9) - 1e-9
    assert hits >= 30


def test_without_limits_everyone_with_a_profit_is_chosen():
    found = select(np.array([3.0, -1.0, 0.0, 2.0]), np.ones(4), None, None)
    assert found.chosen.tolist() == [True, False, False, True]
    assert found.order.tolist() == [0, 3]
    assert found.room


def test_a_capacity_takes_the_highest_profits_and_a_budget_the_highest_per_unit():
    profit, spend = np.array([10.0, 6.0, 6.0]), np.array([10.0, 5.0, 5.0])
    assert select(profit, spend, None, 1).chosen.tolist() == [True, False, False]
    assert select(profit, spend, 10.0, None).chosen.tolist() == [False, True, True]


def test_groups_of_equals_are_mixed_so_that_budget_and_capacity_are_both_used():
    profit, spend = np.repeat([10.0, 6.0], 100), np.repeat([10.0, 5.0], 100)
    found = select(profit, spend, 750.0, 100)
    assert found.chosen[:100].sum() == found.chosen[100:].sum() == 50  # 800; one group alone brings 750 or 600
    assert found.chosen.sum() == 100
    assert found.chosen[:50].all()  # of equals the first


def test_what_is_left_goes_to_the_next_who_fit():
    found = select(np.array([10.0, 9.0, 1.0]), np.array([6.0, 6.0, 2.0]), 8.0, None)
    assert found.chosen.tolist() == [True, False, True]
    assert found.order.tolist()[-1] == 1
    assert found.affordable.tolist() == [False, False, False]


def test_free_contacts_are_always_made():
    found = select(np.array([1.0, 5.0, 2.0]), np.array([0.0, 4.0, 0.0]), 3.0, None)
    assert found.chosen.tolist() == [True, False, True]


def test_a_budget_of_exactly_the_sum_is_enough():
    spend = np.full(10, 0.1)
    assert select(np.ones(10), spend, 1.0, None).chosen.all()


def test_nobody_is_worth_it():
    found = select(np.array([-1.0, 0.0]), np.ones(2), 5.0, 1)
    assert not found.chosen.any()
    assert not found.order.size
