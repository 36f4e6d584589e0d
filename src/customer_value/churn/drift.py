"""What has changed between two snapshots: features, scores, outcomes, and whether probabilities still hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from customer_value._frames import Column, EagerFrame, FrameT, make_frame, to_eager
from customer_value._validation import (
    few,
    name_list,
    require_columns,
    require_rows,
    require_some,
    require_text_names,
    whole_number,
)
from customer_value.churn._feature_columns import LABEL_COLUMNS, FeatureColumn, Floats, read_feature
from customer_value.churn._stability import calibration, difference_p_value, ks_distance, stability
from customer_value.errors import InputError
from customer_value.transactions._log import require_one_library

SOME, MUCH = 0.1, 0.25  # the usual bounds of the index
_BY_CHANCE = 0.05
_CUTOFF = "cutoff"
_KEYS = ("customer_id", _CUTOFF, *LABEL_COLUMNS)
_NAMES = (
    "column", "measure", "psi", "psi_by_chance", "p_value", "before", "after", "missing_before", "missing_after",
    "ks", "verdict", "note",
)  # fmt: skip
_TEXTS = ("column", "measure", "verdict", "note")

Row = dict[str, Any]


def drift_report(
    before: FrameT,
    after: FrameT,
    *,
    features: Sequence[str] | None = None,
    score: str | None = None,
    outcome: str | None = None,
    bins: int = 10,
) -> FrameT:
    """Compare two snapshots of customers, column by column: what has changed since the model was made.

    Collects each frame once.

    Parameters
    ----------
    before, after
        One row per customer: the snapshot that the model was made on, and a later one, of the same library.
    features
        Columns to compare. By default all but `score`, `outcome` and the keys and label columns of this library
        (`customer_id`, `cutoff`, `window_start`, ...).
    score
        Column with the predicted probability, such as `churn_probability`.
    outcome
        Column with what happened, true and false or 1 and 0; nulls are left out. With a score, calibration is judged.
    bins
        Number of bins, at the quantiles of `before`. Fewer where values repeat.

    Returns
    -------
    FrameT
        Rows for the score and the outcome first, then the features, each with the largest drift first:

        - `column`, and `measure`: "distribution" (features, score), "rate" (outcome), "observed / expected" and
          "calibration slope" (score with outcome);
        - `psi`: population stability index over the bins; `psi_by_chance`: what it is expected to be from chance alone,
          (bins - 1) (1/n + 1/m);
        - `p_value`: chance of as large an index, or as large a difference of `before` and `after`, without drift;
        - `before`, `after`: mean of a number, or rate (of a category: the share of the one that was the commonest
          before), or the calibration measure. Dates are taken as days before the row's `cutoff`; without that column
          they are not checked, since they move with time;
        - `missing_before`, `missing_after`: shares of nulls; a null is a bin of its own;
        - `ks`: largest distance of the distribution functions of a number;
        - `verdict`: "stable" (below .1), "some drift" (below .25), "drift"; "within chance" for an index, or a change
          of a rate or calibration measure, that is above .1 with a p-value above .05; "gone", "new" or "other type"
          for a column that is not the same on both sides; "not checked";
        - `note`: what to know, such as categories that were never seen before.

    Raises
    ------
    InputError
        If a column named is missing, the score is no probability, the outcome is not true or false, a number is
        infinite, a frame is empty, or nothing is left to compare.

    Notes
    -----
    The index is the symmetric divergence sum (q - p) ln(q / p) of the bins' shares, with the bounds .1 and .25 of
    credit scoring; they are habits, not tests. On 200 customers ten bins give about .09 by chance alone: hence
    `psi_by_chance` and the p-value (B. Yurdakul and J. Naranjo (2020), *Journal of Risk Model Validation* 14). On
    millions of rows tiny changes have tiny p-values and stay "stable". A bin that is empty on one side counts as half
    a row there, else the index would be infinite. Each category is a bin; those not seen before share one.

    Observed / expected is the number of leavers over the sum of the probabilities; the slope is that of a logistic
    regression of the outcome on the log odds of the score (D. R. Cox (1958), *Biometrika* 45, 562-565): below 1 the
    probabilities are too extreme. Their change, the rate's change and the ratio's are judged relative to `before`, the
    slope's as a difference, by the same two bounds.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> before = pd.DataFrame({"plan": ["basic", "plus"] * 500})
    >>> after = pd.DataFrame({"plan": ["basic"] * 600 + ["plus"] * 400})
    >>> report = cv.churn.drift_report(before, after)
    >>> report[["column", "psi", "psi_by_chance", "verdict"]].round(4)
      column     psi  psi_by_chance verdict
    0   plan  0.0405          0.002  stable
    """
    bins = whole_number(bins, "bins", low=2, high=1000)
    opened, back = to_eager(before, "frame before", "drift_report")
    later, _ = to_eager(after, "frame after", "drift_report")
    require_one_library({"before": opened, "after": later})
    for frame, what in ((opened, "frame before"), (later, "frame after")):
        require_text_names(frame, what)
        require_some(len(frame), what)
        require_columns(frame, [name for name in (score, outcome) if name is not None], what=what)
    if score is not None and score == outcome:
        raise InputError(f"score and outcome must be two columns; both are {score!r}.")
    names = _features(opened, later, features, (score, outcome))
    if not names and score is None and outcome is None:
        raise InputError(f"no columns are left to compare; the frame before has {opened.columns}.")
    rows = _watched(opened, later, score, outcome, bins)
    compared = [_feature(opened, later, name, bins) for name in names]
    # Columns that are not on both sides have no index and come first.
    compared.sort(key=lambda row: (-np.nan_to_num(row.get("psi", np.inf), nan=0.0, posinf=np.inf), row["column"]))
    columns: dict[str, Column] = {
        name: np.array([row.get(name, "" if name == "note" else np.nan) for row in [*rows, *compared]],
                       dtype=object if name in _TEXTS else np.float64)
        for name in _NAMES
    }  # fmt: skip
    return cast("FrameT", back(make_frame(columns, opened)))


def _features(
    before: EagerFrame, after: EagerFrame, features: Sequence[str] | None, others: tuple[str | None, ...]
) -> list[str]:
    if features is None:
        both = dict.fromkeys([*before.columns, *after.columns])
        return [name for name in both if name not in (*_KEYS, *others)]
    features = name_list(features, "features")
    require_columns(before, features, what="frame before")
    return list(dict.fromkeys(features))


def _watched(before: EagerFrame, after: EagerFrame, score: str | None, outcome: str | None, bins: int) -> list[Row]:
    """Return the rows of the score and the outcome."""
    rows = []
    scores = None if score is None else [_probabilities(frame, score) for frame in (before, after)]
    outcomes = None if outcome is None else [_outcomes(frame, outcome) for frame in (before, after)]
    if scores is not None:
        rows.append(_distribution(FeatureColumn(str(score), "number", scores[0]),
                                  FeatureColumn(str(score), "number", scores[1]), bins))  # fmt: skip
    if outcomes is not None:
        rows.append(_rate(str(outcome), *outcomes))
    if scores is not None and outcomes is not None:
        rows += _calibration(str(score), scores, outcomes)
    return rows


def _feature(before: EagerFrame, after: EagerFrame, name: str, bins: int) -> Row:
    there = [name in frame.columns for frame in (before, after)]
    if not all(there):
        verdict, side = ("gone", "before") if there[0] else ("new", "after")
        return {"column": name, "measure": "distribution", "verdict": verdict, "note": f"only in the frame {side}"}
    one, other = _read(before, name), _read(after, name)
    # A column of nulls has any type.
    if one.missing.all():
        one = _nothing(other, len(before))
    if other.missing.all():
        other = _nothing(one, len(after))
    told: Row = {"column": name, "measure": "distribution"}
    if one.kind != other.kind:
        return told | {"verdict": "other type", "note": f"a {one.kind} before, a {other.kind} after"}
    if one.kind == "date":
        return told | {
            "verdict": "not checked",
            "note": f"dates move with time, and there is no {_CUTOFF} to count from",
        }
    return _distribution(one, other, bins)


def _read(frame: EagerFrame, name: str) -> FeatureColumn:
    """Read a column; dates as days before the row's cutoff, where it has one."""
    read = read_feature(frame, name)
    cutoff = read_feature(frame, _CUTOFF) if _CUTOFF in frame.columns else None
    if read.kind == "date" and cutoff is not None and cutoff.kind == "date":
        return FeatureColumn(name, "number", cutoff.numbers - read.numbers)
    return read


def _nothing(like: FeatureColumn, rows: int) -> FeatureColumn:
    return FeatureColumn(like.name, like.kind, np.full(rows, -1.0 if like.kind == "category" else np.nan))


def _distribution(before: FeatureColumn, after: FeatureColumn, bins: int) -> Row:
    """Compare one column's bins: quantiles of before for numbers, each category, and one for nulls."""
    row: Row = {
        "column": before.name,
        "measure": "distribution",
        "missing_before": float(before.missing.mean()),
        "missing_after": float(after.missing.mean()),
    }
    if before.kind == "category":
        counts, facts = _category_counts(before, after)
    else:
        counts, facts = _number_counts(before, after, bins)
    found = stability(*counts)
    verdict = _verdict(found.psi, found.p_value)
    return row | facts | {"psi": found.psi, "psi_by_chance": found.by_chance, "p_value": found.p_value,
                          "verdict": verdict}  # fmt: skip


def _number_counts(before: FeatureColumn, after: FeatureColumn, bins: int) -> tuple[list[Floats], Row]:
    known = [part.numbers[~part.missing] for part in (before, after)]
    # Values at an edge belong to the bin below it, so that an edge that many share keeps them together.
    edges = np.unique(np.quantile(known[0], np.arange(1, bins) / bins)) if known[0].size else np.empty(0)
    counts = [
        np.append(np.bincount(np.searchsorted(edges, values), minlength=edges.size + 1), missing.sum()).astype(float)
        for values, missing in zip(known, (before.missing, after.missing), strict=True)
    ]
    means = {
        side: float(np.sort(values).mean()) if values.size else np.nan
        for side, values in zip(("before", "after"), known, strict=True)
    }
    return counts, {"ks": ks_distance(*known), **means}


def _category_counts(before: FeatureColumn, after: FeatureColumn) -> tuple[list[Floats], Row]:
    seen = {category: code for code, category in enumerate(before.categories)}
    unseen = len(seen)
    # Codes of after in terms of before; the last two bins are for unseen categories and for nulls.
    places = np.array([*(seen.get(category, unseen) for category in after.categories), unseen + 1], dtype=np.int64)
    of_after = places[after.numbers.astype(np.int64)]  # -1, missing, is the last place
    of_before = np.where(before.missing, unseen + 1, before.numbers).astype(np.int64)
    counts = [np.bincount(codes, minlength=unseen + 2).astype(float) for codes in (of_before, of_after)]
    facts: Row = {}
    if unseen:
        commonest = int(counts[0][:unseen].argmax())
        facts = {
            side: float(part[commonest] / part.sum()) for side, part in zip(("before", "after"), counts, strict=True)
        }
    if counts[1][unseen]:
        new = sorted(set(after.categories) - set(seen))
        facts["note"] = f"{counts[1][unseen] / counts[1].sum():.1%} in {len(new)} new categories: {few(new)}"
    return counts, facts


def _rate(name: str, before: Floats, after: Floats) -> Row:
    known = [values[~np.isnan(values)] for values in (before, after)]
    row: Row = {"column": name, "measure": "rate", "missing_before": float(np.isnan(before).mean()),
                "missing_after": float(np.isnan(after).mean())}  # fmt: skip
    if not all(values.size for values in known):
        return row | {"verdict": "not checked", "note": "no outcomes on one side"}
    one, other = (float(values.mean()) for values in known)
    errors = [np.sqrt(rate * (1 - rate) / values.size) for rate, values in zip((one, other), known, strict=True)]
    p_value = difference_p_value(one, errors[0], other, errors[1])
    change = abs(other / one - 1) if one else (np.inf if other else 0.0)
    return row | {"before": one, "after": other, "p_value": p_value, "verdict": _verdict(change, p_value)}


def _calibration(name: str, scores: list[Floats], outcomes: list[Floats]) -> list[Row]:
    pairs = [~(np.isnan(y) | np.isnan(p)) for y, p in zip(outcomes, scores, strict=True)]
    one, other = (calibration(y[known], p[known]) for y, p, known in zip(outcomes, scores, pairs, strict=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(one.ratio), np.log(other.ratio)
    changes = {
        "observed / expected": (
            one.ratio, other.ratio, abs(other.ratio / one.ratio - 1) if one.ratio else np.nan,
            difference_p_value(logs[0], one.ratio_error, logs[1], other.ratio_error),
        ),
        "calibration slope": (
            one.slope, other.slope, abs(other.slope - one.slope),
            difference_p_value(one.slope, one.slope_error, other.slope, other.slope_error),
        ),
    }  # fmt: skip
    return [
        {"column": name, "measure": measure, "before": a, "after": b, "p_value": p_value}
        | ({"verdict": "not checked", "note": "too few outcomes to judge it"} if np.isnan(change) or np.isnan(p_value)
           else {"verdict": _verdict(change, p_value)})
        for measure, (a, b, change, p_value) in changes.items()
    ]  # fmt: skip


def _verdict(size: float, p_value: float) -> str:
    if size < SOME:
        return "stable"
    if p_value > _BY_CHANCE:
        return "within chance"
    return "some drift" if size < MUCH else "drift"


def _probabilities(frame: EagerFrame, score: str) -> Floats:
    read = read_feature(frame, score)
    if not frame.schema[score].is_numeric():
        raise InputError(f"{score} must be a probability; its type is {frame.get_column(score).dtype}.")
    require_rows(np.isnan(read.numbers) | ((read.numbers >= 0) & (read.numbers <= 1)), f"{score} must be from 0 to 1")
    return read.numbers


def _outcomes(frame: EagerFrame, outcome: str) -> Floats:
    read = read_feature(frame, outcome)
    if read.kind != "number" and not read.missing.all():
        raise InputError(f"{outcome} must be true or false, or 1 or 0; its type is {frame.get_column(outcome).dtype}.")
    numbers = np.where(read.missing, np.nan, read.numbers)
    require_rows(np.isin(numbers, (0.0, 1.0)) | np.isnan(numbers), f"{outcome} must be true or false, or 1 or 0")
    return numbers
