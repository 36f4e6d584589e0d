"""The rule sets that are ready to use cover every cell once and are those that were published."""

import re
from itertools import product

from customer_value.segments import TEN_SEGMENTS

# As printed in public RFM notebooks: a pattern over the digits of R and F for each name.
PUBLISHED = {
    "[1-2][1-2]": "hibernating",
    "[1-2][3-4]": "at_risk",
    "[1-2]5": "cant_lose",
    "3[1-2]": "about_to_sleep",
    "33": "need_attention",
    "[3-4][4-5]": "loyal_customers",
    "41": "promising",
    "51": "new_customers",
    "[4-5][2-3]": "potential_loyalists",
    "5[4-5]": "champions",
}


def test_the_ten_segments_cover_each_of_25_cells_exactly_once():
    check = TEN_SEGMENTS.check()
    assert check.ok
    assert check.n_cells == 25
    assert len(TEN_SEGMENTS.names) == 10


def test_the_ten_segments_are_the_published_map():
    owners = [name for name, _ in TEN_SEGMENTS.boxes()]
    covered = TEN_SEGMENTS.covers()
    for r, f in product(range(1, 6), repeat=2):
        published = [name for pattern, name in PUBLISHED.items() if re.fullmatch(pattern, f"{r}{f}")]
        assert [owners[i] for i in range(len(owners)) if covered[i, r - 1, f - 1]] == published


def test_both_languages_name_every_segment_differently_and_in_order():
    for texts in TEN_SEGMENTS.labels.values():
        assert tuple(texts) == TEN_SEGMENTS.names
        assert len(set(texts.values())) == 10
    assert set(TEN_SEGMENTS.labels) == {"en", "zh"}
