"""The summary of a world with occasions: on how many of his opportunities a customer bought, and on which last."""

from __future__ import annotations

from typing import Any, cast

from customer_value._frames import AnyFrame, FrameT, open_frame
from customer_value._units import Day, Grain
from customer_value.errors import InputError
from customer_value.transactions._ask_opportunities import summarize_asks
from customer_value.transactions._grain_opportunities import OUTPUT, summarize_periods
from customer_value.transactions._log import LogRules, log_columns
from customer_value.transactions._periods import CALENDAR_YEAR, read_year_start
from customer_value.transactions._plan import RefundPolicy, check_options, end_day

_LATE = "Summarize the first frame of split_holdout(log, observation_end=...), or choose a later observation_end."
_TAKEN = frozenset({*OUTPUT, "time_unit", "T"})  # names that no key may have


def summarize_opportunities(
    log: FrameT,
    *,
    observation_end: Day | None = None,
    grain: Grain = "year",
    year_start: str = "01-01",
    opportunities: FrameT | None = None,
    response_window: str | None = None,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
    refunds: RefundPolicy = "net",
) -> FrameT:
    """Count each customer's opportunities to buy, on how many he bought, and on which last (the data of BG/BB).

    An opportunity is a calendar period, or an ask: a mailing, an appeal, an invitation. A customer's first purchase
    starts his clock; what comes after it counts. A purchase is a row with an amount of 0 or above; an opportunity with
    refunds only is not taken.

    Parameters
    ----------
    log
        One row per transaction. Read as it is; the order of its rows does not matter.
    observation_end
        Last day observed, inclusive and whole, as a date, timestamp or ISO text; ``"last"`` is the log's own last
        date. Later rows are an error. Required for calendar periods. With `opportunities` the default is ``"last"``:
        it can only leave out asks whose response window is not over by then.
    grain
        The calendar period that is an opportunity. Weeks begin on Monday. Only whole periods are opportunities: where
        `observation_end` cuts the last one off, it is left out with all its rows, and a warning says so. Counted as a
        miss, it would teach the model that customers leave.
    year_start
        For ``grain="year"``: month and day on which a year begins, such as ``"07-01"`` for a fiscal year.
    opportunities
        A frame of asks of the same library, with the column `date` and, if not everyone is asked, `customer_id`. Two
        asks of a customer on one day are one. An ask after the day of the customer's first purchase is an opportunity
        of his, once its response window is over; customers without such an ask have 0.
    response_window
        With `opportunities`: how long an ask may be answered, such as ``"90 days"`` or ``"3 months"``. The day of the
        ask is its first day, and the next ask ends it. Purchases outside every window (apart from the first) are left
        out of all columns, and a warning tells how many.
    customer_id, date, amount
        Names of the log's columns. Dates are dates or timestamps, of which the day counts; aware timestamps are taken
        by their own zone (DuckDB and Spark know only that of the session). Amounts are revenue, refunds negative.
    refunds
        As in `summarize_customers`. ``"net"`` takes every refund off `total_value`, and off `monetary_value` where
        its opportunity is a repeat purchase; ``"match"`` takes each off the customer's latest purchase up to then;
        ``"drop"`` leaves refunds out; ``"error"`` accepts none.

    Returns
    -------
    FrameT
        A frame of the same library, sorted by customer, one row per customer with a purchase:

        - the customer column, under its own name and with its own type;
        - `frequency`: opportunities after the first purchase on which he bought; `recency`: number of the last of
          these, 1 for the first opportunity, 0 without one; `opportunities`: how many he had;
        - `monetary_value`: mean amount of the `frequency` opportunities, null without one;
        - `purchases`: `frequency` + 1; `time_since_last`: `opportunities` - `recency`;
        - `total_value`: sum of amounts, refunds taken off as `refunds` says;
        - `first_date`, `last_date`: the days of the first and the last purchase;
        - `observation_end`: the last day of the last whole period, or as given with `opportunities`;
        - `time_unit`: the grain. Asks are no ruler, so with `opportunities` there is no such column, and a model
          takes its horizon as a number of asks.

    Raises
    ------
    InputError
        For what `summarize_customers` raises on; for a log without a whole period; for a `year_start` that is no day
        of every year, or without ``grain="year"``; for `opportunities` without `response_window`, with nulls, empty,
        of another library or with customers of another type; and for `opportunities` on Dask.

    Warns
    -----
    DataWarning
        Where a last period that is cut off, asks whose window is not over, purchases outside every window, customers
        with refunds only, or refunds without an earlier purchase are left out.

    Notes
    -----
    Eager frames are read as arrays, once. Lazy frames (polars, DuckDB, PySpark, and Dask for calendar periods) stay
    lazy: relational, with one to three aggregate queries for the checks.

    The columns are those of Fader, Hardie & Shang (2010), "Customer-base analysis in a discrete-time noncontractual
    setting", Marketing Science 29: x, t_x and n. Whoever has not bought within the log has no row; to estimate who
    would answer a first ask is another task.

    Examples
    --------
    Gifts by fiscal year, which begins in July:

    >>> import pandas as pd
    >>> import customer_value as cv
    >>> gifts = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob", "ann"],
    ...     "date": pd.to_datetime(["2022-12-24", "2023-12-22", "2024-06-30", "2025-12-20"]),
    ...     "amount": [20.0, 30.0, 15.0, 40.0],
    ... })
    >>> donors = cv.summarize_opportunities(gifts, grain="year", year_start="07-01", observation_end="2026-06-30")
    >>> donors[["customer_id", "frequency", "recency", "opportunities", "monetary_value", "time_unit"]]
      customer_id  frequency  recency  opportunities  monetary_value time_unit
    0         ann          2        3              3            35.0      year
    1         bob          0        0              2             NaN      year

    The same gifts as answers to three letters:

    >>> letters = pd.DataFrame({"date": pd.to_datetime(["2023-12-01", "2024-12-01", "2025-12-01"])})
    >>> answers = cv.summarize_opportunities(
    ...     gifts, opportunities=letters, response_window="90 days", observation_end="2026-06-30"
    ... )
    >>> answers[["customer_id", "frequency", "recency", "opportunities"]]
      customer_id  frequency  recency  opportunities
    0         ann          2        3              3
    1         bob          0        0              2
    """
    opened = open_frame(log, "log")
    check_options(grain=grain, refunds=refunds)
    columns = log_columns(opened, customer_id, date, amount)
    if customer_id in _TAKEN:
        raise InputError(f"the summary would have {customer_id!r} twice: give the key a name of its own.")
    start = read_year_start(year_start, grain)
    end = _read_end(observation_end, asked=opportunities is not None)
    rules = LogRules(last_day=end, late=_LATE, refunds=refunds != "error")
    if opportunities is None:
        if response_window is not None:
            raise InputError(
                f"response_window={response_window!r} goes with opportunities=, a frame of asks, which must be a "
                "DataFrame of pandas, polars, pyarrow or an engine that narwhals knows; got NoneType."
            )
        made: AnyFrame = summarize_periods(opened, columns, rules, grain=grain, year_start=start, refunds=refunds)
    else:
        if grain != "year" or start != CALENDAR_YEAR:
            raise InputError("with opportunities= the asks are the opportunities: leave grain and year_start out.")
        asks = open_frame(opportunities, "opportunities")
        made = summarize_asks(opened, asks, columns, rules, window=response_window, refunds=refunds)
    return cast("FrameT", made.to_native())


def _read_end(observation_end: Any, *, asked: bool) -> int | None:
    """Day number of the last day observed; None for the log's own last date."""
    if observation_end is None:
        if asked:
            return None
        raise InputError("observation_end is required: the last day observed, such as '2026-06-30', or 'last'.")
    return end_day(observation_end)
