"""What BG/CNBD-k and MBG/CNBD-k share: all but the first coin. The mathematics stands in the `_erlang` files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from customer_value._validation import summary_arrays, whole_number
from customer_value.clv import _erlang
from customer_value.clv._base import PurchaseModel
from customer_value.clv._erlang_forever import discounted_forever
from customer_value.clv._erlang_future import ErlangFuture
from customer_value.clv._mle import maximize
from customer_value.clv._posterior import Beta, Gamma, Mixing
from customer_value.clv._special import Floats
from customer_value.errors import ConvergenceError, FitWarning, InputError, NotFittedError, warn

LARGEST_K = 20
_FALLS = 2  # values of k in a row without a gain after which "auto" stops


class RegularModel(PurchaseModel):
    """A model of customers with Erlang-k times between purchases and beta-geometric dropout."""

    _parameters: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    _columns: ClassVar[tuple[str, ...]] = ("frequency", "recency", "T")
    _future_columns: ClassVar[tuple[str, ...]] = ("frequency", "recency", "T")
    _dropout: ClassVar[tuple[str, ...]] = ("a", "b")
    _learned: ClassVar[tuple[str, ...]] = ("k_",)
    _maker: ClassVar[str] = "summarize_customers(log, observation_end=..., regularity=True) makes them"
    _first: ClassVar[int]  # 1 where a customer may leave right after his first purchase, else 0

    k_: int

    def __init__(self, k: int | str = "auto") -> None:
        self.k = k

    @classmethod
    def from_params(cls, *, time_unit: str | None = None, **params: Any) -> Self:
        """Make a model of known parameters.

        Parameters
        ----------
        time_unit
            Ruler on which the parameters hold, such as ``"week"``; without it horizons must be numbers.
        **params
            The regularity k, a whole number, and the parameters r, alpha, a and b, each above 0.

        Returns
        -------
        The model, ready to predict. It has no standard errors, hence no intervals of means.

        Raises
        ------
        InputError
            A parameter is missing, unknown, or not above 0; k is not a whole number from 1 to 20.
        """
        model = super().from_params(time_unit=time_unit, **params)
        if model._asked() is not None:
            model.k_ = model._asked()
        return model

    def fit(self, summary: Any, y: None = None, *, weights: str | Sequence[float] | Floats | None = None) -> Self:
        """Fit by maximum likelihood.

        Parameters
        ----------
        summary
            Customer summary with the columns frequency (count), recency and T (in one time unit), and, unless k is 1,
            log_intervals, the sum of the logs of the times between purchases:
            ``summarize_customers(..., regularity=True)`` makes it.
        y
            Ignored; scikit-learn's convention.
        weights
            How many customers each row stands for: a column name, or an array with one number per row.

        Returns
        -------
        The fitted model itself; `k_` is the regularity.

        Raises
        ------
        InputError
            A column is missing or breaks a rule, or k does; the message names rule, rows and remedy.
        ConvergenceError
            No start reached an optimum.
        """
        self._additive = () if self._asked() == 1 else ("log_intervals",)
        return super().fit(summary, y, weights=weights)

    def _asked(self) -> Any:
        """Return the k of the constructor, None for "auto", or raise."""
        if isinstance(self.k, str) and self.k == "auto":
            return None
        if isinstance(self.k, str):
            raise InputError(f'k must be a whole number from 1 to {LARGEST_K}, or "auto"; got {self.k!r}.')
        return whole_number(self.k, "k", low=1, high=LARGEST_K)

    @property
    def _order(self) -> int:
        """The k in use: the learned one, or before a fit the constructor's."""
        return int(self.k_ if "k_" in self.__dict__ else self.k)

    def _require_fitted(self) -> None:
        super()._require_fitted()
        if "k_" not in self.__dict__:
            raise NotFittedError(
                f"this {type(self).__name__} has parameters but no k: give from_params a whole number k."
            )

    # ---- fitting ----------------------------------------------------------------------------------------------

    def _constant(self, x: Floats, *additive: Floats) -> Floats:
        """Parameter-free part of the log-likelihood, (k - 1) sum of logs of intervals - x ln Gamma(k).

        For "auto" that of k = 2, which is the sum of logs itself: `_fit_arrays` makes each k's of it.
        """
        k = self._asked() or 2
        (log_intervals,) = additive
        return np.asarray((k - 1) * log_intervals - x * gammaln(k))

    def _total_constant(self, frame: Any) -> float:
        """As `_constant`, of the k in use."""
        if self._order == 1:
            return 0.0
        sums = summary_arrays(frame, ("frequency", "log_intervals"), maker=self._maker)
        return _constant_of(self._order, float(sums["log_intervals"].sum()), float(sums["frequency"].sum()))

    def _fit_arrays(
        self,
        columns: tuple[Floats, ...],
        weights: Floats,
        time_unit: str | None,
        left_out: dict[str, float],
        constant: float = 0.0,
    ) -> None:
        k, tried = self._asked(), {}
        if k is None:
            tried = self._likelihoods(columns, weights, constant)
            k = max(tried, key=lambda k: tried[k])
            constant = _constant_of(k, constant, float(weights @ columns[0]))
        before = self.__dict__.get("k_")
        self.k_ = k
        try:
            super()._fit_arrays(columns, weights, time_unit, left_out, constant)
        except ConvergenceError:
            del self.k_
            if before is not None:
                self.k_ = before
            raise
        if tried:
            self.diagnostics_["log_likelihood_by_k"] = {str(k): value for k, value in tried.items()}
            if k == LARGEST_K:
                warn(
                    f"{type(self).__name__}: the likelihood still rises at k = {k}, the largest that is tried: "
                    "purchases are nearly as regular as a clock, which a model of intervals tells better.",
                    FitWarning,
                )

    def _likelihoods(self, columns: tuple[Floats, ...], weights: Floats, log_intervals: float) -> dict[int, float]:
        """Largest log-likelihood of each k from 1 on, until two in a row gain nothing on the best before them.

        A k whose fit does not converge is passed over.
        """
        tried: dict[int, float] = {}
        x, t_x, T = columns
        purchases = float(weights @ x)
        last: list[tuple[float, ...]] = []
        failure: ConvergenceError | None = None
        for k in range(1, LARGEST_K + 1):
            trial = type(self)(k)
            starts = [*last, *trial._starts(x, t_x, T, weights)]
            try:
                optimum = maximize(trial._total(columns, weights), starts, f"{type(self).__name__}({k})")
            except ConvergenceError as error:
                failure = error
                continue
            tried[k] = optimum.value + _constant_of(k, log_intervals, purchases)
            r, alpha, a, b = np.exp(optimum.theta).tolist()
            last = [(r, alpha * k / (k + 1), a, b)]  # as many purchases of k + 1 events each
            if sum(later > max(tried, key=lambda k: tried[k]) for later in tried) >= _FALLS:
                break
        if not tried and failure is not None:
            raise failure
        return tried

    def _starts(self, x: Floats, t_x: Floats, T: Floats, weights: Floats) -> list[tuple[float, ...]]:
        """Rate and its spread from the counts as if no one left; then other dropouts and other spreads."""
        k, share = self._order, weights / weights.sum()
        mean, length = float(share @ x), float(share @ T)
        # Regular counts vary less: Var(X) = E(X) / k + E(X)^2 / r or so.
        excess = float(share @ (x - mean) ** 2) - mean / k
        r = min(max(mean**2 / excess, 0.1), 5.0) if excess > 0 else 5.0
        alpha = r * length / (k * mean)
        few = (r, alpha, 0.005, 0.05)  # a few leave at once, the others never
        return [(r, 0.7 * alpha, 1.0, 2.5), (r, alpha, 0.5, 10.0), (1.0, length / (k * mean), 1.0, 1.0), few]

    # ---- customers with a history -----------------------------------------------------------------------------

    def _log_likelihood(self, params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> Floats:
        return _erlang.log_likelihood(self._order, self._first, params, x, t_x, T)

    def _score(self, params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats]:
        rows = _erlang.derivatives(self._order, self._first, params, x, t_x, T)
        return rows[0], rows[1:5]

    def _hessian(self, params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> Floats:
        return np.asarray(_erlang.derivatives(self._order, self._first, params, x, t_x, T)[_erlang.HESSIAN])

    def _objective(
        self, params: Sequence[float], x: Floats, t_x: Floats, T: Floats, weights: Floats
    ) -> tuple[float, Floats, Floats]:
        return _erlang.totals(self._order, self._first, params, (x, t_x, T), weights)

    def _probability_alive(self, params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> Floats:
        return _erlang.probability_alive(self._order, self._first, params, x, t_x, T)

    def _if_alive(self, params: Sequence[Any], x: Floats, t_x: Floats, T: Floats) -> tuple[Any, ...]:
        """Conjugate updates by kx events in T and the coins won, and the time since the last purchase."""
        r, alpha, a, b = params
        return (r + self._order * x, alpha + T, a, b + x + self._first, T - t_x)

    @property
    def _future(self) -> ErlangFuture:
        return ErlangFuture(self._order)

    def _discounted_if_alive(
        self, params: Sequence[float], columns: tuple[Floats, ...], t: float, delta: float
    ) -> Floats:
        """Discounted expected purchases within t of a customer who is alive; for ever in one integral over the rate."""
        if math.isfinite(t):
            return super()._discounted_if_alive(params, columns, t, delta)
        return self._of_living(params, columns, lambda state: discounted_forever(self._order, state, delta))

    @property
    def _mixing(self) -> Mapping[str, Mixing]:  # type: ignore[override]  # the scale depends on k
        return {"purchase_rate": Gamma("r", "alpha", 1 / self._order), "dropout_probability": Beta("a", "b")}

    # ---- new customers ----------------------------------------------------------------------------------------

    def _first_coin(self, params: Sequence[Any]) -> tuple[Any, tuple[Any, ...]]:
        """Chance of staying after the first purchase, and the state of those who stay."""
        r, alpha, a, b = params
        return (b / (a + b) if self._first else 1.0), (r, alpha, a, b + self._first, 0.0)

    def _expected_purchases_new(self, params: Sequence[Any], t: Floats) -> Floats:
        stays, state = self._first_coin(params)
        return np.asarray(stays * self._future._expected_purchases_new(state, t))

    def _survival_new(self, params: Sequence[Any], t: Floats) -> Floats:
        stays, state = self._first_coin(params)
        return np.asarray(stays * self._future._survival_new(state, t))

    def _sf_new(self, params: Sequence[Any], n: Floats, t: Floats) -> Floats:
        stays, state = self._first_coin(params)
        return np.asarray(stays * self._future._sf_new(state, n, t))

    def _pmf_alive_new(self, params: Sequence[Any], n: Floats, t: Floats) -> Floats:
        stays, state = self._first_coin(params)
        return np.asarray(stays * self._future._pmf_alive_new(state, n, t))

    def _pmf_new(self, params: Sequence[Any], n: Floats, t: Floats) -> Floats:
        stays, state = self._first_coin(params)
        return np.asarray(stays * self._future._pmf_new(state, n, t) + self._left_at_once(params, n))

    def _interval_pmf_new(self, params: Sequence[Any], n: Floats, start: float, t: float) -> Floats:
        stays, state = self._first_coin(params)
        return np.asarray(stays * self._future._interval_pmf_new(state, n, start, t) + self._left_at_once(params, n))

    def _left_at_once(self, params: Sequence[Any], n: Floats) -> Floats:
        """Chance of no purchase ever, that of having left after the first one."""
        _, _, a, b = params
        return np.asarray(np.where(np.asarray(n) == 0, a / (a + b), 0.0) if self._first else 0.0)

    def _draw_purchases(
        self, params: Sequence[Any], duration: Floats, rng: np.random.Generator
    ) -> tuple[NDArray[np.intp], Floats]:
        """Draw repeat purchase times in (0, duration], by customer and time.

        N events lie uniformly in time; their order statistics are partial sums of exponentials over their grand total,
        those of every k-th one partial sums of Gamma(k) variates. Of N // k potential purchases a customer makes those
        up to the one he leaves after.
        """
        k = self._order
        r, alpha, a, b = (np.broadcast_to(p, duration.shape) for p in params)
        events = rng.poisson(rng.standard_gamma(r) / alpha * duration)
        p = rng.beta(a, b)
        with np.errstate(divide="ignore"):  # p = 0: he never leaves
            last = 1 - self._first + np.floor(rng.standard_exponential(duration.size) / -np.log1p(-p))
        made = np.minimum(events // k, last).astype(np.intp)
        customer = np.repeat(np.arange(duration.size), made)
        sums = np.concatenate([[0.0], np.cumsum(rng.standard_gamma(k, customer.size))])
        ends = np.cumsum(made)
        before, through = sums[ends - made], sums[ends]
        beyond = rng.standard_gamma(events - k * made + 1.0)
        share = (sums[1:] - before[customer]) / (through - before + beyond)[customer]
        return customer, share * duration[customer]


def _constant_of(k: int, log_intervals: float, purchases: float) -> float:
    """Parameter-free part of the total log-likelihood."""
    return (k - 1) * log_intervals - purchases * float(gammaln(k))
