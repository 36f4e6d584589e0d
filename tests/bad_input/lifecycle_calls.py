"""Valid calls of the lifecycle room, of cohorts and retention, and of their pictures, each on few rows."""

from dataclasses import fields

import pandas as pd
from calling import Call

import customer_value as cv
from customer_value import plots
from customer_value.lifecycle import FIVE_STAGE, FOUR_TYPE, LifecycleScheme, PopulationRhythm

LOG = cv.datasets.load_cdnow(sample=True).query("customer_id <= 30")[["customer_id", "date", "amount"]]
LOG = LOG.reset_index(drop=True)
LOG_COLUMNS = {"customer_id": "id", "date": "date", "amount": "number"}
NAMES = "Name the columns with customer_id=, date= and amount="
LAST = "1998-06-30"
CUTOFFS = ["1997-07-01", "1998-05-01"]
THREE = ["1997-04-01", "1997-07-01", "1997-10-01"]

SUMMARY = pd.DataFrame({
    "customer_id": [1, 2, 3, 4, 5],
    "purchases": [9, 9, 2, 1, 1],
    "recency": [200.0, 210.0, 30.0, 0.0, 0.0],
    "time_since_last": [12.0, 80.0, 50.0, 5.0, 400.0],
    "time_unit": "day",
})  # fmt: skip
SUMMARY_MAKER = "summarize_customers(log, observation_end=...) makes them"
SUMMARY_COLUMNS = {"purchases": "gappy", "recency": "number", "time_since_last": "number"}
RHYTHM = cv.purchase_rhythm(LOG, observation_end=LAST)[
    ["customer_id", "purchases", "time_since_last", "mean_gap", "last_gap", "usual_gap", "own_weight",
     "silence_probability", "trend_p_value", "time_unit"]
]  # fmt: skip
WINDOWS = SUMMARY[["customer_id", "purchases"]].assign(purchases_12m=[3, 0, 1, 1, 0], purchases_24m=[9, 2, 1, 1, 0])
ALIVE = SUMMARY[["customer_id", "purchases", "time_since_last"]].assign(p_alive=[0.9, 0.4, 0.05, 0.99, 0.3])
FROZEN = cv.fit_lifecycle_scheme(SUMMARY)
STAGED = cv.assign_lifecycle(SUMMARY, scheme=FROZEN)[["customer_id", "lifecycle_stage"]]
MEANINGS = cv.lifecycle_map()

HISTORY = pd.DataFrame({
    "customer_id": [1, 2, 3, 4] * 2 + [1, 2, 3, 5],
    "cutoff": pd.to_datetime(sorted(THREE * 4)),
    "tier": list("AABB") + list("ABBA") + list("AABB"),
    "total_value": [90.0, 80.0, 20.0, 10.0, 95.0, 30.0, 20.0, 85.0, 99.0, 90.0, 25.0, 12.0],
})  # fmt: skip
HISTORY_COLUMNS = {"customer_id": "id", "cutoff": "key", "tier": "label"}
HISTORY_MAKER = "snapshot_customers(log, cutoffs=..., apply=...) makes histories"
BEFORE, AFTER = (HISTORY[HISTORY["cutoff"] == day].drop(columns="cutoff").reset_index(drop=True) for day in THREE[:2])
MOVED = {"label": "tier", "value": "total_value"}
MOVES = cv.segment_migration(HISTORY, **MOVED)
MOVE_COLUMNS = {"from_state": "label", "to_state": "label", "customers": "number"}
MOVES_MAKER = "segment_migration(history, label=...) makes moves"
MATRIX = cv.transition_matrix(MOVES)
MATRIX_COLUMNS = {"from_state": "label", "A": "number", "B": "number", "left": "number"}
MATRIX_MAKER = "transition_matrix(segment_migration(history, label=...)) makes it"
REWARDS = {"A": 20.0, "B": 5.0}

CHANNELS = pd.DataFrame({"customer_id": range(1, 31), "channel": ["shop", "web", "mail"] * 10})
OBSERVED = {"observation_end": LAST, "period": "quarter"}
SHOWN = ["rate", "revenue", "cumulative_revenue", "margin"]
COHORTS = cv.cohort_table(LOG, **OBSERVED, values="rate", interval=0.9)
COHORT_COLUMNS = {"cohort": "label", "period": "number"}
COHORT_MAKER = "cohort_table(log, observation_end=...) makes it"
BILLS = pd.DataFrame({
    "customer_id": [1, 1, 2, 3, 3, 3],
    "date": pd.to_datetime([f"2026-{day}" for day in ("01-05", "02-05", "01-20", "01-11", "02-11", "03-11")]),
    "amount": 10.0,
})  # fmt: skip
BILLED = cv.cohort_table(BILLS, observation_end="2026-03-31")
BRIDGE = cv.revenue_bridge(LOG, **OBSERVED, window="6 months")
BRIDGE_MAKER = "revenue_bridge(log, observation_end=...) makes them"
CONTRACTS = cv.clv.ShiftedBetaGeometric.from_params(alpha=0.764, beta=1.296, time_unit="month")


def frame_first(function, argument):
    """Make an argument that is a frame too the first one."""
    return lambda first, **arguments: function(**{argument: first}, **arguments)


# Columns that two functions read by the same lines are broken for one of them.
LIFECYCLE_CALLS = {
    # Stages.
    "assign_lifecycle": Call(
        cv.assign_lifecycle, cv.assign_lifecycle, SUMMARY, SUMMARY_COLUMNS, maker=SUMMARY_MAKER
    ),
    "assign_lifecycle(rhythm)": Call(
        cv.assign_lifecycle, cv.assign_lifecycle, RHYTHM, {"time_since_last": "number"}, maker=SUMMARY_MAKER,
    ),
    "fit_lifecycle_scheme": Call(
        cv.fit_lifecycle_scheme, cv.fit_lifecycle_scheme, SUMMARY, {"recency": "number"}, maker=SUMMARY_MAKER
    ),
    "lifecycle_map": Call(
        cv.lifecycle_map, cv.lifecycle_map, STAGED, {"lifecycle_stage": "feature"},
        maker="assign_lifecycle(summary) makes it",
    ),
    "lifecycle_map(mapping)": Call(
        cv.lifecycle_map, frame_first(cv.lifecycle_map, "mapping"), MEANINGS,
        {"stage": "label", "action": "label"}, {"frame": STAGED},
        maker="lifecycle_map() makes such a table",
    ),
    "LifecycleScheme": Call(
        LifecycleScheme, LifecycleScheme,
        arguments={"name": "two", "rules": {"gone": "long_overdue", "here": "otherwise"}},
    ),
    "LifecycleScheme.conditions": Call(LifecycleScheme.conditions, FOUR_TYPE.conditions),
    "LifecycleScheme.check": Call(LifecycleScheme.check, FIVE_STAGE.check),
    "LifecycleScheme.from_json": Call(
        LifecycleScheme.from_json, LifecycleScheme.from_json, arguments={"text": FROZEN.to_json()}
    ),
    "PopulationRhythm": Call(
        PopulationRhythm, PopulationRhythm,
        arguments={each.name: getattr(FROZEN.population, each.name) for each in fields(PopulationRhythm)},
    ),
    # History.
    "snapshot_customers": Call(
        cv.snapshot_customers, cv.snapshot_customers, LOG, LOG_COLUMNS, {}, {"cutoffs": CUTOFFS}, NAMES
    ),
    "lifecycle_history": Call(
        cv.lifecycle_history, cv.lifecycle_history, LOG, {}, {}, {"cutoffs": CUTOFFS[1:]}
    ),
    "stage_spells": Call(
        cv.stage_spells, cv.stage_spells, HISTORY, HISTORY_COLUMNS, {}, {"label": "tier"}, HISTORY_MAKER
    ),
    "stage_durations": Call(
        cv.stage_durations, cv.stage_durations, HISTORY, {}, {}, {"label": "tier"}
    ),
    # Migration.
    "segment_migration": Call(
        cv.segment_migration, cv.segment_migration, HISTORY, {**HISTORY_COLUMNS, "total_value": "number"}, {}, MOVED,
        HISTORY_MAKER,
    ),
    "segment_migration(before)": Call(
        cv.segment_migration, cv.segment_migration, BEFORE,
        {"customer_id": "key", "tier": "label", "total_value": "number"}, {"after": AFTER}, MOVED,
    ),
    "segment_migration(after)": Call(
        cv.segment_migration, frame_first(cv.segment_migration, "after"), AFTER, {"customer_id": "key"},
        {"before": BEFORE}, MOVED,
    ),
    "transition_matrix": Call(
        cv.transition_matrix, cv.transition_matrix, MOVES, MOVE_COLUMNS, maker=MOVES_MAKER
    ),
    "check_stationarity": Call(cv.check_stationarity, cv.check_stationarity, MOVES),
    "markov_value": Call(
        cv.markov_value, cv.markov_value, MATRIX, {**MATRIX_COLUMNS, "customers": "number"}, {},
        {"rewards": REWARDS, "discount_rate": 0.01, "interval": 0.9},
    ),
    "expected_path": Call(
        cv.expected_path, cv.expected_path, MATRIX, {}, {}, {"start": {"A": 100}, "periods": 2}
    ),
    "steady_state": Call(cv.steady_state, cv.steady_state, MATRIX, {"A": "number"}, maker=MATRIX_MAKER),
    # Cohorts and retention.
    "cohort_table": Call(
        cv.cohort_table, cv.cohort_table, LOG, LOG_COLUMNS, {},
        {**OBSERVED, "values": SHOWN, "margin": 0.4, "interval": 0.9, "pooled": True}, NAMES,
    ),
    "cohort_table(customers)": Call(
        cv.cohort_table, frame_first(cv.cohort_table, "customers"), CHANNELS, {"customer_id": "id"},
        {"log": LOG}, {**OBSERVED, "cohort": "channel", "clock": "elapsed"},
    ),
    "cohort_renewals": Call(
        cv.cohort_renewals, cv.cohort_renewals, BILLED,
        {"cohort": "label", "period": "count", "at_risk": "number",
         "complete": "flag"},
        maker="cohort_table(log, observation_end=...) makes them",
    ),
    "ShiftedBetaGeometric.project_cohorts": Call(
        cv.clv.ShiftedBetaGeometric.project_cohorts, CONTRACTS.project_cohorts, BILLED,
        {"customers": "number"}, {}, {"periods": 4},
        "cohort_table(log, observation_end=...) makes them",
    ),
    "retention_rates": Call(
        cv.retention_rates, cv.retention_rates, LOG, {}, {}, {**OBSERVED, "window": "6 months", "targets": 0.5}
    ),
    "retention_rates(customers)": Call(
        cv.retention_rates, frame_first(cv.retention_rates, "customers"), CHANNELS,
        {"channel": "label"}, {"log": LOG}, {**OBSERVED, "window": "6 months", "by": "channel"},
    ),
    # Revenue.
    "revenue_bridge": Call(
        cv.revenue_bridge, cv.revenue_bridge, LOG, LOG_COLUMNS, {},
        {**OBSERVED, "window": "6 months", "interval": 0.9, "n_resamples": 2}, NAMES,
    ),
    "net_revenue_retention": Call(
        cv.net_revenue_retention, cv.net_revenue_retention, BRIDGE,
        dict.fromkeys(["start", "expansion", "contraction", "churned"], "gappy"), maker=BRIDGE_MAKER,
    ),
    "gross_revenue_retention": Call(
        cv.gross_revenue_retention, cv.gross_revenue_retention, BRIDGE, {"start": "gappy"}, maker=BRIDGE_MAKER
    ),
    "quick_ratio": Call(
        cv.quick_ratio, cv.quick_ratio, BRIDGE, {"new": "gappy"}, maker=BRIDGE_MAKER
    ),
    "growth_decomposition": Call(
        cv.growth_decomposition, cv.growth_decomposition, LOG, {}, {}, {**OBSERVED, "window": "6 months"}
    ),
    # Pictures.
    "plots.bridge_waterfall": Call(
        plots.bridge_waterfall, plots.bridge_waterfall, BRIDGE,
        {"period": "label", "new": "number"},
        maker="cv.revenue_bridge(log, observation_end=...) makes it",
    ),
    "plots.cohort_heatmap": Call(
        plots.cohort_heatmap, plots.cohort_heatmap, COHORTS, COHORT_COLUMNS, maker=COHORT_MAKER
    ),
    "plots.retention_curves": Call(
        plots.retention_curves, plots.retention_curves, COHORTS
    ),
    "plots.migration_flow": Call(
        plots.migration_flow, plots.migration_flow, MOVES, MOVE_COLUMNS,
        maker="cv.segment_migration(history, label=...) makes it",
    ),
    "plots.stage_mix": Call(
        plots.stage_mix, plots.stage_mix, HISTORY, {"cutoff": "key", "tier": "label", "total_value": "number"}, {},
        {"label": "tier", "measure": "total_value"}, "makes histories",
    ),
}  # fmt: skip
