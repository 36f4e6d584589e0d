"""Why each customer may leave, in a few plain words: from rules, or from a fitted model."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, cast

import numpy as np

from customer_value._frames import Column, EagerFrame, FrameT, make_frame, to_eager, with_arrays
from customer_value._optional import import_optional
from customer_value._validation import (
    require_choice,
    require_columns,
    require_ids,
    require_some,
    require_text_names,
    truth_value,
    whole_number,
)
from customer_value.churn._model_reasons import model_reasons
from customer_value.churn._rule_reasons import Reason, rule_reasons
from customer_value.churn.reason_rules import LANGUAGES, REASON_RULES, ReasonRule
from customer_value.errors import InputError
from customer_value.transactions._ids import id_labels
from customer_value.transactions._log import require_one_library, require_present

_INSTALL = "'customer-value[explain]'"
_TEXTS = {"en": {"model": "{name} {value} (typical {typical})"}, "zh": {"model": "{name} {value}（典型值 {typical}）"}}


def reason_codes(
    frame: FrameT,
    *,
    model: Any = None,
    background: FrameT | None = None,
    top: int = 3,
    wide: bool = False,
    direction: Literal["raises", "both"] = "raises",
    rules: Sequence[ReasonRule] | None = None,
    logs: Sequence[str] | None = None,
    words: Mapping[str, str] | None = None,
    labels: Literal["en", "zh"] = "en",
    random_state: int = 0,
    customer_id: str = "customer_id",
) -> FrameT:
    """Say for each customer, in a few plain words, why he may leave. Collects once.

    Without a model, rules look at the customer's own figures: "silent 31 weeks, usual gap 4 weeks". With a model, the
    reasons are what moved its prediction away from that of a typical customer.

    Parameters
    ----------
    frame
        One row per customer, with columns that `churn_features`, `purchase_rhythm` or `summarize_customers` made, or
        with those that the model was fitted on.
    model
        A fitted `ChurnClassifier`, or any scikit-learn classifier of two classes that was fitted on a DataFrame. Needs
        the package shap: ``pip install 'customer-value[explain]'``.
    background
        Customers who are typical, with the same columns; by default those of `frame`. When explaining a short list of
        risky customers, give all customers here. Of these, 30 that are spread evenly over the scores are used.
    top
        How many reasons a customer gets at most.
    wide
        Whether to add columns `reason_1`, `reason_2`, ... to the frame instead: rows and their order stay.
    direction
        "raises" for reasons to leave only, or "both".
    rules
        Rules in the place of `REASON_RULES`; ``(*cv.churn.REASON_RULES, cv.churn.ReasonRule(...))`` adds to them.
    logs
        Logs whose columns the rules look at, as `churn_features` writes them before the names; by default the first
        one. Complaints are looked for in all.
    words
        For a model: what to call its columns, ``{"orders_days_since_last": "days of silence"}``. By default their names
        without underscores.
    labels
        Language of the reasons, "en" or "zh".
    random_state
        Seed of shap's sampling.
    customer_id
        Name of the customer column.

    Returns
    -------
    FrameT
        One row per customer and reason, sorted by customer and rank; a customer to whom nothing applies has none:

        - the customer, `rank` (1 is the strongest);
        - `reason`: the text; `feature`: the column that it is read from;
        - `own_value`, `typical_value`: the customer's own number and what it is set against; null for categories and
          dates;
        - `direction`: whether it "raises" or "lowers" the risk;
        - `contribution`: of a rule its weight x (1 + how many times the value doubles the bound, at most 3), a ranking
          and no more; of a model its Shapley value, in log-odds. Negative where the risk is lowered.

        With ``wide=True`` the frame itself, with a text column per reason; null where there are no more.

    Raises
    ------
    InputError
        If a customer is null or comes twice, no rule finds its columns, a column of the model is missing, the model is
        no fitted classifier of two classes, or an argument is not as said above.
    MissingDependencyError
        If a model is to be explained and shap is not installed.

    Notes
    -----
    The rules are judgement, put down as a table to be read and changed; they need no model and agree with none.

    Shapley values share the difference between a customer's log-odds and the mean of the background's out among the
    columns (S. Lundberg and S.-I. Lee (2017), *NIPS* 30): contributions of all columns add up to it. They are found by
    shap's kernel regression, which asks the model about mixtures of the customer with each background row: some 256 x
    30 questions for each customer. Explain the list that is to be called, not the whole base. Of columns that go
    together the model may use one for the other, and so will its reasons. No reason is a cause.

    Each customer's reasons depend on his own row, the background and the seed, never on the order of rows.

    Examples
    --------
    >>> import pandas as pd
    >>> import customer_value as cv
    >>> features = pd.DataFrame({
    ...     "customer_id": ["ann", "bob"], "days_since_last": [217, 12], "mean_gap": [28.0, 30.0],
    ...     "trend_30d_90d": [0.4, 1.1], "complaints_90d": [0, 2],
    ... })
    >>> reasons = cv.churn.reason_codes(features)
    >>> reasons[["customer_id", "rank", "reason"]]
      customer_id  rank                                             reason
    0         ann     1               silent 31 weeks, usual gap 4 weeks
    1         ann     2  activity of the last 30 days at 40% of the own...
    2         bob     1                   complaints in the last 90 days: 2
    """
    top = whole_number(top, "top", low=1)
    random_state = whole_number(random_state, "random_state", high=2**32 - 1)
    wide = truth_value(wide, "wide")
    require_choice("direction", direction, ("raises", "both"))
    require_choice("labels", labels, LANGUAGES)
    opened, back = to_eager(frame, "frame", "reason_codes")
    require_columns(opened, [customer_id], what="frame")
    require_text_names(opened, "frame")
    require_ids(customer_id, {"frame": opened})
    require_some(len(opened), "frame")
    order = _one_row_each(opened, customer_id)
    if model is None:
        if background is not None or words is not None:
            raise InputError("background and words go with model=.")
        found = rule_reasons(opened, _rules(rules), logs, labels)
    else:
        if rules is not None or logs is not None:
            raise InputError("rules and logs go without model=.")
        beside = None if background is None else to_eager(background, "background", "reason_codes")[0]
        if beside is not None:
            require_one_library({"frame": opened, "background": beside})
            require_some(len(beside), "background")
        if words is not None and not isinstance(words, Mapping):
            raise InputError(f"words must map columns to texts; got {words!r}.")
        found = model_reasons(_shap(), model, opened, beside, words or {}, _TEXTS[labels], random_state)
    picked = _strongest(found, top, only_raising=direction == "raises")
    made = _wide(opened, found, picked) if wide else _long(opened, customer_id, found, picked, order)
    return cast("FrameT", back(made))


def _shap() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing shap warns of what its own dependencies plan
        return import_optional("shap", what="reason_codes(model=...)", install=_INSTALL)


def _rules(rules: Sequence[ReasonRule] | None) -> Sequence[ReasonRule]:
    if rules is None:
        return REASON_RULES
    given = list(rules) if isinstance(rules, Iterable) else []
    if not given or not all(isinstance(rule, ReasonRule) for rule in given):
        raise InputError(f"rules must be a list of ReasonRule, at least one; got {rules!r}.")
    return given


def _one_row_each(frame: EagerFrame, customer_id: str) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Return the rows in the order of their customers; raise where one comes twice."""
    ids = frame.get_column(customer_id)
    require_present(ids, "A reason belongs to somebody: leave such rows out.")
    labels = id_labels(ids)
    order = np.argsort(labels, kind="stable")
    twice = int((np.diff(labels[order]) == 0).sum())
    if twice:
        raise InputError(
            f"{customer_id} must come once each; {twice:,} rows repeat a customer. Of a panel with several cutoffs, "
            "take the rows of one."
        )
    return order


def _strongest(found: list[Reason], top: int, *, only_raising: bool) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the numbers of each customer's reasons, the strongest first, -1 where there are no more."""
    strength = np.column_stack([reason.strength for reason in found])
    counted = np.maximum(strength, 0.0) if only_raising else np.abs(strength)
    # Of reasons with one name only the strongest, the first of equal ones, is told.
    names = [reason.name for reason in found]
    for name in {name for name in names if names.count(name) > 1}:
        same = np.array([i for i, other in enumerate(names) if other == name])
        best = counted[:, same].argmax(axis=1)
        for place, column in enumerate(same):
            counted[best != place, column] = 0.0
    ranked = np.argsort(-counted, axis=1, kind="stable")[:, :top]
    return np.where(np.take_along_axis(counted, ranked, axis=1) > 0, ranked, -1)


def _long(
    frame: EagerFrame, customer_id: str, found: list[Reason], picked: np.ndarray[Any, Any], order: np.ndarray[Any, Any]
) -> EagerFrame:
    ordered = picked[order]
    place, rank = np.nonzero(ordered >= 0)
    rows, which = order[place], ordered[place, rank]
    strength, value, typical = (
        np.array([getattr(found[reason], part)[row] for row, reason in zip(rows, which, strict=True)], dtype=np.float64)
        for part in ("strength", "value", "typical")
    )
    columns: dict[str, Column] = {
        customer_id: frame.get_column(customer_id)[rows.tolist()],
        "rank": rank + 1,
        "reason": _said(found, rows, which),
        "feature": np.array([found[reason].feature for reason in which], dtype=object),
        "own_value": value,
        "typical_value": typical,
        "direction": np.where(strength > 0, "raises", "lowers").astype(object),
        "contribution": strength,
    }
    return make_frame(columns, frame)


def _wide(frame: EagerFrame, found: list[Reason], picked: np.ndarray[Any, Any]) -> EagerFrame:
    columns: dict[str, Column] = {}
    for rank in range(picked.shape[1]):
        columns[f"reason_{rank + 1}"] = _said(found, np.arange(len(frame)), picked[:, rank])
    return with_arrays(frame, columns)


def _said(found: list[Reason], rows: np.ndarray[Any, Any], which: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    texts = [None if reason < 0 else found[reason].text(int(row)) for row, reason in zip(rows, which, strict=True)]
    return np.array(texts, dtype=object)
