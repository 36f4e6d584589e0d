"""Fitted models of other libraries, taken over with their own numbers."""

from __future__ import annotations

from typing import Any

from customer_value._units import TimeUnit
from customer_value.clv._model import Model
from customer_value.clv.bg_bb import BGBB
from customer_value.clv.bg_nbd import BGNBD
from customer_value.clv.gamma_gamma import GammaGamma
from customer_value.clv.mbg_nbd import MBGNBD
from customer_value.clv.pareto_nbd import ParetoNBD
from customer_value.errors import InputError

_CLASSES: dict[str, type[Model]] = {
    "BetaGeoFitter": BGNBD,
    "ModifiedBetaGeoFitter": MBGNBD,
    "ParetoNBDFitter": ParetoNBD,
    "BetaGeoBetaBinomFitter": BGBB,
    "GammaGammaFitter": GammaGamma,
}


def from_lifetimes(fitter: Any, *, time_unit: TimeUnit | None = None) -> Any:
    """Make a model of the parameters that a fitter of lifetimes (or its successor btyd) has found.

    Parameters
    ----------
    fitter
        Fitted BetaGeoFitter, ModifiedBetaGeoFitter, ParetoNBDFitter, BetaGeoBetaBinomFitter or GammaGammaFitter.
    time_unit
        Ruler of the data that it was fitted on, such as ``"day"`` for ``freq="D"``; lifetimes does not keep it.

    Returns
    -------
    The model of the same name here, ready to predict. It has no standard errors: fit again for those.

    Raises
    ------
    InputError
        The object is no fitter of these, or is not fitted.

    Examples
    --------
    >>> import warnings
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow(sample=True)
    >>> summary = cv.summarize_customers(log, observation_end="1998-06-30", time_unit="week")
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")  # lifetimes takes logarithms of negative numbers on its way
    ...     import lifetimes
    ...     fitter = lifetimes.BetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"])
    >>> model = cv.clv.from_lifetimes(fitter, time_unit="week")
    >>> model.params_ == dict(fitter.params_)
    True
    """
    kind = _CLASSES.get(type(fitter).__name__)
    if kind is None:
        raise InputError(f"fitter must be one of {', '.join(_CLASSES)}; got {type(fitter).__name__}.")
    found = getattr(fitter, "params_", None)
    if found is None or set(found.keys()) != set(kind._parameters):
        raise InputError(f"this {type(fitter).__name__} is not fitted; call its fit first.")
    return kind.from_params(time_unit=time_unit, **{name: float(found[name]) for name in kind._parameters})
