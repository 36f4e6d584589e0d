"""Rank statistics against scikit-learn, against brute force over orders of ties, and as scorers."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, make_scorer, roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.tree import DecisionTreeClassifier

from customer_value.churn._ranked import ranked_counts
from customer_value.churn.ranking import average_precision, gini_score, score_interval, top_decile_lift
from customer_value.errors import InputError

Y = np.array([1, 0, 1, 1, 0, 0, 0, 1, 0, 0])
SCORE = np.array([0.9, 0.5, 0.5, 0.5, 0.5, 0.1, 0.3, 0.1, 0.05, 0.02])


def many(n=500, seed=1):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.2
    return y, np.round(y + rng.normal(size=n), 1), rng.integers(1, 4, n)


def test_the_gini_coefficient_is_twice_the_auc_minus_one():
    y, score, weight = many()
    assert gini_score(y, score) == pytest.approx(2 * roc_auc_score(y, score) - 1, abs=1e-12)
    weighted = 2 * roc_auc_score(y, score, sample_weight=weight) - 1
    assert gini_score(y, score, sample_weight=weight) == pytest.approx(weighted, abs=1e-12)
    assert gini_score(y, 1.0 * y) == 1
    assert gini_score(y, -1.0 * y) == -1
    assert gini_score(y, np.zeros(y.size)) == 0


def test_average_precision_is_that_of_scikit_learn():
    y, score, _ = many()
    _, churners, others = ranked_counts(y, score, None)
    assert average_precision(churners, others) == pytest.approx(average_precision_score(y, score), abs=1e-12)


@pytest.mark.parametrize("k", range(1, 11))
def test_ties_at_the_border_count_as_their_mean_over_all_orders(k):
    orders = [(0, *tied, 6, *last, 8, 9) for tied in itertools.permutations((1, 2, 3, 4)) for last in ((5, 7), (7, 5))]
    brute = np.mean([Y[list(order[:k])].mean() for order in orders]) / Y.mean()
    assert top_decile_lift(Y, SCORE, share=k / 10) == pytest.approx(brute, abs=1e-12)


def test_a_share_that_is_no_whole_number_of_customers_takes_its_border_customer_in_part():
    # 2.5 of 10 customers: one churner and 1.5 of the group of four, half of whom churned.
    assert top_decile_lift(Y, SCORE, share=0.25) == pytest.approx((1 + 1.5 / 2) / 2.5 / 0.4, abs=1e-12)


@pytest.mark.parametrize("metric", [gini_score, top_decile_lift])
def test_weight_two_is_the_row_twice_and_order_does_not_matter(metric):
    y, score, weight = many()
    rows = np.repeat(np.arange(y.size), weight)
    assert metric(y, score, sample_weight=weight) == pytest.approx(metric(y[rows], score[rows]), abs=1e-12)
    none = np.where(np.arange(y.size) % 3, 1, 0)
    assert metric(y, score, sample_weight=none) == metric(y[none > 0], score[none > 0])
    assert metric(y[::-1], score[::-1]) == metric(y, score)


def test_intervals_do_not_depend_on_the_order_of_rows_and_shrink_with_data():
    y, score, _ = many()
    ends = score_interval(y, score, n_resamples=100)
    assert ends == score_interval(y[::-1], score[::-1], n_resamples=100)
    assert ends[0] < gini_score(y, score) < ends[1]
    wide = score_interval(*many(60)[:2], n_resamples=100)
    assert wide[1] - wide[0] > 2 * (ends[1] - ends[0])  # about sqrt(500 / 60) = 2.9 times


def test_the_interval_is_as_wide_as_hanley_and_mcneils_error_of_the_auc():
    y, score, _ = many(400, seed=3)
    auc, n, m = roc_auc_score(y, score), y.sum(), (~y).sum()
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)  # their equation for a normal-like score
    error = np.sqrt((auc * (1 - auc) + (n - 1) * (q1 - auc**2) + (m - 1) * (q2 - auc**2)) / (n * m))
    lower, upper = score_interval(y, score, n_resamples=300, interval=0.9)  # of the Gini: twice as wide
    assert (upper - lower) / 2 / (2 * 1.645) == pytest.approx(error, rel=0.15)  # 300 draws know it to some 6 %


def test_intervals_need_both_outcomes_in_each_resample():
    assert score_interval([1, 0, 0], [0.9, 0.5, 0.1], n_resamples=50) == (1.0, 1.0)


def test_they_are_scorers():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 2))
    for metric in (gini_score, top_decile_lift):
        scorer = make_scorer(metric, response_method="predict_proba")
        scores = cross_val_score(DecisionTreeClassifier(max_depth=2), X, X[:, 0] > 0.3, scoring=scorer, cv=2)
        assert (scores > 0.5).all()


@pytest.mark.parametrize(
    ("y", "score", "weight", "message"),
    [
        ([0, 1, 2], [0.1, 0.2, 0.3], None, "y_true must be 0 or 1"),
        (["no", "yes"], [0.1, 0.2], None, "y_true must be numbers"),
        ([1, 1], [0.1, 0.2], None, "both outcomes.*only 1"),
        ([0, 1], [0.1, np.nan], None, "y_score must be finite"),
        ([0, 1], [[0.1, 0.9], [0.2, 0.8]], None, "one dimension"),
        ([0, 1], [0.1, 0.2, 0.3], None, "y_score must have one value for each.*3 for 2"),
        ([0, 1], [0.1, 0.2], [1, -1], "sample_weight must be finite, 0 or above"),
        ([0, 1], [0.1, 0.2], [1, 0], "both outcomes.*only 0"),
        ([], [], None, "empty"),
    ],
)
def test_bad_input(y, score, weight, message):
    for metric in (gini_score, top_decile_lift, score_interval):
        with pytest.raises(InputError, match=message):
            metric(y, score, sample_weight=weight)


@pytest.mark.parametrize("share", [0, -0.1, 1.1, np.nan, "a"])
def test_shares_out_of_range_are_refused(share):
    with pytest.raises(InputError, match="share must be"):
        top_decile_lift([0, 1], [0.1, 0.2], share=share)
