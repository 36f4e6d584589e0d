"""The picture of drift: the largest index on top, ticks of chance, the two bounds."""

import pandas as pd
import pytest

from customer_value.churn.drift import drift_report
from customer_value.errors import InputError
from customer_value.plots.drift import drift

REPORT = {
    "column": ["gone", "b", "a", "c"],
    "psi": [None, 0.05, 0.05, 0.4],
    "psi_by_chance": [None, 0.01, 0.02, 0.01],
}


def test_the_largest_is_on_top_and_ties_lie_by_name(make_frame):
    ax = drift(make_frame(REPORT))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["c", "a", "b"]
    assert [bar.get_width() for bar in ax.patches] == [0.4, 0.05, 0.05]
    assert ax.lines[0].get_xdata().tolist() == [0.01, 0.02, 0.01]
    assert [line.get_xdata()[0] for line in ax.lines[1:]] == [0.1, 0.25]
    assert ax.get_xlim() == (0, pytest.approx(0.42))
    assert len(drift(make_frame(REPORT), top=2).patches) == 2


def test_a_report_is_drawn():
    report = drift_report(pd.DataFrame({"x": range(50)}), pd.DataFrame({"x": range(10, 60)}), bins=4)
    assert drift(report).patches[0].get_width() == report["psi"][0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"psi": float("nan")}, "nothing to draw"),
        ({"psi": -1.0}, "0 or above"),
        ({"psi": "a"}, "numeric"),
        ({"column": None}, "column must not be null"),
    ],
)
def test_what_cannot_be_drawn_is_told(change, message):
    with pytest.raises(InputError, match=message):
        drift(pd.DataFrame(REPORT).assign(**change))
    with pytest.raises(InputError):
        drift(pd.DataFrame(REPORT), top=0)
    with pytest.raises(InputError, match="drift_report"):
        drift(pd.DataFrame({"column": ["a"]}))
