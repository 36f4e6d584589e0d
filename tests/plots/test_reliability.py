"""The reliability picture draws churn rates with intervals against probabilities."""

import pandas as pd
import pytest

from customer_value.errors import InputError
from customer_value.plots.reliability import reliability

TABLE = {
    "mean_score": [0.7, 0.2],
    "churn_rate": [0.6, 0.25],
    "churn_rate_lower": [0.5, 0.2],
    "churn_rate_upper": [0.72, 0.3],
}


def test_points_intervals_and_the_diagonal_are_drawn(make_frame):
    ax = reliability(make_frame(TABLE))
    diagonal, points = ax.lines
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata()) == [0, 0.72]
    assert points.get_xdata().tolist() == [0.2, 0.7]  # from left to right, whatever the order of the rows
    assert points.get_ydata().tolist() == [0.25, 0.6]
    assert [bar[:, 1].tolist() for bar in ax.collections[0].get_segments()] == [[0.2, 0.3], [0.5, 0.72]]
    assert ax.get_xlim()[0] == ax.get_ylim()[0] == 0


def test_models_have_a_line_each():
    table = pd.concat([pd.DataFrame(TABLE).assign(model=name) for name in ("tree", "rule")])
    ax = reliability(table)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["tree", "rule"]
    assert len(ax.lines) == 3


def test_bad_tables_are_refused():
    with pytest.raises(InputError, match=r"lacks \['churn_rate'\].*lift_table"):
        reliability(pd.DataFrame(TABLE).drop(columns="churn_rate"))
    with pytest.raises(InputError, match="empty"):
        reliability(pd.DataFrame(TABLE).head(0))
