"""The picture of silent days draws each share with its band, and the length recommended."""

import numpy as np
import pandas as pd
import pytest

import customer_value as cv
from customer_value.errors import InputError
from customer_value.plots.inactivity import inactivity

TABLE = {
    "silent_days": [60, 30, 90],
    "return_rate": [0.2, 0.4, 0.1], "return_rate_lower": [0.1, 0.3, 0.05], "return_rate_upper": [0.3, 0.5, 0.15],
    "false_alarm_rate": [0.15, 0.2, None], "false_alarm_rate_lower": [0.1, 0.15, None],
    "false_alarm_rate_upper": [0.2, 0.25, None],
    "late_alarm_rate": [0.1, 0.05, 0.2], "late_alarm_rate_lower": [0.05, 0.0, 0.1],
    "late_alarm_rate_upper": [0.2, 0.1, 0.3],
    "recommended": [True, False, False],
}  # fmt: skip


def test_the_share_that_returns_is_drawn_in_order_with_its_band(make_frame):
    ax = inactivity(make_frame(TABLE))
    rate, chosen = ax.lines
    assert rate.get_xdata().tolist() == [30, 60, 90]
    assert rate.get_ydata().tolist() == [0.4, 0.2, 0.1]
    assert set(chosen.get_xdata()) == {60}
    assert "60 days" in {text.get_text() for text in ax.texts}
    corners = ax.collections[0].get_paths()[0].vertices
    assert {(30.0, 0.3), (30.0, 0.5), (90.0, 0.05), (90.0, 0.15)} <= set(map(tuple, corners.tolist()))
    assert ax.get_ylabel() == "Share that returns"
    assert ax.get_xlabel() == "Days since the last purchase"
    assert ax.get_ylim()[0] == 0


def test_both_alarms_are_drawn_and_named():
    ax = inactivity(pd.DataFrame(TABLE), kind="alarms")
    false, late, _ = ax.lines
    np.testing.assert_array_equal(false.get_ydata(), [0.2, 0.15, np.nan])
    assert late.get_ydata().tolist() == [0.05, 0.1, 0.2]
    assert {"false alarms", "late alarms", "60 days"} <= {text.get_text() for text in ax.texts}


def test_no_length_recommended_is_no_line():
    assert len(inactivity(pd.DataFrame(TABLE).assign(recommended=False)).lines) == 1


def test_alarms_of_nobody_leave_the_names_out():
    empty = {name: np.nan for name in TABLE if name.startswith("false")}
    ax = inactivity(pd.DataFrame(TABLE).assign(**empty, recommended=False), kind="alarms")
    assert "late alarms" not in {text.get_text() for text in ax.texts}


def test_a_table_of_a_log_is_drawn(cdnow_log):
    table = cv.churn.choose_inactivity_window(cdnow_log, observation_end="1998-06-30", step_days=30)
    for kind in ("returns", "alarms"):
        assert inactivity(table, kind=kind).lines[0].get_xdata().tolist() == [30, 60, 90, 120, 150, 180]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"return_rate": [0.2, 1.4, 0.1]}, "return_rate must be from 0 to 1"),
        ({"silent_days": [30, 30, 60]}, "silent_days must differ from row to row"),
        ({"recommended": [1, 0, 0]}, "recommended must be true or false"),
        ({"return_rate": ["a", "b", "c"]}, "return_rate must be numeric"),
    ],
)
def test_bad_columns_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        inactivity(pd.DataFrame(TABLE).assign(**change))


def test_an_unknown_kind_and_a_missing_column_are_refused():
    with pytest.raises(InputError, match=r"kind must be one of \['returns', 'alarms'\]"):
        inactivity(pd.DataFrame(TABLE), kind="return")
    with pytest.raises(InputError, match=r"lacks \['late_alarm_rate'\].*choose_inactivity_window"):
        inactivity(pd.DataFrame(TABLE).drop(columns="late_alarm_rate"), kind="alarms")
    with pytest.raises(InputError, match="the table is empty"):
        inactivity(pd.DataFrame(TABLE).head(0))
