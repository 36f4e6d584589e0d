"""Lines hold whole periods only; all cohorts together are the black line with the interval."""

import numpy as np
import pandas as pd
import pytest

import customer_value as cv
from customer_value.errors import InputError
from customer_value.plots.retention_curves import retention_curves

TABLE = {
    "cohort": ["2026-01"] * 3 + ["2026-02"] * 3,
    "period": [2, 0, 1, 0, 1, 2],
    "rate": [0.3, 1.0, 0.4, 1.0, 0.25, 0.1],
    "complete": [True] * 5 + [False],
    "time_unit": ["month"] * 6,
}


def test_whole_periods_in_order(make_frame):
    ax = retention_curves(make_frame(TABLE))
    first, second = ax.lines
    assert (first.get_xdata().tolist(), first.get_ydata().tolist()) == ([1, 2], [0.4, 0.3])
    assert (second.get_xdata().tolist(), second.get_ydata().tolist()) == ([1], [0.25])
    assert second.get_marker() == "o"  # one point makes no line
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["2026-01", "2026-02"]
    assert "cut-off periods left out" in ax.texts[0].get_text()
    assert not ax.collections


def test_pooled_rows_have_the_band(cdnow_log):
    table = cv.cohort_table(
        cdnow_log, observation_end="1998-06-30", cohort_period="month", values="rate", pooled=True, interval=0.9
    )
    ax = retention_curves(table)
    assert len(ax.collections) == 1
    pooled = ax.lines[-1]
    assert pooled.get_label() == "all"
    expected = table[table["pooled"] & (table["period"] > 0)]
    np.testing.assert_array_equal(pooled.get_ydata(), expected["rate"])
    single = retention_curves(table[~table["pooled"]])
    assert len(single.collections) == len(single.lines) == 3


def test_expected_periods_are_dashed_from_the_last_seen():
    table = pd.DataFrame({"cohort": "a", "period": [0, 1, 2], "cohort_size": 100, "at_risk": 100})
    table = table.assign(customers=[100, 70, 50], complete=True)
    model = cv.clv.ShiftedBetaGeometric.from_params(alpha=1.0, beta=3.0)
    seen, expected = retention_curves(model.project_cohorts(table, 4)).lines
    assert seen.get_xdata().tolist() == [1, 2]
    assert expected.get_xdata().tolist() == [2, 3, 4]
    assert expected.get_linestyle() == "--"


def test_many_cohorts_are_shades_and_revenue_keeps_period_0():
    table = pd.DataFrame({"cohort": np.repeat(np.arange(12), 2), "period": [0, 1] * 12, "revenue": 5.0})
    ax = retention_curves(table)
    assert ax.get_legend() is None
    assert len({line.get_color()[3] for line in ax.lines}) == 12
    assert ax.lines[0].get_xdata().tolist() == [0, 1]


def test_nothing_whole_is_refused():
    with pytest.raises(InputError, match="nothing to draw"):
        retention_curves(pd.DataFrame(TABLE).query("period == 0"))
    with pytest.raises(InputError, match="nothing to draw"):
        retention_curves(pd.DataFrame(TABLE).assign(complete=False))
