"""What is no mistake but needs a rule: order and repeats of rows, late rows, text in a log, few or odd customers."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import customer_value as cv

LOG_CALLS = ["split_holdout", "summarize_customers", "summarize_holdout", "tracking_table"]
CHURN_LOG_CALLS = ["churn_labels", "early_warnings", "purchase_rhythm", "choose_inactivity_window"]
# A table is drawn, and told of, as it is.
IN_GIVEN_ORDER = {"plots.calibration_by_frequency", "describe_columns", "plots.pareto"}
IN_GIVEN_ORDER |= {"plots.cluster_profiles", "plots.lorenz", "plots.segment_share"}
DATA = (cv.transactions.RhythmPopulation, cv.segments.RFMScheme, cv.segments.TierScheme, cv.lifecycle.LifecycleScheme)


def told(result):
    """Return what a result says whatever the order of its rows, to nine digits."""
    if isinstance(result, pd.DataFrame):
        return sorted(str([f"{v:.9g}" if isinstance(v, float) else v for v in row]) for row in result.itertuples(False))
    if isinstance(result, tuple):
        return [told(part) for part in result]
    if isinstance(result, cv.clv.ValueReport):
        return told(result.customers), result.reasons
    if isinstance(result, np.ndarray):
        return sorted(result.round(9).tolist())
    if isinstance(result, cv.churn.ChurnReport):
        return told(result.discrimination), told(result.calibration), told(result.profit)
    if isinstance(result, (float, *DATA)):
        return result
    if isinstance(result, cv.segments.ClusterMatch):
        after = result.relabelled  # a frame, or the model that was given
        return str(result), told(after) if isinstance(after, pd.DataFrame) else None
    if hasattr(result, "covariates_"):
        return told(result.summary_table())
    if hasattr(result, "params_"):
        return {name: f"{value:.7g}" for name, value in result.params_.items()}
    return [np.asarray(line.get_ydata()).tolist() for line in result.lines], [text.get_text() for text in result.texts]


def with_row(frame, **values):
    """Put values into the second row."""
    changed = frame.astype(dict.fromkeys(values, object))
    changed.loc[1, list(values)] = list(values.values())
    return changed.infer_objects()


# ---- rows in any order, and more than once -------------------------------------------------------------------------


def test_the_order_of_rows_does_not_matter(framed, calls):
    call = calls[framed]
    if framed not in IN_GIVEN_ORDER:
        shuffled = call.frame.sample(frac=1, random_state=1)
        before = shuffled.copy()
        assert told(call(shuffled)) == told(call(call.frame))
        pd.testing.assert_frame_equal(shuffled, before)


ONCE = {
    "summarize_holdout(customers)": "customers must have one row per customer; 3 of ",
    "compare_models": "customer_id must be unique in the summary; some customers come more than once",
    "compare_models(holdout)": "customer_id must be unique in the holdout; some customers come more than once",
    "calibration_by_frequency": "customer_id must be unique in the forecast; some customers come more than once",
    "calibration_by_frequency(holdout)": "customer_id must be unique in the holdout; some customers come more than",
    "ShiftedBetaGeometric.fit": "period must come once in each cohort; 3 of ",
    "BetaDiscreteWeibull.fit": "period must come once in each cohort; 3 of ",
    "plots.frequency_recency": "a pair of frequency and recency must come once; 3 of ",
    "plots.retention": "period must differ from row to row; 3 of ",
    "plots.survival": "period must differ from row to row; 3 of ",
    "plots.alive_history": "date must differ from row to row of a customer",
    "plots.inactivity": "silent_days must differ from row to row; 3 of ",
    "plots.survival_steps": "time must differ from row to row of a group; 3 of ",
    "reason_codes": "customer_id must come once each; 3 rows repeat a customer",
    "match_clusters": "customer_id must be unique in before; 6 of ",
    "match_clusters(after)": "customer_id must be unique in after; 6 of ",
    "review_tiers": "customer_id must be unique in current; 6 of ",
    "review_tiers(previous)": "customer_id must be unique in previous; 6 of ",
    "plots.segment_share": "segment must be different in each row of the profile",
    "plots.lorenz": "lorenz_customers must not fall within a curve; 1 of ",
    "plots.cluster_profiles": "the profile must have one row for each cluster and feature",
    "plots.cluster_choice": "k must differ from row to row",
    "lifecycle_map(mapping)": "stage of the mapping must be unique; a stage comes more than once",
    **dict.fromkeys(["stage_spells", "stage_durations", "segment_migration"], "customer_id and cutoff must name one"),
    **{f"segment_migration({when})": "customer_id must name one row each; 3 of " for when in ("before", "after")},
    **dict.fromkeys(["markov_value", "expected_path", "steady_state"], "from_state must name each state once; got "),
    **{f"{name}(customers)": "must have one row per customer" for name in ("cohort_table", "retention_rates")},
    **dict.fromkeys(
        ["cohort_renewals", "ShiftedBetaGeometric.project_cohorts"], "period must come once in each cohort; 6"
    ),
    **{f"plots.{name}": "period must come once in each cohort" for name in ("cohort_heatmap", "retention_curves")},
    "plots.migration_flow": "each move must come once",
    "plots.tracking": r"period_end must differ from row to row; 3 of ",
}


def test_rows_that_come_twice(framed, calls, refuse):
    call = calls[framed]
    twice = pd.concat([call.frame, call.frame.head(3)], ignore_index=True)
    if framed in ONCE:
        for each in call.everywhere():
            refuse(each, twice, ONCE[framed])
    elif framed == "clean_log":
        assert len(call(twice)) == len(twice)
        refuse(call, twice, "of .* rows equal an earlier one in every column", duplicates="error")
    elif framed == "data_quality":
        counts = [report.set_index("check")["rows"]["duplicate rows"] for report in (call(call.frame), call(twice))]
        assert counts[1] == counts[0] + 3
    else:  # taken as they are
        call(twice)


# ---- rows outside the time observed --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes", "match"),
    [
        (
            "summarize_customers", {"observation_end": "1998-03-31"},
            r"date must not be after observation_end, 1998-03-31; .* Summarize the first frame of split_holdout\(log",
        ),
        ("summarize_customers", {"observation_end": "1996-12-31"}, "date must not be after .*; 6.. of 6.. rows are"),
        ("summarize_holdout", {"observation_end": "1998-03-31"}, "date must not be after observation_end, 1998-03-31"),
        ("summarize_holdout", {"observation_end": "1997-09-30"}, "must be after the summary's, 1997-09-30; got 1997"),
        ("split_holdout", {"observation_end": "1998-06-30"}, "rows on both sides; with 1998-06-30 the holdout is"),
        ("split_holdout", {"observation_end": "1996-12-31"}, "with 1996-12-31 the calibration is empty"),
        ("tracking_table", {"calibration_end": "1996-12-31"}, "no customer bought on or before calibration_end=1996"),
        ("tracking_table", {"calibration_end": "1998-07-01"}, "calibration_end must not be after observation_end; got"),
        (
            "tracking_table", {"calibration_end": "1997-01-03", "observation_end": "1997-01-04"},
            "observation_end=1997-01-04 leaves no whole period of 28 days",
        ),
    ],
)  # fmt: skip
def test_time_that_does_not_fit(name, changes, match, calls, refuse):
    for call in calls[name].everywhere():
        refuse(call, call.frame, match, **changes)


def test_rows_of_the_calibration_are_no_holdout(calls, refuse):
    log = calls["summarize_customers"].frame
    for call in calls["summarize_holdout"].everywhere():
        refuse(
            call, log, r"date must be 1997-10-01 or later; .* The summary has seen the other days: call split_holdout"
        )


def test_tracking_leaves_later_rows_out(calls):
    call = calls["tracking_table"]
    cut = call.frame[call.frame["date"] <= "1998-01-31"]
    assert told(call(call.frame, observation_end="1998-01-31")) == told(call(cut, observation_end="1998-01-31"))


def test_data_quality_counts_later_rows(calls):
    call = calls["data_quality"]
    report = call(call.frame, observation_end="1998-01-31").set_index("check")
    assert report["rows"]["future dates"] == (call.frame["date"] > "1998-01-31").sum() > 0


# ---- what clean_log reads, and what it refuses ---------------------------------------------------------------------


@pytest.mark.parametrize("name", [*LOG_CALLS, *CHURN_LOG_CALLS])
def test_dates_as_text_are_read_by_clean_log_as_the_error_says(name, calls, refuse):
    for call in calls[name].everywhere():
        text = call.frame.assign(date=call.frame["date"].dt.strftime("%Y-%m-%d"))
        refuse(call, text, r"its type is String\. clean_log\(log, \.\.\.\) turns text and mixed columns into dates")
    assert told(calls[name](cv.clean_log(text))) == told(calls[name](calls[name].frame))


def test_dates_with_and_without_a_zone(calls, refuse):
    frame = calls["clean_log"].frame
    mixed = frame.assign(date=[d.tz_localize("UTC") if i % 2 else d for i, d in enumerate(frame["date"])])
    refuse(calls["clean_log"], mixed, r"date mixes timestamps with a time zone \('.*\+00:00'\) and without \('")
    for name in LOG_CALLS:
        refuse(calls[name], mixed, r"date must hold dates or timestamps; .*clean_log\(log, \.\.\.\)")


@pytest.mark.parametrize(
    ("values", "match"),
    [
        (
            {"customer_id": None},
            "customer_id must be given; 1 of .* anonymous='drop' leaves such rows out, 'keep' keeps",
        ),
        ({"date": None}, "date must be given; 1 of .* missing='drop' leaves such rows out"),
        ({"amount": None}, "amount must be given; 1 of .* missing='drop' leaves such rows out"),
        ({"amount": np.inf}, "amount must be finite; 1 of "),
        ({"amount": "12 pcs"}, r"amount must be finite numbers; 1 of .* \(rows 1\)\. Row 1 holds '12 pcs'"),
        ({"date": "31/12/1997"}, r"\(rows 1\)\. Row 1 holds '31/12/1997'"),
        ({"customer_id": 1.5}, "customer_id must hold text or whole numbers; it holds numbers that are not whole"),
        ({"customer_id": "ann"}, "customer_id must hold text or whole numbers; it holds text and whole numbers"),
    ],
)
def test_clean_log_tells_each_flaw(values, match, calls, refuse):
    frame = calls["clean_log"].frame
    frame = frame.assign(date=frame["date"].astype(str)) if isinstance(values.get("date"), str) else frame
    refuse(calls["clean_log"], with_row(frame, **values), match)


@pytest.mark.parametrize("column", ["customer_id", "date", "amount"])
def test_a_column_of_nulls_only(column, calls, refuse):
    for call in calls["clean_log"].everywhere():
        nulls = call.frame.assign(**{column: None})
        refuse(call, nulls, rf"{column} must be given; {len(nulls)} of {len(nulls)} rows are not")
    report = calls["data_quality"](nulls).set_index("check")["rows"]
    assert report[f"missing {column.replace('_', ' ')}s"] == len(nulls)


@pytest.mark.parametrize("column", ["customer_id", "amount"])
def test_lists_name_nobody_and_cost_nothing(column, calls, refuse):
    for call in calls["clean_log"].everywhere():
        refuse(call, call.frame.assign(**{column: [[1]] * len(call.frame)}), f"{column} must (hold|be) ")


# ---- customers of whom little is known -----------------------------------------------------------------------------


def test_one_customer(calls):
    log = calls["summarize_customers"].frame.query("customer_id == 1").reset_index(drop=True)
    one = calls["summarize_customers"](log)
    assert len(one) == 1
    assert cv.score_rfm(one)["rfm_score"].tolist() == [333]
    assert len(calls["score_clv"](one)) == 1
    for name in ("BGNBD.fit", "ParetoNBD.fit"):
        with pytest.warns(cv.FitWarning, match="the data do not identify"):
            calls[name](one)


def test_one_customer_says_nothing_of_how_spend_varies(calls):
    # All that can be learned is his mean: the fit ends at the boundary, says so, and expects that mean.
    one = calls["score_clv"].frame.query("frequency > 2").head(1).reset_index(drop=True)
    with pytest.warns(cv.FitWarning, match=r"GammaGamma: the data do not identify p, q"):
        model = cv.clv.GammaGamma().fit(one)
    assert model.expected_spend(one)[0] == pytest.approx(one["monetary_value"][0], rel=1e-6)


def test_one_time_buyers_only(calls, refuse):
    once = calls["score_clv"].frame.query("frequency == 0").reset_index(drop=True)
    n = len(once)
    for library in ("pandas", "polars", "polars[lazy]"):
        for name in ("BGNBD.fit", "ParetoNBD.fit"):
            refuse(calls[name].within(library), once, rf"no customer has a repeat purchase \(frequency is 0 in all {n}")
        refuse(calls["GammaGamma.fit"].within(library), once, rf"no customer has a mean amount above 0 \({n} without")
    assert set(calls["score_clv"](once)["expected_spend"]) == {6.25 * 15.44 / 2.74}  # the population's mean


def test_mean_amounts_of_nothing_are_left_out_with_a_warning(calls):
    frame = calls["GammaGamma.fit"].frame
    frame = frame.assign(monetary_value=frame["monetary_value"].mask(frame["frequency"] > 4, -1.0))
    left_out = int((frame["frequency"] > 4).sum())
    for call in calls["GammaGamma.fit"].everywhere():
        with pytest.warns(cv.DataWarning, match=rf"mean amount is 0 or below \({left_out} of 200\)"):
            fitted = call(frame)
        assert fitted.diagnostics_["left_out"]["mean of 0 or below"] == left_out


def test_nothing_observed_after_the_first_purchase(calls, refuse):
    seen = calls["BGNBD.fit"].frame.assign(T=0.0, recency=0.0)
    for name in ("BGNBD.fit", "ParetoNBD.fit"):
        refuse(calls[name], seen, "T is 0 for every customer: nothing was observed after the first purchase")


def test_refunds_only(calls, refuse):
    for call in calls["summarize_customers"].everywhere():
        refuse(call, call.frame.assign(amount=-1.0), r"no customer bought anything\. Look whether the sign")
        refuse(
            call, call.frame.assign(amount=-1.0), "amount must be 0 or above with refunds='error'; 657 of 657 rows",
            refunds="error",
        )  # fmt: skip


# ---- frames that do not fit each other -----------------------------------------------------------------------------


def test_ids_of_another_type_in_the_second_frame(calls, refuse):
    for name, types in {
        "summarize_holdout": "String in the holdout and Int64 in the customers frame",
        "summarize_holdout(customers)": "Int64 in the holdout and String in the customers frame",
        "calibration_by_frequency": "String in the forecast and Int64 in the holdout",
        "calibration_by_frequency(holdout)": "Int64 in the forecast and String in the holdout",
    }.items():
        for call in calls[name].everywhere():
            text = call.frame.assign(customer_id=call.frame["customer_id"].astype(str))
            refuse(call, text, rf"customer_id must have one type in both frames; it is {types}\. Cast one of them")


def test_frames_of_two_libraries(calls, refuse):
    for name in ("summarize_holdout", "summarize_holdout(customers)", "calibration_by_frequency"):
        refuse(calls[name], pl.from_pandas(calls[name].frame), "must be frames of one library")


def test_a_holdout_of_another_length_or_of_other_customers(calls, refuse):
    for call in calls["calibration_by_frequency"].everywhere():
        refuse(
            call, call.frame.assign(horizon=26.0), r"26 weeks ahead and the holdout lasts 39 weeks\. Forecast with hor"
        )
    for call in calls["calibration_by_frequency(holdout)"].everywhere():
        few = call.frame.iloc[5:].reset_index(drop=True)
        refuse(call, few, r"every customer of the forecast must be in the holdout; 5 of 200 rows .*customers=summary")
