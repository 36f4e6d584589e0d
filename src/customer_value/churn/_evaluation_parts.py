"""The parts of an evaluation: rows with an outcome, models beside a baseline, folds, and tables of results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, make_frame, nw
from customer_value._validation import require_columns, require_some
from customer_value.churn._out_of_sample import Design, choose_folds, given_folds, unlabelled_rows
from customer_value.churn._quality import Measure, quality
from customer_value.churn._ranked import Floats
from customer_value.churn._reading import probability_column
from customer_value.churn.lift import lift_table
from customer_value.churn.profit import profit_curve
from customer_value.churn.recency_rule import RecencyRule
from customer_value.churn.snapshots import split_xy
from customer_value.errors import DataWarning, InputError, warn

_PANEL_MAKER = "churn_snapshots(logs, cutoffs=..., horizon=...) makes a panel"
_MOST_SEGMENTS = 50
_RECENCY = ("days_since_last", "time_since_last")  # how names end that RecencyRule looks for

Where = np.ndarray[Any, np.dtype[np.intp]]


def labelled(frame: EagerFrame, customer_id: str, outcome: str, unlabelled: str) -> EagerFrame:
    """Return the rows with an outcome."""
    require_columns(frame, [customer_id, outcome], what="panel", maker=_PANEL_MAKER)
    require_some(len(frame), "panel")
    known = ~np.asarray(frame.get_column(outcome).is_null().to_numpy(), dtype=np.bool_)
    kept = unlabelled_rows(known, unlabelled, outcome)
    require_some(kept.size, "panel, apart from rows without an outcome,")
    return frame if kept.size == known.size else frame[kept]


def segment_columns(rows: EagerFrame, by: str | Sequence[str] | None) -> dict[str, list[str]]:
    """Return the segment of each row as text, by the columns that were named."""
    columns = [] if by is None else [by] if isinstance(by, str) else list(by)
    require_columns(rows, columns, what="panel")
    made = {}
    for name in columns:
        values = rows.get_column(name).to_list()
        texts = ["missing" if value is None or value != value else str(value) for value in values]
        if len(set(texts)) > _MOST_SEGMENTS:
            raise InputError(
                f"by={name!r} has {len(set(texts))} values; at most {_MOST_SEGMENTS} can be judged. Cut numbers into "
                "classes first."
            )
        made[name] = texts
    return made


def models_of(
    rows: EagerFrame, model: Any, score: str | None, baseline: Any
) -> tuple[list[str], dict[str, Floats], dict[str, Any]]:
    """Names of model and baseline in this order, probabilities that are given, and classifiers to fit."""
    if (model is None) == (score is None):
        raise InputError("give a model to fit, or None and score= a column of probabilities; one of the two.")
    name = type(model).__name__ if score is None else str(score)
    given = {} if score is None else {name: probability_column(rows, score)}
    fitted = {name: model} if score is None else {}
    if baseline is None:
        return [name], given, fitted
    if isinstance(baseline, str) and baseline != "recency":
        return [name, baseline], given | {baseline: probability_column(rows, baseline)}, fitted
    if isinstance(baseline, str):
        if not any(column.endswith(_RECENCY) for column in rows.columns):
            warn(
                "the panel has no column days_since_last, so no recency rule stands beside the model. Name the column "
                "that tells recency: baseline=RecencyRule(column=...); or say baseline=None.",
                DataWarning,
            )
            return [name], given, fitted
        baseline = RecencyRule()
    other = type(baseline).__name__ + (" (baseline)" if type(baseline).__name__ == name else "")
    return [name, other], given, fitted | {other: baseline}


def design_of(
    rows: EagerFrame, y: Floats, customers: Any, days: Any, cv: Any, horizon: Any, gap: Any, seed: int,
    keys: tuple[str, str, str], scores: Sequence[str],
) -> tuple[Design, Any]:  # fmt: skip
    """Return the folds, and a way to the features of some rows."""
    customer_id, cutoff, outcome = keys
    plain = rows.drop(scores)  # a score that is judged is no feature
    X, _, groups = split_xy(plain.to_native(), customer_id=customer_id, cutoff=cutoff, outcome=outcome)
    features = nw.from_native(X, eager_only=True)
    if cv is None:
        design = choose_folds(y, customers, days, horizon=horizon, gap=gap, random_state=seed)
    else:
        design = given_folds(cv, X, y.astype(np.int64), groups, days, horizon=horizon, gap=gap)
    return design, lambda places: features[places].to_native()


def curves_of(
    rows: EagerFrame, p: dict[str, Floats], y: Floats, campaign: dict[str, Any], bins: int, level: float
) -> dict[str, Any]:
    """Lift, reliability and profit of model and baseline, one below the other."""
    lifts: list[EagerFrame] = []
    profits: list[EagerFrame] = []
    for name, values in p.items():
        frame = make_frame({"p": values, "y": y}, rows).to_native()
        lift = nw.from_native(
            lift_table(frame, score="p", outcome="y", bins=min(bins, y.size), interval=level), eager_only=True
        )
        profit = nw.from_native(profit_curve(frame, score="p", outcome="y", **campaign), eager_only=True)
        for made, table in ((lifts, lift), (profits, profit)):
            made.append(table.select(nw.lit(name).alias("model"), nw.all()))
    lift = nw.concat(lifts) if len(lifts) > 1 else lifts[0]
    curve = nw.concat(profits) if len(profits) > 1 else profits[0]
    told = ["model", "bin", "customers", "mean_score", "churn_rate", "churn_rate_lower", "churn_rate_upper"]
    return {
        "lift": nw.maybe_reset_index(lift),
        "reliability": nw.maybe_reset_index(lift.select(told)),
        "profit_curve": nw.maybe_reset_index(curve),
        "everyone": float(profits[0].get_column("profit_per_customer")[-1]),
    }


def of_group(
    where: Where, y: Floats, p: dict[str, Floats], customers: Any, wanted: dict[str, Measure], how: dict[str, Any]
) -> list[dict[str, Any]]:
    """Judge model and baseline on some of the rows."""
    part = y[where]
    found, _ = quality(part, {name: values[where] for name, values in p.items()}, customers[where], wanted, **how)
    counts = {"customers": part.size, "churners": int(part.sum()), "churn_rate": float(part.mean())}
    return [{"model": name, **counts, **with_ends(found[name], tuple(wanted))} for name in p]


def parts_of(labels: Any) -> list[tuple[str, Where]]:
    """Return each label with its rows."""
    return [(label, np.flatnonzero(labels == label)) for label in sorted(set(labels))]


def with_ends(found: dict[str, float], names: tuple[str, ...]) -> dict[str, float]:
    """Return measures with the ends of their intervals."""
    return {f"{name}{end}": found[f"{name}{end}"] for name in names for end in ("", "_lower", "_upper")}


def table_of(rows: list[dict[str, Any]], like: EagerFrame) -> EagerFrame:
    """Build a frame from rows."""
    columns = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        columns[name] = np.array(values, dtype=object) if isinstance(values[0], str) else np.array(values)
    return make_frame(columns, like)
