"""What every model's fit shares: the likelihood over distinct rows, its maximum, and how sure that is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from customer_value._validation import whole_number
from customer_value.clv._draws import GOOD_K, ParameterDraws, Prior, importance_draws, log_normal, read_prior
from customer_value.clv._intervals import Quantity, log_spread, log_spread_of_draws
from customer_value.clv._mle import Objective, Optimum, maximize
from customer_value.clv._parameters import Parameters
from customer_value.clv._rows import Floats
from customer_value.errors import ConvergenceError, FitWarning, InputError, NotFittedError, warn

_CHUNK = 8192  # rows per evaluation: the temporaries of a chunk stay in the cache
_FEW_ROWS = 100  # distinct rows up to which a fit takes every start: it costs nothing, and the first may mislead
_UNIDENTIFIED = 5.0  # standard error of a log parameter from which on the data say nothing about it
_FEWEST_TO_RESAMPLE = 20
_MOST_DRAWS = 1_000_000  # of parameters: more would tell nothing more
_RIDGE = 0.99  # correlation of two log estimates from which on only a combination of them is known


class Model(Parameters):
    """A model that is fitted by maximum likelihood.

    A subclass gives array functions, called on the instance; nothing here knows any model's mathematics.
    """

    _log_likelihood: ClassVar[Callable[..., Floats]]
    _score: ClassVar[Callable[..., tuple[Floats, Floats]]]
    _starts: ClassVar[Callable[..., list[tuple[float, ...]]]]
    _hessian: ClassVar[Callable[..., Floats] | None] = None
    # Optional: (params, *columns, weights) -> totals of log-likelihood, gradient, Hessian, where sums are cheaper.
    _objective: ClassVar[Callable[..., tuple[float, Floats, Floats]] | None] = None
    # Optional: (points, *columns, weights) -> total at each of many points, shape (parameters, points), where cheaper.
    _totals: ClassVar[Callable[..., Floats] | None] = None

    _fitted_rows: tuple[tuple[Floats, ...], Floats]  # distinct rows of the last fit and how often each comes
    _draws: Floats | None = None  # of the natural parameters, one a row, where the uncertainty is theirs

    # ---- fitting ----------------------------------------------------------------------------------------------

    def _fit_arrays(
        self,
        columns: tuple[Floats, ...],
        weights: Floats,
        time_unit: str | None,
        left_out: dict[str, float],
        constant: float = 0.0,
    ) -> None:
        """Maximise the likelihood over distinct rows and store what was learned; a failed fit stores nothing.

        `constant` is the part of the total log-likelihood that no parameter moves.
        """
        starts = self._starts(*columns, weights)
        optimum = maximize(
            self._total(columns, weights), starts, type(self).__name__, every_start=columns[0].size <= _FEW_ROWS
        )
        self._fitted_rows = columns, weights
        self._draws = None
        self.time_unit_ = time_unit
        self.params_ = dict(zip(self._parameters, np.exp(optimum.theta).tolist(), strict=True))
        self.log_likelihood_ = optimum.value + constant
        self.n_customers_ = float(weights.sum())
        self._log_covariance, weak = _covariance(optimum.hessian, optimum.free, self._parameters)
        self.diagnostics_ = {
            "converged": optimum.converged,
            "gradient_norm": float(np.linalg.norm(optimum.gradient[optimum.free])),
            "hessian_condition": _condition(optimum),
            "boundary": weak["boundary"],
            "ridge": weak["ridge"],
            "evaluations": optimum.evaluations,
            "distinct_rows": columns[0].size,
            "left_out": left_out,
        }
        if weak["boundary"]:
            warn(
                f"{type(self).__name__}: the data do not identify {', '.join(weak['boundary'])} "
                f"({', '.join(f'{p} = {self.params_[p]:.3g}' for p in weak['boundary'])}). Totals may still be right, "
                "what rests on these parameters alone is not; a simpler model or more data would tell.",
                FitWarning,
            )

    def _total(self, columns: tuple[Floats, ...], weights: Floats) -> Objective:
        """Total log-likelihood of the log parameters: d/d ln p = p d/dp."""
        n = weights.size
        pieces = [slice(i, i + _CHUNK) for i in range(0, n, _CHUNK)]

        def in_logs(params: Floats, value: float, gradient: Floats) -> tuple[float, Floats]:
            return value, gradient * params

        def gradient(theta: Floats) -> tuple[float, Floats]:
            params = np.exp(theta)
            value, slope = 0.0, np.zeros_like(theta)
            for piece in pieces:
                ll, score = self._score(tuple(params), *(c[piece] for c in columns))
                value += float(ll @ weights[piece])
                slope += score @ weights[piece]
            return in_logs(params, value, slope)

        def hessian(theta: Floats) -> tuple[float, Floats, Floats]:
            params = np.exp(theta)
            if self._objective is not None:
                value, slope, curvature = self._objective(tuple(params), *columns, weights)
            else:
                assert self._hessian is not None
                value, slope = 0.0, np.zeros_like(theta)
                curvature = np.zeros((theta.size, theta.size))
                for piece in pieces:
                    part = tuple(c[piece] for c in columns)
                    ll, score = self._score(tuple(params), *part)
                    value += float(ll @ weights[piece])
                    slope += score @ weights[piece]
                    curvature += self._hessian(tuple(params), *part) @ weights[piece]
            value, slope_of_logs = in_logs(params, value, slope)
            curvature = curvature * (params[:, None] * params)
            curvature.flat[:: theta.size + 1] += slope_of_logs  # d2/d(ln p)2 has the slope besides
            return value, slope_of_logs, curvature

        exact = self._objective is not None or self._hessian is not None
        return Objective(gradient, hessian if exact else None)

    # ---- how sure ---------------------------------------------------------------------------------------------

    def with_uncertainty(self, source: Literal["information", "robust"] | ParameterDraws) -> Self:
        """Return the same fit with standard errors and intervals of another origin.

        Every table and interval that the model gives afterwards rests on it.

        Parameters
        ----------
        source
            ``"information"``: the inverse of the observed information, as after every fit. ``"robust"``: the sandwich,
            which holds where the model is not quite true. Or what `posterior_draws` or `bootstrap` gave: intervals of
            predictions then come from the predictions at up to 100 of the draws (after saving and loading, from their
            covariance).

        Returns
        -------
        A copy of the model with the same parameters.

        Raises
        ------
        InputError
            The source is unknown, or the draws are those of another model.
        NotFittedError
            The model holds no data: its parameters were given, or it was loaded.

        Notes
        -----
        The sandwich is A^-1 B A^-1 with A the observed information and B the sum of the customers' squared scores
        (White 1982, Econometrica 50, 1-25), all of log parameters.
        """
        model = copy.copy(self)
        if isinstance(source, ParameterDraws):
            if source.parameters != self._parameters:
                raise InputError(
                    f"source holds draws of {', '.join(source.parameters)}; {type(self).__name__} has "
                    f"{', '.join(self._parameters)}."
                )
            model._log_covariance, model._draws = source.log_covariance, source.params
            return model
        model._draws = None
        if not isinstance(source, str) or source not in ("information", "robust"):
            raise InputError(
                f"source must be 'information', 'robust', or draws of posterior_draws() or bootstrap(); got {source!r}."
            )
        columns, counts = self._data()
        theta = np.log(np.array(self._theta))
        terms = self._total(columns, counts).newton_terms(theta)
        model._log_covariance, _ = _covariance(terms[2], _identified(self._covariance_of_logs()), self._parameters)
        if source == "robust":
            scores = self._score(self._theta, *columns)[1] * np.array(self._theta)[:, None]
            middle = np.einsum("in,jn,n->ij", scores, scores, counts)
            model._log_covariance = _sandwich(model._log_covariance, middle)
        return model

    def _spread(self, quantity: Quantity, columns: tuple[Floats, ...]) -> Floats:
        """Standard deviation of a quantity's logarithm that the parameters' uncertainty brings, per row."""
        covariance = self._covariance_of_logs()
        if self._draws is not None:
            return log_spread_of_draws(quantity, self._theta, self._draws, columns)
        return log_spread(quantity, self._theta, covariance, columns)

    def posterior_draws(self, n: int = 4000, *, prior: Prior | None = None, random_state: int = 0) -> ParameterDraws:
        """Draw parameters from their posterior distribution, by importance sampling around its mode.

        Parameters
        ----------
        n
            Number of draws.
        prior
            Log-normal priors by parameter: its median and the standard deviation of its logarithm, such as
            ``{"a": (1.0, 1.0)}``. A parameter without one is flat on its logarithm, so that time units do not matter.
        random_state
            Seed.

        Returns
        -------
        ParameterDraws
            Equally weighted draws, with effective size and k-hat.

        Raises
        ------
        InputError
            The data do not identify a parameter that has no prior.
        NotFittedError
            The model holds no data: its parameters were given, or it was loaded.

        Warns
        -----
        FitWarning
            k-hat is 0.7 or above: the proposals miss a part of the posterior.

        Notes
        -----
        Proposals come from a t distribution of 7 degrees of freedom around the mode; the largest weights are Pareto
        smoothed (Vehtari, Simpson, Gelman, Yao & Gabry 2024, JMLR 25).
        """
        count = whole_number(n, "n", low=100, high=_MOST_DRAWS)
        rng = np.random.default_rng(whole_number(random_state, "random_state"))
        given = read_prior(prior, self._parameters)
        columns, counts = self._data()
        prior_terms = log_normal(given, self._parameters)
        optimum = maximize(_added(self._total(columns, counts), prior_terms), [self._theta], type(self).__name__)
        covariance, weak = _covariance(optimum.hessian, optimum.free, self._parameters)
        if weak["boundary"]:
            raise InputError(
                f"the data do not identify {', '.join(weak['boundary'])}, so its posterior rests on the prior alone; "
                f'give one, such as prior={{"{weak["boundary"][0]}": (1.0, 1.0)}} (median, sd of the logarithm).'
            )

        def log_posterior(thetas: Floats) -> Floats:
            values = self._log_likelihoods(np.exp(thetas).T, columns, counts)
            return np.asarray(values + np.array([prior_terms(theta)[0] for theta in thetas]))

        draws, effective_size, k_hat = importance_draws(log_posterior, optimum.theta, covariance, count, rng)
        if k_hat >= GOOD_K:
            warn(
                f"k-hat of {type(self).__name__}'s posterior draws is {k_hat:.2f}, {GOOD_K} or above: their tails are "
                "not to be trusted. Give priors for what the data hardly identify, or use bootstrap().",
                FitWarning,
            )
        return ParameterDraws("posterior", self._parameters, np.exp(draws), effective_size, k_hat, given)

    def _log_likelihoods(self, points: Floats, columns: tuple[Floats, ...], counts: Floats) -> Floats:
        """Total log-likelihood at many parameter points, shape (parameters, points)."""
        if self._totals is not None:
            return self._totals(points, *columns, counts)
        found = np.zeros(points.shape[1])
        for start in range(0, counts.size, _CHUNK):
            piece = slice(start, start + _CHUNK)
            part = tuple(c[piece] for c in columns)
            found += [float(self._log_likelihood(tuple(p), *part) @ counts[piece]) for p in points.T.tolist()]
        return found

    def bootstrap(self, n: int = 200, *, random_state: int = 0) -> ParameterDraws:
        """Fit again to resampled customers: how far the parameters move, whether or not the model is true.

        Parameters
        ----------
        n
            Number of resamples.
        random_state
            Seed.

        Returns
        -------
        ParameterDraws
            One draw for each resample whose fit converged.

        Raises
        ------
        InputError
            There are too few customers to resample.
        NotFittedError
            The model holds no data: its parameters were given, or it was loaded.

        Warns
        -----
        FitWarning
            Some resamples had no optimum.

        Notes
        -----
        Every customer counts a Poisson(1) number of times (Chamandy et al. 2012, "Estimating Uncertainty for Massive
        Data Streams"), so a distinct row of count c has weight Poisson(c) and the customers are never looked at.
        """
        resamples = whole_number(n, "n", low=2, high=_MOST_DRAWS)
        rng = np.random.default_rng(whole_number(random_state, "random_state"))
        columns, counts = self._data()
        if self.n_customers_ < _FEWEST_TO_RESAMPLE:
            raise InputError(
                f"bootstrap needs at least {_FEWEST_TO_RESAMPLE} customers to resample; the fit had "
                f"{self.n_customers_:,.0f}."
            )
        found = []
        for _ in range(resamples):
            weights = rng.poisson(counts).astype(np.float64)
            kept = np.flatnonzero(weights)
            objective = self._total(tuple(c[kept] for c in columns), weights[kept])
            try:
                found.append(np.exp(maximize(objective, [self._theta], type(self).__name__).theta))
            except ConvergenceError:
                continue
        if len(found) < resamples:
            warn(
                f"{resamples - len(found)} of {resamples} resamples of {type(self).__name__} had no optimum and are "
                "left out; the rest understates the uncertainty.",
                FitWarning,
            )
        if len(found) < 2:
            raise InputError(f"no two of {resamples} resamples of {type(self).__name__} could be fitted.")
        return ParameterDraws("bootstrap", self._parameters, np.array(found), float(len(found)))

    def _data(self) -> tuple[tuple[Floats, ...], Floats]:
        """Distinct rows and counts of the last fit."""
        self._require_fitted()
        if "_fitted_rows" not in self.__dict__:
            raise NotFittedError(
                f"this {type(self).__name__} holds no data: its parameters were given or loaded. Call fit(summary)."
            )
        return self._fitted_rows


def _added(objective: Objective, prior: Callable[[Floats], tuple[float, Floats, Floats]]) -> Objective:
    """Log-likelihood plus log prior."""

    def gradient(theta: Floats) -> tuple[float, Floats]:
        value, slope = objective.gradient(theta)
        more = prior(theta)
        return value + more[0], slope + more[1]

    def hessian(theta: Floats) -> tuple[float, Floats, Floats]:
        value, slope, curvature = objective.newton_terms(theta)
        more = prior(theta)
        return value + more[0], slope + more[1], curvature + more[2]

    return Objective(gradient, None if objective.hessian is None else hessian)


def _identified(covariance: Floats) -> NDArray[np.intp]:
    return np.flatnonzero(~np.isnan(np.diag(covariance)))


def _sandwich(covariance: Floats, middle: Floats) -> Floats:
    """Bread, filling, bread; what is unidentified stays so."""
    known = np.ix_(_identified(covariance), _identified(covariance))
    result = np.full_like(covariance, np.nan)
    result[known] = covariance[known] @ middle[known] @ covariance[known]
    return result


def _covariance(hessian: Floats, free: NDArray[np.intp], names: tuple[str, ...]) -> tuple[Floats, dict[str, list[Any]]]:
    """Covariance of the log parameters by the observed information; parameters that it does not identify are named."""
    size = len(names)
    covariance = np.full((size, size), np.nan)
    boundary = set(range(size)) - set(free.tolist())
    # Take out what is unidentified, most uncertain first, until the rest has a sound information matrix.
    while free.size:
        information = -hessian[free[:, None], free]
        curvature, directions = np.linalg.eigh(information)
        if curvature[0] > 0:
            part = (directions / curvature) @ directions.T
            spread = np.sqrt(np.diag(part))
            if spread.max() <= _UNIDENTIFIED:
                covariance[free[:, None], free] = part
                break
            worst = int(np.argmax(spread))
        else:
            worst = int(np.argmax(np.abs(directions[:, 0])))
        boundary.add(int(free[worst]))
        free = np.delete(free, worst)
    scale = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(scale, scale)
    ridge = [[names[i], names[j]] for i in range(size) for j in range(i + 1, size) if abs(correlation[i, j]) > _RIDGE]
    return covariance, {"boundary": [names[i] for i in sorted(boundary)], "ridge": ridge}


def _condition(optimum: Optimum) -> float | None:
    """Condition number of the Hessian of the log parameters; None where it is not negative definite."""
    curvature = np.linalg.eigvalsh(-optimum.hessian)
    return float(curvature[-1] / curvature[0]) if curvature[0] > 0 else None
