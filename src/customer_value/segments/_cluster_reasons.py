"""Why a customer is in a cluster: what the cluster is like, and which features keep him out of the next one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Labels = np.ndarray[Any, np.dtype[np.int64]]

_WORTH = 0.25  # share of what keeps two clusters apart for a customer, from which a feature is named
_NEXT = {"en": "{name}; apart from cluster {other} by {features}", "zh": "{name}；与第{other}类的区别：{features}"}
_AND = {"en": " and ", "zh": "、"}
_NOISE = {"en": "in no cluster: unlike its neighbours", "zh": "不属于任何一类：与邻近客户不同"}


def reason_texts(
    labels: Labels,
    other: Labels,
    prepared: Floats,
    centres: Floats,
    *,
    owners: np.ndarray[Any, Any],
    features: Sequence[str],
    names: Sequence[str],
    language: str,
) -> tuple[Labels, list[str]]:
    """Return each customer's position among the distinct reasons, and those reasons.

    A feature counts by what it adds to the squared distance to the next cluster's centre beyond that to the own one.
    """
    n, p, k = len(labels), len(features), len(centres)
    inside = np.flatnonzero(labels >= 0)
    adds = np.zeros((inside.size, p), order="F")
    own, next_ = labels[inside], other[inside]
    for j, owner in enumerate(owners):
        values = prepared[inside, j]
        adds[:, owner] += (values - centres[next_, j]) ** 2 - (values - centres[own, j]) ** 2
    adds = np.maximum(adds, 0)
    total = adds.sum(axis=1)
    everyone = np.arange(inside.size)
    first = adds.argmax(axis=1)
    left = adds.copy(order="F")
    left[everyone, first] = -1
    second = np.where(p > 1, left.argmax(axis=1), 0)
    worth = (left[everyone, second] >= _WORTH * total) & (total > 0)

    # One number for cluster, next cluster and up to two features; 0 features where none tells the two apart.
    first = np.where(total > 0, first + 1, 0)
    second = np.where(worth, second + 1, 0)
    key = np.full(n, -1, dtype=np.int64)
    key[inside] = ((own * k + next_) * (p + 1) + first) * (p + 1) + second
    keys, codes = np.unique(key, return_inverse=True)
    said = []
    for each in keys:
        if each < 0:
            said.append(_NOISE[language])
            continue
        rest, last = divmod(int(each), p + 1)
        rest, lead = divmod(rest, p + 1)
        cluster, beside = divmod(rest, k)
        told = [features[at - 1] for at in (lead, last) if at]
        if not told or cluster == beside:
            said.append(names[cluster])
        else:
            by = _AND[language].join(told)
            said.append(_NEXT[language].format(name=names[cluster], other=beside + 1, features=by))
    return codes.astype(np.int64), said
