"""Cost to serve: who is a candidate for a cheaper channel, by default limits and by given ones."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value.errors import InputError
from customer_value.segments import cost_to_serve

CUSTOMERS = {"margin": [900.0, 60.0, 50.0, -5.0, 0.0, None, 200.0], "cost": [90.0, 3.0, 40.0, 2.0, 0.0, 9.0, 100.0]}


def test_low_value_at_a_high_cost_is_a_candidate(make_frame, read):
    got = read(cost_to_serve(make_frame(CUSTOMERS), cost="cost", value="margin"))
    # medians: a margin of 55, a cost of 21.5
    assert [got["serve_cheaper"][i] for i in (0, 1, 2, 3, 4, 6)] == [False, False, True, False, False, False]
    assert got["cost_ratio"][:3] == pytest.approx([0.1, 0.05, 0.8], rel=1e-12)
    assert all(pd.isna(got["cost_ratio"][i]) for i in (3, 4, 5))
    assert got["margin_after_cost"][:5] == [810.0, 57.0, 10.0, -7.0, 0.0]
    assert [got["cost_rank"][i] for i in (0, 1, 2, 3, 4, 6)] == [4, 5, 2, 1, 6, 3]
    assert all(pd.isna(got[name][5]) for name in ("cost_rank", "serve_cheaper", "margin_after_cost"))
    assert got["serve_cheaper_reason"] == [
        "high cost, but value above 55",
        "neither low value nor high cost",
        "low value (margin <= 55) at a high cost (cost >= 21.5)",
        "low value, but cost below 21.5",
        "low value, but cost below 21.5",
        "margin or cost is unknown",
        "high cost, but value above 55",
    ]


def test_who_costs_and_brings_nothing_is_as_dear_as_who_loses_money():
    got = cost_to_serve(pd.DataFrame({"margin": [0.0, -1, 1], "cost": [5.0, 2, 9]}), cost="cost", value="margin")
    assert got["cost_rank"].tolist() == [1, 1, 3]


def test_limits_can_be_fixed_for_next_month():
    got = cost_to_serve(pd.DataFrame(CUSTOMERS), cost="cost", value="margin", low_value=60, high_cost=2, labels="zh")
    assert got["serve_cheaper"].tolist()[:5] == [False, True, True, True, False]
    assert got["serve_cheaper_reason"][1] == "价值低（margin <= 60）且服务成本高（cost >= 2）：可转电子商务"


def test_order_and_chunks_change_nothing():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"margin": rng.normal(40, 30, 60), "cost": rng.gamma(2, 5, 60)})
    whole = cost_to_serve(frame, cost="cost", value="margin")
    parts = pl.concat([frame[:7], frame[7:]], rechunk=False)
    assert cost_to_serve(parts.lazy(), cost="cost", value="margin").collect().equals(whole)
    assert cost_to_serve(frame[::-1], cost="cost", value="margin")[::-1].equals(whole)


@pytest.mark.parametrize(
    ("frame", "arguments", "message"),
    [
        ({"margin": [1.0], "cost": [-1.0]}, {}, "cost must be 0 or above"),
        ({"margin": [np.nan], "cost": [1.0]}, {}, "is null for everyone.*give low_value="),
        ({"margin": [np.nan], "cost": [1.0]}, {"low_value": 1}, "is null for everyone.*give high_cost="),
        ({"margin": [np.inf], "cost": [1.0]}, {}, "margin must be finite"),
        ({"margin": [1.0]}, {}, r"lacks \['cost'\]"),
        ({"margin": [1.0], "cost": [1.0]}, {"high_cost": "a"}, "high_cost must be a finite number"),
        ({"margin": [1.0], "cost": [1.0]}, {"labels": "fr"}, "labels must be one of"),
        ({"margin": np.array([]), "cost": np.array([])}, {}, "the frame is empty"),
    ],
)
def test_bad_input_is_refused_in_words(frame, arguments, message):
    with pytest.raises(InputError, match=message):
        cost_to_serve(pd.DataFrame(frame), cost="cost", value="margin", **arguments)
