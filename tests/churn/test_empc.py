"""EMPC and MPC: published figures to 1e-8, numeric integration of the definition, and properties."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from customer_value.churn.empc import empc_fraction, empc_score, mpc_fraction, mpc_score
from customer_value.errors import InputError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "churn_profit.json").read_text(encoding="utf-8"))
CASES = GOLDEN["profit_measures"]["cases"]


def some(n=80, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.3
    return y, np.round(0.8 * y + rng.normal(size=n), 1)


def cuts(y, score):
    """Churners and others that each cut reaches, straight from the definition."""
    at = [-np.inf, *np.unique(score)[::-1]]
    return np.array([[(y & (score >= t)).sum(), (~y & (score >= t)).sum()] if t > -np.inf else [0, 0] for t in at])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_published_figures(case):
    given = (case["y_true"], case["y_score"])
    assert [empc_score(*given), empc_fraction(*given)] == pytest.approx(case["empc"], rel=0, abs=1e-8)
    assert [mpc_score(*given), mpc_fraction(*given)] == pytest.approx(case["mpc"], rel=0, abs=1e-8)


@pytest.mark.parametrize(
    "costs",
    [
        {},
        {"clv": 60.0, "incentive": 25.0, "contact_cost": 4.0, "alpha": 2.0, "beta": 3.0},
        {"clv": 500.0, "incentive": 0.0, "contact_cost": 30.0, "alpha": 0.7, "beta": 1.0},
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_sum_is_the_integral_of_the_best_cut_over_acceptance_rates(costs, seed):
    y, score = some(seed=seed)
    full = {"clv": 200.0, "incentive": 10.0, "contact_cost": 1.0, "alpha": 6.0, "beta": 14.0} | costs
    left, stayed = cuts(y, score).T

    def profits(rate):
        gain = rate * (full["clv"] - full["incentive"]) - full["contact_cost"]
        return (gain * left - (full["incentive"] + full["contact_cost"]) * stayed) / y.size

    def contacted(rate):
        return (left + stayed)[profits(rate).argmax()] / y.size

    density = beta(full["alpha"], full["beta"]).pdf
    grid = np.linspace(0, 1, 60)  # the maximum has corners: pieces keep the quadrature honest
    profit = sum(quad(lambda g: profits(g).max() * density(g), a, b)[0] for a, b in itertools.pairwise(grid))
    assert empc_score(y, score, **costs) == pytest.approx(profit, rel=2e-7)
    middle = (np.arange(20_000) + 0.5) / 20_000
    rates = beta(full["alpha"], full["beta"]).ppf(middle)
    share = np.mean([contacted(rate) for rate in rates[::10]])
    assert empc_fraction(y, score, **costs) == pytest.approx(share, abs=1e-3)  # 2,000 rates


def test_the_maximum_profit_is_the_best_cut():
    y, score = some()
    reached = cuts(y, score)
    for clv, acceptance in ((200.0, 0.3), (40.0, 0.2), (30.0, 0.1)):
        profit = reached @ [acceptance * (clv - 10) - 1, -11] / y.size
        assert mpc_score(y, score, clv=clv, acceptance=acceptance) == pytest.approx(profit.max(), abs=1e-12)
        best = reached[profit.argmax()].sum() / y.size
        assert mpc_fraction(y, score, clv=clv, acceptance=acceptance) == pytest.approx(best, abs=1e-12)


def test_only_the_ranking_counts_and_neither_order_nor_repetition():
    y, score = some()
    there = empc_score(y, score)
    assert empc_score(y, np.exp(score)) == there
    assert empc_score(y[::-1], score[::-1]) == there
    assert empc_score(np.tile(y, 3), np.tile(score, 3)) == pytest.approx(there, rel=1e-13)
    assert empc_score(y, score, sample_weight=np.full(y.size, 3)) == pytest.approx(there, rel=1e-13)
    assert empc_score(y, score) < empc_score(y, 1.0 * y)


def test_a_narrow_distribution_of_acceptance_is_one_rate():
    y, score = some()
    assert empc_score(y, score, alpha=3e6, beta=7e6) == pytest.approx(mpc_score(y, score), rel=1e-3)


def test_where_nothing_pays_nobody_is_contacted():
    y, score = some()
    assert mpc_score(y, score, clv=12, contact_cost=5) == 0
    assert mpc_fraction(y, score, clv=12, contact_cost=5) == 0
    assert empc_score(y, score, clv=12, contact_cost=5) == pytest.approx(0, abs=1e-12)


def test_free_contacts_are_made_with_everyone():
    y, score = some()
    assert mpc_score(y, score, incentive=0, contact_cost=0) == pytest.approx(0.3 * 200 * y.mean())
    assert empc_score(y, score, incentive=0, contact_cost=0) == pytest.approx(0.3 * 200 * y.mean())


def test_a_search_can_maximise_profit():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    y = X[:, 0] + rng.normal(size=200) > 1
    scorer = make_scorer(empc_score, response_method="predict_proba", clv=300)
    search = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2]}, scoring=scorer, cv=2).fit(X, y)
    assert search.best_score_ > 0


@pytest.mark.parametrize(
    ("costs", "message"),
    [
        ({"clv": 10}, "clv must be above incentive"),
        ({"incentive": -1}, "incentive must be 0 or above"),
        ({"contact_cost": np.inf}, "contact_cost must be 0 or above"),
        ({"alpha": 0}, "alpha must be above 0"),
        ({"beta": -1}, "beta must be above 0"),
    ],
)
def test_bad_costs(costs, message):
    with pytest.raises(InputError, match=message):
        empc_score([0, 1], [0.1, 0.2], **costs)


def test_bad_acceptance():
    with pytest.raises(InputError, match="acceptance must be from 0 to 1"):
        mpc_score([0, 1], [0.1, 0.2], acceptance=30)
