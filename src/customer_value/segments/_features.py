"""What a segmenter is given: columns of numbers or categories, the same reading for a frame of any library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from customer_value import _estimator_inputs
from customer_value._frames import Column, float_column, nw
from customer_value._validation import require_rows
from customer_value.errors import DataWarning, InputError, warn
from customer_value.segments._values import require_below_largest

Floats = np.ndarray[Any, np.dtype[np.float64]]

MOST_LEVELS = 100  # of a category, each of which becomes a column
_NUMBERS = (int, float, Decimal, np.number)
_NAMES_AN_ID = ("customer_id", "user_id", "client_id", "household_id", "id")


@dataclass(frozen=True)
class Feature:
    """One column: a number, or a category with the levels that the fit saw."""

    name: str
    levels: tuple[str, ...] | None = None


def read_weights(sample_weight: Any, n: int) -> Floats:
    """Return how often each row counts."""
    weights = _estimator_inputs.read_weights(sample_weight, n)
    require_rows((weights >= 0) & (weights < np.inf), "sample_weight must be 0 or above, and finite")
    require_below_largest(weights, "sample_weight")
    return weights


def learn_features(columns: Mapping[str, Column], counted: np.ndarray[Any, np.dtype[np.bool_]]) -> list[Feature]:
    """Tell numbers from categories, and take the levels of categories from the rows that count."""
    named = [name for name in columns if name.lower() in _NAMES_AN_ID]
    if named:
        warn(f"{named} look like ids by their names, and ids say nothing of who is alike: leave them out.", DataWarning)
    features = []
    for name, column in columns.items():
        if not _is_category(name, column):
            features.append(Feature(name))
            continue
        texts = _texts(name, column)
        levels = tuple(sorted({text for text, counts in zip(texts, counted, strict=True) if counts}))
        if len(levels) > MOST_LEVELS:
            raise InputError(
                f"{name} has {len(levels)} levels, and a category may have {MOST_LEVELS}: leave the column out, or "
                "group its values."
            )
        features.append(Feature(name, levels))
    return features


def read_matrix(features: Sequence[Feature], columns: Mapping[str, Column]) -> Floats:
    """Return the features as they were learnt: numbers, and positions of levels (-1 for one that was not seen)."""
    n = len(columns[features[0].name])
    matrix = np.empty((n, len(features)), order="F")
    for j, feature in enumerate(features):
        column = columns[feature.name]
        if _is_category(feature.name, column) != (feature.levels is not None):
            held, holds = ("numbers", "text") if feature.levels is None else ("text", "numbers")
            raise InputError(f"{feature.name} held {held} when the model was fitted and holds {holds} now.")
        if feature.levels is None:
            matrix[:, j] = _numbers(feature.name, column)
        else:
            matrix[:, j] = _codes(feature, _texts(feature.name, column))
    matrix += 0.0  # one zero: -0.0 is the same customer
    return matrix


def _is_category(name: str, column: Column) -> bool:
    if isinstance(column, np.ndarray) or column.dtype.is_numeric():
        return False
    if column.dtype in (nw.String, nw.Categorical, nw.Enum, nw.Boolean):
        return True
    if column.dtype == nw.Object:  # pandas' columns of Python objects: go by what is in them
        held = [value for value, null in zip(column.to_list(), column.is_null().to_list(), strict=True) if not null]
        if all(isinstance(value, (str, bool, np.bool_)) for value in held):
            return True
        if all(isinstance(value, _NUMBERS) and not isinstance(value, bool) for value in held):
            return False
    raise InputError(
        f"{name} must hold numbers, texts or truth values, one kind of them; its type is {column.dtype}. "
        "A date becomes a number as the time since then (summarize_customers gives time_since_last)."
    )


def _numbers(name: str, column: Column) -> Floats:
    if isinstance(column, np.ndarray):
        values = np.asarray(column, dtype=np.float64)
    elif column.dtype == nw.Object:
        nulls = column.is_null().to_list()
        values = np.array([np.nan if gone else float(v) for v, gone in zip(column.to_list(), nulls, strict=True)])
    else:
        values = float_column(column)
    if not np.isfinite(values).all():
        require_rows(
            ~np.isnan(values),
            f"{name} must not be null or NaN",
            "Fill it with what it means (0 purchases, a median), or leave those customers out.",
        )
        require_rows(np.isfinite(values), f"{name} must be finite")
    require_below_largest(values, name)
    return values


def _texts(name: str, column: Column) -> list[str]:
    assert isinstance(column, nw.Series)
    require_rows(
        ~np.asarray(column.is_null().to_numpy(), dtype=np.bool_),
        f"{name} must not be null",
        "Give customers without a value a level of their own, such as 'unknown'.",
    )
    plain = column.dtype in (nw.Object, nw.Boolean)
    return [str(value) for value in (column if plain else column.cast(nw.String)).to_list()]


def _codes(feature: Feature, texts: list[str]) -> Floats:
    assert feature.levels is not None
    position = {level: code for code, level in enumerate(feature.levels)}
    codes = np.array([position.get(text, -1) for text in texts], dtype=np.float64)
    if (codes < 0).any():
        new = sorted({text for text in texts if text not in position})
        warn(
            f"{feature.name} has values that the fit did not see ({', '.join(new[:3])}{', ...' if new[3:] else ''}); "
            f"its {int((codes < 0).sum())} rows with them count as average there.",
            DataWarning,
        )
    return codes
