"""A subscription table's columns, checked and read as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import AnyFrame, EagerFrame, column_names, nw, schema_of
from customer_value._units import GRAINS, date_of
from customer_value._validation import require_choice, require_columns, require_ids, require_rows, require_some
from customer_value.errors import InputError
from customer_value.transactions._contracts import Contracts, join_contracts
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import require_present
from customer_value.transactions._periods import day_numbers, require_dates
from customer_value.transactions._plan import end_day
from customer_value.transactions._row_order import dense_codes

Counts = np.ndarray[Any, np.dtype[np.int64]]

MAKER = "Name the columns with customer_id=, start= and end="
_NULL_KEY = "A subscription belongs to someone: leave such rows out, or find whose they are."
_NULL_START = "Without its start nobody knows when a subscription falls due: leave such rows out, or find it."
_NULL_BY = "Give such rows a value of their own."
_ENDED_FIRST = "Find out whether the columns are exchanged; a subscription of one day ends on the day of its start."
# What tables that were not made for this library call the columns `start` and `end`.
COMMON_NAMES = {"start": ("started", "start_date"), "end": ("ended", "end_date")}

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


@dataclass(frozen=True, slots=True)
class Spans:
    """The rows of a subscription table, checked: whose they are, and from which day to before which; all are numbers.

    What has not ended by `observed`, the last day observed, may end on any day after it.
    """

    keys: nw.Series[Any]
    customer: Counts  # ordered like the keys
    start: Counts
    end: Counts
    observed: int


def subscription_columns(
    table: AnyFrame, customer_id: str, start: str, end: str, by: str | None = None
) -> SubscriptionColumns:
    """Name the table's columns; where `start` or `end` is not there, the one of `COMMON_NAMES` that is."""
    return SubscriptionColumns(customer_id, common_name(table, start), common_name(table, end), by)


def common_name(table: AnyFrame, name: str) -> str:
    """Return the name itself, or the other name that the table has for it; several of them are told apart by nobody."""
    there = column_names(table)
    others = [other for other in COMMON_NAMES.get(name, ()) if other in there] if isinstance(name, str) else []
    if not others or name in there:
        return name
    if len(others) > 1:
        raise InputError(f"the subscriptions frame has {others}: say which one is meant with {name}=.")
    return others[0]


def read_subscriptions(
    table: EagerFrame, columns: SubscriptionColumns, *, observation_end: Any, grain: Any
) -> Subscriptions:
    """Check a subscription table and join its rows into contracts."""
    spans = read_spans(table, columns, observation_end=observation_end, grain=grain)
    group = None
    if columns.by is not None:
        require_ids(columns.by, {"subscriptions frame": table})
        of_rows = table.get_column(columns.by)
        require_present(of_rows, _NULL_BY)
        group = _codes(of_rows)
    contracts = join_contracts(
        spans.customer, spans.start, spans.end, group=group, observed=spans.observed, grain=grain
    )
    return Subscriptions(contracts, None if group is None else group[contracts.row])


def read_spans(
    table: EagerFrame, columns: SubscriptionColumns, *, observation_end: Any, grain: Any, amount: str | None = None
) -> Spans:
    """Check a subscription table row by row; where they have an `amount`, its column must be there as well."""
    require_choice("grain", grain, GRAINS)
    observed = end_day(observation_end)
    by = () if columns.by is None else (columns.by,)
    names = [columns.customer_id, columns.start, columns.end, *by, *([] if amount is None else [amount])]
    require_columns(table, names, what="subscriptions frame", maker=MAKER)
    if len(set(names)) < len(names):
        roles = f"customer, start, end and {'by' if amount is None else 'amount'}"
        raise InputError(f"{roles} must be different columns; got {names}.")
    require_ids(columns.customer_id, {"subscriptions frame": table})
    _require_one_clock(table, columns)
    require_some(len(table), "subscriptions frame")
    keys = table.get_column(columns.customer_id)
    require_present(keys, _NULL_KEY)
    start, end, observed = _read_days(table, columns, observed)
    return Spans(keys, _codes(keys), start, end, observed)


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


def _read_days(table: EagerFrame, columns: SubscriptionColumns, observed: int | None) -> tuple[Counts, Counts, int]:
    """Return the days of starts and ends and the last one observed, which is the latest of them where none is given.

    What has not ended by then ends on the day after it.
    """
    starts, ends = table.get_column(columns.start), table.get_column(columns.end)
    require_present(starts, _NULL_START)
    start = day_numbers(starts).astype(np.int64)
    ended = ~np.asarray(ends.is_null().to_numpy(), dtype=np.bool_)
    known = day_numbers(ends.drop_nulls()).astype(np.int64) if ended.any() else start[:0]
    latest = int(max(start.max(), known.max(initial=start.max())))
    observed = latest if observed is None else observed
    end = np.full(start.size, max(observed, latest) + 1)
    end[ended] = known
    require_rows(end >= start, f"{columns.end} must not be before {columns.start}", _ENDED_FIRST)
    require_rows(start <= observed, f"{columns.start} must not be after observation_end, {date_of(observed)}", _LATE)
    return start, end, observed
