"""Key accounts: any flag is enough, ties are in together, and unknown is not no."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value.errors import InputError
from customer_value.segments import screen_key_accounts

ACCOUNTS = {
    "total_value": [900.0, 500.0, 500.0, 10.0, None],
    "shipments": [10, 20, 400, 1, 2],
    "market_leader": [False, False, True, False, None],
    "potential": [0.0, 70.0, 900.0, 5.0, None],
}


def test_any_flag_makes_a_key_account_and_the_reason_names_those_that_fired(make_frame, read):
    frame = make_frame(ACCOUNTS)
    flags = {"top": {"total_value": 2}, "at_least": {"shipments": 400}, "growth": {"potential": 60}}
    got = read(screen_key_accounts(frame, leader="market_leader", **flags))
    assert got["key_account"][:4] == [True, True, True, False]
    assert pd.isna(got["key_account"][4])
    assert got["key_account_economic"][:4] == [True, True, True, False]  # two tie for the second place
    assert got["key_account_important"][:4] == [False, False, True, False]
    assert got["key_account_potential"][:4] == [False, True, True, False]
    assert got["key_account_reason"] == [
        "economic: total_value among the best 2",
        "economic: total_value among the best 2; potential: potential >= 60",
        "economic: total_value among the best 2; economic: shipments >= 400; important: market_leader; "
        "potential: potential >= 60",
        "no flag",
        "no flag; unknown: total_value, market_leader, potential",
    ]


def test_a_flag_that_fired_decides_whatever_else_is_unknown():
    got = screen_key_accounts(pd.DataFrame(ACCOUNTS), at_least={"shipments": 2}, growth={"potential": 1})
    assert got["key_account"].tolist() == [True] * 5
    assert "key_account_important" not in got.columns


def test_reasons_in_chinese():
    got = screen_key_accounts(pd.DataFrame(ACCOUNTS), top={"total_value": 1}, leader=["market_leader"], labels="zh")
    assert got["key_account_reason"].tolist()[:4] == [
        *("经济大客户: total_value 排名前 1", "无标志", "重要大客户: market_leader", "无标志")
    ]


def test_order_and_chunks_change_nothing():
    frame = pl.DataFrame(ACCOUNTS)
    ask = {"top": {"total_value": 2}, "leader": "market_leader"}
    whole = screen_key_accounts(frame, **ask)
    assert screen_key_accounts(frame[::-1], **ask)[::-1].equals(whole)
    assert screen_key_accounts(pl.concat([frame[:2], frame[2:]], rechunk=False).lazy(), **ask).collect().equals(whole)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "ask for one flag at least"),
        ({"top": {"total_value": 0}}, r"top\['total_value'\] must be a whole number, 1 or above"),
        ({"top": 20}, "top must map columns to numbers"),
        ({"at_least": {"total_value": np.inf}}, "the limit of 'total_value' must be a finite number"),
        ({"at_least": {"weight": 1}}, r"lacks \['weight'\]"),
        ({"leader": "shipments"}, "shipments must hold true or false"),
        ({"leader": 1}, "leader must be a list of column names"),
        ({"growth": {"market_leader": 1}}, "market_leader must be numeric"),
        ({"leader": "market_leader", "labels": "fr"}, "labels must be one of"),
    ],
)
def test_bad_input_is_refused_in_words(arguments, message):
    with pytest.raises(InputError, match=message):
        screen_key_accounts(pl.DataFrame(ACCOUNTS), **arguments)
