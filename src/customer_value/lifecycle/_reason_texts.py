"""The words of reasons in two languages."""

from __future__ import annotations

# Unit -> its word after one, and after any other number, each with the blank that a language puts before it.
UNITS: dict[str, dict[str, tuple[str, str]]] = {
    "en": {unit: (f" {unit}", f" {unit}s") for unit in ("hour", "day", "week", "month", "quarter", "year")},
    "zh": {
        "hour": ("小时", "小时"),
        "day": ("天", "天"),
        "week": ("周", "周"),
        "month": ("个月", "个月"),
        "quarter": ("个季度", "个季度"),
        "year": ("年", "年"),
    },
}

# What every reason begins with, by what is known of the customer.
BASES: dict[str, dict[str, str]] = {
    "en": {
        "counted": "{purchases}",
        "silent": "{purchases}, last {silence} ago",
        "rhythm": "{purchases}, last {silence} ago: {ratio} times the usual gap of {gap}",
        "p_alive": "{purchases}, last {silence} ago, P(alive) {evidence}",
        "churn_probability": "{purchases}, last {silence} ago, churn probability {evidence}",
        "windowed": "{purchases}, {recent} in the last {window} months",
    },
    "zh": {
        "counted": "{purchases}",
        "silent": "{purchases}，距上次{silence}",
        "rhythm": "{purchases}，距上次{silence}，为通常间隔{gap}的{ratio}倍",
        "p_alive": "{purchases}，距上次{silence}，存活概率{evidence}",
        "churn_probability": "{purchases}，距上次{silence}，流失概率{evidence}",
        "windowed": "{purchases}，最近{window}个月{recent}次",
    },
}
PURCHASES = {"en": (" purchase", " purchases"), "zh": ("次购买", "次购买")}
BETWEEN = {"en": "; ", "zh": "；"}
OR = {"en": " or ", "zh": "或"}
NO_TREND = {
    "absent": {"en": "; trend not tested", "zh": "；未检验趋势"},
    "few": {"en": "; too few gaps to test a trend", "zh": "；间隔太少，无法检验趋势"},
}

CLAUSES: dict[str, dict[str, str]] = {
    "en": {
        "no_purchase": "no purchase yet",
        "overdue": "overdue from {ratio} times on",
        "long_overdue": "long overdue from {ratio} times on",
        "overdue_rare": "so long a gap of his has a probability below {rare}",
        "long_overdue_rare": "so long a gap of his has a probability below {rare}",
        "overdue_days": "overdue from {days} days on",
        "long_overdue_days": "long overdue from {days} days on",
        "overdue_p_alive": "below {alive}",
        "long_overdue_p_alive": "below {alive}",
        "overdue_churn_probability": "above {churned}",
        "long_overdue_churn_probability": "above {churned}",
        "falling": "gaps get longer (p < {level})",
        "returned": "came back after a silence of ",
        "repeated": "{repeated} purchases or more",
        "established": "{established} purchases or more",
        "tenured": "customer for {tenure} days or more",
        "idle": "none in the last {window} months",
        "all_in_window": "the first one too",
        "bought_before": "and some in the {window} months before",
        "not_no_purchase": "a purchase",
        "not_overdue": "not overdue",
        "not_long_overdue": "not long overdue",
        "not_falling": "gaps do not get longer",
        "not_returned": "no return after a silence",
        "not_repeated": "fewer than {repeated} purchases",
        "not_established": "fewer than {established} purchases",
        "not_tenured": "customer for less than {tenure} days",
        "not_idle": "a purchase in the last {window} months",
        "not_all_in_window": "the first one earlier",
        "not_bought_before": "none in the {window} months before",
    },
    "zh": {
        "no_purchase": "尚无购买",
        "overdue": "达到{ratio}倍即逾期",
        "long_overdue": "达到{ratio}倍即长期逾期",
        "overdue_rare": "其间隔如此之长的概率低于{rare}",
        "long_overdue_rare": "其间隔如此之长的概率低于{rare}",
        "overdue_days": "满{days}天即逾期",
        "long_overdue_days": "满{days}天即长期逾期",
        "overdue_p_alive": "低于{alive}",
        "long_overdue_p_alive": "低于{alive}",
        "overdue_churn_probability": "高于{churned}",
        "long_overdue_churn_probability": "高于{churned}",
        "falling": "购买间隔在变长（p < {level}）",
        "returned": "回归，此前沉默",
        "repeated": "购买达到{repeated}次",
        "established": "购买达到{established}次",
        "tenured": "成为客户满{tenure}天",
        "idle": "最近{window}个月没有购买",
        "all_in_window": "包括首次购买",
        "bought_before": "此前{window}个月也有购买",
        "not_no_purchase": "已有购买",
        "not_overdue": "未逾期",
        "not_long_overdue": "未长期逾期",
        "not_falling": "间隔未变长",
        "not_returned": "没有沉默后回归",
        "not_repeated": "购买不足{repeated}次",
        "not_established": "购买不足{established}次",
        "not_tenured": "成为客户不满{tenure}天",
        "not_idle": "最近{window}个月有购买",
        "not_all_in_window": "首次购买更早",
        "not_bought_before": "此前{window}个月没有购买",
    },
}
