"""Counts of purchases at a gamma-distributed rate, the negative binomial that several models share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.special import betaln

from customer_value.clv._special import Floats


def count_rows(
    params: Sequence[Any], n: Any, t: Any
) -> tuple[tuple[Floats, ...], Floats, Floats, Callable[[Floats], Floats]]:
    """Return parameters and t as rows, counts as (k, 1) where all rows share them, else (1, rows), and the way back."""
    n = np.asarray(n, dtype=np.float64)
    shape = np.broadcast_shapes(n.shape, *(np.shape(v) for v in (*params, t)))
    others = np.broadcast_shapes(*(np.shape(v) for v in (*params, t)))
    rising = n.size > 1 and n.size == n.shape[-1] and bool(np.all(np.diff(n.ravel()) > 0))
    if rising and (not others or others[-1] == 1):
        inner, counts = shape[:-1], n.reshape(-1, 1)
        rows = [np.ravel(np.broadcast_to(np.asarray(v, dtype=np.float64), (*inner, 1))) for v in (*params, t)]
        return tuple(rows[:-1]), counts, rows[-1], lambda values: values.T.reshape(shape)
    rows = [np.ravel(np.broadcast_to(np.asarray(v, dtype=np.float64), shape)) for v in (*params, n, t)]
    return tuple(rows[:-2]), rows[-2][None, :], rows[-1], lambda values: values.reshape(shape)


def log_ways(n: Floats, r: Floats) -> Floats:
    """Return ln Gamma(r + n) / (Gamma(r) n!) for counts as `count_rows` gives them, by a sum of logs if short."""
    if n.shape[1] == 1 and n[-1, 0] <= 2 * len(n):
        k = np.arange(n[-1, 0])[:, None]
        sums = np.cumsum(np.log((r + k) / (k + 1)), axis=0)
        return np.concatenate([np.zeros((1, r.size)), sums])[n[:, 0].astype(np.intp)]
    return np.asarray(-betaln(r, n + 1) - np.log(r + n))


def log_nbd(n: Floats, r: Floats, alpha: Floats, t: Floats) -> Floats:
    """Return ln P(n purchases in (0, t]) of a rate that is Gamma(r, alpha), for counts as `count_rows` gives them."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        bought = np.where(n > 0, n * np.log1p(alpha / t), 0)
    return np.asarray(log_ways(n, r) - r * np.log1p(t / alpha) - bought)
