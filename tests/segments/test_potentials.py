"""Headroom, growth and trend by hand, where each is known, and what is missing told."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value.errors import InputError
from customer_value.segments import score_potential

WEEKS_A_YEAR = 365.25 / 7


def summary(**columns):
    n = len(next(iter(columns.values())))
    return pd.DataFrame({"customer_id": range(n), "time_unit": "week", **columns})


def test_headroom_and_share_of_wallet_where_the_wallet_is_known(make_frame, read):
    frame = make_frame({"value_12m": [40.0, 90.0, 10.0, 0.0], "wallet": [200.0, 60.0, None, 0.0]})
    got = read(score_potential(frame, wallet="wallet"))
    assert got["potential_headroom"][:2] == [160.0, -30.0]
    assert got["share_of_wallet"][:2] == [0.2, 1.5]
    assert pd.isna(got["potential_headroom"][2])
    assert got["potential_headroom"][3] == 0.0
    assert [pd.isna(share) for share in got["share_of_wallet"]] == [False, False, True, True]
    assert got["potential"][:2] == [160.0, -30.0]
    assert pd.isna(got["potential"][2])


def test_without_a_window_the_current_value_is_the_mean_per_year_and_at_most_the_whole():
    frame = summary(T=[2 * WEEKS_A_YEAR, 0.5 * WEEKS_A_YEAR, 0.0], total_value=[100.0, 100.0, 7.0], wallet=[80.0] * 3)
    headroom = score_potential(frame, wallet="wallet")["potential_headroom"]
    np.testing.assert_allclose(headroom, [80 - 50, 80 - 100, 80 - 7], rtol=1e-12)  # rounding only
    named = score_potential(frame, wallet="wallet", value="total_value")["potential_headroom"]
    assert named.tolist() == headroom.tolist()
    windowed = score_potential(frame.assign(value_12m=[30.0, 30, 30]), wallet="wallet")
    assert windowed["potential_headroom"].tolist() == [50.0, 50, 50]


def test_growth_sets_a_forecast_against_the_same_length_of_time():
    frame = summary(
        value_12m=[50.0, 50.0],
        expected_purchases=[3.0, 0.5],
        expected_spend=[20.0, 20.0],
        horizon=[WEEKS_A_YEAR / 2] * 2,
        clv=[30.0, 10.0],
        clv_24m=[80.0, 100.0],
        horizon_24m=[2 * WEEKS_A_YEAR] * 2,
        sales_plan=[70.0, 40.0],
    )
    growth = {
        name: score_potential(frame, forecast=name)["potential_growth"].tolist() for name in (None, "clv", "clv_24m")
    }
    np.testing.assert_allclose(growth[None], [2 * 60 - 50, 2 * 10 - 50], rtol=1e-12)
    np.testing.assert_allclose(growth["clv"], [60 - 50, 20 - 50], rtol=1e-12)
    np.testing.assert_allclose(growth["clv_24m"], [40 - 50, 50 - 50], atol=1e-12)
    assert score_potential(frame, forecast="sales_plan")["potential"].tolist() == [20.0, -10.0]


def test_the_trend_compares_rates_inside_a_window_that_was_observed_whole():
    frame = summary(
        T=[60.0, 60.0, 60.0, 30.0, 52.0],
        value_12m=[40.0, 40.0, 10.0, 40.0, 40.0],
        value_3m=[10.0, 20.0, 10.0, 10.0, 10.0],
        value_6m=[20.0] * 5,  # the shortest and the longest count
    )
    got = score_potential(frame)
    # earlier: nine months. (20 / 3) / (20 / 9) = 3; nothing earlier; 30 weeks; 52 weeks are 12 calendar months
    np.testing.assert_allclose(got["potential_trend"], [1, 3, np.nan, np.nan, 1], rtol=1e-12)
    np.testing.assert_allclose(got["potential"], [0, 40, 30, np.nan, 0], atol=1e-12)


def test_one_part_counts_for_everyone_the_first_there_is_or_the_one_named():
    frame = summary(
        T=[80.0], value_12m=[40.0], value_3m=[20.0], expected_purchases=[5.0], expected_spend=[10.0], w=[90.0]
    )
    assert score_potential(frame, wallet="w")["potential"].tolist() == [50.0]
    assert score_potential(frame)["potential"].tolist() == [10.0]
    assert score_potential(frame, wallet="w", part="trend")["potential"].tolist() == [pytest.approx(40.0, rel=1e-12)]
    beside = score_potential(frame, part="growth", suffix="_g")
    assert beside["potential_g"].tolist() == [10.0]
    assert "potential" not in beside.columns


def test_order_chunks_and_libraries_change_nothing():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {"value_12m": rng.gamma(2, 50, 40), "value_3m": rng.gamma(1, 20, 40), "w": rng.gamma(3, 90, 40)}
    )
    whole = score_potential(frame, wallet="w")
    parts = pl.concat([frame[:9], frame[9:]], rechunk=False)
    assert score_potential(parts.lazy(), wallet="w").collect().equals(whole)
    assert score_potential(frame[::-1], wallet="w")[::-1].equals(whole)
    assert score_potential(parts.to_arrow(), wallet="w").to_pydict() == whole.to_dict(as_series=False)


@pytest.mark.parametrize(
    ("frame", "arguments", "message"),
    [
        (
            {"total_value": [1.0]},
            {},
            "headroom or growth or trend cannot be computed from .*windows=.*wallet=.*score_clv",
        ),
        ({"value_12m": [1.0]}, {"part": "growth"}, "growth cannot be computed.*score_clv makes expected_purchases"),
        ({"w": [1.0]}, {"wallet": "w"}, "what a customer bought in the last year cannot be computed.*value_12m"),
        ({"f": [1.0]}, {"forecast": "f"}, "what a customer bought in the last year"),
        ({"value_12m": [1.0]}, {"wallet": "w"}, r"lacks \['w'\]"),
        ({"value_12m": [1.0], "w": [-1.0]}, {"wallet": "w"}, "w must be 0 or above; 1 of 1 rows is not"),
        ({"value_12m": [np.inf], "w": [1.0]}, {"wallet": "w"}, "value_12m must be finite"),
        ({"value_12m": ["a"], "w": [1.0]}, {"wallet": "w"}, "value_12m must be numeric"),
        ({"value_12m": np.array([])}, {}, "the frame is empty"),
        ({"value_12m": [1.0]}, {"part": "hope"}, "part must be one of"),
        (
            {"total_value": [1.0], "T": [-1.0], "time_unit": ["week"], "w": [1.0]},
            {"wallet": "w"},
            "T must be 0 or above",
        ),
    ],
)
def test_bad_input_is_refused_in_words(frame, arguments, message):
    with pytest.raises(InputError, match=message):
        score_potential(pd.DataFrame(frame), **arguments)
