"""A Markov chain on customers' states, in arrays: values, paths, the long run, a test whether it stays the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.special import chdtrc

from customer_value.errors import InputError

Floats = np.ndarray[Any, np.dtype[np.float64]]
Truths = np.ndarray[Any, np.dtype[np.bool_]]


def closed_classes(chances: Floats) -> list[Truths]:
    """Return the classes of states that lead to each other and nowhere else, each as a mask of the states."""
    count, of = connected_components(chances > 0, connection="strong")
    classes = [of == i for i in range(count)]
    return [own for own in classes if not (chances[own][:, ~own] > 0).any()]


def state_values(chances: Floats, rewards: Floats, rate: float, periods: float) -> Floats:
    """Return the value of a customer in each state, the reward of period 0 included.

    Pfeifer and Carraway (2000): V_T = sum over t = 0..T of [P / (1 + d)]^t R, and without an end
    V = (I - P / (1 + d))^-1 R. With a discount or an end it takes a stack of chains, ``(..., states, states)``.
    """
    discounted = chances / (1 + rate)
    if np.isinf(periods):
        inside = np.ones(rewards.size, dtype=bool)
        if rate == 0:
            # The sum ends only if customers come to rest where nothing is earned or spent.
            inside = ~np.any(closed_classes(chances), axis=0)
        left = np.eye(inside.sum()) - discounted[..., inside, :][..., inside]
        value = np.zeros(chances.shape[:-1])
        value[..., inside] = np.linalg.solve(left, rewards[inside, None])[..., 0]
        return value
    value = np.broadcast_to(rewards, chances.shape[:-1])
    for _ in range(int(periods)):
        value = rewards + (discounted @ value[..., None])[..., 0]
    return value


def paths(chances: Floats, start: Floats, inflow: Floats, periods: int) -> Floats:
    """Return the customers expected in each state after 0, 1, ... periods; `inflow` joins them each period."""
    found = [start]
    for _ in range(periods):
        found.append(found[-1] @ chances + inflow)
    return np.array(found)


def long_run_shares(chances: Floats) -> Floats:
    """Return the share of time spent in each state in the long run; raise where that depends on the start."""
    closed = closed_classes(chances)
    if len(closed) > 1:
        raise InputError(
            "the long run depends on where a customer starts: there is more than one group of states that nobody "
            f"leaves (states {[np.flatnonzero(own).tolist() for own in closed]}). See expected_path for a given start."
        )
    own = closed[0]
    n = int(own.sum())
    # pi (P - I) = 0 with shares that add up to 1, solved by least squares: one equation more than unknowns.
    equations = np.vstack([chances[np.ix_(own, own)].T - np.eye(n), np.ones(n)])
    shares = np.zeros(own.size)
    shares[own] = np.linalg.lstsq(equations, np.append(np.zeros(n), 1.0), rcond=None)[0]
    return shares


def long_run_counts(chances: Floats, inflow: Floats) -> Floats:
    """Return the customers in each state in the long run under a constant inflow; infinite where nobody leaves."""
    trapped = np.any(closed_classes(chances), axis=0)
    reached = paths((chances > 0).astype(np.float64), inflow, np.zeros(inflow.size), inflow.size).any(axis=0)
    counts = np.where(trapped & reached, np.inf, 0.0)
    inside = np.ix_(~trapped, ~trapped)
    counts[~trapped] = np.linalg.solve(np.eye((~trapped).sum()) - chances[inside].T, inflow[~trapped])
    return counts


def stationarity(counts: Floats) -> tuple[float, int, float, Floats]:
    """Test that moves from one state are as likely in every period: statistic, degrees of freedom, p-value.

    T. W. Anderson and L. A. Goodman (1957), section 3: for a state i, the sum over periods t and states j of
    n_i(t) (p_ij(t) - p_ij)^2 / p_ij is chi-squared with (m - 1)(T - 1) degrees of freedom. Only states j that somebody
    moved to, and periods t in which somebody could move, count. The fourth is the expected moves of each cell.

    Parameters
    ----------
    counts
        Moves by period and by state moved to.
    """
    seen = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    freedom = max(seen.shape[0] - 1, 0) * max(seen.shape[1] - 1, 0)
    if freedom == 0:
        return 0.0, 0, np.nan, np.zeros(0)
    expected = seen.sum(axis=1, keepdims=True) * seen.sum(axis=0) / seen.sum()
    statistic = float(((seen - expected) ** 2 / expected).sum())
    return statistic, freedom, float(chdtrc(freedom, statistic)), expected.ravel()
