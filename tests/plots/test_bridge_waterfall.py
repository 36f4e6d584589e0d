"""The waterfall has the bridge's numbers, each bar from where the last one ended."""

import numpy as np
import pandas as pd
import pytest

from customer_value.errors import InputError
from customer_value.plots import bridge_waterfall

BRIDGE = {
    "period": ["2025-01", "2025-02", "2025-02"],
    "start": [9.0, 1200.0, 800.0],
    "new": [0.0, 100.0, 200.0],
    "resurrected": [0.0, 50.0, 0.0],
    "expansion": [1.0, 500.0, 0.0],
    "contraction": [0.0, 150.0, 50.0],
    "churned": [0.0, 700.0, 0.0],
    "end": [10.0, 1000.0, 950.0],
}
COUNTS = {"customers_before": [1, 9, 8], "n_new": 1, "n_resurrected": 1, "n_expansion": 1, "n_contraction": 1,
          "n_churned": 1, "customers_after": 10}  # fmt: skip


def test_bars_begin_where_the_last_one_ended(make_frame):
    ax = bridge_waterfall(make_frame(BRIDGE))  # the last period, its groups together
    (bars,) = ax.containers
    assert [bar.get_height() for bar in bars] == [2000, 300, 50, 500, -200, -700, 1950]
    assert [bar.get_y() for bar in bars] == [0, 2000, 2300, 2350, 2850, 2650, 0]
    assert ax.get_ylim()[1] > 2850
    ends = [line.get_ydata()[0] for line in ax.lines[:6]]
    assert ends == [2000, 2300, 2350, 2850, 2650, 1950]
    assert [text.get_text() for text in ax.texts][:7] == ["2,000", "+300", "+50", "+500", "-200", "-700", "1,950"]
    assert "2025-02" in ax.get_title(loc="left")
    gains, losses = ({bars[i].get_facecolor() for i in places} for places in ((1, 2, 3), (4, 5)))
    assert len(gains) == len(losses) == 1
    assert gains != losses


def test_a_period_can_be_chosen_and_customers_are_counted():
    bridge = pd.DataFrame({**BRIDGE, **COUNTS, "window": "12 months"})
    ax = bridge_waterfall(bridge, period="2025-01")
    assert [text.get_text() for text in ax.texts][:2] == ["9", "0"]
    assert [tick.get_text() for tick in ax.get_xticklabels()][:2] == ["Start\n1", "New\n1"]
    assert ax.get_xlabel() == "Customers behind each bar"
    assert "12 months" in ax.texts[-1].get_text()
    assert [tick.get_text() for tick in bridge_waterfall(bridge).get_xticklabels()] == [
        "Start\n17", "New\n2", "Resurrected\n2", "Expansion\n2", "Contraction\n2", "Churned\n2", "End\n20",
    ]  # fmt: skip


def test_revenue_below_nothing():
    ax = bridge_waterfall(pd.DataFrame({**BRIDGE, "start": -5.0, "end": [-4.0, -205.0, 145.0]}), period="2025-01")
    (bars,) = ax.containers
    assert [bar.get_height() for bar in bars][::6] == [-5.0, -4.0]
    assert ax.get_ylim()[0] < -5.0


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({"end": 7.0}, {}, "must add up.*1,950.00 in 2025-02, and end is 14.00"),
        ({"new": [np.nan, 1.0, 1.0]}, {}, "new must"),
        ({"new": "many"}, {}, "new must be numeric"),
        ({}, {"period": "2026-01"}, r"period must be one of .*2025-02.*got '2026-01'"),
        ({}, {"ax": 1}, "ax must be a matplotlib Axes"),
    ],
)
def test_what_is_no_bridge_is_refused(change, arguments, message):
    with pytest.raises(InputError, match=message):
        bridge_waterfall(pd.DataFrame({**BRIDGE, **change}), **arguments)


def test_missing_columns_and_rows():
    with pytest.raises(InputError, match=r"lacks \['churned'\].*revenue_bridge"):
        bridge_waterfall(pd.DataFrame(BRIDGE).drop(columns="churned"))
    with pytest.raises(InputError, match="empty"):
        bridge_waterfall(pd.DataFrame(BRIDGE)[:0])
