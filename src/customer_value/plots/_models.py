"""Tables that hold one curve or several, told apart by a column `model`."""

from __future__ import annotations

from typing import Any

import numpy as np

from customer_value._frames import EagerFrame
from customer_value.errors import InputError
from customer_value.plots._axes import ACTUAL, EXPECTED, QUIET
from customer_value.plots._columns import label_column

_COLOURS = (EXPECTED, ACTUAL, QUIET, "#b2561f", "#5b8c3a")

Rows = np.ndarray[Any, np.dtype[np.intp]]


def curves(table: EagerFrame, across: np.ndarray[Any, np.dtype[np.float64]]) -> list[tuple[str, str, Rows]]:
    """Return name, colour and rows of each curve, from left to right; one without a name if there is no `model`."""
    order = np.argsort(across, kind="stable")
    if "model" not in table.columns:
        return [("", EXPECTED, order)]
    names = np.array(label_column(table, "model"), dtype=object)
    distinct = list(dict.fromkeys(names))
    if len(distinct) > len(_COLOURS):
        raise InputError(f"a picture takes {len(_COLOURS)} models at most; the table has {len(distinct)}. Choose some.")
    return [(str(name), colour, order[names[order] == name]) for name, colour in zip(distinct, _COLOURS, strict=False)]
