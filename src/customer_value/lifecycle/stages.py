"""The stage that each customer is in, against the rhythm of his own purchases, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, cast

from customer_value._frames import (
    AnyFrame,
    FrameT,
    collect,
    column_names,
    engine_of,
    float_column,
    nw,
    open_frame,
    to_eager,
)
from customer_value._labels import Labels, label_texts
from customer_value._validation import require_choice, require_same_ruler, text_value
from customer_value.errors import InputError
from customer_value.lifecycle._columns import (
    BACK,
    COUNT,
    GAP,
    RATIO,
    RULE,
    SILENCE,
    Known,
    check_frame,
    column,
    without_hidden,
)
from customer_value.lifecycle._facts import came_back, decisions_of, first_that_holds
from customer_value.lifecycle._reasons import with_label, with_reason
from customer_value.lifecycle.lifecycle_schemes import LifecycleScheme, PopulationRhythm
from customer_value.lifecycle.scheme_presets import PRESETS

Evidence = Literal["rhythm", "p_alive", "churn_probability"]
EVIDENCE = ("rhythm", "p_alive", "churn_probability")


def assign_lifecycle(
    frame: FrameT,
    *,
    scheme: str | LifecycleScheme = "five_stage",
    evidence: Evidence = "rhythm",
    labels: Labels = "en",
    name: str = "lifecycle_stage",
) -> FrameT:
    """Name the stage of each customer's relationship, against the rhythm of his own purchases, and say why.

    Relational: one expression that stays lazy on a polars LazyFrame and runs on DuckDB and Dask, after one query that
    checks the columns. A scheme that is not fitted, on a frame without `usual_gap`, first collects three columns to
    estimate the population's rhythm; on an engine that is an error.

    Parameters
    ----------
    frame
        One row per customer with `purchases` (or `frequency`), `time_since_last` (or `T` and `recency`) and `recency`,
        as in a customer summary; or what `purchase_rhythm` gives, or both joined. Rows whose `purchases` are null or 0
        are prospects: join the summary to a frame of all customers to have them.
    scheme
        "five_stage" (exploration, formation, stability, decline, lost; before them prospects, after them who was
        reactivated), "four_type" (prospect, active, loyal, churned), "new_retained" (new, retained, resurrected,
        dormant, by windows), or a `LifecycleScheme`, such as `fit_lifecycle_scheme` gives.
    evidence
        What a silence is held against: the customer's own ``"rhythm"``, or only when asked ``"p_alive"`` or
        ``"churn_probability"``, columns of these names. Fixed days are a matter of the scheme:
        ``dataclasses.replace(lifecycle.FIVE_STAGE, fixed_days=(30, 90))``.
    labels
        Language of labels and reasons, "en" or "zh", or a mapping from the scheme's stages to labels.
    name
        Name of the label column.

    Returns
    -------
    FrameT
        The same rows in the same order with `lifecycle_stage`, an ordered label in the order of the relationship
        (text in pyarrow and in engines), and `lifecycle_stage_reason`. Columns of these names that are there already
        are replaced.

    Raises
    ------
    InputError
        For missing columns, with what makes them; null, negative or inconsistent times; an empty frame; an unknown or
        null P(alive); a scheme of another ruler; and where nobody bought twice and the scheme is not fitted.

    Notes
    -----
    The usual gap is `usual_gap` where the frame has it (freeze it with ``purchase_rhythm(log, population=...)``).
    Otherwise it is ``(weight * gap + recency) / (weight + frequency)``, the customer's own mean gap shrunk to the
    population's by the empirical Bayes estimate for purchases by chance (see the theory page); `gap` and `weight` are
    the scheme's, and estimated from this frame if it has none.

    In the five stages, with the thresholds that the scheme holds:

    ===================  ================================================================================
    lost 流失            silent for 4 usual gaps or more, or longer than one of his gaps in 1,000 lasts
    decline 退化期       silent for 2, or longer than one in 20 lasts; or gaps that get longer, p < .05
    reactivated          the last gap was 4 usual gaps long or more
    stability 稳定期     4 purchases or more
    formation 形成期     2 or 3 purchases
    exploration 考察期   1 purchase
    ===================  ================================================================================

    The first that holds counts. What a gap's probability and its trend are is told by `silence_probability` and
    `trend_p_value`, and whether he came back by `last_gap` and `own_weight`: all are columns of `purchase_rhythm`.
    Without them decline means overdue, nobody is reactivated, and the reason says that the trend was not tested. With
    fixed days or another evidence no trend is tested.

    Lost is a long silence, and not for certain: within 90 days one in seven of the lost customers of a music shop
    (CDNOW) bought again, and seven in ten of a grocer's panel (Complete Journey). The theory page has the returns from
    each stage, and what later thresholds would change.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> summary = pd.DataFrame({
    ...     "customer_id": ["ann", "bob", "cid", "dan", "eve"],
    ...     "purchases": [9, 9, 2, 1, 0],
    ...     "recency": [200.0, 200.0, 30.0, 0.0, None],
    ...     "time_since_last": [12.0, 80.0, 50.0, 5.0, None],
    ...     "time_unit": "day",
    ... })
    >>> staged = cv.assign_lifecycle(summary)
    >>> staged["lifecycle_stage"].tolist()
    ['Stability', 'Decline', 'Formation', 'Exploration', 'Prospect']
    >>> print(staged["lifecycle_stage_reason"][1])
    9 purchases, last 80 days ago: 2.9 times the usual gap of 28.1 days; overdue from 2 times on; trend not tested
    """
    scheme, shown = read_options(scheme, evidence, labels, name)
    opened = open_frame(frame)
    known, read = _read(opened, scheme, evidence)
    language = labels if isinstance(labels, str) else "en"
    decisions = decisions_of(known, language)
    read = _with_gap(read, known).with_columns(first_that_holds(decisions).alias(RULE))
    made = with_reason(with_label(read, decisions, shown, name), decisions, known, language, f"{name}_reason")
    return cast("FrameT", without_hidden(made, known, (name, f"{name}_reason")).to_native())


def fit_lifecycle_scheme(summary: FrameT, *, scheme: str | LifecycleScheme = "five_stage") -> LifecycleScheme:
    """Freeze the population's rhythm in a scheme, so that later months are held against the same measure.

    Eager; of a polars LazyFrame three columns are collected.

    Parameters
    ----------
    summary
        Customer summary, as for `assign_lifecycle`. Prospects in it are left out.
    scheme
        Name of a preset, or a scheme; a population that it has is replaced.

    Returns
    -------
    LifecycleScheme
        The scheme with its `population`; `to_json` and `save_models` keep it. A scheme that holds no silence against a
        rhythm (windows, fixed days) comes back as it is.

    Raises
    ------
    InputError
        For what `assign_lifecycle` raises on, and where nobody bought twice.

    Notes
    -----
    Of more than 10,000 customers as many are taken, evenly from all in order of their purchases; the order of the rows
    does not matter. A frame without `time_unit` is taken to count days.

    Examples
    --------
    >>> import customer_value as cv
    >>> summary = cv.summarize_customers(cv.datasets.load_cdnow(), observation_end="1998-06-30")
    >>> cv.fit_lifecycle_scheme(summary)
    <LifecycleScheme five_stage: 7 stages; overdue after 2 usual gaps, long overdue after 4; population's gap ...>
    """
    scheme = _scheme(scheme)
    if not scheme.needs_rhythm:
        return scheme
    table, _ = to_eager(summary, "summary", "fit_lifecycle_scheme")
    known, read = _read(table, replace(scheme, population=None), "rhythm", own_gap=False)
    return replace(scheme, population=_estimate(read, known))


def read_options(scheme: Any, evidence: Any, labels: Any, name: Any) -> tuple[LifecycleScheme, dict[str, str]]:
    """Check what `assign_lifecycle` is asked for; return the scheme, and the label of each of its stages."""
    scheme = _scheme(scheme)
    require_choice("evidence", evidence, EVIDENCE)
    if evidence != "rhythm" and not scheme.watches_silence:
        raise InputError(f"the scheme {scheme.name!r} asks for no silence, which evidence={evidence!r} would tell of.")
    text_value(name, "name")
    texts = label_texts(scheme.stages, scheme.labels, labels, "stages")
    return scheme, dict(zip(scheme.stages, texts, strict=True))


def _scheme(scheme: Any) -> LifecycleScheme:
    if isinstance(scheme, LifecycleScheme):
        return scheme
    if not isinstance(scheme, str):
        raise InputError(f"scheme must be one of {list(PRESETS)} or a LifecycleScheme; got {type(scheme).__name__}.")
    require_choice("scheme", scheme, list(PRESETS))
    return PRESETS[scheme]


def _read(frame: AnyFrame, scheme: LifecycleScheme, evidence: str, *, own_gap: bool = True) -> tuple[Known, AnyFrame]:
    """Check a frame; return what it tells, and the frame with what is needed of it as numbers."""
    known = Known(frozenset(column_names(frame)), scheme, evidence, own_gap)
    read, unit = check_frame(frame, known)
    ruler = scheme.population.time_unit if scheme.population is not None else None
    if known.shrinks:
        require_same_ruler(ruler, unit, "the lifecycle scheme")
    return replace(known, unit=unit or ruler or known.unit), read


def _with_gap(read: AnyFrame, known: Known) -> AnyFrame:
    """Add the usual gap: the frame's own, or the mean gap shrunk to the population's (one over the mean rate)."""
    if known.by_rhythm:
        gap = column("usual_gap")
        if known.shrinks:
            population = known.scheme.population or _estimate(read, known)
            weight = population.weight
            gap = (weight * population.gap + known.recency()) / (weight + nw.col(COUNT) - 1)
        read = read.with_columns(gap.alias(GAP)).with_columns((nw.col(SILENCE) / nw.col(GAP)).alias(RATIO))
    return read.with_columns(came_back(known).alias(BACK)) if known.sees_return else read


def _estimate(frame: AnyFrame, known: Known) -> PopulationRhythm:
    if isinstance(frame, nw.LazyFrame) and engine_of(frame) != "polars":
        raise InputError(
            f"the population's rhythm is not estimated on a {engine_of(frame)} frame: give a scheme that "
            "fit_lifecycle_scheme made of a frame in memory, or a frame with the columns of purchase_rhythm."
        )
    # scipy is loaded where a rhythm is asked for, and not with the room.
    from customer_value.lifecycle._population import estimate_population

    columns = {"purchases": nw.col(COUNT), "recency": known.recency(), "silence": nw.col(SILENCE)}
    rows = collect(frame.select(**columns).filter(nw.col("purchases") >= 1))
    purchases, recency, silence = (float_column(rows.get_column(name)) for name in columns)
    return estimate_population(purchases, recency, silence, known.unit)
