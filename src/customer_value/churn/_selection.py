"""Whom to contact when money or hands are short: the most profitable list within a budget and a capacity.

Choosing customers of given profit and spend is a knapsack problem. Its relaxation, in which a customer may be contacted
in part, is solved by a price for a unit of budget: rank by profit less price times spend, take the best up to capacity
for whom this is above 0, and find the price at which the budget is just enough. Without a capacity this is the ranking
by profit per unit of spend, without a binding budget (price 0) the one by profit. At most two customers would be
contacted in part, so leaving these out costs less than the profit of two contacts (D. Pisinger and P. Toth (1998),
"Knapsack Problems", *Handbook of Combinatorial Optimization*, sections 2 and 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
Places = np.ndarray[Any, np.dtype[np.intp]]

_ROUNDING = 1e-9  # of the budget: a sum of spends may miss the budget that was set to it by a hair
_HALVINGS = 200  # of the span of prices; it ends when no number lies between


@dataclass(frozen=True)
class Selection:
    """Who is chosen, and in which order everyone worth a contact comes."""

    chosen: Flags
    order: Places  # of those with a profit above 0: the chosen first, then the next in line
    room: bool  # whether capacity is left
    affordable: Flags  # whose spend is within the budget that is left


def select(profit: Floats, spend: Floats, budget: float | None, capacity: int | None) -> Selection:
    """Choose customers whose expected profit is above 0; the rows' own order decides between equals."""
    worth = np.flatnonzero(profit > 0)
    gain, outlay = profit[worth], spend[worth]
    limit = worth.size if capacity is None else min(capacity, worth.size)
    money = np.inf if budget is None else budget * (1 + _ROUNDING)
    price = 0.0
    taken = _best(gain, limit)
    if outlay[taken].sum() > money:
        low, high = _price_of_budget(gain, outlay, money, limit)
        price = high
        taken = _mixed(_best(gain - low * outlay, limit), _best(gain - high * outlay, limit), outlay, money)
    chosen = np.zeros(worth.size, dtype=bool)
    chosen[taken] = True
    net = gain - price * outlay
    _fill(chosen, np.argsort(-net, kind="stable"), outlay, money, limit)
    left = money - outlay[chosen].sum()
    result = np.zeros(profit.size, dtype=bool)
    result[worth[chosen]] = True
    return Selection(
        chosen=result,
        order=worth[np.lexsort((-net, ~chosen))],
        room=capacity is None or int(chosen.sum()) < capacity,
        affordable=spend <= left,
    )


def _best(net: Floats, limit: int) -> Places:
    """Places of the best with a net profit above 0, at most `limit` of them."""
    better = np.flatnonzero(net > 0)
    return better if better.size <= limit else better[np.argsort(-net[better], kind="stable")[:limit]]


def _price_of_budget(gain: Floats, outlay: Floats, money: float, limit: int) -> tuple[float, float]:
    """Two prices next to each other: at the lower one the best cost too much, at the higher one they do not."""
    low, high = 0.0, 2 * float(np.max(gain[outlay > 0] / outlay[outlay > 0]))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if outlay[_best(gain - middle * outlay, limit)].sum() > money:
            low = middle
        else:
            high = middle
    return low, high


def _mixed(dear: Places, cheap: Places, outlay: Floats, money: float) -> Places:
    """Between the two lists at the price where one gives way to the other: as many of the dear one as can be paid."""
    incoming, outgoing = np.setdiff1d(dear, cheap), np.setdiff1d(cheap, dear)
    replaced = np.zeros(incoming.size)
    replaced[: outgoing.size] = outlay[outgoing[: incoming.size]]
    paid = outlay[cheap].sum() + np.cumsum(outlay[incoming] - replaced) <= money
    swaps = incoming.size if paid.all() else int(paid.argmin())
    return np.concatenate((np.setdiff1d(cheap, outgoing[:swaps]), incoming[:swaps]))


def _fill(chosen: Flags, order: Places, outlay: Floats, money: float, limit: int) -> None:
    """Spend what is left on the next in line who can still be paid."""
    left = money - outlay[chosen].sum()
    waiting = order[~chosen[order]]
    room = limit - int(chosen.sum())
    while room > 0 and (waiting := waiting[outlay[waiting] <= left]).size:
        run = waiting[:room]
        run = run[: int(np.searchsorted(np.cumsum(outlay[run]), left, side="right"))]
        chosen[run] = True
        left -= outlay[run].sum()
        room -= run.size
        waiting = waiting[run.size :]
