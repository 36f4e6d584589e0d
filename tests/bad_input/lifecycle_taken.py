"""What is a value after all, of the arguments of lifecycle, cohorts and retention: by argument, or by call as well."""

NUMBER, OPTIONAL, TEXT, FLAG, A_NAME = {"2.5", "1e300"}, {"None"}, {"text", "empty"}, {"True"}, {"text"}

LIFECYCLE_TAKEN = {
    **dict.fromkeys(["after", "annual_discount_rate", "apply", "ax", "by", "cohort", "cohort_period"], OPTIONAL),
    **dict.fromkeys(["customers", "discount_rate", "fixed_days", "interval", "mapping", "margin", "order"], OPTIONAL),
    **dict.fromkeys(["observation_start", "order_id", "population", "rewards", "targets", "value"], OPTIONAL),
    **dict.fromkeys(["entered", "left", "name"], A_NAME),  # that there is nobody of that state is no mistake
    **dict.fromkeys(["gap", "weight"], NUMBER),
    **dict.fromkeys(["pooled", "resurrected", "rhythm"], FLAG),
    "inflow": {"None", "{}"},
    "labels": {"{}"},
    "random_state": {"10**400"},
    "source": TEXT,
    "stages": {"[]", "{}"},
    "start": {"{}"},
    # Stages.
    "LifecycleScheme-established_from": {"10**400"},
    "LifecycleScheme-tenure_days": NUMBER,
    "LifecycleScheme-overdue_ratios": {"pair"},
    "LifecycleScheme-fixed_days": {"None", "pair"},
    "PopulationRhythm-customers": {"10**400"},
    "lifecycle_map-labels": set(),
    # Migration.
    "segment_migration(before)-after": set(),
    "segment_migration(before)-cutoff": {"text"},  # is not read of two frames
    "segment_migration(after)-cutoff": {"text"},
    "stage_durations-interval": set(),
    "markov_value-discount_rate": set(),  # an interval needs one
    "markov_value-rewards": set(),
    # Cohorts and retention.
    "cohort_table-margin": set(),
    "cohort_table-order_id": {"None", "text"},  # is read where orders are counted
    "cohort_table(customers)-cohort": set(),
    "cohort_table(customers)-order_id": {"None", "text"},
    "retention_rates(customers)-by": set(),
    "plots.bridge_waterfall-period": OPTIONAL,
}
