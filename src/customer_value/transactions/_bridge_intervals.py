"""Net and gross revenue retention with bounds: customers of the earlier window are drawn again and again."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from customer_value.transactions._bridge_parts import Starters
from customer_value.transactions._window_pairs import Floats

_FEWEST = 2  # customers; one alone says nothing about others like it
_NAMES = [f"{rate}_revenue_retention{end}" for end in ("", "_lower", "_upper") for rate in ("net", "gross")]
COLUMNS = sorted(_NAMES, key=lambda name: (not name.startswith("net"), _NAMES.index(name)))


def retention_with_bounds(
    cells: Iterable[Starters], *, level: float, n_resamples: int, random_state: int
) -> dict[str, Floats]:
    """Rates of each cell with their percentile bootstrap; NaN where there is nothing to draw, or no start above 0.

    Efron and Tibshirani (1993), *An Introduction to the Bootstrap*, chapter 13. Each cell has draws of its own.
    """
    tails = [(1 - level) / 2, (1 + level) / 2]
    found = []
    for cell in cells:
        amounts = np.stack([cell.start, cell.net, cell.gross]).astype(np.float64)
        drawn = _rates(_draws(amounts, n_resamples, random_state))
        enough = cell.start.size >= _FEWEST and not np.isnan(drawn).any()
        bounds = np.quantile(drawn, tails, axis=1) if enough else np.full((2, 2), np.nan)
        found.append(np.vstack([_rates(amounts.sum(axis=1)), bounds]).ravel())
    made = dict(zip(_NAMES, np.array(found).T, strict=True))
    return {name: made[name] for name in COLUMNS}


def _draws(amounts: Floats, n_resamples: int, random_state: int) -> Floats:
    """Sums over customers drawn with replacement, one column per draw."""
    # Draws pick customers by position, so they take an order that is theirs alone.
    ordered = amounts[:, np.lexsort(amounts)]
    n = ordered.shape[1]
    rng = np.random.default_rng(random_state)
    sums = [ordered @ np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(n_resamples if n else 0)]
    return np.array(sums).reshape(-1, ordered.shape[0]).T


def _rates(sums: Floats) -> Floats:
    """Net and gross rate of the sums of start, net and gross."""
    start, net, gross = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(start > 0, np.stack([net / start, np.minimum(gross / start, 1.0)]), np.nan)
