"""Churn labels with a contract: whose subscription ends after a cutoff, with time to renew and a rule for returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np

from customer_value._frames import EagerFrame, FrameT, engine_of, make_frame, schema_of, texts, to_eager, truth_values
from customer_value._units import Day, date_of
from customer_value._validation import (
    require_choice,
    require_columns,
    require_some,
    text_value,
)
from customer_value.churn._windows import Window, is_observed, outcome_window, read_span
from customer_value.errors import InputError
from customer_value.transactions._contracts import Contracts
from customer_value.transactions._cutoffs import read_cutoff
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import require_present
from customer_value.transactions._periods import date_literal, day_numbers, require_dates
from customer_value.transactions._plan import add_length, end_day
from customer_value.transactions._row_order import dense_codes
from customer_value.transactions._subscriptions import SubscriptionColumns, read_subscriptions, subscription_columns

Flags = np.ndarray[Any, np.dtype[np.bool_]]
Codes = np.ndarray[Any, np.dtype[np.int64]]

RETURNS: tuple[str, ...] = ("churned", "retained")
_LABELS = ("cutoff", "window_start", "window_end", "active", "churned", "label_basis")
_BASES = ("runs on", "ended", "returned", "ended in gap", "not observed")
_RUNS, _ENDED, _RETURNED, _IN_GAP, _NOT_OBSERVED = range(len(_BASES))


@dataclass(frozen=True, slots=True)
class _Terms:
    """Contracts joined over breaks no longer than the grace, by customer and start."""

    of_contract: Codes  # the term that each contract belongs to
    customer: Codes
    start: Codes
    end: Codes

    def latest_before(self, day: int, customer: Codes) -> Codes:
        """Position of each of these customers' last term that began before the day; all have one."""
        begun = np.bincount(self.customer[self.start < day], minlength=int(self.customer[-1]) + 1)
        first: Codes = np.searchsorted(self.customer, customer)
        return first + begun[customer] - 1


def subscription_churn_labels(
    subscriptions: FrameT,
    *,
    cutoff: Day,
    horizon: str | float,
    gap: str | float = 0,
    grace: str | float = "0 days",
    returns: Literal["churned", "retained"] = "churned",
    observation_end: Day = "last",
    unobserved: Literal["error", "flag"] = "error",
    customer_id: str = "customer_id",
    start: str = "start",
    end: str = "end",
) -> FrameT:
    """Label the customers whose subscription runs at a cutoff, by whether it ends within the outcome window.

    Parameters
    ----------
    subscriptions
        One row per subscription. A customer's rows that overlap, or follow each other on the same or the next day, are
        one contract: changes of plan and renewals are no ends.
    cutoff
        First day of the future, a whole day. Labelled is who has a contract that began before it and that does not end
        before it.
    horizon
        Length of the outcome window: a text such as ``"3 months"`` (calendar months) or a number of days.
    gap
        Time between the cutoff and the outcome window ``[cutoff + gap, cutoff + gap + horizon)``.
    grace
        How long after an end a new subscription counts as its renewal: one that starts later than that is a return.
    returns
        What a return within the window makes of a customer whose contract had ended: ``"churned"`` (the end counts) or
        ``"retained"`` (the customer is judged by the latest contract that began before the window's end).
    observation_end
        Last day observed, inclusive and whole; ``"last"`` is the day of the last start. Not that of the last end: ends
        may be planned ahead, and prove nothing. Ends after it are not known yet; later starts are an error.
    unobserved
        What becomes of an outcome window that, with `grace` after its last day, ends after `observation_end`:
        ``"error"``, or ``"flag"``, which leaves `churned` null for everyone.
    customer_id, start, end
        Names of the columns. Dates are dates or timestamps, of which the day counts; `end` is null while a
        subscription runs.

    Returns
    -------
    FrameT
        A frame of the same library, one row per customer with a running contract at the cutoff, sorted by customer:

        - the customer column;
        - `cutoff`, `window_start`, `window_end`: the dates; the window ends before `window_end`;
        - `active`: true, for all of them;
        - `churned`: the label, null where it is not known;
        - `label_basis`: ``"runs on"``, ``"ended"``, ``"returned"`` (after an end), ``"ended in gap"`` (before the
          window began: null, for there was nothing left to lose in it) or ``"not observed"`` (null).

    Raises
    ------
    InputError
        For an outcome window or grace that was not observed (with the last cutoff that is possible), a cutoff that is
        no whole day, or at which no contract runs, and what `summarize_contracts` raises on. For engines (DuckDB, Dask,
        PySpark), with what to call.

    Notes
    -----
    A contract ends on the day in `end`, as in `summarize_contracts`: with an end on the day before the cutoff it has
    ended, with one on the cutoff it runs, and ends within a window that has no gap before it. Who is labelled rests on
    subscriptions that began before the cutoff alone: one whose contract has ended is left out, though he may renew on
    the cutoff, or within his grace; to keep only those who did would be to know the future. Where rows are bills that
    end with a month, take a cutoff within a month.

    Eager; a polars LazyFrame is collected once and comes back lazy.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> subscriptions = pd.DataFrame({
    ...     "customer_id": ["ann", "bob", "bob", "eve"],
    ...     "start": pd.to_datetime(["2026-01-05", "2026-01-10", "2026-02-20", "2026-01-20"]),
    ...     "end": pd.to_datetime([None, "2026-02-14", None, "2026-02-20"]),
    ... })
    >>> labels = cv.churn.subscription_churn_labels(
    ...     subscriptions, cutoff="2026-02-01", horizon="1 month", grace="7 days", observation_end="2026-03-31"
    ... )
    >>> labels[["customer_id", "churned", "label_basis"]]
      customer_id  churned label_basis
    0         ann    False     runs on
    1         bob    False     runs on
    2         eve     True       ended
    """
    day = read_cutoff(cutoff)
    window = outcome_window(day, horizon, gap)
    allowed = read_span(grace, "grace", zero=True)
    require_choice("returns", returns, RETURNS)
    if text_value(customer_id, "customer_id") in _LABELS:
        raise InputError(f"the labels would have {customer_id!r} twice: give the customer column a name of its own.")
    table, as_given = to_eager(subscriptions, "subscriptions", "subscription_churn_labels")
    columns = subscription_columns(table, customer_id, start, end)
    observed = end_day(observation_end)
    if observed is None:
        observed = _last_start(table, columns.start)
    known = is_observed(day, observed, horizon=horizon, gap=gap, unobserved=unobserved, grace=allowed)
    contracts = read_subscriptions(table, columns, observation_end=date_of(observed), grain="day").contracts
    running = (contracts.start < day) & (contracts.end >= day) & _known_to_run(table, columns, day)[contracts.customer]
    if not running.any():
        raise InputError(
            f"no subscription runs at the cutoff, {date_of(day)}: there is nobody to label. Where rows are bills that "
            "end with a month, take a cutoff within a month: what begins on the cutoff is not known at it."
        )
    if known:
        terms = _join_over_grace(contracts, allowed)
        at_cutoff = terms.of_contract[running], contracts.customer[running]
        churned, unknown, basis = _judge(terms, *at_cutoff, window, returns=returns)
    else:
        churned = unknown = np.ones(int(running.sum()), dtype=np.bool_)
        basis = np.full(churned.size, _NOT_OBSERVED)
    labels = make_frame(
        {
            customer_id: table.get_column(customer_id)[contracts.row[running]],
            "active": np.ones(churned.size, dtype=np.bool_),
            "churned": truth_values(churned, unknown, table),
            "label_basis": texts(basis, _BASES, table),
        },
        like=table,
    )
    dates = {"cutoff": day, "window_start": window.start, "window_end": window.end}
    literals = (date_literal(number, engine_of(labels)).alias(name) for name, number in dates.items())
    return cast("FrameT", as_given(labels.with_columns(*literals).select(customer_id, *_LABELS)))


def _known_to_run(table: EagerFrame, columns: SubscriptionColumns, day: int) -> Flags:
    """Return for each customer, in order of id, whether a subscription that began before the day does not end before.

    A contract may be joined of one that ended on the day before and one that begins on the day, which is its future.
    """
    ends = table.get_column(columns.end)
    open_ended = np.asarray(ends.is_null().to_numpy(), dtype=np.bool_)
    runs = open_ended.copy()
    if not open_ended.all():
        runs[~open_ended] = day_numbers(ends.drop_nulls()) >= day
    runs &= day_numbers(table.get_column(columns.start)) < day
    customer, customers = dense_codes(id_labels(table.get_column(columns.customer_id)))
    known: Flags = np.bincount(customer[runs], minlength=customers) > 0
    return known


def _last_start(table: EagerFrame, start: str) -> int:
    require_columns(table, [start], what="subscriptions frame", maker="Name it with start=")
    require_some(len(table), "subscriptions frame")
    starts = table.get_column(start)
    require_dates(schema_of(table)[start], start, objects=True)
    require_present(starts, "Without its start nobody knows when a subscription began: leave such rows out.")
    return int(day_numbers(starts).max())


def _join_over_grace(contracts: Contracts, grace: tuple[int, str]) -> _Terms:
    """Join each contract to the one before it that ended no longer ago than the grace."""
    customer, start, end = contracts.customer, contracts.start, contracts.end
    begins = np.ones(start.size, dtype=np.bool_)
    begins[1:] = (np.diff(customer) != 0) | (start[1:] > add_length(end[:-1], *grace))
    first = np.flatnonzero(begins)
    last = np.append(first[1:], start.size) - 1
    return _Terms(np.cumsum(begins) - 1, customer[first], start[first], end[last])


def _judge(
    terms: _Terms, running: Codes, customer: Codes, window: Window, *, returns: str
) -> tuple[Flags, Flags, Codes]:
    """Return who churned, of whom that is unknown, and the basis; `running` are the terms that run at the cutoff."""
    latest = terms.latest_before(window.end, customer)
    came_back = latest > running
    judged = latest if returns == "retained" else running
    end = terms.end[judged]
    in_gap, churned = end < window.start, (end >= window.start) & (end < window.end)
    # A return is what decided, unless the customer is judged by the contract after it and that one ended again.
    by_return = came_back & (churned if returns == "churned" else ~churned)
    basis = np.select([in_gap, by_return, churned], [_IN_GAP, _RETURNED, _ENDED], _RUNS)
    return churned, in_gap, basis
