"""Intervals of outcomes: what one customer will do, from his own randomness and the parameters' uncertainty.

Counts: P(X > n) is the average, over parameter points that carry the covariance, of P(alive) times the survival
function of a new customer with the updated parameters. Money: given n purchases, the customer's total is a compound
whose distribution the spend model knows; it is averaged over n. There are no draws, hence no noise and no memory for
them: customers pass through in blocks of a fixed size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from customer_value.clv._intervals import cubature_points
from customer_value.clv._rows import Floats, distinct_rows

if TYPE_CHECKING:
    from customer_value.clv._base import PurchaseModel
    from customer_value.clv._contract import ContractModel

_LONGEST = 256  # counts in a table; longer distributions are smooth, and interpolated between this many
_CELLS = 400_000  # cells of a table
_TAIL = 1e-8  # probability beyond the longest count that is looked at
_STRATA = 32  # of a count distribution, for totals of spend
_ROOT_STEPS = 60
_ROOT_TOLERANCE = 1e-6  # in normal quantiles, or relative to the amount
TotalCdf = Callable[[NDArray[np.intp], Floats, Floats], Floats]


class CountTable(NamedTuple):
    """P(X > n) of a block of rows for a grid of counts."""

    rows: NDArray[np.intp]
    counts: Floats
    survival: Floats

    def quantile(self, level: float) -> Floats:
        """Smallest count whose distribution function reaches the level."""
        below = 1 - self.survival  # P(X <= n)
        place = np.minimum((below < level).sum(axis=1), self.counts.size - 1)
        reached = np.take_along_axis(below, place[:, None], axis=1)[:, 0]
        before = np.where(place > 0, np.take_along_axis(below, np.maximum(place - 1, 0)[:, None], axis=1)[:, 0], 0.0)
        low = np.where(place > 0, self.counts[np.maximum(place - 1, 0)], -1.0)
        high = self.counts[place]
        share = np.clip((level - before) / np.maximum(reached - before, 1e-300), 1e-9, 1.0)
        return np.asarray(np.ceil(low + share * (high - low) - 1e-6) + 0.0)  # not -0.0

    def strata(self, rows: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Positive counts, neighbours of little probability put together at their mean, and the strata's masses.

        Strata are cut where the arc sine of the root of the distribution function passes equal steps, so that they are
        finest in the tails, where intervals end. Arrays of shape (rows, strata).
        """
        survival = self.survival[rows]
        ahead = np.column_stack([np.ones(rows.size), survival[:, :-1]])
        masses = np.maximum(ahead - survival, 0.0)
        before = np.append(-1.0, self.counts[:-1])
        middle = (before + 1 + self.counts) / 2  # where the grid is coarse, the mass between two counts sits there
        level = np.clip(1 - (ahead + survival) / 2, 0, 1)
        stratum = np.minimum(_STRATA * 2 / np.pi * np.arcsin(np.sqrt(level)), _STRATA - 1).astype(np.intp)
        cell = (stratum + _STRATA * np.arange(rows.size)[:, None])[:, 1:].ravel()
        shape, size = (rows.size, _STRATA), rows.size * _STRATA
        total = _sums(cell, masses[:, 1:].ravel(), size).reshape(shape)
        first = _sums(cell, (masses * middle)[:, 1:].ravel(), size).reshape(shape)
        return np.where(total > 0, first / np.maximum(total, 1e-300), 1.0), total


def count_tables(
    model: PurchaseModel | ContractModel, columns: tuple[Floats, ...], horizon: float
) -> Iterator[CountTable]:
    """Yield the distribution of each row's purchases within the horizon, in blocks that cover every row once."""
    covariance = model._log_covariance
    points = [model._theta] if covariance is None else cubature_points(model._theta, covariance)
    pairs = distinct_rows(model._of_future(columns))
    states = [model._state(point, pairs.columns) for point in points]
    longest = _longest_counts(model, pairs.columns, horizon)[pairs.inverse]
    alive = [model._probability_alive(point, *columns) for point in points]
    order = np.lexsort((pairs.inverse, longest))
    start = 0
    while start < order.size:
        size = max(1, int(_CELLS // (longest[order[min(start + _CELLS // 64, order.size - 1)]] + 1)))
        rows = order[start : start + size]
        start += size
        top = longest[rows[-1]]
        counts = np.unique(np.round(np.linspace(0, top, min(int(top) + 1, _LONGEST)))).astype(np.float64)
        these, local = np.unique(pairs.inverse[rows], return_inverse=True)
        survival = np.zeros((rows.size, counts.size))
        for state, p_alive in zip(states, alive, strict=True):
            wide = tuple(p[these][:, None] for p in state)
            survival += p_alive[rows, None] * model._future._sf_new(wide, counts[None, :], horizon)[local]
        yield CountTable(rows, counts, survival / len(points))


def _longest_counts(model: PurchaseModel | ContractModel, columns: tuple[Floats, ...], horizon: float) -> Floats:
    """Smallest power of two that the purchases of each row, if alive, pass with hardly any probability."""
    state = model._state(model._theta, columns)
    longest = np.full(columns[0].size, 4.0)
    open_ = np.arange(longest.size)
    while open_.size:
        beyond = model._future._sf_new(tuple(p[open_] for p in state), longest[open_], horizon) > _TAIL
        open_ = open_[beyond & (longest[open_] < 2**24)]
        longest[open_] *= 2
    return longest


def total_quantile(table: CountTable, total_cdf: TotalCdf, level: float, guess: Floats) -> Floats:
    """Quantile of the total spend of a block's rows.

    Parameters
    ----------
    table
        Distribution of the counts.
    total_cdf
        P(total of n purchases <= s), called with positions in the block, counts n and amounts s, all of one length.
    level
        Between 0 and 1.
    guess
        Mean of one purchase per row, above 0; a rough one will do.
    """
    quantile = np.zeros(table.rows.size)
    some = np.flatnonzero(1 - table.survival[:, 0] < level)  # everyone else's is 0: he may well buy nothing
    if not some.size:
        return quantile
    counts, masses = table.strata(some)
    bought = masses.sum(axis=1)
    row, stratum = np.nonzero(masses > _TAIL)
    n, mass = counts[row, stratum], masses[row, stratum] / bought[row]
    # On the scale of normal quantiles a total of some purchases is nearly a straight line in its logarithm.
    target = _normal_quantile((level - 1 + table.survival[some, 0]) / bought)

    def excess(rows: NDArray[np.intp], log_amount: Floats) -> Floats:
        amount = np.full(some.size, np.nan)
        amount[rows] = np.exp(log_amount)
        cells = np.flatnonzero(~np.isnan(amount)[row])
        given = mass[cells] * total_cdf(some[row[cells]], n[cells], amount[row[cells]])
        return _normal_quantile(_sums(row[cells], given, some.size)[rows]) - target[rows]

    centre = np.log(guess[some] * _sums(row, n * mass, some.size)) + 0.7 * target
    quantile[some] = np.exp(_increasing_root(excess, centre))
    return quantile


def _sums(group: NDArray[np.intp], values: Floats, groups: int) -> Floats:
    """Sum of the values of each group."""
    return np.asarray(np.bincount(group, values, groups), dtype=np.float64)


def _normal_quantile(probability: Floats) -> Floats:
    return np.asarray(ndtri(np.clip(probability, 1e-300, 1 - 1e-16)), dtype=np.float64)


def _increasing_root(excess: Callable[[NDArray[np.intp], Floats], Floats], centre: Floats) -> Floats:
    """Root of an increasing function per element: false position that halves an end stuck twice (Illinois).

    The function is called with the elements that are still open and their arguments.
    """
    low, high = centre - 0.5, centre + 0.5
    every = np.arange(centre.size)
    f_low, f_high = excess(every, low), excess(every, high)
    for width in 2.0 ** np.arange(8):
        below, above = np.flatnonzero(f_low > 0), np.flatnonzero(f_high < 0)
        if not (below.size or above.size):
            break
        high[below], f_high[below] = low[below], f_low[below]
        low[above], f_low[above] = high[above], f_high[above]
        low[below] -= width
        high[above] += width
        f_low[below], f_high[above] = excess(below, low[below]), excess(above, high[above])
    root, moved, open_ = (low + high) / 2, np.zeros(centre.size), every
    for _ in range(_ROOT_STEPS):
        span, rise = (high - low)[open_], (f_high - f_low)[open_]
        root[open_] = high[open_] - span * np.clip(f_high[open_] / np.maximum(rise, 1e-300), 0, 1)
        found = excess(open_, root[open_])
        for side, end, f_end, other in ((1, high, f_high, f_low), (-1, low, f_low, f_high)):
            here = open_[side * found > 0]
            end[here], f_end[here] = root[here], found[side * found > 0]
            other[here[moved[here] == side]] /= 2
            moved[here] = side
        open_ = open_[(np.abs(found) > _ROOT_TOLERANCE) & ((high - low)[open_] > _ROOT_TOLERANCE)]
        if not open_.size:
            break
    return root
