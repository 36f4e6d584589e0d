"""Cells of a cohort table as frames: one row per cohort and period, or the triangle."""

from __future__ import annotations

import numpy as np

from customer_value._frames import Column, EagerFrame, engine_of, float_column, make_frame, nw, whole_numbers
from customer_value._stats.intervals import wilson_interval
from customer_value.errors import DataWarning, InputError, warn
from customer_value.transactions._cohort_cells import (
    BEGUN,
    COHORT,
    CUSTOMERS,
    FULL,
    CohortPlan,
)
from customer_value.transactions._cohort_grid import Cells, Counts, Floats, Groups, make_cells, make_groups
from customer_value.transactions._period_frames import MARGIN, ORDERS, PERIOD, VALUE
from customer_value.transactions._periods import date_literal

VALUES: tuple[str, ...] = ("customers", "rate", "revenue", "cumulative_revenue", "orders", "margin")
POOLED = "all"
_SUMS = {"customers": CUSTOMERS, "revenue": VALUE, "orders": ORDERS, "margin": MARGIN}
_WHOLE = ("customers", "orders")


class CohortTable:
    """The sums of a log by cohort, time observed and period, and what is shown of them."""

    def __init__(
        self,
        sums: EagerFrame,
        plan: CohortPlan,
        *,
        end: int,
        values: tuple[str, ...],
        whole_only: bool,
        interval: float | None,
        pooled: bool,
    ) -> None:
        self._sums, self._plan, self._end, self._values = sums, plan, end, values
        self._whole_only, self._interval, self._pooled = whole_only, interval, pooled

        self._keys = np.array(sums.get_column(COHORT).to_list(), dtype=object)
        self._first = np.flatnonzero(np.append(True, self._keys[1:] != self._keys[:-1]))  # row that begins each cohort
        self._groups = _make_groups(sums, self._first)
        self._parts = self._make_parts(pooled=pooled)

    def _make_parts(self, *, pooled: bool) -> list[Cells]:
        """Cells of the cohorts, and of all of them together where that is asked for."""
        cells = make_cells(self._groups, whole_only=self._whole_only)
        if not cells.period.size:
            raise InputError(
                "incomplete='drop' leaves nothing: no customer is observed for a whole period. Take a finer period."
            )
        return [cells, make_cells(self._groups, whole_only=True, pooled=True)] if pooled else [cells]

    def _values_of(self, cells: Cells) -> dict[str, Floats]:
        made = dict(cells.sums) | {
            "cumulative_revenue": cells.running["revenue"],
            "rate": cells.sums["customers"] / cells.at_risk,
        }
        return {name: made[name] for name in self._values}

    def _cohorts(self) -> Column:
        """Name of each cohort, and of all together where that is asked for."""
        cohorts = self._plan.cohorts
        if cohorts is None and not self._pooled:
            return self._sums.get_column(COHORT)[self._first]
        keys = self._keys[self._first]
        names = np.array([str(k) for k in keys], dtype=object) if cohorts is None else cohorts.labels(keys)
        if self._pooled and POOLED in names:
            raise InputError(f"pooled=True names its rows {POOLED!r}, and a cohort has that name: give it another one.")
        return np.append(names, POOLED) if self._pooled else names

    def long(self) -> EagerFrame:
        """One row per cohort and period."""
        parts, names = self._parts, self._cohorts()
        all_of_them = [np.full(cells.cohort.size, self._first.size) for cells in parts[1:]]
        number = np.concatenate([parts[0].cohort, *all_of_them])
        period = np.concatenate([cells.period for cells in parts])
        columns: dict[str, Column] = {"cohort": names[number]}
        if self._pooled:
            columns["pooled"] = number == self._first.size
        columns["period"] = period
        if self._plan.cohorts == self._plan.calendar and not self._plan.own_clock:
            known = np.append(self._keys[self._first].astype(np.int64), 0)
            labels = self._plan.calendar.labels(known[number] + period)
            labels[number == self._first.size] = None
            columns["calendar_period"] = labels
        for name in ("cohort_size", "at_risk"):
            columns[name] = np.concatenate([getattr(cells, name) for cells in parts]).astype(np.int64)
        shown = [self._values_of(cells) for cells in parts]
        for name in self._values:
            values = np.concatenate([each[name] for each in shown])
            columns[name] = values.astype(np.int64) if name in _WHOLE else values
        if self._interval is not None:
            bounds = wilson_interval(columns["customers"], columns["at_risk"], interval=self._interval)
            columns |= dict(zip(("rate_lower", "rate_upper"), bounds, strict=True))
        columns["complete"] = np.concatenate([cells.complete for cells in parts])
        frame = make_frame(columns, like=self._sums)
        return frame.with_columns(
            date_literal(self._end, engine_of(frame)).alias("observation_end"),
            nw.lit(self._plan.calendar.grain).alias("time_unit"),
        )

    def triangle(self) -> EagerFrame:
        """One row per cohort, one column per period, null where no customer is observed."""
        name, parts, names = self._values[-1], self._parts, self._cohorts()
        width = max(int(cells.period.max(initial=-1)) for cells in parts) + 1
        table = np.full((self._first.size + 1, width), np.nan)
        size = np.zeros(self._first.size + 1, dtype=np.int64)
        for i, cells in enumerate(parts):
            row = np.full(cells.cohort.size, self._first.size) if i else cells.cohort
            table[row, cells.period] = self._values_of(cells)[name]
            size[row] = cells.cohort_size
        rows = np.flatnonzero(size)
        columns: dict[str, Column] = {"cohort": names[rows], "cohort_size": size[rows]}
        for k in range(width):
            values, missing = table[rows, k], np.isnan(table[rows, k])
            columns[str(k)] = whole_numbers(np.nan_to_num(values), missing, self._sums) if name in _WHOLE else values
        return make_frame(columns, like=self._sums)


def _make_groups(sums: EagerFrame, first: Counts) -> Groups:
    """Lay the sums out by group of customers; amounts from before a customer's first purchase are left out."""
    columns = {name: column for name, column in _SUMS.items() if column in sums.columns}
    arrays = {name: float_column(sums.get_column(column)) for name, column in columns.items()}
    begun, full, period = (
        np.asarray(sums.get_column(name).to_numpy(), dtype=np.int64) for name in (BEGUN, FULL, PERIOD)
    )
    if (period < 0).any():
        warn(
            f"left out amounts of {arrays['revenue'][period < 0].sum():,.2f} from before their customer's first "
            "purchase: refunds of purchases that the log does not hold. refunds='drop' leaves all refunds out.",
            DataWarning,
        )
    cohort = np.repeat(np.arange(first.size), np.diff(first, append=period.size))
    return make_groups(cohort, begun, full, period, arrays)
