"""Rule sets that are ready to use, as data: boxes of scores, labels in two languages, and the source."""

from __future__ import annotations

from customer_value.segments.rules import SegmentRules

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
