"""What follows for a customer with a history from the array functions of a model alone.

All of it rests on one property of these models: given that a customer is alive at the end of observation, the future
is that of a new customer with updated parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from customer_value.clv._model import Model
from customer_value.clv._posterior import Mixing
from customer_value.clv._quadrature import discounted_total
from customer_value.clv._rows import Floats, distinct_rows

_TAIL = 1e-13  # probability of the counts before an interval that are left out
_MOST_BEFORE = 2.0**20

Columns = tuple[Floats, ...]


class ConditionalModel(Model):
    """A model's array functions, and predictions for customers with a history made of them."""

    _columns: ClassVar[tuple[str, ...]] = ("frequency", "recency", "T")
    _future_columns: ClassVar[tuple[str, ...]] = ("frequency", "T")  # all that the future of the living rests on
    _dropout: ClassVar[tuple[str, ...]] = ()  # parameters of the dropout process; the first one at 0 turns it off
    _mixing: ClassVar[Mapping[str, Mixing]] = {}  # how the rates differ between customers

    _probability_alive: ClassVar[Callable[..., Floats]]
    _if_alive: ClassVar[Callable[..., tuple[Any, ...]]]
    _expected_purchases_new: ClassVar[Callable[..., Floats]]
    _pmf_new: ClassVar[Callable[..., Floats]]
    _sf_new: ClassVar[Callable[..., Floats]]
    _survival_new: ClassVar[Callable[..., Floats]]
    _pmf_alive_new: ClassVar[Callable[..., Floats]]
    _draw_purchases: ClassVar[Callable[..., tuple[Any, Floats]]]

    @property
    def _future(self) -> Any:
        """Whose functions of a new customer describe the living: this model, unless its new customers differ."""
        return self

    # ---- customers with a history -----------------------------------------------------------------------------

    def _expected_if_alive(self, params: Sequence[float], columns: Columns, t: float) -> Floats:
        """Expected purchases within t of a customer who is alive."""
        return self._of_living(params, columns, lambda s: self._future._expected_purchases_new(s, np.float64(t)))

    def _expected(self, params: Sequence[float], columns: Columns, t: float) -> Floats:
        """Conditional expectation: P(alive) times the expectation of the living."""
        return self._probability_alive(params, *columns) * self._expected_if_alive(params, columns, t)

    def _discounted_if_alive(self, params: Sequence[float], columns: Columns, t: float, delta: float) -> Floats:
        """Discounted expected purchases within t of a customer who is alive; t may be infinite."""

        def discounted(state: tuple[Any, ...]) -> Floats:
            def expected(u: Floats, rows: NDArray[np.intp]) -> Floats:
                return np.asarray(self._future._expected_purchases_new(tuple(p[rows] for p in state), u))

            return discounted_total(expected, t, delta, self._time_scale(state))

        return self._of_living(params, columns, discounted)

    def _active(self, params: Sequence[float], columns: Columns, t: float) -> Floats:
        """P(at least one purchase within t): alive, and then as a new customer with the updated parameters."""
        living = self._of_living(params, columns, lambda s: self._future._sf_new(s, np.float64(0.0), np.float64(t)))
        return self._probability_alive(params, *columns) * living

    def _survival_if_alive(self, params: Sequence[float], columns: Columns, t: float) -> Floats:
        """P(alive) at a time t after the end of observation, of a customer who is alive at that end."""
        return self._of_living(params, columns, lambda s: self._future._survival_new(s, np.float64(t)))

    def _counts(self, params: Sequence[float], columns: Columns, n: Floats, start: float, t: float) -> Floats:
        """P(n purchases in (start, start + t] from the end of observation), shape (rows, counts)."""
        alive = self._probability_alive(params, *columns)[:, None]
        state = tuple(np.asarray(p, dtype=np.float64)[..., None] for p in self._if_alive(params, *columns))
        new = self._future
        living = new._interval_pmf_new(state, n, start, t) if start > 0 else new._pmf_new(state, n, t)
        return np.asarray(alive * living + (1 - alive) * (n == 0))

    def _of_living(
        self, params: Sequence[float], columns: Columns, total: Callable[[tuple[Any, ...]], Floats]
    ) -> Floats:
        """Evaluate a quantity of the living once for each distinct row of the columns that it rests on."""
        rows = distinct_rows(
            [c for c, name in zip(columns, self._columns, strict=True) if name in self._future_columns]
        )
        return rows.spread(total(self._state(params, rows.columns)))

    def _of_future(self, columns: Columns) -> list[Floats]:
        """Those of the model's columns that the future of the living rests on."""
        return [c for c, name in zip(columns, self._columns, strict=True) if name in self._future_columns]

    def _state(self, params: Sequence[Any], columns: Sequence[Floats]) -> tuple[Floats, ...]:
        """Parameters of the living, one number per row each; `columns` are those of `_of_future`."""
        known = dict(zip(self._future_columns, columns, strict=True))
        nothing = np.zeros_like(columns[0])
        state = self._if_alive(params, *(known.get(name, nothing) for name in self._columns))
        return tuple(np.broadcast_to(np.asarray(p, dtype=np.float64), nothing.shape) for p in state)

    @staticmethod
    def _time_scale(state: tuple[Floats, ...]) -> Floats:
        """Shortest time on which the expectation of the living bends."""
        return state[1]

    # ---- new customers ----------------------------------------------------------------------------------------

    def _interval_pmf_new(self, params: Sequence[Any], n: Floats, start: float, t: float) -> Floats:
        """P(X(start, start + t] = n) of a new customer.

        Gone by `start` there is nothing; alive, the count before it updates the parameters. Counts before are summed
        until no more than 1e-13 of probability is left.
        """
        begin, last = np.float64(start), 4.0
        while np.max(self._sf_new(params, np.float64(last), begin)) > _TAIL and last < _MOST_BEFORE:
            last *= 2
        total: Floats = (1 - self._survival_new(params, begin)) * (np.asarray(n) == 0)
        for before in np.arange(last + 1):
            at_start = {"frequency": before, "T": begin, "opportunities": begin}
            state = self._if_alive(params, *(at_start.get(name, np.float64(0.0)) for name in self._columns))
            total = total + self._pmf_alive_new(params, before, begin) * self._future._pmf_new(state, n, t)
        return total
