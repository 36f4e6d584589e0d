"""Entries of a column that holds text or Python objects: which are missing, which texts there are, and ids."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

Flags = np.ndarray[Any, np.dtype[np.bool_]]

# What spreadsheets, Python and SQL write for "nothing" when a column becomes text.
ABSENT_TEXTS = frozenset({"", "nan", "NaN", "NAN", "None", "NULL", "null", "NaT", "<NA>", "N/A", "#N/A"})
_EXACT = 2.0**53  # floats beyond this stand for several whole numbers


def is_absent(entry: Any) -> bool:
    """Tell whether an entry stands for a missing value: None, NaN, NaT, NA, or one of `ABSENT_TEXTS`."""
    if isinstance(entry, str):
        return entry.strip() in ABSENT_TEXTS
    if isinstance(entry, (float, np.generic, dt.datetime, Decimal)):
        return bool(entry != entry)  # NaN and NaT differ from themselves
    return entry is None or type(entry).__name__ == "NAType"


def distinct_texts(entries: Sequence[Any]) -> list[str]:
    """Return the distinct texts, in order of their first appearance."""
    return list(dict.fromkeys(entry for entry in entries if isinstance(entry, str)))


@dataclass(frozen=True, slots=True)
class Ids:
    """An id column that was read: whole numbers, or texts with None where missing."""

    keys: np.ndarray[Any, Any]
    missing: Flags
    refused: str | None  # what the column holds that cannot name customers


def whole_ids(values: np.ndarray[Any, np.dtype[np.float64]]) -> Ids:
    """Read ids that became floats, as whole numbers do beside missing ones in pandas."""
    missing = np.isnan(values)
    if (missing | ((values == np.floor(values)) & (np.abs(values) < _EXACT))).all():
        return Ids(np.where(missing, 0, values).astype(np.int64), missing, None)
    return Ids(values, missing, "numbers that are not whole, or too long for floats")


def read_ids(entries: Sequence[Any]) -> Ids:
    """Read ids from Python objects: whole numbers stay numbers, everything else becomes text."""
    missing = np.fromiter((is_absent(entry) for entry in entries), np.bool_, len(entries))
    kinds = {_id_kind(entry) for entry, absent in zip(entries, missing, strict=True) if not absent}
    if kinds == {"whole numbers"}:
        numbers = [0 if absent else int(entry) for entry, absent in zip(entries, missing, strict=True)]
        return Ids(np.array(numbers, dtype=np.int64), missing, None)
    texts = np.array([None if absent else str(e) for e, absent in zip(entries, missing, strict=True)], dtype=object)
    nameless = kinds & {"dates", "truth values", "numbers that are not whole", "lists or the like"}
    several = kinds if len(kinds) > 1 else nameless
    return Ids(texts, missing, " and ".join(sorted(several)) or None)


def _id_kind(entry: Any) -> str:
    if isinstance(entry, (bool, np.bool_)):
        return "truth values"
    if isinstance(entry, (int, float, np.integer, np.floating, Decimal)):
        return "whole numbers" if -(2**63) < entry < 2**63 and entry == entry // 1 else "numbers that are not whole"
    if isinstance(entry, dt.date):
        return "dates"
    if not isinstance(entry, Hashable):
        return "lists or the like"
    return "text" if isinstance(entry, str) else type(entry).__name__
