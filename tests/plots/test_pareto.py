"""The Pareto picture: bars in the order of the table, whiskers, and the line of the cumulative share."""

import pandas as pd
import pytest

from customer_value.churn.reasons_table import churn_reasons
from customer_value.errors import InputError
from customer_value.plots.pareto import pareto

LOST = {"reason": ["price", "service", "price", None, "price"], "clv": [10.0, 90.0, 20.0, 5.0, 30.0]}


def names(ax):
    return [label.get_text() for label in ax.get_xticklabels()]


def test_bars_whiskers_and_the_line(make_frame):
    ax = pareto(churn_reasons(make_frame(LOST), value="clv"))
    assert names(ax) == ["price", "service", "(not stated)"]
    assert [bar.get_height() for bar in ax.patches] == pytest.approx([0.6, 0.2, 0.2])
    assert ax.lines[0].get_ydata().tolist() == pytest.approx([0.6, 0.8, 1.0])
    table = churn_reasons(pd.DataFrame(LOST))
    ends = [[end[1] for end in whisker] for whisker in ax.collections[0].get_segments()]
    assert ends == table[["share_lower", "share_upper"]].to_numpy().tolist()
    assert ax.get_ylabel() == "Share of lost customers"


def test_value_and_the_first_few():
    table = churn_reasons(pd.DataFrame(LOST), value="clv", sort="value")
    ax = pareto(table, measure="value", unit="euros", top=2)
    assert names(ax) == ["service", "price"]
    assert [bar.get_height() for bar in ax.patches] == pytest.approx([90 / 155, 60 / 155])
    assert not ax.collections
    assert ax.get_ylabel() == "Share of lost value (euros)"


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (lambda f: f, {"measure": "value"}, r"churn_reasons\(frame, value=...\) makes it"),
        (lambda f: f, {"measure": "money"}, "measure must be one of"),
        (lambda f: f, {"top": 0}, "top must be"),
        (lambda f: f.head(0), {}, "empty"),
        (lambda f: f.assign(share=2.0), {}, "must lie within"),
        (lambda f: f.assign(share=None), {}, "share"),
    ],
)
def test_what_cannot_be_drawn_is_told(change, arguments, message):
    with pytest.raises(InputError, match=message):
        pareto(change(churn_reasons(pd.DataFrame(LOST))), **arguments)
