"""Features of customers from event logs, strictly from what was known before a cutoff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from customer_value._frames import AnyFrame, FrameT, nw
from customer_value._units import Day
from customer_value.churn._event_arrays import features_eagerly
from customer_value.churn._event_formulas import feature_names
from customer_value.churn._event_plan import Counted, FeaturePlan, make_feature_plan, open_logs
from customer_value.churn._event_relational import features_lazily
from customer_value.errors import InputError
from customer_value.transactions._cutoffs import read_cutoff

Span = str | int


def churn_features(
    logs: FrameT | Mapping[str, FrameT],
    *,
    cutoff: Day,
    lookbacks: Sequence[Span] = ("30 days", "90 days", "365 days"),
    roster: FrameT | None = None,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
    available_at: str | None = "available_at",
    distinct: str | Sequence[str] | Mapping[str, str | Sequence[str]] = (),
    counted: Counted | Mapping[str, Counted] | None = None,
    observation_start: Day | Mapping[str, Day] = "first",
    start: str | None = "start",
    end: str | None = "end",
) -> FrameT:
    """Make features of each customer from what was known before a cutoff: a row of a later day can change none of them.

    Parameters
    ----------
    logs
        One row per event: a frame, or a mapping from names to frames, such as transactions, usage and tickets. In a
        mapping the features of a log begin with its name. The first log says who is a customer: everyone with an event
        known before the cutoff.
    cutoff
        First day of the future, a whole day. Rows count whose day is before it.
    lookbacks
        Trailing windows that end with the day before the cutoff, from short to long: texts such as ``"30 days"`` or
        ``"12 months"`` (calendar months), or numbers of days.
    roster
        Frame that says who is a customer instead, in a column named as in the logs; several rows of one customer, such
        as those of a table of subscriptions, are his history. Nothing else of it becomes a feature: columns such as a
        plan or a price tell of the day on which the table was written.
    customer_id, date
        Names of the columns in every log. Of timestamps the day counts.
    amount
        Name of the column of amounts; the default is used in the logs that have one. Rows with an amount below 0 are
        refunds: they lower values and are no events. None makes no features of value.
    available_at
        Name of the column with the day on which a row became known: a ticket closed, an invoice booked late. Such a
        row counts only where this day too is before the cutoff; one without it was never known and is left out, with a
        warning. The default is used where there is such a column.
    distinct
        Columns whose distinct values are counted, such as products or channels; for a mapping of logs, a mapping from
        names of logs to columns.
    counted
        Events of a kind to count by themselves: ``{"complaints": ("category", "complaint")}`` counts the rows whose
        category is that, ``("category", ["complaint", "claim"])`` those of either; for a mapping of logs, a mapping
        from names of logs to such rules. Kinds are named here, and not read from the data, in which the kinds of
        tomorrow already stand.
    observation_start
        First day observed of the logs, or a mapping from names of logs to days. With ``"first"`` each log begins with
        the first row that was known. Counts over a lookback that reaches further back are null.
    start, end
        Names of the roster's columns; the defaults are used where there are such columns. A customer is one from his
        earliest `start` on, until all his rows have ended before the cutoff (a null `end` runs on). Without them
        everyone in the roster is a customer at any cutoff: give the list as it stood at that day.

    Returns
    -------
    FrameT
        A frame of the same library, one row per customer, sorted by customer: the customer column, `cutoff`, with a
        roster that has a start `days_since_start`, and for each log, with windows such as ``30d``:

        - `days_since_last`, `days_since_first`: days from the last and the first event to the cutoff;
        - `events`, `events_30d`: events in all and per lookback; `active_days`, `active_days_30d`: days with an event;
        - `trend_30d_90d`, for each lookback and the next longer one: events in the short one against those that the
          customer's own rate in the longer one leads to expect, one event added to both; the longer one is cut to his
          time since the first event, and it is null for a customer younger than the short one, or without an event in
          the longer one;
        - with amounts `total_value`, `value_30d`, `value_per_event` and `value_trend_30d_90d`;
        - `mean_gap`, `gap_cv` (standard deviation over mean) and `longest_gap` between active days, in days;
          `overdue_ratio`, `silence_to_longest_gap`: days since the last event over the mean and the longest gap;
        - `distinct_product`, `distinct_product_30d` for each column of `distinct`;
        - `complaints`, `complaints_30d`, `days_since_complaints` for each kind of `counted`.

        Counts are 0 where a log was observed and tells nothing of a customer; times, means and ratios are null there.

    Raises
    ------
    InputError
        For missing columns, null customers, dates or amounts, dates that are no dates, lookbacks that do not run from
        short to long, an empty log, a cutoff before the first row, columns that would come twice, frames of several
        libraries, and on Dask, with what to call.

    Warns
    -----
    DataWarning
        Where rows were never known, and where the log ends so early that the shortest lookback is empty for everyone.

    Notes
    -----
    Eager frames are read as arrays, once. Lazy frames (polars, DuckDB, PySpark) stay lazy: relational, with one
    aggregate query per log for the checks.

    Both add up whole numbers only, amounts as whole units and billionths, and take quotients at the end: results are
    the same bit by bit on every library, whatever the order of rows and whatever comes after the cutoff.

    Trends and overdue ratios measure each customer by his own past: Buckinx & Van den Poel (2005), "Customer base
    analysis: partial defection of behaviourally loyal clients in a non-contractual FMCG retail setting", European
    Journal of Operational Research 164.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> log = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "ann", "bob", "eve"],
    ...     "date": pd.to_datetime(["2026-01-05", "2026-01-19", "2026-02-20", "2026-02-12", "2026-03-10"]),
    ...     "amount": [10.0, 20.0, 30.0, 15.0, 5.0],
    ... })
    >>> features = cv.churn.churn_features(log, cutoff="2026-03-01", lookbacks=("14 days", "28 days"))
    >>> features[["customer_id", "days_since_last", "events", "events_14d", "total_value", "mean_gap"]]
      customer_id  days_since_last  events  events_14d  total_value  mean_gap
    0         ann                9       3           1         60.0      23.0
    1         bob               17       1           0         15.0       NaN

    Eve's first purchase was not known at the cutoff.
    """
    features = make_features(
        logs,
        roster,
        [read_cutoff(cutoff)],
        lookbacks=lookbacks,
        customer_id=customer_id,
        date=date,
        amount=amount,
        available_at=available_at,
        distinct=distinct,
        counted=counted,
        observation_start=observation_start,
        start=start,
        end=end,
    )
    return cast("FrameT", features.to_native())


def make_features(logs: Any, roster: Any, cutoffs: Sequence[int], **options: Any) -> AnyFrame:
    """Make the features at several cutoffs, stacked, in order of cutoff and customer."""
    opened, people = open_logs(logs, roster)
    plan = make_feature_plan(opened, people, cutoffs, **options)
    _require_different_names(plan)
    lazy = isinstance(next(iter(opened.values())), nw.LazyFrame)
    make: Any = features_lazily if lazy else features_eagerly
    made: AnyFrame = make(opened, people, plan)
    return made


def _require_different_names(plan: FeaturePlan) -> None:
    names = [plan.logs[0].customer_id, "cutoff", "days_since_start"]
    names += [name for log in plan.logs for name, _ in feature_names(log, plan.moments[0], plan.labels)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"the features would have {twice} twice; give each lookback once, and kinds, logs and the customer column "
            "names of their own."
        )
