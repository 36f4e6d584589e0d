"""Cohort tables: what customers who have something in common did, period by period since their first purchase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast, get_args

from customer_value._frames import AnyFrame, FrameT, as_given, open_frame, to_eager
from customer_value._units import GRAINS, Day, Grain
from customer_value._validation import interval_level, name_list, optional_text, require_choice, truth_value
from customer_value.errors import InputError
from customer_value.transactions._cohort_cells import COHORT, CohortPlan, cohort_cells
from customer_value.transactions._cohort_renewals import renewals_of
from customer_value.transactions._cohort_tables import VALUES, CohortTable
from customer_value.transactions._customer_attributes import customer_attribute
from customer_value.transactions._log import LogColumns, log_columns
from customer_value.transactions._period_calendars import Calendar, read_calendar
from customer_value.transactions._period_frames import PeriodRefunds, open_rows, read_margin
from customer_value.transactions._plan import end_day

CohortValue = Literal["customers", "rate", "revenue", "cumulative_revenue", "orders", "margin"]
Clock = Literal["calendar", "elapsed"]
Incomplete = Literal["flag", "drop"]


def cohort_table(
    log: FrameT,
    *,
    observation_end: Day,
    period: Grain = "month",
    values: CohortValue | Sequence[CohortValue] = "customers",
    cohort: str | None = None,
    customers: FrameT | None = None,
    cohort_period: Grain | None = None,
    clock: Clock = "calendar",
    incomplete: Incomplete = "flag",
    interval: float | None = None,
    pooled: bool = False,
    wide: bool = False,
    refunds: PeriodRefunds = "net",
    margin: float | str | None = None,
    year_start: str = "01-01",
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
    order_id: str | None = "order_id",
) -> FrameT:
    """Follow cohorts of customers: how many bought, and for how much, in each period since their first purchase.

    Parameters
    ----------
    log
        One row per transaction; the order of its rows does not matter.
    observation_end
        Last day observed, inclusive and whole; ``"last"`` is the log's own last date. Later rows are an error.
    period
        Length of a period. Weeks begin on Monday.
    values
        What to show, one name or several: ``"rate"`` is the share that bought of those who could have;
        ``"cumulative_revenue"`` the revenue of those customers up to and with the period; ``"orders"`` counts
        distinct `order_id`, refunds apart. ``"customers"``, how many bought, is always there.
    cohort
        Name of an attribute that makes cohorts, such as a country or a channel: a column of the log that is the same
        in all rows of a customer, or of `customers`. By default cohorts are the periods of the first purchase.
    customers
        A frame of the same library with one row per customer that holds `cohort`. One that the log knows only later
        (a tier of today) sorts customers by what they did afterwards: take attributes known at the first purchase.
    cohort_period
        Length of the periods of first purchase that make cohorts; as `period` by default.
    clock
        ``"calendar"`` counts calendar periods, 0 being the one that holds the first purchase, which began before it.
        ``"elapsed"`` counts each customer's own: period n begins n months (weeks, ...) after his first purchase.
        Months are calendar ones: a month from 31 January on ends with 27 February, the next begins on its last day.
    incomplete
        What becomes of periods that `observation_end` cuts off. ``"flag"`` counts them, and marks with `complete`
        the cells that hold one; ``"drop"`` leaves the customers out of them, out of `at_risk` too.
    interval
        Coverage of Wilson intervals of the rate, such as 0.9.
    pooled
        Whether to add rows of all cohorts together, named ``"all"`` and marked in a column `pooled`. A period counts
        the customers who are observed in all of it: cut-off periods would pull each point of the curve down.
    wide
        Whether to give the triangle instead: one row per cohort, one column per period, null where nothing is
        observed yet. It takes one of `values`.
    refunds
        ``"net"`` takes refunds off the revenue of their period, ``"match"`` off that of the customer's latest
        purchase period where their own has no purchase; ``"drop"`` leaves them out; ``"error"`` accepts none. In all
        of these a period of refunds only is no purchase. ``"count"`` makes one of it, as tables do that count any row.
    margin
        Share of the amount that is margin, for ``values="margin"``: a number, or the column of the log with each
        row's share.
    year_start
        Month and day on which fiscal years begin, such as ``"07-01"``, for quarters and years.
    customer_id, date, amount, order_id
        Names of the log's columns. Aware timestamps are taken by their own zone.

    Returns
    -------
    FrameT
        A frame of the same library (of pyarrow for an engine), sorted, with one row per cohort and period that has
        begun; a period in which nobody bought holds 0, one that was not observed has no row:

        - `cohort`: ``"2026-01"``, ``"2026Q1"``, ``"2026"`` (fiscal: ``"2026/27"``), for days and weeks the first day;
          or the attribute's own value;
        - `period`: 0 is the period of the first purchase; `calendar_period`: its name, where cohorts are periods of
          the calendar clock;
        - `cohort_size`: customers of the cohort; `at_risk`: those of them for whom the period counts;
        - `customers`: those who bought, and the `values` asked for: `rate` (`customers` / `at_risk`), `revenue`,
          `cumulative_revenue`, `orders`, `margin`; with an interval `rate_lower`, `rate_upper`;
        - `complete`: whether the period was observed in whole for all of `at_risk`;
        - `observation_end`, `time_unit`: the ruler that travels with the frame.

    Raises
    ------
    InputError
        For what `summarize_customers` refuses in a log, an attribute that is null, missing or not constant for a
        customer, values that lack their column, and unknown options.

    Warns
    -----
    DataWarning
        Where customers with refunds only, or amounts before a customer's first purchase, are left out.

    Notes
    -----
    Relational up to the sums by cohort and period, which are collected once (with one query for the checks, and a few
    for an attribute): whatever the log's size, they are as small as the table. A lazy polars frame goes back lazy.

    The customers of a log that begins after the business did are no new customers in its first periods: its first
    cohorts hold old customers too, and keep more of them than later ones.

    Wilson intervals take customers for independent draws: E. B. Wilson (1927), *JASA* 22.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> log = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob", "eve", "eve"],
    ...     "date": pd.to_datetime(["2026-01-05", "2026-03-02", "2026-01-20", "2026-02-11", "2026-03-09"]),
    ...     "amount": [10.0, 30.0, 20.0, 5.0, 5.0],
    ... })
    >>> table = cv.cohort_table(log, observation_end="2026-03-15", values="rate")
    >>> table[["cohort", "period", "cohort_size", "customers", "rate", "complete"]]
        cohort  period  cohort_size  customers  rate  complete
    0  2026-01       0            2          2   1.0      True
    1  2026-01       1            2          0   0.0      True
    2  2026-01       2            2          1   0.5     False
    3  2026-02       0            1          1   1.0      True
    4  2026-02       1            1          1   1.0     False
    >>> cv.cohort_table(log, observation_end="2026-03-15", values="revenue", wide=True)
        cohort  cohort_size     0     1     2
    0  2026-01            2  30.0   0.0  30.0
    1  2026-02            1   5.0   5.0   NaN
    """
    opened = open_frame(log, "log")
    shown = _read_values(values)
    calendar, cohorts = _calendars(period, cohort_period, year_start)
    require_choice("clock", clock, get_args(Clock))
    require_choice("incomplete", incomplete, get_args(Incomplete))
    level = interval_level(interval)
    _check_wide(truth_value(wide, "wide"), shown)
    truth_value(pooled, "pooled")
    if cohort is not None and cohort_period is not None:
        raise InputError("give cohort=, an attribute, or cohort_period=, the length of acquisition cohorts, not both.")
    if customers is not None and cohort is None:
        raise InputError("customers= goes with cohort=, the name of its column that makes cohorts.")
    columns = _columns_for(opened, shown, customer_id, date, amount, order_id)
    share = _margin_for(opened, shown, margin)
    plan = CohortPlan(calendar, None if cohort is not None else cohorts, own_clock=clock == "elapsed")
    end = end_day(observation_end)
    rows = open_rows(opened, columns, slots=plan.slots, last_day=end, refunds=refunds, margin=share)
    end = rows.last_day if end is None else end
    attribute = None
    if cohort is not None:
        people = None if customers is None else open_frame(customers, "customers frame")
        attribute = customer_attribute(opened, people, column=cohort, key=customer_id, name=COHORT, argument="cohort")
    table = CohortTable(
        cohort_cells(rows, plan, end, attribute),
        plan,
        end=end,
        values=shown,
        whole_only=incomplete == "drop",
        interval=level,
        pooled=pooled,
    )
    return cast("FrameT", as_given(table.triangle() if wide else table.long(), opened))


def cohort_renewals(table: FrameT) -> FrameT:
    """Read a cohort table as renewals: who was there in one period and not in the next is lost (the data of sBG).

    Parameters
    ----------
    table
        What `cohort_table` gives, with cohort, period, cohort_size, at_risk, customers and complete. Only periods that
        are observed as a whole for all customers of their cohort count; pooled rows are left out.

    Returns
    -------
    FrameT
        A frame of the same library, sorted, with `cohort`, `period` (1 is the first renewal), `at_risk`, `lost`, and
        `observation_end` and `time_unit` where the table has them: what `clv.ShiftedBetaGeometric` fits. Contract
        models take the cohort table itself too, and read it like this.

    Raises
    ------
    InputError
        Where customers of a cohort come back: then it is no contract, and a loss is not seen. For missing columns, an
        empty table, and where no period after the first is complete.

    Notes
    -----
    Right for contracts that are billed once per period, of the length that the table has. `summarize_renewals` is the
    way where starts and ends are known.

    Eager; a polars LazyFrame is collected once and comes back lazy.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> bills = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob", "eve", "eve", "eve"],
    ...     "date": pd.to_datetime([f"2026-{d}" for d in ("01-05", "02-05", "01-20", "01-11", "02-11", "03-11")]),
    ...     "amount": 10.0,
    ... })
    >>> table = cv.cohort_table(bills, observation_end="2026-03-31")
    >>> cv.cohort_renewals(table)[["cohort", "period", "at_risk", "lost"]]
        cohort  period  at_risk  lost
    0  2026-01       1        3     1
    1  2026-01       2        2     1
    """
    opened, back = to_eager(table, "cohort table", "cohort_renewals")
    return cast("FrameT", back(renewals_of(opened)))


def _read_values(values: Any) -> tuple[str, ...]:
    named = [values] if isinstance(values, str) else name_list(values, "values", of="value")
    for name in named:
        require_choice("values", name, VALUES)
    return tuple(dict.fromkeys(["customers", *named]))


def _calendars(period: Any, cohort_period: Any, year_start: str) -> tuple[Calendar, Calendar]:
    """Return the calendars of periods and of cohorts; fiscal years matter to whichever counts quarters or years."""
    both = [("period", period), ("cohort_period", period if cohort_period is None else cohort_period)]
    for name, grain in both:
        require_choice(name, grain, GRAINS)
    fiscal = [grain in ("quarter", "year") for _, grain in both]
    calendars = [
        read_calendar(grain, year_start if counts or not any(fiscal) else "01-01", name)
        for (name, grain), counts in zip(both, fiscal, strict=True)
    ]
    return calendars[0], calendars[1]


def _check_wide(wide: bool, shown: tuple[str, ...]) -> None:
    if wide and len(set(shown) - {"customers"}) > 1:
        raise InputError(f"wide=True shows one of the values; got {list(shown)}. Leave wide out for several.")


def _columns_for(
    log: AnyFrame, shown: tuple[str, ...], customer_id: str, date: str, amount: str, order_id: str | None
) -> LogColumns:
    """Return the log's columns, with orders only where they are counted."""
    optional_text(order_id, "order_id")
    columns = log_columns(log, customer_id, date, amount, order_id if "orders" in shown else None)
    if "orders" in shown and columns.order_id is None:
        raise InputError("values='orders' counts distinct orders: name their column with order_id=.")
    if customer_id.startswith("_"):
        raise InputError(f"{customer_id!r}: names that begin with _ are taken here; give the key another one.")
    return columns


def _margin_for(log: AnyFrame, shown: tuple[str, ...], margin: Any) -> float | str | None:
    if ("margin" in shown) != (margin is not None):
        raise InputError(
            "values='margin' and margin=, the share of the amount that is margin (a number or a column), go together."
        )
    return None if margin is None else read_margin(log, margin)
