"""A cohort table is read with its most telling value, and marks that it lacks are those of a table all observed."""

import pandas as pd
import pytest

from customer_value._frames import nw
from customer_value.errors import InputError
from customer_value.plots._cohorts import choose_value, read_cohorts

TABLE = pd.DataFrame({"cohort": ["b", "a"], "period": [0, 0], "customers": [1, 2], "revenue": [3.0, 4.0]})


def test_values_and_marks():
    frame = nw.from_native(TABLE)
    assert choose_value(frame, None) == "revenue"
    assert choose_value(frame, "customers") == "customers"
    with pytest.raises(InputError, match="value must be one of"):
        choose_value(frame, "rate")
    cells = read_cohorts(frame, None)
    assert cells.names == ["b", "a"]
    assert cells.cohort.tolist() == [0, 1]
    assert cells.complete.all()
    assert not cells.projected.any()
    assert not cells.pooled.any()
    assert cells.unit == "period"
