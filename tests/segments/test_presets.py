"""The rule sets that are ready to use are those that were published, and those that claim so cover each cell once."""

import json
import re
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import customer_value as cv
from customer_value.segments import DONOR_SCHEME, DONOR_SEGMENTS, EIGHT_SEGMENTS, R_VIGNETTE, TEN_SEGMENTS, SegmentRules
from customer_value.segments.presets import PRESETS

TESTS = Path(__file__).parents[1]
VIGNETTE = json.loads((TESTS / "golden" / "segments_named.json").read_text(encoding="utf-8"))["r_vignette"]
COMPLETE = [TEN_SEGMENTS, EIGHT_SEGMENTS, DONOR_SEGMENTS]

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


@pytest.mark.parametrize(("rules", "cells"), list(zip(COMPLETE, [25, 8, 6], strict=True)))
def test_presets_that_claim_to_be_complete_cover_each_cell_exactly_once(rules, cells):
    check = rules.check()
    assert check.ok
    assert check.n_cells == cells
    assert rules.default is None


def test_the_ten_segments_are_the_published_map():
    owners = [name for name, _ in TEN_SEGMENTS.boxes()]
    covered = TEN_SEGMENTS.covers()
    for r, f in product(range(1, 6), repeat=2):
        published = [name for pattern, name in PUBLISHED.items() if re.fullmatch(pattern, f"{r}{f}")]
        assert [owners[i] for i in range(len(owners)) if covered[i, r - 1, f - 1]] == published


@pytest.mark.parametrize("rules", PRESETS.values(), ids=list(PRESETS))
def test_both_languages_name_every_segment_differently_and_in_order(rules):
    assert set(rules.labels) == {"en", "zh"}
    for texts in rules.labels.values():
        assert tuple(texts) == rules.names
        assert len(set(texts.values())) == len(rules.names)
    assert rules.source


@pytest.mark.parametrize("rules", PRESETS.values(), ids=list(PRESETS))
def test_presets_go_through_json(rules):
    assert SegmentRules.from_json(rules.to_json()) == rules


# ---- R's vignette ------------------------------------------------------------------------------------------------


def test_the_vignettes_rules_are_those_of_the_vignette():
    published = VIGNETTE["rules"]
    texts = R_VIGNETTE.labels["en"]
    assert [texts[name] for name in R_VIGNETTE.names] == [*published["names"], VIGNETTE["unmatched"]]
    for i, (_, box) in enumerate(R_VIGNETTE.boxes()):
        assert box == {d: (published[f"{d}_lo"][i], published[f"{d}_hi"][i]) for d in "rfm"}


def test_the_vignettes_rules_overlap_and_leave_gaps():
    check = SegmentRules(R_VIGNETTE.rules).check()  # without its default
    assert not check.ok
    assert check.n_cells == VIGNETTE["cells"]
    assert len(check.overlaps) == VIGNETTE["matched_twice_or_more"]
    assert len(check.gaps) == VIGNETTE["matched_by_none"]
    assert check.overlaps[5, 5, 5] == ("champions", "potential_loyalist")


def test_the_vignettes_segment_table_is_reproduced():
    customers = pd.read_csv(TESTS / "data" / "rfm_customers.csv")
    named = customers.pipe(cv.score_rfm, ties="r-rfm").pipe(cv.assign_segments, rules="r_vignette")
    table = named.groupby("segment", observed=True).agg(
        customers=("customer_id", "size"), orders=("purchases", "sum"), revenue=("total_value", "sum")
    )
    published = pd.DataFrame(VIGNETTE["summary"]).set_index("segment")
    assert table.index.tolist() == VIGNETTE["rules"]["names"]  # nobody is among the others
    for column in ("customers", "orders", "revenue"):
        assert table[column].to_dict() == published[column].to_dict()
    # Two digits were printed.
    np.testing.assert_allclose(table["revenue"] / table["orders"], published["aov"][table.index], atol=0.0051, rtol=0)


# ---- donors ------------------------------------------------------------------------------------------------------

YEARS = {"a": (2024, 2026), "b": (2026,), "c": (2022, 2025), "d": (2025,), "e": (2021, 2024), "f": (2023,)}


def test_donors_go_by_the_year_of_the_last_gift_and_by_the_years_with_one():
    gifts = [
        (donor, f"{year}-{day}", 10.0)
        for donor, years in YEARS.items()
        for year in years
        for day in ("01-01", "12-31")  # two gifts in a year make nobody a repeat donor
    ]
    log = pd.DataFrame(gifts, columns=["customer_id", "date", "amount"]).astype({"date": "datetime64[us]"})
    summary = cv.summarize_customers(log, observation_end="2026-12-31", grain="year", time_unit="year")
    named = summary.pipe(cv.score_rfm, scheme=DONOR_SCHEME).pipe(cv.assign_segments, rules="donor_segments")
    assert dict(zip(named["customer_id"], named["segment"], strict=True)) == {
        "a": "Repeat donors",
        "b": "New donors",
        "c": "LYBUNT, repeat donors",
        "d": "LYBUNT, new last year",
        "e": "SYBUNT, lapsed repeat donors",
        "f": "SYBUNT, lapsed after one year",
    }


# ---- high and low ------------------------------------------------------------------------------------------------


def test_the_eight_segments_are_named_by_money_and_by_what_is_low():
    # 重要 and 一般 go by money; 价值: both high, 发展: frequency low, 保持: recency low, 挽留: both low.
    kinds = {(2, 2): "价值", (2, 1): "发展", (1, 2): "保持", (1, 1): "挽留"}
    cells = [(r, f, m) for (r, f), m in product(kinds, (1, 2))]
    scored = pd.DataFrame(cells, columns=["r_score", "f_score", "m_score"])
    named = cv.assign_segments(scored, rules="eight_segments", labels="zh")["segment"]
    assert named.tolist() == [f"{'重要' if m == 2 else '一般'}{kinds[r, f]}客户" for r, f, m in cells]
    english = cv.assign_segments(scored, rules=EIGHT_SEGMENTS)["segment"]
    words = {"价值": "value", "发展": "develop", "保持": "keep", "挽留": "win back"}
    assert english.tolist() == [f"{'Key' if m == 2 else 'Ordinary'}: {words[kinds[r, f]]}" for r, f, m in cells]
