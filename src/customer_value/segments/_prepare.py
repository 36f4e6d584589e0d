"""Features as k-means needs them: tails cut, skewness taken out, one scale, categories as columns; and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from scipy.optimize import minimize_scalar

from customer_value.segments._distinct import weighted_deviation, weighted_mean, weighted_quantiles
from customer_value.segments._features import Feature

Floats = np.ndarray[Any, np.dtype[np.float64]]
Unskew = Literal["log1p", "yeo-johnson"]
Scale = Literal["standard", "robust"]
UNSKEW: tuple[str | None, ...] = (*get_args(Unskew), None)

_NORMAL_QUARTILES = 1.3489795003921634  # distance between the quartiles of a normal distribution, in sds
_POWERS = (-5.0, 5.0)  # of Yeo and Johnson, searched between these


@dataclass(frozen=True)
class NumberColumn:
    """How one number is prepared: clipped to its limits, transformed, centred and scaled."""

    name: str
    limits: tuple[float, float] | None
    unskew: Unskew | None
    power: float
    middle: float
    spread: float

    def forward(self, values: Floats) -> Floats:
        clipped = values if self.limits is None else np.clip(values, *self.limits)
        return (_bend(clipped, self.unskew, self.power) - self.middle) / self.spread

    def backward(self, prepared: Floats) -> Floats:
        return _unbend(prepared * self.spread + self.middle, self.unskew, self.power)


@dataclass(frozen=True)
class CategoryColumn:
    """One column per level: `weight` where the customer has it, else 0."""

    name: str
    levels: tuple[str, ...]
    shares: tuple[float, ...]  # of the customers of the fit; where a level that they did not have is put
    weight: float

    def forward(self, codes: Floats) -> Floats:
        rows = np.vstack([np.eye(len(self.levels)), self.shares])  # position -1 is the last row: the average customer
        chosen: Floats = self.weight * rows[codes.astype(np.intp)]
        return chosen

    def backward(self, prepared: Floats) -> Floats:
        return prepared / self.weight


@dataclass(frozen=True)
class Preparation:
    """How all features of a model are prepared."""

    columns: tuple[NumberColumn | CategoryColumn, ...]

    @property
    def names(self) -> list[str]:
        """Names of the prepared columns: the feature's own, and ``feature=level``."""
        return [name for column in self.columns for name in _names_of(column)]

    @property
    def owners(self) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Position of the feature that each prepared column comes from."""
        widths = [len(_names_of(column)) for column in self.columns]
        return np.repeat(np.arange(len(widths)), widths)

    @property
    def categorical(self) -> list[int]:
        """Positions of the features that are categories."""
        return [j for j, column in enumerate(self.columns) if isinstance(column, CategoryColumn)]

    def forward(self, matrix: Floats) -> Floats:
        """Prepare a matrix of features."""
        prepared = np.empty((len(matrix), len(self.owners)), order="F")
        at = 0
        for j, column in enumerate(self.columns):
            width = len(_names_of(column))
            values = column.forward(matrix[:, j])
            prepared[:, at : at + width] = values if values.ndim == 2 else values[:, None]
            at += width
        return prepared

    def backward(self, prepared: Floats) -> Floats:
        """Give prepared rows in the features' units, levels of a category as shares."""
        given = np.empty_like(prepared)
        for j, column in enumerate(self.columns):
            mine = self.owners == j
            given[:, mine] = column.backward(prepared[:, mine])
        return given

    def again(self, given: Floats) -> Floats:
        """Undo `backward`: prepare rows whose levels are shares."""
        prepared = np.empty_like(given)
        for j, column in enumerate(self.columns):
            mine = self.owners == j
            values = given[:, mine]
            prepared[:, mine] = values * column.weight if isinstance(column, CategoryColumn) else column.forward(values)
        return prepared


def learn_preparation(
    features: Sequence[Feature],
    matrix: Floats,
    weights: Floats,
    *,
    unskew: Unskew | None,
    scale: Scale | None,
    winsorize: float | None,
    category_weight: float,
) -> Preparation:
    """Learn how to prepare each feature from distinct rows with weights."""
    columns: list[NumberColumn | CategoryColumn] = []
    for feature, values in zip(features, matrix.T, strict=True):
        if feature.levels is None:
            columns.append(_learn_number(feature.name, values, weights, unskew, scale, winsorize))
        else:
            shares = np.bincount(values.astype(np.intp), weights=weights, minlength=len(feature.levels)) / weights.sum()
            # Two customers of different levels differ in two columns: their squared distance is category_weight².
            columns.append(
                CategoryColumn(feature.name, feature.levels, tuple(shares.tolist()), category_weight / np.sqrt(2))
            )
    return Preparation(tuple(columns))


def _learn_number(
    name: str,
    values: Floats,
    weights: Floats,
    unskew: Unskew | None,
    scale: Scale | None,
    winsorize: float | None,
) -> NumberColumn:
    limits = None
    if winsorize is not None:
        low, high = weighted_quantiles(values, weights, (winsorize, 1 - winsorize))
        limits, values = (low, high), np.clip(values, low, high)
    power = _yeo_johnson_power(values, weights) if unskew == "yeo-johnson" else 1.0
    bent = _bend(values, unskew, power)
    middle, spread = 0.0, 1.0
    if scale is not None:
        # A constant feature adds nothing at any scale; most customers alike in one leave the quartiles no distance.
        middle, spread = weighted_mean(bent, weights), weighted_deviation(bent, weights) or 1.0
        if scale == "robust":
            first, middle, third = weighted_quantiles(bent, weights, (0.25, 0.5, 0.75))
            spread = (third - first) / _NORMAL_QUARTILES or spread
    return NumberColumn(name, limits, unskew, power, middle, spread)


def _bend(x: Floats, unskew: Unskew | None, power: float) -> Floats:
    if unskew == "log1p":
        bent: Floats = np.copysign(np.log1p(np.abs(x)), x)  # odd around 0: refunds can leave totals below it
        return bent
    return x if unskew is None else _yeo_johnson(x, power)


def _unbend(y: Floats, unskew: Unskew | None, power: float) -> Floats:
    if unskew == "log1p":
        given: Floats = np.copysign(np.expm1(np.abs(y)), y)
        return given
    return y if unskew is None else _undo_yeo_johnson(y, power)


def _yeo_johnson(x: Floats, power: float) -> Floats:
    """Transform as in Yeo & Johnson (2000), equation 2.1."""
    size = np.log1p(np.abs(x))
    above = size if power == 0 else np.expm1(power * size) / power
    below = size if power == 2 else np.expm1((2 - power) * size) / (2 - power)
    return np.where(x >= 0, above, -below)


def _undo_yeo_johnson(y: Floats, power: float) -> Floats:
    # A centre lies between its customers, so only rounding takes it out of the range of the transformation.
    edge = np.nextafter(-1.0, 0.0)
    above = np.abs(y) if power == 0 else np.log1p(np.maximum(power * np.abs(y), edge)) / power
    below = np.abs(y) if power == 2 else np.log1p(np.maximum((2 - power) * np.abs(y), edge)) / (2 - power)
    return np.where(y >= 0, np.expm1(above), -np.expm1(below))


def _yeo_johnson_power(x: Floats, weights: Floats) -> float:
    """Return the power of greatest likelihood of a normal distribution (Yeo & Johnson 2000, section 3)."""
    if x.min() == x.max():
        return 1.0
    slope = weighted_mean(np.copysign(np.log1p(np.abs(x)), x), weights)

    def loss(power: float) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            spread = weighted_deviation(_yeo_johnson(x, power), weights)
        return float(np.log(spread) - (power - 1) * slope) if 0 < spread < np.inf else np.inf

    return float(minimize_scalar(loss, bounds=_POWERS, method="bounded", options={"xatol": 1e-6}).x)


def _names_of(column: NumberColumn | CategoryColumn) -> list[str]:
    return [column.name] if isinstance(column, NumberColumn) else [f"{column.name}={level}" for level in column.levels]
