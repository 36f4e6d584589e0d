"""A log cut in two at a day, and what its later side saw of the customers of the earlier one."""

from __future__ import annotations

from typing import cast

from customer_value._frames import AnyFrame, FrameT, collect, nw, open_frame
from customer_value._units import Day, Grain, date_of, day_number
from customer_value._validation import SUMMARY_MAKER, require_columns, require_ids
from customer_value.errors import InputError
from customer_value.transactions._dated import open_dated
from customer_value.transactions._holdout_counts import HoldoutPlan, count_eager, count_lazy, read_known, scan_known
from customer_value.transactions._log import (
    LogRules,
    check_log,
    log_columns,
    read_log,
    require_one_library,
)
from customer_value.transactions._periods import (
    warn_cut_off,
)
from customer_value.transactions._plan import RefundPolicy, check_options, end_day


def split_holdout(log: FrameT, *, observation_end: Day, date: str = "date") -> tuple[FrameT, FrameT]:
    """Split a log into what is observed up to a day and what came after it.

    Parameters
    ----------
    log
        One row per transaction.
    observation_end
        Last day of the calibration side, inclusive and whole: a transaction late on that day belongs to it.
    date
        Name of the date column. Of timestamps the day counts, of aware ones that of their own zone.

    Returns
    -------
    calibration, holdout : FrameT
        Rows up to and after `observation_end`, all columns, in their order.

    Raises
    ------
    InputError
        If the date column is missing, holds no dates or nulls, or if one of the sides is empty.

    Notes
    -----
    Relational: lazy frames stay lazy, at the cost of one aggregate query for the checks.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> log = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob"],
    ...     "date": pd.to_datetime(["2026-01-05 10:00", "2026-01-31 23:59", "2026-02-01 00:00"]),
    ...     "amount": [10.0, 20.0, 15.0],
    ... })
    >>> calibration, holdout = cv.split_holdout(log, observation_end="2026-01-31")
    >>> len(calibration), len(holdout)
    (2, 1)
    """
    opened = open_frame(log, "log")
    end = day_number(observation_end, "observation_end")
    dated = open_dated(opened, date)
    _require_two_sides(dated.first, dated.last, end)
    early, late = dated.cut(end)
    return cast("FrameT", early.to_native()), cast("FrameT", late.to_native())


def _require_two_sides(first: int, last: int, end: int) -> None:
    if not first <= end < last:
        side = "calibration" if end < first else "holdout"
        raise InputError(
            f"observation_end must leave rows on both sides; with {date_of(end)} the {side} is empty, for the log runs "
            f"from {date_of(first)} to {date_of(last)}."
        )


def summarize_holdout(
    holdout: FrameT,
    *,
    customers: FrameT,
    observation_end: Day,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
    grain: Grain = "day",
    refunds: RefundPolicy = "net",
) -> FrameT:
    """Count what each customer of a summary bought in the time after it.

    Parameters
    ----------
    holdout
        One row per transaction after the summary's `observation_end`: the second frame of `split_holdout`. Customers
        that the summary does not have are left out: they are new, and nothing was forecast of them.
    customers
        The customer summary of the calibration, with its `observation_end` and `time_unit`.
    observation_end
        Last day of the holdout, inclusive and whole; ``"last"`` is the holdout's own last date. Later rows are an
        error.
    customer_id, date, amount
        Names of the columns; `customer_id` has the same name in both frames.
    grain
        Calendar period within which purchases merge, as in `summarize_customers`.
    refunds
        ``"net"`` takes all refunds of the holdout off its value, which can fall below 0; ``"match"`` takes off those
        with an earlier purchase of the customer in the holdout, for others belong to the calibration; ``"drop"``
        leaves refunds out; ``"error"`` accepts none.

    Returns
    -------
    FrameT
        A frame of the same library, one row per customer of `customers`, sorted by customer:

        - the customer column;
        - `holdout_purchases`: purchase periods, 0 where the customer was observed without a purchase;
        - `holdout_value`: sum of amounts (of all rows, so of days and not of their means);
        - `holdout_duration`: time from the summary's `observation_end` to the holdout's, in the summary's `time_unit`.

    Raises
    ------
    InputError
        For what `summarize_customers` raises on, for rows on or before the summary's `observation_end` (a leak),
        for an `observation_end` that is not after the summary's, for `customers` that has a customer twice or
        several rulers, and for frames of different libraries.

    Notes
    -----
    Eager frames are read as arrays, once. Lazy frames stay lazy: relational, with two aggregate queries for the checks.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> log = pd.DataFrame({
    ...     "customer_id": ["ann", "bob", "ann", "ann"],
    ...     "date": pd.to_datetime(["2026-01-05", "2026-01-12", "2026-02-03", "2026-02-10"]),
    ...     "amount": [10.0, 15.0, 20.0, 30.0],
    ... })
    >>> calibration, holdout = cv.split_holdout(log, observation_end="2026-01-31")
    >>> summary = cv.summarize_customers(calibration, observation_end="2026-01-31")
    >>> cv.summarize_holdout(holdout, customers=summary, observation_end="2026-02-28")
      customer_id  holdout_purchases  holdout_value  holdout_duration
    0         ann                  2           50.0               4.0
    1         bob                  0            0.0               4.0
    """
    log, known = open_frame(holdout, "holdout"), open_frame(customers, "customers frame")
    check_options(grain=grain, refunds=refunds)
    columns = log_columns(log, customer_id, date, amount, None)
    log, known = _alike(log, known, customer_id)
    ruler = scan_known(known, customer_id) if isinstance(known, nw.LazyFrame) else read_known(known, customer_id)
    end = end_day(observation_end)
    if end is not None and end <= ruler.end:
        raise InputError(
            f"observation_end must be after the summary's, {date_of(ruler.end)}; got {date_of(end)}. It is the last "
            "day of the holdout."
        )
    rules = LogRules(
        first_day=ruler.end + 1,
        last_day=end,
        early="The summary has seen the other days: call split_holdout(log, observation_end=...) with the summary's.",
        late="Leave later rows out, or choose a later observation_end.",
        refunds=refunds != "error",
    )
    if isinstance(log, nw.LazyFrame):
        facts = check_log(log, columns, rules)
        plan = HoldoutPlan(columns, ruler, facts.last_day if end is None else end, grain, refunds)
        counts: AnyFrame = count_lazy(log, known.lazy(), plan, facts)
    else:
        rows = read_log(log, columns, rules)
        plan = HoldoutPlan(columns, ruler, int(rows.days.max()) if end is None else end, grain, refunds)
        counts = count_eager(rows, collect(known), plan)
    warn_cut_off(ruler.end, grain, "the summary's observation_end")
    warn_cut_off(plan.end, grain, "observation_end")
    return cast("FrameT", counts.to_native())


def _alike(log: AnyFrame, known: AnyFrame, key: str) -> tuple[AnyFrame, AnyFrame]:
    """Make both frames lazy where one is; raise unless they are of one library and their keys of one type."""
    require_one_library({"holdout": log, "customers": known})
    require_columns(known, [key, "observation_end", "time_unit"], what="customers frame", maker=SUMMARY_MAKER)
    require_ids(key, {"holdout": log, "customers frame": known})
    if isinstance(log, nw.LazyFrame) or isinstance(known, nw.LazyFrame):
        return log.lazy(), known.lazy()
    return log, known
