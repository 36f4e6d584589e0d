import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import customer_value as cv
from customer_value.churn.cox import CoxModel
from customer_value.churn.hazard import DiscreteTimeHazard
from customer_value.churn.life_tables import life_table
from customer_value.churn.survival_comparison import compare_survival
from customer_value.churn.survival_curves import survival_table
from customer_value.columns import DICTIONARY

END, LAST = "1997-09-30", "1998-06-30"


def described(frame):
    told = cv.describe_columns(frame)
    return dict(zip(told["column"], zip(told["meaning"], told["unit"], strict=True), strict=True))


def one(name):
    ((meaning, unit),) = described(pl.DataFrame({name: [1]})).values()
    return meaning, unit


# ---- everything that the library writes -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(cdnow_log, cdnow_summary):
    """Frames that between them carry every column that a public function writes."""
    log = cdnow_log[["customer_id", "date", "amount"]].assign(order_id=range(len(cdnow_log)))
    _, later = cv.split_holdout(log, observation_end=END)
    contracts = log.rename(columns={"date": "start"}).assign(end=None)
    holdout = cv.summarize_holdout(later, customers=cdnow_summary, observation_end=LAST)
    model = cv.clv.BGNBD().fit(cdnow_summary)
    value = {"purchase_model": model, "spend_model": "spend", "horizon": 39.0, "margin": 1.0, "interval": 0.9}
    renewals = pd.DataFrame({"period": [1, 2, 3], "at_risk": [100, 60, 45], "lost": [40, 15, 6]})
    # A few hundred customers carry the same columns as all.
    few = cdnow_summary.head(300)
    mean = cv.score_clv(few.assign(spend=20.0), **value).drop(columns="spend")
    outcome = cv.score_clv(few.assign(spend=20.0), **value, interval_for="outcome", suffix="_3m").drop(columns="spend")
    clusters = cv.segments.KMeansSegmenter(2, n_init=1).fit(few[["frequency", "T"]])
    segments = mean.pipe(cv.score_rfm, weights={"r": 1, "f": 1, "m": 2}).pipe(cv.assign_segments)
    return {
        "clean_log": cv.clean_log(log),
        "data_quality": cv.data_quality(log),
        "summarize_customers": cv.summarize_customers(
            log, observation_end=LAST, windows=("12 months", "90 days"), regularity=True
        ),
        "purchase_rhythm": cv.transactions.purchase_rhythm(log, observation_end=LAST),
        "summarize_holdout": holdout,
        "summarize_renewals": cv.summarize_renewals(contracts, observation_end=LAST),
        "summarize_contracts": cv.summarize_contracts(contracts, observation_end=LAST),
        "curve": cv.clv.ShiftedBetaGeometric().fit(renewals).curve(6, interval=0.9),
        "summarize_opportunities": cv.summarize_opportunities(log, grain="month", observation_end=LAST),
        "score_clv": mean,
        "score_clv of outcomes": outcome,
        "score_rfm, assign_segments": segments,
        "edge_table": cv.fit_rfm_scheme(few).edge_table(),
        "score_rfm with a suffix": few.pipe(cv.score_rfm, suffix="_2").pipe(cv.assign_segments, suffix="_2"),
        "segment_profile": cv.segment_profile(segments, interval=0.9),
        "concentration": cv.concentration(segments, interval=0.9, n_resamples=10),
        "lorenz_curve": cv.lorenz_curve(segments, points=3),
        "assign_clusters": cv.assign_clusters(few, model=clusters),
        "KMeansSegmenter.profile": clusters.profile(few),
        "calibration_by_frequency": cv.calibration_by_frequency(
            mean, holdout[holdout["customer_id"].isin(mean["customer_id"])]
        ),
        "tracking_table": cv.tracking_table(log, purchase_model=model, calibration_end=END, observation_end=LAST),
        "alive_history": cv.alive_history(log, model, customers=[1], until="1997-03-31"),
        "heterogeneity_table": cv.clv.heterogeneity_table(model, points=3),
        "frequency_recency_table": cv.clv.frequency_recency_table(model, T=39, horizon=39, max_frequency=2, steps=2),
        "compare_models": cv.clv.compare_models(
            few,
            {"NBD": cv.clv.NBD.from_params(r=0.385, alpha=12.07, time_unit="week"), "BG": model},
            holdout=holdout,
            spend_model="total_value",
        ),
        "backtest": cv.clv.backtest(log, {"BG": cv.clv.BGNBD()}, cutoffs=["1997-10-01"], horizon="13 weeks"),
        "check_assumptions": cv.check_assumptions(few),
        "customer_equity": cv.customer_equity(
            few.assign(spend=20.0), **{n: v for n, v in value.items() if n != "interval"}
        ),
        "churn_labels": cv.churn.churn_labels(log, cutoff="1997-09-01", horizon="120 days"),
        "churn_features": cv.churn.churn_features(log.drop(columns="order_id"), cutoff="1997-09-01"),
        "choose_inactivity_window": cv.churn.choose_inactivity_window(log, observation_end=LAST, step_days=60),
        "summary_table": model.summary_table(),
        **time_to_churn(),
        **watching(),
        **churn_decisions(),
        **grading(),
        **moving(),
        **bridging(log),
        "describe_columns": cv.describe_columns(few),
    }


def grading():
    accounts = pd.DataFrame({"customer_id": range(6), "frequency": 3, "recency": 9.0, "T": 60.0, "gap_cv": 0.5})
    accounts = accounts.assign(time_unit="week", total_value=[9.0, 8, 7, 6, 5, 4], value_12m=4.0, value_3m=1.0, clv=5.0)
    own = ["wallet", "cost", "plan", "leads", "months"]
    given = accounts.assign(wallet=9.0, cost=1.0, plan=6.0, leads=False, months=0.5)
    tiers = cv.assign_tiers(accounts, scheme=cv.segments.tiers.thresholds([1.0]))
    flags = {"top": {"total_value": 1}, "leader": "leads", "growth": {"plan": 9}}
    alike = cv.score_similarity(given.assign(leads=[True, True, *[False] * 4]), to="leads", features=["total_value"])
    made = {
        "score_contribution": cv.score_contribution(given),
        "score_potential": cv.score_potential(given, wallet="wallet", forecast="plan"),
        "score_loyalty": cv.score_loyalty(given, active_share="months"),
        "screen_key_accounts": cv.screen_key_accounts(given, **flags),
        "cost_to_serve": cv.cost_to_serve(given, cost="cost", value="total_value"),
        "assign_quadrants": cv.assign_quadrants(given, value="total_value", risk="T"),
        "score_similarity": alike,
    }
    graded = made["score_loyalty"].pipe(cv.score_contribution).pipe(cv.score_potential).assign(purchases=3)
    presets = ["abc_accounts", "core_important_potential", "diamond_gold_ordinary", "strategic_key_ordinary"]
    by_preset = {name: cv.assign_tiers(graded, scheme=name) for name in presets}
    card = cv.segments.tiers.scorecard({"clv": 0.5, "loyalty": 0.5}, cuts=[0.5])
    few = {"features": ["x"], "k": [2], "n_references": 2, "n_boot": 2}
    tables = {
        "weight_sensitivity": cv.weight_sensitivity(graded, scheme=card, draws=2),
        "choose_n_clusters": cv.choose_n_clusters(pd.DataFrame({"x": [1, 2, 3, 9, 8, 7] * 5}), **few),
    }
    made |= {name: frame.drop(columns="purchases") for name, frame in by_preset.items()}
    reviewed = tables | {"review_tiers": cv.review_tiers(tiers, previous=tiers, buffer=0)}
    return {name: frame.drop(columns=own) for name, frame in made.items()} | reviewed


def churn_decisions():
    rows = range(40)
    scored = pd.DataFrame({"customer_id": rows, "churn_probability": [(i + 1) / 50 for i in rows], "worth": 90.0})
    scored = scored.assign(churned=[i % 5 > 2 for i in rows], cutoff=pd.Timestamp("2024-01-01"))
    campaign = scored.assign(uplift=scored["churn_probability"], treatment=[i % 2 for i in rows])
    own = ["uplift", "treatment", "worth"]
    later = scored.assign(cutoff=pd.Timestamp("2024-04-01"), plan=[i % 2 for i in rows], rule=0.4)
    panel = pd.concat([later.assign(cutoff=pd.Timestamp("2024-01-01")), later])
    report = cv.churn.evaluate_churn(None, panel, score="churn_probability", baseline="rule", by="plan", n_resamples=20)
    frames = {name: frame for name, frame in vars(report).items() if isinstance(frame, pd.DataFrame)}
    return frames | {
        "lift_table": cv.churn.lift_table(scored, value="worth"),
        "gains_curve": cv.churn.gains_curve(scored, value="worth"),
        "profit_curve": cv.churn.profit_curve(scored),
        "qini_curve": cv.churn.qini_curve(campaign, interval=0.9, n_resamples=20),
        "assign_targets": cv.churn.assign_targets(campaign, value="worth", cost=1, uplift="uplift").drop(columns=own),
    }


def watching():
    days = pd.date_range("2025-01-01", "2025-12-31", freq="9D")
    log = pd.DataFrame({"customer_id": 1, "date": days, "amount": 5.0})
    labels = pd.DataFrame(
        {"customer_id": range(8), "cutoff": days[9], "churned": [True, False] * 4, "band": 1, "x": 2.0}
    )
    lost = pd.DataFrame({"reason": ["price", None], "clv": [1.0, 2.0]})
    silent = pd.DataFrame({"customer_id": [1], "days_since_last": [90], "mean_gap": [9.0]})
    return {
        "reason_codes": cv.churn.reason_codes(silent),
        "early_warnings": cv.churn.early_warnings(log, contacts=log, cutoff="2025-12-27", baseline=200),
        "event_risk": cv.churn.event_risk(labels, events=log, event=None, strata="band"),
        "churn_reasons": cv.churn.churn_reasons(lost, value="clv"),
        "leakage_report": cv.churn.leakage_report(labels),
        "drift_report": cv.churn.drift_report(labels, labels),
    }


def time_to_churn():
    spells = pd.DataFrame({"tenure": [1, 2, 3, 4] * 5, "churned": [1, 1, 0, 0, 1] * 4, "plus": [0, 1] * 10})
    names = {"duration": "tenure", "event": "churned"}
    hazard = DiscreteTimeHazard(baseline="log").fit(spells, **names)
    cox = CoxModel().fit(spells, **names)
    own = list(spells.columns)
    return {
        "life_table": life_table(spells, **names),
        "survival_table": survival_table(spells, **names),
        "compare_survival": compare_survival(spells, **names, by="plus").drop(columns="plus"),
        "hazard predict": hazard.predict(spells, 2, interval=0.9).drop(columns=own),
        "hazard estimates": hazard.summary_table(),
        "cox estimates": cox.summary_table(),
        "check_proportional_hazards": cox.check_proportional_hazards(),
    }


def moving():
    dates = ["2026-01-01", "2026-02-01", "2026-03-01"]
    history = pd.DataFrame({"customer_id": [1, 2, 3] * 3, "cutoff": sorted(dates * 3), "tier": list("AABABBBAB")})
    moves = cv.segment_migration(history.assign(worth=1.0), label="tier", value="worth", interval=0.9)
    matrix, rewards = cv.transition_matrix(moves), {"A": 2, "B": 1}
    few = cv.datasets.load_cdnow(sample=True).query("customer_id <= 40")
    return {
        "lifecycle_history": cv.lifecycle_history(few, cutoffs=["1997-07-01", "1998-01-01"]),
        "stage_spells": cv.stage_spells(history, label="tier"),
        "stage_durations": cv.stage_durations(history, label="tier"),
        "segment_migration": moves,
        "transition_matrix": matrix.drop(columns=["A", "B"]),
        "check_stationarity": cv.check_stationarity(moves),
        "markov_value": cv.markov_value(matrix, rewards=rewards, discount_rate=0.01, interval=0.9),
        "expected_path": cv.expected_path(matrix, start={"A": 2}, periods=2, rewards=rewards),
        "steady_state": cv.steady_state(matrix),
        "steady_state with inflow": cv.steady_state(matrix, inflow={"A": 1}),
    }


def bridging(log):
    few = log.head(2000)
    windows = {"observation_end": LAST, "window": "3 months"}
    return {
        "revenue_bridge": cv.revenue_bridge(few, interval=0.9, n_resamples=5, **windows),
        "quick_ratio": cv.quick_ratio(cv.revenue_bridge(few, **windows)),
        "growth_decomposition": cv.growth_decomposition(few, **windows),
        "retention_rates": cv.retention_rates(few, targets=0.5, **windows),
        "cohort_table": cv.cohort_table(
            few,
            observation_end=LAST,
            values=["rate", "revenue", "cumulative_revenue", "margin"],
            margin=0.5,
            pooled=True,
        ),
        "project_cohorts": cv.clv.ShiftedBetaGeometric.from_params(alpha=1.0, beta=2.0).project_cohorts(
            cv.cohort_table(billed(), observation_end="2025-04-30"), 3
        ),
        "lifecycle_map": cv.lifecycle_map(),
        "assign_lifecycle": cv.summarize_customers(few, observation_end=LAST)
        .pipe(cv.assign_lifecycle)
        .pipe(cv.lifecycle_map),
    }


def billed():
    days = pd.to_datetime([f"2025-0{month}-05" for month in (1, 2, 3, 4, 1, 2, 1)])
    return pd.DataFrame({"customer_id": [1, 1, 1, 1, 2, 2, 3], "date": days, "amount": 9.0})


def test_every_column_that_the_library_writes_is_described(written):
    unknown = {
        name: [column for column, (meaning, _) in described(frame).items() if not isinstance(meaning, str)]
        for name, frame in written.items()
    }
    assert {name: columns for name, columns in unknown.items() if columns} == {}


def test_every_entry_is_written_by_some_function(written):
    there = {column for frame in written.values() for column in frame.columns}
    entries = {column for columns in DICTIONARY.values() for column in columns}
    assert entries - there == set()


def test_every_entry_says_meaning_and_unit():
    for columns in DICTIONARY.values():
        for name, (meaning, unit) in columns.items():
            assert meaning.strip(), name
            assert not meaning.endswith("."), name
            assert unit.strip(), name


def test_no_column_has_two_entries():
    names = [name for columns in DICTIONARY.values() for name in columns]
    assert len(names) == len(set(names))


# ---- names that are built from others ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "meaning", "unit"),
    [
        ("clv_lower", "lower end of the interval of the mean clv", "currency"),
        ("expected_purchases_upper", "upper end of the interval of the mean expected_purchases", "count"),
        ("segment_reason", "why segment was given", "text"),
        ("segment_2_reason", "why segment_2 was given", "text"),
        ("purchases_12m", "purchase periods in the 12 months up to observation_end", "count"),
        ("value_1y", "sum of amounts in the 1 year up to observation_end, refunds taken off", "currency"),
        ("value_90d", "sum of amounts in the 90 days up to observation_end, refunds taken off", "currency"),
        ("events_30d", "events in the 30 days before the cutoff, refunds apart", "count"),
        ("trend_30d_3m", "events of 30d as a multiple of what the customer's rate in 3m expects", "ratio"),
        ("clv_lower_3m", "lower end of the interval of the mean clv (suffix _3m)", "currency"),
        ("r_score_2026", f"{DICTIONARY['Scores and segments']['r_score'][0]} (suffix _2026)", "score, 1 is lowest"),
    ],
)
def test_built_names(name, meaning, unit):
    assert one(name) == (meaning, unit)


@pytest.mark.parametrize("of", ["purchases", "value"])
def test_intervals_of_outcomes_are_told_from_those_of_means(of):
    meaning, _ = one(f"{of}_lower")
    assert "will" in meaning
    assert "mean" not in meaning


@pytest.mark.parametrize(
    "name",
    ["shoe_size", "segment_manager", "clv_note", "lower_", "recency_lower", "clv_reason", "value_0m", "purchases_12x_"],
)
def test_columns_of_others_are_left_alone(name):
    assert one(name) == (None, None)


# ---- frames -----------------------------------------------------------------------------------------------------

COLUMNS = {"T": [1.0], "shoe_size": [38], "clv": [2.0]}
EXPECTED = {
    "column": ["T", "shoe_size", "clv"],
    "meaning": [DICTIONARY["Customer summary"]["T"][0], None, DICTIONARY["Forecast and value"]["clv"][0]],
    "unit": ["the frame's time_unit", None, "currency"],
}


def test_the_same_kind_of_frame_comes_back():
    assert cv.describe_columns(pl.DataFrame(COLUMNS)).to_dict(as_series=False) == EXPECTED
    lazy = cv.describe_columns(pl.LazyFrame(COLUMNS))
    assert isinstance(lazy, pl.LazyFrame)
    assert lazy.collect().to_dict(as_series=False) == EXPECTED
    assert cv.describe_columns(pa.table(COLUMNS)).to_pydict() == EXPECTED
    of_pandas = cv.describe_columns(pd.DataFrame(COLUMNS, index=["row"]))
    assert of_pandas.astype(object).where(of_pandas.notna(), None).to_dict("list") == EXPECTED


def test_an_engine_gives_a_table_and_runs_no_query():
    relation = duckdb.sql("select error('the rows were read') as clv")
    assert cv.describe_columns(relation).to_pydict()["column"] == ["clv"]


@pytest.mark.parametrize("frame", [pd.DataFrame(), pl.DataFrame(), pa.table({})])
def test_a_frame_without_columns_gives_no_rows(frame):
    told = cv.describe_columns(frame)
    assert type(told) is type(frame)
    assert len(told) == 0
    assert list(getattr(told, "column_names", getattr(told, "columns", None))) == ["column", "meaning", "unit"]


def test_names_that_are_no_text():
    assert cv.describe_columns(pd.DataFrame({7: [1]}))["column"].tolist() == ["7"]


def test_no_frame_is_refused():
    with pytest.raises(cv.InputError, match="must be a DataFrame"):
        cv.describe_columns({"clv": [1]})
