"""What is kept of a population's rhythm, so that a later month is judged by the same measure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from customer_value._units import GRAINS
from customer_value._validation import number, require_choice, whole_number
from customer_value.errors import InputError

SHAPES = 11  # of the grid of shapes: 1/4, 1/2, 1, ..., 256


@dataclass(frozen=True)
class RhythmPopulation:
    """How the times between purchases differ between a population's customers: what few purchases are shrunk to.

    `fit_rhythm_population` makes it; `purchase_rhythm(log, population=...)` takes it, or the mapping of `to_dict`.

    Parameters
    ----------
    gap : float
        Usual gap of the population, in days: that of the customer with the mean rate of purchases.
    weight : float
        How much the population counts against a customer's own gaps: as many gaps of customers who buy by chance.
    leaving : float
        Share of customers who leave for good after a purchase.
    shapes : tuple of float
        Shares of customers with gamma shapes 1/4, 1/2, 1, 2, ..., 256 of their gaps, from bursts to clockwork.
    grain : str
        Calendar period within which purchases merged.
    customers : int
        How many customers it was estimated from.

    Raises
    ------
    InputError
        A number is out of its range.

    Examples
    --------
    >>> import customer_value as cv
    >>> frozen = cv.transactions.RhythmPopulation(
    ...     gap=30.0, weight=2.0, leaving=0.1, shapes=(0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0), grain="day", customers=500
    ... )
    >>> frozen == cv.transactions.RhythmPopulation.from_dict(frozen.to_dict())
    True
    """

    gap: float
    weight: float
    leaving: float
    shapes: tuple[float, ...]
    grain: str
    customers: int

    def __post_init__(self) -> None:
        for name in ("gap", "weight"):
            number(getattr(self, name), name, low=0, open_ends=True)
        number(self.leaving, "leaving", low=0, high=1)
        require_choice("grain", self.grain, GRAINS)
        whole_number(self.customers, "customers", low=1)
        whole = isinstance(self.shapes, (tuple, list)) and len(self.shapes) == SHAPES
        if not whole or not math.isclose(sum(number(s, "a share of shapes", low=0, high=1) for s in self.shapes), 1):
            raise InputError(f"shapes must be {SHAPES} shares that add up to 1; got {self.shapes!r}.")
        object.__setattr__(self, "shapes", tuple(float(share) for share in self.shapes))

    @property
    def regularity(self) -> float:
        """Regularity 1 / (1 + CV) of the population's typical customer."""
        log2_shape = float(np.dot(self.shapes, np.arange(-2.0, SHAPES - 2)))
        return 1 / (1 + 2 ** (-log2_shape / 2))

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and texts, such as JSON holds."""
        return asdict(self) | {"shapes": list(self.shapes)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RhythmPopulation:
        """Make a population from what `to_dict` returned."""
        names = [field.name for field in fields(cls)]
        if not isinstance(values, Mapping) or set(values) != set(names):
            raise InputError(
                f"population must be what fit_rhythm_population gives, or a mapping with {names}; got {values!r}."
            )
        return cls(**values)
