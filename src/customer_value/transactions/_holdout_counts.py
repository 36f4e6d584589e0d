"""What a holdout saw of each customer: counted in arrays for eager frames, in expressions for lazy ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, make_frame, nw
from customer_value._units import TIME_UNITS, Grain, day_number, period_number
from customer_value._validation import few, require_lazy, require_some
from customer_value.errors import InputError
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import LogArrays, LogColumns, LogFacts, require_present
from customer_value.transactions._periods import in_ruler
from customer_value.transactions._plan import RefundPolicy
from customer_value.transactions._summary_arrays import summarize_arrays
from customer_value.transactions._summary_eager import periods_of
from customer_value.transactions._summary_relational import Lazy, log_rows, merge_periods

_ONCE = "customers must have one row per customer"
_NULL_RULER = "Every row of a customer summary tells its ruler."
_NULL_KEY = "A customer summary has a key in every row."


@dataclass(frozen=True, slots=True)
class Ruler:
    """Last day and time unit of the summary that the holdout follows."""

    end: int
    time_unit: str


@dataclass(frozen=True, slots=True)
class HoldoutPlan:
    """Everything that shapes the counts apart from the rows."""

    columns: LogColumns
    ruler: Ruler
    end: int
    grain: Grain
    refunds: RefundPolicy

    @property
    def duration(self) -> float:
        """Length of the holdout in the summary's time unit."""
        periods = period_number(self.end, self.grain) - period_number(self.ruler.end, self.grain)
        return float(in_ruler(periods, self.grain, self.ruler.time_unit))


def read_known(known: EagerFrame, key: str) -> Ruler:
    """Check the keys of an eager summary, and read its ruler."""
    require_some(len(known), "customers frame")
    require_present(known.get_column(key), _NULL_KEY)
    ends, units = (known.get_column(column).unique().to_list() for column in ("observation_end", "time_unit"))
    return _one_ruler(ends, units)


def scan_known(known: Lazy, key: str) -> Ruler:
    """Check the keys of a lazy summary, and read its ruler, with one aggregate query."""
    end, unit, rows = nw.col("observation_end"), nw.col("time_unit"), nw.col("_rows")
    per_key = known.group_by(key).agg(
        nw.len().alias("_rows"),
        end.min().alias("_first_end"),
        end.max().alias("_last_end"),
        unit.min().alias("_first_unit"),
        unit.max().alias("_last_unit"),
    )
    facts = require_lazy(
        per_key,
        {
            f"{key} must not be null": (~nw.col(key).is_null(), _NULL_KEY),
            _ONCE: (rows == 1, ""),
            "observation_end must not be null": (~nw.col("_first_end").is_null(), _NULL_RULER),
            "time_unit must not be null": (~nw.col("_first_unit").is_null(), _NULL_RULER),
        },
        facts={
            "first_end": nw.col("_first_end").min(),
            "last_end": nw.col("_last_end").max(),
            "first_unit": nw.col("_first_unit").min(),
            "last_unit": nw.col("_last_unit").max(),
        },
    )
    require_some(facts["n"], "customers frame")
    return _one_ruler([facts["first_end"], facts["last_end"]], [facts["first_unit"], facts["last_unit"]])


def _one_ruler(ends: list[Any], units: list[Any]) -> Ruler:
    if len(set(ends)) != 1 or len(set(units)) != 1 or units[0] not in TIME_UNITS:
        raise InputError(
            "customers must come from one summary, with one observation_end and one time_unit; they have "
            f"{few(sorted(set(map(str, ends))))} and {few(sorted(set(map(str, units))))}."
        )
    return Ruler(day_number(ends[0], "observation_end of customers"), str(units[0]))


def count_eager(rows: LogArrays, known: EagerFrame, plan: HoldoutPlan) -> EagerFrame:
    """Count in arrays: each customer of the summary gets a purchase of 0 in a period before all others.

    So each of them is counted, purchases are repeat purchases, and whoever lacks that first period is new.
    """
    key = plan.columns.customer_id
    known_keys = known.get_column(key)
    keys = nw.concat([known.select(key), rows.keys.alias(key).to_frame()]).get_column(key)
    period = periods_of(rows.days, plan.grain)
    before = int(period.min()) - 1
    found = summarize_arrays(
        id_labels(keys),
        np.concatenate([np.full(len(known), before, period.dtype), period]),
        np.concatenate([np.zeros(len(known)), rows.amounts]),
        end_period=int(period.max()),
        refunds="drop" if plan.refunds == "error" else plan.refunds,
        windows=[before + 1] if plan.refunds == "match" else (),
    )
    # A refund that is matched to that first period is of a purchase in the calibration.
    value = np.asarray(found.window_values[0] if plan.refunds == "match" else found.total_value)
    old = np.flatnonzero(found.first_period == before)
    if old.size < len(known):
        raise InputError(f"{_ONCE}; {len(known) - old.size} of {len(known)} rows are further rows of one.")
    return make_frame(
        {
            key: known_keys[found.row[old]],
            "holdout_purchases": found.frequency[old],
            "holdout_value": value[old],
            "holdout_duration": np.full(old.size, plan.duration),
        },
        like=known,
    )


def count_lazy(holdout: Lazy, known: Lazy, plan: HoldoutPlan, facts: LogFacts) -> Lazy:
    """Count in expressions, and join to the customers of the summary."""
    key, period, bought = plan.columns.customer_id, nw.col("_period"), nw.col("_bought")
    rows = log_rows(holdout, plan.columns, plan.grain)
    if plan.refunds == "drop":
        rows = rows.filter(nw.col("_value") >= 0)
    periods = merge_periods(rows, key, plan.grain, has_refunds=facts.refunds > 0 and plan.refunds != "drop")
    if plan.refunds == "match":
        periods = periods.with_columns(bought.min().over(key).alias("_first")).filter(period >= nw.col("_first"))
    counts = periods.group_by(key).agg(
        bought.count().alias("holdout_purchases"), nw.col("_value").sum().alias("holdout_value")
    )
    return (
        known.select(key)
        .join(counts, on=key, how="left")
        .with_columns(
            nw.col("holdout_purchases").fill_null(0).cast(nw.Int64),
            nw.col("holdout_value").fill_null(0.0),
            nw.lit(plan.duration).alias("holdout_duration"),
        )
        .sort(key)
    )
