"""Churn labels without a contract: who fell silent after a cutoff, by one of three definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

import numpy as np

from customer_value._frames import (
    AnyFrame,
    EagerFrame,
    FrameT,
    as_given,
    collect,
    engine_of,
    nw,
    open_frame,
    texts,
    to_eager,
    truth_values,
    with_arrays,
)
from customer_value._units import Day, date_of
from customer_value._validation import (
    number,
    require_choice,
    text_value,
)
from customer_value.churn._judgements import BASES, Alive, Judgement, Rhythm, read_alive, read_rhythm
from customer_value.churn._purchases import check_rows, open_log, seen_of_customers
from customer_value.churn._rosters import choose_customers, open_roster
from customer_value.churn._windows import is_observed, lookback_start, outcome_window
from customer_value.errors import InputError
from customer_value.transactions._cutoffs import read_cutoff
from customer_value.transactions._periods import date_literal
from customer_value.transactions.rhythm_population import RhythmPopulation

Definition = Literal["silence", "rhythm", "p_alive"]
DEFINITIONS: tuple[str, ...] = ("silence", "rhythm", "p_alive")

_LABELS = ("cutoff", "window_start", "window_end", "active", "churned", "label_basis")
_NOT_OBSERVED = "not observed"


def churn_labels(
    log: FrameT,
    *,
    cutoff: Day,
    horizon: str | float,
    gap: str | float = 0,
    roster: FrameT | None = None,
    definition: Definition = "silence",
    active_within: str | float | None = None,
    observation_end: Day = "last",
    unobserved: Literal["error", "flag"] = "error",
    multiple: float = 2.0,
    population: RhythmPopulation | Mapping[str, Any] | None = None,
    purchase_model: Any = None,
    level: float = 0.5,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
) -> FrameT:
    """Label the customers of a business without contracts as churned or not, as of a cutoff.

    Parameters
    ----------
    log
        One row per transaction. Rows with an amount of 0 or above are purchases; refunds are none.
    cutoff
        First day of the future, a whole day. Who is labelled, and who is active, rests on days before it alone.
    horizon
        Length of the outcome window: a text such as ``"120 days"`` or ``"3 months"`` (calendar months), or a number of
        days.
    gap
        Time between the cutoff and the outcome window, in which a list is made and acted on. The window is
        ``[cutoff + gap, cutoff + gap + horizon)``.
    roster
        Frame with the customers to label, one row each, in a column named as in the log. Customers of the roster
        without a purchase are silent, and labelled so; customers who are not in it are left out. By default everyone
        with a purchase before the cutoff is labelled, and no one else.
    definition
        - ``"silence"``: churned without a purchase in the outcome window.
        - ``"rhythm"``: churned when, on the window's last day, the silence since the last purchase has lasted for
          `multiple` usual gaps or longer.
        - ``"p_alive"``: churned when P(alive) by `purchase_model`, on the window's last day, is below `level`.
    active_within
        A customer is active with a purchase within this time before the cutoff, such as ``"12 months"``. By default
        everyone who had bought before the cutoff is. Inactive customers are kept, with their label.
    observation_end
        Last day observed, inclusive and whole; ``"last"`` is the log's own last date. Later rows are an error.
    unobserved
        What becomes of an outcome window that ends after `observation_end`: ``"error"``, or ``"flag"``, which leaves
        `churned` null for everyone. Labels of those who happen to have bought already would select them.
    multiple, population
        For ``"rhythm"``. A customer's usual gap is that of `purchase_rhythm` on the day before the cutoff: the mean of
        his own gaps, shrunk to the population's where they are few, and the population's for one-time buyers. By
        default the population is that of the log before the cutoff; `fit_rhythm_population` freezes one for several
        cutoffs.
    purchase_model, level
        For ``"p_alive"``: a fitted purchase model, such as ``clv.ParetoNBD``, and the probability below which a
        customer counts as lost.
    customer_id, date, amount
        Names of the columns; ``amount=None`` where the log has none, so that every row is a purchase.

    Returns
    -------
    FrameT
        A frame of the same library, one row per customer, sorted by customer:

        - the customer column;
        - `cutoff`, `window_start`, `window_end`: the dates; the window ends before `window_end`;
        - `active`: whether the customer was active at the cutoff;
        - `churned`: the label, null where it is not known;
        - `label_basis`: how it was decided. ``"silence"``; ``"own rhythm"``, ``"own rhythm, shrunk"`` or
          ``"population fallback"``; ``"p_alive"``; ``"no purchase"``, by both of these, for a customer of the roster
          who never bought; ``"p_alive unknown"`` and ``"not observed"`` where the label is null.

    Raises
    ------
    InputError
        For an outcome window that was not observed (with the last cutoff that is possible), a cutoff that is no whole
        day or not within the log, what `summarize_customers` raises on, a roster with a customer twice, and a missing
        purchase model. For engines (DuckDB, Dask, PySpark) with another definition than silence, with what to call.

    Notes
    -----
    Silence is relational: lazy frames stay lazy, at the cost of one aggregate query for the checks (and one for a
    roster). The other definitions are eager; a polars LazyFrame is collected once and comes back lazy.

    ``"rhythm"`` and ``"p_alive"`` judge a customer on the window's last day by all purchases up to it: one who bought
    early in the window may be lost again at its end, and one whose gaps are longer than the window is not lost for
    having been silent through it.

    Labels by silence are what ``1 - probability_active(summary, horizon)`` of a purchase model forecasts.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> log = pd.DataFrame({
    ...     "customer_id": ["ann", "ann", "bob", "eve"],
    ...     "date": pd.to_datetime(["2026-01-05", "2026-02-20", "2026-01-12", "2026-02-10"]),
    ...     "amount": [10.0, 20.0, 15.0, 5.0],
    ... })
    >>> labels = cv.churn.churn_labels(log, cutoff="2026-02-01", horizon="1 month", observation_end="2026-02-28")
    >>> labels[["customer_id", "window_end", "active", "churned", "label_basis"]]
      customer_id window_end  active  churned label_basis
    0         ann 2026-03-01    True    False     silence
    1         bob 2026-03-01    True     True     silence

    Eve's first purchase was not known at the cutoff.
    """
    day = read_cutoff(cutoff)
    since = None if active_within is None else lookback_start(day, active_within, "active_within")
    window = outcome_window(day, horizon, gap)
    require_choice("definition", definition, DEFINITIONS)
    if purchase_model is not None and definition != "p_alive":
        raise InputError(f"purchase_model goes with definition='p_alive'; with definition={definition!r} leave it out.")
    rhythm = read_rhythm(multiple, population)
    number(level, "level", low=0, high=1, open_ends=True)
    judge: Rhythm | Alive | None = None
    if definition == "rhythm":
        judge = rhythm
    elif definition == "p_alive":
        judge = read_alive(purchase_model, level)
    if text_value(customer_id, "customer_id") in _LABELS:
        raise InputError(f"the labels would have {customer_id!r} twice: give the customer column a name of its own.")

    given = open_frame(log, "log")
    opened = given if judge is None else to_eager(log, "log", f"churn_labels with definition={definition!r}")[0]
    opened, columns = open_log(opened, customer_id=customer_id, date=date, amount=amount)
    members = None if roster is None else open_roster(roster, opened, customer_id)
    if judge is None and members is not None and isinstance(members, nw.LazyFrame) != isinstance(opened, nw.LazyFrame):
        opened, members = opened.lazy(), members.lazy()
    elif judge is not None and members is not None:
        members = collect(members)
    observed = check_rows(opened, columns, observation_end)
    if day <= observed.first:
        raise InputError(
            f"cutoff must be after the log's first day, {date_of(observed.first)}, or nobody is known at it; got "
            f"{date_of(day)}."
        )
    known = is_observed(day, observed.last, horizon=horizon, gap=gap, unobserved=unobserved)

    seen = seen_of_customers(opened, columns, cutoff=day, window=window, latest=judge is not None)
    customers = choose_customers(seen, members, customer_id).sort(customer_id)
    dates = {"cutoff": day, "window_start": window.start, "window_end": window.end}
    customers = _with_dates(customers, dates, since)
    if not known:
        labels = _unlabelled(customers)
    elif judge is None or isinstance(opened, nw.LazyFrame):
        labels = _silent(customers)
    else:
        labels = _judged(customers, judge.judge(opened, collect(customers), columns, day, window))
    labels = labels.select(customer_id, *_LABELS)
    if isinstance(labels, nw.DataFrame):
        return cast("FrameT", as_given(labels, given))
    return cast("FrameT", labels.to_native())


def _with_dates(customers: AnyFrame, dates: dict[str, int], since: int | None) -> AnyFrame:
    """Add the days that a label speaks of, and who was active at the cutoff."""
    engine, last = engine_of(customers), nw.col("_last")
    active = ~last.is_null()
    if since is not None:
        active = active & (last >= date_literal(since, engine))
    return customers.with_columns(
        *(date_literal(day, engine).alias(name) for name, day in dates.items()), active.alias("active")
    )


def _silent(customers: AnyFrame) -> AnyFrame:
    """Label by silence: no purchase in the outcome window."""
    labels = customers.with_columns((nw.col("_within") == 0).alias("churned"), nw.lit("silence").alias("label_basis"))
    if isinstance(labels, nw.LazyFrame):
        return labels
    silent = labels.get_column("churned").to_numpy()
    return with_arrays(labels, {"churned": truth_values(silent, np.zeros(len(labels), dtype=np.bool_), labels)})


def _unlabelled(customers: AnyFrame) -> AnyFrame:
    labels = customers.with_columns(
        nw.lit(None, dtype=nw.Boolean).alias("churned"), nw.lit(_NOT_OBSERVED).alias("label_basis")
    )
    if isinstance(labels, nw.LazyFrame):
        if engine_of(labels) == "dask":
            raise InputError("dask has no truth values that may be null: call frame.compute() first.")
        return labels
    everyone = np.ones(len(labels), dtype=np.bool_)
    return with_arrays(labels, {"churned": truth_values(everyone, everyone, labels)})


def _judged(customers: AnyFrame, judgement: Judgement) -> EagerFrame:
    labels = collect(customers)
    churned = truth_values(judgement.churned, judgement.unknown, labels)
    return with_arrays(labels, {"churned": churned, "label_basis": texts(judgement.basis, BASES, labels)})
