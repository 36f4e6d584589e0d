"""A segmenter as JSON values and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from customer_value._validation import saved_values
from customer_value.errors import InputError
from customer_value.segments._cluster_rules import check_arguments
from customer_value.segments._features import Feature
from customer_value.segments._prepare import UNSKEW, CategoryColumn, NumberColumn, Preparation

_SCHEMA = 1
_LEARNED = ("centres_", "cluster_sizes_", "_middle", "_spread")


def written(model: Any) -> str:
    """Return a fitted k-means model as JSON text."""
    if model.clusterer is not None:
        raise InputError(
            f"a model with a clusterer of its own ({type(model.clusterer).__name__}) cannot go to JSON; k-means can."
        )
    arguments = model.get_params(deep=False)
    if not isinstance(arguments["random_state"], (int, np.integer, type(None))):
        arguments["random_state"] = None  # a generator: its draws are over, and the centres are known
    saved = {
        "schema": _SCHEMA,
        "model": type(model).__name__,
        "arguments": {name: _plain(value) for name, value in arguments.items() if name != "clusterer"},
        "named": hasattr(model, "feature_names_in_"),
        "columns": [asdict(column) for column in model._preparation.columns],
        "inertia": model.inertia_,
        "n_iter": model.n_iter_,
        "learned": {name: getattr(model, name).tolist() for name in _LEARNED},
    }
    return json.dumps(saved, allow_nan=False)


def read_into(kind: Any, text: str) -> Any:
    """Make a model of the class from the text that `written` gave."""
    saved = saved_values(text, kind.__name__, _SCHEMA)
    try:
        arguments = saved["arguments"]
        model = kind(**{**arguments, "lower_is_better": tuple(arguments["lower_is_better"])})
        model._preparation = Preparation(tuple(_column(values) for values in saved["columns"]))
        model._features = [Feature(c.name, getattr(c, "levels", None)) for c in model._preparation.columns]
        for name in _LEARNED:
            setattr(model, name, _numbers(saved["learned"][name]))
        model.inertia_, model.n_iter_ = float(saved["inertia"]), int(saved["n_iter"])
        model.n_features_in_ = len(model._features)
        if saved["named"]:
            model.feature_names_in_ = np.array([feature.name for feature in model._features], dtype=object)
        model.encoded_names_ = model._preparation.names
        model.n_clusters_ = len(model.centres_)
        width = len(model.encoded_names_)
        shapes = {"centres_": (model.n_clusters_, width), "cluster_sizes_": (model.n_clusters_,)}
        for name in _LEARNED:
            if getattr(model, name).shape != shapes.get(name, (width,)) or not model.n_clusters_:
                raise ValueError(f"{name} does not fit the columns")
        model.cluster_centers_ = model._preparation.backward(model.centres_)
        check_arguments(model)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"this text is no {kind.__name__} that to_json wrote: {error!r}.") from None
    return model


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _column(values: dict[str, Any]) -> NumberColumn | CategoryColumn:
    if "levels" in values:
        return CategoryColumn(
            str(values["name"]), tuple(map(str, values["levels"])), tuple(map(float, values["shares"])),
            float(values["weight"]),
        )  # fmt: skip
    limits, unskew, spread = values["limits"], values["unskew"], float(values["spread"])
    if unskew not in UNSKEW or not 0 < spread < np.inf:
        raise ValueError(f"no preparation of {values['name']!r}")
    return NumberColumn(
        str(values["name"]),
        None if limits is None else (float(limits[0]), float(limits[1])),
        unskew,
        float(values["power"]),
        float(values["middle"]),
        spread,
    )


def _numbers(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError("a number is not finite")
    return numbers
