"""Lifecycle schemes that are ready to use, as data: rules, labels in two languages, and the source."""

from __future__ import annotations

from customer_value.lifecycle.lifecycle_schemes import LifecycleScheme

FIVE_STAGE = LifecycleScheme(
    "five_stage",
    {
        "prospect": "no_purchase",
        "lost": "long_overdue",
        "decline": "overdue or falling",
        "reactivated": "returned",
        "stability": "established",
        "formation": "repeated",
        "exploration": "otherwise",
    },
    stages=("prospect", "exploration", "formation", "stability", "decline", "lost", "reactivated"),
    labels={
        "en": {
            "prospect": "Prospect",
            "exploration": "Exploration",
            "formation": "Formation",
            "stability": "Stability",
            "decline": "Decline",
            "lost": "Lost",
            "reactivated": "Reactivated",
        },
        "zh": {
            "prospect": "潜在期",
            "exploration": "考察期",
            "formation": "形成期",
            "stability": "稳定期",
            "decline": "退化期",
            "lost": "流失",
            "reactivated": "重新激活",
        },
    },
    source="Dwyer, F. R., Schurr, P. H. and Oh, S. (1987), Developing Buyer-Seller Relationships, Journal of Marketing "
    "51(2), 11-27, in the four stages and the words that Chinese textbooks of CRM give them; prospects, lost and "
    "reactivated customers are added, so that everybody has a stage.",
)

FOUR_TYPE = LifecycleScheme(
    "four_type",
    {
        "prospect": "no_purchase",
        "churned": "long_overdue",
        "loyal": "established and tenured",
        "active": "otherwise",
    },
    stages=("prospect", "active", "loyal", "churned"),
    labels={
        "en": {"prospect": "Prospect", "active": "Active", "loyal": "Loyal", "churned": "Churned"},
        "zh": {"prospect": "潜在客户", "active": "活跃客户", "loyal": "忠诚客户", "churned": "流失客户"},
    },
    source="The four types of customers of CRM courses: no purchase; recent; recent, repeated and tenured; lapsed.",
)

NEW_RETAINED = LifecycleScheme(
    "new_retained",
    {
        "prospect": "no_purchase",
        "dormant": "idle",
        "new": "all_in_window",
        "retained": "bought_before",
        "resurrected": "otherwise",
    },
    stages=("prospect", "new", "retained", "resurrected", "dormant"),
    labels={
        "en": {
            "prospect": "Prospect",
            "new": "New",
            "retained": "Retained",
            "resurrected": "Resurrected",
            "dormant": "Dormant",
        },
        "zh": {
            "prospect": "潜在客户",
            "new": "新客户",
            "retained": "留存客户",
            "resurrected": "回流客户",
            "dormant": "沉睡客户",
        },
    },
    source="Growth accounting: who bought in a window and in the window before it.",
)

PRESETS = {scheme.name: scheme for scheme in (FIVE_STAGE, FOUR_TYPE, NEW_RETAINED)}
