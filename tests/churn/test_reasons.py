"""Reasons from rules: what applies, how strong, how it reads; on frames that this library's own functions make."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

import customer_value as cv
from customer_value.churn.reason_rules import REASON_RULES, ReasonRule
from customer_value.churn.reasons import reason_codes
from customer_value.errors import InputError, MissingDependencyError

COLUMNS = ["customer_id", "rank", "reason", "feature", "own_value", "typical_value", "direction", "contribution"]


def features():
    return pd.DataFrame(
        {
            "customer_id": ["dan", "ann", "bob", "eve"],
            "days_since_last": [3, 217, 12, 12],
            "mean_gap": [30.0, 28.0, 30.0, np.nan],
            "longest_gap": [40.0, 70.0, 31.0, np.nan],
            "active_days": [9, 6, 11, 1],
            "trend_30d_90d": [1.8, 0.3, 0.9, np.nan],
            "trend_90d_365d": [1.0, 0.5, 1.1, np.nan],
            "days_since_first": [400, 800, 900, 12],
            "complaints": [0, 1, 2, 0],
            "complaints_90d": [0, 0, 2, 0],
        }
    )


def test_each_customer_gets_his_strongest_reasons_in_words():
    table = reason_codes(features())
    assert table.columns.tolist() == COLUMNS
    assert table[["customer_id", "rank", "reason"]].to_numpy().tolist() == [
        ["ann", 1, "silent 31 weeks, usual gap 4 weeks"],
        ["ann", 2, "activity of the last 30 days at 30% of the own rate"],
        ["ann", 3, "complaints so far: 1"],
        ["bob", 1, "complaints in the last 90 days: 2"],
        ["eve", 1, "a customer for 12 days only"],
        ["eve", 2, "bought only once"],
    ]
    assert table["feature"][:2].tolist() == ["days_since_last", "trend_30d_90d"]
    assert table.loc[0, ["own_value", "typical_value"]].tolist() == [217, 28]
    assert set(table["direction"]) == {"raises"}
    # Weight x (1 + doublings beyond the bound): 2 x (1 + log2(217 / 56)); complaints 1.5 x (1 + log2 2); and .7 x
    # (1 + log2(90 / 12)) for the new one.
    expected = [2 * (1 + np.log2(217 / 56)), 1.5 * 2, 0.8, 1.5 * 2, 0.7 * (1 + np.log2(90 / 12)), 1.0]
    np.testing.assert_allclose(table["contribution"], expected, rtol=1e-12)


def test_reasons_to_stay_are_told_on_request():
    table = reason_codes(features(), direction="both").set_index(["customer_id", "rank"])
    assert table.loc[("dan", 1), "reason"] == "active 3 days ago, usual gap 4 weeks"
    assert table.loc[("dan", 2), "reason"] == "activity of the last 30 days at 180% of the own rate"
    assert table.loc["dan", "direction"].tolist() == ["lowers", "lowers"]
    assert (table.loc["dan", "contribution"] < 0).all()
    assert "dan" not in set(reason_codes(features())["customer_id"])


def test_the_wide_frame_keeps_rows_and_order():
    frame = features()
    wide = reason_codes(frame, wide=True, top=2)
    pd.testing.assert_frame_equal(wide[frame.columns], frame)
    assert wide.columns.tolist()[-2:] == ["reason_1", "reason_2"]
    long = reason_codes(frame, top=2)
    for rank in (1, 2):
        told = long[long["rank"] == rank].set_index("customer_id")["reason"].to_dict()
        assert wide.dropna(subset=f"reason_{rank}").set_index("customer_id")[f"reason_{rank}"].to_dict() == told
    assert wide.loc[0, ["reason_1", "reason_2"]].isna().all()


def test_chinese():
    table = reason_codes(features(), labels="zh")
    assert table["reason"][:2].tolist() == ["已沉默31周，通常间隔4周", "近30天活跃度为自身水平的30%"]


def test_the_first_log_is_looked_at_and_complaints_in_all():
    frame = features().drop(columns=["complaints", "complaints_90d"])
    frame = frame.rename(columns={name: f"shop_orders_{name}" for name in frame.columns[1:]})
    frame["tickets_days_since_last"] = [900, 9, 9, 9]
    frame["tickets_mean_gap"] = 1.0
    frame["tickets_complaint_90d"] = [0, 0, 2, 0]
    table = reason_codes(frame)
    expected = reason_codes(features())
    same = ["customer_id", "rank", "reason", "contribution"]
    # All but Ann's complaint of long ago, which these tickets do not have.
    pd.testing.assert_frame_equal(table[same], expected.drop(index=2)[same].reset_index(drop=True))
    assert set(table["feature"]) == {
        *(f"shop_orders_{name}" for name in ("days_since_last", "trend_30d_90d", "active_days", "days_since_first")),
        "tickets_complaint_90d",
    }
    both = reason_codes(frame, logs=["shop_orders", "tickets"])
    assert both.loc[both["customer_id"] == "dan", "feature"].tolist() == ["tickets_days_since_last"]


def test_frames_of_this_library_have_reasons():
    log = cv.datasets.load_cdnow(sample=True)
    early, _ = cv.split_holdout(log, observation_end="1997-09-30")
    summary = cv.summarize_customers(early, observation_end="1997-09-30", time_unit="week")
    told = reason_codes(summary)
    once = summary.loc[summary["purchases"] == 1, "customer_id"]
    assert told["customer_id"].tolist() == once.tolist()  # nobody's silence is twice the median: 39 weeks are too short
    assert set(told["reason"]) == {"bought only once"}
    rhythm = cv.transactions.purchase_rhythm(early, observation_end="1997-09-30")
    told = reason_codes(rhythm)
    first = told.iloc[0]
    own = rhythm.set_index(rhythm.columns[0]).loc[first["customer_id"]]
    assert (first["own_value"], first["typical_value"]) == (own["time_since_last"], own["usual_gap"])  # in weeks
    assert first["reason"] == f"silent {own['time_since_last']:.0f} weeks, usual gap {own['usual_gap']:.0f} weeks"
    late = told[told["feature"] == "time_since_last"]
    assert (late["own_value"] >= 2 * late["typical_value"]).all()
    made = cv.churn.churn_features({"orders": log}, cutoff="1997-10-01")
    assert set(reason_codes(made)["feature"]) >= {"orders_days_since_last", "orders_active_days"}


def test_rules_can_be_replaced_and_added():
    frame = features().assign(price_rise=[0.2, 0.0, 0.06, np.nan])
    rule = ReasonRule("price", "price_rise", "price rose by {value}", at_least=0.05, unit="share", weight=9)
    alone = reason_codes(frame, rules=[rule])
    assert alone[["customer_id", "reason"]].to_numpy().tolist() == [
        ["bob", "price rose by 6%"],
        ["dan", "price rose by 20%"],
    ]
    added = reason_codes(frame, rules=[*REASON_RULES, rule])
    assert len(added) == len(reason_codes(frame)) + 2


def test_bounds_are_part_of_a_rule_and_zero_is_no_obstacle():
    frame = pd.DataFrame({"customer_id": [1, 2, 3, 4], "x": [2.0, 1.9, np.nan, 8.0], "usual": [1.0, 1.0, 1.0, 0.0]})
    rule = ReasonRule("x", "x", "{value} of {typical}", at_least=2, typical="usual")
    table = reason_codes(frame, rules=[rule])
    assert table["customer_id"].tolist() == [1, 4]
    assert table["contribution"].tolist() == [1.0, 4.0]  # at the bound; and beyond all bounds, three doublings
    least = ReasonRule("x", "x", "{value}", at_most=2)
    assert reason_codes(frame, rules=[least])["customer_id"].tolist() == [1, 2]
    median = ReasonRule("x", "x", "{value} of {typical}", at_least=4, typical="median")
    assert reason_codes(frame, rules=[median])["reason"].tolist() == ["8 of 2"]


def test_the_ruler_of_the_frame_is_read():
    frame = pd.DataFrame({"customer_id": [1], "time_since_last": [1.0], "usual_gap": [0.25], "time_unit": ["year"]})
    assert reason_codes(frame)["reason"][0] == "silent 52 weeks, usual gap 13 weeks"
    long_ago = frame.assign(time_since_last=4.0)
    assert reason_codes(long_ago)["reason"][0] == "silent 4 years, usual gap 13 weeks"


def test_nobody_with_a_reason_gives_no_rows_or_empty_columns():
    calm = features().iloc[[0]]
    assert reason_codes(calm).empty
    assert reason_codes(calm).columns.tolist() == COLUMNS
    assert reason_codes(calm, wide=True)["reason_1"].isna().all()
    assert reason_codes(pl.from_pandas(calm)).schema["reason"] == pl.String


def test_every_library_and_any_order_of_rows():
    frame = features()
    expected = reason_codes(frame)
    pd.testing.assert_frame_equal(reason_codes(frame.sample(frac=1, random_state=2)), expected)
    given = pl.from_pandas(frame)
    got = reason_codes(given)
    pd.testing.assert_frame_equal(got.to_pandas(), expected)
    assert reason_codes(given.lazy()).collect().equals(got)
    assert reason_codes(given.to_arrow()).to_pydict() == got.to_dict(as_series=False)
    wide = reason_codes(given.lazy(), wide=True).collect()
    assert wide["customer_id"].to_list() == frame["customer_id"].tolist()


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"top": 0}, "top"),
        ({"wide": 1}, "wide"),
        ({"direction": "lowers"}, "direction"),
        ({"labels": "de"}, "labels"),
        ({"customer_id": "id"}, "lacks"),
        ({"rules": []}, "rules must be"),
        ({"rules": ["silent"]}, "rules must be"),
        ({"rules": [ReasonRule("a", "nothing", "b", at_least=1)]}, "finds its columns"),
        ({"logs": ["orders"]}, "finds its columns"),
        ({"background": features()}, "go with model"),
        ({"words": {}}, "go with model"),
        ({"random_state": -1}, "random_state"),
    ],
)
def test_bad_arguments_are_refused(wrong, match):
    frame = features().drop(columns=["complaints", "complaints_90d"])
    with pytest.raises(InputError, match=match):
        reason_codes(frame, **wrong)


def test_bad_frames_are_refused():
    frame = features()
    for bad, match in (
        (pd.concat([frame, frame.head(1)]), "come once each; 1 rows repeat"),
        (frame.assign(customer_id=None), "not be null"),
        (frame.head(0), "empty"),
        (frame.assign(days_since_last=np.inf), "finite"),
    ):
        with pytest.raises(InputError, match=match):
            reason_codes(bad)


def test_without_shap_the_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'customer-value\[explain\]'"):
        reason_codes(features(), model=object())
