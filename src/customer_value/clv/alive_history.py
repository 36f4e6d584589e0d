"""P(alive) of single customers over time, each day with what was known on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from customer_value._frames import AnyFrame, FrameT, as_given, make_frame, nw, open_frame
from customer_value._units import GRAINS, Day, Grain, date_of
from customer_value._validation import require_choice
from customer_value.clv._base import PurchaseModel, require_purchase_model
from customer_value.errors import InputError
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import LogColumns, LogRules, check_log, log_columns, read_log
from customer_value.transactions._periods import (
    CALENDAR_YEAR,
    YearStart,
    day_expression,
    in_ruler,
    number_of,
    read_year_start,
    start_of,
)
from customer_value.transactions._plan import end_day

_MOST_ROWS = 100_000_000
_SHOWN = 5

Periods = np.ndarray[Any, np.dtype[np.int64]]


def alive_history(
    log: FrameT,
    purchase_model: PurchaseModel,
    *,
    customers: Iterable[Any],
    until: Day,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
    grain: Grain = "day",
    year_start: str = "01-01",
) -> FrameT:
    """Follow the P(alive) of some customers from day to day.

    Each day's number rests on the purchases up to the end of that day alone, as if the customer summary had been made
    then; the model is the one given, whenever it was fitted.

    One aggregate query checks the log; then the customers' own rows are collected, and nothing else.

    Parameters
    ----------
    log
        Transactions: customer, date, amount. The order of the rows does not matter; rows after `until` are left out.
    purchase_model
        Fitted purchase model with a time unit.
    customers
        Ids of the customers, such as ``[4711]``.
    until
        Last day of the histories, inclusive and whole; ``"last"`` is the log's last date.
    customer_id, date, amount
        Column names.
    grain
        Calendar period within which purchases merge, as in the summary that the model was fitted on. A model of
        opportunities (`clv.BGBB`) has its own: leave it out.
    year_start
        With a model of yearly opportunities: month and day on which a year begins, as in `summarize_opportunities`.

    Returns
    -------
    One row per customer and grain period, from the first purchase to `until`, sorted by both: the customer column,
    date (the period's last day; a period that `until` cuts off is left out), p_alive at the end of that day, and
    purchase (whether the customer bought in the period).

    Raises
    ------
    InputError
        Columns are missing or break a rule, a customer is not in the log or had not bought by `until`, the model has
        no time unit, or grain or year_start does not go with it.

    Warns
    -----
    FitWarning
        P(alive) cannot be supported by the data that the model was fitted on; it is null then.

    Notes
    -----
    Between purchases P(alive) falls; on the day of one it jumps up, to 1 where a model has no dropout before the next
    purchase. A row with an amount of 0 or above is a purchase, as in `summarize_customers`.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> log = pd.DataFrame({"customer_id": [4711, 4711, 4712], "amount": [20.0, 30.0, 10.0],
    ...                     "date": pd.to_datetime(["2026-01-01", "2026-01-03", "2026-01-02"])})
    >>> model = cv.clv.ParetoNBD.from_params(r=0.553, alpha=10.58, s=0.606, beta=11.67, time_unit="week")
    >>> history = cv.alive_history(log, model, customers=[4711], until="2026-01-05")
    >>> history.round({"p_alive": 3})
       customer_id       date  p_alive  purchase
    0         4711 2026-01-01   1.000      True
    1         4711 2026-01-02   0.993     False
    2         4711 2026-01-03   1.000      True
    3         4711 2026-01-04   0.993     False
    4         4711 2026-01-05   0.986     False
    """
    opened = open_frame(log, "log")
    columns = log_columns(opened, customer_id, date, amount)
    require_purchase_model(purchase_model)
    clock, start = _clock_of(purchase_model, grain, year_start)
    asked = list(customers) if isinstance(customers, Iterable) and not isinstance(customers, (str, bytes)) else None
    if not asked:
        raise InputError(f"customers must be a list of ids, such as [4711]; got {customers!r}.")
    keys, labels, days, last_day = _purchases_of(opened, columns, asked)
    end = end_day(until, "until")
    end = last_day if end is None else end
    last = int(number_of(end + 1, clock, start)) - 1  # the last whole period
    bought = _of_period(days, clock, start)
    seen = bought <= last
    _require_known(keys, seen, asked, end, clock)
    customer, period, purchase, row = _histories(labels[seen], bought[seen], last)
    frequency, latest, first = _so_far(customer, period, purchase)
    observed = "opportunities" if "opportunities" in purchase_model._columns else "T"
    unit = str(purchase_model.time_unit_)
    told = {
        "frequency": frequency,
        "recency": in_ruler(latest - first, clock, unit),
        observed: in_ruler(period - first, clock, unit),
    }
    known = make_frame({name: np.asarray(values, dtype=np.float64) for name, values in told.items()}, opened)
    history = make_frame(
        {
            columns.customer_id: keys[np.flatnonzero(seen)[row]],
            "date": np.asarray(start_of(period + 1, clock, start) - 1).astype("datetime64[D]"),
            "p_alive": purchase_model.probability_alive(known.to_native()),
            "purchase": purchase,
        },
        opened,
    )
    result: FrameT = as_given(history, opened)
    return result


def _clock_of(model: PurchaseModel, grain: Any, year_start: str) -> tuple[str, YearStart]:
    """Return the calendar period in which the model counts, and when its years begin."""
    require_choice("grain", grain, GRAINS)
    unit = model.time_unit_
    if unit is None:
        raise InputError(f"alive_history needs the model's time unit; fit on a summary: {model._maker}.")
    start = read_year_start(year_start, "year")
    if start != CALENDAR_YEAR and not ("opportunities" in model._columns and unit == "year"):
        raise InputError(f"year_start={year_start!r} goes with a model of yearly opportunities such as clv.BGBB.")
    if "opportunities" not in model._columns:
        return grain, start
    if unit not in GRAINS:
        raise InputError(f"{type(model).__name__} needs calendar periods, {list(GRAINS)}; its time unit is {unit!r}.")
    if grain not in ("day", unit):
        raise InputError(f"{type(model).__name__} counts by the {unit}, its opportunity: leave grain out.")
    return unit, start


def _purchases_of(log: AnyFrame, columns: LogColumns, asked: list[Any]) -> tuple[nw.Series[Any], Any, Periods, int]:
    """Customer (as given, and as a label) and day of each purchase of those asked for, and the log's last day."""
    key, amount = nw.col(columns.customer_id), nw.col(columns.amount)
    dtype = log.collect_schema()[columns.customer_id]
    text = isinstance(dtype, (nw.Categorical, nw.Enum))
    if text:
        key = key.cast(nw.String)
    wanted = _as_ids(asked, nw.String() if text else dtype, columns.customer_id)
    if isinstance(log, nw.LazyFrame):
        last = check_log(log, columns, LogRules()).last_day
        theirs = log.filter(key.is_in(wanted) & (amount >= 0))
        found = theirs.select(nw.col(columns.customer_id), day_expression(columns.date).alias("_day")).collect()
        keys = found.get_column(columns.customer_id)
        return keys, id_labels(keys), np.asarray(found.get_column("_day").to_numpy(), np.int64), last
    rows = read_log(log, columns, LogRules())
    labels = id_labels(rows.keys)  # of all rows: whatever is no id is told
    theirs_now = log.select(key.is_in(wanted).alias("_")).get_column("_").to_numpy() & (rows.amounts >= 0)
    place = np.flatnonzero(theirs_now)
    return rows.keys[place], labels[place], rows.days[place].astype(np.int64), int(rows.days.max())


def _as_ids(asked: list[Any], dtype: Any, column: str) -> list[Any]:
    """Return the ids asked for as plain values; raise unless they are of the column's kind."""
    plain = [value.item() if isinstance(value, np.generic) else value for value in asked]
    if dtype.is_integer():
        plain = [int(value) if isinstance(value, float) and value.is_integer() else value for value in plain]
    kinds = (int, float) if dtype.is_numeric() else (str,) if isinstance(dtype, (nw.String, nw.Object)) else (object,)
    odd = [value for value in plain if not isinstance(value, kinds) or isinstance(value, bool)]
    if odd and not isinstance(dtype, nw.Object):
        raise InputError(f"customers must be ids such as {column} holds, of type {dtype}; got {odd[0]!r}.")
    return plain


def _require_known(
    keys: nw.Series[Any], seen: np.ndarray[Any, np.dtype[np.bool_]], asked: list[Any], end: int, grain: str
) -> None:
    """Raise unless every customer bought within the histories."""
    there = set(keys[np.flatnonzero(seen)].to_list())
    if not (missing := [value for value in asked if value not in there]):
        return
    later = set(keys.to_list())
    bought_later = [value for value in missing if value in later]
    shown = ", ".join(repr(value) for value in (bought_later or missing)[:_SHOWN])
    if bought_later:
        raise InputError(f"customers {shown} had not bought by the last whole {grain} of until={date_of(end)}.")
    raise InputError(f"customers {shown} are not in the log, or have no purchase in it.")


def _of_period(days: Periods, grain: str, year_start: YearStart) -> Periods:
    return np.asarray(number_of(days, grain, year_start), dtype=np.int64)


def _histories(
    labels: np.ndarray[Any, Any], bought: Periods, last: int
) -> tuple[Periods, Periods, np.ndarray[Any, np.dtype[np.bool_]], Periods]:
    """Return customer (0, 1, ...), period, whether he bought, and one of his rows, of each period of each history."""
    _, example, customer = np.unique(labels, return_index=True, return_inverse=True)
    first = np.full(example.size, last)
    np.minimum.at(first, customer, bought)
    lengths = last - first + 1
    if lengths.sum() > _MOST_ROWS:
        raise InputError(f"the histories would have {lengths.sum():,} rows: ask for fewer customers at a time.")
    begins = np.cumsum(lengths) - lengths
    who = np.repeat(np.arange(example.size), lengths)
    purchase = np.zeros(who.size, dtype=np.bool_)
    purchase[begins[customer] + bought - first[customer]] = True
    return who, np.arange(who.size) - begins[who] + first[who], purchase, example[who]


def _so_far(
    customer: Periods, period: Periods, purchase: np.ndarray[Any, np.dtype[np.bool_]]
) -> tuple[Periods, Periods, Periods]:
    """Repeat purchases, the latest purchase period and the first one, as known at the end of each period."""
    number = np.cumsum(purchase)  # over all customers, each of whom begins with a purchase
    latest = np.flatnonzero(purchase)[number - 1]
    begins = np.flatnonzero(np.diff(customer, prepend=-1) > 0)[customer]
    return number - number[begins], period[latest], period[begins]
