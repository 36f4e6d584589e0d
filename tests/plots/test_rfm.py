"""The heatmap shows each cell's mean or count, in the right place."""

import numpy as np
import pandas as pd
import pytest

from customer_value.errors import InputError
from customer_value.plots import rfm_heatmap

SCORED = {"r_score": [5, 5, 1, 3], "f_score": [4, 4, 2, 1], "total_value": [90.0, 110.0, 20.0, -8.0]}


def drawn(ax):
    return np.ma.filled(np.ma.masked_invalid(ax.images[0].get_array()), np.nan)


def cell_texts(ax):
    return {
        (round(text.get_position()[1]) + 1, round(text.get_position()[0]) + 1): text.get_text()
        for text in ax.texts
        if text.get_ha() == "center"
    }


def test_cells_hold_the_mean_value_and_the_number_of_customers(make_frame):
    ax = rfm_heatmap(make_frame(SCORED), unit="GBP")
    expected = np.full((5, 5), np.nan)
    expected[4, 3], expected[0, 1], expected[2, 0] = 100.0, 20.0, -8.0  # row: recency score, column: frequency score
    np.testing.assert_array_equal(drawn(ax), expected)
    texts = cell_texts(ax)
    assert texts[5, 4] == "100\nn = 2"
    assert texts[1, 2] == "20\nn = 1"
    assert texts[3, 1] == "-8\nn = 1"
    assert texts[5, 5] == "–"
    assert len(texts) == 25


def test_without_a_value_cells_hold_the_number_of_customers():
    ax = rfm_heatmap(pd.DataFrame(SCORED), value=None)
    assert np.nansum(drawn(ax)) == 4
    assert drawn(ax)[4, 3] == 2
    assert cell_texts(ax)[5, 4] == "2"
    assert ax.get_title(loc="left") == "Customers by recency and frequency"


def test_axes_are_labelled_with_units_and_the_best_are_up_and_right():
    ax = rfm_heatmap(pd.DataFrame(SCORED), unit="GBP")
    assert "Mean total_value per customer (GBP); n = customers" in {text.get_text() for text in ax.texts}
    assert ax.get_xlabel() == "Frequency score (5 = most purchases)"
    assert ax.get_ylabel() == "Recency score (5 = most recent purchase)"
    assert ax.get_ylim() == (-0.5, 4.5)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == list("12345")


def test_text_can_be_read_on_dark_and_light_cells():
    ax = rfm_heatmap(pd.DataFrame(SCORED))
    colours = {text.get_text(): text.get_color() for text in ax.texts}
    assert colours["100\nn = 2"] == "white"
    assert colours["20\nn = 1"] != "white"


def test_more_bins_and_suffixes():
    scored = pd.DataFrame({"r_score_12m": [9], "f_score_12m": [7], "clv": [3.0]})
    ax = rfm_heatmap(scored, value="clv", suffix="_12m")
    assert drawn(ax).shape == (9, 9)
    assert drawn(ax)[8, 6] == 3


def test_bins_that_differ_make_a_grid_of_their_own():
    donors = pd.DataFrame({"r_score": [3, 1, 2], "f_score": [2, 1, 1], "total_value": [9.0, 1.0, 4.0]})
    ax = rfm_heatmap(donors, bins={"r": 3, "f": 2})
    np.testing.assert_array_equal(drawn(ax), [[1, np.nan], [4, np.nan], [np.nan, 9]])
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["1", "2", "3"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "2"]
    assert ax.get_xlabel() == "Frequency score (2 = most purchases)"
    assert ax.get_ylabel() == "Recency score (3 = most recent purchase)"
    assert drawn(rfm_heatmap(donors, bins=3)).shape == (3, 3)
    with pytest.raises(InputError, match="r_score must be a score from 1 to 2"):
        rfm_heatmap(donors, bins=2)
    with pytest.raises(InputError, match="bins must be a whole number from 2 to 9"):
        rfm_heatmap(donors, bins={"r": 30})
    with pytest.raises(InputError, match="bins must name the scores 'r' and 'f'"):
        rfm_heatmap(donors, bins={"r": 3})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"r_score": [0, 1, 2, 3]}, "r_score must be a score from 1 to 9"),
        ({"f_score": [1.5, 1, 2, 3]}, "f_score must be a score from 1 to 9"),
        ({"f_score": [None, 1, 2, 3]}, "f_score must not be null"),
        ({"total_value": ["1", "2", "3", "4"]}, "total_value must be numeric"),
    ],
)
def test_bad_columns_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        rfm_heatmap(pd.DataFrame({**SCORED, **change}))


def test_missing_scores_name_score_rfm():
    with pytest.raises(InputError, match="score_rfm"):
        rfm_heatmap(pd.DataFrame({"total_value": [1.0]}))
