"""Parameters that were learned or given, and everything that can be said of them: protocol, table, repr, JSON."""

from __future__ import annotations

import html
import inspect
import json
import math
from typing import Any, ClassVar, Self

import numpy as np

from customer_value._units import TIME_UNITS, discount_per_unit, in_units
from customer_value._validation import SUMMARY_MAKER, number, require_choice
from customer_value.clv._rows import Floats
from customer_value.errors import InputError, NotFittedError

SCHEMA = 1
_LEARNED = ("log_likelihood_", "n_customers_", "diagnostics_")


class Parameters:
    """Named parameters with their uncertainty, scikit-learn's protocol, a table, a repr, JSON.

    A subclass names `_parameters` (the papers' letters, in order) and `_columns` (the summary columns that its
    likelihood takes).
    """

    _parameters: ClassVar[tuple[str, ...]] = ()
    _columns: ClassVar[tuple[str, ...]] = ()
    _learned: ClassVar[tuple[str, ...]] = ()  # whole numbers that a fit learns besides the parameters, such as k_
    _maker: ClassVar[str] = SUMMARY_MAKER  # which function makes the columns

    params_: dict[str, float]
    time_unit_: str | None
    n_customers_: float
    log_likelihood_: float
    diagnostics_: dict[str, Any]
    _log_covariance: Floats | None

    # ---- scikit-learn by protocol, without importing it --------------------------------------------------------

    @classmethod
    def _arguments(cls) -> tuple[str, ...]:
        parameters = inspect.signature(cls).parameters
        return tuple(parameters)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments (scikit-learn's protocol; `deep` changes nothing here)."""
        return {name: getattr(self, name) for name in self._arguments()}

    def set_params(self, **arguments: Any) -> Self:
        """Set constructor arguments (scikit-learn's protocol)."""
        for name, value in arguments.items():
            if name not in self._arguments():
                raise InputError(f"{type(self).__name__} has no argument {name!r}; it has {list(self._arguments())}.")
            setattr(self, name, value)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return "params_" in self.__dict__

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False))

    def __getattr__(self, name: str) -> Any:
        if name.endswith("_") and not name.startswith("_"):
            raise NotFittedError(
                f"{type(self).__name__} has no {name}: "
                + (
                    "its parameters were given by from_params, not fitted."
                    if "params_" in self.__dict__
                    else "call fit(summary) or from_params(...) first."
                )
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # ---- parameters -------------------------------------------------------------------------------------------

    @classmethod
    def from_params(cls, *, time_unit: str | None = None, **params: Any) -> Self:
        """Make a model of known parameters.

        Parameters
        ----------
        time_unit
            Ruler on which the parameters hold, such as ``"week"``; without it horizons must be numbers.
        **params
            Every parameter of the model by its letter, each above 0; besides them the constructor's own arguments.

        Returns
        -------
        The model, ready to predict. It has no standard errors, hence no intervals of means.

        Raises
        ------
        InputError
            A parameter is missing, unknown, or not above 0.
        """
        arguments = {name: params.pop(name) for name in cls._arguments() if name in params}
        if set(params) != set(cls._parameters):
            raise InputError(f"{cls.__name__} has the parameters {list(cls._parameters)}; got {list(params)}.")
        if time_unit is not None:
            require_choice("time_unit", time_unit, TIME_UNITS)
        model = cls(**arguments)
        model.params_ = {p: number(params[p], p, low=0, high=math.inf, open_ends=True) for p in cls._parameters}
        model.time_unit_ = time_unit
        model._log_covariance = None
        return model

    @property
    def _theta(self) -> tuple[float, ...]:
        """Natural parameters in order."""
        return tuple(self.params_.values())

    @property
    def covariance_(self) -> Floats:
        """Covariance matrix of the natural parameters, by the observed information and the delta method."""
        params = np.array(self._theta)
        return self._covariance_of_logs() * np.outer(params, params)

    @property
    def standard_errors_(self) -> dict[str, float]:
        """Standard error of each parameter."""
        return dict(zip(self._parameters, np.sqrt(np.diag(self.covariance_)).tolist(), strict=True))

    def _covariance_of_logs(self) -> Floats:
        self._require_fitted()
        if self._log_covariance is None:
            raise NotFittedError(
                f"{type(self).__name__} has no standard errors: its parameters were given by from_params, not fitted."
            )
        return self._log_covariance

    @property
    def aic_(self) -> float:
        """Akaike's information criterion, 2k - 2 LL."""
        return 2 * len(self._parameters) - 2 * self.log_likelihood_

    @property
    def bic_(self) -> float:
        """Bayesian (Schwarz's) information criterion, k ln n - 2 LL."""
        return len(self._parameters) * math.log(self.n_customers_) - 2 * self.log_likelihood_

    def _require_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(
                f"this {type(self).__name__} is not fitted; call fit(summary) or from_params(...) first."
            )

    # ---- time and rates -----------------------------------------------------------------------------------------

    def _horizon(self, horizon: float | str, *, name: str = "horizon", forever: bool = False) -> float:
        self._require_fitted()
        return in_units(horizon, self.time_unit_, name, forever=forever)

    def _discount(self, t: float, annual_discount_rate: float | None, discount_rate: float | None) -> float:
        """Continuous discount rate per time unit for a horizon t."""
        delta = discount_per_unit(annual_discount_rate, discount_rate, self.time_unit_)
        if math.isinf(t) and delta == 0:
            raise InputError(
                'horizon="forever" needs a discount rate above 0, such as annual_discount_rate=0.10: without one the '
                "expected number of purchases or renewals need not have a limit."
            )
        return delta

    # ---- telling ----------------------------------------------------------------------------------------------

    def summary_table(self, interval: float = 0.95) -> Any:
        """Return estimates, standard errors and intervals as a pandas DataFrame.

        Parameters
        ----------
        interval
            Coverage of the intervals, which are built on logs and so stay positive.

        Returns
        -------
        DataFrame with columns parameter, estimate, standard_error, lower, upper.
        """
        import pandas as pd  # the one frame that is made from no frame
        from scipy.special import ndtri

        level = number(interval, "interval", low=0, high=1, open_ends=True)
        spread = ndtri((1 + level) / 2) * np.sqrt(np.diag(self._covariance_of_logs()))
        estimate = np.array(self._theta)
        return pd.DataFrame(
            {
                "parameter": list(self._parameters),
                "estimate": estimate,
                "standard_error": list(self.standard_errors_.values()),
                "lower": estimate * np.exp(-spread),
                "upper": estimate * np.exp(spread),
            }
        )

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.get_params().items())
        head = f"{type(self).__name__}({arguments})"
        if not self.__sklearn_is_fitted__():
            return head
        # What the fit chose itself, such as k_, comes first; what the constructor says is in the head already.
        chosen = [name for name in self._learned if getattr(self, name) != getattr(self, name[:-1], None)]
        told = ", ".join(
            [
                *(f"{name}={getattr(self, name)}" for name in chosen),
                *(f"{name}={value:.4g}" for name, value in self.params_.items()),
            ]
        )
        if "log_likelihood_" not in self.__dict__:
            return f"<{head}: {told} (given)>"
        weak = [f"at a boundary: {', '.join(self.diagnostics_['boundary'])}"] if self.diagnostics_["boundary"] else []
        weak += [f"on a ridge: {' and '.join(pair)}" for pair in self.diagnostics_["ridge"]]
        notes = f"; {'; '.join(weak)}" if weak else ""
        unit = f", time in {self.time_unit_}s" if self.time_unit_ else ""
        return (
            f"<{head}: {told}; log-likelihood {self.log_likelihood_:.3f}, "
            f"{self.n_customers_:,.0f} customers{unit}{notes}>"
        )

    def _repr_html_(self) -> str:
        told = f"<pre>{html.escape(repr(self))}</pre>"
        if self.__sklearn_is_fitted__() and self._log_covariance is not None:
            told += str(self.summary_table().to_html(index=False, float_format=lambda v: f"{v:.4g}"))
        return told

    # ---- JSON -------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """Return the fitted model as JSON text with a schema version; `from_json` reads it back."""
        self._require_fitted()
        learned = {name: self.__dict__[name] for name in (*_LEARNED, *self._learned) if name in self.__dict__}
        covariance = None
        if self._log_covariance is not None:  # JSON has no NaN
            covariance = [[None if math.isnan(v) else v for v in row] for row in self._log_covariance.tolist()]
        saved = {
            "schema": SCHEMA,
            "model": type(self).__name__,
            "arguments": self.get_params(),
            "params": self.params_,
            "time_unit": self.time_unit_,
            "log_covariance": covariance,
            "learned": learned,
        }
        return json.dumps(saved, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Make a model from the text that `to_json` gave; values are checked and no code runs.

        Raises
        ------
        InputError
            The text is not JSON, or is not of this class and schema.
        """
        try:
            saved = json.loads(text)
        except (TypeError, json.JSONDecodeError) as error:
            raise InputError(f"{cls.__name__}.from_json reads the text that to_json wrote; {error}.") from None
        if not isinstance(saved, dict) or saved.get("model") != cls.__name__ or saved.get("schema") != SCHEMA:
            raise InputError(f"{cls.__name__} reads models of its own class and schema {SCHEMA}; got {text[:80]!r}.")
        try:
            model = cls.from_params(time_unit=saved["time_unit"], **saved["params"], **saved["arguments"])
            size = len(cls._parameters)
            if saved["log_covariance"] is not None:
                model._log_covariance = np.array(saved["log_covariance"], dtype=np.float64).reshape(size, size)
            for name, value in saved["learned"].items():
                if name in _LEARNED:
                    setattr(model, name, dict(value) if name == "diagnostics_" else float(value))
                elif name in cls._learned:
                    setattr(model, name, int(value))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise InputError(f"this text is no {cls.__name__} that to_json wrote: {error}.") from None
        return model
