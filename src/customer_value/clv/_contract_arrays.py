"""What follows from the array function of a contract model alone: for new customers, and for those under contract.

These are also the functions that `score_clv` asks of any model. A customer is known by three columns: renewals made,
the time to the next one in periods, and whether the contract runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np

from customer_value.clv._model import Model
from customer_value.clv._renewal_sums import total_renewals
from customer_value.clv._rows import Floats

Columns = tuple[Floats, ...]
ROUNDING = 1e-9  # of a horizon in periods, which may come from a text in other units


class ContractArrays(Model):
    """A contract model's array functions, and predictions made of them."""

    _log_kept: ClassVar[Callable[..., Floats]]  # (params, t, u): log probability of u more renewals after t
    _tail: ClassVar[Callable[..., float]]  # exponent of the power of time that survival falls as

    def _probability_alive(self, params: Sequence[Any], made: Floats, wait: Floats, active: Floats) -> Floats:
        """Whether a contract runs is known."""
        return active

    def _alive_or_nan(self, columns: Columns) -> Floats:
        return columns[-1]

    def _expected_if_alive(self, params: Sequence[Any], columns: Columns, t: float) -> Floats:
        """Expected renewals within t."""
        return self._discounted_if_alive(params, columns, t, 0.0)

    def _expected(self, params: Sequence[Any], columns: Columns, t: float) -> Floats:
        return columns[-1] * self._expected_if_alive(params, columns, t)

    def _discounted_if_alive(self, params: Sequence[Any], columns: Columns, t: float, delta: float) -> Floats:
        """Discounted expected renewals within t, each at its own time; t may be infinite."""
        made, wait = columns[:2]
        return np.exp(-delta * wait) * self._renewals_to_come(params, made, _renewals_within(t, wait), delta)

    def _active(self, params: Sequence[Any], columns: Columns, t: float) -> Floats:
        """P(at least one renewal within t)."""
        made, wait, active = columns
        return active * np.where(_renewals_within(t, wait) > 0, np.exp(self._log_kept(params, made, 1.0)), 0.0)

    @property
    def _future(self) -> Self:
        """The living are customers of this model, their state being the parameters and what `_of_future` gives."""
        return self

    def _of_future(self, columns: Columns) -> list[Floats]:
        return list(columns[:2])

    def _state(self, params: Sequence[Any], columns: Sequence[Floats]) -> Columns:
        return (*(np.full_like(columns[0], p) for p in params), *columns)

    def _sf_new(self, state: Columns, n: Floats, t: float) -> Floats:
        """P(more than n renewals within t)."""
        *params, made, wait = state
        return np.where(n < _renewals_within(t, wait), np.exp(self._log_kept(params, made, n + 1)), 0.0)

    def _kept(self, made: Floats | float, more: Floats | float) -> Floats:
        self._require_fitted()
        return self._log_kept(self._theta, made, more)

    def _renewals_to_come(self, params: Sequence[Any], made: Floats, most: Floats, delta: float) -> Floats:
        return total_renewals(partial(self._log_kept, params), made, most, delta)

    def _odds(self, params: Sequence[float], columns: Columns) -> Floats:
        """Odds of making so many more renewals: their logarithm is what is nearly normal."""
        log_kept = self._log_kept(params, *columns)
        return np.asarray(np.exp(log_kept) / -np.expm1(log_kept))


def _renewals_within(t: float, wait: Floats) -> Floats:
    """Number of renewals due within t: now and up to before t, or after a wait and up to t."""
    if math.isinf(t):
        return np.full_like(wait, math.inf)
    due_now, later = math.ceil(t - ROUNDING), np.floor(t - wait + ROUNDING) + 1
    return np.where(wait == 0, due_now, np.maximum(later, 0.0))
