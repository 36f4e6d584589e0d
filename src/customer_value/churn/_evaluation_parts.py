"""The customers that a churn model is judged on, with probabilities from models that had not seen them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, nw
from customer_value._validation import require_columns, require_some
from customer_value.churn._out_of_sample import choose_folds, given_folds, out_of_sample, unlabelled_rows
from customer_value.churn._ranked import Floats
from customer_value.churn._reading import outcome_column, probability_column
from customer_value.churn.recency_rule import RecencyRule
from customer_value.churn.snapshots import split_xy
from customer_value.errors import DataWarning, InputError, warn
from customer_value.transactions._ids import id_labels
from customer_value.transactions._periods import day_numbers

_PANEL_MAKER = "churn_snapshots(logs, cutoffs=..., horizon=...) makes a panel"
_MOST_SEGMENTS = 50
_RECENCY = ("days_since_last", "time_since_last")  # how names end that RecencyRule looks for

Where = np.ndarray[Any, np.dtype[np.intp]]
Whole = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Judged:
    """Rows that were tested, with their outcomes and their probabilities by the model and its baseline."""

    rows: EagerFrame
    keys: list[str]  # customer, cutoff if there is one, outcome
    y: Floats
    customers: Whole
    days: Whole | None
    segments: dict[str, np.ndarray[Any, Any]]
    probabilities: dict[str, Floats]
    design: str

    def cutoffs(self) -> list[int]:
        """Return the days of the cutoffs, none if there is only one."""
        days = [] if self.days is None else np.unique(self.days).tolist()
        return days if len(days) > 1 else []

    def part(self, where: Where, probabilities: dict[str, Floats]) -> Judged:
        """Return some of the rows, with these probabilities."""
        return Judged(
            self.rows[where],
            self.keys,
            self.y[where],
            self.customers[where],
            None if self.days is None else self.days[where],
            {name: labels[where] for name, labels in self.segments.items()},
            probabilities,
            self.design,
        )


def judge(
    panel: EagerFrame, model: Any, *, score: str | None, baseline: Any, by: Any, cv: Any, horizon: Any, gap: Any,
    random_state: int, unlabelled: str, customer_id: str, cutoff: str, outcome: str,
) -> Judged:  # fmt: skip
    """Return the customers that can be judged, each scored by models that have not seen them."""
    rows = _labelled(panel, customer_id, outcome, unlabelled)
    dated = cutoff in rows.columns
    known = Judged(
        rows,
        [customer_id, *([cutoff] if dated else []), outcome],
        outcome_column(rows, outcome),
        np.asarray(id_labels(rows.get_column(customer_id)), dtype=np.int64),
        day_numbers(rows.get_column(cutoff)) if dated else None,
        _segment_columns(rows, by),
        {},
        "Probabilities as the frame gives them: that they are out of sample is taken on trust.",
    )
    names, given, fitted = _models(rows, model, score, baseline)
    if not fitted:
        return known.part(np.arange(len(rows)), given)
    plain = rows.drop(list(given))  # a score that is judged is no feature
    X, _, groups = split_xy(plain.to_native(), customer_id=customer_id, cutoff=cutoff, outcome=outcome)
    if cv is None:
        how = {"horizon": horizon, "gap": gap, "random_state": random_state}
        design = choose_folds(known.y, known.customers, known.days, **how)
    else:
        design = given_folds(cv, X, known.y.astype(np.int64), groups, known.days, horizon=horizon, gap=gap)
    features = nw.from_native(X, eager_only=True)
    made, tested = out_of_sample(fitted, design, lambda places: features[places].to_native(), known.y, groups)
    scores = {name: made[name] if name in made else given[name][tested] for name in names}
    told = design.told if not given else f"{design.told} Probabilities of {', '.join(given)} as the frame gives them."
    return replace(known.part(tested, scores), design=told)


def _labelled(frame: EagerFrame, customer_id: str, outcome: str, unlabelled: str) -> EagerFrame:
    """Return the rows with an outcome."""
    require_columns(frame, [customer_id, outcome], what="panel", maker=_PANEL_MAKER)
    require_some(len(frame), "panel")
    known = ~np.asarray(frame.get_column(outcome).is_null().to_numpy(), dtype=np.bool_)
    kept = unlabelled_rows(known, unlabelled, outcome)
    require_some(kept.size, "panel, apart from rows without an outcome,")
    return frame if kept.size == known.size else frame[kept]


def _segment_columns(rows: EagerFrame, by: str | Sequence[str] | None) -> dict[str, np.ndarray[Any, Any]]:
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
        made[name] = np.array(texts, dtype=object)
    return made


def _models(
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
