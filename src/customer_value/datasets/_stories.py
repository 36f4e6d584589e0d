"""The stories by which customers buy and leave, told customer by customer; no model's formula is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Counts = np.ndarray[Any, np.dtype[np.int64]]

# A coin that practically never falls still needs a chance above 0 for the count of its tosses to be drawn.
_SMALLEST_CHANCE = 1e-15


class Histories(NamedTuple):
    """Repeat purchases of some customers; every time runs from the customer's first purchase, in time units."""

    rate: Floats  # purchases per time unit while alive
    dropout: Floats  # of the kind that the story's `dropout` names
    dropout_time: Floats  # infinite for a customer who never leaves
    repeats: Counts
    times: Floats  # of the repeat purchases: customer by customer, in order


class Story(NamedTuple):
    """A process: its parameters (values of a fit to the CDNOW sample, in weeks), its kind of dropout, its draw."""

    parameters: Mapping[str, float]
    dropout: str
    draw: Callable[..., Histories]


def _pareto_nbd(rng: np.random.Generator, length: Floats, r: float, alpha: float, s: float, beta: float) -> Histories:
    """Purchases at a constant rate until an exponential lifetime ends; both rates vary as gammas."""
    n = length.size
    rate = rng.gamma(r, 1 / alpha, n)
    death_rate = rng.gamma(s, 1 / beta, n)
    with np.errstate(divide="ignore", over="ignore"):
        lifetime = rng.standard_exponential(n) / death_rate
    repeats, times = _poisson_times(rng, rate, np.minimum(lifetime, length))
    return Histories(rate, death_rate, lifetime, repeats, times)


def _bg_nbd(rng: np.random.Generator, length: Floats, r: float, alpha: float, a: float, b: float) -> Histories:
    """Purchases at a constant gamma rate; after each repeat purchase a coin with a beta chance ends it."""
    return _coin_after_purchase(rng, length, r, alpha, a, b, coin_after_first=False)


def _mbg_nbd(rng: np.random.Generator, length: Floats, r: float, alpha: float, a: float, b: float) -> Histories:
    """As the BG/NBD, with the coin tossed after the first purchase too."""
    return _coin_after_purchase(rng, length, r, alpha, a, b, coin_after_first=True)


def _coin_after_purchase(
    rng: np.random.Generator,
    length: Floats,
    r: float,
    alpha: float,
    a: float,
    b: float,
    *,
    coin_after_first: bool,
) -> Histories:
    n = length.size
    rate = rng.gamma(r, 1 / alpha, n)
    chance = np.maximum(rng.beta(a, b, n), _SMALLEST_CHANCE)
    last = rng.geometric(chance) - coin_after_first  # the repeat purchase after which the coin falls
    # The coin knows nothing of the clock: draw the purchases of one who never leaves, and keep those up to `last`.
    repeats, times = _poisson_times(rng, rate, length)
    kept = np.minimum(repeats, last)
    ends = np.cumsum(repeats)
    rank = np.arange(times.size) - np.repeat(ends - repeats, repeats)
    # One who would leave later is beyond the window: the rest of the purchases until then is a gamma wait.
    # A rate that underflowed to 0 waits for ever; 0 / 0 is of those within the window, who are not asked.
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        beyond = rng.standard_gamma(np.maximum(last - repeats, 0)) / rate
    dropout_time = np.where(last > repeats, length + beyond, 0.0)
    inside = (last <= repeats) & (last > 0)
    dropout_time[inside] = times[(ends - repeats + last - 1)[inside]]
    return Histories(rate, chance, dropout_time, kept, times[rank < np.repeat(kept, repeats)])


def _poisson_times(rng: np.random.Generator, rate: Floats, length: Floats) -> tuple[Counts, Floats]:
    """Draw a Poisson process per customer: how many, and when. Given their number, the times are sorted uniforms."""
    counts = rng.poisson(rate * length)
    owner = np.repeat(np.arange(rate.size), counts)
    place = np.sort(owner + rng.random(owner.size)) - owner  # one sort for all: customers stay apart
    return counts, place * length[owner]


STORIES: dict[str, Story] = {
    "pareto_nbd": Story({"r": 0.5533, "alpha": 10.578, "s": 0.6061, "beta": 11.669}, "dropout_rate", _pareto_nbd),
    "bg_nbd": Story({"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}, "dropout_probability", _bg_nbd),
    "mbg_nbd": Story({"r": 0.5248, "alpha": 6.1831, "a": 0.8914, "b": 1.6140}, "dropout_probability", _mbg_nbd),
}
