"""A panel to learn from: features at several cutoffs, each with the label that its outcome window gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

import numpy as np

from customer_value._frames import AnyFrame, FrameT, column_names, engine_of, nw, open_frame, schema_of, to_eager
from customer_value._units import Day, date_of, day_number
from customer_value._validation import (
    require_choice,
    require_columns,
    require_rows,
    require_some,
    require_text_names,
    text_value,
    truth_value,
)
from customer_value.churn._event_plan import Counted
from customer_value.churn._event_reading import days_or_never
from customer_value.churn._feature_columns import LABEL_COLUMNS
from customer_value.churn._windows import is_observed, last_cutoff, read_span
from customer_value.churn.features import Span, make_features
from customer_value.churn.labels import churn_labels
from customer_value.churn.subscription_labels import subscription_churn_labels
from customer_value.errors import InputError
from customer_value.transactions._cutoffs import read_cutoffs
from customer_value.transactions._log import require_present
from customer_value.transactions._periods import day_expression, day_numbers, midnight_expression
from customer_value.transactions._subscriptions import common_name

Definition = Literal["silence", "rhythm", "p_alive", "contractual"]
DEFINITIONS: tuple[str, ...] = ("silence", "rhythm", "p_alive", "contractual")

_PANEL_MAKER = "churn_snapshots(logs, cutoffs=..., horizon=...) makes a panel"


def churn_snapshots(
    logs: FrameT | Mapping[str, FrameT],
    *,
    cutoffs: Sequence[Day],
    horizon: Span,
    gap: Span = 0,
    definition: Definition = "silence",
    roster: FrameT | None = None,
    active_within: Span | None = None,
    keep_inactive: bool = False,
    label_options: Mapping[str, Any] | None = None,
    observation_end: Day = "last",
    unobserved: Literal["error", "flag"] = "error",
    lookbacks: Sequence[Span] = ("30 days", "90 days", "365 days"),
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
    available_at: str | None = "available_at",
    distinct: str | Sequence[str] | Mapping[str, str | Sequence[str]] = (),
    counted: Counted | Mapping[str, Counted] | None = None,
    observation_start: Day | Mapping[str, Day] = "first",
    start: str = "start",
    end: str = "end",
) -> FrameT:
    """Stack snapshots of the customers: what was known of each at several cutoffs, and whether he churned after it.

    Parameters
    ----------
    logs
        One row per event: a frame, or a mapping from names to frames; the first log tells silence from activity.
    cutoffs
        Days in order of time, each the first of the future of its snapshot.
    horizon, gap
        Length of the outcome window, and the time between a cutoff and its start: texts such as ``"3 months"``, or
        numbers of days.
    definition
        What churn is: ``"silence"``, ``"rhythm"`` or ``"p_alive"`` of `churn_labels`, by the first log; or
        ``"contractual"``, the end of a subscription, by the roster (`subscription_churn_labels`).
    roster
        Frame that says who is a customer, as in `churn_features`; with ``definition="contractual"`` the table of
        subscriptions, one row each.
    active_within
        Without a contract: a customer is active with an event within this time before the cutoff; by default everyone
        is who has had one. With a contract he is active while it runs.
    keep_inactive
        Whether to keep customers who were not active at a cutoff, and add a column `active`. Those who left long ago
        are easy to tell and nobody's target; a model judged with them among the rest looks better than it is.
    label_options
        Further arguments of the label function, such as ``{"grace": "7 days"}`` or ``{"multiple": 3}``.
    observation_end
        Last day observed, inclusive and whole; ``"last"`` is the last date of the first log, with a contract the last
        start of a subscription.
    unobserved
        What becomes of a cutoff whose outcome window ends after it: ``"error"``, or ``"flag"``, which leaves `churned`
        null.
    lookbacks, customer_id, date, amount, available_at, distinct, counted, observation_start
        As in `churn_features`.
    start, end
        Names of the roster's columns; the usual other names (started, start_date, ended, end_date) are found too.

    Returns
    -------
    FrameT
        A frame of the same library, one row per customer and cutoff, sorted by cutoff and customer: the customer
        column, `cutoff`, the columns of `churn_features`, `active` if asked for, and `churned`, which is null where it
        is not known.

    Raises
    ------
    InputError
        For cutoffs whose outcome window was not observed, by name, with the last one that is possible; for cutoffs out
        of order, a contract without a roster, and what `churn_features` and the label functions raise on.

    See Also
    --------
    split_xy : what scikit-learn takes of a panel.
    PurgedTimeSplit : tests on later cutoffs than training has seen outcomes of.

    Notes
    -----
    Rows of one customer at several cutoffs are not independent: test on later cutoffs, with `PurgedTimeSplit`, or on
    other customers, with `groups`. With outcome windows that overlap, one purchase labels several rows.

    Relational for labels by silence: lazy frames stay lazy. The other definitions collect a polars LazyFrame once.

    The design is that of multi-slicing: Gattermann-Itschert & Thonemann (2021), "How training on multiple time slices
    improves performance in churn prediction", European Journal of Operational Research 295.

    Examples
    --------
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow(sample=True)
    >>> panel = cv.churn.churn_snapshots(
    ...     log, cutoffs=["1997-07-01", "1997-10-01", "1998-01-01"], horizon="3 months", active_within="6 months"
    ... )
    >>> panel.groupby("cutoff")["churned"].agg(["size", "mean"]).round(2)
                size  mean
    cutoff
    1997-07-01  2357  0.82
    1997-10-01   728  0.61
    1998-01-01   619  0.59
    """
    days = read_cutoffs(cutoffs)
    for name, column in (("start", start), ("end", end)):
        text_value(column, name)
    require_choice("definition", definition, DEFINITIONS)
    truth_value(keep_inactive, "keep_inactive")
    options = _label_options(label_options, definition, active_within)
    if definition == "contractual" and roster is None:
        raise InputError("definition='contractual' needs the table of subscriptions: give it as roster=.")
    named: Mapping[str, Any] = logs if isinstance(logs, Mapping) else {"": logs}
    features = make_features(
        logs,
        roster,
        days,
        lookbacks=lookbacks,
        customer_id=customer_id,
        date=date,
        amount=amount,
        available_at=available_at,
        distinct=distinct,
        counted=counted,
        observation_start=observation_start,
        start=start,
        end=None,  # whose contract runs is the labels' to say
    )
    if definition == "contractual":
        source = open_frame(roster, "roster")
        start, end = common_name(source, start), common_name(source, end)
        moment = start
        columns: dict[str, Any] = {"start": start, "end": end}
    else:
        source = open_frame(next(iter(named.values())), "log")
        columns = {"date": date, "amount": amount if amount in column_names(source) else None}
        moment = date
    observed = (
        _last_day(source, moment)
        if isinstance(observation_end, str) and observation_end == "last"
        else day_number(observation_end, "observation_end")
    )
    _require_observed(days, observed, horizon, gap, options.get("grace", 0), unobserved)
    options |= {"horizon": horizon, "gap": gap, "observation_end": date_of(observed), "unobserved": unobserved}
    options |= {"customer_id": customer_id, **columns}
    people = None if roster is None or definition == "contractual" else _people(roster, customer_id)
    label: Any = subscription_churn_labels
    if definition != "contractual":
        label, options = churn_labels, options | {"definition": definition, "roster": people}
    labels = []
    for day in days:
        known = _known_at(source, day, moment, available_at)
        of_day = open_frame(label(known.to_native(), cutoff=date_of(day), **options), "labels")
        labels.append(of_day.select(customer_id, "cutoff", "active", "churned"))
    panel = _joined(features, labels, customer_id, keep_inactive=keep_inactive)
    return cast("FrameT", panel.to_native())


def split_xy(
    panel: Any,
    *,
    customer_id: str = "customer_id",
    cutoff: str = "cutoff",
    outcome: str = "churned",
    unlabelled: Literal["error", "drop"] = "error",
) -> tuple[Any, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Split a panel into what scikit-learn takes: features, outcomes, and groups to keep together.

    Parameters
    ----------
    panel
        Frame of `churn_snapshots`, or any with a customer, a cutoff, features and an outcome.
    customer_id, cutoff, outcome
        Names of the columns; a `cutoff` may be missing.
    unlabelled
        What becomes of rows without an outcome: ``"error"``, or ``"drop"``.

    Returns
    -------
    X : frame of the same library
        The features: neither keys nor outcome, nor what label functions write beside it (`window_start`,
        `window_end`, `active`, `label_basis`).
    y : numpy.ndarray
        1 for customers who churned, else 0.
    groups : numpy.ndarray
        The customer of each row.

    Raises
    ------
    InputError
        For missing columns, an outcome that is not true or false, a panel without features, and unlabelled rows.

    Notes
    -----
    Eager; a polars LazyFrame is collected, for scikit-learn takes rows in memory.

    Examples
    --------
    >>> import customer_value as cv
    >>> log = cv.datasets.load_cdnow(sample=True)
    >>> panel = cv.churn.churn_snapshots(log, cutoffs=["1997-07-01", "1997-10-01"], horizon="3 months")
    >>> X, y, groups = cv.churn.split_xy(panel)
    >>> X.shape[0] == y.size == groups.size, float(y.mean().round(2))
    (True, 0.83)
    """
    frame, _ = to_eager(panel, "panel", "split_xy")
    require_choice("unlabelled", unlabelled, ("error", "drop"))
    text_value(cutoff, "cutoff")
    require_columns(frame, [customer_id, outcome], what="panel", maker=_PANEL_MAKER)
    require_text_names(frame, "panel")
    require_some(len(frame), "panel")
    require_present(frame.get_column(customer_id), "Rows of nobody cannot be kept together: leave them out.")
    labels = frame.get_column(outcome)
    known = ~np.asarray(labels.is_null().to_numpy(), dtype=np.bool_)
    if unlabelled == "error":
        require_rows(known, f"{outcome} must not be null", "unlabelled='drop' leaves these rows out.")
    rows = np.flatnonzero(known)
    require_some(rows.size, "panel, apart from rows without an outcome,")
    kept = frame if rows.size == len(frame) else frame[rows]
    y = np.asarray(kept.get_column(outcome).to_list(), dtype=object)
    require_rows(np.isin(y, (0, 1)), f"{outcome} must be true or false, or 1 or 0")
    features = [name for name in frame.columns if name not in {customer_id, cutoff, outcome, *LABEL_COLUMNS}]
    if not features:
        raise InputError(f"the panel has no features beside {frame.columns}. {_PANEL_MAKER}.")
    return kept.select(features).to_native(), y.astype(np.int64), np.asarray(kept.get_column(customer_id).to_numpy())


def _label_options(given: Any, definition: str, active_within: Any) -> dict[str, Any]:
    """Return the arguments of the label function that the caller gave it alone."""
    own = {
        "rhythm": ("multiple", "population"),
        "p_alive": ("purchase_model", "level"),
        "contractual": ("grace", "returns"),
    }.get(definition, ())
    if not (given is None or isinstance(given, Mapping)):
        raise InputError(f"label_options must map arguments of the label function to values; got {given!r}.")
    options = {} if given is None else dict(given)
    for name in options:
        if name not in own:
            raise InputError(f"label_options of definition={definition!r} may be {list(own)}; got {name!r}.")
    if active_within is not None:
        if definition == "contractual":
            raise InputError(
                "active_within is for customers without a contract: with one, they are active while it runs."
            )
        options["active_within"] = active_within
    return options


def _people(roster: Any, customer_id: str) -> Any:
    return open_frame(roster, "roster").select(customer_id).unique().to_native()


def _require_observed(days: list[int], observed: int, horizon: Any, gap: Any, grace: Any, unobserved: str) -> None:
    """Raise with all cutoffs whose outcome window was not observed."""
    spared = read_span(grace, "grace", zero=True)
    window = {"horizon": horizon, "gap": gap, "grace": spared}
    short = [day for day in days if day > observed + 1 or not is_observed(day, observed, unobserved="flag", **window)]
    if short and unobserved == "error":
        names = ", ".join(str(date_of(day)) for day in short)
        raise InputError(
            f"the outcome windows of these cutoffs end after the last day observed, {date_of(observed)}: {names}. The "
            f"last possible cutoff is {date_of(last_cutoff(observed, horizon, gap, spared))}; leave later ones out, "
            "or take unobserved='flag', which gives null labels."
        )


def _last_day(frame: AnyFrame, column: str) -> int:
    if isinstance(frame, nw.DataFrame):
        return int(day_numbers(frame.get_column(column)).max())
    day = midnight_expression(column, schema_of(frame)[column], engine_of(frame))
    return day_number(frame.select(day.max()).collect().item(), column)


def _known_at(frame: AnyFrame, cutoff: int, date: str, available_at: str | None) -> AnyFrame:
    """Leave out rows of the past that were not known at the cutoff: nobody is active by them."""
    if available_at is None or available_at not in column_names(frame):
        return frame
    if isinstance(frame, nw.DataFrame):
        later = day_numbers(frame.get_column(date)) >= cutoff
        return frame[np.flatnonzero(later | (days_or_never(frame.get_column(available_at)) < cutoff))]
    known = (day_expression(available_at) < cutoff) & ~nw.col(available_at).is_null()
    return frame.filter((day_expression(date) >= cutoff) | known)


def _joined(features: AnyFrame, labels: list[AnyFrame], key: str, *, keep_inactive: bool) -> AnyFrame:
    """Put the labels beside the features of the same customer and cutoff; who has none is no customer of the panel."""
    found: Any = labels if isinstance(features, nw.DataFrame) else [frame.lazy() for frame in labels]
    made: Any = features
    joined = made.join(found[0] if len(found) == 1 else nw.concat(found), on=[key, "cutoff"], how="inner")
    if not keep_inactive:
        joined = joined.filter(nw.col("active"))
    columns = [name for name in column_names(features) if name not in (key, "cutoff")]
    kept = [key, "cutoff", *columns, *(["active"] if keep_inactive else []), "churned"]
    panel: AnyFrame = joined.select(kept).sort("cutoff", key)
    return panel
