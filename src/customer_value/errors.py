"""What can go wrong, as types that a caller can tell apart."""

import sys
import warnings

__all__ = [
    "ConvergenceError",
    "CustomerValueError",
    "CustomerValueWarning",
    "DataWarning",
    "FitWarning",
    "InputError",
    "MissingDependencyError",
    "NotFittedError",
]


class CustomerValueError(Exception):
    """Base of every error that this library raises on purpose."""


class InputError(CustomerValueError, ValueError):
    """Data or an argument breaks a rule; the message names the rule, the rows and what to do."""


class NotFittedError(CustomerValueError, ValueError, AttributeError):
    """A result was asked of a model that has not been fitted."""


class ConvergenceError(CustomerValueError, RuntimeError):
    """A fit ended away from an optimum; the message says what to try next."""


class MissingDependencyError(CustomerValueError, ImportError):
    """An optional package is not installed; the message names the `pip install` that brings it."""


class CustomerValueWarning(UserWarning):
    """Base of every warning that this library gives."""


class DataWarning(CustomerValueWarning):
    """Rows were left out or read in a way that the caller should know of."""


class FitWarning(CustomerValueWarning):
    """A fit is valid but weak: a parameter at its boundary, a ridge, a poor condition."""


def warn(message: str, category: type[CustomerValueWarning]) -> None:
    """Warn at the caller's own line: the first frame outside this package."""
    frame, depth = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(__package__ or ""):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, category, stacklevel=depth)
