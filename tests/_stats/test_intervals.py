import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from customer_value._stats.intervals import bootstrap_interval, newcombe_interval, wilson_interval
from customer_value.errors import InputError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "statistics.json").read_text())
PRINTED = 5e-5  # half of the last digit printed


@pytest.mark.parametrize("case", GOLDEN["wilson_95"]["cases"])
def test_wilson_as_published(case):
    assert wilson_interval(case["x"], case["n"]) == pytest.approx((case["lower"], case["upper"]), abs=PRINTED)


@pytest.mark.parametrize("interval", [0.5, 0.8, 0.99])
def test_wilson_bounds_solve_their_equation(interval):
    """Each bound lies exactly z of its own standard errors away from the share."""
    x, n = np.arange(1, 30), 30
    z = stats.norm.ppf((1 + interval) / 2)
    for bound in wilson_interval(x, n, interval=interval):
        np.testing.assert_allclose(np.abs(x / n - bound), z * np.sqrt(bound * (1 - bound) / n), rtol=1e-12)


def test_wilson_at_the_ends_and_without_trials():
    lower, upper = wilson_interval([0, 7, 0], [7, 7, 0])
    assert lower[0] == 0.0
    assert upper[1] == 1.0
    assert upper[0] == pytest.approx(1 - lower[1], rel=1e-14)
    assert np.isnan([lower[2], upper[2]]).all()


@pytest.mark.parametrize("case", GOLDEN["newcombe_95"]["cases"])
def test_newcombe_as_published(case):
    found = newcombe_interval(case["x"], case["n"], case["y"], case["m"])
    assert found == pytest.approx((case["lower"], case["upper"]), abs=PRINTED)


def test_newcombe_changes_sign_with_the_order_and_broadcasts():
    lower, upper = newcombe_interval([5, 9], [56, 10], 3, 10)
    other_lower, other_upper = newcombe_interval(3, 10, [5, 9], [56, 10])
    np.testing.assert_allclose(lower, -other_upper, rtol=1e-14)
    np.testing.assert_allclose(upper, -other_lower, rtol=1e-14)
    assert np.isnan(newcombe_interval(1, 2, 0, 0)).all()


@pytest.mark.parametrize("function", [lambda x, n, **k: newcombe_interval(x, n, 1, 2, **k), wilson_interval])
def test_bad_counts(function):
    for x, n in ((3, 2), (-1, 2), (np.nan, 2)):
        with pytest.raises(InputError, match="successes must be from 0 to trials"):
            function(x, n)
    with pytest.raises(InputError, match="trials must be finite"):
        function(1, np.inf)
    with pytest.raises(InputError, match="interval must be between 0 and 1"):
        function(1, 2, interval=1.0)


@pytest.mark.parametrize("statistic", [np.mean, np.median, np.max])
def test_bootstrap_bounds_are_quantiles_of_all_resamples(statistic):
    """Five values have 3,125 equally likely resamples: the bounds must cut off 5 % on either side of them."""
    values = np.array([1.0, 2.0, 4.0, 11.0, 30.0])
    every = np.sort([statistic(resample) for resample in itertools.product(values, repeat=5)])
    n_resamples = 10_000
    lower, upper = bootstrap_interval(values, statistic, interval=0.9, n_resamples=n_resamples)
    slack = 4 * np.sqrt(0.05 * 0.95 / n_resamples)  # four standard errors of a drawn share
    for bound, share in ((lower, 0.05), (upper, 0.95)):
        at_most, below = np.searchsorted(every, [bound + 1e-9, bound - 1e-9]) / every.size
        assert below - slack <= share <= at_most + slack


def test_bootstrap_of_the_mean_of_many_is_normal():
    values = np.random.default_rng(5).gamma(2.0, 3.0, 2_000)
    n_resamples = 4_000
    error = values.std() / np.sqrt(values.size)
    bounds = bootstrap_interval(values, interval=0.8, n_resamples=n_resamples)
    z = stats.norm.ppf(0.9)
    # Four standard errors of a quantile, sqrt(q (1 - q) / n) over the density there, and .02 for the skew that is left.
    slack = 4 * np.sqrt(0.1 * 0.9 / n_resamples) / stats.norm.pdf(z) + 0.02
    np.testing.assert_allclose((np.array(bounds) - values.mean()) / error, [-z, z], atol=slack)


def test_bootstrap_of_rows_keeps_them_together():
    rng = np.random.default_rng(1)
    spend = rng.gamma(2.0, 5.0, 300)
    rows = np.column_stack([3 * spend, spend])
    ratio = bootstrap_interval(rows, lambda r: r[:, 0].sum() / r[:, 1].sum(), n_resamples=200)
    assert ratio == pytest.approx((3.0, 3.0), rel=1e-12)


def test_bootstrap_depends_on_the_seed_and_not_on_the_order():
    rng = np.random.default_rng(2)
    rows = np.column_stack([rng.integers(0, 3, 50), rng.random(50)])

    def gap(r):
        return r[r[:, 0] > 0, 1].mean() - r[r[:, 0] == 0, 1].mean()

    first = bootstrap_interval(rows, gap, n_resamples=100)
    assert bootstrap_interval(rows[rng.permutation(50)], gap, n_resamples=100) == pytest.approx(first, rel=1e-12)
    assert bootstrap_interval(rows, gap, n_resamples=100) == first
    assert bootstrap_interval(rows, gap, n_resamples=100, random_state=1) != first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": []}, "the sample is empty"),
        ({"values": [1.0, np.nan]}, r"values must be finite; 1 of 2 rows is not \(rows 1\)"),
        ({"values": [1.0, 2.0], "interval": 90}, "interval must be between 0 and 1"),
        ({"values": [1.0, 2.0], "n_resamples": 0}, "n_resamples must be a whole number, 1 or above"),
        ({"values": [1.0, 2.0], "random_state": -1}, "random_state must be a whole number"),
        ({"values": [1.0, 2.0], "statistic": lambda v: np.nan}, "statistic must be finite on every resample"),
    ],
)
def test_bootstrap_refusals(arguments, message):
    with pytest.raises(InputError, match=message):
        bootstrap_interval(**arguments)
