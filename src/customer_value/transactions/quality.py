"""A log's flaws and traps, counted: what is wrong, how often, for example where, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from customer_value._frames import AnyFrame, Column, EagerFrame, FrameT, as_given, make_frame, open_frame, whole_numbers
from customer_value._units import Day, day_number
from customer_value.transactions._checks import Check, Facts, make_checks
from customer_value.transactions._quality_counts import (
    by_day,
    count_flags,
    count_repeats,
    plain_rows,
)
from customer_value.transactions._reading import count_currencies, find_roles, read_columns

_COLUMNS = ("check", "rows", "unit", "share", "example", "what_to_do")
_NOTHING = "nothing to do"


def data_quality(
    log: FrameT,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | Sequence[str] = "amount",
    order_id: str | None = "order_id",
    currency: str | None = "currency",
    observation_end: Day | None = None,
    date_format: str | None = None,
    decimal: str | None = None,
) -> FrameT:
    """Report what is wrong or risky in a log: eighteen checks, one row each, in a fixed order.

    Dirty data are what it is for, so it raises on none. It takes a log of `clean_log` as well as a raw export.

    Parameters
    ----------
    log
        One row per transaction.
    customer_id, date, order_id, currency
        Names of the log's columns. The defaults of the last two are used where there are such columns; None means
        that there are none.
    amount
        Name of the amount column, or of several columns to multiply, such as ``("Quantity", "UnitPrice")``.
    observation_end
        Last day that the data should cover. Later rows are counted as future dates and left out of the checks on
        customers and the calendar. Without it two checks are not made; today's date is never used.
    date_format, decimal
        How dates and amounts are written that are text, as in `clean_log`.

    Returns
    -------
    FrameT
        A frame of the same library (of pyarrow for an engine), with the columns

        - `check`: its name;
        - `rows`: how many there are, null where the check could not be made;
        - `unit`: what `rows` counts: rows, customers, customer-days (days on which a customer bought) or days;
        - `share`: their share of all rows, of all customers with a purchase, and so on;
        - `example`: the first few, as text;
        - `what_to_do`.

        The checks, in order:

        - missing customer ids, missing dates, missing amounts, missing order ids;
        - unreadable dates, unreadable amounts: text that is neither, and infinite amounts;
        - duplicate rows: equal to an earlier row in every column;
        - future dates: after `observation_end`;
        - negative amounts: refunds;
        - refunds without an earlier purchase: the customer has no amount of 0 or above up to that day;
        - zero amounts;
        - one-time buyers: customers with purchases on one day only;
        - same-day orders: customer-days with several orders, or several rows where there is no order number;
        - long gaps: days without any row within gaps three times longer than 95 % of the log's gaps;
        - several currencies: rows not in the commonest one;
        - customers already active: an estimate of the customers who had bought before the log begins, from the surplus
          of new customers in the first twelfth of the time over the median of the other eleven; 0 where that is
          within three standard errors of chance;
        - last month cut off: rows of the last calendar month, where the data end before it does;
        - days without data at the end: from the last row to `observation_end`.

    Raises
    ------
    InputError
        For missing columns and for anything that is no frame. An empty frame gives counts of 0.

    Notes
    -----
    Relational: a lazy frame (polars, DuckDB, Dask, PySpark) answers a dozen aggregate queries, and the report of a
    polars LazyFrame is lazy. Text and Python objects have to be in memory, as in `clean_log`.

    The order of the rows does not matter.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> log = pd.DataFrame({
    ...     "customer_id": ["ann", "bob", None, "ann", "ann"],
    ...     "date": pd.to_datetime(["2026-01-05", "2026-01-05", "2026-01-20", "2026-01-31", "2026-01-31"]),
    ...     "amount": [10.0, -5.0, 7.5, 20.0, 20.0],
    ... })
    >>> quality = cv.data_quality(log)
    >>> quality.loc[quality["rows"] > 0, ["check", "rows", "unit", "share"]]
                                      check  rows           unit  share
    0                  missing customer ids     1           rows    0.2
    6                        duplicate rows     1           rows    0.2
    8                      negative amounts     1           rows    0.2
    9   refunds without an earlier purchase     1           rows    0.2
    12                      same-day orders     1  customer-days    0.5
    >>> quality.loc[6, "example"]
    'ann on 2026-01-31: 20.00'
    """
    frame = open_frame(log, "log")
    end = None if observation_end is None else day_number(observation_end, "observation_end")
    roles = find_roles(frame, "log", customer_id, date, amount, order_id, currency)
    read = read_columns(log, frame, roles, what="log", caller="data_quality", date_format=date_format, decimal=decimal)
    rows = plain_rows(read)
    n, flagged = count_flags(rows)
    days, visits = by_day(rows, end)
    facts = Facts(
        n,
        flagged,
        count_repeats(read, frame.collect_schema().names(), n),
        days,
        visits,
        None if roles.currency is None else count_currencies(read.frame, roles.currency),
        end,
    )
    return cast("FrameT", as_given(_report(make_checks(facts), frame), frame))


def _report(checks: Sequence[Check], like: AnyFrame) -> EagerFrame:
    counts = np.array([np.nan if check.count is None else check.count for check in checks])
    totals = np.array([check.out_of or np.nan for check in checks])  # of nothing there is no share
    texts = {
        "check": [check.name for check in checks],
        "unit": [check.unit for check in checks],
        "example": [check.example for check in checks],
        "what_to_do": [check.what_to_do if check.count or check.count is None else _NOTHING for check in checks],
    }
    columns: dict[str, Column] = {name: np.array(entries, dtype=object) for name, entries in texts.items()}
    columns |= {"rows": whole_numbers(counts, np.isnan(counts), like), "share": counts / totals}
    return make_frame({name: columns[name] for name in _COLUMNS}, like)
