"""The triangle has each number in its cell, nothing where nothing was observed, and marks on what is cut off."""

import numpy as np
import pandas as pd
import pytest

import customer_value as cv
from customer_value.errors import InputError
from customer_value.plots.cohort_heatmap import cohort_heatmap

TABLE = {
    "cohort": ["2026-01"] * 3 + ["2026-02"] * 2 + ["2026-03"],
    "period": [0, 1, 2, 0, 1, 0],
    "customers": [10, 4, 1, 8, 2, 3],
    "rate": [1.0, 0.4, 0.1, 1.0, 0.25, 1.0],
    "complete": [True, True, False, True, False, False],
    "time_unit": ["month"] * 6,
}


def drawn(ax):
    return np.ma.filled(np.ma.masked_invalid(ax.images[0].get_array()), np.nan)


def cells(ax):
    return {
        (round(text.get_position()[1]), round(text.get_position()[0])): text.get_text()
        for text in ax.texts
        if text.get_ha() == "center"
    }


def test_each_number_in_its_cell(make_frame):
    ax = cohort_heatmap(make_frame(TABLE), value="customers")
    expected = np.array([[10, 4, 1], [8, 2, np.nan], [3, np.nan, np.nan]])
    np.testing.assert_array_equal(drawn(ax), expected)
    assert cells(ax) == {(0, 0): "10", (0, 1): "4", (0, 2): "1", (1, 0): "8", (1, 1): "2", (2, 0): "3"}
    assert [label.get_text() for label in ax.get_yticklabels()] == ["2026-01", "2026-02", "2026-03"]
    corners = {(patch.get_y() + 0.5, patch.get_x() + 0.5) for patch in ax.patches if patch.get_hatch() == "////"}
    assert corners == {(0, 2), (1, 1), (2, 0)}
    assert ax.texts[-1].get_text() == "blank: not observed yet; hatched: cut off"


def test_a_rate_is_the_default_and_period_0_does_not_stretch_it():
    ax = cohort_heatmap(pd.DataFrame(TABLE))
    assert ax.get_title(loc="left") == "Share of customers who bought"
    assert ax.images[0].get_clim() == (0.0, 0.4)
    assert cells(ax)[0, 1] == "40%"
    assert cells(ax)[0, 0] == "100%"


def test_expected_cells_are_dotted():
    table = pd.DataFrame({"cohort": "a", "period": [0, 1, 2], "cohort_size": 100, "at_risk": 100})
    table = table.assign(customers=[100, 70, 50], complete=[True, True, False])
    model = cv.clv.ShiftedBetaGeometric.from_params(alpha=1.0, beta=3.0)
    ax = cohort_heatmap(model.project_cohorts(table, 3))
    assert [patch.get_hatch() for patch in ax.patches] == ["...", "..."]
    assert "dotted" in ax.texts[-1].get_text()


def test_many_cells_are_not_written():
    wide = pd.DataFrame({"cohort": np.repeat(np.arange(25), 25), "period": np.tile(np.arange(25), 25), "revenue": -1.0})
    ax = cohort_heatmap(wide)
    assert len(ax.texts) == 1
    assert ax.images[0].get_clim() == (-1.0, 0.0)


def test_bad_tables_are_refused():
    table = pd.DataFrame(TABLE)
    for bad, arguments, message in (
        (table.drop(columns="period"), {}, r"lacks \['period'\].*cohort_table"),
        (table.drop(columns=["customers", "rate"]), {}, "lacks"),
        (table, {"value": "revenue"}, "value must be one of"),
        (pd.concat([table, table]), {}, "once in each cohort"),
        (table.assign(time_unit=["week"] * 3 + ["month"] * 3), {}, "one kind of period"),
        (table.assign(period=-1), {}, "0 or above"),
        (table.head(0), {}, "empty"),
        (table.assign(complete=1), {}, "true or false"),
    ):
        with pytest.raises(InputError, match=message):
            cohort_heatmap(bad, **arguments)
