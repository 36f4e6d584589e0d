"""The gains picture draws the table: gains, chance and, where known, perfection."""

import numpy as np
import pandas as pd
import pytest

from customer_value.errors import InputError
from customer_value.plots.gains import gains

CURVE = {"share_of_customers": [0.0, 0.5, 1.0], "gain": [0.0, 0.8, 1.0], "gain_perfect": [0.0, 1.0, 1.0]}
LIFT = {"bin": [1, 2], "customers": [30.0, 10.0], "gain": [0.9, 1.0]}


def test_the_curve_is_drawn_between_chance_and_perfection(make_frame):
    chance, perfect, line = gains(make_frame(CURVE)).lines
    assert list(chance.get_xdata()) == list(chance.get_ydata()) == [0, 1]
    assert perfect.get_ydata().tolist() == CURVE["gain_perfect"]
    assert line.get_xdata().tolist() == CURVE["share_of_customers"]
    assert line.get_ydata().tolist() == CURVE["gain"]


def test_a_lift_table_begins_with_nobody(make_frame):
    _, line = gains(make_frame(LIFT)).lines
    assert line.get_xdata().tolist() == [0, 0.75, 1]
    assert line.get_ydata().tolist() == [0, 0.9, 1]


def test_models_have_a_line_each():
    table = pd.concat([pd.DataFrame(LIFT).assign(model=name) for name in ("tree", "rule")])
    ax = gains(table)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["tree", "rule"]
    assert len(ax.lines) == 3
    with pytest.raises(InputError, match="5 models at most; the table has 6"):
        gains(pd.concat([pd.DataFrame(LIFT).assign(model=name) for name in "abcdef"]))


def test_labels():
    ax = gains(pd.DataFrame(CURVE))
    assert ax.get_legend() is None
    assert ax.get_ylabel() == "Share of churners reached"
    assert {text.get_text() for text in ax.texts} >= {"random", "perfect"}


def test_bad_tables_are_refused():
    with pytest.raises(InputError, match=r"lacks \['gain'\].*gains_curve"):
        gains(pd.DataFrame(CURVE).drop(columns="gain"))
    with pytest.raises(InputError, match="lacks share_of_customers or customers"):
        gains(pd.DataFrame({"gain": [1.0]}))
    with pytest.raises(InputError, match="gain must not be null"):
        gains(pd.DataFrame(CURVE).assign(gain=np.nan))
    with pytest.raises(InputError, match="empty"):
        gains(pd.DataFrame(CURVE).head(0))
