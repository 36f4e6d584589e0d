"""The person-period likelihood against an independent fit, simulated truth, and what must not change an answer."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.special import expit, logit
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from customer_value.churn.hazard import DiscreteTimeHazard
from customer_value.errors import ConvergenceError, DataWarning, FitWarning, InputError

TESTS = Path(__file__).parents[1]
GOLDEN = json.loads((TESTS / "golden" / "churn_survival.json").read_text())["rossi_discrete_time_logit_log_t"]
ROSSI = pd.read_csv(TESTS / "data" / "rossi.csv")
NAMES = {"duration": "week", "event": "arrest"}


@pytest.fixture(scope="module")
def rossi():
    return DiscreteTimeHazard(baseline="log").fit(ROSSI, **NAMES)


def simulated(n=20_000, seed=1):
    """Discrete lifetimes whose log odds to leave are -2.5 - .4 log(period) + .7 x; seen from a late entry on."""
    rng = np.random.default_rng(seed)
    x, entry = rng.integers(0, 2, n), rng.integers(0, 10, n)
    life = np.full(n, 61)
    for period in range(60, 0, -1):
        life = np.where(rng.random(n) < truth_hazard(period, x), period, life)
    end = np.minimum(entry + rng.integers(6, 40, n), 60)
    seen = pd.DataFrame({"x": x, "entry": entry, "time": np.minimum(life, end), "left": life <= end})
    return seen[life > entry].reset_index(drop=True)


def truth_hazard(period, x):
    return expit(-2.5 - 0.4 * np.log(period) + 0.7 * x)


def truth(horizon, x, given=0):
    return np.prod(1 - truth_hazard(np.arange(given + 1, given + horizon + 1), x))


def test_recidivism_by_an_independent_fit(rossi):
    table = rossi.summary_table().set_index("parameter").rename({"intercept": "const", "log(period)": "log_t"})
    assert rossi.n_person_periods_ == GOLDEN["n_person_periods"]
    assert rossi.n_events_ == GOLDEN["events"]
    assert rossi.log_likelihood_ == pytest.approx(GOLDEN["loglik"], abs=1e-9)
    for name, value in GOLDEN["coef"].items():
        assert table["estimate"][name] == pytest.approx(value, abs=1e-8)
    # Standard errors by the information of every person-week at the published estimates, in units of the data.
    rows = ROSSI.loc[ROSSI.index.repeat(ROSSI["week"])]
    week = rows.groupby(level=0).cumcount() + 1
    names = list(GOLDEN["coef"])
    design = rows.assign(const=1.0, log_t=np.log(week))[names].to_numpy(dtype=float)
    h = expit(design @ list(GOLDEN["coef"].values()))
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ (design * (h * (1 - h))[:, None]))))
    np.testing.assert_allclose(table["standard_error"][names], errors, rtol=1e-6)
    assert table["odds_ratio"]["fin"] == pytest.approx(np.exp(GOLDEN["coef"]["fin"]), abs=1e-8)
    np.testing.assert_allclose(
        np.log(table["odds_ratio_upper"] / table["odds_ratio"])[names], 1.959964 * errors, rtol=1e-6
    )


def test_survival_is_the_product_of_staying(rossi):
    men = ROSSI.head(5)
    coef = GOLDEN["coef"]
    week = np.arange(1, 53)
    eta = (
        coef["const"]
        + coef["log_t"] * np.log(week)
        + sum(men[name].to_numpy()[:, None] * value for name, value in coef.items() if name in men)
    )
    np.testing.assert_allclose(rossi.hazard(men, week), expit(eta), rtol=1e-6)
    stay = np.cumprod(1 - expit(eta), axis=1)
    np.testing.assert_allclose(rossi.survival(men, [1, 10, 52]), stay[:, [0, 9, 51]], rtol=1e-7)
    np.testing.assert_allclose(rossi.survival(men, 26, given=20), stay[:, 45] / stay[:, 19], rtol=1e-7)
    np.testing.assert_allclose(rossi.churn_probability(men, 26, given=20), 1 - stay[:, 45] / stay[:, 19], rtol=1e-6)
    several = rossi.survival(men.assign(t=[0, 1, 2, 3, 4.5]), [3.0, 7.5], given="t")
    each = [rossi.survival(men.iloc[[i]], [3.0, 7.5], given=t)[0] for i, t in enumerate([0, 1, 2, 3, 4.5])]
    np.testing.assert_allclose(several, each, rtol=1e-13)
    # Within a period at a constant rate.
    np.testing.assert_allclose(rossi.survival(men, 1.5)[0], stay[0, 0] * (1 - expit(eta[0, 1])) ** 0.5, rtol=1e-7)
    chained = rossi.survival(men, 7.3, given=2.4) * rossi.survival(men, 11.9, given=9.7)
    np.testing.assert_allclose(chained, rossi.survival(men, 19.2, given=2.4), rtol=1e-12)


def test_expected_time_is_the_area_under_survival(rossi):
    men = ROSSI.head(4).assign(t=[0.0, 3.25, 10.0, 20.5])
    fine = np.linspace(0, 30, 6001)
    curves = rossi.survival(men, fine, given="t")
    area = ((curves[:, 1:] + curves[:, :-1]) / 2).sum(axis=1) * (fine[1] - fine[0])
    np.testing.assert_allclose(rossi.expected_time(men, 30, given="t"), area, rtol=1e-7)


def test_simulated_truth_with_late_entry():
    seen = simulated()
    columns = {"duration": "time", "event": "left", "features": ["x"]}
    right = DiscreteTimeHazard().fit(seen, entry="entry", **columns)
    wrong = DiscreteTimeHazard().fit(seen, **columns)
    both = pd.DataFrame({"x": [0, 1]})
    for horizon in (3, 6, 12, 24, 36):
        expected = np.array([truth(horizon, 0), truth(horizon, 1)])
        told = right.predict(both, horizon, interval=0.9545)  # two standard errors to either side
        assert (told["churn_probability_lower"] < 1 - expected).all()
        assert (told["churn_probability_upper"] > 1 - expected).all()
        if horizon <= 12:  # without entry they look more loyal
            off = wrong.predict(both, horizon, interval=0.9999)
            assert (off["churn_probability_upper"] < 1 - expected).all()
    given = right.predict(both, 12, given=10, interval=0.9545)
    expected = 1 - np.array([truth(12, 0, given=10), truth(12, 1, given=10)])
    assert (given["churn_probability_lower"] < expected).all()
    assert (given["churn_probability_upper"] > expected).all()


def test_intervals_by_finite_differences(rossi):
    men = ROSSI.head(3).assign(t=[0.0, 5.5, 12.0])
    model = DiscreteTimeHazard(baseline="spline").fit(ROSSI, **NAMES)
    told = model.predict(men, 20.5, given="t", interval=0.8)
    centre = np.append(model.estimator_.intercept_, model.estimator_.coef_[0])

    def cumulative(values):
        model.estimator_.intercept_, model.estimator_.coef_ = values[:1], values[None, 1:]
        return -np.log(model.survival(men, 20.5, given="t"))

    slope = np.array([(cumulative(centre + e) - cumulative(centre - e)) / 2e-5 for e in 1e-5 * np.eye(centre.size)])
    lost = cumulative(centre)
    off = 1.2815516 * np.sqrt(np.einsum("ji,jk,ki->i", slope, model.covariance_, slope)) / lost
    np.testing.assert_allclose(told["churn_probability_lower"], 1 - np.exp(-lost * np.exp(-off)), rtol=1e-6)
    np.testing.assert_allclose(told["churn_probability_upper"], 1 - np.exp(-lost * np.exp(off)), rtol=1e-6)


def test_a_history_cut_in_two_is_the_same_history(rossi):
    cut = np.minimum(ROSSI["week"], 1 + ROSSI["prio"])
    first = ROSSI.assign(since=0, week=cut, arrest=ROSSI["arrest"] * (cut == ROSSI["week"]))
    second = ROSSI.assign(since=cut)[ROSSI["week"] > cut]
    halves = DiscreteTimeHazard(baseline="log").fit(pd.concat([first, second]), **NAMES, entry="since")
    assert halves.log_likelihood_ == pytest.approx(rossi.log_likelihood_, rel=1e-12)
    np.testing.assert_allclose(halves.survival(ROSSI, 30), rossi.survival(ROSSI, 30), rtol=1e-6)


def test_weights_order_units_and_libraries_change_nothing(rossi):
    shuffled = ROSSI.sample(frac=1, random_state=1)
    again = DiscreteTimeHazard(baseline="log").fit(shuffled, **NAMES)
    np.testing.assert_allclose(again.survival(ROSSI, 30), rossi.survival(ROSSI, 30), rtol=1e-12)
    counted = ROSSI.assign(n=ROSSI["prio"] % 3)
    weighted = DiscreteTimeHazard().fit(counted, **NAMES, weights="n")
    repeated = DiscreteTimeHazard().fit(ROSSI.loc[ROSSI.index.repeat(counted["n"])], **NAMES)
    np.testing.assert_allclose(weighted.survival(ROSSI, 30), repeated.survival(ROSSI, 30), rtol=1e-12)
    assert weighted.n_person_periods_ == repeated.n_person_periods_
    days = DiscreteTimeHazard(baseline="log", width=7).fit(ROSSI.assign(week=ROSSI["week"] * 7), **NAMES)
    np.testing.assert_allclose(days.expected_time(ROSSI, 210), 7 * rossi.expected_time(ROSSI, 30), rtol=1e-9)
    for maker in (pl.DataFrame, pl.LazyFrame, pa.table):
        frame = maker(ROSSI.to_dict("list"))
        told = DiscreteTimeHazard(baseline="log").fit(frame, **NAMES).predict(frame, 10)
        assert type(told) is type(frame)
        told = told.collect() if maker is pl.LazyFrame else told
        np.testing.assert_allclose(told["churn_probability"], rossi.churn_probability(ROSSI, 10), rtol=1e-12)


@pytest.mark.parametrize(
    "estimator",
    [
        DecisionTreeClassifier(min_samples_leaf=200, random_state=0),
        RandomForestClassifier(5, min_samples_leaf=200, random_state=0, n_jobs=1),
        make_pipeline(StandardScaler(), LogisticRegression(C=0.1)),
    ],
)
def test_any_classifier_meets_the_truth_roughly(estimator):
    seen = simulated(8000)
    model = DiscreteTimeHazard(estimator).fit(seen, duration="time", event="left", entry="entry")
    both = pd.DataFrame({"x": [0, 1]})
    for horizon in (6, 24):
        np.testing.assert_allclose(model.survival(both, horizon), [truth(horizon, x) for x in (0, 1)], atol=0.04)
    with pytest.raises(InputError, match="interval needs a logistic regression without a penalty"):
        model.predict(both, 6, interval=0.9)


def test_a_classifier_without_weights_gets_repeated_rows():
    part = ROSSI.head(120)
    model = DiscreteTimeHazard(KNeighborsClassifier(25), baseline="linear").fit(part, **NAMES, features=["age"])
    assert model.estimator_.n_samples_fit_ == model.n_person_periods_ == part["week"].sum()
    with pytest.raises(InputError, match="KNeighborsClassifier takes no sample_weight"):
        DiscreteTimeHazard(KNeighborsClassifier(), width=3).fit(part, **NAMES, features=["age"])


def test_settings_that_count_rows_count_customers_in_any_order():
    forest = RandomForestClassifier(5, min_samples_leaf=50, random_state=0, n_jobs=1)
    model = DiscreteTimeHazard(forest).fit(ROSSI, **NAMES, features=["fin"])
    assert min(tree.tree_.n_node_samples.min() for tree in model.estimator_) >= 50
    assert sum(model.estimator_[0].tree_.n_node_samples[[0]]) > 10_000  # of 19,809 person-weeks
    again = DiscreteTimeHazard(forest).fit(ROSSI.sample(frac=1, random_state=2), **NAMES, features=["fin"])
    np.testing.assert_array_equal(again.survival(ROSSI, 20), model.survival(ROSSI, 20))


def test_missing_numbers_go_to_classifiers_that_take_them():
    holes = ROSSI.head(100).assign(prio=ROSSI["prio"].where(ROSSI["prio"] > 1))
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    model = DiscreteTimeHazard(tree).fit(holes, **NAMES, features=["prio"])
    assert np.isfinite(model.churn_probability(holes, 10)).all()
    with pytest.raises(InputError, match="prio must not be null"):
        DiscreteTimeHazard().fit(holes, **NAMES, features=["prio"])


def test_a_tree_that_is_sure():
    frame = pd.DataFrame({"t": [1, 2, 2, 3, 3, 3], "left": [0, 1, 1, 0, 0, 0], "x": [0, 1, 1, 0, 0, 0]})
    model = DiscreteTimeHazard(DecisionTreeClassifier()).fit(frame, duration="t", event="left")
    told = model.predict(pd.DataFrame({"x": [0, 1]}), 3)
    assert told["churn_probability"].tolist() == [0, 1]
    # He stays for the whole first period and leaves at once in the second.
    assert told["expected_time"].tolist() == [3, 1]


def test_periods_of_their_own_level_are_the_life_table():
    """Without covariates and with a level for each period the hazards are shares of those at risk."""
    model = DiscreteTimeHazard(baseline="dummies").fit(ROSSI, **NAMES, features=[])
    weeks = np.sort(ROSSI.loc[ROSSI["arrest"] == 1, "week"].unique())
    share = [((ROSSI["week"] == w) & (ROSSI["arrest"] == 1)).sum() / (ROSSI["week"] >= w).sum() for w in weeks]
    gaps = np.diff(weeks, prepend=0)
    alone = gaps == 1
    np.testing.assert_allclose(model.hazard(ROSSI.head(1), weeks)[0][alone], np.array(share)[alone], rtol=1e-6)


def test_beyond_what_was_observed_the_last_hazard_is_held(rossi):
    man = ROSSI.head(1)
    last = rossi.hazard(man, [52])[0, 0]
    with pytest.warns(
        DataWarning, match="1 of 1 rows look beyond 52, the longest time observed: the hazard of the last"
    ):
        survival = rossi.survival(man, [52, 62])[0]
    assert survival[1] == pytest.approx(survival[0] * (1 - last) ** 10)
    late = DiscreteTimeHazard().fit(ROSSI.query("week > 10").assign(since=10), **NAMES, entry="since")
    with pytest.warns(DataWarning, match="1 of 1 rows begin before 10, the earliest time"):
        late.survival(man.assign(since=10), 5)
    late.survival(man.assign(since=10), 5, given="since")


def test_time_without_length_is_counted_as_left_out():
    model = DiscreteTimeHazard().fit(pd.concat([ROSSI, ROSSI.head(7).assign(week=0, arrest=0)]), **NAMES)
    assert model.left_out_ == 7
    assert model.n_customers_ == len(ROSSI)


@pytest.mark.parametrize(
    ("model", "change", "arguments", "message"),
    [
        (DiscreteTimeHazard(baseline="cubic"), {}, {}, "baseline must be one of"),
        (DiscreteTimeHazard(width=-1.0), {}, {}, "width must be above 0"),
        (DiscreteTimeHazard(LinearSVC()), {}, {}, "estimator must have predict_proba; LinearSVC has not"),
        (DiscreteTimeHazard(LogisticRegression), {}, {}, r"estimator must be made first: write LogisticRegression\(\)"),
        (DiscreteTimeHazard(), {"arrest": 0}, {}, "arrest is true in no row"),
        (DiscreteTimeHazard(), {"arrest": 1, "week": 1}, {}, "all customers left in their first period"),
        (DiscreteTimeHazard(), {}, {"duration": "weeks"}, "Did you mean 'week'"),
    ],
)
def test_refusals(model, change, arguments, message):
    with pytest.raises(InputError, match=message):
        model.fit(ROSSI.assign(**change), **(NAMES | arguments))


def test_fits_that_have_no_optimum_say_so():
    with pytest.raises(ConvergenceError, match=r"found no optimum.*A covariate may follow from others"):
        DiscreteTimeHazard().fit(ROSSI.assign(again=2 * ROSSI["age"] + 1), **NAMES)
    with pytest.warns(FitWarning, match="do not say how told act on churn"):
        DiscreteTimeHazard(baseline="log").fit(ROSSI.assign(told=ROSSI["arrest"]), **NAMES, features=["told"])


def test_a_penalised_fit_has_no_standard_errors():
    model = DiscreteTimeHazard(LogisticRegression(C=0.5)).fit(ROSSI, **NAMES)
    with pytest.raises(InputError, match="table of estimates needs a logistic regression without a penalty"):
        model.summary_table()
    assert abs(logit(model.hazard(ROSSI.head(1), [5])[0, 0])) < 10
