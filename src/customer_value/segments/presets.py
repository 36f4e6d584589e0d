"""Rule sets that are ready to use, as data: boxes of scores, labels in two languages, and the source."""

from __future__ import annotations

import math

from customer_value._validation import require_choice
from customer_value.errors import InputError
from customer_value.segments.rules import SegmentRules
from customer_value.segments.scheme import RFMScheme

TEN_SEGMENTS = SegmentRules(
    {
        "champions": {"r": 5, "f": (4, 5)},
        "loyal_customers": {"r": (3, 4), "f": (4, 5)},
        "potential_loyalists": {"r": (4, 5), "f": (2, 3)},
        "new_customers": {"r": 5, "f": 1},
        "promising": {"r": 4, "f": 1},
        "need_attention": {"r": 3, "f": 3},
        "about_to_sleep": {"r": 3, "f": (1, 2)},
        "at_risk": {"r": (1, 2), "f": (3, 4)},
        "cant_lose": {"r": (1, 2), "f": 5},
        "hibernating": {"r": (1, 2), "f": (1, 2)},
    },
    labels={
        "en": {
            "champions": "Champions",
            "loyal_customers": "Loyal customers",
            "potential_loyalists": "Potential loyalists",
            "new_customers": "New customers",
            "promising": "Promising",
            "need_attention": "Need attention",
            "about_to_sleep": "About to sleep",
            "at_risk": "At risk",
            "cant_lose": "Can't lose them",
            "hibernating": "Hibernating",
        },
        "zh": {
            "champions": "冠军客户",
            "loyal_customers": "忠诚客户",
            "potential_loyalists": "潜在忠诚客户",
            "new_customers": "新客户",
            "promising": "有潜力客户",
            "need_attention": "需关注客户",
            "about_to_sleep": "即将沉睡客户",
            "at_risk": "流失风险客户",
            "cant_lose": "不可失去客户",
            "hibernating": "沉睡客户",
        },
    },
    source="The ten-segment map of R and F scores that public RFM notebooks on the Online Retail data print.",
)

# Three scores, high or low: the classic eight groups. Money decides between the key and the ordinary ones.
EIGHT_SEGMENTS = SegmentRules(
    {
        "key_value": {"r": 2, "f": 2, "m": 2},
        "key_develop": {"r": 2, "f": 1, "m": 2},
        "key_keep": {"r": 1, "f": 2, "m": 2},
        "key_win_back": {"r": 1, "f": 1, "m": 2},
        "ordinary_value": {"r": 2, "f": 2, "m": 1},
        "ordinary_develop": {"r": 2, "f": 1, "m": 1},
        "ordinary_keep": {"r": 1, "f": 2, "m": 1},
        "ordinary_win_back": {"r": 1, "f": 1, "m": 1},
    },
    bins=2,
    labels={
        "en": {
            "key_value": "Key: value",
            "key_develop": "Key: develop",
            "key_keep": "Key: keep",
            "key_win_back": "Key: win back",
            "ordinary_value": "Ordinary: value",
            "ordinary_develop": "Ordinary: develop",
            "ordinary_keep": "Ordinary: keep",
            "ordinary_win_back": "Ordinary: win back",
        },
        "zh": {
            "key_value": "重要价值客户",
            "key_develop": "重要发展客户",
            "key_keep": "重要保持客户",
            "key_win_back": "重要挽留客户",
            "ordinary_value": "一般价值客户",
            "ordinary_develop": "一般发展客户",
            "ordinary_keep": "一般保持客户",
            "ordinary_win_back": "一般挽留客户",
        },
    },
    source="The eight groups of high and low R, F and M of Chinese practice, as defined in the help of a trade system: "
    "https://bz.zhsmjxc.com/pages/viewpage.action?pageId=2821466",
)

# Each name of the vignette is one box of R, F and M; cells that no box takes are "Others", and the first box wins.
R_VIGNETTE = SegmentRules(
    {
        "champions": {"r": 5, "f": 5, "m": 5},
        "potential_loyalist": {"r": (3, 5), "f": (3, 5), "m": (2, 5)},
        "loyal_customers": {"r": (2, 4), "f": (2, 4), "m": (2, 4)},
        "promising": {"r": (3, 4), "f": (1, 3), "m": (3, 5)},
        "new_customers": {"r": (4, 5), "f": (1, 3), "m": (1, 5)},
        "cant_lose": {"r": (1, 2), "f": (3, 4), "m": (4, 5)},
        "at_risk": {"r": (1, 2), "f": (2, 5), "m": (4, 5)},
        "need_attention": {"r": (1, 3), "f": (3, 5), "m": (3, 5)},
        "about_to_sleep": {"r": (2, 3), "f": (1, 3), "m": (1, 4)},
        "lost": {"r": 1, "f": (1, 5), "m": (1, 5)},
    },
    default="others",
    labels={
        "en": {
            "champions": "Champions",
            "potential_loyalist": "Potential Loyalist",
            "loyal_customers": "Loyal Customers",
            "promising": "Promising",
            "new_customers": "New Customers",
            "cant_lose": "Can't Lose Them",
            "at_risk": "At Risk",
            "need_attention": "Need Attention",
            "about_to_sleep": "About To Sleep",
            "lost": "Lost",
            "others": "Others",
        },
        "zh": {
            "champions": "冠军客户",
            "potential_loyalist": "潜在忠诚客户",
            "loyal_customers": "忠诚客户",
            "promising": "有潜力客户",
            "new_customers": "新客户",
            "cant_lose": "不可失去客户",
            "at_risk": "流失风险客户",
            "need_attention": "需关注客户",
            "about_to_sleep": "即将沉睡客户",
            "lost": "已流失客户",
            "others": "其他客户",
        },
    },
    source="Vignette of the R package rfm 0.3.0 (A. Hebbali), docs/articles/rfm-introduction.html. It leaves cells out "
    "and claims cells twice: the first rule wins, the rest are Others.",
)

# Whole giving years: R 3 gave this year, 2 last year, 1 earlier; F 1 gave in one year only, 2 in several.
DONOR_SEGMENTS = SegmentRules(
    {
        "repeat_donors": {"r": 3, "f": 2},
        "new_donors": {"r": 3, "f": 1},
        "lybunt_repeat": {"r": 2, "f": 2},
        "lybunt_new": {"r": 2, "f": 1},
        "sybunt_repeat": {"r": 1, "f": 2},
        "sybunt_single": {"r": 1, "f": 1},
    },
    bins={"r": 3, "f": 2},
    labels={
        "en": {
            "repeat_donors": "Repeat donors",
            "new_donors": "New donors",
            "lybunt_repeat": "LYBUNT, repeat donors",
            "lybunt_new": "LYBUNT, new last year",
            "sybunt_repeat": "SYBUNT, lapsed repeat donors",
            "sybunt_single": "SYBUNT, lapsed after one year",
        },
        "zh": {
            "repeat_donors": "重复捐赠者",
            "new_donors": "新捐赠者",
            "lybunt_repeat": "去年捐今年未捐的重复捐赠者",
            "lybunt_new": "去年首捐今年未捐者",
            "sybunt_repeat": "往年捐赠已流失的重复捐赠者",
            "sybunt_single": "往年仅捐一年的流失者",
        },
    },
    source="LYBUNT (gave last year but unfortunately not this) and SYBUNT (some year but unfortunately not this: two "
    "years ago or earlier) as in https://neonone.com/resources/blog/lybunts-and-sybunts-explained/; new and repeat "
    "donors apart as in the Fundraising Effectiveness Project (AFP and Urban Institute, 2011), by whose figures 27 % "
    "of new and 70 % of repeat donors give again.",
)
# The breaks that DONOR_SEGMENTS is for; what was given counts for nothing here, so nobody reaches M 2.
DONOR_SCHEME = RFMScheme({"r": (1, 0), "f": (2,), "m": (math.inf,)}, time_unit="year")

PRESETS = {
    "ten_segments": TEN_SEGMENTS,
    "eight_segments": EIGHT_SEGMENTS,
    "r_vignette": R_VIGNETTE,
    "donor_segments": DONOR_SEGMENTS,
}


def named_rules(rules: SegmentRules | str) -> SegmentRules:
    """Return rules, or the preset of this name."""
    if isinstance(rules, SegmentRules):
        return rules
    if not isinstance(rules, str):
        raise InputError(
            f"rules must be a SegmentRules or the name of a preset, one of {list(PRESETS)}; got {type(rules).__name__}."
        )
    require_choice("rules", rules, list(PRESETS))
    return PRESETS[rules]
