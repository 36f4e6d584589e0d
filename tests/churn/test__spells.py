import numpy as np
import pandas as pd
import pytest

from customer_value._frames import open_frame
from customer_value.churn._spells import by_group, read_spells, require_event
from customer_value.errors import InputError

SEEN = {"tenure": [3.0, 0.0, 2.0, 5.0], "left": [True, False, False, True], "since": [0.0, 0.0, 1.0, 5.0]}


def read(change=None, **arguments):
    frame = open_frame(pd.DataFrame({**SEEN, **(change or {})}))
    return read_spells(frame, **{"duration": "tenure", "event": "left", **arguments})


def test_time_without_length_tells_nothing():
    spells = read()
    assert spells.row.tolist() == [0, 2, 3]
    assert spells.left_out == 1
    late = read({"left": [True, False, False, False]}, entry="since")
    assert late.row.tolist() == [0, 2]
    assert late.entry.tolist() == [0.0, 1.0]
    weighted = read({"n": [2, 1, 0, 1]}, weights="n")
    assert (weighted.row.tolist(), weighted.weight.tolist()) == ([0, 3], [2.0, 1.0])


def test_the_kaplan_meier_curve_counts_time_0():
    spells = read({"left": [True, True, False, True]}, at_zero=True)
    assert spells.row.tolist() == [0, 1, 2, 3]
    assert (spells.entry < spells.duration).all()


def test_events_of_all_kinds_of_columns():
    for values in ([1, 0, 0, 1], [1.0, 0.0, 0.0, 1.0], pd.array([True, False, False, True], "boolean")):
        assert read({"left": values}).event.tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({"left": ["Yes", "No", "No", "Yes"]}, {}, r'left must be true or false, or 1 or 0.*== "Yes"'),
        ({"left": [1, 2, 0, 1]}, {}, r"left must be true or false, or 1 or 0; 1 of 4 rows is not \(rows 1\)"),
        ({"left": pd.array([True, None, False, True], "boolean")}, {}, "left must not be null; 1 of 4"),
        ({"left": [True, True, False, True]}, {}, "tenure must be above 0 where left is true; 1 of 4"),
        ({"tenure": [3.0, -1.0, 2.0, 5.0]}, {}, "tenure must be from 0 to below"),
        ({"tenure": [3.0, np.nan, 2.0, 5.0]}, {}, "tenure must not be null"),
        ({"since": [0.0, 0.0, 3.0, 1.0]}, {"entry": "since"}, "since must be at most tenure; 1 of 4"),
        ({"since": [0.0, 0.0, -1.0, 1.0]}, {"entry": "since"}, "since must be 0 or above"),
        ({}, {"entry": "since"}, "tenure must be above since where left is true"),
        ({"n": [1, 1, -1, 1]}, {"weights": "n"}, "n must be 0 or above"),
        ({"n": [0, 0, 0, 0]}, {"weights": "n"}, "is empty"),
        ({}, {"event": "tenure"}, "must be different columns"),
        ({}, {"duration": "tenor"}, r"lacks \['tenor'\].*Did you mean 'tenure'"),
    ],
)
def test_refusals(change, arguments, message):
    with pytest.raises(InputError, match=message):
        read(change, **arguments)


def test_somebody_must_have_left():
    with pytest.raises(InputError, match="left is true in no row"):
        require_event(read({"left": [False] * 4}), "left")


def test_groups_in_their_own_order():
    plans = pd.Categorical(["basic", "plus", "plus", "basic"], ["plus", "gold", "basic"], ordered=True)
    frame = open_frame(pd.DataFrame({**SEEN, "plan": plans}))
    spells = read_spells(frame, duration="tenure", event="left")
    assert [(row, group.row.tolist()) for row, group in by_group(frame, "plan", spells, set())] == [
        (2, [2]),
        (0, [0, 3]),
    ]
    with pytest.raises(InputError, match="would have 'plan' twice"):
        list(by_group(frame, "plan", spells, {"plan"}))
