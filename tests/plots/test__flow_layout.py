"""Bars hold all that is in a state, ribbons fill them without overlap, and labels make room for each other."""

import numpy as np
import pytest

from customer_value.plots._flow_layout import apart, lay_out


def test_ribbons_fill_their_bars_at_both_ends():
    before = np.array([[[3.0, 1.0], [2.0, 4.0]]])
    after = np.array([[[6.0, 0.0], [1.0, 8.0]]])
    layout = lay_out(before, after, 0.0)
    np.testing.assert_array_equal(layout.height, [[4, 6], [7, 8]])
    gap = layout.top[0, 1] - 4
    assert gap > 0
    np.testing.assert_allclose(layout.top, [[0, 4 + gap], [0, 7 + gap]])
    moves = list(zip(layout.from_state, layout.to_state, strict=True))
    assert moves == [(0, 0), (0, 1), (1, 0), (1, 1)]
    np.testing.assert_allclose(
        layout.edges,
        [
            [0, 3, 0, 6],
            [3, 4, 7 + gap, 7 + gap],
            [4 + gap, 6 + gap, 6, 7],
            [6 + gap, 10 + gap, 7 + gap, 15 + gap],
        ],
    )


def test_small_moves_are_hidden_and_counted_and_keep_their_place():
    moved = np.array([[[90.0, 1.0], [0.0, 9.0]]])
    layout = lay_out(moved, moved, 0.05)
    assert layout.hidden == 1
    np.testing.assert_array_equal(layout.height, [[91, 9], [90, 10]])
    assert layout.edges[1, 2] == layout.top[1, 1] + 1  # below the place of the move that is hidden


@pytest.mark.parametrize(
    ("wanted", "most", "expected"),
    [
        ([0, 5, 9], 10, [0, 5, 9]),
        ([4, 4, 9], 10, [3, 5, 9]),
        ([4, 4.5, 5, 9], 10, [2.5, 4.5, 6.5, 9]),
        ([0, 9, 10], 10, [0, 8, 10]),
    ],
)
def test_labels_that_are_too_near_move_apart(wanted, most, expected):
    np.testing.assert_allclose(apart(np.array(wanted, dtype=float), 2.0, most), expected)
