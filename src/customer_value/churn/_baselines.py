"""How the hazard of a typical customer runs over the periods of his life: columns that a model learns weights of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from customer_value.churn._spells import Floats, Rows

Baseline = Literal["spline", "log", "linear", "dummies"]
BASELINES = get_args(Baseline)

# Harrell (2015), Regression Modeling Strategies, table 2.3: quantiles of five knots.
_KNOTS = (0.05, 0.275, 0.5, 0.725, 0.95)


@dataclass(frozen=True)
class TimeBasis:
    """Columns of a period's number: its logarithm or the number, a spline of the logarithm, or a level each."""

    kind: str
    knots: Floats

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        if self.kind == "log":
            return ["log(period)"]
        if self.kind == "linear":
            return ["period"]
        if self.kind == "spline":
            return ["log(period)", *(f"spline {i}" for i in range(1, self.knots.size - 1))]
        return [f"period[{knot:g}]" for knot in self.knots[1:]]

    def columns(self, period: Floats | Rows) -> Floats:
        """Return a row of columns for each period."""
        if self.kind == "linear":
            return np.asarray(period[:, None], dtype=np.float64)
        if self.kind == "dummies":
            level = np.minimum(np.searchsorted(self.knots, period), self.knots.size - 1)
            return np.asarray(level[:, None] == np.arange(1, self.knots.size), dtype=np.float64)
        x: Floats = np.log(period)
        if self.kind == "log":
            return x[:, None]
        return np.column_stack([x, _restricted(x, np.log(self.knots))])


def learn_basis(kind: str, period: Rows, events: Floats) -> TimeBasis:
    """Place knots where the events are.

    With "dummies" every period with an event has a hazard of its own, and a period without one shares that of the next
    (the last: of the one before), since a hazard of exactly 0 has no logarithm.
    """
    order = np.argsort(period, kind="stable")
    at, total = np.unique(period[order], return_inverse=True)
    weight = np.bincount(total, events[order])
    at, weight = at[weight > 0], weight[weight > 0]
    if kind != "spline":
        return TimeBasis(kind, at.astype(np.float64))
    reached = np.searchsorted(np.cumsum(weight) / weight.sum(), np.array(_KNOTS) * (1 - 1e-12))
    knots = np.unique(at[reached]).astype(np.float64)
    return TimeBasis("spline", knots if knots.size > 2 else knots[:2])


def _restricted(x: Floats, knots: Floats) -> Floats:
    """Return the columns of a cubic spline that is a straight line beyond its outer knots (Harrell 2015, eq. 2.25)."""
    if knots.size < 3:
        return np.empty((x.size, 0))
    *inner, before_last, last = knots
    cube = {knot: np.maximum(x - knot, 0.0) ** 3 for knot in knots}
    gap = last - before_last
    columns = [
        cube[knot] - cube[before_last] * (last - knot) / gap + cube[last] * (before_last - knot) / gap for knot in inner
    ]
    return np.asarray(np.column_stack(columns) / (last - knots[0]) ** 2)
