import numpy as np
import pytest

from customer_value.churn._risk_sets import cumulative_hazard, risk_sets
from customer_value.churn._spells import Spells


def spells(n=80, seed=3):
    rng = np.random.default_rng(seed)
    entry = rng.integers(0, 5, n).astype(float)
    return (
        Spells(entry + rng.integers(1, 10, n), rng.random(n) < 0.7, entry, np.ones(n), np.arange(n), 0),
        rng.normal(size=(n, 2)),
    )


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_sums_by_the_definition(ties):
    data, x = spells()
    slopes = np.array([0.4, -0.8])
    score = np.exp(x @ slopes)
    sets = risk_sets(data, x, slopes, ties)
    curve = cumulative_hazard(sets)
    place, hazard, square, pull = 0, 0.0, 0.0, np.zeros(2)
    for i, time in enumerate(np.unique(data.duration[data.event])):
        there = (data.entry < time) & (time <= data.duration)
        leave = data.event & (data.duration == time)
        for k in range(leave.sum()):
            weight = score * (there - (k / leave.sum() if ties == "efron" else 0.0) * leave)
            mean = weight @ x / weight.sum()
            assert sets.time[place] == time
            assert leave[sets.row[place]]
            assert sets.total[place] == pytest.approx(weight.sum(), rel=1e-12)
            np.testing.assert_allclose(sets.mean[place], mean, rtol=1e-10)
            hazard += 1 / weight.sum()
            square += 1 / weight.sum() ** 2
            pull += mean / weight.sum()
            place += 1
        assert curve.time[i] == time
        np.testing.assert_allclose([curve.hazard[i + 1], curve.square[i + 1]], [hazard, square], rtol=1e-11)
        np.testing.assert_allclose(curve.pull[i + 1], pull, rtol=1e-10)
    assert place == sets.time.size
    assert curve.at(np.array([0.0, curve.time[0], 99.0])).tolist() == [0, 1, curve.time.size]
