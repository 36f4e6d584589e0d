"""The GGompertz/NBD model: customers buy at gamma-distributed rates, and leave with a hazard that grows with time.

Bemmaor & Glady (2012), "Modeling Purchasing Behavior with Sudden 'Death': A Flexible Customer Lifetime Model",
Management Science 58(5), 1012-1021. Formulas are derived from the assumptions, not taken from the paper, whose moments
are corrected in Adler (2022), Management Science 69(3), 1929-1930. None has a closed form: all are integrals over the
time of dropout (`_gompertz_integrals`), with a relative error below 2e-11.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from customer_value.clv._base import PurchaseModel
from customer_value.clv._gompertz_integrals import aged, count_integrals, fading, mean_lifetime
from customer_value.clv._gompertz_likelihood import HESSIAN, likelihood_rows, likelihood_totals, log_odds_gone
from customer_value.clv._mle import LOG_LOW, maximize
from customer_value.clv._nbd_counts import count_rows, log_nbd, log_ways
from customer_value.clv._posterior import Gamma, Mixing
from customer_value.clv._rows import distinct_rows
from customer_value.clv._special import Floats
from customer_value.clv.pareto_nbd import ParetoNBD
from customer_value.errors import ConvergenceError

Params = tuple[Any, ...]


class GGompertzNBD(PurchaseModel):
    """GGompertz/NBD: like Pareto/NBD, but with a chance of leaving that changes as a customer ages.

    A customer makes repeat purchases at rate lambda while alive and leaves with hazard b eta e^(b t), a Gompertz
    lifetime; over customers, lambda is Gamma(r, alpha) and eta is Gamma(s, beta), independently. Of all customers,
    (beta / (beta + e^(b t) - 1))^s are still there at t: the hazard of the cohort moves from s b / beta to s b, upwards
    where beta > 1, downwards where beta < 1.

    Parameters are r and alpha (shape and rate of the purchase rate), b (how fast the hazard grows, per time unit), s
    and beta (shape and rate of eta).

    Notes
    -----
    As b goes to 0 with beta / b fixed the model becomes Pareto/NBD with beta / b as its beta. Data with no sign of
    ageing, such as CDNOW's, put the fit there: the likelihood and all predictions are sound, b and beta by themselves
    say nothing, and the fit warns.

    Source: Bemmaor & Glady (2012), Management Science 58(5), 1012-1021. The log-likelihood is right to 1e-10
    (`make verify` shows it).

    Examples
    --------
    >>> from customer_value.clv import GGompertzNBD
    >>> model = GGompertzNBD.from_params(r=0.553, alpha=10.58, b=0.02, s=0.6, beta=2.0, time_unit="week")
    >>> round(model.expected_purchases_new("52 weeks"), 2)
    2.28
    """

    _parameters: ClassVar[tuple[str, ...]] = ("r", "alpha", "b", "s", "beta")
    _dropout: ClassVar[tuple[str, ...]] = ("s", "b", "beta")
    # The hazard at the first purchase is b eta.
    _mixing: ClassVar[Mapping[str, Mixing]] = {
        "purchase_rate": Gamma("r", "alpha"),
        "dropout_rate": Gamma("s", "beta", scale="b"),
    }

    @staticmethod
    def _starts(x: Floats, t_x: Floats, T: Floats, weights: Floats) -> list[tuple[float, ...]]:
        """Pareto/NBD's fit with some ageing, and sudden dropout; where ageing only hurts that fit, its limit.

        Far from the optimum steps are many, so that a sample of many rows takes them.
        """
        length = float((weights * T).sum() / weights.sum())
        guess = ParetoNBD._starts(x, t_x, T, weights)
        try:
            r, alpha, s, beta = np.exp(maximize(ParetoNBD()._total((x, t_x, T), weights), guess, "ParetoNBD").theta)
        except ConvergenceError:  # such as on the way to customers who are all alike
            r, alpha, s, beta = guess[0]
        s, beta = (min(v, 10.0 * scale) for v, scale in ((s, 1.0), (beta, length)))
        slow, sudden = (r, alpha, 0.2 / length, s, 0.2 / length * beta), (r, alpha, 1 / length, 1.0, 5.0)
        b = math.exp(LOG_LOW) * max(1.0, 1 / beta)
        limit = (r, alpha, b, s, b * beta)
        _, gradient = GGompertzNBD._score(limit, x, t_x, T)
        if float((b * gradient[2] + b * beta * gradient[4]) @ weights) < 0:
            found = _fit_of_sample((x, t_x, T), weights, [sudden])
            return [limit] if found[2] * length < _NO_AGEING else [found, limit]
        first = [_fit_of_sample((x, t_x, T), weights, [slow, sudden])] if weights.size > _SAMPLE else []
        together = (r, alpha, 15 / float(t_x.max()), 2.0, math.exp(15))  # all leave by the last purchase
        return [*first, slow, sudden, (r, alpha, 5 / length, 0.5, 50.0), together]

    @staticmethod
    def _log_likelihood(params: Params, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Log of the likelihood that `_gompertz_likelihood` states."""
        return np.asarray(likelihood_rows(params, x, t_x, T, order=0)[0])

    @staticmethod
    def _score(params: Params, x: Floats, t_x: Floats, T: Floats) -> tuple[Floats, Floats]:
        """Log-likelihood and its gradient per customer."""
        rows = likelihood_rows(params, x, t_x, T, order=1)
        return rows[0], rows[1:]

    @staticmethod
    def _hessian(params: Params, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Second derivatives of the log-likelihood per customer, shape (5, 5, n)."""
        return np.asarray(likelihood_rows(params, x, t_x, T, order=2)[HESSIAN])

    @staticmethod
    def _objective(params: Params, x: Floats, t_x: Floats, T: Floats, weights: Floats) -> tuple[float, Floats, Floats]:
        """Weighted totals of log-likelihood, gradient and Hessian."""
        total = likelihood_totals(params, x, t_x, T, weights)
        return float(total[0]), total[1:6], total[HESSIAN]

    @staticmethod
    def _probability_alive(params: Params, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """1 / (1 + odds of having left by T)."""
        return np.asarray(expit(-log_odds_gone(params, x, t_x, T)))

    @staticmethod
    def _if_alive(params: Params, x: Floats, t_x: Floats, T: Floats) -> Params:
        """Lambda has seen x purchases in T. Of the lifetime's rest, S(T + u) / S(T) is S(u) with beta of that age."""
        r, alpha, b, s, beta = params
        return r + x, alpha + T, b, s, aged(b, beta, T)

    @staticmethod
    def _time_scale(state: Params) -> Floats:
        return np.asarray(np.minimum(state[4], 1) / state[2])

    @staticmethod
    def _expected_purchases_new(params: Params, t: Floats) -> Floats:
        """Mean rate times mean time alive within t; the two are independent."""
        r, alpha, b, s, beta = params
        shape = np.broadcast_shapes(*(np.shape(v) for v in (*params, t)))
        # Purchases say nothing of the lifetime: customers of one age share it.
        ages = distinct_rows([np.ravel(np.broadcast_to(np.asarray(v, np.float64), shape)) for v in (b, s, beta, t)])
        return np.asarray(r / alpha * ages.spread(mean_lifetime(*ages.columns)).reshape(shape))

    @staticmethod
    def _survival_new(params: Params, t: Floats) -> Floats:
        """(beta / (beta + e^(b t) - 1))^s."""
        _, _, b, s, beta = params
        return np.asarray(np.exp(-s * fading(b, beta, t)))

    @staticmethod
    def _pmf_new(params: Sequence[Any], n: Floats, t: Any) -> Floats:
        """Either alive at t after n purchases, or left at some tau <= t after n purchases."""
        (r, alpha, b, s, beta), n, t, spread = count_rows(params, n, t)
        later = np.where(t > 0, t, 1.0)
        log_left = count_integrals(n, r, alpha, b, s, beta, later, leaving=True)
        log_stayed = log_nbd(n, r, alpha, later) - s * fading(b, beta, later)
        pmf = np.exp(np.logaddexp(log_stayed, log_ways(n, r) + log_left))
        return spread(np.where(t > 0, np.minimum(pmf, 1), n == 0))

    @staticmethod
    def _sf_new(params: Sequence[Any], n: Floats, t: Any) -> Floats:
        """Purchase n + 1 comes at some tau <= t, and the customer has not left before tau (as for Pareto/NBD)."""
        (r, alpha, b, s, beta), n, t, spread = count_rows(params, n, t)
        log_bought = count_integrals(n, r, alpha, b, s, beta, np.where(t > 0, t, 1.0), leaving=False)
        sf = np.exp(log_ways(n, r) + np.log(r + n) + log_bought)
        return spread(np.where(t > 0, np.minimum(sf, 1), 0))

    @staticmethod
    def _pmf_alive_new(params: Sequence[Any], n: Floats, t: Any) -> Floats:
        """The NBD's probability times survival."""
        (r, alpha, b, s, beta), n, t, spread = count_rows(params, n, t)
        return spread(np.exp(log_nbd(n, r, alpha, t) - s * fading(b, beta, t)))

    @staticmethod
    def _interval_pmf_new(params: Sequence[Any], n: Floats, start: float, t: float) -> Floats:
        """Gone by the start there is nothing; alive, purchases before say nothing of the lifetime, so sum them out."""
        r, alpha, b, s, beta = params
        faded = -s * fading(b, beta, start)
        living = GGompertzNBD._pmf_new((r, alpha, b, s, aged(b, beta, start)), n, t)
        return np.asarray(np.exp(faded) * living - np.expm1(faded) * (np.asarray(n) == 0))

    @staticmethod
    def _draw_purchases(params: Params, duration: Floats, rng: np.random.Generator) -> tuple[NDArray[np.intp], Floats]:
        """Draw each customer's rate, lifetime and purchases until its end or the end of observation.

        The lifetime passes t with probability exp(-eta (e^(b t) - 1)). A gamma variate of shape s is one of shape s + 1
        times U^(1/s), whose logarithm no small s rounds to -inf.
        """
        r, alpha, b, s, beta = (np.broadcast_to(p, duration.shape) for p in params)
        purchase_rate = rng.standard_gamma(r) / alpha
        log_eta = np.log(rng.standard_gamma(s + 1) / beta) - rng.standard_exponential(duration.size) / s
        with np.errstate(divide="ignore"):  # patience may be 0
            log_patience = np.log(rng.standard_exponential(duration.size))
        lifetime = np.logaddexp(0, log_patience - log_eta) / b
        active = np.minimum(lifetime, duration)
        customer = np.repeat(np.arange(duration.size), rng.poisson(purchase_rate * active))
        # Given their number, the times of a Poisson process are uniform; 1 - U lies in (0, 1].
        time = active[customer] * (1 - rng.random(customer.size))
        return customer, time[np.lexsort((time, customer))]


_SAMPLE = 2000  # rows of data that a first guess is fitted to
_NO_AGEING = 1e-4  # b T below which the hazard does not change to speak of


def _fit_of_sample(columns: tuple[Floats, ...], weights: Floats, starts: list[tuple[float, ...]]) -> tuple[float, ...]:
    """Parameters that are best for every so-manieth row; the first start where there are none."""
    part = slice(None, None, -(-weights.size // _SAMPLE))
    objective = GGompertzNBD()._total(tuple(c[part] for c in columns), weights[part])
    try:
        return tuple(np.exp(maximize(objective, starts, "GGompertzNBD").theta).tolist())
    except ConvergenceError:
        return starts[0]
