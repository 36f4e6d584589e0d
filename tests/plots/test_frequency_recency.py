"""The heat map shows each cell's number in its place, impossible cells as nothing, and units in its labels."""

import numpy as np
import pandas as pd
import pytest

import customer_value as cv
from customer_value.errors import InputError
from customer_value.plots import frequency_recency

TABLE = {
    "frequency": [0, 1, 1, 2, 2],
    "recency": [0.0, 10.0, 20.0, 10.0, 20.0],
    "T": [39.0] * 5,
    "time_unit": ["week"] * 5,
    "p_alive": [1.0, 0.6, 0.7, None, 0.8],
    "p_active": [0.2, 0.5, 0.6, 0.3, 0.7],
    "expected_purchases": [0.3, 0.7, 0.9, 0.5, 1.5],
    "horizon": [52.0] * 5,
    "clv": [-1.0, 2.0, 3.0, 1.0, 9.0],
}
NOTHING = np.nan


def drawn(ax):
    return np.ma.filled(ax.collections[0].get_array(), np.nan)


def said(ax):
    return {text.get_text() for text in ax.texts}


def test_cells_are_in_their_place(make_frame):
    ax = frequency_recency(make_frame(TABLE))
    np.testing.assert_array_equal(drawn(ax), [[0.3, NOTHING, NOTHING], [NOTHING, 0.7, 0.9], [NOTHING, 0.5, 1.5]])
    corners = ax.collections[0].get_coordinates()
    np.testing.assert_array_equal(corners[0, :, 0], [-5, 5, 15, 25])  # half-way between recencies
    np.testing.assert_array_equal(corners[:, 0, 1], [-0.5, 0.5, 1.5, 2.5])


def test_the_order_of_the_rows_does_not_matter():
    shuffled = pd.DataFrame(TABLE).iloc[[3, 0, 4, 2, 1]]
    np.testing.assert_array_equal(drawn(frequency_recency(shuffled)), drawn(frequency_recency(pd.DataFrame(TABLE))))


@pytest.mark.parametrize(
    ("value", "title", "subtitle", "scale", "ends"),
    [
        ("expected_purchases", "Expected purchases", "39 weeks; purchases within the next 52 weeks",
         "Expected purchases", (0, 1.5)),
        ("p_alive", "P(alive)", "39 weeks", "P(still a customer)", (0, 1)),
        ("p_active", "P(active)", "39 weeks; purchases within the next 52 weeks", "P(at least one purchase)", (0, 1)),
        ("clv", "clv", "39 weeks", "clv", (-1, 9)),
    ],
)  # fmt: skip
def test_labels_tell_what_is_measured(value, title, subtitle, scale, ends):
    ax = frequency_recency(pd.DataFrame(TABLE), value=value)
    assert ax.get_title(loc="left") == f"{title} by frequency and recency"
    assert f"Customers observed for {subtitle}" in said(ax)
    assert ax.get_xlabel() == "Recency: first to last purchase (weeks)"
    assert ax.get_ylabel() == "Frequency: repeat purchases"
    colours = ax.collections[0].colorbar
    assert colours.ax.get_ylabel() == scale
    assert ax.collections[0].get_clim() == ends


def test_without_a_ruler_and_a_horizon():
    ax = frequency_recency(pd.DataFrame(TABLE).drop(columns=["time_unit", "horizon"]))
    assert ax.get_xlabel() == "Recency: first to last purchase (time units)"
    assert "Customers observed for 39 time units" in said(ax)


def test_opportunities():
    frame = pd.DataFrame(TABLE).rename(columns={"T": "opportunities"}).assign(recency=[0, 1, 2, 2, 3])
    ax = frequency_recency(frame.assign(time_unit="year", horizon=5.0))
    assert ax.get_xlabel() == "Recency: opportunity of the last purchase"
    assert "Customers observed for 39 opportunities; purchases within the next 5 years" in said(ax)


@pytest.mark.parametrize("value", ["p_alive", "p_active", "expected_purchases"])
def test_every_model(any_model, value):
    table = cv.clv.frequency_recency_table(any_model, T=6, horizon="2 years", max_frequency=3)
    ax = frequency_recency(table, value=value)
    assert np.count_nonzero(~np.isnan(drawn(ax))) == len(table)
    observed = "6 opportunities" if "opportunities" in any_model._columns else "6 years"
    ahead = "" if value == "p_alive" else "; purchases within the next 2 years"
    assert f"Customers observed for {observed}{ahead}" in said(ax)


def test_one_cell_is_enough():
    assert drawn(frequency_recency(pd.DataFrame(TABLE).head(1))).tolist() == [[0.3]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"T": [39, 39, 39, 39, 40]}, r"T must be one and the same in a picture; 1 of 5 rows is not \(rows 4\)"),
        ({"horizon": [1, 1, 1, 1, 2]}, "horizon must be one and the same"),
        ({"recency": [0, 10, 10, 10, 20]}, r"a pair of frequency and recency must come once; 1 of 5 .*\(rows 2\)"),
        ({"expected_purchases": None}, "expected_purchases (must be numeric|is null in every row)"),
        ({"expected_purchases": np.nan}, "expected_purchases is null in every row: there is nothing to draw"),
        ({"frequency": "many"}, "frequency must be numeric"),
        ({"recency": [0, 10, 20, 10, 40]}, r"recency must be <= T; 1 of 5 rows is not \(rows 4\)"),
        ({"time_unit": "fortnight"}, "time_unit must hold one of"),
    ],
)
def test_bad_columns_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        frequency_recency(pd.DataFrame(TABLE).assign(**change))


def test_unknown_columns_name_the_maker():
    with pytest.raises(InputError, match=r"lacks \['p_gone'\].*frequency_recency_table"):
        frequency_recency(pd.DataFrame(TABLE), value="p_gone")
    with pytest.raises(InputError, match="value must be a non-empty text"):
        frequency_recency(pd.DataFrame(TABLE), value=None)
