"""Targets: the formula, the rule for budget and capacity, reasons, ties, warnings, every frame library."""

import numpy as np
import pandas as pd
import pytest

from customer_value._frames import collect, open_frame
from customer_value.churn.profit import contact_threshold
from customer_value.churn.targets import assign_targets
from customer_value.errors import DataWarning, InputError

SMALL = {
    "customer_id": ["a", "b", "c", "d", "e"],
    "churn_probability": [0.9, 0.4, 0.3, 0.1, None],
    "clv_if_alive": [40.0, 900.0, None, 200.0, 300.0],
    "note": ["x", "y", "z", "u", "v"],
}
COSTS = {"cost": 5.0, "incentive": 20.0, "acceptance": 0.3}


def to_pandas(native):
    return collect(open_frame(native)).to_pandas()


def many(n=300, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "customer_id": rng.permutation(n),
        "churn_probability": rng.beta(1, 3, n),
        "clv_if_alive": rng.gamma(1.5, 300, n),
        "uplift": rng.normal(0.05, 0.05, n),
    })  # fmt: skip


def spend(frame, cost=5.0, incentive=20.0, acceptance=0.3):
    return cost + incentive * (frame["churn_probability"] * acceptance + 1 - frame["churn_probability"])


def test_every_library_keeps_its_rows_and_says_why(make_frame):
    frame = make_frame(SMALL)
    with pytest.warns(DataWarning) as heard:
        made = assign_targets(frame, **COSTS, capacity=3)
    assert sorted(str(one.message) for one in heard) == [
        "churn_probability is null in 1 of 5 rows, which are not chosen.",
        "clv_if_alive is null in 1 of 5 rows, which are not chosen.",
    ]
    assert type(made) is type(frame)
    table = to_pandas(made)
    assert table.columns.tolist() == [*SMALL, "target", "target_rank", "expected_profit", "target_reason"]
    assert table["customer_id"].tolist() == SMALL["customer_id"]
    assert table["target"].tolist() == [False, True, False, False, False]
    assert table["target_rank"].fillna(0).tolist() == [0, 1, 0, 0, 0]
    not_worth = "not worth it: expected profit is not above 0"
    reasons = [not_worth, "chosen", "no clv_if_alive", not_worth, "no churn_probability"]
    assert table["target_reason"].tolist() == reasons
    by_hand = [0.9 * 0.3 * 20 - 0.1 * 20 - 5, 0.4 * 0.3 * 880 - 0.6 * 20 - 5, 0.1 * 0.3 * 180 - 0.9 * 20 - 5]
    assert table["expected_profit"].dropna().tolist() == pytest.approx(by_hand)


def test_those_above_their_own_threshold_are_chosen():
    frame = many()
    made = assign_targets(frame, **COSTS)
    threshold = contact_threshold(frame["clv_if_alive"], incentive=20, contact_cost=5, acceptance=0.3)
    assert made["target"].tolist() == (frame["churn_probability"] > threshold).tolist()
    assert 50 < made["target"].sum() < 250
    ranked = made[made["target"]].sort_values("target_rank")
    assert ranked["target_rank"].tolist() == list(range(1, len(ranked) + 1))
    assert ranked["expected_profit"].is_monotonic_decreasing


def test_a_capacity_keeps_the_highest_profits():
    frame = many()
    made = assign_targets(frame, **COSTS, capacity=20)
    free = assign_targets(frame, **COSTS)
    assert made["target"].sum() == 20
    assert made.loc[made["target"], "expected_profit"].min() >= made.loc[~made["target"], "expected_profit"].max()
    assert set(made["target_reason"]) == {
        "chosen", "over capacity", "not worth it: expected profit is not above 0",
    }  # fmt: skip
    assert made["target_rank"].equals(free["target_rank"])  # the next in line keep their ranks


def test_a_budget_keeps_the_highest_profits_per_unit_of_spend():
    frame = many()
    made = assign_targets(frame, **COSTS, budget=500)
    outlay, chosen = spend(frame), made["target"]
    assert 500 - outlay.max() < outlay[chosen].sum() <= 500
    ratio = made["expected_profit"] / outlay
    # Apart from the last ones, who fill what is left of the budget.
    assert ratio[chosen].nsmallest(3).iloc[-1] >= ratio[~chosen].max()
    assert set(made["target_reason"]) == {"chosen", "over budget", "not worth it: expected profit is not above 0"}
    best_by_profit = made.nlargest(int(chosen.sum()), "expected_profit")
    assert made.loc[chosen, "expected_profit"].sum() > best_by_profit["expected_profit"].sum() * (
        500 / spend(best_by_profit).sum()
    )


def test_both_limits_hold_at_once():
    frame = many()
    made = assign_targets(frame, **COSTS, budget=420, capacity=24)
    assert made["target"].sum() <= 24
    assert spend(frame)[made["target"]].sum() <= 420
    assert {"over budget and capacity"} <= set(made["target_reason"])


def test_costs_may_be_columns_and_rule_by_customer():
    frame = many().assign(f=5.0, d=20.0, g=0.3)
    named = assign_targets(frame, cost="f", incentive="d", acceptance="g")
    pd.testing.assert_frame_equal(named[assign_targets(many(), **COSTS).columns], assign_targets(many(), **COSTS))
    frame.loc[0, "f"] = 1e6
    assert not assign_targets(frame, cost="f", incentive="d", acceptance="g")["target"][0]


def test_uplift_takes_the_place_of_risk_and_acceptance():
    frame = many().drop(columns="churn_probability")
    made = assign_targets(frame, cost=5, incentive=20, uplift="uplift", budget=250)
    np.testing.assert_allclose(made["expected_profit"], frame["uplift"] * frame["clv_if_alive"] - 25)
    assert made["target"].sum() == 10  # everyone who is contacted costs 25
    assert made.loc[made["target"], "expected_profit"].min() >= made.loc[~made["target"], "expected_profit"].max()


def test_the_order_of_rows_does_not_matter_and_input_is_unchanged():
    frame = pd.concat([many(), many().assign(customer_id=lambda t: t["customer_id"] + 1000)], ignore_index=True)
    before = frame.copy()
    for limits in ({}, {"budget": 333}, {"capacity": 31}, {"budget": 333, "capacity": 13}):
        made = assign_targets(frame, **COSTS, **limits)
        turned = assign_targets(frame.sample(frac=1, random_state=2), **COSTS, **limits)
        pd.testing.assert_frame_equal(turned.sort_index(), made)
    pd.testing.assert_frame_equal(frame, before)


def test_equals_are_ordered_by_customer():
    frame = pd.DataFrame(
        {"key": ["d", "b", "a", "c"], "churn_probability": 0.5, "clv_if_alive": [300.0, 300, 300, 301]}
    )
    made = assign_targets(frame, **COSTS, capacity=2, customer_id="key")
    assert made.set_index("key")["target_rank"].to_dict() == {"c": 1, "a": 2, "b": 3, "d": 4}
    without = assign_targets(frame.drop(columns="key"), **COSTS, capacity=2)
    assert without["target_rank"].tolist() == [2, 3, 4, 1]


def test_an_earlier_choice_is_replaced():
    frame = many(20)
    once = assign_targets(frame, **COSTS)
    pd.testing.assert_frame_equal(assign_targets(once, **COSTS), once)


# ---- warnings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["clv", "clv_12m"])
def test_a_value_that_counts_churn_already_is_warned_of(name):
    frame = many().rename(columns={"clv_if_alive": name})
    with pytest.warns(DataWarning, match=f"value='{name}' counts churn already.*clv_if_alive"):
        assign_targets(frame, **COSTS, value=name)


def test_a_list_by_risk_alone_is_warned_of():
    with pytest.warns(DataWarning, match="ranked by risk alone"):
        made = assign_targets(many(), **COSTS, value=400)
    assert made["target"].any()
    with pytest.warns(DataWarning, match="ranked by risk alone"):
        assign_targets(many().assign(clv_if_alive=400.0), **COSTS)
    # Not where something else tells customers apart.
    assign_targets(many().assign(rate=lambda t: t["uplift"].abs()), value=400, cost=5, acceptance="rate")
    assign_targets(many(), value=400, cost=5, uplift="uplift")


def test_a_campaign_that_nobody_is_worth_is_warned_of():
    with pytest.warns(DataWarning, match="nobody is worth a contact"):
        made = assign_targets(many(), cost=1e6, acceptance=0.3, budget=10)
    assert not made["target"].any()
    assert made["target_rank"].isna().all()


# ---- bad input --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({}, {"cost": -1}, "cost must be 0 or above; got -1"),
        ({}, {"incentive": "d"}, r"lacks \['d'\]"),
        ({}, {"acceptance": 30}, "acceptance must be from 0 to 1"),
        ({}, {"acceptance": None}, "acceptance is needed.*uplift="),
        ({}, {"budget": 3}, "budget must be enough for one contact: the cheapest.*got 3"),
        ({}, {"budget": -5}, "budget must be 0 or above"),
        ({}, {"capacity": 0}, "capacity must be a whole number, 1 or above"),
        ({}, {"capacity": 2.5}, "capacity must be a whole number"),
        ({}, {"customer_id": "who"}, r"lacks \['who'\]"),
        ({}, {"value": "clv_if_alife"}, r"Did you mean 'clv_if_alive'\?.*score_clv"),
        ({}, {"risk": "p"}, r"lacks \['p'\].*score_churn"),
        ({"churn_probability": 90.0}, {}, "churn_probability must be a probability"),
        ({"churn_probability": np.nan}, {}, "churn_probability must not be null in every row"),
        ({"clv_if_alive": np.nan}, {}, "clv_if_alive must not be null in every row"),
        ({"clv_if_alive": np.inf}, {}, "clv_if_alive must be finite"),
        ({"uplift": 3.0}, {"uplift": "uplift"}, "from -1 to 1"),
        ({}, {"uplift": "effect"}, r"lacks \['effect'\].*TLearner"),
    ],
)
def test_bad_input(change, arguments, message):
    with pytest.raises(InputError, match=message):
        assign_targets(many().assign(**change), **(COSTS | arguments))


def test_an_empty_frame_is_refused():
    with pytest.raises(InputError, match="empty"):
        assign_targets(many().head(0), **COSTS)
