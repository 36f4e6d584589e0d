"""Profit of campaigns: published figures, agreement with the profit measures, thresholds against their definition."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from customer_value._frames import collect, open_frame
from customer_value.churn._contact import expected_gain
from customer_value.churn.empc import mpc_fraction, mpc_score
from customer_value.churn.profit import contact_threshold, profit_curve
from customer_value.errors import InputError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "churn_profit.json").read_text(encoding="utf-8"))


def to_pandas(native):
    return collect(open_frame(native)).to_pandas()


def some(n=200, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.3
    p = np.round(1 / (1 + np.exp(-(1.5 * y + rng.normal(size=n) - 1.3))), 2)
    return pd.DataFrame({"churn_probability": p, "churned": y, "clv_if_alive": rng.gamma(2, 100, n)})


# ---- the threshold ----------------------------------------------------------------------------------------------


def test_the_published_threshold():
    assert contact_threshold(200) == pytest.approx(GOLDEN["contact_threshold"]["value"], rel=0, abs=1e-15)
    assert isinstance(contact_threshold(200), float)


def test_at_the_threshold_a_contact_brings_nothing():
    rng = np.random.default_rng(0)
    value, d, f, gamma = rng.gamma(2, 200, 50) + 20, rng.random(50) * 20, rng.random(50) * 5, rng.random(50)
    p = contact_threshold(value, incentive=d, contact_cost=f, acceptance=gamma)
    np.testing.assert_allclose(expected_gain(p, value, gamma, d, f), 0, atol=1e-12)
    assert (expected_gain(p + 0.01, value, gamma, d, f) > 0).all()


def test_a_customer_worth_less_than_the_offer_is_never_contacted():
    never = contact_threshold([-50, -1e6, np.nan], acceptance=0.9)
    assert never[1] == np.inf
    assert never[0] == np.inf
    assert np.isnan(never[2])
    assert contact_threshold(5, incentive=10) > 1
    assert contact_threshold(100, incentive=0, contact_cost=0) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"clv": np.inf}, "clv must be finite"),
        ({"clv": 100, "incentive": -1}, "incentive must be finite, 0 or above"),
        ({"clv": 100, "contact_cost": [1, np.nan]}, "contact_cost must be finite, 0 or above; 1 of 2 rows"),
        ({"clv": 100, "acceptance": 30}, "acceptance must be from 0 to 1"),
        ({"clv": "much"}, "must be numbers"),
        ({"clv": [1, 2], "incentive": [1, 2, 3]}, "of one length"),
    ],
)
def test_bad_thresholds(arguments, message):
    clv = arguments.pop("clv")
    with pytest.raises(InputError, match=message):
        contact_threshold(clv, **arguments)


# ---- the curve --------------------------------------------------------------------------------------------------


def test_everyone_and_the_oracle_on_telco():
    told = GOLDEN["telco_profit"]
    y = np.arange(told["customers"]) < told["churners"]
    curve = profit_curve(pd.DataFrame({"score": 1.0 * y, "churned": y}), score="score")
    assert curve["profit_per_customer"].iloc[-1] == pytest.approx(told["everyone"], abs=5e-6)
    assert curve.loc[curve["best"], "profit_per_customer"].item() == pytest.approx(told["oracle"], abs=5e-6)
    assert curve.loc[curve["best"], "customers"].item() == told["churners"]


@pytest.mark.parametrize("clv", [200.0, 40.0, 15.0])
def test_its_best_is_the_maximum_profit_measure(clv):
    frame = some()
    curve = profit_curve(frame, clv=clv)
    best = curve[curve["best"]]
    assert len(best) == 1
    given = (frame["churned"], frame["churn_probability"])
    assert best["profit_per_customer"].item() == pytest.approx(mpc_score(*given, clv=clv))
    assert best["share_of_customers"].item() == pytest.approx(mpc_fraction(*given, clv=clv))
    assert best["profit"].item() == curve["profit"].max()


def test_rows_run_from_no_one_to_everyone():
    curve = profit_curve(some(), points=4)
    assert curve["share_of_customers"].is_monotonic_increasing
    assert {0, 0.25, 0.5, 0.75, 1} <= set(curve["share_of_customers"])
    assert curve["profit"].iloc[0] == curve["churners"].iloc[0] == 0
    np.testing.assert_allclose(curve["profit_random"], curve["share_of_customers"] * curve["profit"].iloc[-1])


def test_ties_are_contacted_in_proportion(make_frame):
    frame = make_frame({"churn_probability": [0.5, 0.5, 0.5, 0.5], "churned": [1, 0, 0, 0]})
    made = profit_curve(frame, points=2)
    assert type(made) is type(frame)
    curve = to_pandas(made)
    assert curve["share_of_customers"].tolist() == [0, 0.5, 1]
    assert curve["profit"].tolist() == pytest.approx([0, 11.5, 23])  # 56 - 3 x 11


def test_values_and_costs_may_be_columns():
    frame = some().assign(incentive=10.0, cost=1.0, rate=0.3)
    named = profit_curve(frame, clv="clv_if_alive", incentive="incentive", contact_cost="cost", acceptance="rate")
    pd.testing.assert_frame_equal(named, profit_curve(frame, clv="clv_if_alive"))
    brought = np.where(frame["churned"], 0.3 * (frame["clv_if_alive"] - 10) - 1, -11)
    assert named["profit"].iloc[-1] == pytest.approx(brought.sum())
    ranked_by_profit = profit_curve(frame.assign(expected=brought), score="expected", clv="clv_if_alive")
    assert ranked_by_profit["profit"].max() > named["profit"].max()


def test_without_an_outcome_the_probability_tells_what_to_expect():
    frame = some()
    expected = profit_curve(frame, outcome=None)
    p = frame["churn_probability"].to_numpy()
    threshold = contact_threshold(200)
    assert expected["profit"].max() == pytest.approx(np.maximum(p * 56 - (1 - p) * 11, 0).sum())
    assert expected.loc[expected["best"], "score_min"].item() > threshold
    assert expected.loc[expected["best"], "customers"].item() == (p > threshold).sum()


def test_it_does_not_depend_on_the_order_of_rows():
    frame = some()
    turned = frame.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(profit_curve(frame, clv="clv_if_alive"), profit_curve(turned, clv="clv_if_alive"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"incentive": -1}, "incentive must be 0 or above"),
        ({"contact_cost": "cost"}, r"lacks \['cost'\]"),
        ({"clv": None}, "clv must be a number or the name of a column"),
        ({"acceptance": 1.2}, "acceptance must be from 0 to 1"),
        ({"outcome": None, "score": "clv_if_alive"}, "clv_if_alive must be a probability"),
        ({"points": 0}, "points must be a whole number"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        profit_curve(some(), **arguments)
