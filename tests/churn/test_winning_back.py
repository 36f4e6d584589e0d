"""Winning back: the formula, who is a candidate, and the same rules as for targets."""

import numpy as np
import pandas as pd
import pytest

from customer_value._frames import collect, open_frame
from customer_value.churn.winning_back import win_back
from customer_value.errors import DataWarning, InputError

GONE = {
    "customer_id": [1, 2, 3, 4],
    "p_return": [0.3, 0.1, 0.05, 0.5],
    "value": [60.0, 400.0, 90.0, 100.0],
    "p_active": [0.0, 0.05, 0.0, 0.45],
    "churned": [True, True, True, False],
}
ASK = {"value": "value", "probability": "p_return", "cost": 5.0, "incentive": 10.0}


def to_pandas(native):
    return collect(open_frame(native)).to_pandas()


def test_profit_is_return_times_value_less_costs(make_frame):
    frame = make_frame(GONE)
    made = win_back(frame, **ASK)
    assert type(made) is type(frame)
    table = to_pandas(made)
    assert table["expected_profit"].tolist() == pytest.approx([10, 34, -1, 40])
    assert table["target"].tolist() == [True, True, False, True]
    assert table["target_rank"].fillna(0).tolist() == [3, 2, 0, 1]


def test_those_who_would_have_come_back_anyway_bring_nothing():
    made = win_back(pd.DataFrame(GONE), **ASK, baseline="p_active")
    assert made["expected_profit"].tolist() == pytest.approx([10, 14, -1, -5])
    assert made["target_rank"].fillna(0).tolist() == [2, 1, 0, 0]


def test_only_lost_customers_are_candidates():
    made = win_back(pd.DataFrame(GONE), **ASK, lost="churned")
    assert made["target"].tolist() == [True, True, False, False]
    assert made["target_reason"].tolist()[3] == "not lost"


def test_budget_and_capacity_are_those_of_targets():
    frame = pd.DataFrame(GONE)
    assert win_back(frame, **ASK, capacity=1)["target"].tolist() == [False, False, False, True]
    # Spends are 8, 6 and 10: the first two fit, at 10 + 34; the fourth takes the whole budget for 40.
    made = win_back(frame, **ASK, budget=14)
    assert made["target"].tolist() == [True, True, False, False]
    assert made["target_reason"].tolist()[3] == "over budget"


def test_missing_values_are_left_out_with_a_warning():
    frame = pd.DataFrame(GONE).assign(value=[np.nan, 400, 90, 100])
    with pytest.warns(DataWarning, match="value is null in 1 of 4 rows"):
        made = win_back(frame, **ASK)
    assert made["target_reason"][0] == "no value"
    with pytest.raises(InputError, match="value must not be null in every row"):
        win_back(frame.assign(value=np.nan), **ASK)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"probability": "p"}, r"lacks \['p'\].*past campaign"),
        ({"probability": "value"}, "value must be a probability"),
        ({"cost": -5}, "cost must be 0 or above"),
        ({"baseline": 2}, "baseline must be from 0 to 1"),
        ({"budget": 1}, "budget must be enough for one contact"),
        ({"lost": "value"}, "value must be 0 or 1"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(InputError, match=message):
        win_back(pd.DataFrame(GONE), **(ASK | arguments))
