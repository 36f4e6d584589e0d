"""The customer summary: one row per customer, the frame that all rooms share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

from customer_value._frames import AnyFrame, FrameT, nw, open_frame
from customer_value._units import Day, Grain, TimeUnit
from customer_value.transactions._log import LogRules, check_log, log_columns, read_log
from customer_value.transactions._periods import warn_cut_off
from customer_value.transactions._plan import RefundPolicy, check_options, end_day, make_plan
from customer_value.transactions._summary_eager import summarize_eager
from customer_value.transactions._summary_relational import log_rows, summarize_relational, warn_lazy_refunds

_LATE = "Summarize the first frame of split_holdout(log, observation_end=...), or choose a later observation_end."


def summarize_customers(
    log: FrameT,
    *,
    observation_end: Day,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
    order_id: str | None = "order_id",
    grain: Grain = "day",
    time_unit: TimeUnit = "week",
    refunds: RefundPolicy = "net",
    acquired: tuple[Day | None, Day | None] | None = None,
    windows: Sequence[str] = (),
    regularity: bool = False,
) -> FrameT:
    """Summarize each customer's purchases: how often, how recently, for how long and for how much.

    A purchase is a grain period with at least one row with an amount of 0 or above; a period of refunds only is none.
    Rows that repeat each other are taken as they are (`data_quality` reports them).

    Parameters
    ----------
    log
        One row per transaction. Read as it is; the order of its rows does not matter.
    observation_end
        Last day observed, inclusive and whole, as a date, timestamp or ISO text; ``"last"`` is the log's own last
        date, which shortens every customer's time where the data end later than the last sale. Later rows are an
        error.
    customer_id, date, amount
        Names of the log's columns. Dates are dates or timestamps, of which the day counts; aware timestamps are taken
        by their own zone (DuckDB and Spark know only that of the session). Amounts are revenue, refunds negative.
    order_id
        Name of the column that tells orders apart. The default is used where there is such a column; None leaves
        `orders` out.
    grain
        Calendar period within which purchases merge. Weeks begin on Monday. The last period is the one that holds
        `observation_end`; one that is cut off gets a warning.
    time_unit
        The ruler of `recency`, `T`, `time_since_last` and `log_intervals`. A year is 365.25 days, a month a twelfth.
    refunds
        ``"net"`` takes every refund off `total_value`, and off `monetary_value` where its period is a repeat
        period; ``"match"`` takes each off the customer's latest purchase period up to then, and leaves out, with a
        warning, those that no purchase precedes; ``"drop"`` leaves refunds out; ``"error"`` accepts none.
    acquired
        Keep the customers whose first purchase falls from the one date to the other, both included; either may be
        None. Nothing else changes: the rows of all customers are read.
    windows
        Trailing windows such as ``"12 months"`` or ``"90 days"``, which end with `observation_end`. Days and weeks
        are counted back from it; months, quarters and years are calendar ones: 12 months up to 2026-10-31 begin on
        2025-11-01. A grain period is inside where it begins inside.
    regularity
        Whether to add `log_intervals`.

    Returns
    -------
    FrameT
        A frame of the same library, sorted by customer, one row per customer with a purchase:

        - the customer column, under its own name and with its own type;
        - `frequency`: repeat purchase periods; `recency`: time from the first to the last; `T`: time from the first
          to `observation_end`, in `time_unit` (grain periods start to start);
        - `monetary_value`: mean amount of a repeat purchase period, null without one;
        - `purchases`: purchase periods, `frequency` + 1; `orders`: distinct orders, apart from refunds;
        - `time_since_last`: `T` - `recency`; `total_value`: sum of amounts, refunds taken off as `refunds` says;
        - `first_date`, `last_date`: the days of the first and the last purchase, at coarser grains as well;
        - `purchases_12m`, `value_12m` and so on for each window; ``"90 days"`` gives `purchases_90d`;
        - `log_intervals`: sum of the logarithms of the times between consecutive purchase periods;
        - `observation_end`, `time_unit`: the ruler that travels with the frame.

    Raises
    ------
    InputError
        For missing columns, null customers, dates or amounts, infinite amounts, dates that are no dates, rows after
        `observation_end`, an empty log, a log of refunds only, unknown options, and for `regularity` on Dask.

    Warns
    -----
    DataWarning
        Where customers with refunds only, or refunds without an earlier purchase, are left out, and where
        `observation_end` cuts the last period off.

    Notes
    -----
    Eager frames are read as arrays, once. Lazy frames (polars, DuckDB, Dask, PySpark) stay lazy: relational, with one
    aggregate query for the checks, and one more where there are refunds.

    The columns are those of Fader, Hardie & Lee (2005), "Counting your customers the easy way", Marketing Science 24,
    and, for `log_intervals`, of Platzer & Reutterer (2016), "Ticking away the moments", Marketing Science 35.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> log = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob", "ann"],
    ...     "date": pd.to_datetime(["2026-01-05", "2026-01-19", "2026-01-12", "2026-02-02"]),
    ...     "amount": [10.0, 20.0, 15.0, 30.0],
    ... })
    >>> summary = cv.summarize_customers(log, observation_end="2026-03-02")
    >>> summary[["customer_id", "frequency", "recency", "T", "monetary_value", "total_value"]]
      customer_id  frequency  recency    T  monetary_value  total_value
    0         ann          2      4.0  8.0            25.0         60.0
    1         bob          0      0.0  7.0             NaN         15.0
    """
    opened = open_frame(log, "log")
    check_options(grain=grain, time_unit=time_unit, refunds=refunds)
    columns = log_columns(opened, customer_id, date, amount, order_id)
    end = end_day(observation_end)
    rules = LogRules(last_day=end, late=_LATE, refunds=refunds != "error")

    ask = partial(
        make_plan,
        columns,
        grain=grain,
        time_unit=time_unit,
        refunds=refunds,
        acquired=acquired,
        windows=windows,
        regularity=regularity,
    )
    if end is not None:
        ask(end)  # a wrong option is told before any row is read
    if isinstance(opened, nw.LazyFrame):
        facts = check_log(opened, columns, rules)
        plan = ask(facts.last_day if end is None else end)
        summary: AnyFrame = summarize_relational(opened, plan, facts)
        warn_lazy_refunds(log_rows(opened, columns, grain), plan, facts)
    else:
        rows = read_log(opened, columns, rules)
        plan = ask(int(rows.days.max()) if end is None else end)
        summary = summarize_eager(opened, rows, plan)
    warn_cut_off(plan.end, plan.grain, "observation_end")
    return cast("FrameT", summary.to_native())
