"""Segment shares are drawn as they stand in the profile: side by side, or stacked over the cutoffs."""

import numpy as np
import pandas as pd
import pytest

from customer_value.errors import InputError
from customer_value.plots import segment_share

PROFILE = {
    "segment": ["Champions", "At risk", "Hibernating"],
    "share_of_customers": [0.2, 0.3, 0.5],
    "share_of_value": [0.7, 0.2, 0.1],
}


def history():
    later = {**PROFILE, "share_of_customers": [0.4, 0.6, 0.0]}
    days = ["2025-01-01", "2025-02-01"]
    return pd.concat(
        [pd.DataFrame(part).assign(cutoff=pd.Timestamp(day)) for part, day in zip([PROFILE, later], days, strict=True)]
    )


def test_each_segment_has_a_bar_of_customers_and_one_of_value(make_frame):
    ax = segment_share(make_frame(PROFILE))
    customers, value = ax.containers
    assert [bar.get_width() for bar in customers] == PROFILE["share_of_customers"]
    assert [bar.get_width() for bar in value] == PROFILE["share_of_value"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == PROFILE["segment"]
    assert ax.yaxis_inverted()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["of customers", "of value"]


def test_intervals_are_whiskers():
    ends = {"share_of_customers_lower": [0.1, 0.2, 0.4], "share_of_customers_upper": [0.3, 0.4, 0.6]}
    (whiskers,) = segment_share(pd.DataFrame({**PROFILE, **ends})).collections
    assert [segment[:, 0].tolist() for segment in whiskers.get_segments()] == [[0.1, 0.3], [0.2, 0.4], [0.4, 0.6]]


def test_a_history_is_stacked_with_the_first_segment_on_top():
    ax = segment_share(history())
    heights = np.array([[bar.get_height() for bar in bars] for bars in ax.containers])
    bottoms = np.array([[bar.get_y() for bar in bars] for bars in ax.containers])
    np.testing.assert_allclose(heights, [[0.2, 0.4], [0.3, 0.6], [0.5, 0.0]])
    np.testing.assert_allclose(bottoms, [[0.8, 0.6], [0.5, 0.0], [0.0, 0.0]])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["2025-01-01", "2025-02-01"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == PROFILE["segment"]
    by_value = segment_share(history().rename(columns={"cutoff": "day"}), by="day", measure="value")
    assert [bars[0].get_height() for bars in by_value.containers] == PROFILE["share_of_value"]


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({"share_of_value": [None, 0.2, 0.1]}, {}, "share_of_value must not be null"),
        ({"segment": ["a", "a", "b"]}, {}, "must be different in each row"),
        ({"cutoff": 1, "segment": ["a", "a", "b"]}, {}, "each segment must come once for each cutoff"),
        ({"cutoff": 1, "share_of_value": [1.5, -0.5, 0]}, {"measure": "value"}, "must be 0 or above to be stacked"),
        ({}, {"measure": "money"}, "measure must be one of"),
        ({}, {"label": "tier"}, r"lacks \['tier'\].*segment_profile"),
        ({}, {"by": "day"}, r"lacks \['day'\].*segment_profile\(frame, by='day'\)"),
    ],
)
def test_bad_profiles_are_refused(change, arguments, message):
    with pytest.raises(InputError, match=message):
        segment_share(pd.DataFrame({**PROFILE, **change}), **arguments)


def test_an_empty_profile_is_refused():
    with pytest.raises(InputError, match="empty"):
        segment_share(pd.DataFrame(PROFILE).head(0))
