"""What a drift report says of planted changes, of nothing, of small samples and of columns that come and go."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.special import expit

from customer_value.churn._stability import stability
from customer_value.churn.drift import drift_report
from customer_value.errors import InputError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "churn_drift.json").read_text(encoding="utf-8"))


def snapshot(n=2000, seed=0, shift=0.0, slope=1.0, cutoff="2026-01-01"):
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1, 1, n)
    return pd.DataFrame(
        {
            "customer_id": np.arange(n),
            "cutoff": pd.Timestamp(cutoff),
            "recency": rng.gamma(2, 10, n) * np.exp(shift),
            "orders": rng.poisson(2, n),
            "vip": rng.random(n) < 0.1,
            "plan": rng.choice(["basic", "plus", "pro"], n, p=[0.6, 0.3, 0.1]),
            "age": np.where(rng.random(n) < 0.2, np.nan, rng.normal(40, 10, n)),
            "first_date": pd.Timestamp(cutoff) - pd.to_timedelta(rng.integers(1, 900, n), "D"),
            "churn_probability": expit(truth),
            "churned": rng.random(n) < expit(slope * truth),
        }
    )


def told(report):
    return report.set_index(["column", "measure"])["verdict"].to_dict()


def test_the_golden_index():
    case = GOLDEN["psi_2bin"]
    before, after = (
        pd.DataFrame({"plan": np.repeat(["a", "b"], (10 * np.array(case[side])).astype(int))})
        for side in ("expected", "actual")
    )
    report = drift_report(before, after)
    assert report["psi"][0] == pytest.approx(case["psi"], rel=1e-12)
    assert (report["before"][0], report["after"][0]) == (0.5, 0.6)


def test_two_snapshots_of_one_world_are_stable():
    report = drift_report(
        snapshot(), snapshot(seed=1, cutoff="2026-04-01"), score="churn_probability", outcome="churned"
    )
    assert set(report["verdict"]) == {"stable"}
    assert report["column"].tolist()[:4] == ["churn_probability", "churned", "churn_probability", "churn_probability"]
    assert report["measure"].tolist()[:4] == ["distribution", "rate", "observed / expected", "calibration slope"]
    assert set(report["column"][4:]) == {"recency", "orders", "vip", "plan", "age", "first_date"}
    # Without drift the p-values are those of chance: nine of them, each above 1 in 1,000.
    assert (report["p_value"] > 1e-3).all()


def test_planted_changes_are_told():
    before, after = snapshot(), snapshot(seed=1, shift=0.8, slope=0.4)
    after["plan"] = after["plan"].replace({"basic": "starter"})
    after["age"] = after["age"].where(np.arange(2000) % 2 == 0)
    after["orders"] = after["orders"] + (np.arange(2000) % 5 == 0)
    report = drift_report(before, after, score="churn_probability", outcome="churned")
    verdicts = told(report)
    assert verdicts["recency", "distribution"] == "drift"
    assert verdicts["plan", "distribution"] == "drift"
    assert verdicts["age", "distribution"] == "drift"
    assert verdicts["vip", "distribution"] == "stable"
    assert verdicts["churn_probability", "distribution"] == "stable"
    assert verdicts["churn_probability", "calibration slope"] == "drift"
    row = report.set_index(["column", "measure"]).loc["churn_probability", "calibration slope"]
    assert row["before"] == pytest.approx(1, abs=0.2)
    assert row["after"] == pytest.approx(0.4, abs=0.2)
    rows = report[report["measure"] == "distribution"].set_index("column")
    assert rows.loc["age", "missing_after"] == pytest.approx(0.6, abs=0.05)
    assert "1 new categories: starter" in rows.loc["plan", "note"]
    assert rows.loc["recency", "after"] == pytest.approx(20 * np.exp(0.8), rel=0.1)
    features = rows.drop("churn_probability")["psi"]
    assert features.is_monotonic_decreasing


def test_bins_are_quantiles_of_before_and_nulls_a_bin_of_their_own():
    before = pd.DataFrame({"x": [*range(1, 101), *[np.nan] * 20]})
    after = pd.DataFrame({"x": [*range(1, 51), *[np.nan] * 10]})
    row = drift_report(before, after, bins=4).iloc[0]
    expected = stability(np.array([25.0, 25, 25, 25, 20]), np.array([25.0, 25, 0, 0, 10]))
    assert (row["psi"], row["psi_by_chance"]) == pytest.approx((expected.psi, expected.by_chance), rel=1e-12)
    assert row["ks"] == 0.5
    # A value that half of the customers have stays in one bin.
    half = pd.DataFrame({"x": [0.0] * 50 + list(range(1, 51))})
    assert drift_report(half, half)["psi"].tolist() == [0.0]


def test_few_rows_are_not_called_drift():
    report = drift_report(snapshot(60), snapshot(60, seed=1), features=["recency", "orders"])
    assert (report["psi"] > 0.1).any()
    assert set(report["verdict"]) <= {"stable", "within chance"}


def test_dates_count_from_the_cutoff():
    before, after = snapshot(), snapshot(seed=1, cutoff="2027-01-01")
    assert told(drift_report(before, after))["first_date", "distribution"] == "stable"
    bare = drift_report(before.drop(columns="cutoff"), after.drop(columns="cutoff")).set_index("column")
    assert bare.loc["first_date", "verdict"] == "not checked"


def test_columns_that_come_go_or_change_their_type():
    before, after = snapshot(), snapshot(seed=1)
    after = after.rename(columns={"orders": "purchases"}).assign(plan=3, vip=None)
    report = drift_report(before, after).set_index("column")
    assert report["verdict"][["orders", "purchases", "plan"]].tolist() == ["gone", "new", "other type"]
    assert report.loc["vip", "verdict"] == "drift"  # all of it is missing now
    assert report.loc["vip", "missing_after"] == 1
    assert report["psi"].iloc[:3].isna().all()
    assert drift_report(before, after, features=["recency"])["column"].tolist() == ["recency"]


def test_outcomes_that_are_not_there_yet_are_not_judged():
    before, after = snapshot(), snapshot(seed=1).assign(churned=np.nan)
    report = drift_report(before, after, score="churn_probability", outcome="churned", features=["orders"])
    assert told(report)["churned", "rate"] == "not checked"
    assert told(report)["churn_probability", "calibration slope"] == "not checked"
    partly = snapshot(seed=1).astype({"churned": "object"})
    partly.loc[:999, "churned"] = None
    partly["churned"] = partly["churned"].astype("boolean")
    some = drift_report(before, partly, score="churn_probability", outcome="churned", features=["orders"])
    assert set(some["verdict"]) == {"stable"}


def test_every_library_and_any_order_of_rows():
    before, after = snapshot(), snapshot(seed=1, shift=0.3)
    after["plan"] = after["plan"].where(np.arange(2000) % 7 > 0, "new")
    names = {"score": "churn_probability", "outcome": "churned"}
    expected = drift_report(before, after, **names)
    mixed = drift_report(before.sample(frac=1, random_state=1), after.sample(frac=1, random_state=2), **names)
    pd.testing.assert_frame_equal(mixed, expected, check_exact=True)
    frames = pl.from_pandas(before), pl.from_pandas(after)
    got = drift_report(*frames, **names)
    pd.testing.assert_frame_equal(got.to_pandas(), expected, check_dtype=False, rtol=1e-12)
    assert drift_report(*(frame.lazy() for frame in frames), **names).collect().equals(got)
    arrow = drift_report(*(frame.to_arrow() for frame in frames), **names)
    assert arrow.to_pydict() == got.to_dict(as_series=False)
    as_category = [frame.with_columns(pl.col("plan").cast(pl.Categorical)) for frame in frames]
    assert drift_report(*as_category, **names).equals(got)


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"bins": 1}, "bins"),
        ({"score": "nothing"}, "lacks"),
        ({"score": "recency"}, "from 0 to 1"),
        ({"score": "plan"}, "must be a probability"),
        ({"outcome": "recency"}, "true or false"),
        ({"outcome": "plan"}, "true or false"),
        ({"features": "plan"}, "list of column names"),
        ({"features": ["nothing"]}, "lacks"),
        ({"features": []}, "no columns are left"),
        ({"score": "churned", "outcome": "churned"}, "two columns"),
    ],
)
def test_bad_arguments_are_refused(wrong, match):
    with pytest.raises(InputError, match=match):
        drift_report(snapshot(50), snapshot(50), **wrong)


def test_bad_frames_are_refused():
    frame = snapshot(50)
    for before, after in ((frame.head(0), frame), (frame, frame.head(0)), (frame, pl.from_pandas(frame)),
                          (frame.assign(recency=np.inf), frame)):  # fmt: skip
        with pytest.raises(InputError):
            drift_report(before, after)
