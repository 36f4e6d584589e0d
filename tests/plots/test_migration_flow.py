"""The picture of moves draws what segment_migration counts: bars of states, ribbons of moves, nothing made up."""

import numpy as np
import pandas as pd
import pytest

import customer_value as cv
from customer_value.errors import InputError
from customer_value.plots import migration_flow

HISTORY = pd.DataFrame(
    {
        "customer_id": [1, 2, 3, 1, 2, 4, 1, 2, 4],
        "cutoff": pd.to_datetime(["2026-01-01"] * 3 + ["2026-02-01"] * 3 + ["2026-03-01"] * 3),
        "tier": pd.Categorical(["B", "B", "A", "B", "A", "C", "B", "A", "A"], ["C", "B", "A"], ordered=True),
        "spend": [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0],
    }
)


def flow(**arguments):
    return cv.segment_migration(HISTORY, label="tier", **arguments)


def ribbons(ax):
    """Width at the left and the right end of each ribbon."""
    ends = []
    for path in ax.collections[0].get_paths():
        corners = path.vertices[:-1]
        half = len(corners) // 2
        height = np.abs(corners[:half, 1] - corners[half:][::-1, 1])
        ends.append((height[0], height[-1]))
    return ends


def test_bars_and_ribbons_are_customers(make_frame):
    ax = migration_flow(make_frame(flow().astype({"from_state": str, "to_state": str}).to_dict("list")))
    heights = {round(bar.get_x() + bar.get_width() / 2): 0.0 for bars in ax.containers for bar in bars}
    for bars in ax.containers:
        for bar in bars:
            heights[round(bar.get_x() + bar.get_width() / 2)] += bar.get_height()
    assert heights == {0: 4, 1: 4, 2: 3}  # with who entered and who left
    np.testing.assert_allclose(ribbons(ax), 1.0)
    assert len(ribbons(ax)) == 7
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["2026-01-01", "2026-02-01", "2026-03-01"]


def test_states_stand_in_the_order_of_the_labels_and_outsiders_below():
    ax = migration_flow(flow())
    told = [text.get_text() for text in ax.texts]
    assert told == ["B: 2", "A: 1", "entered: 1", "B: 1", "A: 2", "C: 1", "left: 1", "Width: customers"]
    places = [text.xyann[1] for text in ax.texts[:3]]
    assert places == sorted(places)
    assert ax.yaxis_inverted()


def test_money_grows_along_the_ribbon():
    june, july = (HISTORY[HISTORY["cutoff"] == day] for day in ("2026-01-01", "2026-02-01"))
    moved = cv.segment_migration(june, july, label="tier", value="spend")
    ax = migration_flow(moved, measure="value")
    # Customer 1 stays in B, 2 goes from B to A, 3 leaves A, and 4 enters C.
    np.testing.assert_allclose(ribbons(ax), [[10, 40], [20, 50], [30, 30], [60, 60]])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["before", "after"]


def test_who_stayed_is_paler_and_the_shade_is_that_of_the_state_left():
    ax = migration_flow(flow())
    alphas = ax.collections[0].get_facecolor()[:, 3]
    assert sorted(set(alphas.round(2))) == [0.28, 0.6]
    shade = {label.split()[0]: bars[0].get_facecolor() for label, bars in zip("CBA", ax.containers, strict=False)}
    assert len(set(shade.values())) == 3


def test_small_moves_are_left_out_and_told():
    ax = migration_flow(flow(), smallest=0.3)
    assert len(ribbons(ax)) == 3  # a third of the three customers of February; a quarter in January is too small
    assert ax.texts[-1].get_text() == "Width: customers; moves too small to see left out (57.1%)"


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (lambda made: made.drop(columns="to_state"), {}, r"lacks \['to_state'\].*segment_migration"),
        (lambda made: made, {"measure": "value"}, r"lacks \['value_before', 'value_after'\]"),
        (lambda made: made, {"measure": "money"}, "measure must be one of"),
        (lambda made: made.head(0), {}, "empty"),
        (lambda made: made.assign(customers=-1), {}, "customers must be 0 or above"),
        (lambda made: made.assign(customers=0), {}, "nothing to draw"),
        (lambda made: pd.concat([made, made]), {}, "each move must come once"),
        (lambda made: made.assign(next_cutoff=pd.Timestamp("2027-01-01")), {}, "must follow each other"),
        (lambda made: made.drop(columns="next_cutoff"), {}, r"lacks \['next_cutoff'\]"),
    ],
)
def test_bad_flows_are_refused(change, arguments, message):
    with pytest.raises(InputError, match=message):
        migration_flow(change(flow()), **arguments)


def test_values_are_needed_of_customers_who_stayed():
    valued = flow(value="spend")
    with pytest.raises(InputError, match="value_after must not be null"):
        migration_flow(valued.assign(value_after=np.nan), measure="value")
