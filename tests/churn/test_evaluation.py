"""The evaluation: every figure against scikit-learn or the room's own functions, nothing in sample, readable."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from customer_value.churn.empc import empc_fraction, empc_score, mpc_score
from customer_value.churn.evaluation import ChurnReport, evaluate_churn
from customer_value.churn.lift import lift_table
from customer_value.churn.ranking import gini_score, top_decile_lift
from customer_value.churn.recency_rule import RecencyRule
from customer_value.errors import DataWarning, InputError

FAST = {"n_resamples": 12}
FEATURES = ["days_since_last", "x"]


def snapshots(n=120, cutoffs=("2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01"), seed=0):
    """Customers whose risk grows with silence and with x; several cutoffs, three months apart."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "customer_id": np.tile(np.arange(n), len(cutoffs)),
        "cutoff": np.repeat(pd.to_datetime(list(cutoffs)), n),
        "days_since_last": rng.integers(0, 200, n * len(cutoffs)),
        "x": rng.normal(size=n * len(cutoffs)),
    })  # fmt: skip
    odds = frame["days_since_last"] / 40 - 3 + frame["x"]
    return frame.assign(churned=rng.random(len(frame)) < 1 / (1 + np.exp(-odds)))


@pytest.fixture(scope="module")
def one_cutoff():
    return snapshots(400, ["2024-01-01"])


@pytest.fixture(scope="module")
def report(one_cutoff):
    panel = one_cutoff.assign(region=np.where(one_cutoff["customer_id"] % 3, "north", "south"))
    return evaluate_churn(
        LogisticRegression(max_iter=500), panel.drop(columns="region").assign(r=panel["region"] == "north"), by="r",
        n_resamples=40,
    )  # fmt: skip


def row(frame, name):
    return frame.set_index("model").loc[name]


# ---- figures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "column"), [("LogisticRegression", "churn_probability"), ("RecencyRule", "baseline_probability")]
)
def test_every_measure_is_that_of_its_own_function(report, name, column):
    y, p = report.scored["churned"], report.scored[column]
    ranking, holds, money = (row(f, name) for f in (report.discrimination, report.calibration, report.profit))
    assert ranking["auc"] == pytest.approx(roc_auc_score(y, p), abs=1e-12)
    assert ranking["gini"] == pytest.approx(gini_score(y, p), abs=1e-12)
    assert ranking["top_decile_lift"] == pytest.approx(top_decile_lift(y, p), abs=1e-12)
    assert ranking["average_precision"] == pytest.approx(average_precision_score(y, p), abs=1e-12)
    assert holds["brier"] == pytest.approx(brier_score_loss(y, p), abs=1e-12)
    assert holds["observed_expected"] == pytest.approx(y.sum() / p.sum(), abs=1e-12)
    assert holds["mean_probability"] == pytest.approx(p.mean(), abs=1e-12)
    odds = np.log(p / (1 - p)).to_numpy()[:, None]
    recalibrated = LogisticRegression(C=np.inf, tol=1e-9, max_iter=1000).fit(odds, y)
    assert holds["calibration_slope"] == pytest.approx(recalibrated.coef_.item(), rel=1e-4)
    shifted = 1 / (1 + np.exp(-odds[:, 0] - holds["calibration_intercept"]))
    assert shifted.sum() == pytest.approx(y.sum(), rel=1e-9)  # what defines the intercept
    assert money["empc"] == pytest.approx(empc_score(y, p), abs=1e-12)
    assert money["empc_fraction"] == pytest.approx(empc_fraction(y, p), abs=1e-12)
    assert money["mpc"] == pytest.approx(mpc_score(y, p), abs=1e-12)
    assert money["profit_everyone"] == pytest.approx(56 * y.mean() - 11 * (1 - y.mean()))


def test_tables_are_those_of_the_frame_functions(report):
    scored = report.scored
    expected = lift_table(scored)
    made = report.lift[report.lift["model"] == "LogisticRegression"].drop(columns="model")
    pd.testing.assert_frame_equal(made, expected)
    reliability = report.reliability[report.reliability["model"] == "LogisticRegression"]
    error = (reliability["mean_score"] - reliability["churn_rate"]).abs() @ reliability["customers"] / len(scored)
    assert row(report.calibration, "LogisticRegression")["calibration_error"] == pytest.approx(error, abs=1e-12)
    assert report.profit_curve.groupby("model")["best"].sum().tolist() == [1, 1]


def test_segments_are_judged_one_by_one(report, one_cutoff):
    table = report.by_segment
    assert table["segment_value"].tolist() == ["False", "False", "True", "True"]
    assert set(table["segment_by"]) == {"r"}
    assert table.groupby("model")["customers"].sum().tolist() == [400, 400]
    north = one_cutoff["customer_id"] % 3 > 0
    part = report.scored[north.to_numpy()]
    found = table[(table["segment_value"] == "True") & (table["model"] == "LogisticRegression")].iloc[0]
    assert found["auc"] == pytest.approx(roc_auc_score(part["churned"], part["churn_probability"]), abs=1e-12)


def test_intervals_hold_the_figure_and_the_model_beats_the_rule(report):
    for frame, names in (
        (report.discrimination, ("auc", "gini", "average_precision")),
        (report.calibration, ("brier",)),
        (report.profit, ("empc", "mpc")),
    ):
        for name in names:
            assert (frame[f"{name}_lower"] < frame[name]).all()
            assert (frame[name] < frame[f"{name}_upper"]).all()
    auc = report.against_baseline.set_index("measure").loc["auc"]
    assert auc["difference"] == pytest.approx(auc["of_model"] - auc["of_baseline"])
    assert 0 < auc["difference_lower"] < auc["difference"] < auc["difference_upper"]
    # On the same resamples the difference is known better than either.
    widths = report.discrimination["auc_upper"] - report.discrimination["auc_lower"]
    assert auc["difference_upper"] - auc["difference_lower"] < widths.sum()


# ---- nothing in sample ------------------------------------------------------------------------------------------


def test_a_model_that_remembers_everything_gains_nothing():
    frame = snapshots(300, ["2024-01-01"]).assign(churned=np.random.default_rng(1).random(300) < 0.4)
    report = evaluate_churn(KNeighborsClassifier(1), frame, baseline=None, **FAST)
    assert 0.35 < report.discrimination["auc"][0] < 0.65  # in sample it would be 1


def test_with_several_cutoffs_later_ones_are_tested_by_what_was_known():
    seen = []

    class Watched(LogisticRegression):
        def fit(self, X, y):
            seen.append(len(X))
            return super().fit(X, y)

    frame = snapshots()
    report = evaluate_churn(Watched(), frame, horizon="3 months", **FAST)
    assert report.scored["cutoff"].min() == pd.Timestamp("2024-04-01")
    assert len(report.scored) == 3 * 120
    assert max(seen) <= 3 * 80  # two of three parts of the customers, at most three earlier cutoffs
    assert "Out of time: cutoffs from 2024-04-01 on" in report.design
    assert report.over_time["cutoff"].nunique() == 3
    half_year = evaluate_churn(LogisticRegression(), frame, horizon="6 months", **FAST)
    assert half_year.scored["cutoff"].min() == pd.Timestamp("2024-07-01")  # windows of six months end then


def test_a_model_that_takes_groups_gets_the_customers():
    seen = []

    class Grouped(LogisticRegression):
        def fit(self, X, y, groups=None):
            seen.append((len(X), groups))
            return super().fit(X, y)

    frame = snapshots(40).assign(customer_id=lambda t: "c" + t["customer_id"].astype(str))
    evaluate_churn(Grouped(), frame, horizon="3 months", baseline=None, **FAST)
    assert all(len(groups) == rows and set(groups) < set(frame["customer_id"]) for rows, groups in seen)


def test_several_cutoffs_need_the_horizon():
    with pytest.raises(InputError, match="several cutoffs: give horizon="):
        evaluate_churn(LogisticRegression(), snapshots())
    with pytest.raises(InputError, match="outcome windows leave 0 training rows"):
        evaluate_churn(LogisticRegression(), snapshots(), horizon="2 years")


def test_folds_that_leak_are_warned_of_and_those_in_sample_refused():
    frame = snapshots()
    with pytest.warns(DataWarning, match="too good"):
        report = evaluate_churn(LogisticRegression(), frame, cv=KFold(3, shuffle=True, random_state=0), **FAST)
    assert len(report.scored) == len(frame)
    assert any("too good" in note for note in report.notes)
    rows = np.arange(len(frame))
    with pytest.raises(InputError, match="cv must keep training and test apart"):
        evaluate_churn(LogisticRegression(), frame, cv=[(rows, rows[:100])])


def test_own_folds_test_what_they_test(one_cutoff):
    folds = list(StratifiedKFold(2).split(one_cutoff, one_cutoff["churned"]))
    report = evaluate_churn(LogisticRegression(), one_cutoff, cv=folds[:1], **FAST)
    train, test = folds[0]
    assert report.scored["customer_id"].tolist() == test.tolist()
    model = LogisticRegression().fit(one_cutoff.loc[train, FEATURES], one_cutoff.loc[train, "churned"])
    expected = model.predict_proba(one_cutoff.loc[test, FEATURES])[:, 1]
    np.testing.assert_allclose(report.scored["churn_probability"], expected)


def test_the_order_of_rows_does_not_matter(one_cutoff):
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    frame = snapshots(50)
    for panel, span in ((one_cutoff, None), (frame, "3 months")):
        turned = panel.sample(frac=1, random_state=1)
        expected = evaluate_churn(tree, panel, horizon=span, **FAST)
        made = evaluate_churn(tree, turned, horizon=span, **FAST)
        for name in ("discrimination", "calibration", "profit", "against_baseline", "lift", "profit_curve"):
            pd.testing.assert_frame_equal(getattr(made, name), getattr(expected, name))


# ---- scores, baselines, frames ----------------------------------------------------------------------------------


def test_scores_that_are_there_are_taken_as_they_are(one_cutoff):
    frame = one_cutoff.assign(mine=1 / (1 + np.exp(-one_cutoff["x"])), rule=one_cutoff["days_since_last"] / 200)
    report = evaluate_churn(None, frame.drop(columns=FEATURES), score="mine", baseline="rule", **FAST)
    assert report.models == ("mine", "rule")
    assert row(report.discrimination, "mine")["auc"] == pytest.approx(roc_auc_score(frame["churned"], frame["x"]))
    fitted = evaluate_churn(None, frame.drop(columns="rule"), score="mine", **FAST)
    assert fitted.models == ("mine", "RecencyRule")
    assert fitted.scored["churn_probability"].tolist() == frame["mine"].tolist()


def test_baselines_of_ones_own(one_cutoff):
    report = evaluate_churn(LogisticRegression(), one_cutoff, baseline=LogisticRegression(C=1e-6), **FAST)
    assert report.models == ("LogisticRegression", "LogisticRegression (baseline)")
    named = evaluate_churn(LogisticRegression(), one_cutoff, baseline=RecencyRule("days_since_last"), **FAST)
    assert named.models[1] == "RecencyRule"
    with pytest.warns(DataWarning, match="no column days_since_last"):
        alone = evaluate_churn(LogisticRegression(), one_cutoff.drop(columns="days_since_last"), **FAST)
    assert alone.against_baseline is None
    assert alone.models == ("LogisticRegression",)


@pytest.mark.parametrize("make", [pl.from_pandas, lambda f: pl.from_pandas(f).lazy()], ids=["polars", "polars[lazy]"])
def test_other_libraries_give_the_same(make):
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    panel = snapshots(60)
    expected = evaluate_churn(tree, panel, horizon="3 months", **FAST)
    given = make(panel)
    report = evaluate_churn(tree, given, horizon="3 months", **FAST)
    assert isinstance(report, ChurnReport)
    assert type(report.discrimination) is type(given)
    made = report.discrimination.lazy().collect().to_pandas()
    pd.testing.assert_frame_equal(made, expected.discrimination, check_dtype=False)
    assert report.to_text() == expected.to_text()


def test_rows_without_an_outcome_are_refused_or_dropped(one_cutoff):
    frame = one_cutoff.assign(churned=one_cutoff["churned"].astype("boolean").mask(one_cutoff["customer_id"] < 10))
    with pytest.raises(InputError, match="churned must not be null; 10 of 400"):
        evaluate_churn(LogisticRegression(), frame)
    report = evaluate_churn(LogisticRegression(), frame, unlabelled="drop", **FAST)
    assert len(report.scored) == 390


def test_it_reads_as_a_report(report):
    text = str(report)
    for heading in (
        "LogisticRegression: 400 customers", "Against RecencyRule", "Do the probabilities hold?",
        "What a campaign would bring", "By segment",
    ):  # fmt: skip
        assert heading in text
    assert "It ranks customers better than RecencyRule does." in text
    assert "<table" in report._repr_html_()
    assert "<h4>Against RecencyRule</h4>" in report._repr_html_()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": None}, "give a model to fit, or None and score="),
        ({"score": "x"}, "give a model to fit, or None and score="),
        ({"model": object()}, "object must be a classifier"),
        ({"by": "customer_id"}, "has 400 values; at most 50"),
        ({"by": "region"}, r"lacks \['region'\]"),
        ({"clv": 5}, "clv must be above incentive"),
        ({"interval": 2}, "interval must be between 0 and 1"),
        ({"n_resamples": 0}, "n_resamples must be a whole number"),
        ({"outcome": "left"}, r"lacks \['left'\].*churn_snapshots"),
        ({"unlabelled": "ignore"}, "unlabelled must be one of"),
    ],
)
def test_bad_arguments(one_cutoff, change, message):
    with pytest.raises(InputError, match=message):
        evaluate_churn(**({"model": LogisticRegression(), "panel": one_cutoff} | change))


def test_too_few_of_an_outcome(one_cutoff):
    with pytest.raises(InputError, match="at least two customers who churned"):
        evaluate_churn(LogisticRegression(), one_cutoff.assign(churned=one_cutoff["customer_id"] == 3))
    with pytest.raises(InputError, match="churned must hold both outcomes"):
        evaluate_churn(LogisticRegression(), one_cutoff.assign(churned=True))
