"""Planted leaks are found, each by its own check, and an honest panel passes."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from customer_value.churn._leakage_checks import auc_with_interval
from customer_value.churn.leakage import CHECKS, leakage_report
from customer_value.errors import InputError

COLUMNS = ["check", "column", "finding", "severity", "what_to_do"]
N = 400


def honest(seed=0):
    rng = np.random.default_rng(seed)
    y = rng.random(N) < 0.3
    return pd.DataFrame(
        {
            "customer_id": np.arange(N),
            "cutoff": pd.Timestamp("2026-01-01"),
            "recency": np.round(rng.gamma(2, 10, N) + 8 * y, 2),
            "plan": rng.choice(["basic", "plus"], N),
            "vip": rng.random(N) < 0.1,
            "first_purchase": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 365, N), "D"),
            "satisfaction": np.where(rng.random(N) < 0.4, np.nan, rng.integers(1, 6, N)),
            "churned": y,
        }
    )


def found(report, severity=("high", "medium", "low")):
    report = report[report["severity"].isin(severity)]
    return set(zip(report["check"], report["column"], strict=True))


def test_an_honest_panel_passes_every_check():
    report = leakage_report(honest())
    assert report.columns.tolist() == COLUMNS
    assert found(report) == set()
    assert report["check"].tolist() == list(CHECKS)
    assert set(report["severity"]) == {"fine"}
    assert report["column"].isna().all()


def test_every_planted_leak_is_found_by_its_check_and_no_other():
    panel = honest()
    y = panel["churned"].to_numpy()
    rng = np.random.default_rng(1)
    panel["ended"] = panel["first_purchase"].where(np.arange(N) > 2, pd.Timestamp("2026-01-01"))  # day of the cutoff
    panel["status"] = np.where(y, "cancelled", np.where(panel["vip"], "gold", "open"))
    panel["copy"] = y.astype(int)
    panel["silence_to_end"] = rng.normal(0, 1, N) + 4 * y
    panel["reason"] = np.where(y & (rng.random(N) < 0.7), rng.choice(["price", "moved"], N), None)
    panel["email"] = [f"c{i}@example.com" for i in range(N)]
    panel["account"] = rng.permutation(N) + 10_000
    panel["country"] = "DE"
    panel["empty"] = np.nan
    assert found(leakage_report(panel)) == {
        ("dates at or after the cutoff", "ended"),
        ("duplicate of the outcome", "status"),
        ("duplicate of the outcome", "copy"),
        ("predicts too well", "silence_to_end"),
        ("missing for one class only", "reason"),
        ("id as a feature", "email"),
        ("id as a feature", "account"),
        ("constant", "country"),
        ("constant", "empty"),
    }
    severity = leakage_report(panel).set_index("column")["severity"]
    assert severity[["ended", "status", "email"]].tolist() == ["high"] * 3
    assert (severity["account"], severity["country"]) == ("medium", "low")
    leaves = leakage_report(panel, exclude=["ended", "status", "copy", "silence_to_end", "reason"])
    assert {check for check, _ in found(leaves)} == {"id as a feature", "constant"}


def test_the_day_of_the_cutoff_is_late_and_the_day_before_is_not():
    for day, late in (("2026-01-01", True), ("2025-12-31 23:59:59", False)):
        panel = honest()
        panel.loc[0, "first_purchase"] = pd.Timestamp(day)
        assert (("dates at or after the cutoff", "first_purchase") in found(leakage_report(panel))) == late


def test_the_area_is_the_one_of_all_pairs_and_its_interval_that_of_delong():
    rng = np.random.default_rng(2)
    y = rng.random(300) < 0.4
    score = np.round(rng.normal(0, 1, 300) + y, 1)  # with ties
    area, lower, upper = auc_with_interval(y, score, 0.95)
    assert area == pytest.approx(roc_auc_score(y, score), abs=1e-12)
    wins = (score[y][:, None] > score[~y]) + 0.5 * (score[y][:, None] == score[~y])
    se = np.sqrt(wins.mean(1).var(ddof=1) / y.sum() + wins.mean(0).var(ddof=1) / (~y).sum())
    # Wilson's bounds for the share with that standard error differ from area -+ 1.96 se in second order only.
    assert (upper - lower) / 2 == pytest.approx(1.96 * se, rel=0.02)


def test_the_interval_of_the_area_covers():
    # 400 samples: the standard error of a coverage of .95 is .011; wanted within three. True area: Phi(d / sqrt 2).
    rng = np.random.default_rng(3)
    truth = 0.8416  # d = sqrt 2 gives Phi(1)
    covered = 0
    for _ in range(400):
        y = np.repeat([True, False], [30, 70])
        _, lower, upper = auc_with_interval(y, rng.normal(0, 1, 100) + np.sqrt(2) * y, 0.95)
        covered += lower <= truth <= upper
    assert covered / 400 == pytest.approx(0.95, abs=0.033)


def test_a_perfect_separation_of_few_is_not_certain():
    area, lower, upper = auc_with_interval(np.array([True] * 3 + [False] * 50), np.r_[9.0, 8, 7, np.zeros(50)], 0.95)
    assert (area, upper) == (1.0, 1.0)
    assert lower == pytest.approx(0.4385, abs=1e-4)  # Wilson, 3 of 3
    panel = honest()
    panel["lucky"] = np.where(np.arange(N) < 3, 1.0, np.nan)
    panel["churned"] = np.arange(N) % 3 == 0
    panel.loc[:2, "churned"] = [True, False, True]
    panel.loc[:2, "lucky"] = [3.5, 1.5, 3.7]
    report = leakage_report(panel)
    assert report.set_index("column").loc["lucky", "severity"] == "medium"


def test_a_feature_counts_in_either_direction_and_categories_by_their_rates():
    panel = honest()
    rng = np.random.default_rng(4)
    y = panel["churned"].to_numpy()
    panel["down"] = -4.0 * y + rng.normal(0, 1, N)
    panel["tariff"] = np.where(rng.random(N) < 0.03, "b", np.where(y, "c", "a"))
    assert {c for k, c in found(leakage_report(panel)) if k == "predicts too well"} == {"down", "tariff"}
    assert "predicts too well" not in {check for check, _ in found(leakage_report(panel, auc=1))}


def test_ids_repeat_over_cutoffs_and_keys_must_not():
    once = honest()
    once["account"] = once["customer_id"] + 5_000
    twice = pd.concat([once, once.assign(cutoff=pd.Timestamp("2026-04-01"))])
    assert found(leakage_report(twice)) == {("id as a feature", "account")}
    assert ("customer twice at one cutoff", "customer_id") in found(leakage_report(pd.concat([once, once.head(3)])))
    # A count that differs from cutoff to cutoff is no id, however many values it has.
    twice["value"] = np.random.default_rng(0).permutation(2 * N)
    assert ("id as a feature", "value") not in found(leakage_report(twice))


def test_without_keys_their_checks_are_not_made():
    report = leakage_report(honest().drop(columns=["customer_id", "cutoff"])).set_index("check")
    assert report.loc["dates at or after the cutoff", "finding"] == "not checked: no cutoff column"
    assert report.loc["id as a feature", "severity"] == "not checked"
    named = honest().rename(columns={"customer_id": "kunde", "cutoff": "day"})
    assert found(leakage_report(named, customer_id="kunde", cutoff="day")) == set()


def test_rows_without_an_outcome_are_left_out_and_the_order_of_rows_is_nothing():
    panel = honest()
    more = pd.concat([panel, panel.assign(customer_id=panel["customer_id"] + N, churned=None)]).astype(
        {"churned": "boolean"}
    )
    panel["silent"] = 9.0 * panel["churned"] + np.random.default_rng(0).normal(0, 1, N)
    more["silent"] = np.r_[panel["silent"], np.zeros(N)]
    expected = leakage_report(panel)
    pd.testing.assert_frame_equal(leakage_report(more), expected)
    pd.testing.assert_frame_equal(leakage_report(panel.sample(frac=1, random_state=1)), expected)


def test_every_library():
    panel = honest()
    panel["ended"] = panel["first_purchase"] + pd.Timedelta(200, "D")
    expected = leakage_report(panel)
    given = pl.from_pandas(panel)
    for frame in (given, given.with_columns(pl.col("cutoff", "first_purchase", "ended").cast(pl.Date))):
        got = leakage_report(frame)
        assert isinstance(got, pl.DataFrame)
        assert got["finding"].to_list() == expected["finding"].tolist()
        assert leakage_report(frame.lazy()).collect().equals(got)
    assert leakage_report(given.to_arrow()).to_pydict()["finding"] == expected["finding"].tolist()
    assert got["column"][0] == "ended"


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"churned": True}, "both outcomes"),
        ({"churned": 0.5}, "true or false"),
        ({"churned": "yes"}, "true or false"),
        ({"recency": np.inf}, "must be finite"),
        ({"cutoff": 7}, "must hold dates"),
    ],
)
def test_bad_panels_are_refused(change, match):
    with pytest.raises(InputError, match=match):
        leakage_report(honest().assign(**change))


def test_bad_arguments_are_refused():
    panel = honest()
    for wrong in ({"auc": 0.4}, {"exclude": "plan"}, {"exclude": ["nothing"]}, {"interval": 1}, {"outcome": "left"}):
        with pytest.raises(InputError):
            leakage_report(panel, **wrong)
    with pytest.raises(InputError, match="no features"):
        leakage_report(pl.DataFrame({"customer_id": [1, 2], "cutoff": [dt.date(2026, 1, 1)] * 2, "churned": [0, 1]}))
    with pytest.raises(InputError, match="empty"):
        leakage_report(panel.head(0))
