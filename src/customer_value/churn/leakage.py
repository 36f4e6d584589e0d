"""Features that know the outcome, found before a model learns them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from customer_value._frames import Column, EagerFrame, FrameT, make_frame, to_eager
from customer_value._validation import (
    name_list,
    number,
    optional_text,
    require_columns,
    require_rows,
    require_some,
    require_text_names,
)
from customer_value.churn._feature_columns import LABEL_COLUMNS, Bools, Codes, FeatureColumn, Floats, read_feature
from customer_value.churn._leakage_checks import (
    Finding,
    after_cutoff,
    is_constant,
    is_id,
    is_outcome,
    missing_for_one,
    predicts_too_well,
    repeated_keys,
)
from customer_value.errors import InputError
from customer_value.transactions._ids import id_labels

CHECKS = (
    "dates at or after the cutoff",
    "duplicate of the outcome",
    "predicts too well",
    "missing for one class only",
    "id as a feature",
    "customer twice at one cutoff",
    "constant",
)
_SEVERITIES = ("high", "medium", "low", "fine", "not checked")
_NOTHING = "nothing to do"


def leakage_report(
    panel: FrameT,
    *,
    outcome: str = "churned",
    customer_id: str | None = "customer_id",
    cutoff: str | None = "cutoff",
    exclude: Sequence[str] = (),
    auc: float = 0.9,
    interval: float = 0.95,
) -> FrameT:
    """Look for features that know the outcome: seven signs, each with what to do. Collects once.

    A model that learns such a feature looks excellent in every test and is useless the day it is used.

    Parameters
    ----------
    panel
        One row per customer, or per customer and cutoff, with the outcome and the features as a model would get them.
    outcome
        Column of true and false, or 1 and 0; rows where it is null are left out.
    customer_id, cutoff
        Names of the key columns. None where there is none; then the checks that need it are not made.
    exclude
        Columns that the model will not get. The columns that label functions write beside the outcome
        (`window_start`, `window_end`, `active`, `label_basis`) are never looked at.
    auc
        A single feature with a larger area under the ROC curve, in either direction, predicts too well. Behaviour
        alone rarely reaches .85.
    interval
        Coverage of the area's interval.

    Returns
    -------
    FrameT
        `check`, `column`, `finding`, `severity` and `what_to_do`: one row per finding, the most severe first, then one
        row with severity "fine" (or "not checked") and no column for each check that found nothing. The checks:

        - dates at or after the cutoff: what carries such a date was not known then (high);
        - duplicate of the outcome: each of a column's values, missing being one of them, has one outcome only (high);
        - predicts too well: high where the whole interval lies above `auc`, medium where the estimate alone does;
        - missing for one class only: filled, or missing, for leavers only or for the others only, where that has a
          chance of less than 1 in 1,000 (high);
        - id as a feature: at least nine values for ten customers, of at least 20, and one value per customer; high for
          text, medium for whole numbers;
        - customer twice at one cutoff (high);
        - constant (low).

    Raises
    ------
    InputError
        If a named column is missing, the outcome is not true or false or has one class only, a number is infinite, or
        nothing is left to check.

    Notes
    -----
    The area and its variance are those of E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson (1988), *Biometrics* 44,
    837-845; of categories the observed rate is the score, where there are ten rows per category or more. Rows are
    taken as independent, so with many cutoffs the intervals are too narrow. No check of a table proves that a feature
    is honest: `churn_features` takes nothing at or after the cutoff, whatever the log holds.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> panel = pd.DataFrame({
    ...     "customer_id": range(40),
    ...     "days_since_last": [5, 60, 20, 33] * 10,
    ...     "account_status": ["open", "closed", "open", "open"] * 10,
    ...     "churned": [False, True, False, False] * 10,
    ... })
    >>> report = cv.churn.leakage_report(panel)
    >>> print(report.loc[report["severity"] == "high", ["column", "finding"]].to_string(index=False))
             column                                     finding
     account_status  its two values are the outcome, one to one
    days_since_last        each of its 4 values has one outcome
    """
    auc = number(auc, "auc", low=0.5, high=1)
    interval = number(interval, "interval", low=0, high=1, open_ends=True)
    exclude = name_list(exclude, "exclude")
    opened, back = to_eager(panel, "panel", "leakage_report")
    require_text_names(opened, "panel")
    require_columns(opened, [outcome, *exclude], what="panel", maker="churn_snapshots(logs, ...) makes one")
    require_some(len(opened), "panel")
    rows, y = _labelled(opened, outcome)
    customer_id, cutoff = _if_there(rows, customer_id, "customer_id"), _if_there(rows, cutoff, "cutoff")
    keys = {outcome, customer_id, cutoff, *exclude, *LABEL_COLUMNS}
    features = [read_feature(rows, name) for name in rows.columns if name not in keys]
    if not features:
        raise InputError(f"the panel has no features beside its keys and labels; it has {rows.columns}.")
    days = None if cutoff is None else _cutoff_days(rows, cutoff)
    customers = None if customer_id is None else id_labels(rows.get_column(customer_id))
    codes = None if customers is None else np.unique(customers, return_inverse=True)[1].astype(np.int64)
    found = [finding for feature in features for finding in _look_at(feature, y, days, codes, auc, interval)]
    if codes is not None:
        found += repeated_keys(codes, np.zeros(y.size) if days is None else days, str(customer_id))
    return cast("FrameT", back(_as_frame(found, _unchecked(features, days, codes), len(features), rows)))


def _if_there(rows: EagerFrame, name: str | None, default: str) -> str | None:
    """Return a key's name; one of the default name need not be there."""
    if optional_text(name, default) is None or (name == default and name not in rows.columns):
        return None
    require_columns(rows, [str(name)], what="panel")
    return name


def _labelled(panel: EagerFrame, outcome: str) -> tuple[EagerFrame, Bools]:
    """Return the rows with an outcome, and the outcome."""
    read = read_feature(panel, outcome)
    if read.kind != "number":
        raise InputError(f"{outcome} must be true or false, or 1 or 0; its type is {panel.get_column(outcome).dtype}.")
    known = ~np.isnan(read.numbers)
    require_rows(np.isin(read.numbers, (0.0, 1.0)) | ~known, f"{outcome} must be true or false, or 1 or 0")
    y: Bools = read.numbers[known] == 1
    if y.all() or not y.any():
        raise InputError(
            f"{outcome} must have both outcomes; {y.size:,} labelled rows have {int(y.sum()):,} true. "
            "Take more cutoffs or a longer horizon."
        )
    return panel.filter(known.tolist()), y


def _cutoff_days(rows: EagerFrame, cutoff: str) -> Floats:
    read = read_feature(rows, cutoff)
    if read.kind != "date":
        raise InputError(f"{cutoff} must hold dates; its type is {rows.get_column(cutoff).dtype}.")
    require_rows(~read.missing, f"{cutoff} must not be null")
    return read.numbers


def _look_at(
    feature: FeatureColumn, y: Bools, days: Floats | None, customers: Codes | None, auc: float, interval: float
) -> list[Finding]:
    found = [] if days is None else list(after_cutoff(feature, days))
    if constant := list(is_constant(feature)):
        return found + constant
    if customers is not None:
        found += is_id(feature, customers)
    if duplicate := list(is_outcome(feature, y)):
        return found + duplicate  # what else it does follows from that
    return [*found, *predicts_too_well(feature, y, auc, interval), *missing_for_one(feature, y)]


def _unchecked(features: list[FeatureColumn], days: Floats | None, customers: Codes | None) -> dict[str, str]:
    """Return the checks that could not be made, and why."""
    reasons = {}
    if days is None:
        reasons[CHECKS[0]] = "not checked: no cutoff column"
    elif not any(feature.kind == "date" for feature in features):
        reasons[CHECKS[0]] = "not checked: no column of dates"
    if customers is None:
        reasons |= dict.fromkeys(CHECKS[4:6], "not checked: no customer column")
    return reasons


def _as_frame(found: list[Finding], unchecked: dict[str, str], features: int, like: EagerFrame) -> EagerFrame:
    silent = [check for check in CHECKS if check not in {finding.check for finding in found}]
    rows = found + [
        Finding(check, None, unchecked[check], "not checked", "name the column, where there is one")
        if check in unchecked
        else Finding(check, None, f"none in {features:,} features", "fine", _NOTHING)
        for check in silent
    ]
    rows.sort(key=lambda row: (_SEVERITIES.index(row.severity), CHECKS.index(row.check), row.column or ""))
    columns: dict[str, Column] = {
        name: np.array(entries, dtype=object)
        for name, entries in zip(Finding._fields, zip(*rows, strict=True), strict=True)
    }
    return make_frame(columns, like)
