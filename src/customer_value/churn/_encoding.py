"""A table of customers as numbers: what each column is, learnt once, and the same reading of it ever after."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import numpy as np

from customer_value._frames import Column, float_column, nw
from customer_value._units import day_number
from customer_value._validation import few, require_rows
from customer_value.errors import DataWarning, InputError, warn

Floats = np.ndarray[Any, np.dtype[np.float64]]
Kind = Literal["number", "text number", "date", "category"]

MOST_LEVELS = 100  # of a category; histogram trees hold 255, and a level needs rows to be learnt from
_COVERED = 0.5  # share of rows that those levels must hold: otherwise a column names rows instead of sorting them
_READABLE = 0.95  # share of texts that must read as numbers before a column of many texts is taken as numbers
_DAY = 86_400e6  # microseconds
_ID_NAME = re.compile(r"(?:^|_)(?:id|uuid|guid)$|[a-z](?:Id|ID)$")
_NAMED: dict[Kind, str] = {"number": "numbers", "text number": "numbers", "date": "dates", "category": "text"}


@dataclass(frozen=True)
class _Reading:
    """How one column becomes numbers."""

    name: str
    kind: Kind
    levels: Mapping[str, int]  # of a category: level -> code
    other: bool  # whether rarer levels share the code after the last
    reference: float  # of dates: the latest day seen


class TableEncoder:
    """Columns of any type as one matrix of floats, missing values as NaN, categories as codes.

    Numbers and truth values are themselves, durations days, dates days before the latest one that the fit saw, and
    categories the place of their level in the alphabet. Levels beyond the `MOST_LEVELS` most frequent share one code; a
    level that the fit did not see is missing.
    """

    def __init__(self, columns: Mapping[str, Column], weights: Floats) -> None:
        self._readings: list[_Reading] = []
        self.left_out: dict[str, str] = {}
        for name, column in columns.items():
            missing = _missing(column)
            if missing.all():
                self.left_out[name] = "all of it is missing"
                continue
            self._learn(name, column, missing, weights)
        if self.left_out:
            told = "; ".join(f"{name} ({why})" for name, why in self.left_out.items())
            warn(f"columns are left out: {told}.", DataWarning)
        ids = [name for name in self.names if _ID_NAME.search(name)]
        if ids:
            warn(
                f"{ids} look like ids by their names, and a model learns single customers by heart from an id: leave "
                "them out of X (split_xy gives customers as groups).",
                DataWarning,
            )
        if not self._readings:
            raise InputError(f"no column is left to learn from; left out are {list(self.left_out)}.")

    @property
    def names(self) -> list[str]:
        """Names of the matrix's columns."""
        return [reading.name for reading in self._readings]

    @property
    def categorical(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which of the matrix's columns hold codes of categories."""
        return np.array([reading.kind == "category" for reading in self._readings])

    @property
    def categories(self) -> dict[str, list[str]]:
        """Levels of each category in the order of their codes."""
        return {r.name: [*r.levels, *(["(other)"] if r.other else [])] for r in self._readings if r.kind == "category"}

    def matrix(self, columns: Mapping[str, Column]) -> Floats:
        """Read the columns as they were learnt, in that order."""
        return np.column_stack([self._read(reading, columns[reading.name]) for reading in self._readings])

    def _learn(self, name: str, column: Column, missing: np.ndarray[Any, Any], weights: Floats) -> None:
        kind, levels, other, reference = _kind(name, column, missing), dict[str, int](), False, 0.0
        if kind == "category":
            texts = _texts(column, missing)
            counts: Counter[str] = Counter()
            for text, weight in zip(texts, weights, strict=True):
                if text is not None:
                    counts[text] += weight
            ranked = sorted(counts, key=lambda level: (-counts[level], level))
            kept, other = ranked[:MOST_LEVELS], len(ranked) > MOST_LEVELS
            if other and sum(counts[level] for level in kept) < _COVERED * sum(counts.values()):
                if np.mean(~np.isnan(_parsed(counts))) < _READABLE:
                    self.left_out[name] = (
                        f"its {len(ranked)} different texts hardly repeat, as ids and remarks do, and a level seen "
                        "once teaches nothing. Group its values into at most a hundred levels to use it"
                    )
                    return
                kind = "text number"
                warn(
                    f"{name} is text, and its values read as numbers: it is taken as numbers, and what does not "
                    "read as one as missing. Convert it to say so yourself.",
                    DataWarning,
                )
            levels = {level: code for code, level in enumerate(sorted(kept))}
        elif kind == "date":
            reference = float(np.nanmax(_days(column, missing)))
            warn(
                f"{name} holds dates: the model sees days before the latest of them, which means something else for "
                "every later cutoff. Days before the cutoff (churn_features makes them) stay comparable.",
                DataWarning,
            )
        self._readings.append(_Reading(name, kind, levels, other, reference))

    def _read(self, reading: _Reading, column: Column) -> Floats:
        missing = _missing(column)
        if missing.all():
            return np.full(missing.size, np.nan)
        found = _kind(reading.name, column, missing)
        if _NAMED[found] != _NAMED[reading.kind] and not (reading.kind == "text number" and found == "category"):
            raise InputError(
                f"{reading.name} held {_NAMED[reading.kind]} when the model was fitted and holds {_NAMED[found]} now; "
                "give both the same type."
            )
        if found == "number":
            values = _numbers(column)
            require_rows(~np.isinf(values), f"{reading.name} must be finite")
            return values
        if reading.kind == "date":
            return reading.reference - _days(column, missing)
        texts = _texts(column, missing)
        if reading.kind == "text number":
            return _parsed(texts)
        unseen = float(len(reading.levels)) if reading.other else np.nan
        codes = np.array([np.nan if text is None else reading.levels.get(text, unseen) for text in texts])
        rows = int(np.isnan(codes).sum() - missing.sum())
        if rows:
            new = sorted({text for text, code in zip(texts, codes, strict=True) if text is not None and np.isnan(code)})
            warn(
                f"{reading.name} has values that the fit did not see ({few(new)}); its {rows} rows with them count as "
                "missing there.",
                DataWarning,
            )
        return codes


def _missing(column: Column) -> np.ndarray[Any, np.dtype[np.bool_]]:
    if isinstance(column, np.ndarray):
        return np.isnan(column)
    null = np.asarray(column.is_null().to_numpy(), dtype=bool)
    if column.dtype.is_float():
        null = null | np.isnan(float_column(column))
    return null


def _kind(name: str, column: Column, missing: np.ndarray[Any, Any]) -> Kind:
    if isinstance(column, np.ndarray) or column.dtype.is_numeric() or column.dtype in (nw.Boolean, nw.Duration):
        return "number"
    if column.dtype in (nw.String, nw.Categorical, nw.Enum):
        return "category"
    if column.dtype in (nw.Date, nw.Datetime):
        return "date"
    if column.dtype == nw.Object:  # pandas' columns of Python objects: go by what is in them
        types = {type(value) for value, gone in zip(column.to_list(), missing, strict=True) if not gone}
        if all(issubclass(kind, (bool, int, float, Decimal, np.number, np.bool_)) for kind in types):
            return "number"
        if all(issubclass(kind, str) for kind in types):
            return "category"
        if all(issubclass(kind, dt.date) for kind in types):
            return "date"
        mixed = sorted(kind.__name__ for kind in types)
        raise InputError(f"{name} must hold numbers, texts, truth values or dates, one kind of them; it holds {mixed}.")
    raise InputError(f"{name} must hold numbers, texts, truth values or dates; its type is {column.dtype}.")


def _numbers(column: Column) -> Floats:
    if isinstance(column, np.ndarray):
        return np.asarray(column, dtype=np.float64)
    if column.dtype == nw.Boolean:
        return float_column(column.cast(nw.Int8))
    if column.dtype == nw.Duration:
        return float_column(column.dt.total_microseconds()) / _DAY
    if column.dtype == nw.Object:
        gone = _missing(column)
        return np.array([np.nan if null else float(v) for v, null in zip(column.to_list(), gone, strict=True)])
    return float_column(column)


def _days(column: Column, missing: np.ndarray[Any, Any]) -> Floats:
    """Days since 1970, with their fractions for timestamps."""
    assert isinstance(column, nw.Series)
    if column.dtype == nw.Object:
        pairs = zip(column.to_list(), missing, strict=True)
        return np.array([np.nan if null else float(day_number(value, column.name)) for value, null in pairs])
    stamps = column.cast(nw.Datetime("us")) if column.dtype == nw.Date else column
    return float_column(stamps.dt.timestamp("us")) / _DAY


def _texts(column: Column, missing: np.ndarray[Any, Any]) -> list[str | None]:
    assert isinstance(column, nw.Series)
    values: Sequence[Any] = column.to_list() if column.dtype == nw.Object else column.cast(nw.String).to_list()
    return [None if gone else str(value) for value, gone in zip(values, missing, strict=True)]


def _parsed(texts: Iterable[str | None]) -> Floats:
    """Texts as numbers, NaN where one does not read as a finite number."""

    def parse(text: str | None) -> float:
        try:
            value = float(text) if text is not None else np.nan
        except ValueError:
            return np.nan
        return value if np.isfinite(value) else np.nan

    return np.array([parse(text) for text in texts])
