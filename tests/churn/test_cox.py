"""Cox's model against R's figures, and its curve against the truth where customers come into view late."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from customer_value._frames import open_frame
from customer_value.churn._risk_sets import cumulative_hazard, risk_sets
from customer_value.churn._spells import read_spells
from customer_value.churn.cox import CoxModel
from customer_value.errors import ConvergenceError, DataWarning, InputError, MissingDependencyError, NotFittedError

TESTS = Path(__file__).parents[1]
GOLDEN = json.loads((TESTS / "golden" / "churn_survival.json").read_text())["rossi_cox"]
ROSSI = pd.read_csv(TESTS / "data" / "rossi.csv")
NAMES = {"duration": "week", "event": "arrest"}


@pytest.fixture(scope="module")
def rossi():
    return CoxModel().fit(ROSSI, **NAMES)


def late_entry(n=2500, seed=1):
    """Lifetimes of mean 20 days (24 without x), of which those are seen that outlast a delayed start."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, n)
    life = np.ceil(rng.exponential(np.where(x == 1, 20.0, 24.0)))
    since = np.where(rng.random(n) < 0.5, 0, rng.integers(0, 30, n))
    seen = pd.DataFrame({"x": x, "since": since, "t": np.minimum(life, 60), "left": life <= 60})
    return seen[seen["t"] > since].reset_index(drop=True)


def test_recidivism_as_r_prints_it(rossi):
    table = rossi.summary_table().set_index("parameter")
    for name, value in GOLDEN["coef"].items():
        assert table["estimate"][name] == pytest.approx(value, abs=5.1e-8)  # half of R's last digit
        assert table["standard_error"][name] == pytest.approx(GOLDEN["se"][name], rel=1e-7)
    np.testing.assert_allclose(table["hazard_ratio"], np.exp(table["estimate"]))
    np.testing.assert_allclose(
        np.log(table["hazard_ratio_lower"]), table["estimate"] - 1.959964 * table["standard_error"], rtol=1e-6
    )
    assert rossi.log_likelihood_ == pytest.approx(GOLDEN["loglik"], abs=1e-8)
    ratio = 2 * (rossi.log_likelihood_ - rossi.log_likelihood_null_)
    assert ratio == pytest.approx(GOLDEN["lr_chi2_7df"], abs=1e-8)
    assert -2 * rossi.log_likelihood_ + 14 == pytest.approx(GOLDEN["AIC_partial"], abs=1e-7)
    assert rossi.concordance_ == pytest.approx(GOLDEN["c_index"], abs=1e-12)
    assert rossi.score(ROSSI) == rossi.concordance_


def test_late_entry_meets_the_truth_and_leaving_it_out_does_not():
    seen = late_entry()
    columns = {"duration": "t", "event": "left", "features": ["x"]}
    right, wrong = CoxModel().fit(seen, entry="since", **columns), CoxModel().fit(seen, **columns)
    both = pd.DataFrame({"x": [0, 1]})
    for horizon in (5, 10, 20, 30):
        expected = 1 - np.exp(-horizon / np.array([24.0, 20.0]))
        told = right.predict(both, horizon, interval=0.9545)  # two standard errors to either side
        assert (told["churn_probability_lower"] < expected).all()
        assert (told["churn_probability_upper"] > expected).all()
        off = wrong.predict(both, horizon, interval=0.9999)
        assert (off["churn_probability_upper"] < expected).all()
    given = right.predict(both, 10, given=15, interval=0.9545)
    expected = 1 - np.exp(-10 / np.array([24.0, 20.0]))
    assert (given["churn_probability_lower"] < expected).all()
    assert (given["churn_probability_upper"] > expected).all()


def test_the_curve_is_conditional_where_it_is_asked_for(rossi):
    men = ROSSI.head(3)
    late = rossi.survival(men, 30) / rossi.survival(men, 12)
    np.testing.assert_allclose(rossi.survival(men, 18, given=12), late, rtol=1e-13)
    own = rossi.survival(men.assign(t=[0, 12, 20]), [10, 18], given="t")
    np.testing.assert_allclose(own[1], rossi.survival(men, [10, 18], given=12)[1])
    np.testing.assert_allclose(rossi.churn_probability(men, 18, given=12), 1 - late)


def test_breslows_curve_is_that_of_statsmodels():
    from statsmodels.duration.hazard_regression import PHReg

    # Entry half a day later is entry after the events of its day, which is where statsmodels would count it in.
    seen = late_entry(300).assign(later=lambda f: f["since"] + 0.5)
    model = CoxModel(ties="breslow").fit(seen, duration="t", event="left", entry="since", features=["x"])
    ph = PHReg(seen["t"], seen[["x"]], status=seen["left"].astype(float), entry=seen["later"], ties="breslow")
    fitted = ph.fit(disp=0)
    ((time, hazard, _),) = fitted.baseline_cumulative_hazard  # just before each time
    assert model.summary_table()["estimate"][0] == pytest.approx(fitted.params[0], rel=1e-6)
    for x in (0, 1):
        ours = model.survival(pd.DataFrame({"x": [x]}), time - 0.25)[0]
        np.testing.assert_allclose(ours, np.exp(-hazard * np.exp(fitted.params[0] * x)), rtol=1e-6)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_residuals_of_late_entrants_add_up_to_nothing(ties):
    """The slopes come from statsmodels, the risk sets are ours: the score is 0 only if both see the same customers."""
    seen = late_entry(400).assign(z=lambda f: np.sin(np.arange(len(f))))
    model = CoxModel(ties=ties).fit(seen, duration="t", event="left", entry="since")
    frame = open_frame(seen)
    spells = read_spells(frame, duration="t", event="left", entry="since")
    matrix = model.covariates_.matrix(frame, nulls=False)
    sets = risk_sets(spells, matrix, model.slopes_, ties)
    np.testing.assert_allclose((matrix[sets.row] - sets.mean).sum(axis=0), 0, atol=1e-6)


def test_expected_time_is_the_area_under_the_steps(rossi):
    men = ROSSI.head(4).assign(t=[0.0, 3.25, 10.0, 10.0])
    weeks = np.arange(0, 30, 0.25)
    area = rossi.survival(men, weeks, given="t").sum(axis=1) * 0.25  # every step lies on a quarter of a week
    np.testing.assert_allclose(rossi.expected_time(men, 30, given="t"), area, rtol=1e-12)


def test_the_error_of_the_curve_without_an_effect_is_nelson_and_aalens():
    rng = np.random.default_rng(0)
    n = 4000
    frame = pd.DataFrame({"t": rng.integers(1, 30, n), "left": rng.random(n) < 0.5, "x": rng.normal(size=n)})
    model = CoxModel(ties="breslow").fit(frame, duration="t", event="left")
    told = model.predict(pd.DataFrame({"x": [frame["x"].mean()]}), 20, interval=0.6826895)
    d = np.array([((frame["t"] == t) & frame["left"]).sum() for t in range(1, 21)])
    at_risk = np.array([(frame["t"] >= t).sum() for t in range(1, 21)])
    lost = (d / at_risk).sum()
    spread = np.sqrt((d / at_risk**2).sum()) / lost
    upper = np.log(-np.log1p(-told["churn_probability_upper"][0])) - np.log(-np.log1p(-told["churn_probability"][0]))
    assert upper == pytest.approx(spread, rel=0.01)


def test_the_error_of_the_curve_counts_the_slopes_too(rossi):
    """By finite differences: with other slopes the baseline is another one, too."""
    men = ROSSI.head(3)
    frame = open_frame(ROSSI)
    spells, matrix = read_spells(frame, duration="week", event="arrest"), rossi.covariates_.matrix(frame, nulls=False)

    def cumulative(slopes):
        curve = cumulative_hazard(risk_sets(spells, matrix, slopes, "breslow"))
        low, high = curve.at(np.array([12.0, 42.0]))
        return (curve.hazard[high] - curve.hazard[low]) * np.exp(matrix[:3] @ slopes)

    model = CoxModel(ties="breslow").fit(ROSSI, **NAMES)
    step = 1e-5 * np.eye(7)
    slope = np.array([(cumulative(model.slopes_ + e) - cumulative(model.slopes_ - e)) / 2e-5 for e in step])
    lost = cumulative(model.slopes_)
    square = np.diff(model.baseline_.square[model.baseline_.at(np.array([12.0, 42.0]))])
    variance = square * np.exp(matrix[:3] @ model.slopes_) ** 2 + np.einsum(
        "ji,jk,ki->i", slope, model.covariance_, slope
    )
    told = model.predict(men, 30, given=12, interval=0.6826895)
    upper = -np.log1p(-told["churn_probability_upper"])
    np.testing.assert_allclose(np.log(upper / lost), np.sqrt(variance) / lost, rtol=1e-5)


def test_effects_that_change_over_time_are_found():
    rng = np.random.default_rng(6)
    n = 1500
    fading, steady = rng.integers(0, 2, n), rng.integers(0, 2, n)
    life = np.full(n, 41)
    for t in range(40, 0, -1):
        hazard = 0.03 * np.exp(0.7 * steady + np.where(t <= 8, 1.2, -0.3) * fading)
        life = np.where(rng.random(n) < hazard, t, life)
    frame = pd.DataFrame({"fading": fading, "steady": steady, "t": np.minimum(life, 40), "left": life <= 40})
    tests = CoxModel().fit(frame, duration="t", event="left").check_proportional_hazards().set_index("parameter")
    assert tests["p_value"]["fading"] < 1e-6
    assert tests["correlation"]["fading"] < 0
    assert tests["p_value"]["steady"] > 0.05


def test_the_check_by_its_formula_on_distinct_times():
    """Grambsch and Therneau (1994): residuals against ranks, both written out."""
    rng = np.random.default_rng(2)
    n = 60
    frame = pd.DataFrame({"t": rng.permutation(n) + 1.0, "left": rng.random(n) < 0.7, "x": rng.normal(size=n)})
    model = CoxModel().fit(frame, duration="t", event="left")
    table = model.summary_table()
    slope, variance = table["estimate"][0], table["standard_error"][0] ** 2
    events = frame[frame["left"]].sort_values("t")
    residual = []
    for t, x in zip(events["t"], events["x"], strict=True):
        there = frame[frame["t"] >= t]["x"]
        weight = np.exp(slope * there)
        residual.append(x - (weight * there).sum() / weight.sum())
    d = len(events)
    off = np.arange(d) - (d - 1) / 2
    chi2 = (off @ (d * variance * np.array(residual))) ** 2 / (d * variance * (off @ off))
    found = model.check_proportional_hazards()
    assert found["chi2"][0] == pytest.approx(chi2, rel=1e-6)
    assert found["correlation"][0] == pytest.approx(np.corrcoef(off, residual)[0, 1], rel=1e-6)


def test_order_and_library_change_nothing(rossi):
    shuffled = CoxModel().fit(ROSSI.sample(frac=1, random_state=1), **NAMES)
    pd.testing.assert_frame_equal(shuffled.check_proportional_hazards(), rossi.check_proportional_hazards())
    np.testing.assert_array_equal(shuffled.slopes_, rossi.slopes_)
    lazy = pl.LazyFrame(ROSSI.to_dict("list"))
    told = CoxModel().fit(lazy, **NAMES).predict(lazy, 10)
    assert isinstance(told, pl.LazyFrame)
    np.testing.assert_allclose(told.collect()["churn_probability"], rossi.churn_probability(ROSSI, 10))


def test_beyond_what_was_observed_nothing_is_known(rossi):
    men = ROSSI.head(2).assign(t=[0, 10])
    with pytest.warns(DataWarning, match="1 of 2 rows look beyond 52.*the answer is null"):
        told = rossi.predict(men, 45, given="t")
    assert told["churn_probability"].isna().tolist() == [False, True]
    assert told["expected_time"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("model", "change", "arguments", "message"),
    [
        (CoxModel(ties="exact"), {}, {}, "ties must be one of"),
        (CoxModel(), {}, {"features": []}, "needs a covariate"),
        (CoxModel(), {"arrest": 0}, {}, "arrest is true in no row"),
        (CoxModel(), {"age": 3}, {}, "age must differ between rows"),
    ],
)
def test_refusals(model, change, arguments, message):
    with pytest.raises(InputError, match=message):
        model.fit(ROSSI.assign(**change), **(NAMES | arguments))


def test_no_optimum_and_no_fit():
    for wrong in ({"again": 2 * ROSSI["age"]}, {"told": ROSSI["arrest"]}):
        with pytest.raises(ConvergenceError, match="found no optimum"):
            CoxModel().fit(ROSSI.assign(**wrong).head(100), **NAMES)
    with pytest.raises(NotFittedError, match="call fit"):
        CoxModel().check_proportional_hazards()


def test_without_statsmodels(monkeypatch):
    monkeypatch.setitem(sys.modules, "statsmodels.duration.hazard_regression", None)
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'customer-value\[survival\]'"):
        CoxModel().fit(ROSSI, **NAMES)
