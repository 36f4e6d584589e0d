"""A cohort table carried on: what was seen of each cohort, then what a contract model expects of those left."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from customer_value._frames import Column, EagerFrame, make_frame
from customer_value._validation import numeric_column
from customer_value.clv._rows import Floats
from customer_value.errors import InputError
from customer_value.transactions._cohort_renewals import observed_cells

_RULER = ("observation_end", "time_unit")

Kept = Callable[[Floats, Floats], Floats]  # renewals made, more of them -> share that makes them


def project_cells(
    frame: EagerFrame, periods: int, kept: Kept, bounds: Callable[[Floats, Floats], tuple[Floats, Floats]] | None
) -> EagerFrame:
    """Return the observed cells of a cohort table, and the projected ones up to the period, sorted."""
    cells = observed_cells(frame)
    if not len(cells):
        raise InputError(
            "the cohort table holds no period that is observed as a whole for all customers of its cohort: observe "
            "longer, or take a finer period."
        )
    cohort = np.array(cells.get_column("cohort").to_list(), dtype=object)
    period, size, customers = (
        numeric_column(cells, name, what="cohort table") for name in ("period", "cohort_size", "customers")
    )
    last = np.flatnonzero(np.append(cohort[1:] != cohort[:-1], True))
    more = np.maximum(periods - period[last], 0).astype(np.intp)
    of = np.repeat(last, more)
    ahead = np.arange(of.size) - np.repeat(np.cumsum(more) - more, more) + 1.0
    row = np.concatenate([np.arange(period.size), of])
    step = np.concatenate([np.zeros(period.size), ahead])
    order = np.lexsort((period[row] + step, np.cumsum(np.append(0, cohort[1:] != cohort[:-1]))[row]))
    row, step = row[order], step[order]
    projected = step > 0

    def left(shares: Floats) -> Floats:
        expected: Floats = np.array(customers[row])
        expected[projected] *= shares
        return expected

    made, steps = period[row][projected], step[projected]
    expected = left(kept(made, steps))
    columns: dict[str, Column] = {
        "cohort": cells.get_column("cohort")[row],
        "period": (period[row] + step).astype(np.int64),
        "cohort_size": size[row].astype(np.int64),
        "at_risk": size[row].astype(np.int64),
        "customers": expected,
        "rate": expected / size[row],
    }
    if bounds is not None:
        for name, share in zip(("rate_lower", "rate_upper"), bounds(made, steps), strict=True):
            columns[name] = np.where(projected, left(share) / size[row], np.nan)
    columns |= {"complete": np.ones(row.size, dtype=bool), "projected": projected}
    columns |= {name: cells.get_column(name)[row] for name in _RULER if name in cells.columns}
    return make_frame(columns, like=frame)
