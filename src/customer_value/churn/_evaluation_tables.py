"""The tables of an evaluation: every measure of the model and its baseline, for all, by segment and over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from customer_value._frames import EagerFrame, make_frame, nw, with_arrays
from customer_value.churn._contact import expected_gain
from customer_value.churn._evaluation_parts import Judged, Where
from customer_value.churn._quality import calibration_measures, differences, every_measure, quality, ranking_measures
from customer_value.churn._ranked import Floats
from customer_value.churn.empc import empc_fraction, mpc_fraction
from customer_value.churn.lift import lift_table
from customer_value.churn.profit import profit_curve

_RANKING = ("auc", "gini", "top_decile_lift", "average_precision")
_BY_GROUP = ("auc", "top_decile_lift", "brier", "observed_expected")
_AGAINST = ("auc", "top_decile_lift", "average_precision", "brier", "empc")

Row = dict[str, Any]


@dataclass(frozen=True)
class Campaign:
    """Value and costs that the profit is reckoned with."""

    money: dict[str, float]  # clv, incentive, contact_cost
    acceptance: float
    alpha: float
    beta: float

    @property
    def costs(self) -> dict[str, float]:
        """Return all of them by name."""
        return self.money | {"acceptance": self.acceptance, "alpha": self.alpha, "beta": self.beta}


def tables_of(judged: Judged, campaign: Campaign, bins: int, how: dict[str, Any]) -> dict[str, EagerFrame | None]:
    """Return every frame of the report by name; None where there is nothing to tell."""
    measure = every_measure(campaign.money, campaign.alpha, campaign.beta, campaign.acceptance)
    wanted = (*_RANKING, "brier", "observed_expected", "empc", "mpc")
    found, draws = quality(judged.y, judged.probabilities, judged.customers, wanted, measure, **how)
    rows: dict[str, list[Row]] = {
        "discrimination": [{"model": name, **_counts(judged.y), **_with_ends(found[name], _RANKING)} for name in found],
        "calibration": [
            {
                "model": name,
                **calibration_measures(judged.y, p),
                **_with_ends(found[name], ("observed_expected", "brier")),
            }
            for name, p in judged.probabilities.items()
        ],
        "profit": [
            {"model": name, **_with_ends(found[name], ("empc", "mpc")), **_contacted(judged.y, p, campaign)}
            for name, p in judged.probabilities.items()
        ],
        "against_baseline": differences(found, draws, _AGAINST, how["interval"]) if len(found) > 1 else [],
        "by_segment": [
            {"segment_by": column, "segment_value": label, **row}
            for column, labels in judged.segments.items()
            for label in sorted(set(labels))
            for row in _of_group(judged, np.flatnonzero(labels == label), how)
        ],
        "over_time": [
            {"cutoff": np.datetime64(int(day), "D"), **row}
            for day in judged.cutoffs()
            for row in _of_group(judged, np.flatnonzero(judged.days == day), how)
        ],
    }
    frames = {name: _frame(table, judged.rows) if table else None for name, table in rows.items()}
    scored = dict(zip(("churn_probability", "baseline_probability"), judged.probabilities.values(), strict=False))
    kept = judged.rows.select(judged.keys)
    return (
        frames
        | _curves(judged, campaign, bins, how["interval"])
        | {"scored": nw.maybe_reset_index(with_arrays(kept, scored))}
    )


def _curves(judged: Judged, campaign: Campaign, bins: int, interval: float) -> dict[str, EagerFrame]:
    """Lift, reliability and profit of model and baseline, one below the other."""
    lifts: list[EagerFrame] = []
    profits: list[EagerFrame] = []
    costs: dict[str, Any] = campaign.money | {"acceptance": campaign.acceptance}
    bins = min(bins, judged.y.size)
    for name, p in judged.probabilities.items():
        frame = make_frame({"p": p, "y": judged.y}, judged.rows).to_native()
        lift = lift_table(frame, score="p", outcome="y", bins=bins, interval=interval)
        for made, table in ((lifts, lift), (profits, profit_curve(frame, score="p", outcome="y", **costs))):
            made.append(nw.from_native(table, eager_only=True).select(nw.lit(name).alias("model"), nw.all()))
    lift = nw.maybe_reset_index(nw.concat(lifts))
    told = ["model", "bin", "customers", "mean_score", "churn_rate", "churn_rate_lower", "churn_rate_upper"]
    return {
        "lift": lift,
        "reliability": lift.select(told),
        "profit_curve": nw.maybe_reset_index(nw.concat(profits)),
    }


def _contacted(y: Floats, p: Floats, campaign: Campaign) -> dict[str, float]:
    value, d, f = campaign.money["clv"], campaign.money["incentive"], campaign.money["contact_cost"]
    everyone = expected_gain(*(np.array(each) for each in (y.mean(), value, campaign.acceptance, d, f)))
    return {
        "empc_fraction": empc_fraction(y, p, **campaign.money, alpha=campaign.alpha, beta=campaign.beta),
        "mpc_fraction": mpc_fraction(y, p, **campaign.money, acceptance=campaign.acceptance),
        "profit_everyone": float(everyone),
    }


def _of_group(judged: Judged, where: Where, how: dict[str, Any]) -> list[Row]:
    y = judged.y[where]
    part = {name: p[where] for name, p in judged.probabilities.items()}
    found, _ = quality(y, part, judged.customers[where], _BY_GROUP, ranking_measures, **how)
    return [{"model": name, **_counts(y), **_with_ends(found[name], _BY_GROUP)} for name in found]


def _counts(y: Floats) -> dict[str, Any]:
    return {"customers": y.size, "churners": int(y.sum()), "churn_rate": float(y.mean())}


def _with_ends(found: dict[str, float], names: tuple[str, ...]) -> dict[str, float]:
    return {f"{name}{end}": found[f"{name}{end}"] for name in names for end in ("", "_lower", "_upper")}


def _frame(rows: list[Row], like: EagerFrame) -> EagerFrame:
    columns = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        columns[name] = np.array(values, dtype=object) if isinstance(values[0], str) else np.array(values)
    return make_frame(columns, like)
