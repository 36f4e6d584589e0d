"""Tiers that are ready to use, as data: names in two languages, criteria, cells, and the source."""

from __future__ import annotations

from typing import Any

_PRACTICE = "annual customer management practice"

# How columns are cut where a preset needs levels. Contribution: who brings the first 80 % of the value, the next 15 %.
# Potential and loyalty: the better half of those with any; where none is known none is counted on.
_CONTRIBUTION = {"column": "contribution_share", "cumulative_share": (0.8,)}
_CONTRIBUTION_3 = {"column": "contribution_share", "cumulative_share": (0.8, 0.95)}
_POTENTIAL = {"column": "potential", "quantiles": (0.5,), "above_zero": True, "unknown": "low"}
_LOYALTY = {"column": "loyalty", "quantiles": (0.5,), "above_zero": True, "unknown": "low"}

_TWO = {"vip": ("VIP", "VIP客户"), "ordinary": ("Ordinary", "普通客户")}
_STRATEGIC = {
    "strategic": ("Strategic", "战略客户"),
    "key": ("Key", "重点客户"),
    "ordinary": ("Ordinary", "普通客户"),
}
_CORE = {
    "core": ("Core", "核心客户"),
    "important": ("Important", "重要客户"),
    "potential": ("Potential", "潜力客户"),
    "ordinary": ("Ordinary", "普通客户"),
}
_ABC = {"A": ("A", "A级"), "B": ("B", "B级"), "C": ("C", "C级")}
_METALS = {"diamond": ("Diamond", "钻石客户"), "gold": ("Gold", "金牌客户"), "ordinary": ("Ordinary", "普通客户")}
_PYRAMID = {
    "project": ("Project", "项目客户"),
    "large": ("Large", "大客户"),
    "mid_range": ("Mid-range", "中端客户"),
    "ordinary": ("Ordinary", "普通客户"),
    "floating": ("Floating", "流动客户"),
}

# name -> the tiers with their (English, Chinese) labels, what the scheme is made of, and where it comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "abc": {
        "tiers": _ABC,
        "cut": {"by": "cumulative_share", "at": (0.8, 0.95)},
        "source": f"A / B / C grading by cumulative share of the value; {_PRACTICE}.",
    },
    "abc_accounts": {
        "tiers": _ABC,
        "criteria": {
            "size": {"column": "total_value", "quantiles": (0.2,)},
            "contribution": _CONTRIBUTION,
            "potential": _POTENTIAL,
        },
        "cells": {
            ("high", "high", "high"): "A",
            ("high", "high", "low"): "A",
            ("high", "low", "high"): "B",
            ("high", "low", "low"): "B",
            ("low", "high", "high"): "A",
            ("low", "high", "low"): "B",
            ("low", "low", "high"): "B",
            ("low", "low", "low"): "C",
        },
        "source": f"A / B / C grading of accounts by size, contribution and potential; {_PRACTICE}.",
    },
    "core_important_potential": {
        "tiers": _CORE,
        "criteria": {
            "buying_power": {"column": "total_value", "quantiles": (0.2,)},
            "loyalty": _LOYALTY,
            "growth": _POTENTIAL,
        },
        "cells": {
            ("high", "high", "high"): "core",
            ("high", "high", "low"): "core",
            ("high", "low", "high"): "important",
            ("high", "low", "low"): "important",
            ("low", "high", "high"): "potential",
            ("low", "high", "low"): "ordinary",
            ("low", "low", "high"): "potential",
            ("low", "low", "low"): "ordinary",
        },
        "source": f"Core, important and potential customers by buying power, loyalty and growth; {_PRACTICE}. "
        "Customers with none of the three are named ordinary here.",
    },
    "diamond_gold_ordinary": {
        "tiers": _METALS,
        "criteria": {
            "amount": {"column": "total_value", "quantiles": (0.1, 0.4), "points": (3, 2, 1)},
            "frequency": {"column": "purchases", "quantiles": (0.1, 0.4), "points": (3, 2, 1)},
            "tenure": {"column": "T", "quantiles": (0.1, 0.4), "points": (3, 2, 1)},
        },
        "cut": {"by": "threshold", "at": (8, 6)},
        "source": f"Diamond, gold and ordinary members by amount, frequency and tenure; {_PRACTICE}.",
    },
    "pyramid": {
        "tiers": _PYRAMID,
        "cut": {"by": "customers", "at": (0.01, 0.05, 0.2, 1.0), "above_zero": True},
        "source": f"Five levels: 1, 4, 15 and 80 % of the customers with value, then those without; {_PRACTICE}. "
        "The bands are those of J. Curry and A. Curry (2000), The Customer Marketing Method.",
    },
    "strategic_key_ordinary": {
        "tiers": _STRATEGIC,
        "criteria": {"contribution": _CONTRIBUTION_3, "potential": _POTENTIAL, "loyalty": _LOYALTY},
        "cells": {
            ("high", "high", "high"): "strategic",
            ("high", "high", "low"): "strategic",
            ("high", "low", "high"): "strategic",
            ("high", "low", "low"): "key",
            ("medium", "high", "high"): "key",
            ("medium", "high", "low"): "key",
            ("medium", "low", "high"): "key",
            ("medium", "low", "low"): "ordinary",
            ("low", "high", "high"): "key",
            ("low", "high", "low"): "ordinary",
            ("low", "low", "high"): "ordinary",
            ("low", "low", "low"): "ordinary",
        },
        "source": f"Strategic, key and ordinary accounts by contribution, potential and loyalty; {_PRACTICE}.",
    },
    "strategic_key_ordinary_by_share": {
        "tiers": _STRATEGIC,
        "cut": {"by": "cumulative_share", "at": (0.8, 0.95)},
        "source": f"Strategic, key and ordinary accounts by cumulative share of contribution; {_PRACTICE}.",
    },
    "vip_ordinary": {
        "tiers": _TWO,
        "criteria": {"contribution": _CONTRIBUTION, "potential": _POTENTIAL},
        "cells": {
            ("high", "high"): "vip",
            ("high", "low"): "ordinary",
            ("low", "high"): "ordinary",
            ("low", "low"): "ordinary",
        },
        "source": f"VIP: high contribution and high potential; ordinary: both low; {_PRACTICE}. "
        "Mixed cells are ordinary here.",
    },
}

# Names of levels and criteria in Chinese, for reasons and breakdowns; a name that is not here is shown as it is.
CHINESE = {
    "high": "高",
    "medium": "中",
    "low": "低",
    "amount": "金额",
    "buying_power": "购买力",
    "contribution": "贡献度",
    "frequency": "频率",
    "growth": "增长",
    "loyalty": "忠诚度",
    "potential": "潜力",
    "size": "规模",
    "tenure": "合作时长",
}
