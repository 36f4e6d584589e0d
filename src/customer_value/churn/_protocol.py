"""Conventions of scikit-learn for models whose outcome is in the frame: arguments, clones, searches."""

from __future__ import annotations

import inspect
from typing import Any, Self

from sklearn.utils import Tags, TargetTags

from customer_value.errors import InputError, NotFittedError


class Arguments:
    """Constructor arguments stored untouched, read and set by scikit-learn's protocol.

    Not by inheritance: its estimators learn from X and y alone, and these models from columns that `fit` names.
    """

    @classmethod
    def _arguments(cls) -> list[str]:
        return list(inspect.signature(cls).parameters)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments; with `deep`, those of an estimator among them too, such as estimator__C.

        Parameters
        ----------
        deep
            Whether to go into estimators.

        Returns
        -------
        dict
        """
        params = {name: getattr(self, name) for name in self._arguments()}
        inner = {
            f"{name}__{key}": setting
            for name, value in params.items()
            if deep and hasattr(value, "get_params") and not isinstance(value, type)
            for key, setting in value.get_params().items()
        }
        return params | inner

    def set_params(self, **arguments: Any) -> Self:
        """Set constructor arguments, or those of an estimator among them (estimator__C).

        Parameters
        ----------
        **arguments
            Names and values.

        Returns
        -------
        self

        Raises
        ------
        InputError
            There is no argument of the name.
        """
        inner: dict[str, dict[str, Any]] = {}
        for name, value in arguments.items():
            own, _, rest = name.partition("__")
            if own not in self._arguments() or (
                rest and not hasattr(arguments.get(own, getattr(self, own)), "set_params")
            ):
                raise InputError(f"{type(self).__name__} has no argument {name!r}; it has {list(self.get_params())}.")
            if rest:
                inner.setdefault(own, {})[rest] = value
            else:
                setattr(self, name, value)
        for own, settings in inner.items():
            getattr(self, own).set_params(**settings)
        return self

    def __sklearn_tags__(self) -> Tags:
        return Tags(estimator_type=None, target_tags=TargetTags(required=False))

    def __getattr__(self, name: str) -> Any:
        if name.endswith("_") and not name.startswith("_"):
            raise NotFittedError(f"{type(self).__name__} has no {name}: call fit(frame, ...) first.")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
