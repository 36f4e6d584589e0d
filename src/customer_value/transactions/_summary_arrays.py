"""Customer statistics from a transaction log in arrays: one sort, then sums over runs of equal keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from customer_value.transactions._blocks import in_threads
from customer_value.transactions._purchase_periods import (
    Asked,
    CustomerArrays,
    Floats,
    Log,
    Refunds,
    summarize_chunk,
)
from customer_value.transactions._row_order import Integers, dense_codes, order_rows, span

_CHUNK = 1 << 17  # rows whose temporaries stay in the cache
_FEWEST = 4  # chunks that are worth threads


def summarize_arrays(
    labels: Integers,
    period: Integers,
    amount: Floats | None = None,
    *,
    order: Integers | None = None,
    end_period: int,
    refunds: Refunds = "net",
    windows: Sequence[int] = (),
    regularity: bool = False,
) -> CustomerArrays:
    """Summarise each customer's purchase periods up to the end.

    A purchase period holds at least one row with an amount of 0 or above. Negative rows are refunds: ``"net"`` takes
    them off the period that they fall in, ``"match"`` off the customer's latest purchase period up to then, and
    ``"drop"`` ignores them.

    Parameters
    ----------
    labels
        Customer of each row: an integer of any size, ordered like the key (`id_labels` makes them).
    period
        Number of the grain period of each row.
    amount
        Finite amounts; without them purchases are counted only.
    order
        Order of each row, any integers.
    end_period
        Last period observed. Later rows are left out and counted.
    refunds
        What to do with negative rows.
    windows
        First periods of windows that run to the end, in which purchases and value are counted as well.
    regularity
        Whether to sum the logarithms of the times between purchases.
    """
    log = Log(labels, period, amount, order)
    late = int(np.count_nonzero(period > end_period))
    kept = np.flatnonzero(period <= end_period) if late else None
    if kept is not None:
        log = log.take(kept)
    if log.order is not None and log.order.size and span(log.order)[1] + _CHUNK.bit_length() >= 64:
        log = replace(log, order=dense_codes(log.order)[0])
    any_refund = log.amount is not None and log.amount.size > 0 and log.amount.min() < 0
    found = _summarize(log, Asked(refunds if any_refund else None, windows, regularity))
    return found if kept is None else replace(found, row=kept[found.row], rows_after_end=late)


def _summarize(log: Log, asked: Asked) -> CustomerArrays:
    layout = order_rows(log.labels, log.period)
    if layout is None:
        return _summarize_by_customers(log, asked)

    def summarize(part: slice) -> CustomerArrays:
        return summarize_chunk(layout.keys[part], layout, log, asked)

    return _joined(in_threads(summarize, layout.chunks(_CHUNK), fewest=_FEWEST))


def _summarize_by_customers(log: Log, asked: Asked) -> CustomerArrays:
    """Summarise a log whose labels, periods and rows exceed one word: sorted by customer, in parts that fit."""
    layout = order_rows(log.labels)
    if layout is None:
        return _summarize(replace(log, labels=dense_codes(log.labels)[0]), asked)

    def summarize(part: slice) -> CustomerArrays:
        label, row = layout.without_row(layout.keys[part])
        found = _summarize(log.take(row, labels=np.cumsum(np.diff(label, prepend=label[:1]) > 0)), asked)
        return replace(found, row=row[found.row])

    # Half of the rows at most, so that parts which still exceed one word are cut further.
    return _joined(in_threads(summarize, layout.chunks(min(_CHUNK, max(log.labels.size // 2, 1))), fewest=_FEWEST))


def _joined(parts: Sequence[CustomerArrays]) -> CustomerArrays:
    """Put the customers of consecutive parts into one."""
    joined: dict[str, Any] = {}
    for name in (field.name for field in fields(CustomerArrays)):
        values = [getattr(part, name) for part in parts]
        if isinstance(values[0], tuple):
            joined[name] = tuple(np.concatenate(columns) for columns in zip(*values, strict=True))
        elif isinstance(values[0], np.ndarray):
            joined[name] = np.concatenate(values)
        else:
            joined[name] = None if values[0] is None else sum(values)
    return CustomerArrays(**joined)
