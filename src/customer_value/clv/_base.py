"""What a purchase model is: frames in, the model's array functions over distinct rows, frames out.

Think twice before adding a method: what only one model needs belongs into that model's file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from customer_value._frames import EagerFrame, FrameT, to_eager, with_arrays
from customer_value._units import as_float, in_units
from customer_value._validation import (
    LARGEST,
    float_array,
    interval_level,
    number,
    require_rows,
    require_same_ruler,
    summary_arrays,
    time_unit_of,
    whole_number,
)
from customer_value.clv._intervals import delta_interval, log_spread
from customer_value.clv._mle import LOG_LOW
from customer_value.clv._model import Model
from customer_value.clv._quadrature import discounted_total
from customer_value.clv._reading import fit_counts, fit_rows
from customer_value.clv._rows import DistinctRows, Floats, distinct_rows
from customer_value.errors import FitWarning, InputError, warn

_MOST_PURCHASES = 1e9  # of a simulation


def require_purchase_model(model: object) -> None:
    """Raise unless this is a purchase model, and fitted."""
    if not isinstance(model, PurchaseModel):
        raise InputError(
            f"purchase_model must be a purchase model such as clv.ParetoNBD(); got {type(model).__name__}."
        )
    model._require_fitted()


class PurchaseModel(Model):
    """A model of when customers buy and leave, fitted on frequency, recency and T.

    A subclass gives the array functions of its paper; this class gives fitting, predictions on frames, distributions,
    discounting and intervals. All rest on one property: given that a customer is alive at T, the future is that of a
    new customer with updated parameters (`_if_alive`).
    """

    _columns: ClassVar[tuple[str, ...]] = ("frequency", "recency", "T")
    _dropout: ClassVar[tuple[str, ...]] = ()  # parameters of the dropout process; the first one at 0 turns it off
    _probability_alive: ClassVar[Callable[..., Floats]]
    _if_alive: ClassVar[Callable[..., tuple[Any, ...]]]
    _expected_purchases_new: ClassVar[Callable[..., Floats]]
    _pmf_new: ClassVar[Callable[..., Floats]]
    _sf_new: ClassVar[Callable[..., Floats]]
    _draw_purchases: ClassVar[Callable[..., tuple[Any, Floats]]]

    def fit(self, summary: Any, y: None = None, *, weights: str | Sequence[float] | Floats | None = None) -> Self:
        """Fit by maximum likelihood.

        Parameters
        ----------
        summary
            Customer summary (`summarize_customers` makes it) with the columns frequency (count), recency and T (in one
            time unit). A lazy frame is counted by its own engine and only distinct rows are collected.
        y
            Ignored; scikit-learn's convention.
        weights
            How many customers each row stands for: a column name, or an array with one number per row.

        Returns
        -------
        The fitted model itself.

        Raises
        ------
        InputError
            A column is missing or breaks a rule; the message names rule, rows and remedy.
        ConvergenceError
            No start reached an optimum.
        """
        columns, counts, time_unit = fit_counts(summary, self._columns, weights)
        distinct, distinct_counts = fit_rows(columns, counts, np.ones(counts.size, dtype=bool))
        x = distinct[0]
        if not (x > 0).any():
            raise InputError(
                f"{type(self).__name__} cannot be fitted: no customer has a repeat purchase (frequency is 0 in all "
                f"{counts.sum():,.0f} rows). Observe longer, or check that the log holds more than first purchases."
            )
        if not (distinct[2] > 0).any():
            raise InputError("T is 0 for every customer: nothing was observed after the first purchase.")
        self._fit_arrays(distinct, distinct_counts, time_unit, {})
        self.diagnostics_["dropout_gain"] = self._dropout_gain(distinct, distinct_counts)
        return self

    # ---- predictions ------------------------------------------------------------------------------------------

    def probability_alive(self, summary: Any) -> Floats:
        """Return P(alive) at the end of observation, one number per row.

        Where the data put the dropout process at its boundary (no one leaves, as far as they tell) it is NaN, with a
        warning: such data cannot support the number.
        """
        rows = self._rows_of(self._open(summary)[0])
        return rows.spread(self._alive_or_nan(rows.columns))

    def probability_active(self, summary: Any, horizon: float | str) -> Floats:
        """Return the probability of at least one purchase within the horizon, one number per row."""
        rows = self._rows_of(self._open(summary)[0])
        return rows.spread(self._active(self._theta, rows.columns, self._horizon(horizon)))

    def expected_purchases(self, summary: Any, horizon: float | str) -> Floats:
        """Return the expected number of purchases within the horizon, one number per row."""
        rows = self._rows_of(self._open(summary)[0])
        return rows.spread(self._expected(self._theta, rows.columns, self._horizon(horizon)))

    def expected_purchases_new(self, horizon: float | str | Sequence[float] | Floats) -> Any:
        """Return the expected repeat purchases of a new customer: a float, or an array for several horizons."""
        self._require_fitted()
        if isinstance(horizon, (str, int, float, np.integer)):
            return float(self._expected_purchases_new(self._theta, np.array([self._horizon(horizon)]))[0])
        times = float_array(horizon, "horizon")
        require_rows(np.isfinite(times) & (times >= 0), "horizon must be 0 or above and finite")
        return self._expected_purchases_new(self._theta, times)

    def purchase_distribution(self, summary: Any, horizon: float | str, counts: Sequence[int]) -> Floats:
        """Return P(exactly k purchases within the horizon) for each row and each k of `counts`, shape (n, len(counts)).

        The parameters are taken as they are; their uncertainty is in the intervals of `predict`.
        """
        rows = self._rows_of(self._open(summary)[0])
        t = self._horizon(horizon)
        k = float_array(counts, "counts")
        whole = (k >= 0) & (k == np.floor(k)) & (k < LARGEST)
        require_rows(whole, f"counts must be whole numbers from 0 to below {LARGEST:.0e}")
        if not k.size:
            raise InputError("counts must hold at least one number; got none.")
        alive = self._probability_alive(self._theta, *rows.columns)
        updated = tuple(np.asarray(p)[..., None] for p in self._if_alive(self._theta, *rows.columns))
        return rows.spread((alive[:, None] * self._pmf_new(updated, k, t) + (1 - alive)[:, None] * (k == 0)).T).T

    def predict(self, summary: FrameT, horizon: float | str, interval: float | None = None) -> FrameT:
        """Add p_alive, p_active and expected_purchases to a customer summary.

        Parameters
        ----------
        summary
            Customer summary on the model's ruler. Eager; a polars LazyFrame is collected once and comes back lazy.
        horizon
            Number of time units, or a text such as ``"12 months"``.
        interval
            Coverage of the interval of the mean, such as 0.9, which adds expected_purchases_lower and _upper.

        Returns
        -------
        The frame with the new columns, same rows in the same order.
        """
        frame, back = self._open(summary)
        rows, t = self._rows_of(frame), self._horizon(horizon)
        level = interval_level(interval)
        columns = {
            "p_alive": self._alive_or_nan(rows.columns),
            "p_active": self._active(self._theta, rows.columns, t),
            "expected_purchases": self._expected(self._theta, rows.columns, t),
        }
        if level is not None:
            columns["expected_purchases_lower"], columns["expected_purchases_upper"] = delta_interval(
                columns["expected_purchases"], self._spread(lambda p, c: self._expected(p, c, t), rows.columns), level
            )
        result: FrameT = back(with_arrays(frame, {name: rows.spread(values) for name, values in columns.items()}))
        return result

    def simulate(self, n_customers: int, duration: float, *, random_state: int = 0) -> Any:
        """Draw the repeat purchases of new customers.

        Parameters
        ----------
        n_customers
            How many customers, numbered from 0.
        duration
            Time observed from each customer's first purchase, in time units.
        random_state
            Seed.

        Returns
        -------
        pandas DataFrame with columns customer and time (time units after the first purchase, which is not listed).
        """
        import pandas as pd

        self._require_fitted()
        rng = np.random.default_rng(whole_number(random_state, "random_state"))
        length = number(duration, "duration", low=0, high=math.inf, open_ends=True)
        n = whole_number(n_customers, "n_customers", low=1)
        # Customers only leave, so later time units bring fewer purchases than the first.
        most = as_float(n) * max(length, 1.0) * float(self._expected_purchases_new(self._theta, np.ones(1))[0])
        if most > _MOST_PURCHASES:
            raise InputError(
                f"these arguments may make up to {most:.3g} purchases; at most {_MOST_PURCHASES:.0e} fit. Take fewer "
                "customers or a shorter duration."
            )
        customer, time = self._draw_purchases(self._theta, np.full(n, length), rng)
        return pd.DataFrame({"customer": customer, "time": time})

    # ---- array predictions, from the model's own functions ----------------------------------------------------

    @classmethod
    def _expected_if_alive(cls, params: Sequence[float], columns: tuple[Floats, ...], t: float) -> Floats:
        """Expected purchases within t of a customer who is alive: those of a new one with the updated parameters."""
        return cls._if_alive_total(params, columns, lambda updated: cls._expected_purchases_new(updated, np.float64(t)))

    @classmethod
    def _expected(cls, params: Sequence[float], columns: tuple[Floats, ...], t: float) -> Floats:
        """Conditional expectation: P(alive) times the expectation of the living."""
        return cls._probability_alive(params, *columns) * cls._expected_if_alive(params, columns, t)

    @classmethod
    def _discounted_if_alive(
        cls, params: Sequence[float], columns: tuple[Floats, ...], t: float, delta: float
    ) -> Floats:
        """Discounted expected purchases within t of a customer who is alive (see `discounted_total`)."""
        return cls._if_alive_total(
            params,
            columns,
            lambda updated: discounted_total(lambda u: cls._expected_purchases_new(updated, u), t, delta, updated[1]),
        )

    @classmethod
    def _active(cls, params: Sequence[float], columns: tuple[Floats, ...], t: float) -> Floats:
        """P(at least one purchase within t): alive, and then as a new customer with the updated parameters."""
        return cls._probability_alive(params, *columns) * cls._if_alive_total(
            params, columns, lambda updated: cls._sf_new(updated, np.float64(0.0), np.float64(t))
        )

    @classmethod
    def _if_alive_total(
        cls,
        params: Sequence[float],
        columns: tuple[Floats, ...],
        total: Callable[[tuple[Any, ...]], Floats],
    ) -> Floats:
        """Evaluate a quantity of the living, which depends on x and T only, once for each distinct pair."""
        x, _, T = columns
        pairs = distinct_rows([x, T])
        updated = tuple(
            np.broadcast_to(np.asarray(p, dtype=np.float64), pairs.counts.shape)
            for p in cls._if_alive(params, pairs.columns[0], np.zeros_like(pairs.counts), pairs.columns[1])
        )
        return pairs.spread(total(updated))

    def _dropout_gain(self, columns: tuple[Floats, ...], counts: Floats) -> float | None:
        """Log-likelihood that dropout adds; None for a model without any."""
        if not self._dropout:
            return None
        without = tuple((self.params_ | {self._dropout[0]: math.exp(LOG_LOW)}).values())
        return self.log_likelihood_ - float(self._log_likelihood(without, *columns) @ counts)

    def _alive_or_nan(self, columns: tuple[Floats, ...]) -> Floats:
        gain = self.__dict__.get("diagnostics_", {}).get("dropout_gain")
        if gain is None or gain >= len(self._dropout):  # AIC's price of the parameters
            return self._probability_alive(self._theta, *columns)
        warn(
            f"p_alive is null: dropout adds {gain:.2g} to {type(self).__name__}'s log-likelihood, too little for its "
            f"{len(self._dropout)} parameters (AIC), so the data support no P(alive). Expected purchases do not "
            "rest on it.",
            FitWarning,
        )
        return np.full(columns[0].size, np.nan)

    def _spread(
        self, quantity: Callable[[Sequence[float], tuple[Floats, ...]], Floats], columns: tuple[Floats, ...]
    ) -> Floats:
        """Standard deviation of a quantity's logarithm that the parameters' uncertainty brings, per row."""
        return log_spread(quantity, self._theta, self._covariance_of_logs(), columns)

    # ---- frames -----------------------------------------------------------------------------------------------

    def _open(self, summary: object) -> tuple[EagerFrame, Callable[[EagerFrame], Any]]:
        self._require_fitted()
        frame, back = to_eager(summary, "summary", type(self).__name__)
        require_same_ruler(self.time_unit_, time_unit_of(frame), type(self).__name__)
        return frame, back

    def _rows_of(self, frame: EagerFrame) -> DistinctRows:
        return distinct_rows(tuple(summary_arrays(frame, self._columns).values()))

    def _horizon(self, horizon: float | str) -> float:
        self._require_fitted()
        return in_units(horizon, self.time_unit_)
