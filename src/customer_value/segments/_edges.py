"""Where a score begins: edges from the customers' own values, by three treatments of ties, and from given breaks.

Every function takes sorted values and gives the edges of scores 2, 3, ..., the top one last.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Cells = np.ndarray[Any, np.dtype[np.int64]]
Edges: TypeAlias = Sequence[Any]  # of one dimension: numbers, or for nested bins such a list per score before it

Ties = Literal["mid", "edge", "r-rfm"]
TIES: tuple[str, ...] = get_args(Ties)
DIMENSIONS = ("r", "f", "m")  # in the order in which nested bins lie within one another

# Which values reach a score, given its edge. Recency counts the other way: less is better.
REACHES: Mapping[str, Mapping[str, Callable[[Any, Any], Any]]] = {
    "mid": {"r": operator.le, "f": operator.ge, "m": operator.ge},
    "edge": {"r": operator.le, "f": operator.gt, "m": operator.gt},
    "r-rfm": {"r": operator.lt, "f": operator.ge, "m": operator.ge},
}
_BLOCK = 1 << 15  # values per turn: what a turn reads stays in the cache
SIGNS = {operator.le: "<=", operator.lt: "<", operator.ge: ">=", operator.gt: ">"}


def tables(edges: Mapping[str, Edges]) -> dict[str, Floats]:
    """Return the edges of each dimension as an array of cells x edges; independent bins have one cell."""
    arrays = {d: np.array(edges[d], dtype=np.float64) for d in DIMENSIONS}
    return {d: array.reshape(-1, array.shape[-1]) for d, array in arrays.items()}


def count_reached(values: Floats, edges: Floats, reaches: Callable[[Any, Any], Any], cells: Cells | None) -> Cells:
    """Count the edges that each value reaches, of those of its cell (a row of `edges`; None: all are in the first)."""
    found = np.empty(values.size, dtype=np.int64)
    for start in range(0, values.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        count = np.zeros(found[block].size, dtype=np.int8)  # of fewer than 99 edges
        for number in range(edges.shape[1]):
            edge = edges[0, number] if cells is None else edges[cells[block], number]
            count += reaches(values[block], edge).view(np.int8)
        found[block] = count
    return found


def edges_of(ordered: Floats, dimension: str, bins: int, ties: str) -> Floats:
    """Edges that values make themselves, in the values' own unit: they rise, but fall for recency.

    Parameters
    ----------
    ordered
        At least one finite number, in rising order.
    dimension
        "r", "f" or "m".
    bins
        Number of scores.
    ties
        Treatment of equal values.

    Returns
    -------
    array
        ``bins - 1`` edges; an infinite one belongs to a score that no value reaches.
    """
    lower_is_better = dimension == "r"
    if ties == "mid":
        edges = mid_rank_edges(-ordered[::-1], bins) if lower_is_better else mid_rank_edges(ordered, bins)
        return 0.0 - edges if lower_is_better else edges  # not -edges: a zero would show as -0.0
    edges = quantile_edges(ordered, bins) + (ties == "r-rfm")
    return edges[::-1] if lower_is_better else edges


def mid_rank_edges(ordered: Floats, bins: int) -> Floats:
    """Lowest value of each score from 2 to `bins`, the score of a value being ``1 + floor(bins u)``.

    ``u = (below + at / 2) / n`` with `below` values under it and `at` equal to it: the mid-rank as a share of all.
    Infinite where no value reaches the score; a score that no value has shares its edge with the next one.
    """
    n = ordered.size
    edges = np.full(bins - 1, np.inf)
    for score in range(2, bins + 1):
        # u reaches (score - 1) / bins no earlier than at the value that the rank n (score - 1) / bins falls on, and no
        # later than at the next distinct one. Whole numbers keep the comparison exact.
        value = ordered[n * (score - 1) // bins]
        below, through = (int(np.searchsorted(ordered, value, side=side)) for side in ("left", "right"))
        if bins * (below + through) >= 2 * n * (score - 1):
            edges[score - 2] = value
        elif through < n:
            edges[score - 2] = ordered[through]
    return edges


def quantile_edges(ordered: Floats, bins: int) -> Floats:
    """Quantiles at 1/bins, 2/bins, ... by linear interpolation between order statistics (Hyndman and Fan's type 7)."""
    whole, part = np.divmod((ordered.size - 1) * np.arange(1, bins), bins)
    low, high = ordered[whole], ordered[np.minimum(whole + 1, ordered.size - 1)]
    share = part / bins
    # Not low + share (high - low), which overflows; equal neighbours stay exactly what they are.
    return np.where(low == high, low, (1 - share) * low + share * high)


def edges_within(values: Floats, cells: Cells, parents: Cells, dimension: str, bins: int, ties: str) -> Floats:
    """Edges of each cell from the values of the customers in it: an array of cells x (bins - 1).

    Parameters
    ----------
    values
        One finite number per customer.
    cells
        Number of each customer's cell.
    parents
        For each cell the number of the larger group that it lies in. A cell without customers takes the edges of that
        group, and those of everybody if the group is empty too.
    dimension, bins, ties
        As in `edges_of`.
    """
    found = _edges_by_group(values, cells, dimension, bins, ties)
    if len(found) < parents.size:
        larger = _edges_by_group(values, parents[cells], dimension, bins, ties)
        everybody = edges_of(np.sort(values), dimension, bins, ties)
        found = {cell: found.get(cell, larger.get(int(up), everybody)) for cell, up in enumerate(parents)}
    return np.stack([found[cell] for cell in range(parents.size)])


def _edges_by_group(values: Floats, groups: Cells, dimension: str, bins: int, ties: str) -> dict[int, Floats]:
    sizes = np.bincount(groups)
    order = np.argsort(groups.astype(np.int16), kind="stable")  # at most 99 x 99 cells; short numbers sort by digits
    parts = np.split(values[order], np.cumsum(sizes)[:-1])
    return {group: edges_of(np.sort(part), dimension, bins, ties) for group, part in enumerate(parts) if part.size}
