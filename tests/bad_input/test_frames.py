"""Frames that are none, lack something, or hold what breaks a rule: every function that takes one, in every library."""

import inspect
import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import customer_value as cv

# Counts of 0, meanings that go by the names, and a log beside the first one in which nothing has happened yet.
EMPTY_ALLOWED = {"data_quality", "describe_columns", "churn_features(log)", "review_tiers(previous)"}
EMPTY_ALLOWED |= {"lifecycle_map"}
OPTIONAL = {"compare_models(holdout)", "churn_features(roster)", "early_warnings(contacts)"}
OPTIONAL |= {"match_clusters(customers)", "lifecycle_map", "lifecycle_map(mapping)"}
ELSEWHERE = {  # what is then looked for in the frame that is there
    "segment_migration(after)": "the history lacks ['cutoff']",
    **{f"{name}(customers)": "the log lacks ['channel']" for name in ("cohort_table", "retention_rates")},
}
EVERY_COLUMN = {"clean_log", "data_quality", "value_customers", "split_xy", "leakage_report", "drift_report"}
EVERY_COLUMN |= {"drift_report(after)", "reason_codes"}
NO_DATA = {"get_params", "to_json"}  # methods that take none
OF_CLASSES = {
    cv.churn: ["ChurnClassifier", "RecencyRule", "DiscreteTimeHazard", "CoxModel", "SLearner", "TLearner"],
    cv.lifecycle: ["LifecycleScheme"],
    cv.segments: ["KMeansSegmenter", "RFMScheme", "SegmentRules", "TierCriterion", "TierCut", "TierScheme"],
}
RESULTS = {
    cv.lifecycle.SchemeCheck,
    cv.segments.RulesCheck,
    cv.segments.TierCheck,
    cv.segments.ClusterMatch,
    cv.clv.ValueReport,
    cv.churn.ChurnReport,
}  # made by the library only


def break_rows(frame, column, value, rows=(1,)):
    """Put a value into some rows of a column."""
    return frame.assign(**{column: frame[column].astype(object).where(~np.isin(range(len(frame)), rows), value)})


def as_numbers(frame, column):
    return frame.assign(**{column: frame[column].astype(float)})


# ---- the table is whole --------------------------------------------------------------------------------------------


def is_error(value):
    return isinstance(value, type) and issubclass(value, (Exception, Warning))


def test_every_public_function_has_a_valid_call(calls):
    rooms = [value for value in (getattr(cv, name) for name in cv.__all__) if inspect.ismodule(value)]
    rooms += [cv.segments.tiers]
    public = {getattr(home, name) for home in (cv, *rooms) for name in home.__all__ if callable(getattr(home, name))}
    models = {value for value in public if hasattr(value, "from_params")}
    methods = {  # what models inherit from their base is one method, and one model's call of it is enough
        getattr(member, "__func__", member)
        for model in models
        for name, member in inspect.getmembers(model, callable)
        if not name.startswith("_") and name not in NO_DATA
    }
    methods |= {  # of others what is their own, not what scikit-learn gives them
        getattr(member, "__func__", member)
        for room, names in OF_CLASSES.items()
        for name in names
        for method, member in inspect.getmembers(getattr(room, name), callable)
        if not method.startswith("_") and member.__module__.startswith("customer_value") and method not in NO_DATA
    }
    called = {getattr(call.of, "__func__", call.of) for call in calls.values()}
    assert methods <= called
    assert {value for value in public - models - RESULTS if not is_error(value)} <= called


def test_the_valid_call_is_silent(framed, calls):
    for call in calls[framed].everywhere():
        assert call(call.frame) is not None


# ---- what is no frame, or has no such column -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [None, [1, 2], {"customer_id": [1]}, pd.Series([1.0]), np.ones((2, 3)), "log.csv", pl.Series([1]), pd.DataFrame],
    ids=lambda given: type(given).__name__,
)
def test_what_is_no_frame(framed, given, calls, refuse):
    if given is None and framed in OPTIONAL:
        return
    kind = type(given).__name__
    match = rf"must be a DataFrame of pandas, polars, pyarrow .*; got {kind}\.$"
    if isinstance(given, dict) and framed.startswith(("churn_features", "churn_snapshots")):  # they take several logs
        match = rf"must be a DataFrame of pandas, polars, pyarrow .*; got ({kind}|list)\.$"
    if given is None and framed == "churn_snapshots(roster)":
        match = "needs the table of subscriptions: give it as roster="
    if given is None and framed in ELSEWHERE:
        match = re.escape(ELSEWHERE[framed])
    if isinstance(given, dict) and framed == "lifecycle_map(mapping)":  # a mapping too
        match = "the mapping of 'customer_id' must hold"
    refuse(calls[framed], given, match)


def test_a_missing_column(name, column, calls, refuse):
    for call in calls[name].by_turns(column):
        said = refuse(call, call.frame.drop(columns=column), rf"lacks \[.*'{column}'.*\]; it has \['")
        assert call.maker in said


def test_a_column_that_is_the_index(name, column, calls, refuse):
    refuse(calls[name], calls[name].frame.set_index(column), rf"'{column}' is its index: frame.reset_index\(\) makes")


def test_two_columns_of_one_name(framed, calls, refuse):
    frame = calls[framed].frame
    first = frame.columns[0]
    twice = pd.concat([frame, frame[[first]]], axis=1)
    refuse(calls[framed], twice, rf"column names of the .* must be unique; \['{first}'\] come more than once")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    table = table.append_column(first, table.column(0))
    refuse(calls[framed].within("pyarrow"), table, rf"must be unique; \['{first}'\]")


def test_names_that_are_no_texts(framed, calls, refuse):
    call = calls[framed]
    if call.columns:
        match = r"(lacks \[.*\]; it has|must be named by text; it has) \[0, "
        refuse(call, call.frame.set_axis(range(call.frame.shape[1]), axis=1), match)
    more = call.frame.assign(more=1).rename(columns={"more": 7})
    if framed in EVERY_COLUMN:
        refuse(call, more, r"columns of the .* must be named by text; it has \[7\]\. Rename them")
    else:
        call(more)


def test_a_frame_without_rows(framed, calls, refuse):
    for call in calls[framed].everywhere():
        empty = call.frame.head(0)
        if framed in EMPTY_ALLOWED:
            assert call(empty) is not None
        else:
            refuse(call, empty, "is empty: no rows to work on")


# ---- columns of a wrong type, with gaps, without end ---------------------------------------------------------------

NUMBERS = {"count", "number", "score", "gappy"}
NULLABLE = {"gappy", "gappy outcome", "feature"}  # what may be missing; whatever a model was fitted on
DATES = {"date", "moment"}
DATE_RULE = r"must (hold dates or timestamps|be a date); its type is {type}\."


def wrong_types(kind, column, frame):
    """Columns of another type than the kind, each with what the message says."""
    text, flags = frame[column].astype(str), np.arange(len(frame)) % 2 == 0
    days, lists = pd.Timestamp("2025-03-01"), [[1]] * len(frame)
    if kind in NUMBERS:
        for values, dtype in ((text, "String"), (flags, "Boolean"), (days, "Datetime"), (lists, "(List|Object)")):
            yield values, f"{column} must be (numeric|a probability); its type is {dtype}"
    elif kind in DATES:
        yield text, f"{column} " + DATE_RULE.format(type="String")
        yield flags, f"{column} " + DATE_RULE.format(type="Boolean")
        yield np.arange(len(frame)), f"{column} " + DATE_RULE.format(type="Int64")
    elif kind == "id":
        yield lists, f"{column} must (hold|have) (text or whole numbers|ids of one type|one type in both)"
    elif kind == "flag":
        yield text, f"{column} must be true or false in every row; its type is String"
        yield np.arange(len(frame)), f"{column} must be true or false in every row; its type is Int64"
    elif kind in {"outcome", "gappy outcome"}:
        yield text, f"{column} must be (numeric|true or false|0 or 1)"
        yield days, f"{column} must be (numeric|true or false|0 or 1)"
        yield np.arange(len(frame)), f"{column} must be (0 or 1|true or false)"
    elif kind == "ruler":
        yield np.arange(len(frame)), "customers must come from one summary, with one observation_end and one time_unit"


def test_a_column_of_another_type(name, column, calls, refuse):
    for call in calls[name].by_turns(column):
        for values, match in wrong_types(call.columns[column], column, call.frame):
            refuse(call, call.frame.assign(**{column: values}), match)


@pytest.mark.parametrize("rows", [1, None], ids=["one", "all"])
def test_missing_values(name, column, rows, calls, refuse):
    for call in calls[name].by_turns(column):
        kind, n = call.columns[column], len(call.frame)
        if kind in NULLABLE:
            continue
        keep = np.arange(n) < 0 if rows is None else np.arange(n) != rows
        gaps = call.frame.assign(**{column: call.frame[column].where(keep)})
        bad = n if rows is None else 1
        if column == "monetary_value":  # null for one-time buyers
            bad = int((call.frame["frequency"] > 0)[~keep].sum())
            match = f"monetary_value must not be null where frequency is above 0; {bad} of {n} rows"
        elif kind == "flag":
            match = f"{column} must be true or false in every row"
        elif kind == "ruler":
            match = "must come from one summary|must not be null|must be a date"
        elif kind == "id" and name.endswith(")") and call.other:  # whole numbers beside a missing one are floats
            match = f"{column} must have one type in both frames; .*beside a missing one are floats"
        else:
            match = rf"{column} must (not be null|have one type).*(; {bad} of {n} rows (is|are)|in both frames)"
        if bad:
            refuse(call, gaps, match)


def test_values_without_end(name, column, calls, refuse):
    for call in calls[name].by_turns(column):
        if call.columns[column] in NUMBERS:
            frame = as_numbers(call.frame, column)
            for value in (np.inf, -np.inf):
                broken = frame.assign(**{column: frame[column].where(frame.index != 1, value)})
                refuse(call, broken, rf"{column} must be finite.*; 1 of {len(frame)} rows is not( \(rows 1\))?\.")


def test_nan_is_missing_in_polars_too(name, column, calls, refuse):
    call = calls[name].within("polars")
    if call.columns[column] in NUMBERS - NULLABLE and column != "monetary_value":
        frame = pl.from_pandas(as_numbers(call.frame, column))
        first = pl.int_range(pl.len()) == 1
        broken = frame.with_columns(pl.when(first).then(float("nan")).otherwise(pl.col(column)).alias(column))
        refuse(call, broken, rf"{column} must not be null or NaN; 1 of {frame.height} rows is \(rows 1\)")


# ---- numbers that break a rule -------------------------------------------------------------------------------------

BELOW = {
    "frequency": r"frequency must be (0 or above|a whole number from 0)",
    "holdout_purchases": "holdout_purchases must be a whole number from 0",
    "expected_purchases": "expected_purchases must be 0 or above",
    "recency": "recency must be 0 or above",
    "T": "T must be 0 or above; 1 of .* It runs from the first purchase to observation_end",
    "period": "period must be (1 or above|a whole number, 0 or above)",
    "at_risk": "at_risk must be (0 or above|a whole number, 0 or above)",
    "lost": "lost must be 0 or above",
    "renewals": "renewals must be 0 or above",
    "opportunities": "opportunities must be from 0 to 100,000; 1 of .* Take a coarser grain",
    "time_since_last": "time_since_last must be 0 or above; 1 of .* It is the time since the last purchase",
    "r_score": "r_score must be a (whole number from 1 to 5|score from 1 to 9)",
    "f_score": "f_score must be a (whole number from 1 to 5|score from 1 to 9)",
}
NEVER_NEGATIVE = {"count", "score"}


def test_numbers_below_zero(name, column, calls, refuse):
    for call in calls[name].everywhere():
        if column in BELOW and call.columns[column] in NUMBERS:
            broken = call.frame.assign(**{column: call.frame[column].where(call.frame.index != 1, -1)})
            refuse(call, broken, BELOW[column])
        else:
            assert call.columns[column] not in NEVER_NEGATIVE


def test_counts_that_are_not_whole(name, column, calls, refuse):
    for call in calls[name].everywhere():
        if call.columns[column] in NEVER_NEGATIVE:
            broken = call.frame.assign(**{column: call.frame[column] + 0.5})
            n = len(call.frame)
            refuse(call, broken, rf"{column} must be a (whole number|score from 1).*; {n} of {n} rows")


@pytest.mark.parametrize(
    ("field", "change", "match"),
    [
        ("recency", lambda f: f["T"] + 1.0, r"recency must be <= T; .* time since the last one is time_since_last"),
        ("recency", lambda f: f["recency"].mask(f["frequency"] == 0, 0.1), "recency must be 0 where frequency is 0"),
        ("T", lambda f: f["T"] * 6.048e14, "T must be below 1e.09; .* not nanoseconds"),
        ("frequency", lambda f: f["frequency"] * 1e300, "frequency must be below 1e.09"),
        ("time_unit", lambda f: "fortnight", r"time_unit must hold one of \[.*'week'.*\] .* it holds \['fortnight'\]"),
        ("time_unit", lambda f: ["day"] + ["week"] * (len(f) - 1), r"time_unit must hold one .* \['day', 'week'\]"),
    ],
)
@pytest.mark.parametrize("use", ["BGNBD.fit", "ParetoNBD.fit", "BGNBD.predict", "ParetoNBD.predict", "score_clv"])
def test_histories_that_cannot_be(use, field, change, match, calls, refuse):
    for call in calls[use].everywhere():
        refuse(call, call.frame.assign(**{field: change(call.frame)}), match)


def test_positions_are_not_told_where_rows_were_counted_first(calls, refuse):
    call = calls["BGNBD.fit"].within("polars[lazy]")
    broken = call.frame.assign(T=call.frame["T"].mask(call.frame["frequency"] == 0, -1.0))
    bad = int((call.frame["frequency"] == 0).sum())
    refuse(call, broken, rf"T must be 0 or above; {bad} of {len(broken)} rows are not\. It runs")
