"""Covariates as a matrix: numbers standardised, categories as one column for each level but the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from customer_value._frames import EagerFrame, nw
from customer_value._validation import (
    name_list,
    numeric_column,
    require_columns,
    require_rows,
    require_text_names,
)
from customer_value.churn._spells import Floats, Rows
from customer_value.errors import InputError

# Columns that say who and when a row is about; as covariates they would be learned by heart.
NOT_COVARIATES = frozenset({"customer_id", "cutoff", "observation_end", "time_unit", "window_start", "window_end"})

_FEW_LEVELS = 20  # a category of so few is never taken for a name of its row

# By column: the levels of a category, of which the first is what the others are compared with; None for a number.
Levels = Mapping[str, Sequence[str] | None]


@dataclass(frozen=True)
class Covariates:
    """What was learned of the columns; `names` are those of the matrix."""

    levels: Levels
    names: list[str]
    centre: Floats
    scale: Floats

    def matrix(self, frame: EagerFrame, *, nulls: bool) -> Floats:
        """Return the standardised matrix of a frame; nulls of numbers, where allowed, are NaN."""
        require_columns(frame, self.levels, what="frame")
        return (_matrix(frame, self.levels, nulls) - self.centre) / self.scale


def learn_covariates(
    frame: EagerFrame, features: Sequence[str] | None, taken: set[str], rows: Rows, weight: Floats, *, nulls: bool
) -> tuple[Covariates, Floats]:
    """Choose the columns and learn them from rows with weights; return what was learned and the rows' matrix."""
    chosen = _chosen(frame, features, taken)
    levels = {name: _levels(frame, name) for name in chosen}
    names = [
        label
        for name, known in levels.items()
        for label in ([name] if known is None else [f"{name}[{level}]" for level in known[1:]])
    ]
    raw = _matrix(frame, levels, nulls)[rows]
    share = weight[:, None] * ~np.isnan(raw)
    share /= np.maximum(_sum(share), np.finfo(float).tiny)
    centre = _sum(share * np.nan_to_num(raw))
    spread = np.sqrt(_sum(share * np.nan_to_num(raw - centre) ** 2))
    if same := [name for name, s, c in zip(names, spread, centre, strict=True) if s <= 1e-12 * abs(c)]:
        raise InputError(f"{', '.join(same)} must differ between rows: a constant explains nothing. Leave it out.")
    return Covariates(levels, names, centre, spread), (raw - centre) / spread


def _sum(terms: Floats) -> Floats:
    """Sum of each column, the same in any order of the rows."""
    return np.asarray(np.sort(terms, axis=0).sum(axis=0))


def _chosen(frame: EagerFrame, features: Sequence[str] | None, taken: set[str]) -> list[str]:
    if features is None:
        require_text_names(frame, "frame")
        return sorted(name for name in frame.columns if name not in taken | NOT_COVARIATES)
    features = name_list(features, "features")
    require_columns(frame, features, what="frame")
    if wrong := sorted(set(features) & taken):
        raise InputError(f"features must not hold {wrong}: they are what the model explains.")
    if len(set(features)) < len(features):
        raise InputError(f"features must name each column once; got {list(features)}.")
    return list(features)


def _levels(frame: EagerFrame, column: str) -> list[str] | None:
    series = frame.get_column(column)
    if series.dtype.is_numeric() or series.dtype == nw.Boolean:
        return None
    if not isinstance(series.dtype, (nw.String, nw.Categorical, nw.Enum)):
        raise InputError(
            f"{column} must be a number, a truth value or a category; its type is {series.dtype}. "
            "Turn a date into the time since, or leave it out: features=[...]."
        )
    there = {str(level) for level in series.drop_nulls().unique().to_list()}
    if len(there) > max(_FEW_LEVELS, len(series) / 2):
        raise InputError(
            f"{column} has {len(there)} levels in {len(series)} rows: it names customers, and explains nothing. Leave "
            "it out: features=[...]."
        )
    ordered = list(series.dtype.categories) if isinstance(series.dtype, nw.Enum) else sorted(there)
    return [level for level in ordered if level in there]


def _matrix(frame: EagerFrame, levels: Levels, nulls: bool) -> Floats:
    columns = [_columns(frame, name, known, nulls) for name, known in levels.items()]
    return np.concatenate([np.empty((len(frame), 0)), *columns], axis=1)


def _columns(frame: EagerFrame, column: str, known: Sequence[str] | None, nulls: bool) -> Floats:
    series = frame.get_column(column)
    if known is None and series.dtype != nw.Boolean:
        return numeric_column(frame, column, what="frame", nulls=nulls)[:, None]
    missing = np.asarray(series.is_null().to_numpy(), dtype=bool)
    require_rows(~missing, f"{column} must not be null", "Fill it with a level of its own, such as 'unknown'.")
    if known is None:
        return np.asarray(series.to_numpy(), dtype=np.float64)[:, None]
    text = series.cast(nw.String)
    require_rows(
        np.asarray(text.is_in(list(known)).to_numpy(), dtype=bool),
        f"{column} must hold a level that the model knows ({', '.join(known[:8])}{', ...' if len(known) > 8 else ''})",
        "Put rare levels together before the fit.",
    )
    code = text.replace_strict(list(known), list(range(len(known))), return_dtype=nw.Int64).to_numpy()
    return np.asarray(np.asarray(code)[:, None] == np.arange(1, len(known)), dtype=np.float64)
