"""BG/BB: purchases at discrete opportunities until a beta-geometric dropout (Fader, Hardie & Shang 2010).

Equation numbers are those of "Customer-Base Analysis in a Discrete-Time Noncontractual Setting", Marketing Science
29(6), 1086-1108. Opportunities are counted after the one of the first purchase, which starts the clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from customer_value._validation import MOST_OPPORTUNITIES, OPPORTUNITIES_MAKER, require_rows
from customer_value.clv._base import PurchaseModel
from customer_value.clv._beta_geometric import (
    cross_growth,
    discounted_opportunities,
    opportunities_alive,
)
from customer_value.clv._beta_survival import log_beta_ratio
from customer_value.clv._posterior import Beta, Mixing
from customer_value.clv._silence import HESSIAN, derivatives, log_histories
from customer_value.clv._special import Floats, weighted_sums
from customer_value.errors import InputError

_ROUNDING = 1e-9  # of a horizon in other units than the opportunities'


class BGBB(PurchaseModel):
    """BG/BB model of a customer base without contracts, where purchases happen at given opportunities or not at all.

    While active, a customer buys at each opportunity with a probability that is Beta(alpha, beta) over customers;
    before each opportunity he leaves for good with a probability that is Beta(gamma, delta) over customers. Customers
    may have had different numbers of opportunities.

    Notes
    -----
    Horizons are whole numbers of opportunities, and the j-th from now is discounted by (1 + rate)^-j.

    Source: Fader, Hardie & Shang (2010), Marketing Science 29(6), 1086-1108.

    Examples
    --------
    >>> import customer_value as cv
    >>> donors = cv.datasets.load_donations()
    >>> model = cv.clv.BGBB().fit(donors, weights="customers")
    >>> {name: round(value, 3) for name, value in model.params_.items()}
    {'alpha': 1.204, 'beta': 0.75, 'gamma': 0.657, 'delta': 2.783}
    >>> round(model.expected_purchases_new(10), 3)
    3.18
    """

    _parameters: ClassVar[tuple[str, ...]] = ("alpha", "beta", "gamma", "delta")
    _columns: ClassVar[tuple[str, ...]] = ("frequency", "recency", "opportunities")
    _future_columns: ClassVar[tuple[str, ...]] = ("frequency", "opportunities")
    _dropout: ClassVar[tuple[str, ...]] = ("gamma", "delta")
    _maker: ClassVar[str] = OPPORTUNITIES_MAKER
    _mixing: ClassVar[Mapping[str, Mixing]] = {
        "purchase_probability": Beta("alpha", "beta"),
        "dropout_probability": Beta("gamma", "delta"),
    }

    @staticmethod
    def _starts(x: Floats, t_x: Floats, n: Floats, weights: Floats) -> list[tuple[float, ...]]:
        """Purchase probability from the time when customers were surely active, dropout from what is missing later."""
        again = float(weights @ np.maximum(x - 1, 0)), float(weights @ np.maximum(t_x - 1, 0))
        p = min(max((again[0] + 1) / (again[1] + 2), 0.02), 0.98)
        active = min(max(float(weights @ x) / max(p * float(weights @ n), 1e-300), 0.05), 0.95)
        leave = 1 - active ** (2 / (float(weights @ n) / float(weights.sum()) + 1))
        guess = (2 * p, 2 * (1 - p), 2 * leave, 2 * (1 - leave))
        polar = (2 * p, 2 * (1 - p), 0.02 * leave, 0.02 * (1 - leave))  # a few leave at once, the others hardly ever
        return [guess, (0.5, 0.5 * (1 - p) / p, 0.5, 5.0), (1.0, 1.0, 1.0, 1.0), polar]

    @staticmethod
    def _log_likelihood(params: Sequence[Any], x: Floats, t_x: Floats, n: Floats) -> Floats:
        """Log of eq. (6)."""
        return log_histories(params, x, t_x, n)[0]

    @staticmethod
    def _score(params: Sequence[Any], x: Floats, t_x: Floats, n: Floats) -> tuple[Floats, Floats]:
        """Log-likelihood and its gradient per customer."""
        rows = _by_customer(params, x, t_x, n)
        return rows[0], rows[1:5]

    @staticmethod
    def _hessian(params: Sequence[Any], x: Floats, t_x: Floats, n: Floats) -> Floats:
        """Second derivatives of the log-likelihood per customer, shape (4, 4, n)."""
        return np.asarray(_by_customer(params, x, t_x, n)[HESSIAN])

    @staticmethod
    def _objective(
        params: Sequence[float], x: Floats, t_x: Floats, n: Floats, weights: Floats
    ) -> tuple[float, Floats, Floats]:
        """Weighted totals of log-likelihood, gradient and Hessian."""
        total = np.zeros(15)
        for rows, values in derivatives(params, x, t_x, n):
            total += weighted_sums(values, weights[rows])
        return float(total[0]), total[1:5], total[HESSIAN]

    @staticmethod
    def _probability_alive(params: Sequence[Any], x: Floats, t_x: Floats, n: Floats) -> Floats:
        """Eq. (A10) at m = 0: to be there at n, among all that the silence may mean."""
        shape = np.broadcast_shapes(*(np.shape(v) for v in (*params, x, t_x, n)))
        flat = [np.broadcast_to(v, shape).ravel() for v in (x, t_x, n)]
        return np.exp(np.minimum(log_histories(params, *flat)[1], 0.0)).reshape(shape)

    @staticmethod
    def _if_alive(params: Sequence[Any], x: Floats, t_x: Floats, n: Floats) -> tuple[Any, ...]:
        """Conjugate updates: x purchases in n tosses of one coin, n tosses of the other that let him stay."""
        alpha, beta, gamma, delta = params
        return (alpha + x, beta + (n - x), gamma, delta + n)

    @staticmethod
    def _expected_purchases_new(params: Sequence[Any], t: Floats) -> Floats:
        """Eq. (8), without its singularity at gamma = 1."""
        alpha, beta, gamma, delta = params
        return np.asarray(alpha / (alpha + beta) * opportunities_alive(gamma, delta, t))

    def _discounted_if_alive(
        self, params: Sequence[float], columns: tuple[Floats, ...], t: float, delta: float
    ) -> Floats:
        """Eq. (14), and its sum to a finite horizon: the j-th opportunity from now is discounted by (1+d)^-j."""

        def discounted(state: tuple[Any, ...]) -> Floats:
            buys = state[0] / (state[0] + state[1])
            return np.asarray(buys * discounted_opportunities(state[2], state[3], t, delta))

        return self._of_living(params, columns, discounted)

    @staticmethod
    def _survival_new(params: Sequence[Any], t: Floats) -> Floats:
        """Eq. (5): alive at the t-th opportunity."""
        _, _, gamma, delta = params
        return np.exp(log_beta_ratio(gamma, delta, t))

    @staticmethod
    def _pmf_new(params: Sequence[Any], n: Any, t: Any) -> Floats:
        """Eq. (7): n purchases and still active, or left after an earlier opportunity."""
        _, _, gamma, delta = params
        left = _sum_over_leaving(params, n, t, lambda i: gamma / (gamma + delta + i))
        return BGBB._pmf_alive_new(params, n, t) + left

    @staticmethod
    def _pmf_alive_new(params: Sequence[Any], n: Any, t: Any) -> Floats:
        """First term of eq. (7). Each ratio of gamma functions is put against that of the binomial coefficient."""
        alpha, beta, gamma, delta = params
        t = np.asarray(t, dtype=np.float64)
        missed = np.maximum(t - n, 0)
        log_counts = -(alpha + beta - 1) * cross_growth(1, alpha + beta - 1, alpha + beta, t)
        for parameter, count in ((alpha, np.minimum(n, t)), (beta, missed)):
            log_counts = log_counts + (parameter - 1) * cross_growth(1, parameter - 1, parameter, count)
        return np.where(np.asarray(n) <= t, np.exp(log_counts + log_beta_ratio(gamma, delta, t)), 0.0)

    @staticmethod
    def _sf_new(params: Sequence[Any], n: Any, t: Any) -> Floats:
        """P(X(t) > n): the purchase after the n-th comes at some opportunity i + 1, n of the i before it were used."""
        alpha, beta, gamma, delta = params
        return _sum_over_leaving(
            params, n, t, lambda i: (delta + i) / (gamma + delta + i) * (alpha + n) / (alpha + beta + i)
        )

    def _interval_pmf_new(self, params: Sequence[Any], n: Floats, start: float, t: float) -> Floats:
        """Eq. (9): staying to the start tells of the one coin and nothing of the other."""
        alpha, beta, gamma, delta = params
        log_there = log_beta_ratio(gamma, delta, start)
        later = self._pmf_new((alpha, beta, gamma, delta + start), n, np.float64(t))
        return np.asarray(np.exp(log_there) * later - np.expm1(log_there) * (np.asarray(n) == 0))

    @staticmethod
    def _draw_purchases(
        params: Sequence[Any], duration: Floats, rng: np.random.Generator
    ) -> tuple[NDArray[np.intp], Floats]:
        """Draw the opportunities used, by customer and time: geometric waits until the customer has left.

        A geometric number is an exponential one rounded down. A round draws the next purchase of all who are left.
        """
        alpha, beta, gamma, delta = (np.broadcast_to(p, duration.shape) for p in params)
        buy, leave = rng.beta(alpha, beta), rng.beta(gamma, delta)
        with np.errstate(divide="ignore", over="ignore"):  # at 0 it never happens, at 1 the next time
            last = np.minimum(np.floor(rng.standard_exponential(duration.size) / -np.log1p(-leave)), duration)
            per_wait = -1 / np.log1p(-buy)
        used = np.zeros(duration.size)
        customer = np.arange(duration.size)
        customers, times = [customer[:0]], [used[:0]]
        while customer.size:
            waits = np.floor(rng.standard_exponential(customer.size) * per_wait[customer])
            used[customer] += 1 + waits
            customer = customer[used[customer] <= last[customer]]
            customers.append(customer)
            times.append(used[customer])
        everyone, when = np.concatenate(customers), np.concatenate(times)
        order = np.argsort(everyone, kind="stable")
        return everyone[order], when[order]

    def _horizon(self, horizon: float | str, *, name: str = "horizon", forever: bool = False) -> float:
        t = super()._horizon(horizon, name=name, forever=forever)
        if math.isinf(t):
            return t
        whole = round(t)
        if abs(t - whole) > _ROUNDING * t or not 1 <= whole <= MOST_OPPORTUNITIES:
            unit = f"{self.time_unit_}s" if self.time_unit_ else "opportunities"
            raise InputError(
                f"{type(self).__name__} counts opportunities, so {name} must be a whole number of them from 1 to "
                f"{MOST_OPPORTUNITIES:,}; {horizon!r} is {t:.6g} {unit}."
            )
        return float(whole)

    def _require_times(self, times: Floats, name: str) -> None:
        whole = (times >= 0) & (times <= MOST_OPPORTUNITIES) & (times == np.floor(times))
        require_rows(whole, f"{name} must be a whole number of opportunities, from 0 to {MOST_OPPORTUNITIES:,}")


def _sum_over_leaving(params: Sequence[Any], n: Floats, t: Floats, share: Callable[[int], Any]) -> Floats:
    """Sum of share(i) P(n of the first i opportunities used, alive at the i-th) over i = n, ..., t - 1."""
    alpha, beta, gamma, delta = (np.asarray(p, dtype=np.float64) for p in params)
    n, t = np.asarray(n, dtype=np.float64), np.asarray(t, dtype=np.float64)
    # All of the first n are used; then from each opportunity to the next.
    log_chance = log_beta_ratio(gamma, delta, n) + log_beta_ratio(beta, alpha, n)
    total = np.zeros(np.broadcast_shapes(log_chance.shape, t.shape))
    for i in range(int(n.min(initial=0)), int(t.max(initial=0))):
        total += np.where((n <= i) & (i < t), np.exp(log_chance) * share(i), 0.0)
        missed = np.maximum(i - n, 0)
        step = np.log((i + 1) * (beta + missed) / ((1 + missed) * (alpha + beta + i))) - np.log1p(gamma / (delta + i))
        log_chance = np.where(n <= i, log_chance + step, log_chance)
    return total


def _by_customer(params: Sequence[Any], x: Floats, t_x: Floats, n: Floats) -> Floats:
    """Log-likelihood, gradient and Hessian's upper half, one row each."""
    found = np.empty((15, x.size))
    for rows, values in derivatives(params, x, t_x, n):
        found[:, rows] = values
    return found
