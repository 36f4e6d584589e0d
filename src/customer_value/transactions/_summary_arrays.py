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
        codes, n_customers = dense_codes(log.labels)
        log = replace(log, labels=codes)
        layout = order_rows(codes, log.period)
        if layout is None:
            return _summarize_halves(log, n_customers, asked)

    def summarize(part: slice) -> CustomerArrays:
        return summarize_chunk(layout.keys[part], layout, log, asked)

    return _joined(in_threads(summarize, layout.chunks(_CHUNK)))


def _summarize_halves(log: Log, n_customers: int, asked: Asked) -> CustomerArrays:
    """Summarise a log too long for one word per row: half of the customers take a bit less for label and row each."""
    low = log.labels < n_customers // 2
    halves = []
    for rows in (np.flatnonzero(low), np.flatnonzero(~low)):
        half = _summarize(log.take(rows), asked)
        halves.append(replace(half, row=rows[half.row]))
    return _joined(halves)


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
