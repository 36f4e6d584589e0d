"""Cohort tables as pictures read them: which value, which cells, what they are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame
from customer_value._validation import numeric_column, require_choice, require_columns, require_rows, require_some
from customer_value.errors import InputError
from customer_value.plots._columns import flag_column, label_column

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

MAKER = "cohort_table(log, observation_end=...) makes it"
# What a cell can show, the most telling first: name, title, unit of its numbers.
TITLES = {
    "rate": "Share of customers who bought",
    "cumulative_revenue": "Revenue so far",
    "revenue": "Revenue",
    "margin": "Margin",
    "orders": "Orders",
    "customers": "Customers who bought",
}


@dataclass(frozen=True, slots=True)
class CohortCells:
    """Cells of a cohort table, one entry each; cohorts are numbered in the order of the table."""

    names: list[str]
    cohort: np.ndarray[Any, np.dtype[np.intp]]
    period: np.ndarray[Any, np.dtype[np.intp]]
    value: str
    numbers: Floats
    complete: Flags
    projected: Flags
    pooled: Flags
    unit: str  # of periods


def choose_value(table: EagerFrame, value: str | None) -> str:
    """Return the value to show: the one asked for, or the most telling one there is."""
    there = [name for name in TITLES if name in table.columns]
    if value is None:
        require_columns(table, there[:1] or ["customers"], what="table", maker=MAKER)
        return there[0]
    require_choice("value", value, there)
    return value


def read_cohorts(table: EagerFrame, value: str | None) -> CohortCells:
    """Check a cohort table in its long form."""
    require_columns(table, ["cohort", "period"], what="table", maker=MAKER)
    require_some(len(table), "table")
    shown = choose_value(table, value)
    period = numeric_column(table, "period", what="table")
    require_rows((period >= 0) & (period == np.floor(period)), "period must be a whole number, 0 or above")
    labels = label_column(table, "cohort")
    names = list(dict.fromkeys(labels))
    number = {name: i for i, name in enumerate(names)}
    cohort = np.array([number[label] for label in labels])
    if np.unique(np.stack([cohort, period]), axis=1).shape[1] < len(table):
        raise InputError("period must come once in each cohort of the table.")
    units = set(label_column(table, "time_unit")) if "time_unit" in table.columns else {"period"}
    if len(units) > 1:
        raise InputError(f"the table must count one kind of period; it counts {sorted(units)}.")
    nothing = np.zeros(len(table), dtype=bool)
    complete, projected, pooled = (
        flag_column(table, name) if name in table.columns else default
        for name, default in (("complete", ~nothing), ("projected", nothing), ("pooled", nothing))
    )
    numbers = numeric_column(table, shown, what="table", nulls=True)
    return CohortCells(names, cohort, period.astype(np.intp), shown, numbers, complete, projected, pooled, units.pop())
