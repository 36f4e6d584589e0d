"""Subscriptions as contract models need them: renewals by cohort and period, and where each customer stands."""

from __future__ import annotations

from typing import cast

import numpy as np

from customer_value._frames import Column, FrameT, engine_of, make_frame, nw, to_eager
from customer_value._units import Day, Grain, date_of
from customer_value.errors import InputError
from customer_value.transactions._contracts import count_renewals, due_date
from customer_value.transactions._periods import date_literal, in_ruler
from customer_value.transactions._subscriptions import read_subscriptions, subscription_columns

_RENEWALS = ("cohort", "period", "at_risk", "lost", "observation_end", "time_unit")
_CONTRACTS = (
    *("renewals", "active", "time_to_renewal", "tenure", "contracts", "first_start", "contract_start"),
    *("observation_end", "time_unit"),
)


def summarize_renewals(
    subscriptions: FrameT,
    *,
    observation_end: Day = "last",
    customer_id: str = "customer_id",
    start: str = "start",
    end: str = "end",
    grain: Grain = "month",
    by: str | None = None,
) -> FrameT:
    """Count, by cohort and period, the contracts whose renewal fell due and those that were lost (the data of sBG).

    Renewal n of a contract falls due n months (quarters, years, ...) after its start. A contract that ended on that
    day or before it, and after the due date before, is lost at n: it makes no difference whether `end` is the last day
    of a subscription or the day after.

    Parameters
    ----------
    subscriptions
        One row per subscription. A customer's rows that overlap, or follow each other on the same or the next day, are
        one contract: bills, changes of plan and rows that come twice are no renewals of their own. After a gap a
        customer's next subscription is a new contract, with renewals that are counted from 1 again.
    observation_end
        Last day observed, inclusive and whole, as a date, timestamp or ISO text. Renewals that fall due later are not
        counted, and an end that lies later is not known yet: that contract still runs. Later starts are an error.
        ``"last"`` is the latest start or end in the table: name the day where the table was drawn later, and always
        where it holds ends that are only announced, for up to the last of them every other contract would count as
        observed.
    customer_id, start, end
        Names of the columns. Dates are dates or timestamps, of which the day counts; `end` is null while a
        subscription runs. Without a column `start`, `started` or `start_date` is taken; without `end`, `ended` or
        `end_date`.
    grain
        How long a contract runs between two renewals. Months are calendar ones: what starts on 31 January falls due on
        the last of February, on 31 March and so on.
    by
        Name of a column, such as the plan, whose values are cohorts of their own. Where it differs between the rows of
        a contract, that of the first counts.

    Returns
    -------
    FrameT
        A frame of the same library, sorted, with one row per cohort and period:

        - the `by` column, under its own name, where one was given;
        - `cohort`: the first day on which a contract of the cohort can start, as text such as ``"2026-01-01"``, after
          the value of `by` where one was given (``"basic 2026-01-01"``);
        - `period`: number of the renewal, 1 is the first; `at_risk`: contracts whose renewal fell due; `lost`: those of
          them that were not renewed;
        - `observation_end`, `time_unit`: the ruler, which is the grain.

    Raises
    ------
    InputError
        For missing columns, null customers or starts, dates that are no dates, two time zones, ends before their
        start, starts after `observation_end`, an empty frame, and where no renewal has fallen due yet. For engines
        (DuckDB, Dask, PySpark), with what to call.

    Notes
    -----
    A cohort consists of the contracts with the same number of renewals due up to `observation_end`, and so is observed
    as a whole: ``at_risk`` of a period is ``at_risk - lost`` of the one before, and no customer is cut off earlier than
    others. Where `observation_end` is the last day of its month, cohorts are calendar months; otherwise they are
    months that end on the same day of the month as `observation_end`, and nothing is left out. A contract without a
    renewal due yet is in no cohort.

    Eager; a polars LazyFrame is collected once and comes back lazy.

    The data are those of Fader & Hardie (2007), "How to project customer retention", Journal of Interactive
    Marketing 21, and, for several cohorts, of their note "Fitting the sBG model to multi-cohort data" (2007).

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> subscriptions = pd.DataFrame({
    ...     "customer_id": ["ann", "bob", "eve", "dan"],
    ...     "start": pd.to_datetime(["2026-01-05", "2026-01-31", "2026-01-20", "2026-02-10"]),
    ...     "end": pd.to_datetime([None, "2026-02-28", "2026-03-19", None]),
    ... })
    >>> renewals = cv.summarize_renewals(subscriptions, observation_end="2026-03-31")
    >>> renewals[["cohort", "period", "at_risk", "lost"]]
           cohort  period  at_risk  lost
    0  2026-01-01       1        3     1
    1  2026-01-01       2        2     1
    2  2026-02-01       1        1     0
    """
    table, as_given = to_eager(subscriptions, "subscriptions", "summarize_renewals")
    columns = subscription_columns(table, customer_id, start, end, by)
    read = read_subscriptions(table, columns, observation_end=observation_end, grain=grain)
    if by in _RENEWALS:
        raise InputError(f"the table would have {by!r} twice: give the column named by= a name of its own.")
    if not read.contracts.due.any():
        end_day = date_of(read.contracts.observed)
        raise InputError(
            f"no renewal has fallen due by observation_end={end_day}: every contract is younger than a {grain}. "
            "Observe longer, or take a finer grain."
        )
    counts = count_renewals(read.contracts, read.group)
    cohort = np.datetime_as_string(counts.first_start.astype("datetime64[D]")).astype(object)
    made: dict[str, Column] = {}
    if by is not None:
        groups = made[by] = table.get_column(by)[read.contracts.row[counts.contract]]
        cohort = np.array([f"{g} {c}" for g, c in zip(groups.to_list(), cohort, strict=True)], dtype=object)
    made |= {"cohort": cohort, "period": counts.period, "at_risk": counts.at_risk, "lost": counts.lost}
    ruler = date_literal(read.contracts.observed, engine_of(table)), nw.lit(grain)
    frame = make_frame(made, like=table).with_columns(ruler[0].alias("observation_end"), ruler[1].alias("time_unit"))
    return cast("FrameT", as_given(frame))


def summarize_contracts(
    subscriptions: FrameT,
    *,
    observation_end: Day = "last",
    customer_id: str = "customer_id",
    start: str = "start",
    end: str = "end",
    grain: Grain = "month",
) -> FrameT:
    """Say for each customer how often the contract has been renewed, whether it runs, and when it is due again.

    What `score_clv` needs with a contract model such as `clv.ShiftedBetaGeometric`. Contracts, due dates and ends are
    those of `summarize_renewals`.

    Parameters
    ----------
    subscriptions
        One row per subscription; a customer's rows without a gap between them are one contract.
    observation_end
        Last day observed, inclusive and whole. An end that lies later is not known yet; later starts are an error.
        ``"last"`` is the latest start or end in the table; see `summarize_renewals`.
    customer_id, start, end
        Names of the columns; `end` is null while a subscription runs. Without a column `start` or `end`, the other
        names that `summarize_renewals` knows.
    grain
        How long a contract runs between two renewals.

    Returns
    -------
    FrameT
        A frame of the same library, sorted by customer, one row per customer:

        - the customer column, under its own name and with its own type;
        - `renewals`: renewals made of the latest contract up to `observation_end`, 0 before the first is due;
        - `active`: whether that contract still runs after `observation_end`;
        - `time_to_renewal`: share of a period from the end of `observation_end` until the next renewal is due, 0 for
          customers who are not active;
        - `tenure`: time from the start of the latest contract to its end, or to `observation_end`, in `time_unit`;
        - `contracts`: how many contracts the customer has had; `first_start`, `contract_start`: first day of the first
          and of the latest one;
        - `observation_end`, `time_unit`: the ruler, which is the grain.

    Raises
    ------
    InputError
        For what `summarize_renewals` raises on, except that renewals need not have fallen due.

    Notes
    -----
    Eager; a polars LazyFrame is collected once and comes back lazy.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> subscriptions = pd.DataFrame({
    ...     "customer_id": ["ann", "bob", "bob"],
    ...     "start": pd.to_datetime(["2026-01-16", "2025-06-01", "2026-03-01"]),
    ...     "end": pd.to_datetime([None, "2025-12-31", "2026-03-31"]),
    ... })
    >>> customers = cv.summarize_contracts(subscriptions, observation_end="2026-03-31")
    >>> customers[["customer_id", "renewals", "active", "time_to_renewal", "contracts"]].round(3)
      customer_id  renewals  active  time_to_renewal  contracts
    0         ann         2    True            0.484          1
    1         bob         0   False            0.000          2
    """
    table, as_given = to_eager(subscriptions, "subscriptions", "summarize_contracts")
    columns = subscription_columns(table, customer_id, start, end)
    contracts = read_subscriptions(table, columns, observation_end=observation_end, grain=grain).contracts
    if customer_id in _CONTRACTS:
        raise InputError(f"the summary would have {customer_id!r} twice: give the key a name of its own.")
    latest, observed = contracts.latest, contracts.observed
    began, made, running = contracts.start[latest], contracts.made[latest], contracts.running[latest]
    last_due, next_due = (due_date(began, made + i, grain) for i in (0, 1))
    wait = (next_due - (observed + 1)) / (next_due - last_due)
    first = np.append(0, latest[:-1] + 1)
    frame = make_frame(
        {
            customer_id: table.get_column(customer_id)[contracts.row[latest]],
            "renewals": made,
            "active": running,
            "time_to_renewal": np.where(running, wait, 0.0),
            "tenure": in_ruler(np.minimum(contracts.end[latest], observed) - began, "day", grain),
            "contracts": latest - first + 1,
            "first_start": contracts.start[first].astype("datetime64[D]"),
            "contract_start": began.astype("datetime64[D]"),
        },
        like=table,
    )
    ruler = date_literal(observed, engine_of(table)), nw.lit(grain)
    return cast(
        "FrameT",
        as_given(frame.with_columns(ruler[0].alias("observation_end"), ruler[1].alias("time_unit"))),
    )
