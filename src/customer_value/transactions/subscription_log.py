"""A subscription table as a transaction log: one row per bill, which every other room takes."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from customer_value._frames import Column, EagerFrame, FrameT, float_column, make_frame, to_eager
from customer_value._units import Day, Grain
from customer_value._validation import require_columns, require_numeric, require_rows
from customer_value.errors import InputError
from customer_value.transactions._contracts import due_date, whole_grains
from customer_value.transactions._plan import DAYS_PER
from customer_value.transactions._subscriptions import MAKER, Spans, read_spans, subscription_columns

Counts = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]

_LOG = ("date", "amount")
_PRICE = "It is what a subscription costs per period: leave out rows that are not billed, or set them to 0."


def expand_subscriptions(
    subscriptions: FrameT,
    *,
    start: str = "start",
    end: str = "end",
    amount: str = "amount",
    grain: Grain = "month",
    observation_end: Day = "last",
    customer_id: str = "customer_id",
) -> FrameT:
    """Turn subscriptions into a transaction log: one row per subscription and billing period.

    A subscription is billed on its start, and again on each day on which it is renewed: n months (quarters, years,
    ...) after its start, for as long as that lies before its end.

    Parameters
    ----------
    subscriptions
        One row per subscription. Subscriptions that overlap are billed each for itself.
    start, end
        Names of the columns with the first day and the day on which a subscription is over, null while it runs. Dates
        are dates or timestamps, of which the day counts. Without a column `start`, `started` or `start_date` is
        taken; without `end`, `ended` or `end_date`.
    amount
        Name of the column with the price of one billing period.
    grain
        Billing period. Months are calendar ones: what starts on 31 January is billed on the last of February, on 31
        March and so on.
    observation_end
        Last day observed, inclusive and whole, as a date, timestamp or ISO text: later bills are left out, later
        starts are an error. ``"last"`` is the latest start or end in the table. Name the day where the table was drawn
        later, for subscriptions that run are billed up to it, and where it holds ends that are only announced.
    customer_id
        Name of the customer column.

    Returns
    -------
    FrameT
        A frame of the same library with the customer column, `date` and `amount`, sorted by customer, subscription
        (earlier starts first) and date.

    Raises
    ------
    InputError
        For missing columns, null customers, starts or prices, prices below 0, dates that are no dates, two time zones,
        ends before their start, starts after `observation_end`, an empty frame, and engines (DuckDB, Dask, PySpark),
        with what to call.

    Notes
    -----
    A subscription that ends on the day of its start is billed once: it was sold. Prices that change are rows of their
    own: one subscription up to the change and another from it.

    Eager; a polars LazyFrame is collected once and comes back lazy.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> subscriptions = pd.DataFrame({
    ...     "customer_id": ["ann", "bob"],
    ...     "started": pd.to_datetime(["2026-01-31", "2026-02-10"]),
    ...     "ended": pd.to_datetime([None, "2026-03-10"]),
    ...     "mrr": [20.0, 50.0],
    ... })
    >>> cv.expand_subscriptions(subscriptions, amount="mrr", observation_end="2026-03-31")
      customer_id       date  amount
    0         ann 2026-01-31    20.0
    1         ann 2026-02-28    20.0
    2         ann 2026-03-31    20.0
    3         bob 2026-02-10    50.0
    """
    table, as_given = to_eager(subscriptions, "subscriptions", "expand_subscriptions")
    require_columns(table, [customer_id, amount], what="subscriptions frame", maker=f"{MAKER}, and amount=")
    if customer_id in _LOG:
        raise InputError(f"the log would have {customer_id!r} twice: give the key a name of its own.")
    columns = subscription_columns(table, customer_id, start, end)
    spans = read_spans(table, columns, observation_end=observation_end, grain=grain, amount=amount)
    prices = _read_prices(table, amount)
    order = np.lexsort((prices, spans.end, spans.start, spans.customer))
    starts, bills = spans.start[order], _count_bills(spans, grain)[order]
    row = np.repeat(order, bills)
    number = np.arange(row.size) - np.repeat(np.cumsum(bills) - bills, bills)
    dates = _bill_dates(starts, bills, number, grain)
    log: dict[str, Column] = {
        customer_id: spans.keys[row],
        "date": dates.astype("datetime64[D]"),
        "amount": prices[row],
    }
    return cast("FrameT", as_given(make_frame(log, like=table)))


def _read_prices(table: EagerFrame, amount: str) -> Floats:
    column = table.get_column(amount)
    require_numeric(column.dtype, amount)
    prices = float_column(column)
    require_rows(~np.isnan(prices), f"{amount} must not be null or NaN", _PRICE)
    require_rows(np.isfinite(prices), f"{amount} must be finite")
    require_rows(prices >= 0, f"{amount} must be 0 or above", _PRICE)
    return prices


def _count_bills(spans: Spans, grain: str) -> Counts:
    """Count the bills up to the last day before a subscription's end that is observed; the first one is always sent."""
    last = np.minimum(spans.end - 1, spans.observed)
    bills: Counts = np.maximum(whole_grains(spans.start, last, grain), 0) + 1
    return bills


def _bill_dates(start: Counts, bills: Counts, number: Counts, grain: str) -> Counts:
    """Return the days of bills; calendar months are looked up, for starts repeat."""
    if grain in DAYS_PER:
        return due_date(np.repeat(start, bills), number, grain)
    distinct, place = np.unique(start, return_inverse=True)
    calendar = due_date(distinct[:, None], np.arange(int(bills.max())), grain)
    dates: Counts = calendar[np.repeat(place, bills), number]
    return dates
