"""Customers as they stood at several dates: any chain of scores and labels, each from what was known by then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, cast

from customer_value._frames import AnyFrame, FrameT, column_names, engine_of, nw, open_frame, schema_of
from customer_value._labels import Labels
from customer_value._units import Day, date_of
from customer_value._validation import few
from customer_value.errors import InputError
from customer_value.lifecycle._warned import Warned
from customer_value.lifecycle.lifecycle_schemes import LifecycleScheme
from customer_value.lifecycle.stages import Evidence, assign_lifecycle, read_options
from customer_value.transactions import RhythmPopulation, purchase_rhythm, summarize_customers
from customer_value.transactions._customer_days import merge_days
from customer_value.transactions._cutoffs import read_cutoffs
from customer_value.transactions._dated import DatedLog, open_checked
from customer_value.transactions._log import LogRules, log_columns
from customer_value.transactions._periods import date_literal
from customer_value.transactions._plan import check_options, end_day

_BOTH = 2
_RHYTHM_OPTIONS = ("grain", "time_unit")


def snapshot_customers(
    log: FrameT,
    *,
    cutoffs: Any,
    apply: Callable[[FrameT], FrameT] | None = None,
    rhythm: bool | RhythmPopulation | Mapping[str, Any] = False,
    observation_end: Day = "last",
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
    **options: Any,
) -> FrameT:
    """Repeat a chain of scores and labels at several dates, each time from what was known before.

    At each cutoff the log is cut, its earlier rows go through `summarize_customers` and then through `apply`. What
    happens at or after a cutoff cannot change its rows. Relational if `apply` is; collects what `apply` collects.

    Parameters
    ----------
    log
        One row per transaction. All of its rows are checked, those after the last cutoff too.
    cutoffs
        First days of the future, in order: each snapshot knows the rows before its cutoff, and is as of the day before.
        A date range of months gives snapshots at the ends of months.
    apply
        A function from the customer summary of one cutoff to a frame of the same library, such as ``lambda summary:
        summary.pipe(cv.score_rfm, scheme=scheme).pipe(cv.assign_segments)``. Default: the summary itself. Schemes and
        models from outside know what they were fitted on: to be honest about the past they must not be fitted on what
        came later.
    rhythm
        Whether to join the columns of `purchase_rhythm`, by which `assign_lifecycle` tests for falling rates; a frozen
        population's, if one is given, else that of what was known at each cutoff.
    observation_end
        Last day that the log covers, sales or none; ``"last"`` is the log's own last date. The last cutoff may be the
        day after it.
    customer_id, date, amount
        Names of the log's columns.
    **options
        Passed on to `summarize_customers`: `order_id`, `grain`, `time_unit`, `refunds`, `acquired`, `windows`,
        `regularity`.

    Returns
    -------
    FrameT
        The frames of all cutoffs one below the other, `cutoff` (a date) behind the customer: one row per cutoff and
        customer known by then, sorted by cutoff.

    Raises
    ------
    InputError
        If cutoffs are out of order, come twice or have no rows before them; if `apply` gives no frame of the same
        library, or frames of different columns; and for what `summarize_customers` and `apply` refuse, with the cutoff.

    Warns
    -----
    DataWarning
        For what `summarize_customers` and `apply` warn of, once for all cutoffs.

    Examples
    --------
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow(sample=True)
    >>> history = cv.snapshot_customers(
    ...     log, cutoffs=["1997-07-01", "1998-01-01"],
    ...     apply=lambda summary: summary.pipe(cv.score_rfm).pipe(cv.assign_segments),
    ... )
    >>> history.groupby("cutoff").size()
    cutoff
    1997-07-01    2357
    1998-01-01    2357
    dtype: int64
    """
    opened = open_frame(log, "log")
    days = read_cutoffs(cutoffs)
    if apply is not None and not callable(apply):
        raise InputError(f"apply must be a function of a customer summary; got {type(apply).__name__}.")
    if not isinstance(rhythm, (bool, RhythmPopulation, Mapping)):
        raise InputError(f"rhythm must be True, False, or what fit_rhythm_population gives; got {rhythm!r}.")
    refunds = options.get("refunds", "net")
    check_options(grain=options.get("grain", "day"), refunds=refunds, time_unit=options.get("time_unit", "week"))
    columns = log_columns(opened, customer_id, date, amount, options.get("order_id", "order_id"))
    # Other columns are not read, and each cut would copy them.
    dated = open_checked(opened.select(columns.names), columns, LogRules(refunds=refunds != "error"))
    _require_observed(dated, days, observation_end)
    if refunds != "match":  # which tells how many rows it could not match
        dated = merge_days(dated, columns)
    names: dict[str, Any] = {"customer_id": customer_id, "date": date, "amount": amount}
    parts: list[Any] = []
    warned = Warned()
    for day in days:
        with _naming(day), warned.at(day):
            known = dated.cut(day - 1)[0].to_native()
            end = date_of(day - 1)
            snapshot = summarize_customers(known, observation_end=end, **names, **options)
            if rhythm is not False:
                snapshot = _with_rhythm(snapshot, known, end, rhythm, names, options)
            applied = snapshot if apply is None else apply(snapshot)
            parts.append(_stamped(applied, day, customer_id, opened))
        _require_alike(parts[0], parts[-1], days[0], day)
    warned.tell(len(days))
    return cast(FrameT, nw.maybe_reset_index(nw.concat(parts)).to_native())


def lifecycle_history(
    log: FrameT,
    *,
    cutoffs: Any,
    scheme: str | LifecycleScheme = "five_stage",
    evidence: Evidence = "rhythm",
    labels: Labels = "en",
    name: str = "lifecycle_stage",
    rhythm: bool | RhythmPopulation | Mapping[str, Any] = True,
    **options: Any,
) -> FrameT:
    """Follow each customer's stage through time: `assign_lifecycle` at several cutoffs. Collects at each cutoff.

    Parameters
    ----------
    log
        One row per transaction.
    cutoffs
        First days of the future, in order, as in `snapshot_customers`.
    scheme, evidence, labels, name
        As in `assign_lifecycle`. A scheme that is only named takes the population's rhythm at each cutoff from what was
        known then; one of `fit_lifecycle_scheme` holds every cutoff against the same measure.
    rhythm
        As in `snapshot_customers`, but by default the columns of `purchase_rhythm` are there, so that falling rates
        are tested and those who came back are found.
    **options
        Passed on to `snapshot_customers`.

    Returns
    -------
    FrameT
        One row per cutoff and customer known by then: the customer, `cutoff`, the columns of the summary and of
        `purchase_rhythm`, `lifecycle_stage` and `lifecycle_stage_reason`.

    Raises
    ------
    InputError
        For what `snapshot_customers` and `assign_lifecycle` refuse.

    Examples
    --------
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow(sample=True)
    >>> history = cv.lifecycle_history(log, cutoffs=["1997-07-01", "1998-01-01", "1998-07-01"])
    >>> moves = cv.segment_migration(history, label="lifecycle_stage", value="total_value")
    >>> int(moves["customers"].sum())
    4714
    """
    read_options(scheme, evidence, labels, name)  # rather than after the first cutoff
    stage = partial(assign_lifecycle, scheme=scheme, evidence=evidence, labels=labels, name=name)
    if rhythm is not False:
        # Each row has its own usual gap, so that its stage rests on nothing but the row: all cutoffs at once.
        history = snapshot_customers(log, cutoffs=cutoffs, rhythm=rhythm, **options)
        with suppress(InputError):
            return stage(history)
    # One by one where the population is that of each cutoff, and to say at which cutoff something is refused.
    return snapshot_customers(log, cutoffs=cutoffs, apply=stage, rhythm=rhythm, **options)


@contextmanager
def _naming(day: int) -> Iterator[None]:
    """Say at which cutoff bad input was met: the first one may come too early for what is asked."""
    try:
        yield
    except InputError as error:
        raise InputError(f"at the cutoff {date_of(day)}: {error}") from error


def _require_observed(dated: DatedLog, days: list[int], observation_end: Any) -> None:
    if days[0] <= dated.first:
        raise InputError(
            f"every cutoff must have rows before it; {date_of(days[0])} has none, for the log begins on "
            f"{date_of(dated.first)}."
        )
    end = end_day(observation_end)
    covered = dated.last if end is None else end
    late = [day for day in days if day > covered + 1]
    if late:
        told = few([date_of(day) for day in late])
        raise InputError(
            f"cutoffs must be {date_of(covered + 1)} or earlier, for observation ends on {date_of(covered)}; "
            f"{len(late)} of {len(days)} are not ({told}). If the log is complete beyond its last sale, say so with "
            "observation_end=."
        )


def _require_alike(first: AnyFrame, later: AnyFrame, day: int, later_day: int) -> None:
    """Raise where two snapshots cannot stand one below the other: other columns, other labels, other types."""
    at, then = f"at {date_of(day)}", f"at {date_of(later_day)}"
    if column_names(later) != column_names(first):
        raise InputError(
            f"apply must give the same columns at every cutoff; {column_names(first)} {at}, {column_names(later)} "
            f"{then}."
        )
    types, later_types = schema_of(first), schema_of(later)
    for name, dtype in types.items():
        labels = [list(each.categories) for each in (dtype, later_types[name]) if isinstance(each, nw.Enum)]
        if len(labels) == _BOTH and labels[0] != labels[1]:
            raise InputError(
                f"apply must give {name} the same labels in the same order at every cutoff; {labels[0]} {at}, "
                f"{labels[1]} {then}. Fit the scheme once, outside of apply, or turn the labels into text."
            )
        if dtype != later_types[name] and engine_of(first) != "pandas":  # pandas finds the common type
            raise InputError(
                f"apply must give {name} one type at every cutoff; it is {dtype} {at}, {later_types[name]} {then}."
            )


def _with_rhythm(
    snapshot: Any, known: Any, end: Any, rhythm: Any, names: Mapping[str, Any], options: Mapping[str, Any]
) -> Any:
    """Join what the rhythm tells beyond the summary."""
    same = {name: options[name] for name in _RHYTHM_OPTIONS if name in options}
    population = None if rhythm is True else rhythm
    found = purchase_rhythm(known, observation_end=end, interval=None, population=population, **names, **same)
    summary: Any = open_frame(snapshot)
    rhythms = open_frame(found)
    key = names["customer_id"]
    more = [name for name in column_names(rhythms) if name not in column_names(summary)]
    joined = summary.join(rhythms.select(key, *more), on=key, how="left")
    return (joined.sort(key) if isinstance(joined, nw.LazyFrame) else joined).to_native()


def _stamped(frame: Any, day: int, customer_id: str, like: AnyFrame) -> AnyFrame:
    """Put the cutoff behind the customer, or first where there is none."""
    opened = open_frame(frame, "frame that apply gives")
    if engine_of(opened) != engine_of(like) or isinstance(opened, nw.LazyFrame) != isinstance(like, nw.LazyFrame):
        raise InputError(f"apply must give a frame as it was given, of {engine_of(like)}; got {type(frame).__name__}.")
    columns = column_names(opened)
    if "cutoff" in columns:
        raise InputError("apply must not make a column 'cutoff': snapshot_customers writes it.")
    first = [customer_id] if customer_id in columns else []
    stamped = opened.with_columns(date_literal(day, engine_of(like)).alias("cutoff"))
    return stamped.select(*first, "cutoff", *(name for name in columns if name not in first))
