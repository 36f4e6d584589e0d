import numpy as np
import pytest

from customer_value.churn import _person_periods
from customer_value.churn._person_periods import in_periods, person_periods, spell_periods
from customer_value.churn._spells import Spells
from customer_value.errors import InputError


def spells(n=300, whole=True, seed=2):
    rng = np.random.default_rng(seed)
    end = rng.integers(2, 15, n).astype(float) - (0 if whole else rng.random(n))
    start = np.where(rng.random(n) < 0.5, 0.0, rng.integers(0, 2, n) + (0 if whole else 0.9 * rng.random(n)))
    start = np.minimum(start, end - 0.05 if not whole else end - 1)
    event, weight = rng.random(n) < 0.5, rng.integers(1, 4, n).astype(float)
    return Spells(end, event, start, weight, np.arange(n), 0), rng.integers(0, 7, n)


def by_definition(data, profile, width):
    """One customer and one period after the other."""
    found = {}
    for t, event, start, weight, who in zip(data.duration, data.event, data.entry, data.weight, profile, strict=True):
        for j in range(1, 200):
            low, high = (j - 1) * width, j * width
            if start >= high or t <= low:
                continue
            cell = found.setdefault((int(who), j), np.zeros(2))
            if event and t <= high:
                cell[0] += weight
            else:
                cell[1] += weight * (min(t, high) - max(start, low)) / width
    return found


@pytest.mark.parametrize(("whole", "width"), [(True, 1.0), (True, 2.0), (False, 1.0), (False, 0.7)])
@pytest.mark.parametrize("cells", [4_000_000, 40])  # all profiles at a time, or two
def test_cells_by_the_definition(whole, width, cells, monkeypatch):
    monkeypatch.setattr(_person_periods, "_CELLS", cells)
    data, profile = spells(whole=whole)
    made = person_periods(data, profile, width)
    expected = by_definition(data, profile, width)
    keys = list(zip(made.profile.tolist(), made.period.tolist(), strict=True))
    assert keys == sorted(expected)
    np.testing.assert_allclose(
        np.column_stack([made.events, made.stayed]), [expected[key] for key in keys], rtol=1e-12, atol=1e-12
    )


def test_a_period_ends_where_rounding_would_miss_it():
    assert in_periods(np.array([1.1, 0.3, 0.7]), 0.1).tolist() == [11.0, 3.0, 7.0]
    assert in_periods(np.array([0.25]), 0.1).tolist() == [2.5]


def test_too_many_periods():
    one = np.ones(1)
    with pytest.raises(InputError, match=r"30,000 periods of width 1; at most 20,000.*such as 300"):
        spell_periods(Spells(one * 30_000, one > 0, one * 0, one, np.zeros(1, int), 0), 1.0)
