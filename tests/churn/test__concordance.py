import numpy as np
import pytest

from customer_value.churn._concordance import concordance
from customer_value.churn._spells import Spells


def by_pairs(data, risk):
    """Every pair, one after the other."""
    right = pairs = 0.0
    for i in np.flatnonzero(data.event):
        for j in range(risk.size):
            later = data.duration[j] > data.duration[i] or (data.duration[j] == data.duration[i] and not data.event[j])
            if later and data.entry[j] < data.duration[i]:
                pairs += 1
                right += (risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j])
    return right / pairs


@pytest.mark.parametrize("n", [2, 7, 64, 130])
@pytest.mark.parametrize("late", [False, True])
def test_every_pair(n, late):
    rng = np.random.default_rng(n)
    duration = rng.integers(3, 12, n).astype(float)
    entry = np.where(late, rng.integers(0, 9, n), 0).clip(0, duration - 1).astype(float)
    event = rng.random(n) < 0.6
    event[0], duration[0], entry[0] = True, 3.0, 0.0
    data = Spells(duration, event, entry, np.ones(n), np.arange(n), 0)
    risk = rng.integers(0, 5, n) + 0.3 * (duration < 6)
    assert concordance(data, risk) == pytest.approx(by_pairs(data, risk), rel=1e-14)


def test_nothing_to_compare():
    one = Spells(np.ones(2), np.ones(2, bool), np.zeros(2), np.ones(2), np.arange(2), 0)
    assert np.isnan(concordance(one, np.array([1.0, 2.0])))
