import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from customer_value._stats.multiple import benjamini_hochberg, holm
from customer_value.errors import InputError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "statistics.json").read_text())["benjamini_hochberg_1995"]
RNG = np.random.default_rng(4)
# Small and large p-values, with ties; every list of another length.
LISTS = [np.round(RNG.random(m) ** 3, 2) for m in range(1, 9)]


def test_the_papers_example():
    p = GOLDEN["p_values"]
    assert (benjamini_hochberg(p) <= 0.05).sum() == GOLDEN["rejected_by_false_discovery_rate"]
    # Holm rejects at least what Bonferroni does; here the fourth, .0095 > .05 / 12, is beyond it too.
    assert (holm(p) <= 0.05).sum() == GOLDEN["rejected_by_bonferroni"]


@pytest.mark.parametrize("p", LISTS, ids=len)
def test_benjamini_hochberg_against_scipy(p):
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p, method="bh"), rtol=1e-14)


@pytest.mark.parametrize("p", LISTS, ids=len)
def test_holm_is_the_closed_test_by_bonferroni(p):
    """A hypothesis falls when each set of hypotheses that holds it does, by Bonferroni: go through all sets."""
    for i in range(p.size):
        sets = (s for k in range(p.size) for s in itertools.combinations(range(p.size), k + 1) if i in s)
        closed = max(len(s) * p[list(s)].min() for s in sets)
        assert holm(p)[i] == pytest.approx(min(closed, 1.0), rel=1e-14)


@pytest.mark.parametrize("adjust", [benjamini_hochberg, holm])
def test_order_and_missing_tests(adjust):
    p = np.array([0.02, 0.5, 0.001, 0.04, 0.04])
    turn = np.array([3, 0, 4, 2, 1])
    np.testing.assert_array_equal(adjust(p[turn]), adjust(p)[turn])
    with_gap = adjust([0.02, np.nan, 0.5, 0.001, 0.04, 0.04])
    assert np.isnan(with_gap[1])
    np.testing.assert_array_equal(np.delete(with_gap, 1), adjust(p))
    assert adjust([]).size == 0
    assert adjust([0.9, 0.95]).max() <= 1.0


@pytest.mark.parametrize("adjust", [benjamini_hochberg, holm])
def test_refusals(adjust):
    with pytest.raises(InputError, match=r"p_values must be from 0 to 1; 2 of 3 rows are not \(rows 0, 2\)"):
        adjust([1.2, 0.5, -0.1])
    with pytest.raises(InputError, match="one-dimensional; got 2"):
        adjust([[0.1, 0.2]])
