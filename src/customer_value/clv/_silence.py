"""Likelihood of purchases at whole opportunities and the silence after the last one, with its derivatives.

A customer with x purchases, the last at opportunity t_x of n, either left before one of the opportunities that followed
or is there and did not buy (Fader, Hardie & Shang 2010, eq. 6). With e(j) the probability of the purchases, and of
being alive and silent until j,

    L = e(t_x) Silence(t_x, n),    Silence(t, n) = h(t) + rho(t) Silence(t+1, n),    Silence(n, n) = 1,

where h(j) = gamma / (gamma+delta+j) is the chance to leave after j, s = 1 - h, q(j) = (beta+j-x) / (alpha+beta+j) the
chance not to buy, and rho = s q = e(j+1) / e(j). Neither h nor rho knows t_x or n: for each x one table over j serves
every row. Run to the largest n, N, it holds T(j) = Silence(j, N) and its complement D(j), a sum of positive terms of
its own, and Silence(t, n) = T(t) + e(n)/e(t) D(n) has no difference in it.

Derivatives are averages over the times of leaving: with l the logarithm of a time's term, E[l'] and E[l'' + l' l'^T] -
E[l'] E[l']^T. The sums that they need follow the recursion of T, with h times the average's subject in the place of h.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from customer_value.clv._special import Floats, distinct_whole

Positions = NDArray[np.intp]

_CELLS = 500_000  # numbers in a table
_NARROWEST = 16  # columns of a table, however long it is
_ROWS = 8192  # customers at a time: their derivatives stay in the cache
# Rows of derivatives: the log-likelihood, the gradient, the upper half of the Hessian. Here, where its elements stand.
HESSIAN = np.array([[5, 6, 7, 8], [6, 9, 10, 11], [7, 10, 12, 13], [8, 11, 13, 14]])
_ONE, _OTHER = np.triu_indices(4)
# Rows of `_running_sums` that are a gradient and a Hessian in the order (own, other) and in the order (other, own);
# and where those of the two processes stand among the derivatives by all four parameters.
_OWN_FIRST, _OTHER_FIRST = np.array([1, 2, 3, 4, 5]), np.array([2, 1, 5, 4, 3])
_OF_PURCHASES, _OF_STAYING = np.array([0, 1, 4, 5, 8]), np.array([2, 3, 11, 12, 13])


class _Table(NamedTuple):
    """What rows of the same counts share. Axes, after the rows of `_running_sums`: opportunity, then column."""

    bought: Floats  # sums of the purchases, at each column's count
    silent: Floats  # sums of silence since then
    stayed: Floats  # sums of staying, in one column where all share the parameters
    recursion: Floats  # axes: opportunity; T, D and the averages' sums; column


class _Reading(NamedTuple):
    """What rows read off their table; `own` is their column of what has one column where parameters are shared."""

    own: Any
    log_history: Floats  # ln e(t_x)
    log_there: Floats  # ln e(n) / e(t_x)
    log_silence: Floats
    sums: tuple[Floats, Floats]  # the recursion at t_x and at n


def log_histories(params: Sequence[Any], x: Floats, t_x: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Return ln L, and ln P(alive): to be there at n, e(n) / e(t_x), over the silence."""
    log_likelihood, log_alive = np.empty(x.size), np.empty(x.size)
    for rows, column, table in _tables(params, x, t_x, n, derivatives=False):
        read = _read(table, column, t_x[rows].astype(np.intp), n[rows].astype(np.intp))
        log_likelihood[rows] = read.log_history + read.log_silence
        log_alive[rows] = read.log_there - read.log_silence
    return log_likelihood, log_alive


def derivatives(params: Sequence[Any], x: Floats, t_x: Floats, n: Floats) -> Iterator[tuple[Positions, Floats]]:
    """Yield rows and their log-likelihood, gradient and Hessian, in the order of `HESSIAN`: every row once."""
    for rows, column, table in _tables(params, x, t_x, n, derivatives=True):
        yield rows, _derivatives(table, column, t_x[rows].astype(np.intp), n[rows].astype(np.intp))


def _tables(
    params: Sequence[Any], x: Floats, t_x: Floats, n: Floats, *, derivatives: bool
) -> Iterator[tuple[Positions, Positions, _Table]]:
    """Yield rows, each row's column, and the columns' table; a column is a count, or a row with its own parameters."""
    shared = all(np.ndim(p) == 0 for p in params)
    if not shared:
        params = tuple(np.broadcast_to(np.asarray(p, dtype=np.float64), x.shape) for p in params)
    counts, places = distinct_whole(x) if shared else (x, np.arange(x.size))
    width = max(_NARROWEST, int(_CELLS // ((16 if derivatives else 2) * (n.max(initial=0) + 1))))
    for start in range(0, counts.size, width):
        stop = min(start + width, counts.size)
        inside = np.arange(x.size) if width >= counts.size else np.flatnonzero((places >= start) & (places < stop))
        own = params if shared else tuple(p[start:stop] for p in params)
        ends = int(t_x[inside].min()), int(n[inside].max())
        table = _table(own, counts[start:stop], *ends, derivatives=derivatives)
        for first in range(0, inside.size, _ROWS):
            rows = inside[first : first + _ROWS]
            yield rows, places[rows] - start, table


def _table(params: Sequence[Any], x: Floats, first: int, last: int, *, derivatives: bool) -> _Table:
    """Run the recursion from the last opportunity down to the first that is asked for."""
    alpha, beta, gamma, delta = params
    j = np.arange(float(last))[:, None]
    seen = np.maximum(j - x, 0.0)
    silent = _running_sums(beta + seen, alpha + x, j >= x)
    stayed = _running_sums(delta + j, gamma)
    bought = _running_sums(alpha + np.arange(x.max())[:, None], beta)
    bought = bought[:, x.astype(np.intp), np.arange(x.size) if bought.shape[2] > 1 else 0]

    met, together = gamma + delta + j, alpha + beta + x + seen
    leave, stay = gamma / met, (delta + j) / met
    recursion = np.empty((last + 1, 16 if derivatives else 2, x.size))
    recursion[last] = 0.0
    recursion[last, 0] = 1.0
    recursion[:last, 0] = leave
    recursion[:last, 1] = stay * (alpha + x) / together
    if derivatives:
        both = 1 / met
        square = both * both
        log_leave = np.stack([1 / gamma - both, -both, square - 1 / gamma**2, square, square])
        subjects = _subjects(silent[:, :last], stayed[:, :last], log_leave)
        recursion[:last, 2:] = np.moveaxis(leave * subjects, 0, 1)
    rho = stay * (beta + seen) / together
    for k in range(last - 1, first - 1, -1):
        recursion[k] += recursion[k + 1] * rho[k]
    return _Table(bought, silent, stayed, recursion)


def _running_sums(own: Floats, other: Any, counted: NDArray[np.bool_] | None = None) -> Floats:
    """Sum ln(own / (own + other)) and its derivatives over the opportunities on axis 0, from none on.

    Own and other are moved by a parameter each. Rows: the logarithm; own, other; own own, own other, other other.
    Opportunities that are not counted add nothing.
    """
    both = 1 / (own + other)
    slope = other / own * both  # 1/own - 1/(own + other)
    sums = np.empty((6, own.shape[0] + 1, *both.shape[1:]))
    sums[:, 0] = 0.0
    steps = sums[:, 1:]
    steps[0] = -np.log1p(other / own)
    steps[1] = slope
    steps[2] = -both
    steps[3] = -slope * (1 / own + both)
    steps[4:] = both * both
    if counted is not None:
        steps *= counted
    np.cumsum(steps, axis=1, out=steps)
    return sums


def _subjects(silent: Floats, stayed: Floats, log_leave: Any = 0.0) -> Floats:
    """Return l' and l'' + l' l'^T of the times of leaving: four rows and ten; silence is that of after the count."""
    found = np.zeros((14, *silent.shape[1:]))
    found[_OF_PURCHASES] = silent[_OTHER_FIRST]
    found[_OF_STAYING] = stayed[_OTHER_FIRST] + log_leave
    found[4:] += found[_ONE] * found[_OTHER]
    return found


def _read(table: _Table, column: Positions, t_x: Positions, n: Positions) -> _Reading:
    own = column if table.stayed.shape[2] > 1 else 0
    silent, stayed = table.silent[0], table.stayed[0]
    log_there = (silent[n, column] - silent[t_x, column]) + (stayed[n, own] - stayed[t_x, own])
    log_history = table.bought[0, column] + silent[t_x, column] + stayed[t_x, own]
    there, at_t, at_n = np.exp(log_there), table.recursion[t_x, :, column], table.recursion[n, :, column]
    silence = at_t[:, 0] + there * at_n[:, 1]
    # Near 1 the complement has the digits: the chance to have bought again.
    with np.errstate(divide="ignore"):
        log_silence = np.where(silence > 0.5, np.log1p(there * at_n[:, 1] - at_t[:, 1]), np.log(silence))
    return _Reading(own, log_history, log_there, log_silence, (at_t, at_n))


def _derivatives(table: _Table, column: Positions, t_x: Positions, n: Positions) -> Floats:
    """Log-likelihood, gradient and Hessian's upper half of rows of one table."""
    read = _read(table, column, t_x, n)
    at_t, at_n = read.sums
    of_alive = _subjects(table.silent[:, n, column], table.stayed[:, n, read.own])
    alive = np.exp(read.log_there - read.log_silence)
    rows = np.empty((15, column.size))
    rows[0] = read.log_history + read.log_silence
    rows[1:] = at_t[:, 2:].T * np.exp(-read.log_silence) + alive * (of_alive - at_n[:, 2:].T)
    rows[5:] -= rows[1:5][_ONE] * rows[1:5][_OTHER]
    rows[1 + _OF_PURCHASES] += table.bought[_OWN_FIRST][:, column]
    return rows
