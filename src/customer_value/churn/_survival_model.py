"""What models of time to churn share: from a frame and a horizon to probabilities, times and intervals."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from customer_value._frames import EagerFrame, FrameT, empty_frame, make_frame, to_eager, with_arrays
from customer_value._stats.intervals import normal_quantile
from customer_value._units import in_units
from customer_value._validation import (
    MOST_POINTS,
    float_array,
    interval_level,
    number,
    numeric_column,
    require_rows,
    require_same_ruler,
    require_some,
    time_unit_of,
)
from customer_value.churn._covariates import Covariates, learn_covariates
from customer_value.churn._profiles import distinct_profiles
from customer_value.churn._protocol import Arguments
from customer_value.churn._spells import Floats, Rows, Spells, read_spells, require_event
from customer_value.errors import DataWarning, InputError, NotFittedError, warn

_NEAR = 0.01  # of the longest time observed: a risk set that begins this early begins at the start


class SurvivalModel(Arguments):
    """A model of time to churn; a subclass fits it and gives the survival of rows of a matrix."""

    columns_: dict[str, Any]
    covariates_: Covariates
    time_unit_: str | None
    n_customers_: float
    n_events_: float
    left_out_: int
    log_likelihood_: float
    first_time_: float
    last_time_: float

    @abstractmethod
    def _log_survival(self, matrix: Floats, start: Floats, horizons: Floats) -> Floats:
        """Log of the probability to last the horizons from `start` on, given being there then; (rows, horizons)."""

    @abstractmethod
    def _expected(self, matrix: Floats, start: Floats, horizon: float) -> Floats:
        """Area under each row's survival from `start` to the horizon."""

    @abstractmethod
    def _spread(self, matrix: Floats, start: Floats, horizon: float) -> Floats:
        """Standard error of the log of survival, row by row."""

    @abstractmethod
    def _beyond(self) -> str:
        """What happens beyond the longest time observed, as the end of a sentence."""

    # ---- fitting ----------------------------------------------------------------------------------------------

    def _read(
        self, frame: object, columns: dict[str, Any], features: Sequence[str] | None, *, nulls: bool
    ) -> tuple[Spells, Floats, dict[str, Any]]:
        """Return the spells of a frame, their covariates, and what the fit is to remember of both."""
        opened, _ = to_eager(frame, "frame", f"{type(self).__name__}.fit")
        spells = read_spells(opened, **columns)
        require_event(spells, str(columns["event"]))
        taken = {name for name in columns.values() if name is not None}
        covariates, matrix = learn_covariates(opened, features, taken, spells.row, spells.weight, nulls=nulls)
        learned = {
            "columns_": columns,
            "covariates_": covariates,
            "time_unit_": time_unit_of(opened),
            "n_customers_": float(spells.weight.sum()),
            "n_events_": float(spells.weight @ spells.event),
            "left_out_": spells.left_out,
            "first_time_": float(spells.entry.min()),
            "last_time_": float(spells.duration.max()),
        }
        return spells, matrix, learned

    def _learn(self, learned: dict[str, Any]) -> Self:
        for name, value in learned.items():
            setattr(self, name, value)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return "covariates_" in self.__dict__

    def __repr__(self) -> str:
        head = f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.get_params(deep=False).items())})"
        if not self.__sklearn_is_fitted__():
            return head
        unit = f", time in {self.time_unit_}s" if self.time_unit_ else ""
        names = list(self.covariates_.levels)
        return (
            f"<{head}: {self.n_events_:,.0f} of {self.n_customers_:,.0f} left; {len(names)} covariates; "
            f"log-likelihood {self.log_likelihood_:.3f}{unit}>"
        )

    # ---- predicting -------------------------------------------------------------------------------------------

    def survival(
        self, frame: object, horizon: float | str | Sequence[float] | Floats, *, given: float | str | None = None
    ) -> Floats:
        """Return the probability that each customer is still there after a time.

        Parameters
        ----------
        frame
            Customers with the covariates of the fit. Eager; a polars LazyFrame is collected once.
        horizon
            Time from `given` on, in the unit of the durations; several of them give a column each. A text such as
            ``"12 months"`` where the frame of the fit had `time_unit`.
        given
            How long the customers are known to have been there: a column, such as their tenure, or one number for all.
            By default 0: new customers.

        Returns
        -------
        ndarray, one number per row, or one row of numbers where several horizons were given.
        """
        opened, _, start = self._open(frame, given)
        several = np.ndim(horizon) > 0
        horizons = self._horizons(horizon) if several else np.array([self._horizon(horizon)])
        self._tell_reach(start, float(horizons.max()))
        matrix, start, place = self._distinct(opened, start)
        lasts = np.exp(self._log_survival(matrix, start, horizons))[place]
        return lasts if several else lasts[:, 0]

    def churn_probability(self, frame: object, horizon: float | str, *, given: float | str | None = None) -> Floats:
        """Return the probability that each customer leaves within a horizon, given that he is there now.

        Parameters
        ----------
        frame
            Customers with the covariates of the fit.
        horizon
            Time from now on, in the unit of the durations, or a text such as ``"12 months"``.
        given
            The customers' time until now: a column or a number. By default 0: new customers.

        Returns
        -------
        ndarray, one number per row.
        """
        opened, _, start = self._open(frame, given)
        t = self._horizon(horizon)
        self._tell_reach(start, t)
        matrix, start, place = self._distinct(opened, start)
        return np.asarray(-np.expm1(self._log_survival(matrix, start, np.array([t]))[place, 0]))

    def expected_time(self, frame: object, horizon: float | str, *, given: float | str | None = None) -> Floats:
        """Return how much of a horizon each customer is expected to stay for (restricted mean time to churn).

        A mean without an end would rest on a tail that was never observed, so the horizon is required; those who
        outlast it count with its length.

        Parameters
        ----------
        frame
            Customers with the covariates of the fit.
        horizon
            Time from now on, in the unit of the durations, or a text such as ``"12 months"``.
        given
            The customers' time until now: a column or a number. By default 0: new customers.

        Returns
        -------
        ndarray, one number per row, from 0 to the horizon.
        """
        opened, _, start = self._open(frame, given)
        t = self._horizon(horizon)
        self._tell_reach(start, t)
        matrix, start, place = self._distinct(opened, start)
        return np.asarray(self._expected(matrix, start, t)[place])

    def predict(
        self, frame: FrameT, horizon: float | str, *, given: float | str | None = None, interval: float | None = None
    ) -> FrameT:
        """Add churn_probability and expected_time to a frame.

        Parameters
        ----------
        frame
            Customers with the covariates of the fit. Eager; a polars LazyFrame is collected once and comes back lazy.
        horizon
            Time from now on, in the unit of the durations, or a text such as ``"12 months"``.
        given
            The customers' time until now: a column or a number. By default 0: new customers.
        interval
            Coverage of the interval of the probability, such as 0.9, which adds churn_probability_lower and _upper:
            what the estimates' uncertainty brings, by the delta method on the scale of log(-log S).

        Returns
        -------
        The frame with the new columns, same rows in the same order.
        """
        opened, back, start = self._open(frame, given)
        t, level = self._horizon(horizon), interval_level(interval)
        self._tell_reach(start, t)
        matrix, start, place = self._distinct(opened, start)
        lost = -self._log_survival(matrix, start, np.array([t]))[:, 0]
        columns = {"churn_probability": -np.expm1(-lost), "expected_time": self._expected(matrix, start, t)}
        if level is not None:
            # The cumulative hazard is positive: an interval of its logarithm stays within probabilities.
            with np.errstate(invalid="ignore", divide="ignore"):
                off = np.where(lost > 0, normal_quantile(level) * self._spread(matrix, start, t) / lost, 0.0)
            columns["churn_probability_lower"] = -np.expm1(-lost * np.exp(-off))
            columns["churn_probability_upper"] = -np.expm1(-lost * np.exp(off))
        result: FrameT = back(with_arrays(opened, {name: values[place] for name, values in columns.items()}))
        return result

    def curve(self, frame: object, periods: int | Sequence[float] | Floats, *, given: float | str | None = None) -> Any:
        """Return the mean survival of a frame's customers by time, as a pandas DataFrame for `plots.survival`.

        Parameters
        ----------
        frame
            Customers with the covariates of the fit.
        periods
            The last time of the curve (then every whole number up to it), or all times.
        given
            The customers' time until now: a column or a number. By default 0: new customers.

        Returns
        -------
        DataFrame with columns period and survival.
        """
        if np.ndim(periods) == 0:
            periods = np.arange(1.0, number(periods, "periods", low=1, high=MOST_POINTS) + 1)
        times = self._horizons(periods)
        opened, _, start = self._open(frame, given)
        self._tell_reach(start, float(times.max()))
        matrix, start, place = self._distinct(opened, start)
        mean = np.bincount(place) @ np.exp(self._log_survival(matrix, start, times)) / place.size
        columns = {"period": np.append(0.0, times), "survival": np.append(1.0, mean)}
        if (times == np.floor(times)).all():
            columns["period"] = columns["period"].astype(np.int64)
        return make_frame(columns, like=empty_frame("pandas")).to_native()

    # ---- reading what is asked --------------------------------------------------------------------------------

    def _require_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(f"this {type(self).__name__} has not been fitted: call fit(frame, ...) first.")

    def _open(self, frame: object, given: float | str | None) -> tuple[EagerFrame, Callable[[EagerFrame], Any], Floats]:
        self._require_fitted()
        opened, back = to_eager(frame, "frame", type(self).__name__)
        require_some(len(opened), "frame")
        require_same_ruler(self.time_unit_, time_unit_of(opened), type(self).__name__)
        if isinstance(given, str):
            start = numeric_column(opened, given, what="frame")
            require_rows(start >= 0, f"{given} must be 0 or above")
        else:
            start = np.full(len(opened), 0.0 if given is None else number(given, "given", low=0))
        return opened, back, start

    def _matrix(self, frame: EagerFrame) -> Floats:
        return self.covariates_.matrix(frame, nulls=False)

    def _distinct(self, frame: EagerFrame, start: Floats) -> tuple[Floats, Floats, Rows]:
        """Return the distinct rows of covariates and starts, and each row's place among them."""
        rows, place = distinct_profiles(np.column_stack([self._matrix(frame), start]))
        return rows[:, :-1], rows[:, -1], place

    def _horizon(self, horizon: Any) -> float:
        return in_units(horizon, self.time_unit_)

    def _horizons(self, horizons: Any) -> Floats:
        times = float_array(horizons, "horizon")
        if not times.size:
            raise InputError("horizon must hold at least one time; got none.")
        require_rows(np.isfinite(times) & (times >= 0), "horizon must be 0 or above and finite")
        return times

    def _tell_reach(self, start: Floats, horizon: float) -> None:
        """Warn where an answer rests on times at which nobody was observed."""
        if far := int((start + horizon > self.last_time_ * (1 + 1e-9)).sum()):
            warn(
                f"{far} of {start.size} rows look beyond {self.last_time_:g}, the longest time observed: "
                f"{self._beyond()}.",
                DataWarning,
            )
        unseen = self.first_time_ > _NEAR * self.last_time_
        if unseen and (early := int((start < self.first_time_).sum())):
            warn(
                f"{early} of {start.size} rows begin before {self.first_time_:g}, the earliest time at which anyone "
                "was under observation: what happens until then is not in the data. Say by given= how long customers "
                "have been there.",
                DataWarning,
            )
