"""The Qini picture draws the gain over chance and tells the coefficient."""

import pandas as pd
import pytest

from customer_value.errors import InputError
from customer_value.plots.qini import qini

CURVE = {
    "share_of_customers": [0.0, 0.5, 1.0],
    "incremental": [0.0, 0.1, 0.08],
    "incremental_random": [0.0, 0.04, 0.08],
    "qini": [0.03] * 3,
}


def test_gain_chance_and_coefficient_are_drawn(make_frame):
    ax = qini(make_frame(CURVE))
    _, chance, line = ax.lines
    assert chance.get_ydata().tolist() == CURVE["incremental_random"]
    assert line.get_ydata().tolist() == CURVE["incremental"]
    assert [text.get_text() for text in ax.texts if "Qini" in text.get_text()] == ["Qini 0.0300"]


def test_an_interval_is_told():
    ax = qini(pd.DataFrame(CURVE).assign(qini_lower=0.01, qini_upper=0.05))
    assert any(text.get_text() == "Qini 0.0300 (0.0100 to 0.0500)" for text in ax.texts)
    assert ax.get_ylabel() == "Outcomes gained per customer"


def test_bad_tables_are_refused():
    with pytest.raises(InputError, match=r"lacks \['qini'\].*qini_curve"):
        qini(pd.DataFrame(CURVE).drop(columns="qini"))
    with pytest.raises(InputError, match="empty"):
        qini(pd.DataFrame(CURVE).head(0))
