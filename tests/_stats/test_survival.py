import json
from pathlib import Path

import numpy as np
import pytest

from customer_value._stats.survival import kaplan_meier
from customer_value.errors import InputError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "statistics.json").read_text())["kaplan_meier_6mp"]


def test_remission_under_6mp():
    curve = kaplan_meier(GOLDEN["duration"], GOLDEN["event"])
    for name in ("time", "at_risk", "events"):
        assert getattr(curve, name).tolist() == GOLDEN[name]
    # Half of the last digit printed: three for the curve, four for its error, eight for the bounds.
    for name, tolerance in (("survival", 5e-4), ("standard_error", 5e-5), ("lower", 5e-9), ("upper", 5e-9)):
        np.testing.assert_allclose(getattr(curve, name), GOLDEN[name], rtol=0, atol=tolerance)
    assert curve.quantile() == GOLDEN["median"]
    assert np.isnan(curve.quantile(0.6))
    assert curve.last == 35


def test_reading_the_curve_between_and_beyond_its_steps():
    curve = kaplan_meier([2, 3, 3, 5, 8], [True, True, False, True, False])
    np.testing.assert_allclose(curve.at([0, 1.9, 2, 4.9, 5, 8, 8.1]), [1, 1, 0.8, 0.6, 0.3, 0.3, np.nan], rtol=1e-14)
    ends = kaplan_meier([1, 2], [1, 1])
    assert ends.at(99) == 0.0  # nobody is left to come back
    assert np.isnan([ends.standard_error[1], ends.lower[1], ends.upper[1]]).all()
    assert ends.quantile(0.5) == 1.0


def test_quantile_at_a_round_share_survives_rounding():
    """Ten leave one by one: the product of (1 - 1/n) is a tenth less each time, up to rounding."""
    curve = kaplan_meier(np.arange(1, 11), np.ones(10))
    assert [curve.quantile(q / 10) for q in range(1, 10)] == list(range(1, 10))


def random_records(n=400):
    rng = np.random.default_rng(6)
    t = rng.integers(1, 30, n).astype(float)
    return t, rng.random(n) < 0.6, t * rng.random(n).round(1) * 0.9, rng.integers(0, 4, n).astype(float)


def test_risk_sets_by_the_definition():
    t, event, entry, weights = random_records()
    curve = kaplan_meier(t, event, entry=entry, weights=weights)
    left, greenwood = 1.0, 0.0
    for i, s in enumerate(curve.time):
        n = weights[(entry < s) & (s <= t)].sum()
        d = weights[(t == s) & event].sum()
        left *= 1 - d / n
        greenwood += d / (n * (n - d))
        assert (curve.at_risk[i], curve.events[i]) == (n, d)
        assert curve.survival[i] == pytest.approx(left, rel=1e-12)
        assert curve.standard_error[i] == pytest.approx(left * np.sqrt(greenwood), rel=1e-12)


def test_weights_are_repeated_rows():
    t, event, entry, weights = random_records()
    whole = weights.astype(int)
    weighted = kaplan_meier(t, event, entry=entry, weights=weights)
    repeated = kaplan_meier(*(np.repeat(a, whole) for a in (t, event)), entry=np.repeat(entry, whole))
    for name in ("time", "at_risk", "events", "survival", "lower", "upper"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-12)


def test_a_history_cut_in_two_is_the_same_history():
    """One observed to 7 and again from 7 on was observed all along; a risk set wrong at either end would differ."""
    t, event, _, _ = random_records()
    cut = np.where(t > 7, 7.0, t / 2)
    halves = kaplan_meier(
        np.concatenate([cut, t]),
        np.concatenate([np.zeros(t.size, bool), event]),
        entry=np.concatenate([np.full(t.size, -1.0), cut]),
    )
    whole = kaplan_meier(t, event)
    np.testing.assert_array_equal(halves.at_risk, whole.at_risk)
    np.testing.assert_array_equal(halves.survival, whole.survival)


def test_late_entry_meets_the_truth_and_leaving_it_out_does_not():
    """Lifetimes of mean 20; half of the customers are seen only if they outlast the start of the observation."""
    rng = np.random.default_rng(1)
    lifetime, entry = rng.exponential(20.0, 60_000), np.maximum(rng.uniform(-15, 15, 60_000), -1.0)
    seen = lifetime > entry
    lifetime, entry = lifetime[seen], entry[seen]
    end = entry + 40
    t, event = np.minimum(lifetime, end), lifetime <= end
    times = np.array([5.0, 10.0, 20.0, 30.0])
    truth = np.exp(-times / 20)
    curve, naive = kaplan_meier(t, event, entry=entry), kaplan_meier(t, event)
    error = curve.standard_error[np.searchsorted(curve.time, times, side="right") - 1]
    assert (np.abs(curve.at(times) - truth) < 4 * error).all()
    assert (naive.at(times) - truth > 10 * error).all()


def test_bounds_cover_as_often_as_they_say():
    """Two thousand samples of 40 with a third censored; four binomial standard errors, and .01 for so few."""
    rng = np.random.default_rng(8)
    covered = []
    for _ in range(2_000):
        lifetime, seen = rng.exponential(1.0, 40), rng.exponential(2.0, 40)
        curve = kaplan_meier(np.minimum(lifetime, seen), lifetime <= seen, interval=0.9)
        step = np.searchsorted(curve.time, 0.7, side="right") - 1
        covered.append(curve.lower[step] <= np.exp(-0.7) <= curve.upper[step])
    assert abs(np.mean(covered) - 0.9) < 4 * np.sqrt(0.9 * 0.1 / 2_000) + 0.01


def test_weights_that_are_no_whole_numbers_end_at_zero():
    curve = kaplan_meier([1, 2, 3], [1, 1, 1], weights=[0.1, 0.2, 0.3])
    assert curve.survival[-1] == 0.0
    np.testing.assert_allclose(curve.survival[:2], [5 / 6, 0.5], rtol=1e-12)


def test_without_an_event_nobody_left():
    curve = kaplan_meier([3, 4], [0, 0])
    assert curve.time.size == 0
    np.testing.assert_array_equal(curve.at([4, 5]), [1.0, np.nan])
    assert np.isnan(curve.quantile())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"duration": [], "event": []}, "the sample is empty"),
        ({"event": [1]}, "event must be as long as duration"),
        ({"duration": [1.0, -1.0]}, "duration must be 0 or above and finite; 1 of 2"),
        ({"duration": [np.nan, 1.0]}, "duration must be 0 or above and finite"),
        ({"event": [1, 2]}, "event must be true or false"),
        ({"entry": [0.0, 5.0]}, "entry must be before duration; 1 of 2"),
        ({"entry": [0.0, np.nan]}, "entry must be before duration"),
        ({"weights": [1.0, -1.0]}, "weights must be 0 or above"),
        ({"weights": [0.0, 0.0]}, "sample of rows with a weight above 0 is empty"),
        ({"interval": 0.0}, "interval must be between 0 and 1"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(InputError, match=message):
        kaplan_meier(**{"duration": [1.0, 5.0], "event": [1, 0], **arguments})


def test_quantile_refuses_a_share_out_of_range():
    with pytest.raises(InputError, match="share must be between 0 and 1"):
        kaplan_meier([1], [1]).quantile(1.0)
