"""The churn classifier: any table, honest probabilities, weights that count, and scikit-learn's own checks."""

import datetime as dt
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
from scipy.special import expit
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from customer_value.churn import ChurnClassifier
from customer_value.churn._calibration import fit_calibrator, logistic_fit, method_by_size, stacking_weights
from customer_value.churn._folds import row_hashes, value_folds
from customer_value.errors import DataWarning, FitWarning, InputError


def table(rows=240, seed=0):
    """Customers with a column of each kind, some values missing, and whether each churned."""
    rng = np.random.default_rng(seed)
    silent = rng.exponential(40, rows).round()
    plan = rng.choice(["basic", "plus", "pro"], rows)
    chance = expit(silent / 30 - 1.5 * (plan == "pro") - 1)
    X = pd.DataFrame(
        {
            "silent": np.where(rng.random(rows) < 0.1, np.nan, silent),
            "calls": rng.poisson(2, rows),
            "plan": pd.Series(plan).where(rng.random(rows) > 0.1, None),
            "paperless": rng.random(rows) < 0.5,
        }
    )
    return X, (rng.random(rows) < chance).astype(int)


def calibration_error(y, p):
    tenths = np.array_split(np.argsort(p, kind="stable"), 10)
    return sum(abs(p[rows].mean() - y[rows].mean()) * rows.size for rows in tenths) / y.size


# All but one, which checks nothing unless scipy runs in its experimental mode of other array libraries.
CHECKS = [c for _, c in estimator_checks_generator(ChurnClassifier()) if c.func.__name__ != "check_array_api_input"]


@pytest.mark.filterwarnings("ignore::customer_value.errors.FitWarning")  # scikit-learn's tables are tiny
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.func.__name__)
def test_scikit_learn_checks(check):
    check(ChurnClassifier())


# Columns


@pytest.mark.parametrize("estimator", ["blend", "logistic", GaussianNB()], ids=str)
def test_a_table_is_taken_as_it_is(estimator):
    X, y = table()
    model = ChurnClassifier(estimator, calibration_folds=2).fit(X, y)
    assert roc_auc_score(y, model.predict_proba(X)[:, 1]) > 0.7
    assert model.encoded_names_ == list(X.columns)
    assert model.categories_ == {"plan": ["basic", "plus", "pro"]}


def test_frame_libraries_give_the_same_probabilities():
    X, y = table()
    X["since"] = pd.Timestamp("2024-06-30") - pd.to_timedelta(X["calls"] * 30, unit="D")
    polars = pl.from_pandas(X).with_columns(pl.col("plan").cast(pl.Categorical), pl.col("since").cast(pl.Date))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # dates
        expected = ChurnClassifier("logistic").fit(X, y).predict_proba(X)
        for given in (X.convert_dtypes(), polars, pa.Table.from_pandas(X), polars.lazy()):
            outcome = pl.Series(y) if isinstance(given, pl.DataFrame) else y
            found = ChurnClassifier("logistic").fit(given, outcome).predict_proba(given)
            np.testing.assert_array_equal(found, expected)


def test_dates_are_days_before_the_latest_one_seen():
    X = pd.DataFrame({"since": [dt.date(2024, 1, 31), None, dt.date(2024, 1, 1)] * 20, "calls": range(60)})
    with pytest.warns(DataWarning, match="since holds dates"):
        model = ChurnClassifier("logistic").fit(X, np.arange(60) % 2)
    later = pd.DataFrame({"since": pd.to_datetime(["2024-03-01", "2023-12-31"]), "calls": [0, 1]})
    np.testing.assert_array_equal(model.encode(later)[:, 0], [-30, 31])


def test_levels_not_seen_in_the_fit_count_as_missing_and_are_named():
    X, y = table()
    model = ChurnClassifier("hist_gradient_boosting", calibration=None).fit(X, y)
    new, missing = X.head(9).assign(plan="gold"), X.head(9).assign(plan=pd.Series([None] * 9, dtype=str))
    with pytest.warns(DataWarning, match=r"plan has values that the fit did not see \(gold\); its 9 rows"):
        found = model.predict_proba(new)
    np.testing.assert_array_equal(found, model.predict_proba(missing))


def test_rare_levels_share_a_code():
    rng = np.random.default_rng(0)
    cities = np.r_[np.repeat([f"c{i:03}" for i in range(100)], 5), [f"rare{i}" for i in range(40)]]
    model = ChurnClassifier("logistic").fit(pd.DataFrame({"city": cities}), rng.integers(0, 2, cities.size))
    assert model.categories_["city"][-1] == "(other)"
    codes = model.encode(pd.DataFrame({"city": ["c000", "c099", "rare7", "new"]}))[:, 0]
    np.testing.assert_array_equal(codes, [0, 99, 100, 100])


def test_columns_that_teach_nothing_are_left_out_with_a_word():
    X, y = table()
    X["empty"] = np.nan
    X["remark"] = [f"called on day {i}" for i in range(len(X))]
    with pytest.warns(DataWarning, match=r"left out: empty \(all of it is missing\); remark \(its 240 different texts"):
        model = ChurnClassifier("logistic").fit(X, y)
    assert set(model.left_out_) == {"empty", "remark"}
    known = ChurnClassifier("logistic").fit(*table()).predict_proba(table()[0])
    np.testing.assert_array_equal(model.predict_proba(X), known)


def test_an_id_among_the_features_is_warned_about():
    X, y = table()
    with pytest.warns(DataWarning, match=r"\['customer_id'\] look like ids"):
        ChurnClassifier("logistic").fit(X.assign(customer_id=range(len(X))), y)


def test_numbers_written_as_text_are_numbers():
    X, y = table()
    X["charges"] = [f"{12.5 + i}" for i in range(len(X))]
    X.loc[3, "charges"] = " "  # as in IBM's telco file
    with pytest.warns(DataWarning, match="charges is text, and its values read as numbers"):
        model = ChurnClassifier("logistic").fit(X, y)
    np.testing.assert_array_equal(model.encode(X.head(4))[:, -1], [12.5, 13.5, 14.5, np.nan])


def test_categories_and_missing_numbers_do_what_they_do_for_scikit_learn():
    X, y = table()
    known = LogisticRegression(max_iter=1000).fit(
        np.column_stack(
            [
                StandardScaler().fit_transform(
                    np.column_stack(
                        [X["silent"].fillna(X["silent"].median()), X["calls"], X["paperless"], X["silent"].isna()]
                    ).astype(float)
                ),
                pd.get_dummies(X["plan"], dummy_na=True).astype(float),
            ]
        ),
        y,
    )
    found = ChurnClassifier("logistic", calibration=None).fit(X, y).members_["logistic"]
    # Both stop short of the optimum at scikit-learn's tolerance of 1e-4, rows in another order.
    np.testing.assert_allclose(found.coef_, known.coef_, atol=2e-3)


# Calibration


def test_calibration_follows_the_size_of_the_data():
    X, y = table(300)
    few = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:29]]
    with pytest.warns(FitWarning, match="not calibrated: 29 rows of the rarer class, of the 30 that it takes"):
        assert ChurnClassifier("logistic").fit(X.iloc[few], y[few]).calibration_ is None
    assert ChurnClassifier("logistic").fit(X, y).calibration_ == "sigmoid"
    assert ChurnClassifier(GaussianNB()).fit(X, y, sample_weight=np.full(300, 3)).calibration_ == "beta"
    # A hundred times the weight is no more information where it is the same for all, and no whole number.
    assert ChurnClassifier(GaussianNB()).fit(X, y, sample_weight=np.full(300, 99.5)).calibration_ == "sigmoid"
    assert (method_by_size(4999), method_by_size(5000)) == ("beta", "isotonic")


def test_calibration_mends_a_classifier_that_is_too_sure():
    # Eight copies of one column: naive Bayes counts the same evidence eight times.
    rng = np.random.default_rng(1)
    x = rng.normal(size=4000)
    truth = expit(x - 1.5)
    y = (rng.random(4000) < truth).astype(int)
    X = np.repeat(x[:, None], 8, axis=1)
    train, test = slice(0, 2000), slice(2000, 4000)
    off, error = {}, {}
    for method in (None, "temperature", "sigmoid", "beta", "isotonic"):
        p = ChurnClassifier(GaussianNB(), calibration=method).fit(X[train], y[train]).predict_proba(X[test])[:, 1]
        off[method], error[method] = np.abs(p - truth[test]).mean(), calibration_error(y[test], p)
    # Two or three parameters are known to about .01 from 400 events; a free curve to twice that.
    assert off[None] > 0.1
    assert off["sigmoid"] < 0.02
    assert off["beta"] < 0.02
    assert off["isotonic"] < 0.04
    assert off["temperature"] < off[None]  # one parameter cannot mend the level as well
    assert max(error["sigmoid"], error["beta"], error["isotonic"]) < error[None] / 3


def test_sigmoid_and_temperature_find_the_line_that_made_the_outcomes():
    rng = np.random.default_rng(2)
    scores = rng.normal(0, 2, 40_000)
    weights = np.ones(scores.size)
    made = (rng.random(scores.size) < expit(0.5 * scores - 1)).astype(float)
    line = fit_calibrator("sigmoid", scores, made, weights)
    # Standard errors at 40,000 rows: .007 and .013.
    assert abs(line.slope - 0.5) < 0.02
    assert abs(line.intercept + 1) < 0.04
    heated = (rng.random(scores.size) < expit(scores / 3)).astype(float)
    assert abs(fit_calibrator("temperature", scores, heated, weights).slope - 1 / 3) < 0.02


def test_beta_finds_a_slope_for_each_tail():
    rng = np.random.default_rng(13)
    p = rng.beta(0.7, 1.5, 40_000)
    made = (rng.random(p.size) < expit(1.5 * np.log(p) - 0.5 * np.log(1 - p) + 0.3)).astype(float)
    found = fit_calibrator("beta", np.log(p / (1 - p)), made, np.ones(p.size))
    # Standard errors at 40,000 rows are .02 to .03.
    np.testing.assert_allclose([found.low, found.high, found.intercept], [1.5, 0.5, 0.3], atol=0.08)


def test_isotonic_finds_a_bent_curve_and_keeps_the_order():
    rng = np.random.default_rng(3)
    scores = rng.uniform(-4, 4, 40_000)
    truth = np.where(scores < 0, 0.1, 0.1 + 0.2 * scores)
    made = (rng.random(scores.size) < truth).astype(float)
    curve = fit_calibrator("isotonic", scores, made, np.ones(scores.size))
    at = np.linspace(-3.5, 3.5, 15)
    found = expit(curve(at))
    # A bin of 1,000 rows has a standard error of .016 at most.
    np.testing.assert_allclose(found, np.where(at < 0, 0.1, 0.1 + 0.2 * at), atol=0.035)
    assert (np.diff(curve(np.linspace(-9, 9, 1000))) > 0).all()


def test_logistic_fit_is_the_maximum_of_the_likelihood():
    rng = np.random.default_rng(4)
    design = np.column_stack([rng.normal(size=300), rng.exponential(size=300), np.ones(300)])
    y, weights = (rng.random(300) < 0.3).astype(float), rng.uniform(0, 3, 300)
    known = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-12, solver="newton-cholesky")
    known.fit(design, y, sample_weight=weights)
    np.testing.assert_allclose(logistic_fit(design, y, weights), known.coef_[0], rtol=1e-6)


def test_members_that_know_nothing_lose_half_of_their_weight():
    rng = np.random.default_rng(5)
    good = rng.normal(size=4000)
    y = (rng.random(4000) < expit(good)).astype(float)
    shares = stacking_weights(np.column_stack([good, -good]), y, np.ones(4000))
    np.testing.assert_allclose(shares, [0.75, 0.25])  # half of (1, 0) and half of (.5, .5)


def test_class_weights_move_the_scores_and_calibration_takes_it_back():
    X, y = table(600)
    with pytest.warns(FitWarning, match="class_weight without calibration"):
        raw = ChurnClassifier("logistic", class_weight={1: 9}, calibration=None).fit(X, y)
    assert raw.predict_proba(X)[:, 1].mean() > y.mean() + 0.2
    mended = ChurnClassifier("logistic", class_weight={1: 9}).fit(X, y)
    assert abs(mended.predict_proba(X)[:, 1].mean() - y.mean()) < 0.02


# Weights, order, groups


@pytest.mark.parametrize("estimator", ["blend", KNeighborsClassifier(3)], ids=["blend", "neighbours"])
def test_a_weight_of_two_is_the_row_twice_and_of_zero_no_row(estimator):
    X, y = table(120)
    weights = np.random.default_rng(6).integers(0, 4, len(X))
    twice = np.random.default_rng(7).permutation(np.repeat(np.arange(len(X)), weights))
    weighted = ChurnClassifier(estimator, calibration_folds=2).fit(X, y, sample_weight=weights)
    repeated = ChurnClassifier(estimator, calibration_folds=2).fit(X.iloc[twice], y[twice])
    assert weighted.calibration_ == repeated.calibration_ == "sigmoid"
    np.testing.assert_array_equal(weighted.predict_proba(X), repeated.predict_proba(X))


def test_weights_that_are_no_counts_are_weights():
    X, y = table()
    weights = np.random.default_rng(8).uniform(0, 2, len(X))
    model, halves = (ChurnClassifier("logistic").fit(X, y, sample_weight=w) for w in (weights, y + 0.5))
    assert halves.predict_proba(X)[:, 1].mean() > model.predict_proba(X)[:, 1].mean() + 0.1
    with pytest.raises(InputError, match="KNeighborsClassifier takes no sample_weight"):
        ChurnClassifier(KNeighborsClassifier()).fit(X, y, sample_weight=weights)


def test_the_order_of_rows_changes_nothing():
    X, y = table(160)
    order = np.random.default_rng(9).permutation(len(X))
    forest = RandomForestClassifier(10)  # draws rows by their positions
    known = ChurnClassifier(forest).fit(X, y).predict_proba(X)
    other = ChurnClassifier(forest).fit(X.iloc[order], y[order])
    np.testing.assert_array_equal(other.predict_proba(X), known)


def test_equal_rows_share_a_fold_and_customers_do_where_they_are_given():
    rng = np.random.default_rng(10)
    matrix = rng.integers(0, 3, (300, 3)).astype(float)
    matrix[matrix == 2] = np.nan
    events, customers = rng.integers(0, 2, 300).astype(float), rng.integers(0, 60, 300)
    by_row = value_folds(row_hashes(matrix), events, np.ones(300), 5)
    by_customer = value_folds(row_hashes(matrix), events, np.ones(300), 5, customers)
    for keys, folds in ((np.nan_to_num(matrix, nan=9) @ [1, 10, 100], by_row), (customers, by_customer)):
        assert set(folds) == set(range(5))
        assert pd.Series(folds).groupby(keys).nunique().max() == 1


def test_folds_have_like_shares_of_events():
    rng = np.random.default_rng(11)
    events = (rng.random(1000) < 0.1).astype(float)
    folds = value_folds(row_hashes(rng.normal(size=(1000, 2))), events, np.ones(1000), 5)
    counts = np.bincount(folds, weights=events)
    assert counts.max() - counts.min() <= 1


class KnownByHeart(KNeighborsClassifier):
    """One neighbour: certain of whatever it has seen."""


def test_groups_keep_calibration_from_meeting_the_same_customer():
    # Each customer comes four times with almost the same features and the same outcome, which nothing else explains.
    rng = np.random.default_rng(12)
    customer = np.repeat(np.arange(150), 4)
    X = rng.normal(size=150)[customer][:, None] + rng.normal(0, 1e-6, (600, 1))
    y = rng.integers(0, 2, 150)[customer]
    by_heart = KnownByHeart(n_neighbors=1)
    fooled = ChurnClassifier(by_heart, calibration="sigmoid").fit(X, y)
    honest = ChurnClassifier(by_heart, calibration="sigmoid").fit(X, y, groups=customer)
    new = rng.normal(size=(200, 1))
    assert np.abs(fooled.predict_proba(new)[:, 1] - 0.5).mean() > 0.4
    assert np.abs(honest.predict_proba(new)[:, 1] - 0.5).mean() < 0.1


# scikit-learn around it


def test_it_works_in_pipelines_searches_and_cross_validation():
    X, y = table(300)
    groups = np.arange(len(X)) // 2
    pipe = make_pipeline(FunctionTransformer(lambda frame: frame.drop(columns="calls")), ChurnClassifier("logistic"))
    pipe.set_output(transform="pandas")
    search = GridSearchCV(pipe, {"churnclassifier__calibration": ["sigmoid", None]}, cv=2, scoring="neg_log_loss")
    assert search.fit(X, y).best_estimator_[-1].n_features_in_ == 3
    nested = GridSearchCV(ChurnClassifier(LogisticRegression(), calibration=None), {"estimator__C": [1e-6, 1.0]}, cv=2)
    assert nested.fit(X, y).best_params_ == {"estimator__C": 1.0}
    with sklearn.config_context(enable_metadata_routing=True):
        asked = ChurnClassifier("logistic").set_fit_request(sample_weight=True, groups=True)
        asked.set_score_request(sample_weight=True)
        done = cross_validate(
            asked, X, y, cv=StratifiedGroupKFold(2), params={"groups": groups, "sample_weight": np.ones(len(X))}
        )
    assert done["test_score"].size == 2


def test_a_clone_is_unfitted_and_gives_the_same_again():
    X, y = table(120)
    model = ChurnClassifier("hist_gradient_boosting", calibration_folds=2).fit(X, y)
    again = clone(model)
    assert not hasattr(again, "classes_")
    np.testing.assert_array_equal(again.fit(X, y).predict_proba(X), model.predict_proba(X))


def test_classes_of_any_kind_come_back():
    X, y = table(120)
    model = ChurnClassifier("logistic").fit(X, np.where(y == 1, "Yes", "No"))
    assert model.classes_.tolist() == ["No", "Yes"]
    assert set(model.predict(X)) == {"No", "Yes"}
    np.testing.assert_array_equal(
        model.predict_proba(X), ChurnClassifier("logistic").fit(X, y.astype(bool)).predict_proba(X)
    )


def test_estimators_of_ones_own_get_codes_or_columns_as_they_can():
    X, y = table(120)
    trees = ChurnClassifier(HistGradientBoostingClassifier(max_iter=5)).fit(X, y)
    assert trees.members_["HistGradientBoostingClassifier"].is_categorical_.tolist() == [False, False, True, False]
    assert ChurnClassifier(GaussianNB()).fit(X, y).members_["GaussianNB"].n_features_in_ == 3 + 1 + 4
    codes = ChurnClassifier(GaussianNB(), encoding="ordinal")
    assert codes.fit(X.drop(columns=["silent", "plan"]), y).members_["GaussianNB"].n_features_in_ == 2
    inner = CalibratedClassifierCV(LogisticRegression(), cv=2)
    assert ChurnClassifier(inner, calibration=None).fit(X, y).classes_.size == 2


# Bad input


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.zeros(60)}, "y has 1 class"),
        ({"y": np.arange(60) % 3}, "Only binary classification"),
        ({"y": None}, "target y is None"),
        ({"y": pd.Series([0, 1, None] * 20)}, "y must not be missing; 20 of 60 rows"),
        ({"y": [0, 1]}, "X has 60 rows and y 2"),
        ({"sample_weight": np.full(60, -1)}, "sample_weight must be 0 or above"),
        ({"sample_weight": np.ones(3)}, "X has 60 rows and sample_weight 3"),
        ({"groups": [1, 2]}, "X has 60 rows and groups 2"),
        ({"X": pd.DataFrame({"a": [np.inf] * 60})}, "a must be finite"),
        ({"X": pd.DataFrame({"a": [[1]] * 60})}, "a must hold numbers, texts, truth values or dates"),
        ({"X": pd.DataFrame({"a": [1, "b"] * 30})}, r"it holds \['int', 'str'\]"),
        ({"X": pl.DataFrame({"a": [{"b": 1}] * 60})}, "its type is Struct"),
        ({"X": pd.DataFrame({"a": range(60)}).iloc[:0]}, "frame is empty"),
        ({"X": np.full((60, 2), np.inf)}, "infinity"),
        ({"estimator": "forest"}, "estimator must be one of .* Did you mean 'random_forest'"),
        ({"estimator": LogisticRegression}, "or a scikit-learn classifier"),
        ({"calibration": "platt"}, "calibration must be one of"),
        ({"calibration_folds": 1}, "calibration_folds must be a whole number from 2"),
        ({"class_weight": "even"}, "class_weight must be one of"),
        ({"class_weight": {"Yes": 2}}, "class_weight names \\['Yes'\\]"),
        ({"encoding": "hashed"}, "encoding must be one of"),
    ],
)
def test_bad_input(change, message):
    data = {"X": pd.DataFrame({"a": range(60)}), "y": np.arange(60) % 2}
    options = {"estimator": "logistic"}
    for name, value in change.items():
        (data if name in {"X", "y", "sample_weight", "groups"} else options)[name] = value
    with pytest.raises(InputError, match=message):
        ChurnClassifier(**options).fit(**data)


def test_no_column_left():
    with (
        pytest.warns(DataWarning, match="columns are left out: a "),
        pytest.raises(InputError, match=r"no column is left to learn from; left out are \['a'\]"),
    ):
        ChurnClassifier().fit(pd.DataFrame({"a": [None] * 60}), np.arange(60) % 2)


def test_scoring_other_columns_than_those_of_the_fit():
    X, y = table(120)
    model = ChurnClassifier("logistic").fit(X, y)
    with pytest.raises(InputError, match="plan held text when the model was fitted and holds numbers now"):
        model.predict_proba(X.assign(plan=1))
    with pytest.raises(InputError, match="feature names"):
        model.predict_proba(X.drop(columns="plan"))


def test_equal_rows_with_both_outcomes_cannot_be_calibrated():
    X, y = pd.DataFrame({"a": np.repeat([0, 1], 100)}), np.repeat([0, 1], 100)
    with pytest.warns(FitWarning, match="without one of the folds, the rows are of one class"):
        ChurnClassifier("logistic").fit(X, y)
