"""Columns of any type as numbers or categories: what reports on features look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from customer_value._frames import EagerFrame, float_column, nw, without_zone
from customer_value._units import date_of
from customer_value._validation import require_rows
from customer_value.transactions._periods import day_numbers

Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
Codes = np.ndarray[Any, np.dtype[np.int64]]

MISSING = "(missing)"
# Written by the label functions beside the outcome: never features.
LABEL_COLUMNS = ("window_start", "window_end", "active", "label_basis")


@dataclass(frozen=True)
class FeatureColumn:
    """One column, read: numbers with NaN (dates as day numbers), or categories as codes, -1 where missing."""

    name: str
    kind: Literal["number", "category", "date"]
    numbers: Floats
    categories: tuple[str, ...] = ()

    @property
    def missing(self) -> Bools:
        """Tell where the column says nothing."""
        return self.numbers < 0 if self.kind == "category" else np.isnan(self.numbers)

    def codes(self) -> tuple[Codes, int]:
        """Return a code per row, equal for equal values, missing being a value of its own, and their number."""
        values = np.where(self.missing, np.inf, self.numbers)
        distinct, codes = np.unique(values, return_inverse=True)
        return codes.astype(np.int64), distinct.size

    def shown(self, number: float) -> str:
        """Write one of the column's values."""
        if np.isnan(number) or (self.kind == "category" and number < 0):
            return MISSING
        if self.kind == "date":
            return str(date_of(int(number)))
        return self.categories[int(number)] if self.kind == "category" else f"{number:.4g}"


def read_feature(frame: EagerFrame, name: str) -> FeatureColumn:
    """Read a column of any type; truth values count as the numbers 0 and 1."""
    series = without_zone(frame.get_column(name))
    dtype = series.dtype
    if dtype.is_numeric():
        values = float_column(series)
        require_rows(~np.isinf(values), f"{name} must be finite", "A missing number is null.")
        return FeatureColumn(name, "number", values)
    present = ~np.asarray(series.is_null().to_numpy(), dtype=np.bool_)
    numbers = np.full(len(series), np.nan)
    if dtype == nw.Boolean:
        numbers[present] = np.array(series.drop_nulls().to_list(), dtype=np.float64)
        return FeatureColumn(name, "number", numbers)
    if isinstance(dtype, (nw.Date, nw.Datetime)):
        numbers[present] = day_numbers(series.drop_nulls())
        return FeatureColumn(name, "date", numbers)
    entries = [str(entry) for entry in series.drop_nulls().to_list()]
    categories = tuple(sorted(set(entries)))
    position = {category: code for code, category in enumerate(categories)}
    numbers[:] = -1
    numbers[present] = [position[entry] for entry in entries]
    return FeatureColumn(name, "category", numbers, categories)
