"""The revenue bridge: from the revenue of one window to that of the next, by what customers did."""

from __future__ import annotations

from typing import cast

from customer_value._frames import Column, FrameT
from customer_value._units import Day, Grain
from customer_value._validation import MOST_RESAMPLES, interval_level, whole_number
from customer_value.transactions._bridge_intervals import COLUMNS, retention_with_bounds
from customer_value.transactions._bridge_parts import make_bridge, starters
from customer_value.transactions._period_frames import PeriodRefunds
from customer_value.transactions._window_log import WindowRequest, read_window_log

_TAKEN = frozenset(
    {"period", "period_end", "start", "new", "resurrected", "expansion", "contraction", "churned", "end"}
    | {"customers_before", "n_new", "n_resurrected", "n_expansion", "n_contraction", "n_churned", "customers_after"}
    | {*COLUMNS, "window", "observation_end", "time_unit"}
)


def revenue_bridge(
    log: FrameT,
    *,
    observation_end: Day,
    observation_start: Day | None = None,
    period: Grain = "month",
    window: str = "12 months",
    by: str | None = None,
    customers: FrameT | None = None,
    interval: float | None = None,
    n_resamples: int = 1000,
    random_state: int = 0,
    refunds: PeriodRefunds = "net",
    year_start: str = "01-01",
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
) -> FrameT:
    """Explain the revenue of a window by that of the window before: start + came - went = end, to the cent.

    start + new + resurrected + expansion - contraction - churned = end, in each row.

    Parameters
    ----------
    log
        One row per transaction; the order of its rows does not matter.
    observation_end
        Last day observed, inclusive and whole; ``"last"`` is the log's own last date. Later rows are an error.
    observation_start
        First day observed; by default the log's own first date. Both windows must lie inside what was observed.
    period
        How often the bridge is drawn: at the end of each whole period. One that is cut off, at either end of the log,
        is in no window: it would look like a fall.
    window
        Length of both windows, whole periods, such as ``"12 months"`` or ``"4 quarters"``; ``"period"`` compares each
        period with the one before. Trailing twelve months by default, because buying is sporadic and has seasons: from
        one quarter to the next the customers of a music shop (CDNOW) keep .34 to .64 of their revenue, and those of a
        gift wholesaler (Online Retail) .75 to 1.19, as the season has it; who seems churned comes back as resurrected.
        For contracts billed each month ``"period"`` is right.
    by
        Name of an attribute such as a country, a segment or a tier: a column of the log that is the same in all rows
        of a customer, or of `customers`. A customer is in one group throughout: the bridges of the groups add up to
        that of all. Who changes groups is refused; moves between groups are what `segment_migration` tells.
    customers
        A frame of the same library with one row per customer that holds `by`. A tier of today knows who stayed: take
        the one that customers had when the earlier window ended, and read the last row.
    interval
        Coverage of bounds of net and gross revenue retention, which are added to the table; None for none.
    n_resamples
        How often customers are drawn for them.
    random_state
        Seed of the draws. Each row has the same draws, whatever other rows there are.
    refunds
        As in `cohort_table`: ``"net"``, ``"match"``, ``"drop"``, ``"error"`` or ``"count"``.
    year_start
        Month and day on which fiscal years begin, such as ``"07-01"``, for quarters and years.
    customer_id, date, amount
        Names of the log's columns. Aware timestamps are taken by their own zone.

    Returns
    -------
    FrameT
        A frame of the same library (of pyarrow for an engine), sorted, with one row per period (and group) whose two
        windows were observed:

        - `period`, its name; the `by` column; `period_end`, the last day of the later window;
        - `start`, `end`: revenue of the earlier and the later window;
        - `new`: of customers whose first purchase ever lies in the later window; `resurrected`: of those who bought
          before the earlier window and not in it; `expansion`, `contraction`: what those who bought in both brought
          more or less; `churned`: what those brought who bought in the earlier window and not in the later one;
        - `customers_before`, `n_new`, `n_resurrected`, `n_expansion`, `n_contraction`, `n_churned`,
          `customers_after`: customers who bought in the windows, and those behind each part. before + new +
          resurrected - churned = after;
        - with an interval `net_revenue_retention` and `gross_revenue_retention` with `_lower` and `_upper`;
        - `window`, `observation_end`, `time_unit`.

    Raises
    ------
    InputError
        For what `cohort_table` refuses, a window that is no number of whole periods, a log that is shorter than two
        windows, and an attribute that is missing for a customer.

    Warns
    -----
    DataWarning
        Where customers with refunds only, or amounts before a customer's first purchase, are left out.

    Notes
    -----
    Relational up to sums by customer and period, which are collected once. A lazy polars frame goes back lazy. Sums
    are made of whole numbers, so that they do not depend on the order of rows, and the identity is checked in each row.

    Buying decides which part a customer is in, and each part is the difference of his two windows. With refunds a
    part of a customer can be negative: what a new customer brings may be less than nothing, and one who is gone may
    have cost more than he brought. Customers who bought in neither window, and have refunds of older purchases in
    them, are in `contraction` and, once those refunds fall out of the window, in `expansion`; with
    ``refunds="match"`` such refunds belong to the window of the purchase.

    New is who was not seen before in the log: in one that begins after the business did, old customers who first show
    up in the later window are new too, the more so the closer the windows are to its beginning.

    Bounds are percentiles over customers of the earlier window drawn again (Efron and Tibshirani 1993, *An
    Introduction to the Bootstrap*, chapter 13): what would have been kept of other customers like these. They are null
    with one customer.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> log = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob", "eve", "eve", "dan", "dan"],
    ...     "date": pd.to_datetime([f"2026-{d}" for d in "02-03 03-02 02-20 02-11 03-09 01-07 03-30".split()]),
    ...     "amount": [10.0, 30.0, 20.0, 9.0, 5.0, 7.0, 7.0],
    ... })
    >>> bridge = cv.revenue_bridge(log, observation_end="2026-03-31", observation_start="2026-01-01", window="period")
    >>> parts = ["start", "new", "resurrected", "expansion", "contraction", "churned", "end"]
    >>> bridge.set_index("period")[parts].T
    period       2026-02  2026-03
    start            7.0     39.0
    new             39.0      0.0
    resurrected      0.0      7.0
    expansion        0.0     20.0
    contraction      0.0      4.0
    churned          7.0     20.0
    end             39.0     42.0
    """
    level = interval_level(interval)
    draws = whole_number(n_resamples, "n_resamples", low=1, high=MOST_RESAMPLES)
    seed = whole_number(random_state, "random_state")
    request = WindowRequest(
        observation_end,
        observation_start,
        period,
        window,
        by,
        customers,
        refunds,
        year_start,
        customer_id,
        date,
        amount,
    )
    read = read_window_log(log, request, caller="the revenue bridge", taken=_TAKEN)
    bridge = make_bridge(read.rows, read.ends)
    columns: dict[str, Column] = {name: read.rows.money(ticks) for name, ticks in bridge.ticks.items()}
    columns |= bridge.customers
    if level is not None:
        kept = starters(read.rows, read.ends)
        columns |= retention_with_bounds(kept, level=level, n_resamples=draws, random_state=seed)
    return cast("FrameT", read.frame(columns))
