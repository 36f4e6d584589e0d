"""Lift tables and gains curves: shares of ties, sums, values, every frame library."""

import numpy as np
import pandas as pd
import pytest

from customer_value._frames import collect, open_frame
from customer_value._stats.intervals import wilson_interval
from customer_value.churn.lift import gains_curve, lift_table
from customer_value.churn.ranking import gini_score, top_decile_lift
from customer_value.errors import InputError

SMALL = {
    "customer_id": list("abcdefgh"),
    "churn_probability": [0.9, 0.8, 0.5, 0.5, 0.5, 0.5, 0.2, 0.1],
    "churned": [True, False, True, True, True, False, False, False],
    "value": [10.0, 20.0, 30.0, 10.0, 50.0, 5.0, 40.0, 80.0],
}


def to_pandas(native):
    return collect(open_frame(native)).to_pandas()


def many(n=1003, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.25
    score = np.round(0.7 * y + rng.normal(size=n), 1)
    return pd.DataFrame({"churn_probability": score, "churned": y, "value": rng.gamma(2, 50, n)})


def test_ties_are_divided_between_bins(make_frame):
    frame = make_frame(SMALL)
    made = lift_table(frame, bins=4, value="value")
    assert type(made) is type(frame)
    table = to_pandas(made)
    assert table["bin"].tolist() == [1, 2, 3, 4]
    assert table["customers"].tolist() == [2, 2, 2, 2]
    assert table["churners"].tolist() == [1, 1.5, 1.5, 0]  # three of the four at .5 churned
    assert table["lift"].tolist() == [1, 1.5, 1.5, 0]
    assert table["gain"].tolist() == [0.25, 0.625, 1, 1]
    assert table["score_min"].tolist() == [0.8, 0.5, 0.5, 0.1]
    assert table["score_max"].tolist() == [0.9, 0.5, 0.5, 0.2]
    assert table["value_held"].tolist() == [30, 47.5, 47.5, 120]
    assert table["value_lost"].tolist() == [10, 45, 45, 0]
    assert table["value_gain"].tolist() == [0.1, 0.55, 1, 1]


def test_bins_of_no_whole_size_add_up():
    frame = many()
    table = lift_table(frame)
    assert table["customers"].tolist() == pytest.approx([100.3] * 10)
    assert table["churners"].sum() == pytest.approx(frame["churned"].sum())
    assert (table["mean_score"] * table["customers"]).sum() == pytest.approx(frame["churn_probability"].sum())
    assert table["cumulative_lift"].iloc[-1] == pytest.approx(1)
    assert (table["score_min"] <= table["mean_score"]).all()
    assert (table["mean_score"] <= table["score_max"]).all()


def test_the_first_bin_is_the_top_decile():
    frame = many()
    table = lift_table(frame)
    assert table["lift"][0] == pytest.approx(top_decile_lift(frame["churned"], frame["churn_probability"]))
    three = top_decile_lift(frame["churned"], frame["churn_probability"], share=0.3)
    assert table["cumulative_lift"][2] == pytest.approx(three)


def test_intervals_are_wilsons():
    table = lift_table(many(), interval=0.8)
    lower, upper = wilson_interval(table["churners"], table["customers"], interval=0.8)
    np.testing.assert_allclose(table["churn_rate_lower"], lower)
    np.testing.assert_allclose(table["churn_rate_upper"], upper)


def test_neither_table_depends_on_the_order_of_rows_or_changes_its_input():
    frame = many()
    before = frame.copy()
    turned = frame.sample(frac=1, random_state=3)
    for function in (lift_table, gains_curve):
        pd.testing.assert_frame_equal(function(frame, value="value"), function(turned, value="value"))
    pd.testing.assert_frame_equal(frame, before)


def test_the_area_under_the_gains_curve_is_that_of_the_gini_coefficient(make_frame):
    curve = to_pandas(gains_curve(make_frame(SMALL), points=8))
    rate = 0.5
    area = np.trapezoid(
        curve["gain"], curve["share_of_customers"]
    )  # ties end on multiples of 1/8, so the points are all corners
    gini = gini_score(SMALL["churned"], SMALL["churn_probability"])
    assert (area - 0.5) / ((1 - rate) / 2) == pytest.approx(gini)


def test_the_gains_curve_begins_with_nobody_and_ends_with_everybody(make_frame):
    curve = to_pandas(gains_curve(make_frame(SMALL), points=4, value="value"))
    assert curve["share_of_customers"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert curve["gain"].tolist() == [0, 0.25, 0.625, 1, 1]
    assert curve["gain_perfect"].tolist() == [0, 0.5, 1, 1, 1]
    assert curve["lift"].isna().tolist() == [True] + [False] * 4
    assert curve["value_gain"].tolist() == [0, 0.1, 0.55, 1, 1]
    assert curve["score_min"].tolist()[1:] == [0.8, 0.5, 0.5, 0.1]
    assert np.isnan(curve["score_min"][0])


@pytest.mark.parametrize("outcome", [[1, 0, 1, 1, 1, 0, 0, 0], [1.0, 0, 1, 1, 1, 0, 0, 0]])
def test_outcomes_may_be_zeros_and_ones(outcome):
    frame = pd.DataFrame(SMALL)
    pd.testing.assert_frame_equal(lift_table(frame.assign(churned=outcome), bins=2), lift_table(frame, bins=2))
    nullable = frame.assign(churned=frame["churned"].astype("boolean"))
    pd.testing.assert_frame_equal(lift_table(nullable, bins=2), lift_table(frame, bins=2))


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({"churned": [True] * 8}, {}, "churned must hold both outcomes"),
        ({"churned": pd.array([None, *SMALL["churned"][1:]], dtype="boolean")}, {}, "churned must not be null"),
        ({"churned": [2, 1, 0, 0, 0, 0, 0, 0]}, {}, "churned must be 0 or 1"),
        ({"churned": ["yes"] * 8}, {}, "churned must be numeric"),
        ({"churn_probability": [np.nan] * 8}, {}, "churn_probability must not be null"),
        ({}, {"score": "risk"}, r"lacks \['risk'\]"),
        ({}, {"value": "worth"}, r"lacks \['worth'\]"),
    ],
)
def test_bad_frames(change, arguments, message):
    frame = pd.DataFrame(SMALL).assign(**change)
    with pytest.raises(InputError, match=message):
        lift_table(frame, bins=2, **arguments)
    with pytest.raises(InputError, match=message):
        gains_curve(frame, **arguments)


def test_bad_arguments():
    frame = pd.DataFrame(SMALL)
    with pytest.raises(InputError, match="bins must be at most the number of customers, 8; got 10"):
        lift_table(frame)
    with pytest.raises(InputError, match="bins must be a whole number, 2 or above"):
        lift_table(frame, bins=1)
    with pytest.raises(InputError, match="points must be a whole number from 1 to"):
        gains_curve(frame, points=0)
    with pytest.raises(InputError, match="frame is empty"):
        gains_curve(frame.head(0))
