"""What a churn model is worth: every measure on customers that it has not seen, beside the simplest rule there is."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal

from customer_value._frames import FrameT, as_given, collect, open_frame
from customer_value._validation import (
    MOST_RESAMPLES,
    number,
    whole_number,
)
from customer_value.churn._churn_report import report_html, report_text
from customer_value.churn._evaluation_parts import judge
from customer_value.churn._evaluation_tables import Campaign, tables_of
from customer_value.churn.empc import campaign_costs


@dataclass(frozen=True)
class ChurnReport(Generic[FrameT]):
    """What `evaluate_churn` found; printed, or at the end of a notebook cell, it reads as a report.

    Attributes
    ----------
    discrimination
        One row for the model and one for the baseline: customers, churners, churn_rate, and auc, gini, top_decile_lift
        and average_precision with their intervals.
    calibration
        Likewise mean_probability, churn_rate, observed_expected (churners over the sum of probabilities), slope and
        intercept of the recalibration, calibration_error (mean distance of probability and churn rate over ten bins)
        and brier.
    profit
        Likewise empc and mpc with the share of customers that each contacts, and profit_everyone, of contacting all.
    against_baseline
        What the model has more than the baseline, measure by measure, with an interval; None without a baseline.
    reliability
        Probability and churn rate by tenths, ready for `plots.reliability`.
    lift
        The `lift_table` of each, ready for `plots.gains`.
    profit_curve
        The `profit_curve` of each, ready for `plots.profit`.
    by_segment
        Ranking and calibration by segment; None without `by`.
    over_time
        Ranking and calibration by cutoff; None with one cutoff.
    scored
        The customers that were tested, with their probabilities by the model and the baseline.
    design
        How training and test were kept apart, in a sentence.
    notes
        Warnings that came on the way.
    models
        Names of the model and the baseline.
    costs
        Value and costs that the profit is reckoned with.
    interval
        Coverage of the intervals.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from customer_value.churn import evaluate_churn
    >>> panel = pd.DataFrame({"customer_id": range(200), "silent_weeks": [i % 20 for i in range(200)]})
    >>> panel["churned"] = (panel["silent_weeks"] + panel["customer_id"] % 7) > 14
    >>> tree = DecisionTreeClassifier(max_depth=2, random_state=0)
    >>> report = evaluate_churn(tree, panel, baseline=None, n_resamples=50)
    >>> print(report.to_text().splitlines()[0])
    DecisionTreeClassifier: 200 customers, 40.0% churned
    """

    discrimination: FrameT
    calibration: FrameT
    profit: FrameT
    against_baseline: FrameT | None
    reliability: FrameT
    lift: FrameT
    profit_curve: FrameT
    by_segment: FrameT | None
    over_time: FrameT | None
    scored: FrameT
    design: str
    notes: tuple[str, ...]
    models: tuple[str, ...]
    costs: dict[str, float]
    interval: float

    def to_text(self) -> str:
        """Return the report as plain text."""
        return report_text(self)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return report_html(self)


def evaluate_churn(
    model: Any,
    panel: FrameT,
    *,
    horizon: str | float | None = None,
    gap: str | float = 0,
    outcome: str = "churned",
    score: str | None = None,
    baseline: Any = "recency",
    by: str | Sequence[str] | None = None,
    cv: Any = None,
    clv: float = 200.0,
    incentive: float = 10.0,
    contact_cost: float = 1.0,
    acceptance: float = 0.3,
    alpha: float = 6.0,
    beta: float = 14.0,
    bins: int = 10,
    interval: float = 0.9,
    n_resamples: int = 200,
    random_state: int = 0,
    unlabelled: Literal["error", "drop"] = "error",
    customer_id: str = "customer_id",
    cutoff: str = "cutoff",
) -> ChurnReport[FrameT]:
    """Judge a churn model on customers that it has not seen, in every respect, beside a rule that needs no model.

    Eager; a lazy frame is collected once, and the report's frames come back lazy.

    Parameters
    ----------
    model
        A scikit-learn classifier, such as `ChurnClassifier`; it is fitted to parts of the panel and itself left alone.
        None with `score`.
    panel
        What `churn_snapshots` makes: customer, features and outcome, at one or several cutoffs.
    horizon, gap
        Those of the panel's labels; needed with several cutoffs.
    outcome
        Column that is true, or 1, for customers who churned.
    score
        Column with probabilities that a model gave to customers it had not seen; then nothing is fitted.
    baseline
        ``"recency"`` for `RecencyRule`, a classifier of your own, the name of a column with probabilities, or None. The
        rule reads the time since the last event of the panel's first log; where that is one of bills, name another:
        ``RecencyRule("usage_days_since_last")``.
    by
        Columns to judge by segment, with at most 50 values each.
    cv
        A splitter or folds of your own. By default later cutoffs are tested by models that learnt from other customers
        and from outcomes known by then (`GroupPurgedTimeSplit`); with one cutoff, five folds of customers.
    clv, incentive, contact_cost, acceptance, alpha, beta
        Value and costs of the profit, as in `empc_score` and `mpc_score`.
    bins
        Number of bins of the lift and reliability tables.
    interval
        Coverage of the intervals.
    n_resamples
        Number of resamples that they are made from.
    random_state
        Seed of folds and resamples.
    unlabelled
        What becomes of rows without an outcome: ``"error"`` or ``"drop"``.
    customer_id, cutoff
        Names of the columns; the latter may be missing.

    Returns
    -------
    ChurnReport
        Frames of discrimination, calibration, lift and profit, by segment and over time; ``print`` it, or end a
        notebook cell with it.

    Raises
    ------
    InputError
        A column is missing or breaks a rule, all outcomes are the same, there are several cutoffs and no `horizon`,
        training and test of `cv` share rows, or the outcome windows leave nothing to learn from.

    Warns
    -----
    DataWarning
        Training of `cv` sees a future that the test asks for.

    Notes
    -----
    Nothing is measured on rows that the model was fitted to. Intervals are percentile bootstraps over customers, each
    with all of his rows, the same resamples for model and baseline; they cover the choice of customers, not a refit.
    Recalibration: logistic regression of the outcome on the log odds; a slope below 1 says that probabilities are too
    extreme, an intercept above 0 that they are too low (D. R. Cox (1958), *Biometrika* 45, 562-565).

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from customer_value.churn import evaluate_churn
    >>> panel = pd.DataFrame({"customer_id": range(200), "silent_weeks": [i % 20 for i in range(200)]})
    >>> panel["churned"] = (panel["silent_weeks"] + panel["customer_id"] % 7) > 14
    >>> tree = DecisionTreeClassifier(max_depth=2, random_state=0)
    >>> report = evaluate_churn(tree, panel, baseline=None, n_resamples=50)
    >>> report.discrimination[["model", "customers", "churn_rate", "auc"]].round(3)
                        model  customers  churn_rate    auc
    0  DecisionTreeClassifier        200         0.4  0.947
    """
    level = number(interval, "interval", low=0, high=1, open_ends=True)
    resampled = whole_number(n_resamples, "n_resamples", low=1, high=MOST_RESAMPLES)
    seed = whole_number(random_state, "random_state")
    money = campaign_costs(clv, incentive, contact_cost)
    a, b = (number(v, n, low=0, open_ends=True) for n, v in (("alpha", alpha), ("beta", beta)))
    campaign = Campaign(money, number(acceptance, "acceptance", low=0, high=1), a, b)
    parts = whole_number(bins, "bins", low=2)
    opened = open_frame(panel, "panel")
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        judged = judge(
            collect(opened), model, score=score, baseline=baseline, by=by, cv=cv, horizon=horizon, gap=gap,
            random_state=seed, unlabelled=unlabelled, customer_id=customer_id, cutoff=cutoff, outcome=outcome,
        )  # fmt: skip
    once = {str(one.message): one for one in heard}  # every fold says the same
    for one in once.values():
        warnings.warn(one.message, one.category, stacklevel=2)
    how = {"interval": level, "n_resamples": resampled, "random_state": seed}
    tables = tables_of(judged, campaign, parts, how)
    return ChurnReport(
        **{name: None if table is None else as_given(table, opened) for name, table in tables.items()},
        design=judged.design,
        notes=tuple(once),
        models=tuple(judged.probabilities),
        costs=campaign.costs,
        interval=level,
    )
