"""The profit picture draws the table and marks its best cut."""

import pandas as pd
import pytest

from customer_value.errors import InputError
from customer_value.plots.profit import profit

CURVE = {
    "share_of_customers": [0.0, 0.25, 1.0],
    "profit": [0.0, 1250.0, -400.0],
    "profit_random": [0.0, -100.0, -400.0],
    "best": [False, True, False],
}


def test_the_curve_and_its_best_are_drawn(make_frame):
    ax = profit(make_frame(CURVE))
    _, chance, line, best = ax.lines
    assert chance.get_ydata().tolist() == CURVE["profit_random"]
    assert line.get_ydata().tolist() == CURVE["profit"]
    assert (list(best.get_xdata()), list(best.get_ydata())) == ([0.25], [1250])
    assert any(text.get_text() == "1,250 at 25%" for text in ax.texts)


def test_models_have_a_line_and_a_best_each():
    table = pd.concat([pd.DataFrame(CURVE).assign(model=name) for name in ("tree", "rule")])
    ax = profit(table)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["tree", "rule"]
    assert len(ax.lines) == 2 + 2 * 2


def test_labels():
    ax = profit(pd.DataFrame(CURVE))
    assert ax.get_xlabel() == "Share of customers contacted, highest scores first"
    assert ax.get_legend() is None


def test_bad_tables_are_refused():
    with pytest.raises(InputError, match=r"lacks \['best'\].*profit_curve"):
        profit(pd.DataFrame(CURVE).drop(columns="best"))
    with pytest.raises(InputError, match="best must be true or false"):
        profit(pd.DataFrame(CURVE).assign(best=1))
    with pytest.raises(InputError, match="empty"):
        profit(pd.DataFrame(CURVE).head(0))
