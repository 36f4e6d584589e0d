"""What goes wrong with customers over time: dates, labels and customers that do not fit, zones, refunds, few of all."""

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from calling import LIBRARIES
from lifecycle_calls import (
    AFTER,
    ALIVE,
    BEFORE,
    BRIDGE,
    FROZEN,
    HISTORY,
    LOG,
    MATRIX,
    MOVED,
    SUMMARY,
    WINDOWS,
)  # see conftest.py

import customer_value as cv

MONTHS = {"observation_end": "2026-03-31", "observation_start": "2026-01-01", "window": "period"}


def sales(*rows):
    """A log of customers, days of 2026 and amounts."""
    customers, days, amounts = zip(*rows, strict=True)
    return pd.DataFrame({
        "customer_id": customers, "date": pd.to_datetime([f"2026-{day}" for day in days]), "amount": amounts
    })  # fmt: skip


def rows_of(frame):
    """A frame of any library as lists, rows in order."""
    frame = frame.collect() if hasattr(frame, "collect") else frame
    frame = frame if isinstance(frame, pd.DataFrame) else frame.to_pandas()
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()


# ---- dates outside the log, unsorted, overlapping ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["snapshot_customers", "lifecycle_history"])
@pytest.mark.parametrize(
    ("cutoffs", "match"),
    [
        (["1996-12-31"], "every cutoff must have rows before it; 1996-12-31 has none, for the log begins on 1997-01-0"),
        (["1999-01-01"], r"1998-06-20; 1 of 1 are not \(1999-01-01\)\. If the log is complete .* observation_end="),
        (["1998-01-01", "1997-01-10"], "cutoffs must come in order of time, each once; 1997-01-10 follows 1998-01-01"),
        (["1997-07-01", "1997-07-01"], "cutoffs must come in order of time, each once; 1997-07-01 follows 1997-07-01"),
        (["1997-07-01 12:00"], r"cutoffs must be a whole day, the first of the future; .* Take 1997-07-01 where all"),
        (["first of July"], "cutoffs must be a date such as '1997-09-30'; got 'first of July'"),
        ([], "cutoffs must be one or more days"),
    ],
)
def test_cutoffs(name, cutoffs, match, calls, refuse):
    refuse(calls[name], calls[name].frame, match, cutoffs=cutoffs)


@pytest.mark.parametrize(
    ("name", "changes", "match"),
    [
        ("cohort_table", {"observation_end": "1998-03-31"}, "date must not be after observation_end, 1998-03-31; "),
        ("cohort_table", {"observation_end": "1996-12-31"}, "date must not be after observation_end, 1996-12-31; "),
        ("retention_rates", {"observation_end": "1998-03-31"}, "date must not be after observation_end, 1998-03-31; "),
        ("retention_rates", {"observation_start": "1998-01-01"}, "must not be after the log's first date, 1997-01-0"),
        ("retention_rates", {"window": "12 months"}, "two windows of '12 months' that lie inside"),
        ("retention_rates", {"window": "4 weeks"}, "window='4 weeks' is no number of whole quarters"),
        ("revenue_bridge", {"observation_end": "1997-03-31"}, "date must not be after observation_end, 1997-03-31; "),
        ("revenue_bridge", {"window": "9 quarters"}, "two windows of '9 quarters' that lie inside"),
        ("growth_decomposition", {"window": "5 days"}, "window='5 days' is no number of whole quarters"),
        ("cohort_table", {"year_start": "02-30"}, "year_start"),
    ],
)
def test_times_outside_the_log(name, changes, match, calls, refuse):
    for call in calls[name].everywhere():
        refuse(call, call.frame, match, **changes)


def test_rows_of_a_log_are_told_by_their_place_in_it(calls, refuse):
    late_first = LOG[::-1].reset_index(drop=True)
    broken = late_first.assign(amount=late_first["amount"].where(late_first.index != len(LOG) - 1))
    where = rf"amount must not be null or NaN; 1 of {len(LOG)} rows is \(rows {len(LOG) - 1}\)"
    refuse(calls["snapshot_customers"], broken, where)
    lazy = calls["snapshot_customers"].within("polars[lazy]")
    refuse(lazy, broken, rf"amount must not be null or NaN; 1 of {len(LOG)} rows is\.")


def test_the_order_of_a_history_is_that_of_its_dates(calls):
    for name in ("segment_migration", "stage_spells", "stage_durations"):
        for call in calls[name].everywhere():
            assert rows_of(call(HISTORY[::-1].reset_index(drop=True))) == rows_of(call(HISTORY))
        text = HISTORY.assign(cutoff=HISTORY["cutoff"].dt.strftime("%Y-%m-%d"))
        assert rows_of(calls[name](text).drop(columns=["cutoff", "next_cutoff"], errors="ignore")) == rows_of(
            calls[name](HISTORY).drop(columns=["cutoff", "next_cutoff"], errors="ignore")
        )


@pytest.mark.parametrize(
    ("cutoff", "match"),
    [
        (["01.04.1997", "01.07.1997", "01.10.1997"], "cutoff must be a date such as '1997-09-30'; got '01.04.1997'"),
        (["1997-04-01", "19970701", "1997-10-01"], "cutoff must write its dates in one way, such as 2026-01-31"),
        ([0.5, 1.5, 2.5], "cutoff must hold dates, or whole numbers that count them; its type is Float64"),
        ([True, False, True], "cutoff must hold dates, or whole numbers that count them; its type is Boolean"),
        (["1997-04-01"] * 3, "must hold two dates or more to tell who moved; it holds one"),
    ],
)
def test_dates_that_have_no_order(cutoff, match, calls, refuse):
    for name in ("segment_migration", "stage_spells"):
        for call in calls[name].everywhere():
            refuse(call, HISTORY.assign(cutoff=np.repeat(cutoff, 4)), match)


def test_numbers_count_dates_but_are_no_time(calls, refuse):
    waves = HISTORY.assign(cutoff=np.repeat([2, 10, 11], 4))
    assert (
        calls["segment_migration"](waves)["customers"].tolist()
        == calls["segment_migration"](HISTORY)["customers"].tolist()
    )
    refuse(calls["stage_spells"], waves, "cutoff must hold dates or timestamps; its type is Int64")


def test_snapshots_may_overlap_in_what_they_know():
    history = cv.snapshot_customers(LOG, cutoffs=["1997-02-01", "1997-02-02"])
    each = [cv.summarize_customers(LOG[LOG["date"] < day], observation_end=end) for day, end in
            (("1997-02-01", "1997-01-31"), ("1997-02-02", "1997-02-01"))]  # fmt: skip
    assert rows_of(history.drop(columns="cutoff")) == rows_of(each[0]) + rows_of(each[1])


# ---- labels that differ, customers in one frame only ---------------------------------------------------------------


@pytest.mark.parametrize("library", LIBRARIES)
def test_customers_in_one_frame_only_enter_and_leave(library):
    into = LIBRARIES[library]
    moved = rows_of(cv.segment_migration(into(BEFORE), into(AFTER.assign(customer_id=[3, 4, 5, 6])), **MOVED))
    assert [row for row in moved if row[2]] == [
        ["A", "left", 2, 1.0, 170.0, None, -170.0],
        ["B", "A", 1, 0.5, 20.0, 95.0, 75.0],
        ["B", "B", 1, 0.5, 10.0, 30.0, 20.0],
        ["entered", "A", 1, 0.5, None, 85.0, 85.0],
        ["entered", "B", 1, 0.5, None, 20.0, 20.0],
    ]


def test_nobody_in_both_frames_is_all_change():
    moved = cv.segment_migration(BEFORE, AFTER.assign(customer_id=[7, 8, 9, 10]), **MOVED)
    assert moved.loc[moved["customers"] > 0, "from_state"].tolist() == ["A", "B", "entered", "entered"]


@pytest.mark.parametrize(
    ("labels", "match"),
    [
        (["gold", "silver"], r"the two frames have no tier in common \(A, B before, gold, silver after\)"),
        (["entered", "A"], "entered='entered' is also the name of a state: choose another one"),
        (["left", "A"], "left='left' is also the name of a state: choose another one"),
        ([[1], [2]], "tier must hold texts, whole numbers or truth values; its type is List"),
    ],
)
def test_labels_that_do_not_fit(labels, match, calls, refuse):
    other = AFTER.assign(tier=labels * 2)
    for library in ("pandas", "polars", "pyarrow"):
        if isinstance(labels[0], str) or library == "polars":
            refuse(calls["segment_migration(after)"].within(library), other, match)


def test_a_label_that_only_one_frame_knows_is_a_state_of_both():
    after = AFTER.assign(tier=["A", "B", "C", "C"])
    moved = cv.segment_migration(BEFORE, after, label="tier")
    assert list(dict.fromkeys(moved["from_state"])) == ["A", "B", "C"]
    assert rows_of(moved[moved["from_state"] == "C"])[0] == ["C", "A", 0, None]


def test_labels_of_snapshots_must_stay_the_same(calls, refuse):
    def is_early(summary):
        return summary["purchases"].max() < 3

    def cut(summary):
        names = ["few", "many"] if is_early(summary) else ["few", "many", "most"]
        return summary.assign(buyer=pd.Categorical(["few"] * len(summary), names, ordered=True))

    cutoffs = ["1997-01-03", "1998-05-01"]
    refuse(
        calls["snapshot_customers"], LOG,
        r"buyer the same labels in the same order at every cutoff; \['few', 'many'\] at 1997-01-03, \['few', 'many', ",
        cutoffs=cutoffs, apply=cut,
    )  # fmt: skip
    values = iter([1, "a"] * 2)
    for library in ("polars", "polars[lazy]"):
        refuse(
            calls["snapshot_customers"].within(library), LOG, "apply must give x one type at every cutoff; it is Int",
            cutoffs=cutoffs, apply=lambda summary: summary.with_columns(x=pl.lit(next(values))),
        )  # fmt: skip
    for apply, match in (
        (lambda s: s[["customer_id"]] if is_early(s) else s, "apply must give the same columns at every cutoff"),
        (lambda s: len(s), "frame that apply gives must be a DataFrame .*; got int"),
        (lambda s: pl.from_pandas(s), "apply must give a frame as it was given, of pandas; got DataFrame"),
        (lambda s: s.assign(cutoff=1), "apply must not make a column 'cutoff'"),
    ):
        refuse(calls["snapshot_customers"], LOG, match, cutoffs=cutoffs, apply=apply)


@pytest.mark.parametrize("library", LIBRARIES)
def test_stages_that_a_map_does_not_know(library, calls, refuse):
    call = calls["lifecycle_map"].within(library)
    told = refuse(call, call.frame.assign(lifecycle_stage=["Decline", "Gone", "Lost", "流失", "?"]), "2 of 5 rows are")
    assert "Give mapping= for stages of your own" in told
    assert rows_of(call(call.frame.assign(lifecycle_stage=None)))[0] == [1, None, None, None, None]


@pytest.mark.parametrize(
    ("mapping", "match"),
    [
        ({}, "the mapping must hold at least one stage; it is empty"),
        ({"Gone": {"role": "former"}}, r"the mapping of 'Gone' must hold \['behaviour', 'role', 'action'\]"),
        ({"Gone": {"behaviour": "", "role": "former", "action": "wait"}}, "behaviour of 'Gone' must be a non-empty"),
        ({5: {"behaviour": "x", "role": "x", "action": "x"}}, "a stage of the mapping must be a non-empty text; got 5"),
    ],
)
def test_mappings_that_are_none(mapping, match, calls, refuse):
    refuse(calls["lifecycle_map"], calls["lifecycle_map"].frame, match, mapping=mapping)


# ---- summaries of customers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.table])
def test_prospects_alone_have_columns_without_a_type(make):
    columns = ["purchases", "recency", "time_since_last", "time_unit"]
    nothing = {"customer_id": [1, 2], **{name: [None, None] for name in columns}}
    staged = rows_of(cv.assign_lifecycle(make(nothing), scheme=FROZEN))
    assert [row[-2:] for row in staged] == [["Prospect", "no purchase yet"]] * 2


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"recency": [200.0, 210.0, 0.0, 0.0, 0.0]}, r"recency must be above 0 with several purchases.*\(rows 2\)"),
        ({"recency": [200.0, 210.0, 30.0, 7.0, 0.0]}, r"and 0 with one; 1 of 5 rows is not \(rows 3\)"),
        ({"purchases": [9, 9, 2, -1, 1]}, r"purchases must be a whole number, 0 or above; 1 of 5 .*\(rows 3\)"),
        ({"purchases": [9, 9, 2.5, 1, 1]}, r"purchases must be a whole number, 0 or above; 1 of 5 .*\(rows 2\)"),
        ({"time_since_last": [12.0, 80.0, 6e14, 5.0, 4.0]}, "time_since_last must be finite and below 1e.09; 1 of 5 "),
        ({"time_unit": ["day"] * 4 + ["week"]}, "time_unit must hold one of .* it holds day and week"),
        ({"time_unit": "fortnight"}, r"time_unit must hold one of .*; it holds fortnight\."),
        ({"time_unit": [["day"]] * 5}, "time_unit must hold one of .*; (its type is|it holds) "),
    ],
)
def test_customers_that_cannot_be(change, match, calls, refuse):
    for name, library in (
        ("assign_lifecycle", "pandas"), ("assign_lifecycle", "polars"), ("fit_lifecycle_scheme", "pyarrow"),
    ):  # fmt: skip
        refuse(calls[name].within(library), SUMMARY.assign(**change), match)


def test_what_else_tells_the_same(calls, refuse):
    since = SUMMARY["time_since_last"] + SUMMARY["recency"]
    other = SUMMARY.assign(frequency=SUMMARY["purchases"] - 1, T=since).drop(columns=["purchases", "time_since_last"])
    for call in map(calls["assign_lifecycle"].within, ("pandas", "polars[lazy]")):
        assert [row[-2:] for row in rows_of(call(other))] == [row[-2:] for row in rows_of(call(SUMMARY))]
        refuse(call, other.assign(frequency=[8, 8, 1, 0, -1]), "frequency must be a whole number, 0 or above; 1 of 5")
        refuse(call, other.assign(T=since.where(since != 80)), "T must not be null or NaN; 1 of 5 .* Null is for pros")
        refuse(call, other.assign(T=since.where(since != 80, -1.0)), "T must be 0 or above; 1 of 5 .* observation_end")
        refuse(call, other.assign(T=since.where(since != 80, 1.0)), "recency must be <= T; 1 of 5 rows is not")
        refuse(call, other.assign(T="long"), "T must be numeric; its type is String")


@pytest.mark.parametrize(
    ("frame", "asked", "column", "value", "match"),
    [
        (ALIVE, {"evidence": "p_alive"}, "p_alive", None, "p_alive must not be null or NaN; 1 of 5 .* evidence="),
        (ALIVE, {"evidence": "p_alive"}, "p_alive", np.inf, "p_alive must be finite and from 0 to 1; 1 of 5 rows is"),
        (ALIVE, {"evidence": "p_alive"}, "p_alive", -0.1, "p_alive must be finite and from 0 to 1; 1 of 5 rows is"),
        (WINDOWS, {"scheme": "new_retained"}, "purchases_24m", None, "purchases_24m must not be null or NaN; 1 of 5 "),
        (WINDOWS, {"scheme": "new_retained"}, "purchases_12m", 3, "purchases_24m must be finite and from the count of"),
        (
            WINDOWS,
            {"scheme": "new_retained"},
            "purchases_24m",
            99,
            "the count of the shorter window to purchases; 1 of",
        ),
    ],
)
def test_other_evidence(frame, asked, column, value, match, calls, refuse):
    call = calls["assign_lifecycle"].within("polars[lazy]")
    assert len(rows_of(call(frame, **asked))) == len(frame)
    refuse(call, frame.drop(columns=column), rf"lacks \[.*'{column}'.*\]; it has \[", **asked)
    refuse(call, frame.assign(**{column: "many"}), f"{column} must be numeric; its type is String", **asked)
    broken = frame.assign(**{column: frame[column].astype(float).where(frame.index != 1, value)})
    refuse(call, broken, match, **asked)


def test_nobody_who_bought_twice(calls, refuse):
    once = SUMMARY.tail(2).reset_index(drop=True)
    for call in calls["fit_lifecycle_scheme"].everywhere():
        refuse(call, once, "nobody in this summary bought twice, so that there is no rhythm: .* or fixed days")
    days = replace(FROZEN, fixed_days=(30, 90), population=None)
    assert cv.assign_lifecycle(once, scheme=days)["lifecycle_stage"].tolist() == ["Exploration", "Lost"]


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"rules": {"gone": "long_overdue"}}, "the last rule, and no other, must be 'otherwise'"),
        ({"rules": {"gone": "asleep", "here": "otherwise"}}, "each fact in the rule of 'gone' must be one of"),
        ({"stages": ["gone"]}, r"stages must be those of the rules, \['gone', 'here'\], once each; got \['gone'\]"),
        ({"stages": "gone"}, r"stages must be a list of stage names; got the text 'gone'"),
        ({"overdue_ratios": (4, 2)}, r"the second of overdue_ratios must be above the first; got \(4, 2\)"),
        ({"silence_levels": (0.001, 0.05)}, "the second of silence_levels must be below the first"),
        ({"labels": {"en": {"gone": "Gone"}}}, "lack"),
    ],
)
def test_schemes_that_are_none(changes, match, calls, refuse):
    refuse(calls["LifecycleScheme"], None, match, **changes)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{", "this is not the JSON of a LifecycleScheme: "),
        ("[]", "this is not the JSON of a LifecycleScheme of schema 1"),
        (FROZEN.to_json().replace('"schema": 1', '"schema": 2'), "of schema 1"),
        (FROZEN.to_json().replace('"weight"', '"wait"'), r"population must hold \['gap', 'weight',"),
        (FROZEN.to_json().replace('"trend_level"', '"level"'), "has the entries"),
        (FROZEN.to_json().replace('"overdue or falling"', "[1]"), "rules must map stages to facts"),
    ],
)
def test_schemes_from_texts_that_hold_none(text, match, calls, refuse):
    refuse(calls["LifecycleScheme.from_json"], None, match, text=text)


# ---- moves and matrices --------------------------------------------------------------------------------------------


def test_moves_that_cannot_be(calls, refuse):
    for name in ("transition_matrix", "check_stationarity"):
        for call in calls[name].everywhere():
            states = call.frame["to_state"].astype(str)
            refuse(
                call, call.frame.assign(to_state=states.replace("left", "entered")), "to_state must not be 'entered'"
            )
            refuse(call, call.frame.assign(customers=-1), "customers must be whole numbers, 0 or above; 16 of 16 rows")
            refuse(call, call.frame.assign(customers=0.5), "customers must be whole numbers, 0 or above; 16 of 16 rows")
    one = cv.segment_migration(BEFORE, AFTER, label="tier")
    refuse(calls["check_stationarity"], one, "the moves are of one only: give segment_migration a history of three")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"A": 0.9}, r"chances must be 0 or above and add up to 1 in each row; 3 of 3 rows are not"),
        (
            {"A": [-0.5, 0.5, 0.0], "B": [1.25, 0.5, 0.0]},
            r"chances must be 0 or above .*; 1 of 3 rows is not \(rows 0\)",
        ),
        ({"from_state": ["A", "B", "customers"]}, "a state must not be called 'from_state' or 'customers'"),
        ({"from_state": ["A", "B", "gone"]}, r"the matrix lacks \['gone'\]; .* a column for every state of from_state"),
        ({"customers": [4, 4, -1]}, r"customers must be whole numbers, 0 or above; 1 of 3 rows is not \(rows 2\)"),
        ({"A": [None, 0.5, 0.0]}, r"A must not be null or NaN; 1 of 3 rows .* Nobody was seen in such a state"),
    ],
)
def test_matrices_that_are_none(change, match, calls, refuse):
    for name in ("markov_value", "expected_path", "steady_state"):
        for call in calls[name].everywhere():
            refuse(call, MATRIX.astype({"from_state": str}).assign(**change), match)


@pytest.mark.parametrize(
    ("name", "changes", "match"),
    [
        ("markov_value", {"rewards": {"A": 1.0}}, r"rewards must say what each state brings; \['B'\] are not in it"),
        ("markov_value", {"rewards": {"A": 1.0, "B": 1.0, "C": 2.0}}, r"rewards has \['C'\], which are no states"),
        (
            "markov_value",
            {"rewards": {"A": float("nan"), "B": 1.0}},
            r"rewards\['A'\] must be a finite number; got nan",
        ),
        ("markov_value", {"horizon": "10 days"}, "horizon must be a whole number of periods of a month"),
        ("markov_value", {"discount_rate": -0.1}, "discount_rate must be 0 or above and finite"),
        ("expected_path", {"start": {"A": -1}}, r"start\['A'\] must be 0 or above; got -1"),
        ("expected_path", {"inflow": {"Z": 1}}, r"inflow has \['Z'\], which are no states of the matrix"),
        ("expected_path", {"periods": 0}, "periods must be a whole number from 1 to 10,000; got 0"),
        ("steady_state", {"inflow": {"A": float("inf")}}, r"inflow\['A'\] must be 0 or above; got inf"),
    ],
)
def test_values_of_states(name, changes, match, calls, refuse):
    refuse(calls[name], MATRIX, match, **changes)


# ---- refunds, few customers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_window_of_more_refunds_than_sales_has_no_rate(library):
    log = sales(("ann", "01-05", 10.0), ("ann", "01-20", -30.0), ("ann", "02-07", 8.0), ("ann", "03-09", 6.0))
    bridge = cv.revenue_bridge(LIBRARIES[library](log), **MONTHS)
    parts = ["period", "start", "expansion", "contraction", "churned", "end"]
    rates = cv.gross_revenue_retention(cv.net_revenue_retention(bridge))
    if hasattr(rates, "collect"):
        rates = rates.collect()
    if library == "pyarrow":
        shown = rates.select([*parts, "net_revenue_retention", "gross_revenue_retention"])
    else:
        shown = rates[[*parts, "net_revenue_retention", "gross_revenue_retention"]]
    assert rows_of(shown) == [
        ["2026-02", -20.0, 28.0, 0.0, 0.0, 8.0, None, None],
        ["2026-03", 8.0, 0.0, 2.0, 0.0, 6.0, 0.75, 0.75],
    ]


def test_negative_periods_show_as_they_are():
    log = sales(("ann", "01-05", 10.0), ("ann", "02-20", -30.0), ("bob", "01-07", 8.0))
    table = cv.cohort_table(log, observation_end="2026-02-28", values=["revenue", "cumulative_revenue"])
    assert table[["customers", "revenue", "cumulative_revenue"]].to_numpy().tolist() == [[2, 18, 18], [0, -30, -12]]
    rates = cv.retention_rates(log, observation_end="2026-02-28", observation_start="2026-01-01", window="period")
    assert rows_of(rates[["customers_before", "retained", "revenue_retained", "revenue_retention"]]) == [
        [2, 0, -30.0, -30 / 18]
    ]


def test_refunds_only(calls, refuse):
    for name in ("cohort_table", "retention_rates", "revenue_bridge", "growth_decomposition", "snapshot_customers"):
        for call in calls[name].everywhere():
            refuse(call, LOG.assign(amount=-1.0), r"no customer bought anything\. Look whether the sign")
            refuse(call, LOG.assign(amount=-1.0), "amount must be 0 or above with refunds='error'", refunds="error")


@pytest.mark.filterwarnings("error")
def test_a_cohort_of_one():
    log = sales(("ann", "01-05", 10.0), ("ann", "03-07", 5.0))
    table = cv.cohort_table(log, observation_end="2026-03-31", values="rate", interval=0.9, pooled=True)
    kept = table.query("cohort == '2026-01'")[["period", "cohort_size", "customers", "rate"]]
    assert kept.to_numpy().tolist() == [[0, 1, 1, 1.0], [1, 1, 0, 0.0], [2, 1, 1, 1.0]]
    assert ((table[["rate_lower", "rate_upper"]] >= 0) & (table[["rate_lower", "rate_upper"]] <= 1)).all(axis=None)
    # Of one customer nothing is known of how customers differ: bounds of revenue are null, those of shares are wide.
    rates = cv.retention_rates(log, **MONTHS)
    assert rows_of(rates[["customers_before", "logo_retention", "revenue_retention", "revenue_retention_lower"]]) == [
        [1, 0.0, 0.0, None],
        [0, None, None, None],
    ]
    bridge = cv.revenue_bridge(log, **MONTHS, interval=0.9, n_resamples=3)
    assert bridge[["start", "churned", "resurrected", "end"]].to_numpy().tolist() == [[10, 10, 0, 0], [0, 0, 5, 5]]
    bounds = [f"{kind}_revenue_retention_{end}" for kind in ("net", "gross") for end in ("lower", "upper")]
    assert bridge[bounds].isna().all(axis=None)
    assert cv.quick_ratio(bridge)["quick_ratio"].isna().tolist() == [False, True]
    growth = cv.growth_decomposition(log, **MONTHS)
    effects = ["customers_effect", "frequency_effect", "value_effect"]
    assert growth[effects].to_numpy().tolist() == [[-10, 0, 0], [5, 0, 0]]


@pytest.mark.filterwarnings("error")
def test_one_customer_over_time():
    history = HISTORY.query("customer_id == 1")
    moves = cv.segment_migration(history, label="tier", interval=0.9)
    assert rows_of(moves[["from_state", "to_state", "customers", "rate"]]) == [["A", "A", 1, 1.0]] * 2
    matrix = cv.transition_matrix(moves)
    assert rows_of(matrix) == [["A", 2, 1.0]]
    assert rows_of(cv.steady_state(matrix)) == [["A", 1.0]]
    checked = cv.check_stationarity(moves)
    assert rows_of(checked[["from_state", "p_value", "verdict"]]) == [[s, None, "too few moves"] for s in ("A", "all")]
    assert rows_of(cv.stage_durations(history, label="tier")) == [["A", 0, 0, 0, 1, None, None, None]]


@pytest.mark.parametrize("name", ["net_revenue_retention", "gross_revenue_retention", "quick_ratio"])
def test_what_is_not_known_of_a_bridge_stays_so(name, calls, refuse):
    for call in calls[name].everywhere():
        unknown = rows_of(call(BRIDGE.assign(churned=np.nan)))
        assert {row[-1] for row in unknown} == {None}
        refuse(
            call, BRIDGE.assign(contraction=-1.0), "contraction must be 0 or above; .* A loss is written without a m"
        )
    nan = pl.from_pandas(BRIDGE).with_columns(churned=float("nan"))
    assert {row[-1] for row in rows_of(calls[name](nan))} == {None}


def test_a_bridge_that_does_not_add_up(calls, refuse):
    refuse(calls["plots.bridge_waterfall"], BRIDGE.assign(end=1e6), "the bridge must add up: start .* and end is 1,00")
    refuse(calls["plots.bridge_waterfall"], BRIDGE, "period must be one of the bridge's", period="2031Q1")


# ---- attributes ----------------------------------------------------------------------------------------------------


def test_attributes_that_do_not_fit(calls, refuse):
    for name, by in (("cohort_table(customers)", "cohort"), ("retention_rates(customers)", "by")):
        call = calls[name]
        for each in call.everywhere():
            few = call.frame.iloc[2:]
            refuse(each, few, "customers must hold every customer of the log; 2 of the log's customers are not in it")
            refuse(each, call.frame, f"{by} must be another column than the customer's", **{by: "customer_id"})
            refuse(each, call.frame.astype({"customer_id": str}), "customer_id must have one type in both frames")
        refuse(call, pl.from_pandas(call.frame), "must be frames of one library")
    log = LOG.assign(channel=np.where(LOG.index % 2, "web", "shop"))
    for name, by in (("cohort_table", "cohort"), ("retention_rates", "by"), ("revenue_bridge", "by")):
        refuse(
            calls[name],
            log,
            "channel must be the same in all rows of a customer; .* Give customers=",
            **{by: "channel"},
        )
    refuse(calls["retention_rates"], LOG.assign(period="x"), "the table would have 'period' twice", by="period")
    refuse(calls["retention_rates"], LOG, "targets by group go with by=", targets={"web": 0.5})
    refuse(
        calls["retention_rates(customers)"], calls["retention_rates(customers)"].frame,
        r"they lack \['mail', 'shop'\], and \['phone'\] are none", targets={"web": 0.5, "phone": 0.5},
    )  # fmt: skip


# ---- time zones ----------------------------------------------------------------------------------------------------


def in_new_york(frame):
    """Put the dates of a frame on the clock of a zone whose name narwhals cannot read in pandas."""
    dates = [name for name in frame.columns if str(frame[name].dtype).startswith("datetime64")]
    return frame.assign(**{name: frame[name].dt.tz_localize("America/New_York") for name in dates})


@pytest.mark.parametrize(
    "name",
    [
        "snapshot_customers", "lifecycle_history", "cohort_table", "retention_rates", "revenue_bridge",
        "growth_decomposition", "stage_spells", "stage_durations",
    ],
)  # fmt: skip
def test_a_clock_elsewhere_changes_nothing(name, calls):
    for library in ("pandas", "polars") if name == "snapshot_customers" else ("pandas",):
        call = calls[name].within(library)
        assert rows_of(call(in_new_york(call.frame))) == rows_of(call(call.frame))


def test_moves_keep_the_clock_of_their_dates(calls):
    moved = calls["segment_migration"](in_new_york(HISTORY))
    assert str(moved["next_cutoff"].dtype.tz) == "America/New_York"
    again = moved.assign(cutoff=moved["cutoff"].dt.tz_localize(None))
    assert rows_of(cv.transition_matrix(moved)) == rows_of(cv.transition_matrix(again))


@pytest.mark.parametrize(
    "name", ["segment_migration", "stage_spells", "stage_durations", "snapshot_customers", "cohort_table"]
)
def test_dates_with_and_without_a_zone(name, calls, refuse):
    frame, date = calls[name].frame, "cutoff" if "cutoff" in calls[name].frame else "date"
    mixed = [day.tz_localize("UTC") if i % 2 else day for i, day in enumerate(frame[date])]
    match = rf"{date} must hold dates (of one kind; it mixes some, such as timestamps with and|or timestamps)"
    refuse(calls[name], frame.assign(**{date: pd.Series(mixed, dtype=object)}), match)
