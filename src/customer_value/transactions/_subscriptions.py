"""A subscription table's columns, checked and read as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, nw, schema_of
from customer_value._units import GRAINS, date_of, day_number
from customer_value._validation import require_choice, require_columns, require_ids, require_rows, require_some
from customer_value.errors import InputError
from customer_value.transactions._contracts import Contracts, join_contracts
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import require_present
from customer_value.transactions._periods import day_numbers, require_dates
from customer_value.transactions._row_order import dense_codes

Counts = np.ndarray[Any, np.dtype[np.int64]]

_MAKER = "Name the columns with customer_id=, start= and end="
_NULL_KEY = "A subscription belongs to someone: leave such rows out, or find whose they are."
_NULL_START = "Without its start nobody knows when a subscription falls due: leave such rows out, or find it."
_NULL_BY = "Give such rows a value of their own."
_ENDED_FIRST = "Find out whether the columns are exchanged; a subscription of one day ends on the day of its start."
_LATE = "Leave out subscriptions that had not begun, or choose a later observation_end."


@dataclass(frozen=True, slots=True)
class SubscriptionColumns:
    """Names of the table's columns; `by` is that of a further cohort."""

    customer_id: str
    start: str
    end: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """What was read: contracts, and the group of each of them where one was named."""

    contracts: Contracts
    group: Counts | None


def read_subscriptions(
    table: EagerFrame, columns: SubscriptionColumns, *, observation_end: Any, grain: Any
) -> Subscriptions:
    """Check a subscription table and join its rows into contracts."""
    require_choice("grain", grain, GRAINS)
    observed = day_number(observation_end, "observation_end")
    names = [columns.customer_id, columns.start, columns.end, *([] if columns.by is None else [columns.by])]
    require_columns(table, names, what="subscriptions frame", maker=_MAKER)
    if len(set(names)) < len(names):
        raise InputError(f"customer, start, end and by must be different columns; got {names}.")
    require_ids(columns.customer_id, {"subscriptions frame": table})
    _require_one_clock(table, columns)
    require_some(len(table), "subscriptions frame")
    keys = table.get_column(columns.customer_id)
    require_present(keys, _NULL_KEY)
    start, end = _read_days(table, columns, observed)
    group = None
    if columns.by is not None:
        require_ids(columns.by, {"subscriptions frame": table})
        of_rows = table.get_column(columns.by)
        require_present(of_rows, _NULL_BY)
        group = _codes(of_rows)
    contracts = join_contracts(_codes(keys), start, end, group=group, observed=observed, grain=grain)
    return Subscriptions(contracts, None if group is None else group[contracts.row])


def _codes(column: nw.Series[Any]) -> Counts:
    return dense_codes(id_labels(column))[0].astype(np.int64)


def _require_one_clock(table: EagerFrame, columns: SubscriptionColumns) -> None:
    """Raise unless starts and ends are dates, and tell the time by one clock."""
    end, schema = table.get_column(columns.end), schema_of(table)
    require_dates(schema[columns.start], columns.start, objects=True)
    if end.null_count() == len(end):
        return  # nothing has ended, and a column of nulls may have any type
    require_dates(schema[columns.end], columns.end, objects=True)
    zones = {t.time_zone for t in (schema[columns.start], schema[columns.end]) if isinstance(t, nw.Datetime)}
    if len(zones) > 1:
        told = " and ".join(sorted("no zone" if zone is None else str(zone) for zone in zones))
        raise InputError(
            f"{columns.start} and {columns.end} must be of one time zone; they have {told}. Convert one of them."
        )


def _read_days(table: EagerFrame, columns: SubscriptionColumns, observed: int) -> tuple[Counts, Counts]:
    """Return the days of starts and ends; what has not ended by the last day observed ends on the day after it."""
    starts, ends = table.get_column(columns.start), table.get_column(columns.end)
    require_present(starts, _NULL_START)
    start = day_numbers(starts).astype(np.int64)
    ended = ~np.asarray(ends.is_null().to_numpy(), dtype=np.bool_)
    end = np.full(start.size, max(observed, int(start.max())) + 1)
    if ended.any():
        end[ended] = day_numbers(ends.drop_nulls())
    require_rows(end >= start, f"{columns.end} must not be before {columns.start}", _ENDED_FIRST)
    require_rows(start <= observed, f"{columns.start} must not be after observation_end, {date_of(observed)}", _LATE)
    return start, end
