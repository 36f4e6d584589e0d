"""What a purchase model is to its users: frames in, the model's array functions over distinct rows, frames out.

Think twice before adding a method: what only one model needs belongs into that model's file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from customer_value._frames import Backend, EagerFrame, FrameT, to_eager, with_arrays
from customer_value._units import Day
from customer_value._validation import (
    float_array,
    interval_level,
    number,
    require_rows,
    require_same_ruler,
    summary_arrays,
    time_unit_of,
    whole_counts,
    whole_number,
)
from customer_value.clv._conditional import ConditionalModel
from customer_value.clv._intervals import delta_interval
from customer_value.clv._mle import LOG_LOW
from customer_value.clv._posterior import posterior_moments
from customer_value.clv._reading import fit_counts, fit_rows
from customer_value.clv._rows import DistinctRows, Floats, distinct_rows
from customer_value.clv._simulation import require_size, simulate_log
from customer_value.clv._spend import SpendModel
from customer_value.errors import FitWarning, InputError, warn


def require_purchase_model(model: object) -> None:
    """Raise unless this is a purchase model, and fitted."""
    if not isinstance(model, PurchaseModel):
        raise InputError(
            f"purchase_model must be a purchase model such as clv.ParetoNBD(); got {type(model).__name__}."
        )
    model._require_fitted()


class PurchaseModel(ConditionalModel):
    """A model of when customers buy and leave, fitted on frequency, recency and T.

    A subclass gives the array functions of its paper; `ConditionalModel` makes predictions of them; this class gives
    fitting, frames, intervals and simulation.
    """

    # Columns that enter the likelihood as a constant (Erlang-k's log_intervals): read by a fit, not by predictions.
    _additive: tuple[str, ...] = ()
    _nests: ClassVar[tuple[str, ...]] = ()  # classes that are special cases of this one

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
        columns, counts, time_unit = fit_counts(summary, (*self._columns, *self._additive), weights, self._maker)
        columns, additive = columns[: len(self._columns)], columns[len(self._columns) :]
        constant = float(counts @ self._constant(columns[0], *additive)) if additive else 0.0
        distinct, distinct_counts = fit_rows(columns, counts, np.ones(counts.size, dtype=bool))
        if not (distinct[0] > 0).any():
            raise InputError(
                f"{type(self).__name__} cannot be fitted: no customer has a repeat purchase (frequency is 0 in all "
                f"{counts.sum():,.0f} rows). Observe longer, or check that the log holds more than first purchases."
            )
        if not (distinct[-1] > 0).any():
            raise InputError(
                f"{self._columns[-1]} is 0 for every customer: nothing was observed after the first purchase."
            )
        self._fit_arrays(distinct, distinct_counts, time_unit, {}, constant)
        self.diagnostics_["dropout_gain"] = self._dropout_gain(distinct, distinct_counts)
        return self

    # ---- predictions ------------------------------------------------------------------------------------------

    def probability_alive(self, summary: Any, horizon: float | str | None = None) -> Floats:
        """Return P(alive) at the end of observation, or at the end of a horizon after it, one number per row.

        Where the data put the dropout process at its boundary (no one leaves, as far as they tell) it is NaN, with a
        warning: such data cannot support the number.
        """
        rows = self._rows_of(self._open(summary)[0])
        alive = self._alive_or_nan(rows.columns)
        if horizon is not None:
            with np.errstate(invalid="ignore"):
                alive = alive * self._survival_if_alive(self._theta, rows.columns, self._horizon(horizon))
        return rows.spread(alive)

    def probability_active(self, summary: Any, horizon: float | str) -> Floats:
        """Return the probability of at least one purchase within the horizon, one number per row."""
        rows = self._rows_of(self._open(summary)[0])
        return rows.spread(self._active(self._theta, rows.columns, self._horizon(horizon)))

    def expected_purchases(self, summary: Any, horizon: float | str) -> Floats:
        """Return the expected number of purchases within the horizon, one number per row."""
        rows = self._rows_of(self._open(summary)[0])
        return rows.spread(self._expected(self._theta, rows.columns, self._horizon(horizon)))

    def discounted_expected_purchases(
        self,
        summary: Any,
        horizon: float | str = "forever",
        *,
        annual_discount_rate: float | None = None,
        discount_rate: float | None = None,
    ) -> Floats:
        """Return the discounted expected residual purchases, one number per row (the papers' DERT).

        Parameters
        ----------
        summary
            Customer summary on the model's ruler.
        horizon
            Number of time units, a text such as ``"12 months"``, or ``"forever"``.
        annual_discount_rate, discount_rate
            Discount rate per year, or per time unit of the model; give one. Each purchase is discounted at its own
            time, continuously at ln(1 + rate).

        Returns
        -------
        Array of discounted numbers of purchases.

        Raises
        ------
        InputError
            The horizon is ``"forever"`` and the discount rate 0: such a sum need not have a limit.
        """
        rows = self._rows_of(self._open(summary)[0])
        t = self._horizon(horizon, forever=True)
        delta = self._discount(t, annual_discount_rate, discount_rate)
        alive = self._probability_alive(self._theta, *rows.columns)
        return rows.spread(alive * self._discounted_if_alive(self._theta, rows.columns, t, delta))

    def expected_purchases_new(self, horizon: float | str | Sequence[float] | Floats) -> Any:
        """Return the expected repeat purchases of a new customer: a float, or an array for several horizons."""
        self._require_fitted()
        if isinstance(horizon, (str, int, float, np.integer)):
            return float(self._expected_purchases_new(self._theta, np.array([self._horizon(horizon)]))[0])
        times = float_array(horizon, "horizon")
        self._require_times(times, "horizon")
        return self._expected_purchases_new(self._theta, times)

    def purchase_distribution(
        self, summary: Any, horizon: float | str, counts: Sequence[int], *, start: float | str = 0
    ) -> Floats:
        """Return P(exactly k purchases within the horizon) for each row and each k of `counts`, shape (n, len(counts)).

        The horizon begins at the end of observation, or the time `start` after it. The parameters are taken as they
        are; their uncertainty is in the intervals of `predict`.
        """
        rows = self._rows_of(self._open(summary)[0])
        k = whole_counts(counts, "counts")
        t, begin = self._horizon(horizon), self._start(start)
        return rows.spread(self._counts(self._theta, rows.columns, k, begin, t).T).T

    def purchase_distribution_new(
        self, horizon: float | str, counts: Sequence[int], *, start: float | str = 0
    ) -> Floats:
        """Return P(exactly k repeat purchases) of a new customer within the horizon, one number for each k of `counts`.

        The horizon begins with the first purchase, or the time `start` after it.
        """
        self._require_fitted()
        k, t, begin = whole_counts(counts, "counts"), self._horizon(horizon), self._start(start)
        if begin == 0:
            return np.asarray(self._pmf_new(self._theta, k, np.float64(t)))
        return np.asarray(self._interval_pmf_new(self._theta, k, begin, t))

    def posterior_rates(self, summary: FrameT) -> FrameT:
        """Add each customer's own rates as far as the history tells them: posterior means and standard deviations.

        Parameters
        ----------
        summary
            Customer summary on the model's ruler. Eager; a polars LazyFrame is collected once and comes back lazy.

        Returns
        -------
        The frame with the columns of the model's rates, such as purchase_rate (while alive, per time unit) and
        dropout_rate (per time unit) or dropout_probability (at each purchase), and each one's ``_sd``.
        """
        frame, back = self._open(summary)
        rows = self._rows_of(frame)
        moments = posterior_moments(
            self._mixing,
            self.params_,
            lambda params: np.asarray(self._log_likelihood(tuple(params.values()), *rows.columns)),
        )
        result: FrameT = back(with_arrays(frame, {name: rows.spread(values) for name, values in moments.items()}))
        return result

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
        self._require_times(np.array([length]), "duration")
        n = whole_number(n_customers, "n_customers", low=1)
        require_size(self, n, length)
        customer, time = self._draw_purchases(self._theta, np.full(n, length), rng)
        return pd.DataFrame({"customer": customer, "time": time})

    def simulate_log(
        self,
        n_customers: int,
        *,
        start: Day,
        observation_end: Day,
        acquired_until: Day | None = None,
        spend_model: SpendModel | None = None,
        random_state: int = 0,
        backend: Backend = "pandas",
    ) -> Any:
        """Draw a transaction log of new customers, first purchases included.

        Parameters
        ----------
        n_customers
            How many customers, numbered from 1.
        start
            First day of first purchases.
        observation_end
            Last day observed, inclusive and whole.
        acquired_until
            Last day of first purchases, which are spread evenly over the time from `start`. By default all customers
            first buy on the day `start`.
        spend_model
            Fitted spend model that amounts are drawn from, unrounded; without one each amount is 1.
        random_state
            Seed. Dates do not depend on the spend model.
        backend
            Library of the frame: "pandas", "polars" or "pyarrow".

        Returns
        -------
        DataFrame with columns customer_id, date (timestamp) and amount, sorted by customer and time, as
        `summarize_customers` reads it (which counts purchases of one day as one). A model of opportunities dates a
        repeat purchase on the first day of its calendar period, in whole periods only, as `summarize_opportunities`
        counts them.

        Raises
        ------
        InputError
            The model has no time unit, days are out of order, or there may be more than a billion purchases.
        """
        window = (start, acquired_until, observation_end)
        return simulate_log(self, n_customers, window, spend_model, random_state, backend)

    def _constant(self, x: Floats, *additive: Floats) -> Floats:
        """Part of each row's log-likelihood that no parameter moves, from the additive columns."""
        return np.zeros_like(x)

    def _total_log_likelihood(self, frame: EagerFrame) -> float:
        """Log-likelihood of a summary under the parameters that the model has."""
        rows = self._rows_of(frame)
        return float(self._log_likelihood(self._theta, *rows.columns) @ rows.counts) + self._total_constant(frame)

    def _total_constant(self, frame: EagerFrame) -> float:
        """Part of a summary's log-likelihood that no parameter moves, for a model that is fitted."""
        return 0.0

    # ---- how far the data carry -------------------------------------------------------------------------------

    def _dropout_gain(self, columns: tuple[Floats, ...], counts: Floats) -> float | None:
        """Log-likelihood that dropout adds at these purchase rates; None for a model without any.

        An upper bound of what it adds to a refitted model without dropout, which `check_assumptions` reports.
        """
        if not self._dropout:
            return None
        without = tuple((self.params_ | {self._dropout[0]: math.exp(LOG_LOW)}).values())
        gains = self._log_likelihood(self._theta, *columns) - self._log_likelihood(without, *columns)
        return float(gains @ counts)

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

    # ---- frames -----------------------------------------------------------------------------------------------

    def _open(self, summary: object) -> tuple[EagerFrame, Callable[[EagerFrame], Any]]:
        self._require_fitted()
        frame, back = to_eager(summary, "summary", type(self).__name__)
        require_same_ruler(self.time_unit_, time_unit_of(frame), type(self).__name__)
        return frame, back

    def _rows_of(self, frame: EagerFrame) -> DistinctRows:
        return distinct_rows(tuple(summary_arrays(frame, self._columns, maker=self._maker).values()))

    def _require_times(self, times: Floats, name: str) -> None:
        """Raise unless times from a first purchase on are such as the model knows."""
        require_rows(np.isfinite(times) & (times >= 0), f"{name} must be 0 or above and finite")

    def _start(self, start: float | str) -> float:
        return 0.0 if isinstance(start, (int, float)) and start == 0 else self._horizon(start, name="start")
