"""Groups add up to cells: each cell counts those who are observed in its period, whole or begun."""

import numpy as np
import pytest

from customer_value.errors import InputError
from customer_value.transactions import _cohort_grid
from customer_value.transactions._cohort_grid import make_cells, make_groups

# Two cohorts; the first has a group whose period 2 is cut off, and one observed for two whole periods.
ROWS = {
    "cohort": [0, 0, 0, 0, 0, 1, 1],
    "begun": [1, 1, 2, 2, 2, 0, 0],
    "full": [1, 1, 1, 1, 1, -1, -1],
    "period": [0, 1, -1, 0, 2, -3, 0],
}
SUMS = {"customers": [2.0, 1.0, 0.0, 3.0, 1.0, 0.0, 4.0], "revenue": [20.0, 5.0, -9.0, 30.0, 7.0, -1.0, 40.0]}


@pytest.fixture
def groups():
    """Three groups of customers."""
    rows = {name: np.array(values) for name, values in ROWS.items()}
    return make_groups(**rows, sums={name: np.array(values) for name, values in SUMS.items()})


def test_cells_with_begun_periods(groups):
    assert groups.size.tolist() == [2, 3, 4]
    cells = make_cells(groups, whole_only=False)
    assert list(zip(cells.cohort, cells.period, strict=True)) == [(0, 0), (0, 1), (0, 2), (1, 0)]
    assert cells.cohort_size.tolist() == [5, 5, 5, 4]
    assert cells.at_risk.tolist() == [5, 5, 3, 4]
    assert cells.sums["customers"].tolist() == [5, 1, 1, 4]
    assert cells.sums["revenue"].tolist() == [50, 5, 7, 40]
    assert cells.running["revenue"].tolist() == [50, 55, 37, 40]  # of the three who are there in period 2
    assert cells.complete.tolist() == [True, True, False, False]


def test_whole_periods_and_all_together(groups):
    whole = make_cells(groups, whole_only=True)
    assert list(zip(whole.cohort, whole.period, strict=True)) == [(0, 0), (0, 1)]
    pooled = make_cells(groups, whole_only=False, pooled=True)
    assert pooled.period.tolist() == [0, 1, 2]
    assert pooled.at_risk.tolist() == [9, 5, 3]
    assert (pooled.cohort_size == 9).all()
    assert pooled.complete.tolist() == [False, True, False]


def test_a_table_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(_cohort_grid, "_MOST_CELLS", 5)
    rows = {name: np.array(values) for name, values in ROWS.items()}
    with pytest.raises(InputError, match="coarser period"):
        make_groups(**rows, sums={"customers": np.zeros(7)})
