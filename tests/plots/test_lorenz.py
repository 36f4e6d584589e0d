"""The Lorenz picture draws the curve below the diagonal, one for each cutoff."""

import pandas as pd
import pytest

from customer_value.errors import InputError
from customer_value.plots import lorenz

CURVE = {"lorenz_customers": [0.0, 0.5, 0.75, 1.0], "lorenz_value": [0.0, 0.1, 0.2, 1.0]}


def test_the_curve_lies_below_equal_shares_and_the_top_is_told(make_frame):
    ax = lorenz(make_frame(CURVE), value="revenue")
    diagonal, line, point = ax.lines
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata()) == [0, 1]
    assert line.get_xdata().tolist() == CURVE["lorenz_customers"]
    assert line.get_ydata().tolist() == CURVE["lorenz_value"]
    assert point.get_ydata()[0] == pytest.approx(0.2 + 0.8 * 0.05 / 0.25)
    assert "top 20 %: 64% " in {text.get_text() for text in ax.texts}
    assert ax.get_xlabel() == "Share of customers, the least valuable first"
    assert ax.get_ylabel() == "Share of revenue"


def test_each_cutoff_has_a_curve():
    days = pd.to_datetime(["2025-01-01", "2025-02-01"])
    table = pd.concat([pd.DataFrame(CURVE).assign(cutoff=day) for day in days])
    ax = lorenz(table)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["2025-01-01", "2025-02-01"]
    assert len(ax.lines) == 3
    assert len(lorenz(table.rename(columns={"cutoff": "shop"}), by="shop").lines) == 3


def test_a_curve_below_zero_is_shown_whole():
    low = {"lorenz_customers": [0.0, 0.5, 1.0], "lorenz_value": [0.0, -0.3, 1.0]}
    assert lorenz(pd.DataFrame(low)).get_ylim()[0] == -0.3


def test_bad_tables_are_refused():
    with pytest.raises(InputError, match=r"lacks \['lorenz_value'\].*lorenz_curve"):
        lorenz(pd.DataFrame(CURVE).drop(columns="lorenz_value"))
    with pytest.raises(InputError, match="must not fall"):
        lorenz(pd.DataFrame(CURVE)[::-1])
    with pytest.raises(InputError, match="must be shares"):
        lorenz(pd.DataFrame(CURVE).assign(lorenz_customers=[0, 1, 2, 3]))
    with pytest.raises(InputError, match=r"lacks \['shop'\].*lorenz_curve\(frame, by='shop'\)"):
        lorenz(pd.DataFrame(CURVE), by="shop")
    with pytest.raises(InputError, match="empty"):
        lorenz(pd.DataFrame(CURVE).head(0))
