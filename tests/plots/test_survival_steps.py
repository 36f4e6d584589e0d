"""Steps fall where someone left, one curve for each group."""

import numpy as np
import pandas as pd
import pytest

from customer_value.churn.life_tables import life_table
from customer_value.churn.survival_curves import survival_table
from customer_value.errors import InputError
from customer_value.plots.survival import survival
from customer_value.plots.survival_steps import survival_steps

TABLE = {
    "time": [5, 2, 3],
    "survival": [0.3, 0.8, 0.6],
    "survival_lower": [0.1, 0.6, 0.4],
    "survival_upper": [0.5, 0.9, 0.8],
}
SPELLS = pd.DataFrame({"t": [1, 2, 2, 3, 5, 6], "left": [1, 1, 0, 1, 0, 1], "plan": ["a", "b"] * 3})


def test_steps_in_order_of_time(make_frame):
    ax = survival_steps(make_frame(TABLE))
    (line,) = ax.lines
    assert line.get_xdata().tolist() == [0, 2, 3, 5]
    assert line.get_ydata().tolist() == [1, 0.8, 0.6, 0.3]
    assert line.get_drawstyle() == "steps-post"
    assert len(ax.collections) == 1
    assert "band" in ax.texts[0].get_text()
    bare = survival_steps(pd.DataFrame(TABLE)[["time", "survival"]])
    assert not bare.collections


def test_a_curve_for_each_group_in_the_order_of_the_table():
    table = survival_table(SPELLS, duration="t", event="left", by="plan")
    ax = survival_steps(table, by="plan", unit="month")
    assert [line.get_label() for line in ax.lines] == ["a", "b"]
    assert ax.lines[0].get_xdata().tolist() == [0, 1, 2, 5]
    assert len({line.get_color() for line in ax.lines}) == 2
    assert ax.get_xlabel() == "Time since the start (months)"


def test_life_tables_are_drawn_by_both_pictures():
    table = life_table(SPELLS, duration="t", event="left")
    (steps,) = survival_steps(table).lines
    np.testing.assert_allclose(steps.get_ydata()[1:], table["survival"])
    model, seen = survival(table, renewals=table).lines
    np.testing.assert_allclose(model.get_ydata(), seen.get_ydata(), rtol=1e-12)


def test_bad_tables_are_refused():
    for change, arguments, message in (
        ({"time": [2, 2, 3]}, {}, "time must differ from row to row"),
        ({"survival": [0.3, 1.8, 0.6]}, {}, "survival must be from 0 to 1"),
        ({}, {"by": "plan"}, r"lacks \['plan'\].*survival_table"),
    ):
        with pytest.raises(InputError, match=message):
            survival_steps(pd.DataFrame({**TABLE, **change}), **arguments)
    with pytest.raises(InputError, match="has 9 groups; at most 8"):
        survival_steps(pd.DataFrame({"time": range(9), "survival": 0.5, "plan": range(9)}), by="plan")
    with pytest.raises(InputError, match="empty"):
        survival_steps(pd.DataFrame(TABLE).head(0))
