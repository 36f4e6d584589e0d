"""The calibration picture draws the table: expected as a line, observed as points with intervals."""

import numpy as np
import pandas as pd
import pytest

from customer_value.errors import InputError
from customer_value.plots import calibration_by_frequency

TABLE = {
    "frequency": ["0", "1", "2+"],
    "customers": [1411, 439, 1],
    "predicted": [0.23, 0.52, 2.2],
    "observed": [0.24, 0.70, 2.0],
    "observed_lower": [0.21, 0.60, None],
    "observed_upper": [0.27, 0.80, None],
}


def test_the_table_is_drawn(make_frame):
    ax = calibration_by_frequency(make_frame(TABLE))
    expected, observed = ax.lines
    assert expected.get_ydata().tolist() == TABLE["predicted"]
    assert observed.get_ydata().tolist() == TABLE["observed"]
    assert expected.get_linestyle() == "-"
    assert observed.get_linestyle() == "None"
    bars = [bar[:, 1].tolist() for bar in ax.collections[0].get_segments() if bar.size]
    assert bars == [[0.21, 0.27], [0.60, 0.80]]  # one customer has no interval


def test_labels_tell_frequency_customers_and_units():
    ax = calibration_by_frequency(pd.DataFrame(TABLE))
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0\n1,411", "1\n439", "2+\n1"]
    assert ax.get_xlabel() == "Repeat purchases in calibration (below: customers)"
    assert ax.get_ylabel() == "Purchases per customer in the holdout"
    assert ax.get_ylim()[0] == 0
    heights = {text.get_text(): (text.xy[1], text.get_va()) for text in ax.texts}
    assert heights["expected"] == (2.2, "bottom")  # the higher name stands above the lower one
    assert heights["observed"] == (2.0, "top")
    assert any("interval of the observed mean" in text.get_text() for text in ax.texts)


def test_without_intervals_none_are_drawn_or_mentioned():
    ax = calibration_by_frequency(pd.DataFrame(TABLE).drop(columns=["observed_lower", "observed_upper"]))
    assert not ax.collections
    assert not any("interval" in text.get_text() for text in ax.texts)


def test_one_row_is_enough_and_order_is_the_tables():
    labels = pd.Categorical(["0", "7+"], categories=["0", "7+"], ordered=True)
    ax = calibration_by_frequency(pd.DataFrame(TABLE).head(2).assign(frequency=labels))
    assert [tick.get_text().split("\n")[0] for tick in ax.get_xticklabels()] == ["0", "7+"]
    assert len(calibration_by_frequency(pd.DataFrame(TABLE).head(1)).lines) == 2


def test_bad_tables_are_refused():
    with pytest.raises(InputError, match=r"lacks \['observed'\].*calibration_by_frequency"):
        calibration_by_frequency(pd.DataFrame(TABLE).drop(columns="observed"))
    with pytest.raises(InputError, match="predicted must not be null"):
        calibration_by_frequency(pd.DataFrame(TABLE).assign(predicted=np.nan))
