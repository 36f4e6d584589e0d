"""The stages of a history are stacked by date, the first on top: customers, shares or sums of a column."""

import numpy as np
import pandas as pd
import pytest

from customer_value.errors import InputError
from customer_value.plots import stage_mix

HISTORY = {
    "customer_id": [1, 2, 3, 1, 2, 3],
    "cutoff": ["2026-01-01"] * 3 + ["2026-02-01"] * 3,
    "lifecycle_stage": ["new", "new", "old", "old", "new", "old"],
    "value": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0],
}


def stacks(ax):
    return [[bar.get_height() for bar in bars] for bars in ax.containers]


def test_customers_are_stacked_with_the_first_stage_on_top(make_frame):
    ax = stage_mix(make_frame(HISTORY))
    assert stacks(ax) == [[2, 1], [1, 2]]
    assert [[bar.get_y() for bar in bars] for bars in ax.containers] == [[1, 2], [0, 0]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["new", "old"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["2026-01-01", "2026-02-01"]
    assert ax.get_ylabel() == "Customers"


def test_shares_and_sums_of_a_column():
    np.testing.assert_allclose(
        stacks(stage_mix(pd.DataFrame(HISTORY), measure="share")), [[2 / 3, 1 / 3], [1 / 3, 2 / 3]]
    )
    by_value = stage_mix(pd.DataFrame(HISTORY), measure="value")
    assert stacks(by_value) == [[3, 16], [4, 40]]
    assert by_value.get_ylabel() == "Sum of value"


def test_order_and_shades_are_those_of_the_labels_whether_or_not_a_stage_occurs():
    labels = ["old", "never", "new"]
    typed = pd.DataFrame(HISTORY).assign(
        lifecycle_stage=lambda frame: pd.Categorical(frame["lifecycle_stage"], labels, ordered=True)
    )
    ax = stage_mix(typed)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["old", "new"]
    given = stage_mix(pd.DataFrame(HISTORY), order=labels)
    for one, other in zip(ax.containers, given.containers, strict=True):
        assert one[0].get_facecolor() == other[0].get_facecolor()


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({}, {"label": "tier"}, r"lacks \['tier'\].*snapshot_customers"),
        ({}, {"measure": "total_value"}, r"lacks \['total_value'\]"),
        ({"lifecycle_stage": None}, {}, "lifecycle_stage must not be null"),
        ({"cutoff": None}, {}, "cutoff must not be null"),
        ({"value": -1.0}, {"measure": "value"}, "must be 0 or above to be stacked"),
        ({}, {"order": ["new"]}, r"order must name every lifecycle_stage; it lacks \['old'\]"),
    ],
)
def test_bad_histories_are_refused(change, arguments, message):
    with pytest.raises(InputError, match=message):
        stage_mix(pd.DataFrame(HISTORY).assign(**change), **arguments)


def test_an_empty_history_is_refused():
    with pytest.raises(InputError, match="empty"):
        stage_mix(pd.DataFrame(HISTORY).head(0))
