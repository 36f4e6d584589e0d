"""What the columns of stages, histories, migration, cohorts and revenue mean: column -> (meaning, unit)."""

STAGES: dict[str, tuple[str, str]] = {}
MIGRATION: dict[str, tuple[str, str]] = {}
COHORTS: dict[str, tuple[str, str]] = {}
REVENUE: dict[str, tuple[str, str]] = {}
