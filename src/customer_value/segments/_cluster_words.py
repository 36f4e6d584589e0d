"""What clusters are called: words for the features in which a centre lies apart from the average customer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from customer_value.segments._prepare import CategoryColumn, Preparation

Floats = np.ndarray[Any, np.dtype[np.float64]]

APART = 0.5  # standard deviations over all customers, from which a difference is worth a word (Cohen 1988: medium)
FAR_APART = 1.5  # from which a word is "very", where two clusters would have the same name
MOST_WORDS = 3
_HALF = 0.5  # share of a cluster's customers from which it is "mostly" of a level

# Feature -> what customers are who have much of it, and little of it; the same for its trailing windows.
_RECENCY = {"en": ("long silent", "recent"), "zh": ("沉寂已久", "近期活跃")}
_FREQUENCY = {"en": ("frequent", "infrequent"), "zh": ("购买频繁", "购买稀少")}
WORDS = {
    "time_since_last": _RECENCY,
    "days_since_last": _RECENCY,
    "purchases": _FREQUENCY,
    "frequency": _FREQUENCY,
    "orders": _FREQUENCY,
    "total_value": {"en": ("big spenders", "small spenders"), "zh": ("高消费", "低消费")},
    "value": {"en": ("big spenders", "small spenders"), "zh": ("高消费", "低消费")},
    "monetary_value": {"en": ("large purchases", "small purchases"), "zh": ("单次金额大", "单次金额小")},
    "T": {"en": ("long-standing", "new"), "zh": ("老客户", "新客户")},
    "clv": {"en": ("high future value", "low future value"), "zh": ("未来价值高", "未来价值低")},
    "churn_probability": {"en": ("likely to leave", "likely to stay"), "zh": ("流失风险高", "流失风险低")},
}
_OTHER = {"en": ("high {name}", "low {name}"), "zh": ("{name}高", "{name}低")}
_MOSTLY = {"en": "mostly {name} {level}", "zh": "多为{name} {level}"}
_VERY = {"en": "very {word}", "zh": "{word}（显著）"}
_AVERAGE = {"en": "average", "zh": "普通"}
_RANK = {"en": " ({rank} of {of} by {name})", "zh": "（按{name}第{rank}/共{of}）"}
_COMMA = {"en": ", ", "zh": "、"}
_WINDOW = re.compile(r"_[1-9]\d*[dwmqy]$")


def cluster_names(preparation: Preparation, centres: Floats, apart: Floats, language: str) -> list[str]:
    """Name each cluster by its largest differences, in the order of the features; no two names are the same.

    `apart` holds the differences of the centres (rows) from the average customer, in standard deviations.
    """
    shares = preparation.backward(centres)
    plain, strong = (
        [_name(preparation, *cluster, language, very) for cluster in zip(apart, shares, strict=True)]
        for very in (np.inf, FAR_APART)
    )
    names = [strong[i] if plain.count(name) > 1 else name for i, name in enumerate(plain)]
    for name, times in Counter(names).items():
        if times > 1:
            _tell_apart(names, [i for i, each in enumerate(names) if each == name], apart, preparation.names, language)
    return names


def _name(preparation: Preparation, apart: Floats, shares: Floats, language: str, very: float) -> str:
    far = [int(i) for i in np.lexsort((np.arange(apart.size), -np.abs(apart))) if abs(apart[i]) >= APART]
    worth = [(i, word) for i in far if (word := _word(preparation, i, apart[i], shares[i], language, very))]
    return _COMMA[language].join(word for _, word in sorted(worth[:MOST_WORDS])) or _AVERAGE[language]


def _word(preparation: Preparation, at: int, apart: float, share: float, language: str, very: float) -> str:
    column = preparation.columns[preparation.owners[at]]
    if isinstance(column, CategoryColumn):
        level = preparation.names[at].removeprefix(f"{column.name}=")
        mostly = apart > 0 and share >= _HALF
        return _MOSTLY[language].format(name=column.name, level=level) if mostly else ""
    pair = WORDS.get(_WINDOW.sub("", column.name), _OTHER)[language]
    word = pair[0 if apart > 0 else 1].format(name=column.name)
    return _VERY[language].format(word=word) if abs(apart) >= very else word


def _tell_apart(names: list[str], same: Sequence[int], apart: Floats, features: list[str], language: str) -> None:
    """Add to equal names the rank by the feature in which their clusters differ most."""
    widest = int(np.ptp(apart[same], axis=0).argmax())
    ranked = sorted(same, key=lambda i: (-apart[i, widest], i))
    for rank, i in enumerate(ranked, start=1):
        names[i] += _RANK[language].format(rank=rank, of=len(same), name=features[widest])
