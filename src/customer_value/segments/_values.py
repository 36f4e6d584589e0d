"""Values that can be added up and squared."""

from __future__ import annotations

from typing import Any

import numpy as np

from customer_value._frames import EagerFrame
from customer_value._validation import numeric_column, require_rows

Floats = np.ndarray[Any, np.dtype[np.float64]]

LARGEST = 1e100  # of a number: the square of its sum over any customers is still one


def require_below_largest(values: Floats, name: str) -> None:
    """Raise where a number, positive or negative, is too large to be squared; unknown ones (NaN) are not."""
    require_rows(~(np.abs(values) >= LARGEST), f"{name} must be below {LARGEST:.0e} in size")


def value_column(frame: EagerFrame, column: str, *, nulls: bool = False) -> Floats:
    """Return a column of numbers that can be added up and squared; nulls become NaN where they are allowed."""
    values = numeric_column(frame, column, what="frame", nulls=nulls)
    require_below_largest(values, column)
    return values
