"""A cohort table read as the renewals of contracts: whoever is gone must stay gone."""

from __future__ import annotations

import numpy as np

from customer_value._frames import Column, EagerFrame, make_frame, nw
from customer_value._validation import numeric_column, require_columns, require_rows, require_some, truth_column
from customer_value.errors import InputError

_COLUMNS = ("cohort", "period", "cohort_size", "at_risk", "customers", "complete")
_MAKER = "cohort_table(log, observation_end=...) makes them"
_NO_CONTRACT = (
    "Customers who come back were not lost, so these are no contracts: nobody sees when such a customer leaves. Models "
    "such as clv.ParetoNBD, fitted on summarize_customers(log, ...), are made for that. Where they are contracts, a "
    "bill was late, or the period is finer than the contract's: summarize_renewals reads starts and ends."
)


def is_cohort_table(frame: EagerFrame) -> bool:
    """Tell a cohort table from a renewal table."""
    return "lost" not in frame.columns and {"cohort_size", "customers"} <= set(frame.columns)


def observed_cells(frame: EagerFrame) -> EagerFrame:
    """Cells of single cohorts that are observed as a whole, for all of their customers, sorted."""
    require_columns(frame, _COLUMNS, what="cohort table", maker=_MAKER)
    require_some(len(frame), "cohort table")
    for name in ("period", "cohort_size", "at_risk", "customers"):
        counts = numeric_column(frame, name, what="cohort table")
        require_rows((counts >= 0) & (counts == np.rint(counts)), f"{name} must be a whole number, 0 or above")
    missing = np.asarray(frame.get_column("cohort").is_null().to_numpy(), dtype=bool)
    require_rows(~missing, "cohort must not be null", "Name what it is, such as 'unknown'.")
    for name in ("complete", *(name for name in ("pooled", "projected") if name in frame.columns)):
        truth_column(frame, name)
    kept = frame.filter(nw.col("complete") & (nw.col("at_risk") == nw.col("cohort_size")))
    if "pooled" in frame.columns:
        kept = kept.filter(~nw.col("pooled"))
    if "projected" in frame.columns:
        kept = kept.filter(~nw.col("projected"))
    twice = np.asarray(kept.select("cohort", "period").is_duplicated().to_numpy(), dtype=bool)
    require_rows(~twice, "period must come once in each cohort")
    return kept.sort("cohort", "period")


def renewals_of(frame: EagerFrame) -> EagerFrame:
    """Return the renewal table of a cohort table: at risk are the customers of the period before."""
    cells = observed_cells(frame)
    cohort = np.array(cells.get_column("cohort").to_list(), dtype=object)
    period, customers = (numeric_column(cells, name, what="cohort table") for name in ("period", "customers"))
    follows = np.flatnonzero(cohort[1:] == cohort[:-1]) + 1
    if not follows.size:
        raise InputError(
            "the cohort table holds no period after the first that is observed as a whole: observe longer, or take a "
            "finer period."
        )
    in_order = np.ones(period.size, dtype=bool)
    in_order[follows] = period[follows] == period[follows - 1] + 1
    require_rows(in_order, "period must not skip a number within its cohort")
    at_risk, renewed = customers[follows - 1], customers[follows]
    kept = np.ones(period.size, dtype=bool)
    kept[follows] = renewed <= at_risk
    require_rows(kept, "customers must not rise from one period of a cohort to the next", _NO_CONTRACT)
    columns: dict[str, Column] = {
        "cohort": cells.get_column("cohort")[follows],
        "period": period[follows].astype(np.int64),
        "at_risk": at_risk.astype(np.int64),
        "lost": (at_risk - renewed).astype(np.int64),
    }
    columns |= {
        name: cells.get_column(name)[follows] for name in ("observation_end", "time_unit") if name in cells.columns
    }
    return make_frame(columns, like=frame)
